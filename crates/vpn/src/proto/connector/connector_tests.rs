//! Dialogues between a member, the connector and a destination. The member's TCP is smoltcp as well, on the other side of
//! a wire that can lose packets.

mod resets;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::wire::{HardwareAddress, IpCidr};

use super::endpoint::Wire;
use super::fuzzing::{member, setup};
use super::inner::{self, TCP, UDP};
use super::leaving::Leaving;
use super::limits::{CONNECTING, DATAGRAMS, ECHOES, ESTABLISHED, FLOWS_OF_ADDRESS};
use super::*;
use crate::proto::SeededRng;

const FAR: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 80);

fn connector() -> Connector {
    Connector::new(setup(), Box::new(SeededRng::new([5; 32])))
}

/// A member with one connection, and a destination that is two buffers.
struct World {
    core: Connector,
    now: Instant,
    began: Instant,
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    leaving: Leaving,
    flow: Option<FlowId>,
    ended: Vec<Ended>,
    /// One packet of so many is lost, each way.
    loss: Option<u32>,
    chance: u32,
}

impl World {
    fn new(is_v4: bool, loss: Option<u32>) -> Self {
        let began = Instant::now();
        let mut leaving = Leaving::default();
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = 3;
        let mut wire = Wire::new(None, &mut leaving, setup().mtu);
        let mut interface = Interface::new(config, &mut wire, smoltcp::time::Instant::ZERO);
        let own: IpAddr = if is_v4 { member().v4.into() } else { member().v6.into() };
        interface.update_ip_addrs(|list| list.push(IpCidr::new(own.into(), 0)).unwrap());
        let mut socket = Socket::new(SocketBuffer::new(vec![0; 65_535]), SocketBuffer::new(vec![0; 65_535]));
        socket.set_nagle_enabled(false);
        let far: IpAddr = if is_v4 {
            FAR.0.into()
        } else {
            "2001:db8::1".parse().unwrap()
        };
        let mut sockets = SocketSet::new(Vec::new());
        let to = smoltcp::wire::IpEndpoint::from(SocketAddr::new(far, FAR.1));
        socket.connect(interface.context(), to, 40_000).unwrap();
        Self {
            core: connector(),
            now: began,
            began,
            interface,
            handle: sockets.add(socket),
            sockets,
            leaving,
            flow: None,
            ended: Vec::new(),
            loss,
            chance: 1,
        }
    }

    fn is_lost(&mut self) -> bool {
        // A linear congruential generator (Numerical Recipes): a loss in step with a repetition would never end.
        self.chance = self.chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.loss
            .is_some_and(|one_of| (self.chance >> 8).is_multiple_of(one_of))
    }

    fn member(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    /// One millisecond passes, and every packet is where it goes.
    fn step(&mut self) {
        self.now += Duration::from_millis(1);
        let micros = smoltcp::time::Instant::from_micros((self.now - self.began).as_micros() as i64);
        let mut wire = Wire::new(None, &mut self.leaving, setup().mtu);
        self.interface.poll(micros, &mut wire, &mut self.sockets);
        while let Some(packet) = self.leaving.first().map(<[u8]>::to_vec) {
            self.leaving.drop_first();
            if self.is_lost() {
                continue;
            }
            match self.core.handle_packet(&packet, self.now) {
                Outcome::Connect { flow, .. } => self.flow = Some(flow),
                Outcome::Attend(_) | Outcome::Nothing => {}
                Outcome::Send { .. } => panic!("only TCP here"),
            }
        }
        let due = self.core.handle_timeout(self.now);
        for flow in due.into_iter().chain(self.flow) {
            self.core.attend(flow, self.now);
        }
        while let Some(packet) = self.core.next_packet().map(<[u8]>::to_vec) {
            self.core.packet_left();
            assert!(packet.len() <= setup().mtu);
            if !self.is_lost() {
                let mut wire = Wire::new(Some(&packet), &mut self.leaving, setup().mtu);
                self.interface.poll_ingress_single(micros, &mut wire, &mut self.sockets);
            }
        }
        while let Some(ended) = self.core.poll_ended() {
            self.ended.push(ended);
        }
    }

    fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        for _ in 0..200_000 {
            if holds(self) {
                return;
            }
            self.step();
        }
        panic!("waited in vain: {what}");
    }

