//! The closed list of changes.
//!
//! `comes` tells which way a change goes: what comes is in the new policy alone, what does not come goes. A change from
//! one value to another has both.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use plan::{
    Basis, Choice, Effective, FieldId, Grain, Keep, Never, PurposeId, RecipientClass, Surface, Telling, Upkeep,
};

use super::Direction;

type Set<T> = BTreeSet<T>;

/// What changes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum What {
    Datum(Datum),
    Bound(Bound),
    Outsider(Outsider),
    Rule(Rule),
}

/// Changes of what is kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Datum {
    /// A datum that the other policy does not keep at all.
    Field {
        comes: bool,
        fields: Set<FieldId>,
        surfaces: Set<Surface>,
        purposes: Set<(PurposeId, Choice)>,
        keeps: Set<Keep>,
        /// The capability that alone may collect it.
        capability: Option<String>,
    },
    /// A purpose that the datum does not have in the other policy.
    Purpose {
        comes: bool,
        fields: Set<FieldId>,
        purpose: PurposeId,
        choice: Choice,
    },
    /// A place, or a moment, where the datum is not met for this purpose in the other policy.
    Place {
        comes: bool,
        fields: Set<FieldId>,
        surfaces: Set<Surface>,
        purpose: PurposeId,
    },
    Keep {
        fields: Set<FieldId>,
        from: Keep,
        to: Keep,
    },
    /// The say that a person has.
    Say {
        fields: Set<FieldId>,
        purpose: PurposeId,
        from: Choice,
        to: Choice,
    },
    Basis {
        fields: Set<FieldId>,
        from: Basis,
        to: Basis,
    },
    Grain {
        fields: Set<FieldId>,
        from: Option<Grain>,
        to: Option<Grain>,
    },
    Required {
        fields: Set<FieldId>,
        to: bool,
    },
    Moment {
        fields: Set<FieldId>,
        from: Option<String>,
        to: Option<String>,
    },
}

/// Changes of promises, of work in memory and of cookies.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Bound {
    Promise {
        comes: bool,
        surface: Surface,
        fields: Set<FieldId>,
    },
    Except {
        comes: bool,
        surface: Surface,
        exception: String,
        fields: Set<FieldId>,
    },
    Refuse {
        comes: bool,
        fields: Set<FieldId>,
    },
    Never {
        comes: bool,
        never: Never,
    },
    Look {
        comes: bool,
        surface: Surface,
        purpose: PurposeId,
        fields: Set<FieldId>,
    },
    Memory {
        surface: Surface,
        fields: Set<FieldId>,
        from_seconds: i64,
        to_seconds: i64,
    },
    Count {
        comes: bool,
        fields: Set<FieldId>,
    },
    Cookie {
        comes: bool,
        /// Whether the other policy has no cookie of this name.
        whole: bool,
        name: String,
        surface: Surface,
        purposes: Set<PurposeId>,
    },
}

/// Changes of who else gets something.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Outsider {
    Recipient {
        comes: bool,
        name: String,
        class: RecipientClass,
        country: Option<String>,
        fields: Set<FieldId>,
        purposes: Set<PurposeId>,
    },
    Gets {
        comes: bool,
        name: String,
        purpose: PurposeId,
        fields: Set<FieldId>,
    },
    Class {
        name: String,
        from: RecipientClass,
        to: RecipientClass,
    },
    Country {
        name: String,
        from: Option<String>,
        to: Option<String>,
    },
    Ground {
        comes: bool,
        ground: String,
    },
    Approvals {
        ground: String,
        from: u8,
        to: u8,
    },
    Tell {
        ground: String,
        to: bool,
    },
    Figures {
        comes: bool,
        purpose: PurposeId,
        fields: Set<FieldId>,
    },
    People {
        fields: Set<FieldId>,
        from: u32,
        to: u32,
    },
    Source {
        comes: bool,
        name: String,
        fields: Set<FieldId>,
    },
    /// Countries that traffic may go through, where both policies name some.
    Nodes {
        comes: bool,
        countries: Set<String>,
    },
    /// Whether it is said at all through which countries traffic goes.
    NodesSaid {
        comes: bool,
        countries: Set<String>,
    },
    Processing {
        from: Option<String>,
        to: Option<String>,
    },
    Handover {
        comes: bool,
        notice_days: u16,
    },
    HandoverNotice {
        from_days: u16,
        to_days: u16,
    },
}

