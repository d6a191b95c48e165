//! The list of system calls that a locked worker may make (`seccomp(2)`).
//!
//! Everything else kills the process. A call that moves bytes is allowed on the descriptor numbers
//! that [`Allowed`] names and on no other; since `open`, `socket`, `accept`, `dup` and the
//! receiving of descriptors are all absent, a number cannot come to mean something else.

#[cfg(target_arch = "x86_64")]
#[path = "older_x86_64.rs"]
mod older;
#[cfg(not(target_arch = "x86_64"))]
#[path = "older_none.rs"]
mod older;

use super::Allowed;
use crate::{Error, Missing, outbound};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::RawFd;

/// Calls without arguments that could carry anything out or reach another process.
const HARMLESS: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_ppoll,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Builds the filter for `allowed`.
pub(super) fn program(allowed: &Allowed) -> Result<BpfProgram, Error> {
    let mut rules: Rules = HARMLESS
        .iter()
        .chain(older::HARMLESS)
        .map(|call| (*call, Vec::new()))
        .collect();
    for number in &allowed.tun {
        for call in [libc::SYS_read, libc::SYS_write, libc::SYS_readv, libc::SYS_writev] {
            permit(&mut rules, call, vec![descriptor(*number)?])?;
        }
    }
    for number in &allowed.udp {
        for call in [
            libc::SYS_recvfrom,
            libc::SYS_recvmsg,
            libc::SYS_recvmmsg,
            libc::SYS_sendto,
            libc::SYS_sendmsg,
            libc::SYS_sendmmsg,
        ] {
            permit(&mut rules, call, vec![descriptor(*number)?])?;
        }
    }
    for number in &allowed.channel {
        // Without recvmsg and sendmsg no descriptor crosses (SCM_RIGHTS, unix(7)); without an
        // address nothing leaves for another socket.
        let nobody = condition(4, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
        permit(&mut rules, libc::SYS_recvfrom, vec![descriptor(*number)?])?;
        permit(&mut rules, libc::SYS_sendto, vec![descriptor(*number)?, nobody])?;
        permit(&mut rules, libc::SYS_read, vec![descriptor(*number)?])?;
        permit(&mut rules, libc::SYS_write, vec![descriptor(*number)?])?;
    }
    for number in &allowed.event {
        permit(&mut rules, libc::SYS_read, vec![descriptor(*number)?])?;
        permit(&mut rules, libc::SYS_write, vec![descriptor(*number)?])?;
        permit(&mut rules, libc::SYS_timerfd_settime, vec![descriptor(*number)?])?;
    }
    for number in &allowed.poller {
        for call in [libc::SYS_epoll_pwait, libc::SYS_epoll_pwait2, libc::SYS_epoll_ctl]
            .iter()
            .chain(older::EPOLL)
        {
            permit(&mut rules, *call, vec![descriptor(*number)?])?;
        }
    }
    for number in &allowed.ways {
        let kernel = condition(4, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
        permit(&mut rules, libc::SYS_recvfrom, vec![descriptor(*number)?])?;
        permit(&mut rules, libc::SYS_sendto, vec![descriptor(*number)?, kernel])?;
    }
    if allowed.connections.is_some() {
        connections(&mut rules, allowed.first_free())?;
    }
    memory(&mut rules)?;
    // The standard library asks so, before it closes, whether a descriptor is open.
    let only_look = condition(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, libc::F_GETFD as u64)?;
    permit(&mut rules, libc::SYS_fcntl, vec![only_look])?;
    let architecture = std::env::consts::ARCH
        .try_into()
        .map_err(|error| refused(seccompiler::Error::Backend(error)))?;
    SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, architecture)
        .and_then(TryInto::try_into)
        .map_err(|error| refused(seccompiler::Error::Backend(error)))
}

/// Applies it to every thread of the process; the kernel keeps it until the end.
pub(super) fn apply(program: &BpfProgram) -> Result<(), Error> {
    seccompiler::apply_filter_all_threads(program).map_err(refused)
}

/// The sockets of [`outbound`], by their exact kinds and options, at numbers that nothing else has. There is
/// no `bind`, no `listen` and no `accept`: nothing can be offered to others.
fn connections(rules: &mut Rules, first: RawFd) -> Result<(), Error> {
    let equal = |argument, value: libc::c_int| {
        condition(
            argument,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::Eq,
            u64::from(value as u32),
        )
    };
    for [domain, kind, protocol] in outbound::KINDS {
        let exactly = vec![
            equal(0, domain)?,
            equal(1, kind | outbound::FLAGS)?,
            equal(2, protocol)?,
        ];
        permit(rules, libc::SYS_socket, exactly)?;
    }
    let theirs = || condition(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ge, u64::from(first as u32));
    for call in [
        libc::SYS_connect,
        libc::SYS_sendto,
        libc::SYS_recvfrom,
        // The error queue has no other way; on an IP socket it cannot bring a descriptor.
        libc::SYS_recvmsg,
    ] {
        permit(rules, call, vec![theirs()?])?;
    }
    permit(rules, libc::SYS_shutdown, vec![theirs()?, equal(1, libc::SHUT_WR)?])?;
    permit(
        rules,
        libc::SYS_getsockopt,
        vec![theirs()?, equal(1, libc::SOL_SOCKET)?, equal(2, libc::SO_ERROR)?],
    )?;
    for [level, option] in outbound::OPTIONS {
        permit(
            rules,
            libc::SYS_setsockopt,
            vec![theirs()?, equal(1, level)?, equal(2, option)?],
        )?;
    }
    Ok(())
}

/// Memory that no file backs and that is never code: `mmap(2)`, `mprotect(2)`.
fn memory(rules: &mut Rules) -> Result<(), Error> {
    let executable = libc::PROT_EXEC as u64;
    let anonymous = libc::MAP_ANONYMOUS as u64;
    let never_code = || condition(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(executable), 0);
    let no_file = condition(3, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(anonymous), anonymous)?;
    permit(rules, libc::SYS_mmap, vec![never_code()?, no_file])?;
    permit(rules, libc::SYS_mprotect, vec![never_code()?])
}

/// Adds an alternative: a call is allowed when one of its rules holds.
fn permit(rules: &mut Rules, call: i64, conditions: Vec<SeccompCondition>) -> Result<(), Error> {
    let rule = SeccompRule::new(conditions).map_err(|error| refused(seccompiler::Error::Backend(error)))?;
    rules.entry(call).or_default().push(rule);
    Ok(())
}

/// The kernel takes a descriptor as 32 bits and ignores the rest of the register.
fn descriptor(number: RawFd) -> Result<SeccompCondition, Error> {
    condition(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, u64::from(number as u32))
}

fn condition(
    argument: u8,
    length: SeccompCmpArgLen,
    operator: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, Error> {
    SeccompCondition::new(argument, length, operator, value)
        .map_err(|error| refused(seccompiler::Error::Backend(error)))
}

fn refused(error: seccompiler::Error) -> Error {
    match &error {
        // seccomp(2): EINVAL and ENOSYS when the kernel lacks filters.
        seccompiler::Error::Seccomp(source) | seccompiler::Error::Prctl(source)
            if matches!(source.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL))
                || source.kind() == io::ErrorKind::Unsupported =>
        {
            Missing::Seccomp.into()
        }
        _ => Error::Seccomp(error.to_string()),
    }
}
