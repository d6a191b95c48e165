//! Whom the program becomes when root starts it: root's rights open what needs them, and are given up before the first
//! byte from the network.
//!
//! The user is the one that the configuration names; else the owner of the data folder; else the owner of the folder
//! that it lies in; else the user `candor` that the package makes; else a number that nobody has.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, lchown};
use std::path::Path;

use anyhow::{Context as _, bail};
use sys::Identity;
use sys::missing::Capabilities;

use crate::folder::OWN_FILES;

const ROOT: u32 = 0;
/// The user that the package makes.
const PACKAGED: &str = "candor";
/// Numbers that systemd hands to services without a user of their own, and that no distribution gives to anybody else
/// (systemd's `docs/UIDS-GIDS.md`).
const UNUSED: std::ops::RangeInclusive<u32> = 61_184..=65_519;
/// `CAP_NET_BIND_SERVICE` (`linux/capability.h`).
const BIND_SERVICE: u64 = 1 << 10;

/// Who serves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// Another user than root started it; nothing is given up.
    AsStarted,
    /// Root's rights are gone for good.
    Became(Identity),
    /// Root's number stays, with few of root's rights.
    Root {
        /// Why, and what to do.
        why: String,
    },
}

impl Standing {
    /// For the terminal; nothing where there is nothing to know.
    pub(crate) fn line(&self) -> Option<String> {
        match self {
            Self::AsStarted => None,
            Self::Became(identity) => Some(format!("{}, with CAP_NET_ADMIN alone", described(identity.user))),
            Self::Root { why } => Some(format!("root, without most of its rights: {why}")),
        }
    }
}

