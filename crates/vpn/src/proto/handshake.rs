//! Noise_IKpsk2 (the paper, sections 5.4.2 to 5.4.5; Trevor Perrin, "The Noise Protocol Framework",
//! revision 34). Both sides, one function for each message, no timers and no MACs.

use zeroize::Zeroize;

use super::crypto::{Invalid, Key, PacketKey, Secret, hash, kdf1, kdf2, kdf3};
use super::key::{PresharedKey, PrivateKey, PublicKey};
use super::limits::{INITIATION_LEN, RESPONSE_LEN};
use super::message::{self, index, part};
use super::tai64n::Tai64N;

const CONSTRUCTION: &[u8] = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
const IDENTIFIER: &[u8] = b"WireGuard v1 zx2c4 Jason@zx2c4.com";

// Offsets in the initiation: type 4, sender 4, ephemeral 32, static 32 + 16, timestamp 12 + 16, MACs.
const EPHEMERAL: usize = 8;
const STATIC: usize = 40;
const TIMESTAMP: usize = 88;
// Offsets in the response: type 4, sender 4, receiver 4, ephemeral 32, empty 0 + 16, MACs.
const RESPONSE_EPHEMERAL: usize = 12;
const RESPONSE_EMPTY: usize = 44;

/// Our own static key.
pub(crate) struct Identity {
    secret: Secret,
}

impl Identity {
    pub(crate) fn new(key: &PrivateKey) -> Self {
        Self {
            secret: Secret::from_bytes(key.as_bytes()),
        }
    }

    pub(crate) fn public(&self) -> PublicKey {
        self.secret.public()
    }

    /// The static-static secret, the same for every handshake with this device.
    pub(crate) fn agree(&self, device: &PublicKey) -> Result<Key, Invalid> {
        self.secret.agree(device)
    }
}

/// The chaining key and the hash of everything said so far.
struct Transcript {
    chaining: Key,
    hash: [u8; 32],
}

impl Drop for Transcript {
    fn drop(&mut self) {
        self.hash.zeroize();
    }
}

impl Transcript {
    fn begin(responder: &PublicKey) -> Self {
        let chaining = hash(&[CONSTRUCTION]);
        let named = hash(&[&chaining, IDENTIFIER]);
        Self {
            chaining: Key::new(chaining),
            hash: hash(&[&named, responder.as_bytes()]),
        }
    }

    fn mix_hash(&mut self, said: &[u8]) {
        self.hash = hash(&[&self.hash, said]);
    }

    fn mix_ephemeral(&mut self, ephemeral: &PublicKey) {
        self.chaining = kdf1(&self.chaining, ephemeral.as_bytes());
        self.mix_hash(ephemeral.as_bytes());
    }

    fn mix_shared(&mut self, shared: &Key) {
        self.chaining = kdf1(&self.chaining, &shared[..]);
    }

    fn mix_shared_for_key(&mut self, shared: &Key) -> PacketKey {
        let (chaining, key) = kdf2(&self.chaining, &shared[..]);
        self.chaining = chaining;
        PacketKey::new(&key)
    }

    fn mix_preshared(&mut self, preshared: &PresharedKey) -> PacketKey {
        let (chaining, mixed, key) = kdf3(&self.chaining, preshared.as_bytes());
        self.chaining = chaining;
        self.mix_hash(&mixed[..]);
        PacketKey::new(&key)
    }

    /// Seals `text` into `out`, text and tag, and remembers that it was said.
    fn seal(&mut self, key: &PacketKey, text: &[u8], out: &mut [u8]) {
        let (body, tag) = out.split_at_mut(text.len());
        body.copy_from_slice(text);
        tag.copy_from_slice(&key.seal(0, &self.hash, body));
        self.mix_hash(out);
    }

