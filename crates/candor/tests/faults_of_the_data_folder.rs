//! What is wrong with the data folder is said, and nothing in it is lost or changed by the attempt.

mod world;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sys::NetNamespace;
use tempfile::TempDir;
use world::{Mount, Provider, contents, refused, stderr};

const SMALL: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nenabled = false\n";
const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "three small words";

/// A folder in which one member has joined, and which no instance uses.
fn settled() -> (TempDir, NetNamespace) {
    let provider = Provider::start(SMALL);
    provider.join(EMAIL, PASSWORD);
    let (folder, namespace, _) = provider.stop();
    (folder, namespace)
}

fn data(folder: &TempDir) -> PathBuf {
    folder.path().join("candor-data")
}

/// The databases and keys: what a refused start must leave as it was.
fn kept(folder: &TempDir) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = contents(&data(folder));
    // An empty log is none: nothing in it could reach a file that is put back.
    files.retain(|name, bytes| name != "lock" && !name.ends_with("-shm") && !bytes.is_empty());
    files
}

fn unchanged(folder: &TempDir, before: &std::collections::BTreeMap<String, Vec<u8>>) {
    let after = kept(folder);
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    let changed: Vec<&String> = after
        .keys()
        .filter(|name| after.get(*name) != before.get(*name))
        .collect();
    assert!(changed.is_empty(), "a refused start changed {changed:?}");
}

fn signs_in(provider: &Provider, email: &str) -> bool {
    let (email, password) = (format!("email={email}"), format!("password={PASSWORD}"));
    let answer = provider.curl(&[
        "--data-urlencode",
        &email,
        "--data-urlencode",
        &password,
        "http://localhost:8080/sign-in",
    ]);
    answer.contains("__Host-sid=")
}

/// Starts on the folder must be refused with these words and change nothing; `mend` makes it whole again.
fn refused_and_unharmed(folder: TempDir, namespace: NetNamespace, words: &[&str], mend: impl FnOnce(&Path)) {
    let before = kept(&folder);
    for _ in 0..2 {
        let said = refused(folder.path(), &namespace, &[]);
        for word in words {
            assert!(said.contains(word), "{word:?} is not in:\n{said}");
        }
        assert_eq!(
            kept(&folder).keys().collect::<Vec<_>>(),
            before.keys().collect::<Vec<_>>()
        );
        assert_eq!(kept(&folder), before, "a refused start changed a file");
    }
    mend(&data(&folder));
    let provider = Provider::start_in(folder, namespace, &[]);
    assert!(signs_in(&provider, EMAIL), "the member is there again");
}

#[test]
fn a_second_instance_is_told_which_process_has_the_folder() {
    let provider = Provider::start(SMALL);
    let said = stderr(&provider.beside(&["serve"], ""));
    assert!(
        said.contains(&format!("another candor (process {})", provider.process())),
        "{said}"
    );
    assert!(said.contains("stop it first") && said.contains("--data"), "{said}");
}

#[test]
fn a_missing_key_database_is_not_made_anew() {
    let (folder, namespace) = settled();
    let keys = fs::read(data(&folder).join("keys.db")).unwrap();
    fs::remove_file(data(&folder).join("keys.db")).unwrap();
    refused_and_unharmed(
        folder,
        namespace,
        &["keys.db is missing", "backup", "Nothing was changed"],
        |data| {
            fs::write(data.join("keys.db"), keys).unwrap();
        },
    );
}

#[test]
fn a_missing_database_beside_its_keys_is_not_made_anew() {
    let (folder, namespace) = settled();
    let rows = fs::read(data(&folder).join("candor.db")).unwrap();
    fs::remove_file(data(&folder).join("candor.db")).unwrap();
    refused_and_unharmed(
        folder,
        namespace,
        &["candor.db is missing", "keys.db is there"],
        |data| {
            fs::write(data.join("candor.db"), rows).unwrap();
        },
    );
}

