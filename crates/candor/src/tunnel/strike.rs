//! Striking flows from the kernel's connection table when nobody has their internal address any more.
//!
//! Every flow out of the tunnel is marked with bits of the internal address that began it, so that it can be named
//! without being looked at.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use sys::conntrack::{Family, Marks};
use sys::{Conntrack, Error};
use vpn::proto::Internal;

/// The nft statements that mark a packet's flow: with its source address, or with the last 28 bits of it behind 0xc.
/// Payload offsets in bits are those of RFC 791 (12 octets) and RFC 8200 (the last 4 of 8 to 24).
pub(super) const MARKING: [&str; 2] = [
    "meta nfproto ipv4 ct state new ct mark set @nh,96,32",
    "meta nfproto ipv6 ct state new ct mark set @nh,160,32 & 0x0fffffff | 0xc0000000",
];
const V6_BITS: u8 = 0xc0;
const V6_MASK: u8 = 0xf0;

/// Where freed addresses go. The thread ends when this is dropped: the kernel walks its whole table for each address,
/// so it is not for the supervisor to wait.
pub(super) struct Striker(Sender<Vec<Internal>>);

impl Striker {
    pub(super) fn start() -> Result<Self, Error> {
        let table = Conntrack::open()?;
        let (freed, arriving) = channel::<Vec<Internal>>();
        thread::spawn(move || {
            for internal in arriving.into_iter().flatten() {
                for (family, marks) in [(Family::V4, of_v4(internal.v4)), (Family::V6, of_v6(internal.v6))] {
                    // What cannot be struck ends by the kernel's own timeouts.
                    let _ = table.strike(family, marks);
                }
            }
        });
        Ok(Self(freed))
    }

    pub(super) fn strike(&self, freed: Vec<Internal>) {
        // The thread lives for as long as this sender.
        let _sent = self.0.send(freed);
    }
}

/// Strikes every flow out of the tunnel whose source is in the pool.
pub(super) fn strike_all(pool_v4: Ipv4Addr, pool_v4_len: u8) {
    let mask = Ipv4Addr::from_bits(u32::MAX << (32 - u32::from(pool_v4_len)));
    let marks_v4 = Marks {
        value: pool_v4.octets(),
        mask: mask.octets(),
    };
    let marks_v6 = Marks {
        value: [V6_BITS, 0, 0, 0],
        mask: [V6_MASK, 0, 0, 0],
    };
    // What cannot be struck ends by the kernel's own timeouts.
    let _ = Conntrack::open().and_then(|table| {
        table.strike(Family::V4, marks_v4)?;
        table.strike(Family::V6, marks_v6)
    });
}

fn of_v4(address: Ipv4Addr) -> Marks {
    Marks {
        value: address.octets(),
        mask: [0xff; 4],
    }
}

fn of_v6(address: Ipv6Addr) -> Marks {
    let [.., first, second, third, fourth] = address.octets();
    Marks {
        value: [first & !V6_MASK | V6_BITS, second, third, fourth],
        mask: [0xff; 4],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_mark_says_that_it_is_one() {
        let marks = of_v6("fd66::1234:5678:9abc:def0".parse().unwrap());
        assert_eq!(marks.value, [0xca, 0xbc, 0xde, 0xf0]);
        assert_eq!(of_v4("100.64.1.2".parse().unwrap()).value, [100, 64, 1, 2]);
    }
}
