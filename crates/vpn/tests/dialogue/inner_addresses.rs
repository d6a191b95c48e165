//! Who may write as whom inside the tunnel.

use crate::world::*;

#[test]
fn a_device_may_not_write_as_another() {
    let mut world = World::connected();
    for source in ["10.0.0.3", "10.0.0.1", "0.0.0.0"] {
        let spoofed = udp(ip(source), ip("10.0.0.1"), b"x");
        assert!(world.send_up(&spoofed).is_none());
    }
    let spoofed = udp(ip("fd00::3"), ip("fd00::1"), b"x");
    assert!(world.send_up(&spoofed).is_none());
    assert_eq!(world.server.counters().wrong_source, 4);
    assert_eq!(world.server.drain_usage().count(), 1, "the first packet only");
}

#[test]
fn a_wide_prefix_does_not_speak_for_a_narrow_one_inside_it() {
    let mut world = World::with(
        |_, _| {},
        |_, device| {
            device.addressing = vpn::proto::Addressing::Allowed(vec![prefix("10.0.0.0/8")]);
        },
    );
    world.connect();
    let narrow = device(key(7).public(), &["10.0.0.7/32"]);
    world.server.put_device(narrow, world.now).unwrap();
    let as_neighbour = udp(ip("10.0.0.7"), ip("10.0.0.1"), b"x");
    assert!(world.send_up(&as_neighbour).is_none());
    assert_eq!(world.server.counters().wrong_source, 1);
    assert!(world.send_up(&udp(ip("10.0.0.8"), ip("10.0.0.1"), b"x")).is_some());
}

#[test]
fn the_longest_prefix_receives() {
    let mut world = World::connected();
    let mut wide = device(key(7).public(), &["10.0.0.0/8"]);
    wide.endpoint = Some(path("192.0.2.7:7"));
    world.server.put_device(wide, world.now).unwrap();
    assert!(world.send_down(&down(b"x")).is_some());
    assert!(send(&mut world.server, &udp(ip("10.0.0.1"), ip("10.0.0.9"), b"x"), world.now).is_none());
    let (to, datagram) = drain(&mut world.server).remove(0);
    assert!(to == path("192.0.2.7:7"));
    assert_eq!(datagram.len(), INITIATION);
    let nobody = udp(ip("10.0.0.1"), ip("11.0.0.1"), b"x");
    assert!(send(&mut world.server, &nobody, world.now).is_none());
    assert_eq!(world.server.counters().no_device, 1);
}

#[test]
fn prefixes_follow_the_configuration() {
    let mut world = World::connected();
    let moved = device(key(CLIENT_KEY).public(), &["10.0.0.99/32"]);
    let id = world.server.put_device(moved, world.now).unwrap();
    assert!(id == world.at_server);
    assert!(world.send_up(&up(b"x")).is_none());
    assert!(world.send_up(&udp(ip("10.0.0.99"), ip("10.0.0.1"), b"x")).is_some());
    let other = device(key(7).public(), &["10.0.0.2/32"]);
    assert!(world.server.put_device(other, world.now).is_ok());
}

#[test]
fn what_is_no_packet_is_dropped() {
    let mut world = World::connected();
    let mut truncated = up(b"0123456789abcdef");
    truncated.truncate(24);
    let mut out = [0; 256];
    let nothing = world.client.handle_packet(&mut truncated, &mut out, world.now);
    assert!(nothing.is_none());
    assert!(world.client.handle_packet(&mut [], &mut out, world.now).is_none());
    assert_eq!(world.client.counters().malformed_packet, 2);
}
