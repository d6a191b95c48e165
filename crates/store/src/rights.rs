//! What every person may ask for: everything that is held about them, and that it be gone.

use std::collections::BTreeSet;

use plan::value::{Cell, Value};
use plan::{Digest, FieldId, Shown, SubjectId, Timestamp};

use crate::engine::{Definition, Expect, Op};
use crate::held::{self, Opened, Origin};
use crate::row::Reader;
use crate::table::{Column, Kind, Table};
use crate::{OpenError, Store, StoreError, Subject, subject};

pub(crate) const CREATE_TOMBSTONE: Definition = Definition::table(
    "CREATE TABLE tombstone (subject_tag BLOB NOT NULL PRIMARY KEY, done INTEGER NOT NULL, \
     expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE tombstone (subject_tag bytea NOT NULL, done bigint NOT NULL, expires_at bigint NOT NULL, \
     PRIMARY KEY (subject_tag))",
    "ALTER TABLE tombstone ALTER COLUMN subject_tag SET STATISTICS 0, ALTER COLUMN done SET STATISTICS 0, \
     ALTER COLUMN expires_at SET STATISTICS 0",
);
const PUT_TOMBSTONE: &str =
    "INSERT INTO tombstone (subject_tag, done, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const STORED_TOMBSTONES: &str = "SELECT subject_tag, done, expires_at FROM tombstone ORDER BY subject_tag";
const COUNT_TOMBSTONES: &str = "SELECT COUNT(*) FROM tombstone";
/// What counts, reads and puts rows as they are stored; for [`crate::transfer`].
pub(crate) const CARRY_TOMBSTONES: [&str; 3] = [COUNT_TOMBSTONES, STORED_TOMBSTONES, PUT_TOMBSTONE];
pub(crate) const REWRITE_TOMBSTONES: &str = "VACUUM (FULL) tombstone";
pub(crate) const BURY: &str =
    "INSERT INTO tombstone (subject_tag, done, expires_at) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING";
pub(crate) const OPEN_TOMBSTONES: &str = "SELECT subject_tag FROM tombstone WHERE done = 0";
pub(crate) const MARK_DONE: &str = "UPDATE tombstone SET done = 1 WHERE subject_tag = $1";
const MARK_ALL_DONE: &str = "UPDATE tombstone SET done = 1 WHERE done = 0";
pub(crate) const SWEEP_TOMBSTONES: &str = "DELETE FROM tombstone WHERE expires_at <= $1 AND done = 1";

/// (name, text, table): part of the closed list.
pub(crate) const STATEMENTS: &[(&str, &str, &str)] = &[
    ("tombstone.bury", BURY, "tombstone"),
    ("tombstone.open", OPEN_TOMBSTONES, "tombstone"),
    ("tombstone.mark_done", MARK_DONE, "tombstone"),
    ("tombstone.mark_all_done", MARK_ALL_DONE, "tombstone"),
    ("tombstone.sweep", SWEEP_TOMBSTONES, "tombstone"),
    ("tombstone.put", PUT_TOMBSTONE, "tombstone"),
    ("tombstone.stored", STORED_TOMBSTONES, "tombstone"),
    ("tombstone.count", COUNT_TOMBSTONES, "tombstone"),
];

/// How long a tombstone stays: longer than any backup may live (7 days), so that a restored backup cannot bring an
/// erased person back.
pub(crate) const TOMBSTONE_KEEP_SECONDS: i64 = 30 * 86_400;

/// Everything that is held about one person.
pub struct Export {
    /// When it was made.
    pub made_at: Timestamp,
    /// The policy that it was held under.
    pub plan_digest: Digest,
    /// The tables that have rows about the person.
    pub tables: Vec<ExportTable>,
}

/// What one table holds about a person.
pub struct ExportTable {
    /// The table's name.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// The rows.
    pub rows: Vec<ExportRow>,
}

/// One row.
pub struct ExportRow {
    /// Its columns.
    pub columns: Vec<ExportColumn>,
    /// Where it came from.
    pub origin: Origin,
    /// When it was collected, where that is kept.
    pub collected_at: Option<Timestamp>,
    /// When it ends by itself; [`Timestamp::NEVER`] when it ends with the account.
    pub expires_at: Timestamp,
}

/// One value.
pub struct ExportColumn {
    /// The field.
    pub field: FieldId,
    /// The value; `None` for a secret that is held and not shown.
    pub value: Option<Shown>,
}

