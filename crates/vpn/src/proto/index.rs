//! The 32-bit indices by which messages name a key pair or a handshake (the paper, section 5.4).

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::rng::{Rng, draw_u32};

/// A hash for keys that we drew at random ourselves: an attacker can ask for any of them but can
/// add none, so one multiplication (the golden ratio, Knuth 6.4) is enough, and needs no seed.
#[derive(Default)]
pub(crate) struct DrawnKeyHasher(u64);

impl Hasher for DrawnKeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u32(&mut self, key: u32) {
        self.write_u64(u64::from(key));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A map from numbers drawn by us; it is never iterated.
pub(crate) type DrawnMap<K, V> = HashMap<K, V, BuildHasherDefault<DrawnKeyHasher>>;

/// Index to device.
#[derive(Default)]
pub(crate) struct IndexTable {
    devices: DrawnMap<u32, u32>,
}

impl IndexTable {
    /// A fresh index that nobody can guess. Four billion exist and each hot device holds at most
    /// four, so a free one is found at once.
    pub(crate) fn allot(&mut self, device: u32, rng: &mut dyn Rng) -> u32 {
        loop {
            let index = draw_u32(rng);
            if let std::collections::hash_map::Entry::Vacant(entry) = self.devices.entry(index) {
                entry.insert(device);
                return index;
            }
        }
    }

    pub(crate) fn device(&self, index: u32) -> Option<u32> {
        self.devices.get(&index).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.devices.len()
    }

    pub(crate) fn release(&mut self, index: u32) {
        self.devices.remove(&index);
    }
}
