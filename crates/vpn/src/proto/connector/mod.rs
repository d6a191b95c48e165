//! Where packets end when there is no tunnel device: the core of the connector, without input or output.
//!
//! What it does: takes members' packets from internal addresses, tells the driver which connections to open and which
//! datagrams to send, and makes packets of what comes back. TCP ends here (smoltcp in the place of each destination);
//! UDP and echoes are mapped; errors are translated.
//!
//! What it never does: it knows no member, no device, no key and no address of a device's; only random internal
//! addresses, which it forgets when it is told to.
//!
//! ```text
//!   packets of members ─▶ handle_packet ─▶ Outcome: connect, datagram, echo      ─▶ sockets of the driver
//!                            │ refused? pieces? which flow?
//!                            ▼
//!                         Endpoint (smoltcp) ── take ──▶ bytes to the destination
//!   packets to members ◀─ next_packet ◀──────── fill ◀── bytes from the destination
//!                            ◀── datagram, echo, error ◀─ datagrams and errors
//! ```

pub mod caller;
#[cfg(test)]
mod connector_tests;
mod endpoint;
#[doc(hidden)]
pub mod fuzzing;
mod icmp;
mod inner;
mod leaving;
pub mod limits;
mod mapping;
mod pieces;
mod refused;
mod table;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

pub use icmp::Refusal;
pub use mapping::Kind;
pub use refused::{METADATA, PRIVATE};

use super::rng::{Rng, draw_u32, draw_u64};
use super::{Internal, Prefix, Shared, Translation};
use endpoint::{Endpoint, Life, Segment};
use inner::{ICMP, ICMPV6, Inner, TCP, UDP};
use leaving::Leaving;
use limits::{CLOSING, CONNECTING, ESTABLISHED, MAPPINGS, STREAMS};
use mapping::Mapping;
use pieces::Pieces;
use refused::Refused;
use table::{Class, Flow, Key, Table};

/// The number of a connection or a mapping; never used twice.
pub type FlowId = u64;

/// How a connector is set up.
#[derive(Clone)]
pub struct Setup {
    /// Largest packet of the tunnel in bytes.
    pub mtu: usize,
    /// The tunnel's networks.
    pub translation: Translation,
    /// Our own addresses in the tunnel, which answer echoes and tell of errors.
    pub gateway: Shared,
    /// Whether there are sockets for echoes.
    pub echoes: bool,
    /// Private networks that members may reach.
    pub excepted: Vec<Prefix>,
}

/// What is to be done for a packet of a member's.
pub enum Outcome<'p> {
    /// Nothing.
    Nothing,
    /// Open a connection, unless the way there ends on this machine, and call [`Connector::connected`] or
    /// [`Connector::refused`].
    Connect {
        /// Its number.
        flow: FlowId,
        /// Where to.
        to: SocketAddr,
    },
    /// A connection has something to do: [`Connector::take`], [`Connector::fill`], [`Connector::attend`].
    Attend(FlowId),
    /// Send this; from a socket of its own for each flow.
    Send {
        /// The mapping's number.
        flow: FlowId,
        /// What it carries.
        kind: Kind,
        /// Nothing was sent there from this mapping: ask first whether it may be.
        is_first: bool,
        /// Where to; echoes have no port.
        to: SocketAddr,
        /// A UDP payload, or an echo message.
        payload: Cow<'p, [u8]>,
        /// It must not be cut on its way.
        is_whole: bool,
    },
}

/// A flow whose socket is to be closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ended {
    /// Its number.
    pub flow: FlowId,
    /// Both sides did not finish: the destination hears that it was broken off.
    pub is_broken: bool,
}

/// The core of the connector.
pub struct Connector {
    setup: Setup,
    refused: Refused,
    rng: Box<dyn Rng>,
    table: Table,
    pieces: Pieces,
    leaving: Leaving,
    ended: VecDeque<Ended>,
}

impl Connector {
    /// With nothing in it.
    pub fn new(setup: Setup, rng: Box<dyn Rng>) -> Self {
        Self {
            refused: Refused::with(&setup.translation, setup.excepted.clone()),
            setup,
            rng,
            table: Table::default(),
            pieces: Pieces::default(),
            leaving: Leaving::default(),
            ended: VecDeque::new(),
        }
    }

