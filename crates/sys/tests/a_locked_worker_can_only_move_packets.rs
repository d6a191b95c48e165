//! A locked worker carries packets between a tunnel and a UDP socket, and the kernel refuses it
//! everything else. Every attempt is also made by a worker that is *not* locked, where it succeeds:
//! a refusal that had another reason would be noticed.
//!
//! This program is its own worker, which must have one thread: hence no standard harness. It takes
//! the harness's usual arguments (`--list`, a part of a name). Needs root, for namespaces and TUN.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

#[path = "locked_worker/attempts.rs"]
mod attempts;
#[path = "locked_worker/carrier.rs"]
mod carrier;
#[path = "locked_worker/connecting.rs"]
mod connecting;
#[path = "locked_worker/lasting.rs"]
mod lasting;
#[path = "locked_worker/report.rs"]
mod report;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// A test: its name is a sentence.
type Test = (String, Box<dyn Fn()>);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["worker", "attempt", lock, name] => attempts::worker(lock, name),
        ["worker", "connecting", lock, name, port] => connecting::worker(lock, name, port),
        ["worker", "carrier", user] => carrier::worker(user),
        ["worker", "isolated"] => carrier::isolated(),
        ["worker", "powerless"] => carrier::powerless(),
        ["worker", "lasting"] => lasting::worker(),
        ["worker", "two-threads"] => lasting::worker_with_two_threads(),
        ["worker", "curious"] => lasting::worker_with_a_curious_thread(),
        ["worker", "panic"] => lasting::panicking_worker(),
        ["worker", "asleep", user] => lasting::sleeping_worker(user),
        ["worker", "parent", user] => lasting::parent_of_a_worker(user),
        ["worker", "stepped-down"] => report::stepped_down(),
        ["worker", "inspect"] => report::worker(),
        _ => run(&arguments),
    }
}

fn run(arguments: &[String]) -> ExitCode {
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let tests: Vec<Test> = [
        attempts::tests(),
        carrier::tests(),
        connecting::tests(),
        lasting::tests(),
        report::tests(),
    ]
    .into_iter()
    .flatten()
    .filter(|(name, _)| wanted.is_none_or(|part| name.contains(part)))
    .collect();
    if arguments.iter().any(|argument| argument == "--list") {
        tests.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    require_root();
    let failed: Vec<&str> = tests
        .iter()
        .filter(|(name, test)| {
            let passed = catch_unwind(AssertUnwindSafe(test)).is_ok();
            println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
            !passed
        })
        .map(|(name, _)| name.as_str())
        .collect();
    println!(
        "\ntest result: {} passed; {} failed",
        tests.len() - failed.len(),
        failed.len()
    );
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A test that skips itself proves nothing, so the lack of rights is a failure with its remedy.
fn require_root() {
    let machine = sys::Machine::look().unwrap();
    let mut missing = machine.missing_for_tunnel();
    if !machine.capabilities.sys_admin() {
        missing.push(sys::Missing::SysAdmin);
    }
    assert!(
        missing.is_empty(),
        "these tests make namespaces and tunnels:\n{}",
        missing.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    );
}
