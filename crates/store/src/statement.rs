//! Statements beyond those that follow from a table: constants too, with what they touch.

use std::marker::PhantomData;

use plan::act::{ActId, Keep};
use plan::value::{Cell, Value};
use plan::{
    Day, DeviceId, Field, InvitationId, MemberId, Permit, Personal, Plan, PurposeId, SessionId, SubjectId, Timestamp,
    TokenId, VisitId,
};

use crate::StoreError;
use crate::engine::{Expect, Op};
use crate::row::{Row, declared};
use crate::seal::Lookup;
use crate::sql::{Text, select};
use crate::table::{Column, Table};

/// A table and the columns of it that a statement reads or writes.
#[derive(Clone, Copy, Debug)]
pub struct Touch {
    /// The table's name.
    pub table: &'static str,
    /// The columns as the database knows them; `None` stands for all.
    pub columns: Option<&'static [&'static str]>,
}

/// One SQL statement of the closed list.
#[derive(Clone, Copy, Debug)]
pub struct Statement {
    /// Its name: `device.of_member`.
    pub name: &'static str,
    /// Its text.
    pub sql: &'static str,
    /// What it touches.
    pub touches: &'static [Touch],
    /// What it is for.
    pub purpose: PurposeId,
}

impl Statement {
    /// Whether a policy makes the statement available: it declares every field of the tables, and for each field that the
    /// statement touches its purpose. `tables` are those that the statement may name.
    pub(crate) fn is_available(&self, plan: &Plan, tables: &[&'static Table]) -> bool {
        let declares = |touch: &Touch| {
            let table = tables.iter().find(|table| table.shape.name == touch.table);
            table.is_some_and(|table| declared(plan, table).is_ok() && self.is_for(plan, table, touch))
        };
        self.touches.iter().all(declares)
    }

    fn is_for(&self, plan: &Plan, table: &Table, touch: &Touch) -> bool {
        let touched = |column: &&Column| {
            touch.columns.is_none_or(|names| {
                let is_index = |name: &str| name.strip_suffix("_index") == Some(column.name);
                names.iter().any(|name| *name == column.name || is_index(name))
            })
        };
        let mut fields = table
            .shape
            .columns
            .iter()
            .filter(touched)
            .filter_map(|column| column.field);
        fields.all(|field| plan.allows(field, ActId::Use(self.purpose)))
    }
}

/// A statement that reads rows of type `R` by arguments of type `A`.
pub struct SelectStatement<A, R> {
    /// The statement.
    pub statement: Statement,
    shape: PhantomData<fn(A) -> R>,
}

impl<A: Args, R> SelectStatement<A, R> {
    /// A statement whose columns are written out.
    #[must_use]
    pub const fn new(statement: Statement) -> Self {
        Self {
            statement,
            shape: PhantomData,
        }
    }
}

/// `SELECT` of whole rows of `R`'s table with what follows `FROM table`; for a constant beside the statement.
#[must_use]
pub const fn whole_rows<R: Row>(rest: &str) -> Text {
    select(&R::TABLE.shape, rest)
}

/// A statement that changes rows, by arguments of type `A`.
pub struct RunStatement<A> {
    /// The statement.
    pub statement: Statement,
    /// What it must have done.
    pub expect: Expect,
    shape: PhantomData<fn(A)>,
}

impl<A: Args> RunStatement<A> {
    /// A statement and what it must have done.
    #[must_use]
    pub const fn new(statement: Statement, expect: Expect) -> Self {
        Self {
            statement,
            expect,
            shape: PhantomData,
        }
    }
}

/// A reading statement whose tables the plan declares. Given out by [`crate::Store::select`] alone.
pub struct Select<A, R> {
    pub(crate) sql: &'static str,
    pub(crate) shape: PhantomData<fn(A) -> R>,
}

/// A changing statement whose tables the plan declares. Given out by [`crate::Store::run`] alone.
pub struct Run<A> {
    pub(crate) sql: &'static str,
    pub(crate) expect: Expect,
    pub(crate) shape: PhantomData<fn(A)>,
}

impl<A, R> Clone for Select<A, R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<A, R> Copy for Select<A, R> {}
impl<A> Clone for Run<A> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<A> Copy for Run<A> {}

impl<A: Args> Run<A> {
    /// The change with its values.
    pub fn with(&self, args: A) -> Op {
        Op {
            sql: self.sql,
            cells: args.cells(),
            expect: self.expect,
        }
    }
}

/// How many rows to read at most.
#[derive(Clone, Copy, Debug)]
pub struct Limit(pub u32);

/// So many days, which are about nobody.
#[derive(Clone, Copy, Debug)]
pub struct Days(pub u32);

/// A value that a statement may be given. A bare text or number is none: what is about a person comes in its box,
/// with the permit to keep it.
pub trait Bind {
    /// The value as the database takes it.
    fn cell(self) -> Cell;
}

macro_rules! bind_bare {
    ($($bare:ty)*) => {$(
        impl Bind for $bare {
            fn cell(self) -> Cell {
                self.to_cell()
            }
        }
    )*};
}

bind_bare! { MemberId DeviceId SessionId VisitId TokenId InvitationId SubjectId Timestamp Day }

impl Bind for Limit {
    fn cell(self) -> Cell {
        Cell::Integer(i64::from(self.0))
    }
}

impl Bind for Days {
    fn cell(self) -> Cell {
        Cell::Integer(i64::from(self.0))
    }
}

impl Bind for Lookup {
    fn cell(self) -> Cell {
        self.to_cell()
    }
}

/// A value of a column in clear, with the permit to keep it: how a personal value is given to a statement.
pub type Given<F> = (Permit<F, Keep>, Personal<F>);

impl<F: Field> Bind for Given<F> {
    fn cell(self) -> Cell {
        self.1.open(&self.0).to_cell()
    }
}

/// The values that a statement is given, in the order of its places.
pub trait Args {
    /// The values as the database takes them.
    fn cells(self) -> Vec<Cell>;
}

macro_rules! args {
    ($($name:ident)*) => {
        impl<$($name: Bind),*> Args for ($($name,)*) {
            fn cells(self) -> Vec<Cell> {
                #[allow(non_snake_case, reason = "the macro names a value after its type")]
                let ($($name,)*) = self;
                vec![$($name.cell()),*]
            }
        }
    };
}

args! {}
args! { A }
args! { A B }
args! { A B C }
args! { A B C D }
args! { A B C D E }

/// A result that is no row of a table: ids and numbers that are about nobody in particular.
pub trait FromCells: Sized {
    /// The result, or [`StoreError::Malformed`].
    fn from_cells(cells: &[Cell]) -> Result<Self, StoreError>;
}

impl FromCells for i64 {
    fn from_cells(cells: &[Cell]) -> Result<Self, StoreError> {
        match cells {
            [cell] => <Self as Value>::from_cell(cell).ok_or(StoreError::Malformed),
            _ => Err(StoreError::Malformed),
        }
    }
}

impl FromCells for (i64, i64) {
    fn from_cells(cells: &[Cell]) -> Result<Self, StoreError> {
        match cells {
            [first, second] => Ok((
                <i64 as FromCells>::from_cells(std::slice::from_ref(first))?,
                <i64 as FromCells>::from_cells(std::slice::from_ref(second))?,
            )),
            _ => Err(StoreError::Malformed),
        }
    }
}

impl FromCells for (MemberId, i64) {
    fn from_cells(cells: &[Cell]) -> Result<Self, StoreError> {
        match cells {
            [id, number] => Ok((
                <MemberId as Value>::from_cell(id).ok_or(StoreError::Malformed)?,
                <i64 as Value>::from_cell(number).ok_or(StoreError::Malformed)?,
            )),
            _ => Err(StoreError::Malformed),
        }
    }
}

impl FromCells for MemberId {
    fn from_cells(cells: &[Cell]) -> Result<Self, StoreError> {
        match cells {
            [cell] => <Self as Value>::from_cell(cell).ok_or(StoreError::Malformed),
            _ => Err(StoreError::Malformed),
        }
    }
}
