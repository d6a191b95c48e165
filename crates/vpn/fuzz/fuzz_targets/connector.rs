//! `cargo +nightly fuzz run connector` in `crates/vpn`; the body is shared with `cargo test`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vpn::proto::connector::fuzzing::packets(input));
