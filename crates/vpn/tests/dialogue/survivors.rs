//! An engine dies, the next one is given the memory that it kept: devices come back to their addresses.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use vpn::proto::kept::{Words, words_for};
use vpn::proto::{Addressing, Config, DeviceConfig, Engine, Event, Path, TakenOver};

use crate::world::*;

/// What is kept of a silent device, in seconds; the engine keeps thirty more.
const KEEP: u64 = 150;
/// Time since the machine started when the tests begin.
const BOOT: Duration = Duration::from_secs(5000);

#[derive(Clone)]
struct Memory(Arc<[AtomicU64]>);

impl Memory {
    fn new() -> Self {
        Self((0..words_for(&pools())).map(|_| AtomicU64::new(0)).collect())
    }

    /// Whether anything but the header is in it.
    fn has_rows(&self) -> bool {
        self.0[8..].iter().any(|word| word.load(Ordering::Relaxed) != 0)
    }
}

impl Words for Memory {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn load(&self, at: usize) -> u64 {
        self.0[at].load(Ordering::Relaxed)
    }

    fn store(&mut self, at: usize, value: u64) {
        self.0[at].store(value, Ordering::Relaxed);
    }
}

struct Member {
    engine: Engine,
    path: Path,
    known: DeviceConfig,
}

/// A server that can die, and members.
struct Life {
    server: Engine,
    members: Vec<Member>,
    memory: Memory,
    began: Instant,
    now: Instant,
    seed: u8,
}

impl Life {
    fn new(count: u8) -> Self {
        let now = Instant::now() + seconds(100_000);
        let memory = Memory::new();
        let (server, taken_over) = begin(&memory, now, BOOT, 1);
        assert!(
            !taken_over.is_complete && taken_over.freed.is_empty(),
            "nobody was before"
        );
        let mut life = Self {
            server,
            members: Vec::new(),
            memory,
            began: now,
            now,
            seed: 1,
        };
        for number in 0..count {
            let private = key(100 + number);
            let known = DeviceConfig {
                slot: u32::from(number),
                addressing: Addressing::Shared,
                ..device(private.public(), &[])
            };
            life.server.put_device(known.clone(), now).unwrap();
            let mut engine = engine(Config::new(private), now, 100 + number);
            let mut to_server = device(life.server.public_key(), &["0.0.0.0/0", "::/0"]);
            to_server.endpoint = Some(path("198.51.100.1:51820"));
            engine.put_device(to_server, now).unwrap();
            let path = path(&format!("192.0.2.{number}:5000"));
            life.members.push(Member { engine, path, known });
        }
        assert!(life.server.free_unclaimed().is_empty());
        life
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.server.handle_timeout(self.now);
        for member in &mut self.members {
            member.engine.handle_timeout(self.now);
        }
    }

    /// The engine dies as if it were killed; the next one is told of the first `known` members.
    fn die(&mut self, known: usize) -> TakenOver {
        self.seed += 1;
        let since_boot = BOOT + (self.now - self.began);
        let (server, taken_over) = begin(&self.memory, self.now, since_boot, self.seed);
        self.server = server;
        for member in &self.members[..known] {
            self.server.put_device(member.known.clone(), self.now).unwrap();
        }
        taken_over
    }

    /// A packet of a member's as it leaves the server, with a handshake if need be.
    fn send(&mut self, number: usize, to: &str) -> IpAddr {
        let source = if to.contains(':') { "fd66::2" } else { "10.66.0.2" };
        let packet = udp(ip(source), ip(to), b"question");
        self.carry(number, &packet).expect("it comes through")
    }

    fn carry(&mut self, number: usize, packet: &[u8]) -> Option<IpAddr> {
        let member = &mut self.members[number];
        let mut waiting: Vec<Vec<u8>> = send(&mut member.engine, packet, self.now)
            .into_iter()
            .map(|(_, datagram)| datagram)
            .collect();
        for _ in 0..8 {
            waiting.extend(drain(&mut member.engine).into_iter().map(|(_, datagram)| datagram));
            for datagram in waiting.drain(..) {
                if let Some(left) = deliver(&mut self.server, member.path, &datagram, self.now) {
                    return Some(addresses(&left).0);
                }
            }
            for (_, datagram) in drain(&mut self.server) {
                deliver(&mut member.engine, path("198.51.100.1:51820"), &datagram, self.now);
            }
        }
        None
    }

