//! `candor upgrade` from every schema that was released, and back again when anything fails.

mod world;

#[path = "../../store/tests/world/cluster.rs"]
#[allow(dead_code, reason = "the tests of the store use the rest")]
mod cluster;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use cluster::Cluster;
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
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let wanted: Vec<String> = (1..store::SCHEMA_VERSION)
        .map(|schema| format!("schema-{schema}"))
        .collect();
    assert_eq!(names, wanted, "every schema before this one has an instance here");
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

/// Copies of the databases as an upgrade makes them, under a name of one of its states.
fn plant(folder: &TempDir, state: &str, from: &TempDir, files: &[&str]) {
    let copies = folder.path().join("candor-data").join(state);
    fs::create_dir(&copies).expect("the folder can be written");
    for file in files {
        fs::copy(from.path().join("candor-data").join(file), copies.join(file)).expect("the file can be copied");
    }
}

const BOTH: [&str; 2] = ["candor.db", "keys.db"];

#[test]
fn copies_that_are_half_deleted_take_no_live_database_along() {
    for lost in BOTH {
        let (_, folder) = fixtures().swap_remove(0);
        assert!(upgrade(&folder).status.success());
        let before = databases(&folder);
        let rest: Vec<&str> = BOTH.into_iter().filter(|name| *name != lost).collect();
        plant(&folder, "before-upgrade", &fixtures().swap_remove(0).1, &rest);
        let done = upgrade(&folder);
        assert!(done.status.success(), "{}", stderr(&done));
        assert!(databases(&folder) == before, "without a copy of {lost}");
        assert!(!folder.path().join("candor-data/before-upgrade").exists());
        serves_ada(folder);
    }
}

#[test]
fn what_was_served_after_an_upgrade_that_was_cut_off_is_not_rolled_back() {
    let (_, folder) = fixtures().swap_remove(0);
    assert!(upgrade(&folder).status.success());
    let provider = Provider::start_in(folder, world::namespace(), &[]);
    provider.join("bob@example.org", "three small words");
    let (folder, _, _) = provider.stop();
    // As if the upgrade had been killed before it deleted its copies, and the server had not looked.
    plant(&folder, "before-upgrade", &fixtures().swap_remove(0).1, &BOTH);
    let refused = world::refused(folder.path(), &world::namespace(), &[]);
    assert!(
        refused.contains("was cut off") && refused.contains("candor upgrade"),
        "{refused}"
    );
    let done = upgrade(&folder);
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(!folder.path().join("candor-data/before-upgrade").exists());
    let provider = Provider::start_in(folder, world::namespace(), &[]);
    let answer = provider.curl(&[
        "--data-urlencode",
        "email=bob@example.org",
        "--data-urlencode",
        "password=three small words",
        "http://localhost:8080/sign-in",
    ]);
    assert!(answer.contains("__Host-sid="), "bob is lost: {answer}");
}

#[test]
fn copies_that_were_being_put_back_are_put_back() {
    let (_, folder) = fixtures().swap_remove(0);
    plant(&folder, "before-upgrade.back", &fixtures().swap_remove(0).1, &BOTH);
    // One of the two came back already, and the other is half of what did not work.
    fs::write(folder.path().join("candor-data/keys.db"), "half a copy").unwrap();
    let refused = world::refused(folder.path(), &world::namespace(), &[]);
    assert!(refused.contains("candor upgrade"), "{refused}");
    let done = upgrade(&folder);
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(!folder.path().join("candor-data/before-upgrade.back").exists());
    serves_ada(folder);
}

#[test]
fn remains_with_copies_of_keys_are_gone_after_a_start() {
    let (_, folder) = fixtures().swap_remove(0);
    assert!(upgrade(&folder).status.success());
    let remains = ["before-upgrade.over", "before-upgrade.draft", "outgoing", "restoring"];
    for name in remains {
        plant(&folder, name, &fixtures().swap_remove(0).1, &["keys.db"]);
    }
    fs::write(folder.path().join("candor-data/wrapping.draft"), [7; 32]).unwrap();
    let provider = Provider::start_in(folder, world::namespace(), &[]);
    for name in remains.into_iter().chain(["wrapping.draft"]) {
        assert!(!provider.data().join(name).exists(), "{name} is still there");
    }
}

