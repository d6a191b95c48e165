//! Waiting for descriptors with `epoll(7)`: level-triggered unless said, one set for each worker.
//!
//! A confined worker makes its [`Poller`] and adds its descriptors before the lock closes; the
//! filter lets through the waiting and the change of interest, never a new set.

use crate::{Error, kernel};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// Most events one wait returns: a worker has a handful of descriptors, a connector takes turns. Guess.
const EVENTS: usize = 64;

/// What to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Something can be read.
    Read,
    /// Something can be read or written.
    ReadWrite,
    /// Something has become readable or writable; told once for each change (`EPOLLET`), so whoever
    /// asks for this remembers it until a call would block.
    Changes,
}

/// One descriptor that became ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// The number given to [`Poller::add`].
    pub token: u64,
    /// A read will not block. Also set at end of file and on error: the read tells which.
    pub readable: bool,
    /// A write will not block.
    pub writable: bool,
    /// The other side closed.
    pub closed: bool,
}

/// A set of descriptors to wait for.
#[derive(Debug)]
pub struct Poller {
    descriptor: OwnedFd,
}

impl Poller {
    /// An empty set.
    pub fn new() -> Result<Self, Error> {
        // SAFETY: epoll_create1(2) takes a flag and returns a descriptor of ours.
        let number = kernel::done("make an epoll set", unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: the number was just returned by epoll_create1(2) and nobody else holds it.
        let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
        Ok(Self { descriptor })
    }

    /// Adds a descriptor; `token` comes back with its events.
    pub fn add(&self, descriptor: BorrowedFd<'_>, token: u64, interest: Interest) -> Result<(), Error> {
        self.control(libc::EPOLL_CTL_ADD, descriptor, token, interest)
    }

    /// Changes what a descriptor waits for.
    pub fn change(&self, descriptor: BorrowedFd<'_>, token: u64, interest: Interest) -> Result<(), Error> {
        self.control(libc::EPOLL_CTL_MOD, descriptor, token, interest)
    }

    /// Waits until a descriptor is ready or `timeout` passed (`None`: no limit), and appends to
    /// `ready`, which is emptied first. A timeout is rounded up to a whole millisecond, so that
    /// a deadline has passed when the wait ends. An interrupted wait ends with no event.
    pub fn wait(&self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> Result<(), Error> {
        ready.clear();
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; EVENTS];
        // SAFETY: epoll_wait(2) writes at most EVENTS entries to an array of that length.
        let count = unsafe {
            libc::epoll_wait(
                self.descriptor.as_raw_fd(),
                events.as_mut_ptr(),
                EVENTS as libc::c_int,
                milliseconds(timeout),
            )
        };
        let count = match kernel::done("wait for descriptors", count) {
            Ok(count) => usize::try_from(count).unwrap_or(0),
            Err(Error::Kernel { source, .. }) if source.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => return Err(error),
        };
        ready.extend(events.iter().take(count).map(|event| {
            let flags = event.events as libc::c_int;
            Ready {
                token: event.u64,
                readable: flags & (libc::EPOLLIN | libc::EPOLLHUP | libc::EPOLLERR) != 0,
                writable: flags & libc::EPOLLOUT != 0,
                closed: flags & (libc::EPOLLHUP | libc::EPOLLRDHUP) != 0,
            }
        }));
        Ok(())
    }

    fn control(
        &self,
        operation: libc::c_int,
        descriptor: BorrowedFd<'_>,
        token: u64,
        interest: Interest,
    ) -> Result<(), Error> {
        let flags = match interest {
            Interest::Read => libc::EPOLLIN | libc::EPOLLRDHUP,
            Interest::ReadWrite => libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLOUT,
            Interest::Changes => libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLOUT | libc::EPOLLET,
        };
        let mut event = libc::epoll_event {
            events: flags as u32,
            u64: token,
        };
        // SAFETY: epoll_ctl(2) reads one event from a valid pointer; both descriptors are borrowed.
        let answer = unsafe {
            libc::epoll_ctl(
                self.descriptor.as_raw_fd(),
                operation,
                descriptor.as_raw_fd(),
                &mut event,
            )
        };
        kernel::done("change the epoll set", answer).map(|_| ())
    }
}

impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Poller {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

/// `epoll_wait(2)` wants milliseconds and -1 for "no limit".
fn milliseconds(timeout: Option<Duration>) -> libc::c_int {
    let Some(timeout) = timeout else { return -1 };
    let rounded_up = timeout.as_nanos().div_ceil(1_000_000);
    libc::c_int::try_from(rounded_up).unwrap_or(libc::c_int::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel;

    #[test]
    fn a_timeout_never_ends_early() {
        assert_eq!(milliseconds(None), -1);
        assert_eq!(milliseconds(Some(Duration::ZERO)), 0);
        assert_eq!(milliseconds(Some(Duration::from_nanos(1))), 1);
        assert_eq!(milliseconds(Some(Duration::from_micros(1001))), 2);
        assert_eq!(milliseconds(Some(Duration::MAX)), libc::c_int::MAX);
    }

    #[test]
    fn a_waiting_message_wakes_with_its_token_and_a_close_is_seen() {
        let (near, far) = channel::pair().unwrap();
        let poller = Poller::new().unwrap();
        poller.add(near.as_fd(), 7, Interest::Read).unwrap();
        let mut ready = Vec::new();
        poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
        assert!(ready.is_empty());
        far.send(b"x").unwrap();
        poller.wait(&mut ready, None).unwrap();
        assert_eq!(
            ready,
            [Ready {
                token: 7,
                readable: true,
                writable: false,
                closed: false
            }]
        );
        poller.change(near.as_fd(), 8, Interest::ReadWrite).unwrap();
        drop(far);
        poller.wait(&mut ready, None).unwrap();
        assert_eq!(
            ready,
            [Ready {
                token: 8,
                readable: true,
                writable: true,
                closed: true
            }]
        );
    }
}
