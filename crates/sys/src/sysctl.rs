//! Kernel settings under `/proc/sys` that remember what they were (`proc(5)`).

use crate::{Error, Missing};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Settings as they were before, put back when this is dropped, last change first.
///
/// A program that is killed leaves its settings behind: [`Restore::changes`] says beforehand what is
/// to be put back then, and [`Change::put_back`] does it from another process.
#[derive(Debug, Default)]
#[must_use = "dropping this puts the old settings back"]
pub struct Restore {
    changes: Vec<Change>,
}

/// One setting that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// A path below `/proc/sys`.
    pub key: String,
    /// What it was.
    pub before: String,
    /// What it was made.
    pub after: String,
}

impl Change {
    /// Puts the old value back, unless somebody else has changed the setting since. Says whether it did.
    pub fn put_back(&self) -> bool {
        let path = place(&self.key);
        let is_ours = fs::read_to_string(&path).is_ok_and(|value| value.trim_end() == self.after);
        is_ours && fs::write(path, &self.before).is_ok()
    }
}

impl Restore {
    /// Nothing to restore yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was changed so far, in this order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Sets `key`, a path below `/proc/sys` such as `net/ipv4/ip_forward`, and remembers its value.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), Error> {
        let path = place(key);
        let before = fs::read_to_string(&path).map_err(reading)?.trim_end().to_owned();
        if before != value {
            fs::write(&path, value).map_err(writing)?;
            self.changes.push(Change {
                key: key.to_owned(),
                before,
                after: value.to_owned(),
            });
        }
        Ok(())
    }

    /// The same for a setting that some kernels lack; says whether it was there.
    pub fn set_if_present(&mut self, key: &str, value: &str) -> Result<bool, Error> {
        if !place(key).exists() {
            return Ok(false);
        }
        self.set(key, value).map(|()| true)
    }

    /// Switches on forwarding of IPv4 and IPv6.
    ///
    /// An interface that forwards stops heeding router advertisements unless its `accept_ra` is 2
    /// (kernel `ip-sysctl.rst`): a server that has its IPv6 route from one would lose it, so
    /// each 1 becomes 2 first.
    pub fn forward(&mut self) -> Result<(), Error> {
        self.set("net/ipv4/ip_forward", "1")?;
        for interface in interfaces() {
            let key = format!("net/ipv6/conf/{interface}/accept_ra");
            if fs::read_to_string(place(&key)).is_ok_and(|value| value.trim_end() == "1") {
                self.set(&key, "2")?;
            }
        }
        self.set_if_present("net/ipv6/conf/all/forwarding", "1").map(|_| ())
    }

    /// Keeps the kernel's connection table from counting bytes, stamping times and writing to the
    /// kernel log, and keeps it from writing about odd addresses (kernel
    /// `nf_conntrack-sysctl.rst`, `ip-sysctl.rst`). A setting that is absent is already off.
    pub fn keep_no_records(&mut self) -> Result<(), Error> {
        for key in [
            "net/netfilter/nf_conntrack_acct",
            "net/netfilter/nf_conntrack_timestamp",
            "net/netfilter/nf_conntrack_log_invalid",
            "net/ipv4/conf/all/log_martians",
        ] {
            self.set_if_present(key, "0")?;
        }
        Ok(())
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        while let Some(change) = self.changes.pop() {
            // Nothing can be done about a setting that vanished with its interface.
            let _ = change.put_back();
        }
    }
}

/// Writes one setting, without remembering what it was.
pub(crate) fn write(key: &str, value: &str) -> io::Result<()> {
    fs::write(place(key), value)
}

fn place(key: &str) -> PathBuf {
    Path::new("/proc/sys").join(key)
}

/// The interfaces that have IPv6 settings; `all` and `default` are not interfaces.
fn interfaces() -> Vec<String> {
    let Ok(directory) = fs::read_dir(place("net/ipv6/conf")) else {
        return Vec::new();
    };
    directory
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name != "all" && name != "default")
        .collect()
}

fn reading(source: io::Error) -> Error {
    Error::Kernel {
        doing: "read a kernel setting",
        source,
    }
}

fn writing(source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::PermissionDenied => Missing::NetAdmin.into(),
        _ => Error::Kernel {
            doing: "change a kernel setting",
            source,
        },
    }
}
