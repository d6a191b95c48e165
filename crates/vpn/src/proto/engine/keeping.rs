//! What outlives this engine: the internal addresses of devices, for the next one.

use std::time::{Duration, Instant};

use super::super::kept::{Kept, Words};
use super::super::key::PrivateKey;
use super::super::translate::Internal;
use super::super::witness::Witness;
use super::Engine;

/// What an engine found that another one left.
pub struct TakenOver {
    /// Every address that was in use is known: those that were taken over, and those in `freed`.
    pub is_complete: bool,
    /// Addresses that are nobody's any more.
    pub freed: Vec<Internal>,
}

impl<W: Witness> Engine<W> {
    /// Takes over the internal addresses that another engine left in `words`, and keeps its own there from now on, each
    /// for `keep_for` after its device's last packet. `since_boot` is the time at `now` on a clock that goes on from one
    /// engine to the next; `private_key` is this engine's own. To be called before devices are put; `None` without translation.
    pub fn keep_addresses(
        &mut self,
        words: Box<dyn Words + Send>,
        private_key: &PrivateKey,
        (now, since_boot): (Instant, Duration),
        keep_for: Duration,
    ) -> Option<TakenOver> {
        let now = self.advance(now);
        let translator = self.translator.as_mut()?;
        let (kept, opened) = Kept::open(words, private_key, translator.config(), (now, since_boot), keep_for);
        kept.recalled().for_each(|internal| translator.reserve(internal));
        self.kept = Some(kept);
        Some(TakenOver {
            is_complete: opened.is_ok(),
            freed: opened.unwrap_or_default(),
        })
    }

    /// All devices have been put: what was left for others is nobody's.
    pub fn free_unclaimed(&mut self) -> Vec<Internal> {
        let (Some(kept), Some(translator)) = (&mut self.kept, &mut self.translator) else {
            return Vec::new();
        };
        let freed = kept.strike_unclaimed();
        freed.iter().for_each(|internal| translator.release(internal));
        freed
    }

    /// Keeps nothing any more, and leaves nothing behind.
    pub fn wipe_kept(&mut self) {
        if let Some(mut kept) = self.kept.take() {
            kept.wipe();
        }
    }

    /// A device that was here before this engine was gets its address back.
    pub(super) fn recall(&mut self, id: u32) {
        let (Some(kept), Some(translator)) = (&mut self.kept, &mut self.translator) else {
            return;
        };
        let Some(device) = self.devices.get(id as usize).and_then(Option::as_ref) else {
            return;
        };
        let Some(recalled) = kept.claim(&device.public_key) else {
            return;
        };
        translator.hand(&recalled.internal, id);
        if let Some(hot) = self.wake(id, recalled.used) {
            hot.internal = Some(recalled.internal);
            hot.kept = Some(recalled.row);
            hot.is_awaited = true;
        }
    }

    /// Writes down which address a device has, and when it last used it.
    pub(super) fn keep(&mut self, id: u32) {
        let Some(kept) = &mut self.kept else { return };
        let Some(device) = self.devices.get_mut(id as usize).and_then(Option::as_mut) else {
            return;
        };
        let Some(hot) = device.hot.as_deref_mut() else { return };
        let Some(internal) = hot.internal else { return };
        hot.kept = match hot.kept {
            Some(row) => Some(kept.touch(row, &internal, hot.internal_used)),
            None => kept.put(&device.public_key, &internal, hot.internal_used),
        };
        self.reschedule(id);
    }

    /// Strikes what is written down of a device.
    pub(super) fn strike(&mut self, id: u32) {
        let row = self.hot_mut(id).and_then(|hot| hot.kept.take());
        if let (Some(row), Some(kept)) = (row, &mut self.kept) {
            kept.strike(row);
        }
    }
}
