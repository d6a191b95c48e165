//! Striking entries from the kernel's connection table (`nf_conntrack`), which holds source and
//! destination of every flow that the machine forwards, for as long as the flow lives.
//!
//! Entries are named by their mark and are never listed: a listing would bring the destinations into
//! this process. A deletion by source address would need no mark, but Linux 6.18 inverts that filter
//! for IPv6: it strikes every flow except those of the source.

use crate::Error;
use crate::netlink::{Netlink, Request};

/// `NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE` (`linux/netfilter/nfnetlink_conntrack.h`).
const DELETE: u16 = 1 << 8 | 2;
/// `CTA_MARK` and `CTA_MARK_MASK` (the same file).
const MARK: u16 = 8;
const MARK_MASK: u16 = 21;
/// `nfgenmsg` version 1: the kernel heeds the family of a deletion (kernel
/// `net/netfilter/nf_conntrack_netlink.c`, `ctnetlink_del_conntrack`).
const HEED_FAMILY: u8 = 1;

/// The family of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Marks of flows: those whose bits under `mask` are `value`. Four octets, as nft's `ct mark set`
/// copies them from a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// The bits.
    pub value: [u8; 4],
    /// Which bits count.
    pub mask: [u8; 4],
}

/// The connection table of one network namespace.
#[derive(Debug)]
pub struct Conntrack {
    netlink: Netlink,
}

impl Conntrack {
    /// Opens the table of the calling thread's network namespace.
    pub fn open() -> Result<Self, Error> {
        Ok(Self {
            netlink: Netlink::open_for(libc::NETLINK_NETFILTER)?,
        })
    }

    /// Strikes every flow of a family that has one of these marks. The kernel walks its whole table.
    pub fn strike(&self, family: Family, marks: Marks) -> Result<(), Error> {
        let family = match family {
            Family::V4 => libc::AF_INET,
            Family::V6 => libc::AF_INET6,
        };
        let mut request = Request::new(DELETE, 0);
        request.raw(&[family as u8, HEED_FAMILY, 0, 0]);
        for (kind, octets) in [(MARK, marks.value), (MARK_MASK, marks.mask)] {
            // A register of nft keeps a packet's octets as they lie, the attribute is big-endian.
            request.attribute(kind, &u32::from_ne_bytes(octets).to_be_bytes());
        }
        self.netlink.ask("strike flows from the connection table", request)
    }
}