    fn connected(mut self) -> Self {
        self.until("the first segment", |world| world.flow.is_some());
        assert_eq!(
            self.member().state(),
            State::SynSent,
            "no answer before the destination has"
        );
        let (flow, now) = (self.flow.unwrap(), self.now);
        self.core.connected(flow, now);
        self.until("the connection", |world| world.member().state() == State::Established);
        // And its last segment arrives, unless it is lost.
        self.step();
        self
    }
}

fn noise(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 % 251) as u8).collect()
}

#[test]
fn bytes_cross_both_ways_in_order_whatever_is_lost_and_both_sides_finish() {
    for (is_v4, loss) in [(true, None), (false, None), (true, Some(37)), (false, Some(11))] {
        let mut world = World::new(is_v4, loss).connected();
        let flow = world.flow.unwrap();
        let (up, down) = (noise(600_000), noise(500_000));
        let (mut sent, mut got, mut filled, mut back) = (0, Vec::new(), 0, Vec::new());
        world.until("everything went up and down", |world| {
            if world.member().can_send() {
                sent += world.member().send_slice(&up[sent..]).unwrap();
            }
            world.core.take(flow, |bytes| {
                got.extend_from_slice(bytes);
                (bytes.len(), ())
            });
            world.core.fill(flow, |room| {
                let count = room.len().min(down.len() - filled);
                room[..count].copy_from_slice(&down[filled..filled + count]);
                filled += count;
                (count, ())
            });
            if world.member().can_recv() {
                world
                    .member()
                    .recv(|bytes| {
                        back.extend_from_slice(bytes);
                        (bytes.len(), ())
                    })
                    .unwrap();
            }
            got.len() == up.len() && back.len() == down.len()
        });
        assert!(got == up && back == down);
        assert!(!world.core.is_drained(flow));
        world.member().close();
        world.until("the member's end is seen", |world| world.core.is_drained(flow));
        world.core.finish(flow);
        world.until("both have finished", |world| !world.ended.is_empty());
        let is_broken = false;
        assert_eq!(world.ended, [Ended { flow, is_broken }]);
        assert_eq!(world.core.residue(), 0);
    }
}

#[test]
fn the_destination_may_finish_first_and_still_be_written_to() {
    let mut world = World::new(true, None).connected();
    let flow = world.flow.unwrap();
    world.core.fill(flow, |room| {
        room[..5].copy_from_slice(b"hello");
        (5, ())
    });
    world.core.finish(flow);
    world.until("the end arrives", |world| world.member().state() == State::CloseWait);
    assert_eq!(world.member().recv(|bytes| (bytes.len(), bytes.len())).unwrap(), 5);
    world.member().send_slice(b"thanks").unwrap();
    let mut got = Vec::new();
    world.until("it arrives", |world| {
        world.core.take(flow, |bytes| {
            got.extend_from_slice(bytes);
            (bytes.len(), ())
        });
        got == b"thanks"
    });
    assert!(world.ended.is_empty());
}

#[test]
fn a_destination_that_does_not_read_makes_the_member_wait() {
    let mut world = World::new(true, None).connected();
    let mut sent = 0;
    for _ in 0..5000 {
        if world.member().can_send() {
            sent += world.member().send_slice(&noise(65_535)).unwrap();
        }
        world.step();
    }
    let most = limits::UP_BYTES + 65_535 * 2;
    assert!((limits::UP_BYTES..=most).contains(&sent), "{sent}");
}

#[test]
fn a_member_that_gives_up_during_the_handshake_leaves_nothing() {
    let mut world = World::new(true, None);
    world.until("the first segment", |world| world.flow.is_some());
    let (flow, now) = (world.flow.unwrap(), world.now);
    world.core.connected(flow, now);
    world.until("the answer", |world| world.member().state() == State::Established);
    world.member().abort();
    world.until("the destination hears", |world| !world.ended.is_empty());
    assert_eq!(world.ended, [Ended { flow, is_broken: true }]);
    assert_eq!(world.core.residue(), 0);
}

