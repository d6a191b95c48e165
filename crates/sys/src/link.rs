//! A wire between two processes of ours that carries whole IP packets, in place of a tunnel device: a
//! `SOCK_SEQPACKET` pair (`unix(7)`). Each end is read and written as a tunnel device is, one packet for
//! each call, so a worker may be given it in the place of one.

use crate::channel::socket_pair;
use crate::{Error, kernel};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// Bytes asked for each direction; the kernel grants as much as `net.core.wmem_max`, which is 208 KiB on
/// most machines: 90 packets of 1,420 bytes, each of which counts with its book-keeping.
const BUFFER_BYTES: libc::c_int = 4 * 1024 * 1024;

/// One end of the wire, nonblocking.
#[derive(Debug)]
pub struct Link(OwnedFd);

/// Two ends.
///
/// # Errors
/// As `socketpair(2)`.
pub fn pair() -> Result<(Link, Link), Error> {
    let [near, far] = socket_pair()?.map(Link);
    near.enlarge();
    far.enlarge();
    Ok((near, far))
}

impl Link {
    /// Takes over a descriptor that the parent made with [`pair`].
    pub fn adopt(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// Another descriptor of the same end.
    ///
    /// # Errors
    /// As `dup(2)`.
    pub fn duplicate(&self) -> Result<Self, Error> {
        self.0.try_clone().map(Self).map_err(|source| Error::Kernel {
            doing: "duplicate a link",
            source,
        })
    }

    /// Sends one packet.
    ///
    /// # Errors
    /// `WouldBlock` when the other end does not keep up.
    pub fn send(&self, packet: &[u8]) -> io::Result<()> {
        // SAFETY: write(2) reads packet.len() bytes from packet.
        kernel::count(unsafe { libc::write(self.as_raw_fd(), packet.as_ptr().cast(), packet.len()) }).map(|_| ())
    }

    /// Receives one packet; one longer than the buffer is cut. 0 when the other end is gone.
    ///
    /// # Errors
    /// `WouldBlock` when none waits.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        // SAFETY: read(2) writes at most buffer.len() bytes to buffer.
        kernel::count(unsafe { libc::read(self.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) })
    }

    /// Best effort: a smaller buffer loses bursts, nothing else.
    fn enlarge(&self) {
        let bytes = BUFFER_BYTES;
        // SAFETY: setsockopt(2) reads one int from a valid pointer.
        let _smaller = unsafe {
            libc::setsockopt(
                self.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_SNDBUF,
                (&raw const bytes).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            )
        };
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Link {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl From<Link> for OwnedFd {
    fn from(link: Link) -> Self {
        link.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tun;

    #[test]
    fn a_tunnel_device_and_an_end_of_a_link_are_read_and_written_alike() {
        let (near, far) = pair().unwrap();
        let tun = Tun::adopt(far.into());
        tun.send(&[1; 1420]).unwrap();
        tun.send(&[2; 20]).unwrap();
        let mut buffer = [0; 2048];
        assert_eq!(near.receive(&mut buffer).unwrap(), 1420);
        assert_eq!(near.receive(&mut buffer).unwrap(), 20);
        assert_eq!(near.receive(&mut buffer).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        near.send(&[3; 1280]).unwrap();
        assert_eq!(tun.receive(&mut buffer).unwrap(), 1280);
    }

    #[test]
    fn a_reader_that_does_not_keep_up_makes_the_writer_wait_and_loses_nothing_before_that() {
        let (near, far) = pair().unwrap();
        let mut sent = 0;
        let error = loop {
            match near.send(&[0; 1420]) {
                Ok(()) => sent += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(sent >= 64, "{sent} packets wait");
        let mut received = 0;
        while far.receive(&mut [0; 2048]).is_ok() {
            received += 1;
        }
        assert_eq!(received, sent);
    }
}
