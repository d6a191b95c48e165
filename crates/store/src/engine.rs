//! One SQLite file: one writer that groups commits, several readers.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use memchr::memmem;
use plan::value::Cell;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row as _, SqliteConnection, SqlitePool, TypeInfo, ValueRef};
use tokio::sync::{mpsc, oneshot};

use crate::{Code, StoreError};

/// How many changes share one commit at most. Chosen so that one commit stays under a few milliseconds; guess.
const GROUP_LIMIT: usize = 128;
/// How many changes wait at most before callers wait too.
const QUEUE_LIMIT: usize = 1024;
/// Connections that read. Two cores: more would not read faster; guess.
const READERS: u32 = 4;
/// How long a connection waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a truncation of the write-ahead log is tried; each try waits [`BUSY_TIMEOUT`] for readers of old pages.
const CHECKPOINT_TRIES: u32 = 3;

/// How much of a file is searched at a time.
const SEARCH_BYTES: usize = 1 << 20;

/// What a change must have done, or it is undone with everything in its batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// Any number of rows.
    Any,
    /// Exactly so many rows.
    Rows(u64),
}

/// One change, ready for the writer. Made by [`crate::Rows`], [`crate::Run`] and [`crate::HeldTable`].
pub struct Op {
    pub(crate) sql: &'static str,
    pub(crate) cells: Vec<Cell>,
    pub(crate) expect: Expect,
}

enum Job {
    Change {
        ops: Vec<Op>,
        done: oneshot::Sender<Result<Vec<u64>, StoreError>>,
    },
    /// Move the write-ahead log into the database and cut it to nothing.
    Truncate {
        done: oneshot::Sender<Result<(), StoreError>>,
    },
    /// Write the whole database anew, then as [`Job::Truncate`].
    Rewrite {
        done: oneshot::Sender<Result<(), StoreError>>,
    },
    Close {
        done: oneshot::Sender<()>,
    },
}

/// An open SQLite file.
#[derive(Clone)]
pub(crate) struct Engine {
    writer: mpsc::Sender<Job>,
    readers: SqlitePool,
    /// For reading what the file really holds. Never closed while a connection is open: closing any descriptor of a file
    /// drops the whole process's locks on it (sqlite.org/howtocorrupt.html, section 2.2).
    file: Arc<File>,
}

impl Engine {
    /// Opens or creates the file. The settings are those that make an acknowledged change durable and a deleted one
    /// overwritten: write-ahead log, `synchronous=FULL`, `secure_delete=ON`, foreign keys.
    pub(crate) async fn open(file: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("secure_delete", "ON")
            // What a sort or a savepoint needs stays in memory: no page image lies in a temporary folder.
            .pragma("temp_store", "MEMORY")
            .pragma("trusted_schema", "OFF");
        let connection = options.connect().await?;
        let reading = options.clone().pragma("query_only", "ON");
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(reading)
            .await?;
        let (writer, jobs) = mpsc::channel(QUEUE_LIMIT);
        let file = Arc::new(File::open(file).map_err(sqlx::Error::Io)?);
        tokio::spawn(write(connection, jobs, Arc::clone(&file)));
        Ok(Self { writer, readers, file })
    }

    /// Commits a batch: all of it or none. Returns how many rows each change touched.
    pub(crate) async fn commit(&self, ops: Vec<Op>) -> Result<Vec<u64>, StoreError> {
        if ops.iter().any(|op| crate::sql::places(op.sql) != op.cells.len()) {
            return Err(StoreError::WrongArgumentCount);
        }
        let (done, result) = oneshot::channel();
        self.writer
            .send(Job::Change { ops, done })
            .await
            .map_err(|_| StoreError::Closing)?;
        result.await.map_err(|_| StoreError::Closing)?
    }

