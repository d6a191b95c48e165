//! One database: one writer that groups commits, several readers. What differs between SQLite and PostgreSQL is in the
//! two files beside this one.

mod cells;
mod link;
pub(crate) mod postgres;
pub(crate) mod settings;
mod sqlite;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use plan::value::Cell;
use tokio::sync::{mpsc, oneshot};

use crate::StoreError;
pub(crate) use crate::engine::link::{Link, Reader, View};
use crate::engine::postgres::{Server, ServerUrl};
use crate::engine::sqlite::File;

/// How many changes share one commit at most. Chosen so that one commit stays under a few milliseconds; guess.
const GROUP_LIMIT: usize = 128;
/// How many changes wait at most before callers wait too.
const QUEUE_LIMIT: usize = 1024;
/// Connections that read. Two cores: more would not read faster; guess.
const READERS: u32 = 4;
/// How often a group that met another's change is tried in all.
const CONFLICT_TRIES: u32 = 6;
/// How long a group waits after its first conflict; doubled at each further one.
const CONFLICT_PAUSE: Duration = Duration::from_millis(5);
/// How often the connection may break under one group before its callers are told.
const LOSSES_BORNE: u32 = 3;

/// Which database program keeps the rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// A file of this process.
    Sqlite,
    /// A server.
    Postgres,
}

/// The definition of a table or an index: the only text that differs by engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Definition {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
    /// What PostgreSQL must be told beside it: to take no samples of values for its planner, which would outlive them.
    pub(crate) unsampled: Option<&'static str>,
}

impl Definition {
    /// An index: the same text for both.
    pub(crate) const fn index(sql: &'static str) -> Self {
        Self {
            sqlite: sql,
            postgres: sql,
            unsampled: None,
        }
    }

    pub(crate) const fn table(sqlite: &'static str, postgres: &'static str, unsampled: &'static str) -> Self {
        Self {
            sqlite,
            postgres,
            unsampled: Some(unsampled),
        }
    }

    pub(crate) const fn text(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }

    /// The changes that make it.
    pub(crate) fn ops(&self, dialect: Dialect) -> Vec<Op> {
        let rest = self.unsampled.filter(|_| dialect == Dialect::Postgres);
        [self.text(dialect)].into_iter().chain(rest).map(Op::bare).collect()
    }
}

/// What a change must have done, or it is undone with everything in its batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// Any number of rows.
    Any,
    /// Exactly so many rows; else [`StoreError::Gone`].
    Rows(u64),
    /// One new row; else [`StoreError::Taken`].
    New,
}

impl Expect {
    const fn check(self, rows: u64) -> Result<u64, StoreError> {
        match self {
            Self::Any => Ok(rows),
            Self::Rows(expected) if expected == rows => Ok(rows),
            Self::Rows(_) => Err(StoreError::Gone),
            Self::New if rows == 1 => Ok(rows),
            Self::New => Err(StoreError::Taken),
        }
    }
}

/// One change, ready for the writer. Made by [`crate::Rows`], [`crate::Run`] and [`crate::HeldTable`].
#[derive(Clone)]
pub struct Op {
    pub(crate) sql: &'static str,
    pub(crate) cells: Vec<Cell>,
    pub(crate) expect: Expect,
}

impl Op {
    /// A statement without values.
    pub(crate) const fn bare(sql: &'static str) -> Self {
        Self {
            sql,
            cells: Vec::new(),
            expect: Expect::Any,
        }
    }
}

/// Where one database is.
#[derive(Clone)]
pub(crate) enum Endpoint {
    File(PathBuf),
    Server(ServerUrl),
}

type Touched = Result<Vec<u64>, StoreError>;

enum Job {
    Change {
        ops: Vec<Op>,
        done: oneshot::Sender<Touched>,
    },
    /// Move the write-ahead log into the database and cut it to nothing.
    Truncate {
        done: oneshot::Sender<Result<(), StoreError>>,
    },
    /// Write tables anew, so that no page holds a copy of deleted rows.
    Rewrite {
        tables: Vec<&'static str>,
        done: oneshot::Sender<Result<(), StoreError>>,
    },
    Close {
        done: oneshot::Sender<()>,
    },
}

/// An open database.
#[derive(Clone)]
pub(crate) struct Engine {
    writer: mpsc::Sender<Job>,
    side: Side,
}

