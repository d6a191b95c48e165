//! Body of the fuzz target, here so that `cargo test` replays the corpus through the same code.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use super::limits::WAITING_PACKETS;
use super::{Connector, Outcome, Refusal, Setup, inner};
use crate::proto::{Internal, SeededRng, Shared, Translation};

/// The networks of the target, which are those of the program.
#[doc(hidden)]
pub fn setup() -> Setup {
    Setup {
        mtu: 1420,
        translation: Translation {
            shared: Shared {
                v4: Ipv4Addr::new(10, 66, 0, 2),
                v6: Ipv6Addr::new(0xfd66, 0x8f1c, 0x2a47, 0, 0, 0, 0, 2),
            },
            pool_v4: Ipv4Addr::new(100, 64, 0, 0),
            pool_v4_len: 11,
            pool_v6: Ipv6Addr::new(0xfd66, 0x8f1c, 0x2a47, 1, 0, 0, 0, 0),
            reserved: 16,
        },
        gateway: Shared {
            v4: Ipv4Addr::new(10, 66, 0, 1),
            v6: Ipv6Addr::new(0xfd66, 0x8f1c, 0x2a47, 0, 0, 0, 0, 1),
        },
        echoes: true,
        excepted: Vec::new(),
    }
}

/// The member of the target.
#[doc(hidden)]
pub fn member() -> Internal {
    Internal {
        v4: Ipv4Addr::new(100, 64, 3, 4),
        v6: Ipv6Addr::new(0xfd66, 0x8f1c, 0x2a47, 1, 0, 0, 0, 9),
    }
}

/// Input is a row of {operation, length, bytes}: a packet arrives as it is, or with right checksums; the destination
/// accepts, refuses, sends, finishes or breaks off; time passes; the session ends.
pub fn packets(mut input: &[u8]) {
    let mut now = Instant::now();
    let mut connector = Connector::new(setup(), Box::new(SeededRng::new([7; 32])));
    let mut last = 0;
    while let [operation, len, rest @ ..] = input {
        let (bytes, rest) = rest.split_at(usize::from(*len).min(rest.len()));
        input = rest;
        match operation % 9 {
            0 => arrive(&mut connector, bytes, &mut last, now),
            1 => arrive(&mut connector, &mended(bytes), &mut last, now),
            2 => connector.connected(last, now),
            3 => connector.refused(last, (*len % 2 == 0).then_some(Refusal::NoWay)),
            4 => {
                connector.fill(last, |room| {
                    let count = bytes.len().min(room.len());
                    room[..count].copy_from_slice(&bytes[..count]);
                    (count, ())
                });
            }
            5 => connector.finish(last),
            6 => connector.reset(last),
            7 => now += Duration::from_millis(u64::from(*len) * 50),
            _ => {
                let from = (Ipv4Addr::new(192, 0, 2, 1), 53).into();
                connector.handle_answer(last, from, bytes);
                connector.handle_refusal(last, from, bytes, None, Refusal::TooLarge(1280));
            }
        }
        settle(&mut connector, last, now);
    }
    connector.free(member());
    connector.clear();
    // However wild that was, nothing of it is left when all sessions have ended.
    assert_eq!(connector.residue(), 0);
}

fn arrive(connector: &mut Connector, packet: &[u8], last: &mut u64, now: Instant) {
    match connector.handle_packet(packet, now) {
        Outcome::Nothing => {}
        Outcome::Connect { flow, to } => {
            assert!(!to.ip().is_loopback() && !to.ip().is_unspecified() && !to.ip().is_multicast());
            *last = flow;
        }
        Outcome::Attend(flow) => *last = flow,
        Outcome::Send { flow, to, payload, .. } => {
            assert!(!to.ip().is_loopback() && !to.ip().is_unspecified() && !to.ip().is_multicast());
            assert!(payload.len() <= usize::from(u16::MAX));
            *last = flow;
        }
    }
}

fn settle(connector: &mut Connector, last: u64, now: Instant) {
    connector.take(last, |bytes| (bytes.len(), ()));
    for flow in connector.handle_timeout(now).into_iter().chain([last]) {
        connector.attend(flow, now);
    }
    assert!(connector.waiting() <= 2 * WAITING_PACKETS);
    while let Some(packet) = connector.next_packet() {
        let inner = inner::read(packet).expect("what goes to members is a packet");
        let to_member = match inner.destination {
            IpAddr::V4(to) => to.octets()[0] == 100,
            IpAddr::V6(to) => to.octets()[0] == 0xfd,
        };
        assert!(to_member, "and goes to a session");
        assert!(packet.len() <= setup().mtu, "and fits into the tunnel");
        connector.packet_left();
    }
    while connector.poll_ended().is_some() {}
}

/// The packet with the checksums that its bytes ask for: a fuzzer does not find them.
fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let Some(inner) = inner::read(&bytes) else {
        return bytes;
    };
    let (source, destination, protocol) = (inner.source, inner.destination, inner.protocol);
    let mut payload = inner.payload.to_vec();
    if inner.piece.is_some() {
        return bytes;
    }
    let at = match protocol {
        inner::TCP => 16,
        inner::UDP => 6,
        inner::ICMP | inner::ICMPV6 => 2,
        _ => return bytes,
    };
    if payload.len() < at + 2 {
        return bytes;
    }
    payload[at..at + 2].copy_from_slice(&[0, 0]);
    let checksum = match protocol {
        inner::ICMP => !crate::proto::checksum::sum(&[&payload]),
        _ => !inner::transport_sum(source, destination, protocol, &payload),
    };
    payload[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
    let from = bytes.len().min(inner_end(&bytes)) - payload.len();
    bytes[from..from + payload.len()].copy_from_slice(&payload);
    bytes
}

fn inner_end(bytes: &[u8]) -> usize {
    crate::proto::packet::parse(bytes).map_or(bytes.len(), |header| header.len)
}
