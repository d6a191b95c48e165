//! Handshakes: who is served under load, answers, and attempts of our own.

use std::time::Instant;

use zeroize::Zeroizing;

use super::super::crypto::{Invalid, Key};
use super::super::device::DeviceId;
use super::super::handshake::{self, Claimed, Verified};
use super::super::limits::{
    COOKIE_REPLY_LEN, INITIATION_INTERVAL, INITIATION_LEN, REKEY_ATTEMPT_TIME, REKEY_TIMEOUT, RESPONSE_LEN,
};
use super::super::message::index;
use super::super::path::Path;
use super::super::session::{KeyPair, Role};
use super::super::tai64n::Tai64N;
use super::super::witness::Witness;
use super::{Engine, Event};
use std::time::Duration;

impl<W: Witness> Engine<W> {
    /// Whether to work on a handshake message: its first MAC, and under load the second.
    fn admits(&mut self, path: Path, message: &[u8], now: Instant) -> bool {
        if !self.macs.check(message) {
            self.counters.wrong_mac1 += 1;
            return false;
        }
        if self.budget.is_under_load(now) {
            let from = path.remote;
            if !self.cookie_secret.check(message, from, now) {
                if !self.budget.take_cookie_reply(from.ip(), now) {
                    self.counters.cookie_replies_withheld += 1;
                    return false;
                }
                let reply = self.cookie_secret.reply(&self.macs, message, from, now, &mut *self.rng);
                self.push_outbox(path, &reply);
                self.counters.cookie_replies_sent += 1;
                return false;
            }
            if !self.budget.take_from_source(from.ip(), now) {
                self.counters.source_over_budget += 1;
                return false;
            }
        }
        if !self.budget.take() {
            self.counters.over_budget += 1;
            return false;
        }
        true
    }

    pub(super) fn handle_initiation(&mut self, path: Path, message: &[u8; INITIATION_LEN], now: Instant) {
        if !self.admits(path, message, now) {
            return;
        }
        let Ok(claimed) = handshake::receive_initiation(&self.identity, message) else {
            self.counters.handshake_refused += 1;
            return;
        };
        let Some(&id) = self.by_key.get(&claimed.device) else {
            self.counters.unknown_device += 1;
            return;
        };
        let Ok((verified, shared)) = self.verify(id, claimed, message) else {
            self.counters.handshake_refused += 1;
            return;
        };
        if self.is_fresh(id, &verified, now) {
            self.answer(id, path, verified, shared, now);
            self.reschedule(id);
        }
    }

    fn verify(
        &mut self,
        id: u32,
        claimed: Claimed,
        message: &[u8; INITIATION_LEN],
    ) -> Result<(Verified, Key), Invalid> {
        let known = self.hot_mut(id).and_then(|hot| hot.static_shared.as_ref().cloned());
        let shared = match known {
            Some(shared) => shared,
            None => self.identity.agree(&claimed.device)?,
        };
        Ok((claimed.verify(&shared, message)?, shared))
    }

    /// "the responder keeps track of the greatest timestamp received per peer and discards packets
    /// containing timestamps less than or equal to it".
    fn is_fresh(&mut self, id: u32, verified: &Verified, now: Instant) -> bool {
        let Some(device) = self.device_mut(id) else {
            return false;
        };
        if verified.timestamp <= device.floor {
            self.counters.stale_timestamp += 1;
            return false;
        }
        let last = device.hot.as_ref().and_then(|hot| hot.last_initiation_received);
        if last.is_some_and(|last| now < last + INITIATION_INTERVAL) {
            self.counters.too_frequent += 1;
            return false;
        }
        true
    }

