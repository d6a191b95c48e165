//! From text to plan.

use std::sync::Arc;

use kdl::{KdlDocument, KdlNode};
use plan::{Language, Plan};

use crate::draft::Draft;
use crate::problem::{Errors, Problem, Problems, Span};
use crate::read::Reader;
use crate::shape;
use crate::tension::{self, Lint, Tension};

use crate::word::instead_of;
use crate::{brace, check, headings, statements};

/// The largest policy file, in bytes. The no-log VPN, with 75 clauses, takes a fortieth of it.
pub const MAX_SOURCE_BYTES: usize = 256 * 1024;
/// The most opening braces and the most opening block comments: the parser descends for each that is nested.
const MAX_BRACES: usize = 512;
const MAX_COMMENTS: usize = 64;
/// Stack for the deepest file within the limits: 8 MiB are enough in an unoptimised build
/// (`tests/wrong_policies_are_explained.rs`), doubled.
const STACK_BYTES: usize = 16 * 1024 * 1024;
/// What is said when the parser itself failed.
pub(crate) const UNREADABLE: &str = "the file could not be read";
/// The only version of the language.
const SCHEMA: i128 = 1;

/// A policy file that compiled.
#[derive(Clone, Debug)]
pub struct Compiled {
    plan: Plan,
    source: Arc<str>,
    file_name: String,
    date: Option<String>,
    lints: Vec<Lint>,
    tensions: Vec<Tension>,
}

impl Compiled {
    /// The plan, which the program is started with.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }
    /// The text that was compiled.
    pub fn source(&self) -> &str {
        &self.source
    }
    /// What the file was called.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }
    /// The calendar date at the top of the page, as written: `2026-11-22`.
    pub fn date(&self) -> Option<&str> {
        self.date.as_deref()
    }
    /// What compiles and is probably not meant.
    pub fn lints(&self) -> &[Lint] {
        &self.lints
    }
    /// Pairs of statements that pull apart, and what the program does.
    pub fn tensions(&self) -> &[Tension] {
        &self.tensions
    }
    /// The same pairs in the words of a language.
    pub fn tensions_in(&self, language: Language) -> Vec<Tension> {
        tension::tensions(self.plan.parts(), language)
    }
}

/// Compiles a policy file.
///
/// # Errors
/// Everything that is wrong with the file, at once; each mistake with its place, its cause and what to write instead.
pub fn compile(source: &str, file_name: &str) -> Result<Compiled, Errors> {
    let mut problems = Problems::default();
    let draft = read(source, &mut problems);
    if problems.0.is_empty()
        && let Some(draft) = draft
    {
        let lints = tension::lints(&draft);
        let date = draft.date.clone();
        if let Some(parts) = draft.into_parts() {
            let plan = Plan::assemble(parts);
            return Ok(Compiled {
                tensions: tension::tensions(plan.parts(), Language::English),
                plan,
                source: Arc::from(source),
                file_name: file_name.to_owned(),
                date,
                lints,
            });
        }
    }
    Err(Errors::new(source, file_name, problems.0))
}

/// Reads on a thread of its own, because the parser descends once for each nested brace or comment, and as deep as the
/// limits let it.
fn read(source: &str, problems: &mut Problems) -> Option<Draft> {
    if !within_limits(source, problems) {
        return None;
    }
    let read = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let thread = thread.spawn_scoped(scope, || {
            let mut problems = Problems::default();
            let draft = parse(source, &mut problems);
            (draft, problems)
        });
        thread.ok().and_then(|thread| thread.join().ok())
    });
    let Some((draft, found)) = read else {
        problems.add(
            Span::default(),
            UNREADABLE,
            "the machine gave no memory for it, or the parser failed on it",
            "the same file when there is memory; if it fails again, tell us the file",
        );
        return None;
    };
    problems.0.extend(found.0);
    draft
}

fn parse(source: &str, problems: &mut Problems) -> Option<Draft> {
    let document = match KdlDocument::parse_v2(source) {
        Ok(document) => document,
        Err(error) => {
            let unclosed = |diagnostic: &kdl::KdlDiagnostic| {
                let message = diagnostic.message.as_deref().unwrap_or_default();
                message.to_ascii_lowercase().contains("closing '}'")
            };
            match error
                .diagnostics
                .iter()
                .any(unclosed)
                .then(|| brace::forgotten(source))
                .flatten()
            {
                Some(problem) => problems.add_pair(problem),
                None => {
                    let told = error.diagnostics.into_iter();
                    problems.0.extend(told.map(|diagnostic| not_kdl(source, diagnostic)));
                }
            }
            if problems.0.is_empty() {
                let why = "the parser gave no reason";
                problems.add(Span::default(), "the file is not KDL", why, shape::POLICY.example);
            }
            return None;
        }
    };
    let policy = only_policy(&document, problems)?;
    let mut draft = Draft::default();
    let reader = Reader::open(policy, &shape::POLICY, problems);
    policy_heading(&reader, &mut draft, problems);
    let children = policy.children().map_or(&[][..], KdlDocument::nodes);
    for node in children {
        statement(node, &mut draft, problems);
    }
    headings::missing(&draft, reader.span(), problems);
    check::check(&draft, problems);
    Some(draft)
}

