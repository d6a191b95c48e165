//! What the check-up of an installation found, as a page may show it. Who looks is not this crate.

use std::pin::Pin;

/// The answer of a [`Doctor`].
pub type Examined<'d> = Pin<Box<dyn Future<Output = Vec<Finding>> + Send + 'd>>;

/// Looks at the installation whenever the page is opened.
pub trait Doctor: Send + Sync {
    /// Every row.
    fn examine(&self) -> Examined<'_>;
}

/// What a check came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FindingState {
    /// As it should be.
    Good,
    /// It works, and there is something to know or to better.
    Look,
    /// It does not work, or not safely.
    Bad,
    /// It could not be found out.
    Unknown,
}

/// One thing that was looked at. Nothing in it is about a member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// One of [`TOPICS`].
    pub topic: &'static str,
    /// What it came to.
    pub state: FindingState,
    /// What was found, and why it matters, in English.
    pub found: String,
    /// The exact line to paste, or what to do, in English.
    pub remedy: Option<String>,
    /// What there is to know about the line, in English.
    pub note: Option<String>,
}

/// Each topic with the key of its name in the languages of the site.
pub const TOPICS: [(&str, &str); 18] = [
    ("instance", "doctor-instance"),
    ("policy", "doctor-policy"),
    ("confinement", "doctor-confinement"),
    ("tunnel", "doctor-tunnel"),
    ("forwarding", "doctor-forwarding"),
    ("pings", "doctor-pings"),
    ("clock", "doctor-clock"),
    ("swap", "doctor-swap"),
    ("core dumps", "doctor-core-dumps"),
    ("port", "doctor-port"),
    ("name", "doctor-name"),
    ("certificate", "doctor-certificate"),
    ("disk", "doctor-disk"),
    ("file modes", "doctor-file-modes"),
    ("wrapping key", "doctor-wrapping-key"),
    ("backup", "doctor-backup"),
    ("database server", "doctor-database-server"),
    ("database log", "doctor-database-log"),
];
