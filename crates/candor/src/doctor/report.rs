//! What `doctor` found, for people and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// What a check came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// As it should be.
    Good,
    /// It works, and there is something to know or to better.
    Look,
    /// It does not work, or not safely.
    Bad,
    /// It could not be found out.
    Unknown,
}

impl State {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Look => "look",
            Self::Bad => "BAD",
            Self::Unknown => "unknown",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Look => "look",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Row {
    /// A word or two.
    pub(crate) topic: &'static str,
    pub(crate) state: State,
    /// What was found, and why it matters.
    pub(crate) found: String,
    /// The exact line to paste, or what to do.
    pub(crate) remedy: Option<String>,
}

impl Row {
    pub(crate) fn good(topic: &'static str, found: impl Into<String>) -> Self {
        Self {
            topic,
            state: State::Good,
            found: found.into(),
            remedy: None,
        }
    }

    pub(crate) fn look(topic: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            topic,
            state: State::Look,
            found: found.into(),
            remedy: Some(remedy.into()),
        }
    }

    pub(crate) fn bad(topic: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state: State::Bad,
            ..Self::look(topic, found, remedy)
        }
    }

    pub(crate) fn unknown(topic: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state: State::Unknown,
            ..Self::look(topic, found, remedy)
        }
    }
}

/// Whether nothing is bad.
pub(crate) fn is_well(rows: &[Row]) -> bool {
    rows.iter().all(|row| row.state != State::Bad)
}

/// A table for people; remedies stand below their rows, so that a line can be copied whole.
pub(crate) fn text(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.topic.len()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        let (topic, state) = (row.topic, row.state.word());
        writeln!(text, "{topic:width$}  {state:7}  {}", row.found).expect("a String takes every text");
        for line in row.remedy.iter().flat_map(|remedy| remedy.lines()) {
            writeln!(text, "{:width$}           {line}", "").expect("a String takes every text");
        }
    }
    let count = |state| rows.iter().filter(|row| row.state == state).count();
    let (bad, look, unknown) = (count(State::Bad), count(State::Look), count(State::Unknown));
    let verdict = match bad {
        0 => "nothing is wrong",
        _ => "this installation needs a hand",
    };
    write!(
        text,
        "{verdict}: {} checked, {bad} bad, {look} to look at, {unknown} unknown",
        rows.len()
    )
    .expect("a String takes every text");
    text
}

pub(crate) fn as_json(rows: &[Row]) -> Value {
    let row =
        |row: &Row| json!({"topic": row.topic, "state": row.state.key(), "found": row.found, "remedy": row.remedy});
    json!({"well": is_well(rows), "rows": rows.iter().map(row).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_stands_with_its_remedy_and_what_is_good_without() {
        let rows = [
            Row::good("disk", "8 GiB free"),
            Row::bad("tunnel", "no device", "sudo modprobe tun"),
        ];
        let text = text(&rows);
        assert!(
            text.contains("tunnel  BAD      no device\n                 sudo modprobe tun\n"),
            "{text}"
        );
        assert!(text.ends_with("2 checked, 1 bad, 0 to look at, 0 unknown"), "{text}");
        assert!(!is_well(&rows) && is_well(&rows[..1]));
        assert_eq!(as_json(&rows)["rows"][1]["remedy"], "sudo modprobe tun");
    }
}
