//! What changes between two policies is told exactly, and told to whom it concerns.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod this_version;

use std::collections::BTreeSet;

use plan::Tuple;
use policy::{
    Compiled, Difference, Direction, Language, Verdict, compile, difference, difference_json, difference_text,
};
use this_version::profile;

const BASE: &str = include_str!("differences/base.kdl");

fn base() -> Compiled {
    compile(BASE, "base.kdl").unwrap_or_else(|errors| panic!("{errors}"))
}

/// The base with one text replaced by another.
fn edited(find: &str, replace: &str) -> Compiled {
    assert_eq!(BASE.matches(find).count(), 1, "{find}");
    let source = BASE.replace(find, replace);
    compile(&source, "edited.kdl").unwrap_or_else(|errors| panic!("{errors}"))
}

/// (what is replaced, by what, the kind of change, its direction). Backwards, each is a row as well.
const EDITS: &[(&str, &str, &str, Direction)] = &[
    (
        "  // more",
        "  collect phone surface=account { for support; keep \"30d\" }",
        "new-field",
        Direction::Wider,
    ),
    (
        "  // more",
        "  collect dst.ip surface=tunnel capability=debug-capture when=ticket { for debugging; keep \"1d\" }",
        "new-field",
        Direction::Wider,
    ),
    (
        "for account; for promotion",
        "for account support; for promotion",
        "new-purpose",
        Direction::Wider,
    ),
    (
        "for promotion choice=opt-in",
        "for promotion feedback choice=opt-in",
        "new-purpose",
        Direction::Wider,
    ),
    (
        "surface=site { for security",
        "surface=\"site account\" { for security",
        "new-place",
        Direction::Wider,
    ),
    ("keep \"90d\"", "keep \"91d\"", "longer-keep", Direction::Wider),
    (
        "keep \"90d\"",
        "keep until=account.closed",
        "other-keep",
        Direction::Level,
    ),
    ("max=\"14d\"", "max=\"15d\"", "longer-keep", Direction::Wider),
    ("choice=opt-in", "choice=opt-out", "weaker-say", Direction::Wider),
    ("basis consent", "basis contract", "weaker-basis", Direction::Wider),
    ("basis interest", "basis law", "other-basis", Direction::Level),
    (" grain=\"account*day\"", "", "weaker-grain", Direction::Wider),
    (
        "email surface=account {",
        "email surface=account required=#true {",
        "weaker-choice-to-give",
        Direction::Wider,
    ),
    (
        "name surface=account when=order",
        "name surface=account",
        "weaker-moment",
        Direction::Wider,
    ),
    (
        "name surface=account when=order",
        "name surface=account when=ticket",
        "other-moment",
        Direction::Level,
    ),
    (
        "never dst.ip dns.query",
        "never dns.query",
        "weaker-promise",
        Direction::Wider,
    ),
    ("; except debug-capture", "", "gone-exception", Direction::Narrower),
    (
        "refuse payment.pan ssn",
        "refuse payment.pan",
        "weaker-refusal",
        Direction::Wider,
    ),
    (
        "never sell",
        "never sell profile",
        "stronger-never",
        Direction::Narrower,
    ),
    (
        "fields client.ip dst.ip",
        "fields client.ip dst.ip payload",
        "new-look",
        Direction::Wider,
    ),
    ("ttl=\"180s\"", "ttl=\"181s\"", "longer-memory", Direction::Wider),
    ("; emit rule.hits", "", "gone-count", Direction::Narrower),
    (
        "  // more",
        "  cookie __Host-cart surface=site life=session { for order }",
        "new-cookie",
        Direction::Wider,
    ),
    (
        "life=session { for sign-in }",
        "life=session { for sign-in security }",
        "new-cookie",
        Direction::Wider,
    ),
    (
        "  // more",
        "  recipient press class=third-party country=DE { gets name; for support }",
        "new-recipient",
        Direction::Wider,
    ),
    (
        "class=partner enabled=#false",
        "class=partner",
        "new-recipient",
        Direction::Wider,
    ),
    (
        "gets email; for billing",
        "gets email name; for billing",
        "new-handing-on",
        Direction::Wider,
    ),
    (
        "class=processor country=SE",
        "class=third-party country=SE",
        "other-recipient-class",
        Direction::Level,
    ),
    (
        "class=processor country=SE",
        "class=processor country=US",
        "other-recipient-country",
        Direction::Level,
    ),
    (
        "disclose legal-order",
        "disclose legal-order enforce-terms",
        "new-disclosure",
        Direction::Wider,
    ),
    ("approvals=3", "approvals=2", "weaker-approvals", Direction::Wider),
    (
        "tell-subject=#true",
        "tell-subject=#false",
        "weaker-telling",
        Direction::Wider,
    ),
    (
        "from site.hits; for analytics",
        "from site.hits; for analytics improve",
        "new-figures",
        Direction::Wider,
    ),
    ("k=20", "k=21", "stronger-crowd", Direction::Narrower),
    ("fields email }", "fields email name }", "new-source", Direction::Wider),
    ("nodes=\"SE NL\"", "nodes=\"SE NL US\"", "new-country", Direction::Wider),
    (
        "  transfer nodes=\"SE NL\" processing=SE\n",
        "  transfer nodes=\"SE NL\"\n",
        "weaker-processing",
        Direction::Wider,
    ),
    ("processing=SE", "processing=NL", "other-processing", Direction::Level),
    ("  handover notice=\"30d\"\n", "", "gone-handover", Direction::Narrower),
    (
        "handover notice=\"30d\"",
        "handover notice=\"29d\"",
        "weaker-handover-notice",
        Direction::Wider,
    ),
    ("min-age=16", "min-age=15", "new-audience", Direction::Wider),
    ("within=\"20d\"", "within=\"21d\"", "longer-answer", Direction::Wider),
    ("correct=#true", "correct=#false", "weaker-correction", Direction::Wider),
    ("notice=\"14d\"", "notice=\"13d\"", "weaker-notice", Direction::Wider),
    (
        "notice=\"14d\"",
        "notice=\"14d\" by=sign-in",
        "stronger-way-of-telling",
        Direction::Narrower,
    ),
    (
        "effective=after-notice notice=\"14d\"",
        "effective=on-posting",
        "weaker-notice",
        Direction::Wider,
    ),
    (
        "controller \"Harbour Lane\"",
        "controller \"Quay Street\"",
        "other-controller",
        Direction::Level,
    ),
    (
        "privacy@harbourlane",
        "data@harbourlane",
        "other-contact",
        Direction::Level,
    ),
    (
        "surfaces tunnel",
        "surfaces tunnel app",
        "other-scope",
        Direction::Level,
    ),
    (
        "recipient ads class=partner",
        "recipient ads class=third-party",
        "other-switched-off-recipient",
        Direction::Level,
    ),
    (
        "promise no-log",
        "promise nothing-kept",
        "other-arrangement",
        Direction::Level,
    ),
    (
        "process tunnel ",
        "process routing ",
        "other-arrangement",
        Direction::Level,
    ),
    (
        "release figures",
        "release counts",
        "other-arrangement",
        Direction::Level,
    ),
    (
        "agreement=\"DPA-1\"",
        "agreement=\"DPA-2\"",
        "other-arrangement",
        Direction::Level,
    ),
];

