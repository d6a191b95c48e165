//! The pages, one file for each that belongs together.

pub(crate) mod account;
pub(crate) mod devices;
pub(crate) mod doctor;
pub(crate) mod erase;
pub(crate) mod import;
pub(crate) mod invitations;
pub(crate) mod join;
pub(crate) mod me;
pub(crate) mod members;
pub(crate) mod operator;
pub(crate) mod policy;
pub(crate) mod programs;
pub(crate) mod secrets;
pub(crate) mod server;
pub(crate) mod sign_in;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod usage;
pub(crate) mod well_known;
