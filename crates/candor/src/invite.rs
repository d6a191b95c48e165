//! `candor invite`: many invitations at once, alike or from a list, by somebody who works for the operator.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::cli::InviteArgs;
use crate::device::ask_password;
use crate::folder::write_secret;
use crate::member;
use crate::say;
use crate::site::Site;

/// The longest list that is read, in bytes: what a form of the site takes, with room for how it is encoded.
const LIST_LIMIT_BYTES: u64 = 20_000;

/// Makes invitations and gives their codes, as CSV in the order of the list.
///
/// # Errors
/// Each says what happened, why and what to do; then nothing was made.
pub(crate) async fn invite(arguments: InviteArgs) -> anyhow::Result<()> {
    let list = match &arguments.csv {
        Some(file) => read(file)?,
        None => alike(&arguments),
    };
    let mut site = Site::new(&arguments.url, arguments.fingerprint.as_deref())?;
    let password = ask_password(&arguments.email, site.host())?;
    member::sign_in(&mut site, &arguments.email, &password).await?;
    let made = member::invite(&mut site, &list).await;
    // Whatever came of it, nobody stays signed in.
    let signed_out = site.post("/sign-out", &[]).await;
    let codes = made?;
    signed_out?;
    match arguments.out {
        None => say::answer(codes),
        Some(path) => {
            write_secret(&path, format!("{codes}\n").as_bytes())?;
            say::answer(format_args!(
                "wrote {} codes to {}; they are nowhere else",
                codes.lines().count().saturating_sub(1),
                path.display()
            ));
        }
    }
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(LIST_LIMIT_BYTES + 1).read_to_string(&mut text));
    read.with_context(|| format!("{} cannot be read as text; is the name right?", file.display()))?;
    if text.len() as u64 > LIST_LIMIT_BYTES {
        bail!(
            "{} is longer than {LIST_LIMIT_BYTES} bytes; 500 invitations are made at once, so split it",
            file.display()
        );
    }
    Ok(text)
}

/// A list of so many equal lines.
fn alike(arguments: &InviteArgs) -> String {
    let mut list = "uses,days,tariff\n".to_owned();
    let tariff = arguments.tariff.as_deref().unwrap_or("").replace('"', "\"\"");
    for _ in 0..arguments.count {
        list.push_str(&format!("{},{},\"{tariff}\"\n", arguments.uses, arguments.days));
    }
    list
}
