//! German, in the polite form.
//!
//! Fields stand without an article, so that their words are the same as subject and as object; lists of them stand
//! behind a colon. Purposes are infinitives with `zu` and continue `um`.

mod frame;
mod page;
mod tension;
mod vocabulary;

pub(crate) struct German;
