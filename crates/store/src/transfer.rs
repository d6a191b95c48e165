//! Every row of both databases, as it is stored: read at one moment, written into an empty place of either engine.
//!
//! Sealed values stay sealed: neither the policy nor the wrapping key is needed. What is carried are [`Record`]s, each a
//! table's number and its cells; [`Header`] says what the numbers stand for and which schema the rows have. A backup
//! writes exactly these into a file, and a restore reads them from it.
//!
//! ```text
//!   Snapshot::open(&place, …)  ┐                          ┌─▶ Filling::begin(&place, …, header)
//!   Store::snapshot()          ┴─▶ header(), next_rows() ─┴─▶ put(records) … finish()
//! ```
//!
//! [`copy`] does both and compares every row before anything is committed.

use std::sync::Arc;

use aws_lc_rs::digest;
use plan::value::{Cell, ColumnType};
use thiserror::Error;
use tokio::sync::{OwnedRwLockWriteGuard, mpsc};

use crate::engine::{Engine, Link, Reader, View};
use crate::open::Catalogue;
use crate::place::{Database, KEYS_FILE, Place, ROWS_FILE};
use crate::schema::{self, SCHEMA_VERSION, Schema};
use crate::statement::FromCells;
use crate::table::Table;
use crate::{OpenError, Store, StoreError, held, keys, rights, subject};

/// How many rows are read or written at a time.
const CHUNK_ROWS: usize = 1_000;
/// How many chunks wait for whoever reads them.
const CHUNKS_AHEAD: usize = 2;

/// What is carried: the schema, and the tables in the order in which their rows come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// The version of the schema ([`SCHEMA_VERSION`]).
    pub schema: i64,
    /// The tables. Every row of one comes before the first of the next, in the order of its primary key; a table comes
    /// after those that it refers to.
    pub tables: Vec<Head>,
}

/// One table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The database that it is in.
    pub database: Database,
    /// Its name.
    pub name: String,
    /// Its columns, as they are stored.
    pub columns: Vec<(String, ColumnType)>,
    /// How many rows it has.
    pub rows: u64,
}

/// One row: the place of its table in [`Header::tables`], and a cell for each column.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The place of its table in [`Header::tables`].
    pub table: usize,
    /// A cell for each column.
    pub cells: Vec<Cell>,
}

/// Why rows could not be carried.
#[derive(Debug, Error)]
pub enum TransferError {
    /// A place does not open.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// There is nothing to read.
    #[error("there are no databases at {0}: nothing to copy")]
    NothingThere(String),
    /// The place to write to has tables already.
    #[error("{0} is not empty; name an empty place, nothing is overwritten")]
    NotEmpty(String),
    /// The rows are of another version's schema.
    #[error(
        "the rows have schema {found}, and this program writes schema {SCHEMA_VERSION}; use the version of candor that wrote them, then `candor upgrade`"
    )]
    OtherSchema {
        /// The schema that was found.
        found: i64,
    },
    /// A table that this program does not know, or knows with other columns.
    #[error("this program does not know the table {0} with these columns; the rows were written by another version")]
    UnknownTable(String),
    /// A row does not fit its table, or does not come in its order.
    #[error("a row of {0} does not fit the table or is not in its place; what is read was changed or damaged")]
    BadRow(String),
    /// What was written reads differently. Nothing of it was committed.
    #[error("{0} does not read back as it was written; nothing was committed")]
    ReadsDifferently(String),
    /// The keys are committed and the rows are not.
    #[error(
        "the keys were written, but the rows could not be committed ({0}); empty the place that was written to and try again"
    )]
    HalfWay(StoreError),
    /// A database failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// A table with what reads and writes it.
#[derive(Clone)]
struct Carried {
    database: Database,
    name: &'static str,
    columns: Vec<(String, ColumnType)>,
    count: &'static str,
    stored: &'static str,
    put: &'static str,
}

