//! `candor backup` and `candor restore`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use plan::{Clock as _, Timestamp};
use store::WrappingKey;
use store::backup::{self, Erasures};
use store::transfer::Snapshot;

use crate::cli::{BackupArgs, RestoreArgs};
use crate::config::Config;
use crate::control::{self, Wish, fresh};
use crate::exercised::CATALOGUES;
use crate::folder::{BACKUP_FILE, Folder, Running};
use crate::serve::SystemClock;
use crate::{identity, say, serve, whole};

/// As long as copies of keys may live; the erasure certificate says so.
const KEYS_LIVE: Duration = Duration::from_secs(7 * 86_400);
/// Where a restore builds, inside the data folder.
pub(crate) const RESTORING: &str = "restoring";

/// Writes a backup.
///
/// # Errors
/// Each says what happened, why and what to do; half a backup is not left behind.
pub(crate) async fn backup(arguments: BackupArgs) -> anyhow::Result<()> {
    unless_ended(write_backup(arguments)).await
}

/// Does a piece of work, and drops it when somebody asks the program to end: then it clears up after itself.
async fn unless_ended(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::select! {
        done = work => done,
        ended = serve::wait_for_signal() => ended.and_then(|()| bail!("it was broken off before it was done; do it again")),
    }
}

/// What keeps the files where they are until they are carried away.
#[expect(dead_code, reason = "held, and looked at by nobody")]
enum Held {
    ByInstance(control::Conversation),
    Here(Folder),
}

/// Where files wait to be carried away, until this is dropped.
struct Outgoing(PathBuf);

impl Drop for Outgoing {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

async fn write_backup(arguments: BackupArgs) -> anyhow::Result<()> {
    let config = arguments.instance.configuration()?;
    sys::process::keep_files_private();
    let wish = if arguments.erasures {
        Wish::Erasures
    } else {
        Wish::Backup
    };
    let bar = bar();
    let from = config.data.join(control::OUTGOING);
    // Dropped in the reverse order: who holds the folder clears it first.
    let (held, outgoing, (rows, people)) = match Running::read(&config.data) {
        Ok(_) => {
            let (asked, conversation) = control::ask(&config.data, wish, |done, all| show(&bar, done, all)).await?;
            (Held::ByInstance(conversation), None, asked)
        }
        Err(_) => {
            let folder = Folder::take(&config.data)?;
            if let store::Place::Folder(_) = config.place()? {
                whole::refuse_halves(folder.path())?;
                whole::refuse_torn(folder.path()).await?;
            }
            let wrapping = folder.given_wrapping_key(arguments.key.as_deref())?;
            let outgoing = Outgoing(from.clone());
            let written = of_stopped(&config, &from, &wrapping, wish, &bar).await?;
            (Held::Here(folder), Some(outgoing), written)
        }
    };
    bar.finish_and_clear();
    let stem = format!("candor-{}", stem(SystemClock.now()));
    let names: &[(&str, &str)] = match wish {
        Wish::Backup => &[(control::DATA, "data"), (control::KEYS, "keys")],
        Wish::Erasures => &[(control::ERASURES, "erasures")],
    };
    let mut written: Vec<PathBuf> = Vec::new();
    let carried = names.iter().try_for_each(|(name, ending)| {
        let to = arguments.out.join(format!("{stem}.{ending}"));
        carry(&from.join(name), &to)?;
        written.push(to);
        anyhow::Ok(())
    });
    drop(outgoing);
    if let Held::ByInstance(conversation) = held {
        conversation.end().await;
    }
    if carried.is_err() {
        // Half a backup restores nothing.
        written.iter().for_each(|half| _ = fs::remove_file(half));
    }
    carried?;
    let paths: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    let paths = paths.join("\n");
    match wish {
        Wish::Erasures => say::answer(format_args!("{paths}\n{rows} erased people are on the list")),
        Wish::Backup => {
            let note = config.data.join(BACKUP_FILE);
            crate::folder::write_secret(&note, format!("{{\"name\":\"{stem}\"}}").as_bytes())?;
            identity::give_to_owner_of(&config.data, &note);
            let ended = end_old_keys(&arguments.out)?;
            say::answer(format_args!(
                "{paths}\n{rows} rows, {people} people. Keep the two files apart, and the wrapping key with neither: a restore needs \
                 all three. The keys file must be deleted within 7 days, by then this backup ends"
            ));
            if ended > 0 {
                say::answer(format_args!("{ended} keys files older than 7 days were deleted here"));
            }
        }
    }
    Ok(())
}

async fn of_stopped(
    config: &Config,
    folder: &Path,
    wrapping: &WrappingKey,
    wish: Wish,
    bar: &ProgressBar,
) -> anyhow::Result<(u64, u64)> {
    let now = SystemClock.now();
    let snapshot = Snapshot::open(&config.place()?, CATALOGUES).await?;
    match wish {
        Wish::Backup => {
            let files = [fresh(folder, control::DATA)?, fresh(folder, control::KEYS)?];
            // Should this be killed, the next start can clear up, whoever started this.
            identity::give_to_owner_of(&config.data, folder);
            let made = backup::write(snapshot, wrapping, now, files, |done, all| show(bar, done, all)).await;
            let made = made.with_context(|| control::unwritten(folder))?;
            Ok((made.rows, made.people))
        }
        Wish::Erasures => {
            let erasures = backup::erasures_of(snapshot).await?;
            backup::write_erasures(&erasures, wrapping, now, fresh(folder, control::ERASURES)?)?;
            Ok((erasures.len() as u64, 0))
        }
    }
}

/// Moves a file, across file systems too: it is whole under its name, or not there.
fn carry(from: &Path, to: &Path) -> anyhow::Result<()> {
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    let draft = to.with_extension("partial");
    let work = || -> std::io::Result<()> {
        let (mut input, mut output) = (File::open(from)?, File::create(&draft)?);
        std::io::copy(&mut input, &mut output)?;
        output.sync_all()?;
        fs::rename(&draft, to)?;
        File::open(folder)?.sync_all()?;
        fs::remove_file(from)
    };
    work().with_context(|| {
        let _half = fs::remove_file(&draft);
        format!(
            "the backup cannot be written to {}; is there space, and may this user write there?",
            to.display()
        )
    })
}

/// Deletes keys files whose time is over; nothing that is not a keys file of candor's.
fn end_old_keys(folder: &Path) -> anyhow::Result<u32> {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let mut ended = 0;
    for entry in fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|ending| ending != "keys") {
            continue;
        }
        let Ok(made) = backup::made_at(&path) else {
            continue;
        };
        let made = Duration::from_micros(u64::try_from(made.microseconds()).unwrap_or(0));
        if now.saturating_sub(made) > KEYS_LIVE {
            fs::remove_file(&path).with_context(|| format!("{} must be deleted, and cannot be", path.display()))?;
            ended += 1;
        }
    }
    Ok(ended)
}

