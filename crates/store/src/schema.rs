//! What the databases look like: the definitions, the version of the schema, and how an older one becomes this one.

use std::collections::BTreeMap;

use plan::Plan;
use plan::value::Cell;

use crate::engine::{Definition, Dialect, Engine, Expect, Op};
use crate::held;
use crate::keys;
use crate::open::{Catalogue, Leftover, OpenError};
use crate::place::{Database, Place};
use crate::rights;
use crate::row::declared;
use crate::statement::FromCells as _;
use crate::table::Table;
use crate::{StoreError, subject};

/// The version of the schema that this program makes. It counts up with every released change of the schema.
pub const SCHEMA_VERSION: i64 = 2;

/// What version a database has that no version is written into: the one of Candor 0.1.0.
const UNMARKED: i64 = 1;

/// One step from a version of the schema to the next. A database is brought up to date in one commit.
struct Migration {
    /// The version that it leads to.
    to: i64,
    /// What it does, for whoever runs it.
    about: &'static str,
    sqlite: &'static [&'static str],
    postgres: &'static [&'static str],
}

/// Every step, oldest first. A step of a release is never changed: the next one mends it.
const MIGRATIONS: &[Migration] = &[Migration {
    to: 2,
    about: "a table for the version of the schema, and for when deleted rows were last wiped from gaps",
    sqlite: &[CREATE_MARK.sqlite],
    // No release before kept its rows on a server; a server's databases have the table from the first moment.
    postgres: &[],
}];

/// Numbers about the database itself: the version of its schema, and since when swept rows may stand in gaps. On
/// PostgreSQL also the count of commits (see `engine/postgres.rs`).
pub(crate) const CREATE_MARK: Definition = Definition::table(
    "CREATE TABLE mark (name TEXT NOT NULL PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE mark (name text COLLATE \"C\" NOT NULL, number bigint NOT NULL, PRIMARY KEY (name))",
    "ALTER TABLE mark ALTER COLUMN name SET STATISTICS 0, ALTER COLUMN number SET STATISTICS 0",
);
const SET_MARK: &str =
    "INSERT INTO mark (name, number) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET number = excluded.number";
const ADD_MARK: &str = "INSERT INTO mark (name, number) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
const MARK: &str = "SELECT number FROM mark WHERE name = $1";
const REMOVE_MARK: &str = "DELETE FROM mark WHERE name = $1";
const CREATE_INSTANCE: Definition = Definition::table(
    "CREATE TABLE instance (tag BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID",
    "CREATE TABLE instance (tag bytea NOT NULL, PRIMARY KEY (tag))",
    "ALTER TABLE instance ALTER COLUMN tag SET STATISTICS 0",
);
pub(crate) const MARK_INSTANCE: &str = "INSERT INTO instance (tag) VALUES ($1) ON CONFLICT (tag) DO NOTHING";
pub(crate) const INSTANCE: &str = "SELECT tag FROM instance";
const STORED_INSTANCE: &str = "SELECT tag FROM instance ORDER BY tag";
const COUNT_INSTANCE: &str = "SELECT COUNT(*) FROM instance";
/// What counts, reads and puts rows as they are stored; for [`crate::transfer`].
pub(crate) const CARRY_INSTANCE: [&str; 3] = [COUNT_INSTANCE, STORED_INSTANCE, MARK_INSTANCE];

/// The mark that holds the version.
const VERSION_MARK: &str = "schema";

/// (name, text, table): part of the closed list.
pub(crate) const STATEMENTS: &[(&str, &str, &str)] = &[
    ("instance.mark", MARK_INSTANCE, "instance"),
    ("instance.marks", INSTANCE, "instance"),
    ("instance.stored", STORED_INSTANCE, "instance"),
    ("instance.count", COUNT_INSTANCE, "instance"),
    ("mark.set", SET_MARK, "mark"),
    ("mark.add", ADD_MARK, "mark"),
    ("mark.one", MARK, "mark"),
    ("mark.remove", REMOVE_MARK, "mark"),
];

