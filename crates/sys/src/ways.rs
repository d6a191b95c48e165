//! Asking the kernel where a destination lies (`rtnetlink(7)`, `RTM_GETROUTE`), before anything is sent
//! there. No right is needed for that.

use crate::kernel;
use crate::{Error, netlink};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// Bytes of the two headers of a request: `struct nlmsghdr` and `struct rtmsg`.
const HEADERS: usize = 16 + 12;
/// Where `rtm_type` lies in an answer.
const TYPE_AT: usize = 16 + 7;
/// Longest answer read; a route has a dozen attributes.
const ANSWER_BYTES: usize = 4096;

/// Where a destination lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// On another machine.
    Elsewhere,
    /// On this machine, or on several at once: an address of its own, a broadcast or multicast address.
    Here,
    /// There is no way there.
    Nowhere,
}

/// A socket to the kernel's routing table.
#[derive(Debug)]
pub struct Ways(netlink::Netlink);

impl Ways {
    /// Opens it in the calling thread's network namespace. Before the lock closes.
    ///
    /// # Errors
    /// As `socket(2)`.
    pub fn open() -> Result<Self, Error> {
        netlink::Netlink::open().map(Self)
    }

    /// Where `destination` lies now.
    ///
    /// # Errors
    /// The kernel's answer is none; nothing must be sent there then.
    pub fn to(&self, destination: IpAddr) -> io::Result<Way> {
        let request = request(destination);
        // SAFETY: send(2) reads request.len() bytes; netlink(7) sends to the kernel by default.
        let sent = unsafe { libc::send(self.as_raw_fd(), request.as_ptr().cast(), request.len(), 0) };
        kernel::count(sent)?;
        let mut answer = [0u8; ANSWER_BYTES];
        // SAFETY: recv(2) writes at most answer.len() bytes to answer. The kernel answers within send(2).
        let got = unsafe { libc::recv(self.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), 0) };
        let length = kernel::count(got)?;
        read(answer.get(..length).unwrap_or_default()).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

impl AsFd for Ways {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Ways {
    fn as_raw_fd(&self) -> libc::c_int {
        self.as_fd().as_raw_fd()
    }
}

fn request(destination: IpAddr) -> Vec<u8> {
    let (family, octets) = match destination {
        IpAddr::V4(address) => (libc::AF_INET as u8, address.octets().to_vec()),
        IpAddr::V6(address) => (libc::AF_INET6 as u8, address.octets().to_vec()),
    };
    let length = HEADERS + 4 + octets.len();
    let mut bytes = Vec::with_capacity(length);
    bytes.extend((length as u32).to_ne_bytes());
    bytes.extend(libc::RTM_GETROUTE.to_ne_bytes());
    bytes.extend((libc::NLM_F_REQUEST as u16).to_ne_bytes());
    bytes.extend([0; 8]);
    // struct rtmsg: family, dst_len, and ten octets that a question leaves zero.
    bytes.extend([family, (octets.len() * 8) as u8]);
    bytes.extend([0; 10]);
    bytes.extend((4 + octets.len() as u16).to_ne_bytes());
    bytes.extend(libc::RTA_DST.to_ne_bytes());
    bytes.extend(octets);
    bytes
}

fn read(answer: &[u8]) -> Option<Way> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    if i32::from(kind) == libc::NLMSG_ERROR {
        // ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL: no way, or one that is closed.
        return Some(Way::Nowhere);
    }
    if kind != libc::RTM_NEWROUTE {
        return None;
    }
    match *answer.get(TYPE_AT)? {
        libc::RTN_UNICAST => Some(Way::Elsewhere),
        libc::RTN_LOCAL | libc::RTN_BROADCAST | libc::RTN_ANYCAST | libc::RTN_MULTICAST => Some(Way::Here),
        _ => Some(Way::Nowhere),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_broadcast_and_multicast_are_here() {
        let ways = Ways::open().unwrap();
        for own in ["127.0.0.1", "127.99.0.1", "::1", "255.255.255.255", "224.0.0.1"] {
            let way = ways.to(own.parse().unwrap()).unwrap();
            assert_ne!(way, Way::Elsewhere, "{own}");
        }
        assert_eq!(ways.to("127.0.0.1".parse().unwrap()).unwrap(), Way::Here);
        assert_eq!(ways.to("::1".parse().unwrap()).unwrap(), Way::Here);
    }

    #[test]
    fn an_answer_that_is_none_is_not_taken_for_one() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[0; 64]), None);
        let mut answer = [0u8; 64];
        answer[4..6].copy_from_slice(&libc::RTM_NEWROUTE.to_ne_bytes());
        answer[TYPE_AT] = libc::RTN_LOCAL;
        assert_eq!(read(&answer), Some(Way::Here));
        answer[TYPE_AT] = libc::RTN_BLACKHOLE;
        assert_eq!(read(&answer), Some(Way::Nowhere));
        assert_eq!(read(&answer[..TYPE_AT]), None);
    }
}
