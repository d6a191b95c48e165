//! One ordered queue of the devices that have something to do.
//!
//! Only active devices are in it, each at most once, so a tick costs as much as there is to do. A
//! packet usually moves a device's deadline to later; then the queue is left alone, the entry fires
//! early and is put back where it belongs. That way the packet path does not touch the queue.

use std::collections::BTreeSet;
use std::time::Instant;

#[derive(Default)]
pub(crate) struct Deadlines {
    queue: BTreeSet<(Instant, u32)>,
}

impl Deadlines {
    /// Makes sure that `device`, queued at `queued`, wakes no later than `deadline`.
    pub(crate) fn pull_forward(&mut self, device: u32, queued: &mut Option<Instant>, deadline: Option<Instant>) {
        let Some(deadline) = deadline else { return };
        if queued.is_some_and(|queued| queued <= deadline) {
            return;
        }
        self.forget(device, *queued);
        self.queue.insert((deadline, device));
        *queued = Some(deadline);
    }

    pub(crate) fn forget(&mut self, device: u32, queued: Option<Instant>) {
        if let Some(queued) = queued {
            self.queue.remove(&(queued, device));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// The earliest entry; the device may find that it woke too early.
    pub(crate) fn first(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes a device that is due.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<u32> {
        let &(at, device) = self.queue.first()?;
        if at > now {
            return None;
        }
        self.queue.pop_first();
        Some(device)
    }
}
