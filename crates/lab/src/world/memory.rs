//! Searching files and the memory of a process for something that must not be there.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

/// A name and what to look for.
pub struct Canary {
    /// What it stands for.
    pub name: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Canaries found in the memory of a process, with where.
pub fn in_memory(process: u32, canaries: &[Canary]) -> Vec<String> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).expect("the process runs");
    let mut memory = File::open(format!("/proc/{process}/mem")).expect("its memory can be read");
    let mut found = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let range = words.next().and_then(|range| range.split_once('-')).expect("a range");
        let readable = words.next().is_some_and(|rights| rights.starts_with('r'));
        let bound = |text: &str| u64::from_str_radix(text, 16).expect("a bound");
        let (from, to) = (bound(range.0), bound(range.1));
        if !readable || line.ends_with("[vvar]") || line.ends_with("[vsyscall]") {
            continue;
        }
        let mut bytes = Vec::new();
        // Pages that cannot be read (guard pages, reservations) hold nothing.
        let read = memory
            .seek(SeekFrom::Start(from))
            .and_then(|_| (&mut memory).take(to - from).read_to_end(&mut bytes));
        if read.is_ok() || !bytes.is_empty() {
            look(&bytes, canaries, line, &mut found);
        }
    }
    found
}

/// Canaries found in files below a folder, changed since a moment.
pub fn in_files(folder: &Path, since: Option<SystemTime>, canaries: &[Canary]) -> Vec<String> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries.flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        let is_new = since.is_none_or(|since| metadata.modified().is_ok_and(|changed| changed >= since));
        if metadata.is_dir() {
            found.extend(in_files(&entry.path(), since, canaries));
        } else if metadata.is_file()
            && is_new
            && let Ok(bytes) = fs::read(entry.path())
        {
            look(&bytes, canaries, &entry.path().display().to_string(), &mut found);
        }
    }
    found
}

fn look(bytes: &[u8], canaries: &[Canary], at: &str, found: &mut Vec<String>) {
    for canary in canaries {
        if contains(bytes, &canary.bytes) {
            found.push(format!("{} in {at}", canary.name));
        }
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let Some(first) = wanted.first() else { return false };
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        if rest[at..].starts_with(wanted) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}
