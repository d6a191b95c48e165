//! How each promise is held: a cell for each datum that it names.

use plan::act::ActId;
use plan::{FieldId, Language, Plan};

use crate::speech::{Saying, say};

/// What keeps a datum out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Guard {
    /// No code of this version can hold a value of this kind.
    NoCode,
    /// The policy gives no permit, so there is no table and no column.
    NoTable,
    /// Another statement keeps it elsewhere, within its own bounds.
    Elsewhere,
}

impl Guard {
    pub(crate) const ALL: [Self; 3] = [Self::NoCode, Self::NoTable, Self::Elsewhere];

    pub(crate) fn of(plan: &Plan, field: FieldId) -> Self {
        if plan.allows(field, ActId::Keep) {
            Self::Elsewhere
        } else if field.can_be_held() {
            Self::NoTable
        } else {
            Self::NoCode
        }
    }

    pub(crate) fn words(self, language: &Language) -> Saying {
        match self {
            Self::NoCode => say(*language, "guard-no-code"),
            Self::NoTable => say(*language, "guard-no-table"),
            Self::Elsewhere => say(*language, "guard-elsewhere"),
        }
    }

    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::NoCode => "guard-code",
            Self::NoTable => "guard-table",
            Self::Elsewhere => "guard-elsewhere",
        }
    }
}
