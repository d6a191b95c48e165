//! `candor doctor` on real installations: what is well, what is not, and the line that mends it.

mod world;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use world::{Provider, stderr, stdout};

const SMALL: &str = "policy = \"policy.kdl\"\n[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\n";

/// A running instance with a policy file of its own.
fn instance() -> Provider {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("candor.toml"), SMALL).expect("the folder can be written");
    let policy = world::repository().join("policies/default.kdl");
    fs::copy(policy, folder.path().join("policy.kdl")).expect("the folder can be written");
    Provider::start_in(folder, world::namespace(), &[])
}

/// The rows of a topic: (state, found, remedy).
fn rows(output: &Output, topic: &str) -> Vec<(String, String, String)> {
    // `"topic": …` and its neighbours, as serde_json writes them sorted: found, remedy, state, topic.
    let text = stdout(output);
    let value = |line: &str| {
        line.split_once(": ")
            .map(|(_, value)| value.trim_matches([',', '"', ' ']).to_owned())
    };
    let lines: Vec<&str> = text.lines().collect();
    lines
        .windows(4)
        .filter(|four| four[3].trim() == format!("\"topic\": \"{topic}\""))
        .filter_map(|four| Some((value(four[2])?, value(four[0])?, value(four[1])?)))
        .collect()
}

fn only(output: &Output, topic: &str) -> (String, String, String) {
    let found = rows(output, topic);
    assert_eq!(found.len(), 1, "{topic}: {}\n{}", stdout(output), stderr(output));
    found.into_iter().next().expect("there is one")
}

#[test]
fn a_sound_installation_has_nothing_bad_and_the_exit_code_0() {
    let provider = instance();
    let output = provider.beside(&["doctor"], "");
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}\n{}", stderr(&output));
    assert!(text.contains("nothing is wrong"), "{text}");
    let json = provider.beside(&["doctor", "--json"], "");
    assert!(stdout(&json).contains("\"well\": true"), "{}", stdout(&json));
    for topic in [
        "instance",
        "policy",
        "confinement",
        "tunnel",
        "forwarding",
        "disk",
        "file modes",
        "core dumps",
        "swap",
    ] {
        let (state, found, _) = only(&json, topic);
        assert!(state == "good" || topic == "swap", "{topic}: {state}: {found}");
    }
    assert_eq!(rows(&json, "port").len(), 3);
    assert!(
        rows(&json, "port")
            .iter()
            .all(|(state, found, _)| state == "good" && found.contains("candor's"))
    );
    // What could be better comes with the line that betters it.
    let (state, found, remedy) = only(&json, "wrapping key");
    assert!(
        state == "look" && found.contains("beside the data") && remedy.contains("LoadCredential"),
        "{found}: {remedy}"
    );
    let (state, _, remedy) = only(&json, "backup");
    assert!(state == "look" && remedy.contains("candor backup"), "{remedy}");
    let (state, found, _) = only(&json, "certificate");
    assert!(state == "look" && found.contains("self-signed"), "{found}");
}

#[test]
fn each_planted_defect_is_found_with_the_line_that_mends_it() {
    let provider = instance();
    let data = provider.data();
    let bad = |topic: &str, words: &str, line: &str| {
        let output = provider.beside(&["doctor", "--json"], "");
        assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
        let found = rows(&output, topic);
        let is_there = found
            .iter()
            .any(|(state, found, remedy)| state == "bad" && found.contains(words) && remedy.contains(line));
        assert!(is_there, "{topic}: {found:?}");
    };

    fs::set_permissions(data.join("keys.db"), fs::Permissions::from_mode(0o644)).unwrap();
    bad("file modes", "keys.db", "chmod -R go=");
    fs::set_permissions(data.join("keys.db"), fs::Permissions::from_mode(0o600)).unwrap();

    let policy = provider.folder.path().join("policy.kdl");
    let source = fs::read_to_string(&policy).unwrap();
    fs::write(
        &policy,
        source
            .replace("max=90d", "max=80d")
            .replace("keep 90d", "keep 80d")
            .replace("30d", "29d"),
    )
    .unwrap();
    bad("policy", "was changed since the start", "systemctl restart");
    fs::write(&policy, "collect nonsense").unwrap();
    bad("policy", "the policy is wrong", "candor policy check policy.kdl");
    fs::write(&policy, &source).unwrap();

    world::machine(
        &provider.namespace,
        "sh",
        &["-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"],
    );
    bad("forwarding", "switched it off", "sysctl -w net.ipv4.ip_forward=1");
    world::machine(
        &provider.namespace,
        "sh",
        &["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"],
    );

    let configuration = provider.folder.path().join("candor.toml");
    fs::write(
        &configuration,
        SMALL.replace("[\"localhost\"]", "[\"no-such-host.invalid\"]"),
    )
    .unwrap();
    bad("name", "leads nowhere", "no-such-host.invalid. 3600 IN A");
    bad("certificate", "is not for the name no-such-host.invalid", "rm ");
    fs::write(&configuration, SMALL.replace("names = ", "local_port = 8081\nnames = ")).unwrap();
    bad("port", "nobody listens on TCP 8081", "systemctl restart candor");
    fs::write(&configuration, SMALL).unwrap();
    assert_eq!(provider.beside(&["doctor"], "").status.code(), Some(0));
}

