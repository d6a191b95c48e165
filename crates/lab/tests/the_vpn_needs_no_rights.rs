//! The real program as a user without any right and without a tunnel device, with a WireGuard client that is not ours:
//! members' flows end in user space, and nothing else changes.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use lab::world::client::WireGuardGo;
use lab::world::internet::{self, ECHO, address};
use lab::world::provider::{RunsAs, signal};
use lab::world::{Outside, PATIENCE, World, until};
use sys::LinkName;
use sys::netlink::{LinkChange, Netlink};
use sys::outbound::{Carries, Cause, Cutting, Loose};

const MIB: u64 = 1 << 20;
/// Pings are for whose group is in this range; the namespace begins with nobody's.
const PING_RANGE: &str = "/proc/sys/net/ipv4/ping_group_range";

fn world() -> World {
    World::start_as(RunsAs::Nobody, 1, "")
}

fn both() -> [IpAddr; 2] {
    [address(false), address(true)]
}

#[test]
fn an_unprivileged_provider_carries_tcp_udp_and_errors() {
    let world = world();
    assert!(
        world.provider.output().contains("in user space"),
        "{}",
        world.provider.output()
    );
    let member = world.join("ada");
    let device = member.add_device("laptop");
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    world.internet.namespace.run(serve_datagrams).unwrap();
    client.run(|| {
        for at in both() {
            internet::echo(at, b"question and answer").unwrap();
            internet::download(at, 32 * MIB).unwrap();
            internet::upload(at, 32 * MIB).unwrap();
            refused_quickly(at);
            half_closed(at);
            datagrams(at);
        }
        many_at_once();
    });
}

/// A port where nobody listens answers at once.
fn refused_quickly(at: IpAddr) {
    let begun = Instant::now();
    let error = TcpStream::connect_timeout(&SocketAddr::new(at, 4), Duration::from_secs(10)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{at}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{at}: {:?}", begun.elapsed());

    let socket = udp(at);
    socket.connect((at, 4)).unwrap();
    socket.send(b"anybody?").unwrap();
    let error = socket.recv(&mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{at}");
}

/// One side finishes, the other goes on.
fn half_closed(at: IpAddr) {
    let mut stream = internet::visit(at, ECHO).unwrap();
    stream.write_all(b"the last word").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut back = String::new();
    stream.read_to_string(&mut back).unwrap();
    assert_eq!(back, "the last word");
}

/// Where datagrams come back over both protocols: a socket for each, because one for both would answer IPv4 alone.
const DATAGRAM_ECHO: u16 = 17;

fn serve_datagrams() {
    for at in both() {
        let socket = UdpSocket::bind((at, DATAGRAM_ECHO)).unwrap();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                // A sender that is gone is of no concern.
                let _sent = socket.send_to(&buffer[..length], from);
            }
        });
    }
}

/// Small ones, the largest that fits, and one that needs pieces both ways.
fn datagrams(at: IpAddr) {
    let socket = udp(at);
    socket.connect((at, DATAGRAM_ECHO)).unwrap();
    let mut buffer = vec![0; 65_536];
    for length in [0, 1, 33, 512, 1200, 1372, 4000, 30_000] {
        let sent: Vec<u8> = (0..length).map(|byte: usize| byte as u8).collect();
        let back = until(&format!("{length} bytes from {at}"), || {
            socket.send(&sent).unwrap();
            match socket.recv(&mut buffer) {
                Ok(got) if got == length => Some(got),
                Ok(_) | Err(_) => None,
            }
        });
        assert!(buffer[..back] == sent, "{at}: {length}");
    }
}

