//! Rules of the house that neither the compiler nor clippy can hold: each with its reason, and with a planted offence
//! that proves that it would be noticed.
//!
//! What clippy can hold is in the `clippy.toml` files: who may make a plan, where the real clock is, no iteration over
//! hash maps beside a tunnel, no unwrapping, no printing.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod tree;

use std::collections::{BTreeMap, BTreeSet};

use tree::{read, root, rust_files};

/// A rule about single lines of code.
struct Rule {
    name: &'static str,
    /// Files that it holds for (path from the root).
    holds_for: fn(&str) -> bool,
    /// What must not be there: any of these words.
    words: &'static [&'static str],
    /// Whether the tests below the code are free of it.
    tests_too: bool,
    reason: &'static str,
    /// A place and a line that offend.
    planted: (&'static str, &'static str),
}

const RULES: &[Rule] = &[
    Rule {
        name: "plans are made by the compiler",
        holds_for: |path| !path.starts_with("crates/policy/src/compile.rs") && !path.starts_with("crates/lab/"),
        words: &["Plan::assemble"],
        tests_too: true,
        reason: "a plan that did not pass the compiler's checks would mint permits that no policy declares",
        planted: ("crates/account/src/usage.rs", "let plan = Plan::assemble(parts);"),
    },
    Rule {
        name: "SQL is a constant of the program",
        holds_for: |path| !path.starts_with("crates/lab/"),
        words: &["AssertSqlSafe"],
        tests_too: true,
        reason: "a statement that is put together at run time is on no list",
        planted: ("crates/store/src/open.rs", "sqlx::query(sqlx::AssertSqlSafe(text))"),
    },
    Rule {
        name: "one place prints",
        // sys hands the parent's standard error to a worker, as a descriptor.
        holds_for: |path| {
            let excused = ["crates/candor/src/say.rs", "crates/sys/src/worker.rs"];
            in_sources(path) && !excused.contains(&path) && !path.starts_with("crates/lab/")
        },
        words: &[
            "println!",
            "print!",
            "eprintln!",
            "eprint!",
            "dbg!",
            "io::stdout",
            "io::stderr",
            "stdout()",
            "stderr()",
        ],
        tests_too: false,
        reason: "what the program prints goes through crates/candor/src/say.rs, where events are numbers",
        planted: (
            "crates/store/src/keys.rs",
            "    let _ = writeln!(std::io::stderr(), \"{value}\");",
        ),
    },
    Rule {
        name: "no lint is switched off where it matters",
        holds_for: |path| in_sources(path) && path != "crates/candor/src/say.rs" && !path.starts_with("crates/lab/"),
        words: &[
            "clippy::print_stdout",
            "clippy::print_stderr",
            "clippy::unwrap_used",
            "clippy::disallowed_methods",
            "clippy::disallowed_types",
        ],
        tests_too: false,
        reason: "an `allow` would undo what the clippy.toml files say",
        planted: ("crates/vpn/src/proto/index.rs", "#![allow(clippy::disallowed_methods)]"),
    },
    Rule {
        name: "libraries do not log",
        holds_for: |path| in_sources(path) && !path.starts_with("crates/lab/"),
        words: &["tracing::", "log::", "use tracing", "use log"],
        tests_too: false,
        reason: "a log line could quote a person; what happened is a plan::Event",
        planted: ("crates/portal/src/app.rs", "    tracing::info!(%email, \"joined\");"),
    },
    Rule {
        name: "the protocol has no input and no output",
        holds_for: |path| in_protocol(path) && !path.ends_with("/fuzzing.rs"),
        words: &[
            "std::fs",
            "std::io",
            "std::net::Tcp",
            "std::net::Udp",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "std::process",
            "std::env",
            "std::thread",
            "Instant::now",
            "SystemTime",
            "sys::",
            "static mut",
            "thread_local!",
            "rand::",
        ],
        tests_too: false,
        reason: "code that sees traffic is handed bytes, time and randomness, and has nowhere to put anything",
        planted: (
            "crates/vpn/src/proto/session.rs",
            "        std::fs::write(\"/tmp/seen\", packet)?;",
        ),
    },
    Rule {
        name: "a data plane opens nothing",
        holds_for: |path| path.starts_with("crates/vpn/src/"),
        words: &[
            "std::fs",
            "File::",
            "TcpStream",
            "TcpListener",
            "net::UdpSocket",
            "Command::new",
            "std::env",
        ],
        tests_too: false,
        reason: "descriptors are handed in by the parent; a worker has no file rights and starts nothing",
        planted: (
            "crates/vpn/src/driver/worker.rs",
            "    let seen = std::fs::File::create(path)?;",
        ),
    },
    Rule {
        name: "one part of a data plane opens connections",
        holds_for: |path| {
            let opens =
                path == "crates/vpn/src/driver/connector.rs" || path.starts_with("crates/vpn/src/driver/connector/");
            in_sources(path) && !opens && !path.starts_with("crates/sys/") && !path.starts_with("crates/lab/")
        },
        // Whether there are sockets for pings is asked elsewhere as well (`may_echo`).
        words: &[
            "outbound::Stream",
            "outbound::Loose",
            "outbound::{",
            "outbound::*",
            "outbound as",
        ],
        tests_too: true,
        reason: "who knows members' keys and addresses cannot connect anywhere; who connects is another process",
        planted: (
            "crates/vpn/src/driver/carrier.rs",
            "use sys::outbound::{Carries, Loose};",
        ),
    },
    Rule {
        name: "one file reads a data plane's wall clock",
        holds_for: |path| path.starts_with("crates/vpn/src/") && path != "crates/vpn/src/driver/clock.rs",
        words: &["SystemTime"],
        tests_too: true,
        reason: "the engine is handed time; what it does not know it cannot write down",
        planted: (
            "crates/vpn/src/driver/carrier.rs",
            "        let seen_at = SystemTime::now();",
        ),
    },
    Rule {
        name: "nothing unsafe outside sys",
        holds_for: |path| !path.starts_with("crates/sys/") && !path.starts_with("crates/lab/"),
        words: &["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"],
        tests_too: true,
        reason: "one crate is read for memory safety",
        planted: (
            "crates/vpn/src/driver/mod.rs",
            "    unsafe { libc::write(1, text.as_ptr().cast(), 1) };",
        ),
    },
    Rule {
        name: "nft rules do not log",
        holds_for: |path| path.starts_with("crates/sys/src/"),
        words: &[" log prefix", " log level", " log group", "nflog"],
        tests_too: false,
        reason: "a log statement would write members' addresses into the kernel's log",
        planted: (
            "crates/sys/src/nft.rs",
            "        \"iifname candor0 log prefix \\\"vpn\\\" accept\",",
        ),
    },
];

