//! A person with their data key in hand.

use std::sync::Arc;

use plan::value::Value as _;
use plan::{SubjectId, Timestamp};

use crate::engine::{Definition, Expect, Op};
use crate::row::SharedIndexKey;
use crate::seal::{IndexKey, SealingKey};

/// Every row names its subject in this table, so that the database refuses a row about somebody who was erased.
pub(crate) const CREATE: Definition = Definition::table(
    "CREATE TABLE subject (id BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID",
    "CREATE TABLE subject (id bytea NOT NULL, PRIMARY KEY (id))",
    "ALTER TABLE subject ALTER COLUMN id SET STATISTICS 0",
);
const STORED: &str = "SELECT id FROM subject ORDER BY id";
const COUNT: &str = "SELECT COUNT(*) FROM subject";
/// What counts, reads and puts rows as they are stored; for [`crate::transfer`].
pub(crate) const CARRY: [&str; 3] = [COUNT, STORED, INSERT];
pub(crate) const REWRITE: &str = "VACUUM (FULL) subject";
pub(crate) const INSERT: &str = "INSERT INTO subject (id) VALUES ($1) ON CONFLICT (id) DO NOTHING";
pub(crate) const DELETE: &str = "DELETE FROM subject WHERE id = $1";
pub(crate) const ALL: &str = "SELECT id FROM subject";

/// (name, text, table): part of the closed list.
pub(crate) const STATEMENTS: &[(&str, &str, &str)] = &[
    ("subject.insert", INSERT, "subject"),
    ("subject.delete", DELETE, "subject"),
    ("subject.all", ALL, "subject"),
    ("subject.stored", STORED, "subject"),
    ("subject.count", COUNT, "subject"),
];

pub(crate) fn insert(id: SubjectId) -> Op {
    Op {
        sql: INSERT,
        cells: vec![id.to_cell()],
        expect: Expect::Any,
    }
}

pub(crate) fn delete(id: SubjectId) -> Op {
    Op {
        sql: DELETE,
        cells: vec![id.to_cell()],
        expect: Expect::Any,
    }
}

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
