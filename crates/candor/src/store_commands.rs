//! Commands about the databases of a stopped instance.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use store::{Place, ServerUrl, transfer};

use crate::cli::{StoreCommand, StoreCopyArgs};
use crate::exercised::CATALOGUES;
use crate::folder::Folder;
use crate::{run as run_to_its_end, say, whole};

/// Runs a command.
pub(crate) fn run(command: StoreCommand) -> ExitCode {
    match command {
        StoreCommand::Copy(arguments) => run_to_its_end(copy(arguments)),
    }
}

async fn copy(arguments: StoreCopyArgs) -> anyhow::Result<()> {
    let config = arguments.instance.configuration()?;
    let folder = Folder::take(&config.data)?;
    let from = config.place()?;
    let to = target(&arguments.to, arguments.keys_to.as_deref())?;
    // A folder is made for its owner alone, and held against an instance that runs on it.
    let held = match &to {
        Place::Folder(folder) if *folder == config.data => None,
        Place::Folder(folder) => Some(Folder::take(folder)?),
        Place::Servers { .. } => None,
    };
    say::progress(&format!("copying from {from} to {to}"));
    let mut told = 0;
    let progress = |done: u64, all: u64| {
        // Each tenth is told.
        let tenth = (done * 10).checked_div(all).unwrap_or(10);
        if tenth > told {
            told = tenth;
            say::progress(&format!("{done} of {all} rows"));
        }
    };
    let half = match &to {
        Place::Folder(folder) => Some(whole::Made::begin(folder)),
        Place::Servers { .. } => None,
    };
    let rows = transfer::copy(&from, &to, CATALOGUES, progress)
        .await
        .context("the databases were not copied")?;
    half.into_iter().for_each(whole::Made::stays);
    drop((folder, held));
    say::answer(format_args!(
        "{rows} rows were copied, and every one was read back and compared"
    ));
    say::answer(match &to {
        Place::Servers { .. } => {
            "Now give candor.toml the two URLs, as `url` and `keys_url` under [store], and start candor. When it serves, delete candor.db and keys.db: they hold the same people.".to_owned()
        }
        Place::Folder(folder) => format!(
            "The wrapping key was not copied: put {} beside them, unless it is a systemd credential. Then start candor with --data {}, without `url` and `keys_url` under [store].",
            config.data.join("wrapping.key").display(),
            folder.display()
        ),
    });
    Ok(())
}

/// Where to copy to: a folder, or the databases of a server.
fn target(to: &str, keys_to: Option<&str>) -> anyhow::Result<Place> {
    if !to.contains("://") {
        if keys_to.is_some() {
            bail!("--keys-to is for a database server; a folder holds both databases");
        }
        return Ok(Place::Folder(PathBuf::from(to)));
    }
    let Some(keys_to) = keys_to else {
        bail!("the keys need a database of their own; name it with --keys-to URL");
    };
    Ok(Place::Servers {
        rows: ServerUrl::parse(to).context("--to is wrong")?,
        keys: ServerUrl::parse(keys_to).context("--keys-to is wrong")?,
    })
}
