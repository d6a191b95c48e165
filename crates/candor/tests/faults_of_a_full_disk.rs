//! Every command that writes, on a disk that is too small for it, whichever byte is the one too many: it says so and what
//! to do, leaves nothing half-done, and does it when there is space. The same of a database server's disk.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

#[path = "../../store/tests/world/cluster.rs"]
#[allow(dead_code, reason = "the tests of the store use the rest")]
mod cluster;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cluster::Cluster;
use tempfile::TempDir;
use world::{Mount, Provider, contents, stderr, stdout};

const SMALL: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nenabled = false\n";
const PASSWORD: &str = "three small words";
/// A disk is this much larger at each try.
const STEP_KIB: u64 = 16;
/// The files of a backup are small: one page more, and it is the other one that does not fit.
const PAGE_KIB: u64 = 4;
/// More than any of these commands needs here.
const ENOUGH_KIB: u64 = 4096;

fn data(folder: &Path) -> PathBuf {
    folder.join("candor-data")
}

fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(world::candor());
    command.args(arguments).current_dir(folder);
    command.output().expect("the program starts")
}

fn signs_in(provider: &Provider, email: &str) -> bool {
    let (email, password) = (format!("email={email}"), format!("password={PASSWORD}"));
    let url = "http://localhost:8080/sign-in";
    provider
        .curl(&["--data-urlencode", &email, "--data-urlencode", &password, url])
        .contains("__Host-sid=")
}

/// What happened, and what to do.
fn told(output: &Output, what: &str) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{what}: {}{said}", stdout(output));
    let happened = ["disk is full", "No space left on device"];
    let to_do = ["free some space", "is there space", "make space", "there must be room"];
    for words in [&happened[..], &to_do] {
        assert!(
            words.iter().any(|word| said.contains(word)),
            "{what}: none of {words:?} is in: {said}"
        );
    }
}

/// Tries on a disk of ever more space until it works; how often it did not, and each of those is looked at.
fn until_it_fits(
    disk: &Mount,
    from_kib: u64,
    step_kib: u64,
    try_it: impl Fn() -> Output,
    refused: impl Fn(&Output, &str),
) -> usize {
    let sizes = (from_kib..ENOUGH_KIB).step_by(usize::try_from(step_kib).unwrap());
    for (refusals, kib) in sizes.enumerate() {
        disk.again(&format!("remount,size={kib}k"));
        let output = try_it();
        if output.status.success() {
            return refusals;
        }
        told(&output, &format!("{kib} KiB"));
        refused(&output, &format!("{kib} KiB"));
    }
    panic!("it works on no disk");
}

