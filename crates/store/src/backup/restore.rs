//! The way back: both files are read to their ends before the first row is written.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use plan::SubjectId;
use plan::value::{Cell, Value as _};
use zeroize::Zeroizing;

use super::format::{FileHeader, FileKind, Opener, read_header};
use super::{BackupError, Erasures, INDEX, INSTANCE_KEYS, Restored, SUBJECT_KEYS, TOMBSTONES, records};
use crate::open::Catalogue;
use crate::place::Place;
use crate::seal::{IndexKey, KEY_LENGTH, WrappingKey, place};
use crate::transfer::{Filling, Header, Record};

/// Rows that are written at a time.
const ROWS_AT_ONCE: usize = 1_000;

/// Brings a backup back to an empty place of either engine: all of it or nothing, without those who were erased since.
/// Both files are read to their ends, and every byte is checked, before the first row is written.
///
/// # Errors
/// [`BackupError`]; unless it says otherwise, nothing was written.
pub async fn restore(
    [data, keys]: [&Path; 2],
    erasures: Erasures,
    wrapping: &WrappingKey,
    to: &Place,
    catalogues: &[Catalogue],
    progress: impl FnMut(u64, u64),
) -> Result<Restored, BackupError> {
    let opened = open_keys(keys, wrapping)?;
    let index = opened.index(wrapping)?;
    let pair = Pair {
        data,
        keys,
        tombstones: opened.table(TOMBSTONES),
        owners: owners(&opened.tables, catalogues),
        opened,
    };
    // Once for whether it is whole, and for the marks that it has itself.
    let erasures = pair.with_own_marks(erasures)?;
    let erased = pair.opened.erased(&index, &erasures);
    // Again for how many rows of each table stay: what is written is compared with it.
    let header = pair.count(&erased, &erasures)?;
    let people = pair
        .opened
        .table(SUBJECT_KEYS)
        .map_or(0, |table| header.tables[table].rows);
    let filling = Filling::begin(to, catalogues, header.clone()).await?;
    let rows = pair.fill(filling, &header, &erased, &erasures, progress).await?;
    Ok(Restored {
        made_at: pair.opened.header.made_at,
        rows,
        people,
        kept_erased: erased.len() as u64,
    })
}

/// Both files of a backup.
struct Pair<'f> {
    data: &'f Path,
    keys: &'f Path,
    opened: OpenedKeys,
    /// The number of the table of marks.
    tombstones: Option<usize>,
    /// Where each table's owner stands.
    owners: Vec<Option<usize>>,
}

impl Pair<'_> {
    fn file(&self) -> Result<DataFile<'_>, BackupError> {
        DataFile::open(self.data, &self.opened, self.keys)
    }

    fn malformed(&self) -> BackupError {
        BackupError::Malformed(self.data.display().to_string())
    }

    fn with_own_marks(&self, mut erasures: Erasures) -> Result<Erasures, BackupError> {
        let mut file = self.file()?;
        while let Some(rows) = file.rows()? {
            for row in rows.iter().filter(|row| Some(row.table) == self.tombstones) {
                erasures.note(&row.cells).ok_or_else(|| self.malformed())?;
            }
        }
        Ok(erasures)
    }

    /// Whether a row comes back: it is nobody's who was erased, and no mark, for these are written from the list.
    fn stays(&self, row: &Record, erased: &BTreeSet<SubjectId>) -> bool {
        let owner = self.owners.get(row.table).copied().flatten();
        let owner = owner
            .and_then(|owner| row.cells.get(owner))
            .and_then(SubjectId::from_cell);
        Some(row.table) != self.tombstones && owner.is_none_or(|owner| !erased.contains(&owner))
    }

    fn count(&self, erased: &BTreeSet<SubjectId>, erasures: &Erasures) -> Result<Header, BackupError> {
        let mut header = self.opened.tables.clone();
        header.tables.iter_mut().for_each(|table| table.rows = 0);
        let mut count = |rows: &[Record]| -> Result<(), BackupError> {
            for row in rows.iter().filter(|row| self.stays(row, erased)) {
                let table = header.tables.get_mut(row.table);
                table.ok_or_else(|| self.malformed())?.rows += 1;
            }
            Ok(())
        };
        let mut file = self.file()?;
        while let Some(rows) = file.rows()? {
            count(&rows)?;
        }
        count(&self.opened.rows)?;
        if let Some(table) = self.tombstones.and_then(|table| header.tables.get_mut(table)) {
            table.rows = erasures.marks.len() as u64;
        }
        Ok(header)
    }

    async fn fill(
        &self,
        mut filling: Filling,
        header: &Header,
        erased: &BTreeSet<SubjectId>,
        erasures: &Erasures,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<u64, BackupError> {
        let all = header.tables.iter().map(|table| table.rows).sum();
        let mut marks = self.tombstones.map(|table| marks(table, erasures));
        let (mut done, mut is_at_keys) = (0, false);
        let mut file = self.file()?;
        while !is_at_keys {
            let mut rows = match file.rows()? {
                Some(rows) => rows,
                None => {
                    is_at_keys = true;
                    self.opened.rows.clone()
                }
            };
            rows.retain(|row| self.stays(row, erased));
            // The marks stand before the first row of a later table.
            let is_later = |row: &Record| self.tombstones.is_some_and(|table| row.table > table);
            if let Some(at) = rows.iter().position(is_later) {
                rows.splice(at..at, marks.take().into_iter().flatten());
            }
            done += rows.len() as u64;
            for some in rows.chunks(ROWS_AT_ONCE) {
                filling.put(some.to_vec()).await?;
            }
            progress(done, all);
        }
        Ok(filling.finish().await?)
    }
}

