//! Random packets of every kind keep right checksums, and down undoes up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::rewrite::{Direction, Refusal, rewrite};
use crate::proto::checksum::sum;

const SHARED_V4: [u8; 4] = [10, 66, 0, 2];
const SHARED_V6: [u8; 16] = [0xfd, 0x66, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMP_V6: u8 = 58;

/// What a packet carries.
#[derive(Clone, Debug)]
enum Payload {
    Tcp(Vec<u8>),
    Udp(Vec<u8>),
    UdpWithoutChecksum(Vec<u8>),
    Dccp(Vec<u8>),
    UdpLite(Vec<u8>),
    Echo(Vec<u8>),
    Other(Vec<u8>),
    /// An ICMP error that quotes the first bytes of a packet the other way.
    Error(Box<Payload>, usize),
}

/// How IPv6 gets there.
#[derive(Clone, Copy, Debug)]
enum Extension {
    HopByHop(u8),
    Destination(u8),
    Routing(u8),
    Authentication(u8),
    /// A fragment header of a packet that is not fragmented (RFC 6946).
    AtomicFragment,
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..90)
}

fn plain() -> impl Strategy<Value = Payload> {
    prop_oneof![
        bytes().prop_map(Payload::Tcp),
        bytes().prop_map(Payload::Udp),
        bytes().prop_map(Payload::UdpWithoutChecksum),
        bytes().prop_map(Payload::Dccp),
        bytes().prop_map(Payload::UdpLite),
        bytes().prop_map(Payload::Echo),
        bytes().prop_map(Payload::Other),
    ]
}

fn payload() -> impl Strategy<Value = Payload> {
    prop_oneof![
        3 => plain(),
        // Cut between words: half a checksum cannot be changed, and nobody can check it either.
        2 => (plain(), 4usize..60)
            .prop_map(|(quoted, words)| Payload::Error(Box::new(quoted), 2 * words)),
    ]
}

fn extensions() -> impl Strategy<Value = Vec<Extension>> {
    let one = prop_oneof![
        (0u8..3).prop_map(Extension::HopByHop),
        (0u8..3).prop_map(Extension::Destination),
        (0u8..3).prop_map(Extension::Routing),
        (1u8..5).prop_map(Extension::Authentication),
        Just(Extension::AtomicFragment),
    ];
    proptest::collection::vec(one, 0..4)
}

fn number(protocol: &Payload, six: bool) -> u8 {
    match protocol {
        Payload::Tcp(_) => TCP,
        Payload::Udp(_) | Payload::UdpWithoutChecksum(_) => UDP,
        Payload::Dccp(_) => 33,
        Payload::UdpLite(_) => 136,
        Payload::Other(_) => 50,
        Payload::Echo(_) | Payload::Error(..) if six => ICMP_V6,
        Payload::Echo(_) | Payload::Error(..) => ICMP,
    }
}

fn pseudo(source: &[u8], destination: &[u8], protocol: u8, len: usize) -> Vec<u8> {
    [source, destination, &(len as u32).to_be_bytes(), &[0, 0, 0, protocol]].concat()
}

/// Where the checksum of this payload is, and whether it covers the addresses.
fn checksum_place(payload: &Payload, six: bool) -> Option<(usize, bool)> {
    match payload {
        Payload::Tcp(_) => Some((16, true)),
        Payload::Udp(_) | Payload::Dccp(_) | Payload::UdpLite(_) => Some((6, true)),
        Payload::Echo(_) | Payload::Error(..) => Some((2, six)),
        Payload::UdpWithoutChecksum(_) | Payload::Other(_) => None,
    }
}

