//! What other implementations got wrong once, or a standard demands, as a list to tick off: each
//! item with the tests that hold it. [`every_item_has_its_tests`] fails when one of them is gone.
//!
//! Where items come from: the paper, Linux's `wireguard` module, RFC 6040, and the published
//! repairs of wireguard-go, boringtun and gotatun.

use vpn::proto::{Ecn, Outcome, PublicKey};

use crate::world::*;

/// Item, and its tests here, in `src` or in the crate `sys`.
const LIST: &[(&str, &[&str])] = &[
    (
        "a packet is padded to min(ceil16(length), MTU), with zeros, and the padding is taken off",
        &[
            "padding_is_the_next_multiple_of_16_but_never_beyond_the_mtu",
            "padding_is_zero_whatever_the_buffer_held",
            "packets_are_padded_up_to_the_mtu",
        ],
    ),
    (
        "a device roams with any authenticated packet",
        &[
            "a_device_is_where_its_last_authentic_packet_came_from",
            "a_keepalive_moves_the_path_too",
            "handshakes_move_the_path",
        ],
    ),
    (
        "nothing else makes it roam: no cookie reply, no forgery, no replay",
        &[
            "a_cookie_opens_the_door_under_load",
            "a_cookie_reply_does_not_move_the_path",
            "a_forged_packet_moves_nothing",
            "a_replayed_packet_does_not_move_the_path",
            "a_replayed_initiation_does_not_move_the_path",
        ],
    ),
    (
        "the answer leaves from the address of ours that was written to",
        &[
            "the_answer_leaves_from_the_address_that_was_written_to",
            "ipv4_is_answered_from_the_address_that_was_asked",
            "ipv6_is_answered_from_the_address_that_was_asked",
        ],
    ),
    (
        "a cookie is bound to address and port",
        &["a_cookie_is_for_one_address_and_one_port"],
    ),
    (
        "handshakes have a budget for each source, not one that the first comer uses up",
        &[
            "one_source_may_not_use_up_the_rest",
            "cookie_replies_end_for_one_source_before_they_end_for_all",
            "the_budget_is_never_exceeded",
            "without_load_no_cookie_is_asked_for",
            "load_lasts_as_long_as_the_flood",
        ],
    ),
    (
        "the longest prefix over all devices decides whose an inner source is",
        &[
            "a_wide_prefix_does_not_speak_for_a_narrow_one_inside_it",
            "the_longest_prefix_receives",
        ],
    ),
    (
        "REJECT_AFTER_MESSAGES is checked before the counter moves, in both directions",
        &[
            "the_counter_stops_before_reject_after_messages",
            "a_counter_beyond_the_limit_is_not_opened",
        ],
    ),
    (
        "the passive keepalive answers data, never another keepalive",
        &["received_data_are_answered_within_ten_seconds_but_keepalives_are_not"],
    ),
    (
        "a datagram as long as the kernel can coalesce, or longer, is no reason to end",
        &[
            "oversize_datagrams_are_counted_and_a_big_one_passes",
            "a_datagram_longer_than_the_buffer_is_not_half_taken",
            "no_length_of_any_kind_panics",
        ],
    ),
    (
        "a secret that a point of small order forces is refused",
        &[
            "a_zero_key_is_refused",
            "every_point_of_small_order_is_refused",
            "a_device_whose_key_is_zero_is_never_called",
        ],
    ),
    (
        "congestion marks go in and come out by RFC 6040",
        &[
            "figure_4_of_rfc_6040_line_by_line",
            "the_datagram_carries_the_mark_of_its_packet",
            "a_mark_made_on_the_way_reaches_the_inner_packet",
            "many_datagrams_cross_in_one_call_and_one_past_the_limit_does_not",
        ],
    ),
    (
        "a preshared key is part of the handshake, and a change counts from the next one on",
        &[
            "preshared_keys_must_agree",
            "a_preshared_key_that_changes_counts_from_the_next_handshake_on",
            "we_initiate_and_they_respond",
            "they_initiate_and_we_respond",
        ],
    ),
];

