//! Rate limits in memory: a bucket for each key, forgotten when it is full again.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use plan::Timestamp;

/// Buckets that are held at once; when it is exceeded the full ones are forgotten, then all are.
const BUCKETS_LIMIT: usize = 65_536;

/// Allows `burst` attempts at once and one more each `refill_seconds`, for each key. The key itself is not held: only
/// a hash of it under a random seed of this process.
pub struct RateLimit {
    burst: u32,
    refill_seconds: i64,
    seed: RandomState,
    /// By hashed key: the instant at which the bucket is full again, in microseconds.
    full_at: Mutex<HashMap<u64, i64>>,
}

impl RateLimit {
    /// A limit.
    #[must_use]
    pub fn new(burst: u32, refill_seconds: i64) -> Self {
        Self {
            burst,
            refill_seconds,
            seed: RandomState::new(),
            full_at: Mutex::new(HashMap::new()),
        }
    }

    /// Whether one more attempt is allowed now; it counts when it is.
    pub fn allow(&self, key: &[u8], now: Timestamp) -> bool {
        let key = self.seed.hash_one(key);
        let now = now.microseconds();
        let step = self.refill_seconds.saturating_mul(1_000_000);
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_LIMIT {
            buckets.retain(|_, full_at| *full_at > now);
            if buckets.len() >= BUCKETS_LIMIT {
                buckets.clear();
            }
        }
        let full_at = buckets.get(&key).copied().unwrap_or(now).max(now).saturating_add(step);
        if full_at - now > step.saturating_mul(i64::from(self.burst)) {
            return false;
        }
        buckets.insert(key, full_at);
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
}
