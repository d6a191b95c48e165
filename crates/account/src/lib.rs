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

mod accounts;
mod devices;
mod email;
mod joining;
mod limit;
mod members;
mod password;
mod person;
mod quota;
mod sessions;
mod signing_in;
mod staff;
mod statements;
mod tables;
mod token;
mod usage;
mod visits;

pub use accounts::{Accounts, AccountsError};
pub use devices::{DeviceChange, DeviceError, DeviceView, KeyText, LABEL_LIMIT_CHARACTERS, NewDevice, NotAKey};
pub use joining::{JoinError, JoinForm, Joined};
pub use limit::RateLimit;
pub use password::PASSWORD_MINIMUM_CHARACTERS;
pub use sessions::SignedIn;
pub use signing_in::{ResetError, SignInError};
pub use staff::{MemberLine, SetUpToken};
pub use statements::CATALOGUE;
pub use tables::{
    Acceptance, AccessLine, AccessProgram, Credential, Device, Member, MemberTariff, Session, Staff, Usage,
};
pub use token::{NotAToken, RecoveryCode, SessionToken};
pub use usage::{DayUsage, Tariff, UsageDelta};
pub use visits::Visit;
