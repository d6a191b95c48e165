//! Sockets that a connector opens towards destinations that members chose: TCP connections, and UDP
//! and echo sockets that belong to no connection. All nonblocking.
//!
//! **What it never does:** it binds no port, listens on none, and opens nothing that is not IP.

mod refusal;

use crate::udp::{decode, empty_name, encode};
use crate::{Error, kernel};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

pub use refusal::{Cause, Refused};

/// The flags of every socket here; the lock of a connector permits these and no others.
pub(crate) const FLAGS: libc::c_int = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;

/// Every kind of socket that can be opened here: domain, type without [`FLAGS`], protocol.
pub(crate) const KINDS: [[libc::c_int; 3]; 6] = [
    [libc::AF_INET, libc::SOCK_STREAM, 0],
    [libc::AF_INET6, libc::SOCK_STREAM, 0],
    [libc::AF_INET, libc::SOCK_DGRAM, 0],
    [libc::AF_INET6, libc::SOCK_DGRAM, 0],
    [libc::AF_INET, libc::SOCK_DGRAM, libc::IPPROTO_ICMP],
    [libc::AF_INET6, libc::SOCK_DGRAM, libc::IPPROTO_ICMPV6],
];

/// Every option that is set here: level and name.
pub(crate) const OPTIONS: [[libc::c_int; 2]; 7] = [
    [libc::IPPROTO_TCP, libc::TCP_NODELAY],
    [libc::SOL_SOCKET, libc::SO_LINGER],
    [libc::IPPROTO_IP, libc::IP_RECVERR],
    [libc::IPPROTO_IP, libc::IP_MTU_DISCOVER],
    [libc::IPPROTO_IPV6, libc::IPV6_V6ONLY],
    [libc::IPPROTO_IPV6, libc::IPV6_RECVERR],
    [libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER],
];

/// What a socket without connection carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    /// UDP datagrams.
    Datagrams,
    /// Questions and answers of `ping` (`icmp(7)`, `IPPROTO_ICMP` datagram sockets).
    Echoes,
}

/// Whether a datagram may be cut in pieces on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cutting {
    /// It may; the kernel cuts it where the path is too narrow.
    Allowed,
    /// It may not; where the path is too narrow, [`Loose::refused`] says so.
    Forbidden,
}

/// A TCP connection.
#[derive(Debug)]
pub struct Stream(OwnedFd);

impl Stream {
    /// Begins to connect. The socket becomes writable when that is decided; see [`Stream::outcome`].
    ///
    /// # Errors
    /// The kernel knows at once that it cannot be: there is no way there.
    pub fn connect(destination: SocketAddr) -> io::Result<Self> {
        let stream = Self(open(domain(destination.is_ipv4()), libc::SOCK_STREAM, 0)?);
        // Data go on as they come: what waits to be filled up is the sender's own matter.
        set(&stream.0, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1)?;
        let (name, length) = encode(destination);
        // SAFETY: connect(2) reads length bytes of a sockaddr_storage, which is at least that long.
        let answer = unsafe { libc::connect(stream.as_raw_fd(), (&raw const name).cast(), length) };
        match kernel::count(answer as isize) {
            Ok(_) => Ok(stream),
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(stream),
            Err(error) => Err(error),
        }
    }

    /// What became of the attempt, or of the connection.
    ///
    /// # Errors
    /// Why there is none.
    pub fn outcome(&self) -> io::Result<()> {
        let mut errno: libc::c_int = 0;
        let mut length = size_of::<libc::c_int>() as libc::socklen_t;
        // SAFETY: getsockopt(2) writes at most length bytes to errno.
        let answer = unsafe {
            libc::getsockopt(
                self.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_ERROR,
                (&raw mut errno).cast(),
                &mut length,
            )
        };
        kernel::count(answer as isize)?;
        match errno {
            0 => Ok(()),
            errno => Err(io::Error::from_raw_os_error(errno)),
        }
    }

