//! Three namespaces, a worker and its parent's end of the channel.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use sys::channel::{self, Received};
use sys::netlink::Netlink;
use sys::poll::Interest;
use sys::{Channel, LinkName, MemoryFile, NetNamespace, Poller, Range, Spawn, Tun, TunOptions, UdpSocket, Worker};
use vpn::driver::client::{Client, ClientOptions};
use vpn::handover::{Configure, FromWorker, HandedDevice, Room, ToWorker};
use vpn::proto::kept::words_for;
use vpn::proto::{Prefix, PresharedKey, PrivateKey, PublicKey, Shared, Translation};

pub(crate) const PORT: u16 = 51820;
pub(crate) const ECHO: u16 = 7;
const MTU: u16 = 1420;
/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn translation() -> Translation {
    Translation {
        shared: Shared {
            v4: "10.66.0.2".parse().unwrap(),
            v6: "fd66::2".parse().unwrap(),
        },
        pool_v4: "100.64.0.0".parse().unwrap(),
        pool_v4_len: 11,
        pool_v6: "fd67::".parse().unwrap(),
        reserved: 16,
    }
}

/// A device's keys.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) private: [u8; 32],
    pub(crate) psk: [u8; 32],
}

impl Keys {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            private: [seed; 32],
            psk: [seed ^ 0xff; 32],
        }
    }

    pub(crate) fn public(&self) -> PublicKey {
        PrivateKey::from_bytes(self.private).public()
    }

    pub(crate) fn handed(&self, slot: u32) -> HandedDevice {
        HandedDevice {
            slot,
            public_key: self.public(),
            preshared_key: PresharedKey::from_bytes(self.psk),
        }
    }
}

pub(crate) fn server_key() -> PrivateKey {
    PrivateKey::from_bytes([0x5e; 32])
}

pub(crate) fn configure(flush_every: Duration) -> ToWorker {
    ToWorker::Configure(Box::new(Configure {
        private_key: server_key(),
        mtu_bytes: MTU,
        translation: translation(),
        forget_after: Duration::from_secs(180),
        keep_for: Duration::from_secs(150),
        handshakes_per_second: 1000,
        flush_every,
        identity: Some(sys::Identity {
            user: 65_534,
            group: 65_534,
        }),
    }))
}

/// Both ends of a conversation with a worker that runs in the namespace "server".
pub(crate) struct Served {
    pub(crate) worker: Worker,
    pub(crate) line: Line,
    tun: Tun,
    sockets: [UdpSocket; 2],
    pub(crate) memory: MemoryFile,
    pub(crate) server: NetNamespace,
}

impl Served {
    /// A worker without a network around it.
    pub(crate) fn alone() -> Self {
        Self::in_namespace(NetNamespace::create().unwrap())
    }

    fn in_namespace(server: NetNamespace) -> Self {
        let (tun, sockets) = server
            .run(|| {
                let tun = Tun::create(&TunOptions {
                    name: LinkName::new("candor0").unwrap(),
                    mtu_bytes: MTU.into(),
                    queue_packets: 1000,
                    addresses: vec![range("10.66.0.1", 32), range("fd66::1", 128)],
                    routes: vec![range("100.64.0.0", 11), range("fd67::", 64)],
                })
                .unwrap();
                let bind = |host: &str| UdpSocket::bind(format!("{host}:{PORT}").parse().unwrap()).unwrap();
                (tun, [bind("0.0.0.0"), bind("[::]")])
            })
            .unwrap();
        let memory = MemoryFile::create(words_for(&translation())).unwrap();
        let (worker, line) = begin(&tun, &sockets, &memory);
        Self {
            worker,
            line,
            tun,
            sockets,
            memory,
            server,
        }
    }

    /// Kills the worker and starts another, which is not configured.
    pub(crate) fn begin_again(&mut self) {
        self.worker.kill().unwrap();
        self.worker.wait().unwrap();
        (self.worker, self.line) = begin(&self.tun, &self.sockets, &self.memory);
    }

    /// Configures the worker and waits until it is locked; says whether it has taken over what the one before left.
    pub(crate) fn configure(&mut self, flush_every: Duration) -> bool {
        self.line.say(&configure(flush_every));
        match self.line.hear() {
            FromWorker::Ready { has_taken_over, .. } => has_taken_over,
            _ => panic!("out of turn"),
        }
    }

    /// Configured and locked.
    pub(crate) fn configured(mut self, flush_every: Duration) -> Self {
        assert!(!self.configure(flush_every), "nobody was before");
        self
    }
}

