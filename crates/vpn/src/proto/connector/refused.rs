//! Destinations that are refused without asking anybody. What else this machine has for its own, only its kernel knows:
//! the driver asks it before anything is sent ([`super::Outcome`]).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::proto::{Prefix, Translation};

/// "This network" (RFC 791), loopback, link-local with the credentials of hosting providers (RFC 3927), multicast and what
/// lies above it (RFC 1112), broadcast among them.
const V4: [(Ipv4Addr, u8); 5] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];
/// Unspecified, loopback and IPv4-compatible; IPv4-mapped, which an IPv6 socket would take for IPv4; link-local;
/// site-local, deprecated by RFC 3879; multicast (all: RFC 4291, section 2).
const V6: [(Ipv6Addr, u8); 5] = [
    (Ipv6Addr::UNSPECIFIED, 96),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
];
/// Services with credentials that hosting providers keep outside of link-local addresses, from their documents: Alibaba's
/// two, Azure's, Oracle's two, Amazon's network (metadata, roles of containers), Google's, Scaleway's, Akamai's. Both ways
/// out of the tunnel refuse these.
pub const METADATA: [(IpAddr, u8); 9] = [
    (IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)), 32),
    (IpAddr::V6(Ipv6Addr::new(0xfd00, 0x100, 0, 0, 0, 0, 0x100, 0x200)), 128),
    (IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)), 32),
    (IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)), 32),
    (IpAddr::V6(Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe)), 128),
    (IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0)), 32),
    (IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)), 128),
    (IpAddr::V6(Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42)), 128),
    (IpAddr::V6(Ipv6Addr::new(0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1)), 128),
];
/// Where this machine's neighbours are: RFC 1918, RFC 6598 and RFC 4193. Both ways out of the tunnel refuse these but for
/// what the operator excepts.
pub const PRIVATE: [(IpAddr, u8); 5] = [
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), 10),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
];
/// Length of the IPv6 network that holds the pool, the shared address and our own, in bits (RFC 4193).
const SITE_LEN: u8 = 48;
/// The same for IPv4: devices' address and our own.
const SHARED_LEN: u8 = 24;

/// The lists, with the tunnel's own networks: members do not reach each other.
pub(super) struct Refused {
    always: Vec<Prefix>,
    private: Vec<Prefix>,
    excepted: Vec<Prefix>,
}

impl Refused {
    pub(super) fn with(translation: &Translation, excepted: Vec<Prefix>) -> Self {
        let fixed_v4 = V4.iter().map(|(address, len)| (IpAddr::V4(*address), *len));
        let fixed_v6 = V6.iter().map(|(address, len)| (IpAddr::V6(*address), *len));
        let own = [
            (translation.pool_v4.into(), translation.pool_v4_len),
            (translation.pool_v6.into(), SITE_LEN),
            (translation.shared.v4.into(), SHARED_LEN),
            (translation.shared.v6.into(), SITE_LEN),
        ];
        let all = fixed_v4.chain(fixed_v6).chain(METADATA).chain(own);
        let prefix = |(address, len)| Prefix::new(address, len);
        Self {
            always: all.filter_map(prefix).collect(),
            private: PRIVATE.into_iter().filter_map(prefix).collect(),
            excepted,
        }
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let within = |prefixes: &[Prefix]| prefixes.iter().any(|prefix| prefix.contains(address));
        within(&self.always) || within(&self.private) && !within(&self.excepted)
    }
}