/// Changes of rights and of the policy's own rules.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Rule {
    Audience {
        from: Option<u8>,
        to: Option<u8>,
    },
    Within {
        from_seconds: i64,
        to_seconds: i64,
    },
    Correct {
        to: bool,
    },
    Effective {
        from: Effective,
        to: Effective,
        from_days: u16,
        to_days: u16,
    },
    /// How people are told of a later change.
    Told {
        comes: bool,
        way: Telling,
    },
    Controller {
        from: String,
        to: String,
    },
    Contact {
        from: String,
        to: String,
    },
    Scope {
        comes: bool,
        surfaces: Set<Surface>,
    },
    /// A recipient that gets nothing is described differently.
    SwitchedOff {
        name: String,
    },
    /// The same, in other statements: kinds of tuples.
    Arrangement(Set<String>),
}

impl What {
    pub(super) fn direction(&self) -> Direction {
        match self {
            Self::Datum(datum) => datum.direction(),
            Self::Bound(bound) => bound.direction(),
            Self::Outsider(outsider) => outsider.direction(),
            Self::Rule(rule) => rule.direction(),
        }
    }

    /// Whether a change that is neither wider nor narrower is one that people must be told of.
    pub(super) fn matters(&self) -> bool {
        match self {
            Self::Datum(_) | Self::Bound(_) | Self::Outsider(_) => true,
            Self::Rule(rule) => match rule {
                Rule::Controller { .. } | Rule::Effective { .. } | Rule::Audience { .. } => true,
                Rule::Within { .. } | Rule::Correct { .. } | Rule::Told { .. } => true,
                Rule::Contact { .. } | Rule::Scope { .. } | Rule::SwitchedOff { .. } | Rule::Arrangement(_) => false,
            },
        }
    }

    const fn topic(&self) -> (&'static str, Sort) {
        match self {
            Self::Datum(datum) => datum.topic(),
            Self::Bound(bound) => bound.topic(),
            Self::Outsider(outsider) => outsider.topic(),
            Self::Rule(rule) => rule.topic(),
        }
    }

    pub(super) const fn sort(&self) -> Sort {
        self.topic().1
    }

    pub(super) fn kind(&self) -> String {
        let (topic, sort) = self.topic();
        let words: [&str; 3] = match sort {
            // Wider, level, narrower.
            Sort::Thing => ["new", "other", "gone"],
            Sort::Length => ["longer", "other", "shorter"],
            Sort::Right => ["weaker", "other", "stronger"],
        };
        let word = match self.direction() {
            Direction::Wider => words[0],
            Direction::Level => words[1],
            Direction::Narrower => words[2],
        };
        format!("{word}-{topic}")
    }
}

/// How a change is spoken of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sort {
    /// Something is new or gone.
    Thing,
    /// Something takes longer or shorter.
    Length,
    /// Something that protects people becomes weaker or stronger.
    Right,
}

/// What comes lets more be done.
const fn wider_if(comes: bool) -> Direction {
    match comes {
        true => Direction::Wider,
        false => Direction::Narrower,
    }
}

/// Growing is wider.
fn growing<T: Ord>(from: &T, to: &T) -> Direction {
    match to.cmp(from) {
        Ordering::Greater => Direction::Wider,
        Ordering::Equal => Direction::Level,
        Ordering::Less => Direction::Narrower,
    }
}