    /// Reads; 0 when the other side has finished.
    ///
    /// # Errors
    /// `WouldBlock` when nothing waits; anything else ends the connection.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        // SAFETY: recv(2) writes at most buffer.len() bytes to buffer.
        kernel::count(unsafe { libc::recv(self.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0) })
    }

    /// Writes as much as there is room for.
    ///
    /// # Errors
    /// `WouldBlock` when there is none; anything else ends the connection.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        // SAFETY: send(2) reads bytes.len() bytes from bytes.
        kernel::count(unsafe { libc::send(self.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) })
    }

    /// Says that nothing more will be written.
    pub fn finish(&self) -> io::Result<()> {
        // SAFETY: shutdown(2) takes two numbers.
        kernel::count(unsafe { libc::shutdown(self.as_raw_fd(), libc::SHUT_WR) } as isize).map(|_| ())
    }

    /// Ends the connection at once; the other side sees that it was broken off (`socket(7)`, `SO_LINGER`).
    pub fn reset(self) {
        let linger = libc::linger {
            l_onoff: 1,
            l_linger: 0,
        };
        // SAFETY: setsockopt(2) reads one struct linger from a valid pointer.
        let _broken_off_by_close_alone = unsafe {
            libc::setsockopt(
                self.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_LINGER,
                (&raw const linger).cast(),
                size_of::<libc::linger>() as libc::socklen_t,
            )
        };
    }
}

/// A socket without connection: one for all destinations, so that a destination sees the same port as
/// the next one does (RFC 4787, "Endpoint-Independent Mapping").
#[derive(Debug)]
pub struct Loose {
    descriptor: OwnedFd,
    is_v4: bool,
}

impl Loose {
    /// A socket whose port the kernel chooses when it first sends.
    ///
    /// # Errors
    /// The kernel refuses: for echoes, when this user's group is not in `net.ipv4.ping_group_range`.
    pub fn open(carries: Carries, is_v4: bool) -> io::Result<Self> {
        let protocol = match (carries, is_v4) {
            (Carries::Datagrams, _) => 0,
            (Carries::Echoes, true) => libc::IPPROTO_ICMP,
            (Carries::Echoes, false) => libc::IPPROTO_ICMPV6,
        };
        let descriptor = open(domain(is_v4), libc::SOCK_DGRAM, protocol)?;
        let options: &[(libc::c_int, libc::c_int)] = match is_v4 {
            true => &[(libc::IPPROTO_IP, libc::IP_RECVERR)],
            // Without the first, ::ffff:127.0.0.1 would be a way to 127.0.0.1.
            false => &[
                (libc::IPPROTO_IPV6, libc::IPV6_V6ONLY),
                (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
            ],
        };
        for (level, option) in options {
            set(&descriptor, *level, *option, 1)?;
        }
        Ok(Self { descriptor, is_v4 })
    }

    /// Whether what is sent from now on may be cut in pieces (`ip(7)`, `IP_MTU_DISCOVER`).
    ///
    /// # Errors
    /// As `setsockopt(2)`.
    pub fn cutting(&self, cutting: Cutting) -> io::Result<()> {
        let value = match cutting {
            Cutting::Allowed => libc::IP_PMTUDISC_WANT,
            Cutting::Forbidden => libc::IP_PMTUDISC_DO,
        };
        match self.is_v4 {
            true => set(&self.descriptor, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, value),
            false => set(&self.descriptor, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, value),
        }
    }

    /// Sends one datagram, or one echo message whose identifier the kernel replaces.
    ///
    /// # Errors
    /// What an earlier one met, or why this one cannot go; [`Loose::refused`] has the details.
    pub fn send(&self, bytes: &[u8], destination: SocketAddr) -> io::Result<()> {
        let (name, length) = encode(destination);
        // SAFETY: sendto(2) reads bytes and length bytes of a sockaddr_storage.
        let sent = unsafe {
            libc::sendto(
                self.as_raw_fd(),
                bytes.as_ptr().cast(),
                bytes.len(),
                libc::MSG_NOSIGNAL,
                (&raw const name).cast(),
                length,
            )
        };
        kernel::count(sent).map(|_| ())
    }

    /// Receives one datagram: its length and who sent it.
    ///
    /// # Errors
    /// `WouldBlock` when none waits; anything else is about an earlier one, see [`Loose::refused`].
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let mut name = empty_name();
        let mut length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        // SAFETY: recvfrom(2) writes at most buffer.len() bytes to buffer and length bytes to name.
        let got = unsafe {
            libc::recvfrom(
                self.as_raw_fd(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                0,
                (&raw mut name).cast(),
                &mut length,
            )
        };
        let got = kernel::count(got)?;
        let source = decode(&name).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        Ok((got, source))
    }

    /// What became of a datagram that did not arrive; its payload is put into `buffer`. `None` when there
    /// is nothing more to tell.
    pub fn refused(&self, buffer: &mut [u8]) -> Option<Refused> {
        refusal::next(self, buffer)
    }
}

/// Whether this process may open sockets for [`Carries::Echoes`] (`icmp(7)`).
pub fn may_echo() -> bool {
    Loose::open(Carries::Echoes, true).is_ok()
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsFd for Loose {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Loose {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

/// The hard limit of open descriptors of this process (`getrlimit(2)`).
///
/// # Errors
/// As `getrlimit(2)`.
pub fn descriptor_limit() -> Result<u64, Error> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: getrlimit(2) writes one struct rlimit.
    kernel::done("read a limit", unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit)
    })?;
    Ok(limit.rlim_max)
}

fn domain(is_v4: bool) -> libc::c_int {
    if is_v4 { libc::AF_INET } else { libc::AF_INET6 }
}

fn open(domain: libc::c_int, kind: libc::c_int, protocol: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: socket(2) takes three numbers and returns a descriptor of ours.
    let number = unsafe { libc::socket(domain, kind | FLAGS, protocol) };
    kernel::count(number as isize)?;
    // SAFETY: socket(2) just returned the number and nobody else holds it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn set(descriptor: &OwnedFd, level: libc::c_int, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
    // SAFETY: setsockopt(2) reads one int from a valid pointer.
    let answer = unsafe {
        libc::setsockopt(
            descriptor.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    kernel::count(answer as isize).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::{Interest, Poller};
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, UdpSocket};
    use std::time::Duration;

    fn ready(descriptor: BorrowedFd<'_>, interest: Interest) {
        let poller = Poller::new().unwrap();
        poller.add(descriptor, 0, interest).unwrap();
        poller.wait(&mut Vec::new(), Some(Duration::from_secs(5))).unwrap();
    }

    #[test]
    fn a_connection_is_made_used_half_closed_and_ended() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = Stream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        ready(stream.as_fd(), Interest::ReadWrite);
        stream.outcome().unwrap();
        assert_eq!(stream.write(b"question").unwrap(), 8);
        stream.finish().unwrap();
        let mut heard = String::new();
        far.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "question");
        far.write_all(b"answer").unwrap();
        drop(far);
        ready(stream.as_fd(), Interest::Read);
        let mut buffer = [0; 16];
        assert_eq!(stream.read(&mut buffer).unwrap(), 6);
        ready(stream.as_fd(), Interest::Read);
        assert_eq!(stream.read(&mut buffer).unwrap(), 0);
    }

