//! Everybody has the same inner address, and nobody notices.

use std::collections::BTreeSet;
use std::net::IpAddr;

use vpn::proto::{Addressing, Config, DeviceConfig, Engine, Event, Path};

use crate::world::*;

struct Client {
    engine: Engine,
    path: Path,
}

/// A server with `count` clients that share one inner address.
fn world(count: u8) -> (World, Vec<Client>) {
    let mut world = World::with(
        |_, _| {},
        |config, device| {
            config.translation = Some(pools());
            device.addressing = Addressing::Shared;
        },
    );
    let clients = (0..count)
        .map(|number| {
            let private = key(100 + number);
            let shared = DeviceConfig {
                slot: u32::from(number),
                addressing: Addressing::Shared,
                ..device(private.public(), &[])
            };
            world.server.put_device(shared, world.now).unwrap();
            let mut client = engine(Config::new(private), world.now, 100 + number);
            let mut server = device(world.server.public_key(), &["0.0.0.0/0", "::/0"]);
            server.endpoint = Some(world.server_path);
            client.put_device(server, world.now).unwrap();
            Client {
                engine: client,
                path: path(&format!("192.0.2.{number}:5000")),
            }
        })
        .collect();
    (world, clients)
}

/// Sends a packet up, with a handshake if need be, and returns it as the server's kernel sees it.
fn up_from(world: &mut World, client: &mut Client, packet: &[u8]) -> Option<Vec<u8>> {
    if let Some((_, datagram)) = send(&mut client.engine, packet, world.now) {
        return deliver(&mut world.server, client.path, &datagram, world.now);
    }
    loop {
        let datagrams = drain(&mut client.engine);
        if datagrams.is_empty() {
            return None;
        }
        for (_, datagram) in datagrams {
            let packet = deliver(&mut world.server, client.path, &datagram, world.now);
            if packet.is_some() {
                return packet;
            }
        }
        for (_, datagram) in drain(&mut world.server) {
            deliver(&mut client.engine, world.server_path, &datagram, world.now);
        }
    }
}

/// Carries datagrams both ways until nobody has any more.
fn settle(world: &mut World, client: &mut Client) {
    client.engine.handle_timeout(world.now);
    world.server.handle_timeout(world.now);
    loop {
        let up = drain(&mut client.engine);
        for (_, datagram) in &up {
            deliver(&mut world.server, client.path, datagram, world.now);
        }
        let down = drain(&mut world.server);
        for (_, datagram) in &down {
            deliver(&mut client.engine, world.server_path, datagram, world.now);
        }
        if up.is_empty() && down.is_empty() {
            return;
        }
    }
}

fn from_shared(destination: &str, body: &[u8]) -> Vec<u8> {
    match ip(destination) {
        to @ IpAddr::V4(_) => udp(ip("10.66.0.2"), to, body),
        to @ IpAddr::V6(_) => udp(ip("fd66::2"), to, body),
    }
}

#[test]
fn clients_with_one_address_are_told_apart_and_answered() {
    let (mut world, mut clients) = world(20);
    let mut seen = BTreeSet::new();
    for family in ["198.51.100.53", "2001:db8::53"] {
        for client in &mut clients {
            let asked = from_shared(family, b"question");
            let packet = up_from(&mut world, client, &asked).unwrap();
            assert!(udp_is_right(&packet));
            let (source, destination) = addresses(&packet);
            assert_eq!(destination, ip(family));
            assert!(seen.insert(source), "{source} was given twice");

            let answer = udp(ip(family), source, b"answer");
            let (to, datagram) = send(&mut world.server, &answer, world.now).unwrap();
            assert!(to == client.path);
            let got = deliver(&mut client.engine, world.server_path, &datagram, world.now);
            let expected = udp(ip(family), addresses(&asked).0, b"answer");
            assert_eq!(got, Some(expected), "byte for byte, checksums included");
        }
    }
    assert_eq!(seen.len(), 40);
}

