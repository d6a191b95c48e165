//! What the machine or the process lacks, why it matters, and the line that gives it.

use crate::Error;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where `nft` lies, in order of preference. Fixed places, because a search along `$PATH` would
/// let the caller's environment choose what runs as root.
const NFT_PLACES: [&str; 3] = ["/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft"];
/// The character device behind every tunnel (kernel `Documentation/networking/tuntap.rst`).
pub(crate) const TUN_DEVICE: &str = "/dev/net/tun";

/// One thing that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// `/dev/net/tun` does not exist or has no driver.
    TunDevice,
    /// `CAP_NET_ADMIN` is not in the effective set (`capabilities(7)`).
    NetAdmin,
    /// `CAP_SYS_ADMIN`, needed to make network namespaces without a user namespace.
    SysAdmin,
    /// User namespaces are switched off for ordinary users.
    UserNamespaces,
    /// The `nft` program is not installed.
    Nft,
    /// The kernel has no Landlock, or it is not switched on.
    Landlock,
    /// The kernel has no seccomp filters.
    Seccomp,
}

impl Missing {
    /// What is missing.
    pub fn what(self) -> &'static str {
        match self {
            Self::TunDevice => "the tunnel device /dev/net/tun",
            Self::NetAdmin => "the right to configure the network (CAP_NET_ADMIN)",
            Self::SysAdmin => "the right to make network namespaces (CAP_SYS_ADMIN)",
            Self::UserNamespaces => "user namespaces for ordinary users",
            Self::Nft => "the program nft",
            Self::Landlock => "Landlock in the running kernel",
            Self::Seccomp => "seccomp filters in the running kernel",
        }
    }

    /// Why it matters.
    pub fn why(self) -> &'static str {
        match self {
            Self::TunDevice => "without it no packet can be taken from or given to the system",
            Self::NetAdmin => "it is needed once, to make the tunnel and its routes, and is dropped afterwards",
            Self::SysAdmin => "tests and the demo keep their traffic in namespaces of their own",
            Self::UserNamespaces => "the demo runs in a private world that touches nothing of this machine",
            Self::Nft => "it hides members' addresses behind this machine's and keeps members apart",
            Self::Landlock => "it takes all file rights from the workers, and they do not start without it",
            Self::Seccomp => "it limits what the workers may ask of the kernel, and they do not start without it",
        }
    }

    /// One line to paste into a shell.
    pub fn line(self) -> &'static str {
        match self {
            Self::TunDevice => {
                "sudo modprobe tun    (in a container: docker run --device /dev/net/tun --cap-add NET_ADMIN ...)"
            }
            Self::NetAdmin => "sudo setcap cap_net_admin+ep \"$(command -v candor)\"    (or run the program with sudo)",
            Self::SysAdmin => "run the same command with sudo",
            Self::UserNamespaces => {
                "sudo sysctl -w user.max_user_namespaces=15000 kernel.apparmor_restrict_unprivileged_userns=0    (or use sudo)"
            }
            Self::Nft => "sudo apt install nftables",
            Self::Landlock => {
                "add landlock to the kernel's lsm= list and restart (Linux 5.13 or newer): grep landlock /sys/kernel/security/lsm"
            }
            Self::Seccomp => "use a kernel with CONFIG_SECCOMP_FILTER=y: grep Seccomp /proc/self/status",
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "missing: {}\n  why:  {}\n  give: {}",
            self.what(),
            self.why(),
            self.line()
        )
    }
}

/// A set of capabilities, one bit each, as `/proc/PID/status` prints it (`capabilities(7)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities(pub u64);

impl Capabilities {
    /// Bit of `CAP_NET_BIND_SERVICE` (`linux/capability.h`).
    const NET_BIND_SERVICE: u32 = 10;
    /// Bit of `CAP_NET_ADMIN` (`linux/capability.h`).
    const NET_ADMIN: u32 = 12;
    /// Bit of `CAP_SYS_ADMIN` (`linux/capability.h`).
    const SYS_ADMIN: u32 = 21;

    /// The effective set of this thread.
    pub fn effective() -> Result<Self, Error> {
        let status = std::fs::read_to_string("/proc/thread-self/status").map_err(|source| Error::Kernel {
            doing: "read /proc/thread-self/status",
            source,
        })?;
        crate::lockdown::capability_row(&status, "CapEff").map(Self)
    }

    /// Whether interfaces, addresses, routes and nft may be changed.
    pub fn net_admin(self) -> bool {
        self.has(Self::NET_ADMIN)
    }

    /// Whether namespaces may be made and entered.
    pub fn sys_admin(self) -> bool {
        self.has(Self::SYS_ADMIN)
    }

    /// Whether ports below 1024 may be bound.
    pub fn net_bind_service(self) -> bool {
        self.has(Self::NET_BIND_SERVICE)
    }

    /// Whether no capability is present.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn has(self, bit: u32) -> bool {
        self.0 & (1 << bit) != 0
    }
}

/// What the present process finds on this machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Effective capabilities of this thread.
    pub capabilities: Capabilities,
    /// Whether `/dev/net/tun` exists.
    pub tun_device: bool,
    /// Where `nft` was found.
    pub nft: Option<PathBuf>,
    /// The kernel's Landlock ABI, 0 without Landlock.
    pub landlock_abi: i32,
}

impl Machine {
    /// Looks, and changes nothing.
    pub fn look() -> Result<Self, Error> {
        Ok(Self {
            capabilities: Capabilities::effective()?,
            tun_device: Path::new(TUN_DEVICE).exists(),
            nft: nft_program(),
            landlock_abi: crate::confine::landlock_abi(),
        })
    }

    /// What a tunnel server would lack here, in the order in which it would notice.
    pub fn missing_for_tunnel(&self) -> Vec<Missing> {
        [
            (!self.tun_device, Missing::TunDevice),
            (!self.capabilities.net_admin(), Missing::NetAdmin),
            (self.nft.is_none(), Missing::Nft),
            (self.landlock_abi < 1, Missing::Landlock),
        ]
        .into_iter()
        .filter_map(|(absent, missing)| absent.then_some(missing))
        .collect()
    }
}

/// The `nft` program, if it lies where distributions put it.
pub(crate) fn nft_program() -> Option<PathBuf> {
    NFT_PLACES.iter().map(PathBuf::from).find(|place| place.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: [Missing; 7] = [
        Missing::TunDevice,
        Missing::NetAdmin,
        Missing::SysAdmin,
        Missing::UserNamespaces,
        Missing::Nft,
        Missing::Landlock,
        Missing::Seccomp,
    ];

    #[test]
    fn every_missing_thing_says_what_why_and_which_line() {
        for missing in EVERY {
            let text = missing.to_string();
            assert_eq!(text.lines().count(), 3, "{text}");
            assert!(text.contains("why:") && text.contains("give:"), "{text}");
        }
    }

    #[test]
    fn a_bare_machine_lacks_all_four() {
        let bare = Machine {
            capabilities: Capabilities(0),
            tun_device: false,
            nft: None,
            landlock_abi: 0,
        };
        assert_eq!(
            bare.missing_for_tunnel(),
            [Missing::TunDevice, Missing::NetAdmin, Missing::Nft, Missing::Landlock]
        );
    }

    #[test]
    fn a_capability_is_read_at_its_bit() {
        assert!(Capabilities(1 << 12).net_admin());
        assert!(!Capabilities(1 << 12).sys_admin());
        assert!(Capabilities(1 << 21).sys_admin());
        assert!(Capabilities(1 << 10).net_bind_service());
        assert!(Capabilities(0).is_empty());
    }
}
