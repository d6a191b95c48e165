//! Changes of what is kept: the tuples of kind `collect`.

use std::collections::{BTreeMap, BTreeSet};

use plan::{Basis, Choice, FieldId, Grain, Keep, PurposeId, Surface, Tuple};

use super::side::{Index, Pair, both, come_and_go, gathered, moved, replaced};
use super::{Change, Datum, What};

/// What a `collect` tuple is about. Two statements about the same do not compile.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct About {
    field: FieldId,
    surface: Surface,
    purpose: PurposeId,
    capability: Option<String>,
    when: Option<String>,
}

/// What a `collect` tuple says about it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Terms {
    choice: Choice,
    basis: Basis,
    keep: Keep,
    grain: Option<Grain>,
    required: bool,
}

fn or_dash(value: &str) -> Option<String> {
    (value != "-").then(|| value.to_owned())
}

fn about(values: &[String]) -> Option<About> {
    let [field, surface, purpose, _, _, _, _, _, when, capability] = values else {
        return None;
    };
    Some(About {
        field: FieldId::from_key(field)?,
        surface: Surface::from_key(surface)?,
        purpose: PurposeId::from_key(purpose)?,
        capability: or_dash(capability),
        when: or_dash(when),
    })
}

fn terms(tuple: &Tuple) -> Option<Terms> {
    let [_, _, _, choice, basis, keep, grain, required, _, _] = tuple.values() else {
        return None;
    };
    Some(Terms {
        choice: Choice::from_key(choice)?,
        basis: Basis::from_key(basis)?,
        keep: Keep::from_key(keep)?,
        grain: Grain::from_key(grain),
        required: required == "required",
    })
}

type Moved<'i> = (bool, About, BTreeSet<&'i Tuple>);

pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let sides = pair.by("collect", about);
    let mut attributes = Attributes::default();
    for (about, [old, new]) in both(&sides) {
        attributes.compare(&about, &about, &old, &new);
    }
    let mut alone = Vec::new();
    for (old, new) in other_moments(come_and_go(&sides), &mut alone) {
        attributes.compare(&old.1, &new.1, &old.2, &new.2);
    }
    new_and_gone(&sides, alone, changes);
    attributes.tell(changes);
}

/// Pairs what goes with what comes about the same datum, place and purpose at another moment; the rest goes to `alone`.
fn other_moments<'i>(moved: Vec<Moved<'i>>, alone: &mut Vec<Moved<'i>>) -> Vec<(Moved<'i>, Moved<'i>)> {
    let (come, gone): (Vec<Moved<'i>>, Vec<Moved<'i>>) = moved.into_iter().partition(|(comes, ..)| *comes);
    let mut come: Vec<Option<Moved<'i>>> = come.into_iter().map(Some).collect();
    let mut pairs = Vec::new();
    for old in gone {
        let same = |new: &Option<Moved<'i>>| {
            new.as_ref().is_some_and(|(_, about, _)| {
                let timeless = About {
                    when: old.1.when.clone(),
                    ..about.clone()
                };
                timeless == old.1
            })
        };
        match come.iter_mut().find(|new| same(new)).and_then(Option::take) {
            Some(new) => pairs.push((old, new)),
            None => alone.push(old),
        }
    }
    alone.extend(come.into_iter().flatten());
    pairs
}

