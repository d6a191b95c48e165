//! One inner address for everybody.
//!
//! Every device's configuration holds the same inner address, so no address is anybody's. Behind the
//! tunnel the kernel must tell sessions apart: each gets a random internal address, which exists in
//! this table only, for as long as the session lives, and is never derived from anything.
//!
//! ```text
//!   device A  10.66.0.2 ──┐                 ┌── 100.97.13.201 ──┐
//!                         ├── this table ───┤                   ├── kernel, NAT, Internet
//!   device B  10.66.0.2 ──┘  source up,     └── 100.64.240.7  ──┘
//!                            destination down
//! ```

mod rewrite;
#[cfg(test)]
mod rewrite_tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use rewrite::Refusal;
pub(crate) use rewrite::{Direction, rewrite};

use super::index::DrawnMap;
use super::rng::{Rng, draw_u32, draw_u64};

/// The addresses that every device's configuration holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shared {
    /// Such as 10.66.0.2.
    pub v4: Ipv4Addr,
    /// Such as fd66::2.
    pub v6: Ipv6Addr,
}

/// The addresses that one session has behind the tunnel. It stands for a device while it lives, so
/// it has no `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Internal {
    /// Out of the IPv4 pool.
    pub v4: Ipv4Addr,
    /// Out of the IPv6 pool.
    pub v6: Ipv6Addr,
}

/// How inner addresses are translated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Translation {
    /// What devices believe their address to be.
    pub shared: Shared,
    /// Network of the IPv4 pool, such as 100.64.0.0 (RFC 6598).
    pub pool_v4: Ipv4Addr,
    /// Length of the IPv4 pool's prefix in bits, 8 to 28.
    pub pool_v4_len: u8,
    /// Network of the IPv6 pool, always a /64, best a unique local one (RFC 4193).
    pub pool_v6: Ipv6Addr,
    /// Lowest addresses of both pools that stay free for the machine itself.
    pub reserved: u32,
}

impl Translation {
    fn v4_size(&self) -> u32 {
        1 << (32 - u32::from(self.pool_v4_len))
    }

    /// Whether a pool of this shape can be drawn from.
    pub(crate) fn is_usable(&self) -> bool {
        (8..=28).contains(&self.pool_v4_len)
            && self.reserved < self.v4_size() / 4
            && self.pool_v4.to_bits() & (self.v4_size() - 1) == 0
            && self.pool_v6.to_bits() as u64 == 0
    }

    /// Whether a session may have these addresses.
    pub(crate) fn may_give(&self, internal: &Internal) -> bool {
        let offset = internal.v4.to_bits() & (self.v4_size() - 1);
        let low = internal.v6.to_bits() as u64;
        internal.v4.to_bits() - offset == self.pool_v4.to_bits()
            && internal.v6.to_bits() - u128::from(low) == self.pool_v6.to_bits()
            && self.is_given(offset)
            && low > u64::from(self.reserved)
    }

    /// The network's own and its broadcast address are nobody's.
    fn is_given(&self, offset: u32) -> bool {
        offset != 0 && offset != self.v4_size() - 1 && offset >= self.reserved
    }

    /// Sessions at one time: at most half the pool, so that a random draw finds a free address soon.
    pub(crate) fn capacity(&self) -> usize {
        (self.v4_size() / 2 - self.reserved) as usize
    }
}

/// The number of no device: ids end below.
const NOBODY: u32 = u32::MAX;
/// Draws before the pool counts as full. At most half of it is in use, so this fails once in 2^64.
const DRAWS: usize = 64;

/// The sessions that have an internal address now.
pub(crate) struct Translator {
    config: Translation,
    v4: DrawnMap<u32, u32>,
    v6: DrawnMap<u64, u32>,
}

impl Translator {
    pub(crate) fn new(config: Translation) -> Self {
        Self {
            config,
            v4: DrawnMap::default(),
            v6: DrawnMap::default(),
        }
    }

    pub(crate) fn config(&self) -> &Translation {
        &self.config
    }

    pub(crate) fn shared(&self) -> Shared {
        self.config.shared
    }

    /// Draws an address that nobody has.
    pub(crate) fn assign(&mut self, device: u32, rng: &mut dyn Rng) -> Option<Internal> {
        if self.v4.len() >= self.config.capacity() {
            return None;
        }
        let (v4, v6) = (self.draw_v4(rng)?, self.draw_v6(rng)?);
        let internal = Internal {
            v4: Ipv4Addr::from_bits(self.config.pool_v4.to_bits() | v4),
            v6: Ipv6Addr::from_bits(self.config.pool_v6.to_bits() | u128::from(v6)),
        };
        self.hand(&internal, device);
        Some(internal)
    }

