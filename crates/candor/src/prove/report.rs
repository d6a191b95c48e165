//! What `prove` found, for people and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::canary::Class;
use super::places::{Finding, Searched};

/// One thing that was checked.
pub(crate) struct Check {
    /// What holds when it is well.
    pub(crate) says: String,
    /// Whether it holds.
    pub(crate) holds: Verdict,
    /// What was looked at or found.
    pub(crate) detail: Vec<String>,
}

/// What a check came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It holds.
    Holds,
    /// It does not hold.
    Broken,
    /// It is as the policy and SECURITY.md say, and worth knowing.
    Allowed,
    /// It could not be checked, and why is in the detail.
    NotChecked,
}

impl Verdict {
    const fn mark(self) -> &'static str {
        match self {
            Self::Holds => "holds      ",
            Self::Broken => "BROKEN     ",
            Self::Allowed => "as declared",
            Self::NotChecked => "not checked",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Broken => "broken",
            Self::Allowed => "as-declared",
            Self::NotChecked => "not-checked",
        }
    }
}

/// Everything that was checked.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) checks: Vec<Check>,
}

impl Report {
    pub(crate) fn add(&mut self, says: impl Into<String>, holds: Verdict, detail: Vec<String>) {
        self.checks.push(Check {
            says: says.into(),
            holds,
            detail,
        });
    }

    /// A place that must hold none of the canaries. `allowed` explains findings that the policy or the documents name.
    pub(crate) fn search(&mut self, searched: Searched, class: Class, allowed: Option<&str>) {
        let Searched {
            place,
            extent,
            found,
            not_searched,
        } = searched;
        let what = match class {
            Class::Traffic => "nothing of the traffic",
            Class::Account => "nothing of the account in clear",
        };
        let verdict = match (&found[..], &not_searched, allowed) {
            ([], None, _) => Verdict::Holds,
            ([], Some(_), _) => Verdict::NotChecked,
            (_, _, Some(_)) => Verdict::Allowed,
            (_, _, None) => Verdict::Broken,
        };
        let mut detail = vec![extent];
        detail.extend(found.iter().map(finding));
        if !found.is_empty() {
            detail.extend(allowed.map(str::to_owned));
        }
        detail.extend(not_searched.map(|why| format!("not searched: {why}")));
        self.add(format!("{place}: {what}"), verdict, detail);
    }

    /// Whether all holds. What could not be checked does not count as holding where it is needed.
    pub(crate) fn all_holds(&self) -> bool {
        self.checks
            .iter()
            .all(|check| matches!(check.holds, Verdict::Holds | Verdict::Allowed))
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for check in &self.checks {
            push(&mut text, format_args!("{}  {}\n", check.holds.mark(), check.says));
            for line in &check.detail {
                push(&mut text, format_args!("             {line}\n"));
            }
        }
        let broken = self
            .checks
            .iter()
            .filter(|check| check.holds == Verdict::Broken)
            .count();
        let unchecked = self
            .checks
            .iter()
            .filter(|check| check.holds == Verdict::NotChecked)
            .count();
        let end = match (broken, unchecked) {
            (0, 0) => "All of it holds.".to_owned(),
            (0, unchecked) => {
                format!("Nothing is broken, but {unchecked} could not be checked; the reasons are above.")
            }
            (broken, _) => format!("{broken} of {} do not hold.", self.checks.len()),
        };
        push(
            &mut text,
            format_args!(
                "\n{end}\nNot provable from here: that this machine runs only this program, that nobody taps the wire outside it,\nand what somebody with root does to a running process."
            ),
        );
        text
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let checks: Vec<Value> = self
            .checks
            .iter()
            .map(|check| json!({ "says": check.says, "verdict": check.holds.key(), "detail": check.detail }))
            .collect();
        json!({ "version": env!("CARGO_PKG_VERSION"), "holds": self.all_holds(), "checks": checks })
    }
}

fn finding(finding: &Finding) -> String {
    format!("found {} ({}) in {}", finding.canary, finding.form, finding.at)
}

fn push(text: &mut String, words: std::fmt::Arguments<'_>) {
    text.write_fmt(words).expect("a String takes every text");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(found: Vec<Finding>, not_searched: Option<String>) -> Searched {
        Searched {
            place: "files".into(),
            extent: "1 files".into(),
            found,
            not_searched,
        }
    }

    fn leak() -> Finding {
        Finding {
            canary: "destination",
            form: "raw",
            at: "a file".into(),
        }
    }

    #[test]
    fn a_finding_breaks_the_proof_unless_it_is_declared() {
        let mut report = Report::default();
        report.search(searched(Vec::new(), None), Class::Traffic, None);
        assert!(report.all_holds());
        report.search(searched(vec![leak()], None), Class::Traffic, Some("the kernel's table"));
        assert!(report.all_holds());
        report.search(searched(vec![leak()], None), Class::Traffic, None);
        assert!(!report.all_holds());
    }

    #[test]
    fn a_place_that_could_not_be_searched_is_not_counted_as_empty() {
        let mut report = Report::default();
        report.search(searched(Vec::new(), Some("no rights".into())), Class::Traffic, None);
        assert!(!report.all_holds());
        assert!(report.text().contains("not checked"));
    }
}
