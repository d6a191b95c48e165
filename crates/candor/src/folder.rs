//! The data folder: made for its owner alone, used by one instance at a time, with the wrapping key.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use store::WrappingKey;
use zeroize::Zeroize as _;

use crate::backup_commands::RESTORING;
use crate::belief;
use crate::control::OUTGOING;
use crate::copies::{BACK, BEFORE, Copies, Left};
use crate::whole::{self, KEYS_FILE, ROWS_FILE};

/// The wrapping key, where no credential brings it.
pub(crate) const KEY_FILE: &str = "wrapping.key";
/// The name under which systemd's `LoadCredential` gives the wrapping key.
const CREDENTIAL: &str = "candor.key";
/// Where the package keeps the wrapping key.
const PACKAGED_KEY: &str = "/etc/candor/wrapping.key";
const LOCK_FILE: &str = "lock";
const RUNNING_FILE: &str = "running.json";
/// Its age is the age of the newest backup.
pub(crate) const BACKUP_FILE: &str = "backup.json";

/// Every file that the program makes in a data folder. What else lies there is not its own.
pub(crate) const OWN_FILES: &[&str] = &[
    LOCK_FILE,
    RUNNING_FILE,
    KEY_FILE,
    "candor.db",
    "candor.db-wal",
    "candor.db-shm",
    "keys.db",
    "keys.db-wal",
    "keys.db-shm",
    "tls.crt",
    "tls.key",
    "kernel.json",
    belief::FILE,
    BACKUP_FILE,
    whole::BEGINNING,
    // Folders, while something is under way.
    OUTGOING,
    RESTORING,
    BEFORE,
    BACK,
    whole::LOOKED_AT,
];

/// `O_NOFOLLOW` (`open(2)`): a link in the folder must not lead root to a file elsewhere.
const NO_LINKS: i32 = 0o400_000;
/// How long a start waits for a lock whose instance has ended: what is left of that one is clearing up.
const CLEARING_UP: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Clocks of machines that take their time from the network differ by less.
const CLOCK_SLACK: Duration = Duration::from_secs(120);

/// A data folder that this process holds.
pub(crate) struct Folder {
    path: PathBuf,
    lock: File,
}

/// What a running instance says of itself to other commands on the same machine.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Running {
    /// The process.
    pub(crate) pid: u32,
    /// The plain site's port on this machine.
    pub(crate) local_port: u16,
    /// The tunnel's UDP port.
    pub(crate) vpn_port: u16,
    /// The policy's digest.
    pub(crate) plan_digest: String,
    /// Where the databases are when they are not in the data folder.
    #[serde(default)]
    pub(crate) server: Option<String>,
}

impl Folder {
    /// Takes a folder, making it when it is not there.
    ///
    /// # Errors
    /// It cannot be made or written, or another instance runs on it.
    pub(crate) fn take(path: &Path) -> anyhow::Result<Self> {
        refuse_file(path)?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| {
                format!(
                    "the data folder {} cannot be made; choose another with --data, or make the folder around it writable",
                    path.display()
                )
            })?;
        let lock_path = path.join(LOCK_FILE);
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).custom_flags(NO_LINKS).open(&lock_path).with_context(|| {
            format!("the data folder {} cannot be written; make it writable for this user, or choose another with --data", path.display())
        })?;
        wait_for_lock(&lock, path)?;
        sys::process::keep_files_private();
        for name in OWN_FILES {
            close_to_others(&path.join(name));
        }
        clear_remains(path);
        Ok(Self {
            path: path.to_owned(),
            lock,
        })
    }

    /// What keeps other instances away, for a process that must keep them away for longer than this one.
    pub(crate) const fn lock(&self) -> &File {
        &self.lock
    }

    /// Refuses a folder in which an upgrade was cut off: what would be written now could be put back by the next one.
    ///
    /// # Errors
    /// What to do.
    pub(crate) fn has_no_open_upgrade(&self) -> anyhow::Result<()> {
        match Copies::of(&self.path).left()? {
            Left::Nothing => Ok(()),
            Left::Undecided | Left::HalfPutBack => bail!(
                "an upgrade of the databases in {} was cut off. Run `candor upgrade`, which brings it to an end. Nothing was \
                 changed",
                self.path.display()
            ),
        }
    }

    /// By how much the clock is behind the newest file of the databases: it was set back since.
    pub(crate) fn clock_behind(&self) -> Option<Duration> {
        let written = |name: &&str| fs::metadata(self.path.join(name)).and_then(|file| file.modified()).ok();
        let names = ["candor.db", "candor.db-wal", "keys.db", "keys.db-wal"];
        let newest = names.iter().filter_map(written).max()?;
        let behind = newest.duration_since(SystemTime::now()).ok()?;
        (behind > CLOCK_SLACK).then_some(behind)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The wrapping key: systemd's credential when there is one, else a file that only its owner can read.
    ///
    /// # Errors
    /// The file cannot be read or made, or has another length.
    pub(crate) fn wrapping_key(&self) -> anyhow::Result<WrappingKey> {
        let path = self.key_path();
        if !path.exists() {
            if self.path.join("keys.db").exists() {
                bail!(
                    "the wrapping key {} is not there, but the databases are; put the key back, nothing can be read without it",
                    path.display()
                );
            }
            let mut fresh = [0; 32];
            aws_lc_rs::rand::fill(&mut fresh).context("the operating system gives no randomness")?;
            write_secret(&path, &fresh)?;
            fresh.zeroize();
        }
        read_key(&path)
    }

    fn key_path(&self) -> PathBuf {
        let credential = std::env::var_os("CREDENTIALS_DIRECTORY").map(|folder| Path::new(&folder).join(CREDENTIAL));
        credential
            .filter(|path| path.exists())
            .unwrap_or_else(|| self.path.join(KEY_FILE))
    }

    /// The wrapping key from a file that was named, or from where [`Folder::wrapping_key`] finds it; none is made.
    ///
    /// # Errors
    /// It is not there, cannot be read, or has another length.
    pub(crate) fn given_wrapping_key(&self, named: Option<&Path>) -> anyhow::Result<WrappingKey> {
        let path = named.map_or_else(|| self.key_path(), Path::to_owned);
        if !path.exists() {
            bail!(
                "the wrapping key {} is not there; name its file with --key, for example --key {PACKAGED_KEY}",
                path.display()
            );
        }
        read_key(&path)
    }

    /// Leaves word for `candor prove` and the like.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn announce(&self, running: &Running) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(running)?;
        write_secret(&self.path.join(RUNNING_FILE), text.as_bytes())
    }

    /// Takes the word back.
    pub(crate) fn retire(&self) {
        // Gone already is what is wanted.
        let _gone = fs::remove_file(self.path.join(RUNNING_FILE));
    }
}

