//! What can go wrong, named by the operation that failed.

use crate::missing::Missing;
use std::fmt;
use std::io;
use std::os::fd::RawFd;

/// A refusal of the kernel, or of this crate before it asked the kernel.
///
/// No variant carries a byte that came from the network.
#[derive(Debug)]
pub enum Error {
    /// The machine or the process lacks something that its operator can provide.
    Missing(Missing),
    /// A system call failed.
    Kernel {
        /// What was tried, in words: `"open /dev/net/tun"`.
        doing: &'static str,
        /// What the kernel answered.
        source: io::Error,
    },
    /// Another program holds the tunnel device of this name.
    TunBusy(String),
    /// An interface, table or namespace name that the kernel would not accept or that nft would
    /// read as something else.
    BadName(String),
    /// A prefix length beyond 32 (IPv4) or 128 (IPv6) bits.
    BadPrefix(u8),
    /// The lock must be closed while the process has one thread: Landlock and capabilities
    /// belong to a thread, and a second one would keep its rights.
    Threads(usize),
    /// A descriptor is open that the lock was not told of.
    StrayDescriptor(RawFd),
    /// The parent died while the lock was being closed.
    ParentGone,
    /// Landlock was applied, and yet a directory could be opened.
    LandlockIneffective,
    /// Landlock could not be applied, in the words of the `landlock` crate.
    Landlock(String),
    /// The seccomp filter could not be built or applied, in the words of `seccompiler`.
    Seccomp(String),
    /// The inherited descriptors were asked for a second time.
    InheritedTwice,
    /// `nft` refused the rules; its own words follow, shortened.
    Nft(String),
    /// A file of `/proc` did not look as `proc(5)` describes it.
    Proc(&'static str),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(missing) => missing.fmt(f),
            Self::Kernel { doing, source } => write!(f, "could not {doing}: {source}"),
            Self::TunBusy(name) => write!(
                f,
                "the tunnel device {name} is in use by another program; stop that program or choose another name"
            ),
            Self::BadName(name) => write!(
                f,
                "{name:?} cannot be a device or table name: use 1 to 15 of a-z, 0-9, '_' and '-'"
            ),
            Self::BadPrefix(prefix) => write!(f, "/{prefix} is longer than the address"),
            Self::Threads(count) => write!(
                f,
                "the worker has {count} threads and must have one when its rights are dropped"
            ),
            Self::StrayDescriptor(number) => write!(
                f,
                "descriptor {number} is open in the worker but was not declared to its lock"
            ),
            Self::ParentGone => f.write_str("the parent process ended while the worker was being locked"),
            Self::LandlockIneffective => {
                f.write_str("Landlock was switched on but a directory could still be opened; the worker will not serve")
            }
            Self::Landlock(words) => write!(f, "could not apply Landlock: {words}"),
            Self::Seccomp(words) => write!(f, "could not apply the seccomp filter: {words}"),
            Self::InheritedTwice => f.write_str("the inherited descriptors were already taken"),
            Self::Nft(words) => write!(f, "nft refused the rules: {words}"),
            Self::Proc(file) => write!(f, "{file} does not have the expected form"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Kernel { source, .. } => Some(source),
            Self::Missing(_)
            | Self::TunBusy(_)
            | Self::BadName(_)
            | Self::BadPrefix(_)
            | Self::Threads(_)
            | Self::StrayDescriptor(_)
            | Self::ParentGone
            | Self::LandlockIneffective
            | Self::Landlock(_)
            | Self::Seccomp(_)
            | Self::InheritedTwice
            | Self::Nft(_)
            | Self::Proc(_) => None,
        }
    }
}

impl From<Missing> for Error {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}