#[test]
fn a_refusal_is_a_reset_or_a_message_and_silence_ends() {
    let mut world = World::new(true, None);
    world.until("the first segment", |world| world.flow.is_some());
    world.core.refused(world.flow.unwrap(), None);
    world.until("the reset arrives", |world| world.member().state() == State::Closed);

    let mut world = World::new(true, None);
    world.until("the first segment", |world| world.flow.is_some());
    world.core.refused(world.flow.unwrap(), Some(Refusal::NoWay));
    let told = world.core.next_packet().unwrap().to_vec();
    let told = inner::read(&told).unwrap();
    assert_eq!((told.protocol, &told.payload[..2]), (inner::ICMP, &[3, 0][..]));

    let mut world = World::new(true, None);
    world.until("the first segment", |world| world.flow.is_some());
    let later = world.now + CONNECTING;
    world.core.handle_timeout(later);
    assert_eq!(world.core.residue(), 0);
}

#[test]
fn a_silent_connection_ends_after_two_hours_and_four_minutes() {
    let mut world = World::new(true, None).connected();
    let last = world.now;
    world.core.handle_timeout(last + ESTABLISHED - Duration::from_secs(1));
    assert!(world.core.residue() > 0);
    // What was due in between is scheduled anew.
    world
        .core
        .attend(world.flow.unwrap(), last + ESTABLISHED - Duration::from_secs(1));
    world.core.handle_timeout(last + ESTABLISHED);
    assert_eq!(world.core.residue(), 0);
}

fn datagram(from: (IpAddr, u16), to: (IpAddr, u16), payload: &[u8]) -> Vec<u8> {
    inner::packet(from.0, to.0, UDP, &inner::udp(from, to, payload))
}

fn opening(port: u16) -> Vec<u8> {
    first_segment(member().v4.into(), port)
}

fn first_segment(from: IpAddr, port: u16) -> Vec<u8> {
    let mut segment = vec![0; 20];
    segment[..2].copy_from_slice(&port.to_be_bytes());
    segment[2..4].copy_from_slice(&FAR.1.to_be_bytes());
    (segment[12], segment[13]) = (0x50, 2);
    let to = FAR.0.into();
    let checksum = !inner::transport_sum(from, to, TCP, &segment);
    segment[16..18].copy_from_slice(&checksum.to_be_bytes());
    inner::packet(from, to, TCP, &segment)
}

/// The member's address of the family of a destination.
fn member_towards(to: IpAddr) -> IpAddr {
    match to {
        IpAddr::V4(_) => member().v4.into(),
        IpAddr::V6(_) => member().v6.into(),
    }
}

#[test]
fn nothing_goes_to_this_machine_its_neighbours_or_other_members() {
    let mut core = connector();
    let now = Instant::now();
    for to in [
        "0.0.0.0",
        "0.1.2.3",
        "127.0.0.1",
        "127.255.0.1",
        "169.254.169.254",
        "224.0.0.251",
        "239.1.1.1",
        "255.255.255.255",
        "240.0.0.1",
        "100.64.0.1",
        "100.95.255.255",
        "10.66.0.2",
        "10.66.0.77",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:192.0.2.1",
        "fe80::1",
        "febf::1",
        "ff02::1",
        "fec0::1",
        "fd66:8f1c:2a47::2",
        "fd66:8f1c:2a47:1::1",
        "fd66:8f1c:2a47:ffff::1",
        "100.100.100.200",
        "fd00:100::100:200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:c1::a9fe:a9fe",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "fd00:42::42",
        "fd00:a9fe:a9fe::1",
        "10.0.0.1",
        "10.67.0.1",
        "172.16.0.1",
        "172.31.255.254",
        "192.168.0.1",
        "100.127.255.254",
        "fc00::1",
        "fd00::1",
        "fd66:8f1c:2a48::1",
    ] {
        let to: IpAddr = to.parse().unwrap();
        let from = member_towards(to);
        let packet = datagram((from, 5000), (to, 53), b"inside?");
        assert!(matches!(core.handle_packet(&packet, now), Outcome::Nothing), "{to}");
    }
    for to in [
        "192.0.2.1",
        "11.0.0.1",
        "172.15.255.254",
        "172.32.0.1",
        "192.167.255.254",
        "100.128.0.1",
        "2001:db8::1",
        "fe00::1",
    ] {
        let to: IpAddr = to.parse().unwrap();
        let from = member_towards(to);
        let packet = datagram((from, 5000), (to, 53), b"outside");
        assert!(matches!(core.handle_packet(&packet, now), Outcome::Send { .. }), "{to}");
    }
    // Nobody sends from an address that is no session's.
    for from in ["192.0.2.9", "10.66.0.2"] {
        let packet = datagram((from.parse().unwrap(), 5000), (FAR.0.into(), 53), b"x");
        assert!(matches!(core.handle_packet(&packet, now), Outcome::Nothing), "{from}");
    }
}

