//! Opening: the schema is compared with the plan, what an earlier run began is finished, and the permits of this sink
//! are given out.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::sync::Arc;

use plan::act::{ActId, Keep};
use plan::value::{Cell, Value};
use plan::{Clock, Day, Digest, Field, FieldId, NotDeclared, Permit, Personal, Plan, SubjectId, Timestamp};
use thiserror::Error;
use tokio::sync::RwLock;

use crate::engine::{Engine, Expect, Op};
use crate::held::{self, HeldTable};
use crate::keys::Keys;
use crate::place::{Database, KEYS_FILE, Place, ROWS_FILE};
use crate::rights;
use crate::row::{self, Reader, Row, Rows, declared};
use crate::schema::{self, INSTANCE, MARK_INSTANCE, SCHEMA_VERSION, Schema};
use crate::seal::{Lookup, WrappingKey, random};
use crate::statement::{Args, FromCells, Run, RunStatement, Select, SelectStatement, Statement};
use crate::sweep::RESIDUE;
use crate::table::Table;
use crate::{StoreError, Subject, subject};

const EPOCH: Timestamp = Timestamp::from_microseconds(0);

/// What one service brings: its tables and its statements.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue {
    /// Its tables.
    pub tables: &'static [&'static Table],
    /// Its statements.
    pub statements: &'static [Statement],
}

/// How to open a store.
pub struct Options {
    /// Where the databases are.
    pub place: Place,
    /// The key that wraps every other key.
    pub wrapping: WrappingKey,
    /// The policy.
    pub plan: Arc<Plan>,
    /// Every service's tables and statements.
    pub catalogues: Vec<Catalogue>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What to do with rows that the policy does not declare any more: erase them, or refuse to open.
    pub erase_leftovers: bool,
}

/// Rows that the policy does not declare any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leftover {
    /// The table or, in `held`, the field.
    pub what: String,
    /// How many rows.
    pub rows: i64,
}