fn kinds(difference: &Difference) -> Vec<String> {
    difference.changes().iter().map(policy::Change::kind).collect()
}

#[test]
fn every_kind_of_change_is_told_once_in_each_direction() {
    let backwards = |kind: &str| -> String {
        let (word, topic) = kind.split_once('-').unwrap();
        let pairs = [
            ("new", "gone"),
            ("longer", "shorter"),
            ("weaker", "stronger"),
            ("other", "other"),
        ];
        let (a, b) = pairs.into_iter().find(|(a, b)| *a == word || *b == word).unwrap();
        format!("{}-{topic}", if word == a { b } else { a })
    };
    for (find, replace, kind, direction) in EDITS {
        let (old, new) = (base(), edited(find, replace));
        let there = difference(&old, &new);
        assert_eq!(kinds(&there), [*kind], "{find} -> {replace}");
        assert_eq!(there.changes()[0].direction(), *direction, "{find} -> {replace}");
        let back = difference(&new, &old);
        assert_eq!(kinds(&back), [backwards(kind)], "{replace} -> {find}");
        assert_eq!(
            back.changes()[0].direction(),
            direction.reversed(),
            "{replace} -> {find}"
        );
    }
}

#[test]
fn every_change_has_words_of_its_own_in_each_language() {
    let mut all = String::new();
    let mut seen = BTreeSet::new();
    for (find, replace, kind, _) in EDITS {
        let (old, new) = (base(), edited(find, replace));
        for (way, difference) in [("", difference(&old, &new)), ("backwards: ", difference(&new, &old))] {
            let change = &difference.changes()[0];
            all.push_str(&format!("{way}{kind}\n"));
            for language in Language::ALL {
                let words = change.words(language);
                assert!(words.ends_with('.'), "{words}");
                all.push_str(&format!("  {language}: {words}\n"));
                seen.insert(words);
            }
        }
    }
    // Rows that differ only in a name are said in the same words.
    let said_alike = all
        .lines()
        .filter(|line| line.contains("other statements") || line.contains("anderen Aussagen"));
    assert!(seen.len() + said_alike.count() >= EDITS.len() * 4 - 8, "{}", seen.len());
    insta::assert_snapshot!(all);
}

