//! What became of datagrams that did not arrive (`ip(7)` and `ipv6(7)`, "IP_RECVERR").

use super::Loose;
use crate::udp::{decode, empty_header, empty_name};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;

/// Room for one `struct sock_extended_err` with an IPv6 address behind it, and some more: 16, 16 and 28 bytes.
type Space = [u64; 32];

/// One datagram that did not arrive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Where it was to go. An address that a member chose: no `Debug`.
    pub destination: SocketAddr,
    /// How much of its payload lies at the start of the buffer, in bytes.
    pub length: usize,
    /// Who says so; `None` when it is this machine.
    pub offender: Option<IpAddr>,
    /// Why.
    pub cause: Cause,
}

/// Why a datagram did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// An ICMP or ICMPv6 message of this type and code said so.
    Icmp {
        /// Type.
        kind: u8,
        /// Code.
        code: u8,
    },
    /// It is larger than the path takes.
    TooLarge {
        /// What the path takes, in bytes.
        mtu: u32,
    },
    /// This machine has no way there.
    NoWay,
}

/// Takes the next entry of the error queue.
pub(super) fn next(socket: &Loose, buffer: &mut [u8]) -> Option<Refused> {
    let mut name = empty_name();
    let mut space: Space = [0; 32];
    let mut part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let mut header = empty_header();
    header.msg_name = (&raw mut name).cast();
    header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    header.msg_iov = &mut part;
    header.msg_iovlen = 1;
    header.msg_control = (&raw mut space).cast();
    header.msg_controllen = size_of_val(&space) as _;
    // SAFETY: recvmsg(2) writes within name, buffer and space, whose lengths the header carries.
    let got = unsafe { libc::recvmsg(socket.as_raw_fd(), &mut header, libc::MSG_ERRQUEUE) };
    let length = usize::try_from(got).ok()?;
    // SAFETY: recvmsg(2) has just filled the header, and space is still alive.
    let (cause, offender) = unsafe { read(&header) }?;
    Some(Refused {
        destination: decode(&name)?,
        length,
        offender,
        cause,
    })
}

/// # Safety
/// `header` was filled by `recvmsg(2)` and its control buffer is alive.
unsafe fn read(header: &libc::msghdr) -> Option<(Cause, Option<IpAddr>)> {
    // SAFETY: cmsg(3): the header was filled by recvmsg(2).
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !next.is_null() {
        // SAFETY: cmsg(3): CMSG_FIRSTHDR and CMSG_NXTHDR return null or a header within the buffer.
        let (level, kind) = unsafe { ((*next).cmsg_level, (*next).cmsg_type) };
        if matches!(
            (level, kind),
            (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
        ) {
            // SAFETY: ip(7): the data is a struct sock_extended_err with a socket address behind it;
            // cmsg(3) does not promise its alignment, hence the unaligned reads.
            let told = unsafe { libc::CMSG_DATA(next).cast::<libc::sock_extended_err>().read_unaligned() };
            // SAFETY: as above; Space has room for the longest address, and is zero where none was written.
            let behind = unsafe {
                let mut name = empty_name();
                let from = libc::CMSG_DATA(next).add(size_of::<libc::sock_extended_err>());
                std::ptr::copy_nonoverlapping(from, (&raw mut name).cast(), size_of::<libc::sockaddr_in6>());
                name
            };
            let offender = decode(&behind).map(|address| address.ip());
            return Some((cause(&told), offender));
        }
        // SAFETY: cmsg(3): next is a header of this buffer.
        next = unsafe { libc::CMSG_NXTHDR(header, next) };
    }
    None
}

fn cause(told: &libc::sock_extended_err) -> Cause {
    if told.ee_errno == libc::EMSGSIZE as u32 {
        return Cause::TooLarge { mtu: told.ee_info };
    }
    match told.ee_origin {
        libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6 => Cause::Icmp {
            kind: told.ee_type,
            code: told.ee_code,
        },
        _ => Cause::NoWay,
    }
}
