//! Who may use whom: our own crates among themselves, and the few that may touch a dangerous dependency.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod tree;

use std::collections::{BTreeMap, BTreeSet};

use tree::{Metadata, read};

/// Crates that serve members. They meet in `portal` and in `candor`'s wiring, never directly.
const SERVICES: [&str; 2] = ["account", "vpn"];

/// Crates that see members' data in flight, and what they may not be built from even through others.
const IN_FLIGHT: [&str; 1] = ["vpn"];
const OUT_OF_REACH_IN_FLIGHT: [&str; 9] = [
    "store", "account", "portal", "policy", "tokio", "sqlx", "axum", "log", "tracing",
];

/// A dependency that hands out power, and our crates that may name it. `lab` is for development and may name all.
const HELD_BY: [(&str, &[&str]); 14] = [
    ("libc", &["sys"]),
    ("rustix", &["sys"]),
    ("nix", &["sys"]),
    ("landlock", &["sys"]),
    ("seccompiler", &["sys"]),
    ("sqlx", &["store"]),
    ("libsqlite3-sys", &["store"]),
    ("kdl", &["policy"]),
    ("miette", &["policy"]),
    ("rustls", &["candor"]),
    ("tokio-rustls", &["candor"]),
    ("rcgen", &["candor"]),
    ("clap", &["candor"]),
    ("boringtun", &["vpn"]),
];

/// What would print or send what libraries say; the shipped program has none of it.
const SUBSCRIBERS: [&str; 12] = [
    "tracing-subscriber",
    "tracing-log",
    "tracing-appender",
    "tracing-journald",
    "env_logger",
    "pretty_env_logger",
    "simplelog",
    "simple_logger",
    "fern",
    "flexi_logger",
    "log4rs",
    "sentry",
];

type Graph = BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>;

fn committed() -> Graph {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    let text = read("crates/lab/tests/crate_graph.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let graph = lines.map(|line| {
        let (name, uses) = line.split_once(':').unwrap();
        let (shipped, tests) = uses.split_once("; tests:").unwrap_or((uses, ""));
        (name.to_owned(), (words(shipped), words(tests)))
    });
    graph.collect()
}

fn actual(metadata: &Metadata) -> Graph {
    let names = metadata.member_names();
    let uses = |name: &String, tests: bool| {
        let declared = metadata.member(name).declared.iter();
        let ours = declared.filter(|(used, kind, _)| names.contains(used) && (kind == "dev") == tests);
        ours.map(|(used, _, _)| used.clone()).collect()
    };
    names
        .iter()
        .map(|name| (name.clone(), (uses(name, false), uses(name, true))))
        .collect()
}

/// What differs, in sentences.
fn differences(committed: &Graph, actual: &Graph) -> Vec<String> {
    let none = (BTreeSet::new(), BTreeSet::new());
    let mut found = Vec::new();
    for name in committed.keys().chain(actual.keys()).collect::<BTreeSet<_>>() {
        match (committed.contains_key(name), actual.contains_key(name)) {
            (true, false) => found.push(format!("{name} is listed and is no crate any more: take its line out")),
            (false, true) => found.push(format!("{name} is new: give it a line, and a row in ARCHITECTURE.md")),
            _ => {}
        }
        let (listed, real) = (committed.get(name).unwrap_or(&none), actual.get(name).unwrap_or(&none));
        if listed.0.contains("*") {
            continue;
        }
        for (kind, listed, real) in [("", &listed.0, &real.0), (" in tests", &listed.1, &real.1)] {
            found.extend(
                real.difference(listed)
                    .map(|used| format!("{name} uses {used}{kind}, which is not listed")),
            );
            found.extend(listed.difference(real).map(|used| {
                format!("{name} does not use {used}{kind} any more: take it out of the list, so that it stays out")
            }));
        }
    }
    found
}

#[test]
fn our_crates_use_each_other_as_listed() {
    let found = differences(&committed(), &actual(&Metadata::read()));
    assert!(
        found.is_empty(),
        "crates/lab/tests/crate_graph.txt:\n  {}",
        found.join("\n  ")
    );
}

