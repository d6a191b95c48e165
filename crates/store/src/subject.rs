//! A person with their data key in hand.

use std::sync::Arc;

use plan::{SubjectId, Timestamp};

use crate::row::SharedIndexKey;
use crate::seal::{IndexKey, SealingKey};

/// A subject whose data key is in memory: what is needed to write rows about them.
#[derive(Clone)]
pub struct Subject {
    id: SubjectId,
    key: Arc<SealingKey>,
    index: SharedIndexKey,
    now: Timestamp,
}

impl Subject {
    pub(crate) const fn new(id: SubjectId, key: Arc<SealingKey>, index: SharedIndexKey, now: Timestamp) -> Self {
        Self { id, key, index, now }
    }

    /// Who.
    pub const fn id(&self) -> SubjectId {
        self.id
    }

    pub(crate) fn key(&self) -> &SealingKey {
        &self.key
    }

    pub(crate) fn index(&self) -> &IndexKey {
        &self.index
    }

    /// When the key was fetched: the instant of collection of what is written with it.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }
}
