//! Changes of rights, of the policy's own rules, and of who answers for it.

use std::collections::BTreeSet;

use plan::{Effective, Surface, Telling, Tuple};

use super::side::{Pair, come_and_go, gathered, moved, replaced};
use super::{Change, Rule, What};

pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    for (old, new) in headings(pair) {
        for rule in rules(old, new) {
            changes.push(replaced(What::Rule(rule), [old], [new]));
        }
    }
    let sides = pair.by("changes-by", |values| Telling::from_key(values.first()?));
    for (comes, way, tuples) in come_and_go(&sides) {
        changes.push(moved(What::Rule(Rule::Told { comes, way }), comes, tuples));
    }
    let sides = pair.by("surface", |values| Surface::from_key(values.first()?));
    for (comes, (surfaces, tuples)) in gathered(come_and_go(&sides)) {
        changes.push(moved(What::Rule(Rule::Scope { comes, surfaces }), comes, tuples));
    }
}

/// The tuples of which each policy has one, where they differ.
fn headings<'p>(pair: &Pair<'p>) -> Vec<(&'p Tuple, &'p Tuple)> {
    let (removed, added): (BTreeSet<&Tuple>, BTreeSet<&Tuple>) = (pair.removed().collect(), pair.added().collect());
    let find = |side: &BTreeSet<&'p Tuple>, kind: &str| side.iter().find(|tuple| tuple.kind() == kind).copied();
    let kinds = ["controller", "audience", "rights", "changes"];
    let pairs = kinds
        .into_iter()
        .map(|kind| Some((find(&removed, kind)?, find(&added, kind)?)));
    pairs.flatten().collect()
}

fn rules(old: &Tuple, new: &Tuple) -> Vec<Rule> {
    let value = |tuple: &Tuple, index: usize| tuple.values().get(index).cloned().unwrap_or_default();
    let number = |tuple: &Tuple, index: usize| value(tuple, index).parse::<i64>().unwrap_or(0);
    let mut rules = Vec::new();
    match old.kind() {
        "controller" => {
            if value(old, 0) != value(new, 0) {
                rules.push(Rule::Controller {
                    from: value(old, 0),
                    to: value(new, 0),
                });
            }
            if value(old, 1) != value(new, 1) {
                rules.push(Rule::Contact {
                    from: value(old, 1),
                    to: value(new, 1),
                });
            }
        }
        "audience" => rules.push(Rule::Audience {
            from: value(old, 0).parse().ok(),
            to: value(new, 0).parse().ok(),
        }),
        "rights" => {
            if number(old, 0) != number(new, 0) {
                rules.push(Rule::Within {
                    from_seconds: number(old, 0),
                    to_seconds: number(new, 0),
                });
            }
            if value(old, 1) != value(new, 1) {
                rules.push(Rule::Correct {
                    to: value(new, 1) == "true",
                });
            }
        }
        _ => {
            let effective = |tuple| Effective::from_key(&value(tuple, 0)).unwrap_or(Effective::OnPosting);
            let days = |tuple| u16::try_from(number(tuple, 1)).unwrap_or(0);
            rules.push(Rule::Effective {
                from: effective(old),
                to: effective(new),
                from_days: days(old),
                to_days: days(new),
            });
        }
    }
    rules
}
