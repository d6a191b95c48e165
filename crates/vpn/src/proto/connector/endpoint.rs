//! The inner end of one TCP connection: smoltcp in the place of the destination.
//!
//! Each connection has an interface of its own, whose only address is the destination's. So a packet costs the same
//! however many connections there are: smoltcp looks through all sockets of an interface one by one.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer, State};
use smoltcp::wire::{HardwareAddress, IpCidr, IpEndpoint};

use super::leaving::Leaving;
use super::limits::{BROKEN, DOWN_BYTES, UNACKNOWLEDGED, UP_BYTES};

/// smoltcp's clock: microseconds since the connector began.
type Micros = smoltcp::time::Instant;

/// The inner end of one connection.
pub(super) struct Endpoint {
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    mtu: usize,
    began: Instant,
    /// The member's first segment was handled.
    has_begun: bool,
    /// The member has said that it will send nothing more.
    has_finished: bool,
    /// The destination has broken off.
    is_reset: bool,
    /// When the member hears of it at the latest.
    reset_by: Option<Instant>,
}

/// Where a connection is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Life {
    Open,
    /// One side has finished.
    Closing,
    /// Both sides have finished, or one broke off.
    Ended,
}

impl Endpoint {
    /// In the place of `destination`, waiting for the member's first segment.
    pub(super) fn listen(destination: SocketAddr, mtu: usize, seed: u64, now: Instant) -> Self {
        let mut endpoint = Self::at(destination.ip(), mtu, seed, now);
        // Port 0 was refused before.
        let _listens = endpoint.socket().listen(IpEndpoint::from(destination));
        endpoint
    }

    /// In the place of a member, calling.
    pub(super) fn call(from: SocketAddr, to: SocketAddr, mtu: usize, seed: u64, now: Instant) -> Self {
        let mut endpoint = Self::at(from.ip(), mtu, seed, now);
        let context = endpoint.interface.context();
        let socket = endpoint.sockets.get_mut::<Socket<'static>>(endpoint.handle);
        // What is acknowledged at once is acknowledged even when nobody attends to the connection afterwards.
        socket.set_ack_delay(None);
        // Neither port is 0, both addresses are of one family, and the socket is new.
        let _calls = socket.connect(context, IpEndpoint::from(to), IpEndpoint::from(from));
        endpoint
    }

    fn at(address: IpAddr, mtu: usize, seed: u64, now: Instant) -> Self {
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut nothing = Leaving::default();
        let mut wire = Wire::new(None, &mut nothing, mtu);
        let mut interface = Interface::new(config, &mut wire, Micros::ZERO);
        let whole = if address.is_ipv4() { 32 } else { 128 };
        interface.update_ip_addrs(|addresses| {
            // An empty list has room for one.
            let _room = addresses.push(IpCidr::new(address.into(), whole));
        });
        let mut socket = Socket::new(
            SocketBuffer::new(vec![0; UP_BYTES]),
            SocketBuffer::new(vec![0; DOWN_BYTES]),
        );
        // What arrives goes on at once; whoever wants to fill segments does it at the other end.
        socket.set_nagle_enabled(false);
        socket.set_congestion_control(CongestionControl::Cubic);
        socket.set_timeout(Some(span(UNACKNOWLEDGED)));
        let mut sockets = SocketSet::new(vec![SocketStorage::EMPTY]);
        let handle = sockets.add(socket);
        Self {
            interface,
            sockets,
            handle,
            mtu,
            began: now,
            has_begun: false,
            has_finished: false,
            is_reset: false,
            reset_by: None,
        }
    }

    /// A segment of the member's, and what follows from it.
    pub(super) fn handle(&mut self, packet: &[u8], leaving: &mut Leaving, now: Instant) {
        let now = self.micros(now);
        let mut wire = Wire::new(Some(packet), leaving, self.mtu);
        self.interface.poll_ingress_single(now, &mut wire, &mut self.sockets);
        self.has_begun = true;
        let state = self.sockets.get::<Socket<'static>>(self.handle).state();
        self.has_finished |= matches!(
            state,
            State::CloseWait | State::Closing | State::LastAck | State::TimeWait
        );
    }

