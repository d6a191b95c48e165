//! `cargo fuzz run forms` in `crates/portal`: nothing that a stranger sends makes a page fail or gets into its markup.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portal::fuzz_forms(bytes));
