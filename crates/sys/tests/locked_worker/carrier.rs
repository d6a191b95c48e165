//! Two locked workers carry packets between their tunnel and the wire, from one network namespace
//! to another. In place of a cipher they flip bits.

use crate::Test;
use std::net::{IpAddr, SocketAddr, UdpSocket as PlainSocket};
use std::os::fd::AsFd;
use std::process::{Command, ExitCode};
use std::time::Duration;
use sys::channel::{self, Received};
use sys::poll::{Interest, Poller};
use sys::udp::{Departure, Ecn};
use sys::worker::{Stderr, inherited};
use sys::{Allowed, Channel, Identity, LinkName, NetNamespace, Range, Spawn, Tun, TunOptions, UdpSocket, Worker};

/// Every byte on the wire is XORed with this.
const FLIP: u8 = 0x5a;
/// Debian's `nobody`.
const NOBODY: Identity = Identity {
    user: 65534,
    group: 65534,
};
const PACKET_BYTES: usize = 2048;

pub(crate) fn tests() -> Vec<Test> {
    vec![(
        "locked_workers_carry_packets_between_two_namespaces".into(),
        Box::new(locked_workers_carry_packets_between_two_namespaces),
    )]
}

/// One machine of the world: a namespace with a wire, a tunnel and a locked worker between them.
struct Side {
    namespace: NetNamespace,
    tun: Tun,
    udp: UdpSocket,
}

fn range(text: &str, prefix: u8) -> Range {
    Range::new(text.parse().unwrap(), prefix).unwrap()
}

fn name(text: &str) -> LinkName {
    LinkName::new(text).unwrap()
}

fn side(namespace: NetNamespace, wire: &str, inner: [Range; 2]) -> Side {
    let (tun, udp) = namespace
        .run(|| {
            let link = name("wire").index().unwrap();
            let netlink = sys::netlink::Netlink::open().unwrap();
            netlink.add_address(link, range(wire, 24)).unwrap();
            let options = TunOptions {
                name: name("candor0"),
                mtu_bytes: 1420,
                queue_packets: sys::tun::QUEUE_PACKETS,
                addresses: inner.to_vec(),
                routes: vec![range("100.64.0.0", 10)],
            };
            let wire: IpAddr = wire.parse().unwrap();
            (
                Tun::create(&options).unwrap(),
                UdpSocket::bind(SocketAddr::new(wire, 51820)).unwrap(),
            )
        })
        .unwrap();
    Side { namespace, tun, udp }
}

/// The worker lives in a namespace without any wire: its sockets are the only way out.
fn start(side: &Side, peer: &str) -> (Worker, Channel) {
    let nowhere = NetNamespace::create().unwrap();
    let (near, far) = channel::pair().unwrap();
    let worker = Spawn::again(&["worker", "carrier"])
        .stderr(Stderr::Inherit)
        .give(far.as_fd())
        .give(side.tun.as_fd())
        .give(side.udp.as_fd())
        .in_namespace(&nowhere)
        .start()
        .unwrap();
    near.send(peer.as_bytes()).unwrap();
    let poller = Poller::new().unwrap();
    poller.add(near.as_fd(), 0, Interest::Read).unwrap();
    poller.wait(&mut Vec::new(), Some(Duration::from_secs(20))).unwrap();
    let mut word = [0; 16];
    assert_eq!(near.receive(&mut word).unwrap(), Received::Message(6));
    assert_eq!(&word[..6], b"locked");
    (worker, near)
}