/// Refuses a file where the data folder should be.
///
/// # Errors
/// What to name instead.
pub(crate) fn refuse_file(path: &Path) -> anyhow::Result<()> {
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => bail!(
            "{} is a file, and candor keeps its data in a folder; name a folder with --data, or as `data` in candor.toml: one \
             that candor made, or one that is not there yet",
            path.display()
        ),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Deletes what a backup, a restore or a written file that was cut off left: copies of keys among it, which must not outlive
/// an erasure. Whoever holds the folder is the only one who could still be at it. What cannot be deleted has another
/// owner, and `doctor` tells of it.
fn clear_remains(data: &Path) {
    let _none = fs::remove_dir_all(data.join(OUTGOING));
    let _none = fs::remove_dir_all(data.join(whole::LOOKED_AT));
    // Between its two renames a restore has put only the keys in place; then it is a restore that brings it to an end.
    if data.join(ROWS_FILE).exists() || !data.join(KEYS_FILE).exists() {
        let _none = fs::remove_dir_all(data.join(RESTORING));
    }
    for name in OWN_FILES {
        let _none = fs::remove_file(data.join(name).with_extension("draft"));
    }
}

/// A file that an earlier version made readable for others. The folder around it is its owner's alone all the same.
fn close_to_others(path: &Path) {
    let Ok(found) = fs::symlink_metadata(path) else {
        return;
    };
    let mode = found.permissions().mode();
    if found.is_file() && mode & 0o077 != 0 {
        // One that is not ours to change is told by `doctor`.
        let _closed = fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700));
    }
}

fn read_key(path: &Path) -> anyhow::Result<WrappingKey> {
    let mut bytes = [0; 32];
    let mut file = File::open(path).with_context(|| {
        format!(
            "the wrapping key {} cannot be read; make it readable for the user that starts candor",
            path.display()
        )
    })?;
    let whole = file.read_exact(&mut bytes).is_ok() && matches!(file.read(&mut [0]), Ok(0));
    if !whole {
        bail!(
            "the wrapping key {} does not have 32 bytes; put the right file back",
            path.display()
        );
    }
    Ok(WrappingKey::from_bytes(&mut bytes))
}

/// Waits while the rest of an instance that has ended clears up; refuses at once when an instance runs.
fn wait_for_lock(lock: &File, folder: &Path) -> anyhow::Result<()> {
    let begun = Instant::now();
    while lock.try_lock().is_err() {
        let running = Running::read(folder).ok();
        if running.is_some() || begun.elapsed() > CLEARING_UP {
            let which = running.map_or_else(String::new, |running| format!(" (process {})", running.pid));
            bail!(
                "another candor{which} runs on the data folder {}; stop it first, or choose another folder with --data",
                folder.display()
            );
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

impl Running {
    /// What the instance on a folder says of itself.
    ///
    /// # Errors
    /// None runs there, or it ended without taking its word back.
    pub(crate) fn read(data: &Path) -> anyhow::Result<Self> {
        let path = data.join(RUNNING_FILE);
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "no candor runs on the data folder {}; start one with `candor serve`, or name its folder with --data",
                data.display()
            )
        })?;
        let running: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged; start candor again", path.display()))?;
        if !Path::new("/proc").join(running.pid.to_string()).exists() {
            bail!(
                "the candor of the data folder {} ended without a farewell; start it again with `candor serve`",
                data.display()
            );
        }
        Ok(running)
    }
}

/// Writes a file that only its owner can read; it is whole or not there. What lies at the draft's name, a link to a file
/// of somebody else's above all, is taken away and never written through: root may write here for a folder's owner.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let draft = path.with_extension("draft");
    let write = || -> std::io::Result<()> {
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}
