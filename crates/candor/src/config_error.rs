//! What is wrong with `candor.toml`: the file, the line, the key, why, and what to write instead.

use std::fmt;
use std::path::Path;

use crate::databases::without_passwords;

/// (section, key, what to write). Every key of the configuration is here; a test compares with docs/configuration.md.
const KEYS: &[(&str, &str, &str)] = &[
    ("", "data", "a folder, in quotation marks: data = \"/var/lib/candor\""),
    (
        "",
        "policy",
        "a file, in quotation marks: policy = \"/etc/candor/policy.kdl\"",
    ),
    (
        "",
        "user",
        "a user's name or number, in quotation marks: user = \"candor\"",
    ),
    (
        "store",
        "url",
        "a database, in quotation marks: url = \"postgres:///candor?host=/run/postgresql&user=candor\"",
    ),
    (
        "store",
        "keys_url",
        "a database of its own, in quotation marks: keys_url = \"postgres:///candor_keys?host=/run/postgresql&user=candor\"",
    ),
    (
        "store",
        "password_file",
        "a file, in quotation marks: password_file = \"/etc/candor/database-password\"",
    ),
    ("site", "local_port", "a port from 1 to 65535: local_port = 8080"),
    (
        "site",
        "tls",
        "an address with a port, in quotation marks: tls = \"[::]:8443\"",
    ),
    (
        "site",
        "names",
        "host names or addresses in a list, without https:// and port: names = [\"vpn.example.org\"]",
    ),
    (
        "site",
        "certificate",
        "a file, in quotation marks: certificate = \"/etc/candor/fullchain.pem\"",
    ),
    (
        "site",
        "key",
        "a file, in quotation marks: key = \"/etc/candor/key.pem\"",
    ),
    (
        "vpn",
        "enabled",
        "true or false, without quotation marks: enabled = true",
    ),
    ("vpn", "port", "a UDP port from 1 to 65535: port = 51820"),
    (
        "vpn",
        "endpoint",
        "a host name or address, without a port: endpoint = \"vpn.example.org\"",
    ),
    (
        "vpn",
        "interface",
        "a name of 1 to 15 letters, digits, - or _: interface = \"candor0\"",
    ),
    (
        "vpn",
        "dns",
        "addresses in a list: dns = [\"9.9.9.9\", \"2620:fe::fe\"]",
    ),
    ("vpn", "mtu", "a number of bytes from 1280 to 1500: mtu = 1420"),
    ("vpn", "path", "auto, kernel or user: path = \"auto\""),
    ("vpn", "lan", "networks in a list: lan = [\"192.168.7.0/24\"]"),
    ("tariff", "name", "a name, in quotation marks: name = \"family\""),
    (
        "tariff",
        "quota_gib",
        "a number of GiB above 0, or no line for no limit: quota_gib = 10",
    ),
    ("tariff", "devices", "a number of devices from 1: devices = 10"),
    (
        "tariff",
        "days",
        "a number of days from 1 to 3650, or no line for no end: days = 30",
    ),
    (
        "members",
        "joining",
        "open or by-invitation: joining = \"by-invitation\"",
    ),
];

/// A value that has the right type and makes no sense.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wrong {
    /// `site`, or nothing for the keys above every section.
    pub(crate) section: &'static str,
    /// Which of several sections of this name, from 0.
    pub(crate) nth: usize,
    /// The key.
    pub(crate) key: &'static str,
    /// Why it makes no sense.
    pub(crate) why: String,
}

impl Wrong {
    pub(crate) fn new(section: &'static str, key: &'static str, why: impl Into<String>) -> Self {
        Self {
            section,
            nth: 0,
            key,
            why: why.into(),
        }
    }

    /// With its place in the file.
    pub(crate) fn in_file(&self, file: &Path, text: &str) -> anyhow::Error {
        let line = line_of(text, self).map_or(String::new(), |line| format!(" at line {line}"));
        anyhow::anyhow!("the configuration {} is wrong{line}: {self}", file.display())
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", place(self.section, self.key), self.why)?;
        match advice(self.section, self.key) {
            Some(advice) => write!(f, "\n  write {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Wrong {}

/// What the TOML reader found, with the key that it found it at and what to write.
pub(crate) fn explain(file: &Path, text: &str, error: &toml::de::Error) -> anyhow::Error {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text[..start].matches('\n').count() + 1;
    let before: Vec<&str> = text.lines().take(line).collect();
    let section = before
        .iter()
        .rev()
        .find_map(|line| section_of(line))
        .unwrap_or_default();
    let until_section = before.iter().rev().take_while(|line| section_of(line).is_none());
    let key = until_section.filter_map(|line| key_of(line)).next().unwrap_or_default();
    let named = match advice(section, key) {
        Some(_) => format!("{}: ", place(section, key)),
        None => String::new(),
    };
    let message = error.message();
    let missing = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'));
    let advice = match (missing, advice(section, missing.unwrap_or(key))) {
        (Some(missing), Some(advice)) => format!("\n  add the line `{missing}`: {advice}"),
        (None, Some(advice)) if !message.starts_with("unknown field") => format!("\n  write {advice}"),
        _ => String::new(),
    };
    // The line may carry a password.
    let shown = without_passwords(text.lines().nth(line - 1).unwrap_or_default());
    anyhow::anyhow!(
        "the configuration {} is wrong at line {line}: {named}{message}\n  {line} | {shown}{advice}",
        file.display()
    )
}

fn advice(section: &str, key: &str) -> Option<&'static str> {
    let found = KEYS.iter().find(|(of, name, _)| (*of, *name) == (section, key));
    found.map(|(_, _, advice)| *advice)
}

fn place(section: &str, key: &str) -> String {
    match section {
        "" => format!("`{key}`"),
        "tariff" => format!("`{key}` under [[tariff]]"),
        section => format!("`{key}` under [{section}]"),
    }
}

/// `vpn` of `[vpn]`, `tariff` of `[[tariff]]`.
fn section_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if !line.starts_with('[') || line.contains('=') {
        return None;
    }
    line.trim_start_matches('[').split(']').next().map(str::trim)
}

fn key_of(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim().trim_matches('"');
    (!key.is_empty() && !key.starts_with('#')).then_some(key)
}

fn line_of(text: &str, wrong: &Wrong) -> Option<usize> {
    let mut section = "";
    let mut seen = 0;
    for (index, line) in text.lines().enumerate() {
        if let Some(found) = section_of(line) {
            section = found;
            seen += usize::from(section == wrong.section);
        } else if section == wrong.section && key_of(line) == Some(wrong.key) && seen.saturating_sub(1) == wrong.nth {
            return Some(index + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_key_says_what_to_write() {
        let document = include_str!("../../../docs/configuration.md");
        let mut section = "";
        let mut keys = 0;
        for line in document.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                section = heading.trim_matches(['`', '[', ']']);
                if section == "The whole file" {
                    section = "";
                }
            }
            let Some(key) = line.strip_prefix("| `").and_then(|rest| rest.split('`').next()) else {
                continue;
            };
            keys += 1;
            assert!(advice(section, key).is_some(), "[{section}] {key} has no advice");
        }
        assert_eq!(keys, KEYS.len(), "a key that is not documented has advice");
    }

    #[test]
    fn a_value_without_sense_is_found_at_its_line() {
        let text = "[[tariff]]\nname = \"a\"\n[[tariff]]\n# name\nname = \"a\"\n";
        let mut wrong = Wrong::new("tariff", "name", "twice");
        assert_eq!(line_of(text, &wrong), Some(2));
        wrong.nth = 1;
        assert_eq!(line_of(text, &wrong), Some(5));
    }
}
