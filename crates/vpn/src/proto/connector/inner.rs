//! What the connector reads of a packet, and the packets that it makes (RFC 791, RFC 8200, RFC 768).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::limits::EXTENSION_HEADERS;
use crate::proto::checksum::sum;
use crate::proto::message::part;
use crate::proto::packet::{V4_HEADER_LEN, V6_HEADER_LEN, parse, u16_at};

pub(crate) const ICMP: u8 = 1;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const ICMPV6: u8 = 58;
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION_OPTIONS: u8 = 60;
/// RFC 6864: what the hop limit of a new packet is; the value that Linux has.
const HOP_LIMIT: u8 = 64;
pub(crate) const UDP_HEADER_LEN: usize = 8;
const FRAGMENT_HEADER_LEN: usize = 8;

/// One packet, taken apart.
pub(crate) struct Inner<'p> {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) protocol: u8,
    /// What follows the headers of the Internet protocol, or a piece of it.
    pub(crate) payload: &'p [u8],
    /// The packet must not be cut on its way. IPv6 packets never are.
    pub(crate) is_whole: bool,
    pub(crate) piece: Option<Piece>,
    /// No header lies between the fixed one and the payload.
    pub(crate) is_plain: bool,
}

/// Which piece of a datagram a fragment is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Piece {
    pub(crate) identification: u32,
    /// In bytes.
    pub(crate) offset: usize,
    pub(crate) is_last: bool,
}

/// Takes a packet apart; `None` for what is no packet, or one that nobody sends.
pub(crate) fn read(bytes: &[u8]) -> Option<Inner<'_>> {
    let header = parse(bytes)?;
    let bytes = &bytes[..header.len];
    match (header.source, header.destination) {
        (IpAddr::V4(_), IpAddr::V4(_)) => {
            let flags = u16_at(bytes, 6);
            let (offset, more) = (usize::from(flags & 0x1fff) * 8, flags & 0x2000 != 0);
            let piece = (offset > 0 || more).then(|| Piece {
                identification: u16_at(bytes, 4).into(),
                offset,
                is_last: !more,
            });
            let header_len = usize::from(bytes[0] & 0x0f) * 4;
            Some(Inner {
                source: header.source,
                destination: header.destination,
                protocol: bytes[9],
                payload: &bytes[header_len..],
                is_whole: flags & 0x4000 != 0,
                piece,
                is_plain: header_len == V4_HEADER_LEN,
            })
        }
        _ => read_v6(bytes, header.source, header.destination),
    }
}

fn read_v6(bytes: &[u8], source: IpAddr, destination: IpAddr) -> Option<Inner<'_>> {
    let (mut protocol, mut at, mut piece) = (bytes[6], V6_HEADER_LEN, None);
    for _ in 0..EXTENSION_HEADERS {
        let rest = &bytes[at..];
        match protocol {
            HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS => {
                let &[next, eights, _, left, ..] = rest else {
                    return None;
                };
                // RFC 8200, section 4.4: a routing header with segments left is for another node.
                if protocol == ROUTING && left != 0 {
                    return None;
                }
                at += (usize::from(eights) + 1) * 8;
                protocol = next;
            }
            FRAGMENT if piece.is_none() => {
                if rest.len() < FRAGMENT_HEADER_LEN {
                    return None;
                }
                let word = u16_at(rest, 2);
                piece = Some(Piece {
                    identification: u32::from_be_bytes(part(rest, 4)),
                    offset: usize::from(word & !7),
                    is_last: word & 1 == 0,
                });
                protocol = rest[0];
                at += FRAGMENT_HEADER_LEN;
                // RFC 8200, section 4.5: what follows in a piece is payload.
                break;
            }
            _ => break,
        }
        if at > bytes.len() {
            return None;
        }
    }
    // RFC 6946: a fragment that is the whole datagram.
    if let Some(Piece {
        offset: 0,
        is_last: true,
        ..
    }) = piece
    {
        piece = None;
    }
    Some(Inner {
        source,
        destination,
        protocol,
        payload: bytes.get(at..)?,
        is_whole: true,
        piece,
        is_plain: at == V6_HEADER_LEN,
    })
}

