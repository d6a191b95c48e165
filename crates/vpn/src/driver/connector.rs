//! The second confined process, where there is no tunnel device: it opens members' connections as ordinary sockets, and
//! knows of members nothing but random internal addresses.

mod sockets;

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use sys::channel::Received;
use sys::outbound::{descriptor_limit, may_echo};
use sys::poll::{Interest, Ready};
use sys::{Allowed, Channel, Link, Poller, Ways};
use zeroize::Zeroizing;

use super::clock::Clock;
use super::worker::End;
use crate::handover::connector::{Configure, FromConnector, ToConnector};
use crate::handover::{Lock, Room};
use crate::proto::SeededRng;
use crate::proto::connector::limits::{MAPPINGS, STREAMS};
use crate::proto::connector::{Connector, FlowId, Outcome, Setup};
use sockets::Sockets;

/// Descriptors that the parent gives, in this order: channel, and the link that carries packets.
pub const DESCRIPTORS: usize = 2;
/// How long the parent may take for its first message. Guess.
const FIRST_MESSAGE: Duration = Duration::from_secs(10);
/// Messages of the parent taken before packets have their turn. Guess.
const DRAIN_MESSAGES: usize = 16;
/// Packets taken from the link before sockets have their turn. Guess.
const DRAIN_PACKETS: usize = 128;
/// How often the parent hears that this process lives.
const ALIVE_EVERY: Duration = Duration::from_secs(10);
/// Fewer sockets than this are not worth a start. Guess.
const LEAST_SOCKETS: u64 = 64;
/// Room for any packet that fits into a datagram.
const PACKET_BYTES: usize = 65_536;

const CHANNEL: u64 = 0;
const LINK: u64 = 1;
/// Flows have this token and the following.
const FLOWS: u64 = 2;

/// Runs the connector in a process that the parent started for it, until the parent says stop.
pub fn run() -> ExitCode {
    sys::worker::silence_panics();
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(end) => ExitCode::from(end as u8),
    }
}

fn serve() -> Result<(), End> {
    let [channel, link] =
        <[OwnedFd; DESCRIPTORS]>::try_from(sys::worker::inherited(DESCRIPTORS)?).map_err(|_| End::Kernel)?;
    let (channel, link) = (Channel::adopt(channel), Link::adopt(link));
    let memory_pinned = sys::memory::pin();
    let mut seed = Zeroizing::new([0; 32]);
    sys::time::fill_entropy(&mut *seed)?;
    let poller = Poller::new()?;
    poller.add(channel.as_fd(), CHANNEL, Interest::Read)?;
    let mut room = Room::default();
    let configure = first_message(&channel, &poller, &mut room)?;
    let clock = Clock::start()?;
    let setup = Setup {
        mtu: configure.mtu_bytes.into(),
        translation: configure.translation,
        gateway: configure.gateway,
        echoes: may_echo(),
    };
    let process = Process {
        core: Connector::new(setup, Box::new(SeededRng::new(*seed))),
        sockets: Sockets::default(),
        ways: Ways::open()?,
        next_sign: clock.now() + ALIVE_EVERY,
        busy: BTreeSet::new(),
        buffer: Zeroizing::new(vec![0; PACKET_BYTES]),
        is_full: false,
        channel,
        link,
        poller,
        clock,
        room,
    };
    drop(seed);
    process.lock(configure, memory_pinned)?.carry()
}

fn first_message(channel: &Channel, poller: &Poller, room: &mut Room) -> Result<Configure, End> {
    let mut ready = Vec::new();
    poller.wait(&mut ready, Some(FIRST_MESSAGE))?;
    match channel.receive(room.bytes()) {
        Ok(Received::Message(length)) => match room.take(length, ToConnector::decode)? {
            ToConnector::Configure(configure) => Ok(configure),
            ToConnector::Freed(_) | ToConnector::Clear | ToConnector::Stop => Err(End::Message),
        },
        Ok(Received::Closed) | Err(_) => Err(End::ParentGone),
    }
}

struct Process {
    channel: Channel,
    link: Link,
    poller: Poller,
    ways: Ways,
    core: Connector,
    sockets: Sockets,
    clock: Clock,
    room: Room,
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
    /// Closes the lock and says so. Nothing was read from the network before.
    fn lock(self, configure: Configure, memory_pinned: bool) -> Result<Self, End> {
        let most = (STREAMS + MAPPINGS) as u64;
        // The descriptors of this process itself are a handful.
        let sockets = most.min(descriptor_limit()?.saturating_sub(16));
        if sockets < LEAST_SOCKETS {
            return Err(End::Configuration);
        }
        let mut allowed = Allowed::new()
            .channel(self.channel.as_fd())
            .tun(self.link.as_fd())
            .poller(self.poller.as_fd())
            .ways(self.ways.as_fd())
            .connections(u32::try_from(sockets).unwrap_or(u32::MAX));
        if let Some(identity) = configure.identity {
            allowed = allowed.identity(identity);
        }
        let lockdown = sys::confine(&allowed)?;
        let lock = Lock {
            landlock_abi: u8::try_from(lockdown.landlock.abi).unwrap_or(u8::MAX),
            no_tcp: lockdown.landlock.tcp,
            scoped: lockdown.landlock.scoped,
            bounding_set_emptied: lockdown.bounding_set_emptied,
            memory_pinned,
            filter_instructions: u32::try_from(lockdown.filter_instructions).unwrap_or(u32::MAX),
        };
        self.tell(FromConnector::Ready(lock))?;
        Ok(self)
    }

    fn tell(&self, message: FromConnector) -> Result<(), End> {
        match self.channel.send(&message.encode()) {
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
        for _ in 0..DRAIN_MESSAGES {
            match self.channel.receive(self.room.bytes()) {
                Ok(Received::Message(length)) => match self.room.take(length, ToConnector::decode)? {
                    ToConnector::Configure(_) => return Err(End::Message),
                    ToConnector::Freed(addresses) => {
                        for internal in addresses {
                            self.core.free(internal);
                        }
                    }
                    ToConnector::Clear => self.core.clear(),
                    ToConnector::Stop => return Ok(Wish::Stop),
                },
                Ok(Received::Closed) => return Err(End::ParentGone),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(End::Message),
                Err(_) => return Err(End::ParentGone),
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