fn serialize(payload: &Payload, source: &[u8], destination: &[u8]) -> Vec<u8> {
    let six = source.len() == 16;
    let head = |len: usize| -> Vec<u8> { (1..=len as u8).collect() };
    let mut out = match payload {
        Payload::Tcp(body) => [head(20), body.clone()].concat(),
        Payload::Udp(body) | Payload::UdpLite(body) => [head(8), body.clone()].concat(),
        Payload::UdpWithoutChecksum(body) => [&head(6), &[0, 0][..], body].concat(),
        Payload::Dccp(body) => [head(12), body.clone()].concat(),
        Payload::Other(body) => body.clone(),
        Payload::Echo(body) => {
            let kind = if six { 128 } else { 8 };
            [&[kind, 0, 0, 0, 9, 9, 9, 9][..], body].concat()
        }
        Payload::Error(quoted, cut) => {
            let kind = if six { 1 } else { 3 };
            let mut quoted = packet(quoted, destination, source, &[]);
            // At least the header and eight bytes (RFC 792); IPv6 errors quote more.
            let least = if six { 40 } else { 28 };
            quoted.truncate(least + cut);
            [&[kind, 4, 0, 0, 0, 0, 0, 0][..], &quoted].concat()
        }
    };
    if let Some((at, is_pseudo)) = checksum_place(payload, six) {
        out[at..at + 2].fill(0);
        let pseudo = if is_pseudo {
            pseudo(source, destination, number(payload, six), out.len())
        } else {
            Vec::new()
        };
        let mut value = !sum(&[&pseudo, &out]);
        if value == 0 && matches!(payload, Payload::Udp(_) | Payload::UdpLite(_)) {
            value = 0xffff;
        }
        out[at..at + 2].copy_from_slice(&value.to_be_bytes());
    }
    out
}

fn packet(payload: &Payload, source: &[u8], destination: &[u8], extensions: &[Extension]) -> Vec<u8> {
    let body = serialize(payload, source, destination);
    if source.len() == 4 {
        v4(number(payload, false), source, destination, &body, 0)
    } else {
        v6(number(payload, true), source, destination, &body, extensions)
    }
}

fn v4(protocol: u8, source: &[u8], destination: &[u8], body: &[u8], fragment: u16) -> Vec<u8> {
    // One header in three has options.
    let options = vec![1; if body.len().is_multiple_of(3) { 8 } else { 0 }];
    let header_len = 20 + options.len();
    let mut out = vec![0x40 | (header_len / 4) as u8, 0];
    out.extend_from_slice(&((header_len + body.len()) as u16).to_be_bytes());
    out.extend_from_slice(&[0x12, 0x34]);
    out.extend_from_slice(&fragment.to_be_bytes());
    out.extend_from_slice(&[64, protocol, 0, 0]);
    out.extend_from_slice(source);
    out.extend_from_slice(destination);
    out.extend_from_slice(&options);
    let checksum = !sum(&[&out]);
    out[10..12].copy_from_slice(&checksum.to_be_bytes());
    out.extend_from_slice(body);
    out
}

fn v6(protocol: u8, source: &[u8], destination: &[u8], body: &[u8], extensions: &[Extension]) -> Vec<u8> {
    let number = |extension: &Extension| match extension {
        Extension::HopByHop(_) => 0,
        Extension::Destination(_) => 60,
        Extension::Routing(_) => 43,
        Extension::Authentication(_) => 51,
        Extension::AtomicFragment => 44,
    };
    let mut chain = Vec::new();
    for (at, extension) in extensions.iter().enumerate() {
        let next = extensions.get(at + 1).map_or(protocol, number);
        match *extension {
            Extension::HopByHop(units) | Extension::Destination(units) => {
                chain.extend_from_slice(&[next, units]);
                chain.extend(std::iter::repeat_n(1, 6 + usize::from(units) * 8));
            }
            Extension::Routing(units) => {
                chain.extend_from_slice(&[next, units, 4, 0]);
                chain.extend(std::iter::repeat_n(7, 4 + usize::from(units) * 8));
            }
            Extension::Authentication(units) => {
                chain.extend_from_slice(&[next, units]);
                chain.extend(std::iter::repeat_n(3, 6 + usize::from(units) * 4));
            }
            Extension::AtomicFragment => {
                chain.extend_from_slice(&[next, 0, 0, 0, 1, 2, 3, 4]);
            }
        }
    }
    let mut out = vec![0x60, 0, 0, 0];
    out.extend_from_slice(&((chain.len() + body.len()) as u16).to_be_bytes());
    out.extend_from_slice(&[extensions.first().map_or(protocol, number), 64]);
    out.extend_from_slice(source);
    out.extend_from_slice(destination);
    out.extend_from_slice(&chain);
    out.extend_from_slice(body);
    out
}

