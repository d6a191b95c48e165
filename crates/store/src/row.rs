//! How a row becomes cells and cells become a row.

use std::marker::PhantomData;
use std::sync::Arc;

use plan::act::{ActId, Keep};
use plan::value::{Cell, Value};
use plan::{Field, NotDeclared, Personal, Plan, SubjectId, Timestamp};

use crate::engine::{Expect, Op};
use crate::seal::{IndexKey, SealingKey, place};
use crate::table::Table;
use crate::{StoreError, Subject};

/// The struct of a table's rows. Implemented by [`crate::table!`].
pub trait Row: Sized + Send + 'static {
    /// The table.
    const TABLE: &'static Table;
    /// The subject that the row is about.
    fn owner(&self) -> SubjectId;
    /// Writes the row, column by column.
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), StoreError>;
    /// Reads a row, column by column.
    fn read(reader: &mut Reader<'_>) -> Result<Self, StoreError>;
}

/// The right to put rows into one table: this sink's permit. Given out by [`crate::Store::rows`] alone.
pub struct Rows<R: Row> {
    plan: Arc<Plan>,
    row: PhantomData<fn() -> R>,
}

impl<R: Row> Clone for Rows<R> {
    fn clone(&self) -> Self {
        Self {
            plan: Arc::clone(&self.plan),
            row: PhantomData,
        }
    }
}

impl<R: Row> Rows<R> {
    pub(crate) fn of(plan: &Arc<Plan>) -> Result<Self, NotDeclared> {
        declared(plan, R::TABLE)?;
        Ok(Self {
            plan: Arc::clone(plan),
            row: PhantomData,
        })
    }

    /// A new row.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSubject`] when the row is about somebody else than `subject`.
    pub fn insert(&self, subject: &Subject, row: &R) -> Result<Op, StoreError> {
        self.op(R::TABLE.insert, Expect::New, subject, row)
    }

    /// A row that replaces the one of the same primary key. An expiry that runs is not extended. The commit fails with
    /// [`StoreError::Gone`] when the row of that key is somebody else's.
    ///
    /// # Errors
    /// As [`Rows::insert`].
    pub fn upsert(&self, subject: &Subject, row: &R) -> Result<Op, StoreError> {
        let mut op = self.op(R::TABLE.upsert, Expect::Rows(1), subject, row)?;
        if R::TABLE.shape.expires {
            op.cells.push(subject.now().to_cell());
        }
        Ok(op)
    }

    fn op(&self, sql: &'static str, expect: Expect, subject: &Subject, row: &R) -> Result<Op, StoreError> {
        if row.owner() != subject.id() {
            return Err(StoreError::NoSuchSubject);
        }
        let mut writer = Writer::new(&self.plan, R::TABLE, subject);
        row.write(&mut writer)?;
        Ok(Op {
            sql,
            cells: writer.finish(),
            expect,
        })
    }
}

/// The first field of a table that the plan does not declare, if any.
pub(crate) fn declared(plan: &Plan, table: &Table) -> Result<(), NotDeclared> {
    match table.shape.fields().find(|field| !plan.allows(*field, ActId::Keep)) {
        None => Ok(()),
        Some(field) => Err(NotDeclared {
            field,
            act: ActId::Keep,
        }),
    }
}

/// When a row that is collected at `now` must be gone: the shortest keep of its fields.
pub(crate) fn expiry(plan: &Plan, table: &Table, now: Timestamp) -> Timestamp {
    let keeps = table.shape.fields().filter_map(|field| plan.keep(field));
    keeps
        .map(|kept| kept.keep.expiry(now))
        .min()
        .unwrap_or(Timestamp::NEVER)
}

