//! What a member tells us: one table, one row for each person and field.

use std::sync::Arc;

use plan::act::{Act, Keep};
use plan::value::{Cell, Value};
use plan::{Clock, Field, Permit, Personal, Plan, PurposeId, SubjectId, Timestamp};

use crate::engine::{Definition, Engine, Expect, Op};
use crate::keys::Keys;
use crate::seal::place;
use crate::statement::{Statement, Touch};
use crate::{StoreError, Subject};

pub(crate) const CREATE_DECLARED: Definition = Definition::table(
    "CREATE TABLE declared_field (field TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID",
    "CREATE TABLE declared_field (field text COLLATE \"C\" NOT NULL, PRIMARY KEY (field))",
    "ALTER TABLE declared_field ALTER COLUMN field SET STATISTICS 0",
);
pub(crate) const CREATE_HELD: Definition = Definition::table(
    "CREATE TABLE held (subject BLOB NOT NULL REFERENCES subject (id), field TEXT NOT NULL REFERENCES declared_field (field), \
     value BLOB NOT NULL, origin INTEGER NOT NULL, collected_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, \
     PRIMARY KEY (subject, field)) STRICT, WITHOUT ROWID",
    "CREATE TABLE held (subject bytea NOT NULL, field text COLLATE \"C\" NOT NULL, value bytea NOT NULL, origin bigint NOT NULL, \
     collected_at bigint NOT NULL, expires_at bigint NOT NULL, FOREIGN KEY (subject) REFERENCES subject(id), \
     FOREIGN KEY (field) REFERENCES declared_field(field), PRIMARY KEY (subject, field))",
    "ALTER TABLE held ALTER COLUMN subject SET STATISTICS 0, ALTER COLUMN field SET STATISTICS 0, \
     ALTER COLUMN value SET STATISTICS 0, ALTER COLUMN origin SET STATISTICS 0, \
     ALTER COLUMN collected_at SET STATISTICS 0, ALTER COLUMN expires_at SET STATISTICS 0",
);
pub(crate) const CREATE_LOOKUP: Definition = Definition::table(
    "CREATE TABLE held_lookup (field TEXT NOT NULL REFERENCES declared_field (field), lookup BLOB NOT NULL, \
     subject BLOB NOT NULL REFERENCES subject (id), PRIMARY KEY (field, lookup)) STRICT, WITHOUT ROWID",
    "CREATE TABLE held_lookup (field text COLLATE \"C\" NOT NULL, lookup bytea NOT NULL, subject bytea NOT NULL, \
     FOREIGN KEY (field) REFERENCES declared_field(field), FOREIGN KEY (subject) REFERENCES subject(id), \
     PRIMARY KEY (field, lookup))",
    "ALTER TABLE held_lookup ALTER COLUMN field SET STATISTICS 0, ALTER COLUMN lookup SET STATISTICS 0, \
     ALTER COLUMN subject SET STATISTICS 0",
);
pub(crate) const CREATE_LOOKUP_INDEX: Definition =
    Definition::index("CREATE INDEX held_lookup_by_owner ON held_lookup (subject)");
pub(crate) const CREATE_HELD_EXPIRY: Definition = Definition::index("CREATE INDEX held_by_expiry ON held (expires_at)");