/// Ports and payload of a UDP datagram whose length and checksum are right (RFC 768; RFC 8200, section 8.1: over IPv6
/// there must be a checksum).
pub(crate) fn read_udp(source: IpAddr, destination: IpAddr, datagram: &[u8]) -> Option<(u16, u16, &[u8])> {
    if datagram.len() < UDP_HEADER_LEN {
        return None;
    }
    let len = usize::from(u16_at(datagram, 4));
    if len < UDP_HEADER_LEN || len > datagram.len() {
        return None;
    }
    let datagram = &datagram[..len];
    let is_unchecked = u16_at(datagram, 6) == 0;
    let is_right = match is_unchecked {
        true => source.is_ipv4(),
        false => transport_sum(source, destination, UDP, datagram) == 0xffff,
    };
    let (from, to) = (u16_at(datagram, 0), u16_at(datagram, 2));
    (is_right && from != 0 && to != 0).then(|| (from, to, &datagram[UDP_HEADER_LEN..]))
}

/// A UDP datagram.
pub(crate) fn udp(source: (IpAddr, u16), destination: (IpAddr, u16), payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::with_capacity(UDP_HEADER_LEN + payload.len());
    // Sockets receive no more than 65,507 bytes.
    let len = u16::try_from(UDP_HEADER_LEN + payload.len()).unwrap_or(u16::MAX);
    for word in [source.1, destination.1, len, 0] {
        datagram.extend(word.to_be_bytes());
    }
    datagram.extend(payload);
    let checksum = match !transport_sum(source.0, destination.0, UDP, &datagram) {
        0 => 0xffff,
        other => other,
    };
    datagram[6..8].copy_from_slice(&checksum.to_be_bytes());
    datagram
}

/// The sum of the pseudo-header and a message, 0xffff when it includes a correct checksum (RFC 9293, section 3.1;
/// RFC 8200, section 8.1).
pub(crate) fn transport_sum(source: IpAddr, destination: IpAddr, protocol: u8, message: &[u8]) -> u16 {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
    let tail = [0, 0, 0, protocol];
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            sum(&[&source.octets(), &destination.octets(), &tail, &length, message])
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            sum(&[&source.octets(), &destination.octets(), &tail, &length, message])
        }
        _ => 0,
    }
}

/// One packet around a payload.
pub(crate) fn packet(source: IpAddr, destination: IpAddr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    piece(source, destination, protocol, payload, None)
}

/// One packet, or as many pieces as the tunnel's MTU asks for.
pub(crate) fn packets(
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    payload: &[u8],
    mtu: usize,
    identification: u32,
) -> Vec<Vec<u8>> {
    let headers = match source {
        IpAddr::V4(_) => V4_HEADER_LEN,
        IpAddr::V6(_) => V6_HEADER_LEN,
    };
    if headers + payload.len() <= mtu {
        return vec![packet(source, destination, protocol, payload)];
    }
    let headers = if source.is_ipv4() {
        headers
    } else {
        headers + FRAGMENT_HEADER_LEN
    };
    // RFC 791: "The fragment offset is measured in units of 8 octets".
    let step = (mtu - headers) / 8 * 8;
    let count = payload.len().div_ceil(step);
    let parts = payload.chunks(step).enumerate();
    parts
        .map(|(index, bytes)| {
            let of = Piece {
                identification,
                offset: index * step,
                is_last: index + 1 == count,
            };
            piece(source, destination, protocol, bytes, Some(of))
        })
        .collect()
}

fn piece(source: IpAddr, destination: IpAddr, protocol: u8, payload: &[u8], piece: Option<Piece>) -> Vec<u8> {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => piece_v4(source, destination, protocol, payload, piece),
        (IpAddr::V6(source), IpAddr::V6(destination)) => piece_v6(source, destination, protocol, payload, piece),
        // Both ends of a flow are of one family.
        _ => Vec::new(),
    }
}

fn piece_v4(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, payload: &[u8], piece: Option<Piece>) -> Vec<u8> {
    let len = u16::try_from(V4_HEADER_LEN + payload.len()).unwrap_or(u16::MAX);
    let (identification, flags) = match piece {
        // RFC 6864: a datagram that must not be cut needs no identification.
        None => (0, 0x4000),
        Some(piece) => {
            let more = if piece.is_last { 0 } else { 0x2000 };
            ((piece.identification & 0xffff) as u16, (piece.offset / 8) as u16 | more)
        }
    };
    let mut packet = Vec::with_capacity(usize::from(len));
    packet.extend([0x45, 0]);
    packet.extend(len.to_be_bytes());
    packet.extend(identification.to_be_bytes());
    packet.extend(flags.to_be_bytes());
    packet.extend([HOP_LIMIT, protocol, 0, 0]);
    packet.extend(source.octets());
    packet.extend(destination.octets());
    let checksum = !sum(&[&packet]);
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    packet.extend(payload);
    packet
}