    /// Segments that are due, as many as there is room for.
    pub(super) fn send(&mut self, leaving: &mut Leaving, now: Instant) {
        self.poll(leaving, now);
        if self.is_reset && self.life() != Life::Ended {
            // What came before the reset comes before it here too: an answer whose sender then broke off is whole.
            let by = *self.reset_by.get_or_insert(now + BROKEN);
            if now >= by || self.socket().send_queue() == 0 {
                self.socket().abort();
                self.poll(leaving, now);
            }
        }
    }

    fn poll(&mut self, leaving: &mut Leaving, now: Instant) {
        let now = self.micros(now);
        let mut wire = Wire::new(None, leaving, self.mtu);
        self.interface.poll(now, &mut wire, &mut self.sockets);
    }

    /// When [`Endpoint::send`] has something to do again.
    pub(super) fn deadline(&mut self, now: Instant) -> Option<Instant> {
        let micros = self.micros(now);
        let pause = self.interface.poll_delay(micros, &self.sockets);
        let due = pause.map(|pause| now + Duration::from_micros(pause.total_micros()));
        let broken = self.reset_by.filter(|_| self.life() != Life::Ended);
        due.into_iter().chain(broken).min()
    }

    /// Hands what the member sent to `taker`, which says how much it took. `None` when nothing waits.
    pub(super) fn take<T>(&mut self, taker: impl FnOnce(&[u8]) -> (usize, T)) -> Option<T> {
        // What waits for a destination that has broken off goes nowhere.
        if self.is_reset {
            return None;
        }
        let socket = self.socket();
        if !socket.can_recv() {
            return None;
        }
        socket
            .recv(|bytes| {
                let (taken, answer) = taker(bytes);
                (taken.min(bytes.len()), answer)
            })
            .ok()
    }

    /// Hands room for the member to `filler`, which says how much it filled. `None` when there is none.
    pub(super) fn fill<T>(&mut self, filler: impl FnOnce(&mut [u8]) -> (usize, T)) -> Option<T> {
        let socket = self.socket();
        if !socket.can_send() {
            return None;
        }
        socket
            .send(|room| {
                let length = room.len();
                let (filled, answer) = filler(room);
                (filled.min(length), answer)
            })
            .ok()
    }

    /// Both sides have heard of each other, and there is room for what is to be said.
    pub(super) fn is_writable(&mut self) -> bool {
        self.socket().can_send()
    }

    /// The member has finished, and everything that it sent was taken.
    pub(super) fn is_drained(&mut self) -> bool {
        self.has_finished && (self.is_reset || !self.socket().can_recv())
    }

    /// The destination has finished.
    pub(super) fn finish(&mut self) {
        self.socket().close();
    }

    /// Broken off; the member hears of it once it has what came before, see [`Endpoint::send`].
    pub(super) fn reset(&mut self) {
        self.is_reset = true;
    }

    pub(super) fn life(&self) -> Life {
        match self.sockets.get::<Socket<'static>>(self.handle).state() {
            State::SynSent | State::SynReceived | State::Established => Life::Open,
            // It listens again when the member gave up during the handshake.
            State::Listen if self.has_begun => Life::Ended,
            State::Listen => Life::Open,
            State::CloseWait | State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck => Life::Closing,
            State::Closed | State::TimeWait => Life::Ended,
        }
    }

    /// Nothing more is to be sent to the member: a reset has gone out as well.
    pub(super) fn is_silent(&mut self, now: Instant) -> bool {
        self.life() == Life::Ended && self.deadline(now).is_none_or(|due| due > now)
    }

    fn socket(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    fn micros(&self, now: Instant) -> Micros {
        let since = now.saturating_duration_since(self.began).as_micros();
        Micros::from_micros(i64::try_from(since).unwrap_or(i64::MAX))
    }
}

