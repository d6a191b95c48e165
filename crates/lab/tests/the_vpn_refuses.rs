//! What the tunnel does not do for anybody, however they ask.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests may panic, as tests do"
)]

use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lab::world::client::WireGuardGo;
use lab::world::internet::{address, download, echo, visit};
use lab::world::relay::Relay;
use lab::world::{Outside, PORT, World, random, until};

/// How long a refused connection is tried before it counts as refused.
const REFUSED_AFTER: Duration = Duration::from_secs(3);
/// Rounds of hostile datagrams, and the pause between two: noise within what the machine can take, because a
/// flood that fills the socket's buffer stops any UDP service.
const ROUNDS: usize = 200;
const PAUSE: Duration = Duration::from_millis(25);
/// Datagrams seen on the path that are said again in one round, three ways each.
const SAID_AGAIN: usize = 8;

fn is_refused(client: &WireGuardGo<'_>, at: SocketAddr) -> bool {
    client.run(|| TcpStream::connect_timeout(&at, REFUSED_AFTER)).is_err()
}

#[test]
fn a_device_with_another_preshared_key_gets_no_session() {
    let world = World::start(2, "");
    let member = world.join("ada");
    let device = member.add_device("laptop");
    let line = device
        .configuration
        .lines()
        .find(|line| line.starts_with("PresharedKey"))
        .unwrap();
    let other = account::KeyText(random());
    let mut stranger = device.clone();
    stranger.configuration = device.configuration.replace(line, &format!("PresharedKey = {other}"));
    let refused = WireGuardGo::start(world.place(0), &stranger, Outside::V4);
    assert!(!refused.ping(address(false)));
    assert!(!refused.has_handshake(), "another preshared key makes no session");
    drop(refused);
    // The same device with its own key, in case something else had refused it.
    let own = WireGuardGo::start(world.place(1), &device, Outside::V4).connected();
    assert!(own.ping(address(false)));
}

#[test]
fn a_removed_device_is_cut_off() {
    let world = World::start(1, "");
    let member = world.join("ada");
    let client = WireGuardGo::start(world.place(0), &member.add_device("laptop"), Outside::V4).connected();
    assert!(client.ping(address(false)));
    member.remove_device();
    until("the device is cut off", || (!client.ping(address(false))).then_some(()));
    assert!(is_refused(&client, SocketAddr::new(address(false), 7)));
    // Its last bytes were written down.
    member.usage_of(84, 84);
}

#[test]
fn devices_reach_neither_each_other_nor_the_provider_itself() {
    let world = World::start(2, "");
    let devices = [
        world.join("ada").add_device("laptop"),
        world.join("bob").add_device("laptop"),
    ];
    let client = WireGuardGo::start(world.place(0), &devices[0], Outside::V4).connected();
    let _other = WireGuardGo::start(world.place(1), &devices[1], Outside::V4).connected();
    client.run(|| echo(address(false), b"the way out is open")).unwrap();
    // The provider's site on its loopback, by every address that the provider has; the operator's TLS site too.
    for host in [
        "127.0.0.1",
        "10.66.0.1",
        "10.9.200.1",
        "10.9.1.1",
        "fd66:8f1c:2a47::1",
        "fd09:c8::1",
    ] {
        let host: IpAddr = host.parse().unwrap();
        for port in [8080, 8443] {
            assert!(
                is_refused(&client, SocketAddr::new(host, port)),
                "{host} port {port} is open to devices"
            );
        }
    }
    // Internal addresses of other sessions: all that a device can do is guess, so a sweep of pings stands for it.
    let pings = |low: u8| client.ping(format!("100.64.0.{low}").parse().unwrap());
    assert!(!(16..19).any(pings));
    // Where hosting providers keep credentials.
    assert!(is_refused(&client, "169.254.169.254:80".parse().unwrap()));
}

#[test]
fn hostile_datagrams_break_nothing_while_a_transfer_runs() {
    let world = World::start(2, "");
    let member = world.join("ada");
    let relay = Relay::start(world.place(0));
    let client = WireGuardGo::start_towards(world.place(0), &member.add_device("laptop"), relay.address()).connected();
    let worker = world.provider.worker();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                relay.harass(SAID_AGAIN);
                stranger(&world);
                std::thread::sleep(PAUSE);
            }
            is_over.store(true, Ordering::Relaxed);
        });
        while !is_over.load(Ordering::Relaxed) {
            client.run(|| download(address(false), 2 << 20)).unwrap();
            client.run(|| echo(address(true), &[5; 1 << 18])).unwrap();
        }
    });
    assert_eq!(world.provider.worker(), worker, "the worker lives");
    assert!(client.ping(address(false)));
}

/// Datagrams of somebody who knows no key: noise of every length of note, each beginning like a message.
fn stranger(world: &World) {
    let place = world.place(1);
    let to = SocketAddr::new(place.provider(Outside::V4), PORT);
    let socket = place.namespace.run(|| UdpSocket::bind("0.0.0.0:0")).unwrap().unwrap();
    let mut bytes: Vec<u8> = random::<4096>().repeat(16);
    let [kind] = random();
    for length in [0, 1, 3, 4, 31, 32, 63, 64, 91, 92, 147, 148, 149, 1500, 4000, 65_507] {
        bytes[..4].copy_from_slice(&[kind % 6, 0, 0, 0]);
        // The socket's buffer may be full; then there is enough already.
        let _sent = socket.send_to(&bytes[..length], to);
    }
}

#[test]
fn an_account_over_its_quota_is_stopped_and_others_are_not() {
    let tariff = "[[tariff]]\nname = \"small\"\nquota_gib = 0.01\n";
    let world = World::start(2, tariff);
    let (thirsty, modest) = (world.join("ada"), world.join("bob"));
    let client = WireGuardGo::start(world.place(0), &thirsty.add_device("laptop"), Outside::V4).connected();
    let other = WireGuardGo::start(world.place(1), &modest.add_device("laptop"), Outside::V4).connected();
    client.run(|| download(address(false), 12 << 20)).unwrap();
    until("the account is stopped", || {
        (!client.ping(address(false))).then_some(())
    });
    assert!(other.ping(address(false)), "who is within the quota goes on");
    assert!(client.run(|| visit(address(false), 7)).is_err());
}
