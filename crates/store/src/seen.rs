//! Rows as they were seen: what was read, and the sealed values by which a statement knows that they are still so.

use plan::SubjectId;
use plan::value::{Cell, Value as _};

use crate::row::{Reader, Row};
use crate::statement::{Args, Bind, Select};
use crate::table::Kind;
use crate::{Store, StoreError};

/// A sealed value as it is stored. It is sealed anew each time that it is written, so whoever finds it finds the row that
/// was read, and none that says the same.
#[derive(Clone)]
pub struct Sealed(Vec<u8>);

impl Bind for Sealed {
    fn cell(self) -> Cell {
        Cell::Bytes(self.0)
    }
}

impl Store {
    /// The first row, opened, and its sealed values as they are stored, in the order of the columns.
    ///
    /// # Errors
    /// As [`Store::read_rows`].
    pub async fn read_seen<A: Args, R: Row>(
        &self,
        select: &Select<A, R>,
        args: A,
    ) -> Result<Option<(R, Vec<Sealed>)>, StoreError> {
        let found = self.engine.fetch(select.sql, &args.cells()).await?;
        let Some(cells) = found.first() else { return Ok(None) };
        let shape = &R::TABLE.shape;
        let owner = shape.columns.iter().position(|column| column.name == shape.owner);
        let subject = owner.and_then(|owner| cells.get(owner)).and_then(SubjectId::from_cell);
        let key = match self.keys.key(subject.ok_or(StoreError::Malformed)?).await {
            // Erased between the two reads: the row is gone as well.
            Err(StoreError::NoSuchSubject) => return Ok(None),
            other => other?,
        };
        let row = R::read(&mut Reader::new(R::TABLE, &key, cells))?;
        let sealed = shape
            .columns
            .iter()
            .zip(cells)
            .filter_map(|(column, cell)| match (column.kind, cell) {
                (Kind::Sealed | Kind::Found | Kind::Matched | Kind::Secret, Cell::Bytes(bytes)) => {
                    Some(Sealed(bytes.clone()))
                }
                _ => None,
            });
        Ok(Some((row, sealed.collect())))
    }
}
