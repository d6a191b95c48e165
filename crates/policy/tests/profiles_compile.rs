//! The profiles that are shipped compile, carry their clauses, and the default one is the strictest.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod this_version;

use std::collections::BTreeSet;

use plan::{FieldId, PurposeId};
use policy::{Compiled, clause};
use this_version::profile;

#[test]
fn every_shipped_profile_compiles_without_a_lint() {
    for name in ["no-log-vpn", "examples/forum"] {
        let compiled = profile(name);
        assert_eq!(compiled.lints(), [], "{name}");
    }
}

#[test]
fn whoever_runs_the_default_is_told_to_put_a_contact_in() {
    let default = profile("default");
    let lints: Vec<&str> = default.lints().iter().map(|lint| lint.text.as_str()).collect();
    assert_eq!(lints.len(), 1, "{lints:?}");
    assert!(lints[0].contains("the person who gave you this address"), "{lints:?}");
    let source = default.source();
    for contact in [
        "privacy@harbourlane.example",
        "https://harbourlane.example/privacy",
        "+46 8 123456",
        "Quay Street 4",
    ] {
        let own = source.replace("the person who gave you this address", contact);
        assert_eq!(policy::compile(&own, "own.kdl").unwrap().lints(), [], "{contact}");
    }
}

#[test]
fn what_the_program_itself_needs_is_declared_everywhere() {
    let needed = [
        (FieldId::Email, PurposeId::Account),
        (FieldId::Email, PurposeId::SignIn),
        (FieldId::PasswordHash, PurposeId::SignIn),
        (FieldId::RecoveryHash, PurposeId::SignIn),
        (FieldId::SessionHash, PurposeId::SignIn),
        (FieldId::JoinedDay, PurposeId::Account),
        (FieldId::AcceptedDigest, PurposeId::Agreement),
        (FieldId::AcceptedTime, PurposeId::Agreement),
    ];
    for name in ["default", "no-log-vpn", "examples/forum"] {
        let compiled = profile(name);
        for (field, purpose) in needed {
            let plan = compiled.plan();
            assert!(plan.allows(field, plan::act::ActId::Keep), "{name}: {}", field.key());
            assert!(
                plan.allows(field, plan::act::ActId::Use(purpose)),
                "{name}: {}",
                field.key()
            );
        }
        assert!(compiled.plan().cookie("__Host-sid").is_some(), "{name}");
    }
}

#[test]
fn an_exception_to_a_promise_gives_no_permit_by_itself() {
    let compiled = profile("no-log-vpn");
    for field in [
        FieldId::LoginTime,
        FieldId::DstIp,
        FieldId::ClientIp,
        FieldId::SessionStart,
    ] {
        assert!(compiled.plan().collects_of(field).next().is_some(), "{}", field.key());
        assert!(
            !compiled.plan().allows(field, plan::act::ActId::Keep),
            "{}",
            field.key()
        );
        assert!(compiled.plan().keep(field).is_none(), "{}", field.key());
    }
}

/// What every account of the program needs, whatever the service.
const ACCOUNT: [FieldId; 8] = [
    FieldId::Email,
    FieldId::PasswordHash,
    FieldId::RecoveryHash,
    FieldId::SessionHash,
    FieldId::JoinedDay,
    FieldId::StaffRole,
    FieldId::AcceptedDigest,
    FieldId::AcceptedTime,
];

#[test]
fn the_forum_is_the_opposite_of_each_vpn() {
    let kept = |compiled: &Compiled| -> BTreeSet<FieldId> { compiled.plan().kept_fields().collect() };
    let forum = profile("examples/forum");
    let parts = forum.plan().parts();
    for vpn in ["default", "no-log-vpn"].map(profile) {
        let (ours, theirs) = (kept(&forum), kept(&vpn));
        assert!(
            ours.difference(&theirs).count() > 0,
            "all that the forum keeps is in {}",
            vpn.file_name()
        );
        let theirs_alone: Vec<&FieldId> = theirs.difference(&ours).collect();
        assert!(!theirs_alone.is_empty());
        for field in theirs_alone
            .iter()
            .filter(|field| field.key().starts_with("usage") || field.key().starts_with("device"))
        {
            let refused = parts.refuses.iter().any(|refuse| refuse.fields.contains(field));
            assert!(refused, "the forum accepts {}", field.key());
        }
    }
    // Beside the account, the forum and the built-in VPN have nothing in common.
    let ours: BTreeSet<FieldId> = kept(&forum).intersection(&kept(&profile("default"))).copied().collect();
    assert_eq!(ours, BTreeSet::from(ACCOUNT));
}

#[test]
fn the_no_log_vpn_carries_every_clause_of_its_series() {
    let carried = policy::carried(profile("no-log-vpn").plan().parts());
    let missing: Vec<String> = (1..=75)
        .map(|number| clause::ClauseId { series: 3, number })
        .filter(|clause| !carried.contains_key(clause))
        .map(|clause| clause.to_string())
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn the_default_profile_compiles_within_its_budget() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/default.kdl");
    let source = std::fs::read_to_string(path).unwrap();
    let start = std::time::Instant::now();
    for _ in 0..10 {
        policy::compile(&source, "default.kdl").unwrap();
    }
    let each = start.elapsed() / 10;
    // The product's bound is 20 ms for an optimised build; an unoptimised one on a shared machine gets ten times that.
    assert!(each < std::time::Duration::from_millis(200), "{each:?}");
}
