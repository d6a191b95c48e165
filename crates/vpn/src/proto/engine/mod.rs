//! The engine: many devices, one key, no sockets.
//!
//! A driver's loop is: hand in what arrived (`handle_datagram`, `handle_packet`, `handle_timeout`),
//! then call `poll_transmit` and `poll_event` until they have nothing more, then sleep until
//! `poll_timeout`. Nothing here blocks, and no input makes it fail: what is wrong is counted.

mod configure;
mod handshaking;
mod inbound;
mod keeping;
mod outbound;
mod own;
mod timeouts;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

pub use configure::{Config, ConfigError};
pub use keeping::TakenOver;

use super::allowed::AllowedAddresses;
use super::budget::Budget;
use super::cookie::{CookieSecret, MacKeys};
use super::counters::Counters;
use super::device::{Device, DeviceId, Hot};
use super::ecn::Ecn;
use super::handshake::Identity;
use super::index::IndexTable;
use super::kept::Kept;
use super::key::PublicKey;
use super::limits::{EVENTS, INITIATION_LEN, OUTBOX_MESSAGES, REKEY_JITTER_MILLISECONDS};
use super::path::{Path, Transmit};
use super::rng::{Rng, draw_u32, draw_u64};
use super::tai64n::Tai64N;
use super::timers::Deadlines;
use super::translate::{Internal, Translator};
use super::witness::{Blind, Witness};

/// What became of a datagram.
pub enum Outcome<'a> {
    /// Nothing for the tunnel interface: a handshake, a keepalive, or something that was dropped.
    Nothing,
    /// A packet for the tunnel interface.
    Packet {
        /// Who sent it.
        device: DeviceId,
        /// The slot of the device's account.
        slot: u32,
        /// The inner packet, within the datagram's buffer, translated.
        packet: &'a mut [u8],
    },
}

/// What a driver may want to act upon.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A session is confirmed by both sides: the first, and each renewal.
    Connected(DeviceId),
    /// A device did not answer for the whole of `REKEY_ATTEMPT_TIME`.
    Unreachable(DeviceId),
    /// Everything about a device's stay is gone.
    Forgotten(DeviceId),
    /// An internal address is nobody's any more: entries of the kernel's connection table that
    /// still name it should go before it is drawn again.
    AddressFreed(Internal),
}

/// Bytes of inner packets of one device since the last drain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Usage {
    /// The account's slot; an account with several devices appears several times.
    pub slot: u32,
    /// Bytes from the device.
    pub up: u64,
    /// Bytes to the device.
    pub down: u64,
}

/// A handshake or cookie message that waits for `poll_transmit`.
struct Queued {
    path: Path,
    len: usize,
    bytes: [u8; INITIATION_LEN],
}

/// Many devices, one key, no sockets. What it remembers of devices is in its type: nothing, unless
/// it is somebody's own.
pub struct Engine<W: Witness = Blind> {
    witness: W,
    identity: Identity,
    macs: MacKeys,
    mtu: usize,
    forget_after: Duration,
    floor_granularity: Duration,
    rng: Box<dyn Rng + Send>,
    /// A moment on both clocks, for the timestamps of our initiations.
    wall_clock: (Instant, Tai64N),
    last_timestamp: Tai64N,
    /// The latest moment that a caller has told.
    now: Instant,

    devices: Vec<Option<Device>>,
    vacant: Vec<u32>,
    by_key: BTreeMap<PublicKey, u32>,
    allowed: AllowedAddresses,
    translator: Option<Translator>,
    kept: Option<Kept>,
    active: usize,

    indices: IndexTable,
    deadlines: Deadlines,
    budget: Budget,
    cookie_secret: CookieSecret,

    outbox: VecDeque<Queued>,
    ready: VecDeque<u32>,
    staged_bytes: usize,
    events: VecDeque<Event>,
    /// As long as the pools at most, and none is lost.
    freed: VecDeque<Internal>,
    metered: Vec<u32>,
    usage_of_removed: Vec<Usage>,
    counters: Counters,
}

impl Engine<Blind> {
    /// Starts without devices. `now` and `wall` are the same moment on the monotonic clock and on
    /// the calendar; `rng` is drawn from for keys, indices, nonces and addresses.
    ///
    /// # Errors
    /// [`ConfigError::Translation`] if the pools cannot be drawn from.
    pub fn new(config: Config, rng: Box<dyn Rng + Send>, now: Instant, wall: Tai64N) -> Result<Self, ConfigError> {
        Self::open(config, rng, now, wall)
    }
}

impl<W: Witness> Engine<W> {
    fn open(config: Config, mut rng: Box<dyn Rng + Send>, now: Instant, wall: Tai64N) -> Result<Self, ConfigError> {
        if config.translation.is_some_and(|pools| !pools.is_usable()) {
            return Err(ConfigError::Translation);
        }
        let identity = Identity::new(&config.private_key);
        let budget = Budget::new(config.handshakes_per_second, draw_u64(&mut *rng), now);
        Ok(Self {
            witness: W::default(),
            macs: MacKeys::of(&identity.public()),
            identity,
            mtu: config.mtu,
            forget_after: config.forget_after,
            floor_granularity: config.floor_granularity,
            rng,
            wall_clock: (now, wall),
            last_timestamp: Tai64N::default(),
            now,
            devices: Vec::new(),
            vacant: Vec::new(),
            by_key: BTreeMap::new(),
            allowed: AllowedAddresses::default(),
            translator: config.translation.map(Translator::new),
            kept: None,
            active: 0,
            indices: IndexTable::default(),
            deadlines: Deadlines::default(),
            budget,
            cookie_secret: CookieSecret::new(),
            outbox: VecDeque::new(),
            ready: VecDeque::new(),
            staged_bytes: 0,
            events: VecDeque::new(),
            freed: VecDeque::new(),
            metered: Vec::new(),
            usage_of_removed: Vec::new(),
            counters: Counters::default(),
        })
    }

