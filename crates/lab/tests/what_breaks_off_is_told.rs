//! A connection that one side breaks off is broken off at the other side too, and what came before arrives before: with the
//! running program, in both ways, with a WireGuard client that is not ours.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use lab::world::client::WireGuardGo;
use lab::world::internet::{self, address};
use lab::world::provider::RunsAs;
use lab::world::{Outside, PATIENCE, World, until};
use sys::NetNamespace;

lab::in_both_ways!(
    a_destination_that_breaks_off_is_seen_to_break_off,
    an_answer_whose_sender_then_breaks_off_is_whole,
    a_destination_that_finished_and_then_breaks_off_is_seen_to_break_off,
    a_destination_that_breaks_off_an_upload_ends_it,
    a_device_that_breaks_off_is_seen_to_break_off,
);

const PORT: u16 = 8334;
/// What a destination can say to a device that reads nothing yet: less than its first window (64 KiB, `tcp(7)`), or what the
/// connector holds for it besides.
fn answer_bytes(runs_as: RunsAs) -> usize {
    match runs_as {
        RunsAs::Root | RunsAs::NobodyWithSetcap => 40_000,
        RunsAs::Nobody => 200_000,
    }
}

/// A world with one connected device.
fn each(runs_as: RunsAs, test: impl Fn(&WireGuardGo<'_>, &NetNamespace, IpAddr)) {
    let world = World::start_as(runs_as, 1, "");
    let device = world.join("ada").add_device("laptop");
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    for v6 in [false, true] {
        test(&client, &world.internet.namespace, address(v6));
    }
}

/// Accepts one connection out there, does something with it, and gives what came of it. It listens when this returns.
fn serve<T: Send + 'static>(
    internet: &NetNamespace,
    work: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> Receiver<T> {
    let (listening, listens) = channel();
    let (done, answer) = channel();
    internet
        .run(|| {
            // A thread that begins here stays here.
            std::thread::spawn(move || {
                let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, PORT)).unwrap();
                listening.send(()).unwrap();
                let (stream, _) = listener.accept().unwrap();
                // The next one listens there too.
                drop(listener);
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                // The test may have failed already.
                let _done = done.send(work(stream));
            });
        })
        .unwrap();
    listens.recv().unwrap();
    answer
}

/// Closes with something unread, which Linux makes a reset of (RFC 2525, section 2.17).
fn break_off(stream: TcpStream) {
    stream.peek(&mut [0]).unwrap();
    drop(stream);
}

fn broken(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

fn a_destination_that_breaks_off_is_seen_to_break_off(runs_as: RunsAs) {
    each(runs_as, |client, internet, at| {
        let done = serve(internet, break_off);
        client.run(|| {
            let mut stream = internet::visit(at, PORT).unwrap();
            stream.write_all(b"?").unwrap();
            let error = stream.read(&mut [0]).expect_err("no end, a reset");
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{at}");
        });
        done.recv().unwrap();
    });
}

fn an_answer_whose_sender_then_breaks_off_is_whole(runs_as: RunsAs) {
    let bytes = answer_bytes(runs_as);
    let answer = move || (0..bytes).map(|at| (at * 31 % 251) as u8).collect::<Vec<u8>>();
    each(runs_as, |client, internet, at| {
        let done = serve(internet, move |mut stream| {
            stream.write_all(&answer()).unwrap();
            until("all of it was acknowledged", || (unsent() == 0).then_some(()));
            break_off(stream);
        });
        client.run(move || {
            let mut stream = internet::visit(at, PORT).unwrap();
            stream.write_all(b"?").unwrap();
            // Only when all is over does the device begin to read.
            done.recv().unwrap();
            let mut heard = Vec::new();
            let error = stream.read_to_end(&mut heard).expect_err("no end, a reset");
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{at}");
            assert!(heard == answer(), "{at}: {} bytes came", heard.len());
        });
    });
}

/// Bytes that the servers of this namespace have sent and nobody has acknowledged (`proc_net_tcp(5)`).
fn unsent() -> u64 {
    let table = std::fs::read_to_string("/proc/thread-self/net/tcp6").unwrap();
    let rows = table
        .lines()
        .skip(1)
        .map(|row| row.split_whitespace().collect::<Vec<_>>());
    let ours = rows.filter(|row| row[1].ends_with(&format!(":{PORT:04X}")) && row[3] != "0A");
    ours.map(|row| u64::from_str_radix(row[4].split(':').next().unwrap(), 16).unwrap())
        .sum()
}

fn a_destination_that_finished_and_then_breaks_off_is_seen_to_break_off(runs_as: RunsAs) {
    each(runs_as, |client, internet, at| {
        let done = serve(internet, |stream| {
            stream.shutdown(Shutdown::Write).unwrap();
            break_off(stream);
        });
        client.run(move || {
            let mut stream = internet::visit(at, PORT).unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it has finished");
            stream.write_all(b"?").unwrap();
            done.recv().unwrap();
            let error = until("the device hears of it", || stream.take_error().unwrap());
            assert!(broken(&error), "{at}: {error}");
        });
    });
}

fn a_destination_that_breaks_off_an_upload_ends_it(runs_as: RunsAs) {
    each(runs_as, |client, internet, at| {
        let done = serve(internet, break_off);
        client.run(|| {
            let mut stream = internet::visit(at, PORT).unwrap();
            let error = loop {
                if let Err(error) = stream.write_all(&[7; 1 << 16]) {
                    break error;
                }
            };
            assert!(broken(&error), "{at}: {error}");
        });
        done.recv().unwrap();
    });
}

fn a_device_that_breaks_off_is_seen_to_break_off(runs_as: RunsAs) {
    each(runs_as, |client, internet, at| {
        let done = serve(internet, |mut stream| {
            stream.write_all(b"!").unwrap();
            stream.read(&mut [0])
        });
        client.run(|| break_off(internet::visit(at, PORT).unwrap()));
        let error = done.recv().unwrap().expect_err("no end, a reset");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{at}");
    });
}
