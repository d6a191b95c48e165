//! What the terminal prints: the verdict on a file, and a policy as text or JSON.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use plan::{FieldId, Language};

use crate::compile::{Compiled, compile};
use crate::label::label;
use crate::page::{Section, cookie_row, sections};
use crate::problem::{Errors, excerpt};
use crate::render::{File, plan_json, render};
use crate::tongue::{self, Tongue};

/// Columns of the text, as a page of a manual has.
const COLUMNS: usize = 92;

/// The verdict on a policy file: what it is, what to look at again, what pulls apart.
///
/// # Errors
/// As [`compile`].
pub fn check_text(source: &str, file_name: &str) -> Result<String, Errors> {
    let compiled = compile(source, file_name)?;
    let plan = compiled.plan();
    let parts = plan.parts();
    let mut text = String::new();
    for lint in compiled.lints() {
        push(&mut text, format_args!("warning: {}\n", lint.text));
        excerpt(&mut text, file_name, source, lint.span, "").expect("a String takes every text");
        text.push('\n');
    }
    for tension in compiled.tensions() {
        push(
            &mut text,
            format_args!("{}: these two statements pull apart\n", tension.code),
        );
        for (head, body) in [
            ("one", &tension.one),
            ("other", &tension.other),
            ("the program does", &tension.does),
        ] {
            wrap(&mut text, &format!("{head}: {body}"), "  ");
        }
        text.push('\n');
    }
    push(
        &mut text,
        format_args!(
            "{file_name}: the policy “{}” version {} compiles\n  {} fields may be kept, {} facts, plan digest {}\n",
            parts.name,
            parts.version,
            plan.kept_fields().count(),
            plan.tuples().count(),
            plan.digest()
        ),
    );
    Ok(text)
}

/// The policy as text for a terminal: what the long page says.
pub fn show_text(compiled: &Compiled, exercised: &BTreeSet<FieldId>, version: &str, language: Language) -> String {
    let plan = compiled.plan();
    let parts = plan.parts();
    let tongue = tongue::tongue(language);
    let mut text = format!("{}\n", tongue.page_title(&parts.controller.name));
    let date = compiled.date().map_or(String::new(), |date| format!("{date}, "));
    push(
        &mut text,
        format_args!("{date}version {}, plan digest {}\n", parts.version, plan.digest()),
    );
    push(
        &mut text,
        format_args!("{}\n\n{}\n", tongue.run_by(version), tongue.in_short().to_uppercase()),
    );
    for (part, lines) in label(compiled, exercised, language).boxes() {
        push(&mut text, format_args!("  {}\n", tongue.label_box(part)));
        lines.iter().for_each(|line| wrap(&mut text, line, "    "));
    }
    sections(compiled, exercised, language)
        .iter()
        .for_each(|section| push_section(&mut text, section, tongue));
    push(&mut text, format_args!("\n{}\n", tongue.cookies().to_uppercase()));
    if parts.cookies.is_empty() {
        wrap(&mut text, tongue.no_cookie(), "  ");
    }
    for cookie in &parts.cookies {
        let clauses = match cookie.says.is_empty() {
            true => String::new(),
            false => format!(" ({})", cookie.says.join(", ")),
        };
        let line = format!("{}{clauses}", tongue.cookie_line(&cookie_row(cookie, tongue)));
        wrap(&mut text, &line, "  ");
    }
    text
}

/// The policy as JSON for other programs: the contents of `policy.json`.
pub fn show_json(compiled: &Compiled, exercised: &BTreeSet<FieldId>, version: &str) -> String {
    format!("{:#}\n", plan_json(compiled, exercised, version))
}

/// Compiles a policy file and renders it.
///
/// # Errors
/// As [`compile`].
pub fn render_files(
    source: &str,
    file_name: &str,
    exercised: &BTreeSet<FieldId>,
    version: &str,
    language: Language,
) -> Result<Vec<File>, Errors> {
    compile(source, file_name).map(|compiled| render(&compiled, exercised, version, language))
}

fn push_section(text: &mut String, section: &Section, tongue: &dyn Tongue) {
    push(text, format_args!("\n{}\n", section.heading.to_uppercase()));
    wrap(text, section.lead, "  ");
    for item in &section.items {
        text.push('\n');
        wrap(text, &item.title, "  ");
        for mark in &item.marks {
            push(text, format_args!("    [{}]\n", tongue.mark(*mark)));
        }
        wrap(text, &item.sentences.join(" "), "    ");
        if !item.clauses.is_empty() {
            wrap(text, &format!("({})", item.clauses.join(", ")), "    ");
        }
    }
}

/// Adds `words` in lines of [`COLUMNS`], each after `indent`.
pub(crate) fn wrap(text: &mut String, words: &str, indent: &str) {
    let mut column = 0;
    for word in words.split_whitespace() {
        let length = word.chars().count();
        if column == 0 || column + 1 + length > COLUMNS {
            text.push_str(if column == 0 { "" } else { "\n" });
            text.push_str(indent);
            column = indent.len();
        } else {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
}

pub(crate) fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a String takes every text");
}
