//! The VPN's parent: it opens what the worker needs, starts it again when it ends, tells it of devices, and writes down
//! the one number that the policy lets a VPN keep.
//!
//! ```text
//!   portal ─ DeviceChange ─▶ supervisor ── devices ──▶ candor worker vpn ◀─▶ UDP, TUN
//!                                │  ▲                        │
//!            Accounts ◀─ bytes ──┘  └─ bytes of a slot ◀─────┤
//!            kernel's connection table ◀─ freed addresses ◀──┘
//!              or candor worker connector, which opens members' connections where there is no TUN
//! ```
//!
//! What it never does: it reads no packet, and learns neither where a device is nor where it goes. Which slot is whose
//! account is drawn at random for each start of a worker and lives in memory alone.

mod aftermath;
mod connector;
mod line;
mod load;
mod network;
mod roster;
mod strike;
mod supervisor;
mod unavailable;

use std::fs::File;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use account::{Accounts, DeviceChange, KeyText};
use plan::Event;
use portal::{Forwards, Load, VpnState, VpnStatus, WorkerState};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use vpn::proto::{Prefix, PrivateKey};
use zeroize::Zeroizing;

pub(crate) use aftermath::{clear_up_after, run as run_guard};
use connector::Connector;
use load::Meter;
pub(crate) use network::GATEWAY;
pub(crate) use network::Why;
use network::{Network, translation};

use crate::config::VpnPath;
use supervisor::{Phase, Request, Supervisor};
pub(crate) use unavailable::Unavailable;

/// What the configuration says about the tunnel.
pub(crate) struct TunnelOptions {
    /// UDP port.
    pub(crate) port: u16,
    /// Name of the tunnel device.
    pub(crate) interface: String,
    /// Largest inner packet in bytes.
    pub(crate) mtu: u16,
    /// Whether the kernel forwards or a second worker opens connections.
    pub(crate) path: VpnPath,
    /// The host that devices connect to.
    pub(crate) endpoint: String,
    /// Name servers that devices are told to ask.
    pub(crate) dns: Vec<IpAddr>,
    /// Private networks that members may reach.
    pub(crate) lan: Vec<(IpAddr, u8)>,
    /// The instance's WireGuard key.
    pub(crate) private_key: Zeroizing<[u8; 32]>,
    /// The data folder, where what is changed in the kernel is noted.
    pub(crate) data: PathBuf,
    /// The data folder's lock.
    pub(crate) lock: File,
}

impl TunnelOptions {
    /// What members may reach of private networks: those of the operator's choice, and the name servers.
    fn excepted(&self) -> impl Iterator<Item = (IpAddr, u8)> {
        let whole = |address: IpAddr| (address, if address.is_ipv4() { 32 } else { 128 });
        self.lan.iter().copied().chain(self.dns.iter().copied().map(whole))
    }
}

/// A running tunnel. [`Tunnel::stop`] ends it; dropped, it is taken down with the runtime.
pub(crate) struct Tunnel {
    shown: Shown,
    phase: Arc<Mutex<Phase>>,
    meter: Arc<Meter>,
    /// Why members' flows end in user space, and whether the process that ends them runs.
    user_space: Option<(Why, Arc<AtomicBool>)>,
    requests: mpsc::UnboundedSender<Request>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What every device's configuration says.
struct Shown {
    server_key: KeyText,
    endpoint: String,
    addresses: String,
    dns: Vec<String>,
    mtu: u16,
}

impl Tunnel {
    /// Sets up the network, starts the worker and returns when it is locked and carries packets.
    ///
    /// # Errors
    /// What is missing on this machine, and the line that gives it. Nothing is left behind then.
    pub(crate) async fn start(
        options: TunnelOptions,
        accounts: Arc<Accounts>,
        changes: mpsc::UnboundedReceiver<DeviceChange>,
        report: fn(Event),
    ) -> Result<Self, Unavailable> {
        let private_key = PrivateKey::from_bytes(*options.private_key);
        let shown = Shown::of(&options, &private_key);
        let network = Network::set_up(&options)?;
        let phase = Arc::new(Mutex::new(Phase::default()));
        let user_space = network
            .in_user_space()
            .map(|why| (why, Arc::new(AtomicBool::new(false))));
        let connector = match (network.connector_link(), &user_space) {
            (Some(link), Some((_, lives))) => {
                let configure = vpn::handover::connector::Configure {
                    mtu_bytes: options.mtu,
                    translation: translation(),
                    gateway: GATEWAY,
                    identity: network.identity(),
                    excepted: options
                        .excepted()
                        .filter_map(|(address, len)| Prefix::new(address, len))
                        .collect(),
                };
                Some(Connector::start(link?, configure, Arc::clone(lives), report).await?)
            }
            _ => None,
        };
        let (requests, asked) = mpsc::unbounded_channel();
        let (ready, first) = oneshot::channel();
        let meter = Arc::new(Meter::new(Instant::now()));
        let shared = (Arc::clone(&phase), Arc::clone(&meter));
        let supervisor = Supervisor::new(network, connector, private_key, options.mtu, accounts, shared, report);
        let task = tokio::spawn(supervisor.run(changes, asked, ready));
        match first.await {
            Ok(Ok(())) => {}
            Ok(Err(unavailable)) => {
                let _ended = task.await;
                return Err(unavailable);
            }
            Err(_) => return Err(Unavailable::worker_ended(0)),
        }
        Ok(Self {
            shown,
            phase,
            meter,
            user_space,
            requests,
            task: Mutex::new(Some(task)),
        })
    }

