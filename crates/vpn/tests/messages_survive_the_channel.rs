//! Messages between parent and worker: what is written is read as the same, nothing longer, shorter
//! or unknown is read at all, and lists end at their bounds.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use proptest::prelude::*;
use sys::Identity;
use sys::channel::MESSAGE_BYTES;
use vpn::handover::{
    ACCOUNTS, ADDRESSES, Configure, DEVICES, FromWorker, HandedDevice, KEYS, Lock, Malformed, Moved, Room, ToWorker,
};
use vpn::proto::{Internal, PresharedKey, PrivateKey, PublicKey, Shared, Translation};

/// A message in a test's report: messages hold keys, so they cannot be printed.
struct Hidden<T>(T);

impl<T> std::fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a message")
    }
}

fn translation() -> impl Strategy<Value = Translation> {
    any::<(u32, u128, u32, u8, u128, u32)>().prop_map(|(v4, v6, pool_v4, pool_v4_len, pool_v6, reserved)| Translation {
        shared: Shared {
            v4: Ipv4Addr::from_bits(v4),
            v6: Ipv6Addr::from_bits(v6),
        },
        pool_v4: Ipv4Addr::from_bits(pool_v4),
        pool_v4_len,
        pool_v6: Ipv6Addr::from_bits(pool_v6),
        reserved,
    })
}

fn configure() -> impl Strategy<Value = Hidden<ToWorker>> {
    let numbers = (576..=8920u16, [1..=3600u64, 1..=3600, 1..=3600], any::<u32>());
    let identity = any::<Option<(u32, u32)>>();
    (any::<[u8; 32]>(), translation(), numbers, identity).prop_map(
        |(key, translation, (mtu_bytes, [forget, keep, flush], handshakes_per_second), identity)| {
            Hidden(ToWorker::Configure(Box::new(Configure {
                private_key: PrivateKey::from_bytes(key),
                mtu_bytes,
                translation,
                forget_after: Duration::from_secs(forget),
                keep_for: Duration::from_secs(keep),
                handshakes_per_second,
                flush_every: Duration::from_secs(flush),
                identity: identity.map(|(user, group)| Identity { user, group }),
            })))
        },
    )
}

fn put_devices(devices: Vec<(u32, [u8; 32], [u8; 32])>) -> Hidden<ToWorker> {
    let device = |(slot, public_key, psk)| HandedDevice {
        slot,
        public_key: PublicKey::from_bytes(public_key),
        preshared_key: PresharedKey::from_bytes(psk),
    };
    Hidden(ToWorker::PutDevices(devices.into_iter().map(device).collect()))
}

fn remove_devices(keys: Vec<[u8; 32]>) -> Hidden<ToWorker> {
    Hidden(ToWorker::RemoveDevices(
        keys.into_iter().map(PublicKey::from_bytes).collect(),
    ))
}

fn freed(addresses: Vec<(u32, u128)>) -> Hidden<FromWorker> {
    let internal = |(v4, v6)| Internal {
        v4: Ipv4Addr::from_bits(v4),
        v6: Ipv6Addr::from_bits(v6),
    };
    Hidden(FromWorker::Freed(addresses.into_iter().map(internal).collect()))
}

fn to_worker() -> impl Strategy<Value = Hidden<ToWorker>> {
    prop_oneof![
        configure(),
        prop::collection::vec(any::<(u32, [u8; 32], [u8; 32])>(), 1..=DEVICES).prop_map(put_devices),
        prop::collection::vec(any::<[u8; 32]>(), 1..=KEYS).prop_map(remove_devices),
        (1..=u32::MAX).prop_map(|ticket| Hidden(ToWorker::Flush { ticket })),
        Just(()).prop_map(|()| Hidden(ToWorker::AllPut)),
        Just(()).prop_map(|()| Hidden(ToWorker::Stop)),
    ]
}

fn from_worker() -> impl Strategy<Value = Hidden<FromWorker>> {
    let lock = any::<(u8, [bool; 5], u32)>().prop_map(|(landlock_abi, facts, filter_instructions)| {
        let [no_tcp, scoped, bounding_set_emptied, memory_pinned, has_taken_over] = facts;
        let lock = Lock {
            landlock_abi,
            no_tcp,
            scoped,
            bounding_set_emptied,
            memory_pinned,
            filter_instructions,
        };
        Hidden(FromWorker::Ready { lock, has_taken_over })
    });
    let moved = any::<(u32, u64, u64)>().prop_map(|(slot, up, down)| Moved { slot, up, down });
    prop_oneof![
        lock,
        prop::collection::vec(moved, 1..=ACCOUNTS).prop_map(|moved| Hidden(FromWorker::Usage(moved))),
        any::<(u32, u32)>().prop_map(|(ticket, active_devices)| Hidden(FromWorker::Flushed { ticket, active_devices })),
        prop::collection::vec(any::<(u32, u128)>(), 1..=ADDRESSES).prop_map(freed),
        Just(()).prop_map(|()| Hidden(FromWorker::Stopped)),
    ]
}

