//! What a worker that fell to an attacker would try.

use crate::Test;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::ExitCode;
use sys::channel::{self, Received};
use sys::worker::{Ended, Stderr, inherited};
use sys::{Allowed, Channel, Spawn, UdpSocket};

/// How much of the lock the worker closes.
#[derive(Clone, Copy)]
enum Lock {
    /// All of it.
    Sealed,
    /// All but the seccomp filter: what Landlock and the loss of capabilities refuse alone.
    Restricted,
    /// None: the attempt succeeds, or it would prove nothing.
    Open,
}

impl Lock {
    fn word(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Restricted => "restricted",
            Self::Open => "open",
        }
    }
}

/// What the kernel answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The attempt succeeded.
    Done,
    /// It failed with this `errno`.
    Refused(i32),
    /// The worker did not live to tell.
    Died(i32),
}

/// Descriptors of the worker: channel, UDP, and a file that it is not told of.
struct Hands {
    channel: OwnedFd,
    udp: OwnedFd,
    undeclared: Option<OwnedFd>,
}

type Attempt = fn(&Hands) -> i64;

/// One for each thing that the lock forbids, with what it needs beyond the channel and a UDP socket.
const ATTEMPTS: &[(&str, Attempt)] = &[
    ("open_a_file", |_| {
        call(libc::SYS_openat, [libc::AT_FDCWD as i64, text(c"/etc/hostname"), 0, 0])
    }),
    ("create_a_file", |_| {
        let flags = i64::from(libc::O_WRONLY | libc::O_TMPFILE);
        call(libc::SYS_openat, [libc::AT_FDCWD as i64, text(c"/tmp"), flags, 0o600])
    }),
    ("create_a_socket", |_| {
        call(
            libc::SYS_socket,
            [i64::from(libc::AF_INET), i64::from(libc::SOCK_STREAM), 0, 0],
        )
    }),
    ("connect_the_udp_socket", |hands| {
        let name = loopback_name();
        call(libc::SYS_connect, [number(&hands.udp), name.as_ptr() as i64, 16, 0])
    }),
    ("execute_a_program", |_| {
        let arguments = [text(c"/bin/true"), 0];
        let pointer = arguments.as_ptr() as i64;
        call(
            libc::SYS_execve,
            [text(c"/bin/true"), pointer, (&raw const arguments[1]) as i64, 0],
        )
    }),
    ("fork", |_| {
        match call(libc::SYS_clone, [i64::from(libc::SIGCHLD), 0, 0, 0]) {
            0 => call(libc::SYS_exit, [0; 4]),
            child => child,
        }
    }),
    ("trace_the_parent", |_| {
        call(libc::SYS_ptrace, [i64::from(libc::PTRACE_SEIZE), parent(), 0, 0])
    }),
    ("read_the_parents_memory", |_| {
        let mut byte = 0u8;
        let local = libc::iovec {
            iov_base: (&raw mut byte).cast(),
            iov_len: 1,
        };
        let remote = libc::iovec {
            iov_base: 4096 as *mut libc::c_void,
            iov_len: 1,
        };
        // SAFETY: process_vm_readv(2): one local and one remote part, no flags.
        let read = unsafe { libc::process_vm_readv(parent() as i32, &local, 1, &remote, 1, 0) };
        // Nothing lies at 4096, which is found out after the permission was given.
        let permitted = std::io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT);
        if permitted { 0 } else { read as i64 }
    }),
    ("signal_the_parent", |_| call(libc::SYS_kill, [parent(), 0, 0, 0])),
    ("write_to_an_undeclared_descriptor", |hands| {
        let target = hands.undeclared.as_ref().map_or(1, |file| i64::from(file.as_raw_fd()));
        call(libc::SYS_write, [target, text(c"x"), 1, 0])
    }),
    ("send_a_descriptor_message", |hands| {
        // SAFETY: recvmsg(2): struct msghdr is numbers and pointers; zero and null are valid.
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        let mut part = libc::iovec {
            iov_base: text(c"x") as *mut libc::c_void,
            iov_len: 1,
        };
        header.msg_iov = &mut part;
        header.msg_iovlen = 1;
        call(
            libc::SYS_sendmsg,
            [number(&hands.channel), (&raw const header) as i64, 0, 0],
        )
    }),
    ("make_an_io_uring", |_| {
        let mut parameters = [0u8; 120];
        call(libc::SYS_io_uring_setup, [1, parameters.as_mut_ptr() as i64, 0, 0])
    }),
    ("duplicate_a_descriptor", |hands| {
        call(libc::SYS_dup, [number(&hands.udp), 0, 0, 0])
    }),
    ("duplicate_with_fcntl", |hands| {
        call(libc::SYS_fcntl, [number(&hands.udp), i64::from(libc::F_DUPFD), 0, 0])
    }),
    ("make_a_memory_file", |_| {
        call(libc::SYS_memfd_create, [text(c"x"), 0, 0, 0])
    }),
    ("map_executable_memory", |_| {
        let protection = i64::from(libc::PROT_READ | libc::PROT_EXEC);
        // SAFETY: mmap(2): an anonymous mapping at a place of the kernel's choice.
        unsafe {
            libc::syscall(
                libc::SYS_mmap,
                0,
                4096,
                protection,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        }
    }),
    ("configure_through_ioctl", |hands| {
        let mut request = [0u8; 40];
        request[..2].copy_from_slice(b"lo");
        call(
            libc::SYS_ioctl,
            [
                number(&hands.udp),
                libc::SIOCGIFFLAGS as i64,
                request.as_mut_ptr() as i64,
                0,
            ],
        )
    }),
    ("lift_the_descriptor_limit", |_| {
        let limit = libc::rlimit {
            rlim_cur: 64,
            rlim_max: 64,
        };
        call(
            libc::SYS_prlimit64,
            [0, libc::RLIMIT_NOFILE as i64, (&raw const limit) as i64, 0],
        )
    }),
    ("become_dumpable_again", |_| {
        call(libc::SYS_prctl, [i64::from(libc::PR_SET_DUMPABLE), 1, 0, 0])
    }),
];

