//! Changes of promises, refusals, work in memory and cookies.

use std::collections::BTreeSet;

use plan::{FieldId, Never, PurposeId, Surface, Tuple};

use super::side::{Index, Pair, both, come_and_go, gathered, moved, replaced};
use super::{Bound, Change, What};

pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    promises(pair, changes);
    exceptions(pair, changes);
    refusals(pair, changes);
    memory(pair, changes);
    cookies(pair, changes);
}

/// What a promise covers, whatever the promise is called.
fn promised(values: &[String]) -> Option<(Surface, FieldId)> {
    let [_, surface, field] = values else { return None };
    Some((Surface::from_key(surface)?, FieldId::from_key(field)?))
}

fn promises(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let sides = pair.by("promise", promised);
    let moves = come_and_go(&sides).into_iter();
    let moves = moves.map(|(comes, (surface, field), tuples)| ((comes, surface), field, tuples));
    for ((comes, surface), (fields, tuples)) in gathered(moves) {
        let what = Bound::Promise { comes, surface, fields };
        changes.push(moved(What::Bound(what), comes, tuples));
    }
}

/// For what a policy promises never to keep, the exceptions: those that every promise of it has.
type Exceptions<'p> = Index<'p, (Surface, FieldId, String)>;

/// An exception opens a field on a surface when every promise that covers it excepts the same.
fn open<'p>(
    promises: &Index<'p, (Surface, FieldId)>,
    excepts: &Index<'p, (String, Surface, String)>,
) -> Exceptions<'p> {
    let mut exceptions = Exceptions::new();
    let named: BTreeSet<&String> = excepts.keys().map(|(_, _, exception)| exception).collect();
    for ((surface, field), covers) in promises {
        for exception in &named {
            let mut tuples = BTreeSet::new();
            let opened = covers.iter().filter_map(|tuple| tuple.values().first()).all(|promise| {
                let key = (promise.clone(), *surface, (*exception).clone());
                excepts.get(&key).is_some_and(|found| {
                    tuples.extend(found.iter().copied());
                    true
                })
            });
            if opened {
                exceptions.insert((*surface, *field, (*exception).clone()), tuples);
            }
        }
    }
    exceptions
}

fn exceptions(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let [old_promises, new_promises] = pair.by("promise", promised);
    let [old_excepts, new_excepts] = pair.by("promise-except", |values| {
        let [promise, surface, exception] = values else {
            return None;
        };
        Some((promise.clone(), Surface::from_key(surface)?, exception.clone()))
    });
    let sides = [open(&old_promises, &old_excepts), open(&new_promises, &new_excepts)];
    let only_one_has: BTreeSet<&Tuple> = pair.removed().chain(pair.added()).collect();
    // A promise that comes or goes is told by itself.
    let on_both = |surface: Surface, field: FieldId| {
        old_promises.contains_key(&(surface, field)) && new_promises.contains_key(&(surface, field))
    };
    let moves = come_and_go(&sides).into_iter();
    let moves = moves.filter(|(_, (surface, field, _), _)| on_both(*surface, *field));
    let moves = moves.map(|(comes, (surface, field, exception), mut tuples)| {
        tuples.retain(|tuple| only_one_has.contains(tuple));
        ((comes, surface, exception), field, tuples)
    });
    for ((comes, surface, exception), (fields, tuples)) in gathered(moves) {
        let what = Bound::Except {
            comes,
            surface,
            exception,
            fields,
        };
        changes.push(moved(What::Bound(what), comes, tuples));
    }
}

fn refusals(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let sides = pair.by("refuse", |values| FieldId::from_key(values.first()?));
    let moves = come_and_go(&sides).into_iter();
    for (comes, (fields, tuples)) in gathered(moves) {
        changes.push(moved(What::Bound(Bound::Refuse { comes, fields }), comes, tuples));
    }
    let sides = pair.by("never", |values| Never::from_key(values.first()?));
    for (comes, never, tuples) in come_and_go(&sides) {
        changes.push(moved(What::Bound(Bound::Never { comes, never }), comes, tuples));
    }
}

/// What work in memory looks at, whatever the work is called.
fn memory(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let sides = pair.by("process", |values| {
        let [_, surface, field, purpose, _] = values else {
            return None;
        };
        Some((
            Surface::from_key(surface)?,
            FieldId::from_key(field)?,
            PurposeId::from_key(purpose)?,
        ))
    });
    let moves = come_and_go(&sides).into_iter();
    let moves = moves.map(|(comes, (surface, field, purpose), tuples)| ((comes, surface, purpose), field, tuples));
    for ((comes, surface, purpose), (fields, tuples)) in gathered(moves) {
        let what = Bound::Look {
            comes,
            surface,
            purpose,
            fields,
        };
        changes.push(moved(What::Bound(what), comes, tuples));
    }
    let longest = |tuples: &BTreeSet<&Tuple>| {
        let lengths = tuples
            .iter()
            .filter_map(|tuple| tuple.values().last()?.parse::<i64>().ok());
        lengths.max().unwrap_or(0)
    };
    let lengths = both(&sides).filter_map(|((surface, field, _), [old, new])| {
        let (from, to) = (longest(&old), longest(&new));
        (from != to).then_some(((surface, from, to), field, old, new))
    });
    let lengths: Vec<_> = lengths.collect();
    let keys: BTreeSet<(Surface, i64, i64)> = lengths.iter().map(|(key, ..)| *key).collect();
    for key in keys {
        let same = || lengths.iter().filter(|(known, ..)| *known == key);
        let (surface, from_seconds, to_seconds) = key;
        let what = Bound::Memory {
            surface,
            fields: same().map(|(_, field, ..)| *field).collect(),
            from_seconds,
            to_seconds,
        };
        let old = same().flat_map(|(_, _, old, _)| old.iter().copied());
        let new = same().flat_map(|(_, _, _, new)| new.iter().copied());
        changes.push(replaced(What::Bound(what), old, new));
    }
    let sides = pair.by("process-emits", |values| FieldId::from_key(values.get(1)?));
    for (comes, (fields, tuples)) in gathered(come_and_go(&sides)) {
        changes.push(moved(What::Bound(Bound::Count { comes, fields }), comes, tuples));
    }
}

fn cookies(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let sides = pair.by("cookie", |values| {
        let [name, surface, _, purpose] = values else {
            return None;
        };
        Some((name.clone(), Surface::from_key(surface)?, PurposeId::from_key(purpose)?))
    });
    let [old, new] = &sides;
    let moves = come_and_go(&sides)
        .into_iter()
        .map(|(comes, (name, surface, purpose), tuples)| {
            let other = if comes { old } else { new };
            let whole = !other.keys().any(|(known, ..)| *known == name);
            ((comes, whole, name, surface), purpose, tuples)
        });
    for ((comes, whole, name, surface), (purposes, tuples)) in gathered(moves) {
        let what = Bound::Cookie {
            comes,
            whole,
            name,
            surface,
            purposes,
        };
        changes.push(moved(What::Bound(what), comes, tuples));
    }
}
