//! The header of a backup's file: no bytes break the parser, and what it reads is what it would write.
#![no_main]

use libfuzzer_sys::fuzz_target;
use store::backup::{FileHeader, HEADER_LENGTH, read_header};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = FileHeader::parse(bytes) {
        assert_eq!(header.to_bytes(), bytes[..HEADER_LENGTH]);
    }
    let mut rest = bytes;
    assert_eq!(read_header(&mut rest).is_ok(), FileHeader::parse(bytes).is_ok());
});
