//! What an engine remembers of its devices beyond what the protocol needs.
//!
//! It is a type and no setting: the provider's engine is `Engine<Blind>`, in which the lines that
//! would remember are not compiled. Who was here when, and where, cannot be asked of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use super::device::DeviceId;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Blind {}
    impl Sealed for super::Own {}
}

/// Either [`Blind`] or [`Own`]; nobody can add a third.
///
/// One's own engine can be asked where a device is and when it came:
/// ```
/// use vpn::proto::{Engine, Own, PublicKey, Seen};
/// fn ask(engine: &Engine<Own>, device: &PublicKey) -> Option<Seen> {
///     engine.seen(device)
/// }
/// ```
/// The provider's cannot, and the same line does not compile:
/// ```compile_fail,E0599
/// use vpn::proto::{Engine, PublicKey, Seen};
/// fn ask(engine: &Engine, device: &PublicKey) -> Option<Seen> {
///     engine.seen(device)
/// }
/// ```
pub trait Witness: sealed::Sealed + Default + Send + 'static {
    /// Whether a device's last address outlives its stay.
    const KEEPS_ENDPOINTS: bool;
    /// A datagram of so many bytes goes to a device.
    fn sent(&mut self, device: DeviceId, bytes: usize);
    /// An authentic datagram of so many bytes came from a device.
    fn received(&mut self, device: DeviceId, bytes: usize);
    /// A handshake was completed.
    fn connected(&mut self, device: DeviceId, now: Instant);
    /// The device is none any more.
    fn removed(&mut self, device: DeviceId);
}

/// Remembers nothing: the provider's.
#[derive(Default)]
pub struct Blind;

impl Witness for Blind {
    const KEEPS_ENDPOINTS: bool = false;
    fn sent(&mut self, _: DeviceId, _: usize) {}
    fn received(&mut self, _: DeviceId, _: usize) {}
    fn connected(&mut self, _: DeviceId, _: Instant) {}
    fn removed(&mut self, _: DeviceId) {}
}

/// Remembers what `wg show` tells: for a tunnel of one's own, where every device is known anyway.
#[derive(Default)]
pub struct Own {
    devices: BTreeMap<DeviceId, Seen>,
}

/// What `wg show` tells of a device. It names where somebody is, so it has no `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Where it was last, or is said to be.
    pub endpoint: Option<SocketAddr>,
    /// When a handshake was last completed.
    pub handshake: Option<Instant>,
    /// Bytes of datagrams received.
    pub received: u64,
    /// Bytes of datagrams sent.
    pub sent: u64,
}

impl Own {
    /// All but the endpoint, which the engine knows.
    pub(crate) fn seen(&self, device: DeviceId) -> Seen {
        self.devices.get(&device).copied().unwrap_or_default()
    }
}

impl Witness for Own {
    const KEEPS_ENDPOINTS: bool = true;

    fn sent(&mut self, device: DeviceId, bytes: usize) {
        self.devices.entry(device).or_default().sent += bytes as u64;
    }

    fn received(&mut self, device: DeviceId, bytes: usize) {
        self.devices.entry(device).or_default().received += bytes as u64;
    }

    fn connected(&mut self, device: DeviceId, now: Instant) {
        self.devices.entry(device).or_default().handshake = Some(now);
    }

    fn removed(&mut self, device: DeviceId) {
        self.devices.remove(&device);
    }
}
