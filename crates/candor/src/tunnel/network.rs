//! The tunnel's part of the machine's network: device, sockets, rules and settings, all taken away again when this is
//! dropped.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;

use sys::channel::{self, Channel};
use sys::missing::Capabilities;
use sys::nft::{self, TunnelRules};
use sys::sysctl::Restore;
use sys::{
    Error, Identity, Link, LinkName, Machine, MemoryFile, NetNamespace, Range, Spawn, Tun, UdpSocket, Worker, link,
};
use vpn::proto::connector::{METADATA, PRIVATE};
use vpn::proto::kept::words_for;
use vpn::proto::{Shared, Translation};

use super::aftermath::Guard;
use super::{TunnelOptions, Unavailable, strike};
use crate::config::VpnPath;

/// The machine's own address in the tunnel, and the one that every device has. Devices keep theirs in a file, so these
/// never change. The IPv6 network was drawn once, as RFC 4193, section 3.2.2, asks.
const SERVER_V4: Ipv4Addr = Ipv4Addr::new(10, 66, 0, 1);
const SERVER_V6: Ipv6Addr = Ipv6Addr::new(0xfd66, 0x8f1c, 0x2a47, 0, 0, 0, 0, 1);
const DEVICE_V4: Ipv4Addr = Ipv4Addr::new(10, 66, 0, 2);
const DEVICE_V6: Ipv6Addr = Ipv6Addr::new(0xfd66, 0x8f1c, 0x2a47, 0, 0, 0, 0, 2);
/// Sessions' internal addresses: the half of RFC 6598's network in which no large hosting provider is known to keep
/// services of its own, half a million sessions; and a second network of ours.
const POOL_V4: Ipv4Addr = Ipv4Addr::new(100, 64, 0, 0);
const POOL_V4_LEN: u8 = 11;
const POOL_V6: Ipv6Addr = Ipv6Addr::new(0xfd66, 0x8f1c, 0x2a47, 1, 0, 0, 0, 0);
const POOL_V6_LEN: u8 = 64;

/// "nobody" and its group on every distribution (`nobody`, `nogroup`).
const NOBODY: u32 = 65_534;
/// `CAP_SETGID` and `CAP_SETUID` (`linux/capability.h`).
const MAY_BECOME: u64 = 1 << 6 | 1 << 7;

/// Link-local IPv4, in which hosting providers keep credentials (RFC 3927).
const LINK_LOCAL: (Ipv4Addr, u8) = (Ipv4Addr::new(169, 254, 0, 0), 16);

/// The addresses of every device and the pools behind them.
pub(super) fn translation() -> Translation {
    Translation {
        shared: Shared {
            v4: DEVICE_V4,
            v6: DEVICE_V6,
        },
        pool_v4: POOL_V4,
        pool_v4_len: POOL_V4_LEN,
        pool_v6: POOL_V6,
        reserved: 16,
    }
}

/// Our own addresses in the tunnel.
pub(crate) const GATEWAY: Shared = Shared {
    v4: SERVER_V4,
    v6: SERVER_V6,
};

/// Everything that the tunnel has of the machine.
pub(super) struct Network {
    behind: Behind,
    sockets: [UdpSocket; 2],
    identity: Option<Identity>,
    /// What one worker leaves to the next: which internal address each device has. Nobody reads it here.
    memory: Option<MemoryFile>,
}

/// What lies behind the tunnel.
enum Behind {
    /// The kernel forwards.
    Kernel(Box<Kernel>),
    /// A second worker opens members' connections. Both ends are kept here as well, so that either worker can be
    /// started again and the other does not notice.
    User { near: Link, far: Link, why: Why },
}

/// Why members' flows end in user space.
#[derive(Clone, Debug)]
pub(crate) enum Why {
    /// The configuration says so.
    Chosen,
    /// What the kernel's way lacks, and the line that gives it.
    Lacking(String, String),
}

