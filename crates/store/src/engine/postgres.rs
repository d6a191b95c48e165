//! PostgreSQL: a server, reached over a socket.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use plan::value::Cell;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow, PgSslMode};
use sqlx::{Arguments as _, ConnectOptions, Connection, Executor as _, PgConnection, PgPool, Postgres, Row as _};
use thiserror::Error;

use crate::engine::READERS;
use crate::engine::cells::{self, Speaks};
use crate::{Code, StoreError};

/// Pause between two attempts to connect, or to get the lock.
const PAUSE: Duration = Duration::from_millis(100);
/// How often the lock is tried at a start: the server may need a moment to notice that an earlier instance is gone.
const LOCK_TRIES: u32 = 50;
/// How often the writer tries a lost connection again for a group: a server that is restarted is waited for.
const RECONNECT_TRIES: u32 = 200;
/// How long a reader begins a statement again, so that whoever waits for a page hears within half a minute.
const AGAIN_WITHIN: Duration = Duration::from_secs(20);
/// How long a reader waits for a connection of the pool.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Prepared statements that a connection keeps: more than the closed list has.
const STATEMENTS_KEPT: usize = 512;

/// Held by the writer's connection as long as it lives, so that a database has one instance at most.
const LOCK: &str = "SELECT pg_try_advisory_lock(74117110100111114)";
const SETTINGS: &str = "SELECT current_setting('fsync'), current_setting('server_encoding')";
const CREATE_MARK: &str =
    "CREATE TABLE IF NOT EXISTS mark (name text COLLATE \"C\" NOT NULL, number bigint NOT NULL, PRIMARY KEY (name))";
const UNSAMPLED_MARK: &str =
    "ALTER TABLE mark ALTER COLUMN name SET STATISTICS 0, ALTER COLUMN number SET STATISTICS 0";
const COUNT_FROM_ZERO: &str = "INSERT INTO mark (name, number) VALUES ('commits', 0) ON CONFLICT (name) DO NOTHING";
/// Begins a transaction and gives it a number, in one round trip: after a lost connection the number in the table says
/// whether the transaction was committed.
const BEGIN: &str = "BEGIN; UPDATE mark SET number = number + 1 WHERE name = 'commits' RETURNING number";
const COMMITS: &str = "SELECT number FROM mark WHERE name = 'commits'";
const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// A rewrite locks its table; it must not wait for long behind somebody else's reader, with all writers behind it.
const BE_IMPATIENT: &str = "SET lock_timeout = '10s'";
const BE_PATIENT: &str = "SET lock_timeout = 0";

/// What there is in the schema `public`, written as this program writes its definitions, so that a difference shows:
/// columns with type, collation and `NOT NULL`, then foreign keys, primary key and unique values. What such a definition
/// never has (a trigger, a default, samples for the planner, another kind of relation) is added in words.
pub(crate) const SCHEMA: &str = "\
SELECT CAST(c.relname AS text) AS name, \
  CASE c.relkind WHEN 'r' THEN 'CREATE TABLE ' ELSE 'CREATE ' || CAST(c.relkind AS text) || ' ' END || c.relname || ' (' || \
  (SELECT COALESCE(string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) \
      || CASE WHEN co.collname = 'C' THEN ' COLLATE \"C\"' ELSE '' END \
      || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END \
      || CASE WHEN a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '' THEN ' DEFAULT' ELSE '' END \
      || CASE WHEN c.relkind = 'r' AND COALESCE(a.attstattarget, -1) <> 0 THEN ' STATISTICS' ELSE '' END, \
      ', ' ORDER BY a.attnum), '') \
    FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation \
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) || \
  (SELECT COALESCE(string_agg(', ' || pg_get_constraintdef(k.oid), '' ORDER BY k.contype, k.conkey), '') \
    FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype <> 'n') || ')' || \
  CASE WHEN c.relpersistence <> 'p' THEN ' UNLOGGED' ELSE '' END || \
  CASE WHEN c.relrowsecurity THEN ' ROW SECURITY' ELSE '' END || CASE WHEN c.relhasrules THEN ' RULE' ELSE '' END || \
  CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) \
    THEN ' TRIGGER' ELSE '' END AS definition \
FROM pg_catalog.pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'f', 'p', 'S') \
UNION ALL \
SELECT CAST(c.relname AS text), CASE WHEN i.indpred IS NULL AND i.indexprs IS NULL AND NOT i.indisunique AND m.amname = 'btree' \
  THEN 'CREATE INDEX ' || c.relname || ' ON ' || t.relname || ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY k.place) \
    FROM unnest(i.indkey) WITH ORDINALITY AS k (number, place) \
    JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number) || ')' \
  ELSE pg_get_indexdef(i.indexrelid) END \
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
JOIN pg_catalog.pg_am m ON m.oid = c.relam \
WHERE c.relnamespace = 'public'::regnamespace \
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid)";

