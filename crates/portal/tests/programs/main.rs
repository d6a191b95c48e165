//! Members' programs: the interface at `/api/v1`, and what is behind it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

#[path = "../world/mod.rs"]
mod world;

mod batches;
mod import;
mod invitations;
mod limits;
mod memberships;
mod numbers;
mod operations;
mod pages;
mod program;
mod secrets;
