//! Where a brace was forgotten. The parser can only say which block never ended; the indentation tells which was meant to.

use crate::problem::{Problem, Span};

/// A block that is open.
struct Open {
    indent: usize,
    line: Span,
}

/// The problem to tell instead of the parser's, when the indentation shows which block lacks its `}`.
pub(crate) fn forgotten(source: &str) -> Option<Problem> {
    let mut open: Vec<Open> = Vec::new();
    let mut start = 0;
    for (number, line) in source.split('\n').enumerate() {
        let text = line.trim();
        let indent = line.len() - line.trim_start().len();
        let span = Span {
            start: start + indent,
            length: text.len(),
        };
        start += line.len() + 1;
        if text.is_empty() || text.starts_with("//") {
            continue;
        }
        if let Some(block) = open
            .last()
            .filter(|block| !text.starts_with('}') && indent <= block.indent)
        {
            return Some(Problem {
                what: "the brace of this statement is not closed".to_owned(),
                span: block.line,
                why: "another statement begins before its `}`".to_owned(),
                instead: format!("a `}}` on a line of its own before line {}", number + 1),
                also: Some((span, "the next statement".to_owned())),
            });
        }
        for brace in braces(text) {
            match brace {
                '{' => open.push(Open { indent, line: span }),
                _ => drop(open.pop()),
            }
        }
    }
    let block = open.pop()?;
    Some(Problem {
        what: "the brace of this statement is not closed".to_owned(),
        span: block.line,
        why: "the file ends before its `}`".to_owned(),
        instead: "a `}` on a line of its own at the end".to_owned(),
        also: None,
    })
}

/// The braces of a line, outside quotation marks and comments.
fn braces(text: &str) -> Vec<char> {
    let mut quoted = false;
    let mut braces = Vec::new();
    for piece in text.split("//").next().unwrap_or(text).chars() {
        match piece {
            '"' => quoted = !quoted,
            '{' | '}' if !quoted => braces.push(piece),
            _ => {}
        }
    }
    braces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_that_lacks_its_brace_is_found_by_its_indentation() {
        let source = "policy a {\n  collect email {\n    for account\n  refuse ssn\n}\n";
        let problem = forgotten(source).unwrap();
        assert_eq!(&source[problem.span.start..][..problem.span.length], "collect email {");
        assert!(problem.instead.ends_with("before line 4"), "{}", problem.instead);
    }

    #[test]
    fn at_the_end_of_the_file_the_last_open_block_lacks_it() {
        let problem = forgotten("policy a {\n  note \"}\" // }\n").unwrap();
        assert_eq!(problem.span.start, 0);
        assert!(forgotten("policy a {\n}\n").is_none());
        assert!(forgotten("").is_none());
    }
}