/// Every table that can be carried, each after those that it refers to. The table `mark` is no part of it: it is about
/// the database that it is in.
fn carried(catalogues: &[Catalogue]) -> Vec<Carried> {
    use ColumnType::{Bytes, Integer, Text};
    let own = |database, name, columns: &[(&str, ColumnType)], [count, stored, put]: [&'static str; 3]| Carried {
        database,
        name,
        columns: columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(),
        count,
        stored,
        put,
    };
    let rows = |name, columns: &[_], texts| own(Database::Rows, name, columns, texts);
    let mut all = vec![
        rows("instance", &[("tag", Bytes)], schema::CARRY_INSTANCE),
        rows("declared_field", &[("field", Text)], held::CARRY_DECLARED),
        rows("subject", &[("id", Bytes)], subject::CARRY),
        rows(
            "tombstone",
            &[("subject_tag", Bytes), ("done", Integer), ("expires_at", Integer)],
            rights::CARRY_TOMBSTONES,
        ),
        rows(
            "held",
            &[
                ("subject", Bytes),
                ("field", Text),
                ("value", Bytes),
                ("origin", Integer),
                ("collected_at", Integer),
                ("expires_at", Integer),
            ],
            held::CARRY,
        ),
        rows(
            "held_lookup",
            &[("field", Text), ("lookup", Bytes), ("subject", Bytes)],
            held::CARRY_LOOKUPS,
        ),
    ];
    let tables = catalogues.iter().flat_map(|catalogue| catalogue.tables);
    all.extend(tables.map(|table| Carried {
        database: Database::Rows,
        name: table.shape.name,
        columns: table.shape.stored_types(),
        count: table.count,
        stored: table.stored,
        put: table.insert,
    }));
    let wrapped = |name, first, texts| own(Database::Keys, name, &[first, ("wrapped", Bytes)], texts);
    all.push(wrapped("subject_key", ("subject", Bytes), keys::CARRY_SUBJECTS));
    all.push(wrapped("instance_key", ("name", Text), keys::CARRY_INSTANCE));
    all
}

/// Both databases as they are at one moment.
pub struct Snapshot {
    header: Header,
    rows: mpsc::Receiver<Result<Vec<Record>, StoreError>>,
    /// The databases of a stopped instance; closed with the snapshot.
    engines: Option<[Engine; 2]>,
    /// No erasure and no sweep begins while a running instance is read.
    _quiet: Option<OwnedRwLockWriteGuard<()>>,
}

impl Snapshot {
    /// Reads a stopped instance.
    ///
    /// # Errors
    /// [`TransferError::NothingThere`]; [`OpenError`] when a database does not open, an instance runs on it, or its schema
    /// is another version's.
    pub async fn open(place: &Place, catalogues: &[Catalogue]) -> Result<Self, TransferError> {
        place.check()?;
        let is_there = match place {
            Place::Folder(folder) => [ROWS_FILE, KEYS_FILE].iter().all(|file| folder.join(file).exists()),
            Place::Servers { .. } => true,
        };
        if !is_there {
            return Err(TransferError::NothingThere(place.to_string()));
        }
        let keys = open(place, Database::Keys).await?;
        let rows = open(place, Database::Rows).await?;
        let opened = Self::of([&rows, &keys], catalogues, None).await;
        let mut snapshot = match opened {
            Err(TransferError::NothingThere(_)) => return Err(TransferError::NothingThere(place.to_string())),
            opened => opened?,
        };
        snapshot.engines = Some([rows, keys]);
        Ok(snapshot)
    }

    async fn of(
        [rows, keys]: [&Engine; 2],
        catalogues: &[Catalogue],
        quiet: Option<OwnedRwLockWriteGuard<()>>,
    ) -> Result<Self, TransferError> {
        let found = schema::found(rows).await?;
        if !found.contains_key("instance") {
            return Err(TransferError::NothingThere(String::new()));
        }
        schema::require_version(rows, &found).await?;
        let present: Vec<Carried> = carried(catalogues)
            .into_iter()
            .filter(|table| table.database == Database::Keys || found.contains_key(table.name))
            .collect();
        let known = |name: &String| {
            let is_table = |table: &Carried| {
                name == table.name
                    || name
                        .strip_prefix(table.name)
                        .is_some_and(|rest| rest.starts_with("_by_"))
            };
            name == "mark" || present.iter().any(is_table)
        };
        if let Some(name) = found.keys().find(|name| !known(name)) {
            return Err(OpenError::UnknownTable(name.clone()).into());
        }
        // A key is made before the first row of its person and destroyed after the last: the keys of this moment's rows
        // are there a moment later, as long as nobody is erased meanwhile.
        let mut views = [rows.snapshot().await?, keys.snapshot().await?];
        let mut tables = Vec::with_capacity(present.len());
        for table in &present {
            let counted = views[at(table.database)].fetch(table.count, &[]).await?;
            let rows = counted.first().ok_or(StoreError::Malformed)?;
            tables.push(Head {
                database: table.database,
                name: table.name.to_owned(),
                columns: table.columns.clone(),
                rows: u64::try_from(<i64 as FromCells>::from_cells(rows)?).map_err(|_| StoreError::Malformed)?,
            });
        }
        let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
        tokio::spawn(read_all(views, present, sender));
        Ok(Self {
            header: Header {
                schema: SCHEMA_VERSION,
                tables,
            },
            rows: receiver,
            engines: None,
            _quiet: quiet,
        })
    }

