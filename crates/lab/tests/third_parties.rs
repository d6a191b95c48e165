//! Licences, banned packages and doubled versions, as `deny.toml` says: without `cargo deny`, so that every test run
//! checks them.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod tree;

use std::collections::{BTreeMap, BTreeSet};

use tree::{Metadata, Package, read};

struct Rules {
    licences: BTreeSet<String>,
    /// Package, and who may use it all the same.
    banned: Vec<(String, BTreeSet<String>)>,
    /// `package@version` that may stand beside another version.
    doubled: BTreeSet<String>,
    registries: BTreeSet<String>,
}

fn strings(value: &toml::Value) -> BTreeSet<String> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

impl Rules {
    fn read() -> Self {
        let deny: toml::Table = toml::from_str(&read("deny.toml")).unwrap();
        let entries = |list: &str| {
            let list = deny["bans"][list].as_array().unwrap().clone();
            for entry in &list {
                assert!(
                    entry["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
                    "{entry} has no reason"
                );
            }
            list.into_iter()
                .map(|entry| (entry["crate"].as_str().unwrap().to_owned(), entry))
        };
        let wrappers = |entry: &toml::Value| entry.get("wrappers").map(strings).unwrap_or_default();
        Self {
            licences: strings(&deny["licenses"]["allow"]),
            banned: entries("deny").map(|(name, entry)| (name, wrappers(&entry))).collect(),
            doubled: entries("skip").map(|(name, _)| name).collect(),
            registries: strings(&deny["sources"]["allow-registry"]),
        }
    }
}

/// Whether an SPDX expression (annex D of the specification; `/` is crates.io's old "or") can be met with these licences.
fn permitted(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let text = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut place = 0;
    let met = either(&words, &mut place, allowed);
    met && place == words.len()
}

fn either(words: &[&str], place: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = both(words, place, allowed);
    while words.get(*place) == Some(&"OR") {
        *place += 1;
        met |= both(words, place, allowed);
    }
    met
}

fn both(words: &[&str], place: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = single(words, place, allowed);
    while words.get(*place) == Some(&"AND") {
        *place += 1;
        met &= single(words, place, allowed);
    }
    met
}

fn single(words: &[&str], place: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let Some(word) = words.get(*place) else { return false };
    *place += 1;
    if *word == "(" {
        let met = either(words, place, allowed);
        *place += 1;
        return met;
    }
    if words.get(*place) == Some(&"WITH") {
        // An exception gives more rights, so the licence alone would do.
        *place += 2;
    }
    allowed.contains(*word)
}

/// Banned packages and who brings them.
fn banned<'a>(rules: &Rules, packages: &'a BTreeMap<String, Package>) -> Vec<(&'a str, String)> {
    let mut found = Vec::new();
    for package in packages.values() {
        for used in &package.resolved {
            let used = &packages[used].name;
            let ban = rules.banned.iter().find(|(name, _)| name == used);
            if ban.is_some_and(|(_, wrappers)| !wrappers.contains(&package.name)) {
                found.push((package.name.as_str(), used.clone()));
            }
        }
    }
    found
}

/// Packages that are there twice without leave, and leaves that nothing needs.
fn doubled(rules: &Rules, packages: &BTreeMap<String, Package>) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages.values() {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    let mut found = Vec::new();
    for (name, versions) in &versions {
        let excused = |version: &&&str| rules.doubled.contains(&format!("{name}@{version}"));
        let excuses = versions.iter().filter(excused).count();
        if versions.len() - excuses > 1 {
            found.push(format!("{name} is there in the versions {versions:?}"));
        }
    }
    for excuse in &rules.doubled {
        let (name, version) = excuse.split_once('@').unwrap();
        let needed = versions
            .get(name)
            .is_some_and(|versions| versions.len() > 1 && versions.contains(version));
        if !needed {
            found.push(format!("{excuse} needs no leave any more: take it out of deny.toml"));
        }
    }
    found
}

#[test]
fn every_package_has_a_permitted_licence() {
    let (rules, metadata) = (Rules::read(), Metadata::read());
    let of = |package: &Package| package.licence.clone().unwrap_or_else(|| "none".into());
    let refused: Vec<String> = metadata
        .packages
        .values()
        .filter(|package| !permitted(&of(package), &rules.licences))
        .map(|package| format!("{} {}: {}", package.name, package.version, of(package)))
        .collect();
    assert!(
        refused.is_empty(),
        "licences that deny.toml does not permit:\n  {}",
        refused.join("\n  ")
    );
}

#[test]
fn licence_expressions_are_understood() {
    let allowed: BTreeSet<String> = ["MIT", "Apache-2.0", "ISC"].into_iter().map(str::to_owned).collect();
    for expression in [
        "MIT",
        "Apache-2.0/MIT",
        "GPL-3.0-only OR MIT",
        "Apache-2.0 WITH LLVM-exception OR MIT",
        "ISC AND (MIT OR GPL-2.0-only)",
        "(MIT OR Apache-2.0) AND ISC",
    ] {
        assert!(permitted(expression, &allowed), "{expression}");
    }
    for expression in [
        "GPL-3.0-only",
        "none",
        "",
        "MIT AND AGPL-3.0-only",
        "(GPL-2.0-only) OR BSL-1.1",
        "ISC AND (MPL-2.0 OR EUPL-1.2)",
    ] {
        assert!(!permitted(expression, &allowed), "{expression}");
    }
}

#[test]
fn no_banned_package_is_used() {
    let metadata = Metadata::read();
    let found = banned(&Rules::read(), &metadata.packages);
    assert!(found.is_empty(), "deny.toml bans what is used (by, what): {found:?}");
}

#[test]
fn a_banned_package_is_noticed_and_its_wrapper_may_use_it() {
    let metadata = Metadata::read();
    let mut rules = Rules::read();
    assert!(
        rules
            .banned
            .iter()
            .any(|(name, wrappers)| name == "ring" && !wrappers.is_empty()),
        "the wrapper case is real"
    );
    rules.banned = vec![("kdl".into(), BTreeSet::new())];
    assert_eq!(banned(&rules, &metadata.packages), [("policy", "kdl".to_owned())]);
    rules.banned = vec![("kdl".into(), ["policy".to_owned()].into())];
    assert_eq!(banned(&rules, &metadata.packages), []);
}

#[test]
fn no_package_is_there_twice_without_leave() {
    let found = doubled(&Rules::read(), &Metadata::read().packages);
    assert!(found.is_empty(), "deny.toml, [bans] skip:\n  {}", found.join("\n  "));
}

#[test]
fn a_doubled_package_and_a_needless_leave_are_noticed() {
    let metadata = Metadata::read();
    let mut rules = Rules::read();
    let taken = rules.doubled.pop_first().unwrap();
    rules.doubled.insert("tokio@0.1.0".into());
    let found = doubled(&rules, &metadata.packages).join("\n");
    assert!(
        found.contains(taken.split_once('@').unwrap().0) && found.contains("tokio@0.1.0"),
        "{found}"
    );
}

#[test]
fn every_package_comes_from_the_registry() {
    let (rules, metadata) = (Rules::read(), Metadata::read());
    let known = |source: &String| {
        rules
            .registries
            .iter()
            .any(|registry| *source == format!("registry+{registry}"))
    };
    let strangers: Vec<&str> = metadata
        .packages
        .values()
        .filter(|package| package.source.as_ref().is_some_and(|source| !known(source)))
        .map(|package| package.name.as_str())
        .collect();
    assert!(strangers.is_empty(), "from elsewhere than the registry: {strangers:?}");
}
