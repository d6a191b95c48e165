//! What other commands on this machine ask of a running instance, by a socket in the data folder: for its owner and for
//! root. Today: a backup, which must not meet an erasure half-way.
//!
//! ```text
//!   candor backup ── "data" / "erasures" ──▶ the instance writes files into its own folder
//!                 ◀── "rows N of M" … "done N P" or "failed …"       and the command carries them away
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use store::Store;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// The socket, in the data folder.
pub(crate) const SOCKET: &str = "control.sock";
/// Where the instance writes what is asked for.
pub(crate) const OUTGOING: &str = "outgoing";
pub(crate) const DATA: &str = "backup.data";
pub(crate) const KEYS: &str = "backup.keys";
pub(crate) const ERASURES: &str = "backup.erasures";
/// How many rows pass between two words of progress.
const EVERY_ROWS: u64 = 20_000;
/// What is heard of one who asks, in bytes.
const LINE_BYTES: u64 = 64;
/// How long a command may take to say what it wants.
const ASKED_WITHIN: Duration = Duration::from_secs(5);

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wish {
    /// Both files of a backup.
    Backup,
    /// The list of erasures alone.
    Erasures,
}

impl Wish {
    const fn word(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Erasures => "erasures",
        }
    }
}

/// Listens; what an earlier run left is taken away first.
///
/// # Errors
/// The folder cannot be written.
pub(crate) fn listen(data: &Path) -> anyhow::Result<UnixListener> {
    let path = data.join(SOCKET);
    // The folder is locked for this instance, so nobody listens there any more.
    let _old = fs::remove_file(&path);
    let _left = fs::remove_dir_all(data.join(OUTGOING));
    UnixListener::bind(&path).with_context(|| format!("the socket {} cannot be made", path.display()))
}

/// Answers, one command after the other, until `stopping` says so.
pub(crate) async fn serve(listener: UnixListener, store: Store, data: PathBuf, mut stopping: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stop| *stop) => break,
        };
        let Ok((mut stream, _)) = accepted else {
            continue;
        };
        let ours = [0, sys::privilege::acting_user()];
        if stream.peer_cred().is_ok_and(|peer| ours.contains(&peer.uid())) {
            tokio::select! {
                // Who asked may have gone away.
                _answered = answer(&mut stream, &store, &data) => {},
                _ = stopping.wait_for(|stop| *stop) => {},
            }
            // Copies of keys must not outlive an erasure, whoever was killed before they were carried away.
            let _gone = fs::remove_dir_all(data.join(OUTGOING));
            // Only now does who asked see the end, so nothing is left when the command has ended.
            drop(stream);
        }
    }
    let _gone = fs::remove_file(data.join(SOCKET));
}

async fn answer(stream: &mut UnixStream, store: &Store, data: &Path) -> std::io::Result<()> {
    let (reading, mut writing) = stream.split();
    let mut line = String::new();
    let mut reading = tokio::io::AsyncReadExt::take(BufReader::new(reading), LINE_BYTES);
    // Others wait behind whoever says nothing.
    tokio::time::timeout(ASKED_WITHIN, reading.read_line(&mut line)).await??;
    let wish = [Wish::Backup, Wish::Erasures]
        .into_iter()
        .find(|wish| wish.word() == line.trim_end());
    let folder = data.join(OUTGOING);
    let done = match wish {
        None => Err(anyhow::anyhow!("another version of candor runs here")),
        Some(Wish::Backup) => {
            let (told, mut tells) = watch::channel((0, 0));
            let writing_files = back_up(store, &folder, move |done, all| {
                let _unheard = told.send((done, all));
            });
            tokio::pin!(writing_files);
            loop {
                tokio::select! {
                    done = &mut writing_files => break done,
                    Ok(()) = tells.changed() => {
                        let (done, all) = *tells.borrow_and_update();
                        writing.write_all(format!("rows {done} of {all}\n").as_bytes()).await?;
                    }
                }
            }
        }
        Some(Wish::Erasures) => erasures(store, &folder).await,
    };
    let word = match done {
        Ok(done) => format!("done {done}\n"),
        Err(error) => format!("failed {}\n", crate::chain(&error).replace('\n', " ")),
    };
    writing.write_all(word.as_bytes()).await?;
    // Who asked says nothing more, and goes when the files are carried away.
    reading.read_line(&mut line).await.map(|_| ())
}

async fn back_up(store: &Store, folder: &Path, progress: impl Fn(u64, u64)) -> anyhow::Result<String> {
    let files = [fresh(folder, DATA)?, fresh(folder, KEYS)?];
    let mut last = 0;
    let made = store
        .back_up(files, |done, all| {
            if done >= last + EVERY_ROWS || done == all {
                last = done;
                progress(done, all);
            }
        })
        .await
        .with_context(|| unwritten(folder))?;
    Ok(format!("{} {}", made.rows, made.people))
}

/// What was to be written into a folder, and was not.
pub(crate) fn unwritten(folder: &Path) -> String {
    format!(
        "the backup's files cannot be made in {}, from where they are carried away; is there space?",
        folder.display()
    )
}

async fn erasures(store: &Store, folder: &Path) -> anyhow::Result<String> {
    let file = fresh(folder, ERASURES)?;
    let count = store.list_erasures(file).await.with_context(|| unwritten(folder))?;
    Ok(format!("{count} 0"))
}

/// A new file for its owner alone.
pub(crate) fn fresh(folder: &Path, name: &str) -> anyhow::Result<File> {
    let path = folder.join(name);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    let _old = fs::remove_file(&path);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("{} cannot be written; is there space?", path.display()))
}

/// Until it ends, the running instance leaves its files where they are.
pub(crate) struct Conversation {
    writing: OwnedWriteHalf,
    lines: Lines<BufReader<OwnedReadHalf>>,
}

impl Conversation {
    /// Says that the files were carried away, and waits until the instance has cleared up.
    pub(crate) async fn end(mut self) {
        // One that was stopped meanwhile has cleared up, or does at its next start.
        let _ended = self.writing.shutdown().await;
        let _rest = self.lines.next_line().await;
    }
}

/// Asks the running instance, and tells `progress` how far it is. Gives back how many rows and people.
///
/// # Errors
/// It does not answer, or could not do it; the message says why.
pub(crate) async fn ask(
    data: &Path,
    wish: Wish,
    mut progress: impl FnMut(u64, u64),
) -> anyhow::Result<((u64, u64), Conversation)> {
    let path = data.join(SOCKET);
    let stream = UnixStream::connect(&path).await.with_context(|| {
        format!(
            "the running candor does not answer at {}; only its own user and root may ask",
            path.display()
        )
    })?;
    let (reading, mut writing) = stream.into_split();
    writing.write_all(format!("{}\n", wish.word()).as_bytes()).await?;
    let mut lines = BufReader::new(reading).lines();
    while let Some(line) = lines.next_line().await? {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["rows", done, "of", all] => progress(done.parse()?, all.parse()?),
            ["done", rows, people] => return Ok(((rows.parse()?, people.parse()?), Conversation { writing, lines })),
            ["failed", ..] => bail!("the running candor could not do it: {}", &line["failed ".len()..]),
            _ => {}
        }
    }
    bail!("the running candor broke off; what it had written is not whole and was left out")
}
