//! Randomness is handed in: [`Rng`], and one generator that stretches a seed.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A source of bytes that nobody can predict.
pub trait Rng {
    /// Fills `out`.
    fn fill(&mut self, out: &mut [u8]);
}

impl<F: FnMut(&mut [u8])> Rng for F {
    fn fill(&mut self, out: &mut [u8]) {
        self(out);
    }
}

/// Four random bytes as a number.
pub(crate) fn draw_u32(rng: &mut dyn Rng) -> u32 {
    let mut bytes = [0; 4];
    rng.fill(&mut bytes);
    u32::from_le_bytes(bytes)
}

/// Eight random bytes as a number.
pub(crate) fn draw_u64(rng: &mut dyn Rng) -> u64 {
    let mut bytes = [0; 8];
    rng.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

const BLOCK_LEN: usize = 1024;

/// A generator that needs nothing from the system after its seed, so that a worker can draw the
/// seed first and lock itself down afterwards.
///
/// ChaCha20 with fast key erasure (D. J. Bernstein, "Fast-key-erasure random-number generators",
/// 2017): the first 32 bytes of each block become the next key, every byte is wiped once given out,
/// so a later look into memory reveals nothing that was drawn before.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SeededRng {
    key: [u8; 32],
    block: [u8; BLOCK_LEN],
    used: usize,
}

impl SeededRng {
    /// Starts from 32 bytes of the system's randomness, or from fixed bytes in a test.
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            key: seed,
            block: [0; BLOCK_LEN],
            used: BLOCK_LEN,
        }
    }

    fn refill(&mut self) {
        self.block.zeroize();
        let unbound = UnboundKey::new(&CHACHA20_POLY1305, &self.key).expect("the key has 32 bytes");
        // Sealing zeros leaves the bare key stream; the tag is not used.
        let _tag = LessSafeKey::new(unbound)
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key([0; 12]), Aad::empty(), &mut self.block)
            .expect("one block is far below the cipher's limit");
        self.key.copy_from_slice(&self.block[..32]);
        self.block[..32].zeroize();
        self.used = 32;
    }
}

impl Rng for SeededRng {
    fn fill(&mut self, mut out: &mut [u8]) {
        while !out.is_empty() {
            if self.used == BLOCK_LEN {
                self.refill();
            }
            let take = out.len().min(BLOCK_LEN - self.used);
            let (head, rest) = out.split_at_mut(take);
            let source = &mut self.block[self.used..self.used + take];
            head.copy_from_slice(source);
            source.zeroize();
            self.used += take;
            out = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_depends_on_the_seed_alone_and_not_on_the_pieces() {
        let mut whole = [0; 5000];
        SeededRng::new([7; 32]).fill(&mut whole);
        let mut pieces = [0; 5000];
        let mut rng = SeededRng::new([7; 32]);
        for piece in pieces.chunks_mut(77) {
            rng.fill(piece);
        }
        assert_eq!(whole, pieces);
        let mut other = [0; 5000];
        SeededRng::new([8; 32]).fill(&mut other);
        assert_ne!(whole, other);
    }

    #[test]
    fn what_was_given_out_is_wiped() {
        let mut rng = SeededRng::new([1; 32]);
        let mut out = [0; 100];
        rng.fill(&mut out);
        assert_eq!(rng.block[..132], [0; 132]);
    }
}
