//! The profiles that are shipped compile, carry their clauses, and the default one is the strictest.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod this_version;

use std::collections::BTreeSet;

use plan::{FieldId, PurposeId};
use policy::{Compiled, clause};
use this_version::profile;

#[test]
fn every_shipped_profile_compiles_without_a_lint() {
    for name in ["default", "no-log-vpn", "examples/forum"] {
        let compiled = profile(name);
        assert_eq!(compiled.lints(), [], "{name}");
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

#[test]
fn the_forum_is_the_opposite_of_the_vpn() {
    let (forum, vpn) = (profile("examples/forum"), profile("default"));
    let kept = |compiled: &Compiled| compiled.plan().kept_fields().collect::<BTreeSet<_>>();
    let (forum, vpn) = (kept(&forum), kept(&vpn));
    for field in [FieldId::AccessIp, FieldId::AccessTime, FieldId::Nickname] {
        assert!(forum.contains(&field) && !vpn.contains(&field), "{}", field.key());
    }
    for field in [FieldId::UsageBytes, FieldId::UsageDay, FieldId::DeviceKey] {
        assert!(!forum.contains(&field) && vpn.contains(&field), "{}", field.key());
    }
}

#[test]
fn the_default_is_at_least_as_strict_as_the_no_log_vpn() {
    let (default, vpn) = (profile("default"), profile("no-log-vpn"));
    for field in default.plan().kept_fields() {
        let (Some(ours), Some(theirs)) = (default.plan().keep(field), vpn.plan().keep(field)) else {
            panic!("{} is kept by the default alone", field.key());
        };
        let length = |keep: plan::Keep| keep.seconds.unwrap_or(i64::MAX);
        assert!(length(ours.keep) <= length(theirs.keep), "{}", field.key());
        for collect in default.plan().collects_of(field) {
            for (purpose, _) in &collect.purposes {
                let theirs = vpn.plan().collects_of(field).flat_map(|collect| &collect.purposes);
                let theirs: Vec<_> = theirs.map(|(purpose, _)| *purpose).collect();
                assert!(theirs.contains(purpose), "{} for {}", field.key(), purpose.key());
            }
        }
    }
    let never = |compiled: &Compiled| {
        let promises = compiled.plan().parts().promises.iter();
        promises
            .flat_map(|p| p.never.iter().map(|f| (p.surface, *f)).collect::<Vec<_>>())
            .collect::<BTreeSet<_>>()
    };
    assert!(never(&default).is_superset(&never(&vpn)));
    assert!(default.plan().parts().audience.min_age >= vpn.plan().parts().audience.min_age);
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