/// Where a database of a PostgreSQL server is, and how to log in. It is never shown whole: it may carry a password.
#[derive(Clone)]
pub struct ServerUrl(Box<PgConnectOptions>);

/// What is wrong with a URL of a database server. The URL itself is not repeated: it may carry a password.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ServerUrlError {
    /// It is not of this kind.
    #[error(
        "it is no URL of a PostgreSQL database; write for example postgres:///candor?host=/run/postgresql&user=candor"
    )]
    Malformed,
    /// It names no database.
    #[error("it names no database; write it after the host: postgres://candor@localhost/candor")]
    NoDatabase,
    /// What would travel through the network could be read or changed on the way.
    #[error(
        "{0} is another machine, and the URL does not ask for proof of who answers; add ?sslmode=verify-full, and \
         &sslrootcert=FILE when the server's certificate is of an authority of your own"
    )]
    NotVerified(String),
}

impl ServerUrl {
    /// Reads a URL. A password that it does not carry comes from the file that `PGPASSFILE` names, or `~/.pgpass`.
    ///
    /// # Errors
    /// [`ServerUrlError`]: each says what to write.
    pub fn parse(url: &str) -> Result<Self, ServerUrlError> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(ServerUrlError::Malformed);
        }
        let options: PgConnectOptions = url.parse().map_err(|_| ServerUrlError::Malformed)?;
        if options.get_database().is_none_or(str::is_empty) {
            return Err(ServerUrlError::NoDatabase);
        }
        let host = options.get_host();
        let is_here = options.get_socket().is_some()
            || host.starts_with('/')
            || host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback());
        if !is_here && !matches!(options.get_ssl_mode(), PgSslMode::VerifyFull) {
            return Err(ServerUrlError::NotVerified(host.to_owned()));
        }
        Ok(Self(Box::new(options)))
    }

    /// The same with a password that was read elsewhere.
    #[must_use]
    pub fn with_password(self, password: &str) -> Self {
        Self(Box::new(self.0.password(password)))
    }

    pub(super) fn options(&self) -> PgConnectOptions {
        let options = PgConnectOptions::clone(&self.0).application_name("candor");
        let options = options
            .statement_cache_capacity(STATEMENTS_KEPT)
            .disable_statement_logging();
        options.options([
            ("search_path", "public"),
            ("synchronous_commit", "on"),
            // An error's line in the server's log must not show values.
            ("log_parameter_max_length_on_error", "0"),
            ("client_min_messages", "error"),
            ("jit", "off"),
        ])
    }
}

impl fmt::Display for ServerUrl {
    /// Which database on which server, without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.0.get_database().unwrap_or_default();
        match self.0.get_socket() {
            Some(socket) => write!(f, "{database} at {}", socket.display()),
            None => write!(f, "{database} at {}:{}", self.0.get_host(), self.0.get_port()),
        }
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerUrl({self})")
    }
}

impl PartialEq for ServerUrl {
    /// Whether both name the same database of the same server.
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

/// Connects to a database, takes its lock, and makes the table of marks.
pub(super) async fn open(url: &ServerUrl) -> Result<(Writer, Server), StoreError> {
    let mut writer = Writer {
        url: url.clone(),
        connection: None,
        commits: 0,
    };
    writer.connect(1, LOCK_TRIES).await?;
    let connection = writer.connection()?;
    match cells::fetch(&mut *connection, SETTINGS, &[]).await?.as_slice() {
        [row] => match row.as_slice() {
            [Cell::Text(fsync), _] if fsync != "on" => return Err(StoreError::NotDurable),
            [_, Cell::Text(encoding)] if encoding != "UTF8" => return Err(StoreError::Foreign),
            _ => {}
        },
        _ => return Err(StoreError::Malformed),
    }
    let found = cells::fetch(&mut *connection, SCHEMA, &[]).await?;
    let is_mark = |row: &Vec<Cell>| matches!(row.first(), Some(Cell::Text(name)) if name == "mark");
    if !found.iter().any(is_mark) {
        if !found.is_empty() {
            return Err(StoreError::Foreign);
        }
        for sql in ["BEGIN", CREATE_MARK, UNSAMPLED_MARK, COUNT_FROM_ZERO, "COMMIT"] {
            sqlx::query(sql).execute(&mut *connection).await.map_err(store_error)?;
        }
    }
    let readers = PgPoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        // A broken connection is noticed by its statement, which is then read again.
        .test_before_acquire(false)
        .connect_lazy_with(url.options().options([("default_transaction_read_only", "on")]));
    let server = Server {
        readers,
        url: url.clone(),
    };
    Ok((writer, server))
}

/// The reading side.
#[derive(Clone)]
pub(super) struct Server {
    readers: PgPool,
    url: ServerUrl,
}

impl Server {
    /// Reads rows.
    pub(super) async fn fetch(&self, sql: &'static str, values: &[Cell]) -> Result<Vec<Vec<Cell>>, StoreError> {
        self.again(|| cells::fetch(&self.readers, sql, values)).await
    }

