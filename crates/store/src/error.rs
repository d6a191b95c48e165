//! What can go wrong, by who must act.

use std::fmt;

use plan::NotDeclared;
use thiserror::Error;

/// A database's error as a number: SQLite's, or PostgreSQL's five characters (SQLSTATE) read as digits of base 36. The
/// text of a database error may quote a value, so it never leaves this crate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Code(pub i32);

/// Smaller numbers are SQLite's (its largest has four digits); no error of PostgreSQL is of class `00`.
const FIRST_SQLSTATE: i32 = 36 * 36 * 36;

impl Code {
    /// Of the five characters of an SQLSTATE.
    pub(crate) fn of_sqlstate(state: &str) -> Self {
        let digit = |character: char| character.to_digit(36).and_then(|digit| i32::try_from(digit).ok());
        let number = state.chars().try_fold(0_i32, |number, character| {
            digit(character).and_then(|digit| number.checked_mul(36)?.checked_add(digit))
        });
        Self(number.unwrap_or(-1))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < FIRST_SQLSTATE {
            return write!(f, "{}", self.0);
        }
        let digit = |power: u32| {
            let digit = u32::try_from(self.0 / 36_i32.pow(power) % 36).unwrap_or(0);
            char::from_digit(digit, 36).unwrap_or('?').to_ascii_uppercase()
        };
        [4, 3, 2, 1, 0]
            .into_iter()
            .try_for_each(|power| write!(f, "{}", digit(power)))
    }
}

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
    #[error("the database failed with code {0}")]
    Database(Code),
    /// The change met another one at the same row again and again.
    #[error("the database could not do this beside another change; try again")]
    Conflict,
    /// The server does not answer (any more); nothing of what was asked was done.
    #[error("the database server does not answer; nothing was changed")]
    Disconnected,
    /// The connection broke while a change was being committed, and the server does not come back to say whether it was.
    #[error(
        "the connection to the database server broke at the last moment; look whether it was done before you repeat it"
    )]
    Uncertain,
    /// Another instance has the database.
    #[error("another instance has the database")]
    InUse,
    /// The database would acknowledge changes that a power failure undoes.
    #[error("the database is set not to keep what it acknowledges")]
    NotDurable,
    /// The database holds tables of some other program.
    #[error("the database belongs to another program")]
    Foreign,
    /// The store is closing.
    #[error("the store is closing")]
    Closing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_shown_as_its_database_writes_it() {
        for state in ["40001", "57P01", "XX002", "08006", "01000", "ZZZZZ"] {
            assert_eq!(Code::of_sqlstate(state).to_string(), state);
        }
        assert_eq!(Code(2067).to_string(), "2067");
        assert_eq!(Code(-3).to_string(), "-3");
    }
}
