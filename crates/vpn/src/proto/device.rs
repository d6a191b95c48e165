//! A device: the little that stays while it is away, and what it needs while it is here.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::allowed::Prefix;
use super::cookie::CookieJar;
use super::crypto::Key;
use super::handshake::Initiator;
use super::index::IndexTable;
use super::kept::Row;
use super::key::{PresharedKey, PublicKey};
use super::limits::{KEEPALIVE_TIMEOUT, REKEY_TIMEOUT, ZEROISE_AFTER_TIME};
use super::path::Path;
use super::session::KeyPair;
use super::tai64n::Tai64N;
use super::translate::Internal;

/// A device's place in one engine, valid until it is removed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DeviceId(pub(crate) u32);

/// Which inner addresses a device may use.
#[derive(Clone, PartialEq, Eq)]
pub enum Addressing {
    /// The one that everybody has; the engine translates it (the server's role).
    Shared,
    /// These prefixes, untranslated (the client's role, and sites).
    Allowed(Vec<Prefix>),
}

/// A device as the configuration has it.
#[derive(Clone)]
pub struct DeviceConfig {
    /// Its static public key.
    pub public_key: PublicKey,
    /// [`PresharedKey::none`] if there is none.
    pub preshared_key: PresharedKey,
    /// The account's slot, under which its bytes are counted.
    pub slot: u32,
    /// Send an empty packet this often, in seconds, so that middleboxes keep the way open.
    pub keepalive_seconds: Option<u16>,
    /// Where it is, if that is known beforehand (the client's role).
    pub endpoint: Option<Path>,
    /// Which inner addresses it may use.
    pub addressing: Addressing,
}

/// What is kept of a device while it is away: nothing that tells where it was.
pub(crate) struct Device {
    pub(crate) public_key: PublicKey,
    pub(crate) preshared_key: PresharedKey,
    pub(crate) slot: u32,
    pub(crate) keepalive: Option<Duration>,
    pub(crate) endpoint: Option<Path>,
    pub(crate) addressing: Addressing,
    /// The greatest timestamp seen, coarse while the device is away.
    pub(crate) floor: Tai64N,
    /// Bytes of inner packets since the last drain.
    pub(crate) up: u64,
    pub(crate) down: u64,
    /// The device is in the list of those with bytes to drain.
    pub(crate) is_metered: bool,
    pub(crate) hot: Option<Box<Hot>>,
}

impl Device {
    pub(crate) fn new(config: DeviceConfig) -> Self {
        Self {
            public_key: config.public_key,
            preshared_key: config.preshared_key,
            slot: config.slot,
            keepalive: keepalive(config.keepalive_seconds),
            endpoint: config.endpoint,
            addressing: config.addressing,
            floor: Tai64N::default(),
            up: 0,
            down: 0,
            is_metered: false,
            hot: None,
        }
    }
}

/// "A persistent keepalive of zero is off", as in wg(8).
pub(crate) fn keepalive(seconds: Option<u16>) -> Option<Duration> {
    seconds
        .filter(|seconds| *seconds > 0)
        .map(|seconds| Duration::from_secs(seconds.into()))
}

/// Which of the three key pairs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Previous,
    Current,
    Next,
}

/// What a device needs while it is here. Dropped whole, which wipes keys and waiting packets.
pub(crate) struct Hot {
    pub(crate) path: Option<Path>,
    /// The static-static secret, computed once for all handshakes of a stay.
    pub(crate) static_shared: Option<Key>,
    pub(crate) cookies: CookieJar,

    pub(crate) previous: Option<KeyPair>,
    pub(crate) current: Option<KeyPair>,
    /// Ours as responder, until the initiator has used it.
    pub(crate) next: Option<KeyPair>,

    /// Our handshake that waits for a response.
    pub(crate) attempt: Option<Initiator>,
    pub(crate) attempt_began: Option<Instant>,
    pub(crate) last_initiation_sent: Option<Instant>,
    pub(crate) last_initiation_received: Option<Instant>,

    /// Packets that wait for a session.
    pub(crate) staged: VecDeque<Zeroizing<Vec<u8>>>,
    /// The device is in the list of those that have something to send.
    pub(crate) is_ready: bool,
    /// An empty packet is to be sent, unless a full one goes first.
    pub(crate) owes_keepalive: bool,

    /// When to send, or send again, an initiation.
    pub(crate) initiate_at: Option<Instant>,
    /// When to answer silence of ours with an empty packet.
    pub(crate) keepalive_at: Option<Instant>,
    /// When to doubt the session, because nothing came back.
    pub(crate) silence_at: Option<Instant>,
    pub(crate) persistent_at: Option<Instant>,
    pub(crate) last_authenticated: Instant,

    pub(crate) internal: Option<Internal>,
    pub(crate) internal_used: Instant,
    /// Where that is written down for the next worker.
    pub(crate) kept: Option<Row>,
    /// The device was here before this worker was: what comes for it waits for its handshake.
    pub(crate) is_awaited: bool,

    /// Where the device is in the queue of deadlines.
    pub(crate) queued: Option<Instant>,
}

impl Hot {
    pub(crate) fn new(path: Option<Path>, now: Instant) -> Self {
        Self {
            path,
            static_shared: None,
            cookies: CookieJar::default(),
            previous: None,
            current: None,
            next: None,
            attempt: None,
            attempt_began: None,
            last_initiation_sent: None,
            last_initiation_received: None,
            staged: VecDeque::new(),
            is_ready: false,
            owes_keepalive: false,
            initiate_at: None,
            keepalive_at: None,
            silence_at: None,
            persistent_at: None,
            last_authenticated: now,
            internal: None,
            internal_used: now,
            kept: None,
            is_awaited: false,
            queued: None,
        }
    }