    /// The member's session is dead and it does not know yet: as after fifteen seconds of silence.
    fn call_again(&mut self, number: usize) {
        let member = &mut self.members[number];
        let mut engine = engine(Config::new(key(100 + number as u8)), self.now, 200 + number as u8);
        let mut to_server = device(self.server.public_key(), &["0.0.0.0/0", "::/0"]);
        to_server.endpoint = Some(path("198.51.100.1:51820"));
        engine.put_device(to_server, self.now).unwrap();
        member.engine = engine;
    }

    fn freed(&mut self) -> Vec<IpAddr> {
        let freed = events(&mut self.server).into_iter().filter_map(|event| match event {
            Event::AddressFreed(internal) => Some(IpAddr::V4(internal.v4)),
            Event::Connected(_) | Event::Unreachable(_) | Event::Forgotten(_) => None,
        });
        freed.collect()
    }
}

fn begin(memory: &Memory, now: Instant, since_boot: Duration, seed: u8) -> (Engine, TakenOver) {
    let config = Config {
        translation: Some(pools()),
        ..Config::new(key(SERVER_KEY))
    };
    let mut server = engine(config, now, seed);
    let memory = Box::new(memory.clone());
    let taken_over = server
        .keep_addresses(memory, &key(SERVER_KEY), (now, since_boot), seconds(KEEP))
        .unwrap();
    (server, taken_over)
}

fn v4(taken_over: &TakenOver) -> Vec<IpAddr> {
    taken_over.freed.iter().map(|internal| internal.v4.into()).collect()
}

const V4: &str = "198.51.100.53";
const V6: &str = "2001:db8::53";

#[test]
fn devices_come_back_to_the_addresses_that_they_had() {
    let mut life = Life::new(20);
    let before: Vec<_> = (0..20)
        .map(|number| (life.send(number, V4), life.send(number, V6)))
        .collect();
    life.pass(seconds(5));
    let taken_over = life.die(20);
    assert!(taken_over.is_complete && taken_over.freed.is_empty());
    assert!(life.server.free_unclaimed().is_empty());
    assert_eq!(life.server.active_devices(), 20);
    for (number, (over_v4, over_v6)) in before.into_iter().enumerate() {
        life.call_again(number);
        assert_eq!(life.send(number, V6), over_v6);
        assert_eq!(life.send(number, V4), over_v4);
    }
}

#[test]
fn an_address_that_was_taken_over_is_not_drawn_for_another() {
    let mut life = Life::new(2);
    let first = life.send(0, V4);
    // The same seed: the next engine would draw the same addresses again.
    life.seed = 0;
    life.die(0);
    life.server.put_device(life.members[1].known.clone(), life.now).unwrap();
    life.call_again(1);
    assert_ne!(life.send(1, V4), first);
}

#[test]
fn a_device_that_was_removed_while_nobody_lived_gets_nothing_and_its_address_is_freed() {
    let mut life = Life::new(2);
    let addresses = [life.send(0, V4), life.send(1, V4)];
    assert!(life.die(1).freed.is_empty());
    let freed: Vec<IpAddr> = life
        .server
        .free_unclaimed()
        .iter()
        .map(|freed| freed.v4.into())
        .collect();
    assert_eq!(freed, [addresses[1]]);
    let late = udp(ip(V4), addresses[1], b"late");
    assert!(send(&mut life.server, &late, life.now).is_none());
    life.call_again(1);
    let asked = udp(ip("10.66.0.2"), ip(V4), b"x");
    assert!(life.carry(1, &asked).is_none(), "it is unknown");
    // Put again later it is somebody new.
    life.server.put_device(life.members[1].known.clone(), life.now).unwrap();
    life.pass(seconds(10));
    life.call_again(1);
    assert_ne!(life.send(1, V4), addresses[1]);
}

