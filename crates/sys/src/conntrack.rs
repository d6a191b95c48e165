//! Striking entries from the kernel's connection table (`nf_conntrack`), which holds source and
//! destination of every flow that the machine forwards, for as long as the flow lives.
//!
//! Entries are named by what they begin with and are never listed: a listing would bring the
//! destinations into this process.

use crate::Error;
use crate::netlink::{Netlink, Request};
use std::net::IpAddr;

/// `NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE` (`linux/netfilter/nfnetlink_conntrack.h`).
const DELETE: u16 = 1 << 8 | 2;
/// `CTA_TUPLE_ORIG`, `CTA_TUPLE_IP`, `CTA_IP_V4_SRC`, `CTA_IP_V6_SRC`, `CTA_MARK`, `CTA_MARK_MASK`,
/// `CTA_FILTER`, `CTA_FILTER_ORIG_FLAGS`, `CTA_FILTER_REPLY_FLAGS` (the same file).
const ORIGINAL: u16 = 1;
const TUPLE_IP: u16 = 1;
const V4_SOURCE: u16 = 1;
const V6_SOURCE: u16 = 3;
const MARK: u16 = 8;
const MARK_MASK: u16 = 21;
const FILTER: u16 = 25;
const FILTER_ORIGINAL: u16 = 1;
const FILTER_REPLY: u16 = 2;
/// `CTA_FILTER_F_CTA_IP_SRC` (kernel `net/netfilter/nf_internals.h`).
const BY_SOURCE: u32 = 1;
/// `NLA_F_NESTED` (`netlink(7)`).
const NESTED: u16 = 1 << 15;
/// `nfgenmsg` version 1: the kernel heeds the family of a deletion (`net/netfilter/nf_conntrack_netlink.c`,
/// `ctnetlink_del_conntrack`).
const HEED_FAMILY: u8 = 1;

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

    /// Strikes every flow that `source` began. Kernels before 6.11 answer `EOPNOTSUPP`, see
    /// [`Conntrack::knows_sources`].
    pub fn strike_source(&self, source: IpAddr) -> Result<(), Error> {
        let (family, kind, octets) = match source {
            IpAddr::V4(address) => (libc::AF_INET, V4_SOURCE, address.octets().to_vec()),
            IpAddr::V6(address) => (libc::AF_INET6, V6_SOURCE, address.octets().to_vec()),
        };
        let mut request = Request::new(DELETE, 0);
        request.raw(&[family as u8, HEED_FAMILY, 0, 0]);
        request.nest(ORIGINAL | NESTED, |tuple| {
            tuple.nest(TUPLE_IP | NESTED, |ip| ip.attribute(kind, &octets));
        });
        request.nest(FILTER | NESTED, |filter| {
            filter.attribute(FILTER_ORIGINAL, &BY_SOURCE.to_ne_bytes());
            filter.attribute(FILTER_REPLY, &0u32.to_ne_bytes());
        });
        self.netlink.ask("strike a device's flows", request)
    }

    /// Whether the kernel can strike by source.
    pub fn knows_sources(&self) -> bool {
        // RFC 5737: nobody has this address, so nothing is struck by asking.
        self.strike_source(IpAddr::from([192, 0, 2, 255])).is_ok()
    }

    /// Strikes every flow whose mark has all bits of `mark`.
    pub fn strike_marked(&self, mark: u32) -> Result<(), Error> {
        let mut request = Request::new(DELETE, 0);
        request.raw(&[libc::AF_UNSPEC as u8, 0, 0, 0]);
        request.attribute(MARK, &mark.to_be_bytes());
        request.attribute(MARK_MASK, &mark.to_be_bytes());
        self.netlink.ask("strike the tunnel's flows", request)
    }
}
