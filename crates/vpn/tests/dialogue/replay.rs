//! Every packet counts once, in any order within the window.

use crate::world::*;

fn datagrams(world: &mut World, count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|_| send(&mut world.client, &up(b"x"), world.now).unwrap().1)
        .collect()
}

#[test]
fn a_packet_counts_once() {
    let mut world = World::connected();
    let datagram = datagrams(&mut world, 1).remove(0);
    let from = world.client_path;
    assert!(deliver(&mut world.server, from, &datagram, world.now).is_some());
    assert!(deliver(&mut world.server, from, &datagram, world.now).is_none());
    assert_eq!(world.server.counters().replayed, 1);
}

#[test]
fn a_packet_may_be_8191_late_but_not_8192() {
    let mut world = World::connected();
    let datagrams = datagrams(&mut world, 8193);
    let from = world.client_path;
    assert!(deliver(&mut world.server, from, &datagrams[8192], world.now).is_some());
    assert!(deliver(&mut world.server, from, &datagrams[1], world.now).is_some());
    assert!(deliver(&mut world.server, from, &datagrams[0], world.now).is_none());
    assert!(deliver(&mut world.server, from, &datagrams[1], world.now).is_none());
    assert_eq!(world.server.counters().replayed, 2);
}

#[test]
fn a_replayed_packet_does_not_move_the_path() {
    let mut world = World::connected();
    let datagram = datagrams(&mut world, 1).remove(0);
    deliver(&mut world.server, world.client_path, &datagram, world.now);
    deliver(&mut world.server, path("203.0.113.9:9"), &datagram, world.now);
    let (to, _) = send(&mut world.server, &down(b"x"), world.now).unwrap();
    assert!(to == world.client_path);
}