/// Files over the limit, and how long they may be at most. May only shrink.
const LONG_FILES: &[(&str, usize)] = &[];
/// Lines of a file, the tests below its code apart.
const FILE_LINES: usize = 700;

fn in_sources(path: &str) -> bool {
    path.split('/').nth(2) == Some("src")
}

/// The cores of data planes: `crates/X/src/proto/…`.
fn in_protocol(path: &str) -> bool {
    in_sources(path) && path.split('/').nth(3) == Some("proto") && !path.ends_with("_tests.rs")
}

/// The code of a file: comments are blanked, and the tests below it when `tests` is false. Line numbers stay.
fn code(text: &str, tests: bool) -> Vec<&str> {
    let mut lines = Vec::new();
    for line in text.lines() {
        if !tests && line.trim() == "#[cfg(test)]" {
            break;
        }
        let start = line.trim_start();
        lines.push(if start.starts_with("//") {
            ""
        } else {
            line.split(" // ").next().unwrap_or(line)
        });
    }
    lines
}

/// Whether a line has the word, standing by itself at its front.
fn has(line: &str, word: &str) -> bool {
    let starts_inside = |at: usize| {
        let before = line[..at].chars().next_back();
        word.starts_with(|first: char| first.is_alphanumeric())
            && before.is_some_and(|before| before.is_alphanumeric() || before == '_')
    };
    line.match_indices(word).any(|(at, _)| !starts_inside(at))
}

impl Rule {
    fn offences(&self, path: &str, text: &str) -> Vec<String> {
        if !(self.holds_for)(path) {
            return Vec::new();
        }
        let lines = code(text, self.tests_too);
        let offends = |line: &&str| self.words.iter().any(|word| has(line, word));
        let found = lines.iter().enumerate().filter(|(_, line)| offends(line));
        found
            .map(|(index, line)| format!("{path}:{}: {}", index + 1, line.trim()))
            .collect()
    }
}

#[test]
fn every_rule_holds() {
    let files = rust_files();
    let mut found = Vec::new();
    for rule in RULES {
        let offences: Vec<String> = files
            .iter()
            .flat_map(|(path, text)| rule.offences(path, text))
            .collect();
        if !offences.is_empty() {
            found.push(format!(
                "{} ({}):\n    {}",
                rule.name,
                rule.reason,
                offences.join("\n    ")
            ));
        }
    }
    assert!(
        found.is_empty(),
        "rules of the house are broken:\n  {}",
        found.join("\n  ")
    );
}

