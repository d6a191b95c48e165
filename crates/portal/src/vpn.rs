//! What a page may know about the VPN.

use account::KeyText;

/// Asked whenever a page shows the state of the VPN or a device's configuration. It answers at once, from memory.
pub trait VpnStatus: Send + Sync {
    /// The state at this moment.
    fn state(&self) -> VpnState;
}

/// Whether devices can connect.
#[derive(Clone)]
pub enum VpnState {
    /// Devices can connect.
    Running {
        /// The server's public key.
        server_key: KeyText,
        /// Where devices connect: `host:port`.
        endpoint: String,
        /// The inner addresses of every device: `10.66.0.2/32, fd66::2/128`.
        addresses: String,
        /// The name servers that devices ask.
        dns: Vec<String>,
        /// The largest packet inside the tunnel, in bytes.
        mtu: u16,
        /// How many devices are connected: a count only.
        connected_devices: Option<u64>,
    },
    /// No device can connect.
    Unavailable {
        /// What this machine lacks.
        missing: String,
        /// The line that gives it.
        remedy: String,
    },
}
