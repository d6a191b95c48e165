//! Sealing and finding: AES-256-GCM-SIV under a subject's key, blind indexes under the instance's.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hmac, rand};
use plan::FieldId;
use plan::value::Cell;
use zeroize::{Zeroize, Zeroizing};

use crate::StoreError;

/// Length of a data key and of the wrapping key, in bytes (AES-256).
pub(crate) const KEY_LENGTH: usize = 32;

/// The key that every other key is wrapped under; comes from outside the data folder where the operator wants so.
pub struct WrappingKey {
    wraps: SealingKey,
    /// What files of backups are sealed under; derived, so that no other use of the key touches it.
    of_backups: Zeroizing<[u8; KEY_LENGTH]>,
}

impl WrappingKey {
    /// From 32 random bytes; the caller's copy is overwritten.
    pub fn from_bytes(bytes: &mut [u8; KEY_LENGTH]) -> Self {
        let wraps = SealingKey::from_bytes(bytes);
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, bytes), b"candor backups");
        let mut of_backups = Zeroizing::new([0; KEY_LENGTH]);
        of_backups.copy_from_slice(derived.as_ref());
        bytes.zeroize();
        Self { wraps, of_backups }
    }

    pub(crate) const fn key(&self) -> &SealingKey {
        &self.wraps
    }

    pub(crate) fn of_backups(&self) -> &[u8; KEY_LENGTH] {
        &self.of_backups
    }
}

/// A key that seals and opens values.
pub(crate) struct SealingKey(LessSafeKey);

impl SealingKey {
    pub(crate) fn from_bytes(bytes: &[u8; KEY_LENGTH]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM_SIV, bytes).expect("an AES-256 key has 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// `nonce ‖ ciphertext ‖ tag`. The nonce is random: GCM-SIV survives a repeated one (RFC 8452, section 9).
    pub(crate) fn seal(&self, place: &[u8], value: &[u8]) -> Vec<u8> {
        let nonce = random::<NONCE_LEN>();
        let mut sealed = Vec::with_capacity(NONCE_LEN + value.len() + AES_256_GCM_SIV.tag_len());
        sealed.extend_from_slice(value);
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut sealed)
            .expect("a value is far shorter than the 2^36 bytes that GCM-SIV can seal");
        sealed.splice(0..0, nonce);
        sealed
    }

    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(StoreError::Unsealable)?;
        let mut value = rest.to_vec();
        let length = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place), &mut value)
            .map_err(|_| StoreError::Unsealable)?
            .len();
        value.truncate(length);
        Ok(value)
    }
}

/// Where a sealed value belongs: table, column and row. Moved anywhere else it does not open.
pub(crate) fn place(table: &str, column: &str, row: &[u8]) -> Vec<u8> {
    let mut place = Vec::with_capacity(table.len() + column.len() + row.len() + 2);
    place.extend_from_slice(table.as_bytes());
    place.push(0);
    place.extend_from_slice(column.as_bytes());
    place.push(0);
    place.extend_from_slice(row);
    place
}

/// `N` random bytes of the operating system's generator.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

/// What a value is found by without being opened: HMAC-SHA-256 of it under a key of this instance.
#[derive(Clone, PartialEq, Eq)]
pub struct Lookup(Vec<u8>);

impl Lookup {
    pub(crate) fn to_cell(&self) -> Cell {
        Cell::Bytes(self.0.clone())
    }
}

/// The key of the blind indexes.
pub(crate) struct IndexKey(hmac::Key);

impl IndexKey {
    pub(crate) fn from_bytes(bytes: &[u8; KEY_LENGTH]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    pub(crate) fn lookup(&self, field: FieldId, value: &[u8]) -> Lookup {
        Lookup(self.tag(field.key(), value).as_ref().to_vec())
    }

    pub(crate) fn tag(&self, context: &str, value: &[u8]) -> hmac::Tag {
        let mut input = context.as_bytes().to_vec();
        input.push(0);
        input.extend_from_slice(value);
        let tag = hmac::sign(&self.0, &input);
        input.zeroize();
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_in_its_place_and_under_its_key() {
        let key = SealingKey::from_bytes(&[7; 32]);
        let here = place("device", "label", b"row");
        let sealed = key.seal(&here, b"kitchen");
        assert_eq!(key.open(&here, &sealed).unwrap(), b"kitchen");
        assert_eq!(
            key.open(&place("device", "label", b"other"), &sealed),
            Err(StoreError::Unsealable)
        );
        assert_eq!(
            SealingKey::from_bytes(&[8; 32]).open(&here, &sealed),
            Err(StoreError::Unsealable)
        );
        assert_eq!(key.open(&here, &sealed[..5]), Err(StoreError::Unsealable));
    }

    #[test]
    fn the_same_value_is_sealed_differently_each_time_and_found_alike() {
        let key = SealingKey::from_bytes(&[7; 32]);
        assert_ne!(key.seal(b"p", b"v"), key.seal(b"p", b"v"));
        let index = IndexKey::from_bytes(&[9; 32]);
        assert!(index.lookup(FieldId::Email, b"v") == index.lookup(FieldId::Email, b"v"));
        assert!(index.lookup(FieldId::Email, b"v") != index.lookup(FieldId::Name, b"v"));
    }
}
