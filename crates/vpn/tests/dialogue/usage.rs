//! Bytes, and nothing but bytes, are counted for each account.

use vpn::proto::Usage;

use crate::world::*;

#[test]
fn s3_009_bandwidth_is_the_only_record() {
    let mut world = World::with(|_, _| {}, |_, device| device.slot = 42);
    world.connect();
    let first = up(b"first").len() as u64;
    let used: Vec<Usage> = world.server.drain_usage().collect();
    assert_eq!(
        used,
        [Usage {
            slot: 42,
            up: first,
            down: 0
        }]
    );
    assert_eq!(world.server.drain_usage().count(), 0, "non-zero entries only");

    world.send_up(&up(b"1234"));
    world.send_down(&down(b"12345678"));
    world.send_down(&down(b""));
    let used: Vec<Usage> = world.server.drain_usage().collect();
    assert_eq!(
        used,
        [Usage {
            slot: 42,
            up: 32,
            down: 36 + 28
        }]
    );
}

#[test]
fn what_is_not_fetched_stays() {
    let mut world = World::connected();
    drop(world.server.drain_usage());
    world.send_up(&up(b"x"));
    assert_eq!(world.server.drain_usage().count(), 1);
    world.send_up(&up(b"x"));
    assert_eq!(world.server.drain_usage().count(), 1);
}

#[test]
fn keepalives_and_handshakes_are_not_billed() {
    let mut world = World::with(|_, device| device.keepalive_seconds = Some(25), |_, _| {});
    for _ in 0..20 {
        world.tick(seconds(25));
        world.exchange();
    }
    assert!(world.server.counters().keepalives > 10);
    assert_eq!(world.server.drain_usage().count(), 0);
    assert_eq!(world.client.drain_usage().count(), 0);
}

#[test]
fn bytes_belong_to_the_account_that_had_the_device_then() {
    let mut world = World::with(|_, _| {}, |_, device| device.slot = 1);
    world.connect();
    let mut moved = device(key(CLIENT_KEY).public(), &["10.0.0.2/32"]);
    moved.slot = 2;
    world.server.put_device(moved, world.now).unwrap();
    world.send_up(&up(b"x"));
    let slots: Vec<u32> = world.server.drain_usage().map(|used| used.slot).collect();
    assert_eq!(slots, [1, 2]);
}
