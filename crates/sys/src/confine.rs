//! The lock that a worker closes on itself before it reads the first byte from the network.
//!
//! Order matters and is this: no core dump, capabilities out of reach, another user, capabilities
//! gone, not dumpable, no new privileges, Landlock, a try whether it holds, few descriptors, seccomp.
//!
//! With one thread: [`confine`]. A worker with several calls [`restrict`], starts its threads, which
//! inherit all of it, and then [`Restricted::seal`], which puts the filter on every thread.

mod landlock;
mod seccomp;

use crate::missing::Capabilities;
use crate::privilege::{Identity, become_user, control, drop_capabilities, empty_bounding_set};
use crate::{Error, kernel};
use std::fs;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::thread;
use std::time::Duration;

/// `LANDLOCK_CREATE_RULESET_VERSION` (`landlock_create_ruleset(2)`).
const RULESET_VERSION: u32 = 1;
/// glibc's trim threshold in bytes, beyond any worker's memory: see `settle_allocator`.
#[cfg(target_env = "gnu")]
const NEVER_TRIM: libc::c_int = libc::c_int::MAX;

/// How often and how far apart threads are counted before a second one is believed: 200 ms in all. Guess.
const THREAD_LOOKS: u32 = 100;
const THREAD_PAUSE: Duration = Duration::from_millis(2);

/// The descriptors of a worker and what may be done with each, and the user it becomes.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    tun: Vec<RawFd>,
    udp: Vec<RawFd>,
    channel: Vec<RawFd>,
    event: Vec<RawFd>,
    poller: Vec<RawFd>,
    ways: Vec<RawFd>,
    connections: Option<u32>,
    identity: Option<Identity>,
}

impl Allowed {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A tunnel: read and write.
    pub fn tun(mut self, descriptor: BorrowedFd<'_>) -> Self {
        self.tun.push(descriptor.as_raw_fd());
        self
    }

    /// A UDP socket: receive, and send to any address. A UDP socket cannot be kept from
    /// choosing its destinations by this lock; nft can do that.
    pub fn udp(mut self, descriptor: BorrowedFd<'_>) -> Self {
        self.udp.push(descriptor.as_raw_fd());
        self
    }

    /// The channel to the parent: send and receive bytes, no addresses, no descriptors.
    pub fn channel(mut self, descriptor: BorrowedFd<'_>) -> Self {
        self.channel.push(descriptor.as_raw_fd());
        self
    }

    /// An `eventfd` or `timerfd`: eight bytes each way, and setting the timer.
    pub fn event(mut self, descriptor: BorrowedFd<'_>) -> Self {
        self.event.push(descriptor.as_raw_fd());
        self
    }

    /// A [`crate::Poller`]: wait, and change what is waited for.
    pub fn poller(mut self, descriptor: BorrowedFd<'_>) -> Self {
        self.poller.push(descriptor.as_raw_fd());
        self
    }

    /// A [`crate::Ways`]: questions to the kernel's routing table.
    pub fn ways(mut self, descriptor: BorrowedFd<'_>) -> Self {
        self.ways.push(descriptor.as_raw_fd());
        self
    }

    /// Open so many of the sockets of [`crate::outbound`] at one time, connect them and send from them. This
    /// lock cannot look at an address: it does not keep a worker from choosing its destinations.
    pub fn connections(mut self, most: u32) -> Self {
        self.connections = Some(most);
        self
    }

    /// Become this user. Without it the worker stays who it is, without capabilities.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    fn numbers(&self) -> impl Iterator<Item = RawFd> + '_ {
        [
            &self.tun,
            &self.udp,
            &self.channel,
            &self.event,
            &self.poller,
            &self.ways,
        ]
        .into_iter()
        .flatten()
        .copied()
    }

    /// The first number above all that were declared: sockets that are opened later have this one or a
    /// higher one, for as long as those below are open.
    fn first_free(&self) -> RawFd {
        self.numbers().max().unwrap_or(libc::STDERR_FILENO) + 1
    }
}

