//! What the VPN is told, and who is stopped: one place, so that the last word about a member is always the right one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use plan::MemberId;
use store::StoreError;
use tokio::sync::mpsc;

use crate::devices::DeviceChange;
use crate::standing::Stop;

/// Does something by a task of its own, so that it is done to its end when whoever asked for it has gone away.
pub(crate) async fn apart<T: Send + 'static, E: From<StoreError> + Send + 'static>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E> {
    // It ends early with the runtime alone.
    let done = tokio::spawn(work).await;
    done.unwrap_or_else(|_| Err(StoreError::Closing.into()))
}

#[derive(Default)]
struct Stops {
    of: BTreeMap<MemberId, Stop>,
    /// How often somebody began to look who is to be served.
    looks: u64,
    /// The latest look whose result holds.
    heeded: u64,
}

/// Where the VPN learns of devices, and who of the members is stopped.
pub(crate) struct Serving {
    changes: mpsc::UnboundedSender<DeviceChange>,
    stops: Mutex<Stops>,
}

impl Serving {
    pub(crate) fn new(changes: mpsc::UnboundedSender<DeviceChange>) -> Self {
        Self {
            changes,
            stops: Mutex::default(),
        }
    }

    pub(crate) fn tell(&self, change: DeviceChange) {
        // Nobody listens where no VPN runs; the next worker reads all devices when it starts.
        let _unheard = self.changes.send(change);
    }

    pub(crate) fn stopped(&self, member: MemberId) -> Option<Stop> {
        self.locked().of.get(&member).copied()
    }

    /// The member is gone, and with them every device.
    pub(crate) fn remove_member(&self, member: MemberId) {
        self.tell(DeviceChange::MemberRemoved { member });
        self.locked().of.remove(&member);
    }

    /// The number of a look that begins now.
    pub(crate) fn begin_look(&self) -> u64 {
        let mut stops = self.locked();
        stops.looks += 1;
        stops.looks
    }

    /// Takes what a look found; `None` when a later one has been taken already.
    pub(crate) fn heed(&self, look: u64, found: BTreeMap<MemberId, Stop>) -> Option<Turn<'_>> {
        let mut stops = self.locked();
        if stops.heeded > look {
            return None;
        }
        stops.heeded = look;
        let before = std::mem::replace(&mut stops.of, found);
        let is_new = |member: &&MemberId| !before.contains_key(member);
        let stopped = stops.of.keys().filter(is_new).copied().collect();
        let is_over = |(member, _): &(MemberId, Stop)| !stops.of.contains_key(member);
        let back = before.iter().map(|(member, stop)| (*member, *stop)).filter(is_over);
        Some(Turn {
            back: back.collect(),
            stopped,
            serving: self,
        })
    }

    fn locked(&self) -> MutexGuard<'_, Stops> {
        self.stops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who is stopped and who is served again since the look before. Whoever the VPN was not told of when this is dropped, by
/// a failure or because nobody waits any more, counts as before, so that the next look finds them again.
pub(crate) struct Turn<'s> {
    serving: &'s Serving,
    stopped: BTreeSet<MemberId>,
    back: BTreeMap<MemberId, Stop>,
}

impl Turn<'_> {
    /// Somebody who is stopped now and of whom the VPN was not told.
    pub(crate) fn next_stopped(&self) -> Option<MemberId> {
        self.stopped.first().copied()
    }

    /// Tells that these devices of a stopped member are served no more.
    pub(crate) fn stop(&mut self, member: MemberId, devices: impl Iterator<Item = DeviceChange>) {
        let stops = self.serving.locked();
        // A later look may have let them in again, and told so.
        if stops.of.contains_key(&member) {
            devices.for_each(|change| self.serving.tell(change));
        }
        self.stopped.remove(&member);
    }

    pub(crate) fn is_back(&self, member: MemberId) -> bool {
        self.back.contains_key(&member)
    }

    pub(crate) fn has_back(&self) -> bool {
        !self.back.is_empty()
    }

    /// Tells of the devices of those who are served again.
    pub(crate) fn let_back(&mut self, devices: impl Iterator<Item = (MemberId, DeviceChange)>) {
        let stops = self.serving.locked();
        for (member, change) in devices {
            // A later look may have stopped them again, and told so.
            if !stops.of.contains_key(&member) {
                self.serving.tell(change);
            }
        }
        self.back.clear();
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut stops = self.serving.locked();
        for member in &self.stopped {
            stops.of.remove(member);
        }
        for (member, stop) in &self.back {
            stops.of.entry(*member).or_insert(*stop);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: MemberId = MemberId::from_bytes([1; 16]);

    fn stop() -> BTreeMap<MemberId, Stop> {
        BTreeMap::from([(ADA, Stop::Suspended)])
    }

    fn serving() -> (Serving, mpsc::UnboundedReceiver<DeviceChange>) {
        let (changes, heard) = mpsc::unbounded_channel();
        (Serving::new(changes), heard)
    }

    #[test]
    fn whoever_the_vpn_was_not_told_of_is_found_again_by_the_next_look() {
        let (serving, _heard) = serving();
        let turn = serving
            .heed(serving.begin_look(), stop())
            .expect("there is no later look");
        assert_eq!(turn.next_stopped(), Some(ADA));
        drop(turn);
        let mut turn = serving
            .heed(serving.begin_look(), stop())
            .expect("there is no later look");
        assert_eq!(turn.next_stopped(), Some(ADA), "the devices still run");
        turn.stop(ADA, std::iter::empty());
        drop(turn);
        let turn = serving
            .heed(serving.begin_look(), stop())
            .expect("there is no later look");
        assert_eq!(turn.next_stopped(), None);
        drop(turn);
        for _ in 0..2 {
            let turn = serving.heed(serving.begin_look(), BTreeMap::new());
            assert!(turn.expect("there is no later look").is_back(ADA), "nobody was told");
        }
    }

    #[test]
    fn an_earlier_look_does_not_overrule_a_later_one() {
        let (serving, mut heard) = serving();
        let (early, late) = (serving.begin_look(), serving.begin_look());
        let mut turn = serving.heed(late, stop()).expect("it is the latest");
        assert!(serving.heed(early, BTreeMap::new()).is_none());
        let next = serving.begin_look();
        let mut back = serving.heed(next, BTreeMap::new()).expect("it is the latest");
        back.let_back(std::iter::empty());
        turn.stop(ADA, std::iter::once(DeviceChange::MemberRemoved { member: ADA }));
        assert!(heard.try_recv().is_err(), "a later look let them in again");
    }
}
