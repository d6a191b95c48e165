//! UDP sockets that tell to which of our addresses a datagram came and answer from it
//! (`ip(7)` `IP_PKTINFO`, `ipv6(7)` `IPV6_RECVPKTINFO`, RFC 3542), with the ECN bits (RFC 3168).

mod control;

use crate::{Error, kernel};
use control::{Ancillary, SPACE};
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Bytes asked for each direction's socket buffer. 4 MiB is what WireGuard implementations in user
/// space ask for; it holds 20 ms of 1.6 Gb/s. The kernel may grant less without `CAP_NET_ADMIN`.
pub const BUFFER_BYTES: libc::c_int = 4 * 1024 * 1024;

/// Most datagrams in one send: `UDP_MAX_SEGMENTS` of Linux before 6.9 (`linux/udp.h`).
pub const SEGMENTS: usize = 64;

/// The two congestion bits of a traffic-class octet (RFC 3168, section 5).
const ECN: u8 = 0b11;

/// What is known of one received datagram.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Bytes at the start of the buffer.
    pub length: usize,
    /// Who sent it. An address of somebody: it has no `Debug` for that reason.
    pub source: SocketAddr,
    /// Which of our addresses it came to; `None` when the kernel did not say.
    pub local: Option<IpAddr>,
    /// Congestion bits of the outer header: the two low bits (RFC 3168, section 5). What they mean is for whoever reads
    /// packets; here they are carried.
    pub ecn_bits: u8,
    /// Length of each datagram in the buffer, the last of which may be shorter. Equal to `length`
    /// unless the socket was told to [`UdpSocket::coalesce`].
    pub segment_bytes: usize,
}

/// Where a datagram goes and from which address of ours.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Departure {
    /// To whom.
    pub destination: SocketAddr,
    /// From which of our addresses; `None` lets the routing table choose.
    pub local: Option<IpAddr>,
    /// Congestion bits of the outer header, see [`Arrival::ecn_bits`]; the six bits above are not sent.
    pub ecn_bits: u8,
    /// Cut the payload into datagrams of this length, the last of which may be shorter; at most
    /// [`SEGMENTS`] of them and 65,507 bytes. `None`: one datagram.
    pub segment_bytes: Option<u16>,
}

impl Departure {
    /// One datagram to `destination`, from an address of the kernel's choice.
    pub fn to(destination: SocketAddr) -> Self {
        Self {
            destination,
            local: None,
            ecn_bits: 0,
            segment_bytes: None,
        }
    }
}

impl Arrival {
    /// An answer: to where it came from, from the address to which it came.
    pub fn answer(&self) -> Departure {
        Departure {
            local: self.local,
            ..Departure::to(self.source)
        }
    }
}

/// A nonblocking UDP socket of one address family.
#[derive(Debug)]
pub struct UdpSocket {
    descriptor: OwnedFd,
}

impl UdpSocket {
    /// Binds in the calling thread's network namespace. An IPv6 socket takes IPv6 only
    /// (`IPV6_V6ONLY`), so that IPv4 can be bound to the same port beside it.
    pub fn bind(address: SocketAddr) -> Result<Self, Error> {
        let family = match address {
            SocketAddr::V4(_) => libc::AF_INET,
            SocketAddr::V6(_) => libc::AF_INET6,
        };
        // SAFETY: socket(2) takes three numbers and returns a descriptor of ours.
        let number = unsafe { libc::socket(family, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, 0) };
        let number = kernel::done("open a UDP socket", number)?;
        // SAFETY: socket(2) just returned the number and nobody else holds it.
        let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
        let socket = Self { descriptor };
        socket.ask_for_addresses(address)?;
        socket.enlarge_buffers();
        let (name, length) = encode(address);
        // SAFETY: bind(2) reads length bytes of a sockaddr_storage, which is at least that long.
        let answer = unsafe { libc::bind(socket.as_raw_fd(), (&raw const name).cast(), length) };
        kernel::done("bind the UDP port", answer)?;
        Ok(socket)
    }

    /// Takes over a descriptor that the parent bound with [`UdpSocket::bind`].
    pub fn adopt(descriptor: OwnedFd) -> Self {
        Self { descriptor }
    }

    /// The address to which the socket is bound.
    pub fn local_address(&self) -> Result<SocketAddr, Error> {
        let mut name = empty_name();
        let mut length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        // SAFETY: getsockname(2) writes at most length bytes to name.
        let answer = unsafe { libc::getsockname(self.as_raw_fd(), (&raw mut name).cast(), &mut length) };
        kernel::done("read the bound address", answer)?;
        decode(&name).ok_or(Error::Proc("the bound address"))
    }

    /// Lets one receive return several datagrams of one flow, of equal length (`udp(7)`, `UDP_GRO`).
    /// The buffer is then 64 KiB. To be called before the lock closes. `false`: the kernel cannot.
    pub fn coalesce(&self) -> bool {
        self.set(libc::SOL_UDP, libc::UDP_GRO, 1) >= 0
    }

