//! Ports, clocks, and a program that is killed. Each test has a network namespace of its own.

mod world;

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::Command;

use sys::NetNamespace;
use world::{Provider, machine, refused, until};

const SMALL: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\n";
const NO_VPN: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nenabled = false\n";
const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "three small words";

fn sign_in(provider: &Provider) -> String {
    let (email, password) = (format!("email={EMAIL}"), format!("password={PASSWORD}"));
    let answer = provider.curl(&[
        "--data-urlencode",
        &email,
        "--data-urlencode",
        &password,
        "http://localhost:8080/sign-in",
    ]);
    assert!(answer.contains("__Host-sid="), "{answer}");
    let (_, rest) = answer.split_once("__Host-sid=").expect("the machine does its part");
    format!(
        "__Host-sid={}",
        rest.split(';').next().expect("the machine does its part")
    )
}

fn home(provider: &Provider, cookie: &str) -> String {
    provider.curl(&["--header", &format!("Cookie: {cookie}"), "http://localhost:8080/home"])
}

#[test]
fn a_command_that_says_nothing_holds_up_neither_a_backup_nor_the_end() {
    let provider = Provider::start(NO_VPN);
    let silent = || UnixStream::connect(provider.data().join("control.sock")).unwrap();
    let first = silent();
    let copies = provider.folder.path().join("copies");
    let made = provider.beside(&["backup", "--out", &copies.display().to_string()], "");
    assert!(made.status.success(), "{}", world::stderr(&made));
    let second = silent();
    provider.stop();
    drop((first, second));
}

#[test]
fn a_taken_port_is_named_with_the_process_that_has_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("candor.toml"), SMALL).unwrap();
    let namespace = world::namespace();
    let us = format!("process {}", std::process::id());
    let (plain, tls) = namespace
        .run(|| {
            (
                TcpListener::bind("127.0.0.1:8080").unwrap(),
                TcpListener::bind("[::]:8443").unwrap(),
            )
        })
        .unwrap();
    let said = refused(folder.path(), &namespace, &[]);
    assert!(
        said.contains("8443") && said.contains(&us) && said.contains("`tls`"),
        "{said}"
    );
    drop(tls);
    let said = refused(folder.path(), &namespace, &[]);
    assert!(
        said.contains("8080") && said.contains(&us) && said.contains("`local_port`"),
        "{said}"
    );
    drop(plain);

    let udp = namespace.run(|| UdpSocket::bind("0.0.0.0:51820").unwrap()).unwrap();
    let provider = Provider::start_in(folder, namespace, &[]);
    let said = provider.said();
    assert!(
        said.contains("not running: UDP port 51820") && said.contains("sudo ss -lunp"),
        "{said}"
    );
    drop(udp);
}

#[test]
fn a_clock_that_was_set_back_is_told_and_members_go_on() {
    let provider = Provider::start(NO_VPN);
    provider.join(EMAIL, PASSWORD);
    let cookie = provider.cookie().unwrap();
    let (folder, namespace, _) = provider.stop();

    // As faketime(1) does, without its process in between.
    let yesterday = [
        "env",
        "LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
        "FAKETIME=-1d",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ];
    let mut provider = Provider::start_through(&yesterday, folder, namespace, &[]);
    provider.wait_for("behind the newest data");
    let seconds: u64 = provider.word_after("the clock is ").parse().unwrap();
    assert!((86_000..=86_400).contains(&seconds), "{}", provider.said());
    assert!(provider.said().contains("timedatectl"), "{}", provider.said());
    assert!(
        home(&provider, &cookie).starts_with("HTTP/1.1 200"),
        "the session goes on"
    );
    let of_yesterday = sign_in(&provider);
    for page in ["/usage", "/me", "/devices", "/home"] {
        let url = format!("http://localhost:8080{page}");
        let answer = provider.curl(&["--header", &format!("Cookie: {of_yesterday}"), &url]);
        assert!(answer.starts_with("HTTP/1.1 200"), "{page}: {answer}");
    }
    let (folder, namespace, said) = provider.stop();
    assert!(!said.contains("failed with code"), "{said}");

    // Right again: nothing is said, and nothing was swept too early.
    let provider = Provider::start_in(folder, namespace, &[]);
    assert!(!provider.said().contains("the clock"), "{}", provider.said());
    assert!(
        home(&provider, &cookie).starts_with("HTTP/1.1 200"),
        "the first session still goes on"
    );
    assert!(
        home(&provider, &of_yesterday).starts_with("HTTP/1.1 200"),
        "and so does the other"
    );
    sign_in(&provider);
}

