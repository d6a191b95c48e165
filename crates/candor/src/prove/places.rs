//! The places that are searched: files, memory, the kernel's own records.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use aho_corasick::AhoCorasick;

use super::canary::Canary;

/// How much of a place is read at once, in bytes.
const PIECE_BYTES: usize = 4 << 20;
/// How much of one folder of logs is searched at most, in bytes; a place that is larger is said to be cut.
const FOLDER_LIMIT_BYTES: u64 = 2 << 30;
/// Mapped regions of a process that are searched; larger ones are reserved address space, not memory. Bytes.
const REGION_LIMIT_BYTES: u64 = 4 << 30;

/// What a search of one place came to.
pub(crate) struct Searched {
    /// Which place, in words.
    pub(crate) place: String,
    /// What was searched: files, bytes.
    pub(crate) extent: String,
    /// The canaries that were found: name, form, and where in the place.
    pub(crate) found: Vec<Finding>,
    /// Why the place, or part of it, could not be searched.
    pub(crate) not_searched: Option<String>,
}

/// A canary in a place.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The canary's name.
    pub(crate) canary: &'static str,
    /// The form in which it was found.
    pub(crate) form: &'static str,
    /// The file or region.
    pub(crate) at: String,
}

/// Collects what a search finds. All forms of all canaries are searched for in one pass.
struct Search {
    automaton: AhoCorasick,
    /// By pattern of the automaton: the canary's name and the form.
    forms: Vec<(&'static str, &'static str)>,
    /// How much two pieces of a long place overlap: the longest form, in bytes.
    overlap: usize,
    found: Vec<Finding>,
    bytes: u64,
    pieces: u64,
}

impl Search {
    fn new(canaries: &[&Canary]) -> Self {
        let needles = || {
            canaries
                .iter()
                .flat_map(|canary| canary.needles().iter().map(|needle| (canary.name, needle)))
        };
        let automaton = AhoCorasick::new(needles().map(|(_, needle)| &needle.bytes));
        Self {
            automaton: automaton.expect("a few hundred short patterns are far below the library's limits"),
            forms: needles().map(|(name, needle)| (name, needle.form)).collect(),
            overlap: needles().map(|(_, needle)| needle.bytes.len()).max().unwrap_or(0),
            found: Vec::new(),
            bytes: 0,
            pieces: 0,
        }
    }

    fn look(&mut self, bytes: &[u8], at: &str) {
        for seen in self.automaton.find_overlapping_iter(bytes) {
            let (canary, form) = self.forms[seen.pattern().as_usize()];
            let finding = Finding {
                canary,
                form,
                at: at.to_owned(),
            };
            if !self.found.contains(&finding) {
                self.found.push(finding);
            }
        }
    }

    /// Reads to the end, in pieces that overlap by the longest canary.
    fn read(&mut self, mut source: impl io::Read, at: &str) -> io::Result<()> {
        let mut buffer = vec![0; PIECE_BYTES];
        let mut kept = 0;
        loop {
            let read = source.read(&mut buffer[kept..])?;
            if read == 0 {
                return Ok(());
            }
            self.bytes += read as u64;
            let filled = kept + read;
            self.look(&buffer[..filled], at);
            kept = filled.min(self.overlap);
            buffer.copy_within(filled - kept..filled, 0);
        }
    }

    fn done(self, place: impl Into<String>, unit: &str, not_searched: Option<String>) -> Searched {
        let extent = format!("{} {unit}, {}", self.pieces, size(self.bytes));
        Searched {
            place: place.into(),
            extent,
            found: self.found,
            not_searched,
        }
    }
}

/// Every file below a folder; with `since`, only those changed after it.
pub(crate) fn folder(place: &str, path: &Path, since: Option<SystemTime>, canaries: &[&Canary]) -> Searched {
    let mut search = Search::new(canaries);
    let (mut trouble, mut of_others) = (None, 0_u32);
    let mut open = vec![path.to_owned()];
    while let Some(next) = open.pop() {
        let listed = match fs::read_dir(&next) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(_) if next != path && may_not_enter(&next) => {
                of_others += 1;
                continue;
            }
            Err(error) => {
                trouble = Some(closed(&next, &error));
                continue;
            }
        };
        for entry in listed.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(entry.path()),
                Ok(kind) if kind.is_file() && is_new(&entry.path(), since) => {
                    if search.bytes > FOLDER_LIMIT_BYTES {
                        trouble = Some(format!(
                            "more than {} here; the rest was left out",
                            size(FOLDER_LIMIT_BYTES)
                        ));
                        break;
                    }
                    search.pieces += 1;
                    let at = entry.path().display().to_string();
                    if let Err(error) = File::open(entry.path()).and_then(|file| search.read(file, &at)) {
                        trouble = Some(closed(&entry.path(), &error));
                    }
                }
                _ => {}
            }
        }
    }
    let mut searched = search.done(place, "files", trouble);
    if of_others > 0 {
        searched.extent +=
            &format!("; {of_others} folders of others, which this user may not even enter, are not in it");
    }
    searched
}

