//! What the tunnel does not do for anybody, however they ask.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests may panic, as tests do"
)]

use std::io::Write;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use lab::world::client::WireGuardGo;
use lab::world::internet::{ECHO, address, download, echo};
use lab::world::provider::RunsAs;
use lab::world::relay::Relay;
use lab::world::{Outside, PATIENCE, PORT, World, random, until};
use sys::NetNamespace;

/// How long a refused connection is tried before it counts as refused.
const REFUSED_AFTER: Duration = Duration::from_secs(3);
/// Rounds of hostile datagrams, and the pause between two: noise within what the machine can take, because a
/// flood that fills the socket's buffer stops any UDP service.
const ROUNDS: usize = 200;
const PAUSE: Duration = Duration::from_millis(25);
/// Datagrams seen on the path that are said again in one round, three ways each.
const SAID_AGAIN: usize = 8;

lab::in_both_ways!(
    a_device_with_another_preshared_key_gets_no_session,
    a_removed_device_is_cut_off,
    devices_reach_neither_each_other_nor_this_machine_nor_its_neighbours,
    a_private_network_is_reached_where_the_operator_says_so,
    hostile_datagrams_break_nothing_while_a_transfer_runs,
    an_account_over_its_quota_is_stopped_and_others_are_not,
);

fn is_refused(client: &WireGuardGo<'_>, at: SocketAddr) -> bool {
    client.run(|| TcpStream::connect_timeout(&at, REFUSED_AFTER)).is_err()
}

fn reaches_the_internet(client: &WireGuardGo<'_>) -> bool {
    !is_refused(client, SocketAddr::new(address(false), ECHO))
}

fn a_device_with_another_preshared_key_gets_no_session(runs_as: RunsAs) {
    let world = World::start_as(runs_as, 2, "");
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
    assert!(!reaches_the_internet(&refused));
    assert!(!refused.has_handshake(), "another preshared key makes no session");
    drop(refused);
    // The same device with its own key, in case something else had refused it.
    let own = WireGuardGo::start(world.place(1), &device, Outside::V4).connected();
    assert!(reaches_the_internet(&own));
}

fn a_removed_device_is_cut_off(runs_as: RunsAs) {
    let world = World::start_as(runs_as, 1, "");
    let member = world.join("ada");
    let client = WireGuardGo::start(world.place(0), &member.add_device("laptop"), Outside::V4).connected();
    client.run(|| echo(address(false), b"the way out is open")).unwrap();
    member.remove_device();
    until("the device is cut off", || {
        (!reaches_the_internet(&client)).then_some(())
    });
    // Its last bytes were written down.
    member.usage_of(84, 84);
}

fn hostile_datagrams_break_nothing_while_a_transfer_runs(runs_as: RunsAs) {
    let world = World::start_as(runs_as, 2, "");
    let member = world.join("ada");
    let relay = Relay::start(world.place(0));
    let client = WireGuardGo::start_towards(world.place(0), &member.add_device("laptop"), relay.address()).connected();
    let worker = world.provider.worker_of_role("vpn");
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
    assert_eq!(world.provider.worker_of_role("vpn"), worker, "the worker lives");
    assert!(reaches_the_internet(&client));
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

fn an_account_over_its_quota_is_stopped_and_others_are_not(runs_as: RunsAs) {
    let tariff = "[[tariff]]\nname = \"small\"\nquota_gib = 0.01\n";
    let world = World::start_as(runs_as, 2, tariff);
    let (thirsty, modest) = (world.join("ada"), world.join("bob"));
    let client = WireGuardGo::start(world.place(0), &thirsty.add_device("laptop"), Outside::V4).connected();
    let other = WireGuardGo::start(world.place(1), &modest.add_device("laptop"), Outside::V4).connected();
    client.run(|| download(address(false), 12 << 20)).unwrap();
    until("the account is stopped", || {
        (!reaches_the_internet(&client)).then_some(())
    });
    assert!(reaches_the_internet(&other), "who is within the quota goes on");
}

/// Where every listener is that no device may reach.
const WITNESS: u16 = 8333;

/// Listens with TCP and UDP on every address of a namespace, and tells of whoever gets through.
fn witness(name: &'static str, namespace: &NetNamespace, told: &Sender<String>) {
    let any = SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), WITNESS);
    let (listener, socket) = namespace
        .run(|| (TcpListener::bind(any).unwrap(), UdpSocket::bind(any).unwrap()))
        .unwrap();
    let tell = told.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // The test may be over.
            let _told = tell.send(format!(
                "TCP at {name}, {}",
                stream.local_addr().unwrap().ip().to_canonical()
            ));
            let _said = stream.write_all(b"inside");
        }
    });
    let tell = told.clone();
    std::thread::spawn(move || {
        let mut words = [0; 64];
        while let Ok((length, _)) = socket.recv_from(&mut words) {
            let _told = tell.send(format!("UDP at {name}, {}", String::from_utf8_lossy(&words[..length])));
        }
    });
}