    /// The worker's process while one runs.
    #[allow(dead_code, reason = "`candor prove` asks from another process; tests ask here")]
    pub(crate) fn worker_pid(&self) -> Option<u32> {
        match *self.phase.lock().unwrap_or_else(PoisonError::into_inner) {
            Phase::Running { process, .. } => Some(process),
            Phase::Starting | Phase::Ended => None,
        }
    }

    /// Why members' flows end in user space; `None`: the kernel forwards.
    pub(crate) fn in_user_space(&self) -> Option<&Why> {
        self.user_space.as_ref().map(|(why, _)| why)
    }

    /// Writes the last counts down, ends the worker and takes away rules, device and settings.
    pub(crate) async fn stop(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The supervisor ends only when it is asked to.
        let _asked = self.requests.send(Request::Stop);
        if let Some(task) = task {
            let _ended = task.await;
        }
    }

    /// Has all counters written down now.
    #[allow(dead_code, reason = "a test does not wait for the next report")]
    pub(crate) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.requests.send(Request::Flush(done)).is_ok() {
            // A worker that ends meanwhile took its counters with it.
            let _flushed = wait.await;
        }
    }
}

impl VpnStatus for Tunnel {
    fn state(&self) -> VpnState {
        let lives = |(_, lives): &(Why, Arc<AtomicBool>)| lives.load(Ordering::Relaxed);
        if !self.user_space.as_ref().is_none_or(lives) {
            return VpnState::Unavailable {
                missing: "the VPN's connector; it ended and is being started again".to_owned(),
                remedy: "wait a moment; if this stays, restart candor".to_owned(),
            };
        }
        match *self.phase.lock().unwrap_or_else(PoisonError::into_inner) {
            Phase::Running { connected_devices, .. } => VpnState::Running {
                server_key: self.shown.server_key,
                endpoint: self.shown.endpoint.clone(),
                addresses: self.shown.addresses.clone(),
                dns: self.shown.dns.clone(),
                mtu: self.shown.mtu,
                connected_devices: Some(connected_devices.into()),
            },
            Phase::Starting | Phase::Ended => VpnState::Unavailable {
                missing: "the VPN's worker; it ended and is being started again".to_owned(),
                remedy: "wait a moment; if this stays, restart candor".to_owned(),
            },
        }
    }

    fn worker(&self) -> WorkerState {
        match *self.phase.lock().unwrap_or_else(PoisonError::into_inner) {
            Phase::Running { .. } => WorkerState::Locked,
            Phase::Starting => WorkerState::Starting,
            Phase::Ended => WorkerState::None,
        }
    }

    fn forwards(&self) -> Option<Forwards> {
        Some(match self.in_user_space() {
            None => Forwards::Kernel,
            Some(Why::Chosen) => Forwards::UserSpace { lacks: None },
            Some(Why::Lacking(missing, remedy)) => Forwards::UserSpace {
                lacks: Some((missing.clone(), remedy.clone())),
            },
        })
    }

    fn load(&self) -> Option<Load> {
        self.meter.load(Instant::now())
    }
}

impl Shown {
    fn of(options: &TunnelOptions, private_key: &PrivateKey) -> Self {
        let shared = network::translation().shared;
        Self {
            server_key: KeyText(*private_key.public().as_bytes()),
            endpoint: endpoint(&options.endpoint, options.port),
            addresses: format!("{}/32, {}/128", shared.v4, shared.v6),
            dns: options.dns.iter().map(ToString::to_string).collect(),
            mtu: options.mtu,
        }
    }
}

/// `host:port`, an IPv6 address in brackets (RFC 3986, section 3.2.2).
fn endpoint(host: &str, port: u16) -> String {
    match host.parse() {
        Ok(IpAddr::V6(address)) => format!("[{address}]:{port}"),
        Ok(IpAddr::V4(_)) | Err(_) => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_what_a_configuration_file_takes() {
        for (host, text) in [
            ("vpn.example.org", "vpn.example.org:1"),
            ("192.0.2.1", "192.0.2.1:1"),
            ("2001:db8::1", "[2001:db8::1]:1"),
        ] {
            assert_eq!(endpoint(host, 1), text);
        }
    }
}
