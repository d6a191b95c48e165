//! What happens when time passes.

use vpn::proto::Event;

use crate::world::*;

/// Moves on until the client sends something.
fn next_sent(world: &mut World) -> Vec<usize> {
    loop {
        let sent = next(world);
        if !sent.is_empty() {
            return sent;
        }
    }
}

/// Moves to the client's deadline and lets it act.
fn next(world: &mut World) -> Vec<usize> {
    world.now = world.client.poll_timeout().unwrap().max(world.now);
    world.client.handle_timeout(world.now);
    lengths(&drain(&mut world.client))
}

fn lengths(datagrams: &[(vpn::proto::Path, Vec<u8>)]) -> Vec<usize> {
    datagrams.iter().map(|(_, bytes)| bytes.len()).collect()
}

#[test]
fn an_unanswered_handshake_is_repeated_for_ninety_seconds_and_given_up() {
    let mut world = World::new();
    let begin = world.now;
    send(&mut world.client, &up(b"x"), world.now);
    assert_eq!(lengths(&drain(&mut world.client)), [INITIATION]);
    let mut attempts = 1;
    let mut last = world.now;
    loop {
        match next(&mut world)[..] {
            [INITIATION] => attempts += 1,
            [] if world.now - begin >= seconds(90) => break,
            [] => continue,
            ref other => panic!("{other:?}"),
        }
        let pause = world.now - last;
        assert!((seconds(5)..=milliseconds(5_333)).contains(&pause));
        last = world.now;
    }
    assert!((17..=18).contains(&attempts), "{attempts}");
    assert!(events(&mut world.client) == [Event::Unreachable(world.at_client)]);
    assert_eq!(world.client.counters().staged_dropped, 1);
    assert!(world.now - begin < seconds(96));
    // Nothing is left to do but to forget.
    assert_eq!(next(&mut world), []);
    assert!(events(&mut world.client) == [Event::Forgotten(world.at_client)]);
    assert_eq!(world.client.poll_timeout(), None);
    assert_eq!(world.client.active_devices(), 0);
}

#[test]
fn traffic_gives_an_attempt_its_full_time_again() {
    let mut world = World::new();
    let begin = world.now;
    send(&mut world.client, &up(b"x"), world.now);
    while world.now - begin < seconds(100) {
        next(&mut world);
        if world.now - begin < seconds(60) {
            send(&mut world.client, &up(b"x"), world.now);
        }
    }
    assert!(events(&mut world.client).is_empty(), "still trying");
}

#[test]
fn packets_that_wait_are_bounded_and_the_oldest_go_first() {
    let mut world = World::new();
    for number in 0..40u8 {
        send(&mut world.client, &up(&[number]), world.now);
    }
    assert_eq!(world.client.counters().staged_dropped, 8);
    let delivered = world.exchange().to_server;
    let expected: Vec<_> = (8..40u8).map(|number| up(&[number])).collect();
    assert_eq!(delivered, expected);
}

#[test]
fn received_data_are_answered_within_ten_seconds_but_keepalives_are_not() {
    let mut world = World::connected();
    let begin = world.now;
    world.send_down(&down(b"x"));
    world.pass(seconds(4));
    world.send_down(&down(b"y"));
    assert_eq!(next_sent(&mut world), [KEEPALIVE]);
    assert_eq!(world.now - begin, seconds(10));

    // The server hears it and has nothing to answer.
    let mut world = World::connected();
    world.send_down(&down(b"x"));
    world.tick(seconds(10));
    world.exchange();
    world.tick(seconds(10));
    assert_eq!(world.exchange().datagrams, 0);
}

#[test]
fn data_in_return_are_answer_enough() {
    let mut world = World::connected();
    world.send_down(&down(b"x"));
    world.pass(seconds(9));
    world.send_up(&up(b"y"));
    world.pass(seconds(1));
    world.client.handle_timeout(world.now);
    assert!(drain(&mut world.client).is_empty());
}

