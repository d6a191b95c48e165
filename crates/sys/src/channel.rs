//! The message channel between the parent and a worker: a `SOCK_SEQPACKET` pair (`unix(7)`),
//! which keeps the boundaries of messages. It cannot carry descriptors: neither side of this
//! type has code for them, and the worker's filter refuses `sendmsg` and `recvmsg` on it.

use crate::{Error, kernel};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

/// Longest message in bytes. A chosen number (guess): it holds a certificate chain, and sixteen
/// of them fit into the default socket buffer of 208 KiB.
pub const MESSAGE_BYTES: usize = 12 * 1024;

/// One end of the channel, nonblocking.
///
/// In tokio: `AsyncFd::new(channel)`, then `send` and `receive` inside `try_io`.
#[derive(Debug)]
pub struct Channel {
    descriptor: OwnedFd,
}

/// What [`Channel::receive`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// A whole message of so many bytes lies at the start of the buffer.
    Message(usize),
    /// The other side closed.
    Closed,
}

/// Two connected ends.
pub fn pair() -> Result<(Channel, Channel), Error> {
    let [near, far] = socket_pair()?.map(|descriptor| Channel { descriptor });
    Ok((near, far))
}

/// Two connected sockets that keep the boundaries of messages, nonblocking.
pub(crate) fn socket_pair() -> Result<[OwnedFd; 2], Error> {
    let mut numbers: [RawFd; 2] = [-1; 2];
    // SAFETY: socketpair(2) writes two descriptors to an array of two.
    let answer = unsafe {
        libc::socketpair(
            libc::AF_UNIX,
            libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK,
            0,
            numbers.as_mut_ptr(),
        )
    };
    kernel::done("make a socket pair", answer)?;
    // SAFETY: socketpair(2) just returned both numbers and nobody else holds them.
    Ok(numbers.map(|number| unsafe { OwnedFd::from_raw_fd(number) }))
}

impl Channel {
    /// Takes over a descriptor that the parent made with [`pair`].
    pub fn adopt(descriptor: OwnedFd) -> Self {
        Self { descriptor }
    }

    /// Sends one message. `WouldBlock` when the other side does not read.
    pub fn send(&self, message: &[u8]) -> io::Result<()> {
        if message.is_empty() || message.len() > MESSAGE_BYTES {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        // SAFETY: send(2) reads message.len() bytes from message.
        let sent = unsafe {
            libc::send(
                self.descriptor.as_raw_fd(),
                message.as_ptr().cast(),
                message.len(),
                libc::MSG_NOSIGNAL,
            )
        };
        kernel::count(sent).map(|_| ())
    }

    /// Receives one message. `WouldBlock` when none waits; `InvalidData` when it was longer than
    /// the buffer (the rest is gone: the caller ends the conversation).
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Received> {
        // SAFETY: recv(2) writes at most buffer.len() bytes to buffer.
        let got = unsafe {
            libc::recv(
                self.descriptor.as_raw_fd(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                // recv(2): "MSG_TRUNC ... return the real length of the packet or datagram, even
                // when it was longer than the passed buffer."
                libc::MSG_TRUNC,
            )
        };
        match kernel::count(got)? {
            // An empty message is refused by `send`, so nothing but a close looks like this.
            0 => Ok(Received::Closed),
            length if length > buffer.len() => Err(io::Error::from(io::ErrorKind::InvalidData)),
            length => Ok(Received::Message(length)),
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Channel {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl IntoRawFd for Channel {
    fn into_raw_fd(self) -> RawFd {
        self.descriptor.into_raw_fd()
    }
}

impl From<Channel> for OwnedFd {
    fn from(channel: Channel) -> Self {
        channel.descriptor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_keep_their_boundaries() {
        let (near, far) = pair().unwrap();
        near.send(b"one").unwrap();
        near.send(b"two!").unwrap();
        let mut buffer = [0; 16];
        assert_eq!(far.receive(&mut buffer).unwrap(), Received::Message(3));
        assert_eq!(far.receive(&mut buffer).unwrap(), Received::Message(4));
        assert_eq!(&buffer[..4], b"two!");
        assert_eq!(far.receive(&mut buffer).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(near);
        assert_eq!(far.receive(&mut buffer).unwrap(), Received::Closed);
    }

    #[test]
    fn the_limit_holds_and_one_past_it_does_not() {
        let (near, far) = pair().unwrap();
        near.send(&vec![1; MESSAGE_BYTES]).unwrap();
        assert!(near.send(&vec![1; MESSAGE_BYTES + 1]).is_err());
        assert!(near.send(&[]).is_err());
        let mut short = vec![0; MESSAGE_BYTES - 1];
        assert_eq!(far.receive(&mut short).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
