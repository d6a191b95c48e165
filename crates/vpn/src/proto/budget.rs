//! How many handshakes the machine does in a second, and for whom when there are too many.
//!
//! A handshake costs four DH operations, so the engine has a budget for each second. While more
//! than half of it is left, everybody is served. Below that the engine is under load: it asks for
//! cookies, and those who show one share the rest, each source at its own pace.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::limits::{
    COOKIE_REPLIES_PER_SECOND, COOKIE_REPLY_PLACES, SOURCE_BURST, SOURCE_COOKIE_REPLIES_PER_SECOND, SOURCE_PER_SECOND,
    SOURCES, UNDER_LOAD_SHARE, UNDER_LOAD_TIME,
};

/// Thousandths of a handshake, so that the refill is exact to a millisecond.
const ONE: u64 = 1000;
/// After this long a source's bucket is full again, so forgetting it changes nothing.
const SOURCE_IDLE: Duration = Duration::from_millis((SOURCE_BURST as u64 * 1000).div_ceil(SOURCE_PER_SECOND as u64));

/// A token bucket.
struct Bucket {
    tokens: u64,
    filled: Instant,
}

impl Bucket {
    fn full(burst: u32, now: Instant) -> Self {
        Self {
            tokens: u64::from(burst) * ONE,
            filled: now,
        }
    }

    fn refill(&mut self, per_second: u32, burst: u32, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled);
        // Whole milliseconds only, so that many calls within one do not round the refill away.
        let milliseconds = elapsed.as_millis().min(60_000) as u64;
        self.filled += Duration::from_millis(milliseconds);
        if elapsed > Duration::from_secs(60) {
            self.filled = now;
        }
        let gained = milliseconds * u64::from(per_second);
        self.tokens = (self.tokens + gained).min(u64::from(burst) * ONE);
    }

    fn take(&mut self) -> bool {
        let Some(rest) = self.tokens.checked_sub(ONE) else {
            return false;
        };
        self.tokens = rest;
        true
    }
}

/// An IPv4 address, or the /64 network of an IPv6 address, which one customer has whole.
fn source(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits() >> 64 << 64 | 1 << 63,
    }
}

/// What is left of this second.
pub(crate) struct Budget {
    per_second: u32,
    left: Bucket,
    /// What was asked for, served or not: a flood that is turned away is still a flood.
    asked: Bucket,
    loaded_until: Option<Instant>,
    sources: BTreeMap<u128, Bucket>,
    sweep_at: Option<Instant>,
    replies: Replies,
}

fn half(per_second: u32) -> u32 {
    per_second / UNDER_LOAD_SHARE
}

/// Cookie replies of the present second: numbers without a source, for made-up sources must not
/// take memory.
struct Replies {
    since: Instant,
    left: u32,
    places: Box<[u8; COOKIE_REPLY_PLACES]>,
    salt: u64,
}

impl Replies {
    fn take(&mut self, ip: IpAddr, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= Duration::from_secs(1) {
            self.since = now;
            self.left = COOKIE_REPLIES_PER_SECOND;
            self.places.fill(0);
        }
        let source = source(ip);
        // Fibonacci hashing; the salt keeps others from choosing with whom they share a place.
        let mixed =
            (source as u64 ^ (source >> 64) as u64 ^ self.salt).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ self.salt << 1);
        let place = &mut self.places[(mixed >> 40) as usize % COOKIE_REPLY_PLACES];
        if self.left == 0 || *place >= SOURCE_COOKIE_REPLIES_PER_SECOND {
            return false;
        }
        self.left -= 1;
        *place += 1;
        true
    }
}

impl Budget {
    pub(crate) fn new(per_second: u32, salt: u64, now: Instant) -> Self {
        Self {
            per_second,
            left: Bucket::full(per_second, now),
            asked: Bucket::full(half(per_second) + 1, now),
            loaded_until: None,
            sources: BTreeMap::new(),
            sweep_at: None,
            replies: Replies {
                since: now,
                left: COOKIE_REPLIES_PER_SECOND,
                places: Box::new([0; COOKIE_REPLY_PLACES]),
                salt,
            },
        }
    }

    /// Whether a cookie is asked for now. To be called once for each handshake message.
    pub(crate) fn is_under_load(&mut self, now: Instant) -> bool {
        self.left.refill(self.per_second, self.per_second, now);
        self.asked.refill(self.per_second, half(self.per_second) + 1, now);
        let is_flood = !self.asked.take();
        let threshold = u64::from(half(self.per_second)) * ONE;
        if is_flood || self.left.tokens < threshold.max(ONE) {
            self.loaded_until = Some(now + UNDER_LOAD_TIME);
        }
        self.loaded_until.is_some_and(|until| now < until)
    }

    /// Takes one handshake out of the budget.
    pub(crate) fn take(&mut self) -> bool {
        self.left.take()
    }

    /// Takes one cookie reply out of what this second has for a source.
    pub(crate) fn take_cookie_reply(&mut self, ip: IpAddr, now: Instant) -> bool {
        self.replies.take(ip, now)
    }

