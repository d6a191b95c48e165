//! Users and capabilities (`credentials(7)`, `capabilities(7)`): losing all of them, for a worker, and
//! all but one, for the parent.

use crate::missing::Capabilities;
use crate::{Error, kernel};

/// `_LINUX_CAPABILITY_VERSION_3` (`capget(2)`), absent from `libc`.
const CAPABILITY_VERSION: u32 = 0x2008_0522;
/// `CAP_NET_ADMIN` (`linux/capability.h`).
const NET_ADMIN: u32 = 12;
/// `CAP_SETGID` and `CAP_SETUID` (`linux/capability.h`).
const SETGID: u32 = 6;
const SETUID: u32 = 7;
/// More than the kernel has; it says where its own end.
const CAPABILITIES: u32 = 64;

/// Numeric user and group. Ids, because names would be looked up in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// User id.
    pub user: u32,
    /// Group id; the only group.
    pub group: u32,
}

/// For the parent: becomes another user and keeps `CAP_NET_ADMIN` alone, so that it can take back
/// rules and settings when it stops. The programs that it starts have that one too (ambient set), and
/// workers give it up in their lock. Call it while the process has one thread.
pub fn step_down(identity: Identity) -> Result<(), Error> {
    step_down_with(identity, Capabilities(0))
}

/// [`step_down`] that keeps `more` as well, for this process and not for the programs that it starts.
pub fn step_down_with(identity: Identity, more: Capabilities) -> Result<(), Error> {
    crate::confine::require_one_thread()?;
    let kept = Capabilities(1 << NET_ADMIN | more.0);
    // While the right to is there: workers pin their memory, and they inherit this limit.
    let _pinned_later = crate::memory::unlimit();
    empty_bounding_set(kept)?;
    control("keep capabilities", libc::PR_SET_KEEPCAPS, 1)?;
    become_user(identity)?;
    set_capabilities(kept)?;
    raise_net_admin()?;
    control("give up new privileges", libc::PR_SET_NO_NEW_PRIVS, 1)
}

/// For a parent that must stay root's number, because its files lie where no other user may go: keeps
/// `CAP_NET_ADMIN` and what makes workers nobody (`CAP_SETGID`, `CAP_SETUID`), and no way round file
/// modes, no module, no mount, no tracing. Call it while the process has one thread.
pub fn give_up_most() -> Result<(), Error> {
    crate::confine::require_one_thread()?;
    let kept = Capabilities(1 << NET_ADMIN | 1 << SETGID | 1 << SETUID);
    let _pinned_later = crate::memory::unlimit();
    empty_bounding_set(kept)?;
    set_capabilities(kept)?;
    raise_net_admin()?;
    control("give up new privileges", libc::PR_SET_NO_NEW_PRIVS, 1)
}

/// Keeps this process's memory out of core dumps and from other programs of the same user
/// (`PR_SET_DUMPABLE(2const)`). The programs that it starts are not concerned.
pub fn keep_memory_private() -> Result<(), Error> {
    control("keep the memory private", libc::PR_SET_DUMPABLE, 0)
}

/// The user that this process acts as (`geteuid(2)`).
#[must_use]
pub fn acting_user() -> u32 {
    // SAFETY: geteuid(2) has no arguments and cannot fail.
    unsafe { libc::geteuid() }
}

/// Lets the programs that the calling thread starts have `CAP_NET_ADMIN`, if it has it itself. A program
/// that got it from its file (`setcap`) does not hand it down by itself (`capabilities(7)`, "Ambient").
pub(crate) fn hand_down_net_admin() -> Result<(), Error> {
    let header: [u32; 2] = [CAPABILITY_VERSION, 0];
    // Effective, permitted, inheritable; the low words, then the high ones.
    let mut sets = [0u32; 6];
    // SAFETY: capget(2): version 3 reads a header of two words and writes two times three words.
    let answer = unsafe { libc::syscall(libc::SYS_capget, header.as_ptr(), sets.as_mut_ptr()) };
    kernel::done_long("read the capabilities", answer)?;
    sets[2] |= 1 << NET_ADMIN;
    // SAFETY: capset(2): version 3 reads a header of two words and two times three words of sets.
    let answer = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) };
    kernel::done_long("set the capabilities", answer)?;
    raise_net_admin()
}

fn raise_net_admin() -> Result<(), Error> {
    // SAFETY: PR_CAP_AMBIENT(2const) takes two numbers and zeroes.
    let answer = unsafe {
        libc::prctl(
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_RAISE,
            libc::c_ulong::from(NET_ADMIN),
            0,
            0,
        )
    };
    kernel::done("keep CAP_NET_ADMIN", answer).map(|_| ())
}

/// One option of `prctl(2)`.
pub(crate) fn control(doing: &'static str, option: libc::c_int, value: libc::c_ulong) -> Result<(), Error> {
    // SAFETY: prctl(2): the options used here take one number and zeroes.
    kernel::done(doing, unsafe { libc::prctl(option, value, 0, 0, 0) }).map(|_| ())
}

/// `capabilities(7)`: what is not in the bounding set cannot come back through `exec`. Says `false`
/// to a process without `CAP_SETPCAP`; "no new privileges" closes the same door for it.
pub(crate) fn empty_bounding_set(kept: Capabilities) -> Result<bool, Error> {
    for capability in (0..CAPABILITIES).filter(|bit| kept.0 & (1 << bit) == 0) {
        match control("empty the bounding set", libc::PR_CAPBSET_DROP, capability.into()) {
            Ok(()) => {}
            // PR_CAPBSET_DROP(2const): EINVAL: not a capability of this kernel; EPERM: no CAP_SETPCAP.
            Err(Error::Kernel { source, .. }) if source.raw_os_error() == Some(libc::EINVAL) => break,
            Err(Error::Kernel { source, .. }) if source.raw_os_error() == Some(libc::EPERM) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Group first: afterwards the right to change it is gone (`credentials(7)`).
pub(crate) fn become_user(identity: Identity) -> Result<(), Error> {
    let Identity { user, group } = identity;
    // SAFETY: setgroups(2) with length 0 reads nothing.
    kernel::done("leave all groups", unsafe { libc::setgroups(0, std::ptr::null()) })?;
    // SAFETY: setresgid(2) takes three numbers.
    kernel::done("change the group", unsafe { libc::setresgid(group, group, group) })?;
    // SAFETY: setresuid(2) takes three numbers.
    kernel::done("change the user", unsafe { libc::setresuid(user, user, user) }).map(|_| ())
}

/// Empties the ambient, effective, permitted and inheritable sets (`capset(2)`).
pub(crate) fn drop_capabilities() -> Result<(), Error> {
    control(
        "empty the ambient capabilities",
        libc::PR_CAP_AMBIENT,
        libc::PR_CAP_AMBIENT_CLEAR_ALL as libc::c_ulong,
    )?;
    set_capabilities(Capabilities::default())
}

/// Effective, permitted and inheritable set, all the same.
fn set_capabilities(kept: Capabilities) -> Result<(), Error> {
    let header: [u32; 2] = [CAPABILITY_VERSION, 0];
    let (low, high) = (kept.0 as u32, (kept.0 >> 32) as u32);
    let sets = [low, low, low, high, high, high];
    // SAFETY: capset(2): version 3 reads a header of two words and two times three words of sets.
    let answer = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) };
    kernel::done_long("set the capabilities", answer).map(|_| ())
}
