//! A small `rtnetlink(7)`: links, addresses, routes and veth pairs, each as one acknowledged
//! request. Messages are encoded by hand (`netlink(7)`), so that no program needs to be installed.
//!
//! A [`Netlink`] socket acts in the network namespace in which it was opened.

use crate::{Error, Missing, kernel};
use std::ffi::CString;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Longest answer read: an acknowledgement carries at most our request and a sentence.
const ANSWER_BYTES: usize = 8 * 1024;
/// `VETH_INFO_PEER` (`linux/veth.h`), absent from `libc`.
const VETH_INFO_PEER: u16 = 1;
/// Longest interface name, `IFNAMSIZ` without its final zero (`netdevice(7)`).
const NAME_BYTES: usize = libc::IFNAMSIZ - 1;

/// The kernel's number of an interface, valid in one network namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkIndex(pub u32);

/// An address and the length of its network part, in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    address: IpAddr,
    prefix: u8,
}

impl Range {
    /// `Error::BadPrefix` when the prefix is longer than the address.
    pub const fn new(address: IpAddr, prefix: u8) -> Result<Self, Error> {
        let longest = match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        if prefix > longest {
            Err(Error::BadPrefix(prefix))
        } else {
            Ok(Self { address, prefix })
        }
    }

    /// The address.
    pub fn address(self) -> IpAddr {
        self.address
    }

