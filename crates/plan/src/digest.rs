//! The canonical form of a plan and its digest.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::compiled::{Collect, Keep, Parts, Upkeep};
use crate::{FieldId, PurposeId};

/// SHA-256 of a plan's canonical tuples.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Digest([u8; 32]);

impl Digest {
    /// From the 32 bytes of a SHA-256.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why a text is not a digest: it must be 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseDigestError;

impl fmt::Display for ParseDigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a digest is 64 hexadecimal digits")
    }
}

impl std::error::Error for ParseDigestError {}

impl FromStr for Digest {
    type Err = ParseDigestError;
    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ParseDigestError);
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| ParseDigestError)?;
        }
        Ok(Self(bytes))
    }
}

/// One fact that a policy states: its kind and its values, in a fixed order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Tuple(Vec<String>);

impl Tuple {
    /// What the fact is about: `collect`, `promise`, `recipient`…
    pub fn kind(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }
    /// What it says, in the order of its kind.
    pub fn values(&self) -> &[String] {
        self.0.get(1..).unwrap_or_default()
    }
    /// The tuple as RFC 8785 (JSON Canonicalization Scheme) prints an array of strings.
    pub fn to_json(&self) -> String {
        let mut json = String::from("[");
        for (index, value) in self.0.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            push_json_string(&mut json, value);
        }
        json.push(']');
        json
    }
}

fn push_json_string(json: &mut String, value: &str) {
    json.push('"');
    for character in value.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            control if control < ' ' => json.push_str(&format!("\\u{:04x}", control as u32)),
            other => json.push(other),
        }
    }
    json.push('"');
}

pub(crate) fn digest(tuples: &BTreeSet<Tuple>) -> Digest {
    let mut hasher = Sha256::new();
    for tuple in tuples {
        hasher.update(tuple.to_json().as_bytes());
        hasher.update(b"\n");
    }
    Digest(hasher.finalize().into())
}

/// The facts of a policy. A node that names several fields, surfaces or purposes states one fact for each
/// combination, so that splitting or merging nodes changes nothing.
pub(crate) fn tuples(parts: &Parts) -> BTreeSet<Tuple> {
    let mut set = Facts::default();
    set.add(
        "controller",
        [parts.controller.name.clone(), parts.controller.contact.clone()],
    );
    parts
        .surfaces
        .iter()
        .for_each(|surface| set.add("surface", [surface.key().into()]));
    set.add(
        "audience",
        [parts.audience.min_age.map_or("any".into(), |age| age.to_string())],
    );
    set.add(
        "rights",
        [
            parts.rights.within_seconds.to_string(),
            parts.rights.correct.to_string(),
        ],
    );
    set.add(
        "changes",
        [
            parts.changes.effective.key().into(),
            parts.changes.notice_days.to_string(),
        ],
    );
    parts
        .changes
        .by
        .iter()
        .for_each(|by| set.add("changes-by", [by.key().into()]));
    for promise in &parts.promises {
        for field in &promise.never {
            set.add(
                "promise",
                [promise.name.clone(), promise.surface.key().into(), field.key().into()],
            );
        }
        for exception in &promise.except {
            set.add(
                "promise-except",
                [promise.name.clone(), promise.surface.key().into(), exception.clone()],
            );
        }
    }
    parts
        .collects
        .iter()
        .for_each(|collect| collect_facts(&mut set, collect));
    for process in &parts.processes {
        let (name, surface, ttl) = (&process.name, process.surface.key(), process.ttl_seconds.to_string());
        for (field, purpose) in pairs(&process.fields, &process.purposes) {
            set.add("process", [name.clone(), surface.into(), field, purpose, ttl.clone()]);
        }
        process
            .emit
            .iter()
            .for_each(|field| set.add("process-emits", [name.clone(), field.key().into()]));
    }
    parts
        .refuses
        .iter()
        .flat_map(|refuse| &refuse.fields)
        .for_each(|field| set.add("refuse", [field.key().into()]));
    for cookie in &parts.cookies {
        for purpose in &cookie.purposes {
            let words = [
                cookie.name.clone(),
                cookie.surface.key().into(),
                cookie.life.key().into(),
            ];
            set.add("cookie", words.into_iter().chain([purpose.key().into()]));
        }
    }
    outsiders(&mut set, parts);
    set.0
}

fn collect_facts(set: &mut Facts, collect: &Collect) {
    for field in &collect.fields {
        for surface in &collect.surfaces {
            for (purpose, choice) in &collect.purposes {
                set.add(
                    "collect",
                    [
                        field.key().into(),
                        surface.key().into(),
                        purpose.key().into(),
                        choice.key().into(),
                        collect.basis.key().into(),
                        collect.keep.key(),
                        collect.grain.map_or("-", crate::Grain::key).into(),
                        if collect.required { "required" } else { "optional" }.into(),
                        collect.when.clone().unwrap_or_else(|| "-".into()),
                        collect.capability.clone().unwrap_or_else(|| "-".into()),
                    ],
                );
            }
        }
    }
}

