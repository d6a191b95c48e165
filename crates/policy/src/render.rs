//! The files of a rendered policy, its JSON and its digests.

use std::collections::BTreeSet;

use plan::{Digest, FieldId, Language};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::carried::statements;
use crate::compile::Compiled;
use crate::html::{STYLESHEET, cookie_fragment, label_fragment, page_fragment, standalone};
use crate::page::is_collected;
use crate::tension::Tension;
use crate::tongue::{self, keep_words};

/// A rendered file: its name and its bytes.
pub type File = (&'static str, Vec<u8>);

/// The files of a rendered policy in one language: the long page, the label of one screen, the cookie table, the
/// stylesheet of the three, the plan as JSON, and the policy file itself.
///
/// `exercised` are the fields that the program really holds or looks at; `version` is the program's.
pub fn render(compiled: &Compiled, exercised: &BTreeSet<FieldId>, version: &str, language: Language) -> Vec<File> {
    let operator = &compiled.plan().parts().controller.name;
    let tongue = tongue::tongue(language);
    let page = page_fragment(compiled, exercised, version, language);
    let label = label_fragment(compiled, exercised, language);
    let cookies = cookie_fragment(compiled, language);
    let page_of = |title: &str, fragment: &str| standalone(title, fragment, language).into_bytes();
    vec![
        ("index.html", page_of(&tongue.page_title(operator), &page)),
        ("label.html", page_of(&tongue.label_title(operator), &label)),
        ("cookies.html", page_of(&tongue.cookies_title(operator), &cookies)),
        ("policy.css", STYLESHEET.as_bytes().to_vec()),
        (
            "policy.json",
            format!("{:#}\n", plan_json(compiled, exercised, version)).into_bytes(),
        ),
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

/// The plan as JSON: tuples, statements with their clauses, fields, tensions and digests. Its words are English in
/// every language of the pages: it is read by programs.
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
            "keep": plan.keep(*field).map(|kept| keep_words(kept.keep, Language::English)),
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
