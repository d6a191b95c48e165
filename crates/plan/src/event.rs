//! What the program may say about itself: a closed list made of counts, durations, sizes and codes.
//!
//! There is no variant that could carry a string from outside, so a log line cannot carry a person.

use std::fmt;

/// A place in the program that can fail; printed with an error's code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// The database and the key database.
    Store,
    /// The parent's side of a worker.
    Worker,
    /// The HTTP side.
    Portal,
    /// Rules and addresses of the network.
    Network,
    /// The periodic work.
    Sweep,
}

impl Place {
    const fn key(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Worker => "worker",
            Self::Portal => "portal",
            Self::Network => "network",
            Self::Sweep => "sweep",
        }
    }
}

/// Something that happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The program serves.
    Started {
        /// How long the start took.
        milliseconds: u64,
    },
    /// The program stops and finishes what it has begun.
    Stopping,
    /// A confined worker runs.
    WorkerStarted {
        /// Process id.
        pid: u32,
    },
    /// A confined worker ended and is started anew.
    WorkerEnded {
        /// Exit status, or 128 + the signal that ended it.
        status: i32,
        /// How often it has ended since the start.
        times: u32,
    },
    /// Rows whose time was over were deleted.
    Swept {
        /// How many.
        rows: u64,
    },
    /// Erasures that an earlier run had begun were finished.
    ErasuresFinished {
        /// How many.
        subjects: u64,
    },
    /// The clock is behind what the databases were written at.
    ClockBehind {
        /// By how much.
        seconds: u64,
    },
    /// The clock jumped while the program ran.
    ClockJumped {
        /// By how much; less than 0 when it was set back.
        seconds: i64,
    },
    /// The clock is far ahead of what the program believed last: nothing is deleted by it for a day.
    DeletionHeld {
        /// By how much.
        seconds: i64,
    },
    /// Something failed that the program could not mend.
    Failed {
        /// Where.
        place: Place,
        /// Which failure, as numbered by that place.
        code: i32,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started { milliseconds } => write!(f, "started in {milliseconds} ms"),
            Self::Stopping => f.write_str("stopping: finishing open requests"),
            Self::WorkerStarted { pid } => write!(f, "worker {pid} is locked down and runs"),
            Self::WorkerEnded { status, times } => write!(
                f,
                "worker ended with status {status} ({times} since start); starting it anew"
            ),
            Self::Swept { rows } => write!(f, "deleted {rows} rows whose time was over"),
            Self::ErasuresFinished { subjects } => write!(f, "finished {subjects} erasures that had been begun"),
            Self::ClockBehind { seconds } => write!(
                f,
                "the clock is {seconds} s behind the newest data: what is kept ends that much later. Set it right (timedatectl)"
            ),
            Self::ClockJumped { seconds } => write!(
                f,
                "the clock jumped by {seconds} s: what is kept ends by the new time. Is it right (timedatectl)?"
            ),
            Self::DeletionHeld { seconds } => write!(
                f,
                "the clock is {seconds} s ahead of what was known, so nothing is deleted by it until it has gone on steadily for \
                 a day. If it is wrong, set it (timedatectl); if it is right, remove the file `clock` in the data folder"
            ),
            Self::Failed { place, code } => write!(f, "{} failed with code {code}", place.key()),
        }
    }
}
