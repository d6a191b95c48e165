//! Which device belongs to which account, and which number the worker knows the account by.

use std::collections::{BTreeMap, BTreeSet};

use account::{DeviceChange, UsageDelta};
use plan::{AccountSlot, DeviceId, MemberId};
use sys::Error;
use vpn::handover::{HandedDevice, Moved};
use vpn::proto::{PresharedKey, PublicKey};

/// The devices that one worker knows. A new worker gets a new roster, with other numbers.
#[derive(Default)]
pub(super) struct Roster {
    devices: BTreeMap<DeviceId, (MemberId, PublicKey)>,
    slots: BTreeMap<MemberId, AccountSlot>,
    members: BTreeMap<AccountSlot, MemberId>,
    /// Members without a device, whose last bytes come with the flush of this ticket.
    leaving: BTreeMap<MemberId, u32>,
    /// Members who were erased since this worker began: random ids, so that a device of theirs that is told of too late is
    /// not served. They go with the worker.
    erased: BTreeSet<MemberId>,
}

/// What a change means for the worker.
pub(super) enum Step {
    Put(HandedDevice),
    Remove(PublicKey),
}

impl Roster {
    /// Takes a change. Nothing when the worker need not know of it. After a removal the account's counters are to be
    /// flushed with `ticket`.
    pub(super) fn change(&mut self, change: &DeviceChange, ticket: u32) -> Result<Vec<Step>, Error> {
        match change {
            DeviceChange::Added { member, .. } if self.erased.contains(member) => Ok(Vec::new()),
            DeviceChange::Added {
                device,
                member,
                public_key,
                psk,
            } => {
                let public_key = PublicKey::from_bytes(*public_key);
                let AccountSlot(slot) = self.slot(*member)?;
                self.leaving.remove(member);
                self.devices.insert(*device, (*member, public_key));
                Ok(vec![Step::Put(HandedDevice {
                    slot,
                    public_key,
                    preshared_key: PresharedKey::from_bytes(**psk),
                })])
            }
            DeviceChange::Removed { device } => {
                let Some((member, public_key)) = self.devices.remove(device) else {
                    return Ok(Vec::new());
                };
                if !self.devices.values().any(|(other, _)| *other == member) {
                    self.leaving.insert(member, ticket);
                }
                Ok(vec![Step::Remove(public_key)])
            }
            DeviceChange::MemberRemoved { member } => {
                self.erased.insert(*member);
                if self.slots.contains_key(member) {
                    self.leaving.insert(*member, ticket);
                }
                let theirs = self.devices.extract_if(.., |_, (owner, _)| owner == member);
                Ok(theirs.map(|(_, (_, key))| Step::Remove(key)).collect())
            }
        }
    }

    /// Whose bytes these were. Bytes of an unknown number are nobody's.
    pub(super) fn deltas(&self, moved: &[Moved]) -> Vec<UsageDelta> {
        let delta = |moved: &Moved| {
            let member = *self.members.get(&AccountSlot(moved.slot))?;
            Some(UsageDelta {
                member,
                up: moved.up,
                down: moved.down,
            })
        };
        moved.iter().filter_map(delta).collect()
    }

    /// All bytes up to this ticket's flush are known: who had left by then is forgotten.
    pub(super) fn flushed(&mut self, ticket: u32) {
        let gone = self.leaving.extract_if(.., |_, leaving| *leaving <= ticket);
        for (member, _) in gone {
            if let Some(slot) = self.slots.remove(&member) {
                self.members.remove(&slot);
            }
        }
    }

    fn slot(&mut self, member: MemberId) -> Result<AccountSlot, Error> {
        if let Some(slot) = self.slots.get(&member) {
            return Ok(*slot);
        }
        loop {
            let mut drawn = [0; 4];
            sys::time::fill_entropy(&mut drawn)?;
            let slot = AccountSlot(u32::from_le_bytes(drawn));
            if let std::collections::btree_map::Entry::Vacant(vacant) = self.members.entry(slot) {
                vacant.insert(member);
                self.slots.insert(member, slot);
                return Ok(slot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn added(device: u8, member: u8) -> DeviceChange {
        DeviceChange::Added {
            device: DeviceId::from_bytes([device; 16]),
            member: MemberId::from_bytes([member; 16]),
            public_key: [device; 32],
            psk: Zeroizing::new([0; 32]),
        }
    }

    fn removed(device: u8) -> DeviceChange {
        DeviceChange::Removed {
            device: DeviceId::from_bytes([device; 16]),
        }
    }

    fn slot(steps: Vec<Step>) -> u32 {
        match steps.as_slice() {
            [Step::Put(device)] => device.slot,
            _ => panic!("a device was to be put"),
        }
    }

    fn moved(slot: u32) -> Vec<Moved> {
        vec![Moved { slot, up: 1, down: 2 }]
    }

    #[test]
    fn devices_of_one_account_share_a_slot_and_accounts_do_not() {
        let mut roster = Roster::default();
        let one = slot(roster.change(&added(1, 7), 1).unwrap());
        let two = slot(roster.change(&added(2, 7), 1).unwrap());
        let other = slot(roster.change(&added(3, 8), 1).unwrap());
        assert_eq!(one, two);
        assert_ne!(one, other);
        assert_eq!(roster.deltas(&moved(one))[0].member, MemberId::from_bytes([7; 16]));
    }

    #[test]
    fn a_slot_lives_until_the_last_bytes_of_its_account_are_written_down() {
        let mut roster = Roster::default();
        let slot = slot(roster.change(&added(1, 7), 1).unwrap());
        assert!(matches!(
            roster.change(&removed(1), 5).unwrap().as_slice(),
            [Step::Remove(_)]
        ));
        roster.flushed(4);
        assert_eq!(roster.deltas(&moved(slot)).len(), 1);
        roster.flushed(5);
        assert_eq!(roster.deltas(&moved(slot)).len(), 0);
    }

    #[test]
    fn a_member_who_comes_back_keeps_the_slot() {
        let mut roster = Roster::default();
        let before = slot(roster.change(&added(1, 7), 1).unwrap());
        roster.change(&removed(1), 2).unwrap();
        assert_eq!(slot(roster.change(&added(1, 7), 3).unwrap()), before);
        roster.flushed(2);
        assert_eq!(roster.deltas(&moved(before)).len(), 1);
    }

    #[test]
    fn an_unknown_device_is_nothing_to_remove() {
        assert!(Roster::default().change(&removed(1), 1).unwrap().is_empty());
    }

    #[test]
    fn an_erased_members_devices_go_together_and_none_comes_later() {
        let mut roster = Roster::default();
        let slot = slot(roster.change(&added(1, 7), 1).unwrap());
        roster.change(&added(2, 7), 1).unwrap();
        roster.change(&added(3, 8), 1).unwrap();
        let erased = DeviceChange::MemberRemoved {
            member: MemberId::from_bytes([7; 16]),
        };
        assert_eq!(roster.change(&erased, 5).unwrap().len(), 2);
        assert!(roster.change(&added(4, 7), 6).unwrap().is_empty(), "told of too late");
        assert_eq!(roster.change(&added(5, 8), 6).unwrap().len(), 1, "another member's");
        roster.flushed(5);
        assert_eq!(roster.deltas(&moved(slot)).len(), 0);
    }
}
