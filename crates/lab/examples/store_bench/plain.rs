//! The other side: `sqlx` by hand. The statements are those of the store's closed list, by name; the connections are
//! set up as the store sets up its own (crates/store/src/engine/sqlite.rs, crates/store/src/engine/postgres.rs); writers
//! share commits through one task, as the store's do.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use plan::{Clock as _, Day, Timestamp};
use serde_json::{Map, Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Column as _, ColumnIndex, ConnectOptions as _, Row, TypeInfo as _, ValueRef as _};
use store::{Place, statement_list};
use tokio::sync::{mpsc, oneshot};

use crate::ours::{DEVICE_ONE, USAGE_ON, catalogues, plan};
use crate::{Chance, DAYS, DEVICES, Id, MANY_DAYS, MANY_DEVICES, Measure, Outcome, Side, WallClock};

/// Changes that share a commit at most; as the store's `GROUP_LIMIT`.
const GROUP_LIMIT: usize = 128;

/// One row to be put, or a person to be forgotten.
enum Change {
    Subject(Id),
    Email(Id, Vec<u8>),
    Usage(Id, i64),
    Device(Id, Id, Box<[Vec<u8>; 4]>),
    Forget(Id),
}

struct Job {
    changes: Vec<Change>,
    done: oneshot::Sender<()>,
}

enum Readers {
    Sqlite(sqlx::SqlitePool),
    Postgres(sqlx::PgPool),
}

