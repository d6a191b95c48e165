//! Moving packets between the sockets, the engine and the tunnel device, one for each system call.
//!
//! A faster carrier would have the same four functions and take several packets in one call
//! (`UDP_GRO` and `UDP_SEGMENT`, `IFF_VNET_HDR`); loops, engine and messages would stay as they are.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use sys::udp::Departure;
use sys::{Tun, UdpSocket};
use zeroize::Zeroizing;

use crate::proto::limits::{DATAGRAM_LEN, OVERHEAD_LEN, PADDING_MULTIPLE};
use crate::proto::{Ecn, Engine, Outcome, Path, Transmit, Witness};

/// Packets taken from one descriptor before the others have their turn. A guess: at a microsecond
/// or two each, the others wait less than 100 µs.
pub(super) const DRAIN_PACKETS: usize = 64;
/// Errors in a row of one descriptor that mean that it is broken, not that a packet was. Guess.
const ERRORS_IN_A_ROW: usize = 256;

/// The descriptors of a data plane and the room for one packet each way.
pub(super) struct Carrier {
    tun: Tun,
    sockets: Vec<Socket>,
    received: Zeroizing<Vec<u8>>,
    inner: Zeroizing<Vec<u8>>,
    sealed: Vec<u8>,
    tun_errors: usize,
}

struct Socket {
    socket: UdpSocket,
    is_v4: bool,
}

/// The tunnel device does not work any more: it was removed or switched off.
#[derive(Debug)]
pub(super) struct TunBroken;

impl Carrier {
    pub(super) fn new(tun: Tun, sockets: Vec<UdpSocket>, mtu_bytes: usize) -> Result<Self, sys::Error> {
        let sockets = sockets.into_iter().map(Socket::new).collect::<Result<_, _>>()?;
        Ok(Self {
            tun,
            sockets,
            // One longer than any datagram, so that none is ever cut.
            received: Zeroizing::new(vec![0; DATAGRAM_LEN + 1]),
            inner: Zeroizing::new(vec![0; mtu_bytes]),
            sealed: vec![0; mtu_bytes + PADDING_MULTIPLE + OVERHEAD_LEN],
            tun_errors: 0,
        })
    }

    pub(super) fn tun(&self) -> &Tun {
        &self.tun
    }

    pub(super) fn sockets(&self) -> impl ExactSizeIterator<Item = &UdpSocket> {
        self.sockets.iter().map(|socket| &socket.socket)
    }

    /// Datagrams of one socket to the engine, and what is in them to the tunnel device.
    pub(super) fn carry_in<W: Witness>(
        &mut self,
        socket: usize,
        engine: &mut Engine<W>,
        now: Instant,
    ) -> Result<(), TunBroken> {
        let Some(socket) = self.sockets.get(socket) else {
            return Ok(());
        };
        for _ in 0..DRAIN_PACKETS {
            let arrival = match socket.socket.receive(&mut self.received) {
                Ok(arrival) => arrival,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // An answer from the network to something sent earlier (ip(7), "ICMP errors").
                Err(_) => continue,
            };
            let path = Path {
                remote: arrival.source,
                local: arrival.local,
            };
            let ecn = Ecn::from_octet(arrival.ecn_bits);
            match engine.handle_datagram(path, ecn, &mut self.received[..arrival.length], now) {
                Outcome::Nothing => {}
                Outcome::Packet { packet, .. } => match self.tun.send(packet) {
                    Ok(()) => self.tun_errors = 0,
                    // The kernel did not take this packet for one.
                    Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                    // Who is at the other end does not keep up: the packet is lost, as on any full queue.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => count_error(&mut self.tun_errors)?,
                },
            }
        }
        self.send_waiting(engine);
        Ok(())
    }

    /// Packets of the tunnel device to the engine, and what comes out of it to the sockets.
    pub(super) fn carry_out<W: Witness>(&mut self, engine: &mut Engine<W>, now: Instant) -> Result<(), TunBroken> {
        for _ in 0..DRAIN_PACKETS {
            let length = match self.tun.receive(&mut self.inner) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    count_error(&mut self.tun_errors)?;
                    continue;
                }
            };
            self.tun_errors = 0;
            if let Some(transmit) = engine.handle_packet(&mut self.inner[..length], &mut self.sealed, now) {
                self.send(transmit);
            }
        }
        self.send_waiting(engine);
        Ok(())
    }

    /// Handshakes, keepalives and packets that waited for a session.
    pub(super) fn send_waiting<W: Witness>(&mut self, engine: &mut Engine<W>) {
        while let Some(transmit) = engine.poll_transmit(&mut self.sealed) {
            self.send(transmit);
        }
    }

    /// Other sockets instead of the present ones.
    pub(super) fn replace_sockets(&mut self, sockets: Vec<UdpSocket>) -> Result<(), sys::Error> {
        self.sockets = sockets.into_iter().map(Socket::new).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Marks what the sockets send (`socket(7)`, `SO_MARK`).
    pub(super) fn mark(&self, mark: u32) -> Result<(), sys::Error> {
        self.sockets.iter().try_for_each(|socket| socket.socket.mark(mark))
    }

    /// Packets of the tunnel device to nowhere, when there is no engine.
    pub(super) fn discard_out(&mut self) -> Result<(), TunBroken> {
        for _ in 0..DRAIN_PACKETS {
            match self.tun.receive(&mut self.inner) {
                Ok(_) => self.tun_errors = 0,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => count_error(&mut self.tun_errors)?,
            }
        }
        Ok(())
    }

    /// Datagrams of one socket to nowhere, when there is no engine.
    pub(super) fn discard_in(&mut self, socket: usize) {
        let Some(socket) = self.sockets.get(socket) else {
            return;
        };
        for _ in 0..DRAIN_PACKETS {
            match socket.socket.receive(&mut self.received) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// A datagram that cannot be sent is lost, as any datagram may be.
    fn send(&self, transmit: Transmit) {
        let remote = transmit.path.remote;
        let Some(socket) = self.sockets.iter().find(|socket| socket.is_v4 == remote.is_ipv4()) else {
            return;
        };
        let datagram = &self.sealed[..transmit.len];
        let departure = Departure {
            local: transmit.path.local,
            ecn_bits: transmit.ecn.bits(),
            ..Departure::to(remote)
        };
        match socket.socket.send(datagram, departure) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // The address of ours that the device knew is gone: any other is better than none.
            Err(_) if departure.local.is_some() => {
                let _ = socket.socket.send(
                    datagram,
                    Departure {
                        local: None,
                        ..departure
                    },
                );
            }
            Err(_) => {}
        }
    }
}

impl Socket {
    fn new(socket: UdpSocket) -> Result<Self, sys::Error> {
        let is_v4 = matches!(socket.local_address()?, SocketAddr::V4(_));
        Ok(Self { socket, is_v4 })
    }
}

fn count_error(errors: &mut usize) -> Result<(), TunBroken> {
    *errors += 1;
    if *errors >= ERRORS_IN_A_ROW {
        Err(TunBroken)
    } else {
        Ok(())
    }
}