fn outsiders(set: &mut Facts, parts: &Parts) {
    for recipient in &parts.recipients {
        let or_dash = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
        set.add(
            "recipient",
            [
                recipient.name.clone(),
                recipient.class.key().into(),
                or_dash(&recipient.country),
                or_dash(&recipient.agreement),
                recipient.enabled.to_string(),
                recipient.cross_site.to_string(),
            ],
        );
        for (field, purpose) in pairs(&recipient.gets, &recipient.purposes) {
            set.add("recipient-gets", [recipient.name.clone(), field, purpose]);
        }
    }
    for disclose in &parts.discloses {
        for ground in &disclose.grounds {
            set.add(
                "disclose",
                [
                    ground.clone(),
                    disclose.approvals.to_string(),
                    disclose.tell_subject.to_string(),
                ],
            );
        }
    }
    for release in &parts.releases {
        for (field, purpose) in pairs(&release.fields, &release.purposes) {
            set.add("release", [release.name.clone(), release.k.to_string(), field, purpose]);
        }
    }
    parts
        .nevers
        .iter()
        .for_each(|(never, _)| set.add("never", [never.key().into()]));
    for source in &parts.sources {
        source
            .fields
            .iter()
            .for_each(|field| set.add("source", [source.name.clone(), field.key().into()]));
    }
    for transfer in &parts.transfers {
        transfer
            .nodes
            .iter()
            .for_each(|country| set.add("transfer-node", [country.clone()]));
        transfer
            .processing
            .iter()
            .for_each(|country| set.add("transfer-processing", [country.clone()]));
    }
    parts
        .handovers
        .iter()
        .for_each(|handover| set.add("handover", [handover.notice_days.to_string()]));
}

fn pairs(fields: &[FieldId], purposes: &[PurposeId]) -> Vec<(String, String)> {
    fields
        .iter()
        .flat_map(|field| {
            purposes
                .iter()
                .map(|purpose| (field.key().into(), purpose.key().into()))
        })
        .collect()
}

impl Keep {
    /// The keep as a tuple writes it: length, event, and what is added after the event.
    fn key(self) -> String {
        let length = self.seconds.map_or("-".into(), |seconds| format!("{seconds}s"));
        let until = self.until.map_or("-", crate::Until::key);
        let plus = match self.plus {
            None => "-".into(),
            Some(Upkeep::Seconds(seconds)) => format!("{seconds}s"),
            Some(Upkeep::TaxLaw) => "tax-law".into(),
        };
        format!("{length} {until} {plus}")
    }

    /// The keep that a tuple writes as `key`.
    pub fn from_key(key: &str) -> Option<Self> {
        let seconds = |text: &str| text.strip_suffix('s')?.parse::<i64>().ok();
        let mut words = key.split(' ');
        let (length, until, plus) = (words.next()?, words.next()?, words.next()?);
        Some(Self {
            seconds: match length {
                "-" => None,
                length => Some(seconds(length)?),
            },
            until: match until {
                "-" => None,
                until => Some(crate::Until::from_key(until)?),
            },
            plus: match plus {
                "-" => None,
                "tax-law" => Some(Upkeep::TaxLaw),
                plus => Some(Upkeep::Seconds(seconds(plus)?)),
            },
        })
    }
}

#[derive(Default)]
struct Facts(BTreeSet<Tuple>);

impl Facts {
    fn add(&mut self, kind: &str, values: impl IntoIterator<Item = String>) {
        self.0
            .insert(Tuple(std::iter::once(kind.into()).chain(values).collect()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tuple_prints_as_canonical_json() {
        let tuple = Tuple(vec!["note".into(), "a \"quote\"\u{1}\n\\ ü".into()]);
        assert_eq!(tuple.to_json(), "[\"note\",\"a \\\"quote\\\"\\u0001\\n\\\\ ü\"]");
    }

    #[test]
    fn a_keep_survives_writing_and_reading() {
        let lengths = [None, Some(60), Some(86_400)];
        let untils = [None].into_iter().chain(crate::Until::ALL.iter().copied().map(Some));
        let pluses = [None, Some(Upkeep::Seconds(30)), Some(Upkeep::TaxLaw)];
        for until in untils {
            for (seconds, plus) in lengths.into_iter().flat_map(|length| pluses.map(|plus| (length, plus))) {
                let keep = Keep { seconds, until, plus };
                assert_eq!(Keep::from_key(&keep.key()), Some(keep));
            }
        }
        for other in ["", "60s", "60s - ", "60 - -", "- never -", "- - 5"] {
            assert_eq!(Keep::from_key(other), None, "{other}");
        }
    }

    #[test]
    fn a_digest_survives_printing_and_reading() {
        let digest = digest(&BTreeSet::new());
        assert_eq!(
            digest.to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!("xyz".parse::<Digest>(), Err(ParseDigestError));
    }
}
