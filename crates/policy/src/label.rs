//! The policy on one screen: collected, shared, kept, never.

use std::collections::{BTreeMap, BTreeSet};

use plan::{FieldClass, FieldId, Keep, RecipientClass};

use crate::compile::Compiled;
use crate::english::{self, capitalised};
use crate::page::is_collected;

/// The lines of the four boxes.
pub(crate) struct Label {
    collected: Vec<String>,
    shared: Vec<String>,
    kept: Vec<String>,
    never: Vec<String>,
}

impl Label {
    /// The boxes with their headings.
    pub(crate) fn boxes(&self) -> [(&'static str, &[String]); 4] {
        [
            ("Collected", &self.collected),
            ("Shared", &self.shared),
            ("Kept", &self.kept),
            ("Never", &self.never),
        ]
    }
}

pub(crate) fn label(compiled: &Compiled, exercised: &BTreeSet<FieldId>) -> Label {
    Label {
        collected: collected(compiled, exercised),
        shared: shared(compiled),
        kept: kept(compiled, exercised),
        never: never(compiled),
    }
}

fn collected(compiled: &Compiled, exercised: &BTreeSet<FieldId>) -> Vec<String> {
    let plan = compiled.plan();
    let mut by_class: BTreeMap<FieldClass, Vec<&str>> = BTreeMap::new();
    let mut left_out = 0;
    for field in FieldId::ALL {
        let mut statements = plan.collects_of(*field).peekable();
        if statements.peek().is_none() {
            continue;
        }
        match exercised.contains(field) && statements.any(|collect| is_collected(collect, exercised)) {
            true => by_class.entry(field.class()).or_default().push(field.words()),
            false => left_out += 1,
        }
    }
    let mut lines = class_lines(&by_class);
    if lines.is_empty() {
        lines.push("Nothing".to_owned());
    }
    match left_out {
        0 => {}
        1 => lines.push("1 more datum is declared and not collected by this version".to_owned()),
        count => lines.push(format!("{count} more are declared and not collected by this version")),
    }
    lines
}

/// One line for each class: `Your devices: device label, device public key`.
fn class_lines(by_class: &BTreeMap<FieldClass, Vec<&str>>) -> Vec<String> {
    let lines = by_class.iter();
    lines
        .map(|(class, words)| format!("{}: {}", capitalised(class.words()), words.join(", ")))
        .collect()
}

fn shared(compiled: &Compiled) -> Vec<String> {
    let parts = compiled.plan().parts();
    let outsiders = parts.recipients.iter();
    let outsiders = outsiders.filter(|r| r.enabled && r.class != RecipientClass::Resolver);
    let mut lines: Vec<String> = outsiders
        .map(|r| format!("{}: {}", capitalised(&r.name), english::fields(&r.gets)))
        .collect();
    if lines.is_empty() {
        lines.push("With nobody".to_owned());
    }
    if parts
        .recipients
        .iter()
        .any(|r| r.enabled && r.class == RecipientClass::Resolver)
    {
        lines.push("Your device itself asks a name server for the names it looks up".to_owned());
    }
    if parts
        .discloses
        .iter()
        .any(|d| d.grounds.iter().any(|ground| ground == "legal-order"))
    {
        lines.push("On lawful orders, what is kept".to_owned());
    }
    lines
}

fn kept(compiled: &Compiled, exercised: &BTreeSet<FieldId>) -> Vec<String> {
    let plan = compiled.plan();
    let mut by_keep: Vec<(Keep, BTreeSet<FieldClass>)> = Vec::new();
    let kept = plan.kept_fields().filter(|field| exercised.contains(field));
    for kept in kept.filter_map(|field| plan.keep(field)) {
        let class = kept.field.class();
        match by_keep.iter_mut().find(|(keep, _)| *keep == kept.keep) {
            Some((_, classes)) => drop(classes.insert(class)),
            None => by_keep.push((kept.keep, BTreeSet::from([class]))),
        }
    }
    let lines = by_keep.iter().map(|(keep, classes)| {
        let words: Vec<&str> = classes.iter().map(|class| class.words()).collect();
        format!("{}: {}", capitalised(&english::list(&words)), english::keep(*keep))
    });
    let mut lines: Vec<String> = lines.collect();
    lines.push("Your account and all of it: erased when you ask".to_owned());
    lines
}

fn never(compiled: &Compiled) -> Vec<String> {
    let parts = compiled.plan().parts();
    let promised = parts.promises.iter().flat_map(|promise| &promise.never);
    let refused = parts.refuses.iter().flat_map(|refuse| &refuse.fields);
    let never: BTreeSet<FieldId> = promised.chain(refused).copied().collect();
    let kept_elsewhere = |field: &FieldId| compiled.plan().allows(*field, plan::act::ActId::Keep);
    let mut by_class: BTreeMap<FieldClass, Vec<&str>> = BTreeMap::new();
    for field in never.iter().filter(|field| !kept_elsewhere(field)) {
        by_class.entry(field.class()).or_default().push(field.words());
    }
    let mut lines = class_lines(&by_class);
    lines.extend(parts.nevers.iter().map(|(never, _)| match never {
        plan::Never::Sell => "Selling your data".to_owned(),
        plan::Never::Profile => "A profile of you for advertising".to_owned(),
    }));
    lines
}