/// Why the store does not open.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The database holds rows that the policy does not declare; the operator decides.
    #[error("the database holds what the policy does not declare: {}.\n  Erase it for good with `candor policy publish --erase-withdrawn`, or declare it again.",
        .0.iter().map(|leftover| format!("{} ({} rows)", leftover.what, leftover.rows)).collect::<Vec<_>>().join(", "))]
    Leftovers(Vec<Leftover>),
    /// A table looks different from what this program makes.
    #[error(
        "the table {table} differs from what this program makes:\n  found:    {found}\n  expected: {expected}\n  Was the file changed by hand, or written by another version?"
    )]
    SchemaDiffers {
        /// Which table or index.
        table: String,
        /// Its definition in the file.
        found: String,
        /// Its definition in this program.
        expected: String,
    },
    /// An older program wrote the schema.
    #[error(
        "the databases were written by an older version of this program (schema {found}, this is {SCHEMA_VERSION}).\n  Make a copy of them, then bring them up to date with `candor upgrade`"
    )]
    SchemaOlder {
        /// The version that was found.
        found: i64,
    },
    /// A newer program wrote the schema.
    #[error(
        "the databases were written by a newer version of this program (schema {found}, this is {SCHEMA_VERSION}).\n  Start that version; this one would not understand what they hold"
    )]
    SchemaNewer {
        /// The version that was found.
        found: i64,
    },
    /// The file has a table that this program does not know: a newer program wrote it.
    #[error(
        "the database has a table {0} that this program does not know; it was written by a newer version. Start that version"
    )]
    UnknownTable(String),
    /// The wrapping key does not open the key database.
    #[error("the wrapping key does not open {0}: it is not the key that it was written with, or the keys are damaged")]
    WrongWrappingKey(String),
    /// A file is damaged.
    #[error("{0} is damaged; put back the newest backup of both databases")]
    Damaged(String),
    /// The database is empty and the key database is not.
    #[error(
        "candor.db is empty or missing, but keys.db holds the keys of {people} people.\n  Put candor.db back. If it is lost for good, move keys.db away as well: the keys open nothing any more"
    )]
    DatabaseMissing {
        /// How many keys.
        people: usize,
    },
    /// The two files were not written by the same instance.
    #[error(
        "keys.db does not belong to this candor.db (it is new, or of another instance), so nothing in it could be read.\n  Put back the keys.db that belongs here"
    )]
    KeysOfAnother,
    /// The database has rows about people whose keys are not there.
    #[error(
        "candor.db holds rows about {people} people whose keys are not in keys.db: one of the two files is an older copy.\n  Put back the files that belong together, or erase those rows for good with `candor policy publish --erase-withdrawn`"
    )]
    KeysMissing {
        /// How many people.
        people: usize,
    },
    /// The policy ends a field by a length, and this program has no expiry for the table that holds it.
    #[error(
        "the policy ends {} after a length of time, but this program keeps it in the table {table} as long as the account; write in the policy: keep until=account.closed",
        .field.key()
    )]
    KeepNotKept {
        /// The table.
        table: &'static str,
        /// The field.
        field: FieldId,
    },
    /// Both databases are the same.
    #[error(
        "`url` and `keys_url` under [store] name the same database.\n  Give the keys a database of their own: it is kept, copied and forgotten differently"
    )]
    OneForBoth,
    /// Another instance runs on the database.
    #[error("another candor runs on {0}; stop it first")]
    InUse(String),
    /// The server does not answer.
    #[error("the server of {0} cannot be reached; does it run, and are host and port under [store] right?")]
    Unreachable(String),
    /// The server refuses the login.
    #[error(
        "the server of {0} refuses the login; are the user, and the password in the URL, in `password_file` or in the file that PGPASSFILE names right?"
    )]
    LoginRefused(String),
    /// There is no such database.
    #[error("there is no such database: {0}.\n  Make it with CREATE DATABASE; docs/configuration.md has the commands")]
    NoSuchDatabase(String),
    /// The user may not do what is needed.
    #[error("the user of {0} may not make tables in it; make that user its owner: ALTER DATABASE … OWNER TO …")]
    NoRight(String),
    /// The database belongs to something else.
    #[error(
        "{0} is not empty and was not made by candor, or its encoding is not UTF8; name an empty database of its own under [store]"
    )]
    Foreign(String),
    /// A power failure would undo what was acknowledged.
    #[error(
        "{0} would not keep what it acknowledges. On a server, set `fsync = on` in its postgresql.conf; a data folder must lie \
         on a file system of this machine"
    )]
    NotDurable(String),
    /// A statement of this program does not fit its own schema: a defect of this program.
    #[error("the database refuses the statement {name} ({error}); this is a defect of this version, please report it")]
    Statement {
        /// The statement's name.
        name: String,
        /// What the database said.
        error: StoreError,
    },
    /// The database failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// An open store.
#[derive(Clone)]
pub struct Store {
    pub(crate) engine: Engine,
    pub(crate) keys: Arc<Keys>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) tables: Arc<[&'static Table]>,
    statements: Arc<[Statement]>,
    pub(crate) catalogues: Arc<[Catalogue]>,
    /// Held by what destroys keys, and against it by who reads the whole store.
    pub(crate) erasing: Arc<RwLock<()>>,
    /// Held for writing while the mark of residue is set and may be taken back.
    pub(crate) marking: Arc<RwLock<()>>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Erasures that an earlier run had begun and this start finished.
    pub erasures_finished: u64,
}