    #[test]
    fn a_reset_is_seen_as_one() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = Stream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        stream.reset();
        let error = far.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn a_port_where_nobody_listens_refuses_both_kinds() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let nobody = taken.local_addr().unwrap();
        drop(taken);
        let stream = Stream::connect(nobody).unwrap();
        ready(stream.as_fd(), Interest::ReadWrite);
        let error = stream.outcome().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);

        let loose = Loose::open(Carries::Datagrams, true).unwrap();
        loose.send(b"anybody?", nobody).unwrap();
        ready(loose.as_fd(), Interest::Read);
        let mut buffer = [0; 64];
        let refused = loose.refused(&mut buffer).unwrap();
        assert!(refused.destination == nobody);
        assert_eq!(&buffer[..refused.length], b"anybody?");
        assert_eq!(refused.cause, Cause::Icmp { kind: 3, code: 3 });
        assert!(refused.offender == Some("127.0.0.1".parse().unwrap()));
        assert!(loose.refused(&mut buffer).is_none());
    }

    #[test]
    fn an_ipv6_socket_does_not_reach_ipv4() {
        let far = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mapped = SocketAddr::new("::ffff:127.0.0.1".parse().unwrap(), far.local_addr().unwrap().port());
        let loose = Loose::open(Carries::Datagrams, false).unwrap();
        assert!(loose.send(b"x", mapped).is_err());
    }
}
