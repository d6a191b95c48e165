//! The VPN as the rest of the program sees it: running, or what is missing and the line that gives it.

use std::sync::Arc;

use portal::{VpnState, VpnStatus};

use crate::tunnel::{Tunnel, Why};

/// The VPN, running or not.
pub(crate) enum Vpn {
    On(Arc<Tunnel>),
    Off(Arc<Off>),
}

/// Why there is no VPN.
pub(crate) struct Off {
    missing: String,
    remedy: String,
}

impl VpnStatus for Off {
    fn state(&self) -> VpnState {
        VpnState::Unavailable {
            missing: self.missing.clone(),
            remedy: self.remedy.clone(),
        }
    }
}

impl Vpn {
    pub(crate) fn on(tunnel: Tunnel) -> Self {
        Self::On(Arc::new(tunnel))
    }

    pub(crate) fn off(missing: &str, remedy: &str) -> Self {
        Self::Off(Arc::new(Off {
            missing: missing.to_owned(),
            remedy: remedy.to_owned(),
        }))
    }

    /// For the pages.
    pub(crate) fn status(&self) -> Arc<dyn VpnStatus> {
        match self {
            Self::On(tunnel) => Arc::clone(tunnel) as Arc<dyn VpnStatus>,
            Self::Off(off) => Arc::clone(off) as Arc<dyn VpnStatus>,
        }
    }

    /// For the terminal.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self.status().state() {
            VpnState::Running { endpoint, .. } => {
                let mut lines = vec![format!("running; devices connect to {endpoint} (UDP)")];
                lines.extend(self.path());
                lines
            }
            VpnState::Unavailable { missing, remedy } => vec![format!("not running: {missing}"), remedy],
        }
    }

    /// Who forwards, and how to get the other way.
    fn path(&self) -> Vec<String> {
        let Self::On(tunnel) = self else {
            return Vec::new();
        };
        let mut lines = match tunnel.in_user_space() {
            None => {
                vec!["the kernel forwards; `path = \"user\"` under [vpn] in candor.toml does without it".to_owned()]
            }
            Some(Why::Chosen) => {
                vec![
                    "in user space, as candor.toml says; `path = \"auto\"` under [vpn] lets the kernel forward"
                        .to_owned(),
                ]
            }
            Some(Why::Lacking(missing, remedy)) => vec![
                format!("in user space; for the kernel's way, which is faster, it lacks {missing}"),
                remedy.clone(),
            ],
        };
        if tunnel.in_user_space().is_some() && !sys::outbound::may_echo() {
            lines.push(
                "members' pings are refused; to let them pass: sudo sysctl -w net.ipv4.ping_group_range='0 2147483647'"
                    .to_owned(),
            );
        }
        lines
    }

    /// Writes the last counts down and takes away what was set up in the kernel.
    pub(crate) async fn stop(self) {
        match self {
            Self::On(tunnel) => tunnel.stop().await,
            Self::Off(_) => {}
        }
    }
}