    /// A packet of a member's.
    pub fn handle_packet<'p>(&mut self, packet: &'p [u8], now: Instant) -> Outcome<'p> {
        let Some(inner) = inner::read(packet) else {
            return Outcome::Nothing;
        };
        if !self.is_internal(inner.source) {
            return Outcome::Nothing;
        }
        if self.is_gateway(inner.destination) {
            self.answer_own(&inner);
            return Outcome::Nothing;
        }
        if self.refused.contains(inner.destination) {
            self.refuse_packet(packet, Refusal::Forbidden);
            return Outcome::Nothing;
        }
        match inner.piece {
            None => self.handle_whole(&inner, Cow::Borrowed(inner.payload), packet, now),
            Some(piece) => match self.pieces.add(&inner, piece, now) {
                None => Outcome::Nothing,
                Some(whole) => {
                    let packet = inner::packet(inner.source, inner.destination, inner.protocol, &whole);
                    self.handle_whole(&inner, Cow::Owned(whole), &packet, now)
                }
            },
        }
    }

    fn handle_whole<'p>(
        &mut self,
        inner: &Inner<'_>,
        payload: Cow<'p, [u8]>,
        packet: &[u8],
        now: Instant,
    ) -> Outcome<'p> {
        let (source, destination) = (inner.source, inner.destination);
        // What came in pieces may go on in pieces.
        let is_whole = inner.is_whole && inner.piece.is_none();
        match inner.protocol {
            TCP if inner.is_plain => self.handle_segment(source, destination, &payload, packet, now),
            TCP => {
                let plain = inner::packet(source, destination, TCP, &payload);
                self.handle_segment(source, destination, &payload, &plain, now)
            }
            UDP => {
                let Some((from, to, bytes)) = inner::read_udp(source, destination, &payload) else {
                    return Outcome::Nothing;
                };
                let at = payload.len().min(inner::UDP_HEADER_LEN);
                let len = bytes.len();
                let bytes = match payload {
                    Cow::Borrowed(payload) => Cow::Borrowed(&payload[at..at + len]),
                    Cow::Owned(payload) => Cow::Owned(payload[at..at + len].to_vec()),
                };
                let member = SocketAddr::new(source, from);
                self.map(
                    Kind::Datagrams,
                    member,
                    SocketAddr::new(destination, to),
                    bytes,
                    is_whole,
                    now,
                )
            }
            ICMP | ICMPV6 if self.setup.echoes => {
                let Some(identifier) = icmp::read_echo(source, destination, inner.protocol, &payload) else {
                    return Outcome::Nothing;
                };
                let member = SocketAddr::new(source, identifier);
                self.map(
                    Kind::Echoes,
                    member,
                    SocketAddr::new(destination, 0),
                    payload,
                    is_whole,
                    now,
                )
            }
            ICMP | ICMPV6 => {
                self.refuse_packet(packet, Refusal::Forbidden);
                Outcome::Nothing
            }
            _ => Outcome::Nothing,
        }
    }

    fn handle_segment<'p>(
        &mut self,
        source: IpAddr,
        destination: IpAddr,
        bytes: &[u8],
        packet: &[u8],
        now: Instant,
    ) -> Outcome<'p> {
        let Some(segment) = Segment::read(source, destination, bytes) else {
            return Outcome::Nothing;
        };
        let key = Key::Stream {
            member: SocketAddr::new(source, segment.from),
            to: SocketAddr::new(destination, segment.to),
        };
        let known = self.table.find(&key);
        if let Some(flow) = known {
            match self.table.flow(flow) {
                Some(Flow::Open { endpoint, last, .. }) if !(segment.begins() && endpoint.life() == Life::Ended) => {
                    *last = now;
                    endpoint.handle(packet, &mut self.leaving, now);
                    return Outcome::Attend(flow);
                }
                // The first segment again, or its sender gave up.
                Some(Flow::Connecting { .. }) if !segment.breaks_off() => return Outcome::Nothing,
                Some(_) | None => self.end(flow, true),
            }
        }
        if !segment.begins() {
            if let Some(reset) = segment.reset(source, destination) {
                self.leaving.push(reset);
            }
            return Outcome::Nothing;
        }
        if !self.table.has_room_for(source) || !self.has_place(Class::Stream, source) {
            // The member tries again by itself.
            return Outcome::Nothing;
        }
        let first = packet.to_vec();
        let flow = self.table.insert(key, Flow::Connecting { first, since: now });
        self.schedule(flow, now);
        Outcome::Connect {
            flow,
            to: SocketAddr::new(destination, segment.to),
        }
    }

    fn map<'p>(
        &mut self,
        kind: Kind,
        member: SocketAddr,
        to: SocketAddr,
        payload: Cow<'p, [u8]>,
        is_whole: bool,
        now: Instant,
    ) -> Outcome<'p> {
        let key = Key::Mapping { kind, member };
        let flow = match self.table.find(&key) {
            Some(flow) => flow,
            None => {
                if !self.table.has_room_for(member.ip())
                    && let Some(oldest) = self.table.oldest_mapping_of(member.ip())
                {
                    self.end(oldest, false);
                }
                if !self.table.has_room_for(member.ip()) || !self.has_place(Class::Mapping, member.ip()) {
                    return Outcome::Nothing;
                }
                self.table.insert(key, Flow::Mapped(Mapping::new(kind, member, now)))
            }
        };
        let Some(Flow::Mapped(mapping)) = self.table.flow(flow) else {
            return Outcome::Nothing;
        };
        let is_first = mapping.reach(to.ip(), now);
        self.schedule(flow, now);
        Outcome::Send {
            flow,
            kind,
            is_first,
            to,
            payload,
            is_whole,
        }
    }

    /// The connection stands: the member's first segment is answered now.
    pub fn connected(&mut self, flow: FlowId, now: Instant) {
        let seed = draw_u64(&mut *self.rng);
        let mtu = self.setup.mtu;
        let Some(Key::Stream { to, .. }) = self.table.key(flow) else {
            return;
        };
        if let Some(state) = self.table.flow(flow)
            && let Flow::Connecting { first, .. } = state
        {
            let mut endpoint = Box::new(Endpoint::listen(to, mtu, seed, now));
            endpoint.handle(first, &mut self.leaving, now);
            *state = Flow::Open {
                endpoint,
                last: now,
                is_finished: false,
            };
        }
    }

    /// The connection does not come about. `None`: the destination refused it, as TCP does.
    pub fn refused(&mut self, flow: FlowId, refusal: Option<Refusal>) {
        if let Some(Flow::Connecting { first, .. }) = self.table.flow(flow) {
            let first = std::mem::take(first);
            match refusal {
                Some(refusal) => self.refuse_packet(&first, refusal),
                None => {
                    let reset = inner::read(&first).and_then(|inner| {
                        let segment = Segment::read(inner.source, inner.destination, inner.payload)?;
                        segment.reset(inner.source, inner.destination)
                    });
                    if let Some(reset) = reset {
                        self.leaving.push(reset);
                    }
                }
            }
        }
        self.end(flow, true);
    }

    /// Hands what a member sent to `taker`, which says how much of it went on. `None` when nothing waits.
    pub fn take<T>(&mut self, flow: FlowId, taker: impl FnOnce(&[u8]) -> (usize, T)) -> Option<T> {
        self.endpoint(flow)?.take(taker)
    }

    /// Hands room for what comes back to `filler`, which says how much it filled. `None` when there is none.
    pub fn fill<T>(&mut self, flow: FlowId, filler: impl FnOnce(&mut [u8]) -> (usize, T)) -> Option<T> {
        self.endpoint(flow)?.fill(filler)
    }

    /// Whether the member has finished and everything that it sent was taken.
    pub fn is_drained(&mut self, flow: FlowId) -> bool {
        self.endpoint(flow).is_some_and(Endpoint::is_drained)
    }

    /// The destination has finished.
    pub fn finish(&mut self, flow: FlowId) {
        if let Some(Flow::Open {
            endpoint, is_finished, ..
        }) = self.table.flow(flow)
        {
            endpoint.finish();
            *is_finished = true;
        }
    }

    /// The connection broke off on the destination's side.
    pub fn reset(&mut self, flow: FlowId) {
        if let Some(endpoint) = self.endpoint(flow) {
            endpoint.reset();
        }
    }

    /// Sends what is due of a connection, and ends it when it has ended.
    pub fn attend(&mut self, flow: FlowId, now: Instant) {
        let Some(Flow::Open {
            endpoint, is_finished, ..
        }) = self.table.flow(flow)
        else {
            return;
        };
        endpoint.send(&mut self.leaving, now);
        let is_over = endpoint.is_silent(now) && endpoint.take(|_| (0, ())).is_none();
        let is_broken = !(*is_finished && endpoint.is_drained());
        match is_over {
            true => self.end(flow, is_broken),
            false => self.schedule(flow, now),
        }
    }

    /// A datagram, or an answer to an echo, for a mapping.
    pub fn handle_answer(&mut self, flow: FlowId, from: SocketAddr, message: &[u8]) {
        let Some(Flow::Mapped(mapping)) = self.table.flow(flow) else {
            return;
        };
        if !mapping.may_hear(from.ip()) || from.is_ipv4() != mapping.member.is_ipv4() {
            return;
        }
        let (kind, member) = (mapping.kind, mapping.member);
        let (protocol, payload) = match kind {
            Kind::Datagrams => {
                let datagram = inner::udp((from.ip(), from.port()), (member.ip(), member.port()), message);
                (UDP, datagram)
            }
            Kind::Echoes => {
                let Some(packet) = icmp::answer(from.ip(), member, message) else {
                    return;
                };
                let protocol = if member.is_ipv4() { ICMP } else { ICMPV6 };
                match inner::read(&packet) {
                    Some(inner) => (protocol, inner.payload.to_vec()),
                    None => return,
                }
            }
        };
        let identification = draw_u32(&mut *self.rng);
        let packets = inner::packets(
            from.ip(),
            member.ip(),
            protocol,
            &payload,
            self.setup.mtu,
            identification,
        );
        packets.into_iter().for_each(|packet| self.leaving.push(packet));
    }

    /// What a mapping sent to `to` did not arrive. `offender` says so; `None`: this machine.
    pub fn handle_refusal(
        &mut self,
        flow: FlowId,
        to: SocketAddr,
        message: &[u8],
        offender: Option<IpAddr>,
        refusal: Refusal,
    ) {
        let Some(Flow::Mapped(mapping)) = self.table.flow(flow) else {
            return;
        };
        let (kind, member) = (mapping.kind, mapping.member);
        if member.is_ipv4() != to.is_ipv4() {
            return;
        }
        let about = match kind {
            Kind::Datagrams => {
                let datagram = inner::udp((member.ip(), member.port()), (to.ip(), to.port()), message);
                inner::packet(member.ip(), to.ip(), UDP, &datagram)
            }
            Kind::Echoes => icmp::echo_again(member, to.ip(), message),
        };
        let teller = offender.filter(|offender| offender.is_ipv4() == to.is_ipv4());
        let teller = teller.unwrap_or_else(|| self.gateway(member.ip()));
        if let Some(error) = icmp::error(teller, &about, refusal) {
            self.leaving.push(error);
        }
    }

    /// Nothing may be sent from this mapping to `to`: it is forgotten that it was tried.
    pub fn forbid(&mut self, flow: FlowId, to: SocketAddr, message: &[u8], refusal: Refusal) {
        if let Some(Flow::Mapped(mapping)) = self.table.flow(flow) {
            mapping.forget(to.ip());
        }
        self.handle_refusal(flow, to, message, None, refusal);
    }

    /// The internal addresses of one session are nobody's any more: all of its flows end.
    pub fn free(&mut self, internal: Internal) {
        for address in [IpAddr::V4(internal.v4), IpAddr::V6(internal.v6)] {
            for flow in self.table.flows_of(address) {
                self.end(flow, true);
            }
            self.pieces.forget(address);
        }
    }

    /// All internal addresses are nobody's any more.
    pub fn clear(&mut self) {
        for flow in self.table.all() {
            self.end(flow, true);
        }
        self.pieces = Pieces::default();
        self.leaving.clear();
    }

    /// The next packet for the tunnel; [`Connector::packet_left`] when it has left.
    pub fn next_packet(&self) -> Option<&[u8]> {
        self.leaving.first()
    }

    /// See [`Connector::next_packet`].
    pub fn packet_left(&mut self) {
        self.leaving.drop_first();
    }

    /// The next flow whose socket is to be closed.
    pub fn poll_ended(&mut self) -> Option<Ended> {
        self.ended.pop_front()
    }

    /// When [`Connector::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.table.deadline().into_iter().chain(self.pieces.deadline()).min()
    }

    /// Does what is due. Connections that have something to send are among the returned ones.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<FlowId> {
        self.pieces.expire(now);
        let due = self.table.due(now);
        due.into_iter().filter(|flow| self.is_due(*flow, now)).collect()
    }

    /// Ends a flow whose time is over; `true` for a connection that only has something to do.
    fn is_due(&mut self, flow: FlowId, now: Instant) -> bool {
        let (ends, refusal) = match self.table.flow(flow) {
            None => return false,
            Some(Flow::Connecting { since, .. }) => (*since + CONNECTING, true),
            Some(Flow::Mapped(mapping)) => (mapping.deadline(), false),
            Some(Flow::Open { endpoint, last, .. }) => (*last + idle(endpoint.life()), false),
        };
        if ends > now {
            let is_open = matches!(self.table.flow(flow), Some(Flow::Open { .. }));
            if !is_open {
                self.schedule(flow, now);
            }
            return is_open;
        }
        match refusal {
            true => self.refused(flow, Some(Refusal::Silence)),
            false => self.end(flow, true),
        }
        false
    }

    /// Everything that is remembered of flows, for tests: nothing after the last one.
    #[doc(hidden)]
    pub fn residue(&self) -> usize {
        self.table.len() + self.pieces.len()
    }

    /// How many packets wait.
    #[doc(hidden)]
    pub fn waiting(&self) -> usize {
        self.leaving.len()
    }

    fn schedule(&mut self, flow: FlowId, now: Instant) {
        let at = match self.table.flow(flow) {
            None => return,
            Some(Flow::Connecting { since, .. }) => *since + CONNECTING,
            Some(Flow::Mapped(mapping)) => mapping.deadline(),
            Some(Flow::Open { endpoint, last, .. }) => {
                let idle = *last + idle(endpoint.life());
                endpoint.deadline(now).map_or(idle, |due| due.min(idle))
            }
        };
        self.table.schedule(flow, at);
    }

    /// Whether there is a place for one more flow; the address that has most gives one up, lest one or two take them all.
    fn has_place(&mut self, class: Class, member: IpAddr) -> bool {
        let limit = match class {
            Class::Stream => STREAMS,
            Class::Mapping => MAPPINGS,
        };
        if self.table.count(class) < limit {
            return true;
        }
        let surplus = self.table.surplus(class, member);
        surplus.map(|flow| self.end(flow, true)).is_some()
    }

    fn end(&mut self, flow: FlowId, is_broken: bool) {
        if self.table.remove(flow) {
            self.ended.push_back(Ended { flow, is_broken });
        }
    }

    fn endpoint(&mut self, flow: FlowId) -> Option<&mut Endpoint> {
        match self.table.flow(flow) {
            Some(Flow::Open { endpoint, .. }) => Some(endpoint),
            Some(Flow::Connecting { .. } | Flow::Mapped(_)) | None => None,
        }
    }

    fn refuse_packet(&mut self, packet: &[u8], refusal: Refusal) {
        let Some(inner) = inner::read(packet) else { return };
        let teller = self.gateway(inner.source);
        if let Some(error) = icmp::error(teller, packet, refusal) {
            self.leaving.push(error);
        }
    }

    fn answer_own(&mut self, inner: &Inner<'_>) {
        let is_echo = icmp::read_echo(inner.source, inner.destination, inner.protocol, inner.payload).is_some();
        if is_echo && inner.piece.is_none() {
            self.leaving
                .push(icmp::own_answer(inner.destination, inner.source, inner.payload));
        }
    }

    fn gateway(&self, of: IpAddr) -> IpAddr {
        match of {
            IpAddr::V4(_) => self.setup.gateway.v4.into(),
            IpAddr::V6(_) => self.setup.gateway.v6.into(),
        }
    }

    fn is_gateway(&self, address: IpAddr) -> bool {
        address == self.gateway(address)
    }

    /// RFC 2827: nobody sends from an address that is not a session's.
    fn is_internal(&self, address: IpAddr) -> bool {
        let Translation {
            pool_v4,
            pool_v4_len,
            pool_v6,
            ..
        } = self.setup.translation;
        let pool = match address {
            IpAddr::V4(_) => super::Prefix::new(pool_v4.into(), pool_v4_len),
            IpAddr::V6(_) => super::Prefix::new(pool_v6.into(), 64),
        };
        pool.is_some_and(|pool| pool.contains(address))
    }
}

fn idle(life: Life) -> std::time::Duration {
    match life {
        Life::Open => ESTABLISHED,
        Life::Closing | Life::Ended => CLOSING,
    }
}
