//! The rules of a tunnel server, seen by the packets: in namespaces of the test's own. Each refusal
//! is first seen to be none without the rules. Needs root.

#![allow(clippy::unwrap_used)]

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::process::Command;
use std::time::Duration;
use sys::netlink::Netlink;
use sys::nft::{self, Applied, Service, Transport, TunnelRules};
use sys::poll::{Interest, Poller};
use sys::sysctl::Restore;
use sys::{LinkName, NetNamespace, Range, Tun, TunOptions};

const GATEWAY: Ipv4Addr = Ipv4Addr::new(100, 64, 0, 1);
const DEVICE: Ipv4Addr = Ipv4Addr::new(100, 64, 1, 1);
const OTHER_DEVICE: Ipv4Addr = Ipv4Addr::new(100, 64, 1, 2);
const SERVER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
const INTERNET: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);
const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
const GATEWAY_SIX: &str = "fd00:64::1";
const DEVICE_SIX: &str = "fd00:64::1:1";
const SERVER_SIX: &str = "2001:db8::1";
const INTERNET_SIX: &str = "2001:db8::9";
const PATIENCE: Duration = Duration::from_secs(10);

fn name(text: &str) -> LinkName {
    LinkName::new(text).unwrap()
}

fn range(address: Ipv4Addr, prefix: u8) -> Range {
    Range::new(address.into(), prefix).unwrap()
}

fn range_six(address: &str, prefix: u8) -> Range {
    Range::new(address.parse().unwrap(), prefix).unwrap()
}

fn rules() -> TunnelRules {
    TunnelRules {
        name: name("test-1"),
        tun: name("candor0"),
        inside: vec![
            range(GATEWAY, 10),
            Range::new("fd00:64::".parse().unwrap(), 64).unwrap(),
        ],
        services: vec![Service {
            transport: Transport::Udp,
            port: 53,
        }],
        refused: vec![range(Ipv4Addr::new(169, 254, 0, 0), 16)],
        private: Vec::new(),
        excepted: Vec::new(),
    }
}

/// A server with a tunnel whose other end is the test, and a wire to one machine of the internet.
struct World {
    tun: Tun,
    internet: UdpSocket,
    metadata: UdpSocket,
    internet_six: UdpSocket,
    _settings: Restore,
}

/// Runs `test` in the server's namespace.
fn in_world(test: impl FnOnce(&World) + Send) {
    let server = NetNamespace::create().expect("run this test as root");
    let internet = NetNamespace::create().unwrap();
    server.connect(&name("wire"), &internet, &name("wire")).unwrap();
    let (far, metadata, far_six) = internet
        .run(|| {
            let netlink = Netlink::open().unwrap();
            let link = name("wire").index().unwrap();
            netlink.add_address(link, range(INTERNET, 24)).unwrap();
            netlink.add_address(link, range(METADATA, 16)).unwrap();
            netlink.add_address(link, range_six(INTERNET_SIX, 64)).unwrap();
            netlink
                .add_route(range_six("::", 0), Some(SERVER_SIX.parse().unwrap()), link)
                .unwrap();
            // Without masquerading, answers would have to find their way too.
            netlink
                .add_route(range(Ipv4Addr::UNSPECIFIED, 0), Some(SERVER.into()), link)
                .unwrap();
            let bind = |address| UdpSocket::bind(SocketAddr::new(address, 7777)).unwrap();
            (
                bind(INTERNET.into()),
                bind(METADATA.into()),
                bind(INTERNET_SIX.parse().unwrap()),
            )
        })
        .unwrap();
    for socket in [&far, &metadata, &far_six] {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    server
        .run(|| {
            let netlink = Netlink::open().unwrap();
            let link = name("wire").index().unwrap();
            netlink.add_address(link, range(SERVER, 24)).unwrap();
            netlink.add_address(link, range_six(SERVER_SIX, 64)).unwrap();
            netlink
                .add_route(range(Ipv4Addr::new(169, 254, 0, 0), 16), None, link)
                .unwrap();
            let options = TunOptions {
                name: name("candor0"),
                mtu_bytes: 1420,
                queue_packets: sys::tun::QUEUE_PACKETS,
                addresses: vec![range(GATEWAY, 10), range_six(GATEWAY_SIX, 64)],
                routes: Vec::new(),
            };
            let tun = Tun::create(&options).unwrap();
            let mut settings = Restore::new();
            settings.forward().unwrap();
            settings.keep_no_records().unwrap();
            test(&World {
                tun,
                internet: far,
                metadata,
                internet_six: far_six,
                _settings: settings,
            });
        })
        .unwrap();
}

/// An IPv4 packet with a UDP datagram of one byte (RFC 791, RFC 768; UDP checksum 0: none).
fn packet(source: Ipv4Addr, destination: Ipv4Addr, port: u16, byte: u8) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 29, 0, 0, 0x40, 0, 64, 17, 0, 0];
    packet.extend(source.octets());
    packet.extend(destination.octets());
    let sum: u32 = packet
        .chunks(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
        .sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    packet[10..12].copy_from_slice(&(!(folded as u16)).to_be_bytes());
    packet.extend(4000u16.to_be_bytes());
    packet.extend(port.to_be_bytes());
    packet.extend([0, 9, 0, 0, byte]);
    packet
}

