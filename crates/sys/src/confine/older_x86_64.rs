//! Calls that x86-64 kept from before the generic table (`syscalls(2)`); glibc still uses them.

pub(super) const HARMLESS: &[i64] = &[libc::SYS_poll];
pub(super) const EPOLL: &[i64] = &[libc::SYS_epoll_wait];
