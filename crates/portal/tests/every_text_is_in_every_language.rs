//! What people read stands in `locales/`, in every language, and nowhere else.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use account::CATALOGUE;
use fluent_syntax::ast::Entry;
use fluent_syntax::parser::parse;
use plan::Language;

/// Texts that are the same in both languages, because the word is.
const SAME: [&str; 10] = [
    "home-vpn",
    "part-tunnel",
    "nav-status",
    "status-title",
    "minutes-short",
    "home-tariff",
    "members-tariff",
    "policy-gpc-label",
    "running-heading",
    "axis-minute",
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The files of a folder and of those inside it.
fn files(folder: &Path, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// Each message of a language with its source text.
fn messages(language: Language) -> BTreeMap<String, String> {
    let mut messages = BTreeMap::new();
    for (path, text) in files(&folder("locales").join(language.tag()), "ftl") {
        let resource = parse(text.as_str()).unwrap_or_else(|(_, errors)| panic!("{path}: {errors:?}"));
        for entry in &resource.body {
            match entry {
                Entry::Message(message) => {
                    assert!(message.value.is_some(), "{path}: {} is empty", message.id.name);
                    let source = source_of(&text, message.id.name);
                    let before = messages.insert(message.id.name.to_owned(), source);
                    assert!(before.is_none(), "{path}: {} stands twice", message.id.name);
                }
                Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
                other => panic!("{path}: {other:?}"),
            }
        }
    }
    messages
}

/// The lines of a message: its own, and those after it that are indented or close it.
fn source_of(text: &str, key: &str) -> String {
    let start = format!("{key} =");
    let lines = text.lines().skip_while(|line| !line.starts_with(&start));
    let lines = lines
        .enumerate()
        .take_while(|(index, line)| *index == 0 || line.starts_with([' ', '}']));
    let lines: Vec<&str> = lines.map(|(_, line)| line).collect();
    lines.join("\n")[start.len()..].to_owned()
}

/// What follows each mark in a text, as far as it goes on.
fn after<'a>(text: &'a str, mark: &str, goes_on: impl Fn(char) -> bool) -> Vec<&'a str> {
    let places = text.match_indices(mark).map(|(place, _)| &text[place + mark.len()..]);
    places
        .map(|rest| rest.split(|character| !goes_on(character)).next().unwrap_or(""))
        .collect()
}

fn variables(message: &str) -> BTreeSet<&str> {
    after(message, "$", |character| {
        character.is_ascii_alphanumeric() || character == '_'
    })
    .into_iter()
    .collect()
}

/// The elements of a message with their attributes, in any order.
fn elements(message: &str) -> Vec<&str> {
    let mut elements = after(message, "<", |character| character != '>');
    // A title is text, so it differs.
    for element in &mut elements {
        *element = element.split(" title=").next().unwrap();
    }
    elements.sort_unstable();
    elements
}

/// The program's text without tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn everything() -> String {
    let code: Vec<String> = files(&folder("src"), "rs").iter().map(|(_, text)| code(text)).collect();
    let templates: Vec<String> = files(&folder("templates"), "html")
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    code.join("\n") + &templates.join("\n")
}

/// The keys that are asked for by `name("…")`.
fn keys_of(name: &str, everything: &str) -> BTreeSet<String> {
    let mut tight: String = everything.split_whitespace().collect::<Vec<_>>().join(" ");
    tight = tight.replace("( ", "(");
    let mut keys = BTreeSet::new();
    for (place, _) in tight.match_indices(name) {
        let rest = &tight[place + name.len()..];
        let Some(inside) = rest.strip_prefix('(') else { continue };
        // `say(language, "key")` is the other form.
        let inside = inside
            .trim_start_matches("*")
            .trim_start_matches("speech.")
            .trim_start_matches("self.speech.");
        let inside = inside.strip_prefix("language, ").unwrap_or(inside);
        if let Some(key) = inside.strip_prefix('"') {
            keys.insert(key.split('"').next().unwrap().to_owned());
        }
    }
    keys
}

