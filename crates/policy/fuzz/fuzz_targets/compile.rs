//! `cargo fuzz run compile` in `crates/policy`: no text makes the compiler or the pages fail.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| policy::fuzz_compile(bytes));
