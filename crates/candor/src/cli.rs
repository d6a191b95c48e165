//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use policy::Language;

use crate::config::Config;
use crate::folder::refuse_file;

/// Candor runs the services of an IP services provider from a privacy policy that it cannot break, and lets anybody
/// check.
#[derive(Debug, Parser)]
#[command(name = "candor", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the provider. Needs no configuration: data goes to ./candor-data, the site to http://localhost:8080
    Serve(ServeArgs),
    /// The guided tour, about a minute: a provider, a member, a tunnel and a proof in namespaces of their own
    Demo,
    /// Prove on this machine that a running provider keeps nothing but what its policy declares
    Prove(ProveArgs),
    /// Check an installation: kernel, ports, certificate, clock, disk, files, backups; each finding with the line that
    /// mends it
    Doctor(DoctorArgs),
    /// Write a backup, of a running instance or a stopped one: two encrypted files, data and keys, to be kept apart
    Backup(BackupArgs),
    /// Bring a backup back to an empty data folder or empty databases, without those who were erased since
    Restore(RestoreArgs),
    /// Bring a stopped instance's databases up to this version; they are as before when anything fails
    Upgrade(UpgradeArgs),
    /// Work with policy files
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Work with the databases of the stopped instance
    Store {
        #[command(subcommand)]
        command: StoreCommand,
    },
    /// Work with your devices, as a member
    Device {
        #[command(subcommand)]
        command: DeviceCommand,
    },
    /// Make many invitations at once, as somebody who works for the operator; the codes come back as CSV
    Invite(InviteArgs),
    /// Check an erasure certificate's signature
    Certificate {
        /// The certificate's file
        file: PathBuf,
    },
    /// WireGuard in user space for a tunnel of your own, configured with wg(8) or wg-quick(8)
    Wg(WgArgs),
    /// A process of the provider that clears up when the provider is killed; started by it and of no use by hand
    #[command(hide = true)]
    Guard,
    /// A confined process of the provider; started by it and of no use by hand
    #[command(hide = true)]
    Worker {
        /// What it does: vpn, connector
        role: String,
    },
}

#[derive(Debug, Args)]
#[command(
    after_help = "Makes the interface and /var/run/wireguard/IFNAME.sock, then goes to the background. It ends with \
    the interface: ip link delete dev IFNAME.\n\nFor wg-quick: WG_QUICK_USERSPACE_IMPLEMENTATION=candor-wg, a program \
    of two lines that is in contrib/candor-wg."
)]
pub(crate) struct WgArgs {
    /// The interface to make, such as wg0
    #[arg(value_name = "IFNAME")]
    pub(crate) interface: String,
    /// Stay in the foreground, until SIGTERM or SIGINT
    #[arg(long, short)]
    pub(crate) foreground: bool,
    /// What the background process is started with
    #[arg(long, hide = true)]
    pub(crate) detached: bool,
}

/// Which instance is meant.
#[derive(Debug, Args)]
pub(crate) struct InstanceArgs {
    /// The configuration; candor.toml in this folder when it is there, else the defaults
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The data folder, instead of the configuration's
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,
    /// The policy, instead of the configuration's
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Check the configuration and the policy, print what would start, and exit
    #[arg(long)]
    pub(crate) check: bool,
}

impl InstanceArgs {
    /// The configuration that is meant.
    ///
    /// # Errors
    /// It cannot be read, or the data folder is a file.
    pub(crate) fn configuration(&self) -> anyhow::Result<Config> {
        let mut config = Config::read(self.config.as_deref())?;
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        refuse_file(&config.data)?;
        Ok(config)
    }
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,
    /// The folder to write to; keys files of backups there that are older than 7 days are deleted
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// Write only the list of erased people, which a later restore needs: small, and worth writing often
    #[arg(long)]
    pub(crate) erasures: bool,
    /// The wrapping key, where it is neither a credential nor in the data folder; a running instance needs none
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,
    /// The backup: one of its two files, or their name without the ending
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,
    /// Who was erased since: the data folder that is replaced, or a file of `backup --erasures`; may be given several times
    #[arg(long, value_name = "PATH")]
    pub(crate) erasures: Vec<PathBuf>,
    /// Nobody knows any more who was erased since
    #[arg(long, conflicts_with = "erasures")]
    pub(crate) without_erasures: bool,
    /// The wrapping key, where it is neither a credential nor in the data folder
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct UpgradeArgs {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,
    /// The wrapping key, where it is neither a credential nor in the data folder
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "As root it looks at the running instance alone. As the instance's own user it looks at whatever that user \
    may, and proves a twin as well, in namespaces of its own, for the rest.\n\nExit code: 0 all of it holds, 1 something is \
    broken or could not be checked"
)]
pub(crate) struct ProveArgs {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) twin: TwinArgs,
}