#[test]
fn the_operator_may_except_private_networks_and_nothing_else() {
    let excepted = [
        ("10.67.0.0", 16),
        ("fd01::", 16),
        ("10.66.0.0", 15),
        ("169.254.0.0", 16),
        ("127.0.0.0", 8),
    ];
    let excepted = excepted.map(|(address, len)| Prefix::new(address.parse().unwrap(), len).unwrap());
    let setup = Setup {
        excepted: excepted.to_vec(),
        ..setup()
    };
    let mut core = Connector::new(setup, Box::new(SeededRng::new([5; 32])));
    for (to, goes) in [
        ("10.67.0.1", true),
        ("fd01::1", true),
        ("10.68.0.1", false),
        ("fd02::1", false),
        // What is refused to everybody cannot be excepted.
        ("10.66.0.2", false),
        ("169.254.169.254", false),
        ("127.0.0.1", false),
    ] {
        let to: IpAddr = to.parse().unwrap();
        let from = member_towards(to);
        let packet = datagram((from, 5000), (to, 53), b"inside?");
        let went = matches!(core.handle_packet(&packet, Instant::now()), Outcome::Send { .. });
        assert_eq!(went, goes, "{to}");
    }
}

#[test]
fn a_mapping_hears_from_those_it_sent_to_and_ends_in_time() {
    let (mut core, now) = (connector(), Instant::now());
    let (me, far) = ((IpAddr::from(member().v4), 5000), (IpAddr::from(FAR.0), 53));
    let packet = datagram(me, far, b"question");
    let Outcome::Send {
        flow,
        is_first,
        to,
        payload,
        ..
    } = core.handle_packet(&packet, now)
    else {
        panic!("it is sent");
    };
    assert!(is_first && to == SocketAddr::from(far) && *payload == *b"question");
    core.handle_answer(flow, SocketAddr::from(far), b"answer");
    assert!(core.next_packet().unwrap() == datagram(far, me, b"answer"));
    core.packet_left();
    // Another port of the same host may answer, another host may not.
    core.handle_answer(flow, SocketAddr::new(far.0, 54), b"answer");
    assert_eq!(core.waiting(), 1);
    core.handle_answer(flow, "192.0.2.2:53".parse().unwrap(), b"answer");
    assert_eq!(core.waiting(), 1);
    assert_eq!(core.poll_timeout(), Some(now + DATAGRAMS));
    core.handle_timeout(now + DATAGRAMS);
    assert!(core.poll_ended().is_some() && core.residue() == 0);
}

#[test]
fn an_answer_that_is_too_large_comes_in_pieces_and_one_that_came_in_pieces_goes_on_whole() {
    let (mut core, now) = (connector(), Instant::now());
    let (me, far) = ((IpAddr::from(member().v6), 5000), ("2001:db8::1".parse().unwrap(), 53));
    let question = noise(9000);
    let whole = inner::udp(me, far, &question);
    let mut sent = None;
    for piece in inner::packets(me.0, far.0, UDP, &whole, 1420, 99) {
        if let Outcome::Send {
            flow,
            payload,
            is_whole,
            ..
        } = core.handle_packet(&piece, now)
        {
            assert!(*payload == question && !is_whole);
            sent = Some(flow);
        }
    }
    core.handle_answer(sent.unwrap(), SocketAddr::from(far), &question);
    assert_eq!(core.waiting(), 7);
}

