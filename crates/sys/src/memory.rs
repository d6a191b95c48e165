//! Keeping a worker's memory out of swap.

/// Pins the memory that this process has and will have (`mlockall(2)`), so that no key and no
/// address is ever written to a disk. Pages count from their first use. To be called before the
/// lock closes.
///
/// `false` when the process may not: it lacks `CAP_SYS_RESOURCE` and its limit is finite. Nothing is
/// pinned then, because a limit would make an allocation fail later on.
pub fn pin() -> bool {
    if !unlimit() {
        return false;
    }
    // SAFETY: mlockall(2) takes flags.
    unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT) == 0 }
}

/// Takes the limit off the memory that this process, and the programs that it starts, may pin.
pub(crate) fn unlimit() -> bool {
    let unlimited = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: setrlimit(2) reads one struct rlimit.
    unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &unlimited) == 0 }
}
