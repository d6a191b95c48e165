//! A twin of a running instance: the same program with the same policy and the same way of the VPN, in namespaces of its
//! own, where whoever started it may do what on the machine only root may: lay cables to a destination, list descriptors,
//! read the parent's memory.
//!
//! ```text
//!   candor prove ── starts itself ──▶ candor prove --twin …   root of a user namespace, and of nothing else
//!        ▲                                 ├─ candor serve    in a temporary folder
//!        └───────── its report, as JSON ───┘  device, destination, search
//! ```

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::report::Report;
use super::worker_of;
use crate::cli::TwinArgs;
use crate::config::Config;
use crate::folder::Running;
use crate::passing::{Provider, Settings};
use crate::say;

/// Has a twin proved, in a process of its own.
///
/// # Errors
/// Why there is no twin: the machine allows no namespaces, or the policy file is not the running one.
pub(super) fn prove(config: &Config, running: &Running) -> anyhow::Result<Report> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg0("candor").args(["prove", "--twin", "--mtu"]);
    command.arg(config.vpn.mtu.to_string());
    if worker_of(running.pid, "connector").is_some() {
        command.arg("--in-user-space");
    }
    if let Some(policy) = &config.policy {
        let policy = policy
            .canonicalize()
            .with_context(|| format!("the policy {} is not there", policy.display()))?;
        command.arg("--policy").arg(policy);
    }
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("the program cannot be started again")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let Ok(value) = serde_json::from_slice::<Value>(&output.stdout) else {
        let said = said.trim();
        bail!("{}", said.strip_prefix("candor: ").unwrap_or(said));
    };
    let digest = value["digest"].as_str().unwrap_or_default();
    if digest != running.plan_digest {
        bail!("the policy file was changed since the start: it has the digest {digest}; restart the instance");
    }
    Report::of(&value).context("the twin's report cannot be read")
}

/// The twin's side: starts it and proves it.
///
/// # Errors
/// The twin does not start, or its synthetic member could not do what members do.
pub(crate) async fn serve_and_prove(arguments: TwinArgs, isolated: Result<(), String>) -> anyhow::Result<()> {
    if let Err(reason) = isolated {
        bail!("{reason}");
    }
    let provider = Provider::start(&Settings {
        policy: arguments.policy,
        path: Some(if arguments.in_user_space { "user" } else { "kernel" }),
        mtu: arguments.mtu,
    })?;
    let digest = Running::read(&provider.data())?.plan_digest;
    let report = super::run(&provider.data(), &|_| {}).await?;
    let mut value = report.json();
    value["digest"] = digest.into();
    say::answer(value);
    Ok(())
}
