//! Congestion marks through the tunnel (RFC 6040), so that a queue on the way may mark instead of
//! drop, whatever is inside.

use super::checksum::Delta;

/// The two bits of a traffic-class octet (RFC 3168, section 5).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ecn {
    /// The sender does not understand marks.
    #[default]
    NotCapable,
    /// ECT(1).
    Capable1,
    /// ECT(0).
    Capable0,
    /// A queue on the way was about to overflow.
    Experienced,
}

impl Ecn {
    /// From a traffic-class octet; the six bits above are somebody else's.
    pub fn from_octet(octet: u8) -> Self {
        match octet & 0b11 {
            0b00 => Self::NotCapable,
            0b01 => Self::Capable1,
            0b10 => Self::Capable0,
            _ => Self::Experienced,
        }
    }

    /// The two bits.
    pub fn bits(self) -> u8 {
        match self {
            Self::NotCapable => 0b00,
            Self::Capable1 => 0b01,
            Self::Capable0 => 0b10,
            Self::Experienced => 0b11,
        }
    }

    /// What the inner packet says after it has come out of a datagram marked `outer`: RFC 6040,
    /// figure 4. `None`: it is dropped, the only sign of congestion that its sender understands.
    pub(crate) fn leaving_the_tunnel(self, outer: Self) -> Option<Self> {
        match (self, outer) {
            (Self::NotCapable, Self::Experienced) => None,
            (Self::NotCapable, _) => Some(Self::NotCapable),
            (Self::Experienced, _) | (_, Self::Experienced) => Some(Self::Experienced),
            // "the outer is ECT(1)": a marking of its own for those who use it so (RFC 8311).
            (Self::Capable0, Self::Capable1) => Some(Self::Capable1),
            (Self::Capable0 | Self::Capable1, _) => Some(self),
        }
    }
}

/// The mark of an inner packet, which is also the datagram's: RFC 6040, section 4.1, "normal mode".
/// An empty packet has none.
pub(crate) fn of_packet(packet: &[u8]) -> Ecn {
    match packet {
        [first, second, ..] if first >> 4 == 6 => Ecn::from_octet(second >> 4),
        [first, second, ..] if first >> 4 == 4 => Ecn::from_octet(*second),
        _ => Ecn::NotCapable,
    }
}

/// Writes a mark into a packet that has been parsed.
pub(crate) fn mark(packet: &mut [u8], ecn: Ecn) {
    if of_packet(packet) == ecn {
        return;
    }
    if packet[0] >> 4 == 6 {
        packet[1] = packet[1] & !0x30 | ecn.bits() << 4;
        return;
    }
    let before = [packet[0], packet[1]];
    packet[1] = packet[1] & !0b11 | ecn.bits();
    let mut change = Delta::default();
    change.replace(&before, &[packet[0], packet[1]]);
    change.apply(packet, 10);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figure_4_of_rfc_6040_line_by_line() {
        use Ecn::{Capable0 as E0, Capable1 as E1, Experienced as CE, NotCapable as NO};
        // Rows: what arrives inside. Columns: Not-ECT, ECT(0), ECT(1), CE outside.
        let figure = [
            (NO, [Some(NO), Some(NO), Some(NO), None]),
            (E0, [Some(E0), Some(E0), Some(E1), Some(CE)]),
            (E1, [Some(E1), Some(E1), Some(E1), Some(CE)]),
            (CE, [Some(CE), Some(CE), Some(CE), Some(CE)]),
        ];
        for (inner, row) in figure {
            for (outer, expected) in [NO, E0, E1, CE].into_iter().zip(row) {
                assert_eq!(inner.leaving_the_tunnel(outer), expected, "{inner:?} in {outer:?}");
            }
        }
    }

    #[test]
    fn a_mark_touches_two_bits_only() {
        for bits in 0..4 {
            let ecn = Ecn::from_octet(bits);
            assert_eq!(ecn.bits(), bits);
            let mut v6 = [0x6f; 40];
            mark(&mut v6, ecn);
            assert_eq!((v6[0], v6[1] & 0xcf, of_packet(&v6)), (0x6f, 0x4f, ecn));
        }
        assert_eq!(of_packet(&[]), Ecn::NotCapable);
        assert_eq!(of_packet(&[0x45]), Ecn::NotCapable);
    }
}
