//! The policy language: text in, plan and pages out.
//!
//! A policy is one KDL 2 file of a closed vocabulary, without expressions, variables or includes. [`compile`] turns
//! it into a [`plan::Plan`] or reports everything that is wrong with it at once. The pages that members read are
//! generated from the plan, so they cannot say anything else than what the program was started with.
//!
//! ```text
//!   policy.kdl ──compile──▶ Compiled ─┬─ plan ────────▶ the program's start
//!                  │                  ├─ render ───────▶ page, label, cookie table, JSON; in English or German
//!                  ▼                  ├─ show ─────────▶ terminal
//!               Errors                └─ difference ───▶ what changes for members, against another policy
//!               (place, cause, what to write instead)
//! ```
//!
//! ```
//! let compiled = policy::compile(
//!     r#"policy example schema=1 version="1" date="2026-11-22" {
//!          controller "Harbour Lane Co-operative" contact="privacy@harbourlane.example"
//!          surfaces tunnel account
//!          audience min-age=16
//!          rights within="30d"
//!          changes effective=after-notice notice="14d"
//!          promise no-log surface=tunnel { never dst.ip dst.host dns.query }
//!          collect email surface=account required=#true { for account; keep until=account.closed }
//!        }"#,
//!     "example.kdl",
//! )?;
//! assert!(compiled.plan().allows(plan::FieldId::Email, plan::act::ActId::Keep));
//! # Ok::<(), policy::Errors>(())
//! ```
//!
//! What this crate never does: it opens no file and no socket, reads no clock, draws no randomness and prints
//! nothing. It passes no text of a file on as HTML without escaping it.

#![forbid(unsafe_code)]

mod brace;
mod carried;
mod catalogue;
mod check;
pub mod clause;
mod clauses;
mod compile;
mod country;
mod difference;
mod draft;
mod fuzz;
mod headings;
mod html;
mod label;
mod length;
mod page;
mod problem;
mod read;
mod render;
mod served;
mod shape;
mod show;
mod statements;
mod tension;
mod tongue;
mod word;

pub use carried::carried;
pub use catalogue::clauses_markdown;
pub use clauses::{CLAUSES, Clause, Status};
pub use compile::{Compiled, MAX_SOURCE_BYTES, compile};
pub use difference::{Change, Difference, Direction, Named, Verdict, difference, difference_json, difference_text};
#[doc(hidden)]
pub use fuzz::fuzz_compile;
pub use html::{STYLESHEET, cookie_fragment, label_fragment, page_fragment};
pub use plan::Language;
pub use problem::{Errors, Position, Problem, Span};
pub use render::{File, page_digest, plan_json, render};
pub use show::{check_text, render_files, show_json, show_text};
pub use tension::{Lint, Tension};
pub use tongue::{keep_words, length_words, list_words, place_words};
