//! `candor upgrade` from every schema that was released, and back again when anything fails.

mod world;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use world::{Provider, contents, stderr, stdout};

const SMALL: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nenabled = false\n";

/// Every schema that was released, as a stopped instance in which one member had joined.
fn fixtures() -> Vec<(String, TempDir)> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let entries = fs::read_dir(all).expect("the fixtures are there").flatten();
    let mut found: Vec<(String, TempDir)> = entries
        .map(|entry| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            fs::write(folder.path().join("candor.toml"), SMALL).expect("the folder can be written");
            let data = folder.path().join("candor-data");
            fs::create_dir(&data).expect("the folder can be written");
            for (name, bytes) in contents(&entry.path()) {
                fs::write(data.join(name), bytes).expect("the folder can be written");
            }
            (entry.file_name().to_string_lossy().into_owned(), folder)
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(!found.is_empty());
    found
}

fn upgrade(folder: &TempDir) -> Output {
    Command::new(world::candor())
        .arg("upgrade")
        .current_dir(folder.path())
        .output()
        .expect("the program starts")
}

fn sqlite(folder: &TempDir, sql: &str) {
    let file = folder.path().join("candor-data/candor.db");
    let done = Command::new("sqlite3")
        .arg(file)
        .arg(sql)
        .output()
        .expect("sqlite3 is installed");
    assert!(done.status.success(), "{}", stderr(&done));
}

fn databases(folder: &TempDir) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = contents(&folder.path().join("candor-data"));
    files.retain(|name, bytes| name.contains(".db") && !name.ends_with("-shm") && !bytes.is_empty());
    files
}

fn serves_ada(folder: TempDir) {
    let provider = Provider::start_in(folder, world::namespace(), &[]);
    let answer = provider.curl(&[
        "--data-urlencode",
        "email=ada@example.org",
        "--data-urlencode",
        "password=three small words",
        "http://localhost:8080/sign-in",
    ]);
    assert!(answer.contains("__Host-sid="), "{answer}");
}

#[test]
fn every_released_schema_is_upgraded_and_serves_its_members() {
    for (name, folder) in fixtures() {
        let refused = world::refused(folder.path(), &world::namespace(), &[]);
        assert!(refused.contains("candor upgrade"), "{name}: {refused}");
        let done = upgrade(&folder);
        assert!(done.status.success(), "{name}: {}", stderr(&done));
        assert!(
            stdout(&done).contains("the databases have schema"),
            "{name}: {}",
            stdout(&done)
        );
        assert!(
            !folder.path().join("candor-data/before-upgrade").exists(),
            "copies of keys are gone"
        );
        let again = upgrade(&folder);
        assert!(stdout(&again).contains("nothing to do"), "{name}: {}", stdout(&again));
        serves_ada(folder);
    }
}

#[test]
fn a_migration_that_fails_leaves_everything_as_it_was() {
    for (name, folder) in fixtures() {
        // A table of the name that the next schema brings.
        sqlite(
            &folder,
            "CREATE TABLE mark (surprise TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID",
        );
        let before = databases(&folder);
        let failed = upgrade(&folder);
        assert_eq!(failed.status.code(), Some(1), "{name}: {}", stdout(&failed));
        assert!(databases(&folder) == before, "{name}: not as before");
        sqlite(&folder, "DROP TABLE mark");
        assert!(upgrade(&folder).status.success());
        serves_ada(folder);
    }
}

#[test]
fn an_upgrade_whose_result_does_not_open_is_taken_back() {
    for (name, folder) in fixtures() {
        sqlite(
            &folder,
            "CREATE TABLE telepathy (thought BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID",
        );
        let before = databases(&folder);
        let failed = upgrade(&folder);
        assert_eq!(failed.status.code(), Some(1), "{name}: {}", stdout(&failed));
        let said = stderr(&failed);
        assert!(
            said.contains("as they were before") && said.contains("telepathy"),
            "{name}: {said}"
        );
        assert!(databases(&folder) == before, "{name}: not as before");
        assert!(!folder.path().join("candor-data/before-upgrade").exists());
    }
}

#[test]
fn an_upgrade_that_was_cut_off_begins_anew_from_what_was_before() {
    for (_, folder) in fixtures() {
        let data = folder.path().join("candor-data");
        let copies = data.join("before-upgrade");
        fs::create_dir(&copies).unwrap();
        for file in ["candor.db", "keys.db"] {
            fs::copy(data.join(file), copies.join(file)).unwrap();
        }
        // Half of something else is in place.
        fs::write(data.join("candor.db"), "half a migration").unwrap();
        let done = upgrade(&folder);
        assert!(done.status.success(), "{}", stderr(&done));
        assert!(stdout(&done).contains("was cut off"), "{}", stdout(&done));
        serves_ada(folder);
    }
}

#[test]
fn a_newer_schema_is_refused_and_unchanged() {
    let (_, folder) = fixtures().swap_remove(0);
    assert!(upgrade(&folder).status.success());
    sqlite(&folder, "UPDATE mark SET number = 1000 WHERE name = 'schema'");
    let before = databases(&folder);
    let refused = upgrade(&folder);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("newer"), "{}", stderr(&refused));
    assert!(databases(&folder) == before);
}
