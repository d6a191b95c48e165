//! What the kernel reports of a worker, read from outside (`proc(5)`), for `candor prove`.

use crate::Error;
use crate::missing::Capabilities;
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What lies behind a descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `/dev/null`.
    Null,
    /// A tunnel device.
    Tun,
    /// A UDP socket.
    Udp,
    /// A Unix-domain socket: the channel to the parent.
    Unix,
    /// Another socket.
    OtherSocket,
    /// An epoll set.
    Epoll,
    /// An `eventfd`.
    Event,
    /// A `timerfd`.
    Timer,
    /// A pipe.
    Pipe,
    /// Anything else: a file, a memory file, a device.
    Other(PathBuf),
}

/// One open descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number in the worker.
    pub number: RawFd,
    /// What lies behind it.
    pub kind: Kind,
}

/// The kernel's report of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockdownReport {
    /// `Seccomp`: 2 is "filter".
    pub seccomp_mode: u32,
    /// `Seccomp_filters`.
    pub seccomp_filters: u32,
    /// `NoNewPrivs`.
    pub no_new_privileges: bool,
    /// `CapInh`, `CapPrm`, `CapEff`, `CapBnd`, `CapAmb`, in this order.
    pub capabilities: [Capabilities; 5],
    /// Real, effective, saved and filesystem user.
    pub users: [u32; 4],
    /// Real, effective, saved and filesystem group.
    pub groups: [u32; 4],
    /// `Threads`.
    pub threads: u32,
    /// Hard limit of a core dump in bytes; `None` is unlimited.
    pub core_bytes: Option<u64>,
    /// Hard limit of a written file in bytes; `None` is unlimited.
    pub file_bytes: Option<u64>,
    /// Hard limit of descriptor numbers; `None` is unlimited.
    pub descriptor_limit: Option<u64>,
    /// Open descriptors; `None` where this process may not list them.
    pub descriptors: Option<Vec<Descriptor>>,
    /// The kernel's Landlock ABI. **No kernel reports which process is restricted**: that the
    /// worker is, is its own word ([`crate::confine::Lockdown`]) after it tried.
    pub landlock_abi: i32,
}

/// One way in which a process is not locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// No seccomp filter.
    NoFilter,
    /// `exec` could give it privileges.
    NewPrivileges,
    /// It holds or could regain capabilities: the row of `/proc/PID/status`.
    Capabilities(&'static str),
    /// It can leave a core dump.
    CoreDump,
    /// It can write to a file.
    FileSize,
    /// It holds something that is neither socket, tunnel nor event.
    Descriptor(Descriptor),
    /// The kernel has no Landlock.
    NoLandlock,
}

/// Names of the capability rows, in the order of [`LockdownReport::capabilities`].
const CAPABILITY_ROWS: [&str; 5] = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];

impl LockdownReport {
    /// What is not locked; empty for a locked worker.
    ///
    /// A full bounding set counts only without "no new privileges": with it, `exec` gives nothing
    /// (`PR_SET_NO_NEW_PRIVS(2const)`), and a start without privileges cannot empty the set.
    pub fn gaps(&self) -> Vec<Gap> {
        let bounding = CAPABILITY_ROWS.len() - 2;
        let rows = CAPABILITY_ROWS.iter().zip(&self.capabilities).enumerate();
        let capabilities = rows.filter_map(|(place, (row, set))| {
            let harmless = set.is_empty() || (place == bounding && self.no_new_privileges);
            (!harmless).then_some(Gap::Capabilities(row))
        });
        let foreign = self
            .descriptors
            .iter()
            .flatten()
            .filter(|descriptor| match descriptor.kind {
                Kind::Null | Kind::Tun | Kind::Udp | Kind::Unix | Kind::Epoll | Kind::Event | Kind::Timer => false,
                // Standard error may be a pipe; the filter does not let the worker write to it.
                Kind::Pipe => descriptor.number != libc::STDERR_FILENO,
                Kind::OtherSocket | Kind::Other(_) => true,
            });
        [
            (self.seccomp_mode != 2 || self.seccomp_filters == 0, Gap::NoFilter),
            (!self.no_new_privileges, Gap::NewPrivileges),
            (self.core_bytes != Some(0), Gap::CoreDump),
            (self.file_bytes != Some(0), Gap::FileSize),
            (self.landlock_abi < 1, Gap::NoLandlock),
        ]
        .into_iter()
        .filter_map(|(open, gap)| open.then_some(gap))
        .chain(capabilities)
        .chain(foreign.cloned().map(Gap::Descriptor))
        .collect()
    }
}

