//! How long each part worked, day by day: the status page's history.
//!
//! It is made of days and seconds and says nothing about anybody. It lies in a file of its own, because the store is one
//! of the parts that it tells of. What was not watched is not known, and is shown as that.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use plan::{Day, Timestamp};

/// Days that are kept and shown.
pub(crate) const DAYS: i32 = 90;
const DAY_SECONDS: u32 = 86_400;
/// The first line of the file; another version has another.
const HEAD: &str = "candor uptime 1";

/// What was seen of the parts in one look. A part that this instance does not have is `None`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Whether devices can connect.
    pub tunnel: Option<bool>,
    /// Whether the database answers.
    pub store: bool,
}

/// Seconds of one day.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Seconds {
    /// The program ran and looked.
    pub(crate) watched: u32,
    /// The program did not run, between two times at which it did.
    pub(crate) stopped: u32,
    /// It ran, and no device could connect.
    pub(crate) tunnel_down: u32,
    /// It ran, and the database did not answer.
    pub(crate) store_down: u32,
}

impl Seconds {
    /// Of how much of the day anything is known.
    pub(crate) fn known(self) -> u32 {
        self.watched.saturating_add(self.stopped)
    }

    /// Seconds in which some part did not work, as far as known; two parts at once count once.
    pub(crate) fn down(self) -> u32 {
        self.stopped.saturating_add(self.tunnel_down.max(self.store_down))
    }

    fn room(self) -> u32 {
        DAY_SECONDS.saturating_sub(self.known())
    }
}

#[derive(Clone, PartialEq, Eq, Default, Debug)]
struct History {
    days: BTreeMap<Day, Seconds>,
    /// When the program last looked.
    last: Option<Timestamp>,
}

/// The history of an instance. One task writes it, pages read it.
pub struct Uptime {
    history: Mutex<History>,
}

impl Uptime {
    /// Takes up what an earlier run wrote (`text`, empty at the first start). The time between the two is time in which
    /// the program did not run; when the clock went back or leapt by more than is shown, nothing is known about it.
    #[must_use]
    pub fn resume(text: &str, now: Timestamp) -> Self {
        let mut history = History::parse(text);
        history.begin(now);
        Self {
            history: Mutex::new(history),
        }
    }

    /// Adds what was seen during the last `seconds`, by a clock that is never set.
    pub fn observe(&self, now: Timestamp, seconds: u32, seen: Seen) {
        self.locked().observe(now, seconds, seen);
    }

    /// What a later run resumes from.
    #[must_use]
    pub fn text(&self) -> String {
        self.locked().text()
    }