/// Turns a row into cells; seals what the table says is sealed.
pub struct Writer<'a> {
    plan: &'a Plan,
    table: &'static Table,
    subject: &'a Subject,
    row_key: Vec<u8>,
    cells: Vec<Cell>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(plan: &'a Plan, table: &'static Table, subject: &'a Subject) -> Self {
        Self {
            plan,
            table,
            subject,
            row_key: Vec::new(),
            cells: Vec::with_capacity(table.shape.cell_count()),
        }
    }

    /// A column marked `key`.
    pub fn key<V: Value>(&mut self, _column: &str, value: &V) -> Result<(), StoreError> {
        self.row_key.extend(value.to_bytes());
        self.cells.push(value.to_cell());
        Ok(())
    }

    /// The column marked `owner`.
    pub fn owner<V: Value>(&mut self, column: &str, value: &V) -> Result<(), StoreError> {
        self.key(column, value)
    }

    /// A column marked `sealed`.
    pub fn sealed<F: Field>(&mut self, column: &str, value: &Personal<F>) -> Result<(), StoreError> {
        let permit = self.plan.permit::<F, Keep>()?;
        let place = place(self.table.shape.name, column, &self.row_key);
        self.cells.push(Cell::Bytes(
            self.subject.key().seal(&place, &value.open(&permit).to_bytes()),
        ));
        Ok(())
    }

    /// A column marked `found`: the sealed value and its blind index.
    pub fn found<F: Field>(&mut self, column: &str, value: &Personal<F>) -> Result<(), StoreError> {
        self.sealed(column, value)?;
        let permit = self.plan.permit::<F, Keep>()?;
        self.cells.push(
            self.subject
                .index()
                .lookup(F::ID, &value.open(&permit).to_bytes())
                .to_cell(),
        );
        Ok(())
    }

    /// A column marked `matched`: as `found`, not unique.
    pub fn matched<F: Field>(&mut self, column: &str, value: &Personal<F>) -> Result<(), StoreError> {
        self.found(column, value)
    }

    /// A column marked `secret`.
    pub fn secret<F: Field>(&mut self, column: &str, value: &Personal<F>) -> Result<(), StoreError> {
        self.sealed(column, value)
    }

    /// A column marked `plain`.
    pub fn plain<F: Field>(&mut self, _column: &str, value: &Personal<F>) -> Result<(), StoreError> {
        let permit = self.plan.permit::<F, Keep>()?;
        self.cells.push(value.open(&permit).to_cell());
        Ok(())
    }

    fn finish(mut self) -> Vec<Cell> {
        if self.table.shape.expires {
            let expiry = expiry(self.plan, self.table, self.subject.now());
            self.cells.push(Cell::Integer(expiry.microseconds()));
        }
        self.cells
    }
}

/// Turns cells into a row; opens what is sealed.
pub struct Reader<'a> {
    table: &'static Table,
    key: &'a SealingKey,
    row_key: Vec<u8>,
    cells: std::slice::Iter<'a, Cell>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(table: &'static Table, key: &'a SealingKey, cells: &'a [Cell]) -> Self {
        Self {
            table,
            key,
            row_key: Vec::new(),
            cells: cells.iter(),
        }
    }

    fn next(&mut self) -> Result<&'a Cell, StoreError> {
        self.cells.next().ok_or(StoreError::Malformed)
    }

    /// A column marked `key`.
    pub fn key<V: Value>(&mut self, _column: &str) -> Result<V, StoreError> {
        let value = V::from_cell(self.next()?).ok_or(StoreError::Malformed)?;
        self.row_key.extend(value.to_bytes());
        Ok(value)
    }

    /// The column marked `owner`.
    pub fn owner<V: Value>(&mut self, column: &str) -> Result<V, StoreError> {
        self.key(column)
    }

    pub(crate) fn unsealed(&mut self, column: &str) -> Result<Vec<u8>, StoreError> {
        match self.next()? {
            Cell::Bytes(sealed) => self
                .key
                .open(&place(self.table.shape.name, column, &self.row_key), sealed),
            Cell::Integer(_) | Cell::Text(_) => Err(StoreError::Malformed),
        }
    }

    /// A column marked `sealed`.
    pub fn sealed<F: Field>(&mut self, column: &str) -> Result<Personal<F>, StoreError> {
        let mut bytes = self.unsealed(column)?;
        let value = F::Value::from_bytes(&bytes)
            .map(Personal::new)
            .ok_or(StoreError::Malformed);
        zeroize::Zeroize::zeroize(&mut bytes);
        value
    }

    /// A column marked `found`.
    pub fn found<F: Field>(&mut self, column: &str) -> Result<Personal<F>, StoreError> {
        self.sealed(column)
    }

    /// A column marked `matched`.
    pub fn matched<F: Field>(&mut self, column: &str) -> Result<Personal<F>, StoreError> {
        self.sealed(column)
    }

    /// A column marked `secret`.
    pub fn secret<F: Field>(&mut self, column: &str) -> Result<Personal<F>, StoreError> {
        self.sealed(column)
    }

    /// A column marked `plain`.
    pub fn plain<F: Field>(&mut self, _column: &str) -> Result<Personal<F>, StoreError> {
        F::Value::from_cell(self.next()?)
            .map(Personal::new)
            .ok_or(StoreError::Malformed)
    }

    /// Passes over a column marked `key` or `owner`.
    pub(crate) fn skip_id(&mut self) -> Result<(), StoreError> {
        let bytes = match self.next()? {
            Cell::Bytes(bytes) => bytes.clone(),
            Cell::Integer(number) => number.to_bytes(),
            Cell::Text(text) => text.to_bytes(),
        };
        self.row_key.extend(bytes);
        Ok(())
    }

    pub(crate) fn plain_cell(&mut self) -> Result<&'a Cell, StoreError> {
        self.next()
    }
}

/// The index key that a writer finds values by.
pub(crate) type SharedIndexKey = Arc<IndexKey>;