    /// Gives addresses that were drawn before.
    pub(crate) fn hand(&mut self, internal: &Internal, device: u32) {
        self.v4.insert(self.v4_offset(internal.v4), device);
        self.v6.insert(internal.v6.to_bits() as u64, device);
    }

    /// Keeps addresses from being drawn that may still be claimed.
    pub(crate) fn reserve(&mut self, internal: &Internal) {
        self.hand(internal, NOBODY);
    }

    pub(crate) fn release(&mut self, internal: &Internal) {
        self.v4.remove(&self.v4_offset(internal.v4));
        self.v6.remove(&(internal.v6.to_bits() as u64));
    }

    /// Whose session has this address.
    pub(crate) fn device(&self, address: IpAddr) -> Option<u32> {
        if !self.contains(address) {
            return None;
        }
        match address {
            IpAddr::V4(ip) => self.v4.get(&self.v4_offset(ip)).copied(),
            IpAddr::V6(ip) => self.v6.get(&(ip.to_bits() as u64)).copied(),
        }
    }

    /// Whether an address lies in a pool: no device may write to another through it.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(ip) => ip.to_bits() - self.v4_offset(ip) == self.config.pool_v4.to_bits(),
            IpAddr::V6(ip) => ip.to_bits() >> 64 == self.config.pool_v6.to_bits() >> 64,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    fn v4_offset(&self, ip: Ipv4Addr) -> u32 {
        ip.to_bits() & (self.config.v4_size() - 1)
    }

    fn draw_v4(&self, rng: &mut dyn Rng) -> Option<u32> {
        let size = self.config.v4_size();
        (0..DRAWS)
            .map(|_| draw_u32(rng) & (size - 1))
            .find(|drawn| self.config.is_given(*drawn) && !self.v4.contains_key(drawn))
    }

    fn draw_v6(&self, rng: &mut dyn Rng) -> Option<u64> {
        (0..DRAWS)
            .map(|_| draw_u64(rng))
            .find(|drawn| *drawn > u64::from(self.config.reserved) && !self.v6.contains_key(drawn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::rng::SeededRng;
    use std::collections::BTreeSet;

    fn config(len: u8) -> Translation {
        Translation {
            shared: Shared {
                v4: "10.66.0.2".parse().unwrap(),
                v6: "fd66::2".parse().unwrap(),
            },
            pool_v4: "100.64.0.0".parse().unwrap(),
            pool_v4_len: len,
            pool_v6: "fd67:1234:5678:9abc::".parse().unwrap(),
            reserved: 2,
        }
    }

    #[test]
    fn addresses_are_distinct_in_the_pool_and_end_at_its_bound() {
        let mut translator = Translator::new(config(24));
        let mut rng = SeededRng::new([3; 32]);
        let mut seen = BTreeSet::new();
        for device in 0..126 {
            let internal = translator.assign(device, &mut rng).unwrap();
            let host = internal.v4.octets()[3];
            assert_eq!(internal.v4.octets()[..3], [100, 64, 0]);
            assert!((2..255).contains(&host));
            assert!(seen.insert(internal.v4));
            assert_eq!(translator.device(internal.v4.into()), Some(device));
            assert_eq!(translator.device(internal.v6.into()), Some(device));
        }
        assert!(translator.assign(999, &mut rng).is_none());
    }

    #[test]
    fn a_released_address_is_nobodys() {
        let mut translator = Translator::new(config(10));
        let mut rng = SeededRng::new([3; 32]);
        let internal = translator.assign(7, &mut rng).unwrap();
        translator.release(&internal);
        assert_eq!(translator.device(internal.v4.into()), None);
        assert_eq!(translator.device(internal.v6.into()), None);
        assert!(translator.v4.is_empty() && translator.v6.is_empty());
        let again = translator.assign(7, &mut rng).unwrap();
        assert!(again != internal, "the next session has another address");
    }

    #[test]
    fn pools_that_cannot_be_drawn_from_are_not_usable() {
        assert!(config(10).is_usable());
        assert!(!config(7).is_usable());
        assert!(!config(29).is_usable());
        let host_bits = Translation {
            pool_v4: "100.64.0.1".parse().unwrap(),
            ..config(10)
        };
        assert!(!host_bits.is_usable());
        let crowded = Translation {
            reserved: 64,
            ..config(24)
        };
        assert!(!crowded.is_usable());
    }

    #[test]
    fn the_pool_ends_where_its_prefix_ends() {
        let translator = Translator::new(config(10));
        for (address, inside) in [
            ("100.63.255.255", false),
            ("100.64.0.0", true),
            ("100.127.255.255", true),
            ("100.128.0.0", false),
            ("fd67:1234:5678:9abc::1", true),
            ("fd67:1234:5678:9abd::1", false),
        ] {
            assert_eq!(translator.contains(address.parse().unwrap()), inside);
        }
    }
}
