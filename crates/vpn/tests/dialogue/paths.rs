//! Where packets come from and where answers go.

use crate::world::*;

#[test]
fn a_device_is_where_its_last_authentic_packet_came_from() {
    let mut world = World::connected();
    for place in ["203.0.113.7:4000", "203.0.113.7:4001", "[2001:db8::7]:4000"] {
        let (_, datagram) = send(&mut world.client, &up(b"x"), world.now).unwrap();
        assert!(deliver(&mut world.server, path(place), &datagram, world.now).is_some());
        let (to, _) = send(&mut world.server, &down(b"x"), world.now).unwrap();
        assert!(to == path(place));
    }
    assert_eq!(world.server.counters().roamed, 3);
}

#[test]
fn a_keepalive_moves_the_path_too() {
    let mut world = World::connected();
    world.send_down(&down(b"x"));
    world.tick(seconds(10));
    let keepalive = drain(&mut world.client).remove(0).1;
    assert_eq!(keepalive.len(), KEEPALIVE);
    deliver(&mut world.server, path("203.0.113.7:4000"), &keepalive, world.now);
    let (to, _) = send(&mut world.server, &down(b"x"), world.now).unwrap();
    assert!(to == path("203.0.113.7:4000"));
}

#[test]
fn a_forged_packet_moves_nothing() {
    let mut world = World::connected();
    let (_, mut datagram) = send(&mut world.client, &up(b"x"), world.now).unwrap();
    *datagram.last_mut().unwrap() ^= 1;
    assert!(deliver(&mut world.server, path("203.0.113.7:1"), &datagram, world.now).is_none());
    assert_eq!(world.server.counters().not_authentic, 1);
    let (to, _) = send(&mut world.server, &down(b"x"), world.now).unwrap();
    assert!(to == world.client_path);
}

#[test]
fn the_answer_leaves_from_the_address_that_was_written_to() {
    let mut world = World::connected();
    let (_, datagram) = send(&mut world.client, &up(b"x"), world.now).unwrap();
    let mut from = world.client_path;
    from.local = Some(ip("198.51.100.77"));
    deliver(&mut world.server, from, &datagram, world.now);
    let (to, _) = send(&mut world.server, &down(b"x"), world.now).unwrap();
    assert!(to == from);
    // The second initiation without an answer leaves it to the kernel.
    world.pass(seconds(16));
    world.server.handle_timeout(world.now);
    let (to, datagram) = drain(&mut world.server).remove(0);
    assert_eq!(datagram.len(), INITIATION);
    assert!(to == world.client_path);
}

#[test]
fn a_second_attempt_leaves_from_wherever_the_kernel_chooses() {
    let mut from_here = path("198.51.100.1:51820");
    from_here.local = Some(ip("192.0.2.2"));
    let mut world = World::with(|_, device| device.endpoint = Some(from_here), |_, _| {});
    send(&mut world.client, &up(b"x"), world.now);
    assert!(drain(&mut world.client)[0].0 == from_here);
    world.pass(milliseconds(5_400));
    world.client.handle_timeout(world.now);
    assert!(drain(&mut world.client)[0].0 == world.server_path);
}

#[test]
fn without_an_address_there_is_nothing_to_send_to() {
    let mut world = World::new();
    assert!(send(&mut world.server, &down(b"x"), world.now).is_none());
    assert_eq!(world.server.counters().no_endpoint, 1);
    assert_eq!(world.server.active_devices(), 0);
    assert_eq!(world.server.poll_timeout(), None);
}
