//! Handshakes, and what is no handshake.

use vpn::proto::{Config, ConfigError, Event, PresharedKey};

use crate::world::*;

#[test]
fn a_packet_starts_a_handshake_and_follows_it() {
    let mut world = World::new();
    let packet = up(b"hello");
    assert!(send(&mut world.client, &packet, world.now).is_none());

    let sent = drain(&mut world.client);
    assert_eq!(sent.len(), 1);
    assert!(sent[0].0 == world.server_path);
    assert_eq!(sent[0].1.len(), INITIATION);
    let retry = world.client.poll_timeout().unwrap() - world.now;
    assert!((seconds(5)..=milliseconds(5_333)).contains(&retry));

    assert!(deliver(&mut world.server, world.client_path, &sent[0].1, world.now).is_none());
    let answer = drain(&mut world.server);
    assert_eq!(answer.len(), 1);
    assert!(answer[0].0 == world.client_path);
    assert_eq!(answer[0].1.len(), RESPONSE);
    assert!(events(&mut world.server).is_empty(), "not confirmed yet");

    deliver(&mut world.client, world.server_path, &answer[0].1, world.now);
    assert!(events(&mut world.client) == [Event::Connected(world.at_client)]);
    let sent = drain(&mut world.client);
    assert_eq!(sent.len(), 1, "the packet itself confirms, no keepalive");
    let delivered = deliver(&mut world.server, world.client_path, &sent[0].1, world.now);
    assert_eq!(delivered, Some(packet));
    assert!(events(&mut world.server) == [Event::Connected(world.at_server)]);

    // The server owes an answer within ten seconds, the client doubts after fifteen.
    assert_eq!(world.server.poll_timeout(), Some(world.now + seconds(10)));
    let doubt = world.client.poll_timeout().unwrap() - world.now;
    assert!(doubt <= milliseconds(15_333));
}

#[test]
fn an_initiator_without_data_confirms_with_an_empty_packet() {
    let mut world = World::with(|_, device| device.keepalive_seconds = Some(25), |_, _| {});
    assert_eq!(world.client.poll_timeout(), Some(world.now));
    world.tick(seconds(0));
    let sent = drain(&mut world.client);
    deliver(&mut world.server, world.client_path, &sent[0].1, world.now);
    let answer = drain(&mut world.server);
    deliver(&mut world.client, world.server_path, &answer[0].1, world.now);
    let sent = drain(&mut world.client);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].1.len(), KEEPALIVE);
    assert!(deliver(&mut world.server, world.client_path, &sent[0].1, world.now).is_none());
    assert_eq!(world.server.counters().keepalives, 1);
    assert!(world.send_down(&down(b"now I may")).is_some());
}

#[test]
fn the_responder_may_not_send_before_it_has_heard_from_the_initiator() {
    let mut world = World::new();
    send(&mut world.client, &up(b"x"), world.now);
    let initiation = drain(&mut world.client).remove(0).1;
    deliver(&mut world.server, world.client_path, &initiation, world.now);
    let response = drain(&mut world.server).remove(0).1;
    assert!(send(&mut world.server, &down(b"early"), world.now).is_none());
    // Waiting for the initiator, it tries a handshake of its own.
    assert_eq!(drain(&mut world.server)[0].1.len(), INITIATION);
    deliver(&mut world.client, world.server_path, &response, world.now);
    let delivered = world.exchange();
    assert_eq!(delivered.to_client, [down(b"early")]);
}

#[test]
fn a_packet_does_not_overtake_those_that_wait() {
    let mut world = World::new();
    send(&mut world.client, &up(b"first"), world.now);
    let initiation = drain(&mut world.client).remove(0).1;
    deliver(&mut world.server, world.client_path, &initiation, world.now);
    let response = drain(&mut world.server).remove(0).1;
    deliver(&mut world.client, world.server_path, &response, world.now);
    assert!(send(&mut world.client, &up(b"second"), world.now).is_none());
    assert_eq!(world.exchange().to_server, [up(b"first"), up(b"second")]);
}

#[test]
fn data_go_both_ways_and_by_both_families() {
    let mut world = World::connected();
    assert_eq!(world.send_down(&down(b"v4")), Some(down(b"v4")));
    let six = udp(ip("fd00::2"), ip("2001:db8::1"), b"v6");
    assert_eq!(world.send_up(&six), Some(six));
    let six = udp(ip("2001:db8::1"), ip("fd00::2"), b"v6");
    assert_eq!(world.send_down(&six), Some(six));
}

