//! The two clocks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::proto::Tai64N;

/// Monotonic time that counts sleep, on the scale of `Instant`: after a suspended hour every
/// session is an hour older.
pub(super) struct Clock {
    origin: Instant,
    origin_since_boot: Duration,
}

impl Clock {
    pub(super) fn start() -> Result<Self, sys::Error> {
        Ok(Self {
            origin: Instant::now(),
            origin_since_boot: sys::time::since_boot()?,
        })
    }

    /// When it was started, on both scales.
    pub(super) fn origin(&self) -> (Instant, Duration) {
        (self.origin, self.origin_since_boot)
    }

    pub(super) fn now(&self) -> Instant {
        // clock_gettime(2) on a clock that was read at the start does not fail later.
        let since_boot = sys::time::since_boot().unwrap_or(self.origin_since_boot);
        self.origin + since_boot.saturating_sub(self.origin_since_boot)
    }
}

/// What the calendar says, for the timestamps of our own initiations.
pub(super) fn wall() -> Tai64N {
    // A calendar before 1970 is wrong anyway; its timestamps still grow.
    Tai64N::from_unix(since_1970())
}

/// What the calendar says, for who looks at a tunnel of their own.
pub(super) fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
