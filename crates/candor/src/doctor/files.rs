//! The data folder: space, modes, the wrapping key's place, backups.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime};

use super::{Row, Subject};
use crate::folder::{KEY_FILE, OWN_FILES};

/// Below this a database of some hundred members has no room to be rewritten after an erasure; guess.
const SPACE_NEEDED_BYTES: u64 = 64 << 20;
/// Below this it is time to look; guess.
const SPACE_WANTED_BYTES: u64 = 1 << 30;
/// As long as a backup of keys may live (DESIGN: keys), an older one restores nothing.
const BACKUP_AGE: Duration = Duration::from_secs(7 * 86_400);

pub(super) fn rows(subject: &Subject) -> Vec<Row> {
    let mut rows = vec![space(subject)];
    if subject.data().exists() {
        rows.extend([modes(subject), key(subject), backup(subject)]);
    }
    rows
}

fn space(subject: &Subject) -> Row {
    const TOPIC: &str = "disk";
    let around = subject
        .data()
        .ancestors()
        .find(|path| path.exists() && !path.as_os_str().is_empty());
    let place = around.unwrap_or(std::path::Path::new("."));
    let Ok(space) = sys::disk::space(place) else {
        return Row::unknown(
            TOPIC,
            format!("{} cannot be looked at", place.display()),
            "sudo candor doctor",
        );
    };
    let found = format!(
        "{} free of {} at {}",
        size(space.free_bytes),
        size(space.total_bytes),
        place.display()
    );
    let line = format!("df -h {0}; du -sh {0}", subject.data().display());
    match space.free_bytes {
        free if free < SPACE_NEEDED_BYTES => Row::bad(TOPIC, format!("{found}: members will be refused soon"), line),
        free if free < SPACE_WANTED_BYTES => Row::look(TOPIC, found, line),
        _ => Row::good(TOPIC, found),
    }
}

/// A size in words.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let unit = UNITS.len().min(1 + bytes.max(1).ilog2() as usize / 10) - 1;
    match unit {
        0 => format!("{bytes} bytes"),
        unit => format!("{:.1} {}", bytes as f64 / (1u64 << (10 * unit)) as f64, UNITS[unit]),
    }
}

fn modes(subject: &Subject) -> Row {
    const TOPIC: &str = "file modes";
    let data = subject.data();
    let Ok(folder) = fs::metadata(data) else {
        return Row::unknown(
            TOPIC,
            format!("{} cannot be looked at", data.display()),
            "sudo candor doctor",
        );
    };
    let files = OWN_FILES.iter().map(|name| data.join(name)).filter_map(|path| {
        let found = fs::symlink_metadata(&path).ok()?;
        Some((path, found))
    });
    let mut open = Vec::new();
    let mut foreign = Vec::new();
    for (path, found) in std::iter::once((data.to_owned(), folder.clone())).chain(files) {
        if found.mode() & 0o077 != 0 {
            open.push(path.display().to_string());
        }
        if found.uid() != folder.uid() {
            foreign.push(path.display().to_string());
        }
    }
    match (open.as_slice(), foreign.as_slice()) {
        ([], []) => Row::good(TOPIC, format!("{} is its owner's alone", data.display())),
        ([], foreign) => Row::bad(
            TOPIC,
            format!("{} have another owner than their folder", foreign.join(", ")),
            format!("sudo chown -R {}:{} {}", folder.uid(), folder.gid(), data.display()),
        ),
        (open, _) => Row::bad(
            TOPIC,
            format!("others may read {}", open.join(", ")),
            format!("sudo chmod -R go= {}", data.display()),
        ),
    }
}

fn key(subject: &Subject) -> Row {
    const TOPIC: &str = "wrapping key";
    let path = subject.data().join(KEY_FILE);
    if !path.exists() {
        return Row::good(
            TOPIC,
            "not in the data folder: a stolen copy of the folder opens nothing",
        );
    }
    Row::look(
        TOPIC,
        "lies beside the data: whoever copies the folder can read it",
        format!(
            "sudo install -D -m 0600 {0} /etc/candor/wrapping.key && sudo rm {0}    (with a unit that has \
             LoadCredential=candor.key:/etc/candor/wrapping.key; keep a copy in a safe place)",
            path.display()
        ),
    )
}

fn backup(subject: &Subject) -> Row {
    const TOPIC: &str = "backup";
    const LINE: &str = "sudo candor backup --out /var/backups/candor    (daily, for example from a timer)";
    let made = fs::metadata(subject.data().join(crate::folder::BACKUP_FILE)).and_then(|file| file.modified());
    let Ok(made) = made else {
        return Row::look(
            TOPIC,
            "none was made by candor; if this disk breaks, everything is lost",
            LINE,
        );
    };
    let age = SystemTime::now().duration_since(made).unwrap_or_default();
    let found = format!("the newest is {} old", words(age));
    if age > BACKUP_AGE {
        return Row::bad(
            TOPIC,
            format!("{found}: its keys must be deleted by now, so it restores nothing"),
            LINE,
        );
    }
    Row::good(TOPIC, found)
}

fn words(age: Duration) -> String {
    match age.as_secs() / 3600 {
        0 => "less than an hour".to_owned(),
        hours @ 1..48 => format!("{hours} h"),
        hours => format!("{} days", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_are_words() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (3 << 29, "1.5 GiB"),
            (5 << 40, "5.0 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(words(Duration::from_secs(3599)), "less than an hour");
        assert_eq!(words(Duration::from_secs(47 * 3600)), "47 h");
        assert_eq!(words(Duration::from_secs(49 * 3600)), "2 days");
    }
}
