//! The little that the engine reads of an inner packet (RFC 791, RFC 8200).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::message::part;

pub(crate) const V4_HEADER_LEN: usize = 20;
pub(crate) const V6_HEADER_LEN: usize = 40;
pub(crate) const V4_SOURCE: usize = 12;
pub(crate) const V4_DESTINATION: usize = 16;
pub(crate) const V6_SOURCE: usize = 8;
pub(crate) const V6_DESTINATION: usize = 24;

/// Source, destination, and the length that the packet itself states.
pub(crate) struct Header {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) len: usize,
}

/// The header of a whole packet; what follows it in `bytes` is padding.
pub(crate) fn parse(bytes: &[u8]) -> Option<Header> {
    match bytes.first()? >> 4 {
        4 => parse_v4(bytes),
        6 => parse_v6(bytes),
        _ => None,
    }
}

fn parse_v4(bytes: &[u8]) -> Option<Header> {
    if bytes.len() < V4_HEADER_LEN {
        return None;
    }
    let len = usize::from(u16_at(bytes, 2));
    let header_len = usize::from(bytes[0] & 0x0f) * 4;
    if header_len < V4_HEADER_LEN || len < header_len || len > bytes.len() {
        return None;
    }
    Some(Header {
        source: Ipv4Addr::from(part::<4>(bytes, V4_SOURCE)).into(),
        destination: Ipv4Addr::from(part::<4>(bytes, V4_DESTINATION)).into(),
        len,
    })
}

fn parse_v6(bytes: &[u8]) -> Option<Header> {
    if bytes.len() < V6_HEADER_LEN {
        return None;
    }
    // Jumbograms (RFC 2675) do not fit into a datagram anyway.
    let len = V6_HEADER_LEN + usize::from(u16_at(bytes, 4));
    if len > bytes.len() {
        return None;
    }
    Some(Header {
        source: Ipv6Addr::from(part::<16>(bytes, V6_SOURCE)).into(),
        destination: Ipv6Addr::from(part::<16>(bytes, V6_DESTINATION)).into(),
        len,
    })
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes(part(bytes, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(header_words: u8, len: u16, total: usize) -> Vec<u8> {
        let mut bytes = vec![0; total];
        bytes[0] = 0x40 | header_words;
        bytes[2..4].copy_from_slice(&len.to_be_bytes());
        bytes
    }

    #[test]
    fn lengths_must_agree() {
        assert!(parse(&[]).is_none());
        assert!(parse(&[0x45; 19]).is_none());
        assert_eq!(parse(&v4(5, 20, 32)).unwrap().len, 20);
        assert!(parse(&v4(4, 20, 32)).is_none());
        assert!(parse(&v4(6, 20, 32)).is_none());
        assert!(parse(&v4(5, 33, 32)).is_none());
        assert!(parse(&[0x60; 39]).is_none());
        let mut v6 = vec![0; 48];
        v6[0] = 0x60;
        v6[5] = 8;
        assert_eq!(parse(&v6).unwrap().len, 48);
        v6[5] = 9;
        assert!(parse(&v6).is_none());
        assert!(parse(&[0x50; 64]).is_none());
    }
}