    /// What comes.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The next rows, some at a time; `None` after the last.
    ///
    /// # Errors
    /// Database errors.
    pub async fn next_rows(&mut self) -> Result<Option<Vec<Record>>, TransferError> {
        Ok(self.rows.recv().await.transpose()?)
    }

    /// Closes what was opened for it.
    pub async fn close(mut self) {
        self.rows.close();
        while self.rows.recv().await.is_some() {}
        for engine in self.engines.take().into_iter().flatten() {
            engine.close().await;
        }
    }
}

impl Store {
    /// Reads this running instance as it is at this moment. Erasures and sweeps wait until the snapshot is dropped, so
    /// read it quickly.
    ///
    /// # Errors
    /// Database errors.
    pub async fn snapshot(&self) -> Result<Snapshot, TransferError> {
        let quiet = Arc::clone(&self.erasing).write_owned().await;
        Snapshot::of([&self.engine, self.keys.engine()], &self.catalogues, Some(quiet)).await
    }
}

const fn at(database: Database) -> usize {
    match database {
        Database::Rows => 0,
        Database::Keys => 1,
    }
}

async fn open(place: &Place, database: Database) -> Result<Engine, OpenError> {
    let engine = Engine::open(&place.endpoint(database)).await;
    engine.map_err(|error| place.error(database, error))
}

/// Sends the rows of one table.
struct Sending<'s> {
    table: usize,
    sender: &'s mpsc::Sender<Result<Vec<Record>, StoreError>>,
}

impl Reader for Sending<'_> {
    async fn take(&mut self, rows: Vec<Vec<Cell>>) -> bool {
        let table = self.table;
        let records = rows.into_iter().map(|cells| Record { table, cells });
        self.sender.send(Ok(records.collect())).await.is_ok()
    }
}

/// Sends every row, table after table. Ends early when nobody listens any more.
async fn read_all(mut views: [View; 2], tables: Vec<Carried>, sender: mpsc::Sender<Result<Vec<Record>, StoreError>>) {
    for (index, table) in tables.iter().enumerate() {
        let view = &mut views[at(table.database)];
        let mut sending = Sending {
            table: index,
            sender: &sender,
        };
        match view.read(table.stored, CHUNK_ROWS, &mut sending).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                let _unheard = sender.send(Err(error)).await;
                return;
            }
        }
    }
}

/// An empty place that is being filled. Nothing of it is there until [`Filling::finish`] has read everything back.
pub struct Filling {
    links: [Link; 2],
    tables: Vec<Carried>,
    header: Header,
    written: Vec<Written>,
    current: usize,
}

/// What was written into a table so far.
struct Written {
    rows: u64,
    digest: digest::Context,
}

impl Written {
    fn new() -> Self {
        Self {
            rows: 0,
            digest: digest::Context::new(&digest::SHA256),
        }
    }

    /// Each cell with its type and length, so that no two rows look alike.
    fn add(&mut self, cells: &[Cell]) {
        self.rows += 1;
        for cell in cells {
            let number;
            let (kind, bytes) = match cell {
                Cell::Integer(integer) => {
                    number = integer.to_be_bytes();
                    (b'i', number.as_slice())
                }
                Cell::Text(text) => (b't', text.as_bytes()),
                Cell::Bytes(bytes) => (b'b', bytes.as_slice()),
            };
            self.digest.update(&[kind]);
            self.digest.update(&(bytes.len() as u64).to_be_bytes());
            self.digest.update(bytes);
        }
    }
}

impl Reader for Written {
    async fn take(&mut self, rows: Vec<Vec<Cell>>) -> bool {
        rows.iter().for_each(|cells| self.add(cells));
        true
    }
}

impl Filling {
    /// Begins to fill an empty place with the tables of a header. A folder must exist.
    ///
    /// # Errors
    /// [`TransferError::NotEmpty`], [`TransferError::OtherSchema`], [`TransferError::UnknownTable`]; [`OpenError`].
    pub async fn begin(place: &Place, catalogues: &[Catalogue], header: Header) -> Result<Self, TransferError> {
        place.check()?;
        if header.schema != SCHEMA_VERSION {
            return Err(TransferError::OtherSchema { found: header.schema });
        }
        let all = carried(catalogues);
        let mut tables = Vec::with_capacity(header.tables.len());
        for head in &header.tables {
            let is_it = |table: &&Carried| {
                table.name == head.name && table.columns == head.columns && table.database == head.database
            };
            let known = all.iter().find(is_it);
            tables.push(
                known
                    .ok_or_else(|| TransferError::UnknownTable(head.name.clone()))?
                    .clone(),
            );
        }
        let named = |table: &&&'static Table| tables.iter().any(|carried| carried.name == table.shape.name);
        let of_services = catalogues.iter().flat_map(|catalogue| catalogue.tables);
        let of_services: Vec<&'static Table> = of_services.filter(named).copied().collect();
        let mut links = Vec::with_capacity(2);
        for database in [Database::Rows, Database::Keys] {
            let opened = Link::open(&place.endpoint(database)).await;
            let mut link = opened.map_err(|error| place.error(database, error))?;
            let found = link.definitions().await?;
            if found.iter().any(|name| name != "mark") {
                return Err(TransferError::NotEmpty(place.name(database)));
            }
            let schema = match database {
                Database::Rows => Schema::of(&of_services),
                Database::Keys => Schema::of_keys(link.dialect()),
            };
            link.begin().await?;
            for op in schema.creation(link.dialect(), &found) {
                link.execute(op.sql, &op.cells).await?;
            }
            links.push(link);
        }
        let links = <[Link; 2]>::try_from(links).map_err(|_| StoreError::Malformed)?;
        Ok(Self {
            links,
            written: tables.iter().map(|_| Written::new()).collect(),
            tables,
            header,
            current: 0,
        })
    }