    /// Opens the `N` bytes that `sealed` holds before its tag.
    fn open<const N: usize>(&mut self, key: &PacketKey, sealed: &[u8]) -> Result<[u8; N], Invalid> {
        const LONGEST: usize = 48;
        let mut room = [0; LONGEST];
        let room = &mut room[..sealed.len()];
        room.copy_from_slice(sealed);
        let text = key.open(0, &self.hash, room)?;
        let text = <[u8; N]>::try_from(&*text).map_err(|_| Invalid)?;
        self.mix_hash(sealed);
        Ok(text)
    }

    /// The two transport keys: the initiator's sending key first.
    fn split(&self) -> (PacketKey, PacketKey) {
        let (first, second) = kdf2(&self.chaining, &[]);
        (PacketKey::new(&first), PacketKey::new(&second))
    }
}

/// The initiator, waiting for a response.
pub(crate) struct Initiator {
    transcript: Transcript,
    ephemeral: Secret,
    pub(crate) index: u32,
}

/// What a handshake comes to: the other side's index, and the keys to send and to receive with.
pub(crate) struct Agreed {
    pub(crate) remote_index: u32,
    pub(crate) keys: (PacketKey, PacketKey),
}

/// Writes an initiation, all but its MACs.
pub(crate) fn initiate(
    identity: &Identity,
    device: &PublicKey,
    static_shared: &Key,
    index: u32,
    ephemeral: &Key,
    timestamp: Tai64N,
) -> Result<(Initiator, [u8; INITIATION_LEN]), Invalid> {
    let ephemeral = Secret::from_bytes(ephemeral);
    let mut out = [0; INITIATION_LEN];
    out[..4].copy_from_slice(&message::INITIATION.to_le_bytes());
    out[4..8].copy_from_slice(&index.to_le_bytes());
    let mut transcript = Transcript::begin(device);
    out[EPHEMERAL..STATIC].copy_from_slice(ephemeral.public().as_bytes());
    transcript.mix_ephemeral(&ephemeral.public());
    let key = transcript.mix_shared_for_key(&ephemeral.agree(device)?);
    transcript.seal(&key, identity.public().as_bytes(), &mut out[STATIC..TIMESTAMP]);
    let key = transcript.mix_shared_for_key(static_shared);
    transcript.seal(&key, &timestamp.to_bytes(), &mut out[TIMESTAMP..TIMESTAMP + 28]);
    Ok((
        Initiator {
            transcript,
            ephemeral,
            index,
        },
        out,
    ))
}

/// The responder after the initiation's first half: it knows who claims to speak.
pub(crate) struct Claimed {
    transcript: Transcript,
    ephemeral: PublicKey,
    remote_index: u32,
    /// Whose key it is; not proved until [`Claimed::verify`].
    pub(crate) device: PublicKey,
}

/// The responder after the whole initiation has authenticated.
pub(crate) struct Verified {
    transcript: Transcript,
    ephemeral: PublicKey,
    remote_index: u32,
    device: PublicKey,
    pub(crate) timestamp: Tai64N,
}

/// Reads the claimed identity out of an initiation: one DH, so that the rest is done for
/// known devices only.
pub(crate) fn receive_initiation(identity: &Identity, message: &[u8; INITIATION_LEN]) -> Result<Claimed, Invalid> {
    let ephemeral = PublicKey::from_bytes(part(message, EPHEMERAL));
    let mut transcript = Transcript::begin(&identity.public());
    transcript.mix_ephemeral(&ephemeral);
    let key = transcript.mix_shared_for_key(&identity.secret.agree(&ephemeral)?);
    let device = transcript.open(&key, &message[STATIC..TIMESTAMP])?;
    Ok(Claimed {
        transcript,
        ephemeral,
        remote_index: index(message, 4),
        device: PublicKey::from_bytes(device),
    })
}

impl Claimed {
    /// Checks the claim with the static-static secret.
    pub(crate) fn verify(mut self, static_shared: &Key, message: &[u8; INITIATION_LEN]) -> Result<Verified, Invalid> {
        let key = self.transcript.mix_shared_for_key(static_shared);
        let timestamp = self.transcript.open(&key, &message[TIMESTAMP..TIMESTAMP + 28])?;
        Ok(Verified {
            transcript: self.transcript,
            ephemeral: self.ephemeral,
            remote_index: self.remote_index,
            device: self.device,
            timestamp: Tai64N::from_bytes(timestamp),
        })
    }
}

