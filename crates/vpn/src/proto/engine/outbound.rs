//! From the tunnel interface to the UDP socket.

use std::net::IpAddr;
use std::time::Instant;

use zeroize::Zeroizing;

use super::super::device::DeviceId;
use super::super::ecn;
use super::super::limits::{STAGED_BYTES, STAGED_PACKETS};
use super::super::packet;
use super::super::path::Transmit;
use super::super::session::SealError;
use super::super::translate::{Direction, rewrite};
use super::super::witness::Witness;
use super::handshaking::Traffic;
use super::{Engine, write_out};

/// What became of a packet that was to be sealed.
enum Sealed {
    Done(Transmit),
    /// There is no session to seal it with.
    NoSession,
    /// The caller's buffer is too small; the packet is lost.
    Lost,
}

impl<W: Witness> Engine<W> {
    /// Takes one packet from the tunnel interface, finds the device by the destination address and
    /// writes a datagram into `out`, which needs `OVERHEAD_LEN` bytes and the padding more than the
    /// packet. `None` if the packet waits for a handshake (then `poll_transmit` has something) or
    /// was dropped. `inner` may be rewritten where it lies.
    pub fn handle_packet(&mut self, inner: &mut [u8], out: &mut [u8], now: Instant) -> Option<Transmit> {
        let now = self.advance(now);
        let Some(header) = packet::parse(inner) else {
            self.counters.malformed_packet += 1;
            return None;
        };
        let inner = &mut inner[..header.len];
        let Some(id) = self.route(header.destination) else {
            self.counters.no_device += 1;
            return None;
        };
        self.forward(id, header.destination, inner, out, now)
    }

    /// The same for a device that the caller names. The destination of a packet for a device with
    /// the shared address may be its internal or the shared one.
    pub fn handle_packet_for(
        &mut self,
        device: DeviceId,
        inner: &mut [u8],
        out: &mut [u8],
        now: Instant,
    ) -> Option<Transmit> {
        let now = self.advance(now);
        let Some(header) = packet::parse(inner) else {
            self.counters.malformed_packet += 1;
            return None;
        };
        let inner = &mut inner[..header.len];
        if self.device_mut(device.0).is_none() {
            self.counters.no_device += 1;
            return None;
        }
        self.forward(device.0, header.destination, inner, out, now)
    }

    /// Writes the next datagram that waits, if any: handshakes first, then packets that waited for
    /// a session, then keepalives.
    pub fn poll_transmit(&mut self, out: &mut [u8]) -> Option<Transmit> {
        while let Some(queued) = self.outbox.pop_front() {
            match write_out(&queued, out) {
                Some(transmit) => return Some(transmit),
                None => self.counters.buffer_too_small += 1,
            }
        }
        let now = self.now;
        while let Some(&id) = self.ready.front() {
            if let Some(transmit) = self.transmit_next(id, out, now) {
                return Some(transmit);
            }
            self.ready.pop_front();
            if let Some(hot) = self.hot_mut(id) {
                hot.is_ready = false;
            }
            self.reschedule(id);
        }
        None
    }

    fn route(&self, destination: IpAddr) -> Option<u32> {
        match &self.translator {
            // A pool address that no session has is nobody's, whatever prefixes are allowed.
            Some(translator) if translator.contains(destination) => translator.device(destination),
            Some(_) | None => self.allowed.device(destination),
        }
    }

    /// Seals or stages for a device that is known, whatever the bytes are.
    pub(in crate::proto) fn forward(
        &mut self,
        id: u32,
        destination: IpAddr,
        inner: &mut [u8],
        out: &mut [u8],
        now: Instant,
    ) -> Option<Transmit> {
        if !self.translate_down(id, destination, inner, now) {
            self.counters.untranslatable += 1;
            return None;
        }
        let device = self.device_mut(id)?;
        if device.hot.is_none() && device.endpoint.is_none() {
            self.counters.no_endpoint += 1;
            return None;
        }
        // A packet does not overtake those that wait.
        let is_first = self.wake(id, now)?.staged.is_empty();
        let sealed = if is_first {
            self.seal(id, inner, out, now)
        } else {
            Sealed::NoSession
        };
        let transmit = match sealed {
            Sealed::Done(transmit) => Some(transmit),
            Sealed::Lost => None,
            Sealed::NoSession => {
                self.stage(id, inner, now);
                None
            }
        };
        self.reschedule(id);
        transmit
    }

    /// Gives a packet for a session's internal address the address that the device knows.
    fn translate_down(&mut self, id: u32, destination: IpAddr, inner: &mut [u8], now: Instant) -> bool {
        let Some(translator) = &self.translator else {
            return true;
        };
        if !translator.contains(destination) {
            return true;
        }
        let shared = translator.shared();
        let Some(hot) = self.hot_mut(id) else {
            return false;
        };
        let Some(internal) = hot.internal else {
            return false;
        };
        hot.internal_used = now;
        let (from, to) = match destination {
            IpAddr::V4(_) => (IpAddr::V4(internal.v4), IpAddr::V4(shared.v4)),
            IpAddr::V6(_) => (IpAddr::V6(internal.v6), IpAddr::V6(shared.v6)),
        };
        rewrite(inner, Direction::Down, from, to).is_ok()
    }