/// The same in IPv6 (RFC 8200), where the UDP checksum is not optional.
fn packet_six(source: &str, destination: &str, port: u16, byte: u8) -> Vec<u8> {
    let addresses = [source, destination]
        .map(|text| text.parse::<Ipv6Addr>().unwrap().octets())
        .concat();
    let mut datagram = [4000u16.to_be_bytes(), port.to_be_bytes(), [0, 9], [0, 0], [byte, 0]].concat();
    let words = addresses.chunks(2).chain(datagram.chunks(2));
    let sum: u32 = words
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
        .sum();
    // The rest of the pseudo-header: length 9 and protocol 17.
    let sum = sum + 9 + 17;
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    datagram[6..8].copy_from_slice(&(!(folded as u16)).to_be_bytes());
    datagram.pop();
    [vec![0x60, 0, 0, 0, 0, 9, 17, 64], addresses, datagram].concat()
}

impl World {
    fn send(&self, source: Ipv4Addr, destination: Ipv4Addr, port: u16, byte: u8) {
        self.tun.send(&packet(source, destination, port, byte)).unwrap();
    }

    /// The next UDP packet that leaves through the tunnel: source, destination, its byte.
    fn receive(&self) -> (Ipv4Addr, Ipv4Addr, u8) {
        let poller = Poller::new().unwrap();
        poller.add(self.tun.as_fd(), 0, Interest::Read).unwrap();
        let mut buffer = [0; 2048];
        loop {
            match self.tun.receive(&mut buffer) {
                Ok(length) if buffer[0] >> 4 == 4 && buffer[9] == 17 => {
                    let address = |at: usize| -> Ipv4Addr { <[u8; 4]>::try_from(&buffer[at..at + 4]).unwrap().into() };
                    return (address(12), address(16), buffer[length - 1]);
                }
                Ok(_) => {}
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    let mut ready = Vec::new();
                    poller.wait(&mut ready, Some(PATIENCE)).unwrap();
                    assert!(!ready.is_empty(), "nothing left through the tunnel");
                }
            }
        }
    }
}

/// The byte of the next datagram and where it came from.
fn next(socket: &UdpSocket) -> (u8, SocketAddr) {
    let mut byte = [0];
    let (_, source) = socket.recv_from(&mut byte).unwrap();
    (byte[0], source)
}

#[test]
fn a_devices_address_is_hidden_behind_the_servers_and_its_answer_comes_back() {
    in_world(|world| {
        world.send(DEVICE, INTERNET, 7777, 1);
        assert_eq!(next(&world.internet).1.ip(), DEVICE, "without rules it is seen");
        let _rules = Applied::load(&rules()).unwrap();
        world.send(DEVICE, INTERNET, 7777, 2);
        let (byte, source) = next(&world.internet);
        assert_eq!((byte, source.ip()), (2, SERVER.into()));
        world.internet.send_to(&[3], source).unwrap();
        assert_eq!(world.receive(), (INTERNET, DEVICE, 3));
    });
}

#[test]
fn an_ipv6_address_is_hidden_too() {
    in_world(|world| {
        let send = |byte| {
            world
                .tun
                .send(&packet_six(DEVICE_SIX, INTERNET_SIX, 7777, byte))
                .unwrap()
        };
        let seen = || {
            let (byte, source) = next(&world.internet_six);
            (byte, source.ip().to_string())
        };
        send(1);
        assert_eq!(seen(), (1, DEVICE_SIX.to_owned()), "without rules it is seen");
        let _rules = Applied::load(&rules()).unwrap();
        send(2);
        assert_eq!(seen(), (2, SERVER_SIX.to_owned()));
    });
}

#[test]
fn devices_do_not_reach_each_other() {
    in_world(|world| {
        world.send(DEVICE, OTHER_DEVICE, 7777, 1);
        assert_eq!(world.receive(), (DEVICE, OTHER_DEVICE, 1), "without rules they do");
        let _rules = Applied::load(&rules()).unwrap();
        world.send(DEVICE, OTHER_DEVICE, 7777, 2);
        world.send(DEVICE, INTERNET, 7777, 3);
        let (_, source) = next(&world.internet);
        world.internet.send_to(&[4], source).unwrap();
        assert_eq!(
            world.receive(),
            (INTERNET, DEVICE, 4),
            "the packet before it was dropped"
        );
    });
}

