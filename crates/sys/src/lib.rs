//! The kernel's side of Candor, and the only crate with `unsafe`.
//!
//! It opens what a worker needs (tunnel, UDP, channel), starts the worker with exactly those
//! descriptors, closes the lock on it, and reads back from the kernel that it is closed. It also
//! speaks to nft, rtnetlink, sysctl and network namespaces, without the `ip` program.
//!
//! **What it never does:** it has no logger, writes no file but kernel settings, puts no `log`
//! statement into nft, gives a worker no descriptor that was not named, and lets no process that
//! reads from the network start unlocked.
//!
//! ```text
//!   parent (own user, CAP_NET_ADMIN)               worker (nobody, locked)
//!  ┌────────────────────────────────┐             ┌───────────────────────────────┐
//!  │ tun::Tun   udp::UdpSocket      │    exec     │ worker::inherited             │
//!  │ worker::Spawn ─────────────────┼─ 3, 4, 5 … ▶│ confine::confine: no way back │
//!  │ channel ◀──────────────────────┼─ messages ─▶│ channel                       │
//!  │ lockdown::read_lockdown ───────┼─ /proc ────▶│ tun ◀─── the engine ───▶ udp  │
//!  │ nft::Applied  sysctl::Restore  │             │                               │
//!  └────────────────────────────────┘             └───────────────────────────────┘
//! ```

#![deny(unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks)]

pub mod channel;
pub mod confine;
pub mod conntrack;
pub mod disk;
mod error;
mod kernel;
pub mod link;
pub mod lockdown;
pub mod memory;
mod memory_file;
pub mod missing;
mod mtu;
pub mod namespace;
pub mod netlink;
pub mod nft;
pub mod outbound;
pub mod poll;
pub mod privilege;
pub mod process;
pub mod sysctl;
pub mod time;
pub mod tun;
pub mod udp;
pub mod ways;
pub mod worker;

pub use channel::Channel;
pub use confine::{Allowed, Lockdown, confine};
pub use conntrack::Conntrack;
pub use error::Error;
pub use link::Link;
pub use lockdown::{LockdownReport, read_lockdown};
pub use memory_file::{MemoryFile, Words};
pub use missing::{Machine, Missing};
pub use namespace::NetNamespace;
pub use netlink::{LinkName, Range};
pub use poll::Poller;
pub use privilege::Identity;
pub use tun::{Tun, TunOptions};
pub use udp::UdpSocket;
pub use ways::Ways;
pub use worker::{Spawn, Worker};