impl Verified {
    /// Writes the response, all but its MACs, and derives the transport keys.
    pub(crate) fn respond(
        mut self,
        preshared: &PresharedKey,
        index: u32,
        ephemeral: &Key,
    ) -> Result<(Agreed, [u8; RESPONSE_LEN]), Invalid> {
        let ephemeral = Secret::from_bytes(ephemeral);
        let transcript = &mut self.transcript;
        let mut out = [0; RESPONSE_LEN];
        out[..4].copy_from_slice(&message::RESPONSE.to_le_bytes());
        out[4..8].copy_from_slice(&index.to_le_bytes());
        out[8..12].copy_from_slice(&self.remote_index.to_le_bytes());
        out[RESPONSE_EPHEMERAL..RESPONSE_EMPTY].copy_from_slice(ephemeral.public().as_bytes());
        transcript.mix_ephemeral(&ephemeral.public());
        transcript.mix_shared(&ephemeral.agree(&self.ephemeral)?);
        transcript.mix_shared(&ephemeral.agree(&self.device)?);
        let key = transcript.mix_preshared(preshared);
        transcript.seal(&key, &[], &mut out[RESPONSE_EMPTY..RESPONSE_EMPTY + 16]);
        let (receive, send) = transcript.split();
        Ok((
            Agreed {
                remote_index: self.remote_index,
                keys: (send, receive),
            },
            out,
        ))
    }
}