#[test]
fn silence_after_data_starts_a_handshake() {
    let mut world = World::connected();
    world.tick(seconds(10));
    world.exchange();
    let begin = world.now;
    send(&mut world.client, &up(b"lost"), world.now);
    assert_eq!(next_sent(&mut world), [INITIATION]);
    let waited = world.now - begin;
    assert!((seconds(15)..=milliseconds(15_333)).contains(&waited));
}

#[test]
fn persistent_keepalives_come_at_their_interval() {
    let mut world = World::with(|_, device| device.keepalive_seconds = Some(25), |_, _| {});
    world.tick(seconds(0));
    world.exchange();
    for _ in 0..3 {
        world.tick(milliseconds(24_999));
        assert_eq!(world.exchange().datagrams, 0);
        world.tick(milliseconds(1));
        assert_eq!(world.exchange().datagrams, 1);
    }
    assert_eq!(world.server.counters().keepalives, 4);
}

#[test]
fn a_persistent_keepalive_never_gives_up() {
    let mut world = World::with(|_, device| device.keepalive_seconds = Some(25), |_, _| {});
    let begin = world.now;
    let mut sent = 0;
    while world.now - begin < seconds(3600) {
        sent += next(&mut world).len();
    }
    assert!(sent > 100, "{sent}");
    world.exchange();
    world.tick(seconds(30));
    world.exchange();
    assert_eq!(world.server.counters().sessions, 1);
}

#[test]
fn the_initiator_renews_after_two_minutes_when_it_sends() {
    let mut world = World::connected();
    world.idle(milliseconds(119_999));
    world.send_up(&up(b"x"));
    assert!(drain(&mut world.client).is_empty());
    world.pass(milliseconds(1));
    assert!(world.send_up(&up(b"y")).is_some(), "under the old session");
    assert_eq!(lengths(&drain(&mut world.client)), [INITIATION]);
}

#[test]
fn the_responder_does_not_renew_by_age() {
    let mut world = World::connected();
    world.idle(seconds(121));
    assert!(send(&mut world.server, &down(b"x"), world.now).is_some());
    assert!(drain(&mut world.server).is_empty());
}

#[test]
fn an_initiator_that_only_receives_renews_late() {
    let mut world = World::connected();
    world.idle(milliseconds(164_999));
    assert!(world.send_down(&down(b"x")).is_some());
    assert!(drain(&mut world.client).is_empty());
    world.pass(milliseconds(1));
    assert!(world.send_down(&down(b"y")).is_some());
    assert_eq!(lengths(&drain(&mut world.client)), [INITIATION]);
    assert!(world.send_down(&down(b"z")).is_some());
    assert!(drain(&mut world.client).is_empty(), "one attempt at a time");
}

#[test]
fn packets_under_the_old_session_still_arrive_after_a_renewal() {
    let mut world = World::connected();
    world.idle(seconds(120));
    let (_, late) = send(&mut world.client, &up(b"late"), world.now).unwrap();
    world.exchange();
    world.send_up(&up(b"new session"));
    assert_eq!(world.server.counters().sessions, 2);
    let delivered = deliver(&mut world.server, world.client_path, &late, world.now);
    assert_eq!(delivered, Some(up(b"late")));
}

#[test]
fn the_session_before_the_last_is_gone_when_another_begins() {
    let mut world = World::connected();
    world.idle(seconds(120));
    let (_, late) = send(&mut world.client, &up(b"late"), world.now).unwrap();
    world.exchange();
    world.send_up(&up(b"second session"));
    world.idle(seconds(59));
    // A third handshake is answered but not confirmed: the first session's keys go at once.
    world.client.remove_device(&world.server.public_key());
    let mut again = device(key(SERVER_KEY).public(), &["0.0.0.0/0"]);
    again.endpoint = Some(world.server_path);
    world.client.put_device(again, world.now).unwrap();
    send(&mut world.client, &up(b"x"), world.now);
    let initiation = drain(&mut world.client).remove(0).1;
    deliver(&mut world.server, world.client_path, &initiation, world.now);
    assert_eq!(lengths(&drain(&mut world.server)), [RESPONSE]);
    assert!(deliver(&mut world.server, world.client_path, &late, world.now).is_none());
    assert_eq!(world.server.counters().unknown_index, 1);
}