impl Datum {
    /// What it is about.
    pub(crate) const fn fields(&self) -> &Set<FieldId> {
        match self {
            Self::Field { fields, .. }
            | Self::Purpose { fields, .. }
            | Self::Place { fields, .. }
            | Self::Keep { fields, .. }
            | Self::Say { fields, .. }
            | Self::Basis { fields, .. }
            | Self::Grain { fields, .. }
            | Self::Required { fields, .. }
            | Self::Moment { fields, .. } => fields,
        }
    }

    fn direction(&self) -> Direction {
        match self {
            Self::Field { comes, .. } | Self::Purpose { comes, .. } | Self::Place { comes, .. } => wider_if(*comes),
            Self::Keep { from, to, .. } => longer(*from, *to),
            Self::Say { from, to, .. } => growing(&without_say(*from), &without_say(*to)),
            Self::Basis { from, to, .. } => growing(&(*from != Basis::Consent), &(*to != Basis::Consent)),
            Self::Grain { from, to, .. } => growing(&from.is_none(), &to.is_none()),
            Self::Required { to, .. } => wider_if(*to),
            // At any time is more than at one moment; two moments cannot be compared.
            Self::Moment { from, to, .. } => growing(&from.is_none(), &to.is_none()),
        }
    }

    const fn topic(&self) -> (&'static str, Sort) {
        match self {
            Self::Field { .. } => ("field", Sort::Thing),
            Self::Purpose { .. } => ("purpose", Sort::Thing),
            Self::Place { .. } => ("place", Sort::Thing),
            Self::Keep { .. } => ("keep", Sort::Length),
            Self::Say { .. } => ("say", Sort::Right),
            Self::Basis { .. } => ("basis", Sort::Right),
            Self::Grain { .. } => ("grain", Sort::Right),
            Self::Required { .. } => ("choice-to-give", Sort::Right),
            Self::Moment { .. } => ("moment", Sort::Right),
        }
    }
}

/// How little a person has to say.
const fn without_say(choice: Choice) -> u8 {
    match choice {
        Choice::OptIn => 0,
        Choice::OptOut => 1,
        Choice::None => 2,
    }
}

/// Whether a keep is longer: each of its parts as the number of seconds that it may add, no part as no end.
pub(crate) fn longer(from: Keep, to: Keep) -> Direction {
    let parts = |keep: Keep| {
        let plus = match keep.plus {
            None => 0,
            Some(Upkeep::Seconds(seconds)) => seconds,
            // The longest that a tax law may demand; longer than any length that a policy can say.
            Some(Upkeep::TaxLaw) => i64::MAX,
        };
        [keep.seconds.unwrap_or(i64::MAX), i64::from(keep.until.is_none()), plus]
    };
    let (old, new) = (parts(from), parts(to));
    let other_event = from.until.is_some() && to.until.is_some() && from.until != to.until;
    let grows = old.iter().zip(&new).any(|(old, new)| new > old);
    let shrinks = old.iter().zip(&new).any(|(old, new)| new < old);
    match (other_event, grows, shrinks) {
        (true, ..) | (false, true, true) | (false, false, false) => Direction::Level,
        (false, true, false) => Direction::Wider,
        (false, false, true) => Direction::Narrower,
    }
}

impl Bound {
    fn direction(&self) -> Direction {
        match self {
            Self::Promise { comes, .. } | Self::Refuse { comes, .. } | Self::Never { comes, .. } => wider_if(!*comes),
            Self::Except { comes, .. }
            | Self::Look { comes, .. }
            | Self::Count { comes, .. }
            | Self::Cookie { comes, .. } => wider_if(*comes),
            Self::Memory {
                from_seconds,
                to_seconds,
                ..
            } => growing(from_seconds, to_seconds),
        }
    }

    const fn topic(&self) -> (&'static str, Sort) {
        match self {
            Self::Promise { .. } => ("promise", Sort::Right),
            Self::Except { .. } => ("exception", Sort::Thing),
            Self::Refuse { .. } => ("refusal", Sort::Right),
            Self::Never { .. } => ("never", Sort::Right),
            Self::Look { .. } => ("look", Sort::Thing),
            Self::Memory { .. } => ("memory", Sort::Length),
            Self::Count { .. } => ("count", Sort::Thing),
            Self::Cookie { .. } => ("cookie", Sort::Thing),
        }
    }
}

