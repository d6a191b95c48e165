//! A locked worker lives: it allocates, sleeps, waits and takes time on several threads. It dies
//! silently when it panics, and dies when its parent does.

use crate::Test;
use crate::carrier::Capable;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use sys::channel::{self, Received};
use sys::poll::{Interest, Poller};
use sys::worker::{Ended, PANICKED, Stderr, inherited, silence_panics};
use sys::{Allowed, Channel, Identity, Spawn};

/// Enough for glibc to give memory back, were it allowed to.
const BLOCK_BYTES: usize = 100 * 1024;
const BLOCKS: usize = 1000;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        (
            "a_worker_with_a_second_thread_is_not_locked_in_part".into(),
            Box::new(a_second_thread_is_noticed),
        ),
        (
            "locked_threads_allocate_free_sleep_and_draw".into(),
            Box::new(locked_threads_live),
        ),
        (
            "the_filter_is_on_threads_that_were_started_before".into(),
            Box::new(curious_thread_dies),
        ),
        (
            "a_panic_in_a_locked_worker_says_nothing".into(),
            Box::new(a_panic_says_nothing),
        ),
        (
            "a_worker_dies_with_its_parent".into(),
            Box::new(a_worker_dies_with_its_parent),
        ),
        (
            "a_worker_of_a_program_with_file_capabilities_dies_with_its_parent_too".into(),
            Box::new(a_worker_of_a_program_with_file_capabilities_dies_too),
        ),
    ]
}

fn locked_threads_live() {
    let (_near, far) = channel::pair().unwrap();
    let mut worker = Spawn::again(&["worker", "lasting"])
        .stderr(Stderr::Inherit)
        .give(far.as_fd())
        .start()
        .unwrap();
    assert_eq!(worker.wait().unwrap(), Ended::Exited(0));
}

fn a_second_thread_is_noticed() {
    let (near, far) = channel::pair().unwrap();
    let mut worker = Spawn::again(&["worker", "two-threads"])
        .give(far.as_fd())
        .start()
        .unwrap();
    assert_eq!(worker.wait().unwrap(), Ended::Exited(0));
    assert_eq!(near.receive(&mut [0; 8]).unwrap(), Received::Message(2));
}

/// In the worker: one thread more than may be.
pub(crate) fn worker_with_two_threads() -> ExitCode {
    let channel = Channel::adopt(inherited(1).unwrap().remove(0));
    let (_living, wait) = mpsc::channel::<()>();
    thread::spawn(move || wait.recv());
    match sys::confine(&Allowed::new().channel(channel.as_fd())) {
        Err(sys::Error::Threads(2)) => channel.send(b"no").unwrap(),
        other => panic!("{other:?}"),
    }
    ExitCode::SUCCESS
}

fn curious_thread_dies() {
    let (_near, far) = channel::pair().unwrap();
    let mut worker = Spawn::again(&["worker", "curious"])
        .stderr(Stderr::Inherit)
        .give(far.as_fd())
        .start()
        .unwrap();
    assert_eq!(worker.wait().unwrap(), Ended::Killed(libc::SIGSYS));
}

/// In the worker: two threads besides the first, started between the two halves of the lock.
pub(crate) fn worker() -> ExitCode {
    let channel = Channel::adopt(inherited(1).unwrap().remove(0));
    let allowed = Allowed::new().channel(channel.as_fd());
    let restricted = sys::confine::restrict(&allowed).unwrap();
    let (finish, finished) = mpsc::channel();
    let (start, started) = mpsc::channel();
    let begin: Vec<_> = (0..2)
        .map(|_| {
            let (begin, wait) = mpsc::channel::<()>();
            let (finish, start) = (finish.clone(), start.clone());
            thread::spawn(move || {
                start.send(()).unwrap();
                wait.recv().unwrap();
                work();
                finish.send(()).unwrap();
            });
            begin
        })
        .collect();
    assert_eq!(started.iter().take(2).count(), 2);
    let lockdown = restricted.seal().unwrap();
    assert!(lockdown.landlock.abi >= 1 && lockdown.filter_instructions > 0);
    begin.iter().for_each(|begin| begin.send(()).unwrap());
    work();
    assert_eq!(finished.iter().take(2).count(), 2);
    ExitCode::SUCCESS
}

