//! Sockets, clock and randomness for the engine.
//!
//! ```text
//!   worker::run ── Configure ──▶ lock ──▶ loop { wait, carry, tell time, report }
//!                                                      │
//!   client::Client ── the same carrying, for one device, where no parent is
//!                                                      ▼
//!                                     carrier::Carrier: UDP ◀── engine ──▶ TUN
//! ```
//!
//! What it never does: it opens nothing (descriptors are handed in), and ends for no packet.

mod carrier;
pub mod client;
mod clock;
mod reports;
pub mod worker;

pub use worker::run as run_worker;