    /// Moves the write-ahead log into the database and cuts it to nothing, so that old page images are gone.
    pub(crate) async fn truncate_log(&self) -> Result<(), StoreError> {
        let (done, result) = oneshot::channel();
        self.writer
            .send(Job::Truncate { done })
            .await
            .map_err(|_| StoreError::Closing)?;
        result.await.map_err(|_| StoreError::Closing)?
    }

    /// Makes sure that no page holds a copy of deleted rows any more. `secure_delete` overwrites a deleted cell, but not
    /// the copy that SQLite leaves in the gap of a page when it moves cells to a neighbour (btree.c, `rebuildPage`): such
    /// a gap belongs to no row, so only writing every page anew empties it. Takes memory for the whole database.
    pub(crate) async fn rewrite(&self) -> Result<(), StoreError> {
        let (done, result) = oneshot::channel();
        self.writer
            .send(Job::Rewrite { done })
            .await
            .map_err(|_| StoreError::Closing)?;
        result.await.map_err(|_| StoreError::Closing)?
    }

    /// Whether the database file holds these bytes anywhere, gaps and free pages included. At least 8 random bytes, or
    /// chance finds them.
    pub(crate) async fn holds(&self, wanted: Vec<Vec<u8>>) -> Result<bool, StoreError> {
        let file = Arc::clone(&self.file);
        let searched = tokio::task::spawn_blocking(move || search(&file, &wanted)).await;
        let found = searched.map_err(|_| StoreError::Closing)?;
        found.map_err(|error| StoreError::from(sqlx::Error::Io(error)))
    }

    /// Reads rows as cells.
    pub(crate) async fn fetch(&self, sql: &'static str, cells: &[Cell]) -> Result<Vec<Vec<Cell>>, StoreError> {
        if crate::sql::places(sql) != cells.len() {
            return Err(StoreError::WrongArgumentCount);
        }
        let rows = bind(sql, cells).fetch_all(&self.readers).await?;
        rows.iter().map(cells_of).collect()
    }

    /// Waits until all that was handed over is committed, and closes the file. Later changes get
    /// [`StoreError::Closing`].
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        let (done, closed) = oneshot::channel();
        if self.writer.send(Job::Close { done }).await.is_ok() {
            // An error means that the writer has ended already, which is what is wanted.
            let _ended = closed.await;
        }
    }
}

async fn write(mut connection: SqliteConnection, mut jobs: mpsc::Receiver<Job>, file: Arc<File>) {
    let mut closing = None;
    while closing.is_none()
        && let Some(first) = jobs.recv().await
    {
        let mut group = Vec::new();
        let mut truncations = Vec::new();
        let mut rewrites = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Change { ops, done } => group.push((ops, done)),
                Job::Truncate { done } => truncations.push(done),
                Job::Rewrite { done } => rewrites.push(done),
                Job::Close { done } => closing = Some(done),
            }
            let more = group.len() < GROUP_LIMIT && closing.is_none();
            next = if more { jobs.try_recv().ok() } else { None };
        }
        if !group.is_empty() {
            commit_group(&mut connection, group).await;
        }
        // One pass serves everybody who asked for it.
        let rewritten = match rewrites.is_empty() {
            true => Ok(()),
            false => run(&mut connection, "VACUUM").await,
        };
        if !truncations.is_empty() || !rewrites.is_empty() {
            let truncated = truncate(&mut connection).await;
            // The asker may have gone away; the work is done all the same.
            truncations.into_iter().for_each(|done| _ = done.send(truncated));
            rewrites
                .into_iter()
                .for_each(|done| _ = done.send(rewritten.and(truncated)));
        }
    }
    // The last pages go to the database file, and the log is removed.
    let _closed = connection.close().await;
    drop(file);
    if let Some(done) = closing {
        let _unheard = done.send(());
    }
}

type Change = (Vec<Op>, oneshot::Sender<Result<Vec<u64>, StoreError>>);

