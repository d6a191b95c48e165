//! The databases of a data folder as they were before an upgrade. Each state has a name of its own on the disk, so that a
//! kill or a power loss between two of them is known for what it was:
//!
//! ```text
//!   before-upgrade.draft ─▶ before-upgrade ─▶ before-upgrade.over   the copies are not needed any more
//!      being written           │  which of the two is right is for `candor upgrade` to find out
//!                              └──▶ before-upgrade.back ─▶ .over    the copies are right, and being put back
//! ```

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The copies are whole, and an upgrade is under way.
pub(crate) const BEFORE: &str = "before-upgrade";
/// The copies are whole, and the files in place are not to be trusted.
pub(crate) const BACK: &str = "before-upgrade.back";
const DRAFT: &str = "before-upgrade.draft";
const OVER: &str = "before-upgrade.over";
const DATABASES: [&str; 2] = ["candor.db", "keys.db"];
/// What may lie beside a database, or not.
const LOGS: [&str; 4] = ["candor.db-wal", "keys.db-wal", "candor.db-shm", "keys.db-shm"];

/// The copies of one data folder.
pub(crate) struct Copies(PathBuf);

/// What an upgrade that was cut off left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Left {
    /// Nothing, or nothing that is needed.
    Nothing,
    /// Whole copies. The files in place are those from before the migration's one commit or from after it.
    Undecided,
    /// Whole copies that were being put back.
    HalfPutBack,
}

impl Copies {
    pub(crate) fn of(data: &Path) -> Self {
        Self(data.to_owned())
    }

    /// What an earlier run left. Remains that nobody needs are deleted: they have copies of keys.
    ///
    /// # Errors
    /// They cannot be deleted.
    pub(crate) fn left(&self) -> anyhow::Result<Left> {
        for name in [DRAFT, OVER] {
            self.delete(name)?;
        }
        if self.0.join(BACK).exists() {
            return Ok(Left::HalfPutBack);
        }
        let copies = self.0.join(BEFORE);
        if !copies.exists() {
            return Ok(Left::Nothing);
        }
        if DATABASES.iter().all(|name| copies.join(name).exists()) {
            return Ok(Left::Undecided);
        }
        // They were whole when they got this name: an earlier version was deleting them, so they are not needed.
        self.retire(BEFORE)?;
        Ok(Left::Nothing)
    }

    /// Copies the databases as they are. Whole under their name, or not there.
    ///
    /// # Errors
    /// There is no space.
    pub(crate) fn make(&self) -> anyhow::Result<()> {
        let draft = self.0.join(DRAFT);
        let work = || -> std::io::Result<()> {
            fs::create_dir(&draft)?;
            for name in DATABASES.into_iter().chain(LOGS) {
                // What lies between the processes that have a database open is not part of it.
                if !name.ends_with("-shm") && self.0.join(name).exists() {
                    copy(&self.0.join(name), &draft.join(name))?;
                }
            }
            to_disk(&draft)?;
            fs::rename(&draft, self.0.join(BEFORE))?;
            to_disk(&self.0)
        };
        work().with_context(|| {
            // Half a copy has keys in it, and is of no use.
            let _half = fs::remove_dir_all(&draft);
            format!(
                "the databases cannot be copied to {}; is there space? Nothing was changed",
                draft.display()
            )
        })
    }

    /// Puts the copies in the place of what is there. Cut off, it is done again from the beginning.
    ///
    /// # Errors
    /// The files cannot be written; the copies are still there then.
    pub(crate) fn put_back(&self) -> anyhow::Result<()> {
        let back = self.0.join(BACK);
        let work = || -> std::io::Result<()> {
            if !back.exists() {
                fs::rename(self.0.join(BEFORE), &back)?;
                to_disk(&self.0)?;
            }
            for name in LOGS {
                let (kept, here) = (back.join(name), self.0.join(name));
                // A log that the copies do not have belongs to what is replaced.
                if !kept.exists() && here.exists() {
                    fs::remove_file(here)?;
                }
            }
            for name in DATABASES.into_iter().chain(LOGS) {
                if back.join(name).exists() {
                    copy(&back.join(name), &self.0.join(name))?;
                }
            }
            to_disk(&self.0)
        };
        if let Some(missing) = DATABASES.iter().find(|name| {
            ![BEFORE, BACK]
                .iter()
                .any(|folder| self.0.join(folder).join(name).exists())
        }) {
            bail!(
                "{missing} is missing among the copies in {}; nothing was changed",
                back.display()
            );
        }
        work().with_context(|| {
            format!(
                "the databases cannot be put back from {}; make space and run `candor upgrade` again",
                back.display()
            )
        })?;
        self.retire(BACK)
    }

    /// The copies are not needed any more, and copies of keys must not outlive an erasure.
    ///
    /// # Errors
    /// They cannot be deleted.
    pub(crate) fn give_up(&self) -> anyhow::Result<()> {
        self.retire(BEFORE)
    }

    /// Takes copies their name before the first of their files is deleted, so that half of them is nobody's copy.
    fn retire(&self, name: &str) -> anyhow::Result<()> {
        let (from, over) = (self.0.join(name), self.0.join(OVER));
        let work = || -> std::io::Result<()> {
            fs::rename(&from, &over)?;
            to_disk(&self.0)
        };
        work().with_context(|| not_deleted(&from))?;
        self.delete(OVER)
    }

    fn delete(&self, name: &str) -> anyhow::Result<()> {
        let path = self.0.join(name);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| not_deleted(&path))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn not_deleted(path: &Path) -> String {
    format!(
        "{} must be deleted, and cannot be: it has copies of keys",
        path.display()
    )
}

/// Copies a file to the disk.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::copy(from, to)?;
    to_disk(to)
}

fn to_disk(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}