    pub(crate) fn place_of(&self, index: u32) -> Option<Place> {
        let is = |pair: &Option<KeyPair>| pair.as_ref().is_some_and(|p| p.local_index == index);
        if is(&self.current) {
            Some(Place::Current)
        } else if is(&self.next) {
            Some(Place::Next)
        } else if is(&self.previous) {
            Some(Place::Previous)
        } else {
            None
        }
    }

    pub(crate) fn pair_mut(&mut self, place: Place) -> &mut Option<KeyPair> {
        match place {
            Place::Previous => &mut self.previous,
            Place::Current => &mut self.current,
            Place::Next => &mut self.next,
        }
    }

    /// A session of which we are the initiator is confirmed by the response, so it is current.
    pub(crate) fn install_as_initiator(&mut self, pair: KeyPair, indices: &mut IndexTable) {
        let current = self.current.replace(pair);
        // An unconfirmed session of the other direction is younger than our current one.
        let kept = match self.next.take() {
            Some(next) => {
                release(current, indices);
                Some(next)
            }
            None => current,
        };
        release(std::mem::replace(&mut self.previous, kept), indices);
    }

    /// A session of which we are the responder waits until the initiator uses it.
    pub(crate) fn install_as_responder(&mut self, pair: KeyPair, indices: &mut IndexTable) {
        release(self.next.replace(pair), indices);
        release(self.previous.take(), indices);
    }

    /// The initiator has used the waiting session.
    pub(crate) fn confirm(&mut self, indices: &mut IndexTable) {
        let current = std::mem::replace(&mut self.current, self.next.take());
        release(std::mem::replace(&mut self.previous, current), indices);
        self.end_attempt(indices);
    }

    /// Our own handshake is over, by success or because another one succeeded.
    pub(crate) fn end_attempt(&mut self, indices: &mut IndexTable) {
        if let Some(attempt) = self.attempt.take() {
            indices.release(attempt.index);
        }
        self.attempt_began = None;
        self.initiate_at = None;
    }

    /// Wipes the key pairs that have reached their age.
    pub(crate) fn drop_expired(&mut self, now: Instant, indices: &mut IndexTable) {
        for place in [Place::Previous, Place::Current, Place::Next] {
            let pair = self.pair_mut(place);
            if pair.as_ref().is_some_and(|pair| pair.is_expired(now)) {
                release(pair.take(), indices);
            }
        }
    }

    /// Gives back every index, before the whole is dropped.
    pub(crate) fn release_indices(&mut self, indices: &mut IndexTable) {
        for place in [Place::Previous, Place::Current, Place::Next] {
            release(self.pair_mut(place).take(), indices);
        }
        self.end_attempt(indices);
    }

    // ---- what a packet does to the timers (the paper, sections 6.2 to 6.5) ----------------------

    pub(crate) fn note_received(&mut self, keepalive: Option<Duration>, now: Instant) {
        self.last_authenticated = now;
        self.silence_at = None;
        self.persistent_at = keepalive.map(|interval| now + interval);
    }

    /// "a peer receives a packet but has none to send back within KEEPALIVE-TIMEOUT".
    pub(crate) fn note_data_received(&mut self, now: Instant) {
        self.keepalive_at.get_or_insert(now + KEEPALIVE_TIMEOUT);
    }

    pub(crate) fn note_sent(&mut self, keepalive: Option<Duration>, now: Instant) {
        self.keepalive_at = None;
        self.owes_keepalive = false;
        self.persistent_at = keepalive.map(|interval| now + interval);
    }

    /// "if a peer has sent a packet but has received nothing for KEEPALIVE + REKEY-TIMEOUT".
    pub(crate) fn note_data_sent(&mut self, jitter: Duration, now: Instant) {
        self.silence_at
            .get_or_insert(now + KEEPALIVE_TIMEOUT + REKEY_TIMEOUT + jitter);
    }

    /// When the device is forgotten. One with a configured endpoint is kept while it has a purpose.
    pub(crate) fn forget_at(
        &self,
        endpoint: Option<Path>,
        keepalive: Option<Duration>,
        forget_after: Duration,
    ) -> Option<Instant> {
        if endpoint.is_none() {
            return Some(self.last_authenticated + forget_after);
        }
        let is_trying = self.initiate_at.is_some() || keepalive.is_some();
        (!is_trying).then(|| {
            let last = self.last_initiation_sent.max(Some(self.last_authenticated));
            last.unwrap_or(self.last_authenticated) + ZEROISE_AFTER_TIME
        })
    }

    /// The earliest thing to do besides forgetting.
    pub(crate) fn deadline(&self, forget_after: Duration) -> Option<Instant> {
        let expires = |pair: &Option<KeyPair>| pair.as_ref().map(KeyPair::expires);
        [
            self.initiate_at,
            self.keepalive_at,
            self.silence_at,
            self.persistent_at,
            expires(&self.previous),
            expires(&self.current),
            expires(&self.next),
            self.internal.map(|_| self.internal_used + forget_after),
            self.kept.map(|row| row.until),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

fn release(pair: Option<KeyPair>, indices: &mut IndexTable) {
    if let Some(pair) = pair {
        indices.release(pair.local_index);
    }
}
