//! A client and a server, a wire that is a vector, and a clock that moves when told to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use vpn::proto::limits::OVERHEAD_LEN;
use vpn::proto::{
    Addressing, Config, DeviceConfig, DeviceId, Ecn, Engine, Event, Outcome, Path, Prefix, PresharedKey, PrivateKey,
    PublicKey, SeededRng, Shared, Tai64N, Translation, Transmit,
};

pub(crate) const INITIATION: usize = 148;
pub(crate) const RESPONSE: usize = 92;
pub(crate) const COOKIE_REPLY: usize = 64;
pub(crate) const KEEPALIVE: usize = 32;

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(crate) fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) fn path(text: &str) -> Path {
    Path::to(text.parse().unwrap())
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn prefix(text: &str) -> Prefix {
    let (address, len) = text.split_once('/').unwrap();
    Prefix::new(address.parse().unwrap(), len.parse().unwrap()).unwrap()
}

pub(crate) fn key(byte: u8) -> PrivateKey {
    PrivateKey::from_bytes([byte; 32])
}

pub(crate) fn wall() -> Tai64N {
    Tai64N::from_unix(seconds(1_800_000_000))
}

pub(crate) fn engine(config: Config, now: Instant, seed: u8) -> Engine {
    let rng = Box::new(SeededRng::new([seed; 32]));
    Engine::new(config, rng, now, wall()).expect("the configuration is right")
}

/// A device with prefixes of its own.
pub(crate) fn device(public_key: PublicKey, prefixes: &[&str]) -> DeviceConfig {
    DeviceConfig {
        public_key,
        preshared_key: PresharedKey::none(),
        slot: 0,
        keepalive_seconds: None,
        endpoint: None,
        addressing: Addressing::Allowed(prefixes.iter().map(|text| prefix(text)).collect()),
    }
}

pub(crate) fn pools() -> Translation {
    Translation {
        shared: Shared {
            v4: Ipv4Addr::new(10, 66, 0, 2),
            v6: "fd66::2".parse().unwrap(),
        },
        pool_v4: Ipv4Addr::new(100, 64, 0, 0),
        pool_v4_len: 10,
        pool_v6: "fd67:1234:5678:9abc::".parse().unwrap(),
        reserved: 256,
    }
}

/// Sets the congestion bits of a packet, with a right header checksum.
pub(crate) fn marked(mut packet: Vec<u8>, ecn: Ecn) -> Vec<u8> {
    if packet[0] >> 4 == 6 {
        packet[1] = packet[1] & 0xcf | ecn.bits() << 4;
        return packet;
    }
    packet[1] = packet[1] & 0xfc | ecn.bits();
    packet[10..12].fill(0);
    let sum = checksum(&[&packet[..20]]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet
}

/// A UDP packet with eight bytes of header, `body`, and right checksums.
pub(crate) fn udp(source: IpAddr, destination: IpAddr, body: &[u8]) -> Vec<u8> {
    let mut payload = vec![0x30, 0x39, 0x00, 0x35];
    payload.extend_from_slice(&(8 + body.len() as u16).to_be_bytes());
    payload.extend_from_slice(&[0, 0]);
    payload.extend_from_slice(body);
    let sum = checksum(&[&pseudo(source, destination, 17, payload.len()), &payload]);
    payload[6..8].copy_from_slice(&sum.to_be_bytes());
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => v4(source, destination, 17, &payload),
        (IpAddr::V6(source), IpAddr::V6(destination)) => v6(source, destination, 17, &payload),
        _ => unreachable!("a test names two addresses of one family"),
    }
}

fn v4(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend_from_slice(&(20 + payload.len() as u16).to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 0, 64, protocol, 0, 0]);
    packet.extend_from_slice(&source.octets());
    packet.extend_from_slice(&destination.octets());
    let sum = checksum(&[&packet]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

fn v6(source: Ipv6Addr, destination: Ipv6Addr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    packet.extend_from_slice(&[protocol, 64]);
    packet.extend_from_slice(&source.octets());
    packet.extend_from_slice(&destination.octets());
    packet.extend_from_slice(payload);
    packet
}

fn pseudo(source: IpAddr, destination: IpAddr, protocol: u8, len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for address in [source, destination] {
        match address {
            IpAddr::V4(ip) => bytes.extend_from_slice(&ip.octets()),
            IpAddr::V6(ip) => bytes.extend_from_slice(&ip.octets()),
        }
    }
    bytes.extend_from_slice(&(len as u32).to_be_bytes());
    bytes.extend_from_slice(&[0, 0, 0, protocol]);
    bytes
}

fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0u32;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// Whether the IPv4 header's and the UDP checksum are right.
pub(crate) fn udp_is_right(packet: &[u8]) -> bool {
    match packet[0] >> 4 {
        4 => {
            let (header, payload) = packet.split_at(20);
            let pseudo = [&header[12..20], &[0, 17], &header[2..4]].concat();
            // The pseudo header wants the payload's length: the header's 20 bytes less.
            let excess = !20u16;
            checksum(&[header]) == 0 && checksum(&[&pseudo, &excess.to_be_bytes(), payload]) == 0
        }
        6 => {
            let (header, payload) = packet.split_at(40);
            checksum(&[&header[8..40], &header[4..6], &[0, 17], payload]) == 0
        }
        _ => false,
    }
}

pub(crate) fn addresses(packet: &[u8]) -> (IpAddr, IpAddr) {
    fn at<const N: usize>(packet: &[u8], at: usize) -> [u8; N] {
        packet[at..at + N].try_into().unwrap()
    }
    match packet[0] >> 4 {
        4 => (at::<4>(packet, 12).into(), at::<4>(packet, 16).into()),
        _ => (at::<16>(packet, 8).into(), at::<16>(packet, 24).into()),
    }
}

/// Everything that an engine wants to send now.
pub(crate) fn drain(engine: &mut Engine) -> Vec<(Path, Vec<u8>)> {
    let mut buffer = [0; 2048];
    std::iter::from_fn(|| {
        engine
            .poll_transmit(&mut buffer)
            .map(|transmit| (transmit.path, buffer[..transmit.len].to_vec()))
    })
    .collect()
}

pub(crate) fn events(engine: &mut Engine) -> Vec<Event> {
    std::iter::from_fn(|| engine.poll_event()).collect()
}

/// Hands one datagram in and returns the inner packet.
pub(crate) fn deliver(engine: &mut Engine, from: Path, datagram: &[u8], now: Instant) -> Option<Vec<u8>> {
    let mut copy = datagram.to_vec();
    match engine.handle_datagram(from, Ecn::NotCapable, &mut copy, now) {
        Outcome::Nothing => None,
        Outcome::Packet { packet, .. } => Some(packet.to_vec()),
    }
}

/// Hands one inner packet in and returns the datagram.
pub(crate) fn send(engine: &mut Engine, packet: &[u8], now: Instant) -> Option<(Path, Vec<u8>)> {
    let mut out = vec![0; packet.len() + OVERHEAD_LEN + 16];
    let Transmit { path, len, .. } = engine.handle_packet(&mut packet.to_vec(), &mut out, now)?;
    out.truncate(len);
    Some((path, out))
}

/// A client that knows where the server is, and a server that knows the client's key.
pub(crate) struct World {
    pub(crate) client: Engine,
    pub(crate) server: Engine,
    pub(crate) client_path: Path,
    pub(crate) server_path: Path,
    /// The server, as the client knows it, and the other way round.
    pub(crate) at_client: DeviceId,
    pub(crate) at_server: DeviceId,
    pub(crate) now: Instant,
}

pub(crate) const CLIENT_KEY: u8 = 1;
pub(crate) const SERVER_KEY: u8 = 2;

impl World {
    /// Client 10.0.0.2 and fd00::2, server 10.0.0.1 and fd00::1.
    pub(crate) fn new() -> Self {
        Self::with(|_, _| {}, |_, _| {})
    }

    pub(crate) fn with(
        change_client: impl FnOnce(&mut Config, &mut DeviceConfig),
        change_server: impl FnOnce(&mut Config, &mut DeviceConfig),
    ) -> Self {
        let now = Instant::now();
        let (client_path, server_path) = (path("192.0.2.2:1000"), path("198.51.100.1:51820"));
        let mut client_config = Config::new(key(CLIENT_KEY));
        let mut server_config = Config::new(key(SERVER_KEY));
        let mut at_client = device(key(SERVER_KEY).public(), &["0.0.0.0/0", "::/0"]);
        at_client.endpoint = Some(server_path);
        let mut at_server = device(key(CLIENT_KEY).public(), &["10.0.0.2/32", "fd00::2/128"]);
        change_client(&mut client_config, &mut at_client);
        change_server(&mut server_config, &mut at_server);
        let mut client = engine(client_config, now, 11);
        let mut server = engine(server_config, now, 22);
        let at_client = client.put_device(at_client, now).unwrap();
        let at_server = server.put_device(at_server, now).unwrap();
        Self {
            client,
            server,
            client_path,
            server_path,
            at_client,
            at_server,
            now,
        }
    }

    /// A world in which the handshake is over and both sides may send.
    pub(crate) fn connected() -> Self {
        let mut world = Self::new();
        world.connect();
        world
    }

    pub(crate) fn connect(&mut self) {
        let packet = up(b"first");
        assert!(send(&mut self.client, &packet, self.now).is_none());
        let delivered = self.exchange();
        assert_eq!(delivered.to_server.len(), 1);
        events(&mut self.client);
        events(&mut self.server);
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    /// Moves the clock and lets both sides do what is due then.
    pub(crate) fn tick(&mut self, time: Duration) {
        self.pass(time);
        self.client.handle_timeout(self.now);
        self.server.handle_timeout(self.now);
    }

    /// Lets time pass in small steps, as on a wire where everything arrives.
    pub(crate) fn idle(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            let step = seconds(1).min(end - self.now);
            self.tick(step);
            self.exchange();
        }
    }

    /// Carries datagrams both ways until nobody has any more.
    pub(crate) fn exchange(&mut self) -> Delivered {
        let mut delivered = Delivered::default();
        loop {
            let up = drain(&mut self.client);
            let down = drain(&mut self.server);
            if up.is_empty() && down.is_empty() {
                return delivered;
            }
            for (_, datagram) in up {
                let packet = deliver(&mut self.server, self.client_path, &datagram, self.now);
                delivered.to_server.extend(packet);
                delivered.datagrams += 1;
            }
            for (_, datagram) in down {
                let packet = deliver(&mut self.client, self.server_path, &datagram, self.now);
                delivered.to_client.extend(packet);
                delivered.datagrams += 1;
            }
        }
    }

    pub(crate) fn send_up(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let (_, datagram) = send(&mut self.client, packet, self.now)?;
        deliver(&mut self.server, self.client_path, &datagram, self.now)
    }

    pub(crate) fn send_down(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let (_, datagram) = send(&mut self.server, packet, self.now)?;
        deliver(&mut self.client, self.server_path, &datagram, self.now)
    }
}

#[derive(Default)]
pub(crate) struct Delivered {
    pub(crate) to_server: Vec<Vec<u8>>,
    pub(crate) to_client: Vec<Vec<u8>>,
    pub(crate) datagrams: usize,
}

/// A packet from the client to the server's inner address.
pub(crate) fn up(body: &[u8]) -> Vec<u8> {
    udp(ip("10.0.0.2"), ip("10.0.0.1"), body)
}

pub(crate) fn down(body: &[u8]) -> Vec<u8> {
    udp(ip("10.0.0.1"), ip("10.0.0.2"), body)
}