fn rules(namespace: &NetNamespace) -> String {
    machine(namespace, "/usr/sbin/nft", &["list", "ruleset"])
}

fn setting(namespace: &NetNamespace, key: &str) -> String {
    machine(namespace, "cat", &[&format!("/proc/sys/{key}")])
        .trim_end()
        .to_owned()
}

fn children(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task"))
        .expect("the machine does its part")
        .flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    children
        .flat_map(|list| {
            list.split_whitespace()
                .map(|pid| pid.parse().expect("the machine does its part"))
                .collect::<Vec<u32>>()
        })
        .collect()
}

fn kill(process: u32) {
    let status = Command::new("kill")
        .args(["-KILL", &process.to_string()])
        .status()
        .expect("the machine does its part");
    assert!(status.success());
}

fn is_alive(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // A process that has ended and is not waited for yet is a zombie.
    status
        .rsplit(") ")
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

#[test]
fn a_killed_program_leaves_no_worker_no_interface_no_rule_and_no_setting() {
    let namespace = world::namespace();
    let before = setting(&namespace, "net/ipv4/ip_forward");
    assert_eq!((before.as_str(), rules(&namespace).as_str()), ("0", ""));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("candor.toml"), SMALL).unwrap();
    let provider = Provider::start_in(folder, namespace, &[]);
    assert_eq!(setting(&provider.namespace, "net/ipv4/ip_forward"), "1");
    assert!(rules(&provider.namespace).contains("table inet candor_candor0"));
    let running = children(provider.process());
    assert_eq!(running.len(), 2, "a worker and a guard");

    let (folder, namespace, _) = provider.kill();
    until("the end of worker and guard", || {
        !running.iter().any(|process| is_alive(*process))
    });
    assert_eq!(rules(&namespace), "");
    assert_eq!(setting(&namespace, "net/ipv4/ip_forward"), "0");
    assert!(!machine(&namespace, "ip", &["-brief", "link"]).contains("candor0"));
    assert!(
        folder.path().join("candor-data/kernel.json").exists(),
        "the next start looks as well"
    );

    // It starts again at once, and a farewell takes everything away as ever.
    let provider = Provider::start_in(folder, namespace, &[]);
    assert_eq!(setting(&provider.namespace, "net/ipv4/ip_forward"), "1");
    let (folder, namespace, _) = provider.stop();
    assert_eq!(
        (
            setting(&namespace, "net/ipv4/ip_forward").as_str(),
            rules(&namespace).as_str()
        ),
        ("0", "")
    );
    assert!(!folder.path().join("candor-data/kernel.json").exists());
}

#[test]
fn where_the_guard_was_killed_as_well_the_next_start_puts_things_right() {
    let provider = Provider::start(SMALL);
    let processes = children(provider.process());
    let guard = processes
        .iter()
        .find(|process| {
            fs::read(format!("/proc/{process}/cmdline"))
                .unwrap()
                .split(|byte| *byte == 0)
                .any(|word| word == b"guard")
        })
        .unwrap();
    kill(*guard);
    let (folder, namespace, _) = provider.kill();
    until("the end of the worker", || {
        !processes.iter().any(|process| is_alive(*process))
    });
    assert_eq!(
        setting(&namespace, "net/ipv4/ip_forward"),
        "1",
        "nobody was there to put it back"
    );

    // Even a start that has no VPN clears up.
    fs::write(folder.path().join("candor.toml"), NO_VPN).unwrap();
    let provider = Provider::start_in(folder, namespace, &[]);
    assert_eq!(setting(&provider.namespace, "net/ipv4/ip_forward"), "0");
    assert_eq!(rules(&provider.namespace), "");
}

#[test]
fn a_start_right_after_a_kill_waits_for_the_clearing_up() {
    let mut provider = Provider::start(SMALL);
    for _ in 0..3 {
        let (folder, namespace, _) = provider.kill();
        provider = Provider::start_in(folder, namespace, &[]);
        assert!(
            rules(&provider.namespace).contains("table inet candor_candor0_flows"),
            "its own rules are there"
        );
        assert_eq!(setting(&provider.namespace, "net/ipv4/ip_forward"), "1");
    }
}

#[test]
fn a_setting_that_somebody_else_changed_meanwhile_is_left_alone() {
    let provider = Provider::start(SMALL);
    let processes = children(provider.process());
    machine(
        &provider.namespace,
        "sh",
        &["-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"],
    );
    let (_folder, namespace, _) = provider.kill();
    until("the end of worker and guard", || {
        !processes.iter().any(|process| is_alive(*process))
    });
    assert_eq!(setting(&namespace, "net/ipv4/ip_forward"), "0");
}