    /// Seals under the current session; an empty `inner` is a keepalive.
    fn seal(&mut self, id: u32, inner: &[u8], out: &mut [u8], now: Instant) -> Sealed {
        let mtu = self.mtu;
        let jitter = self.jitter_if_silence_begins(id, inner);
        let Some(device) = self.device_mut(id) else {
            return Sealed::NoSession;
        };
        let Some(hot) = device.hot.as_deref_mut() else {
            return Sealed::NoSession;
        };
        let (Some(path), Some(pair)) = (hot.path, hot.current.as_mut()) else {
            return Sealed::NoSession;
        };
        if !pair.may_send(now) {
            return Sealed::NoSession;
        }
        let len = match pair.seal(inner, mtu, out) {
            Ok(len) => len,
            Err(SealError::Exhausted) => return Sealed::NoSession,
            Err(SealError::BufferTooSmall) => {
                self.counters.buffer_too_small += 1;
                return Sealed::Lost;
            }
        };
        let wants_renewal = pair.wants_renewal(now);
        hot.note_sent(device.keepalive, now);
        if !inner.is_empty() {
            hot.note_data_sent(jitter, now);
            self.meter(id, 0, inner.len());
        }
        if wants_renewal {
            self.want_handshake(id, Traffic::None, now);
        }
        self.witness.sent(DeviceId(id), len);
        let ecn = ecn::of_packet(inner);
        Sealed::Done(Transmit { path, len, ecn })
    }

    /// Draws a jitter only when a timer will be set with it.
    fn jitter_if_silence_begins(&mut self, id: u32, inner: &[u8]) -> std::time::Duration {
        let begins = !inner.is_empty() && self.hot_mut(id).is_some_and(|hot| hot.silence_at.is_none());
        if begins {
            self.jitter()
        } else {
            std::time::Duration::ZERO
        }
    }

    /// Lets a packet wait for a session, in place of the oldest if too many do.
    fn stage(&mut self, id: u32, inner: &[u8], now: Instant) {
        let is_room = self.staged_bytes + inner.len() <= STAGED_BYTES;
        let Some(hot) = self.hot_mut(id) else { return };
        let path_is_known = hot.path.is_some() || hot.is_awaited;
        let mut dropped = None;
        if path_is_known && is_room {
            if hot.staged.len() >= STAGED_PACKETS {
                dropped = hot.staged.pop_front().map(|packet| packet.len());
            }
            hot.staged.push_back(Zeroizing::new(inner.to_vec()));
            self.staged_bytes += inner.len();
        } else {
            self.counters.staged_dropped += 1;
        }
        if let Some(len) = dropped {
            self.staged_bytes -= len;
            self.counters.staged_dropped += 1;
        }
        let can_send = self
            .hot_mut(id)
            .and_then(|hot| hot.current.as_ref())
            .is_some_and(|pair| pair.may_send(now));
        if can_send {
            self.push_ready(id);
        } else {
            self.want_handshake(id, Traffic::Waiting, now);
        }
    }

    pub(super) fn drop_staged(&mut self, id: u32) {
        let Some(hot) = self.hot_mut(id) else { return };
        let bytes = hot.staged.iter().map(|packet| packet.len()).sum::<usize>();
        let packets = hot.staged.len() as u64;
        hot.staged.clear();
        self.staged_bytes -= bytes;
        self.counters.staged_dropped += packets;
    }

    /// The next datagram for a device that is ready, `None` if it has none.
    fn transmit_next(&mut self, id: u32, out: &mut [u8], now: Instant) -> Option<Transmit> {
        loop {
            let hot = self.hot_mut(id)?;
            let Some(packet) = hot.staged.pop_front() else {
                break;
            };
            match self.seal(id, &packet, out, now) {
                Sealed::Done(transmit) => {
                    self.staged_bytes -= packet.len();
                    return Some(transmit);
                }
                Sealed::Lost => self.staged_bytes -= packet.len(),
                Sealed::NoSession => {
                    self.hot_mut(id)?.staged.push_front(packet);
                    self.want_handshake(id, Traffic::None, now);
                    return None;
                }
            }
        }
        let hot = self.hot_mut(id)?;
        if !std::mem::take(&mut hot.owes_keepalive) {
            return None;
        }
        match self.seal(id, &[], out, now) {
            Sealed::Done(transmit) => Some(transmit),
            Sealed::Lost | Sealed::NoSession => None,
        }
    }
}
