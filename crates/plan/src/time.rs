//! Instants and days, and the clock as an argument.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

const MICROSECONDS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Later than every instant: the expiry of what ends with its account.
    pub const NEVER: Self = Self(i64::MAX);

    /// From microseconds since the epoch.
    pub const fn from_microseconds(microseconds: i64) -> Self {
        Self(microseconds)
    }
    /// Microseconds since the epoch.
    pub const fn microseconds(self) -> i64 {
        self.0
    }
    /// This instant moved on by `seconds`; stays at the last instant instead of overflowing.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(MICROSECONDS_PER_SECOND)))
    }
    /// The day, in UTC, that holds this instant.
    pub const fn day(self) -> Day {
        Day(self.0.div_euclid(SECONDS_PER_DAY * MICROSECONDS_PER_SECOND) as i32)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.0.div_euclid(MICROSECONDS_PER_SECOND).rem_euclid(SECONDS_PER_DAY);
        write!(f, "{} {:02}:{:02} UTC", self.day(), second / 3600, second / 60 % 60)
    }
}

/// A calendar day in UTC: days since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Day(i32);

impl Day {
    /// From days since the epoch.
    pub const fn from_number(number: i32) -> Self {
        Self(number)
    }
    /// Days since the epoch.
    pub const fn number(self) -> i32 {
        self.0
    }
    /// The first instant of the day.
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0 as i64 * SECONDS_PER_DAY * MICROSECONDS_PER_SECOND)
    }
    /// The day `days` later (or earlier, when negative).
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }
    pub(crate) fn from_cell_number(number: i64) -> Option<Self> {
        i32::try_from(number).ok().map(Self)
    }
    /// Year, month (1–12) and day of the month (1–31) of the proleptic Gregorian calendar.
    ///
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    pub const fn civil(self) -> (i64, u8, u8) {
        let shifted = self.0 as i64 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_index = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_index + 2) / 5 + 1;
        let month = if month_index < 10 {
            month_index + 3
        } else {
            month_index - 9
        };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month as u8, day as u8)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// Where the present instant comes from. The binary has the one real clock; tests move a [`ManualClock`].
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// A clock that moves only when it is told to.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `start`.
    pub const fn new(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.0))
    }
    /// Moves the clock on by `seconds`.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * MICROSECONDS_PER_SECOND, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_prints_as_a_calendar_date() {
        assert_eq!(Day::from_number(0).to_string(), "1970-01-01");
        assert_eq!(Day::from_number(11_016).to_string(), "2000-02-29");
        assert_eq!(Day::from_number(20_779).to_string(), "2026-11-22");
        assert_eq!(Day::from_number(-1).to_string(), "1969-12-31");
    }

    #[test]
    fn an_instant_before_the_epoch_belongs_to_the_day_before() {
        assert_eq!(Timestamp::from_microseconds(-1).day(), Day::from_number(-1));
    }

    #[test]
    fn adding_seconds_stops_at_the_last_instant() {
        assert_eq!(Timestamp::NEVER.plus_seconds(1), Timestamp::NEVER);
    }
}