fn address(octets: &[u8]) -> IpAddr {
    match octets.len() {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(octets).unwrap()).into(),
        _ => Ipv6Addr::from(<[u8; 16]>::try_from(octets).unwrap()).into(),
    }
}

/// Bytes without their checksums: equal modulo the two representations of zero, which only the
/// checksums themselves can have.
fn assert_same(got: &[u8], built: &[u8]) -> Result<(), TestCaseError> {
    if got == built {
        return Ok(());
    }
    prop_assert_eq!(got.len(), built.len());
    for (at, (one, other)) in got.chunks(2).zip(built.chunks(2)).enumerate() {
        let zeros = [[0u8, 0], [0xff, 0xff]];
        let is_zero = |pair: &[u8]| zeros.iter().any(|zero| zero == pair);
        prop_assert!(
            one == other || (is_zero(one) && is_zero(other)),
            "word {} differs: {:?} {:?}",
            at,
            one,
            other
        );
    }
    Ok(())
}

/// Rewriting must give what a stack would have built with the other address, both ways.
fn check(
    payload: &Payload,
    shared: &[u8],
    internal: &[u8],
    remote: &[u8],
    extensions: &[Extension],
) -> Result<(), TestCaseError> {
    let (from, to) = (address(shared), address(internal));
    let mut up = packet(payload, shared, remote, extensions);
    rewrite(&mut up, Direction::Up, from, to).unwrap();
    assert_same(&up, &packet(payload, internal, remote, extensions))?;
    rewrite(&mut up, Direction::Up, to, from).unwrap();
    assert_same(&up, &packet(payload, shared, remote, extensions))?;

    let mut down = packet(payload, remote, internal, extensions);
    rewrite(&mut down, Direction::Down, to, from).unwrap();
    assert_same(&down, &packet(payload, remote, shared, extensions))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn v4_is_as_if_built_with_the_other_address(
        payload in payload(), internal: [u8; 4], remote: [u8; 4],
    ) {
        check(&payload, &SHARED_V4, &internal, &remote, &[])?;
    }

    #[test]
    fn v6_is_as_if_built_with_the_other_address(
        payload in payload(), internal: [u8; 16], remote: [u8; 16], extensions in extensions(),
    ) {
        check(&payload, &SHARED_V6, &internal, &remote, &extensions)?;
    }

    #[test]
    fn fragments_carry_their_part_of_a_checksum_over_the_whole(
        body in proptest::collection::vec(any::<u8>(), 16..200), internal: [u8; 4],
        remote: [u8; 4], cut in 1usize..3,
    ) {
        let whole = |source: &[u8]| serialize(&Payload::Tcp(body.clone()), source, &remote);
        let pieces = |source: &[u8]| {
            let whole = whole(source);
            let (first, rest) = whole.split_at((cut * 8).max(24).min(whole.len() / 8 * 8));
            let offset = (first.len() / 8) as u16;
            [
                v4(TCP, source, &remote, first, 0x2000),
                v4(TCP, source, &remote, rest, offset),
            ]
        };
        let (from, to) = (address(&SHARED_V4), address(&internal));
        for (mut piece, built) in pieces(&SHARED_V4).into_iter().zip(pieces(&internal)) {
            rewrite(&mut piece, Direction::Up, from, to).unwrap();
            assert_same(&piece, &built)?;
        }
    }

    #[test]
    fn noise_never_panics(
        mut noise in proptest::collection::vec(any::<u8>(), 0..200), six: bool, up: bool,
        next in prop_oneof![Just(0u8), Just(43), Just(44), Just(51), Just(60), Just(1), Just(58), Just(6)],
    ) {
        let direction = if up { Direction::Up } else { Direction::Down };
        if noise.len() >= 40 {
            noise[0] = if six { 0x60 } else { 0x45 };
            noise[if six { 6 } else { 9 }] = next;
        }
        let shared: &[u8] = if six { &SHARED_V6 } else { &SHARED_V4 };
        let _ = rewrite(&mut noise, direction, address(shared), address(&vec![9; shared.len()]));
    }
}