/// What a folder and its disk have in use.
fn used_kib(folder: &Path) -> u64 {
    let blocks = |entry: fs::DirEntry| entry.metadata().map_or(0, |found| found.blocks());
    fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(blocks)
        .sum::<u64>()
        .div_ceil(2)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn databases(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = contents(&data(folder));
    files.retain(|name, bytes| name.contains(".db") && !name.ends_with("-shm") && !bytes.is_empty());
    files
}

/// A stopped instance with twenty members, whose databases are larger than a page or two.
fn settled() -> TempDir {
    let provider = Provider::start(SMALL);
    for number in 0..12 {
        provider.join(&format!("member{number}@example.org"), PASSWORD);
    }
    provider.stop().0
}

#[test]
fn a_backup_that_does_not_fit_leaves_no_half_and_the_instance_goes_on() {
    let folder = settled();
    fs::create_dir(folder.path().join("backups")).unwrap();
    let disk = Mount::disk(&folder.path().join("backups"), "4k");
    let out = folder.path().join("backups");
    let here = folder.path().to_owned();
    let nothing_stays = |_: &Output, what: &str| {
        assert_eq!(names(&here.join("backups")), [""; 0], "{what}: half a backup stays");
        // A running instance clears up when it has heard that nobody waits any more.
        world::until(&format!("{what}: the end of copies of keys"), || {
            !data(&here).join("outgoing").exists()
        });
    };
    let backup = ["backup", "--out", "backups"];
    let refusals = until_it_fits(&disk, 4, PAGE_KIB, || run_in(&here, &backup), nothing_stays);
    assert!(refusals > 0, "4 KiB are too few");
    for name in names(&out) {
        fs::remove_file(out.join(name)).unwrap();
    }

    let provider = Provider::start_in(folder, world::namespace(), &[]);
    let refusals = until_it_fits(&disk, 4, PAGE_KIB, || provider.beside(&backup, ""), nothing_stays);
    assert!(refusals > 0, "4 KiB are too few");
    assert_eq!(names(&out).len(), 2, "both files");
    provider.join("ada@example.org", PASSWORD);
    assert!(signs_in(&provider, "member3@example.org"));
    let (folder, _, said) = provider.stop();
    assert!(!said.contains("failed with code"), "{said}");
    drop((disk, folder));
}

#[test]
fn a_backup_of_an_instance_whose_own_disk_is_full_says_so_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("candor.toml"), SMALL).unwrap();
    fs::create_dir(data(folder.path())).unwrap();
    let disk = Mount::disk(&data(folder.path()), "4m");
    let provider = Provider::start_in(folder, world::namespace(), &[]);
    provider.join("ada@example.org", PASSWORD);
    let filler = provider.data().join("filler");
    assert!(fs::write(&filler, vec![0; 4 << 20]).is_err(), "the small disk is full");
    let refused = provider.beside(&["backup", "--out", "backups"], "");
    told(&refused, "running");
    assert_eq!(names(&provider.folder.path().join("backups")), [""; 0]);
    world::until("no remains", || !provider.data().join("outgoing").exists());
    assert!(
        signs_in(&provider, "ada@example.org") || provider.said().contains("failed"),
        "reading goes on"
    );
    fs::remove_file(&filler).unwrap();
    let made = provider.beside(&["backup", "--out", "backups"], "");
    assert!(made.status.success(), "{}", stderr(&made));
    let (folder, _, _) = provider.stop();

    assert!(fs::write(data(folder.path()).join("filler"), vec![0; 4 << 20]).is_err());
    let refused = run_in(folder.path(), &["backup", "--out", "later"]);
    told(&refused, "stopped");
    assert_eq!(names(&folder.path().join("later")), [""; 0]);
    drop((disk, folder));
}

#[test]
fn a_restore_that_does_not_fit_puts_nothing_in_place_and_works_when_there_is_space() {
    let first = settled();
    let made = run_in(first.path(), &["backup", "--out", "backups"]);
    assert!(made.status.success(), "{}", stderr(&made));
    let name = names(&first.path().join("backups")).swap_remove(0);
    let from = first.path().join("backups").join(name).display().to_string();

    let second = tempfile::tempdir().unwrap();
    fs::write(second.path().join("candor.toml"), SMALL).unwrap();
    fs::create_dir(data(second.path())).unwrap();
    let disk = Mount::disk(&data(second.path()), "16k");
    fs::copy(
        first.path().join("candor-data/wrapping.key"),
        data(second.path()).join("wrapping.key"),
    )
    .unwrap();
    let restore = ["restore", "--from", &from, "--without-erasures"];
    let refusals = until_it_fits(
        &disk,
        16,
        STEP_KIB,
        || run_in(second.path(), &restore),
        |_, what| {
            assert_eq!(names(&data(second.path())), ["lock", "wrapping.key"], "{what}");
        },
    );
    assert!(refusals > 3, "the databases are larger than that: {refusals}");
    disk.again("remount,size=16m");
    let provider = Provider::start_in(second, world::namespace(), &[]);
    assert!(signs_in(&provider, "member0@example.org") && signs_in(&provider, "member11@example.org"));
    let (second, _, _) = provider.stop();
    drop((disk, second));
}

