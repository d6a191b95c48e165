//! `./fuzz configuration`: no text makes the reader of `candor.toml` fail. The program has no library, so its modules
//! stand here as they are; plain `cargo test` replays the corpus through the program itself.
#![no_main]
#![allow(dead_code, reason = "the program uses the rest")]

#[path = "../../src/config.rs"]
mod config;
#[path = "../../src/config_error.rs"]
mod config_error;
#[path = "../../src/databases.rs"]
mod databases;

use std::path::Path;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    match config::Config::parse(Path::new("candor.toml"), &text) {
        Ok(config) => {
            assert!(!config.tariffs().is_empty(), "everybody has a tariff");
            assert_eq!(config.local_addresses()[0].port(), config.site.local_port);
        }
        Err(error) => {
            let said = format!("{error:#}");
            assert!(said.contains("candor.toml"), "an error without its file: {said}");
        }
    }
});