/// A datum that one policy does not keep at all, a purpose that it does not have there, a place where it is not met.
fn new_and_gone(sides: &[Index<'_, About>; 2], alone: Vec<Moved<'_>>, changes: &mut Vec<Change>) {
    let [old, new] = sides;
    let mut whole: BTreeMap<(bool, FieldId, Option<String>), BTreeSet<&Tuple>> = BTreeMap::new();
    let mut purposes = Vec::new();
    let mut places = Vec::new();
    for (comes, about, tuples) in alone {
        let other = if comes { old } else { new };
        let same_kind = |known: &&About| known.field == about.field && known.capability == about.capability;
        if !other.keys().any(|known| same_kind(&known)) {
            let key = (comes, about.field, about.capability);
            whole.entry(key).or_default().extend(tuples);
        } else if !other
            .keys()
            .filter(same_kind)
            .any(|known| known.purpose == about.purpose)
        {
            for choice in tuples.iter().filter_map(|tuple| terms(tuple)).map(|terms| terms.choice) {
                purposes.push(((comes, about.purpose, choice), about.field, tuples.clone()));
            }
        } else {
            places.push(((comes, about.purpose), (about.field, about.surface), tuples));
        }
    }
    whole_fields(whole, changes);
    for ((comes, purpose, choice), (fields, tuples)) in gathered(purposes) {
        let what = Datum::Purpose {
            comes,
            fields,
            purpose,
            choice,
        };
        changes.push(moved(What::Datum(what), comes, tuples));
    }
    for ((comes, purpose), (met, tuples)) in gathered(places) {
        let what = Datum::Place {
            comes,
            fields: met.iter().map(|(field, _)| *field).collect(),
            surfaces: met.iter().map(|(_, surface)| *surface).collect(),
            purpose,
        };
        changes.push(moved(What::Datum(what), comes, tuples));
    }
}

/// Fields of which the same is said are told together.
fn whole_fields(whole: BTreeMap<(bool, FieldId, Option<String>), BTreeSet<&Tuple>>, changes: &mut Vec<Change>) {
    let told = whole.into_iter().map(|((comes, field, capability), tuples)| {
        let mut surfaces = BTreeSet::new();
        let mut purposes = BTreeSet::new();
        let mut keeps = BTreeSet::new();
        for tuple in &tuples {
            let (Some(about), Some(terms)) = (about(tuple.values()), terms(tuple)) else {
                continue;
            };
            surfaces.insert(about.surface);
            purposes.insert((about.purpose, terms.choice));
            keeps.insert(terms.keep);
        }
        ((comes, surfaces, purposes, keeps, capability), field, tuples)
    });
    for ((comes, surfaces, purposes, keeps, capability), (fields, tuples)) in gathered(told) {
        let what = Datum::Field {
            comes,
            fields,
            surfaces,
            purposes,
            keeps,
            capability,
        };
        changes.push(moved(What::Datum(what), comes, tuples));
    }
}

type Group<'t> = (BTreeSet<FieldId>, BTreeSet<&'t Tuple>, BTreeSet<&'t Tuple>);

/// What is said differently about the same, gathered by what is said.
#[derive(Default)]
struct Attributes<'t> {
    keeps: BTreeMap<(Keep, Keep), Group<'t>>,
    says: BTreeMap<(PurposeId, Choice, Choice), Group<'t>>,
    bases: BTreeMap<(Basis, Basis), Group<'t>>,
    grains: BTreeMap<(Option<Grain>, Option<Grain>), Group<'t>>,
    required: BTreeMap<bool, Group<'t>>,
    moments: BTreeMap<(Option<String>, Option<String>), Group<'t>>,
}

impl<'t> Attributes<'t> {
    fn compare(&mut self, was: &About, is: &About, old: &BTreeSet<&'t Tuple>, new: &BTreeSet<&'t Tuple>) {
        let one = |tuples: &BTreeSet<&'t Tuple>| {
            let tuple = tuples.first().copied()?;
            terms(tuple).map(|terms| (tuple, terms))
        };
        let (Some((old, from)), Some((new, to))) = (one(old), one(new)) else {
            return;
        };
        let note = |group: &mut Group<'t>| {
            group.0.insert(was.field);
            group.1.insert(old);
            group.2.insert(new);
        };
        if from.keep != to.keep {
            note(self.keeps.entry((from.keep, to.keep)).or_default());
        }
        if from.choice != to.choice {
            note(self.says.entry((was.purpose, from.choice, to.choice)).or_default());
        }
        if from.basis != to.basis {
            note(self.bases.entry((from.basis, to.basis)).or_default());
        }
        if from.grain != to.grain {
            note(self.grains.entry((from.grain, to.grain)).or_default());
        }
        if from.required != to.required {
            note(self.required.entry(to.required).or_default());
        }
        if was.when != is.when {
            note(self.moments.entry((was.when.clone(), is.when.clone())).or_default());
        }
    }

    fn tell(self, changes: &mut Vec<Change>) {
        let mut tell = |what: Datum, old: BTreeSet<&Tuple>, new: BTreeSet<&Tuple>| {
            changes.push(replaced(What::Datum(what), old, new));
        };
        for ((from, to), (fields, old, new)) in self.keeps {
            tell(Datum::Keep { fields, from, to }, old, new);
        }
        for ((purpose, from, to), (fields, old, new)) in self.says {
            let what = Datum::Say {
                fields,
                purpose,
                from,
                to,
            };
            tell(what, old, new);
        }
        for ((from, to), (fields, old, new)) in self.bases {
            tell(Datum::Basis { fields, from, to }, old, new);
        }
        for ((from, to), (fields, old, new)) in self.grains {
            tell(Datum::Grain { fields, from, to }, old, new);
        }
        for (to, (fields, old, new)) in self.required {
            tell(Datum::Required { fields, to }, old, new);
        }
        for ((from, to), (fields, old, new)) in self.moments {
            tell(Datum::Moment { fields, from, to }, old, new);
        }
    }
}