    /// The last days with today at the end; `None` for a day about which nothing is known.
    pub(crate) fn days(&self, today: Day) -> Vec<(Day, Option<Seconds>)> {
        let history = self.locked();
        let days = (1 - DAYS..=0).map(|offset| today.plus(offset));
        days.map(|day| {
            (
                day,
                history.days.get(&day).copied().filter(|seconds| seconds.known() > 0),
            )
        })
        .collect()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl History {
    /// Lines that are not understood are left out: a damaged history must not keep the program from starting.
    fn parse(text: &str) -> Self {
        let mut history = Self::default();
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) {
            return history;
        }
        for line in lines {
            let numbers: Option<Vec<i64>> = line.split(' ').map(|word| word.parse().ok()).collect();
            match numbers.as_deref() {
                Some([last]) => history.last = Some(Timestamp::from_microseconds(last.saturating_mul(1_000_000))),
                Some(&[day, watched, stopped, tunnel_down, store_down]) => {
                    let within = |seconds: i64| u32::try_from(seconds).ok().filter(|seconds| *seconds <= DAY_SECONDS);
                    let seconds = (
                        within(watched),
                        within(stopped),
                        within(tunnel_down),
                        within(store_down),
                    );
                    if let (Ok(day), (Some(watched), Some(stopped), Some(tunnel_down), Some(store_down))) =
                        (i32::try_from(day), seconds)
                    {
                        let seconds = Seconds {
                            watched,
                            stopped: stopped.min(DAY_SECONDS - watched),
                            tunnel_down,
                            store_down,
                        };
                        history.days.insert(Day::from_number(day), seconds);
                    }
                }
                Some(_) | None => {}
            }
        }
        history
    }

    fn text(&self) -> String {
        let mut text = format!("{HEAD}\n");
        let seconds = |time: Timestamp| time.microseconds().div_euclid(1_000_000);
        // A `String` takes everything.
        if let Some(last) = self.last {
            let _written = writeln!(text, "{}", seconds(last));
        }
        for (day, of) in &self.days {
            let _written = writeln!(
                text,
                "{} {} {} {} {}",
                day.number(),
                of.watched,
                of.stopped,
                of.tunnel_down,
                of.store_down
            );
        }
        text
    }

    fn begin(&mut self, now: Timestamp) {
        if let Some(last) = self.last {
            let shown = i64::from(DAYS) * i64::from(DAY_SECONDS) * 1_000_000;
            let gap = now.microseconds() - last.microseconds();
            if (1..=shown).contains(&gap) {
                self.add_stopped(last, now);
            }
        }
        self.tidy(now);
    }

    fn add_stopped(&mut self, from: Timestamp, to: Timestamp) {
        let mut at = from;
        while at < to {
            let end = at.day().plus(1).start().min(to);
            let seconds = u32::try_from((end.microseconds() - at.microseconds()) / 1_000_000).unwrap_or(0);
            let day = self.days.entry(at.day()).or_default();
            day.stopped += seconds.min(day.room());
            at = end;
        }
    }

    fn observe(&mut self, now: Timestamp, seconds: u32, seen: Seen) {
        let day = self.days.entry(now.day()).or_default();
        // A clock that is set back makes a day longer than it is.
        let seconds = seconds.min(day.room());
        day.watched += seconds;
        if seen.tunnel == Some(false) {
            day.tunnel_down += seconds;
        }
        if !seen.store {
            day.store_down += seconds;
        }
        self.tidy(now);
    }

    /// What is too old goes, and what a clock that ran ahead has written of days to come.
    fn tidy(&mut self, now: Timestamp) {
        let today = now.day();
        let first = today.plus(1 - DAYS);
        self.days.retain(|day, _| (first..=today).contains(day));
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKS: Seen = Seen {
        tunnel: Some(true),
        store: true,
    };

    fn noon() -> Timestamp {
        Day::from_number(20_779).start().plus_seconds(43_200)
    }

    fn today(uptime: &Uptime, now: Timestamp) -> Seconds {
        uptime.days(now.day()).last().unwrap().1.unwrap_or_default()
    }

    #[test]
    fn what_was_seen_survives_a_restart_and_the_time_between_is_an_outage() {
        let uptime = Uptime::resume("", noon());
        assert!(
            uptime.days(noon().day()).iter().all(|(_, seconds)| seconds.is_none()),
            "nothing is known yet"
        );
        uptime.observe(noon().plus_seconds(60), 60, WORKS);
        let down = Seen {
            tunnel: Some(false),
            store: true,
        };
        uptime.observe(noon().plus_seconds(120), 60, down);
        let later = noon().plus_seconds(120 + 30);
        let again = Uptime::resume(&uptime.text(), later);
        let expected = Seconds {
            watched: 120,
            stopped: 30,
            tunnel_down: 60,
            store_down: 0,
        };
        assert_eq!(today(&again, later), expected);
        assert_eq!((expected.known(), expected.down()), (150, 90));
    }

    #[test]
    fn a_stop_over_midnight_belongs_to_both_days() {
        let uptime = Uptime::resume("", noon());
        uptime.observe(noon(), 60, WORKS);
        let later = noon().plus_seconds(43_200 + 86_400 + 10);
        let days = Uptime::resume(&uptime.text(), later).days(later.day());
        let stopped: Vec<u32> = days.iter().rev().take(3).map(|(_, of)| of.unwrap().stopped).collect();
        assert_eq!(stopped, [10, 86_400, 43_200]);
    }

    #[test]
    fn a_clock_that_goes_back_adds_nothing_and_days_to_come_are_forgotten() {
        let uptime = Uptime::resume("", noon());
        uptime.observe(noon(), 60, WORKS);
        let before = noon().plus_seconds(-10 * 86_400);
        let back = Uptime::resume(&uptime.text(), before);
        assert!(back.days(before.day()).iter().all(|(_, seconds)| seconds.is_none()));
        back.observe(before.plus_seconds(60), 60, WORKS);
        assert_eq!(today(&back, before).watched, 60);
        assert_eq!(
            Uptime::resume(&back.text(), before)
                .days(noon().day())
                .last()
                .unwrap()
                .1,
            None
        );
    }

    #[test]
    fn a_leap_beyond_what_is_shown_is_not_taken_for_an_outage() {
        let uptime = Uptime::resume("", noon().plus_seconds(-91 * 86_400));
        let days = Uptime::resume(&uptime.text(), noon()).days(noon().day());
        assert!(days.iter().all(|(_, seconds)| seconds.is_none()));
    }

    #[test]
    fn a_day_has_no_more_than_its_seconds() {
        let uptime = Uptime::resume("", noon());
        for _ in 0..3 {
            uptime.observe(noon(), 50_000, WORKS);
        }
        assert_eq!(today(&uptime, noon()).watched, 86_400);
    }

    #[test]
    fn only_the_shown_days_are_kept() {
        let uptime = Uptime::resume("", noon());
        for day in 0..200 {
            uptime.observe(noon().plus_seconds(day * 86_400), 60, WORKS);
        }
        assert_eq!(uptime.text().lines().count(), 2 + DAYS as usize);
    }

    #[test]
    fn a_damaged_file_is_read_as_far_as_it_makes_sense() {
        for text in [
            "",
            "rubbish",
            "candor uptime 2\n20779 1 1 1 1",
            "candor uptime 1\n\u{0}\n20779 -1 0 0 0\n20779 1",
        ] {
            let uptime = Uptime::resume(text, noon());
            assert_eq!(today(&uptime, noon()).watched, 0, "{text}");
        }
        let half = Uptime::resume(
            "candor uptime 1\nx\n20779 7 0 0 0\n99999999999999999999 1 1 1 1",
            noon(),
        );
        assert_eq!(today(&half, noon()).watched, 7);
        let long = Uptime::resume("candor uptime 1\n20779 86000 86000 0 0", noon());
        assert_eq!(today(&long, noon()).known(), 86_400);
    }
}
