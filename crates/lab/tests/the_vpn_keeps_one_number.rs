//! What is left of traffic: two counters for each account and day, and nothing else anywhere.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests may panic, as tests do"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, SystemTime};

use lab::world::client::WireGuardGo;
use lab::world::internet::{self, address, echo};
use lab::world::memory::{Canary, in_files, in_memory};
use lab::world::provider::{RunsAs, processes_in, signal};
use lab::world::{Outside, World, random, until};

/// Bytes of an IPv4 and a UDP header (RFC 791, RFC 768).
const HEADERS_BYTES: usize = 28;
/// Flows of each device and family that are looked for in the kernel's connection table.
const FLOWS: usize = 10;

lab::in_both_ways!(
    s3_009_the_counters_are_the_bytes_of_inner_packets_in_one_row_for_the_day,
    s3_005_to_008_traffic_leaves_nothing_in_files_nor_in_the_parents_memory,
    what_a_killed_provider_left_behind_does_not_hinder_the_next,
);

fn s3_009_the_counters_are_the_bytes_of_inner_packets_in_one_row_for_the_day(runs_as: RunsAs) {
    let mut world = World::start_as(runs_as, 1, "");
    let device = world.join("ada").add_device("laptop");
    let mut expected = 0_u64;
    for _ in 0..2 {
        let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
        for length in [0, 1, 100, 1000, 1392] {
            for _ in 0..50 {
                client.run(|| ask(length));
                expected += (length + HEADERS_BYTES) as u64;
            }
        }
        drop(client);
        // What was moved since the last report is written down when the provider stops.
        world.restart();
    }
    let member = world.sign_in("ada");
    let rows = member.usage();
    let [(_, up, down)] = rows[..] else {
        panic!("one row for the day: {rows:?}")
    };
    assert_eq!((up, down), (expected, expected));
}

/// One datagram there and back; nothing is lost on the way, so it is asked once.
fn ask(length: usize) {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
        .send_to(&vec![9; length], SocketAddr::new(address(false), internet::ECHO))
        .unwrap();
    let mut back = vec![0; 2000];
    let received = socket
        .recv(&mut back)
        .unwrap_or_else(|error| panic!("{length} bytes did not come back: {error}"));
    assert_eq!(received, length);
}

fn s3_005_to_008_traffic_leaves_nothing_in_files_nor_in_the_parents_memory(runs_as: RunsAs) {
    let world = World::start_as(runs_as, 1, "");
    let began = SystemTime::now();
    let member = world.join("ada");
    let client = WireGuardGo::start(world.place(0), &member.add_device("laptop"), Outside::V6).connected();
    let payload: [u8; 24] = random();
    let destination = world.internet.canary;
    let mut stream = client
        .run(|| internet::visit(destination.into(), internet::ECHO))
        .unwrap();
    stream.write_all(&payload).unwrap();
    let mut back = [0; 24];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(back, payload);
    member.usage_of(1, 1);

    let address = |name: [&'static str; 2], address: std::net::Ipv6Addr| {
        let [binary, text] = name;
        [
            Canary {
                name: binary,
                bytes: address.octets().to_vec(),
            },
            Canary {
                name: text,
                bytes: address.to_string().into_bytes(),
            },
        ]
    };
    let endpoint = address(
        ["the device's address", "the device's address as text"],
        world.place(0).canary,
    );
    let destination = address(["the destination", "the destination as text"], destination);
    let payload = [Canary {
        name: "the payload",
        bytes: payload.to_vec(),
    }];
    let canaries: Vec<Canary> = [Vec::from(endpoint), destination.into(), payload.into()]
        .into_iter()
        .flatten()
        .collect();

    // While the flow is alive, the worker knows it: so the search can find something.
    let worker = world.provider.worker_of_role("vpn");
    assert!(
        !in_memory(worker, &canaries).is_empty(),
        "the search finds what is there"
    );
    if runs_as == RunsAs::Nobody {
        // Who opens connections knows where to and what, and not for whom.
        let connector = world.provider.worker_of_role("connector");
        let (whose, what) = canaries.split_at(2);
        assert!(!in_memory(connector, what).is_empty(), "the search finds what is there");
        assert_eq!(in_memory(connector, whose), Vec::<String>::new());
    }
    assert_eq!(in_memory(world.provider.process(), &canaries), Vec::<String>::new());
    assert_eq!(in_files(&world.data(), None, &canaries), Vec::<String>::new());
    for folder in ["/var/log", "/run/log", "/var/lib/systemd/coredump"] {
        assert_eq!(
            in_files(Path::new(folder), Some(began), &canaries),
            Vec::<String>::new()
        );
    }
    assert!(sys::read_lockdown(worker).unwrap().gaps().is_empty());

    // A leak that is planted is found.
    std::fs::write(
        world.data().join("careless.log"),
        format!("connect {}\n", world.internet.canary),
    )
    .unwrap();
    assert_eq!(in_files(&world.data(), None, &canaries).len(), 1);
    drop(stream);
}

