//! The second confined process, where there is no tunnel device: it opens members' connections as ordinary sockets, and
//! knows of members nothing but random internal addresses.

mod sockets;

use std::collections::BTreeSet;
use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use sys::outbound::{descriptor_limit, may_echo};
use sys::poll::{Interest, Ready};
use sys::{Link, Poller, Ways};
use zeroize::Zeroizing;

use super::clock::Clock;
use super::process::{self, Begun, CHANNEL, End, Line};
use crate::handover::Lock;
use crate::handover::connector::{Configure, FromConnector, ToConnector};
use crate::proto::connector::limits::{MAPPINGS, STREAMS};
use crate::proto::connector::{Connector, FlowId, Outcome, Setup};
use sockets::Sockets;

/// Descriptors that the parent gives, in this order: channel, and the link that carries packets.
pub const DESCRIPTORS: usize = 2;
/// Packets taken from the link before sockets have their turn. Guess.
const DRAIN_PACKETS: usize = 128;
/// How often the parent hears that this process lives.
const ALIVE_EVERY: Duration = Duration::from_secs(10);
/// Fewer sockets than this are not worth a start. Guess.
const LEAST_SOCKETS: u64 = 64;
/// Room for any packet that fits into a datagram.
const PACKET_BYTES: usize = 65_536;

const LINK: u64 = CHANNEL + 1;
/// Flows have this token and the following.
const FLOWS: u64 = LINK + 1;

/// Runs the connector in a process that the parent started for it, until the parent says stop.
pub fn run() -> ExitCode {
    process::run(serve)
}

fn serve() -> Result<(), End> {
    let (channel, [link]) = process::inherited::<{ DESCRIPTORS - 1 }>()?;
    let (begun, rng, first) = Begun::hear(channel, ToConnector::decode)?;
    let ToConnector::Configure(configure) = first else {
        return Err(End::Message);
    };
    let (link, ways) = (Link::adopt(link), Ways::open()?);
    let setup = Setup {
        mtu: configure.mtu_bytes.into(),
        translation: configure.translation,
        gateway: configure.gateway,
        echoes: may_echo(),
        excepted: configure.excepted.clone(),
    };
    let lock = lock(&begun, &link, &ways, &configure)?;
    let Begun {
        line, poller, clock, ..
    } = begun;
    let process = Process {
        core: Connector::new(setup, Box::new(rng)),
        sockets: Sockets::default(),
        ways,
        next_sign: clock.now() + ALIVE_EVERY,
        busy: BTreeSet::new(),
        buffer: Zeroizing::new(vec![0; PACKET_BYTES]),
        is_full: false,
        line,
        link,
        poller,
        clock,
    };
    // Nothing was read from the network before.
    process.tell(FromConnector::Ready(lock))?;
    process.carry()
}

fn lock(begun: &Begun, link: &Link, ways: &Ways, configure: &Configure) -> Result<Lock, End> {
    let most = (STREAMS + MAPPINGS) as u64;
    // The descriptors of this process itself are a handful.
    let sockets = most.min(descriptor_limit()?.saturating_sub(16));
    if sockets < LEAST_SOCKETS {
        return Err(End::Configuration);
    }
    let allowed = begun
        .allowed(configure.identity)
        .tun(link.as_fd())
        .ways(ways.as_fd())
        .connections(u32::try_from(sockets).unwrap_or(u32::MAX));
    begun.lock(&allowed)
}

struct Process {
    line: Line,
    link: Link,
    poller: Poller,
    ways: Ways,
    core: Connector,
    sockets: Sockets,
    clock: Clock,
    buffer: Zeroizing<Vec<u8>>,
    /// Connections that may have something to do.
    busy: BTreeSet<FlowId>,
    next_sign: Instant,
    /// The worker at the other end does not keep up: nothing more is read from the network until it does.
    is_full: bool,
}

/// What the parent asked for last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    GoOn,
    Stop,
}

impl Process {
    fn tell(&self, message: FromConnector) -> Result<(), End> {
        match self.line.channel.send(&message.encode()) {
            Ok(()) => Ok(()),
            // A parent that does not read misses a sign of life, and nothing else.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && message == FromConnector::Alive => Ok(()),
            Err(_) => Err(End::ParentGone),
        }
    }

    /// The loop. It ends for the parent, and for nothing else.
    fn carry(mut self) -> Result<(), End> {
        self.poller.add(self.link.as_fd(), LINK, Interest::Read)?;
        let mut ready = Vec::new();
        loop {
            self.poller.wait(&mut ready, Some(self.pause()))?;
            let now = self.clock.now();
            for event in &ready {
                if self.attend(*event, now)? == Wish::Stop {
                    return self.tell(FromConnector::Stopped);
                }
            }
            if self.core.poll_timeout().is_some_and(|at| at <= now) {
                self.busy.extend(self.core.handle_timeout(now));
            }
            self.work(now)?;
            if self.next_sign <= now {
                self.next_sign = now + ALIVE_EVERY;
                self.tell(FromConnector::Alive)?;
            }
        }
    }

