//! How each promise is held: one strip for each, one cell for each datum that it names.

use plan::act::ActId;
use plan::{FieldId, Plan};

use super::{Svg, escaped};

/// What keeps a datum out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// No code of this version can hold a value of this kind.
    NoCode,
    /// The policy gives no permit, so there is no table and no column.
    NoTable,
    /// Another statement keeps it elsewhere, within its own bounds.
    Elsewhere,
}

impl Guard {
    pub(crate) fn of(plan: &Plan, field: FieldId) -> Self {
        if plan.allows(field, ActId::Keep) {
            Self::Elsewhere
        } else if field.can_be_held() {
            Self::NoTable
        } else {
            Self::NoCode
        }
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::NoCode => "no code can hold it",
            Self::NoTable => "no table exists for it",
            Self::Elsewhere => "kept elsewhere, by a statement of its own",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::NoCode => "guard-code",
            Self::NoTable => "guard-table",
            Self::Elsewhere => "guard-elsewhere",
        }
    }
}

/// A strip with a cell for each guard.
pub(crate) fn strip(name: &str, guards: &[Guard]) -> Svg {
    let held = guards.iter().filter(|guard| **guard != Guard::Elsewhere).count();
    let mut svg = format!(
        "<svg class=\"strip\" viewBox=\"0 0 {} 20\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{}: {held} of {} are kept out\">",
        guards.len().max(1) * 20,
        escaped(name),
        guards.len()
    );
    for (index, guard) in guards.iter().enumerate() {
        svg.push_str(&format!(
            "<rect class=\"{}\" x=\"{}\" y=\"1\" width=\"18\" height=\"18\"/>",
            guard.class(),
            index * 20 + 1
        ));
    }
    svg.push_str("</svg>");
    Svg(svg)
}