#[test]
fn a_session_ends_after_three_minutes() {
    let mut world = World::connected();
    let (_, early) = send(&mut world.client, &up(b"early"), world.now).unwrap();
    let (_, late) = send(&mut world.client, &up(b"late"), world.now).unwrap();
    let end = world.now + seconds(180);
    let just_before = end - milliseconds(1);
    let from = world.client_path;
    assert!(deliver(&mut world.server, from, &early, just_before).is_some());
    assert!(deliver(&mut world.server, from, &late, end).is_none());
    assert_eq!(world.server.counters().expired_session, 1);
    // A packet now needs a new session.
    assert!(send(&mut world.client, &up(b"x"), end).is_none());
    assert_eq!(lengths(&drain(&mut world.client)), [INITIATION]);
}

#[test]
fn a_silent_device_is_forgotten_three_minutes_after_its_last_packet() {
    let mut world = World::connected();
    world.pass(seconds(60));
    world.send_up(&up(b"last"));
    let last = world.now;
    let mut wakes = 0;
    while let Some(at) = world.server.poll_timeout() {
        world.now = at.max(world.now);
        world.server.handle_timeout(world.now);
        drain(&mut world.server);
        wakes += 1;
        assert!(wakes < 100, "no spinning");
    }
    assert_eq!(world.now - last, seconds(180));
    assert_eq!(world.server.active_devices(), 0);
    assert!(events(&mut world.server).last() == Some(&Event::Forgotten(world.at_server)));
    // Where it was is gone, too.
    assert!(send(&mut world.server, &down(b"x"), world.now).is_none());
    assert_eq!(world.server.counters().no_endpoint, 1);
}

#[test]
fn a_client_wipes_everything_nine_minutes_after_its_last_session() {
    let mut world = World::connected();
    let begin = world.now;
    while let Some(at) = world.client.poll_timeout() {
        world.now = at.max(world.now);
        world.client.handle_timeout(world.now);
        drain(&mut world.client);
    }
    assert_eq!(world.client.active_devices(), 0);
    // Its one packet was not answered, so it tried again for a while.
    let took = world.now - begin;
    assert!((seconds(540)..seconds(660)).contains(&took), "{took:?}");
}

#[test]
fn after_the_end_a_device_simply_comes_back() {
    let mut world = World::connected();
    for _ in 0..4 {
        world.tick(seconds(700));
        world.exchange();
        assert!(send(&mut world.client, &up(b"again"), world.now).is_none());
        assert_eq!(world.exchange().to_server, [up(b"again")]);
    }
}

#[test]
fn idle_devices_cost_no_wake() {
    let mut world = World::new();
    for number in 0..2_000u32 {
        let mut public = [9; 32];
        public[..4].copy_from_slice(&number.to_le_bytes());
        let public = vpn::proto::PublicKey::from_bytes(public);
        world.server.put_device(device(public, &[]), world.now).unwrap();
    }
    assert_eq!(world.server.poll_timeout(), None);
    assert_eq!(world.server.active_devices(), 0);
}

#[test]
fn an_hour_of_traffic_with_loss_keeps_flowing() {
    let mut world = World::connected();
    let mut arrived = 0;
    for second in 0..3600u32 {
        world.tick(seconds(1));
        if let Some((_, datagram)) = send(&mut world.client, &up(b"x"), world.now)
            && !second.is_multiple_of(7)
        {
            let from = world.client_path;
            arrived += u32::from(deliver(&mut world.server, from, &datagram, world.now).is_some());
        }
        if second.is_multiple_of(3) {
            world.send_down(&down(b"y"));
        }
        arrived += world.exchange().to_server.len() as u32;
    }
    assert!(arrived > 3600 * 6 / 7 - 5, "{arrived}");
    assert!((30..=31).contains(&world.server.counters().sessions));
    assert!(world.server.poll_timeout().unwrap() > world.now);
}
