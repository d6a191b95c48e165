//! Replays the committed corpus of `fuzz/`: the targets' own assertions, in plain `cargo test`.

use std::path::Path;

use store::backup::{FileHeader, HEADER_LENGTH, read_header};

#[test]
fn no_header_of_the_corpus_breaks_the_parser_of_backups() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/backup_header");
    let (mut count, mut read) = (0, 0);
    for entry in std::fs::read_dir(folder).expect("the corpus is there") {
        let bytes = std::fs::read(entry.expect("the corpus can be read").path()).expect("the corpus can be read");
        for length in 0..=bytes.len() {
            let part = &bytes[..length];
            let parsed = FileHeader::parse(part);
            assert_eq!(read_header(&mut &*part).is_ok(), parsed.is_ok());
            if let Ok(header) = parsed {
                assert_eq!(header.to_bytes(), part[..HEADER_LENGTH]);
                read += 1;
            }
        }
        count += 1;
    }
    assert!(
        count >= 12 && read >= 3,
        "the corpus of backup_header is missing: {count}, {read}"
    );
}
