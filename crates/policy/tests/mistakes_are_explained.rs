//! Mistakes that operators make: each file of `mistakes/` is a whole policy with one of them. What is printed is a
//! snapshot, and following it makes the policy compile.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use policy::{Problem, Span, compile};

/// How the printed remedy is followed.
enum Remedy {
    /// The first snippet of the remedy stands in place of what is underlined.
    InPlace,
    /// The remedy is a whole statement, which stands in place of the underlined one's line.
    Statement,
    /// The first snippet of the remedy stands in place of the other place's line.
    OtherPlace,
    /// The remedy leaves a choice; this is one way to make it: what is replaced, by what.
    ByHand(&'static str, &'static str),
}

const MISTAKES: &[(&str, Remedy)] = &[
    ("field_misspelt", Remedy::InPlace),
    ("purpose_misspelt", Remedy::InPlace),
    ("statement_misspelt", Remedy::InPlace),
    ("property_misspelt", Remedy::InPlace),
    ("part_misspelt", Remedy::ByHand("retain", "keep")),
    (
        "keep_missing",
        Remedy::ByHand(
            "support\n  }\n  collect password",
            "support\n    keep until=account.closed\n  }\n  collect password",
        ),
    ),
    ("keep_for_ever", Remedy::InPlace),
    ("keep_of_a_century", Remedy::InPlace),
    ("keep_in_words", Remedy::InPlace),
    ("keep_without_a_unit", Remedy::InPlace),
    ("keep_until_the_member_deletes_it", Remedy::InPlace),
    (
        "promise_broken_by_a_debug_log",
        Remedy::ByHand("dst.host dns.query", "dns.query"),
    ),
    (
        "refused_and_still_asked_for",
        Remedy::ByHand("payment.cvv ssn", "payment.cvv"),
    ),
    (
        "recipient_gets_what_nobody_collects",
        Remedy::ByHand("gets phone", "gets email"),
    ),
    (
        "processor_without_an_agreement",
        Remedy::ByHand("country=SE", "country=SE agreement=\"DPA-7\""),
    ),
    ("country_by_its_name", Remedy::ByHand("country=Sweden", "country=SE")),
    ("export_switched_off", Remedy::InPlace),
    ("answers_after_half_a_year", Remedy::InPlace),
    ("rights_for_some", Remedy::InPlace),
    ("card_numbers_kept", Remedy::InPlace),
    (
        "newsletter_without_a_say",
        Remedy::ByHand("for promotion", "for promotion choice=opt-in"),
    ),
    ("audience_twice", Remedy::ByHand("  audience min-age=18\n", "")),
    (
        "email_declared_twice",
        Remedy::ByHand("for account sign-in support", "for account sign-in"),
    ),
    ("surface_not_declared", Remedy::OtherPlace),
    ("notice_missing", Remedy::Statement),
    ("figures_about_five", Remedy::InPlace),
    ("one_of_the_staff_decides", Remedy::InPlace),
    ("memory_that_lasts_a_day", Remedy::InPlace),
    ("flag_in_words", Remedy::InPlace),
    ("flag_as_in_other_languages", Remedy::InPlace),
    (
        "clause_that_does_not_exist",
        Remedy::ByHand(" says=\"S3.76\"", " says=\"S3.75\""),
    ),
    (
        "name_without_quotes",
        Remedy::ByHand("Harbour Lane Co-operative", "\"Harbour Lane Co-operative\""),
    ),
    (
        "brace_forgotten",
        Remedy::ByHand("\"30d\"\n  refuse", "\"30d\"\n  }\n  refuse"),
    ),
    ("cookie_of_an_analytics_service", Remedy::ByHand("_ga", "__Host-cart")),
    (
        "two_policies_in_one_file",
        Remedy::ByHand(
            "\npolicy staging schema=1 version=\"1\" {\n  controller \"Harbour Lane Co-operative\" contact=\"privacy@harbourlane.example\"\n}",
            "",
        ),
    ),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes")
}

fn source(name: &str) -> String {
    fs::read_to_string(folder().join(format!("{name}.kdl"))).unwrap()
}

/// The one problem of a file.
fn problem(name: &str, source: &str) -> Problem {
    let errors = compile(source, &format!("{name}.kdl")).expect_err(name);
    let problems: Vec<Problem> = errors.problems().cloned().collect();
    assert_eq!(problems.len(), 1, "one mistake is told as one, in {name}:\n{errors}");
    problems.into_iter().next().unwrap()
}

/// What stands between the first two backquotes.
fn snippet(remedy: &str) -> &str {
    remedy
        .split('`')
        .nth(1)
        .unwrap_or_else(|| panic!("no snippet in: {remedy}"))
}

fn replaced(source: &str, span: Span, by: &str) -> String {
    format!("{}{by}{}", &source[..span.start], &source[span.start + span.length..])
}

/// The line that holds a span, without its indentation.
fn line_of(source: &str, span: Span) -> Span {
    let start = source[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let end = source[span.start..]
        .find('\n')
        .map_or(source.len(), |newline| span.start + newline);
    let indent = source[start..end].len() - source[start..end].trim_start().len();
    Span {
        start: start + indent,
        length: end - start - indent,
    }
}

#[test]
fn every_mistake_is_told_with_its_place_its_cause_and_what_to_write() {
    for (name, _) in MISTAKES {
        let errors = compile(&source(name), &format!("{name}.kdl")).expect_err(name);
        insta::assert_snapshot!(*name, errors.to_string());
    }
}

#[test]
fn following_the_remedy_makes_the_policy_compile() {
    for (name, remedy) in MISTAKES {
        let wrong = source(name);
        let followed = match remedy {
            Remedy::ByHand(find, replace) => {
                assert_eq!(wrong.matches(find).count(), 1, "{name}: {find}");
                wrong.replace(find, replace)
            }
            Remedy::InPlace => {
                let problem = problem(name, &wrong);
                replaced(&wrong, problem.span, snippet(&problem.instead))
            }
            Remedy::Statement => {
                let problem = problem(name, &wrong);
                replaced(&wrong, line_of(&wrong, problem.span), &problem.instead)
            }
            Remedy::OtherPlace => {
                let problem = problem(name, &wrong);
                let (span, _) = problem.also.unwrap();
                replaced(&wrong, line_of(&wrong, span), snippet(&problem.instead))
            }
        };
        if let Err(errors) = compile(&followed, &format!("{name}.kdl")) {
            panic!("{name}: what the error says to write does not compile either\n{errors}\n{followed}");
        }
    }
}

#[test]
fn what_is_underlined_is_in_the_line_of_the_mistake() {
    for (name, remedy) in MISTAKES {
        if matches!(remedy, Remedy::InPlace) {
            let wrong = source(name);
            let span = problem(name, &wrong).span;
            assert!(
                span.length > 0 && !wrong[span.start..span.start + span.length].contains('\n'),
                "{name}"
            );
        }
    }
}

#[test]
fn every_file_is_in_the_list() {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<String> = files
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let listed: BTreeSet<String> = MISTAKES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, listed);
    assert!(listed.len() >= 25);
}