/// What Landlock withholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landlocked {
    /// The ABI whose rights were taken: the kernel's or the newest that this program knows.
    pub abi: i32,
    /// TCP cannot be bound (ABI 4), nor connected unless [`Allowed::connections`] are allowed.
    pub tcp: bool,
    /// Signals and abstract sockets do not leave the worker (ABI 6).
    pub scoped: bool,
}

/// What was locked, as the worker states it of itself. The kernel's own word on it is
/// [`crate::lockdown::read_lockdown`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lockdown {
    /// What Landlock withholds.
    pub landlock: Landlocked,
    /// Whether the capability bounding set could be emptied; only a privileged start can.
    pub bounding_set_emptied: bool,
    /// Length of the seccomp filter, in instructions.
    pub filter_instructions: usize,
}

/// Closes the lock on a process with one thread.
pub fn confine(allowed: &Allowed) -> Result<Lockdown, Error> {
    restrict(allowed)?.seal()
}

/// A process that has lost everything but its choice of system calls.
#[derive(Debug)]
#[must_use = "the lock is closed by `seal`"]
pub struct Restricted<'a> {
    allowed: &'a Allowed,
    landlock: Landlocked,
    bounding_set_emptied: bool,
}

/// Everything but the filter. The process has one thread; threads started afterwards inherit it.
pub fn restrict(allowed: &Allowed) -> Result<Restricted<'_>, Error> {
    require_one_thread()?;
    refuse_stray_descriptors(allowed)?;
    settle_allocator();
    let parent = Parent::present()?;
    limit(libc::RLIMIT_CORE, 0)?;
    limit(libc::RLIMIT_FSIZE, 0)?;
    let bounding_set_emptied = empty_bounding_set(Capabilities::default())?;
    if let Some(identity) = allowed.identity {
        become_user(identity)?;
    }
    drop_capabilities()?;
    control("forbid others to read this process", libc::PR_SET_DUMPABLE, 0)?;
    control("give up new privileges", libc::PR_SET_NO_NEW_PRIVS, 1)?;
    parent.watch_again()?;
    let landlock = landlock::restrict(allowed.connections.is_some())?;
    try_landlock()?;
    Ok(Restricted {
        allowed,
        landlock,
        bounding_set_emptied,
    })
}

impl Restricted<'_> {
    /// Puts the filter on every thread. From here on the process can start no thread. Those that were
    /// started must have begun their work: what the C library asks of the kernel for a new thread is
    /// not in the filter.
    pub fn seal(self) -> Result<Lockdown, Error> {
        let program = seccomp::program(self.allowed)?;
        refuse_stray_descriptors_numbered(self.allowed)?;
        // getrlimit(2): "one greater than the maximum file descriptor number that can be opened".
        let end = self.allowed.first_free() as libc::rlim_t + libc::rlim_t::from(self.allowed.connections.unwrap_or(0));
        limit(libc::RLIMIT_NOFILE, end.min(crate::outbound::descriptor_limit()?))?;
        seccomp::apply(&program)?;
        Ok(Lockdown {
            landlock: self.landlock,
            bounding_set_emptied: self.bounding_set_emptied,
            filter_instructions: program.len(),
        })
    }
}

/// The running kernel's Landlock ABI, 0 without Landlock (`landlock_create_ruleset(2)`).
pub fn landlock_abi() -> i32 {
    // SAFETY: landlock_create_ruleset(2): with this flag, a null attribute and size 0 it answers a
    // number and makes nothing.
    let abi = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<libc::c_void>(),
            0usize,
            RULESET_VERSION,
        )
    };
    i32::try_from(abi).unwrap_or(0).max(0)
}

/// `Error::Threads` unless the calling thread is the only one (`proc(5)`, `/proc/PID/task`).
///
/// A thread that was joined stays listed for an instant: `pthread_join(3)` returns when the kernel
/// clears its number (`set_tid_address(2)`), which is before it is gone. So this looks again for a while.
pub(crate) fn require_one_thread() -> Result<(), Error> {
    let mut count = thread_count()?;
    for _ in 0..THREAD_LOOKS {
        if count == 1 {
            return Ok(());
        }
        thread::sleep(THREAD_PAUSE);
        count = thread_count()?;
    }
    Err(Error::Threads(count))
}

