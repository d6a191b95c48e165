//! A provider in a temporary folder, for the guided tour and for a proof's twin: the program itself, started as
//! `candor serve` is.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::folder::Running;

/// How long the provider may take for its start.
const START_PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);

/// A provider in a temporary folder; ended and removed when this is dropped.
pub(crate) struct Provider {
    child: Child,
    folder: PathBuf,
}

impl Provider {
    /// Starts it and waits until it serves.
    ///
    /// # Errors
    /// It does not start; the message has what it said.
    pub(crate) fn start(settings: &Settings) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("candor-passing-{}", std::process::id()));
        std::fs::create_dir(&folder)
            .with_context(|| format!("the temporary folder {} cannot be made", folder.display()))?;
        let configuration = folder.join("candor.toml");
        std::fs::write(&configuration, settings.text(&folder.join("data")))?;
        let log = std::fs::File::create(folder.join("output"))?;
        let child = Command::new(std::env::current_exe()?)
            .arg0("candor")
            .args(["serve", "--config"])
            .arg(&configuration)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("the provider cannot be started")?;
        let mut provider = Self { child, folder };
        provider.wait_until_it_serves()?;
        Ok(provider)
    }

    fn wait_until_it_serves(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while Running::read(&self.data()).is_err() {
            if self.child.try_wait()?.is_some() || begun.elapsed() > START_PATIENCE {
                bail!("the provider did not start; it said:\n{}", self.output());
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// What it said.
    pub(crate) fn output(&self) -> String {
        std::fs::read_to_string(self.folder.join("output")).unwrap_or_default()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended by itself; what remains is removed either way.
        let _ended = sys::process::ask_to_end(self.child.id());
        let _status = self.child.wait();
        let _removed = std::fs::remove_dir_all(&self.folder);
    }
}

/// What is configured of it.
#[derive(Default)]
pub(crate) struct Settings {
    /// The policy file; the built-in policy when absent.
    pub(crate) policy: Option<PathBuf>,
    /// Who forwards, as `path` under `[vpn]` says it.
    pub(crate) path: Option<&'static str>,
    /// The largest packet in the tunnel, in bytes.
    pub(crate) mtu: Option<u16>,
}

impl Settings {
    fn text(&self, data: &std::path::Path) -> String {
        let mut text = format!("data = {data:?}\n");
        if let Some(policy) = &self.policy {
            text += &format!("policy = {policy:?}\n");
        }
        text += "[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\n";
        if let Some(path) = self.path {
            text += &format!("path = {path:?}\n");
        }
        if let Some(mtu) = self.mtu {
            text += &format!("mtu = {mtu}\n");
        }
        text
    }
}
