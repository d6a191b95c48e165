//! The real worker in its own process, locked, between our own client and a destination, each in a
//! network namespace.
//!
//! ```text
//!   "device": client ──veth── "server": worker ──veth── "destination": TCP echo
//! ```
//!
//! This program is its own worker, which must have one thread: hence no standard harness. It takes
//! the harness's usual arguments (`--list`, a part of a name). Needs root, for namespaces and TUN.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

#[path = "locked_worker/conversation.rs"]
mod conversation;
#[path = "locked_worker/crowd.rs"]
mod crowd;
#[path = "locked_worker/killed.rs"]
mod killed;
#[path = "locked_worker/light.rs"]
mod light;
#[path = "locked_worker/traffic.rs"]
mod traffic;
#[path = "locked_worker/world.rs"]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// A test: its name is a sentence.
type Test = (&'static str, fn());

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["worker", "vpn"] => vpn::driver::run_worker(),
        words => run(words),
    }
}

fn run(words: &[&str]) -> ExitCode {
    // The harness lists ignored tests apart; there are none.
    if words.contains(&"--ignored") {
        return ExitCode::SUCCESS;
    }
    let wanted = words.iter().find(|word| !word.starts_with('-') && **word != "terse");
    let tests: Vec<Test> = [traffic::TESTS, conversation::TESTS, killed::TESTS, crowd::TESTS]
        .concat()
        .into_iter()
        .filter(|(name, _)| wanted.is_none_or(|part| name.contains(part)))
        .collect();
    if words.contains(&"--list") {
        tests.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    require_root();
    let failed = tests
        .iter()
        .filter(|(name, test)| {
            let passed = catch_unwind(AssertUnwindSafe(test)).is_ok();
            println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
            !passed
        })
        .count();
    println!("\ntest result: {} passed; {failed} failed", tests.len() - failed);
    if failed == 0 {
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
