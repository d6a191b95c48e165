//! Packets, counters, and devices that come and go.

use vpn::handover::{FromWorker, ToWorker};

use super::world::{Keys, World};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("bytes_go_there_and_back_over_both_families", there_and_back),
    (
        "two_devices_with_one_inner_address_each_get_their_own_replies",
        two_devices,
    ),
    ("a_removed_device_is_cut_off_and_its_address_is_freed", removed_device),
    ("a_device_with_another_preshared_key_gets_nothing", wrong_preshared_key),
];

fn there_and_back() {
    let mut world = World::with_places(1);
    let keys = Keys::new(1);
    world.served.line.say(&ToWorker::PutDevices(vec![keys.handed(77)]));
    let device = world.connect(0, &keys);
    let bytes = 64 << 20;
    for v6 in [false, true] {
        let took = device.echo(v6, bytes).unwrap();
        let gigabits = 2.0 * 8.0 * bytes as f64 / took.as_secs_f64() / 1e9;
        println!("  {bytes} bytes there and back: {gigabits:.2} Gb/s both ways together");
    }
    assert!(
        sys::read_lockdown(world.served.worker.process())
            .unwrap()
            .gaps()
            .is_empty()
    );
    let (moved, active) = {
        drop(device);
        world.served.line.flush(9)
    };
    let [(slot, up, down)] = moved[..] else {
        panic!("one account moved bytes: {moved:?}")
    };
    let least = 2 * bytes as u64;
    // Headers and acknowledgements of TCP in packets of 1420 bytes come on top.
    let most = least + least / 4;
    assert!(slot == 77 && active == 1, "{slot} {active}");
    assert!(
        (least..most).contains(&up) && (least..most).contains(&down),
        "{up} up, {down} down"
    );
    let (moved, _) = world.served.line.flush(10);
    assert!(moved.is_empty(), "bytes are reported once: {moved:?}");
}

fn two_devices() {
    let mut world = World::with_places(2);
    let (one, two) = (Keys::new(1), Keys::new(2));
    world
        .served
        .line
        .say(&ToWorker::PutDevices(vec![one.handed(1), two.handed(2)]));
    let (first, second) = (world.connect(0, &one), world.connect(1, &two));
    std::thread::scope(|scope| {
        for device in [&first, &second] {
            scope.spawn(|| {
                for v6 in [false, true] {
                    device.echo(v6, 2 << 20).unwrap();
                }
            });
        }
    });
    drop((first, second));
    let (mut moved, active) = world.served.line.flush(1);
    moved.sort_unstable();
    assert_eq!(moved.iter().map(|(slot, ..)| *slot).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(active, 2);
}

fn removed_device() {
    let mut world = World::with_places(1);
    let keys = Keys::new(1);
    world.served.line.say(&ToWorker::PutDevices(vec![keys.handed(5)]));
    let device = world.connect(0, &keys);
    device.echo(false, 1000).unwrap();
    world.served.line.say(&ToWorker::RemoveDevices(vec![keys.public()]));
    assert!(device.echo(false, 1000).is_err(), "a removed device has no way through");
    drop(device);
    let FromWorker::Freed(addresses) = world.served.line.hear() else {
        panic!("the session's address was to be freed")
    };
    assert_eq!(addresses.len(), 1);
    assert_eq!(addresses[0].v4.octets()[0], 100);
    let (moved, active) = world.served.line.flush(3);
    assert!(
        moved.len() == 1 && active == 0,
        "the last bytes are reported: {moved:?}, {active}"
    );
}

fn wrong_preshared_key() {
    let mut world = World::with_places(1);
    let keys = Keys::new(1);
    world.served.line.say(&ToWorker::PutDevices(vec![keys.handed(5)]));
    let stranger = Keys { psk: [9; 32], ..keys };
    assert!(world.connect(0, &stranger).echo(false, 10).is_err());
    let (moved, _) = world.served.line.flush(3);
    assert!(moved.is_empty());
}
