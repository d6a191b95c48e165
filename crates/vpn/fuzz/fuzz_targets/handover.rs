//! `cargo +nightly fuzz run handover` in `crates/vpn`; the body is shared with `cargo test`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vpn::handover::fuzz(input));