#[test]
fn both_sides_may_begin_at_once() {
    let mut world = World::with(|_, _| {}, |_, device| device.endpoint = Some(path("192.0.2.2:1000")));
    assert!(send(&mut world.client, &up(b"from client"), world.now).is_none());
    assert!(send(&mut world.server, &down(b"from server"), world.now).is_none());
    let delivered = world.exchange();
    assert_eq!(delivered.to_server, [up(b"from client")]);
    assert_eq!(delivered.to_client, [down(b"from server")]);
    for round in 0..10u8 {
        assert!(world.send_up(&up(&[round])).is_some());
        assert!(world.send_down(&down(&[round])).is_some());
    }
    assert_eq!(world.server.counters().unknown_index, 0);
}

#[test]
fn preshared_keys_must_agree() {
    let psk = |byte| PresharedKey::from_bytes([byte; 32]);
    let mut world = World::with(
        |_, device| device.preshared_key = psk(1),
        |_, device| device.preshared_key = psk(1),
    );
    world.connect();
    let mut world = World::with(
        |_, device| device.preshared_key = psk(1),
        |_, device| device.preshared_key = psk(2),
    );
    send(&mut world.client, &up(b"x"), world.now);
    let delivered = world.exchange();
    assert_eq!((delivered.datagrams, delivered.to_server.len()), (2, 0));
    assert_eq!(world.client.counters().handshake_refused, 1);
    assert_eq!(world.client.counters().sessions, 0);
}

#[test]
fn a_preshared_key_that_changes_counts_from_the_next_handshake_on() {
    let mut world = World::connected();
    let mut changed = device(key(CLIENT_KEY).public(), &["10.0.0.2/32", "fd00::2/128"]);
    changed.preshared_key = PresharedKey::from_bytes([7; 32]);
    world.server.put_device(changed, world.now).unwrap();
    assert!(world.send_up(&up(b"old session")).is_some());
    world.idle(seconds(125));
    assert!(world.send_up(&up(b"asks for renewal")).is_some());
    world.exchange();
    assert_eq!(world.client.counters().handshake_refused, 1);
}

#[test]
fn a_wrong_first_mac_is_not_worked_on() {
    let mut world = World::new();
    send(&mut world.client, &up(b"x"), world.now);
    let mut initiation = drain(&mut world.client).remove(0).1;
    initiation[116] ^= 1;
    deliver(&mut world.server, world.client_path, &initiation, world.now);
    assert_eq!(world.server.counters().wrong_mac1, 1);
    assert!(drain(&mut world.server).is_empty());
    assert_eq!(world.server.active_devices(), 0);
}

#[test]
fn a_zero_key_is_refused() {
    let mut world = World::new();
    send(&mut world.client, &up(b"x"), world.now);
    let mut initiation = drain(&mut world.client).remove(0).1;
    initiation[8..40].fill(0);
    crate::cookies::sign_mac1(&mut initiation, &world.server.public_key());
    deliver(&mut world.server, world.client_path, &initiation, world.now);
    assert_eq!(world.server.counters().handshake_refused, 1);
    assert!(drain(&mut world.server).is_empty());
}

#[test]
fn a_device_whose_key_is_zero_is_never_called() {
    let mut world = World::new();
    let mut zero = device(vpn::proto::PublicKey::from_bytes([0; 32]), &["10.9.0.0/16"]);
    zero.endpoint = Some(world.server_path);
    world.client.put_device(zero, world.now).unwrap();
    let packet = udp(ip("10.0.0.2"), ip("10.9.0.1"), b"x");
    assert!(send(&mut world.client, &packet, world.now).is_none());
    assert!(drain(&mut world.client).is_empty());
    assert_eq!(world.client.counters().handshake_refused, 1);
}

#[test]
fn a_stranger_gets_no_answer() {
    let mut world = World::new();
    let mut stranger = engine(Config::new(key(9)), world.now, 9);
    let mut server = device(world.server.public_key(), &["0.0.0.0/0"]);
    server.endpoint = Some(world.server_path);
    stranger.put_device(server, world.now).unwrap();
    send(&mut stranger, &up(b"x"), world.now);
    let initiation = drain(&mut stranger).remove(0).1;
    deliver(&mut world.server, world.client_path, &initiation, world.now);
    assert_eq!(world.server.counters().unknown_device, 1);
    assert!(drain(&mut world.server).is_empty());
}