pub(crate) const REWRITE_HELD: &str = "VACUUM (FULL) held";
pub(crate) const REWRITE_LOOKUP: &str = "VACUUM (FULL) held_lookup";
const STORED: &str = "SELECT subject, field, value, origin, collected_at, expires_at FROM held ORDER BY subject, field";
const STORED_LOOKUPS: &str = "SELECT field, lookup, subject FROM held_lookup ORDER BY field, lookup";
const STORED_DECLARED: &str = "SELECT field FROM declared_field ORDER BY field";
const COUNT: &str = "SELECT COUNT(*) FROM held";
const COUNT_LOOKUPS: &str = "SELECT COUNT(*) FROM held_lookup";
const COUNT_DECLARED: &str = "SELECT COUNT(*) FROM declared_field";
/// What counts, reads and puts rows as they are stored; for [`crate::transfer`].
pub(crate) const CARRY: [&str; 3] = [COUNT, STORED, PUT];
pub(crate) const CARRY_LOOKUPS: [&str; 3] = [COUNT_LOOKUPS, STORED_LOOKUPS, PUT_LOOKUP];
pub(crate) const CARRY_DECLARED: [&str; 3] = [COUNT_DECLARED, STORED_DECLARED, DECLARE];
pub(crate) const DECLARE: &str = "INSERT INTO declared_field (field) VALUES ($1) ON CONFLICT (field) DO NOTHING";
pub(crate) const DECLARED: &str = "SELECT field FROM declared_field";
pub(crate) const WITHDRAW: &str = "DELETE FROM declared_field WHERE field = $1";
pub(crate) const COUNT_BY_FIELD: &str = "SELECT field, COUNT(*) FROM held GROUP BY field";
pub(crate) const CLEAR_FIELD: &str = "DELETE FROM held WHERE field = $1";
pub(crate) const CLEAR_LOOKUPS: &str = "DELETE FROM held_lookup WHERE field = $1";
pub(crate) const ERASE: &str = "DELETE FROM held WHERE subject = $1";
pub(crate) const ERASE_LOOKUPS: &str = "DELETE FROM held_lookup WHERE subject = $1";
pub(crate) const SWEEP_LOOKUPS: &str =
    "DELETE FROM held_lookup WHERE (subject, field) IN (SELECT subject, field FROM held WHERE expires_at <= $1)";
pub(crate) const SWEEP: &str = "DELETE FROM held WHERE expires_at <= $1";
pub(crate) const SHORTEN: &str =
    "UPDATE held SET expires_at = collected_at + $2 WHERE field = $1 AND expires_at > collected_at + $2";
pub(crate) const OWNERS: &str = "SELECT DISTINCT subject FROM held";
pub(crate) const EXPORT: &str = "SELECT field, value, origin, collected_at, expires_at FROM held WHERE subject = $1 AND expires_at > $2 ORDER BY field";
const PUT: &str = "INSERT INTO held (subject, field, value, origin, collected_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (subject, field) DO UPDATE SET value = excluded.value, origin = excluded.origin, \
     collected_at = excluded.collected_at, expires_at = excluded.expires_at";
const FORGET_LOOKUP: &str = "DELETE FROM held_lookup WHERE subject = $1 AND field = $2";
const FREE_LOOKUP: &str = "DELETE FROM held_lookup WHERE field = $1 AND lookup = $2 AND EXISTS (SELECT 1 FROM held \
     WHERE held.subject = held_lookup.subject AND held.field = held_lookup.field AND held.expires_at <= $3)";
const PUT_LOOKUP: &str = "INSERT INTO held_lookup (field, lookup, subject) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const GET: &str =
    "SELECT value, origin, collected_at, expires_at FROM held WHERE subject = $1 AND field = $2 AND expires_at > $3";
const FIND: &str = "SELECT held_lookup.subject FROM held_lookup JOIN held ON held.subject = held_lookup.subject AND held.field = held_lookup.field \
     WHERE held_lookup.field = $1 AND held_lookup.lookup = $2 AND held.expires_at > $3";

const ALL_HELD: &[Touch] = &[Touch {
    table: "held",
    columns: None,
}];
const ALL_LOOKUP: &[Touch] = &[Touch {
    table: "held_lookup",
    columns: None,
}];
const BOTH: &[Touch] = &[
    Touch {
        table: "held",
        columns: None,
    },
    Touch {
        table: "held_lookup",
        columns: None,
    },
];
const DECLARED_FIELD: &[Touch] = &[Touch {
    table: "declared_field",
    columns: None,
}];

const fn statement(name: &'static str, sql: &'static str, touches: &'static [Touch]) -> Statement {
    Statement {
        name,
        sql,
        touches,
        purpose: PurposeId::Account,
    }
}