/// Reads what the kernel reports of a process.
///
/// The list of descriptors of a locked worker is readable for root only: it is "not dumpable"
/// (`proc(5)`, `PR_SET_DUMPABLE(2const)`). What else is reported everybody may read.
pub fn read_lockdown(process: u32) -> Result<LockdownReport, Error> {
    let directory = PathBuf::from(format!("/proc/{process}"));
    let status = text(&directory.join("status"), "read the status of the worker")?;
    let limits = text(&directory.join("limits"), "read the limits of the worker")?;
    let mut capabilities = [Capabilities::default(); 5];
    for (set, row) in capabilities.iter_mut().zip(CAPABILITY_ROWS) {
        *set = Capabilities(capability_row(&status, row)?);
    }
    Ok(LockdownReport {
        seccomp_mode: number_row(&status, "Seccomp")?,
        // Linux 5.9 and newer; an older kernel with mode 2 has at least one.
        seccomp_filters: number_row(&status, "Seccomp_filters").unwrap_or(1),
        no_new_privileges: number_row(&status, "NoNewPrivs")? == 1,
        capabilities,
        users: four(&status, "Uid")?,
        groups: four(&status, "Gid")?,
        threads: number_row(&status, "Threads")?,
        core_bytes: hard_limit(&limits, "Max core file size")?,
        file_bytes: hard_limit(&limits, "Max file size")?,
        descriptor_limit: hard_limit(&limits, "Max open files")?,
        descriptors: match descriptors(&directory) {
            Err(Error::Kernel { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => None,
            found => Some(found?),
        },
        landlock_abi: crate::confine::landlock_abi(),
    })
}

/// A hexadecimal row of `/proc/PID/status`.
pub(crate) fn capability_row(status: &str, row: &str) -> Result<u64, Error> {
    field(status, row)
        .and_then(|value| u64::from_str_radix(value, 16).ok())
        .ok_or(Error::Proc("/proc/PID/status"))
}

fn number_row(status: &str, row: &str) -> Result<u32, Error> {
    field(status, row)
        .and_then(|value| value.parse().ok())
        .ok_or(Error::Proc("/proc/PID/status"))
}

fn four(status: &str, row: &str) -> Result<[u32; 4], Error> {
    let broken = || Error::Proc("/proc/PID/status");
    let numbers: Vec<u32> = field(status, row)
        .ok_or_else(broken)?
        .split_whitespace()
        .map(|number| number.parse().map_err(|_| broken()))
        .collect::<Result<_, _>>()?;
    numbers.try_into().map_err(|_| broken())
}

fn field<'a>(status: &'a str, row: &str) -> Option<&'a str> {
    status
        .lines()
        .find_map(|line| line.strip_prefix(row)?.strip_prefix(':'))
        .map(str::trim)
}

/// `/proc/PID/limits`: name, soft limit, hard limit, unit.
fn hard_limit(limits: &str, name: &str) -> Result<Option<u64>, Error> {
    let broken = || Error::Proc("/proc/PID/limits");
    let row = limits
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .ok_or_else(broken)?;
    match row.split_whitespace().nth(1).ok_or_else(broken)? {
        "unlimited" => Ok(None),
        number => number.parse().map(Some).map_err(|_| broken()),
    }
}

