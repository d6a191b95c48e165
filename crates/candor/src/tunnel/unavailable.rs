//! Why there is no tunnel, in words for the operator.

use sys::{Error, Missing};

use crate::holder::{self, Transport};

/// What this machine lacks and the line that gives it.
#[derive(Debug)]
pub(crate) struct Unavailable {
    /// What is missing.
    pub(crate) missing: String,
    /// A line to paste, or what to do.
    pub(crate) remedy: String,
}

impl Unavailable {
    pub(super) fn port_taken(port: u16) -> Self {
        Self {
            missing: match holder::of(Transport::Udp, port) {
                Some(holder) => format!("UDP port {port}; {holder} has it"),
                None => format!("UDP port {port}; another program has it"),
            },
            remedy: format!(
                "sudo ss -lunp 'sport = :{port}'    (stop that program, or set another `port` under [vpn] in candor.toml)"
            ),
        }
    }

    /// The kernel was asked for; the other way needs nothing of this.
    pub(super) fn or_in_user_space(mut self) -> Self {
        self.remedy += "    (or without it: `path = \"user\"` under [vpn] in candor.toml)";
        self
    }

    /// The worker ended before it was ready.
    pub(super) fn worker_ended(status: i32) -> Self {
        Self {
            missing: format!("the VPN's worker; it ended with status {status} before it carried a packet"),
            remedy: "candor serve --check    (and report the status if the configuration is right)".to_owned(),
        }
    }
}

impl From<Missing> for Unavailable {
    fn from(missing: Missing) -> Self {
        Self {
            missing: missing.what().to_owned(),
            remedy: missing.line().to_owned(),
        }
    }
}

impl From<Error> for Unavailable {
    fn from(error: Error) -> Self {
        let remedy = match &error {
            Error::Missing(missing) => return (*missing).into(),
            Error::TunBusy(_) | Error::BadName(_) => "set another `interface` under [vpn] in candor.toml",
            Error::Nft(_) => "sudo nft list ruleset    (candor's own table is the only one that it changes)",
            Error::Kernel { .. }
            | Error::BadPrefix(_)
            | Error::Threads(_)
            | Error::StrayDescriptor(_)
            | Error::ParentGone
            | Error::LandlockIneffective
            | Error::Landlock(_)
            | Error::Seccomp(_)
            | Error::InheritedTwice
            | Error::Proc(_) => "restart candor; if that does not help, report this line",
        };
        Self {
            missing: error.to_string(),
            remedy: remedy.to_owned(),
        }
    }
}