/// The statements of the table `held`; part of the closed list.
pub const HELD: &[Statement] = &[
    statement("held.declare", DECLARE, DECLARED_FIELD),
    statement("held.declared", DECLARED, DECLARED_FIELD),
    statement("held.withdraw", WITHDRAW, DECLARED_FIELD),
    statement("held.count_by_field", COUNT_BY_FIELD, ALL_HELD),
    statement("held.clear_field", CLEAR_FIELD, ALL_HELD),
    statement("held.clear_lookups", CLEAR_LOOKUPS, ALL_LOOKUP),
    statement("held.erase", ERASE, ALL_HELD),
    statement("held.erase_lookups", ERASE_LOOKUPS, ALL_LOOKUP),
    statement("held.sweep", SWEEP, ALL_HELD),
    statement("held.shorten", SHORTEN, ALL_HELD),
    statement("held.sweep_lookups", SWEEP_LOOKUPS, BOTH),
    statement("held.owners", OWNERS, ALL_HELD),
    statement("held.export", EXPORT, ALL_HELD),
    statement("held.put", PUT, ALL_HELD),
    statement("held.forget_lookup", FORGET_LOOKUP, ALL_LOOKUP),
    statement("held.free_lookup", FREE_LOOKUP, BOTH),
    statement("held.put_lookup", PUT_LOOKUP, ALL_LOOKUP),
    statement("held.get", GET, ALL_HELD),
    statement("held.find", FIND, BOTH),
    statement("held.stored", STORED, ALL_HELD),
    statement("held.stored_lookups", STORED_LOOKUPS, ALL_LOOKUP),
    statement("held.stored_declared", STORED_DECLARED, DECLARED_FIELD),
    statement("held.count", COUNT, ALL_HELD),
    statement("held.count_lookups", COUNT_LOOKUPS, ALL_LOOKUP),
    statement("held.count_declared", COUNT_DECLARED, DECLARED_FIELD),
];

/// Where a datum came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The person gave it.
    Person,
    /// The operator entered it.
    Operator,
    /// The program made it.
    Program,
}

impl Origin {
    const fn code(self) -> i64 {
        match self {
            Self::Person => 1,
            Self::Operator => 2,
            Self::Program => 3,
        }
    }

    pub(crate) const fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Person),
            2 => Some(Self::Operator),
            3 => Some(Self::Program),
            _ => None,
        }
    }

    /// What a page says.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Person => "you gave it",
            Self::Operator => "the operator entered it",
            Self::Program => "made by using the service",
        }
    }
}

/// One datum that is held about somebody.
pub struct Held<F: Field> {
    /// The value, in its box.
    pub value: Personal<F>,
    /// Where it came from.
    pub origin: Origin,
    /// When.
    pub collected_at: Timestamp,
    /// When it ends by itself; [`Timestamp::NEVER`] when it ends with the account.
    pub expires_at: Timestamp,
}

