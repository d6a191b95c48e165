//! Changes of who else gets something: recipients, disclosures, figures, sources, countries, the handover.

use std::collections::{BTreeMap, BTreeSet};

use plan::{FieldId, PurposeId, RecipientClass, Tuple};

use super::side::{Index, Pair, both, come_and_go, gathered, moved, replaced};
use super::{Change, Outsider, Rule, What};

pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    recipients(pair, changes);
    disclosures(pair, changes);
    figures(pair, changes);
    sources(pair, changes);
    countries(pair, changes);
    handover(pair, changes);
}

/// A recipient of one policy.
struct Known<'p> {
    class: RecipientClass,
    country: Option<String>,
    enabled: bool,
    tuple: &'p Tuple,
    gets: BTreeMap<(FieldId, PurposeId), &'p Tuple>,
}

impl<'p> Known<'p> {
    fn tuples(&self) -> BTreeSet<&'p Tuple> {
        self.gets.values().copied().chain([self.tuple]).collect()
    }
}

fn known<'p>(
    described: &Index<'p, String>,
    gets: &Index<'p, (String, FieldId, PurposeId)>,
) -> BTreeMap<String, Known<'p>> {
    let known = described.iter().filter_map(|(name, tuples)| {
        let tuple = tuples.first().copied()?;
        let [_, class, country, _, enabled, _] = tuple.values() else {
            return None;
        };
        let gets = gets.iter().filter(|((recipient, ..), _)| recipient == name);
        let gets = gets.filter_map(|((_, field, purpose), tuples)| Some(((*field, *purpose), *tuples.first()?)));
        let known = Known {
            class: RecipientClass::from_key(class)?,
            country: (country != "-").then(|| country.clone()),
            enabled: enabled == "true",
            tuple,
            gets: gets.collect(),
        };
        Some((name.clone(), known))
    });
    known.collect()
}

fn recipients(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let [old_described, new_described] = pair.by("recipient", |values| values.first().cloned());
    let [old_gets, new_gets] = pair.by("recipient-gets", |values| {
        let [name, field, purpose] = values else { return None };
        Some((name.clone(), FieldId::from_key(field)?, PurposeId::from_key(purpose)?))
    });
    let (old, new) = (known(&old_described, &old_gets), known(&new_described, &new_gets));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (was, is) = (old.get(name), new.get(name));
        match (was.filter(|known| known.enabled), is.filter(|known| known.enabled)) {
            (Some(was), Some(is)) => recipient(name, was, is, changes),
            (None, Some(enabled)) => whole(name, true, enabled, was, changes),
            (Some(enabled), None) => whole(name, false, enabled, is, changes),
            (None, None) => switched_off(name, was, is, changes),
        }
    }
}

/// A recipient that begins or ceases to get something; `off` is the same one where it gets nothing.
fn whole(name: &str, comes: bool, enabled: &Known<'_>, off: Option<&Known<'_>>, changes: &mut Vec<Change>) {
    let what = Outsider::Recipient {
        comes,
        name: name.to_owned(),
        class: enabled.class,
        country: enabled.country.clone(),
        fields: enabled.gets.keys().map(|(field, _)| *field).collect(),
        purposes: enabled.gets.keys().map(|(_, purpose)| *purpose).collect(),
    };
    let (on, off) = (enabled.tuples(), off.map(Known::tuples).unwrap_or_default());
    let (old, new) = if comes { (off, on) } else { (on, off) };
    changes.push(replaced(What::Outsider(what), old, new));
}

/// A recipient that gets nothing in either policy.
fn switched_off(name: &str, was: Option<&Known<'_>>, is: Option<&Known<'_>>, changes: &mut Vec<Change>) {
    let tuples = |known: Option<&Known<'_>>| -> BTreeSet<Tuple> {
        known
            .map(Known::tuples)
            .unwrap_or_default()
            .into_iter()
            .cloned()
            .collect()
    };
    let (old, new) = (tuples(was), tuples(is));
    if old != new {
        let what = Rule::SwitchedOff { name: name.to_owned() };
        changes.push(replaced(What::Rule(what), &old, &new));
    }
}

/// A recipient that gets something in both.
fn recipient(name: &str, was: &Known<'_>, is: &Known<'_>, changes: &mut Vec<Change>) {
    if was.class != is.class {
        let what = Outsider::Class {
            name: name.to_owned(),
            from: was.class,
            to: is.class,
        };
        changes.push(replaced(What::Outsider(what), [was.tuple], [is.tuple]));
    }
    if was.country != is.country {
        let what = Outsider::Country {
            name: name.to_owned(),
            from: was.country.clone(),
            to: is.country.clone(),
        };
        changes.push(replaced(What::Outsider(what), [was.tuple], [is.tuple]));
    }
    let only = |these: &Known<'_>, those: &Known<'_>, comes: bool| {
        let only = these.gets.iter().filter(|(pair, _)| !those.gets.contains_key(pair));
        let moves: Vec<_> = only
            .map(|((field, purpose), tuple)| ((comes, *purpose), *field, (*tuple).clone()))
            .collect();
        moves
    };
    let mut moves = only(was, is, false);
    moves.extend(only(is, was, true));
    let moves = moves
        .iter()
        .map(|(key, field, tuple)| (*key, *field, BTreeSet::from([tuple])));
    for ((comes, purpose), (fields, tuples)) in gathered(moves) {
        let what = Outsider::Gets {
            comes,
            name: name.to_owned(),
            purpose,
            fields,
        };
        changes.push(moved(What::Outsider(what), comes, tuples));
    }
}

