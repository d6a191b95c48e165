//! The real program, started as its operator starts it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sys::NetNamespace;

use super::until;

/// A running `candor serve`; it is ended and reaped when this is dropped.
pub struct Provider {
    child: Child,
    output: PathBuf,
}

/// Whose process the provider is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RunsAs {
    /// Root.
    Root,
    /// Nobody, with what `setcap cap_net_admin+ep` gives to the program's file: the line that the program prints to
    /// those who are not root.
    NobodyWithSetcap,
    /// Nobody, without any right.
    Nobody,
}

impl Provider {
    /// Starts it and waits until it serves.
    pub(super) fn start(server: &NetNamespace, folder: &Path, runs_as: RunsAs) -> Self {
        let output = folder.join("output");
        let log = File::create(&output).expect("a file for the output");
        let mut command = match runs_as {
            RunsAs::Root => Command::new(binary()),
            RunsAs::NobodyWithSetcap => as_nobody(folder, true),
            RunsAs::Nobody => as_nobody(folder, false),
        };
        command
            .args(["serve", "--config"])
            .arg(folder.join("candor.toml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second descriptor"))
            .stderr(log);
        let child = server
            .run(move || command.spawn())
            .expect("in the namespace")
            .expect("candor starts");
        let running = folder.join("data/running.json");
        // What an earlier one left that could not say farewell.
        let _left = fs::remove_file(&running);
        let mut provider = Self { child, output };
        until("candor serves", || {
            let ended = provider.child.try_wait().expect("a child of ours");
            assert!(ended.is_none(), "candor ended at its start:\n{}", provider.output());
            running.exists().then_some(())
        });
        provider
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// The confined worker of this role, once it is locked: `vpn`, `connector`.
    pub fn worker_of_role(&self, role: &str) -> u32 {
        until("a worker of this role runs", || {
            let parent = self.process().to_string();
            let processes = fs::read_dir("/proc").ok()?.flatten();
            let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
            numbers.find(|pid| {
                let text = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
                let status = text("status");
                let is_child = status.lines().any(|line| line == format!("PPid:\t{parent}"));
                is_child
                    && status.lines().any(|line| line == "Seccomp:\t2")
                    && text("cmdline").split('\0').any(|word| word == role)
            })
        })
    }

    /// The confined worker, once there is one.
    pub fn worker(&self) -> u32 {
        until("a worker runs", || self.find_worker())
    }

    /// The worker that runs now.
    pub fn find_worker(&self) -> Option<u32> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process())).ok()?;
        let children = tasks
            .flatten()
            .filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        let children: Vec<u32> = children
            .flat_map(|line| {
                line.split_whitespace()
                    .filter_map(|pid| pid.parse().ok())
                    .collect::<Vec<_>>()
            })
            .collect();
        children.into_iter().find(|pid| {
            // Once it is locked: before, it may still be about to become the worker.
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            status.lines().any(|line| line == "Seccomp:\t2")
        })
    }

    /// What it printed.
    pub fn output(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(&mut self) {
        signal(self.process(), "TERM");
        self.wait();
    }

    /// Waits until it has ended.
    pub fn wait(&mut self) {
        until("candor stops", || self.child.try_wait().expect("a child of ours"));
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.stop();
        }
    }
}

/// The processes whose network is this one.
pub fn processes_in(namespace: &NetNamespace) -> Vec<u32> {
    let network = |of: &str| fs::read_link(format!("/proc/{of}/ns/net")).ok();
    let wanted = namespace.run(|| network("thread-self")).expect("in the namespace");
    let entries = fs::read_dir("/proc").expect("/proc can be read").flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter(|process| network(&process.to_string()) == wanted)
        .collect()
}

/// A copy of the program in the folder, which nobody owns and where nobody can put data.
fn as_nobody(folder: &Path, has_right: bool) -> Command {
    let copy = folder.join("candor");
    fs::copy(binary(), &copy).expect("a copy of the program");
    let path = copy.to_str().expect("a plain path");
    run("chmod", &["755", folder.to_str().expect("a plain path")]);
    run("chown", &["-R", "nobody", folder.to_str().expect("a plain path")]);
    if has_right {
        run("setcap", &["cap_net_admin+ep", path]);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", path]);
    command
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status();
    let status = status.unwrap_or_else(|error| panic!("{program} (sudo apt install libcap2-bin util-linux): {error}"));
    assert!(status.success(), "{program} {arguments:?}");
}

/// Sends a signal to a process that the test started, or to that one's child.
pub fn signal(process: u32, name: &str) {
    run("kill", &[&format!("-{name}"), &process.to_string()]);
}

/// The binary that was built beside this test.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let beside = test
        .parent()
        .and_then(Path::parent)
        .expect("target/PROFILE/deps")
        .join("candor");
    assert!(
        beside.exists(),
        "{} is not there; build it first: cargo build -p candor",
        beside.display()
    );
    beside
}
