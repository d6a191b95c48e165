//! The data folder: made for its owner alone, used by one instance at a time, with the wrapping key.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use store::WrappingKey;
use zeroize::Zeroize as _;

const KEY_FILE: &str = "wrapping.key";
/// The name under which systemd's `LoadCredential` gives the wrapping key.
const CREDENTIAL: &str = "candor.key";
const LOCK_FILE: &str = "lock";
const RUNNING_FILE: &str = "running.json";

/// A data folder that this process holds.
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
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
}

impl Folder {
    /// Takes a folder, making it when it is not there.
    ///
    /// # Errors
    /// It cannot be made or written, or another instance runs on it.
    pub(crate) fn take(path: &Path) -> anyhow::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| {
                format!(
                    "the data folder {} cannot be made; choose another with --data, or make it writable",
                    path.display()
                )
            })?;
        let lock_path = path.join(LOCK_FILE);
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&lock_path).with_context(|| {
            format!("the data folder {} cannot be written; make it writable for this user, or choose another with --data", path.display())
        })?;
        if lock.try_lock().is_err() {
            bail!(
                "another candor runs on the data folder {}; stop it first, or choose another folder with --data",
                path.display()
            );
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
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
        let credential = std::env::var_os("CREDENTIALS_DIRECTORY").map(|folder| Path::new(&folder).join(CREDENTIAL));
        let path = credential
            .filter(|path| path.exists())
            .unwrap_or_else(|| self.path.join(KEY_FILE));
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
        let mut bytes = [0; 32];
        let mut file =
            File::open(&path).with_context(|| format!("the wrapping key {} cannot be read", path.display()))?;
        let whole = file.read_exact(&mut bytes).is_ok() && matches!(file.read(&mut [0]), Ok(0));
        if !whole {
            bail!(
                "the wrapping key {} does not have 32 bytes; put the right file back",
                path.display()
            );
        }
        Ok(WrappingKey::from_bytes(&mut bytes))
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

/// Writes a file that only its owner can read; it is whole or not there.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let draft = path.with_extension("draft");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}