#[test]
fn what_nobody_used_for_so_long_is_struck_before_the_engine_forgets_it() {
    let mut life = Life::new(1);
    let address = life.send(0, V4);
    life.pass(seconds(KEEP - 11));
    assert!(life.memory.has_rows());
    life.pass(seconds(11));
    assert!(!life.memory.has_rows(), "of the memory nothing is left");
    assert!(life.freed().is_empty(), "the engine still knows");
    life.pass(seconds(180 - KEEP));
    assert_eq!(life.freed(), [address]);
    assert!(!life.memory.has_rows());
}

#[test]
fn what_was_over_while_nobody_lived_is_told_as_freed() {
    let mut life = Life::new(2);
    let old = life.send(0, V4);
    life.now += seconds(KEEP - 20);
    let young = life.send(1, V4);
    life.now += seconds(20);
    let taken_over = life.die(2);
    assert_eq!((v4(&taken_over), taken_over.is_complete), (vec![old], true));
    life.call_again(1);
    assert_eq!(life.send(1, V4), young);
    life.call_again(0);
    assert_ne!(life.send(0, V4), old);
}

#[test]
fn a_device_that_does_not_come_back_is_forgotten_180_seconds_after_its_last_packet() {
    let mut life = Life::new(1);
    let address = life.send(0, V4);
    life.pass(seconds(100));
    assert!(life.die(1).freed.is_empty());
    // To ten seconds: so exactly the table tells time.
    life.pass(seconds(69));
    assert!(life.freed().is_empty());
    life.pass(seconds(11));
    assert_eq!(life.freed(), [address]);
    assert_eq!((life.server.active_devices(), life.memory.has_rows()), (0, false));
}

#[test]
fn a_device_that_talks_is_not_struck_and_time_is_written_with_the_counters() {
    let mut life = Life::new(1);
    let address = life.send(0, V4);
    for _ in 0..60 {
        life.pass(seconds(10));
        life.send(0, V4);
        assert_eq!(life.server.drain_usage().count(), 1);
    }
    life.pass(seconds(60));
    assert!(life.die(1).is_complete);
    life.call_again(0);
    assert_eq!(life.send(0, V4), address);
}

#[test]
fn a_device_that_talks_again_after_its_row_was_struck_gets_a_row_again() {
    let mut life = Life::new(1);
    let address = life.send(0, V4);
    assert_eq!(life.server.drain_usage().count(), 1);
    life.pass(seconds(KEEP + 5));
    assert!(!life.memory.has_rows());
    assert_eq!(life.send(0, V4), address, "the engine still knew");
    assert_eq!(life.server.drain_usage().count(), 1);
    assert!(life.memory.has_rows());
    life.die(1);
    life.call_again(0);
    assert_eq!(life.send(0, V4), address);
}

#[test]
fn a_removed_device_is_struck_at_once() {
    let mut life = Life::new(1);
    life.send(0, V4);
    assert!(life.memory.has_rows());
    life.server.remove_device(&life.members[0].known.public_key);
    assert!(!life.memory.has_rows());
}

#[test]
fn packets_for_a_device_that_is_awaited_wait_for_its_handshake() {
    let mut life = Life::new(1);
    let address = life.send(0, V4);
    life.die(1);
    for number in 0..40_u8 {
        let answer = udp(ip(V4), address, &[number]);
        assert!(send(&mut life.server, &answer, life.now).is_none());
    }
    assert!(drain(&mut life.server).is_empty(), "nobody knows where it is");
    life.call_again(0);
    let packet = udp(ip("10.66.0.2"), ip(V4), b"here I am");
    life.carry(0, &packet).unwrap();
    let waited: Vec<Vec<u8>> = drain(&mut life.server)
        .into_iter()
        .filter_map(|(_, datagram)| {
            let member = &mut life.members[0];
            deliver(&mut member.engine, path("198.51.100.1:51820"), &datagram, life.now)
        })
        .collect();
    let bodies: Vec<u8> = waited.iter().map(|packet| *packet.last().unwrap()).collect();
    assert_eq!(bodies, (8..40).collect::<Vec<u8>>(), "the newest thirty-two, in order");
}