proptest! {
    #[test]
    fn what_the_parent_writes_is_read_as_the_same(Hidden(message) in to_worker()) {
        let bytes = message.encode();
        prop_assert!(bytes.len() <= MESSAGE_BYTES);
        let read = ToWorker::decode(&bytes).unwrap();
        prop_assert!(std::mem::discriminant(&read) == std::mem::discriminant(&message));
        prop_assert!(read.encode() == bytes);
        prop_assert!(FromWorker::decode(&bytes).is_err(), "the directions have no message in common");
    }

    #[test]
    fn what_the_worker_writes_is_read_as_the_same(Hidden(message) in from_worker()) {
        let bytes = message.encode();
        prop_assert!(bytes.len() <= MESSAGE_BYTES);
        let read = FromWorker::decode(&bytes).unwrap();
        prop_assert!(std::mem::discriminant(&read) == std::mem::discriminant(&message));
        prop_assert!(read.encode() == bytes);
        prop_assert!(ToWorker::decode(&bytes).is_err(), "the directions have no message in common");
    }

    #[test]
    fn a_message_that_lost_or_gained_bytes_is_refused(Hidden(message) in to_worker(), cut in 1..60usize) {
        let mut bytes = message.encode().to_vec();
        bytes.push(0);
        prop_assert!(ToWorker::decode(&bytes).is_err());
        bytes.pop();
        // No entry of a list is that short, so no cut leaves whole entries.
        if cut < bytes.len() && cut % 32 != 0 {
            prop_assert!(ToWorker::decode(&bytes[..bytes.len() - cut]).is_err());
        }
    }

    #[test]
    fn any_bytes_are_refused_or_written_as_the_same(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        vpn::handover::fuzz(&bytes);
    }
}

#[test]
fn numbers_out_of_bounds_are_refused() {
    let bytes = |mtu: u16, forget: u16, flush: u16, chosen: u8, user: u32| {
        let message = ToWorker::Configure(Box::new(Configure {
            private_key: PrivateKey::from_bytes([1; 32]),
            mtu_bytes: mtu,
            translation: Translation {
                shared: Shared {
                    v4: Ipv4Addr::UNSPECIFIED,
                    v6: Ipv6Addr::UNSPECIFIED,
                },
                pool_v4: Ipv4Addr::UNSPECIFIED,
                pool_v4_len: 8,
                pool_v6: Ipv6Addr::UNSPECIFIED,
                reserved: 0,
            },
            forget_after: Duration::from_secs(forget.into()),
            keep_for: Duration::from_secs(1),
            handshakes_per_second: 1,
            flush_every: Duration::from_secs(flush.into()),
            identity: Some(Identity { user, group: user }),
        }));
        let mut bytes = message.encode().to_vec();
        let at = bytes.len() - 9;
        bytes[at] = chosen;
        ToWorker::decode(&bytes).map(|_| ())
    };
    assert_eq!(bytes(576, 1, 1, 1, 5), Ok(()));
    assert_eq!(bytes(8920, 3600, 3600, 1, 5), Ok(()));
    assert_eq!(bytes(1420, 180, 10, 0, 0), Ok(()));
    for wrong in [
        bytes(575, 1, 1, 1, 5),
        bytes(8921, 1, 1, 1, 5),
        bytes(1420, 0, 1, 1, 5),
        bytes(1420, 3601, 1, 1, 5),
        bytes(1420, 1, 0, 1, 5),
        bytes(1420, 1, 3601, 1, 5),
        bytes(1420, 1, 1, 2, 5),
        bytes(1420, 1, 1, 0, 5),
    ] {
        assert_eq!(wrong, Err(Malformed));
    }
}

#[test]
fn a_list_one_past_its_bound_is_refused_and_an_empty_one_too() {
    let moved = Moved {
        slot: 1,
        up: 2,
        down: 3,
    };
    assert!(FromWorker::decode(&FromWorker::Usage(vec![moved; ACCOUNTS]).encode()).is_ok());
    assert!(FromWorker::decode(&FromWorker::Usage(vec![moved; ACCOUNTS + 1]).encode()).is_err());
    assert!(FromWorker::decode(&FromWorker::Usage(Vec::new()).encode()).is_err());
    let key = PublicKey::from_bytes([1; 32]);
    assert!(ToWorker::decode(&ToWorker::RemoveDevices(vec![key; KEYS]).encode()).is_ok());
    assert!(ToWorker::decode(&ToWorker::RemoveDevices(vec![key; KEYS + 1]).encode()).is_err());
}

#[test]
fn the_room_of_a_message_is_wiped_after_it_was_read() {
    let mut room = Room::default();
    let message = ToWorker::RemoveDevices(vec![PublicKey::from_bytes([7; 32])]).encode();
    room.bytes()[..message.len()].copy_from_slice(&message);
    assert!(room.take(message.len(), ToWorker::decode).is_ok());
    assert!(room.bytes().iter().all(|byte| *byte == 0));
    assert!(room.take(MESSAGE_BYTES + 1, ToWorker::decode).is_err());
}
