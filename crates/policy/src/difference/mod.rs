//! What changes between two policies, for the people concerned.
//!
//! A policy is a finite set of tuples, so the difference is exact: every tuple that only one of the two has is carried
//! by at least one [`Change`]. A change that lets more be done with people's data is *wider*, and people must be told of
//! it; one that lets less be done is *narrower*; what is neither is told when it matters to somebody (another operator,
//! another country) and is otherwise only said differently.
//!
//! ```text
//!   old plan ─┐                       ┌─ text: what members must be told, what becomes stricter, the rest
//!             ├─ tuples ─▶ changes ───┤
//!   new plan ─┘                       └─ JSON: the same with the tuples that come and go
//! ```

mod bounds;
mod datum;
mod heading;
mod outsiders;
mod side;
mod told;
mod what;

use std::collections::BTreeSet;

use plan::{Changes, Digest, Language, Tuple};

use crate::compile::Compiled;
use crate::tongue::tongue;
use side::Pair;
pub use told::{difference_json, difference_text};
pub(crate) use what::{Bound, Datum, Outsider, Rule, Sort, What};

/// Whether a change lets more or less be done with people's data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    /// More may be done, for longer, by more; or a right becomes weaker.
    Wider,
    /// Neither more nor less.
    Level,
    /// Less may be done, for a shorter time, by fewer; or a right becomes stronger.
    Narrower,
}

impl Direction {
    /// The direction of the same change, backwards.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Wider => Self::Narrower,
            Self::Level => Self::Level,
            Self::Narrower => Self::Wider,
        }
    }

    /// The word that JSON uses.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Wider => "wider",
            Self::Level => "level",
            Self::Narrower => "narrower",
        }
    }
}

/// One change, with the tuples that it is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    what: What,
    /// The tuples that the old policy has and the new one has not.
    pub removed: BTreeSet<Tuple>,
    /// The tuples that the new policy has and the old one has not.
    pub added: BTreeSet<Tuple>,
}

impl Change {
    /// Whether it lets more or less be done.
    pub fn direction(&self) -> Direction {
        self.what.direction()
    }

    /// Whether people must be told of it.
    pub fn is_significant(&self) -> bool {
        match self.direction() {
            Direction::Wider => true,
            Direction::Level => self.what.matters(),
            Direction::Narrower => false,
        }
    }

    /// What kind of change it is, in the words of the JSON: `new-field`, `longer-keep`.
    pub fn kind(&self) -> String {
        self.what.kind()
    }

    /// How it is spoken of.
    pub(crate) const fn sort(&self) -> Sort {
        self.what.sort()
    }

    /// What changes for a member, in one or two sentences.
    pub fn words(&self, language: Language) -> String {
        tongue(language).change(&self.what)
    }
}

/// What two policies differ in, as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The two files state the same in the same words.
    Same,
    /// They state the same facts; names, versions, dates, notes or clauses differ.
    Wording,
    /// They state different facts, and none that people must be told of.
    Insignificant,
    /// People must be told.
    Significant,
}

impl Verdict {
    /// The word that JSON uses.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Wording => "wording",
            Self::Insignificant => "insignificant",
            Self::Significant => "significant",
        }
    }
}

/// A policy as the difference names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// The file.
    pub file: String,
    /// What the policy is called.
    pub policy: String,
    /// Its version, as the operator counts.
    pub version: String,
    /// The digest of what it states.
    pub digest: Digest,
}

impl Named {
    fn of(compiled: &Compiled) -> Self {
        let parts = compiled.plan().parts();
        Self {
            file: compiled.file_name().to_owned(),
            policy: parts.name.clone(),
            version: parts.version.clone(),
            digest: compiled.plan().digest(),
        }
    }
}

/// What changes from one policy to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The policy in force.
    pub old: Named,
    /// The policy that is to follow.
    pub new: Named,
    /// How the policy in force lets itself be changed.
    pub rule: Changes,
    same_text: bool,
    changes: Vec<Change>,
}

impl Difference {
    /// The changes: wider ones first, then level ones, then narrower ones.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What the two differ in, as a whole.
    pub fn verdict(&self) -> Verdict {
        let significant = self.changes.iter().any(Change::is_significant);
        match (significant, self.changes.is_empty(), self.same_text) {
            (true, ..) => Verdict::Significant,
            (false, false, _) => Verdict::Insignificant,
            (false, true, true) => Verdict::Same,
            (false, true, false) => Verdict::Wording,
        }
    }
}

/// What changes from `old` to `new`.
pub fn difference(old: &Compiled, new: &Compiled) -> Difference {
    let pair = Pair::of(old.plan().tuple_set(), new.plan().tuple_set());
    let mut changes = Vec::new();
    datum::changes(&pair, &mut changes);
    bounds::changes(&pair, &mut changes);
    outsiders::changes(&pair, &mut changes);
    heading::changes(&pair, &mut changes);
    rest(&pair, &mut changes);
    changes.sort_by(|a, b| (a.direction(), &a.what).cmp(&(b.direction(), &b.what)));
    Difference {
        old: Named::of(old),
        new: Named::of(new),
        rule: old.plan().parts().changes,
        same_text: old.source() == new.source(),
        changes,
    }
}

/// What no change above carries: the same said in other statements, which have other names.
fn rest(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let told = |tuples: fn(&Change) -> &BTreeSet<Tuple>| -> BTreeSet<Tuple> {
        changes
            .iter()
            .flat_map(|change| tuples(change).iter().cloned())
            .collect()
    };
    let (removed, added) = (told(|change| &change.removed), told(|change| &change.added));
    let removed: BTreeSet<Tuple> = pair
        .removed()
        .filter(|tuple| !removed.contains(*tuple))
        .cloned()
        .collect();
    let added: BTreeSet<Tuple> = pair.added().filter(|tuple| !added.contains(*tuple)).cloned().collect();
    if removed.is_empty() && added.is_empty() {
        return;
    }
    let kinds = removed.iter().chain(&added).map(|tuple| tuple.kind().to_owned());
    changes.push(Change {
        what: What::Rule(Rule::Arrangement(kinds.collect())),
        removed,
        added,
    });
}
