//! Bodies of the fuzz targets, here so that `cargo test` replays the corpus through the same code.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use super::cookie::MacKeys;
use super::packet;
use super::translate::{Direction, Shared, Translation, rewrite};
use super::{
    Addressing, Config, DeviceConfig, Ecn, Engine, Outcome, Path, Prefix, PresharedKey, PrivateKey, PublicKey,
    SeededRng, Tai64N,
};

const SHARED: Shared = Shared {
    v4: Ipv4Addr::new(10, 66, 0, 2),
    v6: Ipv6Addr::new(0xfd66, 0, 0, 0, 0, 0, 0, 2),
};

/// A client and a server in the middle of a session; the input says what happens to them.
///
/// Input is a row of {operation, length, bytes}: bytes arrive at the server as they are, or with a
/// right first MAC; bytes are sealed by the client as an inner packet, by way of a sender that
/// does not check them; time passes; a datagram is repeated; the server's interface has a packet;
/// the wire is cut for a while.
pub fn datagrams(mut input: &[u8]) {
    let now = Instant::now();
    let mut talk = Talk::new(now);
    talk.settle();
    while let [operation, len, rest @ ..] = input {
        let (bytes, rest) = rest.split_at(usize::from(*len).min(rest.len()));
        input = rest;
        talk.step(*operation, *len, bytes);
        talk.settle();
    }
    // However wild that was, ten minutes later nothing of it is left.
    talk.now += Duration::from_secs(600);
    talk.server.handle_timeout(talk.now);
    assert_eq!(talk.server.poll_timeout(), None);
    assert_eq!(talk.server.residue(), 0);
    talk.client.remove_device(&talk.server.public_key());
    assert_eq!(talk.client.residue(), 0);
}

/// Writes the first MAC of a handshake message, which anybody can who knows the receiver's key.
pub fn sign_first_mac(message: &mut [u8], receiver: &PublicKey) {
    MacKeys::of(receiver).sign(message, None);
}

/// Any bytes through the address translation, both ways: what is accepted keeps its length and
/// comes back when the other way is taken.
pub fn translate(input: &[u8]) {
    let Some((&flags, bytes)) = input.split_first() else {
        return;
    };
    let direction = if flags & 1 == 0 { Direction::Up } else { Direction::Down };
    let mut bytes = bytes.to_vec();
    let Some(header) = packet::parse(&bytes) else {
        return;
    };
    bytes.truncate(header.len);
    let (from, other) = match direction {
        Direction::Up => (header.source, header.destination),
        Direction::Down => (header.destination, header.source),
    };
    let to = match from {
        IpAddr::V4(_) => IpAddr::V4(SHARED.v4),
        IpAddr::V6(_) => IpAddr::V6(SHARED.v6),
    };
    let mut changed = bytes.clone();
    if rewrite(&mut changed, direction, from, to).is_err() {
        return;
    }
    assert_eq!(changed.len(), bytes.len());
    let after = packet::parse(&changed).expect("a rewritten packet is a packet");
    let (ours, theirs) = match direction {
        Direction::Up => (after.source, after.destination),
        Direction::Down => (after.destination, after.source),
    };
    assert!(ours == to && theirs == other && after.len == header.len);
    let back = rewrite(&mut changed, direction, to, from);
    assert!(back.is_ok(), "what could be rewritten can be rewritten back");
}

struct Talk {
    client: Engine,
    server: Engine,
    now: Instant,
    last: Vec<u8>,
}

fn client_path() -> Path {
    Path::to(([192, 0, 2, 2], 1000).into())
}

fn server_path() -> Path {
    Path::to(([198, 51, 100, 1], 51820).into())
}