fn thread_count() -> Result<usize, Error> {
    let tasks = fs::read_dir("/proc/self/task").map_err(|source| Error::Kernel {
        doing: "count the threads in /proc/self/task",
        source,
    })?;
    Ok(tasks.count())
}

/// Every open descriptor beyond 2 was declared.
fn refuse_stray_descriptors(allowed: &Allowed) -> Result<(), Error> {
    let listing = fs::read_dir("/proc/self/fd").map_err(|source| Error::Kernel {
        doing: "list the descriptors in /proc/self/fd",
        source,
    })?;
    let numbers: Vec<RawFd> = listing
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    for number in numbers.into_iter().filter(|number| *number > libc::STDERR_FILENO) {
        // The listing's own descriptor was in the list and is closed by now.
        if is_open(number) && !allowed.numbers().any(|declared| declared == number) {
            return Err(Error::StrayDescriptor(number));
        }
    }
    Ok(())
}

/// The same once no directory can be opened any more: whatever the threads opened since then has a
/// number below the limit.
fn refuse_stray_descriptors_numbered(allowed: &Allowed) -> Result<(), Error> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: getrlimit(2) writes one struct rlimit.
    kernel::done("read a limit", unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit)
    })?;
    // A million numbers are looked at in a tenth of a second; no system has more by default.
    let end = RawFd::try_from(limit.rlim_cur.min(1 << 20)).unwrap_or(RawFd::MAX);
    (libc::STDERR_FILENO + 1..end)
        .find(|number| is_open(*number) && !allowed.numbers().any(|declared| declared == *number))
        .map_or(Ok(()), |number| Err(Error::StrayDescriptor(number)))
}

fn is_open(number: RawFd) -> bool {
    // SAFETY: fcntl(2) with F_GETFD reads a flag or answers EBADF.
    unsafe { libc::fcntl(number, libc::F_GETFD) >= 0 }
}

/// glibc's arenas of second threads read `/proc/sys/vm/overcommit_memory` before they shrink
/// (`malloc/arena.c`), which the filter would answer with death: one arena for all, never shrunk
/// (`mallopt(3)`).
fn settle_allocator() {
    // SAFETY: mallopt(3) takes two numbers.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_TRIM_THRESHOLD, NEVER_TRIM);
    }
}

/// The parent and the signal that its death sends.
struct Parent {
    process: libc::pid_t,
    signal: libc::c_int,
}

impl Parent {
    fn present() -> Result<Self, Error> {
        let mut signal: libc::c_int = 0;
        // SAFETY: PR_GET_PDEATHSIG(2const) writes one int.
        let answer = unsafe { libc::prctl(libc::PR_GET_PDEATHSIG, &raw mut signal) };
        kernel::done("read the parent-death signal", answer)?;
        // SAFETY: getppid(2) has no arguments and cannot fail.
        let process = unsafe { libc::getppid() };
        Ok(Self { process, signal })
    }

    /// `PR_SET_PDEATHSIG(2const)`: changing user "clears the parent-death signal setting".
    fn watch_again(&self) -> Result<(), Error> {
        if self.signal != 0 {
            control("watch the parent", libc::PR_SET_PDEATHSIG, self.signal as libc::c_ulong)?;
        }
        // SAFETY: getppid(2) has no arguments and cannot fail.
        if unsafe { libc::getppid() } == self.process {
            Ok(())
        } else {
            Err(Error::ParentGone)
        }
    }
}

fn limit(resource: libc::__rlimit_resource_t, value: libc::rlim_t) -> Result<(), Error> {
    let limit = libc::rlimit {
        rlim_cur: value,
        rlim_max: value,
    };
    // SAFETY: setrlimit(2) reads one struct rlimit.
    kernel::done("set a limit", unsafe { libc::setrlimit(resource, &limit) }).map(|_| ())
}

/// Trusts nothing that it did not see: after Landlock, opening a directory is refused.
fn try_landlock() -> Result<(), Error> {
    match fs::read_dir("/") {
        Err(error) if error.raw_os_error() == Some(libc::EACCES) => Ok(()),
        Ok(_) | Err(_) => Err(Error::LandlockIneffective),
    }
}