#[test]
fn a_device_keeps_its_internal_address_while_it_talks_and_not_longer() {
    let (mut world, mut clients) = world(1);
    let client = &mut clients[0];
    let asked = from_shared("198.51.100.53", b"x");
    let first = addresses(&up_from(&mut world, client, &asked).unwrap()).0;
    for _ in 0..10 {
        world.pass(seconds(60));
        settle(&mut world, client);
        let source = addresses(&up_from(&mut world, client, &asked).unwrap()).0;
        assert_eq!(source, first, "across renewals");
    }
    events(&mut world.server);
    world.pass(seconds(180));
    world.server.handle_timeout(world.now);
    let events = events(&mut world.server);
    let freed = events
        .iter()
        .any(|event| matches!(event, Event::AddressFreed(internal) if IpAddr::V4(internal.v4) == first));
    assert!(freed);
    let late = udp(ip("198.51.100.53"), first, b"late answer");
    assert!(send(&mut world.server, &late, world.now).is_none());
    assert_eq!(world.server.counters().no_device, 1);
    settle(&mut world, client);
    let again = addresses(&up_from(&mut world, client, &asked).unwrap()).0;
    assert_ne!(again, first);
}

#[test]
fn keepalives_do_not_keep_the_internal_address() {
    let (mut world, mut clients) = world(1);
    let client = &mut clients[0];
    let mut server = device(world.server.public_key(), &["0.0.0.0/0", "::/0"]);
    server.endpoint = Some(world.server_path);
    server.keepalive_seconds = Some(20);
    client.engine.put_device(server, world.now).unwrap();
    up_from(&mut world, client, &from_shared("198.51.100.53", b"x"));
    events(&mut world.server);
    for _ in 0..18 {
        world.pass(seconds(10));
        settle(&mut world, client);
    }
    let events = events(&mut world.server);
    assert!(events.iter().any(|event| matches!(event, Event::AddressFreed(_))));
    assert_eq!(world.server.active_devices(), 1, "the session lives");
}

/// A client that keeps the way open, 30 s into its session, which has just sent a packet.
fn kept_open(world: &mut World, client: &mut Client) -> Vec<u8> {
    let mut server = device(world.server.public_key(), &["0.0.0.0/0", "::/0"]);
    server.endpoint = Some(world.server_path);
    server.keepalive_seconds = Some(20);
    client.engine.put_device(server, world.now).unwrap();
    up_from(world, client, &from_shared("198.51.100.53", b"x")).unwrap();
    world.pass(seconds(30));
    settle(world, client);
    let packet = up_from(world, client, &from_shared("198.51.100.53", b"y")).unwrap();
    events(&mut world.server);
    packet
}

#[test]
fn the_deadline_of_an_internal_address_is_one_of_the_engines() {
    let (mut world, mut clients) = world(1);
    let client = &mut clients[0];
    kept_open(&mut world, client);
    // Not at the same moment as any handshake.
    world.pass(seconds(7));
    up_from(&mut world, client, &from_shared("198.51.100.53", b"z")).unwrap();
    let due = world.now + seconds(180);
    // Meanwhile the device renews its session, so that forgetting it is far away.
    for wait in [100, 79] {
        world.pass(seconds(wait));
        settle(&mut world, client);
    }
    events(&mut world.server);
    while let Some(at) = world.server.poll_timeout().filter(|at| *at <= due) {
        world.server.handle_timeout(at.max(world.now));
    }
    let events = events(&mut world.server);
    assert!(events.iter().any(|event| matches!(event, Event::AddressFreed(_))));
}

#[test]
fn answers_keep_the_internal_address_too() {
    let (mut world, mut clients) = world(1);
    let client = &mut clients[0];
    let source = addresses(&kept_open(&mut world, client)).0;
    for _ in 0..30 {
        world.pass(seconds(10));
        settle(&mut world, client);
        let answer = udp(ip("198.51.100.53"), source, b"stream");
        assert!(send(&mut world.server, &answer, world.now).is_some());
    }
}

