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
    /// This user may not look there; it holds of a twin.
    OfTwin,
    /// It could not be checked, and why is in the detail.
    NotChecked,
}

impl Verdict {
    const fn mark(self) -> &'static str {
        match self {
            Self::Holds => "holds      ",
            Self::Broken => "BROKEN     ",
            Self::Allowed => "as declared",
            Self::OfTwin => "of its twin",
            Self::NotChecked => "not checked",
        }
    }

    fn of(key: &str) -> Option<Self> {
        let all = [Self::Holds, Self::Broken, Self::Allowed, Self::OfTwin, Self::NotChecked];
        all.into_iter().find(|verdict| verdict.key() == key)
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Broken => "broken",
            Self::Allowed => "as-declared",
            Self::OfTwin => "of-its-twin",
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

    /// What could not be checked of the running instance is taken from its twin's report; what is broken there is broken.
    pub(crate) fn complete(&mut self, twin: Self) {
        let (count, mut taken) = (twin.checks.len(), 0);
        for theirs in twin.checks {
            let ours = self.checks.iter_mut().find(|check| check.says == theirs.says);
            match (theirs.holds, ours) {
                (Verdict::Broken, _) => {
                    self.add(format!("of its twin: {}", theirs.says), Verdict::Broken, theirs.detail)
                }
                (Verdict::Holds | Verdict::Allowed, Some(ours)) if ours.holds == Verdict::NotChecked => {
                    taken += 1;
                    ours.holds = Verdict::OfTwin;
                    ours.detail = theirs.detail;
                }
                (Verdict::Holds | Verdict::Allowed | Verdict::OfTwin | Verdict::NotChecked, _) => {}
            }
        }
        self.add(
            "a twin was proved as well: this program, this policy, this way of the VPN, in namespaces of its own",
            Verdict::Holds,
            vec![format!(
                "{count} checks; {taken} of them stand above for what this user may not look at in the running instance \
                 (with root nothing is taken from a twin: sudo candor prove)"
            )],
        );
    }

    /// What [`Report::json`] wrote.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        let check = |value: &Value| {
            let detail = value["detail"].as_array()?.iter();
            Some(Check {
                says: value["says"].as_str()?.to_owned(),
                holds: Verdict::of(value["verdict"].as_str()?)?,
                detail: detail.filter_map(|line| Some(line.as_str()?.to_owned())).collect(),
            })
        };
        let checks: Option<Vec<Check>> = value["checks"].as_array()?.iter().map(check).collect();
        Some(Self { checks: checks? })
    }

    /// Whether all holds. What could not be checked does not count as holding where it is needed.
    pub(crate) fn all_holds(&self) -> bool {
        self.checks
            .iter()
            .all(|check| matches!(check.holds, Verdict::Holds | Verdict::Allowed | Verdict::OfTwin))
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
    fn a_twin_stands_for_what_could_not_be_checked_and_for_nothing_else() {
        let report = |first, second| {
            let mut report = Report::default();
            report.add("memory", first, Vec::new());
            report.add("files", second, Vec::new());
            report
        };
        use Verdict::{Broken, Holds, NotChecked, OfTwin};
        let after = |ours: Report, twin: Report| {
            let mut ours = ours;
            ours.complete(Report::of(&twin.json()).unwrap());
            (
                ours.all_holds(),
                ours.checks.iter().map(|check| check.holds).collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            after(report(NotChecked, Holds), report(Holds, Holds)),
            (true, vec![OfTwin, Holds, Holds])
        );
        assert_eq!(
            after(report(NotChecked, Broken), report(NotChecked, Holds)),
            (false, vec![NotChecked, Broken, Holds])
        );
        let (holds, verdicts) = after(report(Holds, Holds), report(Holds, Broken));
        assert!(!holds && verdicts[..3] == [Holds, Holds, Broken], "{verdicts:?}");
    }

    #[test]
    fn a_place_that_could_not_be_searched_is_not_counted_as_empty() {
        let mut report = Report::default();
        report.search(searched(Vec::new(), Some("no rights".into())), Class::Traffic, None);
        assert!(!report.all_holds());
        assert!(report.text().contains("not checked"));
    }
}
