//! The web pages: the only HTML of the program.
//!
//! ```text
//!   browser ──▶ headers ─▶ failures ─▶ csrf ─▶ limits ─▶ page ──▶ Accounts ──▶ store
//!                                                 │
//!                                                 ├── policy page, from the plan
//!                                                 └── VpnStatus, counts only
//! ```
//!
//! Every page is rendered here and works without script; the one script makes key pairs in the browser, so that a
//! private key never leaves it, and draws the QR code.
//!
//! What this crate never does: it runs no SQL, writes no log, keeps no address beyond the rate limits in memory, asks no
//! third party for anything, and sets no cookie that the policy does not declare. A personal value reaches a page as
//! [`plan::Shown`] alone.

#![forbid(unsafe_code)]

mod api;
mod app;
mod assets;
mod doctor;
mod export;
mod failure;
mod form;
mod frame;
mod fuzz;
mod headers;
mod import;
mod pages;
mod picture;
mod question;
mod refusal;
mod router;
mod session;
mod speech;
mod uptime;
mod vpn;
mod words;

pub use app::{Portal, PortalError};
pub use doctor::{Doctor, Examined, Finding, FindingState, TOPICS};
pub use export::to_json as export_json;
#[doc(hidden)]
pub use fuzz::fuzz_forms;
pub use router::router;
pub use session::Transport;
pub use uptime::{Seen, Uptime};
pub use vpn::{Forwards, Load, VpnState, VpnStatus, WorkerState};
