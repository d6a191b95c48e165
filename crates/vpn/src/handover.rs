//! What the parent and the worker say to each other: one closed list for each direction.
//!
//! A message is one datagram of [`sys::channel`]: a kind octet, then fields of fixed length, all
//! numbers little-endian. Lists fill the rest of the message. Whatever is longer, shorter, of an
//! unknown kind or out of bounds is [`Malformed`], and ends the side that received it.
//!
//! The worker can say nothing about a member but the bytes of an account's slot. It has no word for
//! an endpoint, a destination, a device or a moment.

pub mod connector;
mod framing;

use std::time::Duration;

use sys::channel::MESSAGE_BYTES;
use zeroize::Zeroizing;

use crate::proto::{Internal, PresharedKey, PrivateKey, PublicKey, Translation};
pub use framing::{Malformed, Room};
use framing::{Reader, Writer, bounded};

/// Bytes of one device in [`ToWorker::PutDevices`]: slot, public key, preshared key.
const DEVICE_LEN: usize = 4 + 32 + 32;
/// Bytes of one account in [`FromWorker::Usage`]: slot, up, down.
const USAGE_LEN: usize = 4 + 8 + 8;
/// Bytes of one pair of addresses in [`FromWorker::Freed`].
const INTERNAL_LEN: usize = 4 + 16;
/// Bytes of a public key.
const KEY_LEN: usize = 32;

/// Most devices in one message.
pub const DEVICES: usize = (MESSAGE_BYTES - 1) / DEVICE_LEN;
/// Most accounts in one message.
pub const ACCOUNTS: usize = (MESSAGE_BYTES - 1) / USAGE_LEN;
/// Most pairs of addresses in one message.
pub const ADDRESSES: usize = (MESSAGE_BYTES - 1) / INTERNAL_LEN;
/// Most public keys in one message.
pub const KEYS: usize = (MESSAGE_BYTES - 1) / KEY_LEN;

/// Bounds of the inner MTU in bytes: what every IPv4 link carries (RFC 791), and what a 9000-byte
/// Ethernet frame leaves.
const MTU_BYTES: std::ops::RangeInclusive<u16> = 576..=8920;
/// Bounds of the pauses between counter flushes, and of the time after which a silent device is
/// forgotten, in seconds. Guess.
const SECONDS: std::ops::RangeInclusive<u16> = 1..=3600;

/// The parent to the worker.
pub enum ToWorker {
    /// The first message, once.
    Configure(Box<Configure>),
    /// Devices that may connect; one that is known already is changed.
    PutDevices(Vec<HandedDevice>),
    /// Devices that may not connect any more.
    RemoveDevices(Vec<PublicKey>),
    /// Every device has been put that there was when the worker began: what an earlier worker knew of others is nobody's.
    AllPut,
    /// Report all counters now.
    Flush {
        /// Comes back in [`FromWorker::Flushed`]; not 0.
        ticket: u32,
    },
    /// Report all counters and end.
    Stop,
}

/// The worker to the parent.
pub enum FromWorker {
    /// The lock is closed; the first packet will be read after this was sent.
    Ready {
        /// What holds this worker.
        lock: Lock,
        /// The internal addresses of the worker before are all known: those that are not taken over will be told as
        /// [`Self::Freed`]. Without it every address that was in use is nobody's.
        has_taken_over: bool,
    },
    /// What accounts moved since the last report. An account's devices are added up.
    Usage(Vec<Moved>),
    /// All counters up to here have been reported.
    Flushed {
        /// From [`ToWorker::Flush`]; 0 when the worker's own clock asked.
        ticket: u32,
        /// Devices of which anything but their configuration is in memory.
        active_devices: u32,
    },
    /// Internal addresses that are nobody's any more. The parent strikes them from the kernel's
    /// connection table. They are random, and without the device that had them.
    Freed(Vec<Internal>),
    /// The last message.
    Stopped,
}

/// What the worker is told at its start.
#[derive(Clone)]
pub struct Configure {
    /// The server's static key.
    pub private_key: PrivateKey,
    /// Largest inner packet in bytes.
    pub mtu_bytes: u16,
    /// The inner address of every device and the pools behind it.
    pub translation: Translation,
    /// Time after the last packet after which a device's stay is forgotten.
    pub forget_after: Duration,
    /// The same for its internal address in the memory that survives the worker.
    pub keep_for: Duration,
    /// Handshakes that the machine may do in one second.
    pub handshakes_per_second: u32,
    /// Pause between two reports of the counters.
    pub flush_every: Duration,
    /// User and group to become, when the parent may choose.
    pub identity: Option<sys::Identity>,
}

/// A device as the worker knows it.
#[derive(Clone)]
pub struct HandedDevice {
    /// Its account's slot.
    pub slot: u32,
    /// Its public key.
    pub public_key: PublicKey,
    /// Its preshared key.
    pub preshared_key: PresharedKey,
}

/// Bytes of inner packets that one account moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moved {
    /// The account's slot.
    pub slot: u32,
    /// Bytes from its devices.
    pub up: u64,
    /// Bytes to its devices.
    pub down: u64,
}

/// What the worker states of its own lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lock {
    /// Landlock ABI whose rights were withheld.
    pub landlock_abi: u8,
    /// TCP can be neither bound nor connected.
    pub no_tcp: bool,
    /// Signals and abstract sockets do not leave the worker.
    pub scoped: bool,
    /// The capability bounding set is empty.
    pub bounding_set_emptied: bool,
    /// Nothing of the worker's memory is ever written to swap.
    pub memory_pinned: bool,
    /// Length of the seccomp filter in instructions.
    pub filter_instructions: u32,
}