/// What readers use.
#[derive(Clone)]
enum Side {
    Sqlite(File),
    Postgres(Server),
}

async fn open(endpoint: &Endpoint) -> Result<(Link, Side), StoreError> {
    match endpoint {
        Endpoint::File(path) => {
            let (connection, file) = sqlite::open(path).await?;
            Ok((Link::Sqlite(connection, file.descriptor()), Side::Sqlite(file)))
        }
        Endpoint::Server(url) => {
            let (writer, server) = postgres::open(url).await?;
            Ok((Link::Postgres(writer), Side::Postgres(server)))
        }
    }
}

impl Engine {
    /// Opens or creates the database.
    pub(crate) async fn open(endpoint: &Endpoint) -> Result<Self, StoreError> {
        let (link, side) = open(endpoint).await?;
        let (writer, jobs) = mpsc::channel(QUEUE_LIMIT);
        tokio::spawn(write(link, jobs));
        Ok(Self { writer, side })
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        match self.side {
            Side::Sqlite(_) => Dialect::Sqlite,
            Side::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Commits a batch: all of it or none. Returns how many rows each change touched.
    pub(crate) async fn commit(&self, ops: Vec<Op>) -> Touched {
        fill_their_places(&ops)?;
        self.ask(|done| Job::Change { ops, done }).await?
    }

    /// Hands a batch over that nobody waits for: it is committed when its turn comes, or lost with the program.
    pub(crate) async fn commit_later(&self, ops: Vec<Op>) -> Result<(), StoreError> {
        fill_their_places(&ops)?;
        let (done, _unheard) = oneshot::channel();
        let job = Job::Change { ops, done };
        self.writer.send(job).await.map_err(|_| StoreError::Closing)
    }

    /// Moves the write-ahead log into the database and cuts it to nothing, so that old page images are gone. A server's
    /// log is not ours to cut.
    pub(crate) async fn truncate_log(&self) -> Result<(), StoreError> {
        match self.side {
            Side::Sqlite(_) => self.ask(|done| Job::Truncate { done }).await?,
            Side::Postgres(_) => Ok(()),
        }
    }

    /// Makes sure that no page holds a copy of deleted rows any more. SQLite's `secure_delete` overwrites a deleted cell,
    /// but not the copy that is left in the gap of a page when cells move to a neighbour (btree.c, `rebuildPage`); a
    /// server leaves dead rows until it vacuums, and their bytes in gaps after it. Only writing every page anew empties
    /// them. `tables` are the texts that do so for each table of a server; SQLite writes the whole file.
    pub(crate) async fn rewrite(&self, tables: Vec<&'static str>) -> Result<(), StoreError> {
        self.ask(|done| Job::Rewrite { tables, done }).await?
    }

    /// Whether these bytes may stand in a gap of the file: always, where the files are a server's. At least 8 random
    /// bytes, or chance finds them.
    pub(crate) async fn may_hold(&self, wanted: Vec<Vec<u8>>) -> Result<bool, StoreError> {
        match &self.side {
            Side::Sqlite(file) => file.holds(wanted).await,
            Side::Postgres(_) => Ok(true),
        }
    }

    /// Reads rows as cells.
    pub(crate) async fn fetch(&self, sql: &'static str, cells: &[Cell]) -> Result<Vec<Vec<Cell>>, StoreError> {
        if crate::sql::places(sql) != cells.len() {
            return Err(StoreError::WrongArgumentCount);
        }
        match &self.side {
            Side::Sqlite(file) => file.fetch(sql, cells).await,
            Side::Postgres(server) => server.fetch(sql, cells).await,
        }
    }

    /// Reads the first row as cells, and looks for no other.
    pub(crate) async fn fetch_first(&self, sql: &'static str, cells: &[Cell]) -> Result<Option<Vec<Cell>>, StoreError> {
        if crate::sql::places(sql) != cells.len() {
            return Err(StoreError::WrongArgumentCount);
        }
        match &self.side {
            Side::Sqlite(file) => file.fetch_first(sql, cells).await,
            Side::Postgres(server) => server.fetch_first(sql, cells).await,
        }
    }

    /// Lets the database look at a statement without running it; gives how many places it sees.
    pub(crate) async fn prepare(&self, statements: &[&'static str]) -> Result<(), (usize, StoreError)> {
        match &self.side {
            Side::Sqlite(file) => file.prepare(statements).await,
            Side::Postgres(server) => server.prepare(statements).await,
        }
    }

    /// A view of the database as it is at this moment, on a connection of its own.
    pub(crate) async fn snapshot(&self) -> Result<View, StoreError> {
        match &self.side {
            Side::Sqlite(file) => file.snapshot().await.map(View::Sqlite),
            Side::Postgres(server) => server.snapshot().await.map(View::Postgres),
        }
    }

    /// What tables and indexes there are, and the definition of each.
    pub(crate) async fn definitions(&self) -> Result<Vec<(String, String)>, StoreError> {
        let sql = match self.dialect() {
            Dialect::Sqlite => sqlite::SCHEMA,
            Dialect::Postgres => postgres::SCHEMA,
        };
        let row = |row| match <[Cell; 2]>::try_from(row) {
            Ok([Cell::Text(name), Cell::Text(sql)]) => Ok((name, sql)),
            _ => Err(StoreError::Malformed),
        };
        self.fetch(sql, &[]).await?.into_iter().map(row).collect()
    }

    /// Waits until all that was handed over is committed, and closes the database. Later changes get
    /// [`StoreError::Closing`].
    pub(crate) async fn close(&self) {
        match &self.side {
            Side::Sqlite(file) => file.close().await,
            Side::Postgres(server) => server.close().await,
        }
        // An error means that the writer has ended already, which is what is wanted.
        let _ended = self.ask(|done| Job::Close { done }).await;
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Result<T, StoreError> {
        let (done, result) = oneshot::channel();
        self.writer.send(job(done)).await.map_err(|_| StoreError::Closing)?;
        result.await.map_err(|_| StoreError::Closing)
    }
}

/// A statement is given as many values as it has places.
fn fill_their_places(ops: &[Op]) -> Result<(), StoreError> {
    let is_filled = |op: &Op| crate::sql::places(op.sql) == op.cells.len();
    match ops.iter().all(is_filled) {
        true => Ok(()),
        false => Err(StoreError::WrongArgumentCount),
    }
}

async fn write(mut link: Link, mut jobs: mpsc::Receiver<Job>) {
    let mut closing = None;
    while closing.is_none()
        && let Some(first) = jobs.recv().await
    {
        let mut group = Vec::new();
        let mut truncations = Vec::new();
        let mut rewrites = Vec::new();
        let mut tables = BTreeSet::new();
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Change { ops, done } => group.push((ops, done)),
                Job::Truncate { done } => truncations.push(done),
                Job::Rewrite { tables: named, done } => {
                    tables.extend(named);
                    rewrites.push(done);
                }
                Job::Close { done } => closing = Some(done),
            }
            let more = group.len() < GROUP_LIMIT && closing.is_none();
            next = if more { jobs.try_recv().ok() } else { None };
        }
        if !group.is_empty() {
            commit_group(&mut link, group).await;
        }
        // One pass serves everybody who asked for it.
        let rewritten = match rewrites.is_empty() {
            true => Ok(()),
            false => link.rewrite(&tables).await,
        };
        if !truncations.is_empty() || !rewrites.is_empty() {
            let truncated = link.truncate().await;
            // The asker may have gone away; the work is done all the same.
            truncations.into_iter().for_each(|done| _ = done.send(truncated));
            rewrites
                .into_iter()
                .for_each(|done| _ = done.send(rewritten.and(truncated)));
        }
    }
    link.close().await;
    if let Some(done) = closing {
        let _unheard = done.send(());
    }
}

type Change = (Vec<Op>, oneshot::Sender<Touched>);

async fn commit_group(link: &mut Link, group: Vec<Change>) {
    let outcomes = settle(link, &group).await;
    for (index, (_, done)) in group.into_iter().enumerate() {
        let outcome = match &outcomes {
            Ok(outcomes) => outcomes[index].clone(),
            Err(error) => Err(*error),
        };
        // The asker may have gone away; what is committed stays committed.
        let _unheard = done.send(outcome);
    }
}

/// How a group was lost as a whole.
enum Lost {
    /// Nothing of it was committed.
    Before(StoreError),
    /// The word to commit was said; these are the outcomes if it was heard.
    AtCommit(Vec<Touched>, StoreError),
}

/// Commits a group: tries again when it met another's change, or when the connection broke and nothing was committed.
async fn settle(link: &mut Link, group: &[Change]) -> Result<Vec<Touched>, StoreError> {
    let (mut conflicts, mut losses) = (0, 0);
    loop {
        let (error, outcomes) = match attempt(link, group).await {
            Ok(outcomes) => return Ok(outcomes),
            Err(Lost::Before(error)) => (error, None),
            Err(Lost::AtCommit(outcomes, error)) => (error, Some(outcomes)),
        };
        match error {
            StoreError::Disconnected if losses < LOSSES_BORNE => {
                losses += 1;
                // The lock is had again when the server has ended the old connection: what it was told is settled then.
                let was_committed = match link.reconnect().await {
                    Ok(was_committed) => was_committed,
                    Err(_) if outcomes.is_some() => return Err(StoreError::Uncertain),
                    Err(error) => return Err(error),
                };
                if let (true, Some(outcomes)) = (was_committed, outcomes) {
                    return Ok(outcomes);
                }
            }
            StoreError::Disconnected if outcomes.is_some() => return Err(StoreError::Uncertain),
            StoreError::Conflict if conflicts + 1 < CONFLICT_TRIES => {
                link.rollback().await;
                tokio::time::sleep(CONFLICT_PAUSE * 2_u32.pow(conflicts)).await;
                conflicts += 1;
            }
            error => {
                link.rollback().await;
                return Err(error);
            }
        }
    }
}

/// Nearly every batch succeeds, so none is set apart at first. When one fails, what was done before it is undone as well,
/// and all of the group is made again, each batch under a savepoint of its own.
async fn attempt(link: &mut Link, group: &[Change]) -> Result<Vec<Touched>, Lost> {
    let mut outcomes = make(link, group, Apart::No).await?;
    if outcomes.iter().any(Result::is_err) {
        link.rollback().await;
        // A batch that is alone is the transaction.
        if group.len() == 1 {
            return Ok(outcomes);
        }
        outcomes = make(link, group, Apart::BySavepoint).await?;
    }
    match link.run("COMMIT").await {
        Ok(()) => Ok(outcomes),
        Err(error) => Err(Lost::AtCommit(outcomes, error)),
    }
}

/// Whether the batches of a transaction can be undone one by one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Apart {
    No,
    BySavepoint,
}

/// Begins a transaction and does the batches of a group in it; ends at the first that fails and cannot be undone alone.
async fn make(link: &mut Link, group: &[Change], apart: Apart) -> Result<Vec<Touched>, Lost> {
    link.begin().await.map_err(Lost::Before)?;
    let mut outcomes = Vec::with_capacity(group.len());
    for (ops, _) in group {
        let outcome = change(link, ops, apart).await.map_err(Lost::Before)?;
        let ends = outcome.is_err() && apart == Apart::No;
        outcomes.push(outcome);
        if ends {
            break;
        }
    }
    Ok(outcomes)
}

/// Does one batch; undoes it alone when it fails and is set apart. The outer error says that the whole transaction is
/// lost, so that none of its group may be acknowledged: after some errors SQLite rolls everything back by itself
/// (sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction"), and the savepoint is gone with it; a
/// server may break off, or choose this transaction to give way to another.
async fn change(link: &mut Link, ops: &[Op], apart: Apart) -> Result<Touched, StoreError> {
    if apart == Apart::BySavepoint {
        link.run("SAVEPOINT change").await?;
    }
    let mut touched = Vec::with_capacity(ops.len());
    for op in ops {
        let outcome = link.execute(op.sql, &op.cells).await;
        match outcome.and_then(|rows| op.expect.check(rows)) {
            Ok(rows) => touched.push(rows),
            Err(error @ (StoreError::Disconnected | StoreError::Conflict)) => return Err(error),
            Err(error) if apart == Apart::No => return Ok(Err(error)),
            Err(error) => {
                link.run("ROLLBACK TO change").await.map_err(|_| error)?;
                link.run("RELEASE change").await.map_err(|_| error)?;
                return Ok(Err(error));
            }
        }
    }
    if apart == Apart::BySavepoint {
        link.run("RELEASE change").await?;
    }
    Ok(Ok(touched))
}