impl Outsider {
    fn direction(&self) -> Direction {
        match self {
            Self::Recipient { comes, .. }
            | Self::Gets { comes, .. }
            | Self::Ground { comes, .. }
            | Self::Figures { comes, .. }
            | Self::Source { comes, .. }
            | Self::Nodes { comes, .. }
            | Self::Handover { comes, .. } => wider_if(*comes),
            // What is not said has no bounds.
            Self::NodesSaid { comes, .. } => wider_if(!*comes),
            Self::Processing { from, to } => growing(&from.is_none(), &to.is_none()),
            Self::Class { .. } | Self::Country { .. } => Direction::Level,
            Self::Approvals { from, to, .. } => growing(to, from),
            Self::Tell { to, .. } => wider_if(!*to),
            Self::People { from, to, .. } => growing(to, from),
            Self::HandoverNotice { from_days, to_days } => growing(to_days, from_days),
        }
    }

    const fn topic(&self) -> (&'static str, Sort) {
        match self {
            Self::Recipient { .. } => ("recipient", Sort::Thing),
            Self::Gets { .. } => ("handing-on", Sort::Thing),
            Self::Class { .. } => ("recipient-class", Sort::Thing),
            Self::Country { .. } => ("recipient-country", Sort::Thing),
            Self::Ground { .. } => ("disclosure", Sort::Thing),
            Self::Approvals { .. } => ("approvals", Sort::Right),
            Self::Tell { .. } => ("telling", Sort::Right),
            Self::Figures { .. } => ("figures", Sort::Thing),
            Self::People { .. } => ("crowd", Sort::Right),
            Self::Source { .. } => ("source", Sort::Thing),
            Self::Nodes { .. } => ("country", Sort::Thing),
            Self::NodesSaid { .. } => ("countries", Sort::Right),
            Self::Processing { .. } => ("processing", Sort::Right),
            Self::Handover { .. } => ("handover", Sort::Thing),
            Self::HandoverNotice { .. } => ("handover-notice", Sort::Right),
        }
    }
}

impl Rule {
    fn direction(&self) -> Direction {
        match self {
            // The younger may join, the more people's data may be held; no limit is the youngest.
            Self::Audience { from, to } => growing(&to.unwrap_or(0), &from.unwrap_or(0)),
            Self::Within {
                from_seconds,
                to_seconds,
            } => growing(from_seconds, to_seconds),
            Self::Correct { to } => wider_if(!*to),
            Self::Told { comes, .. } => wider_if(!*comes),
            Self::Effective {
                from,
                to,
                from_days,
                to_days,
            } => {
                let notice = |effective, days: u16| match effective {
                    Effective::OnPosting => 0,
                    Effective::AfterNotice => u32::from(days) + 1,
                };
                growing(&notice(*to, *to_days), &notice(*from, *from_days))
            }
            Self::Controller { .. }
            | Self::Contact { .. }
            | Self::Scope { .. }
            | Self::SwitchedOff { .. }
            | Self::Arrangement(_) => Direction::Level,
        }
    }

    const fn topic(&self) -> (&'static str, Sort) {
        match self {
            Self::Audience { .. } => ("audience", Sort::Thing),
            Self::Within { .. } => ("answer", Sort::Length),
            Self::Correct { .. } => ("correction", Sort::Right),
            Self::Effective { .. } => ("notice", Sort::Right),
            Self::Told { .. } => ("way-of-telling", Sort::Right),
            Self::Controller { .. } => ("controller", Sort::Thing),
            Self::Contact { .. } => ("contact", Sort::Thing),
            Self::Scope { .. } => ("scope", Sort::Thing),
            Self::SwitchedOff { .. } => ("switched-off-recipient", Sort::Thing),
            Self::Arrangement(_) => ("arrangement", Sort::Thing),
        }
    }
}
