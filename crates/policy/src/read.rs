//! Reading one KDL node by its shape: everything that is not in the shape is a problem.

use kdl::{KdlEntry, KdlNode, KdlValue};
use plan::Says;

use crate::clause;
use crate::length::{self, LengthError};
use crate::problem::{Problem, Problems, Span};
use crate::shape::{self, Arguments, Shape};
use crate::word::{Word, instead_of, nearest};

/// A word of the file and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Text<'k> {
    pub(crate) value: &'k str,
    pub(crate) span: Span,
}

/// A node that has been held against its shape.
pub(crate) struct Reader<'k> {
    node: &'k KdlNode,
    shape: &'static Shape,
}

impl<'k> Reader<'k> {
    /// Holds `node` against `shape` and reports what does not fit.
    pub(crate) fn open(node: &'k KdlNode, shape: &'static Shape, problems: &mut Problems) -> Self {
        let reader = Self { node, shape };
        reader.check_entries(problems);
        if shape.name != shape::POLICY.name {
            reader.check_children(problems);
        }
        reader
    }

    /// Where the node's name stands.
    pub(crate) fn span(&self) -> Span {
        self.node.name().span().into()
    }

    pub(crate) const fn example(&self) -> &'static str {
        self.shape.example
    }

    fn check_entries(&self, problems: &mut Problems) {
        let name = self.shape.name;
        if let Some(ty) = self.node.ty() {
            problems.add(
                ty.span().into(),
                format!("`{name}` has a type annotation"),
                "the language has no types; the words say all there is",
                self.shape.example,
            );
        }
        let mut seen: Vec<&str> = Vec::new();
        let mut arguments = 0;
        for entry in self.node.entries() {
            let Some(key) = entry.name() else {
                arguments += 1;
                self.check_argument(entry, arguments, problems);
                continue;
            };
            let key = key.value();
            if !self.shape.properties.contains(&key) {
                problems.add(
                    entry.span().into(),
                    format!("unknown property `{key}` of `{name}`"),
                    "a property that nothing reads would be a sentence that nothing makes true",
                    match self.shape.properties {
                        [] => self.shape.example.to_owned(),
                        known => match nearest(key, known) {
                            Some(near) => format!("`{near}={}`", entry.value()),
                            None => instead_of(key, known),
                        },
                    },
                );
            } else if seen.contains(&key) {
                problems.add(
                    entry.span().into(),
                    format!("`{key}` stands twice in one `{name}`"),
                    "the second value would silently replace the first",
                    format!("one `{key}=…`"),
                );
            }
            seen.push(key);
        }
        if arguments == 0 && matches!(self.shape.arguments, Arguments::One | Arguments::Some) {
            problems.add(
                self.span(),
                format!("`{name}` says nothing about what"),
                format!("words are needed after `{name}`"),
                self.shape.example,
            );
        }
    }

    fn check_argument(&self, entry: &KdlEntry, count: usize, problems: &mut Problems) {
        let name = self.shape.name;
        let too_many = match self.shape.arguments {
            Arguments::None => true,
            Arguments::Optional | Arguments::One => count > 1,
            Arguments::Some => false,
        };
        if too_many {
            let words = entry.value().as_string().unwrap_or("…");
            problems.add(
                entry.span().into(),
                format!("`{words}` is one word too many for `{name}`"),
                match self.shape.arguments {
                    Arguments::None => format!("`{name}` takes properties alone"),
                    Arguments::Optional | Arguments::One | Arguments::Some => {
                        format!("`{name}` takes one word; a text of several words stands in quotes")
                    }
                },
                self.shape.example,
            );
        } else if entry.value().as_string().is_none() {
            problems.add(
                entry.span().into(),
                format!("`{name}` takes words, not {}", kind(entry.value())),
                "a statement names things of the closed lists; lengths and texts stand in quotes",
                match (name, entry.value().as_integer()) {
                    ("keep", Some(count)) => format!(r#"`"{count}d"` for days, `"{count}h"` for hours"#),
                    _ => self.shape.example.to_owned(),
                },
            );
        }
    }

    fn check_children(&self, problems: &mut Problems) {
        let Some(children) = self.node.children() else { return };
        let name = self.shape.name;
        let mut seen: Vec<&str> = Vec::new();
        for child in children.nodes() {
            let word = child.name().value();
            let span = child.name().span().into();
            if !self.shape.children.contains(&word) {
                problems.add(
                    span,
                    format!("`{word}` does not belong inside `{name}`"),
                    format!("a `{name}` is made of a closed list of parts"),
                    match self.shape.children {
                        [] => format!("{} without braces", self.shape.example),
                        known => instead_of(word, known),
                    },
                );
                continue;
            }
            if seen.contains(&word) && !self.shape.repeated.contains(&word) {
                problems.add(
                    span,
                    format!("`{word}` stands twice in one `{name}`"),
                    "two parts of the same kind could contradict each other",
                    format!("one `{word}` with all its words"),
                );
            }
            seen.push(word);
        }
    }

    /// The words after the node's name.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = Text<'k>> + use<'k> {
        let entries = self.node.entries().iter().filter(|entry| entry.name().is_none());
        entries.filter_map(|entry| {
            let span = entry.span().into();
            entry.value().as_string().map(|value| Text { value, span })
        })
    }

    /// The first word after the node's name.
    pub(crate) fn argument(&self) -> Option<Text<'k>> {
        self.arguments().next()
    }

    fn entry(&self, key: &str) -> Option<&'k KdlEntry> {
        let mut entries = self.node.entries().iter();
        entries.find(|entry| entry.name().is_some_and(|name| name.value() == key))
    }

    /// Whether a property stands in the node.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Where a property stands, or else the node's name.
    pub(crate) fn span_of(&self, key: &str) -> Span {
        self.entry(key).map_or(self.span(), |entry| entry.span().into())
    }

    fn wrong_kind(&self, entry: &KdlEntry, wanted: &str, instead: Option<String>, problems: &mut Problems) {
        let key = entry.name().map_or("", |name| name.value());
        problems.add(
            entry.span().into(),
            format!("`{key}` is {}, and must be {wanted}", kind(entry.value())),
            format!("`{}` reads it as {wanted}", self.shape.name),
            instead.unwrap_or_else(|| self.shape.example.to_owned()),
        );
    }

    /// A property whose value is a text.
    pub(crate) fn text(&self, key: &str, problems: &mut Problems) -> Option<Text<'k>> {
        let entry = self.entry(key)?;
        let span = entry.span().into();
        match entry.value().as_string() {
            Some("") => {
                problems.add(
                    span,
                    format!("`{key}` is empty"),
                    "it would say nothing",
                    self.shape.example,
                );
                None
            }
            Some(value) => Some(Text { value, span }),
            None => {
                self.wrong_kind(entry, "a text", None, problems);
                None
            }
        }
    }

    /// A property whose value is `#true` or `#false`.
    pub(crate) fn flag(&self, key: &str, problems: &mut Problems) -> Option<bool> {
        let entry = self.entry(key)?;
        let flag = entry.value().as_bool();
        if flag.is_none() {
            let meant = match entry.value().as_string() {
                Some("yes" | "true" | "on") => Some("#true"),
                Some("no" | "false" | "off") => Some("#false"),
                Some(_) | None => None,
            };
            let example = meant.map(|meant| format!("`{key}={meant}`"));
            self.wrong_kind(entry, "#true or #false", example, problems);
        }
        flag
    }

    /// A property whose value is a whole number from `least` to `most`.
    pub(crate) fn number(&self, key: &str, least: i128, most: i128, problems: &mut Problems) -> Option<i128> {
        let entry = self.entry(key)?;
        let Some(number) = entry.value().as_integer() else {
            self.wrong_kind(entry, "a whole number", None, problems);
            return None;
        };
        if (least..=most).contains(&number) {
            return Some(number);
        }
        problems.add(
            entry.span().into(),
            format!("`{key}={number}` makes no sense"),
            format!("the least that is possible is {least}, the most {most}"),
            format!("`{key}={}`", number.clamp(least, most)),
        );
        None
    }

    /// A property whose value is a length of time, in seconds.
    pub(crate) fn seconds(&self, key: &str, problems: &mut Problems) -> Option<i64> {
        let text = self.text(key, problems)?;
        let seconds = length::parse(text.value);
        let instead = match length::meant(text.value) {
            Some(meant) => format!(r#"`{key}="{meant}"`"#),
            None => format!(r#"`{key}="60s"`, `"90m"`, `"12h"` or `"14d"`"#),
        };
        self.measured(text, seconds, &instead, problems)
    }

    /// A property whose value is whole days.
    pub(crate) fn days(&self, key: &str, problems: &mut Problems) -> Option<u16> {
        let text = self.text(key, problems)?;
        let days = length::parse_days(text.value);
        let instead = match length::meant(text.value) {
            Some(meant) if meant.ends_with('d') => format!(r#"`{key}="{meant}"`"#),
            Some(_) | None => format!(r#"whole days: `{key}="14d"`"#),
        };
        self.measured(text, days, &instead, problems)
    }

    pub(crate) fn measured<T>(
        &self,
        text: Text<'_>,
        measured: Result<T, LengthError>,
        instead: &str,
        problems: &mut Problems,
    ) -> Option<T> {
        match measured {
            Ok(value) => Some(value),
            Err(error) => {
                let what = match error {
                    LengthError::Endless => format!("`{}` has no end", text.value),
                    LengthError::Form | LengthError::Zero => format!("`{}` is not a length of time", text.value),
                };
                problems.add(text.span, what, error.why(), instead);
                None
            }
        }
    }

    /// A property whose value is one word of a closed list.
    pub(crate) fn word<W: Word>(&self, key: &str, problems: &mut Problems) -> Option<W> {
        let text = self.text(key, problems)?;
        find(text, problems)
    }

    /// A property whose value is a text of several words of a closed list.
    pub(crate) fn spaced_words<W: Word>(&self, key: &str, problems: &mut Problems) -> Vec<(W, Span)> {
        let Some(text) = self.text(key, problems) else {
            return Vec::new();
        };
        let texts = text.value.split_whitespace();
        let span = text.span;
        distinct(texts.map(|value| Text { value, span }), problems)
    }

    /// The words after the node's name, of a closed list.
    pub(crate) fn words<W: Word>(&self, problems: &mut Problems) -> Vec<(W, Span)> {
        distinct(self.arguments(), problems)
    }

    /// The parts inside the braces called `name`.
    pub(crate) fn parts(&self, name: &'static str, problems: &mut Problems) -> Vec<Reader<'k>> {
        let (Some(children), Some(shape)) = (self.node.children(), shape::part(name)) else {
            return Vec::new();
        };
        let nodes = children.nodes().iter().filter(|child| child.name().value() == name);
        nodes.map(|node| Reader::open(node, shape, problems)).collect()
    }

    /// The words of the part called `name`; a problem when the part is missing and `needed` says why it may not be.
    pub(crate) fn listed<W: Word>(
        &self,
        name: &'static str,
        needed: Option<&str>,
        problems: &mut Problems,
    ) -> Vec<(W, Span)> {
        let parts = self.parts(name, problems);
        if parts.is_empty() {
            if let Some(why) = needed {
                self.missing(name, why, problems);
            }
            return Vec::new();
        }
        let texts: Vec<Text<'_>> = parts.iter().flat_map(Reader::arguments).collect();
        distinct(texts.into_iter(), problems)
    }

    /// Whether any word stands after the node's name, be it of the right kind or not.
    pub(crate) fn has_argument(&self) -> bool {
        self.node.entries().iter().any(|entry| entry.name().is_none())
    }

    /// Whether the node has a property that is `what`, misspelt; then that is the one mistake to tell.
    fn misspells(&self, what: &str) -> bool {
        let names = self.node.entries().iter().filter_map(|entry| entry.name());
        let mut unknown = names.filter(|name| !self.shape.properties.contains(&name.value()));
        unknown.any(|name| nearest(name.value(), self.shape.properties) == Some(what))
    }

    /// Reports that `what` is missing in this node.
    pub(crate) fn missing(&self, what: &str, why: &str, problems: &mut Problems) {
        if self.misspells(what) {
            return;
        }
        let instead = self.shape.example;
        problems.add(
            self.span(),
            format!("`{}` has no `{what}`", self.shape.name),
            why,
            instead,
        );
    }

    /// The clauses that the node carries.
    pub(crate) fn says(&self, problems: &mut Problems) -> Says {
        let Some(text) = self.text("says", problems) else {
            return Says::new();
        };
        clause::parse(text.value).unwrap_or_else(|why| {
            let what = format!("`{}` names no clauses", text.value);
            problems.add(text.span, what, why, r#"`says="S3.9-10"` or `says="S3.14-15,35"`"#);
            Says::new()
        })
    }
}

/// The word of a closed list that `text` is.
pub(crate) fn find<W: Word>(text: Text<'_>, problems: &mut Problems) -> Option<W> {
    let found = W::find(text.value);
    if found.is_none() {
        let what = format!("unknown {} `{}`", W::NOUN, text.value);
        problems.add(text.span, what, W::WHY, W::instead_of(text.value));
    }
    found
}

fn distinct<'t, W: Word>(texts: impl Iterator<Item = Text<'t>>, problems: &mut Problems) -> Vec<(W, Span)> {
    let mut words: Vec<(W, Span)> = Vec::new();
    for text in texts {
        let Some(word) = find::<W>(text, problems) else {
            continue;
        };
        match words.iter().find(|(known, _)| *known == word) {
            None => words.push((word, text.span)),
            Some((_, first)) => problems.add_pair(Problem {
                what: format!("`{}` stands twice in one list", text.value),
                span: text.span,
                why: "a list is a set; what is said twice is not said more".to_owned(),
                instead: format!("`{}` once", text.value),
                also: (*first != text.span).then(|| (*first, "first here".to_owned())),
            }),
        }
    }
    words
}

fn kind(value: &KdlValue) -> &'static str {
    match value {
        KdlValue::String(_) => "a text",
        KdlValue::Integer(_) => "a number",
        KdlValue::Float(_) => "a broken number",
        KdlValue::Bool(_) => "#true or #false",
        KdlValue::Null => "#null",
    }
}
