//! Devices without a tunnel device: an engine and a socket each, so that hundreds fit into one test.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use sys::udp::Departure;
use sys::{NetNamespace, UdpSocket};
use vpn::proto::{
    Addressing, Config, DeviceConfig, Ecn, Engine, Outcome, Path, Prefix, PresharedKey, PrivateKey, SeededRng, Tai64N,
};

use super::world::{Keys, server_key};

/// The inner address of everybody.
const INNER: Ipv4Addr = Ipv4Addr::new(10, 66, 0, 2);

pub(crate) struct Light {
    engine: Engine,
    pub(crate) socket: UdpSocket,
    server: SocketAddr,
    room: Vec<u8>,
}

impl Light {
    /// A device in a place, which calls `server`.
    pub(crate) fn start(place: &NetNamespace, keys: &Keys, server: SocketAddr, seed: u64) -> Self {
        let now = Instant::now();
        let mut entropy = [7; 32];
        entropy[..8].copy_from_slice(&seed.to_le_bytes());
        let wall = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let mut engine = Engine::new(
            Config::new(PrivateKey::from_bytes(keys.private)),
            Box::new(SeededRng::new(entropy)),
            now,
            Tai64N::from_unix(wall),
        )
        .unwrap();
        let everything = Prefix::new(Ipv4Addr::UNSPECIFIED.into(), 0).unwrap();
        engine
            .put_device(
                DeviceConfig {
                    public_key: server_key().public(),
                    preshared_key: PresharedKey::from_bytes(keys.psk),
                    slot: 0,
                    keepalive_seconds: None,
                    endpoint: Some(Path::to(server)),
                    addressing: Addressing::Allowed(vec![everything]),
                },
                now,
            )
            .unwrap();
        Self {
            engine,
            socket: bind(place),
            server,
            room: vec![0; 65_536],
        }
    }

    /// Another port from now on, as behind a NAT that has forgotten.
    pub(crate) fn roam(&mut self, place: &NetNamespace) {
        self.socket = bind(place);
    }

    /// Sends a UDP packet through the tunnel.
    pub(crate) fn send(&mut self, to: (Ipv4Addr, u16), body: &[u8]) {
        let mut packet = udp(INNER, to, body);
        let mut out = [0; 2048];
        if let Some(transmit) = self.engine.handle_packet(&mut packet, &mut out, Instant::now()) {
            let _lost = self.socket.send(&out[..transmit.len], Departure::to(self.server));
        }
        self.flush();
    }

    /// Takes what has arrived, and gives the bodies of UDP packets.
    pub(crate) fn receive(&mut self) -> Vec<Vec<u8>> {
        let mut bodies = Vec::new();
        let path = Path::to(self.server);
        self.engine.handle_timeout(Instant::now());
        while let Ok(arrival) = self.socket.receive(&mut self.room) {
            let datagram = &mut self.room[..arrival.length];
            if let Outcome::Packet { packet, .. } =
                self.engine
                    .handle_datagram(path, Ecn::NotCapable, datagram, Instant::now())
            {
                bodies.push(packet[28..].to_vec());
            }
        }
        self.flush();
        bodies
    }

    /// The next datagram that would be sent, instead of sending it.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let mut out = [0; 2048];
        let transmit = self.engine.poll_transmit(&mut out).unwrap();
        out[..transmit.len].to_vec()
    }

    /// Wants to send, and keeps what comes of it.
    pub(crate) fn want(&mut self, to: (Ipv4Addr, u16)) {
        let mut out = [0; 2048];
        let sent = self
            .engine
            .handle_packet(&mut udp(INNER, to, b"x"), &mut out, Instant::now());
        assert!(sent.is_none());
    }

    fn flush(&mut self) {
        let mut out = [0; 2048];
        while let Some(transmit) = self.engine.poll_transmit(&mut out) {
            let _lost = self.socket.send(&out[..transmit.len], Departure::to(self.server));
        }
    }
}

pub(crate) fn bind(place: &NetNamespace) -> UdpSocket {
    place
        .run(|| UdpSocket::bind("0.0.0.0:0".parse().unwrap()))
        .unwrap()
        .unwrap()
}

/// An IPv4 packet with a UDP datagram that has no checksum (RFC 768 allows that).
fn udp(source: Ipv4Addr, to: (Ipv4Addr, u16), body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend_from_slice(&(28 + body.len() as u16).to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 0, 64, 17, 0, 0]);
    packet.extend_from_slice(&source.octets());
    packet.extend_from_slice(&to.0.octets());
    let words = packet
        .chunks(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let sum: u32 = words.sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    packet[10..12].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    packet.extend_from_slice(&4000u16.to_be_bytes());
    packet.extend_from_slice(&to.1.to_be_bytes());
    packet.extend_from_slice(&(8 + body.len() as u16).to_be_bytes());
    packet.extend_from_slice(&[0, 0]);
    packet.extend_from_slice(body);
    packet
}