#[test]
fn devices_reach_no_port_of_the_server_but_those_named() {
    in_world(|world| {
        let bind = |port| UdpSocket::bind(SocketAddr::new(GATEWAY.into(), port)).unwrap();
        let (named, private) = (bind(53), bind(5432));
        for socket in [&named, &private] {
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
        }
        world.send(DEVICE, GATEWAY, 5432, 1);
        assert_eq!(next(&private).0, 1, "without rules it is reached");
        let _rules = Applied::load(&rules()).unwrap();
        // Another source port would be another flow; the old one was answered for before the rules.
        world.send(OTHER_DEVICE, GATEWAY, 5432, 2);
        world.send(OTHER_DEVICE, GATEWAY, 53, 3);
        assert_eq!(next(&named).0, 3);
        private.set_nonblocking(true).unwrap();
        assert_eq!(private.recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn a_forged_source_and_a_refused_destination_do_not_pass() {
    in_world(|world| {
        let forged = Ipv4Addr::new(198, 51, 100, 7);
        world.send(DEVICE, METADATA, 7777, 1);
        assert_eq!(next(&world.metadata).0, 1, "without rules it is reached");
        let _rules = Applied::load(&rules()).unwrap();
        world.send(OTHER_DEVICE, METADATA, 7777, 2);
        world.send(forged, INTERNET, 7777, 3);
        world.send(OTHER_DEVICE, INTERNET, 7777, 4);
        assert_eq!(next(&world.internet).0, 4, "the forged one was dropped");
        world.metadata.set_nonblocking(true).unwrap();
        assert_eq!(world.metadata.recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

fn listing() -> String {
    let output = Command::new("/usr/sbin/nft")
        .args(["list", "ruleset"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_leftover_is_replaced_and_nothing_remains_at_the_end() {
    let namespace = NetNamespace::create().expect("run this test as root");
    let inside = || {
        // What a killed run leaves: nobody removes it.
        std::mem::forget(Applied::load(&rules()).unwrap());
        let before = listing();
        assert!(before.contains("table inet candor_test-1") && before.contains("masquerade fully-random"));
        assert!(!before.contains(" log"), "rules that log: {before}");
        let second = Applied::load(&rules()).unwrap();
        assert_eq!(listing(), before, "replaced, not doubled");
        second
    };
    let applied = namespace.run(inside).unwrap();
    // Dropped from another namespace, the rules are removed from their own.
    drop(applied);
    assert_eq!(namespace.run(listing).unwrap(), "");
    namespace
        .run(|| nft::remove("candor_test-1").expect("removing nothing is no error"))
        .unwrap();
}

#[test]
fn wrong_rules_are_refused_in_nfts_words_and_change_nothing() {
    let namespace = NetNamespace::create().expect("run this test as root");
    let error = namespace
        .run(|| nft::apply("table inet candor_x {}\ntable inet candor_y { nonsense }\n").unwrap_err())
        .unwrap();
    assert!(error.to_string().contains("syntax error"), "{error}");
    assert_eq!(namespace.run(listing).unwrap(), "");
    assert!(matches!(nft::remove("x; flush ruleset"), Err(sys::Error::BadName(_))));
}

#[test]
fn settings_are_as_before_when_the_server_has_stopped() {
    let read = |key: &str| std::fs::read_to_string(format!("/proc/sys/net/{key}")).unwrap();
    let namespace = NetNamespace::create().expect("run this test as root");
    namespace
        .run(|| {
            // A namespace inherits forwarding from the machine: the test chooses its own start.
            std::fs::write("/proc/sys/net/ipv4/ip_forward", "0").unwrap();
            std::fs::write("/proc/sys/net/ipv6/conf/all/forwarding", "0").unwrap();
            std::fs::write("/proc/sys/net/ipv6/conf/lo/accept_ra", "1").unwrap();
            std::fs::write("/proc/sys/net/netfilter/nf_conntrack_acct", "1").unwrap();
            let mut settings = Restore::new();
            settings.forward().unwrap();
            settings.keep_no_records().unwrap();
            assert_eq!(read("ipv4/ip_forward"), "1\n");
            assert_eq!(read("ipv6/conf/all/forwarding"), "1\n");
            assert_eq!(read("ipv6/conf/lo/accept_ra"), "2\n");
            assert_eq!(read("netfilter/nf_conntrack_acct"), "0\n");
            drop(settings);
            assert_eq!(read("ipv4/ip_forward"), "0\n");
            assert_eq!(read("ipv6/conf/all/forwarding"), "0\n");
            assert_eq!(read("ipv6/conf/lo/accept_ra"), "1\n");
            assert_eq!(read("netfilter/nf_conntrack_acct"), "1\n");
        })
        .unwrap();
}
