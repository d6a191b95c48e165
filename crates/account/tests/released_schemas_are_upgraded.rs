//! Databases that a released version wrote become this version's, with everything in them. `released/` has one of each
//! schema and engine, this version's included, as text: two members, one with a device, made by the program of that time.
//! Whoever changes a definition and not the version of the schema breaks the newest.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

#[path = "../../store/tests/world/cluster.rs"]
#[allow(dead_code, reason = "the tests of the store use the rest")]
mod cluster;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use cluster::Cluster;
use plan::{Day, ManualClock, SubjectId};
use store::{OpenError, Options, Place, SCHEMA_VERSION, ServerUrl, Store, WrappingKey, migrate, schema_version};

/// The member with a device, in every fixture.
const ADA: [u8; 16] = [
    0x22, 0x09, 0x50, 0xab, 0x0a, 0x1d, 0xf7, 0x1d, 0xaa, 0xc2, 0xc8, 0x9a, 0xc2, 0x20, 0x9e, 0x94,
];
/// The day after the fixtures were made: what they hold is still kept.
const TODAY: Day = Day::from_number(20_780);

fn released(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/released").join(file)
}

/// A folder with the SQLite files of a schema.
fn files_of(schema: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for database in ["candor", "keys"] {
        sqlite(
            &folder.path().join(format!("{database}.db")),
            released(&format!("{schema}.{database}.sql")),
        );
    }
    folder
}

fn sqlite(file: &Path, script: PathBuf) {
    let script = std::fs::File::open(&script).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; every schema up to this version's has its databases here",
            script.display()
        )
    });
    let done = Command::new("sqlite3")
        .arg(file)
        .stdin(script)
        .stdout(Stdio::null())
        .status();
    assert!(done.expect("sqlite3 is installed: ./test packages").success());
}

async fn open(place: &Place) -> Result<Store, OpenError> {
    let key = std::fs::read_to_string(released("schema-1.wrapping-key")).unwrap();
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&key[index * 2..index * 2 + 2], 16).unwrap();
    }
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/default.kdl")).unwrap();
    let compiled = policy::compile(&text, "default.kdl").unwrap();
    Store::open(Options {
        place: place.clone(),
        wrapping: WrappingKey::from_bytes(&mut bytes),
        plan: Arc::new(compiled.plan().clone()),
        catalogues: vec![account::CATALOGUE],
        clock: Arc::new(ManualClock::new(TODAY.start())),
        erase_leftovers: false,
    })
    .await
}

/// Everything of the fixtures is there and opens.
async fn everything_is_there(place: &Place) {
    let store = open(place).await.unwrap_or_else(|error| panic!("{error}"));
    let export = store.export(SubjectId::from_bytes(ADA)).await.unwrap();
    let names: Vec<&str> = export.tables.iter().map(|table| table.name).collect();
    for name in ["held", "member", "credential", "session", "acceptance", "device"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let rows = export.tables.iter().flat_map(|table| &table.rows);
    let values = rows
        .flat_map(|row| &row.columns)
        .filter_map(|column| column.value.as_ref());
    let values: Vec<String> = values.map(ToString::to_string).collect();
    assert!(
        values.contains(&"ada@example.org".to_owned()) && values.contains(&"router".to_owned()),
        "{values:?}"
    );
    store.close().await;
}

#[tokio::test]
async fn databases_of_0_1_0_are_brought_up_to_date_with_everything_in_them() {
    let folder = files_of("schema-1");
    let place = Place::Folder(folder.path().to_owned());
    assert_eq!(schema_version(&place).await.unwrap(), Some(1));
    let refused = open(&place).await.err().unwrap();
    assert!(matches!(refused, OpenError::SchemaOlder { found: 1 }), "{refused}");
    assert!(refused.to_string().contains("candor upgrade"));

    let migrated = migrate(&place).await.unwrap();
    assert_eq!((migrated.from, migrated.steps.len() as i64), (1, SCHEMA_VERSION - 1));
    assert_eq!(schema_version(&place).await.unwrap(), Some(SCHEMA_VERSION));
    everything_is_there(&place).await;
    let again = migrate(&place).await.unwrap();
    assert_eq!((again.from, again.steps.len()), (SCHEMA_VERSION, 0));
}

#[tokio::test]
async fn databases_of_a_newer_version_are_refused_and_left_as_they_are() {
    let folder = files_of("schema-1");
    let place = Place::Folder(folder.path().to_owned());
    migrate(&place).await.unwrap();
    let newer = SCHEMA_VERSION + 1;
    let done = Command::new("sqlite3")
        .arg(folder.path().join("candor.db"))
        .arg(format!("UPDATE mark SET number = {newer} WHERE name = 'schema'"))
        .status();
    assert!(done.unwrap().success());
    for refused in [open(&place).await.err(), migrate(&place).await.err()] {
        let refused = refused.unwrap();
        assert!(
            matches!(refused, OpenError::SchemaNewer { found } if found == newer),
            "{refused}"
        );
        assert!(refused.to_string().contains("newer version"));
    }
    assert_eq!(schema_version(&place).await.unwrap(), Some(newer));
}

#[tokio::test]
async fn where_nothing_is_there_is_no_version_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Folder(folder.path().to_owned());
    assert_eq!(schema_version(&place).await.unwrap(), None);
    assert_eq!(migrate(&place).await.unwrap().steps.len(), 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The first schema that a release kept on a server.
const FIRST_ON_A_SERVER: i64 = 2;

/// Brings one up to date; how many steps that took.
async fn is_brought_up_to_date(place: &Place, from: i64) -> usize {
    assert_eq!(schema_version(place).await.unwrap(), Some(from));
    let steps = migrate(place).await.unwrap().steps.len();
    assert_eq!(schema_version(place).await.unwrap(), Some(SCHEMA_VERSION));
    everything_is_there(place).await;
    steps
}

#[tokio::test]
async fn every_schema_up_to_this_one_has_a_database_in_files_that_is_brought_up_to_date() {
    for schema in 1..=SCHEMA_VERSION {
        let folder = files_of(&format!("schema-{schema}"));
        let place = Place::Folder(folder.path().to_owned());
        let steps = is_brought_up_to_date(&place, schema).await;
        assert_eq!(steps as i64, SCHEMA_VERSION - schema, "from schema {schema}");
    }
}

#[tokio::test]
async fn every_schema_that_was_kept_on_a_server_has_databases_that_are_brought_up_to_date() {
    let cluster = Cluster::shared();
    for schema in FIRST_ON_A_SERVER..=SCHEMA_VERSION {
        let [rows, keys] = ["candor", "keys"].map(|database| {
            let name = cluster.new_database();
            cluster.run_file(&name, &released(&format!("schema-{schema}.postgres.{database}.sql")));
            ServerUrl::parse(&cluster.url(&name)).unwrap()
        });
        is_brought_up_to_date(&Place::Servers { rows, keys }, schema).await;
    }
}
