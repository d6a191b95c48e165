//! SQLite: a file of this process.

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
use sqlx::{Arguments as _, ConnectOptions, Executor as _, Row as _, Sqlite, SqliteConnection, SqlitePool};

use crate::engine::READERS;
use crate::engine::cells::{self, Speaks};
use crate::{Code, StoreError};

/// How long a connection waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Rows that the connection's thread reads before it waits for who asked for them: everything of one person, so that an
/// export is not a rally between two threads.
const ROWS_AHEAD: usize = 1024;
/// How often a truncation of the write-ahead log is tried; each try waits [`BUSY_TIMEOUT`] for readers of old pages.
const CHECKPOINT_TRIES: u32 = 3;
/// How much of a file is searched at a time.
const SEARCH_BYTES: usize = 1 << 20;

/// What tables and indexes there are.
pub(crate) const SCHEMA: &str = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name";

/// The reading side of an open file.
#[derive(Clone)]
pub(super) struct File {
    readers: SqlitePool,
    options: Arc<SqliteConnectOptions>,
    /// For reading what the file really holds. Never closed while a connection is open: closing any descriptor of a file
    /// drops the whole process's locks on it (sqlite.org/howtocorrupt.html, section 2.2). The writer holds it
    /// as well.
    bytes: Arc<std::fs::File>,
}

/// Opens or creates a file. The settings are those that make an acknowledged change durable and a deleted one
/// overwritten: write-ahead log, `synchronous=FULL`, `secure_delete=ON`, foreign keys.
pub(super) async fn open(path: &Path) -> Result<(SqliteConnection, File), StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROWS_AHEAD)
        .pragma("secure_delete", "ON")
        // What a sort or a savepoint needs stays in memory: no page image lies in a temporary folder.
        .pragma("temp_store", "MEMORY")
        .pragma("trusted_schema", "OFF");
    let mut connection = options.connect().await.map_err(store_error)?;
    match reading_side(&mut connection, options, path).await {
        Ok(file) => Ok((connection, file)),
        Err(error) => {
            // A connection that is only dropped ends later, and may write until then.
            let _closed = sqlx::Connection::close(connection).await;
            Err(error)
        }
    }
}

async fn reading_side(
    connection: &mut SqliteConnection,
    options: SqliteConnectOptions,
    path: &Path,
) -> Result<File, StoreError> {
    keeps_what_it_acknowledges(connection).await?;
    let options = options.pragma("query_only", "ON");
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .idle_timeout(None)
        .max_lifetime(None)
        // A file does not hang up; the test would be one more way to the connection's thread and back.
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await
        .map_err(store_error)?;
    let bytes = std::fs::File::open(path).map_err(io_error)?;
    Ok(File {
        readers,
        options: Arc::new(options),
        bytes: Arc::new(bytes),
    })
}

/// SQLite goes on with weaker settings where it cannot have these, for instance without a log on a network's file system.
async fn keeps_what_it_acknowledges(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    const FULL: i64 = 2;
    let journal = cells::fetch::<Sqlite>(&mut *connection, "PRAGMA journal_mode", &[]).await?;
    let synchronous = cells::fetch::<Sqlite>(&mut *connection, "PRAGMA synchronous", &[]).await?;
    let wanted = [vec![Cell::Text("wal".to_owned())], vec![Cell::Integer(FULL)]];
    if [journal, synchronous].concat() == wanted {
        Ok(())
    } else {
        Err(StoreError::NotDurable)
    }
}

impl File {
    pub(super) fn descriptor(&self) -> Arc<std::fs::File> {
        Arc::clone(&self.bytes)
    }

    pub(super) async fn fetch(&self, sql: &'static str, values: &[Cell]) -> Result<Vec<Vec<Cell>>, StoreError> {
        cells::fetch(&self.readers, sql, values).await
    }

    pub(super) async fn fetch_first(
        &self,
        sql: &'static str,
        values: &[Cell],
    ) -> Result<Option<Vec<Cell>>, StoreError> {
        cells::fetch_first(&self.readers, sql, values).await
    }

