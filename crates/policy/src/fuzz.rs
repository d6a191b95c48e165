//! The body of the fuzz target, shared with the test that replays its corpus.

use std::collections::BTreeSet;

use crate::compile::UNREADABLE;
use crate::{Language, compile, difference, difference_text, page_digest, render, show_text};

/// What every input that compiles is compared with.
const SMALL: &str = r#"policy small schema=1 version="1" {
  controller "Harbour Lane" contact="privacy@harbourlane.example"
  surfaces tunnel account
  audience everyone
  rights
  changes effective=on-posting
  promise no-log surface=tunnel { never dst.ip dns.query }
  process tunnel surface=tunnel ttl="180s" { fields client.ip dst.ip; for service }
  collect email surface=account { for account; for feedback choice=opt-in; keep until=account.closed }
  recipient resolver class=resolver { gets dns.query; for service }
}"#;

/// Compiles any bytes; what compiles is rendered, and what does not is explained. Panics on a broken invariant.
#[doc(hidden)]
pub fn fuzz_compile(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let everything: BTreeSet<plan::FieldId> = plan::FieldId::ALL.iter().copied().collect();
    match compile(&text, "fuzz.kdl") {
        Ok(compiled) => {
            let again = compile(&text, "again.kdl").expect("what compiles once compiles again");
            assert_eq!(again.plan().digest(), compiled.plan().digest());
            let nothing = difference(&compiled, &again);
            assert!(nothing.changes().is_empty(), "a policy differs from itself");
            let small = compile(SMALL, "small.kdl").expect("the small policy compiles");
            let changes = difference(&small, &compiled);
            let differs = small.plan().digest() != compiled.plan().digest();
            assert_eq!(differs, !changes.changes().is_empty(), "a change that is not told");
            for language in Language::ALL {
                assert!(!difference_text(&changes, language).is_empty());
                let files = render(&compiled, &everything, "0.0.0", language);
                assert!(files.iter().all(|(_, bytes)| !bytes.is_empty()), "an empty page");
                assert!(!show_text(&compiled, &everything, "0.0.0", language).is_empty());
                let twice = render(&again, &everything, "0.0.0", language);
                assert_eq!(page_digest(&files, "0.0.0"), page_digest(&twice, "0.0.0"));
            }
        }
        Err(errors) => {
            assert!(errors.problems().count() > 0, "refused without a reason");
            let fell = errors.problems().any(|problem| problem.what == UNREADABLE);
            assert!(!fell, "the parser fell over");
            assert!(!errors.to_string().is_empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::shape::{PARTS, POLICY, STATEMENTS};
    use crate::word::{Capability, CookieName, Ground, Moment, Word};

    fn written<W: Word>(words: &mut BTreeSet<&'static str>) {
        words.extend(W::list().into_iter().map(Word::written));
    }

    /// The words of the language, one a line, as libFuzzer reads a dictionary.
    fn dictionary() -> String {
        let mut words = BTreeSet::from([
            "#true",
            "#false",
            "schema=1",
            "keep \\\"14d\\\"",
            "tax-law",
            "everyone",
            "/-",
        ]);
        for shape in STATEMENTS.iter().chain(PARTS).chain([&POLICY]) {
            words.insert(shape.name);
            words.extend(shape.properties);
        }
        written::<plan::FieldId>(&mut words);
        written::<plan::PurposeId>(&mut words);
        written::<plan::Surface>(&mut words);
        written::<plan::Basis>(&mut words);
        written::<plan::Choice>(&mut words);
        written::<plan::Until>(&mut words);
        written::<plan::Grain>(&mut words);
        written::<plan::Effective>(&mut words);
        written::<plan::RecipientClass>(&mut words);
        written::<plan::Never>(&mut words);
        written::<plan::CookieLife>(&mut words);
        written::<Ground>(&mut words);
        written::<Capability>(&mut words);
        written::<Moment>(&mut words);
        written::<CookieName>(&mut words);
        words.iter().map(|word| format!("\"{word}\"\n")).collect()
    }

    #[test]
    fn the_fuzzers_dictionary_has_every_word_of_the_language() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/dictionaries/compile.dict");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, dictionary()).expect("the dictionary can be written");
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(found == dictionary(), "{path} is out of date: run with UPDATE_DOCS=1");
    }
}
