//! The words of the house and the right to use them.
//!
//! A policy file is compiled (by the `policy` crate) into a [`Plan`]: a finite set of tuples that says which
//! [`Field`] may be met on which [`Surface`], for which [`Purpose`], for how long. Everything that touches a
//! personal value asks the plan for a [`Permit`] first; without a permit the value cannot be opened.
//!
//! ```text
//!   policy.kdl ──policy──▶ Plan ──permit::<Email, act::Keep>()──▶ Permit ──▶ Personal<Email>::open(&permit)
//!                           │                                                    ▲
//!                           └── not declared? ──▶ NotDeclared (names the line)   └── the only door
//! ```
//!
//! What this crate never does: it performs no I/O, reads no clock, draws no randomness, and prints nothing.
//! A [`Personal`] value has no `Debug`, `Display`, `Serialize` or `Deref`.

#![forbid(unsafe_code)]

pub mod act;
mod compiled;
mod digest;
mod event;
pub mod field;
mod german;
mod id;
mod language;
mod permit;
mod personal;
pub mod purpose;
mod surface;
mod time;
pub mod value;

pub use compiled::{
    Aggregate, Audience, Basis, Changes, Choice, Collect, Controller, Cookie, CookieLife, Disclose, Effective, Grain,
    Handover, Keep, Kept, Never, Note, Parts, Plan, Process, Promise, Recipient, RecipientClass, Refuse, Rights, Says,
    Source, Telling, Transfer, Until, Upkeep,
};
pub use digest::{Digest, ParseDigestError, Tuple};
pub use event::{Event, Place};
pub use field::{Field, FieldClass, FieldId};
pub use id::{AccountSlot, DeviceId, InvitationId, MemberId, ParseIdError, SessionId, SubjectId, TokenId, VisitId};
pub use language::Language;
pub use permit::{NotDeclared, Permit};
pub use personal::{Personal, Shown};
pub use purpose::{Purpose, PurposeId};
pub use surface::Surface;
pub use time::{Clock, Day, ManualClock, Timestamp};