/// Tries every address at once, with TCP and UDP, and says which answered over TCP.
fn knock(at: &[IpAddr]) -> Vec<IpAddr> {
    std::thread::scope(|scope| {
        let tries: Vec<_> = at
            .iter()
            .map(|at| {
                scope.spawn(move || {
                    let to = SocketAddr::new(*at, WITNESS);
                    let any: IpAddr = if at.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
                    let socket = UdpSocket::bind((any, 0)).unwrap();
                    for _ in 0..3 {
                        // The device's own kernel may know already that there is no way.
                        let _sent = socket.send_to(format!("for {at}").as_bytes(), to);
                    }
                    TcpStream::connect_timeout(&to, REFUSED_AFTER).is_ok().then_some(*at)
                })
            })
            .collect();
        tries.into_iter().filter_map(|knock| knock.join().unwrap()).collect()
    })
}

/// What witnesses have told when both of them have told of a visitor that they expect.
fn told_until(expected: &[String], told: &Receiver<String>) -> Vec<String> {
    let mut all = Vec::new();
    while !expected.iter().all(|expected| all.contains(expected)) {
        let next = told.recv_timeout(PATIENCE);
        all.push(next.unwrap_or_else(|_| panic!("{expected:?} did not all come: {all:?}")));
    }
    all
}

fn ip(namespace: &NetNamespace, arguments: &str) {
    let run = || Command::new("ip").args(arguments.split(' ')).status();
    assert!(namespace.run(run).unwrap().unwrap().success(), "ip {arguments}");
}

/// The internal addresses that the kernel has flows of.
fn internal_addresses(server: &NetNamespace) -> Vec<IpAddr> {
    let read = || std::fs::read_to_string("/proc/thread-self/net/nf_conntrack");
    let table = server.run(read).unwrap().unwrap();
    let sources = table.split_whitespace().filter_map(|word| word.strip_prefix("src="));
    let sources = sources.filter_map(|source| source.parse::<IpAddr>().ok());
    sources
        .filter(|source| {
            ["100.", "fd66:"]
                .iter()
                .any(|pool| source.to_string().starts_with(pool))
        })
        .collect()
}