    fn pause(&self) -> Duration {
        if !self.busy.is_empty() && !self.is_full {
            return Duration::ZERO;
        }
        // While the worker does not keep up, what is due cannot be sent: its reading wakes this process.
        let due = self.core.poll_timeout().filter(|_| !self.is_full);
        let deadline = due.into_iter().chain([self.next_sign]).min();
        deadline.map_or(Duration::ZERO, |deadline| {
            deadline.saturating_duration_since(self.clock.now())
        })
    }

    fn attend(&mut self, event: Ready, now: Instant) -> Result<Wish, End> {
        match event.token {
            CHANNEL => return self.heed_parent(),
            LINK => {
                if event.readable {
                    self.receive_packets(now)?;
                }
            }
            token => {
                let flow = token - FLOWS;
                if self.sockets.woke(flow, event, &mut self.core, &mut self.buffer, now) {
                    self.busy.insert(flow);
                }
            }
        }
        Ok(Wish::GoOn)
    }

    fn heed_parent(&mut self) -> Result<Wish, End> {
        for message in self.line.waiting(ToConnector::decode)? {
            match message {
                ToConnector::Configure(_) => return Err(End::Message),
                ToConnector::Freed(addresses) => {
                    for internal in addresses {
                        self.core.free(internal);
                    }
                }
                ToConnector::Clear => self.core.clear(),
                ToConnector::Stop => return Ok(Wish::Stop),
            }
        }
        Ok(Wish::GoOn)
    }

    /// Packets of members.
    fn receive_packets(&mut self, now: Instant) -> Result<(), End> {
        let mut packet = std::mem::take(&mut *self.buffer);
        for _ in 0..DRAIN_PACKETS {
            let Ok(length) = self.link.receive(&mut packet) else {
                break;
            };
            match self.core.handle_packet(&packet[..length], now) {
                Outcome::Nothing => {}
                Outcome::Attend(flow) => {
                    self.busy.insert(flow);
                }
                Outcome::Connect { flow, to } => {
                    let opened = self.sockets.connect(flow, to, &self.ways, &mut self.core);
                    self.watch(flow, opened)?;
                }
                Outcome::Send {
                    flow,
                    kind,
                    is_first,
                    to,
                    payload,
                    is_whole,
                } => {
                    let sending = sockets::Sending {
                        flow,
                        kind,
                        is_first,
                        to,
                        payload: &payload,
                        is_whole,
                    };
                    let opened = self.sockets.send(&sending, &self.ways, &mut self.core);
                    self.watch(flow, opened)?;
                }
            }
            self.close_ended();
        }
        *self.buffer = packet;
        Ok(())
    }

    /// Waits for a socket that was just opened.
    fn watch(&mut self, flow: FlowId, is_opened: bool) -> Result<(), End> {
        if is_opened && let Some(socket) = self.sockets.descriptor(flow) {
            self.poller.add(socket, FLOWS + flow, Interest::Changes)?;
        }
        Ok(())
    }

    /// Lets every busy connection do what it can, and sends what came of it.
    fn work(&mut self, now: Instant) -> Result<(), End> {
        self.flush()?;
        if !self.is_full {
            for flow in std::mem::take(&mut self.busy) {
                if self.is_full {
                    self.busy.insert(flow);
                    continue;
                }
                if self.sockets.carry(flow, &mut self.core, &mut self.buffer, now) {
                    self.busy.insert(flow);
                }
                self.flush()?;
            }
        }
        self.close_ended();
        Ok(())
    }

    fn close_ended(&mut self) {
        while let Some(ended) = self.core.poll_ended() {
            self.sockets.close(ended);
            self.busy.remove(&ended.flow);
        }
    }

    /// Packets to the worker, as many as it takes.
    fn flush(&mut self) -> Result<(), End> {
        let mut is_full = false;
        while let Some(packet) = self.core.next_packet() {
            match self.link.send(packet) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    is_full = true;
                    break;
                }
                // One that cannot be sent for another reason is lost, as any packet may be.
                Ok(()) | Err(_) => self.core.packet_left(),
            }
        }
        if is_full != self.is_full {
            let interest = if is_full { Interest::ReadWrite } else { Interest::Read };
            self.poller.change(self.link.as_fd(), LINK, interest)?;
            self.is_full = is_full;
        }
        Ok(())
    }
}