#[test]
fn one_address_has_so_many_flows_and_no_more() {
    let (mut core, now) = (connector(), Instant::now());
    for port in 1..=FLOWS_OF_ADDRESS as u16 {
        assert!(matches!(
            core.handle_packet(&opening(port), now),
            Outcome::Connect { .. }
        ));
    }
    assert!(matches!(core.handle_packet(&opening(2000), now), Outcome::Nothing));
    // The same segment again is no new connection.
    assert!(matches!(core.handle_packet(&opening(1), now), Outcome::Nothing));
    core.free(member());
    assert_eq!(core.residue(), 0);
    assert!(matches!(
        core.handle_packet(&opening(2000), now),
        Outcome::Connect { .. }
    ));
}

/// A first segment, or a datagram, from one of many internal addresses.
fn from(host: u32, port: u16, is_stream: bool) -> Vec<u8> {
    let address: IpAddr = Ipv4Addr::from_bits(member().v4.to_bits() + host).into();
    match is_stream {
        true => first_segment(address, port),
        false => datagram((address, port), (FAR.0.into(), 53), b"x"),
    }
}

#[test]
fn a_few_addresses_do_not_take_the_places_of_the_others() {
    for (is_stream, places) in [(true, limits::STREAMS), (false, limits::MAPPINGS)] {
        let (mut core, mut now) = (connector(), Instant::now());
        let mut open = |core: &mut Connector, host: u32, port: u16| {
            now += Duration::from_micros(1);
            match core.handle_packet(&from(host, port, is_stream), now) {
                Outcome::Connect { flow, .. } | Outcome::Send { flow, .. } => Some(flow),
                Outcome::Attend(_) | Outcome::Nothing => None,
            }
        };
        let hosts = (places / FLOWS_OF_ADDRESS) as u32;
        let mut taken = Vec::new();
        for host in 0..hosts {
            for port in 1..=FLOWS_OF_ADDRESS as u16 {
                taken.push(open(&mut core, host, port).expect("there is a place"));
            }
        }
        // The others come, and keep what they got while the first ones go on.
        let mut others = Vec::new();
        for host in hosts..hosts + 100 {
            others.push(open(&mut core, host, 1).expect("a place is made"));
            for greedy in 0..hosts {
                open(&mut core, greedy, 10_000 + host as u16);
            }
        }
        let mut ended = Vec::new();
        while let Some(Ended { flow, .. }) = core.poll_ended() {
            ended.push(flow);
        }
        assert!(ended.len() >= others.len());
        assert!(
            others.iter().all(|flow| !ended.contains(flow)),
            "of those who have most"
        );
        assert!(core.table.count(table::Class::Stream) <= limits::STREAMS);
        assert!(core.table.count(table::Class::Mapping) <= limits::MAPPINGS);
        core.clear();
        assert_eq!(core.residue(), 0);
    }
}

#[test]
fn the_oldest_mapping_makes_room_for_a_new_one() {
    let (mut core, mut now) = (connector(), Instant::now());
    let mut first = None;
    for port in 1..=FLOWS_OF_ADDRESS as u16 + 1 {
        now += Duration::from_millis(1);
        let packet = datagram((member().v4.into(), port), (FAR.0.into(), 53), b"x");
        let Outcome::Send { flow, .. } = core.handle_packet(&packet, now) else {
            panic!("{port} is sent");
        };
        first.get_or_insert(flow);
    }
    assert_eq!(core.poll_ended().map(|ended| ended.flow), first);
    assert_eq!(core.poll_ended(), None);
}

#[test]
fn freed_addresses_take_their_flows_with_them_and_nobody_elses() {
    let (mut core, now) = (connector(), Instant::now());
    let mut other = member();
    other.v4 = Ipv4Addr::new(100, 64, 9, 9);
    for from in [member().v4, other.v4] {
        core.handle_packet(&datagram((from.into(), 5), (FAR.0.into(), 53), b"x"), now);
    }
    core.handle_packet(&opening(9), now);
    core.handle_packet(
        &inner::packets(member().v4.into(), FAR.0.into(), UDP, &[0; 3000], 1420, 1)[0],
        now,
    );
    core.free(member());
    let mut ended = 0;
    while core.poll_ended().is_some() {
        ended += 1;
    }
    assert_eq!(ended, 2);
    assert!(core.residue() > 0);
    core.free(other);
    assert_eq!(core.residue(), 0);
}

