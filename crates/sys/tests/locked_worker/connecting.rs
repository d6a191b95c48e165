//! What a connector that fell to an attacker would try: it may connect, and offers nothing to anybody.

use crate::Test;
use crate::attempts::{Answer, call, heard, loopback_name, number, parent, text};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::ExitCode;
use std::time::Duration;
use sys::outbound::{Carries, Loose, Stream};
use sys::poll::{Interest, Poller};
use sys::worker::{Ended, Stderr, inherited};
use sys::{Allowed, Channel, Spawn, Ways, channel, link};

/// Descriptors of the worker.
struct Hands {
    channel: OwnedFd,
    link: OwnedFd,
    /// Opened after the lock, as members' flows are.
    stream: i64,
    udp: i64,
}

type Attempt = fn(&Hands) -> i64;

fn socket(domain: libc::c_int, kind: libc::c_int, protocol: libc::c_int) -> i64 {
    let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    call(
        libc::SYS_socket,
        [domain.into(), (kind | flags).into(), protocol.into(), 0],
    )
}

fn set(socket: i64, level: libc::c_int, option: libc::c_int) -> i64 {
    let one: libc::c_int = 1;
    // SAFETY: setsockopt(2) reads one int from a valid pointer.
    unsafe { libc::syscall(libc::SYS_setsockopt, socket, level, option, &raw const one, 4) }
}

/// `ip(7)`: 127.0.0.1 and a port of the kernel's choice.
fn any_port() -> [u8; 16] {
    let mut name = loopback_name();
    name[2..4].copy_from_slice(&[0, 0]);
    name
}

