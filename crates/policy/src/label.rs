//! The policy on one screen: collected, shared, kept, never.

use std::collections::{BTreeMap, BTreeSet};

use plan::{FieldClass, FieldId, Keep, Language, RecipientClass};

use crate::compile::Compiled;
use crate::page::is_collected;
use crate::tongue::{self, LabelBox, Tongue, capitalised};

/// The lines of the four boxes.
pub(crate) struct Label {
    collected: Vec<String>,
    shared: Vec<String>,
    kept: Vec<String>,
    never: Vec<String>,
}

impl Label {
    /// The boxes with their headings.
    pub(crate) fn boxes(&self) -> [(LabelBox, &[String]); 4] {
        [
            (LabelBox::Collected, &self.collected),
            (LabelBox::Shared, &self.shared),
            (LabelBox::Kept, &self.kept),
            (LabelBox::Never, &self.never),
        ]
    }
}

pub(crate) fn label(compiled: &Compiled, exercised: &BTreeSet<FieldId>, language: Language) -> Label {
    let tongue = tongue::tongue(language);
    Label {
        collected: collected(compiled, exercised, tongue),
        shared: shared(compiled, tongue),
        kept: kept(compiled, exercised, tongue),
        never: never(compiled, tongue),
    }
}

fn collected(compiled: &Compiled, exercised: &BTreeSet<FieldId>, tongue: &dyn Tongue) -> Vec<String> {
    let plan = compiled.plan();
    let mut by_class: BTreeMap<FieldClass, Vec<&str>> = BTreeMap::new();
    let mut left_out = 0;
    for field in FieldId::ALL {
        let mut statements = plan.collects_of(*field).peekable();
        if statements.peek().is_none() {
            continue;
        }
        match exercised.contains(field) && statements.any(|collect| is_collected(collect, exercised)) {
            true => by_class
                .entry(field.class())
                .or_default()
                .push(field.words_in(tongue.language())),
            false => left_out += 1,
        }
    }
    let mut lines = class_lines(&by_class, tongue);
    if lines.is_empty() {
        lines.push(tongue.nothing_collected().to_owned());
    }
    if left_out > 0 {
        lines.push(tongue.left_out(left_out));
    }
    lines
}

/// One line for each class: `Your devices: device label, device public key`.
fn class_lines(by_class: &BTreeMap<FieldClass, Vec<&str>>, tongue: &dyn Tongue) -> Vec<String> {
    let lines = by_class.iter();
    lines
        .map(|(class, words)| {
            format!(
                "{}: {}",
                capitalised(class.words_in(tongue.language())),
                words.join(", ")
            )
        })
        .collect()
}

fn shared(compiled: &Compiled, tongue: &dyn Tongue) -> Vec<String> {
    let parts = compiled.plan().parts();
    let outsiders = parts.recipients.iter();
    let outsiders = outsiders.filter(|r| r.enabled && r.class != RecipientClass::Resolver);
    let mut lines: Vec<String> = outsiders
        .map(|r| format!("{}: {}", capitalised(&r.name), tongue.fields(&r.gets)))
        .collect();
    if lines.is_empty() {
        lines.push(tongue.shared_with_nobody().to_owned());
    }
    if parts
        .recipients
        .iter()
        .any(|r| r.enabled && r.class == RecipientClass::Resolver)
    {
        lines.push(tongue.device_asks().to_owned());
    }
    if parts
        .discloses
        .iter()
        .any(|d| d.grounds.iter().any(|ground| ground == "legal-order"))
    {
        lines.push(tongue.on_orders().to_owned());
    }
    lines
}

fn kept(compiled: &Compiled, exercised: &BTreeSet<FieldId>, tongue: &dyn Tongue) -> Vec<String> {
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
        let words: Vec<&str> = classes.iter().map(|class| class.words_in(tongue.language())).collect();
        format!("{}: {}", capitalised(&tongue.names(&words)), tongue.keep(*keep))
    });
    let mut lines: Vec<String> = lines.collect();
    lines.push(tongue.erased_on_request().to_owned());
    lines
}

fn never(compiled: &Compiled, tongue: &dyn Tongue) -> Vec<String> {
    let parts = compiled.plan().parts();
    let promised = parts.promises.iter().flat_map(|promise| &promise.never);
    let refused = parts.refuses.iter().flat_map(|refuse| &refuse.fields);
    let never: BTreeSet<FieldId> = promised.chain(refused).copied().collect();
    let kept_elsewhere = |field: &FieldId| compiled.plan().allows(*field, plan::act::ActId::Keep);
    let mut by_class: BTreeMap<FieldClass, Vec<&str>> = BTreeMap::new();
    for field in never.iter().filter(|field| !kept_elsewhere(field)) {
        by_class
            .entry(field.class())
            .or_default()
            .push(field.words_in(tongue.language()));
    }
    let mut lines = class_lines(&by_class, tongue);
    let nevers = parts.nevers.iter();
    lines.extend(nevers.map(|(never, _)| tongue.never_label(*never).to_owned()));
    lines
}
