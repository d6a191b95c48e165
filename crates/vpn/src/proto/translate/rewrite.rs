//! One address in a packet becomes another, and every checksum over it follows.

use std::net::IpAddr;

use super::super::checksum::Delta;
use super::super::limits::EXTENSION_HEADERS;
use super::super::packet::{
    V4_DESTINATION, V4_HEADER_LEN, V4_SOURCE, V6_DESTINATION, V6_HEADER_LEN, V6_SOURCE, u16_at,
};

/// Why a packet cannot be rewritten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The address to replace is not the one in the packet, or an error quotes a packet of another.
    Address,
    /// A header ends before it should.
    Truncated,
    /// An IPv6 header whose meaning depends on an address elsewhere: source routes (RFC 5095), or
    /// more extension headers than anybody sends.
    Unsupported,
}

/// Which of a packet's addresses is the device's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    /// From the device: its address is the source.
    Up,
    /// To the device: its address is the destination.
    Down,
}

impl Direction {
    /// An ICMP error travels against the packet that it quotes.
    fn quoted(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }

    fn v4_offset(self) -> usize {
        match self {
            Self::Up => V4_SOURCE,
            Self::Down => V4_DESTINATION,
        }
    }

    fn v6_offset(self) -> usize {
        match self {
            Self::Up => V6_SOURCE,
            Self::Down => V6_DESTINATION,
        }
    }
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const DCCP: u8 = 33;
const UDP_LITE: u8 = 136;
const ICMP: u8 = 1;
const ICMP_V6: u8 = 58;
/// Bytes before the quoted packet in an ICMP or ICMPv6 error.
const ICMP_HEADER_LEN: usize = 8;
const ICMP_CHECKSUM: usize = 2;

/// Replaces `from` by `to` in a packet that has been checked to be whole, trimmed to its own length.
pub(crate) fn rewrite(packet: &mut [u8], direction: Direction, from: IpAddr, to: IpAddr) -> Result<(), Refusal> {
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => rewrite_v4(packet, direction, &from.octets(), &to.octets()),
        (IpAddr::V6(from), IpAddr::V6(to)) => rewrite_v6(packet, direction, &from.octets(), &to.octets()),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => Err(Refusal::Address),
    }
}

fn rewrite_v4(packet: &mut [u8], direction: Direction, from: &[u8; 4], to: &[u8; 4]) -> Result<(), Refusal> {
    let header = v4_header(packet)?;
    let payload = &mut packet[header.payload..];
    match header.protocol {
        // Nothing in the pseudo header, but errors quote the packet with our address in it.
        Some(ICMP) => {
            need(payload, ICMP_HEADER_LEN)?;
            if is_v4_error(payload[0]) && !header.is_fragmented {
                let quoted = &mut payload[ICMP_HEADER_LEN..];
                let change = rewrite_quoted_v4(quoted, direction.quoted(), from, to)?;
                change.apply(payload, ICMP_CHECKSUM);
            }
        }
        Some(protocol) => {
            if let Some(at) = checksum_offset(protocol) {
                need(payload, at + 2)?;
                apply_transport(address_change(from, to), protocol, payload, at);
            }
        }
        None => {}
    }
    let change = replace_address(packet, direction.v4_offset(), from, to)?;
    change.apply(packet, 10);
    Ok(())
}

fn rewrite_v6(packet: &mut [u8], direction: Direction, from: &[u8; 16], to: &[u8; 16]) -> Result<(), Refusal> {
    let header = v6_header(packet)?;
    let mut change = address_change(from, to);
    let payload = &mut packet[header.payload..];
    match header.protocol {
        Some(ICMP_V6) => {
            need(payload, ICMP_HEADER_LEN)?;
            // "error messages have message types from 0 to 127" (RFC 4443, section 2.1).
            if payload[0] < 128 && !header.is_fragmented {
                let quoted = &mut payload[ICMP_HEADER_LEN..];
                change = change.and(rewrite_quoted_v6(quoted, direction.quoted(), from, to)?);
            }
            change.apply(payload, ICMP_CHECKSUM);
        }
        Some(protocol) => {
            if let Some(at) = checksum_offset(protocol) {
                need(payload, at + 2)?;
                apply_transport(change, protocol, payload, at);
            }
        }
        None => {}
    }
    replace_address(packet, direction.v6_offset(), from, to)?;
    Ok(())
}

/// Rewrites the packet that an ICMP error quotes, which is usually cut short. The result is what
/// changed, for the checksum of the error itself.
fn rewrite_quoted_v4(quoted: &mut [u8], direction: Direction, from: &[u8; 4], to: &[u8; 4]) -> Result<Delta, Refusal> {
    let header = v4_header(quoted)?;
    let address = replace_address(quoted, direction.v4_offset(), from, to)?;
    let mut change = address.and(address.apply(quoted, 10));
    if let Some(protocol) = header.protocol {
        let payload = &mut quoted[header.payload..];
        if let Some(at) = checksum_offset(protocol)
            && payload.len() >= at + 2
        {
            change = change.and(apply_transport(address, protocol, payload, at));
        }
    }
    Ok(change)
}

