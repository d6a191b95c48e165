//! What a run that is killed leaves in the kernel (rules, forwarding, other settings), and who takes it away: a process
//! beside this one that waits for its end, and, where that was killed too, the next start.
//!
//! ```text
//!   candor serve ──── pipe, closed by the kernel when the parent ends ────▶ candor guard
//!        │                                                                    │ not told "done"?
//!        └─▶ kernel.json, read by the next start on this data folder          └─▶ rules, flows, settings
//! ```
//!
//! The guard knows names of rules and settings, and nobody's name. It shares the lock of the data folder, so that no
//! other instance starts between the end of this one and the end of the clearing up.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};

use serde::{Deserialize, Serialize};
use sys::sysctl::Change;

use super::network;
use crate::folder::write_secret;

/// In the data folder, while a tunnel is set up.
const FILE: &str = "kernel.json";
/// What a parent that has cleared up itself tells its guard.
const DONE: &[u8] = b"done\n";
/// One line; some hundred interfaces fit.
const LINE_LIMIT_BYTES: u64 = 1 << 20;
/// A kernel's settings live as long as its boot (`random(4)`).
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// What is in the kernel because of us.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Left {
    boot: String,
    namespace: u64,
    tables: Vec<String>,
    settings: Vec<Setting>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Setting {
    key: String,
    before: String,
    after: String,
}

/// Watches over what was set up; dropped, it knows that nothing is left to do.
pub(super) struct Guard {
    child: Option<(Child, ChildStdin)>,
    note: PathBuf,
}

impl Left {
    fn of(tables: Vec<String>, changes: &[Change]) -> Self {
        let setting = |change: &Change| Setting {
            key: change.key.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
        };
        let (boot, namespace) = here();
        Self {
            boot,
            namespace,
            tables,
            settings: changes.iter().map(setting).collect(),
        }
    }

    /// Rules first, so that forwarding never goes on without them; the newest setting first.
    fn take_away(&self) {
        if here() != (self.boot.clone(), self.namespace) {
            return;
        }
        for table in &self.tables {
            // The next start replaces what could not be removed now.
            let _removed = sys::nft::remove(table);
        }
        network::strike_all();
        for setting in self.settings.iter().rev() {
            let change = Change {
                key: setting.key.clone(),
                before: setting.before.clone(),
                after: setting.after.clone(),
            };
            change.put_back();
        }
    }
}

impl Guard {
    /// Notes what is to be taken away, and starts the process that does it when this one ends without doing so.
    pub(super) fn start(data: &Path, lock: &File, tables: Vec<String>, changes: &[Change]) -> Self {
        let left = Left::of(tables, changes);
        let line = serde_json::to_string(&left).expect("strings and numbers are JSON");
        let note = data.join(FILE);
        // Both are for the case that this process is killed; without them it serves all the same.
        let _noted = write_secret(&note, line.as_bytes());
        Self {
            child: beside(lock, &line).ok(),
            note,
        }
    }
}

fn beside(lock: &File, line: &str) -> std::io::Result<(Child, ChildStdin)> {
    let mut child = Command::new("/proc/self/exe")
        .arg0("candor")
        .arg("guard")
        .env_clear()
        .stdin(Stdio::piped())
        // Never written to: it carries the lock.
        .stdout(lock.try_clone()?)
        .stderr(Stdio::null())
        // What is typed at the terminal reaches the parent, which decides.
        .process_group(0)
        .spawn()?;
    let mut input = child.stdin.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
    input.write_all(line.as_bytes())?;
    input.write_all(b"\n")?;
    Ok((child, input))
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.note);
        if let Some((mut child, mut input)) = self.child.take() {
            // A guard that has ended already needs not be told.
            let _told = input.write_all(DONE);
            drop(input);
            let _status = child.wait();
        }
    }
}

/// Takes away what an earlier run on this data folder left in this kernel, if it left anything.
pub(crate) fn clear_up_after(data: &Path) {
    let note = data.join(FILE);
    if let Ok(text) = fs::read_to_string(&note) {
        // A note that is damaged was not written to its end: its run had not begun yet.
        if let Ok(left) = serde_json::from_str::<Left>(&text) {
            left.take_away();
        }
        let _gone = fs::remove_file(&note);
    }
}

/// `candor guard`: waits for the end of the parent.
pub(crate) fn run() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else {
        return ExitCode::FAILURE;
    };
    let _inside = runtime.enter();
    // Whoever ends every process of a service at once must not end this one before its work. A signal that has a
    // handler does not end a process; nobody asks the handlers.
    use tokio::signal::unix::{SignalKind, signal};
    let _kept = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()].map(signal);
    let mut input = BufReader::new(std::io::stdin().lock()).take(LINE_LIMIT_BYTES);
    let mut line = String::new();
    if input.read_line(&mut line).is_err() {
        return ExitCode::FAILURE;
    }
    let Ok(left) = serde_json::from_str::<Left>(&line) else {
        return ExitCode::FAILURE;
    };
    let mut word = Vec::new();
    // An end without the word is what this process is for.
    let _ended = input.read_to_end(&mut word);
    if word != DONE {
        left.take_away();
    }
    ExitCode::SUCCESS
}

/// This boot and this network namespace; settings of others are not ours to put back.
fn here() -> (String, u64) {
    let boot = fs::read_to_string(BOOT).unwrap_or_default();
    let namespace = fs::metadata("/proc/thread-self/ns/net").map_or(0, |namespace| namespace.ino());
    (boot.trim_end().to_owned(), namespace)
}
