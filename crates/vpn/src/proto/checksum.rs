//! The Internet checksum, changed in place (RFC 1071, RFC 1624).

use super::message::part;
use super::packet::u16_at;

/// What replacing some 16-bit words adds to a checksum: the sum of `~m + m'` of RFC 1624,
/// equation 3, which, unlike equation 2 and RFC 1141, also holds at zero.
#[derive(Clone, Copy, Default)]
pub(crate) struct Delta(u64);

impl Delta {
    /// Notes that the words of `old` became those of `new`; both have the same even length.
    pub(crate) fn replace(&mut self, old: &[u8], new: &[u8]) {
        debug_assert!(old.len() == new.len() && old.len().is_multiple_of(2));
        for (old, new) in old.chunks_exact(2).zip(new.chunks_exact(2)) {
            self.replace_word(u16_at(old, 0), u16_at(new, 0));
        }
    }

    fn replace_word(&mut self, old: u16, new: u16) {
        self.0 += u64::from(!old) + u64::from(new);
    }

    /// Both changes.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    /// `HC' = ~(~HC + ~m + m')` on the checksum at `at`, and what that change is to a checksum that
    /// covers this one.
    pub(crate) fn apply(self, bytes: &mut [u8], at: usize) -> Self {
        self.write(bytes, at, |checksum| checksum)
    }

    /// The same for UDP and UDP-Lite (RFC 768, RFC 3828): "If the computed checksum is zero, it is
    /// transmitted as all ones", and an all-zero one, which means that there is none, stays.
    pub(crate) fn apply_to_udp(self, bytes: &mut [u8], at: usize) -> Self {
        if part(bytes, at) == [0, 0] {
            return Self::default();
        }
        self.write(bytes, at, |checksum| match checksum {
            0 => 0xffff,
            other => other,
        })
    }

    fn write(self, bytes: &mut [u8], at: usize, finish: fn(u16) -> u16) -> Self {
        let old = u16_at(bytes, at);
        let new = finish(!fold(u64::from(!old) + self.0));
        bytes[at..at + 2].copy_from_slice(&new.to_be_bytes());
        let mut change = Self::default();
        change.replace_word(old, new);
        change
    }
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// The one's complement sum of everything in `parts`, each of which starts on an even offset:
/// 0xffff over data that include a correct checksum.
pub(crate) fn sum(parts: &[&[u8]]) -> u16 {
    let mut total = 0;
    for part in parts {
        for pair in part.chunks(2) {
            total += u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0));
        }
    }
    fold(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_1624_section_4_example() {
        // "An IP packet header ... in which a 16-bit field m = 0x5555 changes to m' = 0x3285. Also,
        // the one's complement sum of all other header octets is 0xCD7A." The old checksum is then
        // 0xDD2F, the new one 0x0000 and not 0xFFFF.
        let mut checksum = [0xdd, 0x2f];
        let mut delta = Delta::default();
        delta.replace(&[0x55, 0x55], &[0x32, 0x85]);
        delta.apply(&mut checksum, 0);
        assert_eq!(checksum, [0, 0]);
    }

    #[test]
    fn rfc_1071_section_3_example() {
        assert_eq!(sum(&[&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]]), 0xddf2);
    }

    #[test]
    fn udp_has_two_kinds_of_zero() {
        let mut delta = Delta::default();
        delta.replace(&[0x55, 0x55], &[0x32, 0x85]);
        let mut none = [0, 0];
        delta.apply_to_udp(&mut none, 0);
        assert_eq!(none, [0, 0]);
        let mut becomes_zero = [0xdd, 0x2f];
        delta.apply_to_udp(&mut becomes_zero, 0);
        assert_eq!(becomes_zero, [0xff, 0xff]);
    }
}
