//! The worker that holds every session is killed, and members' connections go on: with the running program, in both ways,
//! with a WireGuard client that is not ours.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests may panic, as tests do"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use lab::world::client::WireGuardGo;
use lab::world::internet::{self, ECHO, INTERRUPTION, address};
use lab::world::provider::{RunsAs, signal};
use lab::world::{Outside, World, until};

/// Much more than the buffers on the way hold.
const DOWNLOAD_BYTES: u64 = 96 << 20;

#[test]
fn a_download_goes_on_where_the_kernel_forwards() {
    killed_in_mid_flow(RunsAs::Root);
}

#[test]
fn a_download_goes_on_where_flows_end_in_user_space() {
    killed_in_mid_flow(RunsAs::Nobody);
}

fn killed_in_mid_flow(runs_as: RunsAs) {
    let world = World::start_as(runs_as, 2, "");
    let member = world.join("ada");
    let (one, two) = (member.add_device("laptop"), member.add_device("telephone"));
    let one = WireGuardGo::start(world.place(0), &one, Outside::V4).connected();
    let two = WireGuardGo::start(world.place(1), &two, Outside::V6).connected();
    for v6 in [false, true] {
        // A connection on which nothing happens meanwhile, of another device.
        let mut idle = two.run(|| internet::visit(address(!v6), ECHO).unwrap());
        say(&mut idle, b"before");
        one.run(|| {
            internet::download_while(address(v6), DOWNLOAD_BYTES, || {
                kill_worker(&world);
            })
            .unwrap();
        });
        two.run(|| say(&mut idle, b"after"));
    }
    // What is counted goes on as well: nearly a half is the last worker's. What the others had not reported went with them.
    member.usage_of(1, DOWNLOAD_BYTES / 4);
}

fn kill_worker(world: &World) {
    let begun = Instant::now();
    let before = world.provider.worker_of_role("vpn");
    signal(before, "KILL");
    until("another worker", || {
        (world.provider.worker_of_role("vpn") != before).then_some(())
    });
    println!("  another worker after {:?}", begun.elapsed());
}

fn say(stream: &mut TcpStream, words: &[u8]) {
    stream.set_read_timeout(Some(INTERRUPTION)).unwrap();
    stream.write_all(words).unwrap();
    let mut back = vec![0; words.len()];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(back, words);
}