    /// Answers a verified initiation; the new session waits for the initiator to use it.
    fn answer(&mut self, id: u32, path: Path, verified: Verified, shared: Key, now: Instant) {
        let timestamp = verified.timestamp;
        let ephemeral = self.draw_key();
        let local_index = self.indices.allot(id, &mut *self.rng);
        let Some(device) = self.devices[id as usize].as_mut() else {
            return;
        };
        let Ok((agreed, mut response)) = verified.respond(&device.preshared_key, local_index, &ephemeral) else {
            self.indices.release(local_index);
            self.counters.handshake_refused += 1;
            return;
        };
        device.floor = timestamp;
        let (public_key, keepalive) = (device.public_key, device.keepalive);
        self.authenticated(id, path, now);
        let Some(hot) = self.devices[id as usize]
            .as_mut()
            .and_then(|device| device.hot.as_deref_mut())
        else {
            return;
        };
        hot.static_shared = Some(shared);
        hot.last_initiation_received = Some(now);
        let pair = KeyPair::new(Role::Responder, local_index, agreed.remote_index, agreed.keys, now);
        hot.install_as_responder(pair, &mut self.indices);
        hot.cookies.sign(&public_key, &mut response, now);
        hot.note_sent(keepalive, now);
        self.witness.received(DeviceId(id), INITIATION_LEN);
        self.witness.sent(DeviceId(id), RESPONSE_LEN);
        self.counters.initiations_answered += 1;
        self.push_outbox(path, &response);
    }

    pub(super) fn handle_response(&mut self, path: Path, message: &[u8; RESPONSE_LEN], now: Instant) {
        if !self.admits(path, message, now) {
            return;
        }
        let receiver = index(message, 8);
        let Some(id) = self.indices.device(receiver) else {
            self.counters.unknown_index += 1;
            return;
        };
        let Some(device) = self.devices[id as usize].as_mut() else {
            return;
        };
        let attempt = device
            .hot
            .as_deref()
            .and_then(|hot| hot.attempt.as_ref())
            .filter(|attempt| attempt.index == receiver);
        let Some(attempt) = attempt else {
            self.counters.unknown_index += 1;
            return;
        };
        let Ok(agreed) = attempt.receive_response(&self.identity, &device.preshared_key, message) else {
            self.counters.handshake_refused += 1;
            return;
        };
        if let Some(hot) = device.hot.as_deref_mut() {
            // The index stays in use: it now names the session.
            hot.attempt = None;
            hot.end_attempt(&mut self.indices);
            let pair = KeyPair::new(Role::Initiator, receiver, agreed.remote_index, agreed.keys, now);
            hot.install_as_initiator(pair, &mut self.indices);
            // The responder may not send before it has heard from us.
            hot.owes_keepalive = true;
        }
        self.authenticated(id, path, now);
        self.witness.received(DeviceId(id), RESPONSE_LEN);
        self.connected(id);
        self.reschedule(id);
    }

    /// A session is confirmed: tell, and send what has been waiting for it.
    pub(super) fn connected(&mut self, id: u32) {
        self.counters.sessions += 1;
        self.witness.connected(DeviceId(id), self.now);
        self.push_event(Event::Connected(DeviceId(id)));
        self.push_ready(id);
    }

    /// A cookie is kept for the next attempt. It proves nothing about a path, so no roaming.
    pub(super) fn handle_cookie_reply(&mut self, reply: &[u8; COOKIE_REPLY_LEN], now: Instant) {
        let kept = self
            .indices
            .device(index(reply, 4))
            .and_then(|id| self.device_mut(id))
            .and_then(|device| {
                let hot = device.hot.as_deref_mut()?;
                hot.cookies.receive(&device.public_key, reply, now).ok()
            });
        match kept {
            Some(()) => self.counters.cookie_replies_accepted += 1,
            None => self.counters.cookie_reply_refused += 1,
        }
    }

    // ---- attempts of our own ------------------------------------------------------------------------

    /// Begins an attempt unless one is under way. `traffic` says that somebody wants to send, which
    /// gives a running attempt its full time again.
    pub(super) fn want_handshake(&mut self, id: u32, traffic: Traffic, now: Instant) {
        let Some(hot) = self.hot_mut(id) else { return };
        if hot.path.is_none() {
            self.counters.no_endpoint += 1;
            return;
        }
        if hot.initiate_at.is_some() {
            if traffic == Traffic::Waiting {
                hot.attempt_began = Some(now);
            }
            return;
        }
        hot.attempt_began = Some(now);
        // "at most one initiation every REKEY-TIMEOUT".
        match hot.last_initiation_sent.map(|last| last + REKEY_TIMEOUT) {
            Some(earliest) if earliest > now => hot.initiate_at = Some(earliest),
            Some(_) | None => self.send_initiation(id, now),
        }
    }

