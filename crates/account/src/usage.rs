//! Usage: two counters for each account and day, and nothing finer.

use std::collections::BTreeMap;

use plan::act::Keep;
use plan::field::{UsageBytes, UsageDay};
use plan::purpose::NetworkOps;
use plan::{Day, MemberId, Permit, Personal, Timestamp};
use store::{Op, Run, Select, Store, StoreError};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::statements::{ADD_USAGE, Bytes, DayArg, USAGE_OF, USAGE_SUM, USAGE_TOTALS, USAGE_TOTALS_OF};
use crate::tables::Usage;

/// What a member may use. Configured by the operator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tariff {
    /// Its name.
    pub name: String,
    /// Bytes up and down together in a calendar month (UTC); `None`: no limit.
    pub quota_bytes: Option<u64>,
    /// Devices at most.
    pub devices: u32,
    /// Days that a membership of this tariff lasts; `None`: until it is ended.
    pub days: Option<u32>,
}

/// The most that one report adds to a counter, in bytes: 400 Gb/s for ten seconds, the pause between two, and as much
/// again for late ones. A worker that was taken over may say anything, and a sum beyond what the database can hold would
/// be refused together with everybody else's.
const REPORT_BYTES: u64 = 1_000_000_000_000;

/// How long a sum over everybody stands: the VPN reports as often.
const SUM_STANDS_SECONDS: i64 = 10;

/// What one account moved since the last flush.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UsageDelta {
    /// Whose.
    pub member: MemberId,
    /// Bytes from the member's devices.
    pub up: u64,
    /// Bytes to the member's devices.
    pub down: u64,
}

/// Counts that are not all written down, or that were and whose consequences were not drawn.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{why}")]
pub struct Unrecorded {
    /// What is not written down: these alone are to be handed in again.
    pub again: Vec<UsageDelta>,
    /// What failed.
    pub why: StoreError,
}

/// What one account moved on one day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayUsage {
    /// The day, in UTC.
    pub day: Day,
    /// Bytes from the member's devices.
    pub up: u64,
    /// Bytes to the member's devices.
    pub down: u64,
}

pub(crate) struct UsageBook {
    add: Run<(MemberId, DayArg, Bytes, Bytes, Timestamp)>,
    of: Select<(MemberId, Day, Timestamp), Usage>,
    totals: Select<(Day, Timestamp), (MemberId, i64)>,
    totals_of: Select<(MemberId, MemberId, Day, Timestamp), (MemberId, i64)>,
    sum: Select<(Day, Timestamp), i64>,
    /// The last sum over everybody: since which day, and when it was asked for.
    last_sum: Mutex<Option<(Day, Timestamp, u64)>>,
    keep_day: Permit<UsageDay, Keep>,
    keep_bytes: Permit<UsageBytes, Keep>,
    use_day: Permit<UsageDay, NetworkOps>,
    use_bytes: Permit<UsageBytes, NetworkOps>,
}

impl UsageBook {
    /// `None` when the policy declares no usage.
    pub(crate) fn of(store: &Store) -> Option<Self> {
        Some(Self {
            add: store.run(&ADD_USAGE)?,
            of: store.select(&USAGE_OF)?,
            totals: store.select(&USAGE_TOTALS)?,
            totals_of: store.select(&USAGE_TOTALS_OF)?,
            sum: store.select(&USAGE_SUM)?,
            last_sum: Mutex::default(),
            keep_day: store.plan().permit().ok()?,
            keep_bytes: store.plan().permit().ok()?,
            use_day: store.plan().permit().ok()?,
            use_bytes: store.plan().permit().ok()?,
        })
    }

    /// The change that adds what an account moved to its day.
    pub(crate) fn add(&self, store: &Store, delta: UsageDelta) -> Op {
        let bytes = |count: u64| {
            (
                self.keep_bytes,
                Personal::<UsageBytes>::new(i64::try_from(count.min(REPORT_BYTES)).unwrap_or(i64::MAX)),
            )
        };
        let day = (self.keep_day, Personal::new(store.now().day()));
        self.add.with((
            delta.member,
            day,
            bytes(delta.up),
            bytes(delta.down),
            store.expiry::<Usage>(),
        ))
    }

    pub(crate) async fn of_member(
        &self,
        store: &Store,
        member: MemberId,
        from: Day,
    ) -> Result<Vec<DayUsage>, StoreError> {
        let rows = store.read_rows(&self.of, (member, from, store.now())).await?;
        Ok(rows.iter().map(|row| self.open(row)).collect())
    }

    /// Bytes up and down together of every account since a day.
    pub(crate) async fn totals_since(&self, store: &Store, from: Day) -> Result<BTreeMap<MemberId, u64>, StoreError> {
        let totals = store.read(&self.totals, (from, store.now())).await?;
        Ok(as_counts(totals))
    }

    /// As [`Self::totals_since`], of the accounts whose ids lie from the first to the last of these.
    pub(crate) async fn totals_between(
        &self,
        store: &Store,
        (first, last): (MemberId, MemberId),
        from: Day,
    ) -> Result<BTreeMap<MemberId, u64>, StoreError> {
        let totals = store.read(&self.totals_of, (first, last, from, store.now())).await?;
        Ok(as_counts(totals))
    }

    /// Bytes up and down together of everybody since a day. Every row is added up for it, so it stands for as long as counts
    /// take to arrive, and whoever asks meanwhile waits for the same answer.
    pub(crate) async fn sum_since(&self, store: &Store, from: Day) -> Result<u64, StoreError> {
        let mut last = self.last_sum.lock().await;
        let now = store.now();
        if let Some((since, at, sum)) = *last
            && since == from
            && (at..at.plus_seconds(SUM_STANDS_SECONDS)).contains(&now)
        {
            return Ok(sum);
        }
        let sums = store.read(&self.sum, (from, now)).await?;
        let sum = sums.first().and_then(|sum| u64::try_from(*sum).ok()).unwrap_or(0);
        *last = Some((from, now, sum));
        Ok(sum)
    }

    fn open(&self, row: &Usage) -> DayUsage {
        let bytes = |value: &Personal<UsageBytes>| u64::try_from(*value.open(&self.use_bytes)).unwrap_or(0);
        DayUsage {
            day: *row.day.open(&self.use_day),
            up: bytes(&row.up),
            down: bytes(&row.down),
        }
    }
}

fn as_counts(totals: Vec<(MemberId, i64)>) -> BTreeMap<MemberId, u64> {
    let count = |(member, total)| (member, u64::try_from(total).unwrap_or(0));
    totals.into_iter().map(count).collect()
}

/// The first day of the calendar month that holds `day`.
pub(crate) fn month_start(day: Day) -> Day {
    let (_, _, day_of_month) = day.civil();
    day.plus(1 - i32::from(day_of_month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_starts_on_its_first_day() {
        assert_eq!(month_start(Day::from_number(20_779)).to_string(), "2026-11-01");
        assert_eq!(month_start(Day::from_number(11_016)).to_string(), "2000-02-01");
    }
}
