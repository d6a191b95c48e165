//! Whether the machine's clock is to be believed. What time ends is deleted for good, so a clock that was set far ahead
//! must not end everything at once.
//!
//! A look compares the clock with one that only goes forward, sleep included. What a run believed last is noted in a file
//! beside the databases, so that a start under a wrong clock is noticed as well. Nothing in it is about anybody.

use std::path::{Path, PathBuf};
use std::time::Duration;

use plan::{Clock as _, Timestamp};

use crate::serve::SystemClock;
use crate::uptime;

/// The file in the data folder. Whoever removes it says that the clock is right.
pub(crate) const FILE: &str = "clock";
/// The first line of the file; another version has another.
const HEAD: &str = "candor clock 1";
/// A clock that goes on is not further off than this. Clocks that are kept in step differ by less; guess.
const JUMP_SECONDS: i64 = 3_600;
/// For how long the program may not have run for its clock to be believed at once: a fortnight's holiday costs a day. Guess.
const AWAY_SECONDS: i64 = 7 * 86_400;
/// A clock that went on for so long without a jump is believed. Guess.
const STEADY_SECONDS: i64 = 86_400;

/// One look at both clocks, in seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Look {
    /// By the machine's clock, since 1970.
    wall: i64,
    /// By the one that is never set.
    steady: i64,
}

impl Look {
    fn now() -> Self {
        let steady = sys::time::since_boot().unwrap_or(Duration::ZERO);
        Self {
            wall: seconds(SystemClock.now()),
            steady: i64::try_from(steady.as_secs()).unwrap_or(i64::MAX),
        }
    }
}

fn seconds(instant: Timestamp) -> i64 {
    instant.microseconds().div_euclid(1_000_000)
}

/// A clock as it would go on without being set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Line {
    from: Look,
    /// How far off it may be: more when an earlier run left it, because nobody knows for how long nothing ran.
    slack_seconds: i64,
}

impl Line {
    const fn of_this_run(from: Look) -> Self {
        Self {
            from,
            slack_seconds: JUMP_SECONDS,
        }
    }

    const fn of_an_earlier_run(wall: i64, now: Look) -> Self {
        Self {
            from: Look {
                wall,
                steady: now.steady,
            },
            slack_seconds: AWAY_SECONDS,
        }
    }

    const fn ahead(&self, now: Look) -> i64 {
        (now.wall - self.from.wall) - (now.steady - self.from.steady)
    }

    const fn goes_on(&self, now: Look) -> bool {
        self.ahead(now).unsigned_abs() <= self.slack_seconds.unsigned_abs()
    }
}

/// What is believed of the clock.
pub(crate) struct Belief {
    file: PathBuf,
    believed: Line,
    /// A clock that says something else, and since when by itself.
    doubted: Option<(Line, i64)>,
}

impl Belief {
    /// Takes up what an earlier run left; without a file the clock is believed.
    pub(crate) fn resume(folder: &Path) -> Self {
        Self::resume_at(folder, Look::now())
    }

    fn resume_at(folder: &Path, now: Look) -> Self {
        let file = folder.join(FILE);
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let mut lines = text.lines();
        let is_ours = lines.next() == Some(HEAD);
        let mut numbers = lines.map_while(|line| line.parse::<i64>().ok()).filter(|_| is_ours);
        let believed = numbers.next();
        Self {
            file,
            believed: believed.map_or(Line::of_this_run(now), |wall| Line::of_an_earlier_run(wall, now)),
            doubted: numbers.next().map(|since| (Line::of_an_earlier_run(since, now), since)),
        }
    }

    /// Looks at the clock. Gives by how many seconds it is ahead of what is believed, as long as it is not to be believed:
    /// nothing may be deleted by it.
    pub(crate) fn look(&mut self) -> Option<i64> {
        let ahead = self.look_at(Look::now());
        let doubted = self.doubted.map_or_else(String::new, |(_, since)| format!("{since}\n"));
        // A folder that cannot be written to is what the store complains of.
        let _unwritten = uptime::write(&self.file, &format!("{HEAD}\n{}\n{doubted}", self.believed.from.wall));
        ahead
    }

    fn look_at(&mut self, now: Look) -> Option<i64> {
        if self.believed.goes_on(now) || !self.file.exists() {
            self.believe(now);
            return None;
        }
        let since = match self.doubted {
            Some((line, since)) if line.goes_on(now) => since,
            Some(_) | None => now.wall,
        };
        self.doubted = Some((Line::of_this_run(now), since));
        let ahead = self.believed.ahead(now);
        if now.wall - since >= STEADY_SECONDS {
            self.believe(now);
            return None;
        }
        // One that was set back ends what is kept later, never sooner.
        (ahead > 0).then_some(ahead)
    }

