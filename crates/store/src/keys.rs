//! The second file: one data key for each subject, wrapped. Destroying a key is what makes an erasure certain.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use plan::SubjectId;
use plan::value::{Cell, Value as _};
use zeroize::{Zeroize, Zeroizing};

use crate::engine::{Definition, Dialect, Endpoint, Engine, Expect, Op};
use crate::row::SharedIndexKey;
use crate::schema::Schema;
use crate::seal::{IndexKey, KEY_LENGTH, SealingKey, WrappingKey, place, random};
use crate::{OpenError, StoreError};

pub(crate) const CREATE_SUBJECT_KEY: Definition = Definition::table(
    "CREATE TABLE subject_key (subject BLOB NOT NULL PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE subject_key (subject bytea NOT NULL, wrapped bytea NOT NULL, PRIMARY KEY (subject))",
    "ALTER TABLE subject_key ALTER COLUMN subject SET STATISTICS 0, ALTER COLUMN wrapped SET STATISTICS 0",
);
pub(crate) const CREATE_INSTANCE_KEY: Definition = Definition::table(
    "CREATE TABLE instance_key (name TEXT NOT NULL PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE instance_key (name text COLLATE \"C\" NOT NULL, wrapped bytea NOT NULL, PRIMARY KEY (name))",
    "ALTER TABLE instance_key ALTER COLUMN name SET STATISTICS 0, ALTER COLUMN wrapped SET STATISTICS 0",
);
/// Writes the keys anew, so that no page holds a destroyed one.
const REWRITE_SUBJECTS: &str = "VACUUM (FULL) subject_key";
const STORED_SUBJECTS: &str = "SELECT subject, wrapped FROM subject_key ORDER BY subject";
const STORED_INSTANCE: &str = "SELECT name, wrapped FROM instance_key ORDER BY name";
const COUNT_SUBJECTS: &str = "SELECT COUNT(*) FROM subject_key";
const COUNT_INSTANCE: &str = "SELECT COUNT(*) FROM instance_key";
/// What counts, reads and puts rows as they are stored; for [`crate::transfer`].
pub(crate) const CARRY_SUBJECTS: [&str; 3] = [COUNT_SUBJECTS, STORED_SUBJECTS, INSERT_SUBJECT];
pub(crate) const CARRY_INSTANCE: [&str; 3] = [COUNT_INSTANCE, STORED_INSTANCE, INSERT_INSTANCE];
const INSERT_SUBJECT: &str = "INSERT INTO subject_key (subject, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const SELECT_SUBJECT: &str = "SELECT wrapped FROM subject_key WHERE subject = $1";
const SELECT_SUBJECTS: &str = "SELECT subject FROM subject_key";
const DELETE_SUBJECT: &str = "DELETE FROM subject_key WHERE subject = $1";
const INSERT_INSTANCE: &str = "INSERT INTO instance_key (name, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const SELECT_INSTANCE: &str = "SELECT wrapped FROM instance_key WHERE name = $1";

/// What the key database looks like.
pub(crate) const DEFINITIONS: &[(&str, Definition)] = &[
    ("subject_key", CREATE_SUBJECT_KEY),
    ("instance_key", CREATE_INSTANCE_KEY),
];

/// (name, text, table): part of the closed list.
pub(crate) const STATEMENTS: &[(&str, &str, &str)] = &[
    ("subject_key.insert", INSERT_SUBJECT, "subject_key"),
    ("subject_key.one", SELECT_SUBJECT, "subject_key"),
    ("subject_key.all", SELECT_SUBJECTS, "subject_key"),
    ("subject_key.delete", DELETE_SUBJECT, "subject_key"),
    ("instance_key.insert", INSERT_INSTANCE, "instance_key"),
    ("instance_key.one", SELECT_INSTANCE, "instance_key"),
    ("subject_key.stored", STORED_SUBJECTS, "subject_key"),
    ("instance_key.stored", STORED_INSTANCE, "instance_key"),
    ("subject_key.count", COUNT_SUBJECTS, "subject_key"),
    ("instance_key.count", COUNT_INSTANCE, "instance_key"),
];

/// Keys that are destroyed together and looked for one by one; more are not looked for, and the file is written anew.
/// Writing costs about as much as looking for so many does: guess.
const SOUGHT_LIMIT: usize = 4;
/// Random bytes that are not found by chance.
const TRACE_BYTES: usize = 8;

/// Opened keys that stay in memory at most; every other one is dropped beyond it. About 1 KiB each.
const CACHE_LIMIT: usize = 8192;

/// Opened keys.
#[derive(Default)]
struct Cache {
    keys: HashMap<SubjectId, Arc<SealingKey>>,
    /// How often keys were destroyed: one that was read before a destruction is not remembered after it.
    destructions: u64,
}

