//! Where the two databases are.

use std::fmt;
use std::path::{Path, PathBuf};

use plan::value::Cell;

use crate::engine::{Endpoint, Engine};
use crate::{OpenError, ServerUrl, StoreError};

const LOOK_THROUGH: &str = "PRAGMA integrity_check(1)";

/// The file that holds what is known about people.
pub(crate) const ROWS_FILE: &str = "candor.db";
/// The file that holds their keys.
pub(crate) const KEYS_FILE: &str = "keys.db";

/// Where the two databases are: what is known about people, and their keys.
#[derive(Clone, PartialEq, Debug)]
pub enum Place {
    /// `candor.db` and `keys.db` in a folder, which must exist.
    Folder(PathBuf),
    /// Two databases of PostgreSQL servers.
    Servers {
        /// What is known about people.
        rows: ServerUrl,
        /// Their keys.
        keys: ServerUrl,
    },
}

/// One of the two.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Database {
    /// What is known about people.
    Rows,
    /// Their keys.
    Keys,
}

impl Place {
    pub(crate) fn endpoint(&self, database: Database) -> Endpoint {
        match (self, database) {
            (Self::Folder(folder), Database::Rows) => Endpoint::File(folder.join(ROWS_FILE)),
            (Self::Folder(folder), Database::Keys) => Endpoint::File(folder.join(KEYS_FILE)),
            (Self::Servers { rows, .. }, Database::Rows) => Endpoint::Server(rows.clone()),
            (Self::Servers { keys, .. }, Database::Keys) => Endpoint::Server(keys.clone()),
        }
    }

    /// What to call one of the two in a message.
    pub(crate) fn name(&self, database: Database) -> String {
        match self.endpoint(database) {
            Endpoint::File(_) if database == Database::Rows => ROWS_FILE.to_owned(),
            Endpoint::File(_) => KEYS_FILE.to_owned(),
            Endpoint::Server(url) => format!("the database {url}"),
        }
    }

    pub(crate) fn check(&self) -> Result<(), OpenError> {
        match self {
            Self::Servers { rows, keys } if rows == keys => Err(OpenError::OneForBoth),
            Self::Servers { .. } | Self::Folder(_) => Ok(()),
        }
    }

    /// An error of opening or using one of the two, with its name.
    pub(crate) fn error(&self, database: Database, error: StoreError) -> OpenError {
        let name = self.name(database);
        match error {
            StoreError::Damaged => OpenError::Damaged(name),
            StoreError::InUse => OpenError::InUse(name),
            StoreError::Disconnected => OpenError::Unreachable(name),
            StoreError::Foreign => OpenError::Foreign(name),
            StoreError::NotDurable => OpenError::NotDurable(name),
            StoreError::Database(code) if matches!(self, Self::Servers { .. }) => match code.to_string().as_str() {
                // invalid_authorization_specification, invalid_password
                "28000" | "28P01" => OpenError::LoginRefused(name),
                "3D000" => OpenError::NoSuchDatabase(name),
                "42501" => OpenError::NoRight(name),
                _ => OpenError::Store(error),
            },
            error => OpenError::Store(error),
        }
    }
}

impl fmt::Display for Place {
    /// Where it is, without users and passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Servers { rows, keys } => write!(f, "PostgreSQL: {rows}, keys: {keys}"),
        }
    }
}

impl From<PathBuf> for Place {
    fn from(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }
}

/// Whether a database's file and the log beside it make a whole database. Opening changes both: hand in copies.
pub async fn is_sound(file: &Path) -> bool {
    let Ok(engine) = Engine::open(&Endpoint::File(file.to_owned())).await else {
        return false;
    };
    let found = engine.fetch(LOOK_THROUGH, &[]).await;
    engine.close().await;
    found.is_ok_and(|rows| rows == [vec![Cell::Text("ok".to_owned())]])
}