#[test]
fn every_rule_would_notice_an_offence() {
    for rule in RULES {
        let (path, line) = rule.planted;
        let text = format!("//! A file.\n\nfn main() {{\n{line}\n}}\n");
        assert_eq!(rule.offences(path, &text).len(), 1, "{}", rule.name);
        let comment = format!("//! A file.\n// {line}\n");
        assert_eq!(
            rule.offences(path, &comment).len(),
            0,
            "{}: a comment is no offence",
            rule.name
        );
    }
}

#[test]
fn unsafe_code_is_forbidden_by_every_shipped_crate_but_one() {
    for (path, text) in rust_files() {
        let is_root = path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs");
        if is_root && !path.starts_with("crates/sys/") && !path.starts_with("crates/lab/") {
            assert!(
                text.contains("#![forbid(unsafe_code)]"),
                "{path} does not say #![forbid(unsafe_code)]"
            );
        }
    }
    let sys = read("crates/sys/src/lib.rs");
    assert!(
        sys.contains("#![deny(clippy::undocumented_unsafe_blocks)]"),
        "unsafe blocks say why they are sound"
    );
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let allowed: BTreeMap<&str, usize> = LONG_FILES.iter().copied().collect();
    let mut found = Vec::new();
    for (path, text) in rust_files().iter().filter(|(path, _)| in_sources(path)) {
        let lines = code(text, false).len();
        match allowed.get(path.as_str()) {
            Some(limit) if lines > *limit => found.push(format!("{path} has {lines} lines, more than its {limit}")),
            Some(_) if lines <= FILE_LINES => found.push(format!("{path} is short enough: take it out of LONG_FILES")),
            None if lines > FILE_LINES => found.push(format!("{path} has {lines} lines; divide it")),
            _ => {}
        }
    }
    assert!(found.is_empty(), "files over {FILE_LINES} lines: {}", found.join(", "));
}

#[test]
fn every_fuzz_target_has_a_corpus_that_tests_replay() {
    let mut targets = 0;
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let home = entry.unwrap().path();
        let Ok(folder) = std::fs::read_dir(home.join("fuzz/fuzz_targets")) else {
            continue;
        };
        for target in folder {
            let target = target.unwrap().path();
            let name = target.file_stem().unwrap().to_str().unwrap();
            let corpus = std::fs::read_dir(home.join("fuzz/corpus").join(name)).map_or(0, Iterator::count);
            assert!(corpus > 0, "{} has no committed corpus", target.display());
            let replayed = std::fs::read_dir(home.join("tests")).unwrap().any(|test| {
                let text = std::fs::read_to_string(test.unwrap().path()).unwrap_or_default();
                text.contains("fuzz/corpus") && text.contains(name)
            });
            assert!(replayed, "no test of {} replays the corpus of {name}", home.display());
            targets += 1;
        }
    }
    assert!(targets > 0, "there are fuzz targets");
}

/// The keys of `candor.toml` as crates/candor/src/config.rs reads them: `section.key`.
fn keys_in_code(source: &str) -> BTreeSet<String> {
    let sections = [
        ("Config", ""),
        ("Store", "store."),
        ("Site", "site."),
        ("Vpn", "vpn."),
        ("Members", "members."),
        ("TariffEntry", "tariff."),
    ];
    let mut keys = BTreeSet::new();
    for (name, section) in sections {
        let start = source
            .find(&format!("struct {name} {{"))
            .unwrap_or_else(|| panic!("config.rs has no struct {name}"));
        let body = &source[start..];
        for line in body[..body.find("\n}").unwrap()].lines().skip(1).map(str::trim) {
            if line.starts_with("//") || line.starts_with('#') {
                continue;
            }
            let key = line.split(':').next().unwrap().trim_start_matches("pub(crate) ").trim();
            // The fields that hold the sections themselves.
            if !(section.is_empty() && ["store", "site", "vpn", "members", "tariffs"].contains(&key)) {
                keys.insert(format!("{section}{key}"));
            }
        }
    }
    keys
}

/// The keys that docs/configuration.md describes: the first column of each section's table.
fn keys_in_text(text: &str) -> BTreeSet<String> {
    let (mut keys, mut section) = (BTreeSet::new(), String::new());
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let name = heading.trim_matches(['`', '[', ']']);
            section = if heading.starts_with("`[") {
                format!("{name}.")
            } else {
                String::new()
            };
        } else if let Some(row) = line.strip_prefix("| `") {
            keys.insert(format!("{section}{}", row.split('`').next().unwrap()));
        }
    }
    keys
}

