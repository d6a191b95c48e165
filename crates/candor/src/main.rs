//! The program: command line, configuration, wiring and workers.
//!
//! ```text
//!   candor serve ─┬─ store ◀── accounts ◀── portal ◀── HTTP on localhost, TLS elsewhere
//!                 │               │
//!                 └─ tunnel ◀─────┘ devices ▼  ▲ counts          (parent)
//!                    ─────────────────────── channel ────────────────────
//!                    candor worker vpn: TUN ◀─▶ UDP               (confined)
//!                    candor worker connector: TCP, UDP, echoes    (confined, where there is no TUN)
//! ```
//!
//! What it never does: it keeps no log of people, parses nothing that a tunnel carries outside the worker, and prints
//! no error text that came from outside.

#![forbid(unsafe_code)]

mod backup_commands;
mod belief;
mod certificate;
mod cli;
mod client;
mod config;
mod config_error;
mod control;
mod copies;
mod databases;
mod demo;
mod device;
mod doctor;
mod exercised;
mod folder;
mod holder;
mod identity;
mod invite;
mod listen;
mod member;
mod passing;
mod policy_commands;
mod prove;
mod say;
mod seats;
mod serve;
mod site;
mod store_commands;
mod tls;
mod tunnel;
mod upgrade;
mod uptime;
mod vpn_status;
mod wg;
mod whole;

use std::process::ExitCode;

use clap::Parser as _;
use cli::{Cli, Command, DeviceCommand, ProveArgs, ServeArgs, UpgradeArgs};

/// What went wrong is the caller's: usage.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Prints help on standard output and mistakes on standard error, as clap formats them.
            let _reader_gone = error.print();
            return if error.use_stderr() {
                ExitCode::from(USAGE)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    say::quiet_panics();
    match cli.command {
        Command::Worker { role } => worker(&role),
        Command::Guard => tunnel::run_guard(),
        Command::Serve(arguments) => serve(&arguments),
        Command::Policy { command } => policy_commands::run(command),
        Command::Store { command } => store_commands::run(command),
        Command::Demo => {
            // Namespaces are taken before the runtime makes threads.
            let isolated = demo::isolate();
            run(demo::demo(isolated))
        }
        Command::Backup(arguments) => run(backup_commands::backup(arguments)),
        Command::Restore(arguments) => run(backup_commands::restore(arguments)),
        Command::Upgrade(arguments) => upgrade(&arguments),
        Command::Doctor(arguments) => judged(doctor::doctor(arguments)),
        Command::Prove(arguments) if arguments.twin.twin => {
            // Namespaces are taken before the runtime makes threads.
            let isolated = demo::isolate();
            run(prove::twin::serve_and_prove(arguments.twin, isolated))
        }
        Command::Prove(arguments) => prove(arguments),
        Command::Device {
            command: DeviceCommand::Add(arguments),
        } => run(device::add(arguments)),
        Command::Invite(arguments) => run(invite::invite(arguments)),
        Command::Wg(arguments) => run(wg::wg(arguments)),
        Command::Certificate { file } => run(certificate::check(&file)),
    }
}

/// What needs root comes first, then root's rights go, then the runtime makes threads and the network is heard.
fn serve(arguments: &ServeArgs) -> ExitCode {
    match serve::prepare(arguments) {
        Ok(Some(prepared)) => run(serve::serve(prepared)),
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// As [`serve()`]: root's rights go before the runtime makes threads.
fn upgrade(arguments: &UpgradeArgs) -> ExitCode {
    match upgrade::prepare(arguments) {
        Ok(prepared) => run(upgrade::upgrade(prepared)),
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    say::complaint(format_args!("candor: {}", chain(error)));
    ExitCode::FAILURE
}

fn worker(role: &str) -> ExitCode {
    match role {
        "vpn" => vpn::driver::run_worker(),
        "connector" => vpn::driver::run_connector(),
        _ => ExitCode::from(USAGE),
    }
}

/// Exit code 0 only when nothing is wrong; 2 when it could not be looked at.
fn judged(command: impl Future<Output = anyhow::Result<bool>>) -> ExitCode {
    let judgement = std::cell::Cell::new(None);
    // Why it could not be looked at is printed by whoever runs it.
    let _printed = run(async {
        judgement.set(Some(command.await?));
        Ok(())
    });
    match judgement.get() {
        Some(true) => ExitCode::SUCCESS,
        Some(false) => ExitCode::FAILURE,
        None => ExitCode::from(USAGE),
    }
}

/// Exit code 0 only when all holds.
fn prove(arguments: ProveArgs) -> ExitCode {
    let holds = std::cell::Cell::new(false);
    let code = run(async {
        holds.set(prove::prove(arguments).await?);
        Ok(())
    });
    if holds.get() { code } else { ExitCode::FAILURE }
}

/// Runs an asynchronous command to its end and prints why it failed.
fn run(command: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say::complaint(format_args!("candor: the runtime does not start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// An error with its causes, each on a line of its own.
fn chain(error: &anyhow::Error) -> String {
    let mut words: Vec<String> = error.chain().map(ToString::to_string).collect();
    // An error that only passes another on says the same.
    words.dedup();
    words.join("\n  because: ")
}