fn begin(tun: &Tun, sockets: &[UdpSocket; 2], memory: &MemoryFile) -> (Worker, Line) {
    let (near, far) = channel::pair().unwrap();
    let worker = Spawn::again(&["worker", "vpn"])
        .give(far.as_fd())
        .give(tun.as_fd())
        .give(sockets[0].as_fd())
        .give(sockets[1].as_fd())
        .give(memory.as_fd())
        .start()
        .unwrap();
    (worker, Line::new(near))
}

/// The parent's end of the channel, waiting.
pub(crate) struct Line {
    pub(crate) channel: Channel,
    poller: Poller,
    room: Room,
}

impl Line {
    fn new(channel: Channel) -> Self {
        let poller = Poller::new().unwrap();
        poller.add(channel.as_fd(), 0, Interest::Read).unwrap();
        Self {
            channel,
            poller,
            room: Room::default(),
        }
    }

    pub(crate) fn say(&self, message: &ToWorker) {
        self.channel.send(&message.encode()).unwrap();
    }

    /// The next message.
    pub(crate) fn hear(&mut self) -> FromWorker {
        self.hear_or_end().expect("the worker ended")
    }

    pub(crate) fn hear_or_end(&mut self) -> Option<FromWorker> {
        let mut ready = Vec::new();
        self.poller.wait(&mut ready, Some(PATIENCE)).unwrap();
        assert!(!ready.is_empty(), "the worker is silent");
        match self.channel.receive(self.room.bytes()) {
            Ok(Received::Message(length)) => Some(self.room.take(length, FromWorker::decode).unwrap()),
            Ok(Received::Closed) | Err(_) => None,
        }
    }

    /// Asks for all counters: up and down by slot.
    pub(crate) fn flush(&mut self, ticket: u32) -> (Vec<(u32, u64, u64)>, u32) {
        self.say(&ToWorker::Flush { ticket });
        let mut moved = Vec::new();
        loop {
            match self.hear() {
                FromWorker::Usage(accounts) => {
                    moved.extend(accounts.iter().map(|account| (account.slot, account.up, account.down)));
                }
                FromWorker::Flushed {
                    ticket: echoed,
                    active_devices,
                } if echoed == ticket => {
                    return (moved, active_devices);
                }
                FromWorker::Flushed { .. } | FromWorker::Freed(_) => {}
                FromWorker::Ready { .. } | FromWorker::Stopped => panic!("out of turn"),
            }
        }
    }
}

/// A worker with a destination and as many places for devices as asked for.
pub(crate) struct World {
    pub served: Served,
    pub(crate) places: Vec<NetNamespace>,
    destination: NetNamespace,
}

impl World {
    pub(crate) fn with_places(count: u8) -> Self {
        let server = NetNamespace::create().unwrap();
        let destination = NetNamespace::create().unwrap();
        wire(&server, "out", 200, &destination);
        destination
            .run(|| {
                route("100.64.0.0", 11, "10.9.200.1", "wire");
                route("fd67::", 64, "fd09:c8::1", "wire");
            })
            .unwrap();
        destination.run(echo).unwrap();
        let places = (0..count)
            .map(|number| {
                let place = NetNamespace::create().unwrap();
                wire(&server, &format!("in{number}"), number, &place);
                place
            })
            .collect();
        server
            .run(|| {
                let mut forward = sys::sysctl::Restore::new();
                forward.forward().unwrap();
                // The namespace ends with the test; nothing is to be put back.
                std::mem::forget(forward);
            })
            .unwrap();
        let served = Served::in_namespace(server).configured(Duration::from_secs(3600));
        Self {
            served,
            places,
            destination,
        }
    }