#[test]
fn an_initiation_counts_once() {
    let mut world = World::new();
    send(&mut world.client, &up(b"x"), world.now);
    let initiation = drain(&mut world.client).remove(0).1;
    deliver(&mut world.server, world.client_path, &initiation, world.now);
    assert_eq!(drain(&mut world.server).len(), 1);
    world.pass(seconds(1));
    deliver(&mut world.server, path("203.0.113.9:9"), &initiation, world.now);
    assert!(drain(&mut world.server).is_empty());
    assert_eq!(world.server.counters().stale_timestamp, 1);
    assert_eq!(world.server.counters().roamed, 0);
}

#[test]
fn an_exact_floor_outlives_the_stay_and_a_coarse_one_gives_no_session() {
    for (granularity, answered) in [(seconds(0), false), (seconds(86_400), true)] {
        let mut world = World::with(|_, _| {}, |config, _| config.floor_granularity = granularity);
        send(&mut world.client, &up(b"x"), world.now);
        let initiation = drain(&mut world.client).remove(0).1;
        deliver(&mut world.server, world.client_path, &initiation, world.now);
        drain(&mut world.server);
        world.pass(seconds(200));
        world.server.handle_timeout(world.now);
        assert_eq!(world.server.active_devices(), 0);
        deliver(&mut world.server, path("203.0.113.9:9"), &initiation, world.now);
        assert_eq!(!drain(&mut world.server).is_empty(), answered);
        assert_eq!(world.server.counters().sessions, 0);
    }
}

#[test]
fn initiations_come_at_most_fifty_times_a_second() {
    let mut world = World::new();
    send(&mut world.client, &up(b"x"), world.now);
    let first = drain(&mut world.client).remove(0).1;
    let mut again = engine(Config::new(key(CLIENT_KEY)), world.now, 77);
    let mut server = device(world.server.public_key(), &["0.0.0.0/0"]);
    server.endpoint = Some(world.server_path);
    again.put_device(server, world.now).unwrap();
    // A later timestamp, at the same moment.
    send(&mut again, &up(b"x"), world.now + seconds(1));
    let second = drain(&mut again).remove(0).1;
    deliver(&mut world.server, world.client_path, &first, world.now);
    deliver(
        &mut world.server,
        world.client_path,
        &second,
        world.now + milliseconds(19),
    );
    assert_eq!(world.server.counters().too_frequent, 1);
    deliver(
        &mut world.server,
        world.client_path,
        &second,
        world.now + milliseconds(20),
    );
    assert_eq!(world.server.counters().initiations_answered, 2);
}

#[test]
fn a_response_for_another_index_or_twice_is_refused() {
    let mut world = World::new();
    send(&mut world.client, &up(b"x"), world.now);
    let initiation = drain(&mut world.client).remove(0).1;
    deliver(&mut world.server, world.client_path, &initiation, world.now);
    let response = drain(&mut world.server).remove(0).1;
    let mut wrong = response.clone();
    wrong[8] ^= 1;
    crate::cookies::sign_mac1(&mut wrong, &world.client.public_key());
    deliver(&mut world.client, world.server_path, &wrong, world.now);
    assert_eq!(world.client.counters().unknown_index, 1);
    deliver(&mut world.client, world.server_path, &response, world.now);
    deliver(&mut world.client, world.server_path, &response, world.now);
    assert_eq!(world.client.counters().unknown_index, 2);
    assert_eq!(world.client.counters().sessions, 1);
}

#[test]
fn configurations_that_cannot_work_are_refused() {
    let mut world = World::new();
    let now = world.now;
    let own = device(world.server.public_key(), &[]);
    assert!(world.server.put_device(own, now) == Err(ConfigError::OwnKey));
    let taken = device(key(5).public(), &["10.0.0.2/32"]);
    assert!(world.server.put_device(taken, now) == Err(ConfigError::PrefixTaken));
    let mut shared = device(key(5).public(), &[]);
    shared.addressing = vpn::proto::Addressing::Shared;
    assert!(world.server.put_device(shared, now) == Err(ConfigError::NoTranslation));
    assert_eq!(world.server.device_count(), 1);
}

#[test]
fn a_removed_device_is_gone_at_once() {
    let mut world = World::connected();
    let removed = world.server.remove_device(&key(CLIENT_KEY).public());
    assert_eq!(removed, Some(world.at_server));
    assert_eq!(world.server.active_devices(), 0);
    assert_eq!(world.server.poll_timeout(), None);
    assert!(world.send_up(&up(b"x")).is_none());
    assert_eq!(world.server.counters().unknown_index, 1);
    assert_eq!(world.server.drain_usage().count(), 1, "its bytes are billed");
}