#[test]
fn an_upgrade_that_does_not_fit_leaves_the_databases_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("candor.toml"), SMALL).unwrap();
    fs::create_dir(data(folder.path())).unwrap();
    let disk = Mount::disk(&data(folder.path()), "16m");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schema-1");
    for (name, bytes) in contents(&fixture) {
        fs::write(data(folder.path()).join(name), bytes).unwrap();
    }
    let before = databases(folder.path());
    let from = used_kib(&data(folder.path())) + 8;
    let refusals = until_it_fits(
        &disk,
        from,
        STEP_KIB,
        || run_in(folder.path(), &["upgrade"]),
        |output, what| {
            let lengths = |files: &BTreeMap<String, Vec<u8>>| -> Vec<(String, usize)> {
                files.iter().map(|(name, bytes)| (name.clone(), bytes.len())).collect()
            };
            let after = databases(folder.path());
            assert!(
                after == before,
                "{what}: {:?} were {:?}: {}",
                lengths(&after),
                lengths(&before),
                stderr(output)
            );
            let folders: Vec<String> = names(&data(folder.path()))
                .into_iter()
                .filter(|name| name.contains("upgrade"))
                .collect();
            assert_eq!(folders, [""; 0], "{what}: copies of keys stay");
        },
    );
    assert!(refusals > 3, "the copies need more than that: {refusals}");
    disk.again("remount,size=16m");
    let provider = Provider::start_in(folder, world::namespace(), &[]);
    assert!(signs_in(&provider, "ada@example.org"));
    let (folder, _, _) = provider.stop();
    drop((disk, folder));
}

#[test]
fn a_copy_of_the_store_that_does_not_fit_leaves_no_databases_and_what_is_copied_from_as_it_was() {
    let folder = settled();
    let before = databases(folder.path());
    fs::create_dir(folder.path().join("other")).unwrap();
    let disk = Mount::disk(&folder.path().join("other"), "16k");
    let copy = ["store", "copy", "--to", "other"];
    let refusals = until_it_fits(
        &disk,
        16,
        STEP_KIB,
        || run_in(folder.path(), &copy),
        |_, what| {
            let left: Vec<String> = names(&folder.path().join("other"))
                .into_iter()
                .filter(|name| name.contains(".db"))
                .collect();
            assert_eq!(left, [""; 0], "{what}: half a copy stays");
        },
    );
    assert!(refusals > 3, "the databases are larger than that: {refusals}");
    assert!(databases(folder.path()) == before, "what is copied from stays as it is");
    disk.again("remount,size=16m");
    fs::copy(
        data(folder.path()).join("wrapping.key"),
        folder.path().join("other/wrapping.key"),
    )
    .unwrap();
    let provider = Provider::start_in(folder, world::namespace(), &["--data", "other"]);
    assert!(signs_in(&provider, "member7@example.org"));
    let (folder, _, _) = provider.stop();
    drop((disk, folder));
}

/// A server with a small disk on which databases can be made.
struct SmallServer {
    cluster: Cluster,
    disk: Option<Mount>,
    place: PathBuf,
}

impl SmallServer {
    fn new(mebibytes: u32) -> Self {
        let cluster = Cluster::start();
        let place = cluster.folder().join("small");
        fs::create_dir(&place).unwrap();
        let owner = fs::metadata(cluster.folder()).unwrap();
        let options = format!("size={mebibytes}m,mode=0700,uid={},gid={}", owner.uid(), owner.gid());
        let disk = Mount::over(&place, &["-t", "tmpfs", "-o", &options, "none"]);
        cluster.sql(
            "postgres",
            &format!("CREATE TABLESPACE small LOCATION '{}'", place.display()),
        );
        Self {
            cluster,
            disk: Some(disk),
            place,
        }
    }

    /// A database on the small disk.
    fn database(&self, name: &str) -> String {
        self.cluster
            .sql("postgres", &format!("CREATE DATABASE {name} TABLESPACE small"));
        self.cluster.url(name)
    }

