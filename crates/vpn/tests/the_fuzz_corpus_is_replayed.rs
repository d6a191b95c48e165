//! Everything that a fuzzer ever found interesting goes through the same code on every test run.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

use std::path::Path;

fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        body(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 30, "the corpus of {target} is missing");
}

#[test]
fn datagrams() {
    replay("datagrams", vpn::proto::fuzzing::datagrams);
}

#[test]
fn translate() {
    replay("translate", vpn::proto::fuzzing::translate);
}

#[test]
fn handover() {
    replay("handover", vpn::handover::fuzz);
}

#[test]
fn uapi() {
    replay("uapi", vpn::uapi::fuzz);
}

#[test]
fn connector() {
    replay("connector", vpn::proto::connector::fuzzing::packets);
}

#[test]
fn kept() {
    replay("kept", vpn::proto::kept::fuzzing::words);
}
