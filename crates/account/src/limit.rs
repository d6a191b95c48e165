//! Rate limits in memory: a bucket for each key, forgotten when it is full again.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use plan::Timestamp;

/// Buckets that are held at once. When there would be more, those that are full are forgotten, and where that makes no
/// room, the quarter that is nearest to it: whoever comes from ever new addresses displaces those, and not the ones that
/// hold somebody back.
const BUCKETS_LIMIT: usize = 65_536;

/// Allows `burst` attempts at once and one more each `refill_seconds`, for each key. The key itself is not held: only
/// a hash of it under a random seed of this process.
pub struct RateLimit {
    burst: u32,
    refill_seconds: i64,
    seed: RandomState,
    buckets: Mutex<Buckets>,
}

#[derive(Default)]
struct Buckets {
    /// By hashed key: the instant at which the bucket is full again, in microseconds of [`Buckets::pass`].
    full_at: HashMap<u64, i64>,
    /// What the clock on the wall showed last, once it was asked.
    wall: Option<i64>,
    /// Microseconds that have passed. They never go back, as the wall's clock does when somebody sets it: a bucket would
    /// be empty for as long as it went back.
    passed: i64,
}

impl Buckets {
    fn pass(&mut self, now: Timestamp) -> i64 {
        let now = now.microseconds();
        let since = now.saturating_sub(self.wall.replace(now).unwrap_or(now));
        self.passed = self.passed.saturating_add(since.max(0));
        self.passed
    }

    fn make_room(&mut self, now: i64) {
        if self.full_at.len() < BUCKETS_LIMIT {
            return;
        }
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() < BUCKETS_LIMIT {
            return;
        }
        let mut order: Vec<i64> = self.full_at.values().copied().collect();
        let (_, bound, _) = order.select_nth_unstable(BUCKETS_LIMIT / 4);
        let bound = *bound;
        let mut surplus = BUCKETS_LIMIT / 4;
        self.full_at.retain(|_, full_at| {
            let goes = *full_at <= bound && surplus > 0;
            surplus -= usize::from(goes);
            !goes
        });
    }
}

impl RateLimit {
    /// A limit.
    #[must_use]
    pub fn new(burst: u32, refill_seconds: i64) -> Self {
        Self {
            burst,
            refill_seconds,
            seed: RandomState::new(),
            buckets: Mutex::default(),
        }
    }

    /// Whether one more attempt is allowed now; it counts when it is.
    pub fn allow(&self, key: &[u8], now: Timestamp) -> bool {
        let key = self.seed.hash_one(key);
        let step = self.refill_seconds.saturating_mul(1_000_000);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let now = buckets.pass(now);
        let held = buckets.full_at.get(&key).copied();
        let full_at = held.unwrap_or(now).max(now).saturating_add(step);
        if full_at - now > step.saturating_mul(i64::from(self.burst)) {
            return false;
        }
        if held.is_none() {
            buckets.make_room(now);
        }
        buckets.full_at.insert(key, full_at);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_burst_is_allowed_and_the_next_attempt_waits_for_the_refill() {
        let limit = RateLimit::new(3, 60);
        let start = Timestamp::from_microseconds(0);
        assert!((0..3).all(|_| limit.allow(b"a", start)));
        assert!(!limit.allow(b"a", start));
        assert!(limit.allow(b"b", start), "another key has its own bucket");
        assert!(!limit.allow(b"a", start.plus_seconds(59)));
        assert!(limit.allow(b"a", start.plus_seconds(60)));
        assert!(!limit.allow(b"a", start.plus_seconds(60)));
    }
    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let limit = RateLimit::new(2, 60);
        let start = Timestamp::from_microseconds(0).plus_seconds(86_400 * 365);
        assert!((0..2).all(|_| limit.allow(b"a", start)));
        let earlier = start.plus_seconds(-86_400);
        assert!(!limit.allow(b"a", earlier), "and setting it back gives nothing away");
        assert!(
            limit.allow(b"a", earlier.plus_seconds(60)),
            "a minute has passed all the same"
        );
        assert!(limit.allow(b"b", earlier));
    }

    #[test]
    fn ever_new_keys_do_not_set_free_who_is_held_back() {
        let limit = RateLimit::new(2, 60);
        let start = Timestamp::from_microseconds(0);
        assert!((0..2).all(|_| limit.allow(b"a", start)));
        for key in 0..2 * BUCKETS_LIMIT as u64 {
            assert!(limit.allow(&key.to_be_bytes(), start));
        }
        assert!(!limit.allow(b"a", start), "all limits were forgotten");
        assert!(limit.buckets.lock().unwrap().full_at.len() <= BUCKETS_LIMIT);
    }
}