    fn fill(&self) -> PathBuf {
        let filler = self.place.join("filler");
        assert!(fs::write(&filler, vec![0; 64 << 20]).is_err(), "the small disk is full");
        filler
    }
}

impl Drop for SmallServer {
    fn drop(&mut self) {
        // Before the server's folder is removed.
        drop(self.disk.take());
    }
}

#[test]
fn a_full_disk_of_the_database_server_loses_nothing_and_service_goes_on_when_there_is_space() {
    let server = SmallServer::new(48);
    let [rows, keys] = ["rows", "keys"].map(|name| server.database(name));
    let provider = Provider::start(&format!("[store]\nurl = \"{rows}\"\nkeys_url = \"{keys}\"\n{SMALL}"));
    provider.join("ada@example.org", PASSWORD);
    // Enough rows that a change takes a page that was not there.
    let filler = server.fill();
    let mut acknowledged = vec!["ada@example.org".to_owned()];
    let page = provider.curl(&["http://localhost:8080/join"]);
    let accepted = format!("age=42&agree=yes&accepted={}", world::value_of(&page, "accepted"));
    let refusal = (0..400).find_map(|number| {
        let (email, from) = (
            format!("member{number}@example.org"),
            format!("127.0.0.{}", 2 + number / 15),
        );
        let (typed, password) = (format!("email={email}"), format!("password={PASSWORD}"));
        let form = [
            "--data-urlencode",
            &typed,
            "--data-urlencode",
            &password,
            "--data",
            &accepted,
        ];
        let answer = provider.curl(&[&["--interface", &from][..], &form, &["http://localhost:8080/join"]].concat());
        if answer.contains("__Host-sid=") {
            acknowledged.push(email);
            return None;
        }
        Some((email, answer))
    });
    let (refused, answer) = refusal.expect("a full disk refuses");
    assert!(
        answer.contains("disk is full") && answer.contains("Nothing that was acknowledged is lost"),
        "after {}: {answer}",
        acknowledged.len()
    );
    assert!(signs_in_without_a_row(&provider), "pages are served");

    fs::remove_file(filler).unwrap();
    world::until("service after there is space", || {
        signs_in(&provider, "ada@example.org")
    });
    provider.join(&refused, PASSWORD);
    let (folder, namespace, _) = provider.stop();
    let provider = Provider::start_in(folder, namespace, &[]);
    for email in acknowledged.iter().rev().take(8).chain([&acknowledged[0], &refused]) {
        assert!(signs_in(&provider, email), "{email} was acknowledged");
    }
    let held = server.cluster.sql(
        "rows",
        "SELECT (SELECT count(*) FROM member) = (SELECT count(*) FROM subject)",
    );
    assert_eq!(held.trim(), "t", "nobody is half here");
}

fn signs_in_without_a_row(provider: &Provider) -> bool {
    provider
        .curl(&["http://localhost:8080/health"])
        .starts_with("HTTP/1.1 200")
}

#[test]
fn a_copy_to_a_server_whose_disk_is_full_is_told_and_leaves_nothing_there() {
    let folder = settled();
    let server = SmallServer::new(48);
    let [rows, keys] = ["rows", "keys"].map(|name| server.database(name));
    // The server writes a file of its own at the first connection to a database, and refuses it when that does not fit.
    for name in ["rows", "keys"] {
        server.cluster.sql(name, "SELECT 1");
    }
    let filler = server.fill();
    let copy = ["store", "copy", "--to", &rows, "--keys-to", &keys];
    let refused = run_in(folder.path(), &copy);
    told(&refused, "a full server");
    for database in ["rows", "keys"] {
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'mark'";
        assert_eq!(
            server.cluster.sql(database, tables).trim(),
            "0",
            "{database}: half a copy stays"
        );
    }
    fs::remove_file(filler).unwrap();
    let copied = run_in(folder.path(), &copy);
    assert!(copied.status.success(), "{}", stderr(&copied));
}
