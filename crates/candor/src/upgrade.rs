//! `candor upgrade`: copy, migrate, look whether it opens, and go back when it does not.

use anyhow::{Context as _, bail};
use policy::Compiled;
use store::{Migrated, OpenError, Place, SCHEMA_VERSION, WrappingKey, migrate, rehearse, schema_version};

use crate::cli::UpgradeArgs;
use crate::copies::{Copies, Left};
use crate::exercised::CATALOGUES;
use crate::folder::Folder;
use crate::{identity, say, serve, whole};

/// What is opened with the rights of whoever starts it.
pub(crate) struct Prepared {
    policy: Compiled,
    folder: Folder,
    place: Place,
    /// Where it is missing, there may be nothing to open with it.
    wrapping: anyhow::Result<WrappingKey>,
}

/// Opens what root alone may open, and becomes whom `candor serve` becomes: what lies in the data folder may be a link
/// that somebody laid there. One thread only.
///
/// # Errors
/// Each says what happened, why and what to do.
pub(crate) fn prepare(arguments: &UpgradeArgs) -> anyhow::Result<Prepared> {
    let config = arguments.instance.configuration()?;
    let policy = serve::compile(config.policy.as_deref())?;
    let standing = identity::choose(config.user.as_deref(), &config.data)?;
    let folder = Folder::take(&config.data)?;
    let (place, wrapping) = (config.place()?, folder.given_wrapping_key(arguments.key.as_deref()));
    identity::become_it(&standing, folder.path(), false)?;
    Ok(Prepared {
        policy,
        folder,
        place,
        wrapping,
    })
}

/// Brings the databases of a stopped instance up to this version's schema.
///
/// # Errors
/// Each says what happened, why and what to do; the databases are as they were before.
pub(crate) async fn upgrade(prepared: Prepared) -> anyhow::Result<()> {
    let Prepared {
        policy,
        folder,
        place,
        wrapping,
    } = prepared;
    // Nothing where the databases are a server's.
    let earlier = match &place {
        Place::Folder(data) => Some(Copies::of(data)),
        Place::Servers { .. } => None,
    };
    let mut begun = Begun::No;
    if let Some(copies) = &earlier {
        begun = settle(copies, &folder, &place).await?;
        whole::refuse_halves(folder.path())?;
        whole::refuse_torn(folder.path()).await?;
    }
    match schema_version(&place).await? {
        None => bail!("there are no databases at {place}: nothing to upgrade; `candor serve` makes them"),
        Some(SCHEMA_VERSION) if begun == Begun::No => {
            say::answer(format_args!(
                "the databases have schema {SCHEMA_VERSION} already: nothing to do"
            ));
            return Ok(());
        }
        Some(newer) if newer > SCHEMA_VERSION => return Err(OpenError::SchemaNewer { found: newer }.into()),
        Some(_) => {}
    }
    let wrapping = wrapping?;
    if let (Some(copies), Begun::No) = (&earlier, begun) {
        say::progress("copying the databases as they are");
        copies.make()?;
    }
    rehearse(&place, policy.plan(), CATALOGUES)
        .await
        .context("the upgrade would not work, so it was not begun, and the databases are as they were before")?;
    let migrated = match (bring_up(&place, wrapping, &policy).await, &earlier, begun) {
        (Ok(migrated), _, _) => migrated,
        (Err(error), Some(_), Begun::Changed) => {
            return Err(error.context(
                "an upgrade was cut off after it had changed the databases, and they do not open; nothing was changed now. \
                 Mend what is named here and run `candor upgrade` again. What they were before is in `before-upgrade` in \
                 the data folder",
            ));
        }
        (Err(error), Some(copies), Begun::No) => {
            copies.put_back()?;
            return Err(error.context(
                "the upgrade did not work, and the databases are as they were before; start the version that you had",
            ));
        }
        (Err(error), None, _) => {
            return Err(error.context(
                "the upgrade did not work; a server's schema changes in one commit, so it is the old one or the new one",
            ));
        }
    };
    if let Some(copies) = &earlier {
        copies.give_up()?;
    }
    say::answer(format_args!(
        "the databases have schema {SCHEMA_VERSION} now (from {}): {}",
        migrated.from,
        migrated.steps.join("; ")
    ));
    Ok(())
}

async fn bring_up(place: &Place, wrapping: WrappingKey, policy: &Compiled) -> anyhow::Result<Migrated> {
    say::progress("migrating");
    let migrated = migrate(place).await?;
    say::progress("opening them as `candor serve` would");
    serve::open_store(place.clone(), wrapping, policy).await?.close().await;
    Ok(migrated)
}

/// How far an earlier upgrade came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begun {
    /// The databases are as they were before it, or there was none.
    No,
    /// They have the new schema, and nobody saw whether they open.
    Changed,
}

/// Brings to an end what an upgrade that was cut off left. A version that does not look for its copies may have served
/// since, and what it wrote must not be lost: so the copies are put back only where nobody could have served.
async fn settle(copies: &Copies, folder: &Folder, place: &Place) -> anyhow::Result<Begun> {
    match copies.left()? {
        Left::Nothing => return Ok(Begun::No),
        Left::HalfPutBack => copies.put_back()?,
        Left::Undecided if whole::refuse_halves(folder.path()).is_err() => copies.put_back()?,
        // The migration is one commit, so what is in place is from before it or from after it.
        Left::Undecided => {
            return match schema_version(place).await? {
                Some(older) if older < SCHEMA_VERSION => {
                    say::answer("an upgrade was cut off before it had changed anything, and this one begins anew");
                    copies.give_up()?;
                    Ok(Begun::No)
                }
                Some(_) | None => Ok(Begun::Changed),
            };
        }
    }
    say::answer("an upgrade was cut off; the databases are as they were before it, and this one begins anew");
    Ok(Begun::No)
}
