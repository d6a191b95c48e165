//! Two locked workers carry packets between their tunnel and the wire, from one network namespace
//! to another. In place of a cipher they flip bits.

use crate::Test;
use std::net::{IpAddr, SocketAddr, UdpSocket as PlainSocket};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Output};
use std::time::Duration;
use sys::channel::{self, Received};
use sys::poll::{Interest, Poller};
use sys::udp::Departure;
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
    vec![
        (
            "locked_workers_carry_packets_between_two_namespaces".into(),
            Box::new(|| carry(User::Nobody)),
        ),
        (
            "an_ordinary_user_runs_the_same_world_in_namespaces_of_its_own".into(),
            Box::new(an_ordinary_user_runs_the_same_world),
        ),
        (
            "without_the_right_to_make_a_tunnel_the_line_that_gives_it_is_printed".into(),
            Box::new(a_powerless_user_is_told_the_line),
        ),
        (
            "the_printed_line_gives_an_ordinary_user_the_tunnel".into(),
            Box::new(the_printed_line_gives_the_tunnel),
        ),
        (
            "a_program_with_file_capabilities_can_still_isolate_itself".into(),
            Box::new(a_capable_program_isolates_itself),
        ),
    ]
}

/// Whom the workers become.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    /// Somebody without rights.
    Nobody,
    /// Who they were: a private user namespace has no second user.
    Same,
}

impl User {
    fn word(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Same => "same",
        }
    }
}

/// This program again as `nobody`, without any capability.
fn as_nobody(role: &str) -> Output {
    Command::new("/proc/self/exe")
        .args(["worker", role])
        .uid(NOBODY.user)
        .gid(NOBODY.group)
        .output()
        .unwrap()
}

fn an_ordinary_user_runs_the_same_world() {
    let output = as_nobody("isolated");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn a_powerless_user_is_told_the_line() {
    let output = as_nobody("powerless");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("CAP_NET_ADMIN") && said.contains("sudo setcap"), "{said}");
}

/// A copy of this program with the capability that the printed line gives.
pub(crate) struct Capable(PathBuf);

impl Capable {
    pub(crate) fn install() -> Self {
        let unique = format!("candor-capable-{}-{:?}", std::process::id(), std::time::Instant::now());
        let unique = unique.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        let place = Self(std::env::temp_dir().join(unique));
        std::fs::copy("/proc/self/exe", &place.0).unwrap();
        let line = sys::Missing::NetAdmin.line();
        assert!(line.starts_with("sudo setcap cap_net_admin+ep "), "{line}");
        let done = Command::new("setcap").arg("cap_net_admin+ep").arg(&place.0).status();
        assert!(
            done.expect("this test needs setcap: sudo apt install libcap2-bin")
                .success()
        );
        place
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.0);
        command.uid(NOBODY.user).gid(NOBODY.group);
        command
    }
}

impl Drop for Capable {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn the_printed_line_gives_the_tunnel() {
    let program = Capable::install();
    let namespace = NetNamespace::create().unwrap();
    let output = namespace
        .run(|| program.command().args(["worker", "powerless"]).output().unwrap())
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "made\n", "{output:?}");
}

fn a_capable_program_isolates_itself() {
    let program = Capable::install();
    let output = program.command().args(["worker", "isolated"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// As an ordinary user: the world once more, and the rules of a server with it.
pub(crate) fn isolated() -> ExitCode {
    sys::namespace::isolate().unwrap();
    let mut settings = sys::sysctl::Restore::new();
    settings.forward().unwrap();
    settings.keep_no_records().unwrap();
    let rules = sys::nft::TunnelRules {
        name: name("isolated"),
        tun: name("candor0"),
        inside: vec![range("100.64.0.0", 10)],
        services: Vec::new(),
        refused: Vec::new(),
        private: Vec::new(),
        excepted: Vec::new(),
    };
    let _applied = sys::nft::Applied::load(&rules).unwrap();
    carry(User::Same);
    ExitCode::SUCCESS
}

/// As an ordinary user: a tunnel, which is refused without a capability.
pub(crate) fn powerless() -> ExitCode {
    let options = TunOptions {
        name: name("refused0"),
        mtu_bytes: 1420,
        queue_packets: sys::tun::QUEUE_PACKETS,
        addresses: Vec::new(),
        routes: Vec::new(),
    };
    match Tun::create(&options) {
        Ok(_) => println!("made"),
        Err(error) => println!("{error}"),
    }
    ExitCode::SUCCESS
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
fn start(side: &Side, peer: &str, user: User) -> (Worker, Channel) {
    let nowhere = NetNamespace::create().unwrap();
    let (near, far) = channel::pair().unwrap();
    let worker = Spawn::again(&["worker", "carrier", user.word()])
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

fn carry(user: User) {
    let (client, server) = (NetNamespace::create().unwrap(), NetNamespace::create().unwrap());
    client.connect(&name("wire"), &server, &name("wire")).unwrap();
    let client = side(client, "192.0.2.1", [range("10.9.0.2", 24), range("fd00:9::2", 64)]);
    let server = side(server, "192.0.2.2", [range("10.9.0.1", 24), range("fd00:9::1", 64)]);
    let (client_worker, _client_channel) = start(&client, "192.0.2.2:51820", user);
    let (server_worker, _server_channel) = start(&server, "192.0.2.1:51820", user);

    for worker in [&client_worker, &server_worker] {
        let report = sys::read_lockdown(worker.process()).unwrap();
        assert_eq!(report.gaps(), []);
        let expected = match user {
            User::Nobody => NOBODY.user,
            User::Same => 0,
        };
        assert_eq!(report.users, [expected; 4]);
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
pub(crate) fn worker(user: &str) -> ExitCode {
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
    let mut allowed = Allowed::new()
        .channel(channel.as_fd())
        .tun(tun.as_fd())
        .udp(udp.as_fd())
        .poller(poller.as_fd());
    if user == User::Nobody.word() {
        allowed = allowed.identity(NOBODY);
    }
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
                local,
                ..Departure::to(peer)
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
