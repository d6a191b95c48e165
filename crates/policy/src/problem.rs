//! What is wrong with a policy file: where, why, and what to write instead.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode, SourceSpan};

/// A stretch of a policy file, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span {
    /// Bytes before it.
    pub start: usize,
    /// Bytes in it.
    pub length: usize,
}

impl From<SourceSpan> for Span {
    fn from(span: SourceSpan) -> Self {
        Self {
            start: span.offset(),
            length: span.len(),
        }
    }
}

impl From<Span> for SourceSpan {
    fn from(span: Span) -> Self {
        Self::new(span.start.into(), span.length)
    }
}

/// Where a span begins, as editors count: both from 1, the column in characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Span {
    /// Where the span begins in `source`.
    pub fn position(self, source: &str) -> Position {
        let start = floor_boundary(source, self.start);
        let before = &source[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The same span without white space at its ends, inside `source`.
    pub(crate) fn trimmed(self, source: &str) -> Self {
        let start = floor_boundary(source, self.start);
        let end = floor_boundary(source, self.start.saturating_add(self.length)).max(start);
        let text = &source[start..end];
        let inner = text.trim();
        if inner.is_empty() {
            return Self { start, length: 0 };
        }
        Self {
            start: start + (text.len() - text.trim_start().len()),
            length: inner.len(),
        }
    }
}

fn floor_boundary(source: &str, index: usize) -> usize {
    let mut index = index.min(source.len());
    while !source.is_char_boundary(index) {
        index -= 1;
    }
    index
}

/// One mistake in a policy file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// What is wrong.
    pub what: String,
    /// Where.
    pub span: Span,
    /// Why the language refuses it.
    pub why: String,
    /// What to write instead.
    pub instead: String,
    /// The other place that has to do with it, and what it says.
    pub also: Option<(Span, String)>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Everything that is wrong with a policy file. `Display` prints all of it with the lines concerned; for colours,
/// the binary hands [`Errors::diagnostics`] to miette's graphical printer.
#[derive(Clone, Debug)]
pub struct Errors {
    source: NamedSource<Arc<str>>,
    problems: Vec<Placed>,
}

/// A problem together with its file, as miette wants it.
#[derive(Clone, Debug)]
struct Placed {
    problem: Problem,
    source: NamedSource<Arc<str>>,
}

impl Errors {
    pub(crate) fn new(source: &str, file_name: &str, mut problems: Vec<Problem>) -> Self {
        for problem in &mut problems {
            problem.span = problem.span.trimmed(source);
            if let Some((span, _)) = &mut problem.also {
                *span = span.trimmed(source);
            }
        }
        problems.sort_by(|a, b| (a.span, &a.what).cmp(&(b.span, &b.what)));
        problems.dedup();
        let source = NamedSource::new(file_name, Arc::from(source));
        let problems = problems
            .into_iter()
            .map(|problem| Placed {
                problem,
                source: source.clone(),
            })
            .collect();
        Self { source, problems }
    }

    /// The mistakes as miette's printers want them, each with its file.
    pub fn diagnostics(&self) -> impl Iterator<Item = &(dyn Diagnostic + Send + Sync + 'static)> {
        self.problems.iter().map(|placed| placed as _)
    }

    /// The mistakes, in the order of the file.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().map(|placed| &placed.problem)
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, source) = (self.source.name(), self.source.inner());
        for problem in self.problems() {
            writeln!(f, "error: {}", problem.what)?;
            excerpt(f, name, source, problem.span, "")?;
            if let Some((span, label)) = &problem.also {
                excerpt(f, name, source, *span, label)?;
            }
            writeln!(f, "  why: {}", problem.why)?;
            writeln!(f, "  write instead: {}\n", problem.instead)?;
        }
        match self.problems.len() {
            1 => write!(f, "1 error; nothing was compiled"),
            count => write!(f, "{count} errors; nothing was compiled"),
        }
    }
}

/// One line of the file with the span underlined.
pub(crate) fn excerpt(f: &mut impl fmt::Write, name: &str, source: &str, span: Span, label: &str) -> fmt::Result {
    let span = span.trimmed(source);
    let position = span.position(source);
    let line = source.lines().nth(position.line - 1).unwrap_or("");
    let covered = source[span.start..span.start + span.length]
        .lines()
        .next()
        .map_or(0, |first| first.chars().count());
    let (indent, number) = (" ".repeat(position.line.to_string().len()), position.line);
    writeln!(f, "{indent}--> {name}:{number}:{}", position.column)?;
    writeln!(f, " {number} | {}", line.replace('\t', " "))?;
    let underline = format!("{}{}", " ".repeat(position.column - 1), "^".repeat(covered.max(1)));
    writeln!(f, " {indent} | {}", format!("{underline} {label}").trim_end())
}

impl std::error::Error for Errors {}

impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.problem.what, self.problem.why)
    }
}

impl std::error::Error for Placed {}

impl Diagnostic for Placed {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("write instead: {}", self.problem.instead)))
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let here = LabeledSpan::new_primary_with_span(None, self.problem.span);
        let also = self.problem.also.iter();
        let also = also.map(|(span, label)| LabeledSpan::new_with_span(Some(label.clone()), *span));
        Some(Box::new(std::iter::once(here).chain(also)))
    }
}

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl Problems {
    pub(crate) fn add(
        &mut self,
        span: Span,
        what: impl Into<String>,
        why: impl Into<String>,
        instead: impl Into<String>,
    ) {
        self.0.push(Problem {
            what: what.into(),
            span,
            why: why.into(),
            instead: instead.into(),
            also: None,
        });
    }

    /// Adds a mistake that two places make together.
    pub(crate) fn add_pair(&mut self, problem: Problem) {
        self.0.push(problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_characters_not_bytes() {
        let source = "α βγ\nδε ζ";
        let zeta = source.find('ζ').unwrap();
        let span = Span { start: zeta, length: 2 };
        assert_eq!(span.position(source), Position { line: 2, column: 4 });
    }

    #[test]
    fn a_span_inside_a_character_or_past_the_end_is_brought_back() {
        let span = Span { start: 1, length: 99 };
        assert_eq!(span.trimmed("é x "), Span { start: 0, length: 4 });
        assert_eq!(
            Span { start: 40, length: 2 }.position("ab"),
            Position { line: 1, column: 3 }
        );
    }
}
