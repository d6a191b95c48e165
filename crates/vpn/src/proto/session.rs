//! A key pair and what it may still do (the paper, sections 5.4.5, 5.4.6 and 6.2).

use std::time::Instant;

use super::crypto::PacketKey;
use super::limits::{
    DATA_HEADER_LEN, OVERHEAD_LEN, PADDING_MULTIPLE, REJECT_AFTER_MESSAGES, REJECT_AFTER_TIME, REKEY_AFTER_MESSAGES,
    REKEY_AFTER_TIME, TAG_LEN,
};
use super::message;
use super::replay::Window;

/// Who sent the initiation. Only that side renews by age, so that both do not at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Initiator,
    Responder,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SealError {
    /// The counter has reached `REJECT_AFTER_MESSAGES`.
    Exhausted,
    BufferTooSmall,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OpenError {
    NotAuthentic,
    Replayed,
}

/// Two keys, two indices, one counter and one window.
pub(crate) struct KeyPair {
    pub(crate) local_index: u32,
    pub(crate) role: Role,
    pub(crate) created: Instant,
    remote_index: u32,
    send: PacketKey,
    receive: PacketKey,
    sent: u64,
    window: Window,
}

impl KeyPair {
    pub(crate) fn new(
        role: Role,
        local_index: u32,
        remote_index: u32,
        keys: (PacketKey, PacketKey),
        created: Instant,
    ) -> Self {
        Self {
            local_index,
            role,
            created,
            remote_index,
            send: keys.0,
            receive: keys.1,
            sent: 0,
            window: Window::default(),
        }
    }

    pub(crate) fn expires(&self) -> Instant {
        self.created + REJECT_AFTER_TIME
    }

    pub(crate) fn is_expired(&self, now: Instant) -> bool {
        now >= self.expires()
    }

    pub(crate) fn may_send(&self, now: Instant) -> bool {
        !self.is_expired(now) && self.sent < REJECT_AFTER_MESSAGES
    }

    /// "After REKEY-AFTER-MESSAGES transport data messages, or after a session is REKEY-AFTER-TIME
    /// seconds old and the peer was the initiator", both noticed while sending.
    pub(crate) fn wants_renewal(&self, now: Instant) -> bool {
        let by_age = self.role == Role::Initiator && now >= self.created + REKEY_AFTER_TIME;
        by_age || self.sent >= REKEY_AFTER_MESSAGES
    }

    /// Writes a data message with `inner`, padded, into `out` and returns its length.
    pub(crate) fn seal(&mut self, inner: &[u8], mtu: usize, out: &mut [u8]) -> Result<usize, SealError> {
        // Checked before the counter is used, so that it can never wrap.
        if self.sent >= REJECT_AFTER_MESSAGES {
            return Err(SealError::Exhausted);
        }
        let padded = padded_len(inner.len(), mtu);
        let len = padded + OVERHEAD_LEN;
        let out = out.get_mut(..len).ok_or(SealError::BufferTooSmall)?;
        let counter = self.sent;
        self.sent += 1;
        message::write_data_header(out, self.remote_index, counter);
        let (text, tag) = out[DATA_HEADER_LEN..].split_at_mut(padded);
        text[..inner.len()].copy_from_slice(inner);
        text[inner.len()..].fill(0);
        tag.copy_from_slice(&self.send.seal(counter, &[], text));
        Ok(len)
    }

    /// Opens a data message where it lies; the caller has found this key pair by its index.
    pub(crate) fn open<'a>(&mut self, data: &'a mut [u8]) -> Result<&'a mut [u8], OpenError> {
        debug_assert!(data.len() >= DATA_HEADER_LEN + TAG_LEN);
        let counter = message::counter(data);
        if !self.window.admits(counter) {
            return Err(OpenError::Replayed);
        }
        let inner = self
            .receive
            .open(counter, &[], &mut data[DATA_HEADER_LEN..])
            .map_err(|_| OpenError::NotAuthentic)?;
        if !self.window.accept(counter) {
            return Err(OpenError::Replayed);
        }
        Ok(inner)
    }

    /// Moves the counter, to test its end.
    #[cfg(test)]
    pub(crate) fn set_sent(&mut self, sent: u64) {
        self.sent = sent;
    }
}

