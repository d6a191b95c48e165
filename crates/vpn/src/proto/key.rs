//! Keys as the configuration has them. None of them can be printed.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::crypto;

/// An X25519 public key; it stands for a device, so it has no `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The 32 bytes of RFC 7748.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of RFC 7748.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// An X25519 private key, wiped when dropped.
#[derive(Clone)]
pub struct PrivateKey(Zeroizing<[u8; 32]>);

impl PrivateKey {
    /// 32 random bytes; clamping happens at use (RFC 7748, section 5).
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The public key that belongs to it.
    pub fn public(&self) -> PublicKey {
        crypto::Secret::from_bytes(&self.0).public()
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A preshared key, mixed into the handshake; all zeros means none (the paper, section 5.2).
#[derive(Clone)]
pub struct PresharedKey(Zeroizing<[u8; 32]>);

impl PresharedKey {
    /// 32 random bytes that both sides know.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// "If pre-shared symmetric keys are not in use, it is all zeros."
    pub fn none() -> Self {
        Self::from_bytes([0; 32])
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn equals(&self, other: &Self) -> bool {
        bool::from(self.0.ct_eq(&*other.0))
    }
}
