//! What a page may know about the VPN.

use account::KeyText;

/// Asked whenever a page shows the state of the VPN or a device's configuration. It answers at once, from memory.
pub trait VpnStatus: Send + Sync {
    /// The state at this moment.
    fn state(&self) -> VpnState;

    /// The confined process that carries the packets.
    fn worker(&self) -> WorkerState {
        match self.state() {
            VpnState::Running { .. } => WorkerState::Locked,
            VpnState::Unavailable { .. } => WorkerState::None,
        }
    }

    /// Who forwards members' traffic; `None` where nobody does.
    fn forwards(&self) -> Option<Forwards> {
        None
    }

    /// What everybody together moved in the last whole period; `None` before one has passed.
    fn load(&self) -> Option<Load> {
        None
    }
}

/// How the confined process is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WorkerState {
    /// It is locked down and runs.
    Locked,
    /// It ended and is being started again.
    Starting,
    /// There is none.
    None,
}

/// Who forwards members' traffic to its destinations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Forwards {
    /// The kernel, from a tunnel device.
    Kernel,
    /// A confined process of the program's, which opens members' connections itself.
    UserSpace {
        /// What this machine lacks for the kernel's way and the line that gives it; `None` where the operator chose this way.
        lacks: Option<(String, String)>,
    },
}

/// What everybody together moved in a period. It is in memory alone, and leaves by the rule of the policy for figures
/// about many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Load {
    /// How long the period was.
    pub seconds: u32,
    /// Bytes in both directions.
    pub bytes: u64,
    /// How many members moved any of them.
    pub people: u32,
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
