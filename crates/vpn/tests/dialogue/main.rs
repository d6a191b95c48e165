//! The engine as a dialogue: input, expected outputs, next deadline. Two engines talk through
//! vectors; nothing sleeps.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod cookies;
mod handshake;
mod inner_addresses;
mod on_the_wire;
mod packets;
mod paths;
mod replay;
mod survivors;
mod timers;
mod translation;
mod usage;
mod world;
