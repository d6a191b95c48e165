//! Members: joining, signing in, devices, what they used, and what every person may ask for.
//!
//! ```text
//!   portal ──▶ Accounts ──▶ store (held, member, credential, session, acceptance, device, usage, visit)
//!                 │
//!                 └── DeviceChange ──▶ the binary's wiring ──▶ the VPN's worker
//! ```
//!
//! What this crate never does: it shows no page, opens no socket, and keeps no address, no time of a sign-in and no
//! browser beside a session. Rate limits live in memory and are forgotten.

#![forbid(unsafe_code)]

mod access;
mod accounts;
mod batch;
mod devices;
mod email;
mod guesses;
mod invitations;
mod joining;
mod limit;
mod members;
mod number;
mod password;
mod person;
mod serving;
mod sessions;
mod signing_in;
mod staff;
mod standing;
mod statements;
mod tables;
mod tariff;
mod token;
mod usage;
mod visits;

pub use access::{
    Bearer, IssuedToken, NewToken, NotAScope, Scope, Scopes, TOKEN_LABEL_LIMIT_CHARACTERS, TOKENS_LIMIT, TokenError,
    TokenView,
};
pub use accounts::{Accounts, AccountsError, check_joining, check_tariffs};
pub use batch::{BATCH_LIMIT, BatchError, EXTEND_DAYS_LIMIT, MemberChange};
pub use devices::{DeviceChange, DeviceError, DeviceView, KeyText, LABEL_LIMIT_CHARACTERS, NewDevice, NotAKey};
pub use invitations::{
    INVITATION_DAYS_LIMIT, INVITATION_USES_LIMIT, INVITATIONS_LIMIT, InvitationError, InvitationView, MadeInvitation,
    NewInvitation,
};
pub use joining::{Access, Enrolled, Enrolment, Entry, Identity, JoinError, JoinForm, Joined, Joining, Secret};
pub use limit::RateLimit;
pub use number::AccountNumber;
pub use password::{PASSWORD_MAXIMUM_CHARACTERS, PASSWORD_MINIMUM_CHARACTERS, PasswordError};
pub use sessions::{SignedIn, sign_everybody_out};
pub use signing_in::{NewPasswordError, Proven, SignInError, SignInForm};
pub use staff::{MemberLine, SetUpToken};
pub use standing::Stop;
pub use statements::CATALOGUE;
pub use tables::{
    Acceptance, AccessLine, AccessProgram, ApiToken, Credential, Device, Invitation, InvitationUse, Member,
    MemberTariff, Membership, Numbered, Session, Staff, Suspension, Usage,
};
pub use token::{AccessToken, NotAToken, RecoveryCode, SessionToken};
pub use usage::{DayUsage, Tariff, Unrecorded, UsageDelta};
pub use visits::Visit;
