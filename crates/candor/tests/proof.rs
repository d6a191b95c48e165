//! `candor prove` on a running instance: it holds, and a careless line breaks it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use world::{Provider, namespace, stderr, stdout};

/// The number of the user `nobody`.
const NOBODY: u32 = 65_534;

const SMALL: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\n";

#[test]
fn s3_005_a_running_instance_keeps_nothing_of_the_traffic() {
    let provider = Provider::start(SMALL);
    let proof = provider.beside(&["prove"], "");
    assert_eq!(proof.status.code(), Some(0), "{}\n{}", stdout(&proof), stderr(&proof));
    let text = stdout(&proof);
    assert!(
        text.contains("holds        the worker is locked down, as the kernel reports it"),
        "{text}"
    );
    assert!(
        text.contains("holds        the search finds a leak that was planted on purpose"),
        "{text}"
    );
    assert!(text.contains("All of it holds."), "{text}");
    let json = provider.beside(&["prove", "--json"], "");
    assert!(
        stdout(&json).contains("\"holds\": true"),
        "{}\n{}",
        stdout(&json),
        stderr(&json)
    );
}

#[test]
fn s3_006_a_line_that_writes_a_destination_to_a_file_breaks_the_proof() {
    let provider = Provider::start(SMALL);
    // What a careless operator might add: the kernel's connection table, copied beside the data again and again.
    let mut careless = Command::new("sh");
    careless.args([
        "-c",
        "while :; do cat /proc/net/nf_conntrack >> candor-data/flows.log; sleep 0.05; done",
    ]);
    careless.current_dir(provider.folder.path()).stdin(Stdio::null());
    let mut careless = provider.namespace.run(|| careless.spawn()).unwrap().unwrap();
    let proof = provider.beside(&["prove"], "");
    careless.kill().unwrap();
    careless.wait().unwrap();
    assert_eq!(proof.status.code(), Some(1), "{}", stdout(&proof));
    assert!(
        stdout(&proof).contains("BROKEN       files: nothing of the traffic"),
        "{}",
        stdout(&proof)
    );
    assert!(stdout(&proof).contains("flows.log"), "{}", stdout(&proof));
}

#[test]
fn without_a_running_instance_the_proof_says_how_to_start_one() {
    let provider = Provider::start(SMALL);
    let proof = provider.beside(&["prove", "--data", "elsewhere"], "");
    assert_eq!(proof.status.code(), Some(1));
    assert!(stderr(&proof).contains("candor serve"), "{}", stderr(&proof));
}

#[test]
fn the_guided_tour_walks_to_its_end() {
    let tour = world::run(&["demo"]);
    let text = stdout(&tour);
    assert_eq!(tour.status.code(), Some(0), "{text}\n{}", stderr(&tour));
    assert!(
        text.contains("256 MiB in") && text.contains("all that is kept of it, from the account page"),
        "{text}"
    );
    assert!(
        text.contains("Candor erasure certificate") && text.contains("Done."),
        "{text}"
    );
    assert!(!text.contains("left out"), "{text}");
}

/// Runs a program as nobody, who has no right of root's.
const AS_NOBODY: &str = "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$0\" \"$@\"";

/// A folder of nobody's with a copy of the program, which nobody may start wherever it was built.
fn folder_of_nobody() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("the folder is ours");
    std::fs::copy(world::candor(), folder.path().join("candor")).expect("a copy of the program");
    std::fs::write(folder.path().join("candor.toml"), SMALL).expect("the folder can be written");
    chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("run this test as root: it becomes another user");
    folder
}

/// A provider of nobody's.
fn provider_of_nobody() -> Provider {
    let start = "shift; exec setpriv --reuid=65534 --regid=65534 --clear-groups ./candor serve";
    Provider::start_through(&["sh", "-c", start], folder_of_nobody(), namespace(), &[])
}

/// Runs a shell's words in the provider's namespace and folder, as root.
fn shell(provider: &Provider, words: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command
        .args(["-c", words])
        .args(arguments)
        .current_dir(provider.folder.path());
    provider.namespace.run(|| command.output()).unwrap().unwrap()
}

/// What each line of a proof came to: what it says, and its verdict.
fn verdicts(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter(|line| line.len() > 13 && !line.starts_with(' '));
    let parted = lines.filter_map(|line| Some((line.get(..13)?.trim().to_owned(), line.get(13..)?.to_owned())));
    let known = ["holds", "BROKEN", "as declared", "of its twin", "not checked"];
    let of_checks = parted.filter(|(verdict, _)| known.contains(&verdict.as_str()));
    of_checks.map(|(verdict, says)| (says, verdict)).collect()
}

/// What may hold files, or is a record of the kernel, that root alone may read: in a twin as well.
fn is_for_root_alone(says: &str) -> bool {
    [
        "logs in ",
        "the kernel's log",
        "the kernel's connection table",
        "temporary files",
    ]
    .iter()
    .any(|place| says.starts_with(place))
}

