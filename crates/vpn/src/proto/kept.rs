//! The table that survives a worker: which internal address each device has.
//!
//! Sessions end with a worker, because their keys do. A device comes back with its next handshake; so that its connections
//! go on, it must come back to the same internal address. The addresses are drawn at random and never computed, so
//! somebody has to remember them meanwhile: this table does, in words that outlive the worker ([`Words`]), and forgets
//! as the engine does.
//!
//! ```text
//!   word 0   what this is             row:  name, 2 words     keyed hash of the device's public key
//!   word 1   rows ever used                 IPv6, 1 word      the lower half of the address
//!   word 2   not everybody is here          IPv4 and time     one word: written last, struck first
//!   3 to 7   nothing
//! ```
//!
//! A row's time is the ten seconds in which the device's last packet passed, counted since the machine started. It is
//! written when the counters are reported, not for each packet. A row is struck `keep_for` after it, which is sooner than
//! the engine forgets: what is left of that time is for the pause between two workers, so that nothing is ever older.

#[doc(hidden)]
pub mod fuzzing;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::crypto::{hash, mac};
use super::key::{PrivateKey, PublicKey};
use super::translate::{Internal, Translation};

/// Words that outlive this process, in which a store that was made stays, in order, whenever the process ends.
pub trait Words {
    /// How many there are, always the same.
    fn count(&self) -> usize;
    /// The word with this number, counted from 0.
    fn load(&self, at: usize) -> u64;
    /// Writes it.
    fn store(&mut self, at: usize, value: u64);
}

/// "candor", the kind of table, and its version.
const MAGIC: u64 = u64::from_le_bytes(*b"candor\x01\x01");
const HEADER_WORDS: usize = 8;
const USED: usize = 1;
const INCOMPLETE: usize = 2;
const ROW_WORDS: usize = 4;
/// How exactly a row tells time.
const STEP_SECONDS: u64 = 10;

/// Words for a table in which every session of the pools has a row.
pub fn words_for(translation: &Translation) -> usize {
    HEADER_WORDS + translation.capacity() * ROW_WORDS
}

/// A keyed hash of a device's public key: the table alone says of nobody that they were here.
type Name = [u8; 16];

/// A device's row, and when it is struck.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    number: usize,
    pub(crate) until: Instant,
}

/// What an earlier worker knew of a device.
pub(crate) struct Recalled {
    pub(crate) row: Row,
    pub(crate) internal: Internal,
    /// When its last packet passed, at the latest.
    pub(crate) used: Instant,
}

/// The words are not a table, or none that can be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unusable {
    /// Nothing was ever written.
    Fresh,
    /// Somebody had an address and no row.
    Incomplete,
    /// This program did not write that.
    Malformed,
}

/// The table, as its only user holds it.
pub(crate) struct Kept {
    words: Box<dyn Words + Send>,
    names: Zeroizing<[u8; 32]>,
    /// A moment on both clocks: ours, and time since the machine started.
    clock: (Instant, Duration),
    keep_for: Duration,
    vacant: Vec<usize>,
    used: usize,
    recalled: BTreeMap<Name, Recalled>,
}

impl Kept {
    /// Reads what an earlier worker left. What cannot be used is wiped. Addresses whose time is over are struck and
    /// given back as nobody's.
    pub(crate) fn open(
        words: Box<dyn Words + Send>,
        key: &PrivateKey,
        translation: &Translation,
        clock: (Instant, Duration),
        keep_for: Duration,
    ) -> (Self, Result<Vec<Internal>, Unusable>) {
        let read = read(&*words, translation, step(clock.1));
        let mut kept = Self {
            words,
            names: Zeroizing::new(hash(&[b"candor: names of kept addresses", key.as_bytes()])),
            clock,
            keep_for,
            vacant: Vec::new(),
            used: 0,
            recalled: BTreeMap::new(),
        };
        let found = match read {
            Ok(found) => found,
            Err(unusable) => {
                match unusable {
                    // Nothing but this is looked at that was not written before.
                    Unusable::Fresh => kept.erase(HEADER_WORDS),
                    Unusable::Incomplete | Unusable::Malformed => kept.erase(kept.words.count()),
                }
                return (kept, Err(unusable));
            }
        };
        kept.used = found.used;
        let mut over = Vec::new();
        let mut rows = found.rows.into_iter().peekable();
        for number in 0..found.used {
            let Some(read) = rows.next_if(|read| read.number == number) else {
                // Perhaps half written when its writer was killed.
                kept.clear(number);
                continue;
            };
            match kept.moment(read.step) {
                Some(used) if used + keep_for > clock.0 => {
                    let until = used + keep_for;
                    let recalled = Recalled {
                        row: Row { number, until },
                        internal: read.internal,
                        used,
                    };
                    kept.recalled.insert(read.name, recalled);
                }
                Some(_) | None => {
                    kept.clear(number);
                    over.push(read.internal);
                }
            }
        }
        (kept, Ok(over))
    }

    /// What the worker before knew of those that have not been claimed.
    pub(crate) fn recalled(&self) -> impl Iterator<Item = &Internal> {
        self.recalled.values().map(|recalled| &recalled.internal)
    }

    /// What the worker before knew of this device.
    pub(crate) fn claim(&mut self, device: &PublicKey) -> Option<Recalled> {
        if self.recalled.is_empty() {
            return None;
        }
        self.recalled.remove(&self.name(device))
    }

    /// Strikes the rows that nobody has claimed.
    pub(crate) fn strike_unclaimed(&mut self) -> Vec<Internal> {
        let rows = std::mem::take(&mut self.recalled);
        let strike = |recalled: Recalled| {
            self.clear(recalled.row.number);
            recalled.internal
        };
        rows.into_values().map(strike).collect()
    }

