//! Datagrams that nobody should send, and padding.

use proptest::prelude::*;
use vpn::proto::limits::{DATAGRAM_LEN, OVERHEAD_LEN};

use crate::world::*;

#[test]
fn no_length_of_any_kind_panics() {
    let mut world = World::connected();
    for kind in 0..=6u8 {
        for len in 0..300 {
            let mut datagram = vec![0; len];
            if let Some(first) = datagram.first_mut() {
                *first = kind;
            }
            assert!(deliver(&mut world.server, world.client_path, &datagram, world.now).is_none());
        }
    }
    assert!(drain(&mut world.server).is_empty());
    assert!(world.send_up(&up(b"and the session lives")).is_some());
}

#[test]
fn oversize_datagrams_are_counted_and_a_big_one_passes() {
    let mut world = World::connected();
    let mut huge = vec![0; DATAGRAM_LEN + 1];
    huge[0] = 4;
    assert!(deliver(&mut world.server, world.client_path, &huge, world.now).is_none());
    assert_eq!(world.server.counters().wrong_length, 1);
    let big = up(&vec![7; 65_000]);
    assert_eq!(world.send_up(&big), Some(big));
}

#[test]
fn a_truncated_message_is_counted() {
    let mut world = World::connected();
    let (_, datagram) = send(&mut world.client, &up(b"x"), world.now).unwrap();
    let short = &datagram[..datagram.len() - 1];
    assert!(deliver(&mut world.server, world.client_path, short, world.now).is_none());
    assert_eq!(world.server.counters().not_authentic, 1);
    assert!(deliver(&mut world.server, world.client_path, &datagram[..20], world.now).is_none());
    assert_eq!(world.server.counters().wrong_length, 1);
}

#[test]
fn an_unknown_index_is_counted() {
    let mut world = World::connected();
    let (_, mut datagram) = send(&mut world.client, &up(b"x"), world.now).unwrap();
    datagram[5] ^= 1;
    assert!(deliver(&mut world.server, world.client_path, &datagram, world.now).is_none());
    assert_eq!(world.server.counters().unknown_index, 1);
}

#[test]
fn packets_are_padded_up_to_the_mtu() {
    let mut world = World::connected();
    for (body, sealed) in [(0, 32), (4, 32), (5, 48), (1420 - 28, 1420), (1410 - 28, 1420)] {
        let packet = up(&vec![0; body]);
        let (_, datagram) = send(&mut world.client, &packet, world.now).unwrap();
        assert_eq!(datagram.len(), sealed + OVERHEAD_LEN);
        let delivered = deliver(&mut world.server, world.client_path, &datagram, world.now);
        assert_eq!(delivered, Some(packet), "padding is taken off");
    }
}

#[test]
fn a_small_buffer_loses_the_packet_and_nothing_else() {
    let mut world = World::connected();
    let mut out = [0; 40];
    let lost = world.client.handle_packet(&mut up(b"x"), &mut out, world.now);
    assert!(lost.is_none());
    assert_eq!(world.client.counters().buffer_too_small, 1);
    assert!(world.send_up(&up(b"y")).is_some());
}

proptest! {
    #[test]
    fn a_changed_datagram_never_becomes_a_packet(
        at in 0usize..1000, change in 1u8.., body in 0usize..200
    ) {
        let mut world = World::connected();
        let (_, mut datagram) = send(&mut world.client, &up(&vec![1; body]), world.now).unwrap();
        let at = at % datagram.len();
        datagram[at] ^= change;
        prop_assert!(deliver(&mut world.server, world.client_path, &datagram, world.now).is_none());
    }

    #[test]
    fn noise_is_survived(datagrams in proptest::collection::vec(
        (0u8..5, proptest::collection::vec(any::<u8>(), 0..200)), 0..40))
    {
        let mut world = World::connected();
        for (kind, mut datagram) in datagrams {
            if datagram.len() > 4 {
                datagram[..4].copy_from_slice(&[kind, 0, 0, 0]);
            }
            prop_assert!(
                deliver(&mut world.server, world.client_path, &datagram, world.now).is_none());
        }
        prop_assert!(world.send_up(&up(b"still here")).is_some());
    }
}
