//! Replays the committed corpus of `fuzz/`, and damages each file of it.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::fs;

use proptest::prelude::*;

fn corpus() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/forms");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn no_form_of_the_corpus_breaks_the_pages() {
    let corpus = corpus();
    assert!(corpus.len() > 40, "the corpus is there");
    corpus.iter().for_each(|bytes| portal::fuzz_forms(bytes));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn no_small_damage_breaks_the_pages(
        file: prop::sample::Index,
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"%&=+;<>\"'\\ \n\0/?#-0aZ\xff".to_vec())), 1..8),
        tail in prop::collection::vec(any::<u8>(), 0..16),
    ) {
        let corpus = corpus();
        let mut bytes = file.get(&corpus).clone();
        // The first line says what arrives, and stays.
        let start = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |place| place + 1);
        for (place, byte) in damage {
            if start < bytes.len() {
                let place = start + place.index(bytes.len() - start);
                bytes[place] = byte;
            }
        }
        bytes.extend(tail);
        portal::fuzz_forms(&bytes);
    }
}
