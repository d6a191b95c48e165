//! The store: the only place where a personal value comes to rest.
//!
//! Tables and statements are a closed list, written down as constants by the services and handed to
//! [`Store::open`] together with the plan. A table exists only when the plan declares every field in it; a statement
//! whose tables are absent is not given out, so its caller holds an `Option`.
//!
//! ```text
//!   Plan ──────────────┐
//!   &[Table]           ├──▶ Store::open ──▶ Rows<Device>, Select<…>, Run<…>   (the permits of this sink)
//!   &[Statement] ──────┘         │
//!                                ├── candor.db   rows; personal columns sealed under their subject's key
//!                                └── keys.db     one data key for each subject, wrapped
//!
//!   erase = tombstone + deletes in one commit ─▶ data key destroyed ─▶ tombstone marked done
//! ```
//!
//! What this crate never does: it runs no SQL that is not a constant of the program, gives out no value without the
//! plan's permit, logs nothing, and has no clock of its own.

#![forbid(unsafe_code)]

pub mod backup;
mod engine;
mod erasure;
mod error;
mod held;
mod keys;
mod listing;
mod open;
mod place;
mod rights;
mod row;
mod schema;
mod seal;
mod seen;
mod sql;
mod statement;
mod subject;
mod sweep;
mod table;
pub mod transfer;

pub use engine::postgres::{ServerUrl, ServerUrlError};
pub use engine::settings::ServerSetting;
pub use engine::{Dialect, Expect, Op};
pub use error::{Code, StoreError};
pub use held::{HELD, Held, HeldTable, Origin};
pub use listing::{Listed, definition_list, statement_list};
pub use open::{Catalogue, Leftover, OpenError, Options, Store};
pub use place::{Database, Place, is_sound};
pub use rights::{Certificate, Export, ExportColumn, ExportRow, ExportTable};
pub use row::{Reader, Row, Rows, Writer};
pub use schema::{Migrated, SCHEMA_VERSION, migrate, rehearse, schema_version};
pub use seal::{Lookup, WrappingKey};
pub use seen::Sealed;
pub use sql::{Text, places};
pub use statement::whole_rows;
pub use statement::{
    Args, Bind, Days, FromCells, Given, Limit, Run, RunStatement, Select, SelectStatement, Statement, Touch,
};
pub use subject::Subject;
pub use table::{Column, Kind, Shape, Table, Texts, owner_of};

#[doc(hidden)]
pub mod macro_support {
    //! What the `table!` macro expands to.
    pub use plan;
    pub use plan::value::{ColumnType, Value};
}