fn within_limits(source: &str, problems: &mut Problems) -> bool {
    let limits = [
        ("bytes", source.len(), MAX_SOURCE_BYTES),
        ("opening braces", source.matches('{').count(), MAX_BRACES),
        ("block comments", source.matches("/*").count(), MAX_COMMENTS),
    ];
    for (what, count, limit) in limits {
        if count > limit {
            problems.add(
                Span::default(),
                format!("the file has {count} {what}"),
                format!("a policy has at most {limit}, so that a person can read it"),
                "fewer statements, each with more fields",
            );
        }
    }
    problems.0.is_empty()
}

fn not_kdl(source: &str, diagnostic: kdl::KdlDiagnostic) -> Problem {
    let span = Span::from(diagnostic.span).trimmed(source);
    let met = &source[span.start..span.start + span.length];
    if matches!(met, "true" | "false" | "null") {
        return Problem {
            what: format!("`{met}` without its #"),
            span,
            why: "KDL 2 writes what is no text with a # before it".to_owned(),
            instead: format!("`#{met}`"),
            also: None,
        };
    }
    let label = diagnostic.label.unwrap_or_else(|| "not understood".to_owned());
    Problem {
        what: diagnostic.message.unwrap_or_else(|| "the file is not KDL".to_owned()),
        span: diagnostic.span.into(),
        why: format!("policies are written in KDL 2, and here is what the parser met: {label}"),
        instead: diagnostic.help.unwrap_or_else(|| {
            "a name, words, properties as `name=value`, and parts in braces; texts in double quotes".to_owned()
        }),
        also: None,
    }
}

fn only_policy<'k>(document: &'k KdlDocument, problems: &mut Problems) -> Option<&'k KdlNode> {
    let mut policies = document
        .nodes()
        .iter()
        .filter(|node| node.name().value() == shape::POLICY.name);
    let first = policies.next();
    for second in policies {
        problems.add_pair(Problem {
            what: "a second `policy`".to_owned(),
            span: second.name().span().into(),
            why: "a program runs by one policy; which of two would it obey?".to_owned(),
            instead: "one `policy` in each file".to_owned(),
            also: first.map(|node| (node.name().span().into(), "the first".to_owned())),
        });
    }
    for node in document
        .nodes()
        .iter()
        .filter(|node| node.name().value() != shape::POLICY.name)
    {
        problems.add(
            node.name().span().into(),
            format!("`{}` stands outside the policy", node.name().value()),
            "a file holds one `policy` and nothing else",
            shape::POLICY.example,
        );
    }
    if first.is_none() && document.nodes().is_empty() {
        let why = "a file holds one `policy` and nothing else";
        problems.add(Span::default(), "the file holds no policy", why, shape::POLICY.example);
    }
    first
}

fn policy_heading(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    draft.name = reader.argument().map_or("", |text| text.value).to_owned();
    reader.number("schema", SCHEMA, SCHEMA, problems);
    for (key, why) in [
        (
            "schema",
            "the version of the language must be said, so that a later program reads the file rightly",
        ),
        ("version", "people accept a version of a policy, so it has one"),
    ] {
        if !reader.has(key) {
            reader.missing(key, why, problems);
        }
    }
    draft.version = reader
        .text("version", problems)
        .map_or("", |text| text.value)
        .to_owned();
    draft.date = reader.text("date", problems).and_then(|text| {
        if is_date(text.value) {
            return Some(text.value.to_owned());
        }
        let what = format!("`{}` is not a date", text.value);
        problems.add(
            text.span,
            what,
            "the date stands at the top of the page",
            r#"`date="2026-11-22"`"#,
        );
        None
    });
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let within = |part: &str, most: u8| part.parse::<u8>().is_ok_and(|number| (1..=most).contains(&number));
    digits(year, 4) && digits(month, 2) && digits(day, 2) && within(month, 12) && within(day, 31)
}

fn statement(node: &KdlNode, draft: &mut Draft, problems: &mut Problems) {
    let name = node.name().value();
    let Some(shape) = shape::statement(name) else {
        let names: Vec<&str> = shape::STATEMENTS.iter().map(|shape| shape.name).collect();
        problems.add(
            node.name().span().into(),
            format!("unknown statement `{name}`"),
            "a sentence that the program does not know is a sentence that it cannot keep",
            instead_of(name, &names),
        );
        return;
    };
    let reader = Reader::open(node, shape, problems);
    let read = match shape.name {
        "controller" => headings::controller,
        "surfaces" => headings::surfaces,
        "audience" => headings::audience,
        "rights" => headings::rights,
        "changes" => headings::changes,
        "promise" => statements::promise,
        "collect" => statements::collect,
        "process" => statements::process,
        "refuse" => statements::refuse,
        "cookie" => statements::cookie,
        "recipient" => statements::recipient,
        "disclose" => statements::disclose,
        "release" => statements::release,
        "never" => statements::never,
        "source" => statements::source,
        "transfer" => statements::transfer,
        "handover" => statements::handover,
        _ => statements::note,
    };
    read(&reader, draft, problems);
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn a_date_is_a_calendar_date() {
        assert!(is_date("2026-11-22"));
        for text in [
            "2026-13-01",
            "2026-00-01",
            "2026-1-1",
            "22.11.2026",
            "2026-11-32",
            "2026-11-22-1",
            "+026-11-22",
        ] {
            assert!(!is_date(text), "{text}");
        }
    }
}