#[test]
fn every_item_has_its_tests() {
    fn read(folder: &std::path::Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources = String::new();
    for folder in ["vpn/src", "vpn/tests", "sys/src"] {
        read(&crates.join(folder), &mut sources);
    }
    let missing: Vec<&str> = LIST
        .iter()
        .flat_map(|(_, tests)| *tests)
        .filter(|test| {
            !sources.contains(&format!("#[test]\n    fn {test}(")) && !sources.contains(&format!("#[test]\nfn {test}("))
        })
        .copied()
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
    assert!(LIST.iter().all(|(_, tests)| !tests.is_empty()));
}

#[test]
fn handshakes_move_the_path() {
    let mut world = World::connected();
    // The client asks anew from another place: the response goes there, and so does what follows.
    world.pass(seconds(120));
    send(&mut world.client, &up(b"x"), world.now);
    let initiation = drain(&mut world.client).remove(0).1;
    let there = path("203.0.113.7:4000");
    deliver(&mut world.server, there, &initiation, world.now);
    let (to, response) = drain(&mut world.server).remove(0);
    assert!(to == there);
    assert_eq!(response.len(), RESPONSE);
    // The response comes from another of the server's addresses: the client follows as well.
    let other = path("198.51.100.2:51820");
    deliver(&mut world.client, other, &response, world.now);
    let (to, _) = send(&mut world.client, &up(b"x"), world.now).unwrap();
    assert!(to == other);
}

#[test]
fn a_replayed_initiation_does_not_move_the_path() {
    let mut world = World::new();
    send(&mut world.client, &up(b"x"), world.now);
    let initiation = drain(&mut world.client).remove(0).1;
    deliver(&mut world.server, world.client_path, &initiation, world.now);
    let response = drain(&mut world.server).remove(0).1;
    deliver(&mut world.client, world.server_path, &response, world.now);
    world.exchange();
    world.pass(seconds(1));
    deliver(&mut world.server, path("203.0.113.7:1"), &initiation, world.now);
    assert_eq!(world.server.counters().stale_timestamp, 1);
    let (to, _) = send(&mut world.server, &down(b"x"), world.now).unwrap();
    assert!(to == world.client_path);
}

#[test]
fn a_cookie_reply_does_not_move_the_path() {
    // A session runs; the client renews while the server is loaded, and the cookie comes from elsewhere.
    let mut world = World::with(|_, _| {}, |config, _| config.handshakes_per_second = 10);
    world.connect();
    world.pass(seconds(120));
    assert!(
        send(&mut world.client, &up(b"x"), world.now).is_some(),
        "the session still sends"
    );
    let initiation = drain(&mut world.client).remove(0).1;
    crate::cookies::load(&mut world.server, world.now);
    deliver(&mut world.server, world.client_path, &initiation, world.now);
    let reply = drain(&mut world.server).remove(0).1;
    assert_eq!(reply.len(), COOKIE_REPLY);
    deliver(&mut world.client, path("203.0.113.7:1"), &reply, world.now);
    assert_eq!(world.client.counters().cookie_replies_accepted, 1);
    let (to, _) = send(&mut world.client, &up(b"x"), world.now).unwrap();
    assert!(to == world.server_path);
    assert_eq!(world.client.counters().roamed, 0);
}

#[test]
fn a_counter_beyond_the_limit_is_not_opened() {
    let mut world = World::connected();
    let (_, datagram) = send(&mut world.client, &up(b"x"), world.now).unwrap();
    for counter in [u64::MAX, vpn::proto::limits::REJECT_AFTER_MESSAGES] {
        let mut late = datagram.clone();
        late[8..16].copy_from_slice(&counter.to_le_bytes());
        assert!(deliver(&mut world.server, world.client_path, &late, world.now).is_none());
    }
    // Refused for its number, before the cipher is asked.
    assert_eq!(world.server.counters().replayed, 2);
    assert_eq!(world.server.counters().not_authentic, 0);
}

#[test]
fn every_point_of_small_order_is_refused() {
    // D. J. Bernstein, "Curve25519: a state-of-the-art Diffie-Hellman function", section "May I
    // exclude some public keys?"; with and without the bit that X25519 ignores.
    let points = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    for (text, top) in points.iter().flat_map(|text| [(text, 0), (text, 0x80)]) {
        let mut point = [0; 32];
        for (byte, digits) in point.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
        }
        point[31] |= top;
        // As the ephemeral of an initiation…
        let mut world = World::new();
        send(&mut world.client, &up(b"x"), world.now);
        let mut initiation = drain(&mut world.client).remove(0).1;
        initiation[8..40].copy_from_slice(&point);
        crate::cookies::sign_mac1(&mut initiation, &world.server.public_key());
        deliver(&mut world.server, world.client_path, &initiation, world.now);
        assert_eq!(world.server.counters().handshake_refused, 1, "{text}");
        // … of a response…
        let mut initiation = initiation_of(&mut world);
        deliver(&mut world.server, world.client_path, &initiation, world.now);
        let mut response = drain(&mut world.server).remove(0).1;
        response[12..44].copy_from_slice(&point);
        crate::cookies::sign_mac1(&mut response, &world.client.public_key());
        deliver(&mut world.client, world.server_path, &response, world.now);
        assert_eq!(world.client.counters().handshake_refused, 1, "{text}");
        initiation.clear();
        // … and as the key of a device that we are to call.
        let mut device = device(PublicKey::from_bytes(point), &["10.9.0.0/16"]);
        device.endpoint = Some(path("203.0.113.9:9"));
        world.client.put_device(device, world.now).unwrap();
        send(&mut world.client, &udp(ip("10.0.0.2"), ip("10.9.0.1"), b"x"), world.now);
        assert_eq!(world.client.counters().handshake_refused, 2, "{text}");
    }
}