/// In the worker: a thread that was started before the filter opens a directory.
pub(crate) fn worker_with_a_curious_thread() -> ExitCode {
    let channel = Channel::adopt(inherited(1).unwrap().remove(0));
    let allowed = Allowed::new().channel(channel.as_fd());
    let restricted = sys::confine::restrict(&allowed).unwrap();
    let (begin, wait) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        wait.recv().unwrap();
        std::fs::read_dir("/").is_err()
    });
    restricted.seal().unwrap();
    begin.send(()).unwrap();
    let _ = thread.join();
    ExitCode::SUCCESS
}

fn work() {
    let start = Instant::now();
    for _ in 0..3 {
        let blocks: Vec<Vec<u8>> = (0..BLOCKS).map(|index| vec![index as u8; BLOCK_BYTES]).collect();
        drop(blocks);
    }
    let grown = (0..1_000_000u64).fold(Vec::new(), |mut list, number| {
        list.push(number);
        list
    });
    drop(grown);
    thread::sleep(Duration::from_millis(2));
    let mut drawn = [0; 64];
    sys::time::fill_entropy(&mut drawn).unwrap();
    assert!(start.elapsed() > Duration::ZERO && sys::time::since_boot().unwrap() > Duration::ZERO);
}

fn a_panic_says_nothing() {
    let (_near, far) = channel::pair().unwrap();
    let mut worker = Spawn::again(&["worker", "panic"])
        .stderr(Stderr::Pipe)
        .give(far.as_fd())
        .start()
        .unwrap();
    let mut said = String::new();
    File::from(worker.take_stderr().unwrap())
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(worker.wait().unwrap(), Ended::Exited(PANICKED));
    assert_eq!(said, "");
}

/// In the worker.
pub(crate) fn panicking_worker() -> ExitCode {
    let channel = Channel::adopt(inherited(1).unwrap().remove(0));
    silence_panics();
    sys::confine(&Allowed::new().channel(channel.as_fd())).unwrap();
    panic!("203.0.113.77 asked for example.org");
}

fn a_worker_dies_with_its_parent() {
    dies_with(Command::new("/proc/self/exe").args(["worker", "parent", "nobody"]));
}

fn a_worker_of_a_program_with_file_capabilities_dies_too() {
    let program = Capable::install();
    dies_with(program.command().args(["worker", "parent", "same"]));
}

fn dies_with(parent: &mut Command) {
    let mut parent = parent.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = [0; 10];
    parent.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
    let process: i32 = std::str::from_utf8(&line).unwrap().trim().parse().unwrap();
    assert!(running(process));
    parent.kill().unwrap();
    parent.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while running(process) {
        assert!(Instant::now() < deadline, "the worker outlived its parent");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process exists and is not a zombie that waits for somebody else's `wait`.
fn running(process: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// In a process of its own: starts a worker from a thread that ends, waits until it is locked (which
/// clears the parent-death signal, were it not set again), says its number, stays.
pub(crate) fn parent_of_a_worker(user: &str) -> ExitCode {
    let (near, far) = channel::pair().unwrap();
    let start = || {
        Spawn::again(&["worker", "asleep", user])
            .give(far.as_fd())
            .start()
            .unwrap()
    };
    let worker = thread::scope(|scope| scope.spawn(start).join().unwrap());
    let poller = Poller::new().unwrap();
    poller.add(near.as_fd(), 0, Interest::Read).unwrap();
    poller.wait(&mut Vec::new(), Some(Duration::from_secs(20))).unwrap();
    assert_eq!(near.receive(&mut [0; 8]).unwrap(), Received::Message(1));
    print!("{:>10}", worker.process());
    std::io::Write::flush(&mut std::io::stdout()).unwrap();
    let _ = std::io::stdin().read(&mut [0]);
    drop(worker);
    ExitCode::SUCCESS
}

/// In the worker: locked, as another user where that is possible, and deaf to the end of its channel.
pub(crate) fn sleeping_worker(user: &str) -> ExitCode {
    let channel = Channel::adopt(inherited(1).unwrap().remove(0));
    let mut allowed = Allowed::new().channel(channel.as_fd());
    if user == "nobody" {
        allowed = allowed.identity(Identity {
            user: 65534,
            group: 65534,
        });
    }
    sys::confine(&allowed).unwrap();
    channel.send(&[1]).unwrap();
    thread::sleep(Duration::from_secs(600));
    ExitCode::FAILURE
}
