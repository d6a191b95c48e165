//! `cargo +nightly fuzz run kept` in `crates/vpn`; the body is shared with `cargo test`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vpn::proto::kept::fuzzing::words(input));
