//! The VPN data plane: a WireGuard engine that any standard client can talk to.
//!
//! What it does: answers and starts handshakes, seals and opens packets, follows a device from
//! network to network, gives every session a random internal address, and counts the bytes of each
//! device, which is the one number the policy lets a VPN keep.
//!
//! What it never does: it opens no file and no socket, reads no clock, draws no randomness of its
//! own, writes no log line, keeps no address of a device that has fallen silent, and has no type in
//! which a destination could be remembered. Time, randomness and bytes are handed in.
//!
//! ```text
//!              UDP socket                        TUN interface
//!     datagram │        ▲ Transmit       packet  ▲        │ packet
//!              ▼        │                        │        ▼
//!   ┌──────────────────────────── proto::Engine ────────────────────────────┐
//!   │ message ─ cookie ─ handshake            translate (one inner address  │
//!   │    │                   │                     ▲      for everybody)    │
//!   │    └── index table ─ session ─ replay ─ packet ┴ allowed (prefixes)   │
//!   │                    timers (active devices only)                       │
//!   └──────────────┬──────────────────┬───────────────────┬─────────────────┘
//!            poll_event          poll_timeout         drain_usage
//! ```
//!
//! The standard is Jason A. Donenfeld, "WireGuard: Next Generation Kernel Network Tunnel" (NDSS
//! 2017, later revisions at wireguard.com), cited below as "the paper".

#![forbid(unsafe_code)]

pub mod driver;
pub mod handover;
pub mod proto;
pub mod uapi;
