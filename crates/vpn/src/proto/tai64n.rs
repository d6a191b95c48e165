//! TAI64N timestamps, which order the initiations of one device (the paper, section 5.4.2).

use std::time::Duration;

/// Seconds since 1970 in TAI plus 2^62, and nanoseconds, big-endian, so that byte order is time
/// order (D. J. Bernstein, "TAI64, TAI64N, and TAI64NA").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Tai64N([u8; 12]);

/// 2^62, and the ten seconds by which TAI was ahead of UTC in 1970.
const EPOCH_SECONDS: u64 = (1 << 62) + 10;
/// A timestamp is rounded down to 2^24 ns, about 17 ms, as in Linux, so that it tells an observer
/// who later learns the key as little as possible about our clock.
const WHITEN_NANOSECONDS: u32 = !((1 << 24) - 1);

impl Tai64N {
    /// The length on the wire in bytes.
    pub const LEN: usize = 12;

    /// From the time since 1970-01-01 00:00 UTC, as the driver's clock has it.
    pub fn from_unix(since_epoch: Duration) -> Self {
        Self::from_parts(
            EPOCH_SECONDS.wrapping_add(since_epoch.as_secs()),
            since_epoch.subsec_nanos() & WHITEN_NANOSECONDS,
        )
    }

    /// The twelve bytes of the wire.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The twelve bytes of the wire.
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        self.0
    }

    /// This moment and `elapsed`, rounded as always.
    pub(crate) fn advanced_by(self, elapsed: Duration) -> Self {
        let (seconds, nanoseconds) = self.parts();
        let total = Duration::from_nanos(u64::from(nanoseconds)) + elapsed;
        Self::from_parts(
            seconds.wrapping_add(total.as_secs()),
            total.subsec_nanos() & WHITEN_NANOSECONDS,
        )
    }

    /// The start of the period of `granularity` that this moment lies in. Zero keeps it exact.
    pub(crate) fn coarsened_to(self, granularity: Duration) -> Self {
        let period = granularity.as_secs();
        if period == 0 {
            return self;
        }
        let (seconds, _) = self.parts();
        Self::from_parts(seconds - seconds % period, 0)
    }

    fn from_parts(seconds: u64, nanoseconds: u32) -> Self {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&seconds.to_be_bytes());
        bytes[8..].copy_from_slice(&nanoseconds.to_be_bytes());
        Self(bytes)
    }

    fn parts(self) -> (u64, u32) {
        let (seconds, nanoseconds) = self.0.split_at(8);
        (
            u64::from_be_bytes(seconds.try_into().expect("split at eight")),
            u32::from_be_bytes(nanoseconds.try_into().expect("four are left")),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_moment_has_the_known_label() {
        // Bernstein's page: 1992-06-02 08:07:09 TAI is 40000000 2a2b2c2d; that is 10 s earlier on
        // the 1970 scale that this type uses.
        let stamp = Tai64N::from_unix(Duration::from_secs(0x2a2b_2c2d - 10));
        assert_eq!(stamp.to_bytes(), [0x40, 0, 0, 0, 0x2a, 0x2b, 0x2c, 0x2d, 0, 0, 0, 0]);
    }

    #[test]
    fn order_of_bytes_is_order_of_time() {
        let early = Tai64N::from_unix(Duration::from_millis(1_000));
        let late = early.advanced_by(Duration::from_millis(999));
        assert!(early < late);
        assert!(late < early.advanced_by(Duration::from_millis(1_000)));
    }

    #[test]
    fn the_clock_is_told_to_17_milliseconds_only() {
        let stamp = Tai64N::from_unix(Duration::new(1, 0x0234_5678));
        assert_eq!(stamp.to_bytes()[8..], [2, 0, 0, 0]);
        let later = stamp.advanced_by(Duration::from_nanos(0x0312_3456));
        assert_eq!(later.to_bytes()[8..], [5, 0, 0, 0]);
    }

    #[test]
    fn a_coarse_floor_is_never_later() {
        let stamp = Tai64N::from_unix(Duration::from_secs(1_000_000));
        assert!(stamp.coarsened_to(Duration::from_secs(86_400)) <= stamp);
        assert!(stamp.coarsened_to(Duration::ZERO) == stamp);
    }
}