/// "min(⌈len/16⌉·16, mtu)": padding hides the length a little and never makes a packet exceed what
/// the path carries.
fn padded_len(len: usize, mtu: usize) -> usize {
    len.next_multiple_of(PADDING_MULTIPLE).min(mtu.max(len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (KeyPair, KeyPair) {
        let now = Instant::now();
        let keys = |one: u8, two: u8| (PacketKey::new(&[one; 32]), PacketKey::new(&[two; 32]));
        (
            KeyPair::new(Role::Initiator, 1, 2, keys(1, 2), now),
            KeyPair::new(Role::Responder, 2, 1, keys(2, 1), now),
        )
    }

    #[test]
    fn padding_is_the_next_multiple_of_16_but_never_beyond_the_mtu() {
        for (len, mtu, padded) in [
            (0, 1420, 0),
            (1, 1420, 16),
            (16, 1420, 16),
            (17, 1420, 32),
            (1409, 1420, 1420),
            (1420, 1420, 1420),
            (1500, 1420, 1500),
        ] {
            assert_eq!(padded_len(len, mtu), padded);
        }
    }

    #[test]
    fn a_message_opens_once() {
        let (mut alice, mut bob) = pair();
        let mut out = [0; 128];
        let len = alice.seal(b"hello", 1420, &mut out).unwrap();
        assert_eq!(len, 48);
        let mut copy = out;
        assert_eq!(&bob.open(&mut out[..len]).unwrap()[..5], b"hello");
        assert_eq!(bob.open(&mut copy[..len]), Err(OpenError::Replayed));
    }

    #[test]
    fn padding_is_zero_whatever_the_buffer_held() {
        let (mut alice, mut bob) = pair();
        let mut out = [0xaa; 128];
        let len = alice.seal(b"hello", 1420, &mut out).unwrap();
        assert_eq!(bob.open(&mut out[..len]).unwrap(), b"hello\0\0\0\0\0\0\0\0\0\0\0");
    }

    #[test]
    fn a_forged_counter_does_not_move_the_window() {
        let (mut alice, mut bob) = pair();
        let mut out = [0; 128];
        let len = alice.seal(b"hello", 1420, &mut out).unwrap();
        let mut forged = out;
        forged[8..16].copy_from_slice(&100_000u64.to_le_bytes());
        assert_eq!(bob.open(&mut forged[..len]), Err(OpenError::NotAuthentic));
        assert!(bob.open(&mut out[..len]).is_ok());
    }

    #[test]
    fn the_counter_stops_before_reject_after_messages() {
        let (mut alice, mut bob) = pair();
        let mut out = [0; 128];
        alice.set_sent(REJECT_AFTER_MESSAGES - 1);
        assert!(alice.may_send(alice.created));
        assert!(alice.wants_renewal(alice.created));
        let len = alice.seal(b"last", 1420, &mut out).unwrap();
        assert!(bob.open(&mut out[..len]).is_ok());
        assert!(!alice.may_send(alice.created));
        assert_eq!(alice.seal(b"x", 1420, &mut out), Err(SealError::Exhausted));
    }

    #[test]
    fn a_small_buffer_costs_no_counter() {
        let (mut alice, mut bob) = pair();
        let mut out = [0; 48];
        assert_eq!(
            alice.seal(b"hello", 1420, &mut out[..47]),
            Err(SealError::BufferTooSmall)
        );
        assert_eq!(alice.seal(b"hello", 1420, &mut out), Ok(48));
        assert_eq!(message::counter(&out), 0);
        assert!(bob.open(&mut out).is_ok());
    }

    #[test]
    fn only_the_initiator_renews_by_age() {
        let (alice, bob) = pair();
        let later = alice.created + REKEY_AFTER_TIME;
        assert!(alice.wants_renewal(later));
        assert!(!bob.wants_renewal(later));
        assert!(alice.may_send(later));
        assert!(!alice.may_send(alice.created + REJECT_AFTER_TIME));
    }
}
