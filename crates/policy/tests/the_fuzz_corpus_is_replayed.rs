//! Replays the committed corpus of `fuzz/`, and cuts each text at every length.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::fs;

use proptest::prelude::*;

fn corpus() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/compile");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn no_text_of_the_corpus_breaks_the_compiler() {
    let corpus = corpus();
    assert!(corpus.len() > 20, "the corpus is there");
    corpus.iter().for_each(|bytes| policy::fuzz_compile(bytes));
}

#[test]
fn no_beginning_of_a_policy_breaks_the_compiler() {
    let source = fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../policies/examples/forum.kdl"
    ))
    .unwrap();
    for end in (0..source.len()).step_by(7) {
        policy::fuzz_compile(&source[..end]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_small_damage_breaks_the_compiler(
        file: prop::sample::Index,
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"{}\"#;=/*\\ \n-1a\xff".to_vec())), 1..6),
    ) {
        let corpus = corpus();
        let mut bytes = file.get(&corpus).clone();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        policy::fuzz_compile(&bytes);
    }
}
