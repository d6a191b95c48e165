//! Putting datagrams together that arrive in pieces (RFC 791, RFC 8200, RFC 5722).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

use super::inner::{Inner, Piece};
use super::limits::{INCOMPLETE, PIECES, PIECES_WITHIN};

/// RFC 791: "All fragments of a datagram have the same source, destination, protocol and identification".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Of {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    identification: u32,
}

struct Incomplete {
    /// By offset.
    pieces: BTreeMap<usize, Vec<u8>>,
    len: Option<usize>,
    until: Instant,
}

/// Datagrams that wait for their missing pieces.
#[derive(Default)]
pub(super) struct Pieces(BTreeMap<Of, Incomplete>);

impl Pieces {
    /// Takes a piece; the whole payload when this was the last one missing.
    pub(super) fn add(&mut self, inner: &Inner<'_>, piece: Piece, now: Instant) -> Option<Vec<u8>> {
        let of = Of {
            source: inner.source,
            destination: inner.destination,
            protocol: inner.protocol,
            identification: piece.identification,
        };
        if self.0.len() >= INCOMPLETE && !self.0.contains_key(&of) {
            self.make_room(of.source);
        }
        let incomplete = self.0.entry(of).or_insert_with(|| Incomplete {
            pieces: BTreeMap::new(),
            len: None,
            until: now + PIECES_WITHIN,
        });
        match incomplete.add(inner.payload, piece) {
            Added::Waiting => None,
            // RFC 5722, section 4: "the entire datagram … MUST be silently discarded".
            Added::Wrong => {
                self.0.remove(&of);
                None
            }
            Added::Complete(whole) => {
                self.0.remove(&of);
                Some(whole)
            }
        }
    }

    /// Ends the oldest datagram of the source that has most; of `source` itself when nobody has more.
    fn make_room(&mut self, source: IpAddr) {
        let mut counts: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for of in self.0.keys() {
            *counts.entry(of.source).or_default() += 1;
        }
        let own = counts.get(&source).copied().unwrap_or(0);
        let most = counts.iter().max_by_key(|(_, count)| **count);
        let from = match most {
            Some((address, count)) if *count > own => *address,
            Some(_) | None => source,
        };
        let of_source = self.0.iter().filter(|(of, _)| of.source == from);
        let oldest = of_source.min_by_key(|(_, incomplete)| incomplete.until);
        if let Some(oldest) = oldest.map(|(of, _)| *of) {
            self.0.remove(&oldest);
        }
    }

    pub(super) fn forget(&mut self, address: IpAddr) {
        self.0.retain(|of, _| of.source != address);
    }

    pub(super) fn expire(&mut self, now: Instant) {
        self.0.retain(|_, incomplete| incomplete.until > now);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.values().map(|incomplete| incomplete.until).min()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

enum Added {
    Waiting,
    Wrong,
    Complete(Vec<u8>),
}

impl Incomplete {
    fn add(&mut self, payload: &[u8], piece: Piece) -> Added {
        let end = piece.offset + payload.len();
        let is_odd = !piece.is_last && !payload.len().is_multiple_of(8);
        if payload.is_empty() || is_odd || end > usize::from(u16::MAX) || self.pieces.len() >= PIECES {
            return Added::Wrong;
        }
        if piece.is_last && self.len.replace(end).is_some_and(|len| len != end) {
            return Added::Wrong;
        }
        // A piece that came twice is no overlap.
        if self.pieces.get(&piece.offset).is_some_and(|known| known == payload) {
            return Added::Waiting;
        }
        let before = self.pieces.range(..end).next_back();
        if before.is_some_and(|(at, known)| at + known.len() > piece.offset) {
            return Added::Wrong;
        }
        self.pieces.insert(piece.offset, payload.to_vec());
        let have: usize = self.pieces.values().map(Vec::len).sum();
        let last = self.pieces.iter().next_back().map_or(0, |(at, known)| at + known.len());
        match self.len {
            Some(len) if last > len => Added::Wrong,
            // Nothing overlaps, so as many bytes as the whole has are the whole.
            Some(len) if have == len => Added::Complete(self.pieces.values().flatten().copied().collect()),
            _ => Added::Waiting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::inner::{UDP, packets, read};
    use super::*;

    fn cut(bytes: &[u8], identification: u32) -> Vec<Vec<u8>> {
        let (from, to) = ("100.64.0.9".parse().unwrap(), "192.0.2.1".parse().unwrap());
        packets(from, to, UDP, bytes, 576, identification)
    }

    fn feed(pieces: &mut Pieces, packet: &[u8], now: Instant) -> Option<Vec<u8>> {
        let inner = read(packet).unwrap();
        let piece = inner.piece.unwrap();
        pieces.add(&inner, piece, now)
    }

    #[test]
    fn pieces_in_any_order_and_twice_make_the_whole() {
        let whole: Vec<u8> = (0..60_000u32).map(|byte| byte as u8).collect();
        let mut parts = cut(&whole, 7);
        parts.reverse();
        parts.swap(1, 30);
        let (mut pieces, now) = (Pieces::default(), Instant::now());
        let count = parts.len();
        for (index, part) in parts.iter().enumerate() {
            let got = feed(&mut pieces, part, now);
            assert_eq!(got.is_some(), index + 1 == count);
            match got {
                Some(got) => assert!(got == whole),
                None => assert!(feed(&mut pieces, part, now).is_none()),
            }
        }
        assert_eq!(pieces.len(), 0);
    }

    #[test]
    fn an_overlap_ends_the_whole_datagram() {
        let (mut pieces, now) = (Pieces::default(), Instant::now());
        let (one, other) = (cut(&[1; 1500], 7), cut(&[2; 1500], 7));
        assert!(feed(&mut pieces, &one[0], now).is_none());
        assert!(feed(&mut pieces, &other[0], now).is_none());
        assert_eq!(pieces.len(), 0, "another piece at the same place");
    }

    #[test]
    fn one_source_does_not_take_the_places_of_the_others() {
        let (mut pieces, mut now) = (Pieces::default(), Instant::now());
        let whole: Vec<u8> = (0..1500u32).map(|byte| byte as u8).collect();
        let (from, to) = ("100.64.0.10".parse().unwrap(), "192.0.2.1".parse().unwrap());
        let other = packets(from, to, UDP, &whole, 576, 1);
        let mut got = None;
        for (index, part) in other.iter().enumerate() {
            for identification in 0..2 * INCOMPLETE as u32 {
                now += std::time::Duration::from_micros(1);
                let first = &cut(&[0; 1500], 1000 * (index as u32 + 1) + identification)[0];
                feed(&mut pieces, first, now);
            }
            got = feed(&mut pieces, part, now);
        }
        assert!(got.is_some_and(|got| got == whole), "the other one's datagram was lost");
        assert!(pieces.len() <= INCOMPLETE);
    }

    #[test]
    fn there_are_so_many_incomplete_ones_and_no_more_and_not_for_long() {
        let (mut pieces, now) = (Pieces::default(), Instant::now());
        for identification in 0..=INCOMPLETE as u32 {
            feed(&mut pieces, &cut(&[0; 1500], identification)[0], now);
        }
        assert_eq!(pieces.len(), INCOMPLETE);
        assert_eq!(pieces.deadline(), Some(now + PIECES_WITHIN));
        pieces.expire(now + PIECES_WITHIN);
        assert_eq!(pieces.len(), 0);
    }
}