#[test]
fn only_the_shared_address_may_write() {
    let (mut world, mut clients) = world(1);
    let client = &mut clients[0];
    assert!(up_from(&mut world, client, &from_shared("198.51.100.53", b"x")).is_some());
    for source in ["10.66.0.3", "100.64.1.1", "198.51.100.53", "127.0.0.1"] {
        let spoofed = udp(ip(source), ip("198.51.100.53"), b"x");
        assert!(up_from(&mut world, client, &spoofed).is_none());
    }
    let link_local = udp(ip("fe80::1"), ip("2001:db8::1"), b"x");
    assert!(up_from(&mut world, client, &link_local).is_none());
    assert_eq!(world.server.counters().wrong_source, 5);
}

#[test]
fn a_device_with_prefixes_may_not_write_as_a_session() {
    let mut world = World::with(
        |_, _| {},
        |config, device| {
            config.translation = Some(pools());
            device.addressing = Addressing::Allowed(vec![prefix("0.0.0.0/0")]);
        },
    );
    world.connect();
    let as_session = udp(ip("100.64.1.1"), ip("198.51.100.53"), b"x");
    assert!(world.send_up(&as_session).is_none());
    assert_eq!(world.server.counters().wrong_source, 1);
    let outside = udp(ip("100.128.1.1"), ip("198.51.100.53"), b"x");
    assert!(world.send_up(&outside).is_some());
}

#[test]
fn devices_cannot_reach_each_other_through_the_pool() {
    let (mut world, mut clients) = world(2);
    let asked = from_shared("198.51.100.53", b"x");
    let six = from_shared("2001:db8::1", b"x");
    let victim = addresses(&up_from(&mut world, &mut clients[1], &asked).unwrap()).0;
    let victim_six = addresses(&up_from(&mut world, &mut clients[1], &six).unwrap()).0;
    let attacker = &mut clients[0];
    up_from(&mut world, attacker, &asked);
    for destination in [victim, victim_six, ip("100.64.0.0"), ip("100.127.255.255")] {
        let packet = from_shared(&destination.to_string(), b"boo");
        assert!(up_from(&mut world, attacker, &packet).is_none());
    }
    assert_eq!(world.server.counters().blocked_destination, 4);
}

#[test]
fn an_address_of_the_pool_that_nobody_has_leads_nowhere() {
    let (mut world, _) = world(1);
    let wide = device(key(50).public(), &["0.0.0.0/0"]);
    world.server.put_device(wide, world.now).unwrap();
    let packet = udp(ip("198.51.100.53"), ip("100.64.9.9"), b"x");
    assert!(send(&mut world.server, &packet, world.now).is_none());
    assert_eq!(world.server.counters().no_device, 1);
}

#[test]
fn a_full_pool_refuses_the_newcomer_only() {
    let (mut world, mut clients) = world(1);
    let mut small = pools();
    small.pool_v4_len = 28;
    small.reserved = 3;
    let mut config = Config::new(key(SERVER_KEY));
    config.translation = Some(small);
    world.server = engine(config, world.now, 3);
    clients.clear();
    for number in 0..6u8 {
        let private = key(100 + number);
        let mut shared = device(private.public(), &[]);
        shared.addressing = Addressing::Shared;
        world.server.put_device(shared, world.now).unwrap();
        let mut client = engine(Config::new(private), world.now, 100 + number);
        let mut server = device(world.server.public_key(), &["0.0.0.0/0"]);
        server.endpoint = Some(world.server_path);
        client.put_device(server, world.now).unwrap();
        let mut client = Client {
            engine: client,
            path: path(&format!("192.0.2.{number}:5000")),
        };
        let got = up_from(&mut world, &mut client, &from_shared("198.51.100.53", b"x"));
        assert_eq!(got.is_some(), number < 5);
    }
    assert_eq!(world.server.counters().addresses_exhausted, 1);
}

#[test]
fn usage_is_counted_by_account() {
    let (mut world, mut clients) = world(3);
    for client in &mut clients[1..] {
        up_from(&mut world, client, &from_shared("198.51.100.53", b"1234"));
    }
    let mut used: Vec<_> = world
        .server
        .drain_usage()
        .map(|used| (used.slot, used.up, used.down))
        .collect();
    used.sort_unstable();
    assert_eq!(used, [(1, 32, 0), (2, 32, 0)]);
}
