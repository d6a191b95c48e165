//! Statements with cells in and cells out, the same for both engines.

use futures_util::TryStreamExt as _;
use plan::value::Cell;
use sqlx::query::Query;
use sqlx::{Arguments as _, Database, Decode, Executor, IntoArguments, Row as _, TypeInfo as _, ValueRef};

use crate::StoreError;
use crate::engine::Reader;

/// An engine's side of it.
pub(super) trait Speaks: Database<Arguments: IntoArguments<Self>> + Sized {
    /// The names of its types for integers, texts and bytes.
    const TYPES: [&'static str; 3];

    /// The code of an error, and nothing of its text.
    fn error(error: sqlx::Error) -> StoreError;

    /// Adds a value to those that a statement is given. No value of ours fails to be encoded.
    fn bind(arguments: &mut Self::Arguments, cell: &Cell) -> Result<(), sqlx::error::BoxDynError>;

    /// One value of a row.
    fn cell(row: &Self::Row, index: usize) -> Result<Cell, StoreError>;
}

/// What [`Speaks::cell`] does, for an engine whose types are known.
pub(super) fn decoded<'r, D: Speaks>(value: D::ValueRef<'r>) -> Result<Cell, StoreError>
where
    i64: Decode<'r, D>,
    String: Decode<'r, D>,
    Vec<u8>: Decode<'r, D>,
{
    let position = {
        let stored = value.type_info();
        D::TYPES.iter().position(|name| *name == stored.name())
    };
    // A `Decode` fails for a value that is not of the type, or is none.
    let cell = match position {
        Some(0) if !value.is_null() => i64::decode(value).map(Cell::Integer),
        Some(1) if !value.is_null() => String::decode(value).map(Cell::Text),
        Some(2) if !value.is_null() => Vec::decode(value).map(Cell::Bytes),
        _ => return Err(StoreError::Malformed),
    };
    cell.map_err(|_| StoreError::Malformed)
}

fn query<'q, D: Speaks>(sql: &'static str, cells: &[Cell]) -> Result<Query<'q, D, D::Arguments>, StoreError> {
    let mut arguments = D::Arguments::default();
    arguments.reserve(cells.len(), 0);
    for cell in cells {
        D::bind(&mut arguments, cell).map_err(|_| StoreError::Malformed)?;
    }
    Ok(sqlx::query_with(sql, arguments))
}

fn cells_of<D: Speaks>(row: &D::Row) -> Result<Vec<Cell>, StoreError> {
    (0..row.len()).map(|index| D::cell(row, index)).collect()
}

/// Runs a statement; what came of it has the count of rows.
pub(super) async fn execute<'c, D: Speaks>(
    executor: impl Executor<'c, Database = D>,
    sql: &'static str,
    cells: &[Cell],
) -> Result<D::QueryResult, StoreError> {
    query::<D>(sql, cells)?.execute(executor).await.map_err(D::error)
}

/// Reads rows.
pub(super) async fn fetch<'c, D: Speaks>(
    executor: impl Executor<'c, Database = D>,
    sql: &'static str,
    cells: &[Cell],
) -> Result<Vec<Vec<Cell>>, StoreError> {
    let rows = query::<D>(sql, cells)?.fetch_all(executor).await.map_err(D::error)?;
    rows.iter().map(cells_of::<D>).collect()
}

/// Reads the first row, and looks for no other.
pub(super) async fn fetch_first<'c, D: Speaks>(
    executor: impl Executor<'c, Database = D>,
    sql: &'static str,
    cells: &[Cell],
) -> Result<Option<Vec<Cell>>, StoreError> {
    let row = query::<D>(sql, cells)?
        .fetch_optional(executor)
        .await
        .map_err(D::error)?;
    row.as_ref().map(cells_of::<D>).transpose()
}

/// Reads rows some at a time, until the reader has enough; whether it took all.
pub(super) async fn read<'c, D: Speaks>(
    executor: impl Executor<'c, Database = D>,
    sql: &'static str,
    chunk: usize,
    reader: &mut impl Reader,
) -> Result<bool, StoreError> {
    let mut rows = query::<D>(sql, &[])?.fetch(executor);
    let mut cells = Vec::with_capacity(chunk);
    while let Some(row) = rows.try_next().await.map_err(D::error)? {
        cells.push(cells_of::<D>(&row)?);
        if cells.len() == chunk && !reader.take(std::mem::take(&mut cells)).await {
            return Ok(false);
        }
    }
    Ok(cells.is_empty() || reader.take(cells).await)
}
