//! What everybody together moved in the last whole period: in memory alone, for the page that shows it where the policy
//! releases figures about many.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use account::UsageDelta;
use plan::MemberId;
use portal::Load;

/// How long a period is: long enough that nobody's download has a shape in it. A guess.
const PERIOD: Duration = Duration::from_secs(300);

/// Counts periods.
pub(super) struct Meter(Mutex<Counting>);

struct Counting {
    since: Instant,
    bytes: u64,
    /// Who moved any of them; forgotten with the period.
    people: BTreeSet<MemberId>,
    last: Option<Load>,
}

impl Meter {
    pub(super) fn new(now: Instant) -> Self {
        Self(Mutex::new(Counting {
            since: now,
            bytes: 0,
            people: BTreeSet::new(),
            last: None,
        }))
    }

    pub(super) fn note(&self, deltas: &[UsageDelta], now: Instant) {
        let mut counting = self.locked();
        counting.close(now);
        for delta in deltas {
            counting.bytes = counting.bytes.saturating_add(delta.up).saturating_add(delta.down);
            counting.people.insert(delta.member);
        }
    }

    /// The last whole period.
    pub(super) fn load(&self, now: Instant) -> Option<Load> {
        let mut counting = self.locked();
        counting.close(now);
        counting.last
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Counting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counting {
    fn close(&mut self, now: Instant) {
        let length = now.saturating_duration_since(self.since);
        if length < PERIOD {
            return;
        }
        self.last = Some(Load {
            seconds: u32::try_from(length.as_secs()).unwrap_or(u32::MAX),
            bytes: self.bytes,
            people: u32::try_from(self.people.len()).unwrap_or(u32::MAX),
        });
        self.since = now;
        self.bytes = 0;
        self.people.clear();
    }
}

#[cfg(test)]
mod tests {
    use plan::MemberId;

    use super::*;

    #[test]
    fn a_period_counts_bytes_and_people_and_forgets_them() {
        let start = Instant::now();
        let meter = Meter::new(start);
        let delta = |member: u8| UsageDelta {
            member: MemberId::from_bytes([member; 16]),
            up: 1,
            down: 2,
        };
        meter.note(&[delta(1), delta(2)], start);
        meter.note(&[delta(1)], start + Duration::from_secs(10));
        assert_eq!(
            meter.load(start + Duration::from_secs(299)),
            None,
            "not before it is whole"
        );
        let load = Load {
            seconds: 300,
            bytes: 9,
            people: 2,
        };
        assert_eq!(meter.load(start + Duration::from_secs(300)), Some(load));
        assert_eq!(
            meter.load(start + Duration::from_secs(599)),
            Some(load),
            "until the next is whole"
        );
        let quiet = meter.load(start + Duration::from_secs(600)).expect("a whole period");
        assert_eq!((quiet.bytes, quiet.people), (0, 0));
    }
}