/// The keys file, opened: small enough for memory.
struct OpenedKeys {
    header: FileHeader,
    data_key: Zeroizing<[u8; KEY_LENGTH]>,
    tables: Header,
    rows: Vec<Record>,
}

fn open_keys(file: &Path, wrapping: &WrappingKey) -> Result<OpenedKeys, BackupError> {
    let name = || file.display().to_string();
    let of_file = |error| BackupError::File { name: name(), error };
    let malformed = || BackupError::Malformed(name());
    let input = File::open(file).map_err(|error| of_file(error.into()))?;
    let mut opener = Opener::begin(BufReader::new(input), FileKind::Keys, wrapping.of_backups()).map_err(of_file)?;
    let data_key = opener
        .frame()
        .map_err(of_file)?
        .map(Zeroizing::new)
        .ok_or_else(malformed)?;
    let data_key = <[u8; KEY_LENGTH]>::try_from(data_key.as_slice()).map_err(|_| malformed())?;
    let tables = opener.frame().map_err(of_file)?.ok_or_else(malformed)?;
    let tables = records::header_of_frame(&tables).ok_or_else(malformed)?;
    let mut rows = Vec::new();
    while let Some(frame) = opener.frame().map_err(of_file)? {
        rows.extend(records::of_frame(&frame).ok_or_else(malformed)?);
    }
    Ok(OpenedKeys {
        header: *opener.header(),
        data_key: Zeroizing::new(data_key),
        tables,
        rows,
    })
}

impl OpenedKeys {
    fn table(&self, name: &str) -> Option<usize> {
        self.tables.tables.iter().position(|table| table.name == name)
    }

    /// The key under which people's marks are made.
    fn index(&self, wrapping: &WrappingKey) -> Result<IndexKey, BackupError> {
        let table = self.table(INSTANCE_KEYS);
        let wrapped = self.rows.iter().find_map(|row| match row.cells.as_slice() {
            [Cell::Text(name), Cell::Bytes(wrapped)] if Some(row.table) == table && name == INDEX => Some(wrapped),
            _ => None,
        });
        let opened = wrapped.and_then(|wrapped| {
            let here = place(INSTANCE_KEYS, "wrapped", INDEX.as_bytes());
            wrapping.key().open(&here, wrapped).ok().map(Zeroizing::new)
        });
        let key = opened.and_then(|key| <[u8; KEY_LENGTH]>::try_from(key.as_slice()).ok());
        key.map(|key| IndexKey::from_bytes(&key))
            .ok_or(BackupError::OtherWrappingKey)
    }

    /// The people of the backup who are on a list of erasures.
    fn erased(&self, index: &IndexKey, erasures: &Erasures) -> BTreeSet<SubjectId> {
        let table = self.table(SUBJECT_KEYS);
        let people = self.rows.iter().filter(|row| Some(row.table) == table);
        people
            .filter_map(|row| row.cells.first().and_then(SubjectId::from_cell))
            .filter(|id| {
                erasures
                    .marks
                    .contains_key(index.tag("tombstone", id.as_bytes()).as_ref())
            })
            .collect()
    }
}

/// Where the owner of each table's rows stands, for the tables that have one.
fn owners(header: &Header, catalogues: &[Catalogue]) -> Vec<Option<usize>> {
    let owner_of = |name: &str| match name {
        "subject" => Some("id"),
        "held" | "held_lookup" | SUBJECT_KEYS => Some("subject"),
        name => {
            let mut tables = catalogues.iter().flat_map(|catalogue| catalogue.tables);
            tables
                .find(|table| table.shape.name == name)
                .map(|table| table.shape.owner)
        }
    };
    let column = |table: &crate::transfer::Head| {
        let owner = owner_of(&table.name)?;
        table.columns.iter().position(|(name, _)| name == owner)
    };
    header.tables.iter().map(column).collect()
}

/// Reads the data file from its beginning, a frame of rows at a time.
struct DataFile<'f> {
    file: &'f Path,
    opener: Opener<BufReader<File>>,
}

impl<'f> DataFile<'f> {
    fn open(file: &'f Path, keys: &OpenedKeys, keys_file: &Path) -> Result<Self, BackupError> {
        let failed = |error| BackupError::File {
            name: file.display().to_string(),
            error,
        };
        let mut input = File::open(file).map_err(|error| failed(error.into()))?;
        let head = read_header(&mut input).map_err(failed)?;
        if head.kind == FileKind::Data && head.backup != keys.header.backup {
            return Err(BackupError::NotAPair {
                data: file.display().to_string(),
                keys: keys_file.display().to_string(),
            });
        }
        let again = BufReader::new(File::open(file).map_err(|error| failed(error.into()))?);
        Ok(Self {
            file,
            opener: Opener::begin(again, FileKind::Data, &keys.data_key).map_err(failed)?,
        })
    }

    fn rows(&mut self) -> Result<Option<Vec<Record>>, BackupError> {
        let name = || self.file.display().to_string();
        let frame = self
            .opener
            .frame()
            .map_err(|error| BackupError::File { name: name(), error })?;
        frame
            .map(|frame| records::of_frame(&frame).ok_or_else(|| BackupError::Malformed(name())))
            .transpose()
    }
}

/// The rows of the table of marks, all of them done: whoever is on the list is not in what is brought back.
fn marks(table: usize, erasures: &Erasures) -> Vec<Record> {
    let row = |(mark, until): (&Vec<u8>, &i64)| Record {
        table,
        cells: vec![Cell::Bytes(mark.clone()), Cell::Integer(1), Cell::Integer(*until)],
    };
    erasures.marks.iter().map(row).collect()
}