fn piece_v6(source: Ipv6Addr, destination: Ipv6Addr, protocol: u8, payload: &[u8], piece: Option<Piece>) -> Vec<u8> {
    let extension = if piece.is_some() { FRAGMENT_HEADER_LEN } else { 0 };
    let len = u16::try_from(extension + payload.len()).unwrap_or(u16::MAX);
    let mut packet = Vec::with_capacity(V6_HEADER_LEN + usize::from(len));
    packet.extend([0x60, 0, 0, 0]);
    packet.extend(len.to_be_bytes());
    packet.extend([if piece.is_some() { FRAGMENT } else { protocol }, HOP_LIMIT]);
    packet.extend(source.octets());
    packet.extend(destination.octets());
    if let Some(piece) = piece {
        let more = u16::from(!piece.is_last);
        packet.extend([protocol, 0]);
        packet.extend((piece.offset as u16 & !7 | more).to_be_bytes());
        packet.extend(piece.identification.to_be_bytes());
    }
    packet.extend(payload);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(is_v4: bool) -> (IpAddr, IpAddr) {
        match is_v4 {
            true => ("192.0.2.1".parse().unwrap(), "100.64.3.4".parse().unwrap()),
            false => ("2001:db8::1".parse().unwrap(), "fd66::9".parse().unwrap()),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for is_v4 in [true, false] {
            let (from, to) = ends(is_v4);
            for len in [0, 1, 7, 1300] {
                let payload: Vec<u8> = (0..len).map(|byte| byte as u8).collect();
                let datagram = udp((from, 53), (to, 4000), &payload);
                let bytes = packet(from, to, UDP, &datagram);
                let inner = read(&bytes).unwrap();
                assert!((inner.source, inner.destination) == (from, to) && inner.is_plain && inner.piece.is_none());
                let (source, destination, read) = read_udp(from, to, inner.payload).unwrap();
                assert_eq!((source, destination, read), (53, 4000, payload.as_slice()));
                if is_v4 {
                    assert_eq!(sum(&[&bytes[..20]]), 0xffff);
                }
            }
        }
    }

    #[test]
    fn a_changed_octet_is_noticed() {
        for is_v4 in [true, false] {
            let (from, to) = ends(is_v4);
            let mut datagram = udp((from, 53), (to, 4000), b"payload");
            for at in 0..datagram.len() {
                datagram[at] ^= 0x10;
                assert!(read_udp(from, to, &datagram).is_none(), "octet {at}");
                datagram[at] ^= 0x10;
            }
            datagram[6..8].copy_from_slice(&[0, 0]);
            assert_eq!(
                read_udp(from, to, &datagram).is_some(),
                is_v4,
                "IPv6 has no unchecked datagrams"
            );
        }
    }

    #[test]
    fn pieces_fit_into_the_tunnel_and_cover_everything_once() {
        for is_v4 in [true, false] {
            let (from, to) = ends(is_v4);
            let payload: Vec<u8> = (0..5000u32).map(|byte| byte as u8).collect();
            for mtu in [1280, 1420, 1421] {
                let cut = packets(from, to, UDP, &payload, mtu, 0xabcd);
                let mut next = 0;
                for (index, bytes) in cut.iter().enumerate() {
                    assert!(bytes.len() <= mtu);
                    let inner = read(bytes).unwrap();
                    let piece = inner.piece.unwrap();
                    assert_eq!((piece.offset, piece.identification), (next, 0xabcd));
                    assert_eq!(piece.is_last, index + 1 == cut.len());
                    assert_eq!(inner.payload, &payload[next..next + inner.payload.len()]);
                    next += inner.payload.len();
                }
                assert_eq!(next, 5000);
            }
            assert_eq!(packets(from, to, UDP, &payload[..1200], 1420, 1).len(), 1);
        }
    }

    #[test]
    fn ipv6_headers_are_looked_through_and_a_source_route_is_not_followed() {
        let (from, to) = ends(false);
        let datagram = udp((from, 1), (to, 2), b"x");
        let mut options = vec![UDP, 0, 1, 4, 0, 0, 0, 0];
        options.extend(&datagram);
        let bytes = packet(from, to, DESTINATION_OPTIONS, &options);
        let inner = read(&bytes).unwrap();
        assert!(inner.protocol == UDP && inner.payload == datagram && !inner.is_plain);
        options[3] = 1;
        assert!(read(&packet(from, to, ROUTING, &options)).is_none());
        assert!(read(&packet(from, to, DESTINATION_OPTIONS, &[UDP, 9, 0, 0])).is_none());
    }
}