fn locked_workers_carry_packets_between_two_namespaces() {
    let (client, server) = (NetNamespace::create().unwrap(), NetNamespace::create().unwrap());
    client.connect(&name("wire"), &server, &name("wire")).unwrap();
    let client = side(client, "192.0.2.1", [range("10.9.0.2", 24), range("fd00:9::2", 64)]);
    let server = side(server, "192.0.2.2", [range("10.9.0.1", 24), range("fd00:9::1", 64)]);
    let (client_worker, _client_channel) = start(&client, "192.0.2.2:51820");
    let (server_worker, _server_channel) = start(&server, "192.0.2.1:51820");

    for worker in [&client_worker, &server_worker] {
        let report = sys::read_lockdown(worker.process()).unwrap();
        assert_eq!(report.gaps(), []);
        assert_eq!(report.users, [NOBODY.user; 4]);
    }
    echo(&client, &server, "10.9.0.2:0", "10.9.0.1:7777");
    echo(&client, &server, "[fd00:9::2]:0", "[fd00:9::1]:7777");
    // Somebody else's program agrees.
    let ping = client
        .namespace
        .run(|| {
            Command::new("ping")
                .args(["-c", "3", "-i", "0.05", "-W", "5", "-s", "1300", "10.9.0.1"])
                .output()
        })
        .unwrap()
        .expect("this test needs ping: sudo apt install iputils-ping");
    assert!(ping.status.success(), "{}", String::from_utf8_lossy(&ping.stdout));
}

/// A question through both tunnels and its answer back.
fn echo(client: &Side, server: &Side, from: &str, to: &str) {
    let patience = Some(Duration::from_secs(10));
    let bind = |side: &Side, address: &str| {
        let socket = side.namespace.run(|| PlainSocket::bind(address).unwrap()).unwrap();
        socket.set_read_timeout(patience).unwrap();
        socket
    };
    let (asking, answering) = (bind(client, from), bind(server, to));
    let mut buffer = [0; PACKET_BYTES];
    for length in [1, 100, 1300] {
        asking.send_to(&vec![7; length], to).unwrap();
        let (got, source) = answering.recv_from(&mut buffer).unwrap();
        assert_eq!(got, length);
        answering.send_to(&buffer[..got], source).unwrap();
        assert_eq!(asking.recv(&mut buffer).unwrap(), length);
    }
}

/// In the worker: takes the peer's address, locks itself, says so, and carries until it is killed.
pub(crate) fn worker() -> ExitCode {
    let mut given = inherited(3).unwrap().into_iter();
    let mut next = || given.next().unwrap();
    let (channel, tun, udp) = (Channel::adopt(next()), Tun::adopt(next()), UdpSocket::adopt(next()));
    let poller = Poller::new().unwrap();
    poller.add(channel.as_fd(), 0, Interest::Read).unwrap();
    let mut ready = Vec::new();
    poller.wait(&mut ready, None).unwrap();
    let mut buffer = [0; PACKET_BYTES];
    let Ok(Received::Message(length)) = channel.receive(&mut buffer) else {
        return ExitCode::FAILURE;
    };
    let peer: SocketAddr = std::str::from_utf8(&buffer[..length]).unwrap().parse().unwrap();
    poller.add(tun.as_fd(), 1, Interest::Read).unwrap();
    poller.add(udp.as_fd(), 2, Interest::Read).unwrap();

    sys::worker::silence_panics();
    let allowed = Allowed::new()
        .channel(channel.as_fd())
        .tun(tun.as_fd())
        .udp(udp.as_fd())
        .poller(poller.as_fd())
        .identity(NOBODY);
    sys::confine(&allowed).unwrap();
    channel.send(b"locked").unwrap();
    let mut local = None;
    loop {
        poller.wait(&mut ready, Some(Duration::from_secs(60))).unwrap();
        if ready.iter().any(|event| event.token == 0 && event.closed) {
            return ExitCode::SUCCESS;
        }
        while let Ok(length) = tun.receive(&mut buffer) {
            buffer[..length].iter_mut().for_each(|byte| *byte ^= FLIP);
            let departure = Departure {
                destination: peer,
                local,
                ecn: Ecn::NotCapable,
            };
            let _ = udp.send(&buffer[..length], departure);
        }
        while let Ok(arrival) = udp.receive(&mut buffer) {
            local = arrival.local;
            buffer[..arrival.length].iter_mut().for_each(|byte| *byte ^= FLIP);
            let _ = tun.send(&buffer[..arrival.length]);
        }
    }
}
