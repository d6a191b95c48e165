//! The confined process: everything from its first instruction to its last report.

use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use sys::channel::Received;
use sys::poll::{Interest, Ready};
use sys::{Allowed, Channel, Poller, Tun, UdpSocket};
use zeroize::Zeroizing;

use super::carrier::{Carrier, TunBroken};
use super::clock::{Clock, wall};
use super::reports::{Reports, Sent, tell};
use crate::handover::{Configure, FromWorker, HandedDevice, Lock, Malformed, Room, ToWorker};
use crate::proto::kept::Words;
use crate::proto::{Addressing, Config, DeviceConfig, Engine, SeededRng};

/// Descriptors that the parent gives, in this order: channel, tunnel, two UDP sockets, and the memory that survives a
/// worker. On a machine without IPv6 the second socket is another IPv4 socket, on which nobody calls.
pub const DESCRIPTORS: usize = 5;
/// How long the parent may take for its first message. Guess.
const FIRST_MESSAGE: Duration = Duration::from_secs(10);
/// Messages of the parent taken before packets have their turn. Guess.
const DRAIN_MESSAGES: usize = 16;

const CHANNEL: u64 = 0;
const TUNNEL: u64 = 1;
/// Sockets have this token and the following.
const SOCKETS: u64 = 2;

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

/// Runs the worker in a process that the parent started for it, until the parent says stop.
pub fn run() -> ExitCode {
    sys::worker::silence_panics();
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(end) => ExitCode::from(end as u8),
    }
}

fn serve() -> Result<(), End> {
    let [channel, tun, v4, v6, memory] =
        <[OwnedFd; DESCRIPTORS]>::try_from(sys::worker::inherited(DESCRIPTORS)?).map_err(|_| End::Kernel)?;
    let channel = Channel::adopt(channel);
    let sockets = vec![UdpSocket::adopt(v4), UdpSocket::adopt(v6)];
    // The descriptor is closed here: the lock will not know of it.
    let memory = sys::Words::map(memory)?;
    let memory_pinned = sys::memory::pin();
    let mut seed = Zeroizing::new([0; 32]);
    sys::time::fill_entropy(&mut *seed)?;
    let poller = Poller::new()?;
    poller.add(channel.as_fd(), CHANNEL, Interest::Read)?;
    let mut room = Room::default();
    let configure = first_message(&channel, &poller, &mut room)?;
    let clock = Clock::start()?;
    let mut engine = engine(&configure, SeededRng::new(*seed), &clock)?;
    let taken_over = engine.keep_addresses(
        Box::new(memory),
        &configure.private_key,
        clock.origin(),
        configure.keep_for,
    );
    let (has_taken_over, freed) = taken_over.map_or((false, Vec::new()), |taken| (taken.is_complete, taken.freed));
    let mut reports = Reports::default();
    reports.free(freed);
    let worker = Worker {
        carrier: Carrier::new(Tun::adopt(tun), sockets, configure.mtu_bytes.into())?,
        engine,
        next_flush: clock.now() + configure.flush_every,
        flush_every: configure.flush_every,
        reports,
        channel,
        poller,
        clock,
        room,
        is_waiting_to_write: false,
    };
    drop(seed);
    worker.lock(configure, memory_pinned, has_taken_over)?.carry()
}

fn first_message(channel: &Channel, poller: &Poller, room: &mut Room) -> Result<Box<Configure>, End> {
    let mut ready = Vec::new();
    poller.wait(&mut ready, Some(FIRST_MESSAGE))?;
    match channel.receive(room.bytes()) {
        Ok(Received::Message(length)) => match room.take(length, ToWorker::decode)? {
            ToWorker::Configure(configure) => Ok(configure),
            ToWorker::PutDevices(_)
            | ToWorker::RemoveDevices(_)
            | ToWorker::AllPut
            | ToWorker::Flush { .. }
            | ToWorker::Stop => Err(End::Message),
        },
        Ok(Received::Closed) | Err(_) => Err(End::ParentGone),
    }
}

fn engine(configure: &Configure, rng: SeededRng, clock: &Clock) -> Result<Engine, End> {
    let config = Config {
        mtu: configure.mtu_bytes.into(),
        handshakes_per_second: configure.handshakes_per_second,
        translation: Some(configure.translation),
        forget_after: configure.forget_after,
        ..Config::new(configure.private_key.clone())
    };
    Engine::new(config, Box::new(rng), clock.now(), wall()).map_err(|_| End::Configuration)
}

struct Worker {
    channel: Channel,
    carrier: Carrier,
    poller: Poller,
    engine: Engine,
    clock: Clock,
    reports: Reports,
    room: Room,
    flush_every: Duration,
    next_flush: Instant,
    is_waiting_to_write: bool,
}

