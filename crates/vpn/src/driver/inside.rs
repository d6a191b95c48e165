//! What the programs of a device do inside its tunnel, without a tunnel device: connect, ask, ping. One thing at a time.
//!
//! ```text
//!   Inside ─▶ Caller (smoltcp) ═══ link ═══ Client: engine ─▶ UDP socket
//! ```
//!
//! It needs no right of the machine, so that the proof and the guided tour need none.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use sys::poll::Interest;
use sys::{Link, Poller, Tun, link};
use zeroize::Zeroizing;

use super::clock::Clock;
use crate::proto::SeededRng;
use crate::proto::connector::caller::{Call, Caller, Heard};

/// How long to wait between two tries of a datagram: the first one waits for the handshake.
const RETRY: Duration = Duration::from_millis(250);
/// How long to wait when the link is full.
const FULL: Duration = Duration::from_millis(1);

/// A device's programs.
pub struct Inside {
    link: Link,
    poller: Poller,
    caller: Caller,
    addresses: Vec<IpAddr>,
    packet: Vec<u8>,
    clock: Clock,
}

/// An open TCP connection of the device's.
pub struct Stream(Call);

/// The programs, and what the client is given in the place of a tunnel device.
///
/// # Errors
/// The kernel makes no pair of sockets, or gives no randomness.
pub fn pair(addresses: Vec<IpAddr>, mtu_bytes: u16) -> Result<(Inside, Tun), sys::Error> {
    let (near, far) = link::pair()?;
    let poller = Poller::new()?;
    poller.add(near.as_fd(), 0, Interest::Read)?;
    let mut seed = Zeroizing::new([0; 32]);
    sys::time::fill_entropy(&mut *seed)?;
    let inside = Inside {
        link: near,
        poller,
        caller: Caller::new(mtu_bytes.into(), Box::new(SeededRng::new(*seed))),
        addresses,
        packet: vec![0; usize::from(mtu_bytes)],
        clock: Clock::start()?,
    };
    Ok((inside, Tun::adopt(far.into())))
}

impl Inside {
    /// Connects over TCP.
    ///
    /// # Errors
    /// Refused; nobody answers in time; the device has no address of this family.
    pub fn connect(&mut self, to: SocketAddr, patience: Duration) -> io::Result<Stream> {
        let (from, now) = (self.address(to.ip())?, self.clock.now());
        let mut call = self.caller.call(from, to, now);
        self.attend(&mut call, patience, |call| {
            if call.is_over() {
                return Some(Err(io::ErrorKind::ConnectionRefused.into()));
            }
            call.is_writable().then_some(Ok(()))
        })?;
        Ok(Stream(call))
    }

    /// Says all of it.
    ///
    /// # Errors
    /// The connection is over, or the other side takes nothing in time.
    pub fn write_all(&mut self, stream: &mut Stream, mut bytes: &[u8], patience: Duration) -> io::Result<()> {
        self.attend(&mut stream.0, patience, |call| {
            bytes = &bytes[call.write(bytes)..];
            if bytes.is_empty() {
                return Some(Ok(()));
            }
            call.is_over().then(|| Err(io::ErrorKind::ConnectionReset.into()))
        })
    }

    /// Takes what comes; 0 when the other side has finished.
    ///
    /// # Errors
    /// The connection broke off, or nothing comes in time.
    pub fn read(&mut self, stream: &mut Stream, buffer: &mut [u8], patience: Duration) -> io::Result<usize> {
        self.attend(&mut stream.0, patience, |call| match call.read(buffer) {
            0 if call.is_drained() => Some(Ok(0)),
            0 if call.is_over() => Some(Err(io::ErrorKind::ConnectionReset.into())),
            0 => None,
            length => Some(Ok(length)),
        })
    }