#[test]
fn a_policy_does_not_differ_from_itself() {
    for name in ["default", "no-log-vpn", "examples/forum"] {
        let difference = difference(&profile(name), &profile(name));
        assert_eq!(
            (difference.verdict(), difference.changes()),
            (Verdict::Same, &[][..]),
            "{name}"
        );
    }
}

#[test]
fn names_versions_dates_notes_and_clauses_are_wording() {
    let reworded = BASE
        .replace("policy base", "policy other")
        .replace("version=\"1\"", "version=\"2\"")
        .replace("  // more", "  note \"Welcome.\" says=\"S3.1\"");
    let difference = difference(&base(), &compile(&reworded, "reworded.kdl").unwrap());
    assert_eq!(
        (difference.verdict(), difference.changes()),
        (Verdict::Wording, &[][..])
    );
}

/// Holds for any two policies.
fn holds(old: &Compiled, new: &Compiled) {
    let there = difference(old, new);
    let gathered = |tuples: fn(&policy::Change) -> &BTreeSet<Tuple>| -> BTreeSet<Tuple> {
        there
            .changes()
            .iter()
            .flat_map(|change| tuples(change).clone())
            .collect()
    };
    let (removed, added) = (gathered(|change| &change.removed), gathered(|change| &change.added));
    let kept: BTreeSet<Tuple> = old.plan().tuple_set().difference(&removed).cloned().collect();
    let applied: BTreeSet<Tuple> = kept.union(&added).cloned().collect();
    assert_eq!(
        &applied,
        new.plan().tuple_set(),
        "the tuples applied to the old policy give the new one"
    );
    assert!(removed.is_subset(old.plan().tuple_set()) && added.is_disjoint(old.plan().tuple_set()));

    let back = difference(new, old);
    let mut forwards: Vec<_> = there
        .changes()
        .iter()
        .map(|change| {
            (
                change.direction().reversed(),
                change.added.clone(),
                change.removed.clone(),
            )
        })
        .collect();
    let mut backwards: Vec<_> = back
        .changes()
        .iter()
        .map(|change| (change.direction(), change.removed.clone(), change.added.clone()))
        .collect();
    forwards.sort();
    backwards.sort();
    assert_eq!(
        forwards, backwards,
        "backwards, every change is the same change the other way"
    );

    let same = old.plan().digest() == new.plan().digest();
    assert_eq!(
        same,
        there.changes().is_empty(),
        "no change is silent, and none is invented"
    );
    for language in Language::ALL {
        assert!(!difference_text(&there, language).is_empty());
    }
    assert!(serde_json::from_str::<serde_json::Value>(&difference_json(&there)).is_ok());
}

#[test]
fn every_two_shipped_policies_hold_the_laws() {
    let names = ["default", "no-log-vpn", "examples/forum"];
    for old in names {
        for new in names {
            holds(&profile(old), &profile(new));
        }
        holds(&profile(old), &base());
        holds(&base(), &profile(old));
    }
}

#[test]
fn two_edits_together_hold_the_laws() {
    for (index, (find, replace, ..)) in EDITS.iter().enumerate() {
        let (other_find, other_replace, ..) = EDITS[(index * 7 + 3) % EDITS.len()];
        holds(&edited(find, replace), &edited(other_find, other_replace));
    }
}

#[test]
fn whatever_more_is_kept_must_be_told() {
    for field in plan::FieldId::ALL {
        for (purpose, keep) in [("support", "keep \"1d\""), ("agreement", "keep until=account.closed")] {
            let line = format!("  collect {} surface=support {{ for {purpose}; {keep} }}", field.key());
            // What the base refuses or the floor forbids does not compile.
            let Ok(new) = compile(&BASE.replace("  // more", &line), "more.kdl") else {
                continue;
            };
            let difference = difference(&base(), &new);
            assert_eq!(difference.verdict(), Verdict::Significant, "{line}");
        }
    }
}

mod shuffled {
    use super::*;
    use kdl::{KdlDocument, KdlEntry, KdlNode};
    use proptest::prelude::*;

    /// A small generator of our own, so that a failing seed is one number. Constants: Knuth, MMIX.
    struct Draw(u64);

    impl Draw {
        fn below(&mut self, bound: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
        }