#[test]
fn echoes_are_mapped_refused_without_sockets_and_answered_by_us_for_us() {
    let mut echo = vec![8, 0, 0, 0, 0x12, 0x34, 0, 1, 1, 2, 3, 4];
    let checksum = !crate::proto::checksum::sum(&[&echo]);
    echo[2..4].copy_from_slice(&checksum.to_be_bytes());
    let to = |to: Ipv4Addr| inner::packet(member().v4.into(), to.into(), inner::ICMP, &echo);
    let (mut core, now) = (connector(), Instant::now());
    let packet = to(FAR.0);
    assert!(matches!(
        core.handle_packet(&packet, now),
        Outcome::Send { kind: Kind::Echoes, .. }
    ));
    assert_eq!(core.poll_timeout(), Some(now + ECHOES));
    let packet = to(setup().gateway.v4);
    assert!(matches!(core.handle_packet(&packet, now), Outcome::Nothing));
    let answer = core.next_packet().unwrap().to_vec();
    assert_eq!(inner::read(&answer).unwrap().payload[0], 0);

    let mut without = Connector::new(
        Setup {
            echoes: false,
            ..setup()
        },
        Box::new(SeededRng::new([5; 32])),
    );
    let packet = to(FAR.0);
    assert!(matches!(without.handle_packet(&packet, now), Outcome::Nothing));
    let told = without.next_packet().unwrap().to_vec();
    assert_eq!(inner::read(&told).unwrap().payload[..2], [3, 13]);
}

#[test]
fn what_did_not_arrive_is_told_about_the_packet_that_the_member_sent() {
    let (mut core, now) = (connector(), Instant::now());
    let (me, far) = ((IpAddr::from(member().v6), 5000), ("2001:db8::1".parse().unwrap(), 53));
    let sent = datagram(me, far, b"question");
    let Outcome::Send { flow, .. } = core.handle_packet(&sent, now) else {
        panic!("it is sent");
    };
    core.handle_refusal(flow, SocketAddr::from(far), b"question", None, Refusal::TooLarge(1300));
    let told = core.next_packet().unwrap().to_vec();
    core.packet_left();
    let told = inner::read(&told).unwrap();
    assert_eq!(told.source, IpAddr::from(setup().gateway.v6));
    assert_eq!(told.payload[..2], [2, 0]);
    assert_eq!(told.payload[4..8], 1300_u32.to_be_bytes());
    assert!(told.payload[8..] == sent, "quoted as it was");

    // Nothing may go there: the same, and the next packet is asked about anew.
    core.forbid(flow, SocketAddr::from(far), b"question", Refusal::Forbidden);
    let told = core.next_packet().unwrap().to_vec();
    core.packet_left();
    assert_eq!(inner::read(&told).unwrap().payload[..2], [1, 1]);
    assert!(matches!(
        core.handle_packet(&sent, now),
        Outcome::Send { is_first: true, .. }
    ));

    // Of an echo the kernel gives back its own identifier, which is not the member's.
    let mut echo = vec![8, 0, 0, 0, 0x12, 0x34, 0, 1];
    let checksum = !crate::proto::checksum::sum(&[&echo]);
    echo[2..4].copy_from_slice(&checksum.to_be_bytes());
    let sent = inner::packet(member().v4.into(), FAR.0.into(), inner::ICMP, &echo);
    let Outcome::Send { flow, .. } = core.handle_packet(&sent, now) else {
        panic!("it is sent");
    };
    let back = [8, 0, 0, 0, 0, 77, 0, 1];
    core.handle_refusal(flow, SocketAddr::new(FAR.0.into(), 0), &back, None, Refusal::Silence);
    let told = core.next_packet().unwrap().to_vec();
    assert!(inner::read(&told).unwrap().payload[8..] == sent, "quoted as it was");
}
