//! A difference as text for a terminal and as JSON.

use plan::{Language, Tuple};
use serde_json::{Value, json};

use super::{Change, Difference, Direction, Named, Verdict};
use crate::show::{push, wrap};
use crate::tongue::{DifferencePart, tongue};

/// What changes, in plain words: what people must be told, what becomes stricter, the rest.
pub fn difference_text(difference: &Difference, language: Language) -> String {
    let tongue = tongue(language);
    let mut text = String::new();
    push(
        &mut text,
        format_args!("{}\n\n", tongue.difference_title(&difference.old, &difference.new)),
    );
    for part in [
        DifferencePart::Significant,
        DifferencePart::Narrower,
        DifferencePart::Other,
    ] {
        let changes: Vec<&Change> = difference
            .changes()
            .iter()
            .filter(|change| part_of(change) == part)
            .collect();
        if changes.is_empty() {
            continue;
        }
        push(
            &mut text,
            format_args!("{}\n", tongue.difference_part(part).to_uppercase()),
        );
        for change in changes {
            let line = match part {
                DifferencePart::Significant | DifferencePart::Narrower => {
                    format!("{}: {}", tongue.tag(change), change.words(language))
                }
                DifferencePart::Other => change.words(language),
            };
            wrap(&mut text, &line, "  ");
        }
        text.push('\n');
    }
    let verdict = difference.verdict();
    let mut closing = tongue.verdict(verdict).to_owned();
    if verdict == Verdict::Significant {
        closing = format!("{closing} {}", tongue.must_be_told(difference.rule));
    }
    wrap(&mut text, &closing, "");
    text
}

fn part_of(change: &Change) -> DifferencePart {
    match (change.is_significant(), change.direction()) {
        (true, _) => DifferencePart::Significant,
        (false, Direction::Narrower) => DifferencePart::Narrower,
        (false, Direction::Wider | Direction::Level) => DifferencePart::Other,
    }
}

/// What changes, for other programs; `docs/policy-differences.md` describes the shape.
pub fn difference_json(difference: &Difference) -> String {
    let json = json!({
        "schema": 1,
        "old": named(&difference.old),
        "new": named(&difference.new),
        "verdict": difference.verdict().key(),
        "rule": {
            "effective": difference.rule.effective.key(),
            "notice_days": difference.rule.notice_days,
        },
        "changes": difference.changes().iter().map(change).collect::<Vec<_>>(),
    });
    format!("{json:#}\n")
}

fn named(named: &Named) -> Value {
    json!({
        "file": named.file,
        "policy": named.policy,
        "version": named.version,
        "plan_digest": named.digest.to_string(),
    })
}

fn change(change: &Change) -> Value {
    let tuples = |tuples: &std::collections::BTreeSet<Tuple>| -> Vec<Value> {
        let arrays = tuples.iter().map(|tuple| serde_json::from_str(&tuple.to_json()));
        arrays.map(|array| array.unwrap_or(Value::Null)).collect()
    };
    let words: serde_json::Map<String, Value> = Language::ALL
        .into_iter()
        .map(|language| (language.tag().to_owned(), Value::String(change.words(language))))
        .collect();
    json!({
        "kind": change.kind(),
        "direction": change.direction().key(),
        "significant": change.is_significant(),
        "words": words,
        "removed": tuples(&change.removed),
        "added": tuples(&change.added),
    })
}