#[test]
fn a_worker_that_stops_leaves_nothing() {
    let mut life = Life::new(3);
    for number in 0..3 {
        life.send(number, V4);
    }
    assert!(life.memory.has_rows());
    life.server.wipe_kept();
    assert!(!life.memory.has_rows());
    life.pass(seconds(10));
    life.send(0, V4);
    assert_eq!(life.server.drain_usage().count(), 3);
    assert!(!life.memory.has_rows(), "and writes nothing more");
}

#[test]
fn a_table_that_is_full_says_so_and_the_next_worker_takes_nothing_over() {
    let mut life = Life::new(3);
    let words: Vec<u64> = vec![0; 8 + 2 * 4];
    life.memory = Memory(words.into_iter().map(AtomicU64::new).collect());
    life.die(3);
    for number in 0..3 {
        life.call_again(number);
        life.send(number, V4);
    }
    let taken_over = life.die(3);
    assert!(!taken_over.is_complete && taken_over.freed.is_empty());
    assert!(!life.memory.has_rows());
}

#[test]
fn memory_that_is_no_table_is_wiped_and_used_from_then_on() {
    for (at, value) in [
        (0, 7),
        (1, u64::MAX),
        (2, 2),
        (3, 1),
        (11, 1),
        (11, u64::MAX),
        (11, 0x6440_0009_ffff_ffff),
    ] {
        let mut life = Life::new(1);
        let before = life.send(0, V4);
        life.memory.0[at].store(value, Ordering::Relaxed);
        let taken_over = life.die(1);
        assert!(!taken_over.is_complete && taken_over.freed.is_empty(), "{at}: {value}");
        assert!(!life.memory.has_rows(), "{at}: {value}");
        life.call_again(0);
        let after = life.send(0, V4);
        assert_ne!(before, after);
        assert!(life.die(1).is_complete);
        life.call_again(0);
        assert_eq!(life.send(0, V4), after);
    }
}

#[test]
fn whoever_has_the_table_alone_cannot_tell_whose_it_is() {
    let mut life = Life::new(1);
    life.send(0, V4);
    let bytes: Vec<u8> = life
        .memory
        .0
        .iter()
        .flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes())
        .collect();
    let public = *life.members[0].known.public_key.as_bytes();
    assert!(!bytes.windows(8).any(|window| window == &public[..8]));
    // Another server's key: the names mean nothing.
    let config = Config {
        translation: Some(pools()),
        ..Config::new(key(77))
    };
    let mut other = engine(config, life.now, 9);
    let memory = Box::new(life.memory.clone());
    other
        .keep_addresses(memory, &key(77), (life.now, BOOT), seconds(KEEP))
        .unwrap();
    other.put_device(life.members[0].known.clone(), life.now).unwrap();
    assert_eq!(other.active_devices(), 0);
    assert_eq!(other.free_unclaimed().len(), 1);
}

#[test]
fn no_freed_address_is_lost_however_many_are_freed_at_once() {
    let memory = Memory::new();
    let now = Instant::now() + seconds(100_000);
    let (mut server, _) = begin(&memory, now, BOOT, 1);
    // More than there is room for in the list of events.
    let count = 5000_u32;
    let mut memory = memory;
    memory.store(1, count.into());
    for number in 0..u64::from(count) {
        let at = 8 + number as usize * 4;
        memory.store(at, number);
        memory.store(at + 2, 1000 + number);
        memory.store(at + 3, (0x6440_0400 + number) << 32 | 501);
    }
    drop(server);
    let (again, taken_over) = begin(&memory, now, BOOT, 2);
    server = again;
    assert!(taken_over.is_complete);
    assert_eq!(server.free_unclaimed().len(), 5000);
}
