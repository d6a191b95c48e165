//! Under load, only those are served who can receive at the address they write from.

use std::time::Instant;

use blake2::digest::{FixedOutput, KeyInit, Update, consts::U16};
use blake2::{Blake2s256, Blake2sMac, Digest};
use vpn::proto::{Engine, PublicKey};

use crate::world::*;

/// Writes the first MAC, which anybody can who knows the receiver's public key.
pub(crate) fn sign_mac1(message: &mut [u8], receiver: &PublicKey) {
    let key = Blake2s256::new()
        .chain_update(b"mac1----")
        .chain_update(receiver.as_bytes())
        .finalize();
    let at = message.len() - 32;
    let mut mac = Blake2sMac::<U16>::new_from_slice(&key).unwrap();
    Update::update(&mut mac, &message[..at]);
    message[at..at + 16].copy_from_slice(&mac.finalize_fixed());
}

/// Ten handshakes per second: below five that are left, cookies are asked for.
fn world() -> World {
    World::with(|_, _| {}, |config, _| config.handshakes_per_second = 10)
}

fn junk(server: &PublicKey) -> Vec<u8> {
    let mut message = vec![0x55; INITIATION];
    message[..4].copy_from_slice(&[1, 0, 0, 0]);
    sign_mac1(&mut message, server);
    message
}

/// Six worthless handshakes.
pub(crate) fn load(server: &mut Engine, now: Instant) {
    let junk = junk(&server.public_key());
    for _ in 0..6 {
        deliver(server, path("203.0.113.66:66"), &junk, now);
    }
    assert!(drain(server).is_empty());
}

fn initiation(world: &mut World) -> Vec<u8> {
    let datagrams = drain(&mut world.client);
    assert_eq!(datagrams.len(), 1);
    assert_eq!(datagrams[0].1.len(), INITIATION);
    datagrams[0].1.clone()
}

/// A client that has received a cookie and tries again, while the server is still loaded.
fn second_attempt(world: &mut World) -> Vec<u8> {
    send(&mut world.client, &up(b"x"), world.now);
    let first = initiation(world);
    assert_eq!(first[132..], [0; 16], "no cookie yet");
    load(&mut world.server, world.now);
    deliver(&mut world.server, world.client_path, &first, world.now);
    let reply = drain(&mut world.server).remove(0);
    assert!(reply.0 == world.client_path);
    assert_eq!(reply.1.len(), COOKIE_REPLY);
    assert_eq!(world.server.counters().cookie_replies_sent, 1);
    assert_eq!(world.server.active_devices(), 0, "nothing is kept for it");

    // The reply comes from somewhere else: the client takes the cookie but does not follow.
    deliver(&mut world.client, path("203.0.113.7:1"), &reply.1, world.now);
    assert_eq!(world.client.counters().cookie_replies_accepted, 1);
    assert!(drain(&mut world.client).is_empty(), "it waits for its timer");
    world.pass(milliseconds(5_400));
    world.client.handle_timeout(world.now);
    let datagrams = drain(&mut world.client);
    assert!(datagrams[0].0 == world.server_path, "no roaming on cookies");
    load(&mut world.server, world.now);
    datagrams[0].1.clone()
}

#[test]
fn a_cookie_opens_the_door_under_load() {
    let mut world = world();
    let second = second_attempt(&mut world);
    assert_ne!(second[132..], [0; 16]);
    deliver(&mut world.server, world.client_path, &second, world.now);
    let answer = drain(&mut world.server).remove(0).1;
    assert_eq!(answer.len(), RESPONSE);
    deliver(&mut world.client, world.server_path, &answer, world.now);
    assert_eq!(world.exchange().to_server, [up(b"x")]);
}

#[test]
fn a_cookie_is_for_one_address_and_one_port() {
    for elsewhere in ["192.0.2.2:1001", "192.0.2.3:1000", "[::ffff:192.0.2.3]:1000"] {
        let mut world = world();
        let second = second_attempt(&mut world);
        deliver(&mut world.server, path(elsewhere), &second, world.now);
        assert_eq!(drain(&mut world.server)[0].1.len(), COOKIE_REPLY);
    }
}