    /// Our own public key.
    pub fn public_key(&self) -> PublicKey {
        self.identity.public()
    }

    /// Tells what the calendar says now, after it was set. Matters to initiators only.
    pub fn set_wall_clock(&mut self, now: Instant, wall: Tai64N) {
        self.wall_clock = (now, wall);
    }

    /// What happened so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Devices of which anything but their configuration is in memory.
    pub fn active_devices(&self) -> usize {
        self.active
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        let freed = self.freed.pop_front().map(Event::AddressFreed);
        freed.or_else(|| self.events.pop_front())
    }

    /// The bytes of each device since the last call, only of those that have any. What is not
    /// fetched stays for the next call.
    pub fn drain_usage(&mut self) -> impl Iterator<Item = Usage> + '_ {
        std::iter::from_fn(|| {
            if let Some(usage) = self.usage_of_removed.pop() {
                return Some(usage);
            }
            while let Some(id) = self.metered.pop() {
                self.keep(id);
                let usage = self.device_mut(id).and_then(take_usage);
                if usage.is_some() {
                    return usage;
                }
            }
            None
        })
    }

    /// Everything that is in memory because some device is or was here: zero once all are away.
    pub(in crate::proto) fn residue(&self) -> usize {
        let translated = self.translator.as_ref().map_or(0, Translator::len);
        let queues = self.outbox.len() + self.ready.len() + self.deadlines.len();
        self.active + self.indices.len() + self.staged_bytes + translated + queues
    }

    // ---- shared by the parts below ----------------------------------------------------------------

    fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }

    fn device_mut(&mut self, id: u32) -> Option<&mut Device> {
        self.devices.get_mut(id as usize)?.as_mut()
    }

    fn hot_mut(&mut self, id: u32) -> Option<&mut Hot> {
        self.device_mut(id)?.hot.as_deref_mut()
    }

    /// Wakes a device that was away; `None` if there is no such device.
    fn wake(&mut self, id: u32, now: Instant) -> Option<&mut Hot> {
        let device = self.devices.get_mut(id as usize)?.as_mut()?;
        if device.hot.is_none() {
            self.active += 1;
        }
        let endpoint = device.endpoint;
        Some(device.hot.get_or_insert_with(|| Box::new(Hot::new(endpoint, now))))
    }

    /// Makes sure that the device wakes in time for whatever it has to do next.
    fn reschedule(&mut self, id: u32) {
        let forget_after = self.forget_after;
        let Some(device) = self.devices.get_mut(id as usize).and_then(Option::as_mut) else {
            return;
        };
        let (endpoint, keepalive) = (device.endpoint, device.keepalive);
        let Some(hot) = device.hot.as_deref_mut() else {
            return;
        };
        let deadline = hot
            .deadline(forget_after)
            .into_iter()
            .chain(hot.forget_at(endpoint, keepalive, forget_after))
            .min();
        self.deadlines.pull_forward(id, &mut hot.queued, deadline);
    }

    fn push_ready(&mut self, id: u32) {
        let Some(hot) = self.hot_mut(id) else { return };
        if !std::mem::replace(&mut hot.is_ready, true) {
            self.ready.push_back(id);
        }
    }

    fn push_outbox(&mut self, path: Path, message: &[u8]) {
        if self.outbox.len() >= OUTBOX_MESSAGES {
            self.counters.outbox_full += 1;
            return;
        }
        let mut bytes = [0; INITIATION_LEN];
        bytes[..message.len()].copy_from_slice(message);
        self.outbox.push_back(Queued {
            path,
            len: message.len(),
            bytes,
        });
    }

    fn push_event(&mut self, event: Event) {
        if self.events.len() >= EVENTS {
            self.events.pop_front();
            self.counters.events_lost += 1;
        }
        self.events.push_back(event);
    }

    fn jitter(&mut self) -> Duration {
        let drawn = draw_u32(&mut *self.rng) % (REKEY_JITTER_MILLISECONDS + 1);
        Duration::from_millis(drawn.into())
    }

    fn meter(&mut self, id: u32, up: usize, down: usize) {
        let Some(device) = self.devices.get_mut(id as usize).and_then(Option::as_mut) else {
            return;
        };
        device.up += up as u64;
        device.down += down as u64;
        if !std::mem::replace(&mut device.is_metered, true) {
            self.metered.push(id);
        }
    }
}

/// Takes what a device has used, `None` if nothing.
fn take_usage(device: &mut Device) -> Option<Usage> {
    device.is_metered = false;
    let (up, down) = (std::mem::take(&mut device.up), std::mem::take(&mut device.down));
    (up != 0 || down != 0).then_some(Usage {
        slot: device.slot,
        up,
        down,
    })
}

/// A worker may move its engine to a thread of its own.
const _: fn() = || {
    fn sendable<T: Send>() {}
    sendable::<Engine>();
};

/// Copies a queued message into the caller's buffer.
fn write_out(queued: &Queued, out: &mut [u8]) -> Option<Transmit> {
    out.get_mut(..queued.len)?.copy_from_slice(&queued.bytes[..queued.len]);
    Some(Transmit {
        path: queued.path,
        len: queued.len,
        ecn: Ecn::NotCapable,
    })
}