/// Proof that a person was erased: a text and its signature.
pub struct Certificate {
    /// The text, the last two lines of which are the public key and the signature.
    pub text: String,
    /// When the person was erased.
    pub erased_at: Timestamp,
    /// How many rows were deleted.
    pub rows: u64,
}

impl Store {
    /// Everything that is held about one person, opened.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSubject`], [`StoreError::Unsealable`], database errors.
    pub async fn export(&self, id: impl Into<SubjectId>) -> Result<Export, StoreError> {
        let subject = self.subject(id).await?;
        let mut tables = vec![self.export_held(&subject).await?];
        for table in self.tables.iter() {
            tables.push(self.export_table(table, &subject).await?);
        }
        tables.retain(|table| !table.rows.is_empty());
        Ok(Export {
            made_at: self.now(),
            plan_digest: self.plan_digest(),
            tables,
        })
    }

    async fn export_held(&self, subject: &Subject) -> Result<ExportTable, StoreError> {
        let found = self
            .engine
            .fetch(held::EXPORT, &[subject.id().to_cell(), self.now().to_cell()])
            .await?;
        let mut rows = Vec::with_capacity(found.len());
        for row in &found {
            let Some((Cell::Text(key), rest)) = row.split_first() else {
                return Err(StoreError::Malformed);
            };
            let field = FieldId::from_key(key).ok_or(StoreError::Malformed)?;
            let opened = Opened::of(subject, key, rest)?;
            rows.push(ExportRow {
                columns: vec![ExportColumn {
                    field,
                    value: Some(field.shown_of_bytes(&opened.bytes).ok_or(StoreError::Malformed)?),
                }],
                origin: opened.origin,
                collected_at: Some(opened.collected_at),
                expires_at: opened.expires_at,
            });
        }
        Ok(ExportTable {
            name: "held",
            about: "What you told us.",
            rows,
        })
    }

    async fn export_table(&self, table: &'static Table, subject: &Subject) -> Result<ExportTable, StoreError> {
        let found = self.engine.fetch(table.export, &[subject.id().to_cell()]).await?;
        let mut rows = Vec::with_capacity(found.len());
        for cells in &found {
            let (Some(Cell::Integer(expires)), values) =
                (cells.last(), cells.split_last().map_or(&[][..], |(_, values)| values))
            else {
                return Err(StoreError::Malformed);
            };
            let expires_at = Timestamp::from_microseconds(*expires);
            if expires_at <= self.now() {
                continue;
            }
            let mut reader = Reader::new(table, subject.key(), values);
            let mut columns = Vec::new();
            for column in table.shape.columns {
                columns.extend(export_column(column, &mut reader)?);
            }
            rows.push(ExportRow {
                columns,
                origin: Origin::Program,
                collected_at: None,
                expires_at,
            });
        }
        Ok(ExportTable {
            name: table.shape.name,
            about: table.shape.about,
            rows,
        })
    }

    /// The rewriting texts of the tables that held something in clear about a person, by what [`Store::deletes`] touched
    /// after the tombstone. Of the others, what a server leaves is ciphertext whose key is gone, until
    /// [`Store::sweep`] has them written anew as well.
    pub(crate) fn emptied_in_clear(&self, touched: &[u64]) -> Vec<&'static str> {
        const BEFORE_TABLES: usize = 3;
        let counts = touched.iter().skip(BEFORE_TABLES);
        let emptied = self.tables.iter().zip(counts).filter(|(_, rows)| **rows > 0);
        let in_clear = emptied.filter(|(table, _)| table.holds_in_clear());
        in_clear.map(|(table, _)| table.rewrite).collect()
    }

    /// The changes that delete every row about a person, in the order held_lookup, held, tables; then the person.
    pub(crate) fn deletes(&self, id: SubjectId) -> Vec<Op> {
        let delete = |sql| Op {
            sql,
            cells: vec![id.to_cell()],
            expect: Expect::Any,
        };
        let mut ops = vec![delete(held::ERASE_LOOKUPS), delete(held::ERASE)];
        ops.extend(self.tables.iter().map(|table| delete(table.erase)));
        ops.push(subject::delete(id));
        ops
    }

    pub(crate) fn certificate(&self, id: SubjectId, erased_at: Timestamp, counts: &[(&str, u64)]) -> Certificate {
        let rows = counts.iter().map(|(_, rows)| rows).sum();
        let list: Vec<String> = counts
            .iter()
            .filter(|(_, rows)| *rows > 0)
            .map(|(name, rows)| format!("{name} {rows}"))
            .collect();
        let mut text = format!(
            "Candor erasure certificate\nperson: {id}\nerased at: {erased_at}\npolicy: {}\nrows deleted: {}\ndata key: destroyed\n\
             not covered: blocks that the filesystem freed; copies of the key database, at most 7 days old\npublic key: {}\n",
            self.plan_digest(),
            if list.is_empty() {
                "none".to_owned()
            } else {
                list.join(", ")
            },
            hexadecimal(&self.keys.certificate_key()),
        );
        let signature = hexadecimal(&self.keys.sign(text.as_bytes()));
        text.push_str(&format!("signature: {signature}\n"));
        Certificate { text, erased_at, rows }
    }
}

