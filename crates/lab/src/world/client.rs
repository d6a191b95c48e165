//! A WireGuard client that is not ours, such as Debian's `wireguard-go`, and `wg`, with the configuration that the site gave.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use sys::netlink::{LinkChange, Netlink};
use sys::{LinkName, NetNamespace, Range};

use super::site::Device;
use super::wireguard::Program;
use super::{Outside, PORT, Place, random, until};

/// A running client; it is ended and reaped when this is dropped.
pub struct WireGuardGo<'a> {
    child: Child,
    interface: String,
    namespace: &'a NetNamespace,
}

impl<'a> WireGuardGo<'a> {
    /// Starts it in a place, all traffic through the tunnel.
    pub fn start(place: &'a Place, device: &Device, outside: Outside) -> Self {
        Self::start_towards(place, device, SocketAddr::new(place.provider(outside), PORT))
    }

    /// The same, calling another address than the provider's.
    pub fn start_towards(place: &'a Place, device: &Device, endpoint: SocketAddr) -> Self {
        Self::start_with(Program::WireGuardGo, place, device, endpoint)
    }

    /// The same with another program.
    pub fn start_with(program: Program, place: &'a Place, device: &Device, endpoint: SocketAddr) -> Self {
        let namespace = &place.namespace;
        // Its control socket is a file that all namespaces share, so names are unique on the machine.
        let interface = format!("lab{:08x}", u32::from_le_bytes(random()));
        let mut command = program.command(&interface);
        let child = namespace
            .run(move || command.spawn())
            .expect("in the place")
            .unwrap_or_else(|error| panic!("{program:?} does not start: {error}"));
        let client = Self {
            child,
            interface,
            namespace,
        };
        let socket = client.control_socket();
        until("a control socket", || socket.exists().then_some(()));
        // wireguard-go makes the file a moment before it listens.
        until("an answer", || {
            let show = || Command::new("wg").args(["show", &client.interface]).output();
            client.run(show).expect("wg runs").status.success().then_some(())
        });
        client.configure(&device.configuration, endpoint);
        client
    }

    /// Waits for a handshake.
    pub fn connected(self) -> Self {
        until("a handshake", || self.has_handshake().then_some(()));
        self
    }

    /// Whether a handshake was ever completed.
    pub fn has_handshake(&self) -> bool {
        self.handshake() > 0
    }

    /// When the last handshake was completed, in seconds of 1970; 0 when there was none.
    pub fn handshake(&self) -> u64 {
        let shown = self.wg(&["show", &self.interface, "latest-handshakes"]);
        shown
            .split_whitespace()
            .nth(1)
            .and_then(|time| time.parse().ok())
            .unwrap_or(0)
    }

    /// Bytes of datagrams that have come.
    pub fn received(&self) -> u64 {
        let shown = self.wg(&["show", &self.interface, "transfer"]);
        shown
            .split_whitespace()
            .nth(1)
            .and_then(|bytes| bytes.parse().ok())
            .unwrap_or(0)
    }

    /// Calls from another port from now on, as behind a NAT that has forgotten.
    pub fn listen_on(&self, port: u16) {
        self.wg(&["set", &self.interface, "listen-port", &port.to_string()]);
    }

    /// Does something in the place.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.namespace.run(work).expect("in the place")
    }

    /// Sends one ping.
    pub fn ping(&self, address: IpAddr) -> bool {
        let mut command = Command::new("ping");
        command
            .args(["-c", "1", "-W", "2"])
            .arg(address.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.run(move || command.status()).is_ok_and(|status| status.success())
    }

    fn configure(&self, configuration: &str, endpoint: SocketAddr) {
        let value = |name: &str| {
            let mut pairs = configuration.lines().filter_map(|line| line.split_once('='));
            let found = pairs.find(|(key, _)| key.trim() == name);
            found
                .map(|(_, value)| value.trim().to_owned())
                .unwrap_or_else(|| panic!("no {name} in the configuration"))
        };
        // What `wg-quick strip` does, and the endpoint as this place sees it.
        let stripped: Vec<String> = configuration
            .lines()
            .filter(|line| {
                !["Address", "DNS", "MTU"]
                    .iter()
                    .any(|word| line.trim_start().starts_with(word))
            })
            .map(|line| match line.trim_start().starts_with("Endpoint") {
                true => format!("Endpoint = {endpoint}"),
                false => line.to_owned(),
            })
            .collect();
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        fs::write(file.path(), stripped.join("\n")).expect("the configuration is written");
        self.wg(&["setconf", &self.interface, file.path().to_str().expect("a plain path")]);
        let (addresses, mtu) = (value("Address"), value("MTU"));
        let name = LinkName::new(&self.interface).expect("a plain name");
        self.run(|| bring_up(&name, &addresses, &mtu));
    }

    fn wg(&self, arguments: &[&str]) -> String {
        let output = self
            .run(|| Command::new("wg").args(arguments).output())
            .expect("wg runs");
        assert!(
            output.status.success(),
            "wg {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn control_socket(&self) -> PathBuf {
        PathBuf::from(format!("/var/run/wireguard/{}.sock", self.interface))
    }
}

impl Drop for WireGuardGo<'_> {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
        let _removed = fs::remove_file(self.control_socket());
    }
}

fn bring_up(name: &LinkName, addresses: &str, mtu: &str) {
    let netlink = Netlink::open().expect("netlink");
    let link = name.index().expect("the link");
    let change = LinkChange {
        mtu_bytes: mtu.parse().ok(),
        queue_packets: None,
        up: true,
    };
    netlink.change_link(link, change).expect("the link is up");
    for address in addresses.split(',') {
        let (address, prefix) = address.trim().split_once('/').expect("an address with its prefix");
        let range =
            Range::new(address.parse().expect("an address"), prefix.parse().expect("a prefix")).expect("a range");
        netlink.add_address(link, range).expect("an address");
    }
    for any in ["0.0.0.0", "::"] {
        let everything = Range::new(any.parse().expect("an address"), 0).expect("a range");
        netlink.add_route(everything, None, link).expect("a route");
    }
}
