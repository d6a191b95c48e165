//! The two files of the databases, looked at before anything opens them: an opening would begin a log beside a file, or
//! end one, and so take from what is put back.
//!
//! ```text
//!  neither file ──▶ mark `beginning` ──▶ made ──▶ opened ──▶ mark taken away ──▶ both files
//!                        └─ cut off: nobody can have joined, the next start begins anew
//! ```

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::folder::write_secret;

pub(crate) const ROWS_FILE: &str = "candor.db";
pub(crate) const KEYS_FILE: &str = "keys.db";
/// Stands in the folder while a first start makes the databases.
pub(crate) const BEGINNING: &str = "beginning";
/// Where files are copied to that can only be judged by opening them.
pub(crate) const LOOKED_AT: &str = "looked-at";
/// The smallest page of SQLite: a shorter file has not even its first.
const SMALLEST_PAGE: u64 = 512;

/// Makes a folder ready for a start: as [`refuse_halves`], and what a first start left that was cut off is taken away.
///
/// # Errors
/// As [`refuse_halves`]; or the folder cannot be written.
pub(crate) fn prepare(folder: &Path) -> anyhow::Result<()> {
    let mark = folder.join(BEGINNING);
    if mark.exists() && !has(folder, ROWS_FILE) {
        // Rows are made after keys, and nobody can join before both are there: these keys are nobody's.
        for name in [ROWS_FILE, KEYS_FILE] {
            remove_database(folder, name)?;
        }
    }
    refuse_halves(folder)?;
    if !has(folder, ROWS_FILE) {
        // Root may write here for a folder's owner, who may have laid a link.
        write_secret(&mark, b"")?;
        let entered = File::open(folder).and_then(|folder| folder.sync_all());
        entered.with_context(|| format!("{} cannot be written", mark.display()))?;
    }
    Ok(())
}

/// The databases are there and have been opened.
pub(crate) fn begun(folder: &Path) {
    // While it stands, the next start looks once more; with rows that are there, it changes nothing.
    let _gone = fs::remove_file(folder.join(BEGINNING));
}

/// Refuses a folder in which one of the two databases is missing, empty or cut short.
///
/// # Errors
/// Which file it is, and what to do.
pub(crate) fn refuse_halves(folder: &Path) -> anyhow::Result<()> {
    let here = folder.display();
    for name in [ROWS_FILE, KEYS_FILE] {
        if let Ends::Short = ends(&folder.join(name)) {
            return Err(cut_short(name, folder));
        }
    }
    match (has(folder, ROWS_FILE), has(folder, KEYS_FILE)) {
        (true, true) | (false, false) => Ok(()),
        (true, false) => bail!(
            "{KEYS_FILE} is missing or empty in {here}, and without it nothing in {ROWS_FILE} can be read.\n  \
             Put it back from a backup (`candor restore`). Nothing was changed"
        ),
        (false, true) => bail!(
            "{ROWS_FILE} is missing or empty in {here}, but {KEYS_FILE} is there.\n  Put it back from a backup (`candor \
             restore`). If it is lost for good, move {KEYS_FILE} away as well: its keys open nothing any more. Nothing \
             was changed"
        ),
    }
}

/// Judges by copies what cannot be judged by lengths: a file whose last pages may be in its log.
///
/// # Errors
/// Which file is cut short, and what to do; or there is no room for a copy.
pub(crate) async fn refuse_torn(folder: &Path) -> anyhow::Result<()> {
    for name in [ROWS_FILE, KEYS_FILE] {
        if let Ends::PerhapsInTheLog = ends(&folder.join(name)) {
            let copies = folder.join(LOOKED_AT);
            let judged = judge(folder, &copies, name).await;
            let _gone = fs::remove_dir_all(&copies);
            if !judged? {
                return Err(cut_short(name, folder));
            }
        }
    }
    Ok(())
}

async fn judge(folder: &Path, copies: &Path, name: &str) -> anyhow::Result<bool> {
    let copy = || -> std::io::Result<()> {
        if copies.exists() {
            fs::remove_dir_all(copies)?;
        }
        fs::create_dir(copies)?;
        for part in [name.to_owned(), format!("{name}-wal")] {
            fs::copy(folder.join(&part), copies.join(&part))?;
        }
        Ok(())
    };
    copy().with_context(|| {
        format!(
            "{name} in {} was not closed and has to be looked at; there must be room for a copy of it",
            folder.display()
        )
    })?;
    Ok(store::is_sound(&copies.join(name)).await)
}

fn cut_short(name: &str, folder: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "{name} in {} is cut short or no database.\n  Put it back from a backup. Nothing was changed",
        folder.display()
    )
}

fn has(folder: &Path, name: &str) -> bool {
    length(&folder.join(name)) + length(&folder.join(log_of(name))) > 0
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

fn log_of(name: &str) -> String {
    format!("{name}-wal")
}

/// Databases that are being made where none were: unless they are to stay, nothing of them does.
pub(crate) struct Made {
    folder: PathBuf,
    is_ours: bool,
}

impl Made {
    /// Looks what is there before they are made.
    pub(crate) fn begin(folder: &Path) -> Self {
        let is_there = |name: &str| folder.join(name).exists() || folder.join(log_of(name)).exists();
        Self {
            folder: folder.to_owned(),
            is_ours: ![ROWS_FILE, KEYS_FILE].into_iter().any(is_there),
        }
    }

    /// They are whole.
    pub(crate) fn stays(mut self) {
        self.is_ours = false;
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for name in [ROWS_FILE, KEYS_FILE].into_iter().filter(|_| self.is_ours) {
            // What cannot be removed is found by the next start, which refuses halves.
            let _half = remove_database(&self.folder, name);
        }
    }
}

fn remove_database(folder: &Path, name: &str) -> anyhow::Result<()> {
    for part in [name.to_owned(), log_of(name), format!("{name}-shm")] {
        let path = folder.join(part);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} cannot be removed", path.display()));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Where a database's file ends.
enum Ends {
    /// Where it should, or it is not there.
    Well,
    /// Before its last page.
    Short,
    /// Before its last page, which may stand in the log: a kill while the log was carried over leaves that.
    PerhapsInTheLog,
}

/// Goes by the file's header ("The Database Header", sqlite.org/fileformat2.html).
fn ends(path: &Path) -> Ends {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let Ok(mut file) = File::open(path) else {
        return Ends::Well;
    };
    let (length, log) = (length(path), length(&path.with_extension("db-wal")));
    if length < SMALLEST_PAGE {
        // SQLite throws the log of a file without a page away.
        return if length + log == 0 { Ends::Well } else { Ends::Short };
    }
    let mut header = [0; 32];
    if file.read_exact(&mut header).is_err() || !header.starts_with(MAGIC) {
        return Ends::Short;
    }
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        page => u64::from(page),
    };
    let pages = u32::from_be_bytes([header[28], header[29], header[30], header[31]]);
    if page == 0 || !length.is_multiple_of(page) {
        // Pages are written whole.
        return Ends::Short;
    }
    match (length < page * u64::from(pages), log) {
        (false, _) => Ends::Well,
        (true, 0) => Ends::Short,
        (true, _) => Ends::PerhapsInTheLog,
    }
}
