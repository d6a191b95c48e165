//! Network namespaces (`network_namespaces(7)`), for tests and for a demo that touches nothing of
//! the machine that it runs on.

use crate::netlink::{LinkChange, LinkName, Netlink};
use crate::privilege::control;
use crate::{Error, Missing, kernel};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::panic;
use std::thread;

/// A network namespace, alive as long as this handle or a process or socket in it.
#[derive(Debug)]
pub struct NetNamespace {
    descriptor: OwnedFd,
}

const FORWARDING: [&str; 2] = [
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/net/ipv6/conf/all/forwarding",
];

impl NetNamespace {
    /// A fresh namespace with its loopback interface up, which forwards nothing whatever the machine does. Needs `CAP_SYS_ADMIN`, or a process that
    /// called [`isolate`].
    pub fn create() -> Result<Self, Error> {
        on_own_thread(|| {
            // SAFETY: unshare(2) takes a flag; CLONE_NEWNET concerns the calling thread only.
            let answer = unsafe { libc::unshare(libc::CLONE_NEWNET) };
            kernel::done("make a network namespace", answer).map_err(needs_admin)?;
            loopback_up()?;
            for setting in FORWARDING {
                // Another namespace's settings are copied into a new one. IPv6 is not there on every machine.
                let _none = std::fs::write(setting, "0");
            }
            Self::present()
        })
    }

    /// The namespace of the calling thread.
    pub fn present() -> Result<Self, Error> {
        present().map_err(|source| Error::Kernel {
            doing: "open the network namespace",
            source,
        })
    }

    /// Whether the calling thread is in it (`namespaces(7)`: same device and inode).
    pub fn is_present(&self) -> Result<bool, Error> {
        let identity = |namespace: &Self| {
            let file = File::from(namespace.descriptor.try_clone()?);
            file.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
        };
        let compare = || -> io::Result<bool> { Ok(identity(self)? == identity(&present()?)?) };
        compare().map_err(|source| Error::Kernel {
            doing: "compare network namespaces",
            source,
        })
    }

    /// Runs `work` inside, on a thread of its own. Sockets and tunnel devices that it opens stay
    /// in the namespace; processes that it starts with `std::process` begin there.
    ///
    /// [`crate::worker::Spawn`] has its own way, because it starts processes from another thread.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
        on_own_thread(|| {
            // SAFETY: setns(2) takes a descriptor, which self keeps open, and a flag; it moves the
            // calling thread only.
            let answer = unsafe { libc::setns(self.descriptor.as_raw_fd(), libc::CLONE_NEWNET) };
            kernel::done("enter a network namespace", answer).map_err(needs_admin)?;
            Ok(work())
        })
    }

    /// A cable between this namespace and `other`: `near` here and `far` there, both up.
    pub fn connect(&self, near: &LinkName, other: &Self, far: &LinkName) -> Result<(), Error> {
        self.run(|| {
            Netlink::open()?.add_veth(near, far, other.descriptor.as_fd())?;
            switch_on(near)
        })??;
        other.run(|| switch_on(far))?
    }
}

impl AsFd for NetNamespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// Moves the whole process into user, mount and network namespaces of its own, in which it is root
/// over nothing but them (`user_namespaces(7)`). Works for an ordinary user where user
/// namespaces are allowed. Call it before the first thread is started.
pub fn isolate() -> Result<(), Error> {
    crate::confine::require_one_thread()?;
    // SAFETY: geteuid(2) and getegid(2) have no arguments and cannot fail.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    let flags = libc::CLONE_NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWNET;
    // SAFETY: unshare(2) takes flags; the process has one thread.
    kernel::done("make namespaces of our own", unsafe { libc::unshare(flags) }).map_err(refused)?;
    // proc(5): the files of a process that is not dumpable, such as one with file capabilities, belong
    // to root; this one is about to hold nothing that another process of the same user may not read.
    control("let ourselves write to our own /proc", libc::PR_SET_DUMPABLE, 1)?;
    // user_namespaces(7): an ordinary user must give up setgroups(2) before writing gid_map.
    for (file, text) in [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("0 {user} 1")),
        ("/proc/self/gid_map", format!("0 {group} 1")),
    ] {
        fs::write(file, text).map_err(|source| {
            refused(Error::Kernel {
                doing: "map our user into the namespace",
                source,
            })
        })?;
    }
    loopback_up()
}

fn present() -> io::Result<NetNamespace> {
    File::open("/proc/thread-self/ns/net").map(|file| NetNamespace {
        descriptor: file.into(),
    })
}

fn loopback_up() -> Result<(), Error> {
    switch_on(&LinkName::new("lo")?)
}

fn switch_on(name: &LinkName) -> Result<(), Error> {
    let change = LinkChange {
        up: true,
        ..LinkChange::default()
    };
    Netlink::open()?.change_link(name.index()?, change)
}

/// A namespace belongs to a thread: the caller's is never changed.
fn on_own_thread<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|reason| panic::resume_unwind(reason))
}

fn needs_admin(error: Error) -> Error {
    match error {
        Error::Kernel { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => Missing::SysAdmin.into(),
        other => other,
    }
}

fn refused(error: Error) -> Error {
    match error {
        // unshare(2): ENOSPC and EUSERS when the limit in user.max_user_namespaces is reached.
        Error::Kernel { source, .. }
            if source.kind() == io::ErrorKind::PermissionDenied
                || matches!(source.raw_os_error(), Some(libc::ENOSPC | libc::EUSERS)) =>
        {
            Missing::UserNamespaces.into()
        }
        other => other,
    }
}
