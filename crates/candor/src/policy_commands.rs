//! `candor policy …`: exit code 0 when all is well, 1 when the policy is wrong, 2 for wrong usage. `diff` has its own.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use policy::{Compiled, Language, Verdict};
use store::{Options, Place, Store, WrappingKey};

use crate::cli::{InstanceArgs, PolicyCommand};
use crate::config::Config;
use crate::exercised::{CATALOGUES, fields};
use crate::folder::Folder;
use crate::serve::SystemClock;
use crate::{USAGE, chain, identity, say};

/// Which failure: of the policy, or of the call.
enum Failure {
    Policy(policy::Errors),
    Usage(anyhow::Error),
    Other(anyhow::Error),
}

impl From<policy::Errors> for Failure {
    fn from(errors: policy::Errors) -> Self {
        Self::Policy(errors)
    }
}

/// Runs a policy command.
pub(crate) fn run(command: PolicyCommand) -> ExitCode {
    let result = match command {
        PolicyCommand::Diff { old, new, json, lang } => return diff(&old, &new, json, lang),
        PolicyCommand::Check { file } => check(&file),
        PolicyCommand::Show { file, json, lang } => show(&file, json, lang),
        PolicyCommand::Render { file, out, lang } => render(&file, &out, lang),
        PolicyCommand::Digest { file } => compile(&file).map(|compiled| say::answer(compiled.plan().digest())),
        PolicyCommand::Statements { policy } => statements(policy.as_deref()),
        PolicyCommand::Publish {
            file,
            instance,
            erase_withdrawn,
        } => publish(&file, &instance, erase_withdrawn),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Policy(errors)) => {
            say::complaint(format_args!("{errors}"));
            ExitCode::FAILURE
        }
        Err(Failure::Usage(error)) => {
            say::complaint(format_args!("candor: {}", chain(&error)));
            ExitCode::from(USAGE)
        }
        Err(Failure::Other(error)) => {
            say::complaint(format_args!("candor: {}", chain(&error)));
            ExitCode::FAILURE
        }
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    let read = std::fs::read_to_string(file);
    read.with_context(|| format!("the policy {} cannot be read; is the name right?", file.display()))
        .map_err(Failure::Usage)
}

fn compile(file: &Path) -> Result<Compiled, Failure> {
    Ok(policy::compile(&read(file)?, &file.display().to_string())?)
}

fn check(file: &Path) -> Result<(), Failure> {
    say::answer(policy::check_text(&read(file)?, &file.display().to_string())?.trim_end());
    let compiled = compile(file)?;
    let exercised = fields();
    let idle: Vec<&str> = compiled
        .plan()
        .kept_fields()
        .filter(|field| !exercised.contains(field))
        .map(plan::FieldId::key)
        .collect();
    if !idle.is_empty() {
        say::answer(format_args!(
            "declared, not collected by this version: {}",
            idle.join(", ")
        ));
    }
    Ok(())
}

fn show(file: &Path, json: bool, language: Language) -> Result<(), Failure> {
    let compiled = compile(file)?;
    let text = if json {
        policy::show_json(&compiled, &fields(), env!("CARGO_PKG_VERSION"))
    } else {
        policy::show_text(&compiled, &fields(), env!("CARGO_PKG_VERSION"), language)
    };
    say::answer(text.trim_end());
    Ok(())
}

fn render(file: &Path, out: &Path, language: Language) -> Result<(), Failure> {
    let source = read(file)?;
    let files = policy::render_files(
        &source,
        &file.display().to_string(),
        &fields(),
        env!("CARGO_PKG_VERSION"),
        language,
    )?;
    std::fs::create_dir_all(out)
        .with_context(|| format!("the folder {} cannot be made", out.display()))
        .map_err(Failure::Usage)?;
    for (name, bytes) in &files {
        let path = out.join(name);
        std::fs::write(&path, bytes)
            .with_context(|| format!("{} cannot be written", path.display()))
            .map_err(Failure::Usage)?;
        say::answer(path.display());
    }
    Ok(())
}

/// Exit code 1 is for a significant change; whatever is wrong with the files is 2.
fn diff(old: &Path, new: &Path, json: bool, language: Language) -> ExitCode {
    let compiled = compile(old).and_then(|old| Ok((old, compile(new)?)));
    let (old, new) = match compiled {
        Ok(compiled) => compiled,
        Err(Failure::Policy(errors)) => {
            say::complaint(format_args!("{errors}"));
            return ExitCode::from(USAGE);
        }
        Err(Failure::Usage(error) | Failure::Other(error)) => {
            say::complaint(format_args!("candor: {}", chain(&error)));
            return ExitCode::from(USAGE);
        }
    };
    let difference = policy::difference(&old, &new);
    let text = match json {
        true => policy::difference_json(&difference),
        false => policy::difference_text(&difference, language),
    };
    say::answer(text.trim_end());
    match difference.verdict() {
        Verdict::Same | Verdict::Wording | Verdict::Insignificant => ExitCode::SUCCESS,
        Verdict::Significant => ExitCode::FAILURE,
    }
}

fn statements(policy: Option<&Path>) -> Result<(), Failure> {
    let compiled = policy.map(compile).transpose()?;
    for listed in store::statement_list(CATALOGUES) {
        let available = compiled
            .as_ref()
            .is_none_or(|compiled| listed.is_available(compiled.plan()));
        if available {
            say::answer(listed);
        }
    }
    Ok(())
}

fn publish(file: &Path, instance: &InstanceArgs, erase_withdrawn: bool) -> Result<(), Failure> {
    let compiled = compile(file)?;
    let config = instance.configuration().map_err(Failure::Other)?;
    // Before the first thread.
    let (folder, wrapping, place) = as_served(&config).map_err(Failure::Other)?;
    let work = async {
        let store = Store::open(Options {
            place,
            wrapping,
            plan: Arc::new(compiled.plan().clone()),
            catalogues: CATALOGUES.to_vec(),
            clock: Arc::new(SystemClock),
            erase_leftovers: erase_withdrawn,
        })
        .await?;
        store.close().await;
        drop(folder);
        anyhow::Ok(())
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(error.into()))?;
    runtime.block_on(work).map_err(Failure::Other)?;
    say::answer(format_args!(
        "the data fits the policy {} (digest {}); `candor serve --policy {}` starts with it",
        compiled.plan().parts().name,
        compiled.plan().digest(),
        file.display()
    ));
    Ok(())
}

/// Opens what root alone may open, and becomes whom `candor serve` becomes: what is made belongs to whom it is made for.
fn as_served(config: &Config) -> anyhow::Result<(Folder, WrappingKey, Place)> {
    let standing = identity::choose(config.user.as_deref(), &config.data)?;
    let folder = Folder::take(&config.data)?;
    let (wrapping, place) = (folder.wrapping_key()?, config.place()?);
    identity::become_it(&standing, folder.path(), false)?;
    Ok((folder, wrapping, place))
}
