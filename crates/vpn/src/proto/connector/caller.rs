//! The other end of it all: what a device sends that has no tunnel device, and so needs no right. For the proof and the
//! guided tour, which are members that are nobody.
//!
//! ```text
//!   call, datagram, echo ─▶ next_packet ─▶ the device's engine
//!   Call::take, Heard    ◀─ handle      ◀─
//! ```

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::endpoint::{Endpoint, Life, Segment};
use super::icmp;
use super::inner::{self, TCP, UDP};
use super::leaving::Leaving;

use crate::proto::rng::{Rng, draw_u32, draw_u64};

/// The dynamic ports (RFC 6335, section 6), of which each call and question draws one.
const FIRST_PORT: u16 = 49_152;

/// What a device without a tunnel device sends and hears.
pub struct Caller {
    mtu: usize,
    rng: Box<dyn Rng + Send>,
    leaving: Leaving,
}

/// A TCP connection of the device's.
pub struct Call {
    endpoint: Endpoint,
    from: SocketAddr,
    to: SocketAddr,
}

/// What an arriving packet was.
pub enum Heard {
    /// A segment of a call, or nothing for us.
    Nothing,
    /// A UDP payload.
    Datagram {
        /// Who sent it.
        from: SocketAddr,
        /// To which port of ours.
        port: u16,
        /// What it says.
        payload: Vec<u8>,
    },
    /// What came back of an echo.
    Echo {
        /// Who answered.
        from: IpAddr,
        /// The identifier of the echo.
        identifier: u16,
        /// What it said.
        payload: Vec<u8>,
    },
}

impl Caller {
    /// With nothing to send.
    pub fn new(mtu: usize, rng: Box<dyn Rng + Send>) -> Self {
        Self {
            mtu,
            rng,
            leaving: Leaving::default(),
        }
    }

    /// A port that nobody predicts.
    pub fn port(&mut self) -> u16 {
        FIRST_PORT | (draw_u32(&mut *self.rng) & 0x3fff) as u16
    }

    /// Calls; [`Caller::attend`] sends the first segment.
    pub fn call(&mut self, from: IpAddr, to: SocketAddr, now: Instant) -> Call {
        let from = SocketAddr::new(from, self.port());
        let seed = draw_u64(&mut *self.rng);
        Call {
            endpoint: Endpoint::call(from, to, self.mtu, seed, now),
            from,
            to,
        }
    }

    /// Sends a datagram; it may be lost.
    pub fn datagram(&mut self, from: SocketAddr, to: SocketAddr, payload: &[u8]) {
        let datagram = inner::udp((from.ip(), from.port()), (to.ip(), to.port()), payload);
        self.leaving.push(inner::packet(from.ip(), to.ip(), UDP, &datagram));
    }

    /// Sends an echo, whose identifier is the port; it may be lost.
    pub fn echo(&mut self, from: SocketAddr, to: IpAddr, payload: &[u8]) {
        self.leaving.push(icmp::ask(from, to, payload));
    }

    /// Takes a packet from the tunnel; a segment goes to the call that is named, if it is that call's.
    pub fn handle(&mut self, call: Option<&mut Call>, packet: &[u8], now: Instant) -> Heard {
        let Some(about) = inner::read(packet) else {
            return Heard::Nothing;
        };
        if about.piece.is_some() {
            return Heard::Nothing;
        }
        match about.protocol {
            TCP => {
                let segment = Segment::read(about.source, about.destination, about.payload);
                if let (Some(segment), Some(call)) = (segment, call)
                    && SocketAddr::new(about.source, segment.from) == call.to
                    && SocketAddr::new(about.destination, segment.to) == call.from
                {
                    call.endpoint.handle(packet, &mut self.leaving, now);
                }
                Heard::Nothing
            }
            UDP => match inner::read_udp(about.source, about.destination, about.payload) {
                Some((from, port, payload)) => Heard::Datagram {
                    from: SocketAddr::new(about.source, from),
                    port,
                    payload: payload.to_vec(),
                },
                None => Heard::Nothing,
            },
            _ => match icmp::read_answer(&about) {
                Some((identifier, payload)) => Heard::Echo {
                    from: about.source,
                    identifier,
                    payload: payload.to_vec(),
                },
                None => Heard::Nothing,
            },
        }
    }

    /// Sends the segments of a call that are due.
    pub fn attend(&mut self, call: &mut Call, now: Instant) {
        call.endpoint.send(&mut self.leaving, now);
    }

    /// The packet that leaves next.
    pub fn next_packet(&self) -> Option<&[u8]> {
        self.leaving.first()
    }

    /// It has left.
    pub fn drop_packet(&mut self) {
        self.leaving.drop_first();
    }
}

impl Call {
    /// When [`Caller::attend`] has something to do again.
    pub fn deadline(&mut self, now: Instant) -> Option<Instant> {
        self.endpoint.deadline(now)
    }

    /// The other side has accepted, and takes more.
    pub fn is_writable(&mut self) -> bool {
        self.endpoint.is_writable()
    }

    /// It was refused, or is over.
    pub fn is_over(&self) -> bool {
        self.endpoint.life() == Life::Ended
    }

    /// The other side has finished, and everything that it sent was taken.
    pub fn is_drained(&mut self) -> bool {
        self.endpoint.is_drained()
    }

    /// Says as much as there is room for.
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        let copy = |room: &mut [u8]| {
            let length = room.len().min(bytes.len());
            room[..length].copy_from_slice(&bytes[..length]);
            (length, length)
        };
        self.endpoint.fill(copy).unwrap_or(0)
    }

    /// Takes what was heard; 0 when nothing waits.
    pub fn read(&mut self, buffer: &mut [u8]) -> usize {
        let copy = |bytes: &[u8]| {
            let length = bytes.len().min(buffer.len());
            buffer[..length].copy_from_slice(&bytes[..length]);
            (length, length)
        };
        self.endpoint.take(copy).unwrap_or(0)
    }
}
