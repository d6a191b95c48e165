//! A program that root starts is another user's before it hears the network. `/proc/PID/status` says so.

mod world;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

use tempfile::TempDir;
use world::{Provider, machine, stderr};

/// A folder that everybody may pass, as `/var/lib` is.
fn open_folder(configuration: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("the machine does its part");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("the machine does its part");
    fs::write(folder.path().join("candor.toml"), configuration).expect("the machine does its part");
    folder
}

const SMALL: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\n";
/// `CAP_NET_ADMIN`, and with `CAP_NET_BIND_SERVICE` (`linux/capability.h`).
const NET_ADMIN: &str = "0000000000001000";
const NET_ADMIN_AND_LOW_PORTS: &str = "0000000000001400";

/// The words of a row of `/proc/PID/status`.
fn row(process: u32, name: &str) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the machine does its part");
    let row = status.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
    row.expect("the machine does its part")
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

/// Every thread of the process is this user, in no group but its own, with these rights and none to regain.
fn is_only(process: u32, user: u32, rights: &str) {
    for task in fs::read_dir(format!("/proc/{process}/task")).expect("the machine does its part") {
        let thread: u32 = task
            .expect("the machine does its part")
            .file_name()
            .to_str()
            .expect("the machine does its part")
            .parse()
            .expect("the machine does its part");
        assert_eq!(row(thread, "Uid"), vec![user.to_string(); 4]);
        assert_eq!(row(thread, "Gid"), vec![user.to_string(); 4]);
        assert_eq!(row(thread, "Groups"), Vec::<String>::new());
        for set in ["CapPrm", "CapEff", "CapBnd", "CapInh"] {
            assert_eq!(row(thread, set), [rights], "{set}");
        }
        assert_eq!(row(thread, "NoNewPrivs"), ["1"]);
    }
}

#[test]
fn the_parent_becomes_an_own_user_with_one_right_and_serves_on_low_ports() {
    let folder = open_folder("[site]\nnames = [\"localhost\"]\ntls = \"[::]:443\"\n[vpn]\nendpoint = \"localhost\"\n");
    let provider = Provider::start_in(folder, world::namespace(), &[]);
    let user: u32 = row(provider.process(), "Uid")[0].parse().unwrap();
    assert!((61_184..=65_519).contains(&user), "a number that nobody has: {user}");
    is_only(provider.process(), user, NET_ADMIN);
    assert!(
        provider
            .said()
            .contains(&format!("user {user}, with CAP_NET_ADMIN alone")),
        "{}",
        provider.said()
    );
    assert!(
        provider.said().contains("running; devices connect to"),
        "{}",
        provider.said()
    );
    let answer = provider.curl(&["--insecure", "https://localhost/"]);
    assert!(answer.starts_with("HTTP/2 200"), "{answer}");
    provider.join("ada@example.org", "three small words");

    let data = provider.data();
    for entry in fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        let found = entry.metadata().unwrap();
        assert_eq!((found.uid(), found.gid()), (user, user), "{:?}", entry.path());
        assert_eq!(found.mode() & 0o077, 0, "{:?} is its owner's alone", entry.path());
    }
    assert_eq!(fs::metadata(&data).unwrap().mode() & 0o7777, 0o700);

    // What root's rights gave is taken away without them.
    let (folder, namespace, _) = provider.stop();
    assert_eq!(machine(&namespace, "/usr/sbin/nft", &["list", "ruleset"]), "");
    assert_eq!(machine(&namespace, "cat", &["/proc/sys/net/ipv4/ip_forward"]), "0\n");

    // The next start is the same user's, and finds everything.
    let provider = Provider::start_in(folder, namespace, &[]);
    is_only(provider.process(), user, NET_ADMIN);
    assert!(
        !provider.said().contains("/set-up/") || provider.said().contains("running"),
        "{}",
        provider.said()
    );
}

#[test]
fn a_data_folder_of_somebodys_makes_the_program_theirs() {
    let folder = open_folder(SMALL);
    let data = folder.path().join("candor-data");
    fs::create_dir(&data).unwrap();
    chown(&data, Some(1234), Some(1234)).unwrap();
    let provider = Provider::start_in(folder, world::namespace(), &[]);
    is_only(provider.process(), 1234, NET_ADMIN);
}