/// What the kernel's way has of the machine. Fields drop in this order: rules before the device, so that no packet passes
/// without them.
struct Kernel {
    _rules: nft::Applied,
    _outer: Outer,
    tun: Option<Tun>,
    tun_options: sys::TunOptions,
    _settings: Restore,
    // Last: it may go when nothing is left to take away.
    _guard: Guard,
}

impl Kernel {
    fn set_up(options: &TunnelOptions, machine: &Machine) -> Result<Self, Unavailable> {
        if let Some(missing) = machine.missing_for_tunnel().first() {
            return Err((*missing).into());
        }
        let interface = LinkName::new(&options.interface)?;
        let tun_options = tun_options(&interface, options.mtu, has_ipv6())?;
        let tun = Tun::create(&tun_options)?;
        let text = rules(&interface, options.excepted())?;
        let rules = nft::Applied::load(&text)?;
        let outer = Outer::load(&interface, options.port)?;
        // After the rules: they load the modules that have some of the settings.
        let mut settings = Restore::new();
        settings.forward()?;
        settings.keep_no_records()?;
        let tables = vec![text.table(), outer.table.clone()];
        let guard = Guard::start(&options.data, &options.lock, tables, settings.changes());
        Ok(Self {
            _rules: rules,
            _outer: outer,
            tun: Some(tun),
            tun_options,
            _settings: settings,
            _guard: guard,
        })
    }

    fn tun(&mut self) -> Result<&Tun, Error> {
        let tun = match self.tun.take() {
            Some(tun) => tun,
            None => Tun::create(&self.tun_options)?,
        };
        Ok(self.tun.insert(tun))
    }
}

impl Network {
    pub(super) fn set_up(options: &TunnelOptions) -> Result<Self, Unavailable> {
        let machine = Machine::look()?;
        let sockets = [bind_v4(options.port)?, bind_v6(options.port, has_ipv6())?];
        let behind = match options.path {
            VpnPath::User => Behind::user(Why::Chosen)?,
            VpnPath::Kernel => {
                let kernel = Kernel::set_up(options, &machine).map_err(Unavailable::or_in_user_space)?;
                Behind::Kernel(Box::new(kernel))
            }
            VpnPath::Auto => match Kernel::set_up(options, &machine) {
                Ok(kernel) => Behind::Kernel(Box::new(kernel)),
                Err(Unavailable { missing, remedy }) => Behind::user(Why::Lacking(missing, remedy))?,
            },
        };
        Ok(Self {
            behind,
            sockets,
            identity: identity(machine.capabilities),
            memory: None,
        })
    }

    /// Whom the worker becomes.
    pub(super) fn identity(&self) -> Option<Identity> {
        self.identity
    }

    /// Why members' flows end in user space, if they do.
    pub(super) fn in_user_space(&self) -> Option<Why> {
        match &self.behind {
            Behind::Kernel(_) => None,
            Behind::User { why, .. } => Some(why.clone()),
        }
    }

    /// Starts a worker with the tunnel's descriptors, and gives our end of its channel.
    pub(super) fn start_worker(&mut self) -> Result<(Worker, Channel), Error> {
        let inside = match &mut self.behind {
            Behind::Kernel(kernel) => kernel.tun()?.as_fd(),
            Behind::User { near, .. } => AsFd::as_fd(&*near),
        };
        let memory = match self.memory.take() {
            Some(memory) => memory,
            None => MemoryFile::create(words_for(&translation()))?,
        };
        let memory = &*self.memory.insert(memory);
        let (near, far) = channel::pair()?;
        let [v4, v6] = &self.sockets;
        let spawn = Spawn::again(&["worker", "vpn"]);
        let spawn = spawn.give(far.as_fd()).give(inside).give(v4.as_fd()).give(v6.as_fd());
        Ok((spawn.give(memory.as_fd()).start()?, near))
    }

    /// Lets go of what a worker left: the next one begins with nothing.
    pub(super) fn give_up_memory(&mut self) {
        self.memory = None;
    }