/// A folder that an instance of this user can put nothing into either. Root may enter all.
fn may_not_enter(folder: &Path) -> bool {
    let inside = fs::metadata(folder.join("."));
    inside.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

/// Why a file or folder could not be searched, and the line that can.
fn closed(path: &Path, error: &io::Error) -> String {
    let line = if error.kind() == io::ErrorKind::PermissionDenied {
        "; run: sudo candor prove"
    } else {
        ""
    };
    format!("{}: {error}{line}", path.display())
}

fn is_new(path: &Path, since: Option<SystemTime>) -> bool {
    let changed = || fs::metadata(path).and_then(|metadata| metadata.modified());
    since.is_none_or(|since| changed().is_ok_and(|changed| changed >= since))
}

/// The writable memory of a process.
pub(crate) fn memory(place: &str, process: u32, canaries: &[&Canary]) -> Searched {
    let mut search = Search::new(canaries);
    let trouble = read_memory(&mut search, process)
        .err()
        .map(|error| format!("{error}; run: sudo candor prove"));
    search.done(place, "regions", trouble)
}

fn read_memory(search: &mut Search, process: u32) -> io::Result<()> {
    let folder = PathBuf::from(format!("/proc/{process}"));
    let maps = fs::read_to_string(folder.join("maps"))?;
    let mut memory = File::open(folder.join("mem"))?;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else {
            continue;
        };
        let name = words.nth(3).unwrap_or("anonymous");
        let bounds = range
            .split_once('-')
            .and_then(|(from, to)| Some((u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?)));
        let Some((from, to)) = bounds else { continue };
        if !rights.starts_with("rw") || name.starts_with("[v") || to - from > REGION_LIMIT_BYTES {
            continue;
        }
        search.pieces += 1;
        memory.seek(SeekFrom::Start(from))?;
        // A region may be unmapped between the two reads; then nothing is there any more.
        let _unmapped = search.read((&memory).take(to - from), &format!("{name} {range}"));
    }
    Ok(())
}

/// The memory files that a process holds: what one worker leaves to the next.
pub(crate) fn memory_files(place: &str, process: u32, canaries: &[&Canary]) -> Searched {
    let mut search = Search::new(canaries);
    let trouble = read_memory_files(&mut search, process)
        .err()
        .map(|error| format!("{error}; run as root"));
    search.done(place, "files", trouble)
}

fn read_memory_files(search: &mut Search, process: u32) -> io::Result<()> {
    for entry in fs::read_dir(format!("/proc/{process}/fd"))? {
        let entry = entry?.path();
        // A descriptor may be closed since it was listed.
        let Ok(target) = fs::read_link(&entry) else { continue };
        if target.to_string_lossy().starts_with("/memfd:") {
            search.pieces += 1;
            search.read(File::open(entry)?, &target.display().to_string())?;
        }
    }
    Ok(())
}

/// What a program prints: the kernel's rules, its log.
pub(crate) fn output(place: &str, program: &str, arguments: &[&str], canaries: &[&Canary]) -> Searched {
    let mut search = Search::new(canaries);
    let trouble = match Command::new(program).args(arguments).output() {
        Ok(output) if output.status.success() => {
            search.pieces = 1;
            search.bytes = output.stdout.len() as u64;
            search.look(&output.stdout, program);
            None
        }
        Ok(output) => Some(format!(
            "`{program}` ended with {}; run: sudo candor prove",
            output.status
        )),
        Err(error) => Some(format!("`{program}`: {error}")),
    };
    search.done(place, "listing", trouble)
}

/// One file of the kernel.
pub(crate) fn file(place: &str, path: &Path, canaries: &[&Canary]) -> Searched {
    let mut search = Search::new(canaries);
    search.pieces = 1;
    let at = path.display().to_string();
    let trouble = match File::open(path).and_then(|file| search.read(file, &at)) {
        Ok(()) => None,
        Err(error) => Some(closed(path, &error)),
    };
    search.done(place, "file", trouble)
}

/// A number of bytes in words.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        1_048_576..1_073_741_824 => format!("{} MiB", bytes / 1_048_576),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_across_two_pieces_is_found() {
        let canary = Canary::text("t", "0123456789abcdef");
        let canaries = [&canary];
        let mut search = Search::new(&canaries);
        let mut bytes = vec![b'.'; PIECE_BYTES - 7];
        bytes.extend_from_slice(b"0123456789abcdef");
        search.read(bytes.as_slice(), "here").unwrap();
        assert_eq!(search.found.len(), 1);
    }

    #[test]
    fn a_canary_in_this_very_process_is_found_in_its_memory() {
        let token = super::super::canary::token().unwrap();
        let canary = Canary::text("t", &token);
        let searched = memory("this process", std::process::id(), &[&canary]);
        assert!(
            searched.found.iter().any(|finding| finding.form == "text"),
            "{:?}",
            searched.not_searched
        );
    }
}