#[test]
fn no_text_is_missing_in_any_language_and_all_say_the_same() {
    let english = messages(Language::English);
    for language in Language::ALL {
        let other = messages(language);
        let keys = |messages: &BTreeMap<String, String>| messages.keys().cloned().collect::<BTreeSet<_>>();
        let missing: Vec<_> = keys(&english).symmetric_difference(&keys(&other)).cloned().collect();
        assert!(missing.is_empty(), "{language}: {missing:?}");
        for (key, text) in &english {
            assert_eq!(
                variables(text),
                variables(&other[key]),
                "{language}: variables of {key}"
            );
            assert_eq!(elements(text), elements(&other[key]), "{language}: elements of {key}");
        }
    }
}

#[test]
fn every_text_is_asked_for_and_every_text_that_is_asked_for_exists() {
    let everything = everything();
    let known: BTreeSet<String> = messages(Language::English).into_keys().collect();
    let (said, marked) = (keys_of("say", &everything), keys_of("html", &everything));
    let unknown: Vec<_> = said.union(&marked).filter(|key| !known.contains(*key)).collect();
    assert!(unknown.is_empty(), "asked for and nowhere: {unknown:?}");
    let tables = CATALOGUE.tables.iter().map(|table| table.shape.name).chain(["held"]);
    let tables: BTreeSet<String> = tables.map(|table| format!("table-{table}")).collect();
    let topics: BTreeSet<String> = portal::TOPICS.iter().map(|(_, key)| (*key).to_owned()).collect();
    let used = said.union(&marked).chain(&tables).chain(&topics);
    let used: BTreeSet<String> = used.cloned().collect();
    let unused: Vec<_> = known.difference(&used).collect();
    assert!(unused.is_empty(), "nobody asks for {unused:?}");
    let untranslated: Vec<_> = tables.difference(&known).collect();
    assert!(untranslated.is_empty(), "tables without words: {untranslated:?}");
    let untranslated: Vec<_> = topics.difference(&known).collect();
    assert!(untranslated.is_empty(), "topics without words: {untranslated:?}");
    assert!(known.len() > 200, "the scan has gone blind: {}", known.len());
}

#[test]
fn texts_with_elements_are_asked_for_as_such() {
    let everything = everything();
    let (said, marked) = (keys_of("say", &everything), keys_of("html", &everything));
    for (key, text) in messages(Language::English) {
        if text.contains('<') {
            assert!(!said.contains(&key), "{key} has elements that would be shown as text");
        } else {
            assert!(!marked.contains(&key), "{key} has no elements: say it");
        }
    }
}

#[test]
fn german_is_german_and_polite() {
    let (english, german) = (messages(Language::English), messages(Language::German));
    for (key, text) in &german {
        let letters: String = text.split(['{', '}']).step_by(2).collect();
        let words = letters.contains(char::is_alphabetic);
        assert!(
            !words || text != &english[key] || SAME.contains(&key.as_str()),
            "{key} is not translated: {text}"
        );
        let spaced = letters.replace(|character: char| !character.is_alphabetic(), " ");
        for word in spaced.split_whitespace() {
            let familiar = [
                "du", "dir", "dich", "dein", "deine", "deinen", "deiner", "deinem", "euch", "euer",
            ];
            assert!(!familiar.contains(&word.to_lowercase().as_str()), "{key} says {word}");
        }
    }
}