fn rewrite_quoted_v6(
    quoted: &mut [u8],
    direction: Direction,
    from: &[u8; 16],
    to: &[u8; 16],
) -> Result<Delta, Refusal> {
    let address = {
        need(quoted, V6_HEADER_LEN)?;
        replace_address(quoted, direction.v6_offset(), from, to)?
    };
    // Cut within its extension headers, the quoted packet has no checksum left to change.
    let header = match v6_header(quoted) {
        Ok(header) => header,
        Err(Refusal::Truncated) => return Ok(address),
        Err(other) => return Err(other),
    };
    let Some(protocol) = header.protocol else {
        return Ok(address);
    };
    let payload = &mut quoted[header.payload..];
    let at = match protocol {
        ICMP_V6 => Some(ICMP_CHECKSUM),
        other => checksum_offset(other),
    };
    Ok(match at {
        Some(at) if payload.len() >= at + 2 => address.and(apply_transport(address, protocol, payload, at)),
        Some(_) | None => address,
    })
}

/// Where the transport header is, and whether it is there at all.
struct Layout {
    payload: usize,
    /// `None` in all but the first fragment.
    protocol: Option<u8>,
    is_fragmented: bool,
}

fn v4_header(bytes: &[u8]) -> Result<Layout, Refusal> {
    need(bytes, V4_HEADER_LEN)?;
    let payload = usize::from(bytes[0] & 0x0f) * 4;
    if bytes[0] >> 4 != 4 || payload < V4_HEADER_LEN {
        return Err(Refusal::Unsupported);
    }
    need(bytes, payload)?;
    let fragment = u16_at(bytes, 6);
    let (more, offset) = (fragment & 0x2000 != 0, fragment & 0x1fff);
    Ok(Layout {
        payload,
        protocol: (offset == 0).then_some(bytes[9]),
        is_fragmented: more || offset != 0,
    })
}

/// Walks the extension headers (RFC 8200, section 4; RFC 4302 for the authentication header).
fn v6_header(bytes: &[u8]) -> Result<Layout, Refusal> {
    const HOP_BY_HOP: u8 = 0;
    const ROUTING: u8 = 43;
    const FRAGMENT: u8 = 44;
    const AUTHENTICATION: u8 = 51;
    const DESTINATION_OPTIONS: u8 = 60;
    const MOBILITY: u8 = 135;
    const HOST_IDENTITY: u8 = 139;
    const SHIM6: u8 = 140;
    need(bytes, V6_HEADER_LEN)?;
    if bytes[0] >> 4 != 6 {
        return Err(Refusal::Unsupported);
    }
    let mut next = bytes[6];
    let mut at = V6_HEADER_LEN;
    let mut is_fragmented = false;
    for _ in 0..EXTENSION_HEADERS {
        let eights = match next {
            HOP_BY_HOP | DESTINATION_OPTIONS | MOBILITY | HOST_IDENTITY | SHIM6 => {
                need(bytes, at + 8)?;
                8 + usize::from(bytes[at + 1]) * 8
            }
            ROUTING => {
                need(bytes, at + 8)?;
                // With segments left, the checksum is over an address that is not in the header.
                if bytes[at + 3] != 0 {
                    return Err(Refusal::Unsupported);
                }
                8 + usize::from(bytes[at + 1]) * 8
            }
            AUTHENTICATION => {
                need(bytes, at + 8)?;
                8 + usize::from(bytes[at + 1]) * 4
            }
            FRAGMENT => {
                need(bytes, at + 8)?;
                let fragment = u16_at(bytes, at + 2);
                is_fragmented |= fragment & !6 != 0;
                if fragment >> 3 != 0 {
                    return Ok(Layout {
                        payload: at + 8,
                        protocol: None,
                        is_fragmented,
                    });
                }
                8
            }
            protocol => {
                return Ok(Layout {
                    payload: at,
                    protocol: Some(protocol),
                    is_fragmented,
                });
            }
        };
        next = bytes[at];
        at += eights;
        need(bytes, at)?;
    }
    Err(Refusal::Unsupported)
}

/// Where the transport header keeps a checksum over the pseudo header. SCTP and ESP have none.
fn checksum_offset(protocol: u8) -> Option<usize> {
    match protocol {
        TCP => Some(16),
        UDP | UDP_LITE | DCCP => Some(6),
        _ => None,
    }
}

fn apply_transport(change: Delta, protocol: u8, payload: &mut [u8], at: usize) -> Delta {
    match protocol {
        UDP | UDP_LITE => change.apply_to_udp(payload, at),
        _ => change.apply(payload, at),
    }
}

/// Destination unreachable, source quench, redirect, time exceeded, parameter problem (RFC 792).
fn is_v4_error(kind: u8) -> bool {
    matches!(kind, 3 | 4 | 5 | 11 | 12)
}

fn address_change(from: &[u8], to: &[u8]) -> Delta {
    let mut change = Delta::default();
    change.replace(from, to);
    change
}

fn replace_address(packet: &mut [u8], at: usize, from: &[u8], to: &[u8]) -> Result<Delta, Refusal> {
    let place = packet.get_mut(at..at + from.len()).ok_or(Refusal::Truncated)?;
    if place != from {
        return Err(Refusal::Address);
    }
    place.copy_from_slice(to);
    Ok(address_change(from, to))
}

fn need(bytes: &[u8], len: usize) -> Result<(), Refusal> {
    if bytes.len() < len {
        return Err(Refusal::Truncated);
    }
    Ok(())
}