/// The attempts that the lock refuses even without its filter, and with which `errno`.
const REFUSED_WITHOUT_FILTER: &[(&str, i32)] = &[
    ("open_a_file", libc::EACCES),
    ("create_a_file", libc::EACCES),
    ("execute_a_program", libc::EACCES),
    ("trace_the_parent", libc::EPERM),
    ("read_the_parents_memory", libc::EPERM),
    ("signal_the_parent", libc::EPERM),
];

pub(crate) fn tests() -> Vec<Test> {
    let sealed = ATTEMPTS.iter().map(|(name, _)| -> Test {
        (
            format!("a_locked_worker_cannot_{name}"),
            Box::new(|| {
                assert_eq!(answer(Lock::Open, name), Answer::Done, "without a lock it succeeds");
                assert_eq!(answer(Lock::Sealed, name), Answer::Died(libc::SIGSYS));
            }),
        )
    });
    let restricted = REFUSED_WITHOUT_FILTER.iter().map(|(name, errno)| -> Test {
        (
            format!("without_the_filter_a_worker_still_cannot_{name}"),
            Box::new(|| assert_eq!(answer(Lock::Restricted, name), Answer::Refused(*errno))),
        )
    });
    let undeclared: Test = (
        "a_worker_with_an_undeclared_descriptor_does_not_start".into(),
        Box::new(|| assert_eq!(answer(Lock::Sealed, "hold_an_undeclared_file"), Answer::Refused(STRAY))),
    );
    sealed.chain(restricted).chain([undeclared]).collect()
}

/// Stands for `Error::StrayDescriptor` in an answer; no `errno` has this number.
const STRAY: i32 = 9999;

