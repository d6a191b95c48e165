//! From the UDP socket to the tunnel interface.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::super::device::{Addressing, DeviceId, Place};
use super::super::ecn::{self, Ecn};
use super::super::limits::{DATAGRAM_LEN, KEEPALIVE_TIMEOUT, REJECT_AFTER_TIME, REKEY_TIMEOUT};
use super::super::message::{self, Malformed, Message, index};
use super::super::packet::{self, Header};
use super::super::path::Path;
use super::super::session::{OpenError, Role};
use super::super::translate::{Direction, rewrite};
use super::super::witness::Witness;
use super::handshaking::Traffic;
use super::{Engine, Outcome};

/// "REJECT-AFTER-TIME − KEEPALIVE-TIMEOUT − REKEY-TIMEOUT": an initiator that only receives renews
/// this late, so that the session does not end under it.
const RENEW_WHILE_RECEIVING: Duration =
    Duration::from_secs(REJECT_AFTER_TIME.as_secs() - KEEPALIVE_TIMEOUT.as_secs() - REKEY_TIMEOUT.as_secs());

/// Why an inner packet does not reach the tunnel interface.
enum Blocked {
    Malformed,
    Source,
    Destination,
    Exhausted,
    Untranslatable,
    Congested,
}

impl<W: Witness> Engine<W> {
    /// Takes one datagram, which is opened where it lies. `outer` is the congestion mark that it
    /// came with.
    pub fn handle_datagram<'a>(&mut self, path: Path, outer: Ecn, datagram: &'a mut [u8], now: Instant) -> Outcome<'a> {
        let now = self.advance(now);
        if datagram.len() > DATAGRAM_LEN {
            self.counters.wrong_length += 1;
            return Outcome::Nothing;
        }
        match message::parse(datagram) {
            Ok(Message::Data(data)) => return self.handle_data(path, outer, data, now),
            Ok(Message::Initiation(message)) => self.handle_initiation(path, message, now),
            Ok(Message::Response(message)) => self.handle_response(path, message, now),
            Ok(Message::CookieReply(message)) => self.handle_cookie_reply(message, now),
            Err(Malformed::Length) => self.counters.wrong_length += 1,
            Err(Malformed::Kind) => self.counters.wrong_kind += 1,
        }
        Outcome::Nothing
    }

    fn handle_data<'a>(&mut self, path: Path, outer: Ecn, data: &'a mut [u8], now: Instant) -> Outcome<'a> {
        let len = data.len();
        let Some((id, place, inner)) = self.unseal(data, now) else {
            return Outcome::Nothing;
        };
        self.witness.received(DeviceId(id), len);
        self.authenticated(id, path, now);
        if place == Place::Next {
            self.confirm(id);
        }
        self.renew_while_receiving(id, now);
        let outcome = if inner.is_empty() {
            self.counters.keepalives += 1;
            Outcome::Nothing
        } else {
            if let Some(hot) = self.hot_mut(id) {
                hot.note_data_received(now);
            }
            self.deliver(id, outer, inner, now)
        };
        self.reschedule(id);
        outcome
    }

    /// Finds the key pair and opens the message.
    fn unseal<'a>(&mut self, data: &'a mut [u8], now: Instant) -> Option<(u32, Place, &'a mut [u8])> {
        let receiver = index(data, 4);
        let found = self.indices.device(receiver).and_then(|id| {
            let hot = self.devices.get_mut(id as usize)?.as_mut()?.hot.as_deref_mut()?;
            let place = hot.place_of(receiver)?;
            Some((id, place, hot.pair_mut(place).as_mut()?))
        });
        let Some((id, place, pair)) = found else {
            self.counters.unknown_index += 1;
            return None;
        };
        if pair.is_expired(now) {
            self.counters.expired_session += 1;
            return None;
        }
        match pair.open(data) {
            Ok(inner) => Some((id, place, inner)),
            Err(OpenError::Replayed) => {
                self.counters.replayed += 1;
                None
            }
            Err(OpenError::NotAuthentic) => {
                self.counters.not_authentic += 1;
                None
            }
        }
    }

    /// A packet has authenticated: the device is where it came from (the paper, section 2.1).
    pub(super) fn authenticated(&mut self, id: u32, path: Path, now: Instant) {
        let Some(keepalive) = self.device_mut(id).map(|device| device.keepalive) else {
            return;
        };
        let Some(hot) = self.wake(id, now) else {
            return;
        };
        let before = hot.path.replace(path);
        hot.note_received(keepalive, now);
        if W::KEEPS_ENDPOINTS
            && let Some(device) = self.device_mut(id)
        {
            device.endpoint = Some(Path::to(path.remote));
        }
        if before.is_some_and(|before| before.remote != path.remote) {
            self.counters.roamed += 1;
        }
    }

    /// The initiator has used the session that we answered with.
    fn confirm(&mut self, id: u32) {
        if let Some(hot) = self.devices[id as usize]
            .as_mut()
            .and_then(|device| device.hot.as_deref_mut())
        {
            hot.confirm(&mut self.indices);
        }
        self.connected(id);
    }

    fn renew_while_receiving(&mut self, id: u32, now: Instant) {
        let current = self.hot_mut(id).and_then(|hot| hot.current.as_ref());
        let is_late =
            current.is_some_and(|pair| pair.role == Role::Initiator && now >= pair.created + RENEW_WHILE_RECEIVING);
        if is_late {
            self.want_handshake(id, Traffic::None, now);
        }
    }

    /// Checks an inner packet, gives it the session's address, and hands it out.
    fn deliver<'a>(&mut self, id: u32, outer: Ecn, inner: &'a mut [u8], now: Instant) -> Outcome<'a> {
        match self.pass(id, outer, inner, now) {
            Ok(len) => {
                self.meter(id, len, 0);
                let slot = self.device_mut(id).map_or(0, |device| device.slot);
                return Outcome::Packet {
                    device: DeviceId(id),
                    slot,
                    packet: &mut inner[..len],
                };
            }
            Err(Blocked::Malformed) => self.counters.malformed_packet += 1,
            Err(Blocked::Source) => self.counters.wrong_source += 1,
            Err(Blocked::Destination) => self.counters.blocked_destination += 1,
            Err(Blocked::Exhausted) => self.counters.addresses_exhausted += 1,
            Err(Blocked::Untranslatable) => self.counters.untranslatable += 1,
            Err(Blocked::Congested) => self.counters.congested += 1,
        }
        Outcome::Nothing
    }

    fn pass(&mut self, id: u32, outer: Ecn, inner: &mut [u8], now: Instant) -> Result<usize, Blocked> {
        let header = packet::parse(inner).ok_or(Blocked::Malformed)?;
        let device = self.devices[id as usize].as_ref().ok_or(Blocked::Source)?;
        match device.addressing {
            Addressing::Allowed(_) => {
                // The longest prefix over *all* devices decides, so that a device with a wide
                // prefix cannot speak for one with a narrow prefix inside it.
                let is_pool = self
                    .translator
                    .as_ref()
                    .is_some_and(|translator| translator.contains(header.source));
                if is_pool || self.allowed.device(header.source) != Some(id) {
                    return Err(Blocked::Source);
                }
            }
            Addressing::Shared => self.translate_up(id, &header, inner, now)?,
        }
        let left = ecn::of_packet(inner).leaving_the_tunnel(outer);
        ecn::mark(inner, left.ok_or(Blocked::Congested)?);
        Ok(header.len)
    }

    fn translate_up(&mut self, id: u32, header: &Header, inner: &mut [u8], now: Instant) -> Result<(), Blocked> {
        let translator = self.translator.as_mut().ok_or(Blocked::Source)?;
        let shared = translator.shared();
        let expected = match header.source {
            IpAddr::V4(_) => IpAddr::V4(shared.v4),
            IpAddr::V6(_) => IpAddr::V6(shared.v6),
        };
        if header.source != expected {
            return Err(Blocked::Source);
        }
        if translator.contains(header.destination) {
            return Err(Blocked::Destination);
        }
        let hot = self.devices[id as usize]
            .as_mut()
            .and_then(|device| device.hot.as_deref_mut())
            .ok_or(Blocked::Source)?;
        hot.internal_used = now;
        let internal = match hot.internal {
            Some(internal) => internal,
            None => {
                let internal = translator.assign(id, &mut *self.rng).ok_or(Blocked::Exhausted)?;
                hot.internal = Some(internal);
                // Before a packet leaves with it: whoever comes after must know of it.
                self.keep(id);
                internal
            }
        };
        let to = match header.source {
            IpAddr::V4(_) => IpAddr::V4(internal.v4),
            IpAddr::V6(_) => IpAddr::V6(internal.v6),
        };
        rewrite(&mut inner[..header.len], Direction::Up, expected, to).map_err(|_| Blocked::Untranslatable)
    }
}
