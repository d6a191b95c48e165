//! Every clause that this version says it serves has a test that names it: `s3_009_…`, or `s3_005_to_008_…`.

use std::collections::BTreeSet;
use std::path::Path;

use policy::{CLAUSES, Status};

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder)
        .expect("a source folder can be read")
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(std::fs::read_to_string(path).expect("a source file can be read"));
        }
    }
}

/// The clauses of series 3 that a function's name carries.
fn named(name: &str) -> Option<std::ops::RangeInclusive<u16>> {
    let rest = name.strip_prefix("s3_")?;
    let first = rest.get(..3)?.parse().ok()?;
    let last = rest
        .get(3..)
        .and_then(|rest| rest.strip_prefix("_to_"))
        .and_then(|rest| rest.get(..3))
        .and_then(|last| last.parse().ok());
    Some(first..=last.unwrap_or(first))
}

#[test]
fn every_clause_that_is_served_is_named_by_a_test() {
    let mut texts = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut texts);
    let names = texts.iter().flat_map(|text| text.split("fn ").skip(1));
    let tested: BTreeSet<u16> = names.filter_map(named).flatten().collect();
    let served = CLAUSES.iter().filter(|clause| clause.status != Status::Later);
    let untested: Vec<u16> = served
        .map(|clause| clause.id.number)
        .filter(|number| !tested.contains(number))
        .collect();
    assert!(
        untested.is_empty(),
        "no test names these clauses of series 3: {untested:?}"
    );
}

#[test]
fn a_name_carries_one_clause_or_a_range() {
    assert_eq!(named("s3_009_bandwidth()"), Some(9..=9));
    assert_eq!(named("s3_005_to_008_traffic()"), Some(5..=8));
    assert_eq!(named("other()"), None);
}