impl Initiator {
    /// Reads the response. On an error the initiator is as before, since anybody may have sent it.
    pub(crate) fn receive_response(
        &self,
        identity: &Identity,
        preshared: &PresharedKey,
        message: &[u8; RESPONSE_LEN],
    ) -> Result<Agreed, Invalid> {
        let mut transcript = Transcript {
            chaining: self.transcript.chaining.clone(),
            hash: self.transcript.hash,
        };
        let ephemeral = PublicKey::from_bytes(part(message, RESPONSE_EPHEMERAL));
        transcript.mix_ephemeral(&ephemeral);
        transcript.mix_shared(&self.ephemeral.agree(&ephemeral)?);
        transcript.mix_shared(&identity.secret.agree(&ephemeral)?);
        let key = transcript.mix_preshared(preshared);
        let _: [u8; 0] = transcript.open(&key, &message[RESPONSE_EMPTY..RESPONSE_EMPTY + 16])?;
        let (send, receive) = transcript.split();
        Ok(Agreed {
            remote_index: index(message, 4),
            keys: (send, receive),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::cookie::MacKeys;
    use crate::proto::session::{KeyPair, Role};
    use std::time::Instant;

    const VECTOR: &str = include_str!("../../tests/vectors/ikpsk2.txt");

    fn vector(name: &str) -> Vec<u8> {
        let hex = VECTOR
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))
            .unwrap();
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    fn key(byte: u8) -> Key {
        Key::new([byte; 32])
    }

    fn identity(byte: u8) -> Identity {
        Identity::new(&PrivateKey::from_bytes([byte; 32]))
    }

    fn stamp() -> Tai64N {
        Tai64N::from_bytes([0x40, 0, 0, 0, 0x2a, 0x2b, 0x2c, 0x2d, 1, 0, 0, 0])
    }

    fn initiation() -> (Initiator, [u8; INITIATION_LEN]) {
        let (alice, bob) = (identity(1), identity(2));
        let shared = alice.agree(&bob.public()).unwrap();
        let (initiator, mut message) = initiate(&alice, &bob.public(), &shared, 0x1122_3344, &key(3), stamp()).unwrap();
        MacKeys::of(&bob.public()).sign(&mut message, None);
        (initiator, message)
    }

    fn response(message: &[u8; INITIATION_LEN], psk: u8) -> (Agreed, [u8; RESPONSE_LEN]) {
        let (alice, bob) = (identity(1), identity(2));
        let claimed = receive_initiation(&bob, message).unwrap();
        assert!(claimed.device == alice.public());
        let shared = bob.agree(&claimed.device).unwrap();
        let verified = claimed.verify(&shared, message).unwrap();
        assert!(verified.timestamp == stamp());
        let psk = PresharedKey::from_bytes([psk; 32]);
        let (agreed, mut message) = verified.respond(&psk, 0x5566_7788, &key(4)).unwrap();
        MacKeys::of(&alice.public()).sign(&mut message, None);
        (agreed, message)
    }

    #[test]
    fn a_whole_handshake_is_what_an_independent_derivation_says() {
        let (initiator, sent) = initiation();
        assert_eq!(sent[..], vector("initiation")[..]);
        let (answered, reply) = response(&sent, 5);
        assert_eq!(reply[..], vector("response")[..]);
        let psk = PresharedKey::from_bytes([5; 32]);
        let agreed = initiator.receive_response(&identity(1), &psk, &reply).unwrap();
        let now = Instant::now();
        let pair = |role, local, agreed: Agreed| KeyPair::new(role, local, agreed.remote_index, agreed.keys, now);
        let mut alice = pair(Role::Initiator, 0x1122_3344, agreed);
        let mut bob = pair(Role::Responder, 0x5566_7788, answered);
        let mut out = [0; 48];
        alice.seal(b"up", 1420, &mut out).unwrap();
        assert_eq!(out[..], vector("up")[..]);
        assert_eq!(&bob.open(&mut out).unwrap()[..2], b"up");
        bob.seal(b"down", 1420, &mut out).unwrap();
        assert_eq!(out[..], vector("down")[..]);
        assert_eq!(&alice.open(&mut out).unwrap()[..4], b"down");
    }

    #[test]
    fn another_preshared_key_is_refused_and_the_right_one_still_works() {
        let (initiator, sent) = initiation();
        let (_, reply) = response(&sent, 6);
        let right = PresharedKey::from_bytes([5; 32]);
        let refused = initiator.receive_response(&identity(1), &right, &reply);
        assert!(refused.is_err());
        let (_, reply) = response(&sent, 5);
        let accepted = initiator.receive_response(&identity(1), &right, &reply);
        assert!(accepted.is_ok());
    }

    #[test]
    fn every_bit_of_the_sealed_parts_counts() {
        let bob = identity(2);
        let (_, message) = initiation();
        for at in EPHEMERAL..TIMESTAMP + 28 {
            let mut changed = message;
            // Bit 255 of an X25519 public key is ignored (RFC 7748, section 5), but the transcript
            // holds it.
            changed[at] ^= 0x80;
            let verified = receive_initiation(&bob, &changed).and_then(|claimed| {
                let shared = bob.agree(&claimed.device)?;
                claimed.verify(&shared, &changed)
            });
            assert!(verified.is_err(), "byte {at}");
        }
    }

    #[test]
    fn points_of_small_order_are_refused() {
        let bob = identity(2);
        // The points of order 1, 2, 4 and 8 and their other encodings (D. J. Bernstein,
        // cr.yp.to/ecdh.html#validate), those that fit into this test's space.
        let mut order_8 = [0; 32];
        order_8.copy_from_slice(
            &(0..32)
                .map(|at| {
                    let hex = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
                    u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()
                })
                .collect::<Vec<_>>(),
        );
        let mut one = [0; 32];
        one[0] = 1;
        let mut p_minus_1 = [0xff; 32];
        p_minus_1[0] = 0xec;
        p_minus_1[31] = 0x7f;
        for point in [[0; 32], one, p_minus_1, order_8] {
            assert!(bob.agree(&PublicKey::from_bytes(point)).is_err());
            let (_, mut message) = initiation();
            message[EPHEMERAL..STATIC].copy_from_slice(&point);
            assert!(receive_initiation(&bob, &message).is_err());
        }
    }
}
