//! Replays the committed corpus of the fuzz target `configuration` through the program: each text is read or refused
//! with its file and what to do, and nothing panics.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::process::Command;

#[test]
fn no_text_of_the_corpus_breaks_the_reader_of_the_configuration() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/configuration");
    let mut files: Vec<_> = std::fs::read_dir(corpus)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 20, "the corpus is there");
    let (mut read, mut refused) = (0, 0);
    for file in files {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("candor.toml");
        std::fs::copy(&file, &config).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_candor"))
            .args(["serve", "--check", "--config", "candor.toml"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => read += 1,
            Some(1) => {
                refused += 1;
                assert!(!said.trim().is_empty(), "{} is refused in silence", file.display());
            }
            other => panic!("{}: {other:?}\n{said}", file.display()),
        }
        assert!(!said.contains("panicked"), "{}\n{said}", file.display());
    }
    assert!(read > 5 && refused > 15, "{read} read, {refused} refused");
}