/// The client's next attempt.
fn initiation_of(world: &mut World) -> Vec<u8> {
    world.pass(milliseconds(5_400));
    world.client.handle_timeout(world.now);
    let (_, datagram) = drain(&mut world.client).remove(0);
    assert_eq!(datagram.len(), INITIATION);
    datagram
}

const MARKS: [Ecn; 4] = [Ecn::NotCapable, Ecn::Capable0, Ecn::Capable1, Ecn::Experienced];

fn both_families() -> [Vec<u8>; 2] {
    [up(b"x"), udp(ip("fd00::2"), ip("fd00::1"), b"x")]
}

#[test]
fn the_datagram_carries_the_mark_of_its_packet() {
    let mut world = World::connected();
    for (packet, mark) in both_families()
        .into_iter()
        .flat_map(|packet| MARKS.map(|mark| (packet.clone(), mark)))
    {
        let mut out = [0; 256];
        let transmit = world
            .client
            .handle_packet(&mut marked(packet, mark), &mut out, world.now);
        assert_eq!(transmit.unwrap().ecn, mark);
    }
    // A packet that waited for a session as well; handshakes and keepalives have none.
    let mut world = World::new();
    send(&mut world.client, &marked(up(b"x"), Ecn::Capable0), world.now);
    let mut out = [0; 256];
    let initiation = world.client.poll_transmit(&mut out).unwrap();
    assert_eq!((initiation.len, initiation.ecn), (INITIATION, Ecn::NotCapable));
    deliver(&mut world.server, world.client_path, &out[..initiation.len], world.now);
    let response = drain(&mut world.server).remove(0).1;
    deliver(&mut world.client, world.server_path, &response, world.now);
    assert_eq!(world.client.poll_transmit(&mut out).unwrap().ecn, Ecn::Capable0);
}

#[test]
fn a_mark_made_on_the_way_reaches_the_inner_packet() {
    let mut world = World::connected();
    for packet in both_families() {
        for (inside, expected) in [
            (Ecn::Capable0, Some(Ecn::Experienced)),
            (Ecn::Capable1, Some(Ecn::Experienced)),
            (Ecn::Experienced, Some(Ecn::Experienced)),
            // Its sender understands only loss.
            (Ecn::NotCapable, None),
        ] {
            let sent = marked(packet.clone(), inside);
            let (_, mut datagram) = send(&mut world.client, &sent, world.now).unwrap();
            let outcome = world
                .server
                .handle_datagram(world.client_path, Ecn::Experienced, &mut datagram, world.now);
            let delivered = match outcome {
                Outcome::Nothing => None,
                Outcome::Packet { packet, .. } => Some(packet.to_vec()),
            };
            // Checksum and all.
            assert_eq!(delivered, expected.map(|mark| marked(packet.clone(), mark)));
        }
    }
    assert_eq!(world.server.counters().congested, 2);
}
