//! `candor backup` and `candor restore` with the real program: what comes back, who does not, and what is refused.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

#[path = "../../store/tests/world/cluster.rs"]
#[allow(dead_code, reason = "the tests of the store use the rest")]
mod cluster;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cluster::Cluster;
use tempfile::TempDir;
use world::{Provider, contents, stderr, stdout};

const SMALL: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nenabled = false\n";
const PASSWORD: &str = "three small words";

/// Where the databases of an instance are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum On {
    Files,
    Server,
}

impl On {
    /// A configuration, on a server with two new databases.
    fn configuration(self) -> String {
        match self {
            Self::Files => SMALL.to_owned(),
            Self::Server => {
                let cluster = Cluster::shared();
                let [rows, keys] = [(); 2].map(|()| cluster.url(&cluster.new_database()));
                format!("[store]\nurl = \"{rows}\"\nkeys_url = \"{keys}\"\n{SMALL}")
            }
        }
    }
}

/// The names of the databases of an instance on a server: rows and keys.
fn server_databases(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("candor.toml")).expect("there is a configuration");
    let names = text.split("postgres:///").skip(1);
    names
        .map(|rest| rest.split('?').next().expect("a URL has an end").to_owned())
        .collect()
}

/// Each of these runs twice: with the databases in files, and on a server.
macro_rules! on_both {
    ($($name:ident)*) => { $(
        mod $name {
            #[test]
            fn in_files() {
                super::$name(super::On::Files);
            }

            #[test]
            fn on_a_server() {
                super::$name(super::On::Server);
            }
        }
    )* };
}

on_both! {
    a_backup_of_a_running_instance_comes_back_on_an_empty_machine_without_who_was_erased_since
    a_stopped_instance_is_backed_up_and_its_backup_is_what_it_was
    nothing_is_overwritten_and_a_wrong_key_or_pair_or_list_is_refused
    a_file_that_was_changed_or_cut_anywhere_is_refused_and_nothing_is_written
    keys_files_older_than_seven_days_are_deleted_by_the_next_backup
}

fn signs_in(provider: &Provider, email: &str) -> Option<String> {
    let (email, password) = (format!("email={email}"), format!("password={PASSWORD}"));
    let form = [
        "--data-urlencode",
        &email,
        "--data-urlencode",
        &password,
        "http://localhost:8080/sign-in",
    ];
    let answer = provider.curl(&form);
    let (_, rest) = answer.split_once("__Host-sid=")?;
    Some(format!("Cookie: __Host-sid={}", rest.split(';').next()?))
}

fn erase(provider: &Provider, email: &str) {
    let cookie = signs_in(provider, email).expect("a member signs in");
    let password = format!("password={PASSWORD}");
    let url = "http://localhost:8080/me/erase";
    let answer = provider.curl(&[
        "--header",
        &cookie,
        "--data-urlencode",
        &password,
        "--data",
        "word=erase",
        url,
    ]);
    assert!(answer.contains("Candor erasure certificate"), "{answer}");
}

/// A folder for an instance that is not there yet: the configuration and the wrapping key of the first one.
fn empty_machine(on: On, first: &Path) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("candor.toml"), on.configuration()).expect("the folder can be written");
    fs::create_dir(folder.path().join("candor-data")).expect("the folder can be written");
    fs::copy(
        first.join("candor-data/wrapping.key"),
        folder.path().join("candor-data/wrapping.key"),
    )
    .expect("the key can be copied");
    folder
}

fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(world::candor())
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there").flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|found| found == ending));
    found.sort();
    found
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// An instance with ada and bob, a backup, and bob erased afterwards; stopped.
fn backed_up(on: On) -> TempDir {
    let provider = Provider::start(&on.configuration());
    provider.join("ada@example.org", PASSWORD);
    provider.join("bob@example.org", PASSWORD);
    let made = provider.beside(&["backup", "--out", "backups"], "");
    assert!(made.status.success(), "{}", stderr(&made));
    assert!(
        stdout(&made).contains("2 people") && stdout(&made).contains("7 days"),
        "{}",
        stdout(&made)
    );
    erase(&provider, "bob@example.org");
    let listed = provider.beside(&["backup", "--erasures", "--out", "backups"], "");
    assert!(listed.status.success(), "{}", stderr(&listed));
    assert!(stdout(&listed).contains("1 erased people"), "{}", stdout(&listed));
    assert!(!provider.data().join("outgoing").exists(), "nothing stays behind");
    // Bob's erasure did not wait for good, and the instance goes on.
    assert!(signs_in(&provider, "ada@example.org").is_some() && signs_in(&provider, "bob@example.org").is_none());
    let (folder, _, said) = provider.stop();
    assert!(!said.contains("failed with code"), "{said}");
    folder
}