    /// Reads the first row.
    pub(super) async fn fetch_first(
        &self,
        sql: &'static str,
        values: &[Cell],
    ) -> Result<Option<Vec<Cell>>, StoreError> {
        self.again(|| cells::fetch_first(&self.readers, sql, values)).await
    }

    /// Reads, and reads again while the server is away for a moment: reading changes nothing.
    async fn again<T, F>(&self, read: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let until = Instant::now() + AGAIN_WITHIN;
        loop {
            match read().await {
                Err(StoreError::Disconnected | StoreError::Conflict) if Instant::now() < until => {
                    tokio::time::sleep(PAUSE).await;
                }
                settled => return settled,
            }
        }
    }

    pub(super) async fn prepare(&self, statements: &[&'static str]) -> Result<(), (usize, StoreError)> {
        let connection = self.readers.acquire().await;
        let mut connection = connection.map_err(|error| (0, store_error(error)))?;
        for (index, sql) in statements.iter().enumerate() {
            let prepared = (&mut *connection).prepare(sqlx::SqlSafeStr::into_sql_str(*sql)).await;
            prepared.map_err(|error| (index, store_error(error)))?;
        }
        Ok(())
    }

    pub(super) async fn snapshot(&self) -> Result<PgConnection, StoreError> {
        let mut connection = self.url.options().connect().await.map_err(store_error)?;
        for sql in [BEGIN_SNAPSHOT, COMMITS] {
            // The first reading fixes the moment.
            sqlx::query(sql).execute(&mut connection).await.map_err(store_error)?;
        }
        Ok(connection)
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
    }
}

/// The writer's connection, which holds the lock.
pub(crate) struct Writer {
    url: ServerUrl,
    connection: Option<PgConnection>,
    /// The number of the last transaction that was begun.
    commits: i64,
}

impl Writer {
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        let connection = self.connection()?;
        let rows = sqlx::raw_sql(BEGIN).fetch_all(connection).await;
        let rows = self.settled(rows)?;
        let number = rows.first().ok_or(StoreError::Malformed)?.try_get::<i64, _>(0);
        self.commits = number.map_err(store_error)?;
        Ok(())
    }

    pub(super) async fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.execute(sql, &[]).await?;
        Ok(())
    }

    pub(super) async fn execute(&mut self, sql: &'static str, values: &[Cell]) -> Result<u64, StoreError> {
        let connection = self.connection()?;
        let done = cells::execute(connection, sql, values).await;
        Ok(self.noted(done)?.rows_affected())
    }

    /// Connects anew and takes the lock, which the server gives when it has ended the old connection. Says whether the
    /// last transaction that was begun is committed.
    pub(super) async fn reconnect(&mut self) -> Result<bool, StoreError> {
        self.connect(RECONNECT_TRIES, RECONNECT_TRIES).await?;
        let rows = cells::fetch(self.connection()?, COMMITS, &[]).await;
        match self.noted(rows)?.as_slice() {
            [row] => Ok(row.as_slice() == [Cell::Integer(self.commits)]),
            _ => Err(StoreError::Malformed),
        }
    }

    /// Writes tables anew.
    pub(super) async fn rewrite(&mut self, tables: &BTreeSet<&'static str>) -> Result<(), StoreError> {
        if self.connection.is_none() {
            self.connect(RECONNECT_TRIES, RECONNECT_TRIES).await?;
        }
        self.run(BE_IMPATIENT).await?;
        let mut outcome = Ok(());
        for sql in tables {
            outcome = outcome.and(self.run(sql).await);
        }
        self.run(BE_PATIENT).await.and(outcome)
    }

    pub(super) async fn close(self) {
        if let Some(connection) = self.connection {
            // The server notices an end without a farewell as well.
            let _closed = connection.close().await;
        }
    }