    /// Receives one datagram, or several of equal length after [`UdpSocket::coalesce`]. `WouldBlock` when none waits; `InvalidData` when it was longer than
    /// the buffer.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Arrival> {
        let mut name = empty_name();
        let mut space = SPACE;
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
        let length = kernel::count(unsafe { libc::recvmsg(self.as_raw_fd(), &mut header, 0) })?;
        if header.msg_flags & libc::MSG_TRUNC != 0 {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        // SAFETY: recvmsg(2) has just filled the header, and space is still alive.
        let ancillary = unsafe { control::read(&header) };
        let source = decode(&name).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        Ok(Arrival {
            length,
            source,
            local: ancillary.local,
            ecn_bits: ancillary.class & ECN,
            segment_bytes: ancillary.segment_bytes.map_or(length, usize::from),
        })
    }

    /// Sends one datagram, or several with `segment_bytes` (`udp(7)`, `UDP_SEGMENT`). `WouldBlock` when the buffer is full.
    pub fn send(&self, payload: &[u8], departure: Departure) -> io::Result<()> {
        let (mut name, length) = encode(departure.destination);
        let mut space = SPACE;
        let mut part = libc::iovec {
            iov_base: payload.as_ptr().cast_mut().cast(),
            iov_len: payload.len(),
        };
        let mut header = empty_header();
        header.msg_name = (&raw mut name).cast();
        header.msg_namelen = length;
        header.msg_iov = &mut part;
        header.msg_iovlen = 1;
        header.msg_control = (&raw mut space).cast();
        header.msg_controllen = size_of_val(&space) as _;
        let ancillary = Ancillary {
            local: departure.local,
            class: departure.ecn_bits & ECN,
            segment_bytes: departure.segment_bytes,
        };
        // SAFETY: cmsg(3): the header points at space, whose length it carries.
        unsafe { control::write(&mut header, departure.destination, &ancillary) };
        // SAFETY: sendmsg(2) reads name, payload and space, whose lengths the header carries.
        kernel::count(unsafe { libc::sendmsg(self.as_raw_fd(), &header, libc::MSG_NOSIGNAL) }).map(|_| ())
    }

    /// Marks what is sent, for rules of routing; zero is none (`socket(7)`, `SO_MARK`).
    ///
    /// # Errors
    /// The right to configure the network is missing.
    pub fn mark(&self, mark: u32) -> Result<(), Error> {
        let answer = self.set(libc::SOL_SOCKET, libc::SO_MARK, mark as libc::c_int);
        kernel::done("mark what the UDP socket sends", answer).map(|_| ())
    }

    fn ask_for_addresses(&self, address: SocketAddr) -> Result<(), Error> {
        let options: &[(libc::c_int, libc::c_int)] = match address {
            SocketAddr::V4(_) => &[
                (libc::IPPROTO_IP, libc::IP_PKTINFO),
                (libc::IPPROTO_IP, libc::IP_RECVTOS),
            ],
            SocketAddr::V6(_) => &[
                (libc::IPPROTO_IPV6, libc::IPV6_V6ONLY),
                (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
                (libc::IPPROTO_IPV6, libc::IPV6_RECVTCLASS),
            ],
        };
        for (level, option) in options {
            kernel::done("ask for the addresses of datagrams", self.set(*level, *option, 1))?;
        }
        Ok(())
    }

    /// Best effort: a smaller buffer loses bursts, nothing else.
    fn enlarge_buffers(&self) {
        for (forced, asked) in [
            (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF),
            (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF),
        ] {
            if self.set(libc::SOL_SOCKET, forced, BUFFER_BYTES) < 0 {
                self.set(libc::SOL_SOCKET, asked, BUFFER_BYTES);
            }
        }
    }

    fn set(&self, level: libc::c_int, option: libc::c_int, value: libc::c_int) -> libc::c_int {
        // SAFETY: setsockopt(2) reads one int from a valid pointer.
        unsafe {
            libc::setsockopt(
                self.as_raw_fd(),
                level,
                option,
                (&raw const value).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            )
        }
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl From<UdpSocket> for OwnedFd {
    fn from(socket: UdpSocket) -> Self {
        socket.descriptor
    }
}

pub(crate) fn empty_name() -> libc::sockaddr_storage {
    // SAFETY: socket(7): struct sockaddr_storage is plain numbers; all zeroes is valid.
    unsafe { std::mem::zeroed() }
}

pub(crate) fn empty_header() -> libc::msghdr {
    // SAFETY: recvmsg(2): struct msghdr is numbers and pointers; zero and null are valid.
    unsafe { std::mem::zeroed() }
}

/// `ip(7)` and `ipv6(7)` socket addresses, in network order.
pub(crate) fn encode(address: SocketAddr) -> (libc::sockaddr_storage, libc::socklen_t) {
    let mut storage = empty_name();
    let length = match address {
        SocketAddr::V4(address) => {
            let name = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: address.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(address.ip().octets()),
                },
                sin_zero: [0; 8],
            };
            // SAFETY: socket(7): sockaddr_storage is as long and as aligned as any sockaddr.
            unsafe { (&raw mut storage).cast::<libc::sockaddr_in>().write(name) };
            size_of::<libc::sockaddr_in>()
        }
        SocketAddr::V6(address) => {
            let name = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: address.port().to_be(),
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr {
                    s6_addr: address.ip().octets(),
                },
                sin6_scope_id: address.scope_id(),
            };
            // SAFETY: socket(7): sockaddr_storage is as long and as aligned as any sockaddr.
            unsafe { (&raw mut storage).cast::<libc::sockaddr_in6>().write(name) };
            size_of::<libc::sockaddr_in6>()
        }
    };
    (storage, length as libc::socklen_t)
}

