//! What the parent and the connector say to each other, in the same form.
//!
//! The connector can say that it lives, and nothing else: it has no word for a flow, a destination or a count.

use zeroize::Zeroizing;

use super::framing::{Malformed, PREFIX_LEN, Reader, Writer, bounded};
use super::{ADDRESSES, INTERNAL_LEN, Lock, MTU_BYTES};
use crate::proto::{Internal, Prefix, Shared, Translation};

/// Most pairs of addresses in one message.
pub const FREED: usize = ADDRESSES;

/// Most networks that are excepted. Guess.
pub const EXCEPTED: usize = 64;

/// The parent to the connector.
pub enum ToConnector {
    /// The first message, once.
    Configure(Configure),
    /// Internal addresses that are nobody's any more: their flows end.
    Freed(Vec<Internal>),
    /// All internal addresses are nobody's any more: the worker that gave them has ended.
    Clear,
    /// End.
    Stop,
}

/// The connector to the parent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FromConnector {
    /// The lock is closed; the first packet will be read after this was sent.
    Ready(Lock),
    /// It lives.
    Alive,
    /// The last message.
    Stopped,
}

/// What the connector is told at its start.
#[derive(Clone)]
pub struct Configure {
    /// Largest inner packet in bytes.
    pub mtu_bytes: u16,
    /// The tunnel's networks.
    pub translation: Translation,
    /// Our own addresses in the tunnel.
    pub gateway: Shared,
    /// User and group to become, when the parent may choose.
    pub identity: Option<sys::Identity>,
    /// Private networks that members may reach; [`EXCEPTED`] at most.
    pub excepted: Vec<Prefix>,
}

const CONFIGURE: u8 = 33;
const FREED_KIND: u8 = 34;
const CLEAR: u8 = 35;
const STOP: u8 = 36;

const READY: u8 = 161;
const ALIVE: u8 = 162;
const STOPPED: u8 = 163;

impl ToConnector {
    /// The bytes of the message. A list longer than [`FREED`] makes a message that the channel refuses.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Configure(configure) => {
                let mut out = Writer::new(CONFIGURE, 80 + configure.excepted.len() * PREFIX_LEN);
                out.u16(configure.mtu_bytes);
                out.translation(configure.translation);
                out.shared(configure.gateway);
                out.identity(configure.identity);
                out.prefixes(&configure.excepted);
                out.0
            }
            Self::Freed(addresses) => {
                let mut out = Writer::new(FREED_KIND, addresses.len() * INTERNAL_LEN);
                out.internals(addresses);
                out.0
            }
            Self::Clear => Writer::new(CLEAR, 0).0,
            Self::Stop => Writer::new(STOP, 0).0,
        }
    }

    /// # Errors
    /// [`Malformed`] for anything that [`Self::encode`] does not make of a message within bounds.
    pub fn decode(message: &[u8]) -> Result<Self, Malformed> {
        let mut input = Reader::new(message)?;
        let decoded = match input.u8()? {
            CONFIGURE => Self::Configure(Configure {
                mtu_bytes: bounded(input.u16()?, MTU_BYTES)?,
                translation: input.translation()?,
                gateway: input.shared()?,
                identity: input.identity()?,
                excepted: input.prefixes(EXCEPTED)?,
            }),
            FREED_KIND => Self::Freed(input.internals()?),
            CLEAR => Self::Clear,
            STOP => Self::Stop,
            _ => return Err(Malformed),
        };
        input.end(decoded)
    }
}

impl FromConnector {
    /// The bytes of the message.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Ready(lock) => {
                let mut out = Writer::new(READY, 9);
                out.lock(lock);
                out.0
            }
            Self::Alive => Writer::new(ALIVE, 0).0,
            Self::Stopped => Writer::new(STOPPED, 0).0,
        }
    }

    /// # Errors
    /// [`Malformed`] for anything that [`Self::encode`] does not make of a message within bounds.
    pub fn decode(message: &[u8]) -> Result<Self, Malformed> {
        let mut input = Reader::new(message)?;
        let decoded = match input.u8()? {
            READY => Self::Ready(input.lock()?),
            ALIVE => Self::Alive,
            STOPPED => Self::Stopped,
            _ => return Err(Malformed),
        };
        input.end(decoded)
    }
}

/// For the fuzzer and the replay of its corpus: whatever can be read is written as the same bytes.
pub(super) fn fuzz(input: &[u8]) {
    if let Ok(message) = ToConnector::decode(input) {
        assert!(*message.encode() == input);
    }
    if let Ok(message) = FromConnector::decode(input) {
        assert!(*message.encode() == input);
    }
}