fn span(time: Duration) -> smoltcp::time::Duration {
    smoltcp::time::Duration::from_micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// The first octets of a member's segment that concern us (RFC 9293, section 3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Segment {
    pub(super) from: u16,
    pub(super) to: u16,
    sequence: u32,
    acknowledgement: u32,
    flags: u8,
    len: u32,
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;
const HEADER_LEN: usize = 20;

impl Segment {
    /// `None` for what is no segment or has a wrong checksum.
    pub(super) fn read(source: IpAddr, destination: IpAddr, bytes: &[u8]) -> Option<Self> {
        use crate::proto::message::part;
        let header_len = usize::from(bytes.get(12)? >> 4) * 4;
        if header_len < HEADER_LEN || header_len > bytes.len() {
            return None;
        }
        if super::inner::transport_sum(source, destination, super::inner::TCP, bytes) != 0xffff {
            return None;
        }
        let flags = bytes[13];
        let (from, to) = (u16::from_be_bytes(part(bytes, 0)), u16::from_be_bytes(part(bytes, 2)));
        // SYN and FIN each take a place in the sequence.
        let phantom = u32::from(flags & SYN != 0) + u32::from(flags & FIN != 0);
        (from != 0 && to != 0).then(|| Self {
            from,
            to,
            sequence: u32::from_be_bytes(part(bytes, 4)),
            acknowledgement: u32::from_be_bytes(part(bytes, 8)),
            flags,
            len: u32::try_from(bytes.len() - header_len).unwrap_or(u32::MAX) + phantom,
        })
    }

    pub(super) fn begins(&self) -> bool {
        self.flags & (SYN | ACK | RST | FIN) == SYN
    }

    pub(super) fn breaks_off(&self) -> bool {
        self.flags & RST != 0
    }

    /// RFC 9293, section 3.10.7.1: the reset that answers a segment for which there is no connection.
    pub(super) fn reset(&self, source: IpAddr, destination: IpAddr) -> Option<Vec<u8>> {
        if self.breaks_off() {
            return None;
        }
        let (sequence, acknowledgement, flags) = match self.flags & ACK {
            0 => (0, self.sequence.wrapping_add(self.len), RST | ACK),
            _ => (self.acknowledgement, 0, RST),
        };
        let mut bytes = Vec::with_capacity(HEADER_LEN);
        bytes.extend(self.to.to_be_bytes());
        bytes.extend(self.from.to_be_bytes());
        bytes.extend(sequence.to_be_bytes());
        bytes.extend(acknowledgement.to_be_bytes());
        bytes.extend([0x50, flags, 0, 0, 0, 0, 0, 0]);
        let checksum = !super::inner::transport_sum(destination, source, super::inner::TCP, &bytes);
        bytes[16..18].copy_from_slice(&checksum.to_be_bytes());
        Some(super::inner::packet(destination, source, super::inner::TCP, &bytes))
    }
}

/// What smoltcp takes for a network device: at most one packet in, and a queue out.
pub(super) struct Wire<'w> {
    arriving: Option<&'w [u8]>,
    leaving: &'w mut Leaving,
    mtu: usize,
}

impl<'w> Wire<'w> {
    pub(super) fn new(arriving: Option<&'w [u8]>, leaving: &'w mut Leaving, mtu: usize) -> Self {
        Self { arriving, leaving, mtu }
    }
}

pub(super) struct Arriving<'w>(&'w [u8]);
pub(super) struct Slot<'w>(&'w mut Leaving);

impl Device for Wire<'_> {
    type RxToken<'t>
        = Arriving<'t>
    where
        Self: 't;
    type TxToken<'t>
        = Slot<'t>
    where
        Self: 't;

    fn receive(&mut self, _: Micros) -> Option<(Arriving<'_>, Slot<'_>)> {
        let packet = self.arriving.take()?;
        Some((Arriving(packet), Slot(self.leaving)))
    }

    fn transmit(&mut self, _: Micros) -> Option<Slot<'_>> {
        if !self.leaving.has_room() {
            return None;
        }
        Some(Slot(self.leaving))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        capabilities
    }
}

impl RxToken for Arriving<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

impl TxToken for Slot<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        self.0.write(len, f)
    }
}