/// Brings a backup back.
///
/// # Errors
/// Each says what happened, why and what to do; unless it says otherwise, nothing was written.
pub(crate) async fn restore(arguments: RestoreArgs) -> anyhow::Result<()> {
    unless_ended(bring_back(arguments)).await
}

async fn bring_back(arguments: RestoreArgs) -> anyhow::Result<()> {
    let config = arguments.instance.configuration()?;
    let policy = serve::compile(config.policy.as_deref())?;
    if arguments.erasures.is_empty() && !arguments.without_erasures {
        bail!(
            "who was erased since this backup was made must not come back: say with --erasures where that is known: the data \
             folder that is replaced, or files of `candor backup --erasures` (may be given several times).\n  If it is known \
             nowhere any more, say so with --without-erasures; then everybody who asked to be erased since has to be erased \
             again by hand"
        );
    }
    let standing = identity::choose(config.user.as_deref(), &config.data)?;
    let folder = Folder::take(&config.data)?;
    let wrapping = folder.given_wrapping_key(arguments.key.as_deref())?;
    let place = config.place()?;
    let staging = Staging::begin(&folder, place)?;
    // What a first start left here that was cut off is of no account any more: nobody may take these files for its.
    whole::begun(folder.path());
    let files = pair(&arguments.from)?;
    let made = backup::made_at(&files[1])?;
    let erasures = known(&arguments.erasures, &wrapping, made).await?;
    let bar = bar();
    let restored = backup::restore(
        [&files[0], &files[1]],
        erasures,
        &wrapping,
        staging.place(),
        CATALOGUES,
        |done, all| show(&bar, done, all),
    )
    .await?;
    bar.finish_and_clear();
    let wrapping = folder.given_wrapping_key(arguments.key.as_deref())?;
    let opened = serve::open_store(staging.place().clone(), wrapping, &policy).await;
    match opened {
        Ok(store) => {
            account::sign_everybody_out(&store).await?;
            store.close().await;
        }
        Err(error) => return Err(error.context("what was brought back does not open, so it was not put in place")),
    }
    staging.finish()?;
    identity::settle_as(&standing, folder.path())?;
    say::answer(format_args!(
        "{} rows and {} people are back as they were at {}; {} people of the backup were erased since and stay erased",
        restored.rows, restored.people, restored.made_at, restored.kept_erased
    ));
    say::answer(
        "everybody is signed out, browsers and programs: a session or a token that was ended since the backup must not come \
         back. Devices and passwords are those of the backup: a device that was removed since has to be removed again, and \
         a password that was changed since has to be changed again",
    );
    say::answer(format_args!(
        "not known, and not in what is back: everything that happened after {}{}",
        restored.made_at,
        if arguments.without_erasures {
            ", erasures included: whoever asked for one since has to be erased again"
        } else {
            "; an erasure that is on none of the given lists would have to be made again"
        }
    ));
    Ok(())
}

