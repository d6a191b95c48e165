//! The protocol without input or output: callers hand in bytes, time and randomness.
//!
//! Read it in this order: [`limits`] (every number), [`Engine`] (what a driver calls), `handshake`
//! and `session` (what the paper says), `translate` (what is ours). [`connector`] is another process's
//! core: where packets end when there is no tunnel device.

mod allowed;
mod budget;
mod checksum;
pub mod connector;
mod cookie;
mod counters;
mod crypto;
mod device;
mod ecn;
mod engine;
#[doc(hidden)]
pub mod fuzzing;
mod handshake;
mod index;
pub mod kept;
mod key;
pub mod limits;
mod message;
mod packet;
mod path;
mod replay;
mod rng;
mod session;
mod tai64n;
mod timers;
mod translate;
mod witness;

pub use allowed::Prefix;
pub use counters::Counters;
pub use device::{Addressing, DeviceConfig, DeviceId};
pub use ecn::Ecn;
pub use engine::{Config, ConfigError, Engine, Event, Outcome, TakenOver, Usage};
pub use key::{PresharedKey, PrivateKey, PublicKey};
pub use path::{Path, Transmit};
pub use rng::{Rng, SeededRng};
pub use tai64n::Tai64N;
pub use translate::{Internal, Refusal, Shared, Translation};
pub use witness::{Blind, Own, Seen, Witness};