fn named(sql: &'static str, name: &str, number: Option<i64>) -> Op {
    Op {
        sql,
        cells: [Cell::Text(name.to_owned())]
            .into_iter()
            .chain(number.map(Cell::Integer))
            .collect(),
        expect: Expect::Any,
    }
}

/// The change that sets a mark.
pub(crate) fn set_mark(name: &str, number: i64) -> Op {
    named(SET_MARK, name, Some(number))
}

/// The change that sets a mark where there is none.
pub(crate) fn add_mark(name: &str, number: i64) -> Op {
    named(ADD_MARK, name, Some(number))
}

/// The change that takes a mark away.
pub(crate) fn remove_mark(name: &str) -> Op {
    named(REMOVE_MARK, name, None)
}

pub(crate) async fn mark(engine: &Engine, name: &str) -> Result<Option<i64>, StoreError> {
    let rows = engine.fetch(MARK, &[Cell::Text(name.to_owned())]).await?;
    rows.first().map(|row| i64::from_cells(row)).transpose()
}

/// What a database holds: the definition of each table and index by its name.
pub(crate) type Found = BTreeMap<String, String>;

pub(crate) async fn found(engine: &Engine) -> Result<Found, StoreError> {
    Ok(engine.definitions().await?.into_iter().collect())
}

/// The version of a database's schema; `None` when it is empty.
async fn version(engine: &Engine, found: &Found) -> Result<Option<i64>, StoreError> {
    if found.keys().all(|name| name == "mark") {
        return Ok(None);
    }
    let marked = match found.contains_key("mark") {
        true => mark(engine, VERSION_MARK).await?,
        false => None,
    };
    Ok(Some(marked.unwrap_or(UNMARKED)))
}

/// Refuses another version than this program's.
pub(crate) async fn require_version(engine: &Engine, found: &Found) -> Result<(), OpenError> {
    match version(engine, found).await? {
        Some(older) if older < SCHEMA_VERSION => Err(OpenError::SchemaOlder { found: older }),
        Some(newer) if newer > SCHEMA_VERSION => Err(OpenError::SchemaNewer { found: newer }),
        Some(_) | None => Ok(()),
    }
}

/// The version of the schema at a place, without changing anything; `None` when nothing is there yet. Compare it with
/// [`SCHEMA_VERSION`].
///
/// # Errors
/// [`OpenError`]: the database cannot be opened, or an instance has it.
pub async fn schema_version(place: &Place) -> Result<Option<i64>, OpenError> {
    let Some(engine) = existing(place).await? else {
        return Ok(None);
    };
    let at = async |engine| version(engine, &found(engine).await?).await;
    let version = at(&engine).await;
    engine.close().await;
    version.map_err(|error| place.error(Database::Rows, error))
}

/// What [`migrate`] did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Migrated {
    /// The version that was found.
    pub from: i64,
    /// What each step did, in order; empty when the schema was up to date.
    pub steps: Vec<&'static str>,
}

/// Brings the schema at a place up to date, in one commit: all of it or nothing. The instance must be stopped.
///
/// # Errors
/// [`OpenError::SchemaNewer`]; [`OpenError`] when the database cannot be opened or fails, and then nothing was changed.
pub async fn migrate(place: &Place) -> Result<Migrated, OpenError> {
    let up_to_date = Migrated {
        from: SCHEMA_VERSION,
        steps: Vec::new(),
    };
    let Some(engine) = existing(place).await? else {
        return Ok(up_to_date);
    };
    let outcome = bring_up(&engine).await;
    engine.close().await;
    match outcome {
        Ok(migrated) => Ok(migrated.unwrap_or(up_to_date)),
        Err(OpenError::Store(error)) => Err(place.error(Database::Rows, error)),
        Err(error) => Err(error),
    }
}

