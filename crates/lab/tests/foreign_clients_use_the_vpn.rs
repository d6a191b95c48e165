//! Debian's WireGuard client, configured by the site, in the real program's tunnel.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests may panic, as tests do"
)]

use std::io::{Read, Write};
use std::net::IpAddr;
use std::time::Instant;

use lab::world::client::WireGuardGo;
use lab::world::internet::{self, address, download, echo, upload, who};
use lab::world::provider::RunsAs;
use lab::world::{Outside, World, until};

#[test]
fn s3_002_a_device_with_the_sites_configuration_reaches_the_internet() {
    let world = World::start(1, "");
    let device = world.join("ada").add_device("laptop");
    assert!(
        device.configuration.contains("AllowedIPs = 0.0.0.0/0, ::/0"),
        "all traffic goes through the tunnel"
    );
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    for v6 in [false, true] {
        assert!(client.ping(address(v6)), "a ping comes back");
        client.run(|| echo(address(v6), b"hello")).unwrap();
        let seen = client.run(|| who(address(v6))).unwrap();
        // The Internet sees the server and nothing behind it.
        let server: IpAddr = if v6 { "fd09:c8::1" } else { "10.9.200.1" }.parse().unwrap();
        assert_eq!(seen.ip(), server);
    }
}

#[test]
fn s3_002_a_device_may_call_over_ipv6() {
    let world = World::start(1, "");
    let device = world.join("ada").add_device("laptop");
    let client = WireGuardGo::start(world.place(0), &device, Outside::V6).connected();
    for v6 in [false, true] {
        client.run(|| echo(address(v6), &[7; 100_000])).unwrap();
    }
}

#[test]
fn s3_003_a_gibibyte_each_way_arrives_intact() {
    carry_each_way(1 << 30);
}

/// Both ends compare SHA-256.
fn carry_each_way(bytes: u64) {
    let world = World::start(1, "");
    let device = world.join("ada").add_device("laptop");
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    for (name, carry) in [("down", download as fn(_, _) -> _), ("up", upload)] {
        let begun = Instant::now();
        client.run(|| carry(address(false), bytes)).unwrap();
        let gigabits = bytes as f64 * 8.0 / begun.elapsed().as_secs_f64() / 1e9;
        println!("{} MiB {name}: {gigabits:.2} Gb/s", bytes >> 20);
    }
}

#[test]
fn s3_004_a_device_that_changes_its_address_keeps_its_connections() {
    let world = World::start(1, "");
    let device = world.join("ada").add_device("telephone");
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    let (before, after) = client.run(|| {
        let mut stream = internet::visit(address(false), internet::ECHO).unwrap();
        let mut speak = |word: &[u8]| {
            let mut back = vec![0; word.len()];
            stream.write_all(word)?;
            stream.read_exact(&mut back)?;
            assert_eq!(back, word);
            std::io::Result::Ok(())
        };
        let before = speak(b"before the change");
        world.place(0).move_away();
        (before, speak(b"after the change"))
    });
    before.unwrap();
    after.unwrap();
}

#[test]
fn s3_004_a_device_that_moves_in_the_middle_of_a_download_gets_every_byte() {
    let world = World::start(1, "");
    let device = world.join("ada").add_device("telephone");
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    let bytes = 64 << 20;
    std::thread::scope(|scope| {
        // Both ends compare SHA-256.
        let loading = scope.spawn(|| client.run(|| download(address(false), bytes)));
        for (part, change) in [(1, "its address"), (2, "its port")] {
            until("a part has come", || {
                (client.received() > part * bytes / 4).then_some(())
            });
            match part {
                1 => world.place(0).move_away(),
                _ => client.listen_on(4711),
            }
            assert!(
                !loading.is_finished(),
                "the download was over before the device changed {change}"
            );
        }
        loading.join().unwrap().unwrap();
    });
}

#[test]
fn s3_004_a_device_reconnects_by_itself_after_the_provider_restarted() {
    let mut world = World::start(1, "");
    let device = world.join("ada").add_device("laptop");
    // The place outlives the provider; what the client borrows of the world does not change.
    world.restart();
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    client.run(|| echo(address(false), b"again")).unwrap();
}

#[test]
fn s3_007_two_devices_with_one_inner_address_each_get_their_own_replies() {
    let world = World::start(2, "");
    let devices = [
        world.join("ada").add_device("laptop"),
        world.join("bob").add_device("laptop"),
    ];
    let inner = |number: usize| {
        devices[number]
            .configuration
            .lines()
            .find(|line| line.starts_with("Address"))
            .unwrap()
    };
    assert_eq!(inner(0), inner(1), "the address is everybody's");
    let clients: Vec<WireGuardGo<'_>> = (0..2)
        .map(|number| WireGuardGo::start(world.place(number), &devices[number], Outside::V4).connected())
        .collect();
    std::thread::scope(|scope| {
        for (number, client) in clients.iter().enumerate() {
            scope.spawn(move || {
                for round in 0..8_u8 {
                    let payload = vec![round * 2 + number as u8; 200_000];
                    client.run(|| echo(address(round % 2 == 0), &payload)).unwrap();
                }
            });
        }
    });
}

#[test]
fn a_provider_that_is_nobody_and_may_configure_the_network_carries_packets() {
    let world = World::start_as(RunsAs::NobodyWithSetcap, 1, "");
    let member = world.join("ada");
    let client = WireGuardGo::start(world.place(0), &member.add_device("laptop"), Outside::V4).connected();
    client.run(|| echo(address(false), b"hello")).unwrap();
    assert!(sys::read_lockdown(world.provider.worker()).unwrap().gaps().is_empty());
}

#[test]
fn a_worker_that_is_killed_is_replaced_and_devices_go_on() {
    let world = World::start(1, "");
    let member = world.join("ada");
    let device = member.add_device("laptop");
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    client.run(|| echo(address(false), &[1; 300_000])).unwrap();
    let written = member.usage_of(300_000, 300_000);
    let worker = world.provider.worker();
    lab::world::provider::signal(worker, "KILL");
    let next = until("another worker", || {
        world.provider.find_worker().filter(|next| *next != worker)
    });
    assert!(sys::read_lockdown(next).unwrap().gaps().is_empty());
    // The client's session is unknown to the new worker; its next handshake makes one.
    until("the device is back", || client.ping(address(false)).then_some(()));
    client.run(|| echo(address(false), &[1; 300_000])).unwrap();
    let after = member.usage_of(written[0].1 + 300_000, written[0].2 + 300_000);
    assert_eq!(after.len(), 1, "one row for the day");
    assert!(
        world
            .provider
            .output()
            .contains("worker ended with status 137 (1 since start)")
    );
}