fn devices_reach_neither_each_other_nor_this_machine_nor_its_neighbours(runs_as: RunsAs) {
    let world = World::start_as(runs_as, 2, "");
    let (lan, beside) = world.neighbour();
    // More addresses of this machine, where hosting providers keep credentials among them; the kernel would take the
    // first address of a network as the source of what goes to the second.
    for (address, link) in [
        ("198.51.100.99/24", "out"),
        ("169.254.169.254/32", "lo"),
        ("fd00:ec2::254/128", "lo"),
        ("203.0.113.5/32", "lo"),
    ] {
        ip(&world.server, &format!("address add {address} dev {link}"));
    }
    // And a neighbour's, to which this machine has a way: of the pool of internal addresses, link-local, and of the
    // services of hosting providers.
    for address in ["100.64.77.77", "169.254.7.7", "168.63.129.16", "192.168.7.7"] {
        ip(&lan, &format!("address add {address}/32 dev wire"));
        ip(&world.server, &format!("route add {address}/32 dev lan"));
    }
    let (tell, told) = channel();
    witness("this machine", &world.server, &tell);
    witness("the neighbour", &lan, &tell);
    for (number, name) in ["the first device", "the second device"].into_iter().enumerate() {
        witness(name, &world.place(number).namespace, &tell);
    }
    let devices = [
        world.join("ada").add_device("laptop"),
        world.join("bob").add_device("laptop"),
    ];
    let clients: Vec<WireGuardGo<'_>> = (0..2)
        .map(|number| WireGuardGo::start(world.place(number), &devices[number], Outside::V4).connected())
        .collect();
    for client in &clients {
        for v6 in [false, true] {
            client.run(|| echo(address(v6), b"the way out is open")).unwrap();
        }
    }
    let fixed = [
        "198.51.100.1",
        "198.51.100.99",
        "203.0.113.5",
        "2001:db8:c8::1",
        "10.66.0.1",
        "fd66:8f1c:2a47::1",
        "169.254.169.254",
        "fd00:ec2::254",
        "10.9.201.1",
        "fd09:c9::1",
        "100.64.77.77",
        "169.254.7.7",
        "168.63.129.16",
        "192.168.7.7",
    ];
    let mut forbidden: Vec<IpAddr> = fixed.iter().map(|text| text.parse().unwrap()).collect();
    forbidden.extend(beside);
    if runs_as == RunsAs::Root {
        let internal = internal_addresses(&world.server);
        assert!(internal.len() >= 2, "each device has one: {internal:?}");
        forbidden.extend(internal);
    }
    for (number, client) in clients.iter().enumerate() {
        let other = world.place(1 - number);
        // A device whose own address is everybody's to call may be called by way of the provider too; not so this machine.
        let outer: [IpAddr; 3] = [
            other.provider(Outside::V4),
            other.provider(Outside::V6),
            format!("10.9.{}.2", 1 - number).parse().unwrap(),
        ];
        let forbidden: Vec<IpAddr> = forbidden.iter().copied().chain(outer).collect();
        assert_eq!(
            client.run(|| knock(&forbidden)),
            Vec::<IpAddr>::new(),
            "device {number}"
        );
        // And the tunnel still works.
        for v6 in [false, true] {
            client.run(|| echo(address(v6), b"still here")).unwrap();
        }
    }
    // The listeners do listen, and nobody was there before.
    let expected: Vec<String> = [
        ("this machine", "169.254.169.254".parse().unwrap()),
        ("the neighbour", beside[0]),
    ]
    .iter()
    .flat_map(|(name, at)| [format!("TCP at {name}, {at}"), format!("UDP at {name}, for {at}")])
    .collect();
    let reached = world
        .server
        .run(|| knock(&["169.254.169.254".parse().unwrap(), beside[0]]))
        .unwrap();
    assert_eq!(reached.len(), 2);
    let mut all = told_until(&expected, &told);
    all.retain(|one| !expected.contains(one));
    assert_eq!(all, Vec::<String>::new(), "a device got through");
}

fn a_private_network_is_reached_where_the_operator_says_so(runs_as: RunsAs) {
    // One by its network; one, over IPv6, because devices are told to ask it for names.
    let settings = "lan = [\"10.9.201.0/24\"]\ndns = [\"fd09:c9::2\"]";
    let world = World::start_as(runs_as, 1, settings);
    let (lan, beside) = world.neighbour();
    ip(&lan, "address add fd09:c9::3/64 dev wire");
    let (tell, told) = channel();
    witness("the neighbour", &lan, &tell);
    let device = world.join("ada").add_device("laptop");
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    let others: [IpAddr; 2] = ["fd09:c9::3".parse().unwrap(), "10.9.201.1".parse().unwrap()];
    let reached = client.run(|| knock(&[beside[0], beside[1], others[0], others[1]]));
    assert_eq!(reached, beside);
    let expected = beside.map(|at| format!("UDP at the neighbour, for {at}"));
    let all = told_until(&expected, &told);
    assert!(!all.iter().any(|one| one.contains("fd09:c9::3")), "{all:?}");
}
