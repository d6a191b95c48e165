//! `candor upgrade`: copy, migrate, look whether it opens, and go back when it does not.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use store::{OpenError, Place, SCHEMA_VERSION, migrate, schema_version};

use crate::cli::UpgradeArgs;
use crate::folder::Folder;
use crate::{identity, say, serve};

/// Where the files are as they were, while it is not certain that the new ones are right.
const BEFORE: &str = "before-upgrade";
const FILES: [&str; 4] = ["candor.db", "candor.db-wal", "keys.db", "keys.db-wal"];

/// Brings the databases of a stopped instance up to this version's schema.
///
/// # Errors
/// Each says what happened, why and what to do; the databases are as they were before.
pub(crate) async fn upgrade(arguments: UpgradeArgs) -> anyhow::Result<()> {
    let config = arguments.instance.configuration()?;
    let policy = serve::compile(config.policy.as_deref())?;
    let standing = identity::choose(config.user.as_deref(), &config.data)?;
    let folder = Folder::take(&config.data)?;
    let place = config.place()?;
    let earlier = Copies::of(&place);
    if let Some(copies) = &earlier
        && copies.folder.exists()
    {
        // An upgrade was cut off: nobody knows how far it came.
        copies.put_back()?;
        say::answer("an upgrade was cut off; the databases are as they were before it, and this one begins anew");
    }
    if earlier.is_some() {
        folder.has_both_or_none()?;
    }
    match schema_version(&place).await? {
        None => bail!("there are no databases at {place}: nothing to upgrade; `candor serve` makes them"),
        Some(SCHEMA_VERSION) => {
            say::answer(format_args!(
                "the databases have schema {SCHEMA_VERSION} already: nothing to do"
            ));
            return Ok(());
        }
        Some(newer) if newer > SCHEMA_VERSION => return Err(OpenError::SchemaNewer { found: newer }.into()),
        Some(_) => {}
    }
    let wrapping = folder.given_wrapping_key(arguments.key.as_deref())?;
    if let Some(copies) = &earlier {
        say::progress("copying the databases as they are");
        copies.make()?;
    }
    let outcome = async {
        say::progress("migrating");
        let migrated = migrate(&place).await?;
        say::progress("opening them as `candor serve` would");
        match serve::open_store(place.clone(), wrapping, &policy).await {
            Ok(store) => store.close().await,
            Err(error) => return Err(error),
        }
        anyhow::Ok(migrated)
    };
    let migrated = match (outcome.await, &earlier) {
        (Ok(migrated), _) => migrated,
        (Err(error), Some(copies)) => {
            copies.put_back()?;
            return Err(error.context(
                "the upgrade did not work, and the databases are as they were before; start the version that you had",
            ));
        }
        (Err(error), None) => {
            return Err(error.context(
                "the upgrade did not work; a server's schema changes in one commit, so it is the old one or the new one",
            ));
        }
    };
    if let Some(copies) = &earlier {
        // Copies of keys must not outlive an erasure.
        copies.delete()?;
    }
    identity::settle_as(&standing, folder.path())?;
    say::answer(format_args!(
        "the databases have schema {SCHEMA_VERSION} now (from {}): {}",
        migrated.from,
        migrated.steps.join("; ")
    ));
    Ok(())
}

/// The files of a data folder, copied.
struct Copies {
    data: PathBuf,
    folder: PathBuf,
}

impl Copies {
    /// Nothing where the databases are a server's.
    fn of(place: &Place) -> Option<Self> {
        match place {
            Place::Folder(data) => Some(Self {
                data: data.clone(),
                folder: data.join(BEFORE),
            }),
            Place::Servers { .. } => None,
        }
    }

    /// Whole under its name, or not there.
    fn make(&self) -> anyhow::Result<()> {
        let draft = self.folder.with_extension("draft");
        let work = || -> std::io::Result<()> {
            if draft.exists() {
                fs::remove_dir_all(&draft)?;
            }
            fs::create_dir(&draft)?;
            for name in FILES {
                copy(&self.data.join(name), &draft.join(name))?;
            }
            fs::rename(&draft, &self.folder)?;
            File::open(&self.data)?.sync_all()
        };
        work().with_context(|| format!("the databases cannot be copied to {}; is there space?", draft.display()))
    }

    fn put_back(&self) -> anyhow::Result<()> {
        let work = || -> std::io::Result<()> {
            for name in FILES.into_iter().chain(["candor.db-shm", "keys.db-shm"]) {
                let (kept, here) = (self.folder.join(name), self.data.join(name));
                if kept.exists() {
                    copy(&kept, &here)?;
                } else if here.exists() {
                    fs::remove_file(here)?;
                }
            }
            File::open(&self.data)?.sync_all()?;
            fs::remove_dir_all(&self.folder)
        };
        work().with_context(|| {
            format!(
                "the databases cannot be put back from {}; copy the files there to {} by hand",
                self.folder.display(),
                self.data.display()
            )
        })
    }

    fn delete(&self) -> anyhow::Result<()> {
        fs::remove_dir_all(&self.folder).with_context(|| {
            format!(
                "{} must be deleted, and cannot be: it has copies of keys",
                self.folder.display()
            )
        })
    }
}

/// Copies a file, where it is there, to the disk.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.exists() {
        return Ok(());
    }
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}