    /// A row for a device that has none. `None` when there is no room, which the table then says of itself.
    pub(crate) fn put(&mut self, device: &PublicKey, internal: &Internal, used: Instant) -> Option<Row> {
        let number = match self.vacant.pop() {
            Some(number) => number,
            None if self.used < rows(&*self.words) => {
                self.used += 1;
                self.words.store(USED, self.used as u64);
                self.used - 1
            }
            None => {
                if self.words.count() > INCOMPLETE {
                    self.words.store(INCOMPLETE, 1);
                }
                return None;
            }
        };
        let [first, second] = halves(&self.name(device));
        let at = place(number);
        self.words.store(at, first);
        self.words.store(at + 1, second);
        self.words.store(at + 2, internal.v6.to_bits() as u64);
        Some(self.touch(Row { number, until: used }, internal, used))
    }

    /// Writes down when a device's last packet passed.
    pub(crate) fn touch(&mut self, row: Row, internal: &Internal, used: Instant) -> Row {
        let (now, since_boot) = self.clock;
        let step = step(match used.checked_duration_since(now) {
            Some(later) => since_boot + later,
            None => since_boot.saturating_sub(now - used),
        });
        let last = u64::from(internal.v4.to_bits()) << 32 | u64::from(step);
        let at = place(row.number) + 3;
        if self.words.load(at) != last {
            self.words.store(at, last);
        }
        let until = self.moment(step).unwrap_or(used) + self.keep_for;
        Row { until, ..row }
    }

    /// Nothing is left of a row.
    pub(crate) fn strike(&mut self, row: Row) {
        self.clear(row.number);
    }

    /// Nothing is left of anybody.
    pub(crate) fn wipe(&mut self) {
        self.erase(place(self.used));
    }

    fn erase(&mut self, words: usize) {
        for at in 0..words.min(self.words.count()) {
            self.words.store(at, 0);
        }
        if self.words.count() >= HEADER_WORDS {
            self.words.store(0, MAGIC);
        }
        self.recalled.clear();
        self.vacant.clear();
        self.used = 0;
    }

    fn clear(&mut self, number: usize) {
        let at = place(number);
        // The last word first: without it the others say nothing.
        for word in (at..at + ROW_WORDS).rev() {
            self.words.store(word, 0);
        }
        self.vacant.push(number);
    }

    fn name(&self, device: &PublicKey) -> Name {
        mac(&self.names[..], &[device.as_bytes()])
    }

    /// When a step began, on our clock; `None` before that began.
    fn moment(&self, step: u32) -> Option<Instant> {
        let began = Duration::from_secs(u64::from(step).saturating_sub(1) * STEP_SECONDS);
        let (now, since_boot) = self.clock;
        match began.checked_sub(since_boot) {
            Some(later) => now.checked_add(later),
            None => now.checked_sub(since_boot.saturating_sub(began)),
        }
    }
}

/// The step in which a moment lies; the first is 1, because 0 is a row that is none.
fn step(since_boot: Duration) -> u32 {
    u32::try_from(since_boot.as_secs() / STEP_SECONDS + 1).unwrap_or(u32::MAX)
}

fn rows(words: &dyn Words) -> usize {
    words.count().saturating_sub(HEADER_WORDS) / ROW_WORDS
}

fn place(number: usize) -> usize {
    HEADER_WORDS + number * ROW_WORDS
}

fn halves(name: &Name) -> [u64; 2] {
    let number = u128::from_le_bytes(*name);
    [number as u64, (number >> 64) as u64]
}

struct Read {
    number: usize,
    name: Name,
    internal: Internal,
    step: u32,
}

struct Found {
    used: usize,
    rows: Vec<Read>,
}

/// Believes nothing: a worker that was taken over wrote last.
fn read(words: &dyn Words, translation: &Translation, now: u32) -> Result<Found, Unusable> {
    if words.count() < HEADER_WORDS {
        return Err(Unusable::Malformed);
    }
    let header: Vec<u64> = (0..HEADER_WORDS).map(|at| words.load(at)).collect();
    if header.iter().all(|word| *word == 0) {
        return Err(Unusable::Fresh);
    }
    let used = usize::try_from(header[USED]).map_err(|_| Unusable::Malformed)?;
    let is_header = header[0] == MAGIC && header[INCOMPLETE + 1..].iter().all(|word| *word == 0);
    if !is_header || used > rows(words) {
        return Err(Unusable::Malformed);
    }
    match header[INCOMPLETE] {
        0 => {}
        1 => return Err(Unusable::Incomplete),
        _ => return Err(Unusable::Malformed),
    }
    let rows: Vec<Read> = (0..used).filter_map(|number| row(words, translation, number)).collect();
    let (mut names, mut v4, mut v6) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let is_sound = rows.iter().all(|read| {
        let is_new = names.insert(read.name) & v4.insert(read.internal.v4) & v6.insert(read.internal.v6);
        is_new && translation.may_give(&read.internal) && (1..=now).contains(&read.step)
    });
    match is_sound {
        true => Ok(Found { used, rows }),
        false => Err(Unusable::Malformed),
    }
}

/// `None` for a row that is none.
fn row(words: &dyn Words, translation: &Translation, number: usize) -> Option<Read> {
    let at = place(number);
    let last = words.load(at + 3);
    if last == 0 {
        return None;
    }
    let name = u128::from(words.load(at)) | u128::from(words.load(at + 1)) << 64;
    let v6 = translation.pool_v6.to_bits() | u128::from(words.load(at + 2));
    Some(Read {
        number,
        name: name.to_le_bytes(),
        internal: Internal {
            v4: Ipv4Addr::from_bits((last >> 32) as u32),
            v6: Ipv6Addr::from_bits(v6),
        },
        step: last as u32,
    })
}