impl Certificate {
    /// Whether a certificate's signature fits its text. It says that the instance with that public key made it.
    #[must_use]
    pub fn verifies(text: &str) -> bool {
        let Some((signed, rest)) = text.rsplit_once("signature: ") else {
            return false;
        };
        let key = signed.lines().find_map(|line| line.strip_prefix("public key: "));
        let (Some(key), Some(signature)) = (key.and_then(bytes_of), bytes_of(rest.trim_end())) else {
            return false;
        };
        let key = aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ED25519, key);
        key.verify(signed.as_bytes(), &signature).is_ok()
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|index| u8::from_str_radix(&text[index..index + 2], 16).ok())
        .collect()
}

fn export_column(column: &Column, reader: &mut Reader<'_>) -> Result<Option<ExportColumn>, StoreError> {
    let Some(field) = column.field else {
        reader.skip_id()?;
        return Ok(None);
    };
    let value = match column.kind {
        Kind::Key | Kind::Owner => return Err(StoreError::Malformed),
        Kind::Secret => {
            reader.unsealed(column.name)?;
            None
        }
        Kind::Plain(_) => Some(field.shown_of_cell(reader.plain_cell()?).ok_or(StoreError::Malformed)?),
        Kind::Sealed | Kind::Found | Kind::Matched => {
            let bytes = zeroize::Zeroizing::new(reader.unsealed(column.name)?);
            Some(field.shown_of_bytes(&bytes).ok_or(StoreError::Malformed)?)
        }
    };
    Ok(Some(ExportColumn { field, value }))
}

/// Finishes what an earlier run began: keys without rows are destroyed (a person who was being erased, or one whose
/// rows were never written), both files are written anew where an erasure was open, its tombstone is marked done, and
/// both write-ahead logs are cut.
pub(crate) async fn finish_erasures(store: &Store, erase_keyless: bool) -> Result<u64, OpenError> {
    let mut present = BTreeSet::new();
    for sql in std::iter::once(held::OWNERS).chain(store.tables.iter().map(|table| table.owners)) {
        present.extend(subjects(store, sql).await?);
    }
    let keyed = store.keys.subjects().await?;
    let keyless: Vec<SubjectId> = present.difference(&keyed).copied().collect();
    if !keyless.is_empty() && !erase_keyless {
        return Err(OpenError::KeysMissing { people: keyless.len() });
    }
    let orphans: Vec<SubjectId> = keyed.difference(&present).copied().collect();
    let known = subjects(store, subject::ALL).await?;
    let mut ops: Vec<Op> = keyless.into_iter().flat_map(|id| store.deletes(id)).collect();
    ops.extend(known.difference(&present).map(|id| subject::delete(*id)));
    store.engine.commit(ops).await?;
    if !orphans.is_empty() {
        store.keys.destroy(&orphans).await?;
    }
    if store.engine.fetch_first(OPEN_TOMBSTONES, &[]).await?.is_some() {
        // The run that was killed may not have come to the gaps of either file.
        store.keys.rewrite().await?;
        store.engine.rewrite(store.rewriting_texts()).await?;
    }
    let mark = Op {
        sql: MARK_ALL_DONE,
        cells: Vec::new(),
        expect: Expect::Any,
    };
    store.engine.commit(vec![mark]).await?;
    // A run that was killed between a delete and the cut left page images in the logs.
    store.engine.truncate_log().await?;
    store.keys.truncate_log().await?;
    Ok(orphans.len() as u64)
}

async fn subjects(store: &Store, sql: &'static str) -> Result<BTreeSet<SubjectId>, StoreError> {
    let rows = store.engine.fetch(sql, &[]).await?;
    rows.iter()
        .map(|row| row.first().and_then(SubjectId::from_cell).ok_or(StoreError::Malformed))
        .collect()
}