/// The key database.
pub(crate) struct Keys {
    engine: Engine,
    wrapping: WrappingKey,
    cache: Mutex<Cache>,
    index: SharedIndexKey,
    certificate: Ed25519KeyPair,
}

impl Keys {
    /// Opens or creates the key database.
    ///
    /// # Errors
    /// [`StoreError::Unsealable`] when the wrapping key is not the one that the file was written with.
    pub(crate) async fn open(endpoint: &Endpoint, wrapping: WrappingKey) -> Result<Self, StoreError> {
        let engine = Engine::open(endpoint).await?;
        let opened = Self::of(engine.clone(), wrapping).await;
        if opened.is_err() {
            engine.close().await;
        }
        opened
    }

    async fn of(engine: Engine, wrapping: WrappingKey) -> Result<Self, StoreError> {
        let found = crate::schema::found(&engine).await?;
        let missing = DEFINITIONS.iter().filter(|(name, _)| !found.contains_key(*name));
        let ops = missing.flat_map(|(_, definition)| definition.ops(engine.dialect()));
        engine.commit(ops.collect()).await?;
        let index = instance_key(&engine, &wrapping, "index").await?;
        let certificate = instance_key(&engine, &wrapping, "certificate").await?;
        Ok(Self {
            index: Arc::new(IndexKey::from_bytes(&index)),
            certificate: Ed25519KeyPair::from_seed_unchecked(&*certificate).map_err(|_| StoreError::Unsealable)?,
            cache: Mutex::default(),
            engine,
            wrapping,
        })
    }

    /// Refuses a schema that differs from this program's.
    pub(crate) async fn require_schema(&self) -> Result<(), OpenError> {
        let found = crate::schema::found(&self.engine).await?;
        let schema = Schema::of_keys(self.engine.dialect());
        // Everything is there since [`Keys::open`]; what differs is refused.
        schema.changes(&self.engine, &[], &found, &mut Vec::new()).await?;
        Ok(())
    }

    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The key that wraps the others.
    pub(crate) const fn wrapping(&self) -> &WrappingKey {
        &self.wrapping
    }

    /// The key of the blind indexes.
    pub(crate) const fn index(&self) -> &SharedIndexKey {
        &self.index
    }

    /// A secret of the instance, made at its first use.
    pub(crate) async fn secret(&self, name: &str) -> Result<Zeroizing<[u8; KEY_LENGTH]>, StoreError> {
        instance_key(&self.engine, &self.wrapping, name).await
    }

    /// Makes a subject's key. It is on the disk before this returns, so that no row can exist without its key.
    pub(crate) async fn create(&self, subject: SubjectId) -> Result<Arc<SealingKey>, StoreError> {
        let bytes = Zeroizing::new(random::<KEY_LENGTH>());
        let wrapped = self
            .wrapping
            .key()
            .seal(&place("subject_key", "wrapped", subject.as_bytes()), &*bytes);
        let cells = vec![subject.to_cell(), Cell::Bytes(wrapped)];
        let destructions = self.cache().destructions;
        self.engine
            .commit(vec![Op {
                sql: INSERT_SUBJECT,
                cells,
                expect: Expect::New,
            }])
            .await?;
        let key = Arc::new(SealingKey::from_bytes(&bytes));
        self.remember(subject, &key, destructions);
        Ok(key)
    }

    /// A subject's key.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSubject`] when it was destroyed or never made.
    pub(crate) async fn key(&self, subject: SubjectId) -> Result<Arc<SealingKey>, StoreError> {
        let destructions = {
            let cache = self.cache();
            if let Some(key) = cache.keys.get(&subject) {
                return Ok(Arc::clone(key));
            }
            cache.destructions
        };
        let row = self.engine.fetch_first(SELECT_SUBJECT, &[subject.to_cell()]).await?;
        let row = row.ok_or(StoreError::NoSuchSubject)?;
        let bytes = unwrap(
            &self.wrapping,
            &place("subject_key", "wrapped", subject.as_bytes()),
            &row,
        )?;
        let key = Arc::new(SealingKey::from_bytes(&bytes));
        self.remember(subject, &key, destructions);
        Ok(key)
    }

    /// Every subject that has a key.
    pub(crate) async fn subjects(&self) -> Result<BTreeSet<SubjectId>, StoreError> {
        let rows = self.engine.fetch(SELECT_SUBJECTS, &[]).await?;
        rows.iter()
            .map(|row| row.first().and_then(SubjectId::from_cell).ok_or(StoreError::Malformed))
            .collect()
    }

