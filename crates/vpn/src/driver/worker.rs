//! The confined process: everything from its first instruction to its last report.

use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use sys::poll::{Interest, Ready};
use sys::{Poller, Tun, UdpSocket};

use super::carrier::Carrier;
use super::clock::{Clock, wall};
pub use super::process::End;
use super::process::{self, Begun, CHANNEL, Line};
use super::reports::{Reports, Sent, tell};
use crate::handover::{Configure, FromWorker, HandedDevice, Lock, ToWorker};
use crate::proto::kept::Words;
use crate::proto::{Addressing, Config, DeviceConfig, Engine, SeededRng};

/// Descriptors that the parent gives, in this order: channel, tunnel, two UDP sockets, and the memory that survives a
/// worker. On a machine without IPv6 the second socket is another IPv4 socket, on which nobody calls.
pub const DESCRIPTORS: usize = 5;

const TUNNEL: u64 = CHANNEL + 1;
/// Sockets have this token and the following.
const SOCKETS: u64 = TUNNEL + 1;

/// Runs the worker in a process that the parent started for it, until the parent says stop.
pub fn run() -> ExitCode {
    process::run(serve)
}

fn serve() -> Result<(), End> {
    let (channel, [tun, v4, v6, memory]) = process::inherited::<{ DESCRIPTORS - 1 }>()?;
    let sockets = vec![UdpSocket::adopt(v4), UdpSocket::adopt(v6)];
    // The descriptor is closed here: the lock will not know of it.
    let memory = sys::Words::map(memory)?;
    let (begun, rng, first) = Begun::hear(channel, ToWorker::decode)?;
    let ToWorker::Configure(configure) = first else {
        return Err(End::Message);
    };
    let carrier = Carrier::new(Tun::adopt(tun), sockets, configure.mtu_bytes.into())?;
    let mut engine = engine(&configure, rng, &begun.clock)?;
    let taken_over = engine.keep_addresses(
        Box::new(memory),
        &configure.private_key,
        begun.clock.origin(),
        configure.keep_for,
    );
    let (has_taken_over, freed) = taken_over.map_or((false, Vec::new()), |taken| (taken.is_complete, taken.freed));
    let mut reports = Reports::default();
    reports.free(freed);
    let lock = lock(&begun, &carrier, &configure)?;
    let Begun {
        line, poller, clock, ..
    } = begun;
    // Nothing was read from the network before.
    if !tell(&line.channel, &FromWorker::Ready { lock, has_taken_over }).map_err(|_| End::ParentGone)? {
        return Err(End::ParentGone);
    }
    let worker = Worker {
        carrier,
        engine,
        next_flush: clock.now() + configure.flush_every,
        flush_every: configure.flush_every,
        reports,
        line,
        poller,
        clock,
        is_waiting_to_write: false,
    };
    drop(configure);
    worker.carry()
}

fn lock(begun: &Begun, carrier: &Carrier, configure: &Configure) -> Result<Lock, End> {
    let mut allowed = begun.allowed(configure.identity).tun(carrier.tun().as_fd());
    for socket in carrier.sockets() {
        allowed = allowed.udp(socket.as_fd());
    }
    begun.lock(&allowed)
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
    line: Line,
    carrier: Carrier,
    poller: Poller,
    engine: Engine,
    clock: Clock,
    reports: Reports,
    flush_every: Duration,
    next_flush: Instant,
    is_waiting_to_write: bool,
}

impl Worker {
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
        for message in self.line.waiting(ToWorker::decode)? {
            self.obey(message, now)?;
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
        let sent = self
            .reports
            .send(&self.line.channel, active)
            .map_err(|_| End::ParentGone)?;
        let must_wait = sent == Sent::Waiting;
        if must_wait != self.is_waiting_to_write {
            let interest = if must_wait { Interest::ReadWrite } else { Interest::Read };
            self.poller.change(self.line.channel.as_fd(), CHANNEL, interest)?;
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
