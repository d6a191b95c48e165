//! Where a datagram came from and where a reply goes.

use std::net::{IpAddr, SocketAddr};

use super::ecn::Ecn;

/// The outer addresses of a device: personal, held in memory only, so without `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// The device's address and port.
    pub remote: SocketAddr,
    /// Our own address that the device used (IP_PKTINFO, RFC 3542), so that the reply leaves from
    /// there. `None` lets the kernel choose.
    pub local: Option<IpAddr>,
}

impl Path {
    /// A path without a wish for the local address.
    pub fn to(remote: SocketAddr) -> Self {
        Self { remote, local: None }
    }
}

/// A datagram that was written into the caller's buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Transmit {
    /// Where it goes.
    pub path: Path,
    /// How many bytes of the buffer it is.
    pub len: usize,
    /// The congestion mark of the outer header.
    pub ecn: Ecn,
}