    /// The connector's end of the link to the worker, if there is a connector.
    pub(super) fn connector_link(&self) -> Option<Result<Link, Error>> {
        match &self.behind {
            Behind::Kernel(_) => None,
            Behind::User { far, .. } => Some(far.duplicate()),
        }
    }

    /// Lets the tunnel device vanish; the next worker gets a new one. For one that was switched off or removed from
    /// outside, which loses its routes. A link is ours alone.
    pub(super) fn give_up_device(&mut self) {
        match &mut self.behind {
            Behind::Kernel(kernel) => kernel.tun = None,
            Behind::User { .. } => {}
        }
    }
}

impl Behind {
    fn user(why: Why) -> Result<Self, Unavailable> {
        let (near, far) = link::pair()?;
        Ok(Self::User { near, far, why })
    }
}

/// The first four octets of a UDP payload that are a WireGuard message's. Without this, an answer to a member's flow
/// that was masqueraded behind our own port would not find its way back.
const MESSAGES: &str = "@th,64,32 { 0x01000000, 0x02000000, 0x03000000, 0x04000000 }";

/// Rules around the tunnel that concern the kernel's connection table: what goes between a device and our UDP port is
/// never entered, so that no client address is, and flows out of the tunnel are marked, see [`strike`].
struct Outer {
    table: String,
    namespace: NetNamespace,
}

impl Outer {
    fn load(interface: &LinkName, port: u16) -> Result<Self, Error> {
        let namespace = NetNamespace::present()?;
        let tun = interface.as_str();
        let table = format!("candor_{tun}_flows");
        let [v4, v6] = strike::MARKING;
        nft::apply(&format!(
            "table inet {table} {{}}\ndelete table inet {table}\ntable inet {table} {{\n  \
             chain arriving {{\n    type filter hook prerouting priority raw; policy accept;\n    \
             iifname != \"{tun}\" fib daddr type local udp dport {port} {MESSAGES} notrack\n  }}\n  \
             chain leaving {{\n    type filter hook output priority raw; policy accept;\n    \
             oifname != \"{tun}\" udp sport {port} notrack\n  }}\n  \
             chain marking {{\n    type filter hook prerouting priority mangle; policy accept;\n    \
             iifname \"{tun}\" {v4}\n    iifname \"{tun}\" {v6}\n  }}\n}}\n"
        ))?;
        Ok(Self { table, namespace })
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        strike_all();
        // The next start replaces what could not be removed now.
        let _ = match self.namespace.is_present() {
            Ok(true) => nft::remove(&self.table),
            Ok(false) | Err(_) => self.namespace.run(|| nft::remove(&self.table)).flatten(),
        };
    }
}

/// Strikes every flow out of the tunnel from the kernel's connection table.
pub(super) fn strike_all() {
    strike::strike_all(POOL_V4, POOL_V4_LEN);
}

fn rules(interface: &LinkName, excepted: impl Iterator<Item = (IpAddr, u8)>) -> Result<TunnelRules, Error> {
    let refused = METADATA.into_iter().chain([(LINK_LOCAL.0.into(), LINK_LOCAL.1)]);
    let range = |(address, len)| Range::new(address, len);
    Ok(TunnelRules {
        name: interface.clone(),
        tun: interface.clone(),
        inside: pools()?,
        services: Vec::new(),
        refused: refused.map(range).collect::<Result<_, _>>()?,
        private: PRIVATE.into_iter().map(range).collect::<Result<_, _>>()?,
        excepted: excepted.map(range).collect::<Result<_, _>>()?,
    })
}

fn pools() -> Result<Vec<Range>, Error> {
    Ok(vec![
        Range::new(POOL_V4.into(), POOL_V4_LEN)?,
        Range::new(POOL_V6.into(), POOL_V6_LEN)?,
    ])
}

