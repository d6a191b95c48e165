//! Monotonic time that counts sleep, and entropy.

use crate::{Error, kernel};
use std::time::Duration;

/// Time since the machine started, sleep included (`CLOCK_BOOTTIME`, `clock_gettime(2)`).
///
/// Session deadlines use it: after a suspended hour a session is an hour older.
pub fn since_boot() -> Result<Duration, Error> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: clock_gettime(2) writes one timespec to a valid pointer.
    kernel::done("read CLOCK_BOOTTIME", unsafe {
        libc::clock_gettime(libc::CLOCK_BOOTTIME, &mut now)
    })?;
    let seconds = u64::try_from(now.tv_sec).map_err(|_| Error::Proc("CLOCK_BOOTTIME"))?;
    let nanoseconds = u32::try_from(now.tv_nsec).map_err(|_| Error::Proc("CLOCK_BOOTTIME"))?;
    Ok(Duration::new(seconds, nanoseconds))
}

/// Whether something keeps the machine's clock in step with others (`adjtimex(2)`; the kernel says so for a while after
/// the last correction). Nothing when the kernel does not say.
#[must_use]
pub fn is_kept_in_step() -> Option<bool> {
    // SAFETY: timex is plain numbers, for which zeroes are valid; no mode is set, so nothing is changed.
    let mut found: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: adjtimex(2) reads and writes one struct timex.
    let state = unsafe { libc::adjtimex(&mut found) };
    (state >= 0).then_some(state != libc::TIME_ERROR && found.status & libc::STA_UNSYNC == 0)
}

/// Fills `buffer` from the kernel's generator (`getrandom(2)`, blocks only before it is seeded).
pub fn fill_entropy(buffer: &mut [u8]) -> Result<(), Error> {
    let mut filled = 0;
    while filled < buffer.len() {
        let rest = &mut buffer[filled..];
        // SAFETY: getrandom(2) writes at most rest.len() bytes to rest.
        let got = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match kernel::count(got) {
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(source) => {
                return Err(Error::Kernel {
                    doing: "draw entropy",
                    source,
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_time_does_not_run_backwards() {
        let first = since_boot().unwrap();
        assert!(since_boot().unwrap() >= first);
        assert!(first > Duration::ZERO);
    }

    #[test]
    fn the_kernel_says_whether_the_clock_is_kept_in_step() {
        assert!(is_kept_in_step().is_some());
    }

    #[test]
    fn two_draws_differ() {
        let (mut a, mut b) = ([0u8; 32], [0u8; 32]);
        fill_entropy(&mut a).unwrap();
        fill_entropy(&mut b).unwrap();
        assert_ne!(a, b);
    }
}