impl Worker {
    /// Closes the lock and says so. Nothing was read from the network before.
    fn lock(self, configure: Box<Configure>, memory_pinned: bool, has_taken_over: bool) -> Result<Self, End> {
        let mut allowed = Allowed::new()
            .channel(self.channel.as_fd())
            .tun(self.carrier.tun().as_fd())
            .poller(self.poller.as_fd());
        for socket in self.carrier.sockets() {
            allowed = allowed.udp(socket.as_fd());
        }
        if let Some(identity) = configure.identity {
            allowed = allowed.identity(identity);
        }
        drop(configure);
        let lockdown = sys::confine(&allowed)?;
        let lock = Lock {
            landlock_abi: u8::try_from(lockdown.landlock.abi).unwrap_or(u8::MAX),
            no_tcp: lockdown.landlock.tcp,
            scoped: lockdown.landlock.scoped,
            bounding_set_emptied: lockdown.bounding_set_emptied,
            memory_pinned,
            filter_instructions: u32::try_from(lockdown.filter_instructions).unwrap_or(u32::MAX),
        };
        let ready = FromWorker::Ready { lock, has_taken_over };
        if !tell(&self.channel, &ready).map_err(|_| End::ParentGone)? {
            return Err(End::ParentGone);
        }
        Ok(self)
    }

    /// The loop. It ends for the parent, for a broken tunnel device, and for nothing else.
    fn carry(mut self) -> Result<(), End> {
        self.poller.add(self.carrier.tun().as_fd(), TUNNEL, Interest::Read)?;
        for (token, socket) in (SOCKETS..).zip(self.carrier.sockets()) {
            self.poller.add(socket.as_fd(), token, Interest::Read)?;
        }
        let mut ready = Vec::new();
        loop {
            self.poller.wait(&mut ready, Some(self.pause()))?;
            let now = self.clock.now();
            for event in &ready {
                self.attend(*event, now)?;
            }
            if self.engine.poll_timeout().is_some_and(|at| at <= now) {
                self.engine.handle_timeout(now);
                self.carrier.send_waiting(&mut self.engine);
            }
            if self.report(now)? == Sent::Stopped {
                return Ok(());
            }
        }
    }

    fn pause(&self) -> Duration {
        let deadline = self.engine.poll_timeout().into_iter().chain([self.next_flush]).min();
        deadline.map_or(Duration::ZERO, |deadline| {
            deadline.saturating_duration_since(self.clock.now())
        })
    }

    fn attend(&mut self, event: Ready, now: Instant) -> Result<(), End> {
        match event.token {
            CHANNEL if event.readable => self.heed_parent(now),
            // The channel can be written again: `report` does.
            CHANNEL => Ok(()),
            TUNNEL => Ok(self.carrier.carry_out(&mut self.engine, now)?),
            token => {
                let socket = usize::try_from(token - SOCKETS).unwrap_or(usize::MAX);
                Ok(self.carrier.carry_in(socket, &mut self.engine, now)?)
            }
        }
    }

    fn heed_parent(&mut self, now: Instant) -> Result<(), End> {
        for _ in 0..DRAIN_MESSAGES {
            match self.channel.receive(self.room.bytes()) {
                Ok(Received::Message(length)) => {
                    let message = self.room.take(length, ToWorker::decode)?;
                    self.obey(message, now)?;
                }
                Ok(Received::Closed) => return Err(End::ParentGone),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => return Err(End::Message),
                Err(_) => return Err(End::ParentGone),
            }
        }
        Ok(())
    }

    fn obey(&mut self, message: ToWorker, now: Instant) -> Result<(), End> {
        match message {
            ToWorker::Configure(_) => return Err(End::Message),
            ToWorker::PutDevices(devices) => {
                for device in devices {
                    // A device that cannot be put (it has our own key) can never connect anyway.
                    let _ = self.engine.put_device(known(device), now);
                }
            }
            ToWorker::RemoveDevices(keys) => {
                for key in &keys {
                    self.engine.remove_device(key);
                }
            }
            ToWorker::AllPut => self.reports.free(self.engine.free_unclaimed()),
            ToWorker::Flush { ticket } => self.reports.flush(&mut self.engine, ticket),
            ToWorker::Stop => {
                self.reports.stop(&mut self.engine);
                self.engine.wipe_kept();
            }
        }
        Ok(())
    }

    fn report(&mut self, now: Instant) -> Result<Sent, End> {
        if self.next_flush <= now {
            self.next_flush = now + self.flush_every;
            self.engine.set_wall_clock(now, wall());
            self.reports.flush(&mut self.engine, 0);
        }
        self.reports.take_events(&mut self.engine);
        let active = self.engine.active_devices();
        let sent = self.reports.send(&self.channel, active).map_err(|_| End::ParentGone)?;
        let must_wait = sent == Sent::Waiting;
        if must_wait != self.is_waiting_to_write {
            let interest = if must_wait { Interest::ReadWrite } else { Interest::Read };
            self.poller.change(self.channel.as_fd(), CHANNEL, interest)?;
            self.is_waiting_to_write = must_wait;
        }
        Ok(sent)
    }
}

impl Words for sys::Words {
    fn count(&self) -> usize {
        sys::Words::count(self)
    }

    fn load(&self, at: usize) -> u64 {
        sys::Words::load(self, at)
    }

    fn store(&mut self, at: usize, value: u64) {
        sys::Words::store(self, at, value);
    }
}

/// A device of the parent's list, as the engine takes it: everybody has the same inner address.
fn known(device: HandedDevice) -> DeviceConfig {
    DeviceConfig {
        public_key: device.public_key,
        preshared_key: device.preshared_key,
        slot: device.slot,
        keepalive_seconds: None,
        endpoint: None,
        addressing: Addressing::Shared,
    }
}