        fn of<'w>(&mut self, words: &[&'w str]) -> &'w str {
            words[self.below(words.len())]
        }
    }

    fn statements(document: &mut KdlDocument) -> &mut Vec<KdlNode> {
        let policy = document
            .nodes_mut()
            .iter_mut()
            .find(|node| node.name().value() == "policy");
        policy.unwrap().children_mut().as_mut().unwrap().nodes_mut()
    }

    const FIELDS: &[&str] = &[
        "email",
        "name",
        "phone",
        "usage.bytes",
        "access.ip",
        "site.hits",
        "dst.ip",
        "nickname",
    ];
    const PURPOSES: &[&str] = &["account", "billing", "support", "security", "service", "analytics"];

    /// Changes something somewhere.
    fn change(draw: &mut Draw, node: &mut KdlNode) {
        let name = node.name().value().to_owned();
        match draw.below(6) {
            0 => node.entries_mut().push(KdlEntry::new(draw.of(FIELDS))),
            1 if node.entries().len() > 1 => {
                let index = draw.below(node.entries().len());
                node.entries_mut().remove(index);
            }
            2 if name == "collect" => node
                .insert("surface", draw.of(&["account", "site", "tunnel", "account site"]))
                .map_or((), drop),
            3 if name == "collect" => node.insert("when", draw.of(&["order", "ticket"])).map_or((), drop),
            _ => {
                let Some(children) = node.children_mut() else { return };
                let index = draw.below(children.nodes().len());
                let Some(part) = children.nodes_mut().get_mut(index) else {
                    return;
                };
                match part.name().value() {
                    "keep" => {
                        part.entries_mut().clear();
                        match draw.below(2) {
                            0 => part
                                .entries_mut()
                                .push(KdlEntry::new(draw.of(&["1d", "14d", "90d", "395d"]))),
                            _ => part.insert("until", "account.closed").map_or((), drop),
                        }
                    }
                    "for" => match draw.below(3) {
                        0 => part.insert("choice", draw.of(&["opt-in", "opt-out"])).map_or((), drop),
                        _ => part.entries_mut().push(KdlEntry::new(draw.of(PURPOSES))),
                    },
                    _ => part.entries_mut().push(KdlEntry::new(draw.of(FIELDS))),
                }
            }
        }
    }

    /// A policy near `source` that compiles, if a few attempts find one.
    fn near(draw: &mut Draw, source: &str) -> Option<Compiled> {
        let mut document = KdlDocument::parse_v2(source).unwrap();
        let mut found = None;
        for _ in 0..12 {
            let mut next = document.clone();
            let nodes = statements(&mut next);
            let index = draw.below(nodes.len());
            match draw.below(5) {
                0 => drop(nodes.remove(index)),
                _ => change(draw, &mut nodes[index]),
            }
            next.autoformat();
            if let Ok(compiled) = compile(&next.to_string(), "near.kdl") {
                document = next;
                found = Some(compiled);
            }
        }
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_two_policies_hold_the_laws(seed: u64, start in prop::sample::select(vec!["default", "no-log-vpn", "examples/forum", "base"])) {
            let draw = &mut Draw(seed);
            let start = match start {
                "base" => base(),
                name => profile(name),
            };
            let one = near(draw, start.source());
            let other = near(draw, start.source());
            prop_assume!(one.is_some() && other.is_some());
            holds(&one.unwrap(), &other.unwrap());
        }

        #[test]
        fn the_order_of_statements_changes_nothing(seed: u64) {
            let draw = &mut Draw(seed);
            let mut document = KdlDocument::parse_v2(BASE).unwrap();
            let nodes = statements(&mut document);
            for last in (1..nodes.len()).rev() {
                nodes.swap(last, draw.below(last + 1));
            }
            document.autoformat();
            let shuffled = compile(&document.to_string(), "shuffled.kdl").unwrap();
            let forum = profile("examples/forum");
            let none = difference(&base(), &shuffled);
            prop_assert_eq!(none.changes(), &[][..]);
            let (straight, crossed) = (difference(&base(), &forum), difference(&shuffled, &forum));
            prop_assert_eq!(straight.changes(), crossed.changes());
        }
    }
}

#[test]
fn from_the_default_to_the_no_log_vpn_in_plain_words() {
    let difference = difference(&profile("default"), &profile("no-log-vpn"));
    insta::assert_snapshot!(
        "default_to_no_log_vpn_en",
        difference_text(&difference, Language::English)
    );
    insta::assert_snapshot!(
        "default_to_no_log_vpn_de",
        difference_text(&difference, Language::German)
    );
}

#[test]
fn the_json_has_the_documented_shape() {
    let (old, new) = (base(), edited("keep \"90d\"", "keep \"91d\""));
    insta::assert_snapshot!(difference_json(&difference(&old, &new)));
}