    const fn believe(&mut self, now: Look) {
        self.believed = Line::of_this_run(now);
        self.doubted = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;
    const YEARS: i64 = 3_653 * DAY;

    /// A machine whose clock a test sets.
    struct Machine {
        folder: tempfile::TempDir,
        belief: Belief,
        now: Look,
    }

    impl Machine {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let now = Look {
                wall: 1_795_348_800,
                steady: 1_000,
            };
            let belief = Belief::resume_at(folder.path(), now);
            let mut machine = Self { folder, belief, now };
            assert_eq!(machine.look(), None, "the first start believes its clock");
            machine
        }

        /// As [`Belief::look`], which looks at the real clock.
        fn look(&mut self) -> Option<i64> {
            let ahead = self.belief.look_at(self.now);
            let doubted = self
                .belief
                .doubted
                .map_or_else(String::new, |(_, since)| format!("{since}\n"));
            let text = format!("{HEAD}\n{}\n{doubted}", self.belief.believed.from.wall);
            std::fs::write(&self.belief.file, text).unwrap();
            ahead
        }

        fn passes(&mut self, seconds: i64) -> Option<i64> {
            self.now.wall += seconds;
            self.now.steady += seconds;
            self.look()
        }

        fn is_set(&mut self, seconds: i64) -> Option<i64> {
            self.now.wall += seconds;
            self.look()
        }

        fn restarts_after(&mut self, seconds: i64) -> Option<i64> {
            self.now.wall += seconds;
            self.now.steady = 5;
            self.belief = Belief::resume_at(self.folder.path(), self.now);
            self.look()
        }
    }

    #[test]
    fn a_clock_that_jumped_is_believed_after_a_steady_day() {
        let mut machine = Machine::new();
        assert_eq!(machine.passes(DAY), None);
        assert_eq!(machine.is_set(YEARS), Some(YEARS));
        assert_eq!(machine.passes(DAY - 1), Some(YEARS));
        assert_eq!(machine.passes(1), None);
        assert_eq!(machine.passes(600), None);
    }

    #[test]
    fn a_second_jump_begins_the_day_anew() {
        let mut machine = Machine::new();
        machine.is_set(YEARS);
        machine.passes(DAY - 1);
        assert_eq!(machine.is_set(YEARS), Some(2 * YEARS));
        assert_eq!(machine.passes(DAY - 1), Some(2 * YEARS));
        assert_eq!(machine.passes(1), None);
    }

    #[test]
    fn a_clock_that_returns_is_believed_at_once() {
        let mut machine = Machine::new();
        assert_eq!(machine.is_set(YEARS), Some(YEARS));
        machine.passes(600);
        assert_eq!(machine.is_set(-YEARS), None);
        assert_eq!(machine.is_set(-YEARS), None, "behind, what is kept ends later");
        machine.passes(600);
        assert_eq!(machine.is_set(YEARS), None, "and it was right before");
    }

    #[test]
    fn an_hour_is_no_jump_and_sleep_is_none() {
        let mut machine = Machine::new();
        assert_eq!(machine.is_set(JUMP_SECONDS), None);
        assert_eq!(machine.is_set(JUMP_SECONDS + 1), Some(JUMP_SECONDS + 1));
        let mut machine = Machine::new();
        assert_eq!(machine.passes(30 * DAY), None, "both clocks count what was slept");
    }

    #[test]
    fn a_start_far_ahead_of_what_was_believed_waits_for_a_day_and_restarts_do_not_prolong_it() {
        let mut machine = Machine::new();
        assert_eq!(machine.restarts_after(AWAY_SECONDS), None);
        assert_eq!(machine.restarts_after(YEARS), Some(YEARS));
        assert_eq!(machine.passes(DAY / 2), Some(YEARS));
        assert!(machine.restarts_after(600).is_some());
        assert!(machine.passes(DAY / 2 - 601).is_some());
        assert_eq!(machine.passes(1), None);
        assert_eq!(machine.restarts_after(600), None);
    }

    #[test]
    fn whoever_removes_the_file_says_that_the_clock_is_right() {
        let mut machine = Machine::new();
        assert_eq!(machine.is_set(YEARS), Some(YEARS));
        std::fs::remove_file(machine.folder.path().join(FILE)).unwrap();
        assert_eq!(machine.passes(600), None);
    }

    #[test]
    fn a_damaged_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "candor clock 9\n1\n2\n").unwrap();
        let mut belief = Belief::resume(folder.path());
        assert_eq!(belief.look(), None);
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(text.starts_with(HEAD), "{text}");
    }
}
