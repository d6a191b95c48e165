//! The built-in policy lets nothing be done that any other shipped profile forbids, wherever both apply.
//!
//! It is asked of the difference between the two: on the way from a profile to the default, nothing may become wider.
//! Every file of `policies/` takes part, also one that is added later.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod this_version;

use std::collections::BTreeSet;
use std::fs;

use plan::{Surface, Tuple};
use policy::{Change, Compiled, Direction, Language, compile, difference};
use this_version::profile;

/// What becomes wider on the way to the default and may, with the reason.
const MAY_BE_WIDER: &[(&str, &str)] = &[
    (
        "weaker-countries",
        "the default is copied by operators anywhere; it cannot know where their machines stand",
    ),
    ("weaker-processing", "as above"),
];

/// What ways of joining need that a profile may leave out: numbers without an e-mail address, invitations. Who joins in
/// another way is in none of these.
const WAYS_OF_JOINING: &[&str] = &[
    "account.number",
    "invitation.code",
    "invitation.tariff",
    "invitation.uses",
    "invitation.end",
];

/// The profiles beside the default.
fn others() -> Vec<Compiled> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "kdl"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "default")
        .collect();
    names.sort();
    assert!(names.contains(&"no-log-vpn".to_owned()));
    names.iter().map(|name| profile(name)).collect()
}

/// Where a tuple applies; `None`: everywhere.
fn surface(tuple: &Tuple) -> Option<Surface> {
    let place = match tuple.kind() {
        "collect" | "promise" | "promise-except" | "process" | "cookie" => 1,
        _ => return None,
    };
    tuple.values().get(place).and_then(|key| Surface::from_key(key))
}

/// Whether a change is about something that both policies apply to.
fn concerns(change: &Change, both: &BTreeSet<Surface>) -> bool {
    let mut tuples = change.removed.iter().chain(&change.added);
    tuples.any(|tuple| surface(tuple).is_none_or(|surface| both.contains(&surface)))
}

/// Whether the change only adds what a service needs that the other profile does not offer: a datum whose one purpose
/// is the service itself.
fn needed_by_another_service(change: &Change, ours: &Compiled, theirs: &Compiled) -> bool {
    let more_surfaces = !ours.plan().parts().surfaces.is_subset(&theirs.plan().parts().surfaces);
    let for_the_service = |tuple: &Tuple| tuple.values().get(2).is_some_and(|purpose| purpose == "service");
    change.kind() == "new-field" && more_surfaces && change.added.iter().all(for_the_service)
}

/// Whether the change only adds what a way of joining needs that the other profile does not offer.
fn needed_by_another_way_of_joining(change: &Change) -> bool {
    let of_a_way = |tuple: &Tuple| {
        let field = tuple.values().first();
        field.is_some_and(|field| WAYS_OF_JOINING.contains(&field.as_str()))
    };
    change.kind() == "new-field" && change.added.iter().all(of_a_way)
}

/// What the default lets be done and the other profile does not.
fn looser(ours: &Compiled, theirs: &Compiled) -> Vec<String> {
    let surfaces = |compiled: &Compiled| compiled.plan().parts().surfaces.clone();
    let both: BTreeSet<Surface> = surfaces(ours).intersection(&surfaces(theirs)).copied().collect();
    difference(theirs, ours)
        .changes()
        .iter()
        .filter(|change| change.direction() == Direction::Wider && concerns(change, &both))
        .filter(|change| !needed_by_another_service(change, ours, theirs))
        .filter(|change| !needed_by_another_way_of_joining(change))
        .filter(|change| MAY_BE_WIDER.iter().all(|(kind, _)| *kind != change.kind()))
        .map(|change| format!("{}: {}", change.kind(), change.words(Language::English)))
        .collect()
}

#[test]
fn nothing_is_wider_in_the_default_than_in_any_other_profile() {
    let default = profile("default");
    for other in others() {
        assert_eq!(
            looser(&default, &other),
            Vec::<String>::new(),
            "against {}",
            other.file_name()
        );
    }
}

#[test]
fn no_field_of_the_default_is_kept_longer_or_for_more() {
    // The same, asked of the plans themselves and of every field that the catalogue has.
    let default = profile("default");
    for other in others() {
        for field in plan::FieldId::ALL {
            let (Some(ours), Some(theirs)) = (default.plan().keep(*field), other.plan().keep(*field)) else {
                continue;
            };
            let length = |kept: plan::Kept| kept.keep.seconds.unwrap_or(i64::MAX);
            assert!(
                length(ours) <= length(theirs),
                "{} in {}",
                field.key(),
                other.file_name()
            );
            for purpose in plan::PurposeId::ALL {
                let uses = |compiled: &Compiled| {
                    let mut purposes = compiled
                        .plan()
                        .collects_of(*field)
                        .flat_map(|collect| &collect.purposes);
                    purposes.any(|(known, _)| known == purpose)
                };
                assert!(
                    !uses(&default) || uses(&other),
                    "{} for {} in {}",
                    field.key(),
                    purpose.key(),
                    other.file_name()
                );
            }
        }
    }
}

#[test]
fn a_looser_default_is_noticed() {
    let source = profile("default").source().to_owned();
    let vpn = profile("no-log-vpn");
    for (find, replace) in [
        ("keep \"90d\"", "keep \"396d\""),
        ("max=\"14d\"", "max=\"31d\""),
        ("for network-ops support", "for network-ops support analytics"),
        (
            "for account sign-in support",
            "for account sign-in support; for analytics choice=opt-in",
        ),
        (" session.start session.end\n", " session.start\n"),
        ("refuse payment.pan payment.cvv ssn", "refuse payment.pan payment.cvv"),
        ("never sell profile", "never sell"),
        ("min-age=16", "min-age=15"),
        ("correct=#true", "correct=#false"),
        ("ttl=\"180s\"", "ttl=\"240s\""),
        (
            "fields client.ip dst.ip payload",
            "fields client.ip dst.ip payload dns.query",
        ),
        (
            "  never sell",
            "  recipient ads class=partner country=US { gets email; for support }\n  never sell",
        ),
        (
            "  never sell",
            "  cookie __Host-cart surface=account life=session { for order }\n  never sell",
        ),
        ("grain=\"account*day\" ", ""),
    ] {
        assert_eq!(source.matches(find).count(), 1, "{find}");
        let looser_source = source.replace(find, replace);
        let changed = compile(&looser_source, "looser.kdl").unwrap_or_else(|errors| panic!("{errors}"));
        assert!(!looser(&changed, &vpn).is_empty(), "{find} -> {replace}");
    }
}
