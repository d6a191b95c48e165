//! `candor doctor`: whether an installation is what it should be, and the exact line that mends what is not.
//!
//! It reads and changes nothing. What a member's data is, it never looks at.

mod database;
mod files;
mod machine;
mod network;
mod page;
mod report;
mod x509;

use std::path::Path;

use crate::cli::DoctorArgs;
use crate::config::Config;
use crate::folder::Running;
use crate::{say, serve};
pub(crate) use page::Page;
pub(crate) use report::{Row, is_well};

/// What is looked at.
pub(crate) struct Subject {
    pub(crate) config: Config,
    /// The configuration's file, where one was named.
    pub(crate) running: Option<Running>,
    /// The digest of the policy file as it is now, or why it does not compile.
    pub(crate) digest: Result<String, String>,
}

impl Subject {
    /// The installation that this configuration describes.
    pub(crate) fn of(config: Config) -> Self {
        let compiled = serve::compile(config.policy.as_deref());
        Self {
            running: Running::read(&config.data).ok(),
            digest: compiled
                .map(|compiled| compiled.plan().digest().to_string())
                .map_err(|error| crate::chain(&error)),
            config,
        }
    }

    pub(crate) fn data(&self) -> &Path {
        &self.config.data
    }
}

/// Looks and prints; whether nothing is bad.
///
/// # Errors
/// The configuration cannot be read.
pub(crate) async fn doctor(arguments: DoctorArgs) -> anyhow::Result<bool> {
    let config = arguments.instance.configuration()?;
    let rows = examine(config).await;
    if arguments.json {
        say::answer(format_args!("{:#}", report::as_json(&rows)));
    } else {
        say::answer(report::text(&rows));
    }
    Ok(is_well(&rows))
}

/// Every row, for the terminal and for the page.
pub(crate) async fn examine(config: Config) -> Vec<Row> {
    let place = config.place();
    let on_disk = matches!(place, Ok(store::Place::Folder(_)));
    let looked = tokio::task::spawn_blocking(move || {
        let subject = Subject::of(config);
        let mut rows = vec![instance(&subject), policy(&subject)];
        rows.extend(machine::rows(&subject));
        rows.extend(network::rows(&subject));
        rows.extend(files::rows(&subject));
        rows
    });
    // It ends without rows only when it panicked, and then the missing rows are seen.
    let mut rows = looked.await.unwrap_or_default();
    if !on_disk {
        rows.extend(database::rows(place).await);
    }
    rows
}

fn instance(subject: &Subject) -> Row {
    match &subject.running {
        None => Row::look(
            "instance",
            format!("none runs on the data folder {}", subject.data().display()),
            "candor serve    (or: sudo systemctl start candor)",
        ),
        Some(running) => match machine::user_of(running.pid) {
            Some(0) => Row::bad(
                "instance",
                format!(
                    "process {} runs as root, because its data folder lies where nobody else may go",
                    running.pid
                ),
                "move the data folder to /var/lib/candor and name it as `data` in candor.toml",
            ),
            Some(user) => Row::good(
                "instance",
                format!("process {} runs as {}", running.pid, crate::identity::described(user)),
            ),
            None => Row::unknown(
                "instance",
                format!("process {} cannot be looked at", running.pid),
                "sudo candor doctor",
            ),
        },
    }
}

fn policy(subject: &Subject) -> Row {
    let file = subject
        .config
        .policy
        .as_ref()
        .map_or("the built-in policy".to_owned(), |file| file.display().to_string());
    match (&subject.digest, &subject.running) {
        (Err(wrong), _) => Row::bad("policy", wrong.clone(), format!("candor policy check {file}")),
        (Ok(digest), Some(running)) if *digest != running.plan_digest => Row::bad(
            "policy",
            format!(
                "{file} was changed since the start: it has the digest {}…, the running instance keeps {}…",
                &digest[..16],
                running.plan_digest.get(..16).unwrap_or_default()
            ),
            "sudo systemctl restart candor    (or take the change back)",
        ),
        (Ok(digest), Some(_)) => Row::good("policy", format!("{file} is what runs (digest {}…)", &digest[..16])),
        (Ok(digest), None) => Row::good("policy", format!("{file} compiles (digest {}…)", &digest[..16])),
    }
}