fn descriptors(directory: &Path) -> Result<Vec<Descriptor>, Error> {
    let failed = |source| Error::Kernel {
        doing: "list the descriptors of the worker",
        source,
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(directory.join("fd")).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        match fs::read_link(entry.path()) {
            Ok(target) => found.push(Descriptor {
                number,
                kind: kind(&entry.path(), target),
            }),
            // Closed since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
    }
    found.sort_by_key(|descriptor| descriptor.number);
    Ok(found)
}

fn kind(entry: &Path, target: PathBuf) -> Kind {
    let Some(text) = target.to_str() else {
        return Kind::Other(target);
    };
    match text {
        "/dev/null" => Kind::Null,
        "/dev/net/tun" => Kind::Tun,
        "anon_inode:[eventpoll]" => Kind::Epoll,
        "anon_inode:[eventfd]" => Kind::Event,
        "anon_inode:[timerfd]" => Kind::Timer,
        _ if text.starts_with("pipe:[") => Kind::Pipe,
        _ if text.starts_with("socket:[") => socket_kind(entry),
        _ => Kind::Other(target),
    }
}

/// The protocol of a socket, as the socket filesystem names it in this attribute (`xattr(7)`,
/// kernel `net/socket.c`). Unlike `/proc/PID/net` it knows sockets of every network namespace.
fn socket_kind(entry: &Path) -> Kind {
    const LONGEST: usize = 32;
    let Ok(path) = CString::new(entry.as_os_str().as_bytes()) else {
        return Kind::OtherSocket;
    };
    let mut name = [0u8; LONGEST];
    // SAFETY: getxattr(2) reads two zero-terminated strings and writes at most LONGEST bytes.
    let length = unsafe {
        libc::getxattr(
            path.as_ptr(),
            c"system.sockprotoname".as_ptr(),
            name.as_mut_ptr().cast(),
            LONGEST,
        )
    };
    let length = usize::try_from(length).unwrap_or(0);
    protocol(name.get(..length).unwrap_or_default())
}

fn protocol(name: &[u8]) -> Kind {
    match name.strip_suffix(b"\0").unwrap_or(name) {
        b"UDP" | b"UDPv6" => Kind::Udp,
        b"UNIX" | b"UNIX-STREAM" => Kind::Unix,
        _ => Kind::OtherSocket,
    }
}

fn text(path: &Path, doing: &'static str) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::Kernel { doing, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_not_locked_and_the_report_says_so() {
        let report = read_lockdown(std::process::id()).unwrap();
        assert!(report.gaps().contains(&Gap::NoFilter));
        assert!(report.gaps().contains(&Gap::NewPrivileges));
        assert!(report.threads >= 1);
    }

    #[test]
    fn a_row_is_found_by_its_whole_name() {
        let status = "Seccomp:\t2\nSeccomp_filters:\t1\nUid:\t0\t1\t2\t3\nCapEff:\t00000000000000ff\n";
        assert_eq!(number_row(status, "Seccomp").unwrap(), 2);
        assert_eq!(number_row(status, "Seccomp_filters").unwrap(), 1);
        assert_eq!(four(status, "Uid").unwrap(), [0, 1, 2, 3]);
        assert_eq!(capability_row(status, "CapEff").unwrap(), 255);
        assert!(number_row(status, "Threads").is_err());
    }

    #[test]
    fn limits_are_numbers_or_unlimited() {
        let limits = "Max core file size        0                    unlimited            bytes\n\
                      Max open files            20                   20                   files\n";
        assert_eq!(hard_limit(limits, "Max core file size").unwrap(), None);
        assert_eq!(hard_limit(limits, "Max open files").unwrap(), Some(20));
        assert!(hard_limit(limits, "Max file size").is_err());
    }

    #[test]
    fn a_file_is_a_gap_and_a_socket_of_the_right_kind_is_not() {
        let of = |text: &str| kind(Path::new("/"), PathBuf::from(text));
        assert_eq!(protocol(b"UDPv6\0"), Kind::Udp);
        assert_eq!(protocol(b"UNIX\0"), Kind::Unix);
        assert_eq!(protocol(b"TCP\0"), Kind::OtherSocket);
        assert_eq!(of("socket:[9]"), Kind::OtherSocket, "no attribute");
        assert_eq!(of("/var/log/x"), Kind::Other(PathBuf::from("/var/log/x")));
        assert_eq!(
            of("/memfd:x (deleted)"),
            Kind::Other(PathBuf::from("/memfd:x (deleted)"))
        );
    }
}
