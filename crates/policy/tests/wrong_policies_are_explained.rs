//! Every file of `wrong/` is refused, and every mistake in it is told with its place, its cause and a remedy.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::fs;
use std::path::PathBuf;

fn wrong_policies() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wrong");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut policies: Vec<(String, String)> = files
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    policies.sort();
    policies
}

#[test]
fn every_mistake_is_told_at_once() {
    for (name, source) in wrong_policies() {
        let errors = policy::compile(&source, &format!("{name}.kdl")).expect_err(&name);
        insta::assert_snapshot!(name.as_str(), errors.to_string());
    }
}

#[test]
fn every_mistake_has_a_cause_and_a_remedy() {
    for (name, source) in wrong_policies() {
        let errors = policy::compile(&source, &name).expect_err(&name);
        assert!(errors.problems().count() > 0, "{name}");
        for problem in errors.problems() {
            assert!(
                !problem.what.is_empty() && !problem.why.is_empty() && !problem.instead.is_empty(),
                "{name}"
            );
        }
    }
}

#[test]
fn miette_can_print_each_mistake() {
    for (name, source) in wrong_policies() {
        let errors = policy::compile(&source, &name).expect_err(&name);
        assert_eq!(errors.diagnostics().count(), errors.problems().count(), "{name}");
        for diagnostic in errors.diagnostics() {
            let mut printed = String::new();
            let printer = miette::NarratableReportHandler::new();
            printer.render_report(&mut printed, diagnostic).unwrap();
            assert!(printed.contains("write instead"), "{name}");
        }
    }
}

#[test]
fn a_file_at_the_limit_compiles_and_one_byte_more_is_refused() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/default.kdl");
    let mut source = fs::read_to_string(path).unwrap();
    let filler = policy::MAX_SOURCE_BYTES - source.len();
    source.push_str(&format!("//{}", "x".repeat(filler - 2)));
    assert!(policy::compile(&source, "long.kdl").is_ok());
    source.push('x');
    assert!(policy::compile(&source, "long.kdl").is_err());
}

#[test]
fn deep_nesting_is_refused_without_overflowing_the_stack() {
    let braces = "a {\n".repeat(512);
    assert!(policy::compile(&braces, "deep.kdl").is_err());
    assert!(policy::compile(&"a {\n".repeat(513), "deep.kdl").is_err());
    assert!(policy::compile(&"/*".repeat(64), "deep.kdl").is_err());
    assert!(policy::compile(&"/-a {\n".repeat(512), "deep.kdl").is_err());
}
