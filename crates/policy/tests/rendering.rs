//! What members, terminals and other programs read.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod this_version;

use std::collections::BTreeSet;

use policy::{Compiled, Language, clause::ClauseId, compile};
use this_version::{exercised, profile};

#[test]
fn the_default_policy_reads_as_plain_english() {
    insta::assert_snapshot!(policy::show_text(
        &profile("default"),
        &exercised(),
        "0.0.0",
        Language::English
    ));
}

#[test]
fn the_no_log_vpn_reads_as_plain_english() {
    insta::assert_snapshot!(policy::show_text(
        &profile("no-log-vpn"),
        &exercised(),
        "0.0.0",
        Language::English
    ));
}

#[test]
fn the_default_policy_reads_as_plain_german() {
    insta::assert_snapshot!(policy::show_text(
        &profile("default"),
        &exercised(),
        "0.0.0",
        Language::German
    ));
}

#[test]
fn the_no_log_vpn_reads_as_plain_german() {
    insta::assert_snapshot!(policy::show_text(
        &profile("no-log-vpn"),
        &exercised(),
        "0.0.0",
        Language::German
    ));
}

#[test]
fn check_says_what_pulls_apart() {
    let compiled = profile("no-log-vpn");
    let text = policy::check_text(compiled.source(), compiled.file_name()).unwrap();
    insta::assert_snapshot!(text);
    for code in ["T3a", "T3b", "T3c", "T3d", "T3e", "T3f", "T3g", "T3h", "T3i"] {
        assert!(compiled.tensions().iter().any(|tension| tension.code == code), "{code}");
    }
}

#[test]
fn a_policy_without_two_sides_has_no_tension() {
    assert_eq!(profile("default").tensions(), []);
    assert_eq!(profile("examples/forum").tensions(), []);
}

#[test]
fn every_clause_of_the_profile_is_on_its_page() {
    let compiled = profile("no-log-vpn");
    let page = policy::page_fragment(&compiled, &exercised(), "0.0.0", Language::English);
    let mut on_page = BTreeSet::new();
    for line in page.split("<p class=\"policy-clauses\">clauses ").skip(1) {
        let (clauses, _) = line.split_once("</p>").unwrap();
        let pieces: Vec<String> = clauses.split(", ").map(str::to_owned).collect();
        on_page.extend(policy::clause::expand(&pieces));
    }
    let missing: Vec<ClauseId> = policy::carried(compiled.plan().parts())
        .into_keys()
        .filter(|clause| !on_page.contains(clause))
        .collect();
    assert_eq!(missing, []);
}

#[test]
fn what_this_version_does_not_collect_is_marked() {
    let compiled = profile("examples/forum");
    let mark = "declared, not collected by this version";
    let everything = plan::FieldId::ALL.iter().copied().collect();
    let nothing = BTreeSet::new();
    let marks = |exercised: &BTreeSet<_>| {
        policy::page_fragment(&compiled, exercised, "0", Language::English)
            .matches(mark)
            .count()
    };
    assert_eq!(marks(&nothing), 5);
    // Talking with others and counting readers are purposes that this version does not pursue, whatever it can hold.
    assert_eq!(marks(&everything), 2);
}

#[test]
fn pages_carry_no_script_no_inline_style_and_nothing_from_elsewhere() {
    for name in ["default", "no-log-vpn", "examples/forum"] {
        for (file, bytes) in policy::render(&profile(name), &exercised(), "0.0.0", Language::English) {
            let text = String::from_utf8(bytes).unwrap();
            if file.ends_with(".html") {
                for forbidden in ["<script", "style=", "<style", "http://", "https://", "<img", "onclick"] {
                    assert!(!text.contains(forbidden), "{name}/{file}: {forbidden}");
                }
                assert_eq!(text.matches("<h1>").count(), 1, "{name}/{file}");
            }
        }
    }
}

#[test]
fn the_operators_texts_are_escaped_everywhere() {
    let hostile = "<script>alert(1)</script>";
    let source = format!(
        r#"policy "{hostile}" schema=1 version="{hostile}" {{
             controller "{hostile}" contact="{hostile}"
             surfaces site
             audience everyone
             rights
             changes effective=on-posting
             promise "{hostile}" surface=site {{ never access.ip }}
             process "{hostile}" surface=site ttl="1s" {{ fields access.ip; for security }}
             recipient "{hostile}" class=processor agreement="{hostile}" {{ gets email; for billing }}
             collect email surface=site {{ for account; keep "1d" }}
             release "{hostile}" k=20 {{ from email; for analytics }}
             source "{hostile}" {{ fields email }}
             note "{hostile}"
           }}"#
    );
    let compiled: Compiled = compile(&source, "hostile.kdl").unwrap_or_else(|errors| panic!("{errors}"));
    for (file, bytes) in policy::render(&compiled, &exercised(), hostile, Language::English) {
        if file.ends_with(".html") {
            assert!(!String::from_utf8(bytes).unwrap().contains("<script"), "{file}");
        }
    }
}

#[test]
fn the_json_is_whole() {
    let json: serde_json::Value =
        serde_json::from_str(&policy::show_json(&profile("default"), &exercised(), "0.0.0")).unwrap();
    let compiled = profile("default");
    assert_eq!(json["plan_digest"], compiled.plan().digest().to_string());
    assert_eq!(
        json["tuples"].as_array().unwrap().len(),
        compiled.plan().tuples().count()
    );
}

#[test]
fn the_page_digest_follows_the_text_and_the_programs_version() {
    let render = |version: &str| policy::render(&profile("default"), &exercised(), version, Language::English);
    let digest = policy::page_digest(&render("0.1.0"), "0.1.0");
    assert_eq!(digest, policy::page_digest(&render("0.1.0"), "0.1.0"));
    assert_ne!(digest, policy::page_digest(&render("0.1.1"), "0.1.1"));
    assert_ne!(digest, policy::page_digest(&render("0.1.0"), "0.1.1"));
}
