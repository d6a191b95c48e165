//! Backups: what a [`Snapshot`] reads, in two encrypted files that are kept apart, and the way back.
//!
//! ```text
//!   Snapshot ─┬─ rows ─▶ NAME.data   sealed under a key of its own …
//!             └─ keys ─▶ NAME.keys   … which lies here, sealed under the wrapping key
//!
//!   NAME.keys + NAME.data + who was erased since ─▶ an empty place of either engine
//! ```
//!
//! Without its keys file a data file opens for nobody, the operator included. So deleting the keys file, after seven days
//! at the latest, ends what the backup holds of those who were erased since it was made. Both files stay as they are on
//! the disk until they are deleted: who must not come back by them is known from the marks of erased people, which a
//! restore needs from outside ([`erasures_of`], [`write_erasures`]).

mod format;
mod records;
mod restore;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

use plan::Timestamp;
use plan::value::Cell;
use thiserror::Error;
use zeroize::Zeroizing;

pub use format::{FORMAT, FileError, FileHeader, FileKind, HEADER_LENGTH, read_header};
use format::{Opener, Sealer};
pub use restore::restore;

use crate::open::Store;
use crate::place::Database;
use crate::seal::{KEY_LENGTH, WrappingKey, random};
use crate::transfer::{Snapshot, TransferError};

const TOMBSTONES: &str = "tombstone";
const SUBJECT_KEYS: &str = "subject_key";
const INSTANCE_KEYS: &str = "instance_key";
/// The name under which `keys.db` holds the key of the blind indexes, and of the marks of erased people.
const INDEX: &str = "index";

/// Why there is no backup, or no way back from one.
#[derive(Debug, Error)]
pub enum BackupError {
    /// A file cannot be used.
    #[error("the file {name}: {error}")]
    File {
        /// Its name.
        name: String,
        /// Why.
        error: FileError,
    },
    /// Two files that do not belong together.
    #[error("the two files are not of one backup: {data} and {keys}; name the pair that was made together")]
    NotAPair {
        /// The data file.
        data: String,
        /// The keys file.
        keys: String,
    },
    /// A file opens and holds something else than it should.
    #[error("the file {0} opens, but what is in it is not whole; it was written by a defective program")]
    Malformed(String),
    /// The wrapping key that is here is not the one of the backup.
    #[error("the wrapping key that is here is not the one that the backup was made under; put that one back first")]
    OtherWrappingKey,
    /// A list of erasures is of another instance or older than the backup.
    #[error("the list of erasures {0} is older than the backup, so it says nothing about the time since")]
    OldErasures(String),
    /// Reading or writing databases.
    #[error("{0}")]
    Transfer(#[from] TransferError),
}

/// What was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Made {
    /// Rows of all tables and keys.
    pub rows: u64,
    /// People whose keys are in it.
    pub people: u64,
}

/// The marks of people who were erased, each with the time until which it is kept.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Erasures {
    marks: BTreeMap<Vec<u8>, i64>,
}

/// What was brought back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// When the backup was made.
    pub made_at: Timestamp,
    /// Rows that were written.
    pub rows: u64,
    /// People who are there again.
    pub people: u64,
    /// People who were in the backup and stay erased.
    pub kept_erased: u64,
}

impl Erasures {
    /// Adds those of another list.
    pub fn add(&mut self, more: Self) {
        self.marks.extend(more.marks);
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// One more, from a row of the table of marks.
    fn note(&mut self, cells: &[Cell]) -> Option<()> {
        let [Cell::Bytes(mark), Cell::Integer(_), Cell::Integer(until)] = cells else {
            return None;
        };
        self.marks.insert(mark.clone(), *until);
        Some(())
    }
}

/// Writes both files of a backup, and tells `progress` how many rows of how many are written. The caller syncs them.
///
/// # Errors
/// Database errors; I/O errors. What was written is of no use then.
pub async fn write(
    mut snapshot: Snapshot,
    wrapping: &WrappingKey,
    made_at: Timestamp,
    [data, keys]: [File; 2],
    mut progress: impl FnMut(u64, u64),
) -> Result<Made, BackupError> {
    let written = async {
        let (backup, data_key) = (random(), Zeroizing::new(random::<KEY_LENGTH>()));
        let header = snapshot.header().clone();
        let begin = |file, kind, secret: &[u8; KEY_LENGTH]| {
            Sealer::begin(
                std::io::BufWriter::new(file),
                FileHeader::new(kind, made_at, backup),
                secret,
            )
        };
        let mut data = begin(data, FileKind::Data, &data_key).map_err(of("data"))?;
        let mut keys = begin(keys, FileKind::Keys, wrapping.of_backups()).map_err(of("keys"))?;
        let malformed = || BackupError::Malformed("keys".to_owned());
        keys.frame(&*data_key).map_err(of("keys"))?;
        keys.frame(&records::header_to_frame(&header).ok_or_else(malformed)?)
            .map_err(of("keys"))?;
        let all = header.tables.iter().map(|table| table.rows).sum();
        let mut done = 0;
        while let Some(rows) = snapshot.next_rows().await? {
            done += rows.len() as u64;
            let first = rows.first().and_then(|row| header.tables.get(row.table));
            let (name, file) = match first.map(|table| table.database) {
                Some(Database::Keys) => ("keys", &mut keys),
                Some(Database::Rows) | None => ("data", &mut data),
            };
            let frame = records::to_frame(&rows).ok_or_else(malformed)?;
            file.frame(&frame).map_err(of(name))?;
            progress(done, all);
        }
        for (name, file) in [("data", data), ("keys", keys)] {
            let file = file.finish().map_err(of(name))?;
            let file = file
                .into_inner()
                .map_err(|error| of(name)(FileError::Io(error.into_error())))?;
            file.sync_all().map_err(|error| of(name)(FileError::Io(error)))?;
        }
        let people = header.tables.iter().find(|table| table.name == SUBJECT_KEYS);
        Ok(Made {
            rows: done,
            people: people.map_or(0, |table| table.rows),
        })
    };
    let written = written.await;
    snapshot.close().await;
    written
}

impl Store {
    /// Writes both files of a backup of this running instance, as it is at this moment. Erasures and sweeps wait until it
    /// is written.
    ///
    /// # Errors
    /// As [`write()`].
    pub async fn back_up(&self, files: [File; 2], progress: impl FnMut(u64, u64)) -> Result<Made, BackupError> {
        let snapshot = self.snapshot().await?;
        write(snapshot, self.keys.wrapping(), self.now(), files, progress).await
    }

