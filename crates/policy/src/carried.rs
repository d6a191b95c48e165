//! Which statement carries which clause.

use std::collections::BTreeMap;

use plan::{FieldId, Parts, Says};

use crate::clause::{ClauseId, expand};

/// The statements that carry each clause, as the file writes their beginning: `collect usage.day usage.bytes`.
pub fn carried(parts: &Parts) -> BTreeMap<ClauseId, Vec<String>> {
    let mut carried: BTreeMap<ClauseId, Vec<String>> = BTreeMap::new();
    for (statement, says) in statements(parts) {
        for clause in expand(says) {
            carried.entry(clause).or_default().push(statement.clone());
        }
    }
    for statements in carried.values_mut() {
        statements.sort();
        statements.dedup();
    }
    carried
}

/// Every statement's beginning and its clauses.
pub(crate) fn statements(parts: &Parts) -> Vec<(String, &Says)> {
    let mut all: Vec<(String, &Says)> = Vec::new();
    let headings = parts.heading_says.iter().map(|(node, says)| ((*node).to_owned(), says));
    all.extend(headings);
    all.extend(parts.promises.iter().map(|p| (format!("promise {}", p.name), &p.says)));
    all.extend(
        parts
            .collects
            .iter()
            .map(|c| (format!("collect {}", keys(&c.fields)), &c.says)),
    );
    all.extend(parts.processes.iter().map(|p| (format!("process {}", p.name), &p.says)));
    all.extend(
        parts
            .refuses
            .iter()
            .map(|r| (format!("refuse {}", keys(&r.fields)), &r.says)),
    );
    all.extend(parts.cookies.iter().map(|c| (format!("cookie {}", c.name), &c.says)));
    all.extend(
        parts
            .recipients
            .iter()
            .map(|r| (format!("recipient {}", r.name), &r.says)),
    );
    all.extend(
        parts
            .discloses
            .iter()
            .map(|d| (format!("disclose {}", d.grounds.join(" ")), &d.says)),
    );
    all.extend(parts.releases.iter().map(|r| (format!("release {}", r.name), &r.says)));
    all.extend(
        parts
            .nevers
            .iter()
            .map(|(never, says)| (format!("never {}", never.key()), says)),
    );
    all.extend(parts.sources.iter().map(|s| (format!("source {}", s.name), &s.says)));
    all.extend(parts.transfers.iter().map(|t| ("transfer".to_owned(), &t.says)));
    all.extend(parts.handovers.iter().map(|h| ("handover".to_owned(), &h.says)));
    all.extend(parts.notes.iter().map(|n| ("note".to_owned(), &n.says)));
    all
}

fn keys(fields: &[FieldId]) -> String {
    let keys: Vec<&str> = fields.iter().map(|field| field.key()).collect();
    keys.join(" ")
}