#[test]
fn a_truncated_key_database_is_refused_at_every_length() {
    let (folder, namespace) = settled();
    let path = data(&folder).join("keys.db");
    let keys = fs::read(&path).unwrap();
    for length in [0, 1, 99, 512, 4096, keys.len() - 4096, keys.len() - 1] {
        fs::write(&path, &keys[..length]).unwrap();
        let before = kept(&folder);
        let said = refused(folder.path(), &namespace, &[]);
        assert!(
            said.contains("keys.db") && said.to_lowercase().contains("put"),
            "{length} bytes: {said}"
        );
        unchanged(&folder, &before);
    }
    fs::write(&path, keys).unwrap();
    assert!(signs_in(&Provider::start_in(folder, namespace, &[]), EMAIL));
}

#[test]
fn a_database_that_a_crash_left_open_is_refused_when_it_is_cut_short_and_loses_nothing() {
    for name in ["keys.db", "candor.db"] {
        let (folder, namespace) = settled();
        let provider = Provider::start_in(folder, namespace, &[]);
        provider.join("bo@example.org", PASSWORD);
        let (folder, namespace, _) = provider.kill();
        let path = data(&folder).join(name);
        let whole = fs::read(&path).unwrap();
        let log = fs::metadata(path.with_extension("db-wal")).unwrap().len();
        assert!(log > 0, "the crash left a log");
        for length in [0, 1, 511, 512, 4096, whole.len() - 4096, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            let before = kept(&folder);
            let said = refused(folder.path(), &namespace, &[]);
            assert!(
                said.contains(name) && said.contains("cut short") && said.contains("Nothing was changed"),
                "{name}, {length} bytes: {said}"
            );
            unchanged(&folder, &before);
        }
        fs::write(&path, whole).unwrap();
        let provider = Provider::start_in(folder, namespace, &[]);
        for email in [EMAIL, "bo@example.org"] {
            assert!(signs_in(&provider, email), "{name}: {email} was acknowledged");
        }
    }
}

#[test]
fn a_first_start_that_is_killed_between_the_two_databases_begins_anew() {
    let namespace = world::namespace();
    // The moment is short: whoever misses it tries again.
    let left = (0..50).find_map(|_| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("candor.toml"), SMALL).unwrap();
        let mut child = world::spawn(folder.path(), &namespace);
        // Without a pause: the two files are made a few milliseconds after one another.
        while child.try_wait().unwrap().is_none() && !data(&folder).join("keys.db").exists() {}
        child.kill().unwrap();
        child.wait().unwrap();
        (!data(&folder).join("candor.db").exists()).then_some(folder)
    });
    let folder = left.expect("one kill in fifty meets the moment");
    let provider = Provider::start_in(folder, namespace, &[]);
    provider.join(EMAIL, PASSWORD);
    let (folder, namespace, _) = provider.stop();
    assert!(!data(&folder).join("beginning").exists());
    assert!(signs_in(&Provider::start_in(folder, namespace, &[]), EMAIL));
}

#[test]
fn a_first_start_on_a_full_disk_begins_anew_when_there_is_space() {
    for kib in [16, 32, 48, 64, 96, 128] {
        let (folder, namespace) = (tempfile::tempdir().unwrap(), world::namespace());
        fs::write(folder.path().join("candor.toml"), SMALL).unwrap();
        fs::create_dir(data(&folder)).unwrap();
        let mount = Mount::over(&data(&folder), &["-t", "tmpfs", "-o", &format!("size={kib}k"), "none"]);
        let said = refused(folder.path(), &namespace, &[]);
        assert!(
            said.contains("disk is full") || said.contains("No space left on device"),
            "{kib} KiB: {said}"
        );
        mount.again("remount,size=8m");
        let provider = Provider::start_in(folder, namespace, &[]);
        provider.join(EMAIL, PASSWORD);
        let (folder, _, _) = provider.stop();
        drop(mount);
        drop(folder);
    }
}

#[test]
fn the_key_database_of_another_instance_is_refused() {
    let ((folder, namespace), (other, _elsewhere)) = (settled(), settled());
    let keys = fs::read(data(&folder).join("keys.db")).unwrap();
    fs::copy(data(&other).join("keys.db"), data(&folder).join("keys.db")).unwrap();
    // Another instance has another wrapping key; with its own, the files do not belong together.
    let wrapping = fs::read(data(&folder).join("wrapping.key")).unwrap();
    let said = refused(folder.path(), &namespace, &[]);
    assert!(said.contains("the wrapping key does not open keys.db"), "{said}");
    fs::copy(data(&other).join("wrapping.key"), data(&folder).join("wrapping.key")).unwrap();
    refused_and_unharmed(
        folder,
        namespace,
        &["does not belong to this candor.db", "Put back"],
        |data| {
            fs::write(data.join("keys.db"), keys).unwrap();
            fs::write(data.join("wrapping.key"), wrapping).unwrap();
        },
    );
}