    pub(super) async fn prepare(&self, statements: &[&'static str]) -> Result<(), (usize, StoreError)> {
        let connection = self.readers.acquire().await;
        let mut connection = connection.map_err(|error| (0, store_error(error)))?;
        for (index, sql) in statements.iter().enumerate() {
            let prepared = connection.prepare(sqlx::SqlSafeStr::into_sql_str(*sql)).await;
            prepared.map_err(|error| (index, store_error(error)))?;
        }
        Ok(())
    }

    pub(super) async fn snapshot(&self) -> Result<SqliteConnection, StoreError> {
        let mut connection = self.options.connect().await.map_err(store_error)?;
        run(&mut connection, "BEGIN").await?;
        // A transaction sees the moment of its first reading (sqlite.org/lang_transaction.html).
        cells::fetch(&mut connection, SCHEMA, &[]).await?;
        Ok(connection)
    }

    /// Whether the file holds these bytes anywhere, gaps and free pages included.
    pub(super) async fn holds(&self, wanted: Vec<Vec<u8>>) -> Result<bool, StoreError> {
        let bytes = Arc::clone(&self.bytes);
        let searched = tokio::task::spawn_blocking(move || search(&bytes, &wanted)).await;
        searched.map_err(|_| StoreError::Closing)?.map_err(io_error)
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
    }
}

pub(super) async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), StoreError> {
    sqlx::query(sql).execute(connection).await.map_err(store_error)?;
    Ok(())
}

pub(super) async fn truncate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    for _ in 0..CHECKPOINT_TRIES {
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection);
        let busy: i64 = checkpoint.await.and_then(|row| row.try_get(0)).map_err(store_error)?;
        if busy == 0 {
            return Ok(());
        }
    }
    const SQLITE_BUSY: i32 = 5;
    Err(StoreError::Database(Code(SQLITE_BUSY)))
}

fn search(file: &std::fs::File, wanted: &[Vec<u8>]) -> io::Result<bool> {
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

impl Speaks for Sqlite {
    const TYPES: [&'static str; 3] = ["INTEGER", "TEXT", "BLOB"];

    fn error(error: sqlx::Error) -> StoreError {
        store_error(error)
    }

    fn bind(arguments: &mut SqliteArguments, cell: &Cell) -> Result<(), sqlx::error::BoxDynError> {
        match cell {
            Cell::Integer(number) => arguments.add(*number),
            Cell::Text(text) => arguments.add(text.as_str()),
            Cell::Bytes(bytes) => arguments.add(bytes.as_slice()),
        }
    }

    fn cell(row: &SqliteRow, index: usize) -> Result<Cell, StoreError> {
        cells::decoded::<Self>(row.try_get_raw(index).map_err(store_error)?)
    }
}

const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_NOTADB: i32 = 26;
/// There is no room for the index of the write-ahead log, a file beside it.
const SQLITE_IOERR_SHMSIZE: i32 = 4874;
const SQLITE_CONSTRAINT_FOREIGNKEY: i32 = 787;
const SQLITE_CONSTRAINT_PRIMARYKEY: i32 = 1555;
const SQLITE_CONSTRAINT_UNIQUE: i32 = 2067;

fn io_error(error: io::Error) -> StoreError {
    StoreError::Database(Code(error.raw_os_error().unwrap_or(-2)))
}

/// The number of an error, and nothing of its text. Source of the numbers: "Result and Error Codes",
/// sqlite.org/rescode.html.
fn store_error(error: sqlx::Error) -> StoreError {
    let code = match error {
        sqlx::Error::Database(database) => database.code().and_then(|code| code.parse().ok()).unwrap_or(-1),
        sqlx::Error::Io(io) => return io_error(io),
        sqlx::Error::PoolTimedOut => -3,
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => return StoreError::Closing,
        _ => -1,
    };
    match code {
        SQLITE_FULL | SQLITE_IOERR_SHMSIZE => StoreError::DiskFull,
        SQLITE_NOTADB => StoreError::Damaged,
        // The low byte is the primary code, the rest says what exactly is corrupt.
        corrupt if corrupt & 0xff == SQLITE_CORRUPT => StoreError::Damaged,
        SQLITE_CONSTRAINT_FOREIGNKEY => StoreError::RefusedByDatabase,
        SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE => StoreError::Taken,
        other => StoreError::Database(Code(other)),
    }
}