pub(crate) fn decode(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match libc::c_int::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: socket(7): the family says that the storage holds a sockaddr_in.
            let name = unsafe { (&raw const *storage).cast::<libc::sockaddr_in>().read() };
            let address = name.sin_addr.s_addr.to_ne_bytes().into();
            Some(SocketAddrV4::new(address, u16::from_be(name.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: socket(7): the family says that the storage holds a sockaddr_in6.
            let name = unsafe { (&raw const *storage).cast::<libc::sockaddr_in6>().read() };
            let address = name.sin6_addr.s6_addr.into();
            Some(SocketAddrV6::new(address, u16::from_be(name.sin6_port), 0, name.sin6_scope_id).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::{Interest, Poller};

    fn wait(socket: &UdpSocket) {
        let poller = Poller::new().unwrap();
        poller.add(socket.as_fd(), 0, Interest::Read).unwrap();
        poller
            .wait(&mut Vec::new(), Some(std::time::Duration::from_secs(5)))
            .unwrap();
    }

    fn answered_from(bound: &str, sent_to: &str) {
        let server = UdpSocket::bind(bound.parse().unwrap()).unwrap();
        let port = server.local_address().unwrap().port();
        let client = UdpSocket::bind(bound.parse().unwrap()).unwrap();
        let target: IpAddr = sent_to.parse().unwrap();
        let destination = SocketAddr::new(target, port);
        client
            .send(
                b"question",
                Departure {
                    ecn_bits: 0b10,
                    ..Departure::to(destination)
                },
            )
            .unwrap();

        let mut buffer = [0; 64];
        wait(&server);
        let arrival = server.receive(&mut buffer).unwrap();
        assert_eq!(&buffer[..arrival.length], b"question");
        assert_eq!(arrival.local, Some(target));
        assert!(arrival.ecn_bits == 0b10);

        server.send(b"answer", arrival.answer()).unwrap();
        wait(&client);
        let arrival = client.receive(&mut buffer).unwrap();
        assert_eq!(
            arrival.source, destination,
            "the answer leaves from the address that was asked"
        );
        assert!(arrival.ecn_bits == 0);
    }

    #[test]
    fn ipv4_is_answered_from_the_address_that_was_asked() {
        // Not 127.0.0.1, which the routing table would choose by itself.
        answered_from("0.0.0.0:0", "127.9.8.7");
    }

    #[test]
    fn ipv6_is_answered_from_the_address_that_was_asked() {
        answered_from("[::]:0", "::1");
    }

    #[test]
    fn both_families_share_a_port() {
        let four = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = four.local_address().unwrap().port();
        UdpSocket::bind(SocketAddr::new("::1".parse().unwrap(), port)).unwrap();
    }

    #[test]
    fn a_datagram_longer_than_the_buffer_is_not_half_taken() {
        let server = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let destination = server.local_address().unwrap();
        server.send(&[0; 65], Departure::to(destination)).unwrap();
        wait(&server);
        let error = server.receive(&mut [0; 64]).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let empty = server.receive(&mut [0; 64]).err().unwrap();
        assert_eq!(empty.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn many_datagrams_cross_in_one_call_and_one_past_the_limit_does_not() {
        let server = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let departure = Departure {
            segment_bytes: Some(100),
            ecn_bits: 0b1101,
            ..Departure::to(server.local_address().unwrap())
        };
        let plain = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert!(server.coalesce());
        plain.send(&[9; 100 * SEGMENTS - 1], departure).unwrap();
        wait(&server);
        let mut buffer = [0; 65536];
        let arrival = server.receive(&mut buffer).unwrap();
        assert_eq!((arrival.length, arrival.segment_bytes), (100 * SEGMENTS - 1, 100));
        assert!(arrival.ecn_bits == 0b01, "two bits and no more");
        plain.send(&[9; 70], departure).unwrap();
        wait(&server);
        let arrival = server.receive(&mut buffer).unwrap();
        assert_eq!((arrival.length, arrival.segment_bytes), (70, 70));
        // Newer kernels take 128: the limit that every kernel keeps is the length.
        let long = Departure {
            segment_bytes: Some(1400),
            ..departure
        };
        assert!(plain.send(&[9; 65_508], long).is_err());
    }
}