#[test]
fn a_wrong_missing_or_short_wrapping_key_is_told_and_the_right_one_opens_again() {
    let (folder, namespace) = settled();
    let path = data(&folder).join("wrapping.key");
    let right = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let said = refused(folder.path(), &namespace, &[]);
    assert!(
        said.contains("wrapping.key is not there") && said.contains("put the key back"),
        "{said}"
    );
    assert!(!path.exists(), "no new key was made");
    for length in [0, 31, 33] {
        fs::write(&path, vec![7; length]).unwrap();
        let said = refused(folder.path(), &namespace, &[]);
        assert!(said.contains("does not have 32 bytes"), "{said}");
    }
    fs::write(&path, [7; 32]).unwrap();
    refused_and_unharmed(folder, namespace, &["the wrapping key does not open keys.db"], |data| {
        fs::write(data.join("wrapping.key"), right).unwrap();
    });
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_named() {
    let (folder, namespace) = settled();
    let rows = fs::read(data(&folder).join("candor.db")).unwrap();
    let status = Command::new("sqlite3")
        .arg(data(&folder).join("candor.db"))
        .arg("CREATE TABLE telepathy (thought BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID")
        .status()
        .unwrap();
    assert!(status.success());
    refused_and_unharmed(folder, namespace, &["newer version"], |data| {
        fs::write(data.join("candor.db"), rows).unwrap();
    });
}

#[test]
fn a_folder_that_cannot_be_written_is_told_with_what_to_do() {
    let (folder, namespace) = settled();
    // A program that root starts goes by the folder's owner, who may not write here any more.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mount = Mount::over(&data(&folder), &["--bind", &data(&folder).display().to_string()]);
    mount.again("remount,ro,bind");
    let said = refused(folder.path(), &namespace, &[]);
    assert!(
        said.contains("cannot be written") && said.contains("make it writable"),
        "{said}"
    );
    drop(mount);
    assert!(signs_in(&Provider::start_in(folder, namespace, &[]), EMAIL));
}

#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged_and_recovers_when_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("candor.toml"), SMALL).unwrap();
    fs::create_dir(data(&folder)).unwrap();
    let mount = Mount::over(&data(&folder), &["-t", "tmpfs", "-o", "size=2m", "none"]);
    let provider = Provider::start_in(folder, world::namespace(), &[]);
    provider.join(EMAIL, PASSWORD);
    let filler = provider.data().join("filler");
    // As much as fits: the write ends with "no space left".
    let wrote = fs::write(&filler, vec![0; 2 << 20]);
    assert!(wrote.is_err(), "the small disk is full");

    let page = provider.curl(&["http://localhost:8080/join"]);
    assert!(page.starts_with("HTTP/1.1 200"), "pages are served: {page}");
    let accepted = world::value_of(&page, "accepted");
    let (mut acknowledged, mut refusal) = (Vec::new(), None);
    for number in 0..60 {
        let email = format!("member{number}@example.org");
        let answer = provider.curl(&[
            "--data-urlencode",
            &format!("email={email}"),
            "--data-urlencode",
            &format!("password={PASSWORD}"),
            "--data",
            &format!("age=42&agree=yes&accepted={accepted}"),
            "http://localhost:8080/join",
        ]);
        if answer.contains("__Host-sid=") {
            acknowledged.push(email);
        } else {
            refusal = Some((email, answer));
            break;
        }
    }
    let (refused_email, answer) = refusal.expect("a full disk refuses");
    assert!(
        answer.contains("disk is full") && answer.contains("Nothing that was acknowledged is lost"),
        "{answer}"
    );

    fs::remove_file(&filler).unwrap();
    world::until("service after there is space", || signs_in(&provider, EMAIL));
    for email in &acknowledged {
        assert!(signs_in(&provider, email), "{email} was acknowledged");
    }
    assert!(!signs_in(&provider, &refused_email), "nothing half-done");
    provider.join(&refused_email, PASSWORD);

    // And killed on a full disk.
    let _full = fs::write(&filler, vec![0; 2 << 20]);
    let (folder, namespace, _) = provider.kill();
    fs::remove_file(data(&folder).join("filler")).unwrap();
    let provider = Provider::start_in(folder, namespace, &[]);
    for email in acknowledged.iter().map(String::as_str).chain([EMAIL, &refused_email]) {
        assert!(signs_in(&provider, email), "{email} was acknowledged");
    }
    let (folder, _, _) = provider.stop();
    drop(mount);
    drop(folder);
}