enum Writer {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

pub(crate) struct Plain {
    readers: Readers,
    writer: mpsc::Sender<Job>,
    texts: Texts,
    now: Timestamp,
    members: Vec<Id>,
    devices: Vec<Id>,
    many: Id,
    next: AtomicI64,
}

/// The statements that are used, by what they do.
#[derive(Clone)]
struct Texts {
    insert: [&'static str; 5],
    get_held: &'static str,
    export_held: &'static str,
    exports: Vec<(String, &'static str)>,
    erases: Vec<&'static str>,
}

impl Texts {
    fn new() -> Outcome<Self> {
        let (mut list, plan) = (statement_list(&catalogues()), plan()?);
        list.retain(|listed| listed.is_available(&plan));
        let texts: BTreeMap<&str, &'static str> =
            list.iter().map(|listed| (listed.name.as_str(), listed.sql)).collect();
        let text = |name: &str| texts.get(name).copied().ok_or(format!("no statement {name}"));
        let of_tables = |ending: &str| {
            let names = texts.keys().filter(|name| !name.starts_with("held"));
            let names: Vec<&str> = names.filter_map(|name| name.strip_suffix(ending)).collect();
            names.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let mut erases = vec![text("held.erase_lookups")?, text("held.erase")?];
        for table in of_tables(".erase") {
            erases.push(text(&format!("{table}.erase"))?);
        }
        erases.push(text("subject.delete")?);
        let mut exports = Vec::new();
        for table in of_tables(".export") {
            let sql = text(&format!("{table}.export"))?;
            exports.push((table, sql));
        }
        let insert = [
            text("subject.insert")?,
            text("held.put")?,
            text("held.put_lookup")?,
            text("usage.insert")?,
            text("device.insert")?,
        ];
        Ok(Self {
            insert,
            get_held: text("held.get")?,
            export_held: text("held.export")?,
            exports,
            erases,
        })
    }
}

/// Runs a change on a connection of either engine: `sqlx`'s types of the two have nothing in common that says so shortly.
macro_rules! apply {
    ($connection:expr, $texts:expr, $change:expr) => {{
        let [subject, put_held, put_lookup, usage, device] = $texts.insert;
        match $change {
            Change::Subject(id) => {
                sqlx::query(subject)
                    .bind(id.to_vec())
                    .execute(&mut *$connection)
                    .await?;
            }
            Change::Email(id, email) => {
                let query = sqlx::query(put_held)
                    .bind(id.to_vec())
                    .bind("email")
                    .bind(email.clone());
                let query = query.bind(1_i64).bind(1_i64).bind(i64::MAX);
                query.execute(&mut *$connection).await?;
                let lookup = digest(&SHA256, &email).as_ref().to_vec();
                let query = sqlx::query(put_lookup).bind("email").bind(lookup).bind(id.to_vec());
                query.execute(&mut *$connection).await?;
            }
            Change::Usage(id, day) => {
                let query = sqlx::query(usage).bind(id.to_vec()).bind(day).bind(1_000_000_i64);
                let query = query.bind(25_000_000_i64).bind(i64::MAX);
                query.execute(&mut *$connection).await?;
            }
            Change::Device(id, member, values) => {
                let [label, public_key, index, psk] = *values;
                let query = sqlx::query(device).bind(id.to_vec()).bind(member.to_vec()).bind(label);
                let query = query.bind(public_key).bind(index).bind(psk);
                query.execute(&mut *$connection).await?;
            }
            Change::Forget(id) => {
                for sql in &$texts.erases {
                    sqlx::query(*sql).bind(id.to_vec()).execute(&mut *$connection).await?;
                }
            }
        }
    }};
}

/// The task that all writers share: what waits goes into one transaction.
async fn write(mut writer: Writer, texts: Texts, mut jobs: mpsc::Receiver<Job>) -> Outcome {
    while let Some(first) = jobs.recv().await {
        let mut group = vec![first];
        while group.len() < GROUP_LIMIT
            && let Ok(job) = jobs.try_recv()
        {
            group.push(job);
        }
        let mut heard = Vec::with_capacity(group.len());
        match &mut writer {
            Writer::Sqlite(connection) => {
                sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
                for job in group {
                    for change in job.changes {
                        apply!(connection, texts, change);
                    }
                    heard.push(job.done);
                }
                sqlx::query("COMMIT").execute(&mut *connection).await?;
            }
            Writer::Postgres(connection) => {
                sqlx::query("BEGIN").execute(&mut *connection).await?;
                for job in group {
                    for change in job.changes {
                        apply!(connection, texts, change);
                    }
                    heard.push(job.done);
                }
                sqlx::query("COMMIT").execute(&mut *connection).await?;
            }
        }
        heard.into_iter().for_each(|done| _ = done.send(()));
    }
    Ok(())
}

async fn sqlite(folder: &str) -> Outcome<(Readers, Writer)> {
    let options = SqliteConnectOptions::new()
        .filename(format!("{folder}/candor.db"))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .row_buffer_size(1024)
        .pragma("secure_delete", "ON")
        .pragma("temp_store", "MEMORY")
        .pragma("trusted_schema", "OFF");
    let writer = options.connect().await?;
    let readers = SqlitePoolOptions::new().max_connections(4).test_before_acquire(false);
    let readers = readers.connect_with(options.pragma("query_only", "ON")).await?;
    Ok((Readers::Sqlite(readers), Writer::Sqlite(writer)))
}

async fn postgres(url: &str) -> Outcome<(Readers, Writer)> {
    let options: PgConnectOptions = url.parse()?;
    let options = options.statement_cache_capacity(512).disable_statement_logging();
    let options = options.options([
        ("search_path", "public"),
        ("synchronous_commit", "on"),
        ("log_parameter_max_length_on_error", "0"),
        ("client_min_messages", "error"),
        ("jit", "off"),
    ]);
    let writer = options.connect().await?;
    let readers = PgPoolOptions::new().max_connections(4).test_before_acquire(false);
    let readers = readers
        .connect_with(options.options([("default_transaction_read_only", "on")]))
        .await?;
    Ok((Readers::Postgres(readers), Writer::Postgres(writer)))
}

impl Plain {
    pub(crate) async fn open(place: &Place, address: &str, members: usize) -> Outcome<Self> {
        let (readers, writer) = match place {
            Place::Folder(_) => sqlite(address).await?,
            Place::Servers { .. } => postgres(address).await?,
        };
        let (sender, jobs) = mpsc::channel(1024);
        let texts = Texts::new()?;
        let of_writer = texts.clone();
        tokio::spawn(async move {
            if let Err(error) = write(writer, of_writer, jobs).await {
                eprintln!("the plain writer ended: {error}");
            }
        });
        let mut plain = Self {
            readers,
            writer: sender,
            texts,
            now: WallClock.now(),
            members: Vec::new(),
            devices: Vec::new(),
            many: [0; 16],
            next: AtomicI64::new(0),
        };
        plain.many = plain.furnish().await?;
        for number in 0..members {
            let (member, device) = plain.member(number, DAYS, DEVICES).await?;
            plain.members.push(member);
            plain.devices.push(device);
        }
        Ok(plain)
    }

    async fn commit(&self, changes: Vec<Change>) -> Outcome {
        let (done, heard) = oneshot::channel();
        self.writer.send(Job { changes, done }).await?;
        Ok(heard.await?)
    }

    fn today(&self) -> Day {
        self.now.day()
    }

    async fn member(&self, number: usize, days: i32, devices: usize) -> Outcome<(Id, Id)> {
        let id = random();
        let mut changes = vec![
            Change::Subject(id),
            Change::Email(id, format!("member-{number}-{id:?}@example.org").into_bytes()),
        ];
        for ago in 0..days {
            changes.push(Change::Usage(id, i64::from(self.today().plus(-ago).number())));
        }
        let mut last = [0; 16];
        for _ in 0..devices {
            last = random();
            changes.push(device(last, id));
        }
        self.commit(changes).await?;
        Ok((id, last))
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

fn device(id: Id, member: Id) -> Change {
    let (public_key, psk) = (random::<32>().to_vec(), random::<32>().to_vec());
    // In clear, a key is its own index.
    let values = [
        b"the phone in the kitchen".to_vec(),
        public_key.clone(),
        public_key,
        psk,
    ];
    Change::Device(id, member, Box::new(values))
}

/// A row as an object of JSON, whatever its columns are.
fn row_json<R: Row>(row: &R) -> Outcome<Value>
where
    usize: ColumnIndex<R>,
    for<'r> i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    for<'r> String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    for<'r> Vec<u8>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    let mut object = Map::new();
    for (index, column) in row.columns().iter().enumerate() {
        let kind = row.try_get_raw(index)?.type_info().name().to_owned();
        let value = match kind.as_str() {
            "INTEGER" | "INT8" => json!(row.try_get::<i64, _>(index)?),
            "TEXT" => json!(row.try_get::<String, _>(index)?),
            _ => {
                let bytes = row.try_get::<Vec<u8>, _>(index)?;
                match String::from_utf8(bytes) {
                    Ok(text) => json!(text),
                    Err(error) => json!(hexadecimal(error.as_bytes())),
                }
            }
        };
        object.insert(column.name().to_owned(), value);
    }
    Ok(Value::Object(object))
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

macro_rules! read {
    ($pool:expr, $plain:expr, $measure:expr, $number:expr, $chance:expr) => {{
        let (member, device) = ($plain.members[$number], $plain.devices[$number]);
        match $measure {
            Measure::ReadPlain => {
                let day = $plain.today().plus(-($chance.below(DAYS as usize) as i32)).number();
                let query = sqlx::query(USAGE_ON.statement.sql)
                    .bind(member.to_vec())
                    .bind(i64::from(day));
                let row = query.bind($plain.now.microseconds()).fetch_optional($pool).await?;
                let row = row.ok_or("the day is there")?;
                let member: Vec<u8> = row.try_get(0)?;
                let numbers: (i64, i64, i64) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
                black_box((member, numbers));
            }
            Measure::ReadSealed => {
                let query = sqlx::query($plain.texts.get_held).bind(member.to_vec()).bind("email");
                let row = query.bind($plain.now.microseconds()).fetch_optional($pool).await?;
                let row = row.ok_or("the address is there")?;
                let email = String::from_utf8(row.try_get(0)?)?;
                let numbers: (i64, i64, i64) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
                black_box((email, numbers));
            }
            _ => {
                let query = sqlx::query(DEVICE_ONE.statement.sql).bind(device.to_vec());
                let row = query.fetch_optional($pool).await?.ok_or("the device is there")?;
                let ids: (Vec<u8>, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
                let label = String::from_utf8(row.try_get(2)?)?;
                let keys: (Vec<u8>, Vec<u8>) = (row.try_get(3)?, row.try_get(4)?);
                black_box((ids, label, keys));
            }
        }
    }};
}

macro_rules! export {
    ($pool:expr, $plain:expr) => {{
        let id = || $plain.many.to_vec();
        let mut tables = Map::new();
        let query = sqlx::query($plain.texts.export_held)
            .bind(id())
            .bind($plain.now.microseconds());
        let rows = query.fetch_all($pool).await?;
        tables.insert("held".to_owned(), rows.iter().map(row_json).collect::<Outcome<_>>()?);
        for (table, sql) in &$plain.texts.exports {
            let rows = sqlx::query(*sql).bind(id()).fetch_all($pool).await?;
            tables.insert(table.clone(), rows.iter().map(row_json).collect::<Outcome<_>>()?);
        }
        black_box(serde_json::to_string(&tables)?).len()
    }};
}

impl Side for Plain {
    async fn read(&self, measure: Measure, chance: &mut Chance) -> Outcome {
        let number = chance.below(self.members.len());
        match &self.readers {
            Readers::Sqlite(pool) => read!(pool, self, measure, number, chance),
            Readers::Postgres(pool) => read!(pool, self, measure, number, chance),
        }
        Ok(())
    }

    async fn insert(&self, measure: Measure, chance: &mut Chance) -> Outcome {
        let member = self.members[chance.below(self.members.len())];
        let change = match measure {
            Measure::InsertPlain => {
                let ahead = 1 + self.next.fetch_add(1, Ordering::Relaxed);
                Change::Usage(member, i64::from(self.today().number()) + ahead)
            }
            _ => device(random(), member),
        };
        self.commit(vec![change]).await
    }

    async fn export(&self) -> Outcome<usize> {
        Ok(match &self.readers {
            Readers::Sqlite(pool) => export!(pool, self),
            Readers::Postgres(pool) => export!(pool, self),
        })
    }

    async fn furnish(&self) -> Outcome<Id> {
        Ok(self.member(0, MANY_DAYS, MANY_DEVICES).await?.0)
    }

    async fn erase(&self, id: Id) -> Outcome {
        self.commit(vec![Change::Forget(id)]).await
    }
}
