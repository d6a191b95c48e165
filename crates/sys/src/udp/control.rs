//! Ancillary data of a datagram (`cmsg(3)`): local address, traffic class, segment length.

use std::net::{IpAddr, SocketAddr};

/// Room for one packet-info, one traffic-class and one segment message: 40, 24 and 24 bytes on 64-bit
/// Linux (`CMSG_SPACE`, `cmsg(3)`), and some more. `u64` gives the alignment that `cmsghdr` needs.
pub(super) type Space = [u64; 16];
/// Empty room.
pub(super) const SPACE: Space = [0; 16];

/// What travels beside a datagram.
#[derive(Default)]
pub(super) struct Ancillary {
    pub(super) local: Option<IpAddr>,
    pub(super) class: u8,
    pub(super) segment_bytes: Option<u16>,
}

/// Reads what the kernel put beside a received datagram.
///
/// # Safety
/// `header` was filled by `recvmsg(2)` and its control buffer is alive.
pub(super) unsafe fn read(header: &libc::msghdr) -> Ancillary {
    let mut found = Ancillary::default();
    // SAFETY: cmsg(3): the header was filled by recvmsg(2).
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !next.is_null() {
        // SAFETY: cmsg(3): CMSG_FIRSTHDR and CMSG_NXTHDR return null or a header within the buffer.
        let (level, kind) = unsafe { ((*next).cmsg_level, (*next).cmsg_type) };
        // SAFETY: cmsg(3): next is such a header.
        let data = unsafe { libc::CMSG_DATA(next) };
        // SAFETY of the five reads below: ip(7) and ipv6(7) name the type behind each level and
        // kind; cmsg(3) does not promise its alignment, hence the unaligned reads.
        match (level, kind) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                // SAFETY: ip(7): struct in_pktinfo.
                let info = unsafe { data.cast::<libc::in_pktinfo>().read_unaligned() };
                found.local = Some(IpAddr::V4(info.ipi_addr.s_addr.to_ne_bytes().into()));
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                // SAFETY: ipv6(7): struct in6_pktinfo.
                let info = unsafe { data.cast::<libc::in6_pktinfo>().read_unaligned() };
                found.local = Some(IpAddr::V6(info.ipi6_addr.s6_addr.into()));
            }
            (libc::IPPROTO_IP, libc::IP_TOS) => {
                // SAFETY: ip(7): IP_TOS is received as one octet.
                found.class = unsafe { data.read() };
            }
            (libc::IPPROTO_IPV6, libc::IPV6_TCLASS) => {
                // SAFETY: RFC 3542, section 6.5: the traffic class is an int of 0 to 255.
                found.class = unsafe { data.cast::<libc::c_int>().read_unaligned() } as u8;
            }
            (libc::SOL_UDP, libc::UDP_GRO) => {
                // SAFETY: udp(7): the segment size is received as an int.
                let bytes = unsafe { data.cast::<libc::c_int>().read_unaligned() };
                found.segment_bytes = u16::try_from(bytes).ok();
            }
            _ => {}
        }
        // SAFETY: cmsg(3): next lies within the header's control buffer.
        next = unsafe { libc::CMSG_NXTHDR(header, next) };
    }
    found
}

/// Writes what the kernel shall heed for a datagram to `destination`, and sets the length.
///
/// # Safety
/// The control pointer and length of `header` describe a zeroed [`Space`].
pub(super) unsafe fn write(header: &mut libc::msghdr, destination: SocketAddr, ancillary: &Ancillary) {
    // SAFETY: the caller vouches for the control buffer (cmsg(3)).
    let mut writer = unsafe { Writer::new(header) };
    match (destination, ancillary.local) {
        (SocketAddr::V4(_), Some(IpAddr::V4(local))) => {
            let info = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: libc::in_addr {
                    s_addr: u32::from_ne_bytes(local.octets()),
                },
                ipi_addr: libc::in_addr { s_addr: 0 },
            };
            writer.push(libc::IPPROTO_IP, libc::IP_PKTINFO, info);
        }
        (SocketAddr::V6(to), Some(IpAddr::V6(local))) => {
            let info = libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr {
                    s6_addr: local.octets(),
                },
                ipi6_ifindex: to.scope_id() as _,
            };
            writer.push(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info);
        }
        // No address, or one of the other family: the routing table chooses.
        (SocketAddr::V4(_) | SocketAddr::V6(_), _) => {}
    }
    if ancillary.class != 0 {
        let class = libc::c_int::from(ancillary.class);
        match destination {
            SocketAddr::V4(_) => writer.push(libc::IPPROTO_IP, libc::IP_TOS, class),
            SocketAddr::V6(_) => writer.push(libc::IPPROTO_IPV6, libc::IPV6_TCLASS, class),
        }
    }
    if let Some(bytes) = ancillary.segment_bytes {
        writer.push(libc::SOL_UDP, libc::UDP_SEGMENT, bytes);
    }
    writer.finish();
}

/// Appends control messages and keeps count of their length.
struct Writer<'a> {
    header: &'a mut libc::msghdr,
    next: *mut libc::cmsghdr,
    length: usize,
}

impl<'a> Writer<'a> {
    /// # Safety
    /// The control pointer and length of `header` describe a zeroed [`Space`].
    unsafe fn new(header: &'a mut libc::msghdr) -> Self {
        // SAFETY: the caller vouches for the control buffer (cmsg(3)).
        let next = unsafe { libc::CMSG_FIRSTHDR(header) };
        Self {
            header,
            next,
            length: 0,
        }
    }

    fn push<T: Copy>(&mut self, level: libc::c_int, kind: libc::c_int, value: T) {
        assert!(
            !self.next.is_null(),
            "Space holds the three messages that are ever written"
        );
        // SAFETY: cmsg(3): CMSG_LEN and CMSG_SPACE compute on numbers.
        let (length, space) = unsafe {
            (
                libc::CMSG_LEN(size_of::<T>() as u32),
                libc::CMSG_SPACE(size_of::<T>() as u32),
            )
        };
        // SAFETY: cmsg(3): next is a header within the zeroed buffer, which has room for T, since
        // Space is larger than the three messages together; the write is unaligned.
        unsafe {
            (*self.next).cmsg_level = level;
            (*self.next).cmsg_type = kind;
            (*self.next).cmsg_len = length as _;
            libc::CMSG_DATA(self.next).cast::<T>().write_unaligned(value);
            self.next = libc::CMSG_NXTHDR(self.header, self.next);
        }
        self.length += space as usize;
    }

    fn finish(self) {
        self.header.msg_controllen = self.length as _;
        if self.length == 0 {
            self.header.msg_control = std::ptr::null_mut();
        }
    }
}
