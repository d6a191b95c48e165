//! `candor device add`: the key pair is made here, and the private half never leaves.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::Context as _;

use crate::cli::DeviceAddArgs;
use crate::folder::write_secret;
use crate::member::{self, KeyPair};
use crate::say;
use crate::site::Site;

/// Adds a device to the account of whoever knows the password.
///
/// # Errors
/// Each says what happened, why and what to do.
pub(crate) async fn add(arguments: DeviceAddArgs) -> anyhow::Result<()> {
    let mut site = Site::new(&arguments.url, arguments.fingerprint.as_deref())?;
    let password = ask_password(&arguments.email, site.host())?;
    member::sign_in(&mut site, &arguments.email, &password).await?;
    let keys = KeyPair::generate()?;
    let configuration = member::add_device(&mut site, &arguments.label, &keys).await?;
    match arguments.out {
        None => say::answer(configuration),
        Some(path) => {
            write_secret(&path, format!("{configuration}\n").as_bytes())?;
            say::answer(format_args!(
                "wrote {}; start it with: wg-quick up {}",
                path.display(),
                path.display()
            ));
        }
    }
    Ok(())
}

/// Reads the password from the terminal without showing it, or a line of standard input.
pub(crate) fn ask_password(email: &str, host: &str) -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        let prompt = format!("Password of {email} at {host}: ");
        return rpassword::prompt_password(prompt).context("the password cannot be read from this terminal");
    }
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("the password cannot be read from standard input")?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}
