//! The body of the fuzz target, here so that `cargo test` replays the corpus through the same code.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::super::key::PrivateKey;
use super::super::translate::{Internal, Shared, Translation};
use super::{HEADER_WORDS, Kept, ROW_WORDS, Words, place};

/// Any words as the memory of an earlier worker: whatever is accepted is a table of addresses that may be given, each
/// once; and whatever was there, the table works from then on and leaves nothing behind.
///
/// Input: one octet (bit 0: words that are missing at the end of a table's row are there, as zeroes), then words.
pub fn words(input: &[u8]) {
    let Some((&flags, bytes)) = input.split_first() else {
        return;
    };
    let mut words: Vec<u64> = bytes
        .chunks_exact(size_of::<u64>())
        .map(|word| u64::from_le_bytes(word.try_into().expect("chunks have the length of a word")))
        .collect();
    if flags & 1 != 0 {
        words.resize(
            words.len().max(HEADER_WORDS).next_multiple_of(ROW_WORDS) + 2 * ROW_WORDS,
            0,
        );
    }
    let memory = Memory::new(words);
    let translation = pools();
    let key = PrivateKey::from_bytes([7; 32]);
    let clock = (
        Instant::now() + Duration::from_secs(1_000_000),
        Duration::from_secs(2000),
    );
    let keep_for = Duration::from_secs(150);
    let open = || Kept::open(Box::new(memory.clone()), &key, &translation, clock, keep_for);

    let (mut kept, opened) = open();
    let mut seen = BTreeSet::new();
    for internal in kept.recalled().chain(opened.iter().flatten()) {
        assert!(translation.may_give(internal) && seen.insert(internal.v4.to_bits()));
    }
    let taken_over = kept.recalled().count();
    drop(kept);
    (kept, _) = open();
    assert_eq!(
        kept.recalled().count(),
        taken_over,
        "reading changes nothing but what is over"
    );
    kept.strike_unclaimed();
    let device = key.public();
    let internal = internal();
    let Some(row) = kept.put(&device, &internal, clock.0) else {
        return;
    };
    drop(kept);
    (kept, _) = open();
    let recalled = kept.claim(&device).expect("what was put is there");
    assert!(recalled.internal == internal && recalled.row.until == row.until && recalled.used <= clock.0);
    assert_eq!(kept.recalled().count(), 0, "and nobody else");
    kept.strike(recalled.row);
    let rest = (HEADER_WORDS..memory.count().min(place(kept.used))).any(|at| memory.load(at) != 0);
    assert!(!rest, "a struck row is zeroes");
    kept.wipe();
}

/// Words that outlive whoever writes them.
#[derive(Clone)]
struct Memory(Arc<[AtomicU64]>);

impl Memory {
    fn new(words: Vec<u64>) -> Self {
        Self(words.into_iter().map(AtomicU64::new).collect())
    }
}

impl Words for Memory {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn load(&self, at: usize) -> u64 {
        self.0[at].load(Ordering::Relaxed)
    }

    fn store(&mut self, at: usize, value: u64) {
        self.0[at].store(value, Ordering::Relaxed);
    }
}

fn pools() -> Translation {
    Translation {
        shared: Shared {
            v4: Ipv4Addr::new(10, 66, 0, 2),
            v6: Ipv6Addr::new(0xfd66, 0, 0, 0, 0, 0, 0, 2),
        },
        pool_v4: Ipv4Addr::new(100, 64, 0, 0),
        pool_v4_len: 24,
        pool_v6: Ipv6Addr::new(0xfd67, 1, 2, 3, 0, 0, 0, 0),
        reserved: 2,
    }
}

fn internal() -> Internal {
    Internal {
        v4: Ipv4Addr::new(100, 64, 0, 9),
        v6: Ipv6Addr::new(0xfd67, 1, 2, 3, 0, 0, 0, 9),
    }
}
