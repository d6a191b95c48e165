//! Where a test keeps a store: SQLite files in a temporary folder, or two databases of a PostgreSQL server.

use std::path::{Path, PathBuf};

use sqlx::{Connection as _, PgConnection, Row as _, SqliteConnection};
use store::{Database, Place, ServerUrl};
use tempfile::TempDir;

use crate::world::cluster::Cluster;

/// A place for a store that is empty at first.
pub(crate) struct Home {
    /// Empty where the databases are a server's.
    folder: TempDir,
    names: Option<[String; 2]>,
}

impl Home {
    pub(crate) fn sqlite() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder can be made"),
            names: None,
        }
    }

    pub(crate) fn postgres() -> Self {
        let cluster = Cluster::shared();
        Self {
            names: Some([cluster.new_database(), cluster.new_database()]),
            ..Self::sqlite()
        }
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        self.names.is_some()
    }

    /// The folder of the files; of SQLite alone.
    pub(crate) fn folder(&self) -> &Path {
        assert!(self.names.is_none(), "a server's files are in Cluster::folder");
        self.folder.path()
    }

    pub(crate) fn place(&self) -> Place {
        match &self.names {
            None => Place::Folder(self.folder.path().to_owned()),
            Some(names) => place_of(names),
        }
    }

    /// The name of one of the two databases of a server.
    pub(crate) fn name(&self, database: Database) -> &str {
        let names = self.names.as_ref().expect("the databases are a server's");
        match database {
            Database::Rows => &names[0],
            Database::Keys => &names[1],
        }
    }

    /// What [`Home::of_words`] makes the place of, in another process.
    pub(crate) fn words(&self) -> Vec<String> {
        match &self.names {
            None => vec![self.folder.path().display().to_string()],
            Some(_) => vec![self.url(Database::Rows), self.url(Database::Keys)],
        }
    }

    /// The place that a [`Home`] of another process is at.
    pub(crate) fn of_words(words: &[String]) -> Place {
        match words {
            [folder] => Place::Folder(folder.into()),
            [rows, keys] => Place::Servers {
                rows: ServerUrl::parse(rows).expect("the test's URL is one"),
                keys: ServerUrl::parse(keys).expect("the test's URL is one"),
            },
            _ => panic!("a folder, or two URLs"),
        }
    }

    pub(crate) fn url(&self, database: Database) -> String {
        match &self.names {
            Some(_) => Cluster::shared().url(self.name(database)),
            None => format!("sqlite://{}", self.file(database).display()),
        }
    }

    /// Changes something past the store; how many rows.
    pub(crate) async fn run_raw(&self, database: Database, sql: &'static str) -> u64 {
        let url = self.url(database);
        if self.is_postgres() {
            let mut raw = PgConnection::connect(&url).await.expect("the server answers");
            let done = sqlx::query(sql).execute(&mut raw).await.expect("the server does it");
            raw.close().await.expect("the server hears a farewell");
            return done.rows_affected();
        }
        let mut raw = SqliteConnection::connect(&url).await.expect("the file opens");
        let done = sqlx::query(sql).execute(&mut raw).await.expect("SQLite does it");
        raw.close().await.expect("the file closes");
        done.rows_affected()
    }

    /// Reads something past the store: one column of bytes.
    pub(crate) async fn bytes_raw(&self, database: Database, sql: &'static str) -> Vec<Vec<u8>> {
        let url = self.url(database);
        if self.is_postgres() {
            let mut raw = PgConnection::connect(&url).await.expect("the server answers");
            let rows = sqlx::query(sql).fetch_all(&mut raw).await.expect("the server reads it");
            raw.close().await.expect("the server hears a farewell");
            return rows.iter().map(|row| row.get(0)).collect();
        }
        let mut raw = SqliteConnection::connect(&url).await.expect("the file opens");
        let rows = sqlx::query(sql).fetch_all(&mut raw).await.expect("SQLite reads it");
        raw.close().await.expect("the file closes");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Reads something past the store: two columns of bytes.
    pub(crate) async fn pairs_raw(&self, database: Database, sql: &'static str) -> Vec<(Vec<u8>, Vec<u8>)> {
        let url = self.url(database);
        if self.is_postgres() {
            let mut raw = PgConnection::connect(&url).await.expect("the server answers");
            let rows = sqlx::query(sql).fetch_all(&mut raw).await.expect("the server reads it");
            raw.close().await.expect("the server hears a farewell");
            return rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        }
        let mut raw = SqliteConnection::connect(&url).await.expect("the file opens");
        let rows = sqlx::query(sql).fetch_all(&mut raw).await.expect("SQLite reads it");
        raw.close().await.expect("the file closes");
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// Reads one number past the store.
    pub(crate) async fn number_raw(&self, sql: &'static str) -> i64 {
        let url = self.url(Database::Rows);
        if self.is_postgres() {
            let mut raw = PgConnection::connect(&url).await.expect("the server answers");
            let row = sqlx::query(sql).fetch_one(&mut raw).await.expect("the server reads it");
            raw.close().await.expect("the server hears a farewell");
            return row.get(0);
        }
        let mut raw = SqliteConnection::connect(&url).await.expect("the file opens");
        let row = sqlx::query(sql).fetch_one(&mut raw).await.expect("SQLite reads it");
        raw.close().await.expect("the file closes");
        row.get(0)
    }

    /// Takes one of the databases away, as if it were lost; no store has it open.
    pub(crate) fn set_aside(&self, database: Database) {
        let Some(_) = &self.names else {
            let file = self.file(database);
            return std::fs::rename(&file, file.with_extension("aside")).expect("the file is there");
        };
        let name = self.name(database);
        self.end_connections(database);
        Cluster::shared().sql("postgres", &format!("ALTER DATABASE {name} RENAME TO {name}_aside"));
        Cluster::shared().sql("postgres", &format!("CREATE DATABASE {name}"));
    }

    /// Makes a copy of one of the databases; no store has it open.
    pub(crate) fn copy_aside(&self, database: Database) {
        let Some(_) = &self.names else {
            let file = self.file(database);
            std::fs::copy(&file, file.with_extension("aside")).expect("the file is there");
            return;
        };
        let name = self.name(database);
        self.end_connections(database);
        Cluster::shared().sql("postgres", &format!("CREATE DATABASE {name}_aside TEMPLATE {name}"));
    }

    /// Puts back what was set aside or copied.
    pub(crate) fn put_back(&self, database: Database) {
        let Some(_) = &self.names else {
            let file = self.file(database);
            return std::fs::rename(file.with_extension("aside"), file).expect("the file was set aside");
        };
        let name = self.name(database);
        Cluster::shared().sql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
        Cluster::shared().sql("postgres", &format!("ALTER DATABASE {name}_aside RENAME TO {name}"));
    }

    fn end_connections(&self, database: Database) {
        let end = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname = ";
        Cluster::shared().sql("postgres", &format!("{end}'{}'", self.name(database)));
    }

    fn file(&self, database: Database) -> PathBuf {
        self.folder.path().join(match database {
            Database::Rows => "candor.db",
            Database::Keys => "keys.db",
        })
    }

    /// The folders in which what was written down lies. Of a server these are the databases' own; its log of changes is
    /// beside them, and what stands in it is in SECURITY.md.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        let Some(names) = &self.names else {
            return vec![self.folder.path().to_owned()];
        };
        let cluster = Cluster::shared();
        let folder = |name| {
            let number = cluster.sql(
                "postgres",
                &format!("SELECT oid FROM pg_database WHERE datname = '{name}'"),
            );
            cluster.folder().join("data/base").join(number.trim())
        };
        names.iter().map(folder).collect()
    }

    /// Has the server write down what it has in memory, and forget files that it needs no more.
    pub(crate) fn settle(&self) {
        if self.is_postgres() {
            Cluster::shared().sql("postgres", "CHECKPOINT");
        }
    }
}

/// Two databases of the shared server.
pub(crate) fn place_of(names: &[String; 2]) -> Place {
    place_at(Cluster::shared(), names)
}

/// Two databases of a server.
pub(crate) fn place_at(cluster: &Cluster, names: &[String; 2]) -> Place {
    let url = |name: &String| ServerUrl::parse(&cluster.url(name)).expect("the test's URL is one");
    Place::Servers {
        rows: url(&names[0]),
        keys: url(&names[1]),
    }
}

/// Makes of each function a test on SQLite and a test on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test]
            async fn sqlite() {
                super::$name(crate::world::Home::sqlite()).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name(crate::world::Home::postgres()).await;
            }
        }
    )+};
}
pub(crate) use on_both;