fn has_no_databases(folder: &Path) {
    let names: Vec<String> = contents(&folder.join("candor-data")).into_keys().collect();
    assert_eq!(names, ["lock", "wrapping.key"], "nothing was written");
    assert!(!folder.join("candor-data/restoring").exists());
    for database in server_databases(folder) {
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'mark'";
        assert_eq!(
            Cluster::shared().sql(&database, tables).trim(),
            "0",
            "nothing was written to the server"
        );
    }
}

/// Everything in both databases, as text.
fn dump(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for database in server_databases(folder) {
        let rows = "SELECT query_to_xml('SELECT * FROM ' || tablename || ' ORDER BY 1', true, false, '') FROM pg_tables \
                    WHERE schemaname = 'public' AND tablename NOT IN ('mark', 'session', 'api_token') ORDER BY tablename";
        lines.extend(Cluster::shared().sql(&database, rows).lines().map(str::to_owned));
    }
    for file in ["candor.db", "keys.db"].map(|file| folder.join("candor-data").join(file)) {
        if file.exists() {
            let dumped = Command::new("sqlite3").arg(file).arg(".dump").output();
            lines.extend(
                stdout(&dumped.expect("sqlite3 is installed"))
                    .lines()
                    .map(str::to_owned),
            );
        }
    }
    // A restore ends all sessions and all tokens of programs.
    lines.retain(|line| {
        !["session", "api_token"]
            .iter()
            .any(|table| line.starts_with(&format!("INSERT INTO {table} ")))
    });
    // The order in which tables were made is no part of what they hold.
    lines.sort_unstable();
    assert!(lines.len() > 20, "{lines:?}");
    lines
}

fn a_backup_of_a_running_instance_comes_back_on_an_empty_machine_without_who_was_erased_since(on: On) {
    let first = backed_up(on);
    let backups = first.path().join("backups");
    let (data, list) = (text(&files(&backups, "data")[0]), text(&files(&backups, "erasures")[0]));
    for path in files(&backups, "data").iter().chain(&files(&backups, "keys")) {
        let bytes = fs::read(path).unwrap();
        let clear = ["ada@example.org", "bob@example.org", "password"];
        assert!(
            !clear
                .iter()
                .any(|word| bytes.windows(word.len()).any(|part| part == word.as_bytes()))
        );
        let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(path).unwrap());
        assert_eq!(mode & 0o077, 0, "a backup is its owner's alone");
    }

    // Who says nothing about erasures is asked.
    let second = empty_machine(on, first.path());
    let asked = run_in(second.path(), &["restore", "--from", &data]);
    assert_eq!(asked.status.code(), Some(1));
    assert!(stderr(&asked).contains("must not come back") && stderr(&asked).contains("--without-erasures"));

    let restored = run_in(second.path(), &["restore", "--from", &data, "--erasures", &list]);
    assert!(restored.status.success(), "{}", stderr(&restored));
    let words = stdout(&restored);
    assert!(
        words.contains("1 people are back") && words.contains("1 people of the backup were erased since"),
        "{words}"
    );
    assert!(words.contains("not known"), "{words}");
    let provider = Provider::start_in(second, world::namespace(), &[]);
    assert!(signs_in(&provider, "ada@example.org").is_some());
    assert!(
        signs_in(&provider, "bob@example.org").is_none(),
        "an erased member does not come back"
    );
    // The address is free again, as after any erasure, and the mark travels on.
    provider.join("bob@example.org", "another three words");
    let again = provider.beside(&["backup", "--erasures", "--out", "backups"], "");
    assert!(stdout(&again).contains("1 erased people"), "{}", stdout(&again));
    drop(provider);

    // The folder that is replaced knows as well; the name without its ending is enough. A server's databases are none.
    let stem = data.trim_end_matches(".data");
    if on == On::Files {
        let third = empty_machine(on, first.path());
        let old = text(&first.path().join("candor-data"));
        let restored = run_in(third.path(), &["restore", "--from", stem, "--erasures", &old]);
        assert!(
            stdout(&restored).contains("1 people of the backup were erased since"),
            "{}",
            stderr(&restored)
        );
    }

    // Whoever says that nobody knows gets everybody back, and is told.
    let fourth = empty_machine(on, first.path());
    let restored = run_in(fourth.path(), &["restore", "--from", stem, "--without-erasures"]);
    let words = stdout(&restored);
    assert!(
        words.contains("2 people are back") && words.contains("has to be erased again"),
        "{words}"
    );
}