/// What the configuration leaves open, decided before anything is opened.
pub(crate) fn choose(user: Option<&str>, data: &Path) -> anyhow::Result<Standing> {
    if sys::privilege::acting_user() != ROOT {
        return Ok(Standing::AsStarted);
    }
    if let Some(name) = user {
        if name == "root" || name == "0" {
            return Ok(Standing::Root {
                why: "`user` in candor.toml says so".to_owned(),
            });
        }
        return Ok(Standing::Became(named(name)?));
    }
    if !may_become_others() {
        return Ok(Standing::Root {
            why: "this is root of a user namespace, which knows no other user".to_owned(),
        });
    }
    let owner_of = |path: &Path| {
        let found = fs::metadata(path).ok()?;
        (found.uid() != ROOT).then(|| Identity {
            user: found.uid(),
            group: found.gid(),
        })
    };
    let around = data
        .parent()
        .filter(|path| !path.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let identity = owner_of(data)
        .or_else(|| owner_of(around))
        .or_else(|| named(PACKAGED).ok())
        .unwrap_or_else(|| unused(data));
    match closed_to(data, identity) {
        None => Ok(Standing::Became(identity)),
        Some(closed) => Ok(Standing::Root {
            why: format!(
                "the data folder lies in {}, where no other user may go; move it, for example to /var/lib/candor, and name \
                 it as `data` in candor.toml",
                closed.display()
            ),
        }),
    }
}

/// Gives the data folder to whom the program becomes, and becomes them. One thread only.
///
/// # Errors
/// The folder does not look like a data folder, or the kernel refuses.
pub(crate) fn become_it(standing: &Standing, data: &Path, low_udp_port: bool) -> anyhow::Result<()> {
    match standing {
        Standing::AsStarted => Ok(()),
        Standing::Root { .. } if !may_become_others() => Ok(()),
        Standing::Root { .. } => sys::privilege::give_up_most().context("root's rights cannot be given up"),
        Standing::Became(identity) => {
            settle(data, *identity)?;
            let more = Capabilities(if low_udp_port { BIND_SERVICE } else { 0 });
            sys::privilege::step_down_with(*identity, more).context("root's rights cannot be given up")
        }
    }
}

/// Gives the folder to whom the program would become, without becoming them: for commands that made files in it.
///
/// # Errors
/// As [`become_it`].
pub(crate) fn settle_as(standing: &Standing, data: &Path) -> anyhow::Result<()> {
    match standing {
        Standing::Became(identity) => settle(data, *identity),
        Standing::AsStarted | Standing::Root { .. } => Ok(()),
    }
}

/// Gives one file in a folder to the folder's owner, where root made it.
pub(crate) fn give_to_owner_of(folder: &Path, file: &Path) {
    if let Ok(owner) = fs::metadata(folder) {
        // `doctor` tells where it could not be done.
        let _given = lchown(file, Some(owner.uid()), Some(owner.gid()));
    }
}

/// Gives the folder and the files that are the program's own to their new owner; anything else in it stays as it is.
fn settle(data: &Path, identity: Identity) -> anyhow::Result<()> {
    let give = |path: &Path| {
        let found = match fs::symlink_metadata(path) {
            Ok(found) => found,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if found.is_symlink() || found.uid() == identity.user && found.gid() == identity.group {
            return Ok(());
        }
        lchown(path, Some(identity.user), Some(identity.group))
    };
    let all = || -> std::io::Result<()> {
        OWN_FILES.iter().try_for_each(|name| give(&data.join(name)))?;
        give(data)
    };
    all().with_context(|| {
        format!(
            "the data folder {} cannot be given to {}; do it by hand: chown -R {}:{} {}",
            data.display(),
            described(identity.user),
            identity.user,
            identity.group,
            data.display()
        )
    })
}

/// The first folder on the way to `data` that a user may not pass, or nothing.
fn closed_to(data: &Path, identity: Identity) -> Option<std::path::PathBuf> {
    let whole = std::path::absolute(data).ok()?;
    // Symbolic links on the way lead to where the rights are looked at.
    let parent = whole.parent()?;
    let real = parent.ancestors().find_map(|path| fs::canonicalize(path).ok())?;
    let mut way: Vec<&Path> = real.ancestors().collect();
    way.reverse();
    let closed = way.into_iter().find(|folder| {
        fs::metadata(folder).is_ok_and(|found| {
            let bit = if found.uid() == identity.user {
                0o100
            } else if found.gid() == identity.group {
                0o010
            } else {
                0o001
            };
            found.mode() & bit == 0
        })
    });
    closed.map(Path::to_owned)
}

/// Root of a user namespace that maps root alone cannot become anybody (`user_namespaces(7)`).
fn may_become_others() -> bool {
    let everybody = |map: &str| {
        fs::read_to_string(map).is_ok_and(|map| {
            map.split_whitespace()
                .nth(2)
                .and_then(|count| count.parse::<u64>().ok())
                .is_some_and(|count| count > u64::from(*UNUSED.end()))
        })
    };
    let groups = fs::read_to_string("/proc/self/setgroups").is_ok_and(|value| value.trim_end() == "allow");
    groups && everybody("/proc/self/uid_map") && everybody("/proc/self/gid_map")
}

/// A user by name or number. Names are looked up in `/etc/passwd` alone.
fn named(name: &str) -> anyhow::Result<Identity> {
    let users = fs::read_to_string("/etc/passwd").context("/etc/passwd cannot be read")?;
    let found = users.lines().find_map(|line| {
        let mut columns = line.split(':');
        let (user, number, group) = (columns.next()?, columns.nth(1)?, columns.next()?);
        (user == name || number == name).then(|| Some((number.parse().ok()?, group.parse().ok()?)))?
    });
    match (found, name.parse::<u32>()) {
        (Some((user, group)), _) => Ok(Identity { user, group }),
        (None, Ok(number)) => Ok(Identity {
            user: number,
            group: number,
        }),
        (None, Err(_)) => bail!(
            "there is no user {name:?} in /etc/passwd; make it with\n  sudo useradd --system --user-group --no-create-home {name}\n\
             or name another as `user` in candor.toml"
        ),
    }
}

/// A number that nobody has, the same for the same folder.
fn unused(data: &Path) -> Identity {
    let whole = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, whole.as_os_str().as_bytes());
    let drawn = digest
        .as_ref()
        .iter()
        .fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
    let many = UNUSED.end() - UNUSED.start() + 1;
    let taken = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let is_free = |number: &u32| {
        !taken
            .lines()
            .any(|line| line.split(':').nth(2) == Some(&number.to_string()))
    };
    let user = (0..many)
        .map(|step| UNUSED.start() + (drawn.wrapping_add(step)) % many)
        .find(is_free)
        .unwrap_or(*UNUSED.start());
    Identity { user, group: user }
}

/// `user candor (998)`, or the number alone.
pub(crate) fn described(user: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut columns = line.split(':');
        let name = columns.next()?;
        (columns.nth(1)? == user.to_string()).then(|| name.to_owned())
    });
    match name {
        Some(name) => format!("user {name} ({user})"),
        None => format!("user {user}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_name_and_number() {
        assert_eq!(named("root").unwrap(), Identity { user: 0, group: 0 });
        assert_eq!(
            named("61500").unwrap(),
            Identity {
                user: 61_500,
                group: 61_500
            }
        );
        let error = named("no such user").unwrap_err().to_string();
        assert!(error.contains("useradd"), "{error}");
    }

    #[test]
    fn a_number_that_nobody_has_is_the_same_for_the_same_folder() {
        let one = unused(Path::new("/var/lib/one"));
        assert!(UNUSED.contains(&one.user));
        assert_eq!(one, unused(Path::new("/var/lib/one")));
        assert_ne!(one, unused(Path::new("/var/lib/two")));
    }

    #[test]
    fn a_folder_on_the_way_that_is_closed_is_named() {
        let outer = tempfile::tempdir().unwrap();
        let somebody = Identity {
            user: 61_500,
            group: 61_500,
        };
        let data = outer.path().join("data");
        let closed = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(outer.path(), closed).unwrap();
        assert_eq!(closed_to(&data, somebody).as_deref(), Some(outer.path()));
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(outer.path(), open).unwrap();
        assert_eq!(closed_to(&data, somebody), None);
    }
}