fn udp(at: IpAddr) -> UdpSocket {
    let any: IpAddr = if at.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
    let socket = UdpSocket::bind((any, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    socket
}

/// Two hundred connections at one time, each with its own words.
fn many_at_once() {
    let mut streams: Vec<TcpStream> = (0..200)
        .map(|number| internet::visit(both()[number % 2], ECHO).unwrap())
        .collect();
    for (number, stream) in streams.iter_mut().enumerate() {
        stream.write_all(&[number as u8; 3000]).unwrap();
    }
    for (number, stream) in streams.iter_mut().enumerate() {
        let mut back = [0; 3000];
        stream.read_exact(&mut back).unwrap();
        assert!(back == [number as u8; 3000], "connection {number}");
    }
}

#[test]
fn pings_pass_where_the_kernel_lets_them() {
    let world = world();
    let member = world.join("ada");
    let device = member.add_device("laptop");
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    // Our own addresses in the tunnel answer in any case.
    assert!(client.ping("10.66.0.1".parse().unwrap()));
    assert!(client.ping("fd66:8f1c:2a47::1".parse().unwrap()));
    let text = world.provider.output();
    assert!(text.contains("ping_group_range"), "{text}");
    assert!(!client.ping(address(false)));
    drop(client);

    let mut world = world;
    world
        .server
        .run(|| std::fs::write(PING_RANGE, "0 2147483647").unwrap())
        .unwrap();
    world.restart();
    assert!(!world.provider.output().contains("ping_group_range"));
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    for at in both() {
        assert!(client.ping(at), "{at}");
    }
}

#[test]
fn a_way_out_that_is_narrower_than_the_tunnel_tells_the_member_how_wide_it_is() {
    let world = world();
    let member = world.join("ada");
    let device = member.add_device("laptop");
    // The cable to the Internet: less than the tunnel's 1420 bytes, no less than IPv6 asks for.
    for (namespace, end) in [(&world.server, "out"), (&world.internet.namespace, "wire")] {
        namespace.run(|| narrow(end)).unwrap();
    }
    world.internet.namespace.run(serve_datagrams).unwrap();
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    client.run(|| {
        for at in both() {
            told_how_wide(at);
            // Who lets datagrams be cut gets them through, and TCP does not notice.
            datagrams(at);
            internet::upload(at, 8 * MIB).unwrap();
            internet::download(at, 8 * MIB).unwrap();
        }
    });
}

const NARROW_BYTES: u32 = 1300;

fn narrow(link: &str) {
    let change = LinkChange {
        mtu_bytes: Some(NARROW_BYTES),
        queue_packets: None,
        up: true,
    };
    let link = LinkName::new(link).unwrap().index().unwrap();
    Netlink::open().unwrap().change_link(link, change).unwrap();
}

/// A datagram that must not be cut: ICMP "fragmentation needed" (RFC 1191), ICMPv6 "packet too big" (RFC 8201).
fn told_how_wide(at: IpAddr) {
    let headers = if at.is_ipv4() { 28 } else { 48 };
    let socket = Loose::open(Carries::Datagrams, at.is_ipv4()).unwrap();
    socket.cutting(Cutting::Forbidden).unwrap();
    let to = SocketAddr::new(at, DATAGRAM_ECHO);
    let too_large = vec![7; NARROW_BYTES as usize + 1 - headers];
    let mut quoted = [0; 2048];
    let told = until("the member is told", || {
        // Once it is known, its own kernel refuses.
        let _refused = socket.send(&too_large, to);
        socket.refused(&mut quoted)
    });
    assert_eq!(told.cause, Cause::TooLarge { mtu: NARROW_BYTES }, "{at}");
    assert!(told.destination == to);
    let teller: IpAddr = if at.is_ipv4() { GATEWAYS[0] } else { GATEWAYS[1] }.parse().unwrap();
    assert_eq!(told.offender, Some(teller), "{at}");
    // One that fits arrives.
    let mut buffer = [0; 2048];
    let (length, _) = until("one that fits comes back", || {
        let _told = socket.send(&too_large[1..], to);
        socket.receive(&mut buffer).ok()
    });
    assert_eq!(length, NARROW_BYTES as usize - headers, "{at}");
}

/// The provider's own addresses in the tunnel.
const GATEWAYS: [&str; 2] = ["10.66.0.1", "fd66:8f1c:2a47::1"];

#[test]
fn flows_of_a_device_that_is_none_any_more_end_at_their_destinations() {
    let world = world();
    let member = world.join("ada");
    let device = member.add_device("laptop");
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    let listener = world
        .internet
        .namespace
        .run(|| TcpListener::bind((address(false), 8333)).unwrap())
        .unwrap();
    let mut near = client.run(|| internet::visit(address(false), 8333).unwrap());
    let (mut far, _) = listener.accept().unwrap();
    near.write_all(b"here").unwrap();
    far.read_exact(&mut [0; 4]).unwrap();
    // The worker frees its address at once, as after 180 s of silence, and tells the parent, which tells the connector.
    member.remove_device();
    far.set_read_timeout(Some(PATIENCE)).unwrap();
    let error = far.read(&mut [0; 4]).expect_err("nobody says farewell");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn either_worker_can_be_killed_and_the_vpn_goes_on() {
    let world = world();
    let member = world.join("ada");
    let device = member.add_device("laptop");
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    for role in ["connector", "vpn"] {
        let before = world.provider.worker_of_role(role);
        let other = world
            .provider
            .worker_of_role(if role == "vpn" { "connector" } else { "vpn" });
        let mut stream = client.run(|| internet::visit(address(false), ECHO).unwrap());
        stream.write_all(b"before").unwrap();
        stream.read_exact(&mut [0; 6]).unwrap();
        signal(before, "KILL");
        until("another worker", || {
            (world.provider.worker_of_role(role) != before).then_some(())
        });
        assert_eq!(
            world
                .provider
                .worker_of_role(if role == "vpn" { "connector" } else { "vpn" }),
            other,
            "the other worker did not notice"
        );
        client.run(|| {
            until("the VPN works again", || internet::echo(address(true), b"after").ok());
            stream.set_read_timeout(Some(internet::INTERRUPTION)).unwrap();
            let sent = stream.write_all(b"and now?");
            let mut back = [0; 8];
            match role {
                // The flows of before are told that they are gone: they ended there.
                "connector" => {
                    // An acknowledgement that was still to be sent may have been told it already: then writing says so.
                    let read = sent.and_then(|()| stream.read(&mut back));
                    let error = read.expect_err("nothing comes back");
                    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
                }
                _ => {
                    sent.unwrap();
                    stream.read_exact(&mut back).unwrap();
                    assert_eq!(&back, b"and now?", "the flow of before goes on");
                }
            }
        });
    }
}

#[test]
fn the_same_datagrams_count_the_same_in_both_ways() {
    let counts = |runs_as| {
        let world = World::start_as(runs_as, 1, "");
        let member = world.join("ada");
        let device = member.add_device("laptop");
        let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
        client.run(|| {
            let socket = udp(address(false));
            socket.connect((address(false), ECHO)).unwrap();
            for _ in 0..2000 {
                socket.send(&[7; 1000]).unwrap();
                socket.recv(&mut [0; 1000]).unwrap();
            }
        });
        drop(client);
        until("the counts arrive", || {
            let (up, down) = member.moved();
            (up >= 2000 * 1028 && down >= 2000 * 1028).then_some((up, down))
        })
    };
    assert_eq!(counts(RunsAs::Root), counts(RunsAs::Nobody));
}