#[test]
fn the_configured_user_gets_the_folder_and_nothing_else_in_it() {
    let folder = open_folder(&format!("user = \"1235\"\n{SMALL}port = 1000\n"));
    let data = folder.path().join("candor-data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("somebody-elses.txt"), "").unwrap();
    // Links that the folder's owner could plant for root to follow: they lead to a file of this test's own.
    let precious = folder.path().join("precious");
    fs::write(&precious, "as it was").unwrap();
    for name in [
        "beginning",
        "beginning.draft",
        "tls.draft",
        "wrapping.draft",
        "running.draft",
        "kernel.draft",
        "running.json",
    ] {
        std::os::unix::fs::symlink(&precious, data.join(name)).unwrap();
    }
    let provider = Provider::start_in(folder, world::namespace(), &[]);
    is_only(provider.process(), 1235, NET_ADMIN_AND_LOW_PORTS);
    assert_eq!(fs::metadata(data.join("somebody-elses.txt")).unwrap().uid(), 0);
    assert_eq!(fs::metadata(&precious).unwrap().uid(), 0);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "as it was");
    assert!(
        provider.said().contains("running; devices connect to"),
        "{}",
        provider.said()
    );
}

#[test]
fn a_user_that_does_not_exist_is_refused_with_the_line_that_makes_it() {
    let folder = open_folder("user = \"nobody-of-this-name\"\n");
    let said = world::refused(folder.path(), &world::namespace(), &[]);
    assert!(
        said.contains("useradd --system") && said.contains("nobody-of-this-name"),
        "{said}"
    );
    assert!(!folder.path().join("candor-data").exists(), "nothing was made");
}

#[test]
fn in_a_folder_that_is_closed_to_others_root_keeps_little_and_says_why() {
    // As /root is.
    let folder = open_folder(SMALL);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let provider = Provider::start_in(folder, world::namespace(), &[]);
    let said = provider.said();
    assert!(
        said.contains("root, without most of its rights") && said.contains("/var/lib/candor"),
        "{said}"
    );
    assert_eq!(row(provider.process(), "Uid"), vec!["0"; 4]);
    // CAP_SETGID, CAP_SETUID, CAP_NET_ADMIN.
    assert_eq!(row(provider.process(), "CapEff"), ["00000000000010c0"]);
    assert_eq!(row(provider.process(), "NoNewPrivs"), ["1"]);
    let second = provider.beside(&["serve"], "");
    assert!(stderr(&second).contains("another candor"));
}

#[test]
fn what_publish_makes_belongs_to_whom_serve_becomes() {
    let folder = open_folder(SMALL);
    let policy = world::repository().join("policies/default.kdl");
    let policy = policy.to_str().expect("a plain path");
    let publish = |folder: &TempDir| {
        let mut command = std::process::Command::new(world::candor());
        command.args(["policy", "publish", policy]).current_dir(folder.path());
        let output = command.output().expect("the program starts");
        assert!(output.status.success(), "{}", stderr(&output));
    };
    publish(&folder);
    let data = folder.path().join("candor-data");
    let user = fs::metadata(&data).unwrap().uid();
    assert!((61_184..=65_519).contains(&user), "a number that nobody has: {user}");
    let mut files = 0;
    for entry in fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        let found = entry.metadata().unwrap();
        assert_eq!((found.uid(), found.gid()), (user, user), "{:?}", entry.path());
        files += 1;
    }
    assert!(files >= 3, "databases, key and lock: {files}");
    let provider = Provider::start_in(folder, world::namespace(), &[]);
    assert_eq!(row(provider.process(), "Uid")[0], user.to_string());
    provider.join("ada@example.org", "three small words");
    let (folder, ..) = provider.stop();
    publish(&folder);
    let found = |name: &str| fs::metadata(data.join(name)).unwrap().uid();
    assert_eq!([found("candor.db"), found("keys.db")], [user; 2]);
}

/// The owner of a data folder may lay a link in it to what only root may write.
#[test]
fn an_upgrade_that_root_starts_follows_no_link_with_roots_rights() {
    const OWNER: u32 = 61_500;
    let folder = open_folder(SMALL);
    let data = folder.path().join("candor-data");
    let copies = data.join("before-upgrade.back");
    let secret = folder.path().join("secret");
    fs::write(&secret, "root's own").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    fs::create_dir_all(&copies).unwrap();
    let files = ["candor.db", "keys.db"].map(|name| copies.join(name));
    files.iter().for_each(|file| fs::write(file, "a copy").unwrap());
    std::os::unix::fs::symlink(&secret, data.join("candor.db")).unwrap();
    for path in files.iter().chain([&data, &copies]) {
        chown(path, Some(OWNER), Some(OWNER)).unwrap();
    }
    let mut command = std::process::Command::new(world::candor());
    let output = command
        .arg("upgrade")
        .current_dir(folder.path())
        .output()
        .expect("the program starts");
    assert!(stderr(&output).contains("cannot be put back"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(secret).unwrap(), "root's own");
}