#[test]
fn s3_007_the_kernel_forgets_the_flows_of_a_removed_device_and_no_others() {
    let world = World::start(2, "");
    let members = [world.join("ada"), world.join("bob")];
    let clients: Vec<WireGuardGo<'_>> = (0..2)
        .map(|number| {
            let device = members[number].add_device("laptop");
            WireGuardGo::start(world.place(number), &device, Outside::V4).connected()
        })
        .collect();
    let open = |client: &WireGuardGo<'_>| -> Vec<std::net::TcpStream> {
        let visit = |v6| client.run(|| internet::visit(address(v6), internet::ECHO)).unwrap();
        (0..FLOWS).flat_map(|_| [visit(false), visit(true)]).collect()
    };
    let flows = || -> usize {
        let read = || std::fs::read_to_string("/proc/thread-self/net/nf_conntrack");
        let table = world.server.run(read).unwrap().unwrap();
        table
            .lines()
            .filter(|line| line.contains("ESTABLISHED") && line.contains("dport=7 "))
            .count()
    };
    let (gone, mut kept) = (open(&clients[0]), open(&clients[1]));
    until("the kernel knows the flows", || (flows() == 4 * FLOWS).then_some(()));
    members[0].remove_device();
    until("the kernel's entries are gone", || (flows() == 2 * FLOWS).then_some(()));
    for stream in &mut kept {
        stream.write_all(b"still here").unwrap();
        stream.read_exact(&mut [0; 10]).unwrap();
    }
    assert_eq!(flows(), 2 * FLOWS);
    drop(gone);
}

#[test]
fn s3_007_the_kernel_does_not_enter_who_calls_the_provider() {
    let world = World::start(1, "");
    let device = world.join("ada").add_device("laptop");
    let entries = || {
        let read = || std::fs::read_to_string("/proc/sys/net/netfilter/nf_conntrack_count");
        world.server.run(read).unwrap().unwrap()
    };
    let before = entries();
    // A handshake and keepalives, and nothing inside.
    let client = WireGuardGo::start(world.place(0), &device, Outside::V4).connected();
    assert_eq!(entries(), before);
    client.run(|| echo(address(false), b"a flow")).unwrap();
    assert_ne!(
        entries(),
        before,
        "a flow inside is entered, so an entry would have been seen"
    );
}

#[test]
fn nothing_of_the_tunnel_is_left_when_the_provider_stops() {
    let mut world = World::start(0, "");
    let look = |world: &World| {
        let rules = world
            .server
            .run(|| std::process::Command::new("nft").args(["list", "tables"]).output())
            .unwrap();
        let link = world
            .server
            .run(|| sys::LinkName::new("candor0").unwrap().index().is_ok())
            .unwrap();
        let forward = world
            .server
            .run(|| std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward"))
            .unwrap()
            .unwrap();
        (
            String::from_utf8(rules.unwrap().stdout).unwrap().contains("candor"),
            link,
            forward.trim() == "1",
        )
    };
    assert_eq!(look(&world), (true, true, true));
    world.provider.stop();
    assert_eq!(look(&world), (false, false, false));
}

fn what_a_killed_provider_left_behind_does_not_hinder_the_next(runs_as: RunsAs) {
    let mut world = World::start_as(runs_as, 1, "");
    let device = world.join("ada").add_device("laptop");
    let roles: &[&str] = match runs_as {
        RunsAs::Nobody => &["vpn", "connector"],
        RunsAs::Root | RunsAs::NobodyWithSetcap => &["vpn"],
    };
    for _ in 0..2 {
        let (places, mut stage) = world.apart();
        let client = WireGuardGo::start(&places[0], &device, Outside::V4).connected();
        let workers: Vec<u32> = roles.iter().map(|role| stage.provider.worker_of_role(role)).collect();
        let mut stream = client.run(|| internet::visit(address(false), internet::ECHO)).unwrap();
        stream.write_all(b"before").unwrap();
        stream.read_exact(&mut [0; 6]).unwrap();
        let before = stage.files();

        signal(stage.provider.process(), "KILL");
        until("the workers end with their parent", || {
            let lives = |worker: &u32| Path::new(&format!("/proc/{worker}")).exists();
            (!workers.iter().any(lives)).then_some(())
        });
        stage.provider.wait();
        until("nothing runs in the provider's network", || {
            processes_in(stage.server).is_empty().then_some(())
        });
        // The device is in its place all the time, and knows nothing of it.
        stage.start_again();
        assert_eq!(stage.files(), before);
        until("the device is back", || {
            client.run(|| echo(address(false), b"again")).ok()
        });
    }
}