impl Talk {
    fn new(now: Instant) -> Self {
        let key = |byte| PrivateKey::from_bytes([byte; 32]);
        let config = |public_key, endpoint, addressing| DeviceConfig {
            public_key,
            preshared_key: PresharedKey::none(),
            slot: 1,
            keepalive_seconds: None,
            endpoint,
            addressing,
        };
        let mut server_config = Config::new(key(2));
        server_config.translation = Some(Translation {
            shared: SHARED,
            pool_v4: Ipv4Addr::new(100, 64, 0, 0),
            pool_v4_len: 10,
            pool_v6: Ipv6Addr::new(0xfd67, 1, 2, 3, 0, 0, 0, 0),
            reserved: 2,
        });
        let engine = |config, seed| {
            let wall = Tai64N::from_unix(Duration::from_secs(1_800_000_000));
            let rng = Box::new(SeededRng::new([seed; 32]));
            Engine::new(config, rng, now, wall).expect("the pools fit")
        };
        let mut client = engine(Config::new(key(1)), 1);
        let mut server = engine(server_config, 2);
        let everything = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), Ipv6Addr::UNSPECIFIED.into()]
            .map(|address| Prefix::new(address, 0).expect("zero bits always fit"));
        let to_server = config(
            server.public_key(),
            Some(server_path()),
            Addressing::Allowed(everything.to_vec()),
        );
        let to_client = config(client.public_key(), None, Addressing::Shared);
        client.put_device(to_server, now).expect("one device fits");
        server.put_device(to_client, now).expect("one device fits");
        let mut talk = Self {
            client,
            server,
            now,
            last: Vec::new(),
        };
        talk.seal(&PROBE);
        talk
    }

    fn step(&mut self, operation: u8, len: u8, bytes: &[u8]) {
        match operation % 7 {
            0 => self.at_server(bytes.to_vec()),
            1 => {
                let mut message = bytes.to_vec();
                if message.len() >= 32 {
                    MacKeys::of(&self.server.public_key()).sign(&mut message, None);
                }
                self.at_server(message);
            }
            2 => self.seal(bytes),
            3 => {
                self.now += Duration::from_millis(u64::from(len) * 250);
                self.client.handle_timeout(self.now);
                self.server.handle_timeout(self.now);
            }
            4 => self.at_server(self.last.clone()),
            5 => {
                let mut out = [0; 512];
                let mut inner = bytes.to_vec();
                let _ = self.server.handle_packet(&mut inner, &mut out, self.now);
            }
            // The wire is cut: the client tries in vain.
            _ => {
                self.now += Duration::from_secs(200);
                self.seal(bytes);
                let mut out = [0; 512];
                while self.client.poll_transmit(&mut out).is_some() {}
                self.seal(bytes);
            }
        }
    }

    fn seal(&mut self, inner: &[u8]) {
        let mut out = [0; 512];
        // Not `handle_packet`, which would refuse what is no packet.
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let sent = self.client.forward(0, nowhere, &mut inner.to_vec(), &mut out, self.now);
        if let Some(transmit) = sent {
            self.last = out[..transmit.len].to_vec();
            self.at_server(self.last.clone());
        }
    }

    fn at_server(&mut self, mut datagram: Vec<u8>) {
        let outcome = self
            .server
            .handle_datagram(client_path(), Ecn::NotCapable, &mut datagram, self.now);
        if let Outcome::Packet { packet, .. } = outcome {
            let header = packet::parse(packet).expect("only whole packets are handed out");
            assert_eq!(header.len, packet.len());
            let is_internal = match header.source {
                IpAddr::V4(ip) => ip.octets()[0] == 100,
                IpAddr::V6(ip) => ip.segments()[0] == 0xfd67,
            };
            assert!(is_internal, "nothing leaves with the shared address");
        }
    }

    fn settle(&mut self) {
        let mut out = [0; 512];
        for _ in 0..64 {
            let mut quiet = true;
            while let Some(transmit) = self.client.poll_transmit(&mut out) {
                quiet = false;
                self.at_server(out[..transmit.len].to_vec());
            }
            while let Some(transmit) = self.server.poll_transmit(&mut out) {
                quiet = false;
                let datagram = &mut out[..transmit.len];
                self.client
                    .handle_datagram(server_path(), Ecn::NotCapable, datagram, self.now);
            }
            if quiet {
                return;
            }
        }
        panic!("two engines talk without end");
    }
}

/// A whole IPv4 packet without a payload that anybody understands.
const PROBE: [u8; 20] = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 50, 0, 0, 10, 66, 0, 2, 192, 0, 2, 1];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_but_no_packet_is_dropped_and_counted() {
        let mut talk = Talk::new(Instant::now());
        talk.settle();
        assert_eq!(talk.server.counters().malformed_packet, 0);
        let mut too_long = PROBE;
        too_long[3] = 200;
        for inner in [&[0x45][..], &[0; 40], &[0x65; 40], &too_long] {
            talk.seal(inner);
        }
        assert_eq!(talk.server.counters().malformed_packet, 4);
        assert_eq!(talk.server.counters().keepalives, 0);
    }
}