/// A row of `held`, opened: value, origin, and the two instants, as [`GET`] and [`EXPORT`] read them.
pub(crate) struct Opened {
    pub(crate) bytes: zeroize::Zeroizing<Vec<u8>>,
    pub(crate) origin: Origin,
    pub(crate) collected_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl Opened {
    pub(crate) fn of(subject: &Subject, field: &str, row: &[Cell]) -> Result<Self, StoreError> {
        let [
            Cell::Bytes(sealed),
            Cell::Integer(origin),
            Cell::Integer(collected),
            Cell::Integer(expires),
        ] = row
        else {
            return Err(StoreError::Malformed);
        };
        let place = place("held", field, subject.id().as_bytes());
        Ok(Self {
            bytes: zeroize::Zeroizing::new(subject.key().open(&place, sealed)?),
            origin: Origin::from_code(*origin).ok_or(StoreError::Malformed)?,
            collected_at: Timestamp::from_microseconds(*collected),
            expires_at: Timestamp::from_microseconds(*expires),
        })
    }
}

/// The table `held`. Each call takes the permit of the field.
#[derive(Clone)]
pub struct HeldTable {
    pub(crate) engine: Engine,
    pub(crate) keys: Arc<Keys>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl HeldTable {
    /// The change that puts a value, replacing the one that is there.
    pub fn put<F: Field>(
        &self,
        permit: &Permit<F, Keep>,
        subject: &Subject,
        value: &Personal<F>,
        origin: Origin,
    ) -> Op {
        let place = place("held", F::ID.key(), subject.id().as_bytes());
        let sealed = subject.key().seal(&place, &value.open(permit).to_bytes());
        let expiry = self
            .plan
            .keep(F::ID)
            .map_or(Timestamp::NEVER, |kept| kept.keep.expiry(subject.now()));
        let cells = vec![
            subject.id().to_cell(),
            Cell::Text(F::ID.key().to_owned()),
            Cell::Bytes(sealed),
            Cell::Integer(origin.code()),
            subject.now().to_cell(),
            expiry.to_cell(),
        ];
        Op {
            sql: PUT,
            cells,
            expect: Expect::Rows(1),
        }
    }

    /// The changes that put a value by which its subject can be found. The commit fails with [`StoreError::Taken`]
    /// when somebody else has the same.
    pub fn put_found<F: Field>(
        &self,
        permit: &Permit<F, Keep>,
        subject: &Subject,
        value: &Personal<F>,
        origin: Origin,
    ) -> Vec<Op> {
        let field = || Cell::Text(F::ID.key().to_owned());
        let lookup = subject.index().lookup(F::ID, &value.open(permit).to_bytes());
        vec![
            Op {
                sql: FORGET_LOOKUP,
                cells: vec![subject.id().to_cell(), field()],
                expect: Expect::Any,
            },
            // A value whose time is over is nobody's, whether it was swept or not.
            Op {
                sql: FREE_LOOKUP,
                cells: vec![field(), lookup.to_cell(), self.clock.now().to_cell()],
                expect: Expect::Any,
            },
            Op {
                sql: PUT_LOOKUP,
                cells: vec![field(), lookup.to_cell(), subject.id().to_cell()],
                expect: Expect::New,
            },
            self.put(permit, subject, value, origin),
        ]
    }

    /// The value that is held of a field, if any.
    ///
    /// # Errors
    /// [`StoreError::Unsealable`] when the row was changed from outside; database errors.
    pub async fn read<F: Field>(&self, subject: &Subject) -> Result<Option<Held<F>>, StoreError> {
        let cells = [
            subject.id().to_cell(),
            Cell::Text(F::ID.key().to_owned()),
            self.clock.now().to_cell(),
        ];
        let Some(row) = self.engine.fetch_first(GET, &cells).await? else {
            return Ok(None);
        };
        let opened = Opened::of(subject, F::ID.key(), &row)?;
        Ok(Some(Held {
            value: F::Value::from_bytes(&opened.bytes)
                .map(Personal::new)
                .ok_or(StoreError::Malformed)?,
            origin: opened.origin,
            collected_at: opened.collected_at,
            expires_at: opened.expires_at,
        }))
    }

    /// The person whose value of a field is exactly this one.
    ///
    /// # Errors
    /// Database errors.
    pub async fn find<F: Field, A: Act>(
        &self,
        permit: &Permit<F, A>,
        value: &Personal<F>,
        now: Timestamp,
    ) -> Result<Option<SubjectId>, StoreError> {
        let lookup = self.keys.index().lookup(F::ID, &value.open(permit).to_bytes());
        let cells = [Cell::Text(F::ID.key().to_owned()), lookup.to_cell(), now.to_cell()];
        let row = self.engine.fetch_first(FIND, &cells).await?;
        row.map(|row| row.first().and_then(SubjectId::from_cell).ok_or(StoreError::Malformed))
            .transpose()
    }
}