#[test]
fn every_key_of_the_configuration_is_documented() {
    let code = keys_in_code(&read("crates/candor/src/config.rs"));
    let text = keys_in_text(&read("docs/configuration.md"));
    assert!(code.len() > 10, "the keys are found: {code:?}");
    assert_eq!(
        code, text,
        "keys in crates/candor/src/config.rs (left) and docs/configuration.md (right)"
    );
}

#[test]
fn an_undocumented_key_is_noticed() {
    let code = keys_in_code(
        "struct Config {\n    data: PathBuf,\n    site: Site,\n}\nstruct Store {\n}\nstruct Site {\n    /// A port.\n    pub(crate) port: u16,\n}\nstruct Vpn {\n}\nstruct Members {\n}\nstruct TariffEntry {\n}\n",
    );
    assert_eq!(code.into_iter().collect::<Vec<_>>(), ["data", "site.port"]);
    assert_eq!(
        keys_in_text("## The file\n| `data` | x |\n## `[site]`\n| `name` | y |\n").len(),
        2
    );
}

/// Documents that speak of the code.
const DOCUMENTS: [&str; 5] = [
    "README.md",
    "ARCHITECTURE.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "docs/configuration.md",
];

/// Paths that a document names: targets of links, and words in backticks that begin like a folder of ours.
fn paths_in(text: &str) -> Vec<String> {
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let links = links.filter(|link| !link.contains("://") && !link.starts_with('#'));
    let words = text
        .lines()
        .filter(|line| !line.starts_with("```"))
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    let ours = ["crates/", "policies/", "docs/", "e2e/", ".config/", ".ci/"];
    let words = words.filter(|word| !word.contains(' ') && ours.iter().any(|folder| word.starts_with(folder)));
    links.chain(words).map(str::to_owned).collect()
}

#[test]
fn every_path_that_a_document_names_exists() {
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        let home = root().join(document);
        for path in paths_in(&read(document)) {
            if !root().join(&path).exists() && !home.parent().unwrap().join(&path).exists() {
                missing.push(format!("{document} names {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// Quotations of code: blocks whose first line is a comment with the file's path.
fn quotations(text: &str) -> Vec<(String, Vec<String>)> {
    let blocks = text
        .split("```rust\n// ")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or(rest));
    let quotation = |block: &str| {
        let (path, code) = block.split_once('\n').unwrap();
        (
            path.trim().to_owned(),
            code.lines()
                .map(str::to_owned)
                .filter(|line| !line.is_empty())
                .collect(),
        )
    };
    blocks.map(quotation).collect()
}

fn quotes(source: &str, lines: &[String]) -> bool {
    let source: Vec<&str> = source.lines().collect();
    source
        .windows(lines.len())
        .any(|window| window.iter().zip(lines).all(|(a, b)| a.trim() == b.trim()))
}

#[test]
fn every_quotation_of_code_is_one() {
    let mut count = 0;
    for (path, lines) in DOCUMENTS.iter().flat_map(|document| quotations(&read(document))) {
        assert!(
            quotes(&read(&path), &lines),
            "{path} does not have these lines any more:\n{}",
            lines.join("\n")
        );
        count += 1;
    }
    assert!(count > 3, "ARCHITECTURE.md quotes code");
}

#[test]
fn every_test_that_architecture_md_names_exists() {
    let text = read("ARCHITECTURE.md");
    let words = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let is_sentence = |word: &&str| {
        word.matches('_').count() >= 4
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
    };
    let tests: BTreeSet<&str> = words.filter(is_sentence).collect();
    assert!(tests.len() > 4, "tests are named: {tests:?}");
    let files = rust_files();
    for test in tests {
        let head = format!("fn {test}(");
        assert!(
            files.iter().any(|(_, text)| text.contains(&head)),
            "there is no test {test}"
        );
    }
}

#[test]
fn a_wrong_path_and_a_wrong_quotation_are_noticed() {
    assert_eq!(
        paths_in("see [x](docs/no.md), `crates/vpn` and `cargo run`"),
        ["docs/no.md", "crates/vpn"]
    );
    let text = "```rust\n// a.rs\nlet x = 1;\nlet y = 2;\n```\n";
    let [(path, lines)] = &quotations(text)[..] else {
        panic!("one quotation")
    };
    assert_eq!(path, "a.rs");
    assert!(quotes("fn main() {\n    let x = 1;\n    let y = 2;\n}\n", lines));
    assert!(!quotes("fn main() {\n    let x = 1;\n    let y = 3;\n}\n", lines));
}
