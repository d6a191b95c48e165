//! How often somebody may guess what goes with an e-mail address.
//!
//! Whoever guesses from one network gets ten tries and one more each minute. Were that counted for the address alone,
//! anybody who knows it could keep its owner out with one try a minute; so the address alone has a larger bucket, which
//! only tries count in that their network still had. To keep an owner out, seven networks have to try without end.
//! Guessing stays bounded, whoever takes part: 100 + 86,400 / 10 = 8,740 tries for one address in a day, each at the cost
//! of a slow hash. A recovery code has 100 random bits, so there the bound is for the machine's sake.

use std::net::{IpAddr, Ipv6Addr};

use plan::Timestamp;

use crate::limit::RateLimit;

/// Tries of one network for one e-mail address at once, and seconds until one more.
const NETWORK_BURST: u32 = 10;
const NETWORK_REFILL_SECONDS: i64 = 60;
/// The same of everybody for one e-mail address.
const ALL_BURST: u32 = 100;
const ALL_REFILL_SECONDS: i64 = 10;

/// Tries of one kind.
pub(crate) struct Guesses {
    of_network: RateLimit,
    of_all: RateLimit,
}

impl Guesses {
    pub(crate) fn new() -> Self {
        Self {
            of_network: RateLimit::new(NETWORK_BURST, NETWORK_REFILL_SECONDS),
            of_all: RateLimit::new(ALL_BURST, ALL_REFILL_SECONDS),
        }
    }

    /// Whether one more try is allowed now; it counts when it is.
    pub(crate) fn allow(&self, email: &str, from: Option<IpAddr>, now: Timestamp) -> bool {
        let email = email.trim().to_lowercase();
        let mut pair = network(from).octets().to_vec();
        pair.extend(email.as_bytes());
        self.of_network.allow(&pair, now) && self.of_all.allow(email.as_bytes(), now)
    }
}

/// An IPv4 address, or the /48 of an IPv6 address, which is what one customer may get (RFC 6177).
fn network(from: Option<IpAddr>) -> Ipv6Addr {
    match from.map(|from| from.to_canonical()) {
        None => Ipv6Addr::UNSPECIFIED,
        Some(IpAddr::V4(address)) => address.to_ipv6_mapped(),
        Some(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() >> 80 << 80),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMAIL: &str = "ada@example.org";

    fn tries(guesses: &Guesses, from: &str, now: Timestamp) -> usize {
        let from = from.parse().ok();
        (0..1000).take_while(|_| guesses.allow(EMAIL, from, now)).count()
    }

    #[test]
    fn one_network_does_not_keep_the_owner_out() {
        let (guesses, now) = (Guesses::new(), Timestamp::from_microseconds(0));
        assert_eq!(tries(&guesses, "192.0.2.1", now), 10);
        assert_eq!(tries(&guesses, "2001:db8::1", now), 10);
        // Another address of the same customer's is no other network.
        assert_eq!(tries(&guesses, "2001:db8:0:ffff::1", now), 0);
        assert!(
            guesses.allow(" Ada@Example.org ", "198.51.100.7".parse().ok(), now),
            "the owner is kept out"
        );
        assert!(guesses.allow("grace@example.org", "192.0.2.1".parse().ok(), now));
    }

    #[test]
    fn all_networks_together_are_bounded() {
        let (guesses, start) = (Guesses::new(), Timestamp::from_microseconds(0));
        let day = |now: Timestamp| -> usize {
            (0..250)
                .map(|host| tries(&guesses, &format!("192.0.2.{host}"), now))
                .sum()
        };
        let all: usize = (0..86_400 / 60)
            .map(|minute| day(start.plus_seconds(minute * 60)))
            .sum();
        assert!((8_000..=8_740).contains(&all), "{all}");
    }
}