#[test]
fn an_upgrade_that_is_killed_at_any_of_its_steps_loses_nobody() {
    for state in ["before-upgrade.draft", "before-upgrade", "before-upgrade.over"] {
        let (_, folder) = fixtures().swap_remove(0);
        let mut child = Command::new(world::candor())
            .arg("upgrade")
            .current_dir(folder.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("the program starts");
        let there = folder.path().join("candor-data").join(state);
        // A state may be over before it is seen: then the upgrade is done.
        while !there.exists() && child.try_wait().unwrap().is_none() {
            std::hint::spin_loop();
        }
        let _ended = child.kill();
        child.wait().unwrap();
        let done = upgrade(&folder);
        assert!(done.status.success(), "{state}: {}", stderr(&done));
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

/// A stopped instance on a server, in which ada had joined: this version's schema, marked as an older one. There is no
/// older one with another text: the first schema on a server was the second of all.
struct OnAServer {
    folder: TempDir,
    rows: String,
}

impl OnAServer {
    fn older() -> Self {
        let cluster = Cluster::shared();
        let [rows, keys] = [(); 2].map(|()| cluster.new_database());
        let [url, keys_url] = [&rows, &keys].map(|name| cluster.url(name));
        let store = format!("[store]\nurl = \"{url}\"\nkeys_url = \"{keys_url}\"\n{SMALL}");
        let provider = Provider::start(&store);
        provider.join("ada@example.org", "three small words");
        let (folder, ..) = provider.stop();
        let older = Self { folder, rows };
        older.mark(1);
        older
    }

    fn sql(&self, sql: &str) -> String {
        Cluster::shared().sql(&self.rows, sql)
    }

    fn mark(&self, version: i64) {
        self.sql(&format!("UPDATE mark SET number = {version} WHERE name = 'schema'"));
    }

    /// Tables and rows, but for the count of commits.
    fn everything(&self) -> String {
        self.sql(
            "SELECT tablename, query_to_xml('SELECT * FROM ' || tablename || CASE tablename WHEN 'mark' THEN \
             ' WHERE name <> ' || quote_literal('commits') ELSE '' END || ' ORDER BY 1', true, false, '') \
             FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
        )
    }
}

#[test]
fn a_server_is_upgraded_and_serves_its_members() {
    let server = OnAServer::older();
    let refused = world::refused(server.folder.path(), &world::namespace(), &[]);
    assert!(refused.contains("candor upgrade"), "{refused}");
    let done = upgrade(&server.folder);
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(stdout(&done).contains("the databases have schema"), "{}", stdout(&done));
    assert!(stdout(&upgrade(&server.folder)).contains("nothing to do"));
    serves_ada(server.folder);
}

#[test]
fn an_upgrade_of_a_server_whose_result_would_not_open_is_not_begun() {
    let server = OnAServer::older();
    server.sql("CREATE TABLE telepathy (thought bytea NOT NULL, PRIMARY KEY (thought))");
    let before = server.everything();
    let failed = upgrade(&server.folder);
    assert_eq!(failed.status.code(), Some(1), "{}", stdout(&failed));
    let said = stderr(&failed);
    assert!(
        said.contains("as they were before") && said.contains("telepathy"),
        "{said}"
    );
    assert_eq!(server.everything(), before);
    server.sql("DROP TABLE telepathy");
    let done = upgrade(&server.folder);
    assert!(done.status.success(), "{}", stderr(&done));
    serves_ada(server.folder);
}

#[test]
fn a_newer_schema_on_a_server_is_refused_and_unchanged() {
    let server = OnAServer::older();
    server.mark(1000);
    let before = server.everything();
    let refused = upgrade(&server.folder);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("newer"), "{}", stderr(&refused));
    let refused = world::refused(server.folder.path(), &world::namespace(), &[]);
    assert!(refused.contains("newer"), "{refused}");
    assert_eq!(server.everything(), before);
}
