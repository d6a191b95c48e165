//! The tuples of two policies, side by side.

use std::collections::{BTreeMap, BTreeSet};

use plan::Tuple;

use super::{Change, What};

/// The tuples of the old and of the new policy.
pub(super) struct Pair<'p> {
    old: &'p BTreeSet<Tuple>,
    new: &'p BTreeSet<Tuple>,
}

/// Tuples by what they are about.
pub(super) type Index<'p, K> = BTreeMap<K, BTreeSet<&'p Tuple>>;

impl<'p> Pair<'p> {
    pub(super) const fn of(old: &'p BTreeSet<Tuple>, new: &'p BTreeSet<Tuple>) -> Self {
        Self { old, new }
    }

    /// What the old policy alone has.
    pub(super) fn removed(&self) -> impl Iterator<Item = &'p Tuple> + use<'p> {
        self.old.difference(self.new)
    }

    /// What the new policy alone has.
    pub(super) fn added(&self) -> impl Iterator<Item = &'p Tuple> + use<'p> {
        self.new.difference(self.old)
    }

    /// The tuples of a kind on both sides, by the key that `key` makes of their values. A tuple without a key is left
    /// out.
    pub(super) fn by<K: Ord>(&self, kind: &str, key: impl Fn(&[String]) -> Option<K>) -> [Index<'p, K>; 2] {
        [self.old, self.new].map(|side| {
            let mut index: Index<'p, K> = BTreeMap::new();
            for tuple in side.iter().filter(|tuple| tuple.kind() == kind) {
                if let Some(key) = key(tuple.values()) {
                    index.entry(key).or_default().insert(tuple);
                }
            }
            index
        })
    }
}

/// What one side has and the other has not, for both ways: (comes, key, tuples).
pub(super) fn come_and_go<'i, K: Ord + Clone>(
    [old, new]: &'i [Index<'_, K>; 2],
) -> Vec<(bool, K, BTreeSet<&'i Tuple>)> {
    let only = |these: &'i Index<'_, K>, those: &Index<'_, K>, comes: bool| -> Vec<(bool, K, BTreeSet<&'i Tuple>)> {
        let only = these.iter().filter(|(key, _)| !those.contains_key(key));
        only.map(|(key, tuples)| (comes, key.clone(), tuples.iter().copied().collect()))
            .collect()
    };
    let mut all = only(old, new, false);
    all.extend(only(new, old, true));
    all
}

/// The keys that both sides have, with the tuples of each.
pub(super) fn both<'i, K: Ord + Clone>(
    [old, new]: &'i [Index<'_, K>; 2],
) -> impl Iterator<Item = (K, [BTreeSet<&'i Tuple>; 2])> {
    old.iter().filter_map(|(key, tuples)| {
        let other = new.get(key)?;
        Some((
            key.clone(),
            [tuples.iter().copied().collect(), other.iter().copied().collect()],
        ))
    })
}

/// A change that is made of tuples which come or go.
pub(super) fn moved<'t>(what: What, comes: bool, tuples: impl IntoIterator<Item = &'t Tuple>) -> Change {
    let tuples: BTreeSet<Tuple> = tuples.into_iter().cloned().collect();
    let (removed, added) = match comes {
        true => (BTreeSet::new(), tuples),
        false => (tuples, BTreeSet::new()),
    };
    Change { what, removed, added }
}

/// A change from some tuples to others; what stands on both sides is no part of it.
pub(super) fn replaced<'t>(
    what: What,
    old: impl IntoIterator<Item = &'t Tuple>,
    new: impl IntoIterator<Item = &'t Tuple>,
) -> Change {
    let old: BTreeSet<Tuple> = old.into_iter().cloned().collect();
    let new: BTreeSet<Tuple> = new.into_iter().cloned().collect();
    Change {
        what,
        removed: old.difference(&new).cloned().collect(),
        added: new.difference(&old).cloned().collect(),
    }
}

/// Puts changes of one sort together: `key` says what they have in common, the rest is gathered.
pub(super) fn gathered<'t, K: Ord, V: Ord>(
    items: impl IntoIterator<Item = (K, V, BTreeSet<&'t Tuple>)>,
) -> BTreeMap<K, (BTreeSet<V>, BTreeSet<&'t Tuple>)> {
    let mut groups: BTreeMap<K, (BTreeSet<V>, BTreeSet<&'t Tuple>)> = BTreeMap::new();
    for (key, value, tuples) in items {
        let group = groups.entry(key).or_default();
        group.0.insert(value);
        group.1.extend(tuples);
    }
    groups
}
