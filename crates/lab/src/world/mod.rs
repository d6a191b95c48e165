//! A small world in which the real program runs: a provider, places where members' devices are, and an
//! Internet, each in a network namespace, with cables between them.
//!
//! ```text
//!   place 0 ──10.9.0.0/24── ┐
//!   place 1 ──10.9.1.0/24── ┤ server: candor serve ──198.51.100.0/24── internet: echo, source, sink …
//!   …                       ┘
//! ```
//!
//! The Internet has no route to anything behind the server, so what comes back was masqueraded. Namespaces have no
//! names and vanish with the test; worlds of different processes take turns, because two cores carry only one.

pub mod client;
pub mod internet;
pub mod memory;
pub mod provider;
pub mod relay;
pub mod site;
pub mod wireguard;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::{Duration, Instant};

use sys::netlink::Netlink;
use sys::sysctl::Restore;
use sys::{LinkName, NetNamespace, Range};
use tempfile::TempDir;

use internet::Internet;
use provider::{Provider, RunsAs};
use site::Member;

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The number of the Internet's cable, whose addresses are nobody's private ones (RFC 5737, RFC 3849).
const OUT: u8 = 200;
/// The number of the cable to the provider's neighbour.
const LAN: u8 = 201;
/// The provider's UDP port.
pub const PORT: u16 = 51_820;

/// What the provider promises.
const POLICY: &str = include_str!("../../../../policies/no-log-vpn.kdl");

/// Makes two tests of each function: with a provider that is root, where the kernel forwards, and with one without any
/// right, where flows end in user space.
#[macro_export]
macro_rules! in_both_ways {
    ($($name:ident),+ $(,)?) => {
        mod kernel {
            $(#[test] fn $name() { super::$name($crate::world::provider::RunsAs::Root); })+
        }
        mod user_space {
            $(#[test] fn $name() { super::$name($crate::world::provider::RunsAs::Nobody); })+
        }
    };
}

/// Three kinds of namespaces and a running provider.
pub struct World {
    /// The provider's process; it ends before the namespaces.
    pub provider: Provider,
    /// What is out there.
    pub internet: Internet,
    /// Where the provider is.
    pub server: NetNamespace,
    places: Vec<Place>,
    folder: TempDir,
    runs_as: RunsAs,
    _turn: File,
}

/// A provider apart from the places.
pub struct Stage<'a> {
    /// The provider's process.
    pub provider: &'a mut Provider,
    /// Where it is.
    pub server: &'a NetNamespace,
    folder: &'a Path,
    runs_as: RunsAs,
}

/// Where a member's device is.
pub struct Place {
    /// Its namespace.
    pub namespace: NetNamespace,
    number: u8,
    /// An address of 128 random bits, to be searched for.
    pub canary: Ipv6Addr,
    server_canary: Ipv6Addr,
}

/// Over which protocol a device calls the provider.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// IPv4.
    V4,
    /// IPv6, from the place's canary address.
    V6,
}

impl World {
    /// Starts a provider with the no-log policy; `settings` are further lines of `candor.toml`.
    pub fn start(places: u8, settings: &str) -> Self {
        Self::start_as(RunsAs::Root, places, settings)
    }

    /// The same as somebody else than root.
    pub fn start_as(runs_as: RunsAs, places: u8, settings: &str) -> Self {
        require_root();
        let turn = take_turn();
        let folder = TempDir::with_prefix("candor-lab-").expect("a temporary folder");
        let server = NetNamespace::create().expect("a namespace");
        let internet = Internet::start(&server);
        let places = (0..places).map(|number| Place::lay(&server, number)).collect();
        let policy = folder.path().join("policy.kdl");
        std::fs::write(&policy, POLICY).expect("the policy is written");
        let configuration = format!(
            "data = {:?}\npolicy = {policy:?}\n[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"10.9.0.1\"\n{settings}\n",
            folder.path().join("data")
        );
        let file = folder.path().join("candor.toml");
        std::fs::write(&file, configuration).expect("the configuration is written");
        let provider = Provider::start(&server, folder.path(), runs_as);
        Self {
            provider,
            internet,
            server,
            places,
            folder,
            runs_as,
            _turn: turn,
        }
    }