    /// Writes rows, which come in the order in which a [`Snapshot`] gives them.
    ///
    /// # Errors
    /// [`TransferError::BadRow`]; database errors.
    pub async fn put(&mut self, records: Vec<Record>) -> Result<(), TransferError> {
        for record in records {
            let table = self.tables.get(record.table);
            let table = table.ok_or_else(|| TransferError::BadRow("no table".to_owned()))?;
            let fits = |(cell, (_, kind)): (&Cell, &(String, ColumnType))| {
                matches!(
                    (cell, kind),
                    (Cell::Integer(_), ColumnType::Integer)
                        | (Cell::Text(_), ColumnType::Text)
                        | (Cell::Bytes(_), ColumnType::Bytes)
                )
            };
            let all_fit =
                record.cells.len() == table.columns.len() && record.cells.iter().zip(&table.columns).all(fits);
            if !all_fit || record.table < self.current {
                return Err(TransferError::BadRow(table.name.to_owned()));
            }
            self.current = record.table;
            self.written[record.table].add(&record.cells);
            let put = self.links[at(table.database)].execute(table.put, &record.cells).await;
            match put {
                Ok(1) => {}
                // A row that is there twice, or whose person is nowhere.
                Ok(_) | Err(StoreError::RefusedByDatabase | StoreError::Taken) => {
                    return Err(TransferError::BadRow(table.name.to_owned()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads everything back, compares every row, and commits both databases: the keys, then the rows. Returns how many
    /// rows were written.
    ///
    /// # Errors
    /// [`TransferError::ReadsDifferently`], [`TransferError::BadRow`] when rows are missing: nothing was committed then;
    /// [`TransferError::HalfWay`]; database errors.
    pub async fn finish(mut self) -> Result<u64, TransferError> {
        for (index, written) in std::mem::take(&mut self.written).into_iter().enumerate() {
            let table = &self.tables[index];
            if written.rows != self.header.tables[index].rows {
                return Err(TransferError::BadRow(table.name.to_owned()));
            }
            let mut read = Written::new();
            let link = &mut self.links[at(table.database)];
            link.read(table.stored, CHUNK_ROWS, &mut read).await?;
            if read.digest.finish().as_ref() != written.digest.finish().as_ref() {
                return Err(TransferError::ReadsDifferently(table.name.to_owned()));
            }
        }
        let [mut rows, mut keys] = self.links;
        keys.run("COMMIT").await?;
        rows.run("COMMIT").await.map_err(TransferError::HalfWay)?;
        rows.close().await;
        keys.close().await;
        Ok(self.header.tables.iter().map(|table| table.rows).sum())
    }
}

/// Copies a stopped instance's databases to an empty place, of the same engine or the other: all of it or nothing. Tells
/// `progress` how many rows of how many are written. Returns how many rows there are.
///
/// # Errors
/// [`TransferError`]; unless it says otherwise, nothing was written.
pub async fn copy(
    from: &Place,
    to: &Place,
    catalogues: &[Catalogue],
    mut progress: impl FnMut(u64, u64),
) -> Result<u64, TransferError> {
    if from == to {
        return Err(TransferError::NotEmpty(to.to_string()));
    }
    let mut snapshot = Snapshot::open(from, catalogues).await?;
    let copied = async {
        let all = snapshot.header().tables.iter().map(|table| table.rows).sum();
        let mut filling = Filling::begin(to, catalogues, snapshot.header().clone()).await?;
        let mut done = 0;
        progress(done, all);
        while let Some(records) = snapshot.next_rows().await? {
            done += records.len() as u64;
            filling.put(records).await?;
            progress(done, all);
        }
        filling.finish().await
    };
    let copied = copied.await;
    snapshot.close().await;
    copied
}