#[test]
fn where_nothing_runs_free_and_taken_ports_are_told_and_a_wrong_configuration_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("candor.toml");
    fs::write(&file, "data = \"nowhere\"\n[site]\nnames = [\"localhost\"]\n").unwrap();
    let namespace = world::namespace();
    let doctor = || {
        let mut command = std::process::Command::new(world::candor());
        command.args(["doctor", "--json"]).current_dir(folder.path());
        namespace.run(|| command.output()).unwrap().unwrap()
    };
    let output = doctor();
    assert!(
        rows(&output, "port")
            .iter()
            .all(|(_, found, _)| found.ends_with("is free")),
        "{}",
        stdout(&output)
    );
    let (state, found, remedy) = only(&output, "instance");
    assert!(
        state == "look" && found.contains("none runs") && remedy.contains("candor serve"),
        "{found}"
    );
    assert!(!folder.path().join("nowhere").exists(), "the doctor makes nothing");

    let taken = namespace
        .run(|| std::net::TcpListener::bind("127.0.0.1:8080").unwrap())
        .unwrap();
    let output = doctor();
    assert_eq!(output.status.code(), Some(1));
    let us = format!("process {}", std::process::id());
    assert!(
        rows(&output, "port").iter().any(|(state, found, remedy)| {
            state == "bad" && found.contains(&us) && remedy.contains("`local_port` under [site]")
        }),
        "{}",
        stdout(&output)
    );
    drop(taken);

    fs::write(&file, "[site]\nlocal_port = \"a\"\n").unwrap();
    let output = doctor();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("local_port"), "{}", stderr(&output));
}

#[test]
fn a_certificate_that_ends_soon_or_has_ended_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("candor.toml"),
        "[site]\nnames = [\"vpn.example.org\"]\ncertificate = \"site.crt\"\nkey = \"site.key\"\n",
    )
    .unwrap();
    let doctor = |made_before: &str, days: &str, name: &str| {
        let made = std::process::Command::new("faketime")
            .args(["-f", made_before, "openssl"])
            .args([
                "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x", "-days", days, "-out", "site.crt",
            ])
            .args(["-keyout", "site.key", "-addext", &format!("subjectAltName=DNS:{name}")])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", stderr(&made));
        let mut command = std::process::Command::new(world::candor());
        command.args(["doctor", "--json"]).current_dir(folder.path());
        only(&command.output().unwrap(), "certificate")
    };
    let (state, found, _) = doctor("-0d", "90", "vpn.example.org");
    assert!(
        state == "good" && (found.contains("ends in 89 days") || found.contains("ends in 90 days")),
        "{state}: {found}"
    );
    let (state, found, remedy) = doctor("-0d", "10", "vpn.example.org");
    assert!(
        state == "look"
            && (found.contains("ends in 9 days") || found.contains("ends in 10 days"))
            && remedy.contains("certbot renew"),
        "{found}"
    );
    let (state, found, _) = doctor("-20d", "15", "vpn.example.org");
    assert!(
        state == "bad" && found.contains("ended") && found.contains("days ago"),
        "{state}: {found}"
    );
    let (state, found, _) = doctor("-0d", "90", "other.example.org");
    assert!(
        state == "bad" && found.contains("is not for the name vpn.example.org"),
        "{state}: {found}"
    );
}