    /// The time to try again has come: do, or give up.
    pub(super) fn retry_handshake(&mut self, id: u32, now: Instant) {
        let Some(hot) = self.hot_mut(id) else { return };
        let is_over = hot.attempt_began.is_none_or(|began| now >= began + REKEY_ATTEMPT_TIME);
        if !is_over {
            // Perhaps our own address is what is wrong.
            if hot.attempt.is_some() {
                forget_local(&mut hot.path);
            }
            self.send_initiation(id, now);
            return;
        }
        if let Some(hot) = self.devices[id as usize]
            .as_mut()
            .and_then(|device| device.hot.as_deref_mut())
        {
            hot.end_attempt(&mut self.indices);
        }
        self.drop_staged(id);
        self.push_event(Event::Unreachable(DeviceId(id)));
    }

    fn send_initiation(&mut self, id: u32, now: Instant) {
        let timestamp = self.timestamp(now);
        let ephemeral = self.draw_key();
        let jitter = self.jitter();
        let index = self.indices.allot(id, &mut *self.rng);
        let initiated = self.initiate(id, index, &ephemeral, timestamp, now);
        let Some((path, initiation)) = initiated else {
            // The device's public key is a point of small order: it can never be reached.
            self.indices.release(index);
            self.counters.handshake_refused += 1;
            return;
        };
        if let Some(hot) = self.hot_mut(id) {
            hot.last_initiation_sent = Some(now);
            hot.initiate_at = Some(now + REKEY_TIMEOUT + jitter);
        }
        self.counters.initiations_sent += 1;
        self.witness.sent(DeviceId(id), INITIATION_LEN);
        self.push_outbox(path, &initiation);
    }

    fn initiate(
        &mut self,
        id: u32,
        index: u32,
        ephemeral: &Key,
        timestamp: Tai64N,
        now: Instant,
    ) -> Option<(Path, [u8; INITIATION_LEN])> {
        let device = self.devices.get_mut(id as usize)?.as_mut()?;
        let hot = device.hot.as_deref_mut()?;
        if let Some(stale) = hot.attempt.take() {
            self.indices.release(stale.index);
        }
        hot.initiate_at = None;
        let path = hot.path?;
        let shared = match hot.static_shared.take() {
            Some(shared) => shared,
            None => self.identity.agree(&device.public_key).ok()?,
        };
        let (initiator, mut initiation) =
            handshake::initiate(&self.identity, &device.public_key, &shared, index, ephemeral, timestamp).ok()?;
        hot.static_shared = Some(shared);
        hot.attempt = Some(initiator);
        hot.cookies.sign(&device.public_key, &mut initiation, now);
        hot.note_sent(device.keepalive, now);
        Some((path, initiation))
    }

    fn draw_key(&mut self) -> Key {
        let mut key = Zeroizing::new([0; 32]);
        self.rng.fill(&mut key[..]);
        key
    }

    /// Our calendar's time, always later than the last one given out.
    fn timestamp(&mut self, now: Instant) -> Tai64N {
        /// The step of a rounded timestamp.
        const STEP: Duration = Duration::from_nanos(1 << 24);
        let (since, wall) = self.wall_clock;
        let stamp = wall.advanced_by(now.saturating_duration_since(since));
        let stamp = stamp.max(self.last_timestamp.advanced_by(STEP));
        self.last_timestamp = stamp;
        stamp
    }
}

/// Why a handshake is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Traffic {
    /// A packet waits for it.
    Waiting,
    /// A timer asks for it.
    None,
}

/// Lets the kernel choose our address again.
pub(super) fn forget_local(path: &mut Option<Path>) {
    if let Some(path) = path {
        path.local = None;
    }
}
