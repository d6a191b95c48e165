//! MACs and cookies (the paper, sections 5.4.4 and 5.4.7): proof that a sender knows our public
//! key, and, under load, that it receives at the address it writes from.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use zeroize::Zeroize;

use super::crypto::{Invalid, hash, mac, open_cookie, seal_cookie, tags_equal};
use super::key::PublicKey;
use super::limits::{COOKIE_LATENCY, COOKIE_REPLY_LEN, COOKIE_SECRET_TIME};
use super::message::{self, part};
use super::rng::Rng;

const LABEL_MAC1: &[u8] = b"mac1----";
const LABEL_COOKIE: &[u8] = b"cookie--";
const MAC_LEN: usize = 16;

/// The keys for messages *to* the holder of one public key.
pub(crate) struct MacKeys {
    mac1: [u8; 32],
    cookie: [u8; 32],
}

impl MacKeys {
    pub(crate) fn of(receiver: &PublicKey) -> Self {
        Self {
            mac1: hash(&[LABEL_MAC1, receiver.as_bytes()]),
            cookie: hash(&[LABEL_COOKIE, receiver.as_bytes()]),
        }
    }

    /// Writes both MACs at the end of a handshake message and returns the first, which the
    /// receiver's cookie reply will be bound to.
    pub(crate) fn sign(&self, message: &mut [u8], cookie: Option<&[u8; 16]>) -> [u8; 16] {
        let at = message.len() - 2 * MAC_LEN;
        let mac1 = mac(&self.mac1, &[&message[..at]]);
        message[at..at + MAC_LEN].copy_from_slice(&mac1);
        let mac2 = match cookie {
            Some(cookie) => mac(cookie, &[&message[..at + MAC_LEN]]),
            None => [0; MAC_LEN],
        };
        message[at + MAC_LEN..].copy_from_slice(&mac2);
        mac1
    }

    /// Whether the first MAC is right.
    pub(crate) fn check(&self, message: &[u8]) -> bool {
        let at = message.len() - 2 * MAC_LEN;
        tags_equal(&mac(&self.mac1, &[&message[..at]]), &part(message, at))
    }

    /// Reads a cookie reply to the message whose first MAC was `mac1`.
    pub(crate) fn open_reply(&self, reply: &[u8; COOKIE_REPLY_LEN], mac1: &[u8; 16]) -> Result<[u8; 16], Invalid> {
        open_cookie(&self.cookie, &part(reply, 8), mac1, &part(reply, 32))
    }
}

/// The responder's side: a secret that changes every two minutes, and no memory of anybody.
pub(crate) struct CookieSecret {
    secret: [u8; 32],
    drawn: Option<Instant>,
}

impl Drop for CookieSecret {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl CookieSecret {
    pub(crate) fn new() -> Self {
        Self {
            secret: [0; 32],
            drawn: None,
        }
    }

    /// Whether the second MAC proves that the sender received our cookie at this address and port.
    pub(crate) fn check(&self, message: &[u8], from: SocketAddr, now: Instant) -> bool {
        if !self.is_fresh(now) {
            return false;
        }
        let at = message.len() - MAC_LEN;
        let expected = mac(&self.cookie(from), &[&message[..at]]);
        tags_equal(&expected, &part(message, at))
    }

    /// A reply to a handshake message, sent instead of working on it.
    pub(crate) fn reply(
        &mut self,
        keys: &MacKeys,
        message: &[u8],
        from: SocketAddr,
        now: Instant,
        rng: &mut dyn Rng,
    ) -> [u8; COOKIE_REPLY_LEN] {
        if !self.is_fresh(now) {
            rng.fill(&mut self.secret);
            self.drawn = Some(now);
        }
        let mac1: [u8; 16] = part(message, message.len() - 2 * MAC_LEN);
        let mut nonce = [0; 24];
        rng.fill(&mut nonce);
        let mut out = [0; COOKIE_REPLY_LEN];
        out[..4].copy_from_slice(&message::COOKIE_REPLY.to_le_bytes());
        out[4..8].copy_from_slice(&message[4..8]);
        out[8..32].copy_from_slice(&nonce);
        out[32..].copy_from_slice(&seal_cookie(&keys.cookie, &nonce, &mac1, &self.cookie(from)));
        out
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.drawn.is_some_and(|drawn| now < drawn + COOKIE_SECRET_TIME)
    }

    /// Address *and* port: behind a shared address, one customer's cookie is not another's.
    fn cookie(&self, from: SocketAddr) -> [u8; 16] {
        let port = from.port().to_be_bytes();
        match from.ip().to_canonical() {
            IpAddr::V4(ip) => mac(&self.secret, &[&ip.octets(), &port]),
            IpAddr::V6(ip) => mac(&self.secret, &[&ip.octets(), &port]),
        }
    }
}

/// The initiator's side: the cookie that a device gave us.
#[derive(Default)]
pub(crate) struct CookieJar {
    /// The first MAC of our last handshake message, until a reply to it has come.
    last_mac1: Option<[u8; 16]>,
    cookie: Option<([u8; 16], Instant)>,
}

impl CookieJar {
    /// Signs a handshake message to `receiver` with the cookie, if there is a fresh one.
    pub(crate) fn sign(&mut self, receiver: &PublicKey, message: &mut [u8], now: Instant) {
        let cookie = match &self.cookie {
            Some((cookie, since)) if now < *since + COOKIE_SECRET_TIME - COOKIE_LATENCY => Some(cookie),
            Some(_) | None => None,
        };
        self.last_mac1 = Some(MacKeys::of(receiver).sign(message, cookie));
    }

    /// Keeps the cookie of a reply, if it answers our last message.
    pub(crate) fn receive(
        &mut self,
        sender: &PublicKey,
        reply: &[u8; COOKIE_REPLY_LEN],
        now: Instant,
    ) -> Result<(), Invalid> {
        let mac1 = self.last_mac1.as_ref().ok_or(Invalid)?;
        let cookie = MacKeys::of(sender).open_reply(reply, mac1)?;
        self.cookie = Some((cookie, now));
        self.last_mac1 = None;
        Ok(())
    }
}
