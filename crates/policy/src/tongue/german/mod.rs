//! German, in the polite form.
//!
//! The catalogue's words (`plan`) stand without an article for fields, so that they are the same as subject and as
//! object, and in the accusative for purposes, so that they continue `für`. Lists of fields stand behind a colon.

mod difference;
mod frame;
mod page;
mod tension;
mod vocabulary;

pub(crate) struct German;