fn udp_v4(source: &[u8]) -> Vec<u8> {
    packet(&Payload::Udp(vec![1, 2, 3, 4]), source, &[192, 0, 2, 1], &[])
}

#[test]
fn another_address_is_refused() {
    let (from, to) = (address(&SHARED_V4), address(&[100, 64, 1, 1]));
    let mut other = udp_v4(&[10, 66, 0, 3]);
    assert_eq!(rewrite(&mut other, Direction::Up, from, to), Err(Refusal::Address));
    let mixed = address(&SHARED_V6);
    assert_eq!(
        rewrite(&mut udp_v4(&SHARED_V4), Direction::Up, from, mixed),
        Err(Refusal::Address)
    );
}

#[test]
fn an_error_about_a_packet_of_another_is_refused() {
    let quoted = packet(&Payload::Udp(vec![0; 8]), &[192, 0, 2, 1], &[10, 66, 0, 9], &[]);
    let mut body = vec![3, 3, 0, 0, 0, 0, 0, 0];
    body.extend_from_slice(&quoted);
    let mut error = v4(ICMP, &SHARED_V4, &[192, 0, 2, 1], &body, 0);
    let (from, to) = (address(&SHARED_V4), address(&[100, 64, 1, 1]));
    assert_eq!(rewrite(&mut error, Direction::Up, from, to), Err(Refusal::Address));
}

#[test]
fn a_transport_header_that_is_cut_is_refused() {
    let (from, to) = (address(&SHARED_V4), address(&[100, 64, 1, 1]));
    for (protocol, least) in [(TCP, 18), (UDP, 8), (ICMP, 8)] {
        let mut short = v4(protocol, &SHARED_V4, &[192, 0, 2, 1], &vec![8; least - 1], 0);
        assert_eq!(rewrite(&mut short, Direction::Up, from, to), Err(Refusal::Truncated));
        let mut enough = v4(protocol, &SHARED_V4, &[192, 0, 2, 1], &vec![8; least], 0);
        assert_eq!(rewrite(&mut enough, Direction::Up, from, to), Ok(()));
    }
}

#[test]
fn source_routes_and_endless_headers_are_refused() {
    let (from, to) = (address(&SHARED_V6), address(&[9; 16]));
    let udp = Payload::Udp(vec![0; 8]);
    let build = |count: usize| packet(&udp, &SHARED_V6, &[7; 16], &vec![Extension::HopByHop(0); count]);
    assert_eq!(rewrite(&mut build(7), Direction::Up, from, to), Ok(()));
    assert_eq!(
        rewrite(&mut build(8), Direction::Up, from, to),
        Err(Refusal::Unsupported)
    );
    let mut routed = packet(&udp, &SHARED_V6, &[7; 16], &[Extension::Routing(0)]);
    routed[43] = 1;
    assert_eq!(rewrite(&mut routed, Direction::Up, from, to), Err(Refusal::Unsupported));
}

#[test]
fn a_later_v6_fragment_has_no_header_to_change() {
    let (from, to) = (address(&SHARED_V6), address(&[9; 16]));
    let mut fragment = packet(
        &Payload::Udp(vec![1; 64]),
        &SHARED_V6,
        &[7; 16],
        &[Extension::AtomicFragment],
    );
    // Offset 8 eights, no more fragments.
    fragment[42..44].copy_from_slice(&(8u16 << 3).to_be_bytes());
    let before = fragment.clone();
    rewrite(&mut fragment, Direction::Up, from, to).unwrap();
    assert_eq!(fragment[24..], before[24..]);
    assert_eq!(fragment[8..24], [9; 16]);
}