    /// The destination sends every datagram back, too.
    pub(crate) fn echo_datagrams(&self) {
        let socket = self
            .destination
            .run(|| std::net::UdpSocket::bind(("0.0.0.0", ECHO)).unwrap())
            .unwrap();
        thread::spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok((length, source)) = socket.recv_from(&mut buffer) {
                // An answer that is lost is asked for again.
                let _lost = socket.send_to(&buffer[..length], source);
            }
        });
    }

    /// The destination tells every datagram's sender who it is, on the port after the echo's.
    pub(crate) fn tell_who(&self) {
        let socket = self
            .destination
            .run(|| std::net::UdpSocket::bind(("0.0.0.0", ECHO + 1)).unwrap())
            .unwrap();
        thread::spawn(move || {
            while let Ok((_, source)) = socket.recv_from(&mut [0; 64]) {
                // An answer that is lost is asked for again.
                let _lost = socket.send_to(source.ip().to_string().as_bytes(), source);
            }
        });
    }

    /// Connects a device in one of the places.
    pub(crate) fn connect(&self, place: u8, keys: &Keys) -> Device<'_> {
        let namespace = &self.places[usize::from(place)];
        let (tun, socket) = namespace
            .run(|| {
                let tun = Tun::create(&TunOptions {
                    name: LinkName::new("tunnel").unwrap(),
                    mtu_bytes: MTU.into(),
                    queue_packets: 1000,
                    addresses: vec![range("10.66.0.2", 32), range("fd66::2", 128)],
                    routes: vec![range("10.9.200.0", 24), range("fd09:c8::", 64)],
                })
                .unwrap();
                (tun, UdpSocket::bind("0.0.0.0:0".parse().unwrap()).unwrap())
            })
            .unwrap();
        let everything = |any: &str| Prefix::new(any.parse().unwrap(), 0).unwrap();
        let options = ClientOptions {
            private_key: PrivateKey::from_bytes(keys.private),
            server: server_key().public(),
            preshared_key: PresharedKey::from_bytes(keys.psk),
            endpoint: format!("10.9.{place}.1:{PORT}").parse().unwrap(),
            mtu_bytes: MTU,
            allowed: vec![everything("0.0.0.0"), everything("::")],
            keepalive_seconds: None,
        };
        Device {
            _client: Client::start(options, tun, socket).unwrap(),
            namespace,
        }
    }
}

/// A connected device.
pub(crate) struct Device<'a> {
    _client: Client,
    pub(crate) namespace: &'a NetNamespace,
}

impl Device<'_> {
    /// Sends bytes to the destination and reads them back.
    pub(crate) fn echo(&self, v6: bool, bytes: usize) -> std::io::Result<Duration> {
        let address = if v6 { "[fd09:c8::2]" } else { "10.9.200.2" };
        let address: SocketAddr = format!("{address}:{ECHO}").parse().unwrap();
        self.namespace.run(move || exchange(address, bytes)).unwrap()
    }
}

pub(crate) fn exchange(address: SocketAddr, bytes: usize) -> std::io::Result<Duration> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(8))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let begun = Instant::now();
    let mut writer = stream.try_clone()?;
    let sender = thread::spawn(move || {
        let block: Vec<u8> = (0..=255).cycle().take(1 << 16).collect();
        let mut left = bytes;
        while left > 0 {
            let length = left.min(block.len());
            writer.write_all(&block[..length])?;
            left -= length;
        }
        writer.shutdown(std::net::Shutdown::Write)
    });
    let mut buffer = vec![0; 1 << 16];
    let mut got = 0;
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        let expected = (got..got + length).map(|place| (place % 256) as u8);
        assert!(buffer[..length].iter().copied().eq(expected), "bytes came back changed");
        got += length;
    }
    sender.join().unwrap()?;
    assert_eq!(got, bytes);
    Ok(begun.elapsed())
}

fn echo() {
    let listener = TcpListener::bind(("::", ECHO)).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || std::io::copy(&mut stream.try_clone().unwrap(), &mut &stream));
        }
    });
}

/// A cable from the server to another namespace: 10.9.N.1 and fd09:N::1 there.
fn wire(server: &NetNamespace, name: &str, number: u8, other: &NetNamespace) {
    let (near, far) = (LinkName::new(name).unwrap(), LinkName::new("wire").unwrap());
    server.connect(&near, other, &far).unwrap();
    let address = |link: &LinkName, host: u8| {
        let netlink = Netlink::open().unwrap();
        let link = link.index().unwrap();
        netlink
            .add_address(link, range(&format!("10.9.{number}.{host}"), 24))
            .unwrap();
        netlink
            .add_address(link, range(&format!("fd09:{number:x}::{host}"), 64))
            .unwrap();
    };
    server.run(|| address(&near, 1)).unwrap();
    other.run(|| address(&far, 2)).unwrap();
}

fn route(network: &str, prefix: u8, gateway: &str, link: &str) {
    let link = LinkName::new(link).unwrap().index().unwrap();
    let gateway: IpAddr = gateway.parse().unwrap();
    Netlink::open()
        .unwrap()
        .add_route(range(network, prefix), Some(gateway), link)
        .unwrap();
}

fn range(address: &str, prefix: u8) -> Range {
    Range::new(address.parse().unwrap(), prefix).unwrap()
}
