//! The history of the status page: read at the start, added to each minute, written beside the databases.
//!
//! It is a file and not a table, because the store is one of the parts that it tells of. Nothing in it is about anybody.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use account::Accounts;
use plan::Clock as _;
use portal::{Seen, Uptime, VpnState, VpnStatus};
use tokio::sync::watch;

use crate::serve::SystemClock;

/// How often the parts are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// A database that does not answer within it counts as one that does not answer.
const STORE_ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// The file in the data folder.
fn file(folder: &Path) -> PathBuf {
    folder.join("uptime")
}

/// What an earlier run left; a file that is missing or damaged is a history that begins now.
pub(crate) fn resume(folder: &Path) -> Arc<Uptime> {
    let text = std::fs::read_to_string(file(folder)).unwrap_or_default();
    Arc::new(Uptime::resume(&text, SystemClock.now()))
}

/// Looks at the parts until the program stops.
pub(crate) async fn watch(
    uptime: Arc<Uptime>,
    folder: PathBuf,
    accounts: Arc<Accounts>,
    vpn: Option<Arc<dyn VpnStatus>>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut every = tokio::time::interval(LOOK_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut before = Instant::now();
    loop {
        let stop = tokio::select! {
            _ = every.tick() => false,
            _ = stopping.wait_for(|stop| *stop) => true,
        };
        let answers = tokio::time::timeout(STORE_ANSWERS_WITHIN, accounts.member_count()).await;
        let seen = Seen {
            tunnel: vpn.as_ref().map(|vpn| matches!(vpn.state(), VpnState::Running { .. })),
            store: matches!(answers, Ok(Ok(_))),
        };
        let seconds = before.elapsed().as_secs();
        before += Duration::from_secs(seconds);
        uptime.observe(SystemClock.now(), u32::try_from(seconds).unwrap_or(u32::MAX), seen);
        // A folder that cannot be written to is what the next read of the store complains of.
        let _unwritten = write(&file(&folder), &uptime.text());
        if stop {
            return;
        }
    }
}

/// A file that is read later is the old or the new one, never half of it.
pub(crate) fn write(file: &Path, text: &str) -> io::Result<()> {
    let beside = file.with_extension("new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_resumed() {
        let folder = tempfile::tempdir().expect("a folder");
        let uptime = resume(folder.path());
        let seen = Seen {
            tunnel: None,
            store: true,
        };
        uptime.observe(SystemClock.now(), 60, seen);
        write(&file(folder.path()), &uptime.text()).expect("it is written");
        let again = resume(folder.path());
        assert!(again.text().contains(" 60 "), "{}", again.text());
        assert!(!file(folder.path()).with_extension("new").exists());
    }
}