    /// Length of the network part in bits.
    pub fn prefix(self) -> u8 {
        self.prefix
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// An interface name of 1 to 15 letters, digits, `_` and `-`.
///
/// Narrower than the kernel's rule on purpose: the name is written into nft text and paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkName(String);

impl LinkName {
    /// `Error::BadName` for anything else.
    pub fn new(name: &str) -> Result<Self, Error> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.is_empty() || name.len() > NAME_BYTES || !name.bytes().all(plain) {
            return Err(Error::BadName(name.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The index of this interface in the calling thread's network namespace.
    pub fn index(&self) -> Result<LinkIndex, Error> {
        let name = self.zero_terminated()?;
        // SAFETY: if_nametoindex(3) reads a zero-terminated string.
        let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
        if index == 0 {
            Err(kernel::last("find the interface"))
        } else {
            Ok(LinkIndex(index))
        }
    }

    fn zero_terminated(&self) -> Result<CString, Error> {
        CString::new(self.0.as_str()).map_err(|_| Error::BadName(self.0.clone()))
    }
}

/// What to change on a link; `None` leaves it.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinkChange {
    /// Largest packet in bytes.
    pub mtu_bytes: Option<u32>,
    /// Packets that may wait for the reader.
    pub queue_packets: Option<u32>,
    /// Switch it on.
    pub up: bool,
}

/// A netlink socket, `NETLINK_ROUTE` unless said.
#[derive(Debug)]
pub struct Netlink {
    socket: OwnedFd,
}

impl Netlink {
    /// Opens a socket in the calling thread's network namespace.
    pub fn open() -> Result<Self, Error> {
        Self::open_for(libc::NETLINK_ROUTE)
    }

    /// The same for another part of the kernel (`netlink(7)`, "netlink_family").
    pub(crate) fn open_for(family: libc::c_int) -> Result<Self, Error> {
        // SAFETY: socket(2) takes three numbers and returns a descriptor of ours.
        let number = unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, family) };
        let number = kernel::done("open a netlink socket", number)?;
        // SAFETY: socket(2) just returned the number and nobody else holds it.
        let socket = unsafe { OwnedFd::from_raw_fd(number) };
        Ok(Self { socket })
    }

    /// Sets MTU, queue length and state of a link.
    pub fn change_link(&self, link: LinkIndex, change: LinkChange) -> Result<(), Error> {
        let up = libc::IFF_UP as u32;
        let flags = if change.up { up } else { 0 };
        let mut request = Request::new(libc::RTM_NEWLINK, 0);
        request.link_header(link.0, flags, flags);
        if let Some(mtu) = change.mtu_bytes {
            request.attribute(libc::IFLA_MTU, &mtu.to_ne_bytes());
        }
        if let Some(packets) = change.queue_packets {
            request.attribute(libc::IFLA_TXQLEN, &packets.to_ne_bytes());
        }
        self.ask("configure the interface", request)
    }

    /// Gives an address to a link. An IPv6 address is usable at once: duplicate detection is
    /// left out (`IFA_F_NODAD`), because a tunnel has no neighbours.
    pub fn add_address(&self, link: LinkIndex, range: Range) -> Result<(), Error> {
        let mut request = Request::new(libc::RTM_NEWADDR, libc::NLM_F_CREATE | libc::NLM_F_REPLACE);
        let (family, octets) = wire(range.address);
        let flags = match range.address {
            IpAddr::V4(_) => 0,
            IpAddr::V6(_) => libc::IFA_F_NODAD as u8,
        };
        // struct ifaddrmsg: family, prefix, flags, scope (0: global), index.
        request.raw(&[family, range.prefix, flags, 0]);
        request.raw(&link.0.to_ne_bytes());
        request.attribute(libc::IFA_LOCAL, &octets);
        request.attribute(libc::IFA_ADDRESS, &octets);
        self.ask("add an address to the interface", request)
    }

    /// Routes `range` through a link, by way of `gateway` if there is one.
    pub fn add_route(&self, range: Range, gateway: Option<IpAddr>, link: LinkIndex) -> Result<(), Error> {
        let mut request = Request::new(libc::RTM_NEWROUTE, libc::NLM_F_CREATE | libc::NLM_F_REPLACE);
        let (family, octets) = wire(range.address);
        let scope = match gateway {
            Some(_) => libc::RT_SCOPE_UNIVERSE,
            None => libc::RT_SCOPE_LINK,
        };
        // struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags.
        request.raw(&[
            family,
            range.prefix,
            0,
            0,
            libc::RT_TABLE_MAIN,
            libc::RTPROT_STATIC,
            scope,
            libc::RTN_UNICAST,
        ]);
        request.raw(&0u32.to_ne_bytes());
        if range.prefix > 0 {
            request.attribute(libc::RTA_DST, &octets);
        }
        if let Some(gateway) = gateway {
            request.attribute(libc::RTA_GATEWAY, &wire(gateway).1);
        }
        request.attribute(libc::RTA_OIF, &link.0.to_ne_bytes());
        self.ask("add a route", request)
    }

    /// Makes a veth pair (`veth(4)`): `near` here, `far` in the network namespace `namespace`.
    pub fn add_veth(&self, near: &LinkName, far: &LinkName, namespace: BorrowedFd<'_>) -> Result<(), Error> {
        let mut request = Request::new(libc::RTM_NEWLINK, libc::NLM_F_CREATE | libc::NLM_F_EXCL);
        request.link_header(0, 0, 0);
        request.attribute(libc::IFLA_IFNAME, near.zero_terminated()?.as_bytes_with_nul());
        let far = far.zero_terminated()?;
        request.nest(libc::IFLA_LINKINFO, |info| {
            info.attribute(libc::IFLA_INFO_KIND, b"veth");
            info.nest(libc::IFLA_INFO_DATA, |data| {
                data.nest(VETH_INFO_PEER, |peer| {
                    peer.link_header(0, 0, 0);
                    peer.attribute(libc::IFLA_IFNAME, far.as_bytes_with_nul());
                    peer.attribute(libc::IFLA_NET_NS_FD, &namespace.as_raw_fd().to_ne_bytes());
                });
            });
        });
        self.ask("make a veth pair", request)
    }

    /// Removes a link.
    pub fn remove_link(&self, link: LinkIndex) -> Result<(), Error> {
        let mut request = Request::new(libc::RTM_DELLINK, 0);
        request.link_header(link.0, 0, 0);
        self.ask("remove the interface", request)
    }

    pub(crate) fn ask(&self, doing: &'static str, request: Request) -> Result<(), Error> {
        let bytes = request.finish();
        // SAFETY: send(2) reads bytes.len() bytes from bytes; netlink(7) sends to the kernel by default.
        let sent = unsafe { libc::send(self.socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), 0) };
        kernel::count(sent).map_err(|source| Error::Kernel { doing, source })?;
        let mut answer = [0u8; ANSWER_BYTES];
        // SAFETY: recv(2) writes at most answer.len() bytes to answer.
        let got = unsafe { libc::recv(self.socket.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), 0) };
        let length = kernel::count(got).map_err(|source| Error::Kernel { doing, source })?;
        match acknowledgement(answer.get(..length).unwrap_or_default())? {
            0 => Ok(()),
            libc::EPERM => Err(Missing::NetAdmin.into()),
            errno => Err(Error::Kernel {
                doing,
                source: std::io::Error::from_raw_os_error(errno),
            }),
        }
    }
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The error number of a `NLMSG_ERROR` answer, 0 for success (`netlink(7)`).
fn acknowledgement(answer: &[u8]) -> Result<i32, Error> {
    let broken = Error::Proc("a netlink answer");
    let kind = answer
        .get(4..6)
        .and_then(|bytes| bytes.try_into().ok())
        .map(u16::from_ne_bytes);
    let error = answer
        .get(16..20)
        .and_then(|bytes| bytes.try_into().ok())
        .map(i32::from_ne_bytes);
    match (kind, error) {
        (Some(kind), Some(error)) if i32::from(kind) == libc::NLMSG_ERROR => Ok(error.saturating_neg()),
        _ => Err(broken),
    }
}

/// Family and octets of an address.
fn wire(address: IpAddr) -> (u8, Vec<u8>) {
    match address {
        IpAddr::V4(address) => (libc::AF_INET as u8, address.octets().to_vec()),
        IpAddr::V6(address) => (libc::AF_INET6 as u8, address.octets().to_vec()),
    }
}

/// A request under construction.
pub(crate) struct Request(Vec<u8>);

impl Request {
    pub(crate) fn new(kind: u16, flags: libc::c_int) -> Self {
        let flags = (flags | libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
        let mut bytes = vec![0; 4];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        // Sequence and port: one request is under way at a time, so neither is looked at.
        bytes.extend([0; 8]);
        Self(bytes)
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    /// `struct ifinfomsg`: family, padding, type, index, flags, change.
    fn link_header(&mut self, index: u32, flags: u32, change: u32) {
        self.raw(&[0; 4]);
        for field in [index, flags, change] {
            self.raw(&field.to_ne_bytes());
        }
    }

    pub(crate) fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.nest(kind, |inner| inner.raw(value));
    }

    /// An attribute whose value is written by `fill`: length, kind, value, padding to 4 bytes.
    pub(crate) fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        let start = self.0.len();
        self.0.extend([0; 2]);
        self.0.extend(kind.to_ne_bytes());
        fill(self);
        let length = (self.0.len() - start) as u16;
        self.0[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    fn finish(mut self) -> Vec<u8> {
        let length = self.0.len() as u32;
        self.0[..4].copy_from_slice(&length.to_ne_bytes());
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn attributes_are_padded_and_nests_know_their_length() {
        let mut request = Request::new(libc::RTM_NEWLINK, 0);
        request.nest(18, |info| info.attribute(1, b"veth!"));
        let bytes = request.finish();
        assert_eq!(bytes.len(), 16 + 4 + 4 + 8);
        assert_eq!(bytes[..4], 32u32.to_ne_bytes());
        assert_eq!(bytes[16..18], 16u16.to_ne_bytes());
        assert_eq!(bytes[20..22], 9u16.to_ne_bytes());
        assert_eq!(&bytes[24..29], b"veth!");
    }

    #[test]
    fn names_that_nft_or_a_path_would_misread_are_refused() {
        for bad in ["", "a/b", "a b", "..", "tun\"", "sixteen-letters-", "ä"] {
            assert!(matches!(LinkName::new(bad), Err(Error::BadName(_))), "{bad}");
        }
        assert!(LinkName::new("fifteen-letters").is_ok());
    }

    #[test]
    fn a_prefix_ends_with_its_address() {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert!(Range::new(address, 32).is_ok());
        assert!(matches!(Range::new(address, 33), Err(Error::BadPrefix(33))));
    }

    #[test]
    fn an_answer_that_is_too_short_is_an_error() {
        assert!(acknowledgement(&[0; 19]).is_err());
    }
}
