//! The table of clauses is whole, carried by the profile, and written down.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod this_version;

use std::fs;

use policy::clause::ClauseId;
use this_version::{exercised, profile};

#[test]
fn every_clause_of_the_series_is_in_the_catalogue_and_carried() {
    let carried = policy::carried(profile("no-log-vpn").plan().parts());
    let in_catalogue: Vec<ClauseId> = policy::CLAUSES.iter().map(|clause| clause.id).collect();
    let series: Vec<ClauseId> = (1..=75).map(|number| ClauseId { series: 3, number }).collect();
    assert_eq!(in_catalogue, series);
    for clause in series {
        assert!(carried.contains_key(&clause), "{clause} is carried by no statement");
    }
}

#[test]
fn the_document_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/clauses.md");
    let expected = policy::clauses_markdown(&profile("no-log-vpn"), &exercised());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, &expected).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/clauses.md is out of date: run with UPDATE_DOCS=1"
    );
}
