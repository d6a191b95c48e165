//! The configuration protocol of WireGuard programs in user space ("Cross-platform Userspace
//! Implementation", wireguard.com/xplatform), which `wg(8)` speaks: text in, text out.
//!
//! It is for a tunnel of one's own (`candor wg`), where `wg show` is expected to tell endpoints and
//! times of handshakes. The provider's worker has no such socket, and its engine could not answer:
//! see [`crate::proto::Witness`].
//!
//! ```text
//!   "set=1" key=value … "" ──▶ Reader ──▶ Request ──▶ driver::own ──▶ Answer ──▶ text, "errno=0" ""
//! ```

mod read;
mod write;

use std::net::SocketAddr;
use std::time::Duration;

use crate::proto::{Prefix, PresharedKey, PrivateKey, PublicKey};

pub use read::Reader;
pub use write::{write_errno, write_view};

/// Longest line in bytes. The longest that means something is a key, 85 bytes.
pub const LINE_BYTES: usize = 1024;
/// Most devices and most prefixes in one request. A guess: a hundred times the largest that is known.
pub const ENTRIES: usize = 1 << 20;

/// What somebody at the socket wants.
pub enum Request {
    /// Tell everything.
    Get,
    /// Change something.
    Set(Box<Change>),
}

/// A change; what is `None` stays as it is.
#[derive(Default)]
pub struct Change {
    /// Our static key; all zeros takes it away.
    pub private_key: Option<PrivateKey>,
    /// UDP port; zero lets the kernel choose.
    pub listen_port: Option<u16>,
    /// Mark of outgoing datagrams (`socket(7)`, `SO_MARK`); zero is none.
    pub fwmark: Option<u32>,
    /// Forget all devices first.
    pub replace_devices: bool,
    /// In the order of the request.
    pub devices: Vec<DeviceChange>,
}

/// What changes about one device ("peer", in the protocol's words).
pub struct DeviceChange {
    /// Which.
    pub public_key: PublicKey,
    /// Forget it.
    pub remove: bool,
    /// Do nothing unless it is known.
    pub update_only: bool,
    /// All zeros takes it away.
    pub preshared_key: Option<PresharedKey>,
    /// Where it is.
    pub endpoint: Option<SocketAddr>,
    /// Zero is off.
    pub keepalive_seconds: Option<u16>,
    /// Forget its prefixes first.
    pub replace_allowed: bool,
    /// In the order of the request.
    pub allowed: Vec<AllowedChange>,
}

/// A prefix that is given to a device, from whoever had it, or taken from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AllowedChange {
    /// `allowed_ip=10.0.0.0/8`
    Give(Prefix),
    /// `allowed_ip=-10.0.0.0/8`
    Take(Prefix),
}

/// What a request came to, as `errno(3)` numbers: all that the protocol can say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Errno {
    /// It was done.
    None = 0,
    /// The device is being taken down.
    Io = 5,
    /// The kernel refused something.
    NotPermitted = 1,
    /// The request is not what the protocol says.
    Invalid = 22,
    /// The port is in use.
    AddressInUse = 98,
}

/// Everything that a `get` tells.
pub struct View {
    /// Our static key.
    pub private_key: Option<PrivateKey>,
    /// The port that we listen on.
    pub listen_port: u16,
    /// Mark of outgoing datagrams.
    pub fwmark: u32,
    /// All devices, by public key.
    pub devices: Vec<DeviceView>,
}

/// Everything about one device.
pub struct DeviceView {
    /// Its static key.
    pub public_key: PublicKey,
    /// The key that both know, all zeros if there is none.
    pub preshared_key: PresharedKey,
    /// Where it was last.
    pub endpoint: Option<SocketAddr>,
    /// When a handshake was last completed, since 1970.
    pub handshake: Option<Duration>,
    /// Bytes of datagrams received from it.
    pub received: u64,
    /// Bytes of datagrams sent to it.
    pub sent: u64,
    /// Zero is off.
    pub keepalive_seconds: u16,
    /// Its prefixes.
    pub allowed: Vec<Prefix>,
}

/// Any bytes as lines of a conversation: what is understood is written as text and understood again.
#[doc(hidden)]
pub fn fuzz(input: &[u8]) {
    let mut reader = Reader::default();
    for line in input.split(|byte| *byte == b'\n') {
        let Some(Ok(Request::Set(change))) = reader.line(line) else {
            continue;
        };
        let text = write::change(&change);
        let mut again = Reader::default();
        let mut requests: Vec<_> = text
            .split(|byte| *byte == b'\n')
            .filter_map(|line| again.line(line))
            .collect();
        let same = match requests.pop() {
            Some(Ok(Request::Set(again))) => write::change(&again) == text,
            Some(Ok(Request::Get) | Err(_)) | None => false,
        };
        assert!(same && requests.is_empty(), "what was written is not what was read");
    }
}
