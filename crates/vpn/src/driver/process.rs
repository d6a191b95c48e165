//! What both confined processes do from their first instruction to the closed lock, and the ways in which they end.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;
use std::time::Duration;

use sys::channel::Received;
use sys::poll::Interest;
use sys::{Allowed, Channel, Identity, Poller};
use zeroize::Zeroizing;

use super::carrier::TunBroken;
use super::clock::Clock;
use crate::handover::{Lock, Malformed, Room};
use crate::proto::SeededRng;

/// How long the parent may take for its first message. Guess.
const FIRST_MESSAGE: Duration = Duration::from_secs(10);
/// Messages of the parent taken before packets have their turn. Guess.
const DRAIN_MESSAGES: usize = 16;
/// The parent's channel has this token in every poller.
pub(super) const CHANNEL: u64 = 0;

/// Why a worker ended without having been told to. Its number is the exit status (`sysexits(3)`),
/// which is all that it can say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum End {
    /// The parent closed the channel or does not speak.
    ParentGone = 68,
    /// The kernel refused something, the lock above all.
    Kernel = 71,
    /// The tunnel device does not work any more.
    Tunnel = 74,
    /// The parent sent what is no message, or at the wrong time.
    Message = 76,
    /// The configuration cannot be used.
    Configuration = 78,
}

impl From<sys::Error> for End {
    fn from(_: sys::Error) -> Self {
        Self::Kernel
    }
}

impl From<Malformed> for End {
    fn from(_: Malformed) -> Self {
        Self::Message
    }
}

impl From<TunBroken> for End {
    fn from(_: TunBroken) -> Self {
        Self::Tunnel
    }
}

/// Runs a confined process, silent even when it panics.
pub(super) fn run(serve: impl FnOnce() -> Result<(), End>) -> ExitCode {
    sys::worker::silence_panics();
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(end) => ExitCode::from(end as u8),
    }
}

/// The descriptors that the parent gave: the channel, and `OTHERS` more.
pub(super) fn inherited<const OTHERS: usize>() -> Result<(Channel, [OwnedFd; OTHERS]), End> {
    let mut given = sys::worker::inherited(1 + OTHERS)?;
    let others = given.split_off(1).try_into().map_err(|_| End::Kernel)?;
    let channel = given.pop().ok_or(End::Kernel)?;
    Ok((Channel::adopt(channel), others))
}

/// A process that knows what it is for and has read nothing from the network.
pub(super) struct Begun {
    pub(super) line: Line,
    pub(super) poller: Poller,
    pub(super) clock: Clock,
    memory_pinned: bool,
}

/// The parent's channel and room for one message.
pub(super) struct Line {
    pub(super) channel: Channel,
    room: Room,
}

impl Begun {
    /// Takes from the system what it needs before the lock, and waits for the parent's first message.
    pub(super) fn hear<T>(
        channel: Channel,
        decode: fn(&[u8]) -> Result<T, Malformed>,
    ) -> Result<(Self, SeededRng, T), End> {
        let memory_pinned = sys::memory::pin();
        let mut seed = Zeroizing::new([0; 32]);
        sys::time::fill_entropy(&mut *seed)?;
        let poller = Poller::new()?;
        poller.add(channel.as_fd(), CHANNEL, Interest::Read)?;
        let room = Room::default();
        let mut line = Line { channel, room };
        let mut ready = Vec::new();
        poller.wait(&mut ready, Some(FIRST_MESSAGE))?;
        // A parent that said nothing in all that time is as good as gone.
        let first = line.next(decode)?.ok_or(End::ParentGone)?;
        let begun = Self {
            line,
            poller,
            clock: Clock::start()?,
            memory_pinned,
        };
        Ok((begun, SeededRng::new(*seed), first))
    }

    /// The lock's list, with what every process has.
    pub(super) fn allowed(&self, identity: Option<Identity>) -> Allowed {
        let allowed = Allowed::new()
            .channel(self.line.channel.as_fd())
            .poller(self.poller.as_fd());
        match identity {
            Some(identity) => allowed.identity(identity),
            None => allowed,
        }
    }

    /// Closes the lock, and gives what is to be said of it.
    pub(super) fn lock(&self, allowed: &Allowed) -> Result<Lock, End> {
        let lockdown = sys::confine(allowed)?;
        Ok(Lock {
            landlock_abi: u8::try_from(lockdown.landlock.abi).unwrap_or(u8::MAX),
            no_tcp: lockdown.landlock.tcp,
            scoped: lockdown.landlock.scoped,
            bounding_set_emptied: lockdown.bounding_set_emptied,
            memory_pinned: self.memory_pinned,
            filter_instructions: u32::try_from(lockdown.filter_instructions).unwrap_or(u32::MAX),
        })
    }
}

impl Line {
    /// The next message; `None` when none waits.
    fn next<T>(&mut self, decode: fn(&[u8]) -> Result<T, Malformed>) -> Result<Option<T>, End> {
        match self.channel.receive(self.room.bytes()) {
            Ok(Received::Message(length)) => Ok(Some(self.room.take(length, decode)?)),
            Ok(Received::Closed) => Err(End::ParentGone),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(End::Message),
            Err(_) => Err(End::ParentGone),
        }
    }

    /// The messages that wait, as many as there is time for.
    pub(super) fn waiting<T>(&mut self, decode: fn(&[u8]) -> Result<T, Malformed>) -> Result<Vec<T>, End> {
        let mut messages = Vec::new();
        while messages.len() < DRAIN_MESSAGES {
            match self.next(decode)? {
                Some(message) => messages.push(message),
                None => break,
            }
        }
        Ok(messages)
    }
}