    /// A place where a device is.
    pub fn place(&self, number: usize) -> &Place {
        &self.places[number]
    }

    /// The provider's data.
    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// A new member, signed in.
    pub fn join(&self, name: &str) -> Member<'_> {
        Member::join(&self.server, name)
    }

    /// A member who joined before, signed in anew.
    pub fn sign_in(&self, name: &str) -> Member<'_> {
        Member::sign_in(&self.server, name)
    }

    /// Stops the provider as its operator would, and starts it again on the same data.
    pub fn restart(&mut self) {
        self.provider.stop();
        self.start_again();
    }

    /// Starts a provider that has ended again, on the same data.
    pub fn start_again(&mut self) {
        self.provider = Provider::start(&self.server, self.folder.path(), self.runs_as);
    }

    /// The places, and what ends and starts the provider while devices are in them.
    pub fn apart(&mut self) -> (&[Place], Stage<'_>) {
        let stage = Stage {
            provider: &mut self.provider,
            server: &self.server,
            folder: self.folder.path(),
            runs_as: self.runs_as,
        };
        (&self.places, stage)
    }

    /// A machine beside the provider's, on a network of their own: its namespace, and its addresses.
    pub fn neighbour(&self) -> (NetNamespace, [IpAddr; 2]) {
        let namespace = NetNamespace::create().expect("a namespace");
        cable(&self.server, "lan", &namespace, LAN);
        (namespace, host(LAN, 2))
    }
}

impl Stage<'_> {
    /// Stops the provider as its operator would, and starts it again on the same data.
    pub fn restart(&mut self) {
        self.provider.stop();
        self.start_again();
    }

    /// Starts a provider that has ended again, on the same data.
    pub fn start_again(&mut self) {
        *self.provider = Provider::start(self.server, self.folder, self.runs_as);
    }

    /// The names of the provider's files.
    pub fn files(&self) -> BTreeSet<OsString> {
        let entries = std::fs::read_dir(self.folder.join("data")).expect("the data folder");
        entries.map(|entry| entry.expect("an entry").file_name()).collect()
    }
}

impl Place {
    fn lay(server: &NetNamespace, number: u8) -> Self {
        let namespace = NetNamespace::create().expect("a namespace");
        cable(server, &format!("in{number}"), &namespace, number);
        let canary = random_v6();
        let server_canary = Ipv6Addr::from_bits(canary.to_bits() ^ 1);
        let wire = link("wire");
        namespace
            .run(|| add_address(&wire, canary.into(), 127))
            .expect("in the place");
        server
            .run(|| add_address(&link(&format!("in{number}")), server_canary.into(), 127))
            .expect("at the server");
        Self {
            namespace,
            number,
            canary,
            server_canary,
        }
    }

    /// Where the provider is, seen from here.
    pub fn provider(&self, outside: Outside) -> IpAddr {
        match outside {
            Outside::V4 => Ipv4Addr::new(10, 9, self.number, 1).into(),
            Outside::V6 => self.server_canary.into(),
        }
    }

    /// Takes the place's IPv4 address away and gives it another, as a network does that a telephone joins.
    pub fn move_away(&self) {
        let (old, new) = (
            format!("10.9.{0}.2/24", self.number),
            format!("10.9.{0}.77/24", self.number),
        );
        // In this order: the first address of a network takes the others with it when it goes.
        self.ip(&["address", "del", &old, "dev", "wire"]);
        self.ip(&["address", "add", &new, "dev", "wire"]);
    }

