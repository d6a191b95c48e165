//! A worker is killed, and the next one is given what it kept.

use std::fs::File;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use vpn::handover::{FromWorker, ToWorker};

use super::world::{Device, ECHO, Keys, PATIENCE, World};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_device_keeps_its_address_when_its_worker_is_killed", same_address),
    ("a_device_that_is_not_put_again_is_told_as_freed", removed_meanwhile),
    ("a_memory_that_was_damaged_is_not_taken_over", damaged),
    ("a_worker_that_stops_leaves_an_empty_memory", stopped),
];

const HOUR: Duration = Duration::from_secs(3600);

/// The address that the destination sees, which nobody translates here.
fn seen(device: &Device<'_>) -> IpAddr {
    let begun = Instant::now();
    loop {
        let who = device.namespace.run(|| {
            let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
            socket
                .send_to(b"who?", SocketAddr::from(([10, 9, 200, 2], ECHO + 1)))
                .ok()?;
            let mut text = [0; 64];
            let length = socket.recv(&mut text).ok()?;
            std::str::from_utf8(&text[..length]).unwrap().parse().ok()
        });
        if let Some(address) = who.unwrap() {
            return address;
        }
        assert!(begun.elapsed() < 2 * PATIENCE, "the device does not come back");
    }
}

fn same_address() {
    let mut world = World::with_places(1);
    world.tell_who();
    let keys = Keys::new(1);
    world.served.line.say(&ToWorker::PutDevices(vec![keys.handed(1)]));
    let device = world.connect(0, &keys);
    let before = seen(&device);
    drop(device);
    for _ in 0..2 {
        world.served.begin_again();
        assert!(world.served.configure(HOUR), "it finds what the one before left");
        world.served.line.say(&ToWorker::PutDevices(vec![keys.handed(2)]));
        world.served.line.say(&ToWorker::AllPut);
        let device = world.connect(0, &keys);
        assert_eq!(seen(&device), before);
        let gaps = sys::read_lockdown(world.served.worker.process()).unwrap().gaps();
        assert!(gaps.is_empty(), "{gaps:?}");
    }
}

fn removed_meanwhile() {
    let mut world = World::with_places(1);
    world.tell_who();
    let keys = Keys::new(1);
    world.served.line.say(&ToWorker::PutDevices(vec![keys.handed(1)]));
    let address = seen(&world.connect(0, &keys));
    world.served.begin_again();
    assert!(world.served.configure(HOUR));
    world.served.line.say(&ToWorker::AllPut);
    match world.served.line.hear() {
        FromWorker::Freed(freed) => assert_eq!(
            freed.iter().map(|freed| IpAddr::V4(freed.v4)).collect::<Vec<_>>(),
            [address]
        ),
        _ => panic!("out of turn"),
    }
}

fn damaged() {
    let mut world = World::with_places(1);
    world.tell_who();
    let keys = Keys::new(1);
    world.served.line.say(&ToWorker::PutDevices(vec![keys.handed(1)]));
    let before = seen(&world.connect(0, &keys));
    let memory = File::from(world.served.memory.as_fd().try_clone_to_owned().unwrap());
    memory.write_all_at(&[0xff; 8], 64 + 24).unwrap();
    world.served.begin_again();
    assert!(!world.served.configure(HOUR));
    world.served.line.say(&ToWorker::PutDevices(vec![keys.handed(1)]));
    assert_ne!(seen(&world.connect(0, &keys)), before);
}

fn stopped() {
    let mut world = World::with_places(1);
    world.tell_who();
    let keys = Keys::new(1);
    world.served.line.say(&ToWorker::PutDevices(vec![keys.handed(1)]));
    seen(&world.connect(0, &keys));
    let memory = File::from(world.served.memory.as_fd().try_clone_to_owned().unwrap());
    let row = || {
        let mut row = [0; 32];
        memory.read_exact_at(&mut row, 64).unwrap();
        row
    };
    assert_ne!(row(), [0; 32]);
    world.served.line.say(&ToWorker::Stop);
    world.served.worker.wait().unwrap();
    assert_eq!(row(), [0; 32]);
}