#[test]
fn without_rights_the_proof_has_the_same_lines_by_way_of_a_twin() {
    let provider = provider_of_nobody();
    assert!(provider.said().contains("in user space"), "{}", provider.said());
    let with_root = shell(&provider, "exec ./candor prove", &[]);
    assert_eq!(
        with_root.status.code(),
        Some(0),
        "{}{}",
        stdout(&with_root),
        stderr(&with_root)
    );
    let with_root = verdicts(&stdout(&with_root));
    assert!(with_root.len() > 15, "{with_root:?}");

    let without = shell(&provider, AS_NOBODY, &["./candor", "prove"]);
    let text = stdout(&without);
    assert!(stderr(&without).is_empty() || !text.is_empty(), "{}", stderr(&without));
    let found = verdicts(&text);
    for (says, verdict) in &with_root {
        let ours = found.iter().find(|(other, _)| other == says);
        let (_, ours) = ours.unwrap_or_else(|| panic!("{says} is missing:\n{text}"));
        let is_same = ours == verdict || ours == "of its twin";
        assert!(
            is_same || ours == "not checked" && is_for_root_alone(says),
            "{says}: {ours}\n{text}"
        );
    }
    for (says, verdict) in &found {
        assert!(verdict != "BROKEN", "{says}\n{text}");
    }
    let of = |says: &str| {
        let line = found.iter().find(|(found, _)| found == says);
        line.map(|(_, verdict)| verdict.as_str())
    };
    assert_eq!(
        of("traffic passes through the VPN, over IPv4 and IPv6"),
        Some("of its twin"),
        "{text}"
    );
    assert_eq!(
        of("memory of the parent: nothing of the traffic"),
        Some("of its twin"),
        "{text}"
    );
    assert_eq!(
        of("the running VPN answers a device on this machine, over IPv4 and IPv6"),
        Some("holds"),
        "{text}"
    );
    assert_eq!(
        of("the worker reports counts, and only then is the machine searched"),
        Some("holds"),
        "{text}"
    );
    let json = shell(&provider, AS_NOBODY, &["./candor", "prove", "--json"]);
    assert!(
        stdout(&json).contains("of-its-twin"),
        "{}{}",
        stdout(&json),
        stderr(&json)
    );
}

/// The kernel makes no user namespace for who is in another root folder (`user_namespaces(7)`, EPERM).
const WITHOUT_NAMESPACES: &str = "mkdir -p \"$0/root\" && mount --rbind / \"$0/root\" && \
    exec chroot \"$0/root\" sh -c 'cd \"$0\"; exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"' \"$0\" \"$@\"";

#[test]
fn where_no_twin_can_be_the_proof_says_why_and_which_line_gives_one() {
    let provider = provider_of_nobody();
    let here = provider.folder.path().to_str().unwrap().to_owned();
    let words = format!(
        "exec unshare --mount sh -c '{}' \"$@\"",
        WITHOUT_NAMESPACES.replace('\'', "'\\''")
    );
    let proof = shell(&provider, &words, &["sh", &here, "./candor", "prove"]);
    let text = stdout(&proof);
    assert_eq!(proof.status.code(), Some(1), "{text}{}", stderr(&proof));
    assert!(!text.contains("BROKEN"), "{text}");
    assert!(
        text.contains("not checked  a twin of this instance was proved as well")
            && text.contains("user.max_user_namespaces")
            && text.contains("sudo candor prove"),
        "{text}"
    );
    assert!(
        text.contains("holds        the running VPN answers a device on this machine")
            && text.contains("holds        files: nothing of the traffic"),
        "{text}"
    );
}

#[test]
fn the_guided_tour_needs_neither_rights_nor_a_tunnel_device() {
    let folder = folder_of_nobody();
    let words =
        "mount --bind /dev/null /dev/net/tun && exec setpriv --reuid=65534 --regid=65534 --clear-groups ./candor demo";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", words]).current_dir(folder.path());
    let tour = command.output().unwrap();
    let text = stdout(&tour);
    assert_eq!(tour.status.code(), Some(0), "{text}\n{}", stderr(&tour));
    assert!(text.contains("in user space") && !text.contains("left out"), "{text}");
    assert!(
        text.contains("256 MiB in") && text.contains("all that is kept of it, from the account page"),
        "{text}"
    );
    assert!(
        text.contains("holds        traffic passes through the VPN, over IPv4 and IPv6"),
        "{text}"
    );
}

#[test]
fn where_there_are_no_namespaces_the_guided_tour_asks_the_provider_itself() {
    let folder = folder_of_nobody();
    let here = folder.path().to_str().unwrap().to_owned();
    let words = format!(
        "exec unshare --mount sh -c '{}' \"$@\"",
        WITHOUT_NAMESPACES.replace('\'', "'\\''")
    );
    let mut command = Command::new("sh");
    command
        .args(["-c", &words, "sh", &here, "./candor", "demo"])
        .current_dir(folder.path());
    let tour = namespace().run(|| command.output()).unwrap().unwrap();
    let text = stdout(&tour);
    assert_eq!(tour.status.code(), Some(0), "{text}\n{}", stderr(&tour));
    assert!(
        text.contains("10.66.0.1, the provider's own address, answers through the tunnel"),
        "{text}"
    );
    assert!(text.contains("the download is left out"), "{text}");
    assert!(text.contains("Done."), "{text}");
}