    pub(super) fn connection(&mut self) -> Result<&mut PgConnection, StoreError> {
        self.connection.as_mut().ok_or(StoreError::Disconnected)
    }

    /// An outcome with the database's text left out; a connection that is lost is let go.
    fn settled<T>(&mut self, outcome: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        self.noted(outcome.map_err(store_error))
    }

    fn noted<T>(&mut self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(outcome, Err(StoreError::Disconnected)) {
            self.connection = None;
        }
        outcome
    }

    async fn connect(&mut self, mut tries: u32, mut lock_tries: u32) -> Result<(), StoreError> {
        self.connection = None;
        loop {
            let outcome = match self.url.options().connect().await {
                Ok(mut connection) => match fetch_bool(&mut connection, LOCK).await {
                    Ok(true) => {
                        self.connection = Some(connection);
                        return Ok(());
                    }
                    Ok(false) => Err(StoreError::InUse),
                    Err(error) => Err(error),
                },
                Err(error) => Err(store_error(error)),
            };
            match outcome {
                Err(StoreError::InUse) if lock_tries > 1 => lock_tries -= 1,
                Err(StoreError::Disconnected) if tries > 1 => tries -= 1,
                outcome => return outcome,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn fetch_bool(connection: &mut PgConnection, sql: &'static str) -> Result<bool, StoreError> {
    let row = sqlx::query(sql).fetch_one(connection).await;
    row.and_then(|row| row.try_get(0)).map_err(store_error)
}

impl Speaks for Postgres {
    const TYPES: [&'static str; 3] = ["INT8", "TEXT", "BYTEA"];

    fn error(error: sqlx::Error) -> StoreError {
        store_error(error)
    }

    fn bind(arguments: &mut PgArguments, cell: &Cell) -> Result<(), sqlx::error::BoxDynError> {
        match cell {
            Cell::Integer(number) => arguments.add(*number),
            Cell::Text(text) => arguments.add(text.as_str()),
            Cell::Bytes(bytes) => arguments.add(bytes.as_slice()),
        }
    }

    fn cell(row: &PgRow, index: usize) -> Result<Cell, StoreError> {
        cells::decoded::<Self>(row.try_get_raw(index).map_err(store_error)?)
    }
}

/// The code of an error, and nothing of its text. Source: "PostgreSQL Error Codes", appendix A of its manual.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(database) => state_error(&database.code().unwrap_or_default()),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => StoreError::Disconnected,
        sqlx::Error::PoolClosed => StoreError::Closing,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound => StoreError::Malformed,
        _ => StoreError::Database(Code(-1)),
    }
}

fn state_error(state: &str) -> StoreError {
    match state {
        "23505" => StoreError::Taken,
        "23503" => StoreError::RefusedByDatabase,
        // serialization_failure, deadlock_detected
        "40001" | "40P01" => StoreError::Conflict,
        "53100" => StoreError::DiskFull,
        // data_corrupted, index_corrupted
        "XX001" | "XX002" => StoreError::Damaged,
        // The server stops, has crashed, starts, or ends idle connections; it has no connection to spare.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "53300" => StoreError::Disconnected,
        state if state.starts_with("08") => StoreError::Disconnected,
        state => StoreError::Database(Code::of_sqlstate(state)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_refused_with_what_to_write_and_never_repeated() {
        for (url, word) in [
            ("mysql://ada:secret@db/candor", "postgres://"),
            ("postgres://ada:secret@localhost", "names no database"),
            ("postgres://ada:secret@db.example.org/candor", "sslmode=verify-full"),
            (
                "postgres://ada:secret@db.example.org/candor?sslmode=require",
                "sslmode=verify-full",
            ),
        ] {
            let error = ServerUrl::parse(url).unwrap_err().to_string();
            assert!(error.contains(word) && !error.contains("secret"), "{url}: {error}");
        }
    }

    #[test]
    fn a_url_is_shown_without_user_and_password() {
        for (url, shown) in [
            ("postgres://ada:secret@localhost/candor", "candor at localhost:5432"),
            (
                "postgresql:///rows?host=/run/postgresql&user=ada&password=secret",
                "rows at /run/postgresql",
            ),
            ("postgres://ada:secret@[::1]:6543/candor", "candor at [::1]:6543"),
            (
                "postgres://ada:secret@db.example.org/candor?sslmode=verify-full",
                "candor at db.example.org:5432",
            ),
        ] {
            let url = ServerUrl::parse(url).unwrap();
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("secret") && !format!("{url:?}").contains("ada"));
        }
    }
}