fn a_stopped_instance_is_backed_up_and_its_backup_is_what_it_was(on: On) {
    let first = backed_up(on);
    let made = run_in(first.path(), &["backup", "--out", "later"]);
    assert!(stdout(&made).contains("1 people"), "{}{}", stdout(&made), stderr(&made));
    let from = text(&files(&first.path().join("later"), "keys")[0]);
    let second = empty_machine(on, first.path());
    let restored = run_in(second.path(), &["restore", "--from", &from, "--without-erasures"]);
    assert!(restored.status.success(), "{}", stderr(&restored));
    assert_eq!(dump(first.path()), dump(second.path()));
}

fn nothing_is_overwritten_and_a_wrong_key_or_pair_or_list_is_refused(on: On) {
    let first = backed_up(on);
    let backups = first.path().join("backups");
    let (data, list) = (
        files(&backups, "data")[0].clone(),
        text(&files(&backups, "erasures")[0]),
    );
    let stem = text(&data.with_extension(""));
    let into_full = run_in(first.path(), &["restore", "--from", &stem, "--erasures", &list]);
    assert!(
        ["overwrites nothing", "nothing is overwritten"]
            .iter()
            .any(|words| stderr(&into_full).contains(words)),
        "{}",
        stderr(&into_full)
    );

    let second = empty_machine(on, first.path());
    let refused = |arguments: &[&str], words: &str| {
        let refused = run_in(second.path(), arguments);
        assert_eq!(refused.status.code(), Some(1), "{}", stdout(&refused));
        assert!(
            stderr(&refused).contains(words),
            "{words:?} is not in: {}",
            stderr(&refused)
        );
        has_no_databases(second.path());
    };
    let key = second.path().join("candor-data/wrapping.key");
    let right = fs::read(&key).unwrap();
    fs::write(&key, [7; 32]).unwrap();
    refused(&["restore", "--from", &stem, "--without-erasures"], "another key");
    fs::write(&key, &right).unwrap();

    let made = run_in(first.path(), &["backup", "--out", "later"]);
    assert!(made.status.success(), "{}", stderr(&made));
    let later = files(&first.path().join("later"), "keys")[0].clone();
    fs::copy(&later, backups.join("mixed.keys")).unwrap();
    fs::copy(&data, backups.join("mixed.data")).unwrap();
    let mixed = text(&backups.join("mixed"));
    refused(
        &["restore", "--from", &mixed, "--without-erasures"],
        "not of one backup",
    );
    fs::remove_file(backups.join("mixed.keys")).unwrap();
    refused(
        &["restore", "--from", &mixed, "--without-erasures"],
        "mixed.keys is not there",
    );
    let later = text(&later.with_extension(""));
    refused(&["restore", "--from", &later, "--erasures", &list], "before the backup");
    // A restore that was cut off before its rows were in place begins anew.
    if on == On::Files {
        fs::create_dir(second.path().join("candor-data/restoring")).unwrap();
        fs::write(second.path().join("candor-data/keys.db"), "half").unwrap();
    }
    let restored = run_in(second.path(), &["restore", "--from", &stem, "--erasures", &list]);
    assert!(restored.status.success(), "{}", stderr(&restored));
}

fn a_file_that_was_changed_or_cut_anywhere_is_refused_and_nothing_is_written(on: On) {
    let first = backed_up(on);
    let backups = first.path().join("backups");
    let second = empty_machine(on, first.path());
    let stem = text(&files(&backups, "data")[0].with_extension(""));
    let refused = || {
        let refused = run_in(second.path(), &["restore", "--from", &stem, "--without-erasures"]);
        assert_eq!(refused.status.code(), Some(1), "{}", stdout(&refused));
        has_no_databases(second.path());
        stderr(&refused)
    };
    for path in ["data", "keys"].map(|ending| PathBuf::from(format!("{stem}.{ending}"))) {
        let whole = fs::read(&path).unwrap();
        // Each byte of the header, then some all over the rest; a unit test of the store changes every bit.
        let rest = (64..whole.len()).step_by(whole.len() / 12);
        for byte in (0..64).step_by(3).chain(rest).chain([whole.len() - 1]) {
            let mut changed = whole.clone();
            changed[byte] ^= 1 << (byte % 8);
            fs::write(&path, changed).unwrap();
            let said = refused();
            assert!(
                said.contains(&text(&path)) || said.contains("not of one backup"),
                "byte {byte}: {said}"
            );
        }
        for length in [0, 63, 64, 100, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            refused();
        }
        let mut newer = whole.clone();
        newer[17] = 2;
        fs::write(&path, newer).unwrap();
        assert!(refused().contains("format 2"), "a newer format is told apart");
        fs::write(&path, &whole).unwrap();
    }
    let restored = run_in(second.path(), &["restore", "--from", &stem, "--without-erasures"]);
    assert!(restored.status.success(), "{}", stderr(&restored));
}

