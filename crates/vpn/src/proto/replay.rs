//! Which counters of a key pair have arrived (the paper, section 5.4.6; RFC 6479 for the method).

use super::limits::{REJECT_AFTER_MESSAGES, REPLAY_WINDOW_PACKETS};

const SHORT_BITS: u64 = 128;
const WORDS: usize = REPLAY_WINDOW_PACKETS as usize / 64;

/// A sliding window of 8192 counters that normally takes 24 bytes.
///
/// Almost every device delivers in order, so the newest 128 counters are a number, and everything
/// older is known to have arrived. Only when a counter that is still missing would leave those 128
/// does the window grow to 1 KiB; it shrinks back once all older ones have come or are out of reach.
/// So no counter that the full window would accept is ever lost.
#[derive(Default)]
pub(crate) struct Window {
    /// One more than the highest counter that arrived; zero before the first.
    next: u64,
    /// Bit `i` stands for counter `next - 1 - i`, inverted: set means missing. Counters below
    /// zero are not missing.
    missing: u128,
    /// The whole window, bit `counter % 8192`, set means arrived.
    full: Option<Box<[u64; WORDS]>>,
}

impl Window {
    /// Whether this counter may still arrive. Cheap, so it comes before the cipher; the answer
    /// counts only after the packet has authenticated and [`Window::accept`] has agreed.
    pub(crate) fn admits(&self, counter: u64) -> bool {
        if counter >= REJECT_AFTER_MESSAGES {
            return false;
        }
        if counter >= self.next {
            return true;
        }
        let age = self.next - 1 - counter;
        if age >= REPLAY_WINDOW_PACKETS {
            return false;
        }
        match &self.full {
            Some(words) => words[word(counter)] & bit(counter) == 0,
            None => age < SHORT_BITS && self.missing >> age & 1 == 1,
        }
    }

    /// Notes an authenticated counter; `false` means it was a replay.
    pub(crate) fn accept(&mut self, counter: u64) -> bool {
        if !self.admits(counter) {
            return false;
        }
        if counter >= self.next {
            self.advance(counter);
        } else {
            let age = self.next - 1 - counter;
            if age < SHORT_BITS {
                self.missing &= !(1 << age);
            }
        }
        if let Some(words) = &mut self.full {
            words[word(counter)] |= bit(counter);
        }
        true
    }

    fn advance(&mut self, counter: u64) {
        let skipped = counter - self.next;
        let shift = skipped + 1;
        let crossed = self.next.saturating_sub(1) / 1024 != counter / 1024;
        if self.full.is_none() && self.hole_slides_out(shift) {
            self.grow();
        }
        if let Some(words) = &mut self.full {
            // The places of the counters from `next` on still hold those of 8192 before.
            let clear = shift.min(REPLAY_WINDOW_PACKETS);
            clear_range(words, counter + 1 - clear, clear);
        }
        // The skipped counters are missing, the new one (bit 0) is not.
        self.missing = if shift >= SHORT_BITS {
            u128::MAX << 1
        } else {
            self.missing << shift | ((1u128 << shift) - 1) & !1
        };
        self.next = counter + 1;
        self.trim_below_zero();
        if crossed {
            self.shrink_if_whole(counter);
        }
    }

    /// Whether a missing counter would leave the short window when it moves by `shift`.
    fn hole_slides_out(&self, shift: u64) -> bool {
        // With `shift` above 128 some of the skipped counters themselves fall out.
        shift > SHORT_BITS
            || (shift == SHORT_BITS && self.missing != 0)
            || (shift < SHORT_BITS && self.missing >> (SHORT_BITS - shift) != 0)
    }

    /// Unfolds the short window. What is older than it has arrived: bits are set.
    fn grow(&mut self) {
        let mut words = Box::new([u64::MAX; WORDS]);
        for age in 0..SHORT_BITS.min(self.next) {
            if self.missing >> age & 1 == 1 {
                let counter = self.next - 1 - age;
                words[word(counter)] &= !bit(counter);
            }
        }
        self.full = Some(words);
    }

