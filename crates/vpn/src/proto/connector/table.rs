//! The flows that there are: by number, by what packets say, by member and by the time at which something is due.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::FlowId;
use super::endpoint::Endpoint;
use super::limits::FLOWS_OF_ADDRESS;
use super::mapping::{Kind, Mapping};

/// What packets of one flow have in common.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Stream { member: SocketAddr, to: SocketAddr },
    Mapping { kind: Kind, member: SocketAddr },
}

impl Key {
    fn class(&self) -> Class {
        match self {
            Self::Stream { .. } => Class::Stream,
            Self::Mapping { .. } => Class::Mapping,
        }
    }

    fn member(&self) -> IpAddr {
        match self {
            Self::Stream { member, .. } | Self::Mapping { member, .. } => member.ip(),
        }
    }
}

/// What a flow takes a place of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Stream,
    Mapping,
}

/// One flow.
pub(super) enum Flow {
    /// The destination has not answered yet. Holds the member's first segment.
    Connecting { first: Vec<u8>, since: Instant },
    /// A connection. `is_finished`: the destination has finished.
    Open {
        endpoint: Box<Endpoint>,
        last: Instant,
        is_finished: bool,
    },
    /// A UDP port or an echo identifier.
    Mapped(Mapping),
}

/// Which flows are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Oldest {
    Any,
    NotInUse,
}

struct Entry {
    key: Key,
    flow: Flow,
    at: Option<Instant>,
}

/// How many flows of one class each address has.
#[derive(Default)]
struct Shares {
    counts: BTreeMap<IpAddr, usize>,
    /// The same, the largest last.
    order: BTreeSet<(usize, IpAddr)>,
}

impl Shares {
    fn of(&self, member: IpAddr) -> usize {
        self.counts.get(&member).copied().unwrap_or(0)
    }

    fn set(&mut self, member: IpAddr, count: usize) {
        self.order.remove(&(self.of(member), member));
        match count {
            0 => drop(self.counts.remove(&member)),
            _ => {
                self.counts.insert(member, count);
                self.order.insert((count, member));
            }
        }
    }
}

#[derive(Default)]
pub(super) struct Table {
    entries: BTreeMap<FlowId, Entry>,
    by_key: BTreeMap<Key, FlowId>,
    by_address: BTreeMap<IpAddr, BTreeSet<FlowId>>,
    due: BTreeSet<(Instant, FlowId)>,
    streams: Shares,
    mappings: Shares,
    stream_count: usize,
    next: FlowId,
}

impl Table {
    pub(super) fn find(&self, key: &Key) -> Option<FlowId> {
        self.by_key.get(key).copied()
    }

    pub(super) fn flow(&mut self, flow: FlowId) -> Option<&mut Flow> {
        self.entries.get_mut(&flow).map(|entry| &mut entry.flow)
    }

    pub(super) fn key(&self, flow: FlowId) -> Option<Key> {
        self.entries.get(&flow).map(|entry| entry.key)
    }

    pub(super) fn insert(&mut self, key: Key, flow: Flow) -> FlowId {
        let number = self.next;
        self.next += 1;
        self.stream_count += usize::from(key.class() == Class::Stream);
        let member = key.member();
        let shares = self.shares(key.class());
        shares.set(member, shares.of(member) + 1);
        self.by_key.insert(key, number);
        self.by_address.entry(key.member()).or_default().insert(number);
        self.entries.insert(number, Entry { key, flow, at: None });
        number
    }

    /// `false` when it was not there.
    pub(super) fn remove(&mut self, flow: FlowId) -> bool {
        let Some(entry) = self.entries.remove(&flow) else {
            return false;
        };
        self.stream_count -= usize::from(entry.key.class() == Class::Stream);
        self.by_key.remove(&entry.key);
        if let Some(at) = entry.at {
            self.due.remove(&(at, flow));
        }
        let member = entry.key.member();
        let shares = self.shares(entry.key.class());
        shares.set(member, shares.of(member).saturating_sub(1));
        if let Some(flows) = self.by_address.get_mut(&member) {
            flows.remove(&flow);
            if flows.is_empty() {
                self.by_address.remove(&member);
            }
        }
        true
    }

    pub(super) fn schedule(&mut self, flow: FlowId, at: Instant) {
        if let Some(entry) = self.entries.get_mut(&flow)
            && entry.at != Some(at)
        {
            if let Some(before) = entry.at.replace(at) {
                self.due.remove(&(before, flow));
            }
            self.due.insert((at, flow));
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The flows whose time has come; each must be scheduled again.
    pub(super) fn due(&mut self, now: Instant) -> Vec<FlowId> {
        let mut flows = Vec::new();
        while let Some(&(at, flow)) = self.due.first()
            && at <= now
        {
            self.due.pop_first();
            if let Some(entry) = self.entries.get_mut(&flow) {
                entry.at = None;
            }
            flows.push(flow);
        }
        flows
    }

    pub(super) fn has_room_for(&self, member: IpAddr) -> bool {
        self.by_address.get(&member).map_or(0, BTreeSet::len) < FLOWS_OF_ADDRESS
    }

    fn shares(&mut self, class: Class) -> &mut Shares {
        match class {
            Class::Stream => &mut self.streams,
            Class::Mapping => &mut self.mappings,
        }
    }

    /// Which flow of a class makes room for one of `member`: the oldest of the address that has most, half-open ones
    /// first. Where nobody has more than `member`, one of its own that is not in use; `None` when there is none.
    pub(super) fn surplus(&mut self, class: Class, member: IpAddr) -> Option<FlowId> {
        let shares = self.shares(class);
        let own = shares.of(member);
        match shares.order.last() {
            Some(&(most, address)) if most > own => self.oldest_of(address, class, Oldest::Any),
            Some(_) | None => self.oldest_of(member, class, Oldest::NotInUse),
        }
    }

    fn oldest_of(&self, member: IpAddr, class: Class, which: Oldest) -> Option<FlowId> {
        let flows = self.by_address.get(&member)?.iter();
        let ages = flows.filter_map(|flow| {
            let entry = self.entries.get(flow)?;
            let (is_used, since) = match &entry.flow {
                Flow::Connecting { since, .. } => (false, *since),
                Flow::Mapped(mapping) => (false, mapping.deadline()),
                Flow::Open { last, .. } => (true, *last),
            };
            let is_meant = entry.key.class() == class && (which == Oldest::Any || !is_used);
            is_meant.then_some((is_used, since, *flow))
        });
        ages.min().map(|(_, _, flow)| flow)
    }

    pub(super) fn oldest_mapping_of(&self, member: IpAddr) -> Option<FlowId> {
        let flows = self.by_address.get(&member)?.iter();
        let mapped = flows.filter_map(|flow| match &self.entries.get(flow)?.flow {
            Flow::Mapped(mapping) => Some((mapping.deadline(), *flow)),
            Flow::Connecting { .. } | Flow::Open { .. } => None,
        });
        mapped.min().map(|(_, flow)| flow)
    }

    pub(super) fn flows_of(&self, member: IpAddr) -> Vec<FlowId> {
        self.by_address.get(&member).into_iter().flatten().copied().collect()
    }

    pub(super) fn all(&self) -> Vec<FlowId> {
        self.entries.keys().copied().collect()
    }

    pub(super) fn count(&self, class: Class) -> usize {
        match class {
            Class::Stream => self.stream_count,
            Class::Mapping => self.entries.len() - self.stream_count,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
            + self.by_key.len()
            + self.by_address.len()
            + self.due.len()
            + self.streams.counts.len()
            + self.mappings.counts.len()
    }
}