async fn commit_group(connection: &mut SqliteConnection, group: Vec<Change>) {
    let mut outcomes = Vec::with_capacity(group.len());
    let mut broken = run(connection, "BEGIN IMMEDIATE").await.err();
    for (ops, done) in group {
        let outcome = match broken {
            Some(error) => Err(error),
            None => match change(connection, &ops).await {
                Ok(outcome) => outcome,
                Err(lost) => {
                    broken = Some(lost);
                    Err(lost)
                }
            },
        };
        outcomes.push((outcome, done));
    }
    let committed = match broken {
        None => run(connection, "COMMIT").await,
        Some(error) => Err(error),
    };
    if committed.is_err() {
        // Fails when SQLite has rolled back by itself, which is what is wanted.
        let _rolled_back = run(connection, "ROLLBACK").await;
    }
    for (outcome, done) in outcomes {
        // The asker may have gone away; what is committed stays committed.
        let _unheard = done.send(committed.and(outcome));
    }
}

/// Does one batch; undoes it alone when it fails. The outer error says that the whole transaction is lost, so that none
/// of its group may be acknowledged: after some errors SQLite rolls everything back by itself
/// (sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction"), and the savepoint is gone with it.
async fn change(connection: &mut SqliteConnection, ops: &[Op]) -> Result<Result<Vec<u64>, StoreError>, StoreError> {
    run(connection, "SAVEPOINT change").await?;
    let mut touched = Vec::with_capacity(ops.len());
    for op in ops {
        let outcome = match bind(op.sql, &op.cells).execute(&mut *connection).await {
            Ok(done) if op.expect == Expect::Any || op.expect == Expect::Rows(done.rows_affected()) => {
                Ok(done.rows_affected())
            }
            Ok(_) => Err(StoreError::Gone),
            Err(error) => Err(error.into()),
        };
        match outcome {
            Ok(rows) => touched.push(rows),
            Err(error) => {
                run(connection, "ROLLBACK TO change").await.map_err(|_| error)?;
                run(connection, "RELEASE change").await.map_err(|_| error)?;
                return Ok(Err(error));
            }
        }
    }
    run(connection, "RELEASE change").await?;
    Ok(Ok(touched))
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), StoreError> {
    sqlx::query(sql).execute(connection).await?;
    Ok(())
}

async fn truncate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    for _ in 0..CHECKPOINT_TRIES {
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&mut *connection)
            .await?;
        let busy: i64 = row.try_get(0)?;
        if busy == 0 {
            return Ok(());
        }
    }
    const SQLITE_BUSY: i32 = 5;
    Err(StoreError::Database(Code(SQLITE_BUSY)))
}

fn search(file: &File, wanted: &[Vec<u8>]) -> io::Result<bool> {
    let overlap = wanted.iter().map(Vec::len).max().unwrap_or(1) - 1;
    let mut buffer = vec![0; SEARCH_BYTES + overlap];
    let mut offset = 0;
    loop {
        let read = file.read_at(&mut buffer, offset)?;
        let window = &buffer[..read];
        if wanted.iter().any(|wanted| memmem::find(window, wanted).is_some()) {
            return Ok(true);
        }
        if read <= overlap {
            return Ok(false);
        }
        offset += (read - overlap) as u64;
    }
}

fn bind<'q>(sql: &'static str, cells: &[Cell]) -> sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments> {
    cells.iter().fold(sqlx::query(sql), |query, cell| match cell {
        Cell::Integer(number) => query.bind(*number),
        Cell::Text(text) => query.bind(text.clone()),
        Cell::Bytes(bytes) => query.bind(bytes.clone()),
    })
}

fn cells_of(row: &SqliteRow) -> Result<Vec<Cell>, StoreError> {
    (0..row.len())
        .map(|index| {
            let value = row.try_get_raw(index)?;
            match value.type_info().name() {
                "INTEGER" => Ok(Cell::Integer(row.try_get(index)?)),
                "TEXT" => Ok(Cell::Text(row.try_get(index)?)),
                "BLOB" => Ok(Cell::Bytes(row.try_get(index)?)),
                _ => Err(StoreError::Malformed),
            }
        })
        .collect()
}
