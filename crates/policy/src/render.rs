//! The files of a rendered policy, its JSON and its digests.

use std::collections::BTreeSet;

use plan::{Digest, FieldId};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::carried::statements;
use crate::compile::Compiled;
use crate::html::{STYLESHEET, cookie_fragment, label_fragment, page_fragment, standalone};
use crate::page::is_collected;
use crate::{english, tension::Tension};

/// A rendered file: its name and its bytes.
pub type File = (&'static str, Vec<u8>);

/// The files of a rendered policy: the long page, the label of one screen, the cookie table, the stylesheet of the
/// three, the plan as JSON, and the policy file itself.
///
/// `exercised` are the fields that the program really holds or looks at; `version` is the program's.
pub fn render(compiled: &Compiled, exercised: &BTreeSet<FieldId>, version: &str) -> Vec<File> {
    let operator = &compiled.plan().parts().controller.name;
    let page = page_fragment(compiled, exercised, version);
    let label = label_fragment(compiled, exercised);
    let cookies = cookie_fragment(compiled);
    let mut policy_json = format!("{:#}", plan_json(compiled, exercised, version));
    policy_json.push('\n');
    vec![
        (
            "index.html",
            standalone(&format!("Privacy policy of {operator}"), &page).into_bytes(),
        ),
        (
            "label.html",
            standalone(&format!("Privacy label of {operator}"), &label).into_bytes(),
        ),
        (
            "cookies.html",
            standalone(&format!("Cookies of {operator}"), &cookies).into_bytes(),
        ),
        ("policy.css", STYLESHEET.as_bytes().to_vec()),
        ("policy.json", policy_json.into_bytes()),
        ("policy.kdl", compiled.source().as_bytes().to_vec()),
    ]
}

/// SHA-256 of rendered files together with the program's version: each text with its length before it.
pub fn page_digest(files: &[File], version: &str) -> Digest {
    let mut hasher = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    add(version.as_bytes());
    for (name, bytes) in files {
        add(name.as_bytes());
        add(bytes);
    }
    Digest::from_bytes(hasher.finalize().into())
}

/// The plan as JSON: tuples, statements with their clauses, fields, tensions and digests.
pub fn plan_json(compiled: &Compiled, exercised: &BTreeSet<FieldId>, version: &str) -> Value {
    let plan = compiled.plan();
    let parts = plan.parts();
    let tuples = plan
        .tuples()
        .map(|tuple| serde_json::from_str::<Value>(&tuple).unwrap_or(Value::Null));
    let statements = statements(parts).into_iter();
    let statements = statements.map(|(statement, says)| json!({ "statement": statement, "clauses": says }));
    json!({
        "schema": 1,
        "policy": parts.name,
        "version": parts.version,
        "date": compiled.date(),
        "program": format!("candor {version}"),
        "controller": { "name": parts.controller.name, "contact": parts.controller.contact },
        "plan_digest": plan.digest().to_string(),
        "tuples": tuples.collect::<Vec<_>>(),
        "statements": statements.collect::<Vec<_>>(),
        "fields": fields_json(compiled, exercised),
        "tensions": compiled.tensions().iter().map(tension_json).collect::<Vec<_>>(),
        "lints": compiled.lints().iter().map(|lint| lint.text.as_str()).collect::<Vec<_>>(),
    })
}

fn fields_json(compiled: &Compiled, exercised: &BTreeSet<FieldId>) -> Vec<Value> {
    let plan = compiled.plan();
    let declared = FieldId::ALL
        .iter()
        .filter(|field| plan.collects_of(**field).next().is_some());
    let field_json = |field: &FieldId| {
        let collected = plan.collects_of(*field).any(|collect| is_collected(collect, exercised));
        json!({
            "field": field.key(),
            "words": field.words(),
            "class": field.class().words(),
            "dpv": field.dpv(),
            "keep": plan.keep(*field).map(|kept| english::keep(kept.keep)),
            "collected_by_this_version": collected && exercised.contains(field),
        })
    };
    declared.map(field_json).collect()
}

fn tension_json(tension: &Tension) -> Value {
    json!({
        "code": tension.code,
        "one": tension.one,
        "other": tension.other,
        "does": tension.does,
    })
}
