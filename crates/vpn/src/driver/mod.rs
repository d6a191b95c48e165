//! Sockets, clock and randomness for the engine.
//!
//! ```text
//!   worker::run ── Configure ──▶ lock ──▶ loop { wait, carry, tell time, report }
//!                                                      │
//!   own::OwnTunnel ── the same carrying, configured by requests, for a tunnel of one's own
//!   client::Client ── the same carrying, for one device, where no parent is
//!   inside::Inside ── what that device's programs would do, where it has no tunnel device either
//!                                                      ▼
//!                                     carrier::Carrier: UDP ◀── engine ──▶ TUN
//! ```
//!
//! What it never does: the worker opens nothing (descriptors are handed in), and nothing here ends for a packet.
//! [`connector`] is another process, which has neither keys nor devices, and opens nothing but connections.

mod carrier;
pub mod client;
mod clock;
pub mod connector;
pub mod inside;
pub mod own;
mod process;
mod reports;
pub mod worker;

pub use connector::run as run_connector;
pub use worker::run as run_worker;
