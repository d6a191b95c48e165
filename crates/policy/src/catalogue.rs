//! The table of clauses as a document for people: `docs/clauses.md`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use plan::FieldId;

use crate::carried::carried;
use crate::clauses::{CLAUSES, Clause, Status};
use crate::compile::Compiled;
use crate::page::is_collected;

/// `docs/clauses.md`: what each clause of a profile asks, what makes it true, and which statement carries it.
///
/// `exercised` are the fields that the program really holds or looks at.
pub fn clauses_markdown(compiled: &Compiled, exercised: &BTreeSet<FieldId>) -> String {
    let mut text = String::from(HEAD);
    let (file, parts) = (compiled.file_name(), compiled.plan().parts());
    push(&mut text, format_args!("The statements are those of `{file}`.\n\n"));
    for status in [Status::Served, Status::Partly, Status::Later] {
        let count = CLAUSES.iter().filter(|clause| clause.status == status).count();
        push(
            &mut text,
            format_args!("- {}: {count} of {}\n", status.words(), CLAUSES.len()),
        );
    }
    text.push_str(
        "\n## The clauses\n\n| id | the operator may or must | what makes it true here | this version | statement |\n",
    );
    text.push_str("|---|---|---|---|---|\n");
    let carried = carried(parts);
    for clause in CLAUSES {
        let statements = carried.get(&clause.id).map_or(&[][..], Vec::as_slice);
        push_row(&mut text, clause, statements);
    }
    push_uncollected(&mut text, compiled, exercised);
    push_tensions(&mut text, compiled);
    text
}

const HEAD: &str = "# Clauses

<!-- Written by the program from crates/policy/src/clauses.rs and the policy file: change those, not this.
     UPDATE_DOCS=1 cargo test -p policy --test clauses_are_documented writes it anew. -->

A *clause* is one thing that a privacy policy of the real world lets or makes an operator do. A policy file ties its
statements to clauses (`says=\"S3.9-10\"`), and the page that members read shows the ids, so that everybody can follow a
sentence from the page to this table and from here to the code. Series S3 is a VPN that keeps one number for each account
and day.

";

fn push_row(text: &mut String, clause: &Clause, statements: &[String]) {
    let statements: Vec<String> = statements
        .iter()
        .map(|statement| format!("`{}`", cell(statement)))
        .collect();
    push(
        text,
        format_args!(
            "| {} | {} | {} | {} | {} |\n",
            clause.id,
            cell(clause.must),
            cell(clause.made_true_by),
            clause.status.words(),
            statements.join("<br>")
        ),
    );
}

/// A text that cannot end its cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

fn push_uncollected(text: &mut String, compiled: &Compiled, exercised: &BTreeSet<FieldId>) {
    let plan = compiled.plan();
    let collected = |field: &FieldId| {
        exercised.contains(field) && plan.collects_of(*field).any(|collect| is_collected(collect, exercised))
    };
    let declared = FieldId::ALL
        .iter()
        .filter(|field| plan.collects_of(**field).next().is_some());
    let left_out: Vec<String> = declared
        .filter(|field| !collected(field))
        .map(|field| format!("`{}`", field.key()))
        .collect();
    if left_out.is_empty() {
        return;
    }
    text.push_str("\n## Declared, not collected by this version\n\n");
    push(text, format_args!("{}.\n", left_out.join(", ")));
}

fn push_tensions(text: &mut String, compiled: &Compiled) {
    if compiled.tensions().is_empty() {
        return;
    }
    text.push_str("\n## Statements that pull apart\n\nThe program does one thing, and says which.\n\n");
    text.push_str("| code | one says | the other says | the program does |\n|---|---|---|---|\n");
    for tension in compiled.tensions() {
        let [one, other, does] = [&tension.one, &tension.other, &tension.does].map(|words| cell(words));
        push(text, format_args!("| {} | {one} | {other} | {does} |\n", tension.code));
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a String takes every text");
}