fn answer(lock: Lock, name: &str) -> Answer {
    let (near, far) = channel::pair().unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let file = std::fs::File::options().write(true).open("/dev/null").unwrap();
    let mut spawn = Spawn::again(&["worker", "attempt", lock.word(), name])
        .stderr(Stderr::Inherit)
        .give(far.as_fd())
        .give(udp.as_fd());
    if name == "hold_an_undeclared_file" {
        spawn = spawn.give(file.as_fd());
    }
    let mut worker = spawn.start().unwrap();
    drop(far);
    match worker.wait().unwrap() {
        Ended::Killed(signal) => {
            assert_eq!(heard(&near), Some(0), "the worker was ready before it died");
            Answer::Died(signal)
        }
        Ended::Exited(_) if name == "execute_a_program" && matches!(lock, Lock::Open) => Answer::Done,
        Ended::Exited(_) => {
            let mut last = None;
            while let Some(word) = heard(&near) {
                last = Some(word);
            }
            match last.expect("the worker said how it went") {
                0 => Answer::Done,
                errno => Answer::Refused(errno),
            }
        }
    }
}

/// The next word of a worker that has ended.
pub(crate) fn heard(channel: &Channel) -> Option<i32> {
    let mut word = [0; 4];
    match channel.receive(&mut word) {
        Ok(Received::Message(4)) => Some(i32::from_ne_bytes(word)),
        Ok(Received::Message(_) | Received::Closed) => None,
        // A process that it forked may still hold the other end.
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => None,
        Err(error) => panic!("the channel failed: {error}"),
    }
}

/// In the worker: says 0 when it is ready, makes the attempt, says what came of it.
pub(crate) fn worker(lock: &str, name: &str) -> ExitCode {
    let stray = name == "hold_an_undeclared_file";
    let mut given = inherited(if stray { 3 } else { 2 }).unwrap().into_iter();
    let mut next = || given.next().unwrap();
    let hands = Hands {
        channel: next(),
        udp: next(),
        undeclared: stray.then(&mut next),
    };
    let allowed = Allowed::new().channel(hands.channel.as_fd()).udp(hands.udp.as_fd());
    let say = |word: i32| {
        let bytes = word.to_ne_bytes();
        call(libc::SYS_sendto, [number(&hands.channel), bytes.as_ptr() as i64, 4, 0])
    };
    match lock {
        "sealed" => match sys::confine(&allowed) {
            Ok(_) => {}
            Err(sys::Error::StrayDescriptor(5)) => {
                say(STRAY);
                return ExitCode::FAILURE;
            }
            Err(error) => panic!("{error}"),
        },
        "restricted" => drop(sys::confine::restrict(&allowed).unwrap()),
        _ => {}
    }
    say(0);
    let (_, attempt) = ATTEMPTS
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a known attempt");
    let result = attempt(&hands);
    let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    say(if result < 0 { errno } else { 0 });
    ExitCode::SUCCESS
}

/// A bare system call with up to four arguments.
pub(crate) fn call(name: i64, [a, b, c, d]: [i64; 4]) -> i64 {
    // SAFETY: syscall(2): every pointer among the arguments is to memory that outlives the call, and
    // the two remaining arguments are zero.
    unsafe { libc::syscall(name, a, b, c, d, 0i64, 0i64) }
}

pub(crate) fn number(descriptor: &OwnedFd) -> i64 {
    i64::from(descriptor.as_raw_fd())
}

pub(crate) fn text(text: &'static std::ffi::CStr) -> i64 {
    text.as_ptr() as i64
}

pub(crate) fn parent() -> i64 {
    i64::from(std::os::unix::process::parent_id())
}

/// `ip(7)`: family, port 9, 127.0.0.1.
pub(crate) fn loopback_name() -> [u8; 16] {
    let mut name = [0; 16];
    name[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
    name[2..8].copy_from_slice(&[0, 9, 127, 0, 0, 1]);
    name
}
