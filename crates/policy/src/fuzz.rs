//! The body of the fuzz target, shared with the test that replays its corpus.

use std::collections::BTreeSet;

use crate::compile::UNREADABLE;
use crate::{compile, page_digest, render, show_text};

/// Compiles any bytes; what compiles is rendered, and what does not is explained. Panics on a broken invariant.
#[doc(hidden)]
pub fn fuzz_compile(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let everything: BTreeSet<plan::FieldId> = plan::FieldId::ALL.iter().copied().collect();
    match compile(&text, "fuzz.kdl") {
        Ok(compiled) => {
            let files = render(&compiled, &everything, "0.0.0");
            assert!(files.iter().all(|(_, bytes)| !bytes.is_empty()), "an empty page");
            assert!(!show_text(&compiled, &everything, "0.0.0").is_empty());
            let again = compile(&text, "again.kdl").expect("what compiles once compiles again");
            assert_eq!(again.plan().digest(), compiled.plan().digest());
            assert_eq!(
                page_digest(&files, "0.0.0"),
                page_digest(&render(&again, &everything, "0.0.0"), "0.0.0")
            );
        }
        Err(errors) => {
            assert!(errors.problems().count() > 0, "refused without a reason");
            let fell = errors.problems().any(|problem| problem.what == UNREADABLE);
            assert!(!fell, "the parser fell over");
            assert!(!errors.to_string().is_empty());
        }
    }
}
