//! An independent implementation as oracle: boringtun's `Tunn` on the other end, in both roles,
//! with data both ways.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

use std::time::{Duration, Instant};

use boringtun::noise::{Tunn, TunnResult};
use boringtun::x25519::{PublicKey as TheirPublicKey, StaticSecret};
use vpn::proto::{
    Addressing, Config, DeviceConfig, Ecn, Engine, Outcome, Path, Prefix, PresharedKey, PrivateKey, PublicKey,
    SeededRng, Tai64N,
};

const OURS: [u8; 32] = [1; 32];
const THEIRS: [u8; 32] = [2; 32];
const PSK: [u8; 32] = [3; 32];

fn theirs(psk: bool) -> Tunn {
    let our_public = TheirPublicKey::from(&StaticSecret::from(OURS));
    let psk = psk.then_some(PSK);
    Tunn::new(StaticSecret::from(THEIRS), our_public, psk, None, 7, None)
}

fn ours(psk: bool, now: Instant) -> Engine {
    let rng = Box::new(SeededRng::new([9; 32]));
    let since_epoch = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let config = Config::new(PrivateKey::from_bytes(OURS));
    let mut engine = Engine::new(config, rng, now, Tai64N::from_unix(since_epoch)).unwrap();
    let their_public = TheirPublicKey::from(&StaticSecret::from(THEIRS));
    let prefix = Prefix::new("10.0.0.0".parse().unwrap(), 8).unwrap();
    let device = DeviceConfig {
        public_key: PublicKey::from_bytes(their_public.to_bytes()),
        preshared_key: if psk {
            PresharedKey::from_bytes(PSK)
        } else {
            PresharedKey::none()
        },
        slot: 0,
        keepalive_seconds: None,
        endpoint: Some(path()),
        addressing: Addressing::Allowed(vec![prefix]),
    };
    engine.put_device(device, now).unwrap();
    engine
}

fn path() -> Path {
    Path::to("192.0.2.1:51820".parse().unwrap())
}

/// A bare IPv4 packet whose body is `body`; nobody looks at checksums here.
fn packet(body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 20 + body.len() as u8, 0, 0, 0, 0, 64, 17, 0, 0];
    packet.extend_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend_from_slice(body);
    packet
}

/// Two ends and what has come out of each.
struct Pair {
    ours: Engine,
    theirs: Tunn,
    now: Instant,
    to_us: Vec<Vec<u8>>,
    to_them: Vec<Vec<u8>>,
}

impl Pair {
    fn new(psk: bool) -> Self {
        let now = Instant::now();
        Self {
            ours: ours(psk, now),
            theirs: theirs(psk),
            now,
            to_us: Vec::new(),
            to_them: Vec::new(),
        }
    }

    fn send_to_them(&mut self, packet: &[u8]) {
        let mut out = [0; 2048];
        let sent = self.ours.handle_packet(&mut packet.to_vec(), &mut out, self.now);
        if let Some(transmit) = sent {
            self.at_them(&out[..transmit.len]);
        }
        self.settle();
    }

    fn send_to_us(&mut self, packet: &[u8]) {
        let mut out = [0; 2048];
        let result = self.theirs.encapsulate(packet, &mut out);
        if let TunnResult::WriteToNetwork(datagram) = result {
            let mut datagram = datagram.to_vec();
            self.at_us(&mut datagram);
        }
        self.settle();
    }

    fn at_us(&mut self, datagram: &mut [u8]) {
        if let Outcome::Packet { packet, .. } = self.ours.handle_datagram(path(), Ecn::NotCapable, datagram, self.now) {
            self.to_us.push(packet.to_vec());
        }
    }

    fn at_them(&mut self, datagram: &[u8]) {
        let mut input = datagram.to_vec();
        loop {
            let mut out = [0; 2048];
            match self.theirs.decapsulate(None, &input, &mut out) {
                TunnResult::WriteToNetwork(reply) => {
                    let mut reply = reply.to_vec();
                    self.at_us(&mut reply);
                    input.clear();
                }
                TunnResult::WriteToTunnelV4(packet, _) => {
                    self.to_them.push(packet.to_vec());
                    return;
                }
                TunnResult::WriteToTunnelV6(..) | TunnResult::Done => return,
                TunnResult::Err(error) => panic!("boringtun says {error:?}"),
            }
        }
    }

    fn settle(&mut self) {
        let mut out = [0; 2048];
        while let Some(transmit) = self.ours.poll_transmit(&mut out) {
            self.at_them(&out[..transmit.len]);
        }
    }

    fn talk(&mut self) {
        for round in 0..50u8 {
            let body = vec![round; usize::from(round)];
            self.send_to_them(&packet(&body));
            self.send_to_us(&packet(&body));
            assert_eq!(self.to_them.pop(), Some(packet(&body)));
            assert_eq!(self.to_us.pop(), Some(packet(&body)));
        }
    }
}

#[test]
fn we_initiate_and_they_respond() {
    for psk in [false, true] {
        let mut pair = Pair::new(psk);
        pair.send_to_them(&packet(b"first"));
        assert_eq!(pair.to_them.pop(), Some(packet(b"first")));
        pair.talk();
        assert_eq!(pair.ours.counters().initiations_answered, 0);
    }
}

#[test]
fn they_initiate_and_we_respond() {
    for psk in [false, true] {
        let mut pair = Pair::new(psk);
        pair.send_to_us(&packet(b"first"));
        assert_eq!(pair.to_us.pop(), Some(packet(b"first")));
        pair.talk();
        assert_eq!(pair.ours.counters().initiations_sent, 0);
    }
}

#[test]
fn we_renew_and_they_follow() {
    let mut pair = Pair::new(true);
    pair.send_to_them(&packet(b"first"));
    pair.to_them.clear();
    // Our clock runs ahead, theirs stands still, which makes them the patient side.
    pair.now += Duration::from_secs(121);
    pair.send_to_them(&packet(b"renew"));
    pair.to_them.clear();
    pair.talk();
    assert_eq!(pair.ours.counters().sessions, 2);
}

#[test]
fn a_key_that_is_not_shared_is_refused() {
    let mut pair = Pair::new(true);
    pair.theirs = theirs(false);
    pair.send_to_them(&packet(b"first"));
    assert!(pair.to_them.is_empty());
    assert_eq!(pair.ours.counters().handshake_refused, 1);
}
