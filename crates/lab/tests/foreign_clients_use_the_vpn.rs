//! Debian's WireGuard client, configured by the site, in the real program's tunnel.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests may panic, as tests do"
)]

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use lab::world::client::WireGuardGo;
use lab::world::internet::{self, address, download, echo, upload, who};
use lab::world::provider::RunsAs;
use lab::world::wireguard::Program;
use lab::world::{Outside, PORT, World, until};

lab::in_both_ways!(
    s3_004_a_device_reconnects_by_itself_after_the_provider_restarted,
    s3_003_boringtun_carries_as_wireguard_go_does,
);

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
        let server: IpAddr = if v6 { "2001:db8:c8::1" } else { "198.51.100.1" }.parse().unwrap();
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

fn s3_004_a_device_reconnects_by_itself_after_the_provider_restarted(runs_as: RunsAs) {
    let mut world = World::start_as(runs_as, 1, "");
    let device = world.join("ada").add_device("laptop");
    let (places, mut stage) = world.apart();
    let client = WireGuardGo::start(&places[0], &device, Outside::V4).connected();
    client.run(|| echo(address(false), b"before")).unwrap();
    let before = client.handshake();
    stage.restart();
    // Nobody touches the client.
    until("the device is back", || {
        client.run(|| echo(address(false), b"again")).ok()
    });
    assert!(client.handshake() > before, "with a handshake of its own");
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

/// Cloudflare's client, which calls when there is something to send, over each protocol outside: both families inside, TCP and
/// UDP, there and back, and a restart.
fn s3_003_boringtun_carries_as_wireguard_go_does(runs_as: RunsAs) {
    let mut world = World::start_as(runs_as, 1, "");
    let member = world.join("ada");
    let device = member.add_device("laptop");
    for outside in [Outside::V4, Outside::V6] {
        let place = world.place(0);
        let endpoint = SocketAddr::new(place.provider(outside), PORT);
        let client = WireGuardGo::start_with(Program::BoringTun, place, &device, endpoint);
        for v6 in [false, true] {
            let at = address(v6);
            client.run(|| {
                echo(at, b"hello").unwrap();
                download(at, 4 << 20).unwrap();
                upload(at, 4 << 20).unwrap();
                datagram(at);
            });
        }
    }
    member.usage_of(4 * (4 << 20), 4 * (4 << 20));
    let (places, mut stage) = world.apart();
    let endpoint = SocketAddr::new(places[0].provider(Outside::V4), PORT);
    let client = WireGuardGo::start_with(Program::BoringTun, &places[0], &device, endpoint);
    client.run(|| echo(address(false), b"before")).unwrap();
    stage.restart();
    until("the device is back", || {
        client.run(|| echo(address(false), b"again")).ok()
    });
}

fn datagram(at: IpAddr) {
    let any: IpAddr = if at.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
    let socket = UdpSocket::bind((any, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    socket.connect((at, internet::ECHO)).unwrap();
    until("a datagram comes back", || {
        socket.send(&[7; 1200]).unwrap();
        socket.recv(&mut [0; 2000]).ok().filter(|length| *length == 1200)
    });
}
