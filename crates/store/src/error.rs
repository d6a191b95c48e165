//! What can go wrong, by who must act.

use plan::NotDeclared;
use thiserror::Error;

/// A database's error as a number. The text of a database error may quote a value, so it never leaves this crate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Code(pub i32);

/// Why the store did not do what was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum StoreError {
    /// The policy does not declare the field; the operator changes the policy.
    #[error("{0}")]
    NotDeclared(#[from] NotDeclared),
    /// The database refused a row that names a field which the policy does not declare (a caller went round the plan), or
    /// a person who was erased meanwhile.
    #[error("the database refused a row: the policy does not declare its field, or its person was erased meanwhile")]
    RefusedByDatabase,
    /// Another row has the same unique value; the member chooses another.
    #[error("that is already taken")]
    Taken,
    /// The row to change is not there, or is no longer what the caller saw.
    #[error("what was to be changed is no longer there")]
    Gone,
    /// The subject has no data key: erased, or never created.
    #[error("there is no such person here (any more)")]
    NoSuchSubject,
    /// A sealed value does not open: the file was changed from outside, or the wrapping key is another one.
    #[error("a sealed value does not open: the database was changed from outside, or the wrapping key is another one")]
    Unsealable,
    /// A row does not have the shape that its table declares.
    #[error("a row does not have the shape that its table declares")]
    Malformed,
    /// A statement was given another number of values than it has places for: a defect of this program.
    #[error("a statement was given the wrong number of values")]
    WrongArgumentCount,
    /// A file is damaged; the operator restores a backup.
    #[error("a database file is damaged")]
    Damaged,
    /// The disk is full.
    #[error("the disk is full; free some space, nothing that was acknowledged is lost")]
    DiskFull,
    /// The database failed.
    #[error("the database failed with code {}", .0.0)]
    Database(Code),
    /// The store is closing.
    #[error("the store is closing")]
    Closing,
}

const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_NOTADB: i32 = 26;
const SQLITE_CONSTRAINT_FOREIGNKEY: i32 = 787;
const SQLITE_CONSTRAINT_PRIMARYKEY: i32 = 1555;
const SQLITE_CONSTRAINT_UNIQUE: i32 = 2067;

impl From<sqlx::Error> for StoreError {
    /// Source of the numbers: "Result and Error Codes", sqlite.org/rescode.html.
    fn from(error: sqlx::Error) -> Self {
        let code = match &error {
            sqlx::Error::Database(database) => database.code().and_then(|code| code.parse().ok()).unwrap_or(-1),
            sqlx::Error::Io(io) => io.raw_os_error().unwrap_or(-2),
            sqlx::Error::PoolTimedOut => -3,
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => return Self::Closing,
            _ => -1,
        };
        match code {
            SQLITE_FULL => Self::DiskFull,
            SQLITE_NOTADB => Self::Damaged,
            // The low byte is the primary code, the rest says what exactly is corrupt.
            corrupt if corrupt & 0xff == SQLITE_CORRUPT => Self::Damaged,
            SQLITE_CONSTRAINT_FOREIGNKEY => Self::RefusedByDatabase,
            SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE => Self::Taken,
            other => Self::Database(Code(other)),
        }
    }
}
