//! What a permit allows: to use a field for a purpose, or to put it into a sink.

use crate::PurposeId;

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// Something that can be done with a field, as a type: a purpose's marker, [`Keep`] or [`Show`].
pub trait Act: sealed::Sealed + Send + Sync + 'static {
    /// The same act as a value.
    const ACT: ActId;
}

/// Something that can be done with a field, as a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ActId {
    /// Put it into the store.
    Keep,
    /// Show it to the person concerned, or hand it to them as an export.
    Show,
    /// Use it for a purpose.
    Use(PurposeId),
}

impl std::fmt::Display for ActId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Keep => f.write_str("keep"),
            Self::Show => f.write_str("show"),
            Self::Use(purpose) => write!(f, "use for {}", purpose.key()),
        }
    }
}

/// Putting a field into the store. Declared by a `collect` node.
#[derive(Clone, Copy, Debug)]
pub struct Keep;
impl sealed::Sealed for Keep {}
impl Act for Keep {
    const ACT: ActId = ActId::Keep;
}

/// Showing a field to the person concerned. Whatever is kept may be shown to its subject.
#[derive(Clone, Copy, Debug)]
pub struct Show;
impl sealed::Sealed for Show {}
impl Act for Show {
    const ACT: ActId = ActId::Show;
}