#[test]
fn a_cookie_lives_two_minutes() {
    let mut world = world();
    let second = second_attempt(&mut world);
    // The secret was drawn 5.4 s ago.
    world.pass(seconds(120) - milliseconds(5_401));
    load(&mut world.server, world.now);
    let too_long = world.now + milliseconds(1);
    deliver(&mut world.server, world.client_path, &second, too_long);
    assert_eq!(drain(&mut world.server)[0].1.len(), COOKIE_REPLY);
}

#[test]
fn a_client_does_not_use_a_cookie_that_is_about_to_end() {
    let mut world = world();
    second_attempt(&mut world);
    world.pass(seconds(110));
    send(&mut world.client, &up(b"y"), world.now);
    world.client.handle_timeout(world.now);
    let third = drain(&mut world.client).remove(0).1;
    assert_eq!(third[132..], [0; 16]);
}

#[test]
fn without_load_no_cookie_is_asked_for() {
    let mut world = world();
    send(&mut world.client, &up(b"x"), world.now);
    let first = initiation(&mut world);
    load(&mut world.server, world.now);
    deliver(&mut world.server, world.client_path, &first, world.now + seconds(2));
    assert_eq!(drain(&mut world.server)[0].1.len(), RESPONSE);
}

#[test]
fn one_source_may_not_use_up_the_rest() {
    let mut world = World::with(|_, _| {}, |config, _| config.handshakes_per_second = 100);
    let public = world.server.public_key();
    let storm = |world: &mut World| {
        for _ in 0..51 {
            deliver(&mut world.server, path("203.0.113.66:66"), &junk(&public), world.now);
        }
    };
    send(&mut world.client, &up(b"x"), world.now);
    let first = initiation(&mut world);
    storm(&mut world);
    drain(&mut world.server);
    deliver(&mut world.server, world.client_path, &first, world.now);
    let reply = drain(&mut world.server).remove(0).1;
    deliver(&mut world.client, world.server_path, &reply, world.now);
    world.pass(milliseconds(5_400));
    world.client.handle_timeout(world.now);
    let second = initiation(&mut world);
    storm(&mut world);
    drain(&mut world.server);
    for _ in 0..7 {
        deliver(&mut world.server, world.client_path, &second, world.now);
    }
    let counters = world.server.counters();
    assert_eq!(counters.initiations_answered, 1);
    assert_eq!(counters.stale_timestamp, 4);
    assert_eq!(counters.source_over_budget, 2);
}

#[test]
fn the_budget_is_never_exceeded() {
    let mut world = world();
    let public = world.server.public_key();
    for _ in 0..1000 {
        deliver(&mut world.server, path("203.0.113.66:66"), &junk(&public), world.now);
    }
    let counters = world.server.counters();
    assert_eq!(counters.handshake_refused, 6, "what was worked on");
    // One source: neither it nor whoever it pretends to be is answered a thousand times.
    assert_eq!(counters.cookie_replies_sent, 20);
    assert_eq!(counters.cookie_replies_withheld, 974);
}

#[test]
fn a_cookie_reply_for_nothing_is_refused() {
    let mut world = world();
    second_attempt(&mut world);
    let mut forged = vec![0; COOKIE_REPLY];
    forged[0] = 3;
    deliver(&mut world.client, world.server_path, &forged, world.now);
    assert_eq!(world.client.counters().cookie_reply_refused, 1);
}

#[test]
fn an_ipv4_device_behind_a_dual_socket_is_the_same_source() {
    let mut world = world();
    let second = second_attempt(&mut world);
    let mapped = path("[::ffff:192.0.2.2]:1000");
    deliver(&mut world.server, mapped, &second, world.now);
    let (to, answer) = drain(&mut world.server).remove(0);
    assert_eq!(answer.len(), RESPONSE);
    assert!(to == mapped, "the answer takes the form that the socket knows");
}