/// Texts between the elements of a template, and those of attributes that are read out.
fn prose(template: &str) -> Vec<String> {
    let mut bare = String::new();
    let mut rest = template;
    // Expressions become a mark that is no letter.
    while let Some(start) = rest.find(['{']) {
        let end = match rest[start..].chars().nth(1) {
            Some('{') => "}}",
            Some('%') => "%}",
            Some('#') => "#}",
            _ => {
                bare.push_str(&rest[..=start]);
                rest = &rest[start + 1..];
                continue;
            }
        };
        bare.push_str(&rest[..start]);
        bare.push('¤');
        let length = rest[start..].find(end).map_or(rest.len() - start, |length| length + 2);
        rest = &rest[start + length..];
    }
    bare.push_str(rest);
    let mut found = Vec::new();
    let mut outside = String::new();
    let mut rest = bare.as_str();
    while let Some(start) = rest.find('<') {
        outside.push_str(&rest[..start]);
        outside.push('\n');
        let end = rest[start..].find('>').map_or(rest.len(), |end| start + end + 1);
        let element = &rest[start..end];
        for attribute in ["aria-label", "title", "alt", "placeholder", "data-name", "data-label"] {
            let values = after(element, &format!(" {attribute}=\""), |character| character != '"');
            found.extend(values.into_iter().map(str::to_owned));
        }
        rest = &rest[end..];
        if element.starts_with("<style") {
            rest = &rest[rest.find("</style>").unwrap_or(0)..];
        }
    }
    outside.push_str(rest);
    found.extend(outside.lines().map(str::to_owned));
    found.retain(|text| text.contains(char::is_alphabetic));
    found
}

#[test]
fn no_template_has_words_of_its_own() {
    let templates = files(&folder("templates"), "html");
    assert!(templates.len() > 20, "the scan has gone blind");
    for (path, text) in templates {
        let prose = prose(&text);
        assert!(prose.is_empty(), "{path} has words of its own: {prose:?}");
        for mark in ["href=\"/", "action=\"/"] {
            for address in after(&text, mark, |character| character != '"') {
                assert!(
                    address.ends_with(".svg"),
                    "{path}: /{address} forgets the language: begin with {{{{ frame.at }}}}"
                );
            }
        }
    }
}

#[test]
fn words_in_a_template_would_be_noticed() {
    for offence in [
        "<p>Sign in</p>",
        "<p>{{ frame.say(\"x\") }} devices</p>",
        "{% if a %}yes{% endif %}",
        "<nav aria-label=\"Pages\">",
        "<svg><text x=\"1\">worker</text></svg>",
        "<td data-name=\"{{ x }} y\">",
    ] {
        assert!(!prose(offence).is_empty(), "{offence}");
    }
    for fine in [
        "<p class=\"lead\">{{ frame.say(\"x\") }} · {{ count }}%</p>",
        "{% if let Some(x) = y %}<a href=\"{{ frame.at }}/x\">{{ z }}</a>{% endif %}",
        "<style>body { color: red }</style>",
    ] {
        assert_eq!(prose(fine), Vec::<String>::new(), "{fine}");
    }
}

/// Literals that read like a sentence: two words and no markup.
fn sentences(code: &str) -> Vec<String> {
    let literals = code.split('"').skip(1).step_by(2);
    let sentence = |literal: &&str| {
        let words = literal
            .split(' ')
            .filter(|word| word.len() > 1 && word.chars().all(char::is_alphabetic));
        words.count() > 1 && !literal.contains(['<', '=', '\\', '/'])
    };
    literals.filter(sentence).map(str::to_owned).collect()
}

#[test]
fn no_page_and_no_picture_has_words_in_its_code() {
    // The export's file for programs is in one language, so that programs can read it.
    const FOR_PROGRAMS: [&str; 3] = ["candor export 1", "when you close your account", "by itself"];
    for (path, text) in files(&folder("src"), "rs") {
        let in_scope = [
            "/pages/",
            "/picture/",
            "failure.rs",
            "frame.rs",
            "form.rs",
            "refusal.rs",
            "words.rs",
            "export.rs",
        ];
        if !in_scope.iter().any(|part| path.contains(part)) || path.ends_with("well_known.rs") {
            continue;
        }
        // `concat!` and attributes hold no texts of a page.
        let code: Vec<String> = code(&text)
            .lines()
            .filter(|line| !line.trim_start().starts_with("#["))
            .map(str::to_owned)
            .collect();
        let code = code.join("\n").replace("\\\"", "'").replace("expect(\"", "expect(\"<");
        let mut found = sentences(&code);
        found.retain(|text| !FOR_PROGRAMS.contains(&text.as_str()));
        assert!(found.is_empty(), "{path} says {found:?}");
    }
    assert!(
        !sentences("let title = \"Your new device\";").is_empty(),
        "the scan has gone blind"
    );
}