fn disclosures(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let sides = pair.by("disclose", |values| values.first().cloned());
    for (comes, ground, tuples) in come_and_go(&sides) {
        changes.push(moved(What::Outsider(Outsider::Ground { comes, ground }), comes, tuples));
    }
    for (ground, [old, new]) in both(&sides) {
        let terms = |tuples: &BTreeSet<&Tuple>| {
            let values = tuples.first()?.values();
            Some((values.get(1)?.parse::<u8>().ok()?, values.get(2)? == "true"))
        };
        let (Some((from, told)), Some((to, tells))) = (terms(&old), terms(&new)) else {
            continue;
        };
        if from != to {
            let what = Outsider::Approvals {
                ground: ground.clone(),
                from,
                to,
            };
            changes.push(replaced(What::Outsider(what), old.clone(), new.clone()));
        }
        if told != tells {
            let what = Outsider::Tell { ground, to: tells };
            changes.push(replaced(What::Outsider(what), old, new));
        }
    }
}

/// Figures by what they are counted from and what for, whatever the release is called.
fn figures(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let sides = pair.by("release", |values| {
        let [_, _, field, purpose] = values else { return None };
        Some((FieldId::from_key(field)?, PurposeId::from_key(purpose)?))
    });
    let moves = come_and_go(&sides).into_iter();
    let moves = moves.map(|(comes, (field, purpose), tuples)| ((comes, purpose), field, tuples));
    for ((comes, purpose), (fields, tuples)) in gathered(moves) {
        let what = Outsider::Figures { comes, purpose, fields };
        changes.push(moved(What::Outsider(what), comes, tuples));
    }
    let least = |tuples: &BTreeSet<&Tuple>| {
        let people = tuples
            .iter()
            .filter_map(|tuple| tuple.values().get(1)?.parse::<u32>().ok());
        people.min().unwrap_or(0)
    };
    let crowds: Vec<_> = both(&sides)
        .map(|((field, _), [old, new])| ((least(&old), least(&new)), field, old, new))
        .filter(|((from, to), ..)| from != to)
        .collect();
    let keys: BTreeSet<(u32, u32)> = crowds.iter().map(|(key, ..)| *key).collect();
    for (from, to) in keys {
        let same = || crowds.iter().filter(|(key, ..)| *key == (from, to));
        let what = Outsider::People {
            fields: same().map(|(_, field, ..)| *field).collect(),
            from,
            to,
        };
        let old = same().flat_map(|(_, _, old, _)| old.iter().copied());
        let new = same().flat_map(|(_, _, _, new)| new.iter().copied());
        changes.push(replaced(What::Outsider(what), old, new));
    }
}

fn sources(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let sides = pair.by("source", |values| {
        Some((values.first()?.clone(), FieldId::from_key(values.get(1)?)?))
    });
    let moves = come_and_go(&sides).into_iter();
    let moves = moves.map(|(comes, (name, field), tuples)| ((comes, name), field, tuples));
    for ((comes, name), (fields, tuples)) in gathered(moves) {
        let what = Outsider::Source { comes, name, fields };
        changes.push(moved(What::Outsider(what), comes, tuples));
    }
}

fn countries(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let sides = pair.by("transfer-node", |values| values.first().cloned());
    // A policy that names no country binds itself to none.
    let said = !sides[0].is_empty() && !sides[1].is_empty();
    let moves = come_and_go(&sides).into_iter();
    for (comes, (countries, tuples)) in gathered(moves) {
        let what = match said {
            true => Outsider::Nodes { comes, countries },
            false => Outsider::NodesSaid { comes, countries },
        };
        changes.push(moved(What::Outsider(what), comes, tuples));
    }
    let [old, new] = pair.by("transfer-processing", |values| values.first().cloned());
    let only = |side: &Index<'_, String>| side.keys().next().cloned();
    let (from, to) = (only(&old), only(&new));
    if from != to {
        let what = Outsider::Processing { from, to };
        changes.push(replaced(What::Outsider(what), all_of(&old), all_of(&new)));
    }
}

fn handover(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let sides = pair.by("handover", |values| values.first()?.parse::<u16>().ok());
    let days = |side: &Index<'_, u16>| side.keys().next().copied();
    match (days(&sides[0]), days(&sides[1])) {
        (Some(from_days), Some(to_days)) if from_days != to_days => {
            let what = Outsider::HandoverNotice { from_days, to_days };
            changes.push(replaced(What::Outsider(what), all_of(&sides[0]), all_of(&sides[1])));
        }
        (Some(_), Some(_)) | (None, None) => {}
        (Some(_), None) | (None, Some(_)) => {
            for (comes, notice_days, tuples) in come_and_go(&sides) {
                let what = Outsider::Handover { comes, notice_days };
                changes.push(moved(What::Outsider(what), comes, tuples));
            }
        }
    }
}

fn all_of<'i, K>(side: &'i Index<'_, K>) -> impl Iterator<Item = &'i Tuple> {
    side.values().flatten().copied()
}