const ATTEMPTS: &[(&str, Attempt)] = &[
    ("open_a_file", |_| {
        call(libc::SYS_openat, [libc::AT_FDCWD as i64, text(c"/etc/hostname"), 0, 0])
    }),
    ("bind_a_tcp_port", |hands| {
        call(libc::SYS_bind, [hands.stream, any_port().as_ptr() as i64, 16, 0])
    }),
    ("bind_a_udp_port", |hands| {
        call(libc::SYS_bind, [hands.udp, any_port().as_ptr() as i64, 16, 0])
    }),
    ("listen", |hands| call(libc::SYS_listen, [hands.stream, 1, 0, 0])),
    ("accept", |hands| {
        // Nobody calls; that it may ask is what counts.
        call(libc::SYS_listen, [hands.stream, 1, 0, 0]);
        call(libc::SYS_accept4, [hands.stream, 0, 0, 0]).max(0)
    }),
    ("make_a_local_socket", |_| socket(libc::AF_UNIX, libc::SOCK_STREAM, 0)),
    ("make_a_netlink_socket", |_| socket(libc::AF_NETLINK, libc::SOCK_RAW, 0)),
    ("make_a_raw_socket", |_| {
        socket(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP)
    }),
    ("make_a_packet_socket", |_| socket(libc::AF_PACKET, libc::SOCK_RAW, 0)),
    ("make_a_socket_that_programs_inherit", |_| {
        call(libc::SYS_socket, [libc::AF_INET.into(), libc::SOCK_STREAM.into(), 0, 0])
    }),
    ("connect_the_channel", |hands| {
        let name = loopback_name();
        call(libc::SYS_connect, [number(&hands.channel), name.as_ptr() as i64, 16, 0]).max(0)
    }),
    ("send_a_descriptor_over_the_link", |hands| {
        // SAFETY: sendmsg(2): struct msghdr is numbers and pointers; zero and null are valid.
        let header: libc::msghdr = unsafe { std::mem::zeroed() };
        call(
            libc::SYS_sendmsg,
            [number(&hands.link), (&raw const header) as i64, 0, 0],
        )
        .max(0)
    }),
    ("receive_a_descriptor_over_the_link", |hands| {
        // SAFETY: recvmsg(2): struct msghdr is numbers and pointers; zero and null are valid.
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        call(libc::SYS_recvmsg, [number(&hands.link), (&raw mut header) as i64, 0, 0]).max(0)
    }),
    ("set_another_option", |hands| {
        set(hands.stream, libc::SOL_SOCKET, libc::SO_REUSEADDR)
    }),
    ("read_another_option", |hands| {
        let (mut value, mut length) = (0i32, 4u32);
        // SAFETY: getsockopt(2) writes at most four bytes to value.
        unsafe {
            libc::syscall(
                libc::SYS_getsockopt,
                hands.stream,
                libc::SOL_SOCKET,
                libc::SO_TYPE,
                &raw mut value,
                &raw mut length,
            )
        }
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
    ("signal_the_parent", |_| call(libc::SYS_kill, [parent(), 0, 0, 0])),
    ("write_to_standard_output", |_| {
        call(libc::SYS_write, [1, text(c"x"), 1, 0])
    }),
    ("make_an_io_uring", |_| {
        let mut parameters = [0u8; 120];
        call(libc::SYS_io_uring_setup, [1, parameters.as_mut_ptr() as i64, 0, 0])
    }),
    ("duplicate_a_descriptor", |hands| {
        call(libc::SYS_dup, [hands.udp, 0, 0, 0])
    }),
    ("make_a_memory_file", |_| {
        call(libc::SYS_memfd_create, [text(c"x"), 0, 0, 0])
    }),
    ("configure_through_ioctl", |hands| {
        let mut request = [0u8; 40];
        request[..2].copy_from_slice(b"lo");
        call(
            libc::SYS_ioctl,
            [hands.udp, libc::SIOCGIFFLAGS as i64, request.as_mut_ptr() as i64, 0],
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
];

pub(crate) fn tests() -> Vec<Test> {
    let refused = ATTEMPTS.iter().map(|(name, _)| -> Test {
        (
            format!("a_locked_connector_cannot_{name}"),
            Box::new(|| {
                assert_eq!(answer("open", name), Answer::Done, "without a lock it succeeds");
                assert_eq!(answer("sealed", name), Answer::Died(libc::SIGSYS));
            }),
        )
    });
    let needed: [Test; 2] = [
        (
            "a_locked_connector_connects_sends_and_asks_for_ways".into(),
            Box::new(serves),
        ),
        (
            "a_locked_connector_has_so_many_sockets_and_no_more".into(),
            Box::new(|| assert_eq!(answer("sealed", "open_too_many"), Answer::Refused(libc::EMFILE))),
        ),
    ];
    refused.chain(needed).collect()
}

fn start(arguments: [&str; 2], port: u16) -> (sys::Worker, Channel) {
    let (near, far) = channel::pair().unwrap();
    let (_here, there) = link::pair().unwrap();
    let worker = Spawn::again(&["worker", "connecting", arguments[0], arguments[1], &port.to_string()])
        .stderr(Stderr::Inherit)
        .give(far.as_fd())
        .give(there.as_fd())
        .start()
        .unwrap();
    (worker, near)
}

fn answer(lock: &str, name: &str) -> Answer {
    let (mut worker, near) = start([lock, name], 0);
    match worker.wait().unwrap() {
        Ended::Killed(signal) => {
            assert_eq!(heard(&near), Some(0), "the worker was ready before it died");
            Answer::Died(signal)
        }
        Ended::Exited(_) if name == "execute_a_program" && lock == "open" => Answer::Done,
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

/// The lock leaves what the connector is for.
fn serves() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut worker, near) = start(["sealed", "serve"], listener.local_addr().unwrap().port());
    let (mut stream, _) = listener.accept().unwrap();
    let mut heard_there = String::new();
    stream.read_to_string(&mut heard_there).unwrap();
    assert_eq!(heard_there, "through the lock");
    stream.write_all(b"back").unwrap();
    drop(stream);
    assert_eq!(worker.wait().unwrap(), Ended::Exited(0));
    while let Some(word) = heard(&near) {
        assert_eq!(word, 0);
    }
}

/// How many sockets the worker may open.
const MOST: u32 = 8;

/// In the worker: says 0 when it is ready, makes the attempt, says what came of it.
pub(crate) fn worker(lock: &str, name: &str, port: &str) -> ExitCode {
    let mut given = inherited(2).unwrap().into_iter();
    let mut next = || given.next().unwrap();
    let (channel, link) = (next(), next());
    let (ways, poller) = (Ways::open().unwrap(), Poller::new().unwrap());
    let allowed = Allowed::new()
        .channel(channel.as_fd())
        .tun(link.as_fd())
        .ways(ways.as_fd())
        .poller(poller.as_fd())
        .connections(MOST);
    let say = |word: i32| {
        let bytes = word.to_ne_bytes();
        call(libc::SYS_sendto, [number(&channel), bytes.as_ptr() as i64, 4, 0])
    };
    if lock == "sealed" {
        sys::confine(&allowed).unwrap();
    }
    say(0);
    if name == "serve" {
        serve(port.parse().unwrap(), &ways, &poller);
        return ExitCode::SUCCESS;
    }
    if name == "open_too_many" {
        let opened: Vec<_> = (0..=MOST).map(|_| Loose::open(Carries::Datagrams, true)).collect();
        assert!(opened[..MOST as usize].iter().all(Result::is_ok));
        say(opened[MOST as usize].as_ref().unwrap_err().raw_os_error().unwrap());
        return ExitCode::SUCCESS;
    }
    let hands = Hands {
        channel,
        link,
        stream: socket(libc::AF_INET, libc::SOCK_STREAM, 0),
        udp: socket(libc::AF_INET, libc::SOCK_DGRAM, 0),
    };
    let (_, attempt) = ATTEMPTS
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a known attempt");
    let result = attempt(&hands);
    let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    let word = (if result < 0 { errno } else { 0 }).to_ne_bytes();
    call(libc::SYS_sendto, [number(&hands.channel), word.as_ptr() as i64, 4, 0]);
    ExitCode::SUCCESS
}

fn serve(port: u16, ways: &Ways, poller: &Poller) {
    let to = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    assert_eq!(ways.to(to.ip()).unwrap(), sys::ways::Way::Here);
    let stream = Stream::connect(to).unwrap();
    poller.add(stream.as_fd(), 1, Interest::Changes).unwrap();
    let (mut ready, mut buffer) = (Vec::new(), [0; 16]);
    poller.wait(&mut ready, Some(Duration::from_secs(5))).unwrap();
    stream.outcome().unwrap();
    assert_eq!(stream.write(b"through the lock").unwrap(), 16);
    stream.finish().unwrap();
    while stream.read(&mut buffer).is_err() {
        poller.wait(&mut ready, Some(Duration::from_secs(5))).unwrap();
    }
    assert_eq!(&buffer[..4], b"back");
    stream.reset();
    for is_v4 in [true, false] {
        let loose = Loose::open(Carries::Datagrams, is_v4).unwrap();
        loose.cutting(sys::outbound::Cutting::Forbidden).unwrap();
        loose.cutting(sys::outbound::Cutting::Allowed).unwrap();
        if is_v4 {
            loose.send(b"x", to).unwrap();
        }
        let _nothing_waits = loose.receive(&mut buffer);
        let _nothing_refused = loose.refused(&mut buffer);
        assert!(loose.as_raw_fd() > 2);
    }
}