    /// Takes one handshake out of what a source may do under load. Only sources that showed a
    /// cookie come here, so nobody can fill the table with made-up addresses.
    pub(crate) fn take_from_source(&mut self, ip: IpAddr, now: Instant) -> bool {
        let key = source(ip);
        if !self.sources.contains_key(&key) && self.sources.len() >= SOURCES {
            return false;
        }
        self.sweep_at.get_or_insert(now + SOURCE_IDLE);
        let bucket = self
            .sources
            .entry(key)
            .or_insert_with(|| Bucket::full(SOURCE_BURST, now));
        bucket.refill(SOURCE_PER_SECOND, SOURCE_BURST, now);
        bucket.take()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.sweep_at
    }

    /// Forgets the sources that have been quiet.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.sweep_at.is_none_or(|at| at > now) {
            return;
        }
        self.sources
            .retain(|_, bucket| now.saturating_duration_since(bucket.filled) < SOURCE_IDLE);
        self.sweep_at = (!self.sources.is_empty()).then_some(now + SOURCE_IDLE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_begins_at_half_the_budget_and_ends_a_second_after() {
        let start = Instant::now();
        let mut budget = Budget::new(10, 7, start);
        for _ in 0..5 {
            assert!(!budget.is_under_load(start));
            assert!(budget.take());
        }
        assert!(!budget.is_under_load(start));
        assert!(budget.take());
        assert!(budget.is_under_load(start));
        assert!(budget.is_under_load(start + Duration::from_millis(999)));
        assert!(!budget.is_under_load(start + Duration::from_millis(1000)));
    }

    #[test]
    fn the_budget_is_a_hard_limit() {
        let start = Instant::now();
        let mut budget = Budget::new(10, 7, start);
        assert_eq!((0..20).filter(|_| budget.take()).count(), 10);
        assert!(budget.is_under_load(start + Duration::from_millis(100)));
        assert!(budget.take());
        assert!(!budget.take());
    }

    #[test]
    fn one_source_does_not_use_up_another() {
        let now = Instant::now();
        let mut budget = Budget::new(1000, 7, now);
        let mut taken = |text: &str| budget.take_from_source(text.parse().unwrap(), now);
        for _ in 0..5 {
            assert!(taken("192.0.2.1"));
            assert!(taken("2001:db8::1"));
        }
        assert!(!taken("192.0.2.1"));
        assert!(!taken("2001:db8::2"), "the same /64");
        assert!(!taken("::ffff:192.0.2.1"), "the same IPv4 address");
        assert!(taken("192.0.2.2"));
        assert!(taken("2001:db8:0:1::1"));
    }

    #[test]
    fn quiet_sources_are_forgotten() {
        let now = Instant::now();
        let mut budget = Budget::new(1000, 7, now);
        assert!(budget.take_from_source("192.0.2.1".parse().unwrap(), now));
        let at = budget.deadline().unwrap();
        assert_eq!(at, now + Duration::from_millis(250));
        budget.handle_timeout(at);
        assert_eq!(budget.sources.len(), 0);
        assert_eq!(budget.deadline(), None);
    }

    #[test]
    fn the_table_of_sources_is_bounded() {
        let now = Instant::now();
        let mut budget = Budget::new(1000, 7, now);
        for number in 0..SOURCES as u32 {
            assert!(budget.take_from_source(IpAddr::from(number.to_be_bytes()), now));
        }
        assert!(!budget.take_from_source("192.0.2.1".parse().unwrap(), now));
        assert!(budget.take_from_source("0.0.0.1".parse().unwrap(), now));
    }

    #[test]
    fn load_lasts_as_long_as_the_flood() {
        let start = Instant::now();
        let mut budget = Budget::new(10, 7, start);
        let mut served = 0;
        for millisecond in 0..10_000 {
            let now = start + Duration::from_millis(millisecond);
            if !budget.is_under_load(now) && budget.take() {
                served += 1;
            }
        }
        // Nobody shows a cookie: half a second's budget at the start, and then no handshake at all.
        assert_eq!(served, 6);
        assert!(!budget.is_under_load(start + Duration::from_millis(11_001)));
    }

    #[test]
    fn cookie_replies_end_for_one_source_before_they_end_for_all() {
        let start = Instant::now();
        let mut budget = Budget::new(10, 7, start);
        let loud: IpAddr = "203.0.113.66".parse().unwrap();
        let served = (0..1000).filter(|_| budget.take_cookie_reply(loud, start)).count();
        assert_eq!(served, usize::from(SOURCE_COOKIE_REPLIES_PER_SECOND));
        assert!(budget.take_cookie_reply("203.0.113.67".parse().unwrap(), start));
        // Made-up sources use up the second, and nothing more.
        let made_up = (0..100_000u32).filter(|n| budget.take_cookie_reply(IpAddr::from(n.to_be_bytes()), start));
        let all = usize::from(SOURCE_COOKIE_REPLIES_PER_SECOND) + 1 + made_up.count();
        assert_eq!(all, COOKIE_REPLIES_PER_SECOND as usize);
        let next = start + Duration::from_secs(1);
        assert!(!budget.take_cookie_reply(loud, next - Duration::from_millis(1)));
        assert!(budget.take_cookie_reply(loud, next));
    }
}