const CONFIGURE: u8 = 1;
const PUT_DEVICES: u8 = 2;
const REMOVE_DEVICES: u8 = 3;
const FLUSH: u8 = 4;
const STOP: u8 = 5;
const ALL_PUT: u8 = 6;

const READY: u8 = 129;
const USAGE: u8 = 130;
const FLUSHED: u8 = 131;
const FREED: u8 = 132;
const STOPPED: u8 = 133;

impl ToWorker {
    /// The bytes of the message, which hold keys and are wiped when dropped. A list longer than
    /// its bound ([`DEVICES`], [`KEYS`]) makes a message that the channel refuses.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Configure(configure) => configure.encode(),
            Self::PutDevices(devices) => {
                let mut out = Writer::new(PUT_DEVICES, devices.len() * DEVICE_LEN);
                for device in devices {
                    out.u32(device.slot);
                    out.bytes(device.public_key.as_bytes());
                    out.bytes(device.preshared_key.as_bytes());
                }
                out.0
            }
            Self::RemoveDevices(keys) => {
                let mut out = Writer::new(REMOVE_DEVICES, keys.len() * KEY_LEN);
                keys.iter().for_each(|key| out.bytes(key.as_bytes()));
                out.0
            }
            Self::Flush { ticket } => {
                let mut out = Writer::new(FLUSH, 4);
                out.u32(*ticket);
                out.0
            }
            Self::AllPut => Writer::new(ALL_PUT, 0).0,
            Self::Stop => Writer::new(STOP, 0).0,
        }
    }

    /// # Errors
    /// [`Malformed`] for anything that [`Self::encode`] does not make of a message within bounds.
    pub fn decode(message: &[u8]) -> Result<Self, Malformed> {
        let mut input = Reader::new(message)?;
        let decoded = match input.u8()? {
            CONFIGURE => Self::Configure(Box::new(Configure::decode(&mut input)?)),
            PUT_DEVICES => Self::PutDevices(input.list(|device| {
                Ok(HandedDevice {
                    slot: device.u32()?,
                    public_key: PublicKey::from_bytes(device.bytes()?),
                    preshared_key: PresharedKey::from_bytes(device.bytes()?),
                })
            })?),
            REMOVE_DEVICES => Self::RemoveDevices(input.list(|key| key.bytes().map(PublicKey::from_bytes))?),
            FLUSH => Self::Flush {
                ticket: input.u32().and_then(|ticket| bounded(ticket, 1..=u32::MAX))?,
            },
            ALL_PUT => Self::AllPut,
            STOP => Self::Stop,
            _ => return Err(Malformed),
        };
        input.end(decoded)
    }
}

impl FromWorker {
    /// The bytes of the message.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Ready { lock, has_taken_over } => {
                let mut out = Writer::new(READY, 10);
                out.lock(lock);
                out.u8((*has_taken_over).into());
                out.0
            }
            Self::Usage(accounts) => {
                let mut out = Writer::new(USAGE, accounts.len() * USAGE_LEN);
                for moved in accounts {
                    out.u32(moved.slot);
                    out.u64(moved.up);
                    out.u64(moved.down);
                }
                out.0
            }
            Self::Flushed { ticket, active_devices } => {
                let mut out = Writer::new(FLUSHED, 8);
                out.u32(*ticket);
                out.u32(*active_devices);
                out.0
            }
            Self::Freed(addresses) => {
                let mut out = Writer::new(FREED, addresses.len() * INTERNAL_LEN);
                out.internals(addresses);
                out.0
            }
            Self::Stopped => Writer::new(STOPPED, 0).0,
        }
    }

    /// # Errors
    /// [`Malformed`] for anything that [`Self::encode`] does not make of a message within bounds.
    pub fn decode(message: &[u8]) -> Result<Self, Malformed> {
        let mut input = Reader::new(message)?;
        let decoded = match input.u8()? {
            READY => Self::Ready {
                lock: input.lock()?,
                has_taken_over: input.flag()?,
            },
            USAGE => Self::Usage(input.list(|account| {
                Ok(Moved {
                    slot: account.u32()?,
                    up: account.u64()?,
                    down: account.u64()?,
                })
            })?),
            FLUSHED => Self::Flushed {
                ticket: input.u32()?,
                active_devices: input.u32()?,
            },
            FREED => Self::Freed(input.internals()?),
            STOPPED => Self::Stopped,
            _ => return Err(Malformed),
        };
        input.end(decoded)
    }
}

impl Configure {
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Writer::new(CONFIGURE, 128);
        out.bytes(self.private_key.as_bytes());
        out.u16(self.mtu_bytes);
        out.translation(self.translation);
        out.seconds(self.forget_after);
        out.seconds(self.keep_for);
        out.u32(self.handshakes_per_second);
        out.seconds(self.flush_every);
        out.identity(self.identity);
        out.0
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        let configure = Self {
            private_key: PrivateKey::from_bytes(input.bytes()?),
            mtu_bytes: bounded(input.u16()?, MTU_BYTES)?,
            translation: input.translation()?,
            forget_after: input.seconds()?,
            keep_for: input.seconds()?,
            handshakes_per_second: input.u32()?,
            flush_every: input.seconds()?,
            identity: input.identity()?,
        };
        Ok(configure)
    }
}

/// For the fuzzer and the replay of its corpus: whatever can be read is written as the same bytes.
#[doc(hidden)]
pub fn fuzz(input: &[u8]) {
    if let Ok(message) = ToWorker::decode(input) {
        assert!(*message.encode() == input);
    }
    if let Ok(message) = FromWorker::decode(input) {
        assert!(*message.encode() == input);
    }
    connector::fuzz(input);
}