#[test]
fn a_new_edge_and_a_dropped_edge_are_both_noticed() {
    let (listed, mut real) = (committed(), committed());
    assert!(differences(&listed, &real).is_empty());
    real.get_mut("vpn").unwrap().0.insert("store".into());
    real.get_mut("portal").unwrap().0.remove("account");
    real.insert("names".into(), (BTreeSet::new(), BTreeSet::new()));
    let found = differences(&listed, &real).join("\n");
    for sentence in ["vpn uses store", "portal does not use account", "names is new"] {
        assert!(found.contains(sentence), "{sentence}: {found}");
    }
}

#[test]
fn services_do_not_use_each_other() {
    let graph = actual(&Metadata::read());
    for service in SERVICES {
        let (shipped, tests) = &graph[service];
        let others = SERVICES
            .iter()
            .filter(|other| shipped.contains(**other) || tests.contains(**other));
        assert_eq!(others.count(), 0, "{service} uses another service");
    }
}

#[test]
fn what_sees_data_in_flight_is_built_from_nothing_that_could_keep_it() {
    let metadata = Metadata::read();
    for name in IN_FLIGHT {
        let parts = metadata.shipped_with(name);
        let reached: Vec<&&str> = OUT_OF_REACH_IN_FLIGHT
            .iter()
            .filter(|name| parts.contains(**name))
            .collect();
        assert!(reached.is_empty(), "{name} is built from {reached:?}");
    }
}

#[test]
fn powers_are_held_by_the_crates_that_are_named() {
    let metadata = Metadata::read();
    let mut found = Vec::new();
    for name in metadata.member_names() {
        for (used, _, _) in &metadata.member(&name).declared {
            let held = HELD_BY.iter().find(|(power, _)| power == used);
            if held.is_some_and(|(_, holders)| name != "lab" && !holders.contains(&name.as_str())) {
                found.push(format!("{name} names {used}"));
            }
        }
    }
    assert!(found.is_empty(), "a power in the wrong hands: {}", found.join(", "));
}

#[test]
fn nothing_in_the_shipped_program_can_log_what_libraries_say() {
    let metadata = Metadata::read();
    let parts = metadata.shipped_with("candor");
    let subscribers: Vec<&&str> = SUBSCRIBERS.iter().filter(|name| parts.contains(**name)).collect();
    assert!(subscribers.is_empty(), "the shipped program contains {subscribers:?}");
    for facade in ["log", "tracing"].into_iter().filter(|facade| parts.contains(*facade)) {
        let declared = metadata
            .member("candor")
            .declared
            .iter()
            .find(|(name, kind, _)| name == facade && kind == "normal");
        let off = declared.is_some_and(|(_, _, features)| {
            features.contains("max_level_off") && features.contains("release_max_level_off")
        });
        assert!(
            off,
            "crates/candor/Cargo.toml must switch {facade} off: max_level_off and release_max_level_off"
        );
    }
}

#[test]
fn the_shipped_program_has_one_provider_of_cryptography() {
    let parts = Metadata::read().shipped_with("candor");
    assert!(parts.contains("aws-lc-rs"));
    let others: Vec<&&str> = ["ring", "openssl", "openssl-sys", "native-tls"]
        .iter()
        .filter(|name| parts.contains(**name))
        .collect();
    assert!(others.is_empty(), "the shipped program contains {others:?}");
}

#[test]
fn the_table_of_architecture_md_is_the_graph() {
    let text = read("ARCHITECTURE.md");
    let mut documented = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| **")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let name = cells[0].trim_matches('*').to_owned();
        let uses: BTreeSet<String> = match cells[2] {
            "–" => BTreeSet::new(),
            "all" => ["*".to_owned()].into(),
            names => names.split_whitespace().map(str::to_owned).collect(),
        };
        documented.insert(name, uses);
    }
    let shipped: BTreeMap<String, BTreeSet<String>> = committed()
        .into_iter()
        .map(|(name, (shipped, _))| (name, shipped))
        .collect();
    assert_eq!(
        documented, shipped,
        "the table of crates in ARCHITECTURE.md (left) and crate_graph.txt (right) differ"
    );
}