    /// Folds the window when nothing older than the short one is missing. Looked at once in 1024
    /// counters, because it reads the whole KiB. `newest` is not marked yet but is not missing.
    fn shrink_if_whole(&mut self, newest: u64) {
        let Some(words) = &self.full else { return };
        let missing = words.iter().map(|word| word.count_zeros()).sum::<u32>();
        let newest_unmarked = u32::from(words[word(newest)] & bit(newest) == 0);
        if missing - newest_unmarked == self.missing.count_ones() {
            self.full = None;
        }
    }

    /// Counters below zero do not exist, so they are not missing.
    fn trim_below_zero(&mut self) {
        if self.next < SHORT_BITS {
            self.missing &= (1 << self.next) - 1;
        }
    }

    #[cfg(test)]
    fn is_short(&self) -> bool {
        self.full.is_none()
    }
}

fn word(counter: u64) -> usize {
    (counter % REPLAY_WINDOW_PACKETS / 64) as usize
}

fn bit(counter: u64) -> u64 {
    1 << (counter % 64)
}

/// Clears `count` bits from `first` on, around the end of the ring.
fn clear_range(words: &mut [u64; WORDS], first: u64, count: u64) {
    let mut at = first;
    let end = first + count;
    while at < end {
        let in_word = 64 - at % 64;
        let take = in_word.min(end - at);
        let mask = if take == 64 {
            u64::MAX
        } else {
            ((1 << take) - 1) << (at % 64)
        };
        words[word(at)] &= !mask;
        at += take;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn edge_of_the_window_8191_is_in_8192_is_out() {
        let mut window = Window::default();
        assert!(window.accept(0));
        assert!(window.accept(10_000));
        assert!(window.accept(10_000 - 8191));
        assert!(!window.accept(10_000 - 8192));
        assert!(!window.accept(10_000 - 8191));
    }

    #[test]
    fn in_order_traffic_stays_short() {
        let mut window = Window::default();
        for counter in 0..100_000 {
            assert!(window.accept(counter));
            assert!(!window.accept(counter));
        }
        assert!(window.is_short());
    }

    #[test]
    fn a_hole_grows_the_window_and_its_filling_shrinks_it() {
        let mut window = Window::default();
        for counter in (0..1000).filter(|counter| *counter != 500) {
            assert!(window.accept(counter));
        }
        assert!(!window.is_short());
        assert!(window.accept(500));
        assert!(!window.accept(500));
        for counter in 1000..3000 {
            assert!(window.accept(counter));
        }
        assert!(window.is_short());
    }

    #[test]
    fn the_last_allowed_counter_is_below_the_limit() {
        let mut window = Window::default();
        assert!(!window.accept(u64::MAX));
        assert!(!window.accept(REJECT_AFTER_MESSAGES));
        assert!(window.accept(REJECT_AFTER_MESSAGES - 1));
        assert!(!window.accept(REJECT_AFTER_MESSAGES - 1));
        assert!(window.accept(REJECT_AFTER_MESSAGES - 8192));
    }

    fn reference(counters: &[u64]) -> Vec<bool> {
        let mut seen = BTreeSet::new();
        counters
            .iter()
            .map(|&counter| {
                let in_window = seen
                    .last()
                    .is_none_or(|&top| counter > top || top - counter < REPLAY_WINDOW_PACKETS);
                in_window && seen.insert(counter)
            })
            .collect()
    }

    proptest! {
        #[test]
        fn agrees_with_a_set_of_counters(
            steps in proptest::collection::vec(
                prop_oneof![
                    6 => -3i64..4,
                    3 => -200i64..200,
                    2 => -9000i64..9000,
                    1 => prop_oneof![Just(-8192i64), Just(-8191), Just(8191), Just(8192), Just(127), Just(128), Just(129)],
                ],
                1..400,
            )
        ) {
            let mut at = 0i64;
            let mut top = 0i64;
            let counters: Vec<u64> = steps.iter().map(|step| {
                at = (top + step).max(0);
                top = top.max(at);
                at as u64
            }).collect();
            let mut window = Window::default();
            let got: Vec<bool> = counters.iter().map(|&counter| window.accept(counter)).collect();
            prop_assert_eq!(got, reference(&counters));
        }
    }
}