/// Does on a server what [`migrate`] would do, looks whether the result is what a start expects, and takes it back: a
/// server's databases have no copies beside them, so what would not open must not be made. Files are not looked at.
///
/// # Errors
/// As [`Store::open`](crate::Store::open) would refuse; nothing was changed.
pub async fn rehearse(place: &Place, plan: &Plan, catalogues: &[Catalogue]) -> Result<(), OpenError> {
    let Place::Servers { rows, .. } = place else {
        return Ok(());
    };
    let at = |error| place.error(Database::Rows, error);
    let from = schema_version(place).await?.unwrap_or(SCHEMA_VERSION);
    let steps = MIGRATIONS.iter().filter(|step| step.to > from);
    let texts: Vec<&'static str> = steps.flat_map(|step| step.postgres).copied().collect();
    let definitions = rows.rehearse(&texts).await.map_err(at)?;
    let known = catalogues.iter().flat_map(|catalogue| catalogue.tables).copied();
    let (tables, absent): (Vec<_>, Vec<_>) = known.partition(|table| declared(plan, table).is_ok());
    let schema = Schema::of(&tables);
    for (name, definition) in &definitions {
        schema.withdrawn(name, definition, &absent, Dialect::Postgres)?;
    }
    Ok(())
}

async fn bring_up(engine: &Engine) -> Result<Option<Migrated>, OpenError> {
    let found = found(engine).await?;
    let Some(from) = version(engine, &found).await? else {
        return Ok(None);
    };
    if from > SCHEMA_VERSION {
        return Err(OpenError::SchemaNewer { found: from });
    }
    let steps: Vec<&Migration> = MIGRATIONS.iter().filter(|step| step.to > from).collect();
    let texts = steps.iter().flat_map(|step| match engine.dialect() {
        Dialect::Sqlite => step.sqlite,
        Dialect::Postgres => step.postgres,
    });
    let mut ops: Vec<Op> = texts.copied().map(Op::bare).collect();
    if !steps.is_empty() {
        ops.push(set_mark(VERSION_MARK, SCHEMA_VERSION));
        engine.commit(ops).await?;
    }
    Ok(Some(Migrated {
        from,
        steps: steps.iter().map(|step| step.about).collect(),
    }))
}

/// The database of rows, when there is one.
async fn existing(place: &Place) -> Result<Option<Engine>, OpenError> {
    place.check()?;
    if let Place::Folder(folder) = place
        && !folder.join(crate::place::ROWS_FILE).exists()
    {
        return Ok(None);
    }
    let engine = Engine::open(&place.endpoint(Database::Rows)).await;
    engine.map(Some).map_err(|error| place.error(Database::Rows, error))
}

/// What a database must look like: the definition of each table and index by its name.
pub(crate) struct Schema(BTreeMap<String, Definition>);