#[test]
fn a_file_in_the_place_of_the_data_folder_is_told_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("candor.toml"), SMALL).unwrap();
    let file = folder.path().join("data.txt");
    fs::write(&file, "mine").unwrap();
    let data = file.display().to_string();
    for arguments in [
        &["serve"][..],
        &["serve", "--check"],
        &["doctor"],
        &["prove"],
        &["upgrade"],
        &["backup", "--out", "backups"],
        &["restore", "--from", "backups/some", "--without-erasures"],
        &["store", "copy", "--to", "elsewhere"],
        &["policy", "publish", "policy.kdl"],
    ] {
        fs::copy(
            world::repository().join("policies/default.kdl"),
            folder.path().join("policy.kdl"),
        )
        .unwrap();
        let mut command = Command::new(world::candor());
        command
            .args(arguments)
            .args(["--data", &data])
            .current_dir(folder.path());
        let output = command.output().unwrap();
        let said = stderr(&output);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(
            said.contains(&format!("{data} is a file")) && said.contains("name a folder with --data"),
            "{arguments:?}: {said}"
        );
    }
    let copied = Command::new(world::candor())
        .args(["store", "copy", "--to", &data])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(
        stderr(&copied).contains(&format!("{data} is a file")),
        "{}",
        stderr(&copied)
    );
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
}

#[test]
fn a_damaged_pair_that_the_program_signed_itself_is_told_with_both_files_and_signed_anew() {
    let (mut folder, mut namespace) = settled();
    let (certificate, key) = (data(&folder).join("tls.crt"), data(&folder).join("tls.key"));
    let other = another_key();
    for (file, content) in [
        (&certificate, Vec::new()),
        (&certificate, b"not PEM at all".to_vec()),
        (&certificate, fs::read(&certificate).unwrap()[..200].to_vec()),
        (&key, Vec::new()),
        (&key, fs::read(&key).unwrap()[..60].to_vec()),
        (&key, other),
    ] {
        let whole = fs::read(file).unwrap();
        fs::write(file, &content).unwrap();
        let said = refused(folder.path(), &namespace, &[]);
        assert!(
            said.contains("candor signed this pair itself")
                && said.contains("candor-data/tls.crt and candor-data/tls.key")
                && !said.contains("under [site]"),
            "{} with {} bytes: {said}",
            file.display(),
            content.len()
        );
        fs::write(file, whole).unwrap();
    }
    // The doctor names the damage, and what its line removes is made anew by the next start.
    let doctor = |folder: &TempDir| {
        let mut command = Command::new(world::candor());
        command.arg("doctor").current_dir(folder.path());
        world::stdout(&command.output().unwrap())
    };
    fs::write(&certificate, "not PEM at all").unwrap();
    let text = doctor(&folder);
    assert!(
        text.contains("BAD      candor-data/tls.crt is damaged: no start can use it")
            && text.contains("sudo rm candor-data/tls.crt && sudo systemctl restart candor"),
        "{text}"
    );
    fs::remove_file(&certificate).unwrap();
    let provider = Provider::start_in(folder, namespace, &[]);
    assert!(signs_in(&provider, EMAIL));
    (folder, namespace, _) = provider.stop();
    fs::remove_file(data(&folder).join("tls.crt")).unwrap();
    fs::remove_file(data(&folder).join("tls.key")).unwrap();
    drop(Provider::start_in(folder, namespace, &[]));
}

/// The private key of another pair.
fn another_key() -> Vec<u8> {
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "ed25519"])
        .output();
    made.expect("openssl is installed").stdout
}
