//! One UDP port or echo identifier of a member's, and whom it may hear from.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::limits::{DATAGRAMS, ECHOES, REMOTES_OF_MAPPING};

/// What a mapping carries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// UDP datagrams.
    Datagrams,
    /// Echoes of `ping`.
    Echoes,
}

/// RFC 4787: "endpoint-independent mapping", "address-dependent filtering".
pub(super) struct Mapping {
    pub(super) kind: Kind,
    /// The member's internal address, and its port or identifier.
    pub(super) member: SocketAddr,
    remotes: BTreeMap<IpAddr, Instant>,
    last: Instant,
}

impl Mapping {
    pub(super) fn new(kind: Kind, member: SocketAddr, now: Instant) -> Self {
        Self {
            kind,
            member,
            remotes: BTreeMap::new(),
            last: now,
        }
    }

    /// A packet of the member's to `remote`. `true` when it is the first there.
    pub(super) fn reach(&mut self, remote: IpAddr, now: Instant) -> bool {
        self.last = now;
        if self.remotes.insert(remote, now).is_some() {
            return false;
        }
        if self.remotes.len() > REMOTES_OF_MAPPING {
            let oldest = self
                .remotes
                .iter()
                .min_by_key(|(_, last)| **last)
                .map(|(remote, _)| *remote);
            oldest.map(|remote| self.remotes.remove(&remote));
        }
        true
    }

    pub(super) fn forget(&mut self, remote: IpAddr) {
        self.remotes.remove(&remote);
    }

    pub(super) fn may_hear(&self, remote: IpAddr) -> bool {
        self.remotes.contains_key(&remote)
    }

    /// RFC 4787, REQ-6: what the member sends keeps a mapping alive, what it receives does not have to.
    pub(super) fn deadline(&self) -> Instant {
        self.last
            + match self.kind {
                Kind::Datagrams => DATAGRAMS,
                Kind::Echoes => ECHOES,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_mapping_hears_from_so_many_and_the_oldest_is_forgotten() {
        let (mut now, remote) = (Instant::now(), |last: u32| IpAddr::from(last.to_be_bytes()));
        let mut mapping = Mapping::new(Kind::Datagrams, "100.64.0.1:9".parse().unwrap(), now);
        for last in 0..=REMOTES_OF_MAPPING as u32 {
            now += Duration::from_millis(1);
            assert!(mapping.reach(remote(last), now));
            assert!(!mapping.reach(remote(last), now));
        }
        assert!(!mapping.may_hear(remote(0)));
        assert!(mapping.may_hear(remote(1)) && mapping.may_hear(remote(REMOTES_OF_MAPPING as u32)));
        assert_eq!(mapping.deadline(), now + DATAGRAMS);
    }
}