    /// Destroys keys: the rows are overwritten, the write-ahead log that held them is cut, and every page is written anew
    /// when any part of a key is left in the gap of one.
    pub(crate) async fn destroy(&self, subjects: &[SubjectId]) -> Result<(), StoreError> {
        let traces = self.traces(subjects).await?;
        let delete = |subject: &SubjectId| Op {
            sql: DELETE_SUBJECT,
            cells: vec![subject.to_cell()],
            expect: Expect::Any,
        };
        self.engine.commit(subjects.iter().map(delete).collect()).await?;
        {
            let mut cache = self.cache();
            cache.destructions += 1;
            subjects.iter().for_each(|subject| {
                cache.keys.remove(subject);
            });
        }
        if let Some(traces) = traces {
            self.engine.truncate_log().await?;
            if !self.engine.may_hold(traces).await? {
                return Ok(());
            }
        }
        self.rewrite().await
    }

    /// Writes the keys anew, so that no gap of a page holds a destroyed one.
    pub(crate) async fn rewrite(&self) -> Result<(), StoreError> {
        self.engine.rewrite(vec![REWRITE_SUBJECTS]).await
    }

    /// What a copy of one of these keys in the gap of a page would be known by: the halves of its subject, and three pieces
    /// of what is wrapped, none of which can be spared in opening it. `None` where writing the file anew is cheaper than
    /// to look for so many, or where it cannot be looked into.
    async fn traces(&self, subjects: &[SubjectId]) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        if subjects.len() > SOUGHT_LIMIT || self.engine.dialect() == Dialect::Postgres {
            return Ok(None);
        }
        let mut traces = Vec::new();
        for subject in subjects {
            let (first, second) = subject.as_bytes().split_at(TRACE_BYTES);
            traces.extend([first.to_vec(), second.to_vec()]);
            if let Some(row) = self.engine.fetch_first(SELECT_SUBJECT, &[subject.to_cell()]).await? {
                let [Cell::Bytes(wrapped)] = row.as_slice() else {
                    return Err(StoreError::Malformed);
                };
                // Nonce, ciphertext and tag are of random bytes; a piece of each.
                let pieces = [0, wrapped.len() / 2, wrapped.len().saturating_sub(TRACE_BYTES)];
                let pieces = pieces.into_iter().filter_map(|at| wrapped.get(at..at + TRACE_BYTES));
                traces.extend(pieces.map(<[u8]>::to_vec));
            }
        }
        Ok(Some(traces))
    }

    /// See [`Engine::truncate_log`].
    pub(crate) async fn truncate_log(&self) -> Result<(), StoreError> {
        self.engine.truncate_log().await
    }

    /// Signs a certificate's text (Ed25519, RFC 8032).
    pub(crate) fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.certificate.sign(text).as_ref().to_vec()
    }

    /// The public half of the key that signs certificates.
    pub(crate) fn certificate_key(&self) -> Vec<u8> {
        self.certificate.public_key().as_ref().to_vec()
    }

    pub(crate) async fn close(&self) {
        self.engine.close().await;
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, subject: SubjectId, key: &Arc<SealingKey>, destructions: u64) {
        let mut cache = self.cache();
        if cache.destructions != destructions {
            return;
        }
        if cache.keys.len() >= CACHE_LIMIT {
            let mut keep = false;
            cache.keys.retain(|_, _| {
                keep = !keep;
                keep
            });
        }
        cache.keys.insert(subject, Arc::clone(key));
    }
}

async fn instance_key(
    engine: &Engine,
    wrapping: &WrappingKey,
    name: &str,
) -> Result<Zeroizing<[u8; KEY_LENGTH]>, StoreError> {
    let place = place("instance_key", "wrapped", name.as_bytes());
    let rows = engine.fetch(SELECT_INSTANCE, &[Cell::Text(name.to_owned())]).await?;
    if let [row] = rows.as_slice() {
        return unwrap(wrapping, &place, row);
    }
    let bytes = Zeroizing::new(random::<KEY_LENGTH>());
    let cells = vec![
        Cell::Text(name.to_owned()),
        Cell::Bytes(wrapping.key().seal(&place, &*bytes)),
    ];
    engine
        .commit(vec![Op {
            sql: INSERT_INSTANCE,
            cells,
            expect: Expect::New,
        }])
        .await?;
    Ok(bytes)
}

fn unwrap(wrapping: &WrappingKey, place: &[u8], row: &[Cell]) -> Result<Zeroizing<[u8; KEY_LENGTH]>, StoreError> {
    let [Cell::Bytes(wrapped)] = row else {
        return Err(StoreError::Malformed);
    };
    let mut opened = wrapping.key().open(place, wrapped)?;
    let bytes = <[u8; KEY_LENGTH]>::try_from(opened.as_slice())
        .map(Zeroizing::new)
        .map_err(|_| StoreError::Unsealable);
    opened.zeroize();
    bytes
}