/// How a twin is started; of no use by hand.
#[derive(Debug, Args)]
pub(crate) struct TwinArgs {
    #[arg(long, hide = true)]
    pub(crate) twin: bool,
    #[arg(long, hide = true)]
    pub(crate) in_user_space: bool,
    #[arg(long, hide = true)]
    pub(crate) policy: Option<PathBuf>,
    #[arg(long, hide = true)]
    pub(crate) mtu: Option<u16>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check a policy file; says where it is wrong and what to write instead
    Check {
        /// The policy file
        file: PathBuf,
    },
    /// Print what a policy file says
    Show {
        /// The policy file
        file: PathBuf,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
        /// The language: en or de
        #[arg(long, value_name = "LANGUAGE", value_parser = language, default_value = "en")]
        lang: Language,
    },
    /// Write the pages of a policy: the page, the one-screen label, the cookie table, the JSON
    Render {
        /// The policy file
        file: PathBuf,
        /// The folder to write to; made when it is not there
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// The language: en or de
        #[arg(long, value_name = "LANGUAGE", value_parser = language, default_value = "en")]
        lang: Language,
    },
    /// Print what changes for members from one policy to another, exactly
    #[command(after_help = DIFF_HELP)]
    Diff {
        /// The policy in force
        old: PathBuf,
        /// The policy that is to follow
        new: PathBuf,
        /// Print it as JSON, in every language at once
        #[arg(long)]
        json: bool,
        /// The language: en or de
        #[arg(long, value_name = "LANGUAGE", value_parser = language, default_value = "en")]
        lang: Language,
    },
    /// Print the digest of what a policy states
    Digest {
        /// The policy file
        file: PathBuf,
    },
    /// Print every SQL statement that this program can run, with the fields it touches
    Statements {
        /// Only those that this policy makes available
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// Compare the stopped instance's data with a policy; erase what the policy does not declare any more
    Publish {
        /// The policy file
        file: PathBuf,
        #[command(flatten)]
        instance: InstanceArgs,
        /// Erase for good what the policy does not declare any more
        #[arg(long)]
        erase_withdrawn: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Copy both databases to an empty place, of the same kind or the other: files to PostgreSQL, or back
    ///
    /// All rows or none: everything is read back and compared before it counts. Nothing is overwritten, and what is
    /// copied from stays as it is.
    Copy(StoreCopyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct StoreCopyArgs {
    #[command(flatten)]
    pub(crate) instance: InstanceArgs,
    /// An empty PostgreSQL database for the rows, postgres://USER@HOST/DATABASE; or a folder, for files. A password
    /// comes from the file that PGPASSFILE names, or ~/.pgpass
    #[arg(long, value_name = "URL|FOLDER")]
    pub(crate) to: String,
    /// An empty PostgreSQL database for the keys
    #[arg(long, value_name = "URL")]
    pub(crate) keys_to: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// Make a key pair here, add its public half to your account, print the WireGuard configuration
    Add(DeviceAddArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DeviceAddArgs {
    /// What to call the device
    #[arg(long, value_name = "NAME")]
    pub(crate) label: String,
    /// Your e-mail address; the password is asked for
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: String,
    /// The provider's site
    #[arg(long, value_name = "URL", default_value = "http://localhost:8080")]
    pub(crate) url: String,
    /// The SHA-256 fingerprint of the site's self-signed certificate, as the provider printed it
    #[arg(long, value_name = "HEX")]
    pub(crate) fingerprint: Option<String>,
    /// The file to write the configuration to; standard output when absent
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = INVITE_HELP)]
pub(crate) struct InviteArgs {
    /// Your e-mail address; the password is asked for, or read from standard input
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: String,
    /// How many codes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(crate) count: u16,
    /// How many people each code lets in
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) uses: u32,
    /// For how many days; the policy may keep invitations for fewer
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub(crate) days: u32,
    /// The tariff that they give; the first of the configuration when absent
    #[arg(long, value_name = "NAME")]
    pub(crate) tariff: Option<String>,
    /// A list instead: the first line names the columns (uses, days, tariff), each line after it is one code
    #[arg(long, value_name = "FILE", conflicts_with_all = ["count", "uses", "days", "tariff"])]
    pub(crate) csv: Option<PathBuf>,
    /// The file to write the codes to; standard output when absent
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The provider's site
    #[arg(long, value_name = "URL", default_value = "http://localhost:8080")]
    pub(crate) url: String,
    /// The SHA-256 fingerprint of the site's self-signed certificate, as the provider printed it
    #[arg(long, value_name = "HEX")]
    pub(crate) fingerprint: Option<String>,
}

const INVITE_HELP: &str = "All of them are made or none. The codes are shown this once: the provider keeps hashes alone.\n\n\
    candor invite --email you@example.org --count 50 --days 30 --tariff family --out codes.csv\n\
    candor invite --email you@example.org --csv list.csv --out codes.csv";

const DIFF_HELP: &str = "Exit code: 0 nothing that members must be told of (no difference, wording, or only what \
becomes stricter), 1 members must be told, 2 a file cannot be read or does not compile";

/// The language that a tag names.
fn language(tag: &str) -> Result<Language, String> {
    Language::from_tag(tag).ok_or_else(|| {
        let tags = Language::ALL.map(Language::tag);
        format!(
            "the pages are not written in this language; take one of: {}",
            tags.join(" ")
        )
    })
}