    fn ip(&self, arguments: &[&str]) {
        let status = self
            .namespace
            .run(|| std::process::Command::new("ip").args(arguments).status());
        assert!(
            status.expect("in the place").expect("ip runs").success(),
            "ip {arguments:?}"
        );
    }
}

/// A test that skips itself proves nothing, so the lack of rights is a failure with its remedy.
fn require_root() {
    let machine = sys::Machine::look().expect("/proc can be read");
    let mut missing = machine.missing_for_tunnel();
    if !machine.capabilities.sys_admin() {
        missing.push(sys::Missing::SysAdmin);
    }
    let lines: Vec<String> = missing.iter().map(ToString::to_string).collect();
    assert!(
        lines.is_empty(),
        "these tests make namespaces and tunnels:\n{}",
        lines.join("\n")
    );
    for program in ["wireguard-go", "wg", "ip"] {
        let found = std::process::Command::new(program).arg("--version").output().is_ok();
        assert!(
            found,
            "these tests need {program}: sudo apt install wireguard-go wireguard-tools iproute2"
        );
    }
}

/// Waits until no other world is on this machine.
fn take_turn() -> File {
    let path = std::env::temp_dir().join("candor-lab.lock");
    let file = File::create(path).expect("the lock file");
    file.lock().expect("the lock");
    file
}

/// Waits for a state, not for a time.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Random bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    sys::time::fill_entropy(&mut bytes).expect("entropy");
    bytes
}

/// An address of the documentation network 3fff::/20 (RFC 9637), even, so that its odd neighbour is free.
fn random_v6() -> Ipv6Addr {
    let mut bytes: [u8; 16] = random();
    [bytes[0], bytes[1], bytes[2]] = [0x3f, 0xff, bytes[2] & 0x0f];
    bytes[15] &= 0xfe;
    Ipv6Addr::from(bytes)
}

fn link(name: &str) -> LinkName {
    LinkName::new(name).expect("a plain name")
}

fn add_address(link: &LinkName, address: IpAddr, prefix: u8) {
    let range = Range::new(address, prefix).expect("a prefix that fits");
    let netlink = Netlink::open().expect("netlink");
    netlink
        .add_address(link.index().expect("the link"), range)
        .expect("an address");
}

/// A host's addresses on a cable.
fn host(number: u8, host: u8) -> [IpAddr; 2] {
    match number {
        OUT => [
            Ipv4Addr::new(198, 51, 100, host).into(),
            Ipv6Addr::new(0x2001, 0xdb8, 0xc8, 0, 0, 0, 0, host.into()).into(),
        ],
        _ => [
            Ipv4Addr::new(10, 9, number, host).into(),
            Ipv6Addr::new(0xfd09, number.into(), 0, 0, 0, 0, 0, host.into()).into(),
        ],
    }
}

/// A cable from the server: 10.9.N.1 and fd09:N::1 there, .2 at the other end, which calls it "wire"; see [`host`].
fn cable(server: &NetNamespace, near: &str, other: &NetNamespace, number: u8) {
    for namespace in [server, other] {
        // No router solicitations and no multicast listeners' reports: a test counts packets.
        namespace
            .run(|| {
                let mut settings = Restore::new();
                settings
                    .set("net/ipv6/conf/default/addr_gen_mode", "1")
                    .expect("a setting");
                settings.set("net/ipv6/conf/default/accept_ra", "0").expect("a setting");
                // The namespace ends with the test; nothing is to be put back.
                std::mem::forget(settings);
            })
            .expect("in the namespace");
    }
    let (near, far) = (link(near), link("wire"));
    server.connect(&near, other, &far).expect("a cable");
    for (namespace, link, end) in [(server, &near, 1), (other, &far, 2)] {
        namespace
            .run(|| {
                for (address, prefix) in host(number, end).into_iter().zip([24, 64]) {
                    add_address(link, address, prefix);
                }
            })
            .expect("in the namespace");
    }
}
