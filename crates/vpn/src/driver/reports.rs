//! What the worker still has to tell: counters added up by account, and freed addresses.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use sys::Channel;

use crate::handover::{ACCOUNTS, ADDRESSES, FromWorker, Moved};
use crate::proto::{Engine, Event, Internal};

/// Freed addresses that wait for the parent. A parent that does not read for so long has other
/// troubles; what is beyond waits for the kernel's own timeouts. Guess.
const FREED: usize = 65_536;

/// Reports in the order in which they must arrive. Nothing is lost when the parent is slow: bytes of
/// one account are added up until they can be sent.
#[derive(Default)]
pub(super) struct Reports {
    moved: BTreeMap<u32, (u64, u64)>,
    freed: VecDeque<Internal>,
    /// Flushes that end when `moved` is empty.
    asked: Vec<u32>,
    is_stopping: bool,
}

/// Whether everything could be sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    All,
    /// The parent does not read; try again when the channel can be written.
    Waiting,
    /// All, and the last message too.
    Stopped,
}

impl Reports {
    /// Takes the engine's counters; `ticket` is who asked.
    pub(super) fn flush(&mut self, engine: &mut Engine, ticket: u32) {
        for usage in engine.drain_usage() {
            let (up, down) = self.moved.entry(usage.slot).or_default();
            *up = up.saturating_add(usage.up);
            *down = down.saturating_add(usage.down);
        }
        // The worker's own clock may ask again while the parent does not read: once is enough.
        if ticket != 0 || !self.asked.contains(&0) {
            self.asked.push(ticket);
        }
    }

    /// The last flush.
    pub(super) fn stop(&mut self, engine: &mut Engine) {
        self.flush(engine, 0);
        self.is_stopping = true;
    }

    /// Takes the engine's events. `true` when there is something new to tell.
    pub(super) fn take_events(&mut self, engine: &mut Engine) -> bool {
        let before = self.freed.len();
        while let Some(event) = engine.poll_event() {
            match event {
                Event::AddressFreed(internal) => self.free([internal]),
                // Who came and went is told to nobody.
                Event::Connected(_) | Event::Unreachable(_) | Event::Forgotten(_) => {}
            }
        }
        self.freed.len() > before
    }

    /// These are nobody's any more.
    pub(super) fn free(&mut self, addresses: impl IntoIterator<Item = Internal>) {
        let room = FREED.saturating_sub(self.freed.len());
        self.freed.extend(addresses.into_iter().take(room));
    }

    /// Sends as much as the channel takes.
    ///
    /// # Errors
    /// The channel is closed: the parent is gone.
    pub(super) fn send(&mut self, channel: &Channel, active_devices: usize) -> io::Result<Sent> {
        while !self.freed.is_empty() {
            let batch: Vec<Internal> = self.freed.iter().take(ADDRESSES).copied().collect();
            let count = batch.len();
            if !tell(channel, &FromWorker::Freed(batch))? {
                return Ok(Sent::Waiting);
            }
            self.freed.drain(..count);
        }
        while !self.asked.is_empty() && !self.moved.is_empty() {
            let batch: Vec<Moved> = self.batch();
            if !tell(channel, &FromWorker::Usage(batch.clone()))? {
                return Ok(Sent::Waiting);
            }
            for moved in batch {
                self.moved.remove(&moved.slot);
            }
        }
        while let Some(ticket) = self.asked.first().copied() {
            let active_devices = u32::try_from(active_devices).unwrap_or(u32::MAX);
            if !tell(channel, &FromWorker::Flushed { ticket, active_devices })? {
                return Ok(Sent::Waiting);
            }
            self.asked.remove(0);
        }
        if !self.is_stopping {
            return Ok(Sent::All);
        }
        if tell(channel, &FromWorker::Stopped)? {
            Ok(Sent::Stopped)
        } else {
            Ok(Sent::Waiting)
        }
    }

    fn batch(&self) -> Vec<Moved> {
        let entries = self.moved.iter().take(ACCOUNTS);
        entries.map(|(&slot, &(up, down))| Moved { slot, up, down }).collect()
    }
}

/// `false` when the parent does not read.
pub(super) fn tell(channel: &Channel, message: &FromWorker) -> io::Result<bool> {
    match channel.send(&message.encode()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}
