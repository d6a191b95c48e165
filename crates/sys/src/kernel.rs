//! The one place where a negative return value of the C library becomes an [`Error`].

use crate::Error;
use libc::{c_int, c_long};
use std::io;

/// `Err` with the present `errno` when `value` is negative (`errno(3)`).
pub(crate) fn done(doing: &'static str, value: c_int) -> Result<c_int, Error> {
    if value < 0 { Err(last(doing)) } else { Ok(value) }
}

/// The same for `syscall(2)`, which returns a `long`.
pub(crate) fn done_long(doing: &'static str, value: c_long) -> Result<c_long, Error> {
    if value < 0 { Err(last(doing)) } else { Ok(value) }
}

/// The same for calls that answer with a byte count; it keeps `io::Error`, because callers of
/// the packet path look at its kind (`WouldBlock`) and nothing else.
pub(crate) fn count(value: isize) -> io::Result<usize> {
    usize::try_from(value).map_err(|_| io::Error::last_os_error())
}

/// The present `errno` as an [`Error`].
pub(crate) fn last(doing: &'static str) -> Error {
    Error::Kernel {
        doing,
        source: io::Error::last_os_error(),
    }
}