impl Store {
    /// Opens or creates both databases.
    ///
    /// # Errors
    /// [`OpenError`]: each says what to do.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let place = options.place;
        place.check()?;
        let at = |database| {
            let place = &place;
            move |error| match error {
                StoreError::Unsealable => OpenError::WrongWrappingKey(place.name(database)),
                error => place.error(database, error),
            }
        };
        let keys = Keys::open(&place.endpoint(Database::Keys), options.wrapping).await;
        let keys = keys.map_err(at(Database::Keys))?;
        let keys_engine = keys.engine().clone();
        let engine = match Engine::open(&place.endpoint(Database::Rows)).await {
            Ok(engine) => engine,
            Err(error) => {
                keys_engine.close().await;
                return Err(at(Database::Rows)(error));
            }
        };
        let (plan, clock, erase_leftovers) = (options.plan, options.clock, options.erase_leftovers);
        let opened = Self::of(engine.clone(), keys, plan, &options.catalogues, clock, erase_leftovers).await;
        if opened.is_err() {
            // Whoever puts other files in their place must not meet the end of a log that is still being written.
            engine.close().await;
            keys_engine.close().await;
        }
        opened.map_err(|error| match error {
            OpenError::Store(error) => place.error(Database::Rows, error),
            other => other,
        })
    }

    async fn of(
        engine: Engine,
        keys: Keys,
        plan: Arc<Plan>,
        catalogues: &[Catalogue],
        clock: Arc<dyn Clock>,
        erase_leftovers: bool,
    ) -> Result<Self, OpenError> {
        let known: Vec<&'static Table> = catalogues
            .iter()
            .flat_map(|catalogue| catalogue.tables)
            .copied()
            .collect();
        let (tables, absent): (Vec<_>, Vec<_>) = known.into_iter().partition(|table| declared(&plan, table).is_ok());
        tables.iter().try_for_each(|table| keeps_end(&plan, table))?;
        let schema = Schema::of(&tables);
        let found = schema::found(&engine).await?;
        schema::require_version(&engine, &found).await?;
        keys.require_schema().await?;
        belong_together(&engine, &keys, &found).await?;
        let mut leftovers = withdrawn_fields(&engine, &plan, &found).await?;
        let ops = schema.changes(&engine, &absent, &found, &mut leftovers).await?;
        if !leftovers.is_empty() && !erase_leftovers {
            return Err(OpenError::Leftovers(leftovers));
        }
        let erases = !leftovers.is_empty();
        if erases {
            // Whatever ends this start before its end, the next sweep writes everything anew.
            engine.commit(vec![schema::set_mark(RESIDUE, 0)]).await?;
        }
        engine.commit(ops).await?;
        engine.commit(vec![instance(&keys)]).await?;
        declare_fields(&engine, &plan).await?;
        shorten_keeps(&engine, &plan, &tables, clock.now()).await?;
        let statements = catalogues.iter().flat_map(|catalogue| catalogue.statements).copied();
        let available = |statement: &Statement| statement.is_available(&plan, &tables);
        let statements: Vec<Statement> = statements.filter(available).collect();
        prepare_all(&engine, &keys, &plan, catalogues).await?;
        let mut store = Self {
            engine,
            keys: Arc::new(keys),
            plan,
            tables: tables.into(),
            statements: statements.into(),
            catalogues: catalogues.into(),
            erasing: Arc::default(),
            marking: Arc::default(),
            clock,
            erasures_finished: 0,
        };
        store.erasures_finished = rights::finish_erasures(&store, erase_leftovers).await?;
        if erases {
            // The keys of those who stay are there still: what was withdrawn must not stand in a gap.
            store.wipe_now(store.now()).await?;
        }
        Ok(store)
    }

    /// The right to put rows into a table; `None` when the policy does not declare all of its fields.
    pub fn rows<R: Row>(&self) -> Option<Rows<R>> {
        Rows::of(&self.plan).ok()
    }

    /// As [`Store::rows`], with the reason.
    ///
    /// # Errors
    /// [`NotDeclared`] names the first field that the policy does not declare and the line to add.
    pub fn require_rows<R: Row>(&self) -> Result<Rows<R>, NotDeclared> {
        Rows::of(&self.plan)
    }

    /// A reading statement; `None` when the policy does not declare its tables, or not its purpose for what it touches.
    pub fn select<A: Args, R>(&self, statement: &SelectStatement<A, R>) -> Option<Select<A, R>> {
        self.available(&statement.statement).then_some(Select {
            sql: statement.statement.sql,
            shape: PhantomData,
        })
    }

    /// A changing statement; `None` when the policy does not declare its tables, or not its purpose for what it touches.
    pub fn run<A: Args>(&self, statement: &RunStatement<A>) -> Option<Run<A>> {
        let run = Run {
            sql: statement.statement.sql,
            expect: statement.expect,
            shape: PhantomData,
        };
        self.available(&statement.statement).then_some(run)
    }

    fn available(&self, statement: &Statement) -> bool {
        self.statements
            .iter()
            .any(|known| known.name == statement.name && known.sql == statement.sql)
    }

    /// When a row of this table that is collected now ends: the shortest keep of its fields.
    pub fn expiry<R: Row>(&self) -> Timestamp {
        crate::row::expiry(&self.plan, R::TABLE, self.now())
    }

    /// The table of what people tell us.
    pub fn held(&self) -> HeldTable {
        HeldTable {
            engine: self.engine.clone(),
            keys: Arc::clone(&self.keys),
            plan: Arc::clone(&self.plan),
            clock: Arc::clone(&self.clock),
        }
    }

    /// The policy that the store keeps.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The digest of that policy.
    pub fn plan_digest(&self) -> Digest {
        self.plan.digest()
    }

    /// The present instant of the store's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Makes a person: a random id and a data key, which is on the disk before this returns.
    ///
    /// # Errors
    /// Database errors.
    pub async fn create_subject(&self) -> Result<Subject, StoreError> {
        self.create(SubjectId::from_bytes(random())).await
    }

    async fn create(&self, id: SubjectId) -> Result<Subject, StoreError> {
        // The bare id comes first, so that whoever has a key can have rows.
        self.engine.commit(vec![subject::insert(id)]).await?;
        let key = self.keys.create(id).await?;
        Ok(Subject::new(id, key, Arc::clone(self.keys.index()), self.now()))
    }

    /// Destroys the key of a person of whom no row was written, because what was to be written was refused.
    ///
    /// # Errors
    /// [`StoreError::RefusedByDatabase`] when they have rows; database errors. The next start destroys keys without rows.
    pub async fn forget_unused(&self, subject: &Subject) -> Result<(), StoreError> {
        let _erasing = self.erasing.read().await;
        self.engine.commit(vec![subject::delete(subject.id())]).await?;
        self.keys.destroy(&[subject.id()]).await
    }

    /// A person with their data key.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSubject`] when they were erased; database errors.
    pub async fn subject(&self, id: impl Into<SubjectId>) -> Result<Subject, StoreError> {
        let id = id.into();
        let key = self.keys.key(id).await?;
        Ok(Subject::new(id, key, Arc::clone(self.keys.index()), self.now()))
    }

    /// The subject that a day's unlinked log rows belong to: nobody's account. Its key is destroyed when the rows of
    /// the day have ended ([`Store::sweep`]).
    ///
    /// # Errors
    /// Database errors.
    pub async fn day_subject(&self, day: Day) -> Result<Subject, StoreError> {
        let id = self.day_subject_id(day);
        match self.subject(id).await {
            Err(StoreError::NoSuchSubject) => match self.create(id).await {
                // Two requests at the first instant of a day: the other one made it.
                Err(StoreError::Taken) => self.subject(id).await,
                made => made,
            },
            found => found,
        }
    }

    pub(crate) fn day_subject_id(&self, day: Day) -> SubjectId {
        let tag = self.keys.index().tag("subject of a day", &day.to_bytes());
        let (id, _) = tag.as_ref().split_first_chunk().expect("HMAC-SHA-256 gives 32 bytes");
        SubjectId::from_bytes(*id)
    }

    /// What a value of a `found` or `matched` column is found by.
    pub fn lookup<F: Field>(&self, permit: &Permit<F, Keep>, value: &Personal<F>) -> Lookup {
        self.keys.index().lookup(F::ID, &value.open(permit).to_bytes())
    }

    /// A secret of this instance that is about nobody, made at its first use: the server's own key of a service.
    ///
    /// # Errors
    /// [`StoreError::Unsealable`] when the key database was changed from outside; database errors.
    pub async fn instance_secret(&self, name: &'static str) -> Result<zeroize::Zeroizing<[u8; 32]>, StoreError> {
        self.keys.secret(name).await
    }

    /// Random bytes of the operating system's generator, for ids and tokens.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        random()
    }

    /// Commits a batch: all of it or none; it is on the disk when this returns. Returns the rows each change touched.
    ///
    /// # Errors
    /// [`StoreError::Taken`], [`StoreError::Gone`], [`StoreError::RefusedByDatabase`], database errors; then nothing
    /// of the batch was done.
    pub async fn commit(&self, ops: Vec<Op>) -> Result<Vec<u64>, StoreError> {
        self.engine.commit(ops).await
    }

    /// Reads whole rows; what was sealed is opened with the key of each row's subject.
    ///
    /// # Errors
    /// [`StoreError::Unsealable`] when a row was changed from outside; database errors.
    pub async fn read_rows<A: Args, R: Row>(&self, select: &Select<A, R>, args: A) -> Result<Vec<R>, StoreError> {
        let found = self.engine.fetch(select.sql, &args.cells()).await?;
        let mut rows = Vec::with_capacity(found.len());
        for cells in &found {
            rows.extend(self.opened(cells).await?);
        }
        Ok(rows)
    }

    /// Reads the first row and looks for no other: for what there is one of at most.
    ///
    /// # Errors
    /// As [`Store::read_rows`].
    pub async fn read_row<A: Args, R: Row>(&self, select: &Select<A, R>, args: A) -> Result<Option<R>, StoreError> {
        match self.engine.fetch_first(select.sql, &args.cells()).await? {
            Some(cells) => self.opened(&cells).await,
            None => Ok(None),
        }
    }

    /// A row, opened; `None` when its subject was erased between the reading of the row and of the key: the row is gone
    /// as well.
    async fn opened<R: Row>(&self, cells: &[Cell]) -> Result<Option<R>, StoreError> {
        let shape = &R::TABLE.shape;
        let owner = shape.columns.iter().position(|column| column.name == shape.owner);
        let subject = owner.and_then(|owner| cells.get(owner)).and_then(SubjectId::from_cell);
        match self.keys.key(subject.ok_or(StoreError::Malformed)?).await {
            Ok(key) => R::read(&mut Reader::new(R::TABLE, &key, cells)).map(Some),
            Err(StoreError::NoSuchSubject) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads results that are about nobody in particular.
    ///
    /// # Errors
    /// Database errors.
    pub async fn read<A: Args, R: FromCells>(&self, select: &Select<A, R>, args: A) -> Result<Vec<R>, StoreError> {
        let found = self.engine.fetch(select.sql, &args.cells()).await?;
        found.iter().map(|cells| R::from_cells(cells)).collect()
    }

    /// Finishes what was handed over and closes both databases.
    pub async fn close(&self) {
        self.engine.close().await;
        self.keys.close().await;
    }
}

/// Refuses a policy that ends a field by a length while this program keeps it as long as the account.
fn keeps_end(plan: &Plan, table: &Table) -> Result<(), OpenError> {
    let ends = |field: &FieldId| plan.keep(*field).is_some_and(|kept| kept.keep.seconds.is_some());
    match table.shape.fields().find(ends) {
        Some(field) if !table.shape.expires => Err(OpenError::KeepNotKept {
            table: table.shape.name,
            field,
        }),
        _ => Ok(()),
    }
}

/// Lets the databases look at every statement that this policy makes available: a text that one of them does not
/// understand is found at the start and not when a member meets it.
async fn prepare_all(engine: &Engine, keys: &Keys, plan: &Plan, catalogues: &[Catalogue]) -> Result<(), OpenError> {
    let list = crate::listing::statement_list(catalogues);
    for (file, engine) in [(ROWS_FILE, engine), (KEYS_FILE, keys.engine())] {
        let here = |listed: &&crate::Listed| listed.file == file && listed.is_available(plan);
        let here: Vec<&crate::Listed> = list.iter().filter(here).collect();
        let texts: Vec<&'static str> = here.iter().map(|listed| listed.sql).collect();
        if let Err((index, error)) = engine.prepare(&texts).await {
            let name = here.get(index).map_or_else(String::new, |listed| listed.name.clone());
            return Err(OpenError::Statement { name, error });
        }
    }
    Ok(())
}

/// The mark by which `candor.db` and `keys.db` know each other.
fn instance(keys: &Keys) -> Op {
    Op {
        sql: MARK_INSTANCE,
        cells: vec![instance_tag(keys)],
        expect: Expect::Any,
    }
}

fn instance_tag(keys: &Keys) -> Cell {
    Cell::Bytes(keys.index().tag("instance", b"").as_ref().to_vec())
}

/// Refuses two files of which one was lost or belongs to another instance: going on would destroy keys that are needed
/// or keep rows that nobody can read.
async fn belong_together(engine: &Engine, keys: &Keys, found: &BTreeMap<String, String>) -> Result<(), OpenError> {
    if !found.contains_key("instance") {
        return match keys.subjects().await?.len() {
            0 => Ok(()),
            people => Err(OpenError::DatabaseMissing { people }),
        };
    }
    let marks = engine.fetch(INSTANCE, &[]).await?;
    if marks.iter().all(|row| row.as_slice() == [instance_tag(keys)]) {
        Ok(())
    } else {
        Err(OpenError::KeysOfAnother)
    }
}

/// The fields in `held` that the policy does not declare any more.
async fn withdrawn_fields(
    engine: &Engine,
    plan: &Plan,
    found: &BTreeMap<String, String>,
) -> Result<Vec<Leftover>, OpenError> {
    let mut leftovers = Vec::new();
    if found.contains_key("held") {
        for row in engine.fetch(held::COUNT_BY_FIELD, &[]).await? {
            let [Cell::Text(key), Cell::Integer(rows)] = row.as_slice() else {
                return Err(StoreError::Malformed.into());
            };
            if !FieldId::from_key(key).is_some_and(|field| plan.allows(field, ActId::Keep)) {
                leftovers.push(Leftover {
                    what: key.clone(),
                    rows: *rows,
                });
            }
        }
    }
    Ok(leftovers)
}

/// What was collected under a longer keep ends as the policy in force says: a told value that long after it was told, a
/// row that long after this start at the latest (rows do not say when they were written). A longer keep changes nothing
/// for what is there.
async fn shorten_keeps(
    engine: &Engine,
    plan: &Plan,
    tables: &[&'static Table],
    now: Timestamp,
) -> Result<(), StoreError> {
    let told = plan.kept_fields().filter_map(|field| {
        let length = plan.keep(field)?.keep.expiry(EPOCH);
        (length != Timestamp::NEVER).then(|| Op {
            sql: held::SHORTEN,
            cells: vec![Cell::Text(field.key().to_owned()), Cell::Integer(length.microseconds())],
            expect: Expect::Any,
        })
    });
    let rows = tables.iter().filter(|table| table.shape.expires).map(|table| Op {
        sql: table.shorten,
        cells: vec![row::expiry(plan, table, now).to_cell()],
        expect: Expect::Any,
    });
    engine.commit(told.chain(rows).collect()).await?;
    Ok(())
}

/// Writes the declared fields into the table that `held` refers to, so that the database itself refuses the others.
async fn declare_fields(engine: &Engine, plan: &Plan) -> Result<(), OpenError> {
    let text = |sql, key: &str| Op {
        sql,
        cells: vec![Cell::Text(key.to_owned())],
        expect: Expect::Any,
    };
    let declared: BTreeSet<&str> = plan.kept_fields().map(FieldId::key).collect();
    let mut ops = Vec::new();
    for row in engine.fetch(held::DECLARED, &[]).await? {
        let [Cell::Text(key)] = row.as_slice() else {
            return Err(StoreError::Malformed.into());
        };
        if !declared.contains(key.as_str()) {
            ops.extend([
                text(held::CLEAR_LOOKUPS, key),
                text(held::CLEAR_FIELD, key),
                text(held::WITHDRAW, key),
            ]);
        }
    }
    ops.extend(declared.iter().map(|key| text(held::DECLARE, key)));
    engine.commit(ops).await?;
    Ok(())
}