    /// Sends a datagram, again and again, until one with the same bytes comes back from there.
    ///
    /// # Errors
    /// None comes in time.
    pub fn echo_datagram(&mut self, to: SocketAddr, question: &[u8], patience: Duration) -> io::Result<()> {
        let from = SocketAddr::new(self.address(to.ip())?, self.caller.port());
        let is_answer = |heard: &Heard| {
            matches!(heard, Heard::Datagram { from: teller, port, payload }
                if *teller == to && *port == from.port() && payload == question)
        };
        self.ask(patience, |caller| caller.datagram(from, to, question), is_answer)
    }

    /// Sends a datagram once; whether anybody hears it is not known.
    ///
    /// # Errors
    /// The device has no address of this family.
    pub fn tell(&mut self, to: SocketAddr, words: &[u8]) -> io::Result<()> {
        let from = SocketAddr::new(self.address(to.ip())?, self.caller.port());
        self.caller.datagram(from, to, words);
        self.flush();
        Ok(())
    }

    /// Sends an echo, again and again, until it comes back.
    ///
    /// # Errors
    /// It does not come back in time.
    pub fn ping(&mut self, to: IpAddr, words: &[u8], patience: Duration) -> io::Result<()> {
        let from = SocketAddr::new(self.address(to)?, self.caller.port());
        let is_answer = |heard: &Heard| {
            matches!(heard, Heard::Echo { from: teller, identifier, payload }
                if *teller == to && *identifier == from.port() && payload == words)
        };
        self.ask(patience, |caller| caller.echo(from, to, words), is_answer)
    }

    fn ask(
        &mut self,
        patience: Duration,
        mut send: impl FnMut(&mut Caller),
        is_answer: impl Fn(&Heard) -> bool,
    ) -> io::Result<()> {
        let end = self.clock.now() + patience;
        let mut again = self.clock.now();
        loop {
            let now = self.clock.now();
            if now >= end {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if now >= again {
                send(&mut self.caller);
                again = now + RETRY;
            }
            self.flush();
            self.wait(again.min(end), now)?;
            while let Some(length) = self.receive()? {
                if is_answer(&self.caller.handle(None, &self.packet[..length], now)) {
                    return Ok(());
                }
            }
        }
    }

    /// Carries segments of one connection to and fro until `done` says that it is.
    fn attend<T>(
        &mut self,
        call: &mut Call,
        patience: Duration,
        mut done: impl FnMut(&mut Call) -> Option<io::Result<T>>,
    ) -> io::Result<T> {
        let end = self.clock.now() + patience;
        loop {
            let now = self.clock.now();
            self.caller.attend(call, now);
            self.flush();
            if let Some(answer) = done(call) {
                self.caller.attend(call, now);
                self.flush();
                return answer;
            }
            if now >= end {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let until = call.deadline(now).map_or(end, |due| due.min(end));
            self.wait(until, now)?;
            while let Some(length) = self.receive()? {
                self.caller.handle(Some(call), &self.packet[..length], now);
            }
        }
    }

    fn wait(&self, until: Instant, now: Instant) -> io::Result<()> {
        let pause = until.saturating_duration_since(now);
        let pause = match self.caller.next_packet() {
            Some(_) => pause.min(FULL),
            None => pause,
        };
        self.poller.wait(&mut Vec::new(), Some(pause)).map_err(io::Error::other)
    }

    /// A packet from the tunnel, if one waits.
    fn receive(&mut self) -> io::Result<Option<usize>> {
        match self.link.receive(&mut self.packet) {
            Ok(0) => Err(io::ErrorKind::BrokenPipe.into()),
            Ok(length) => Ok(Some(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What does not fit now leaves later.
    fn flush(&mut self) {
        while let Some(packet) = self.caller.next_packet() {
            if self.link.send(packet).is_err() {
                return;
            }
            self.caller.drop_packet();
        }
    }

    fn address(&self, to: IpAddr) -> io::Result<IpAddr> {
        let own = self.addresses.iter().find(|own| own.is_ipv4() == to.is_ipv4());
        own.copied().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }
}