impl Schema {
    /// The rows of these tables.
    pub(crate) fn of(tables: &[&'static Table]) -> Self {
        let own = [
            ("declared_field", held::CREATE_DECLARED),
            ("held", held::CREATE_HELD),
            ("held_by_expiry", held::CREATE_HELD_EXPIRY),
            ("held_lookup", held::CREATE_LOOKUP),
            ("held_lookup_by_owner", held::CREATE_LOOKUP_INDEX),
            ("instance", CREATE_INSTANCE),
            ("mark", CREATE_MARK),
            ("subject", subject::CREATE),
            ("tombstone", rights::CREATE_TOMBSTONE),
        ];
        let own = own.into_iter().map(|(name, definition)| (name.to_owned(), definition));
        Self(own.chain(tables.iter().flat_map(|table| table.definitions())).collect())
    }

    /// The keys.
    pub(crate) fn of_keys(dialect: Dialect) -> Self {
        let own = keys::DEFINITIONS.iter().copied();
        // A server's database counts its commits.
        let counted = (dialect == Dialect::Postgres).then_some(("mark", CREATE_MARK));
        let all = own.chain(counted);
        Self(all.map(|(name, definition)| (name.to_owned(), definition)).collect())
    }

    /// The changes that make a found schema this one. What they would delete is added to `leftovers`.
    pub(crate) async fn changes(
        &self,
        engine: &Engine,
        absent: &[&'static Table],
        found: &Found,
        leftovers: &mut Vec<Leftover>,
    ) -> Result<Vec<Op>, OpenError> {
        let dialect = engine.dialect();
        let mut ops = Vec::new();
        for (name, definition) in found {
            let Some(table) = self.withdrawn(name, definition, absent, dialect)? else {
                continue;
            };
            if table.shape.name == name {
                let rows = count(engine, table).await?;
                if rows > 0 {
                    leftovers.push(Leftover {
                        what: table.shape.name.to_owned(),
                        rows,
                    });
                }
                // Emptying overwrites the rows; dropping takes the indexes along.
                ops.extend([table.clear, table.drop].map(Op::bare));
            }
        }
        let missing = self.0.iter().filter(|(name, _)| !found.contains_key(*name));
        ops.extend(in_order(missing.map(|(_, definition)| *definition), dialect));
        ops.extend(self.version_mark(found.keys()));
        Ok(ops)
    }

    /// The table that a definition in a database is of, where this policy does not declare it; `None` where it is one of
    /// these. Anything else is refused.
    fn withdrawn(
        &self,
        name: &str,
        definition: &str,
        absent: &[&'static Table],
        dialect: Dialect,
    ) -> Result<Option<&'static Table>, OpenError> {
        match self.0.get(name) {
            Some(expected) if expected.text(dialect) == definition => Ok(None),
            Some(expected) => Err(OpenError::SchemaDiffers {
                table: name.to_owned(),
                found: definition.to_owned(),
                expected: expected.text(dialect).to_owned(),
            }),
            None => {
                let is_of = |table: &&&'static Table| {
                    let mut definitions = table.definitions().into_iter();
                    definitions.any(|(_, known)| known.text(dialect) == definition)
                };
                let table = absent.iter().find(is_of).copied();
                table.map(Some).ok_or_else(|| OpenError::UnknownTable(name.to_owned()))
            }
        }
    }

    /// What makes the schema in an empty database, in which these names are there already.
    pub(crate) fn creation(&self, dialect: Dialect, found: &[String]) -> Vec<Op> {
        let missing = self.0.iter().filter(|(name, _)| !found.contains(*name));
        let mut ops = in_order(missing.map(|(_, definition)| *definition), dialect);
        ops.extend(self.version_mark(found.iter()));
        ops
    }

    /// An empty database of rows gets this program's version.
    fn version_mark<'n>(&self, mut found: impl Iterator<Item = &'n String>) -> Option<Op> {
        let is_new = found.all(|name| name == "mark") && self.0.contains_key("subject");
        is_new.then(|| set_mark(VERSION_MARK, SCHEMA_VERSION))
    }

    /// The texts for SQLite, each after those that it refers to.
    pub(crate) fn texts(self) -> Vec<&'static str> {
        let ops = in_order(self.0.into_values(), Dialect::Sqlite);
        ops.into_iter().map(|op| op.sql).collect()
    }
}

/// What makes these, each after those that it refers to.
fn in_order(definitions: impl Iterator<Item = Definition>, dialect: Dialect) -> Vec<Op> {
    let mut definitions: Vec<Definition> = definitions.collect();
    definitions.sort_by_key(|definition| {
        let text = definition.text(dialect);
        (!text.starts_with("CREATE TABLE"), text.contains("REFERENCES"))
    });
    definitions
        .iter()
        .flat_map(|definition| definition.ops(dialect))
        .collect()
}

async fn count(engine: &Engine, table: &Table) -> Result<i64, StoreError> {
    let rows = engine.fetch(table.count, &[]).await?;
    rows.first()
        .ok_or(StoreError::Malformed)
        .and_then(|row| i64::from_cells(row))
}