fn keys_files_older_than_seven_days_are_deleted_by_the_next_backup(on: On) {
    let first = backed_up(on);
    let at = |days: &str| {
        let mut command = Command::new("faketime");
        command
            .args(["-f", days])
            .arg(world::candor())
            .args(["backup", "--out", "daily"])
            .current_dir(first.path());
        let made = command.output().expect("faketime is installed");
        assert!(made.status.success(), "{}", stderr(&made));
        stdout(&made)
    };
    at("-8d");
    at("-6d");
    let last = at("-0d");
    assert!(last.contains("1 keys files older than 7 days were deleted"), "{last}");
    let daily = first.path().join("daily");
    assert_eq!((files(&daily, "data").len(), files(&daily, "keys").len()), (3, 2));
    let doctor = run_in(first.path(), &["doctor"]);
    assert!(
        stdout(&doctor).contains("the newest is less than an hour old"),
        "{}",
        stdout(&doctor)
    );
}

#[test]
fn a_backup_that_is_broken_off_leaves_no_copies_of_keys_in_the_data_folder() {
    let provider = Provider::start(SMALL);
    provider.join("ada@example.org", PASSWORD);
    // The copy cannot be carried away: a folder lies where the backup would go.
    fs::write(provider.folder.path().join("no-folder"), "").unwrap();
    let failed = provider.beside(&["backup", "--out", "no-folder/backups"], "");
    assert_eq!(failed.status.code(), Some(1), "{}", stdout(&failed));
    assert!(!provider.data().join("outgoing").exists(), "nothing stays behind");
    // Who asks and is killed before the files are carried away.
    let asked = {
        use std::io::{BufRead as _, BufReader, Write as _};
        let socket = provider.data().join("control.sock");
        let mut stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
        stream.write_all(b"backup\n").unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let done = lines.map_while(Result::ok).any(|line| line.starts_with("done"));
        assert!(done && provider.data().join("outgoing/backup.keys").exists());
        stream
    };
    drop(asked);
    world::until("an empty data folder", || !provider.data().join("outgoing").exists());

    let (folder, _, _) = provider.stop();
    let failed = run_in(folder.path(), &["backup", "--out", "no-folder/backups"]);
    assert_eq!(failed.status.code(), Some(1), "{}", stdout(&failed));
    assert!(!folder.path().join("candor-data/outgoing").exists());
}

#[test]
fn a_restore_brings_back_no_session() {
    let provider = Provider::start(SMALL);
    provider.join("ada@example.org", PASSWORD);
    let cookie = format!("Cookie: {}", provider.cookie().unwrap());
    let home = |provider: &Provider| provider.curl(&["--header", &cookie, "http://localhost:8080/home"]);
    assert!(home(&provider).starts_with("HTTP/1.1 200"));
    let made = provider.beside(&["backup", "--out", "backups"], "");
    assert!(made.status.success(), "{}", stderr(&made));
    let (first, _, _) = provider.stop();
    let second = empty_machine(On::Files, first.path());
    let data = text(&files(&first.path().join("backups"), "data")[0]);
    let restored = run_in(second.path(), &["restore", "--from", &data, "--without-erasures"]);
    assert!(restored.status.success(), "{}", stderr(&restored));
    assert!(
        stdout(&restored).contains("everybody is signed out"),
        "{}",
        stdout(&restored)
    );
    let provider = Provider::start_in(second, world::namespace(), &[]);
    let answer = home(&provider);
    assert!(!answer.starts_with("HTTP/1.1 200"), "the session is back: {answer}");
    assert!(signs_in(&provider, "ada@example.org").is_some());
}