    /// Writes the list of erasures of this running instance; gives back how many there are.
    ///
    /// # Errors
    /// Database errors; I/O errors.
    pub async fn list_erasures(&self, out: File) -> Result<usize, BackupError> {
        let erasures = erasures_of(self.snapshot().await?).await?;
        write_erasures(&erasures, self.keys.wrapping(), self.now(), out)?;
        Ok(erasures.len())
    }
}

/// Writes a list of erasures, sealed under the wrapping key.
///
/// # Errors
/// I/O errors.
pub fn write_erasures(
    erasures: &Erasures,
    wrapping: &WrappingKey,
    made_at: Timestamp,
    out: impl Write,
) -> Result<(), BackupError> {
    let header = FileHeader::new(FileKind::Erasures, made_at, random());
    let write = || {
        let mut sealer = Sealer::begin(out, header, wrapping.of_backups())?;
        for (mark, until) in &erasures.marks {
            sealer.frame(&[until.to_be_bytes().as_slice(), mark].concat())?;
        }
        sealer.finish().map(|_| ())
    };
    write().map_err(of("of erasures"))
}

/// Reads a list of erasures, with the time at which it was made.
///
/// # Errors
/// [`BackupError::File`].
pub fn read_erasures(file: &Path, wrapping: &WrappingKey) -> Result<(Timestamp, Erasures), BackupError> {
    let name = file.display().to_string();
    let read = || {
        let input = BufReader::new(File::open(file)?);
        let mut opener = Opener::begin(input, FileKind::Erasures, wrapping.of_backups())?;
        let mut erasures = Erasures::default();
        while let Some(frame) = opener.frame()? {
            let (until, mark) = frame.split_first_chunk().ok_or(FileError::DoesNotOpen)?;
            erasures.marks.insert(mark.to_vec(), i64::from_be_bytes(*until));
        }
        Ok((opener.header().made_at, erasures))
    };
    read().map_err(|error| BackupError::File { name, error })
}

/// The marks that databases hold: of an instance that runs or that was stopped.
///
/// # Errors
/// Database errors.
pub async fn erasures_of(mut snapshot: Snapshot) -> Result<Erasures, BackupError> {
    let table = snapshot
        .header()
        .tables
        .iter()
        .position(|table| table.name == TOMBSTONES);
    let mut erasures = Erasures::default();
    let mut read = async || {
        while let Some(rows) = snapshot.next_rows().await? {
            for row in rows.iter().filter(|row| Some(row.table) == table) {
                erasures
                    .note(&row.cells)
                    .ok_or_else(|| BackupError::Malformed(TOMBSTONES.to_owned()))?;
            }
        }
        Ok(())
    };
    let read = read().await;
    snapshot.close().await;
    read.map(|()| erasures)
}

/// When a backup was made, by its keys file; nothing is opened.
///
/// # Errors
/// [`BackupError::File`].
pub fn made_at(file: &Path) -> Result<Timestamp, BackupError> {
    let read = || {
        let mut input = File::open(file)?;
        read_header(&mut input).map(|header| header.made_at)
    };
    read().map_err(|error| BackupError::File {
        name: file.display().to_string(),
        error,
    })
}

fn of(name: &str) -> impl Fn(FileError) -> BackupError {
    move |error| BackupError::File {
        name: name.to_owned(),
        error,
    }
}