fn tun_options(interface: &LinkName, mtu: u16, has_ipv6: bool) -> Result<sys::TunOptions, Error> {
    let here = |address: IpAddr| has_ipv6 || address.is_ipv4();
    let mut addresses = vec![Range::new(SERVER_V4.into(), 32)?, Range::new(SERVER_V6.into(), 128)?];
    let mut routes = pools()?;
    addresses.retain(|range| here(range.address()));
    routes.retain(|range| here(range.address()));
    Ok(sys::TunOptions {
        name: interface.clone(),
        mtu_bytes: mtu.into(),
        queue_packets: sys::tun::QUEUE_PACKETS,
        addresses,
        routes,
    })
}

fn bind_v4(port: u16) -> Result<UdpSocket, Unavailable> {
    UdpSocket::bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port)).map_err(|error| taken(error, port))
}

/// On a machine without IPv6, a socket on which nobody calls: the worker is always given two.
fn bind_v6(port: u16, has_ipv6: bool) -> Result<UdpSocket, Unavailable> {
    let address = match has_ipv6 {
        true => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
        false => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
    };
    UdpSocket::bind(address).map_err(|error| taken(error, port))
}

fn taken(error: Error, port: u16) -> Unavailable {
    match error {
        Error::Kernel { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse => Unavailable::port_taken(port),
        other => other.into(),
    }
}

/// IPv6 is built in and not switched off (kernel `ip-sysctl.rst`, `disable_ipv6`).
fn has_ipv6() -> bool {
    fs::read_to_string("/proc/sys/net/ipv6/conf/all/disable_ipv6").is_ok_and(|value| value.trim_end() == "0")
}

/// Nobody, where this process may become it: not in a user namespace that knows root alone, and not with
/// `CAP_NET_ADMIN` alone. Then the worker stays who it is, without a capability.
fn identity(capabilities: Capabilities) -> Option<Identity> {
    let knows_nobody = |map: &str| fs::read_to_string(map).is_ok_and(|map| covers(&map, NOBODY));
    let may_leave_groups = fs::read_to_string("/proc/self/setgroups").is_ok_and(|value| value.trim_end() == "allow");
    let may = capabilities.0 & MAY_BECOME == MAY_BECOME
        && may_leave_groups
        && knows_nobody("/proc/self/uid_map")
        && knows_nobody("/proc/self/gid_map");
    may.then_some(Identity {
        user: NOBODY,
        group: NOBODY,
    })
}

/// Lines of three numbers: first id inside, first outside, how many (`user_namespaces(7)`).
fn covers(map: &str, id: u32) -> bool {
    map.lines().any(|line| {
        let numbers: Vec<u64> = line
            .split_whitespace()
            .filter_map(|number| number.parse().ok())
            .collect();
        match numbers.as_slice() {
            [first, _, count] => (*first..first.saturating_add(*count)).contains(&id.into()),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_with_credentials_of_providers_are_refused_on_the_kernels_way_too() {
        let excepted = [(IpAddr::from([192, 168, 7, 0]), 24)];
        let text = rules(&LinkName::new("candor").unwrap(), excepted.into_iter())
            .unwrap()
            .text();
        for line in [
            "ip daddr 169.254.0.0/16 drop",
            "ip daddr 100.100.100.200/32 drop",
            "ip daddr 168.63.129.16/32 drop",
            "ip daddr 192.0.0.192/32 drop",
            "ip6 daddr fd00:ec2::/32 drop",
            "ip6 daddr fd20:ce::254/128 drop",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        let at = |line: &str| text.find(line).unwrap_or_else(|| panic!("{line} is not in\n{text}"));
        assert!(at("ip daddr 192.168.7.0/24 return") < at("ip daddr 192.168.0.0/16 drop"));
    }

    #[test]
    fn a_user_namespace_of_root_alone_does_not_know_nobody() {
        assert!(covers("         0          0 4294967295\n", NOBODY));
        assert!(!covers("         0       1000          1\n", NOBODY));
        assert!(!covers("", NOBODY));
    }
}