/// Both files of a backup, by either one's name or the name without its ending.
fn pair(from: &Path) -> anyhow::Result<[PathBuf; 2]> {
    let is_file = from
        .extension()
        .is_some_and(|ending| ending == "data" || ending == "keys");
    let files = ["data", "keys"].map(|ending| match is_file {
        true => from.with_extension(ending),
        false => PathBuf::from(format!("{}.{ending}", from.display())),
    });
    match files.iter().find(|file| !file.exists()) {
        None => Ok(files),
        Some(missing) => bail!(
            "{} is not there; a backup is two files, {} and {}, and a restore needs both",
            missing.display(),
            files[0].display(),
            files[1].display()
        ),
    }
}

/// Everybody who is known to have been erased.
async fn known(sources: &[PathBuf], wrapping: &WrappingKey, made: Timestamp) -> anyhow::Result<Erasures> {
    let mut all = Erasures::default();
    for source in sources {
        if source.is_dir() {
            let snapshot = Snapshot::open(&source.clone().into(), CATALOGUES).await;
            let snapshot = snapshot.with_context(|| format!("the erasures in {} cannot be read", source.display()))?;
            all.add(backup::erasures_of(snapshot).await?);
        } else {
            let (at, list) = backup::read_erasures(source, wrapping)?;
            if at < made {
                bail!(
                    "the list of erasures {} was made at {at}, before the backup ({made}), so it says nothing about the time \
                     since; name a newer one",
                    source.display()
                );
            }
            all.add(list);
        }
    }
    Ok(all)
}

/// Where a restore writes until everything is well.
struct Staging {
    data: PathBuf,
    place: store::Place,
    moves: bool,
}

impl Staging {
    fn begin(folder: &Folder, place: store::Place) -> anyhow::Result<Self> {
        let data = folder.path().to_owned();
        let store::Place::Folder(_) = place else {
            return Ok(Self {
                data,
                place,
                moves: false,
            });
        };
        let staging = data.join(RESTORING);
        if staging.exists() {
            // A restore was cut off. Its rows came last, so without them nothing of it is in place.
            fs::remove_dir_all(&staging)?;
            if !data.join("candor.db").exists() {
                let _keys = fs::remove_file(data.join("keys.db"));
            }
        }
        for name in ["candor.db", "keys.db", "candor.db-wal", "keys.db-wal"] {
            if data.join(name).exists() {
                bail!(
                    "the data folder {} has databases already, and a restore overwrites nothing. Move them away first, and name \
                     the folder that you moved them to with --erasures",
                    data.display()
                );
            }
        }
        // The folder around it is its owner's alone, and so is what this process makes.
        fs::create_dir(&staging)?;
        Ok(Self {
            data,
            place: staging.into(),
            moves: true,
        })
    }

    const fn place(&self) -> &store::Place {
        &self.place
    }

    /// Puts both files in place, the rows last: with them the restore has happened.
    fn finish(mut self) -> anyhow::Result<()> {
        if std::mem::take(&mut self.moves) {
            let staging = self.data.join(RESTORING);
            let log = |name: &str| fs::metadata(staging.join(name)).map_or(0, |found| found.len());
            if log("keys.db-wal") + log("candor.db-wal") > 0 {
                bail!("the databases were not closed to their ends; nothing was put in place, try again");
            }
            for name in ["keys.db", "candor.db"] {
                fs::rename(staging.join(name), self.data.join(name))?;
            }
            File::open(&self.data)?.sync_all()?;
            fs::remove_dir_all(staging)?;
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if self.moves {
            let _removed = fs::remove_dir_all(self.data.join(RESTORING));
        }
    }
}

/// `20261122T063500Z`.
fn stem(now: Timestamp) -> String {
    let day: String = now.day().to_string().split('-').collect();
    let second = now.microseconds().div_euclid(1_000_000).rem_euclid(86_400);
    format!("{day}T{:02}{:02}{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} rows");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(bar: &ProgressBar, done: u64, all: u64) {
    bar.set_length(all);
    bar.set_position(done);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_named_by_its_second() {
        assert_eq!(
            stem(Timestamp::from_microseconds(1_795_329_301_999_999)),
            "20261122T063501Z"
        );
    }
}
