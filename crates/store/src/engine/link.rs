//! The writer's connection, and a reader's view of one moment, of either engine.

use std::collections::BTreeSet;
use std::sync::Arc;

use plan::value::Cell;
use sqlx::SqliteConnection;

use crate::StoreError;
use crate::engine::{Dialect, Endpoint, cells, postgres, sqlite};

/// Takes rows some at a time.
pub(crate) trait Reader {
    /// Takes rows; whether more are wanted.
    fn take(&mut self, rows: Vec<Vec<Cell>>) -> impl Future<Output = bool> + Send;
}

/// The writer's connection.
pub(crate) enum Link {
    /// The file's descriptor must outlive the connection: see [`sqlite::File`].
    Sqlite(SqliteConnection, Arc<std::fs::File>),
    Postgres(postgres::Writer),
}

impl Link {
    /// Opens or creates a database for writing alone.
    pub(crate) async fn open(endpoint: &Endpoint) -> Result<Self, StoreError> {
        super::open(endpoint).await.map(|(link, _)| link)
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(..) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The names of tables and indexes.
    pub(crate) async fn definitions(&mut self) -> Result<Vec<String>, StoreError> {
        let rows = match self {
            Self::Sqlite(connection, _) => cells::fetch(&mut *connection, sqlite::SCHEMA, &[]).await?,
            Self::Postgres(writer) => cells::fetch(writer.connection()?, postgres::SCHEMA, &[]).await?,
        };
        let name = |row: Vec<Cell>| match row.into_iter().next() {
            Some(Cell::Text(name)) => Ok(name),
            _ => Err(StoreError::Malformed),
        };
        rows.into_iter().map(name).collect()
    }

    /// As [`View::read`], inside the transaction.
    pub(crate) async fn read(
        &mut self,
        sql: &'static str,
        chunk: usize,
        reader: &mut impl Reader,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(connection, _) => cells::read(&mut *connection, sql, chunk, reader).await,
            Self::Postgres(writer) => cells::read(writer.connection()?, sql, chunk, reader).await,
        }
    }

    pub(crate) async fn begin(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection, _) => sqlite::run(connection, "BEGIN IMMEDIATE").await,
            Self::Postgres(writer) => writer.begin().await,
        }
    }

    /// Undoes what is not committed. It fails when the database has done so by itself, which is what is wanted.
    pub(super) async fn rollback(&mut self) {
        let _rolled_back = self.run("ROLLBACK").await;
    }

    pub(crate) async fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection, _) => sqlite::run(connection, sql).await,
            Self::Postgres(writer) => writer.run(sql).await,
        }
    }

    pub(crate) async fn execute(&mut self, sql: &'static str, values: &[Cell]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(connection, _) => {
                let done = cells::execute(&mut *connection, sql, values).await?;
                Ok(done.rows_affected())
            }
            Self::Postgres(writer) => writer.execute(sql, values).await,
        }
    }

    /// After a break: connects anew, and says whether the last transaction was committed.
    pub(super) async fn reconnect(&mut self) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(..) => Err(StoreError::Closing),
            Self::Postgres(writer) => writer.reconnect().await,
        }
    }

    pub(super) async fn truncate(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection, _) => sqlite::truncate(connection).await,
            Self::Postgres(_) => Ok(()),
        }
    }

    pub(super) async fn rewrite(&mut self, tables: &BTreeSet<&'static str>) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection, _) => sqlite::run(connection, "VACUUM").await,
            Self::Postgres(writer) => writer.rewrite(tables).await,
        }
    }

    pub(crate) async fn close(self) {
        match self {
            // The last pages go to the database file, and the log is removed.
            Self::Sqlite(connection, file) => {
                let _closed = sqlx::Connection::close(connection).await;
                drop(file);
            }
            Self::Postgres(writer) => writer.close().await,
        }
    }
}

/// A reader's view of one moment.
pub(crate) enum View {
    Sqlite(SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl View {
    /// Reads rows as cells.
    pub(crate) async fn fetch(&mut self, sql: &'static str, values: &[Cell]) -> Result<Vec<Vec<Cell>>, StoreError> {
        match self {
            Self::Sqlite(connection) => cells::fetch(&mut *connection, sql, values).await,
            Self::Postgres(connection) => cells::fetch(&mut *connection, sql, values).await,
        }
    }

    /// Reads rows some at a time, until the reader has enough; whether it took all.
    pub(crate) async fn read(
        &mut self,
        sql: &'static str,
        chunk: usize,
        reader: &mut impl Reader,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(connection) => cells::read(&mut *connection, sql, chunk, reader).await,
            Self::Postgres(connection) => cells::read(&mut *connection, sql, chunk, reader).await,
        }
    }
}
