//! A policy is a set of facts: the order of nodes and lists, and how statements are cut, change nothing.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod this_version;

use kdl::{KdlDocument, KdlEntry, KdlNode};
use proptest::prelude::*;
use this_version::profile;

/// A small generator of our own, so that a failing seed is one number. Constants: Knuth, MMIX.
struct Shuffler(u64);

impl Shuffler {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    fn document(&mut self, document: &mut KdlDocument) {
        self.shuffle(document.nodes_mut());
        for node in document.nodes_mut() {
            self.shuffle(node.entries_mut());
            for entry in node.entries_mut() {
                self.spaced_words(entry);
            }
            if let Some(children) = node.children_mut() {
                self.document(children);
            }
        }
    }

    /// `surface="account site"` is a list as well.
    fn spaced_words(&mut self, entry: &mut KdlEntry) {
        let listed = entry
            .name()
            .is_some_and(|name| matches!(name.value(), "surface" | "nodes"));
        if let (true, Some(text)) = (listed, entry.value().as_string()) {
            let mut words: Vec<&str> = text.split_whitespace().collect();
            self.shuffle(&mut words);
            *entry = KdlEntry::new_prop(entry.name().unwrap().value(), words.join(" "));
        }
    }
}

fn compiled_digest(document: &mut KdlDocument) -> plan::Digest {
    document.autoformat();
    let source = document.to_string();
    let compiled = policy::compile(&source, "shuffled.kdl").unwrap_or_else(|errors| panic!("{errors}\n{source}"));
    compiled.plan().digest()
}

/// One `collect` for each field.
fn split_collects(document: &mut KdlDocument) {
    let policy = document
        .nodes_mut()
        .iter_mut()
        .find(|node| node.name().value() == "policy")
        .unwrap();
    let statements = policy.children_mut().as_mut().unwrap().nodes_mut();
    let split = |node: &KdlNode| -> Vec<KdlNode> {
        if node.name().value() != "collect" {
            return vec![node.clone()];
        }
        let fields = node.entries().iter().filter(|entry| entry.name().is_none());
        let one_field = |field: &KdlEntry| {
            let mut one = node.clone();
            one.entries_mut().retain(|entry| entry.name().is_some());
            one.entries_mut().insert(0, field.clone());
            one
        };
        fields.map(one_field).collect()
    };
    *statements = statements.iter().flat_map(split).collect();
}

#[test]
fn one_collect_for_each_field_is_the_same_policy() {
    for name in ["default", "no-log-vpn", "examples/forum"] {
        let compiled = profile(name);
        let mut document = KdlDocument::parse_v2(compiled.source()).unwrap();
        split_collects(&mut document);
        assert_eq!(compiled_digest(&mut document), compiled.plan().digest(), "{name}");
    }
}

#[test]
fn names_versions_notes_and_clauses_are_not_facts() {
    let compiled = profile("default");
    let changed = compiled
        .source()
        .replace("policy default", "policy other")
        .replace("version=\"1\"", "version=\"2\"");
    let changed = changed.replacen("surfaces tunnel", "note \"words\" says=\"S3.1\"\n  surfaces tunnel", 1);
    assert_ne!(changed, compiled.source());
    assert_eq!(
        policy::compile(&changed, "other.kdl").unwrap().plan().digest(),
        compiled.plan().digest()
    );
}

#[test]
fn a_longer_keep_is_another_policy() {
    let compiled = profile("default");
    let changed = compiled.source().replace("keep \"90d\"", "keep \"91d\"");
    assert_ne!(
        policy::compile(&changed, "other.kdl").unwrap().plan().digest(),
        compiled.plan().digest()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn order_does_not_change_the_plan(seed: u64, name in prop::sample::select(vec!["default", "no-log-vpn", "examples/forum"])) {
        let compiled = profile(name);
        let mut document = KdlDocument::parse_v2(compiled.source()).unwrap();
        Shuffler(seed).document(&mut document);
        prop_assert_eq!(compiled_digest(&mut document), compiled.plan().digest());
    }
}
