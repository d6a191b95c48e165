//! The real program in a network namespace and a folder of its own.
#![allow(dead_code, reason = "each test file uses a part of this")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sys::NetNamespace;
use tempfile::TempDir;

/// How long a start or a stop may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// The program under test.
pub(crate) fn candor() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_candor"))
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    Command::new(candor())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The repository's folder.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the repository is there")
}

/// A namespace, or a clear word about what the test needs.
pub(crate) fn namespace() -> NetNamespace {
    NetNamespace::create().expect("run this test as root: it makes a network namespace of its own")
}

/// A provider that serves.
pub(crate) struct Provider {
    pub(crate) namespace: NetNamespace,
    pub(crate) folder: TempDir,
    child: Child,
    said: PathBuf,
}

impl Provider {
    /// Starts `candor serve` in a fresh folder with this configuration.
    pub(crate) fn start(configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("candor.toml"), configuration).expect("the folder can be written");
        Self::start_in(folder, namespace(), &[])
    }

    /// Starts `candor serve` in a folder that has a configuration.
    pub(crate) fn start_in(folder: TempDir, namespace: NetNamespace, arguments: &[&str]) -> Self {
        Self::start_through(&[], folder, namespace, arguments)
    }

    /// The same by way of another program, such as `faketime -f -1d`.
    pub(crate) fn start_through(way: &[&str], folder: TempDir, namespace: NetNamespace, arguments: &[&str]) -> Self {
        let said = folder.path().join("said");
        let log = std::fs::File::create(&said).expect("the folder can be written");
        let mut command = command_through(way);
        command
            .arg("serve")
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a descriptor")).stderr(log);
        let child = namespace
            .run(|| command.spawn())
            .expect("the namespace is there")
            .expect("the program starts");
        let mut provider = Self {
            namespace,
            folder,
            child,
            said,
        };
        provider.wait_for("started in");
        provider
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("candor-data")
    }

    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.said).expect("the output is there")
    }

    /// Ends it as a crash would: at once, without a word.
    pub(crate) fn kill(mut self) -> (TempDir, NetNamespace, String) {
        self.child.kill().expect("it runs");
        let _status = self.child.wait();
        let said = self.said();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a temporary folder"));
        let namespace = std::mem::replace(&mut self.namespace, namespace());
        (folder, namespace, said)
    }

    /// Waits until the program has said something.
    pub(crate) fn wait_for(&mut self, words: &str) {
        let begun = Instant::now();
        while !self.said().contains(words) {
            let ended = self.child.try_wait().expect("the child is ours");
            assert!(
                ended.is_none(),
                "the program ended with {ended:?} before it said {words:?}:\n{}",
                self.said()
            );
            assert!(
                begun.elapsed() < PATIENCE,
                "the program did not say {words:?}:\n{}",
                self.said()
            );
            std::thread::sleep(POLL);
        }
    }

    /// Runs another command of the program beside it, in the same namespace and folder, with a line of input.
    pub(crate) fn beside(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(candor());
        command.args(arguments).current_dir(self.folder.path());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self
            .namespace
            .run(|| command.spawn())
            .expect("the namespace is there")
            .expect("the program starts");
        child
            .stdin
            .take()
            .expect("it is piped")
            .write_all(input.as_bytes())
            .expect("it reads");
        child.wait_with_output().expect("the child is ours")
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> (TempDir, NetNamespace, String) {
        sys::process::ask_to_end(self.child.id()).expect("it runs");
        let status = self.child.wait().expect("the child is ours");
        assert!(status.success(), "it ended with {status}:\n{}", self.said());
        let said = self.said();
        // What remains is moved out of a struct that has a destructor.
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a temporary folder"));
        let namespace = std::mem::replace(&mut self.namespace, namespace());
        (folder, namespace, said)
    }

    /// The value of a line such as `fingerprint AB:CD`.
    pub(crate) fn word_after(&self, words: &str) -> String {
        let said = self.said();
        let (_, rest) = said.split_once(words).expect("it was said");
        rest.split_whitespace().next().expect("a word follows").to_owned()
    }

    /// An HTTP request to the plain site by curl; the answer with its head.
    pub(crate) fn curl(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--include", "--max-time", "20"])
            .args(arguments)
            .current_dir(self.folder.path());
        let output = self
            .namespace
            .run(|| command.output())
            .expect("the namespace is there")
            .expect("curl is installed");
        assert!(output.status.success(), "curl {arguments:?}: {}", stderr(&output));
        stdout(&output)
    }

    /// Joins as a member; the cookie is kept for [`Provider::cookie`].
    pub(crate) fn join(&self, email: &str, password: &str) -> String {
        self.join_with(email, password, &[])
    }

    /// Joins with more than the form has.
    pub(crate) fn join_with(&self, email: &str, password: &str, more: &[&str]) -> String {
        let page = self.curl(&["http://localhost:8080/join"]);
        let accepted = value_of(&page, "accepted");
        let (email, password, accepted) = (
            format!("email={email}"),
            format!("password={password}"),
            format!("accepted={accepted}"),
        );
        let mut arguments = vec![
            "--data-urlencode",
            &email,
            "--data-urlencode",
            &password,
            "--data",
            "age=42&agree=yes",
            "--data",
            &accepted,
        ];
        arguments.extend(more);
        arguments.push("http://localhost:8080/join");
        let answer = self.curl(&arguments);
        assert!(answer.contains("__Host-sid="), "{answer}");
        let cookie = answer
            .split("__Host-sid=")
            .nth(1)
            .and_then(|rest| rest.split(';').next())
            .expect("a cookie has a value");
        std::fs::write(self.folder.path().join("cookie"), format!("__Host-sid={cookie}"))
            .expect("the folder can be written");
        answer
    }

    /// Makes the operator.
    pub(crate) fn set_up(&self, email: &str, password: &str) {
        let token = self.word_after("http://localhost:8080/set-up/");
        let url = format!("http://localhost:8080/set-up/{token}");
        let accepted = format!("accepted={}", value_of(&self.curl(&[&url]), "accepted"));
        let (email, password) = (format!("email={email}"), format!("password={password}"));
        let answer = self.curl(&[
            "--data-urlencode",
            &email,
            "--data-urlencode",
            &password,
            "--data",
            "age=42&agree=yes",
            "--data",
            &accepted,
            &url,
        ]);
        assert!(answer.contains("__Host-sid="), "{answer}");
    }

    /// The cookie of whoever joined last.
    pub(crate) fn cookie(&self) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join("cookie")).ok()
    }
}

/// The value of a hidden field of a form.
pub(crate) fn value_of(page: &str, name: &str) -> String {
    let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1);
    rest.and_then(|rest| rest.split('"').next())
        .expect("the form has the field")
        .to_owned()
}

fn command_through(way: &[&str]) -> Command {
    match way {
        [] => Command::new(candor()),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(candor());
            command
        }
    }
}

/// Starts `candor serve` where it must refuse to; what it said.
pub(crate) fn refused(folder: &Path, namespace: &NetNamespace, arguments: &[&str]) -> String {
    let mut command = Command::new(candor());
    command
        .arg("serve")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null());
    let output = namespace
        .run(|| command.output())
        .expect("the namespace is there")
        .expect("the program starts");
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}\n{}",
        stdout(&output),
        stderr(&output)
    );
    stderr(&output)
}

/// Starts `candor serve` and waits for nothing.
pub(crate) fn spawn(folder: &Path, namespace: &NetNamespace) -> Child {
    let mut command = Command::new(candor());
    command.arg("serve").current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = namespace.run(|| command.spawn());
    child.expect("the namespace is there").expect("the program starts")
}

/// The names and contents of the files in a folder, to see that nothing was changed.
pub(crate) fn contents(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    entries
        .map(|entry| entry.expect("the folder can be read"))
        .filter(|entry| entry.path().is_file())
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(entry.path()).expect("the file can be read"))
        })
        .collect()
}

/// Runs a program of the machine in a namespace; what it printed.
pub(crate) fn machine(namespace: &NetNamespace, program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments);
    let output = namespace
        .run(|| command.output())
        .expect("the namespace is there")
        .expect("the program is installed");
    assert!(output.status.success(), "{program} {arguments:?}: {}", stderr(&output));
    stdout(&output)
}

/// Waits for a state.
pub(crate) fn until(what: &str, mut is_there: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_there() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(POLL);
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // Ended already after `stop`.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// A file system that is mounted over a folder until this is dropped.
pub(crate) struct Mount(PathBuf);

impl Mount {
    /// A small disk in memory.
    pub(crate) fn disk(folder: &Path, size: &str) -> Self {
        Self::over(folder, &["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
    }

    /// Mounts over a folder.
    pub(crate) fn over(folder: &Path, arguments: &[&str]) -> Self {
        let status = Command::new("mount")
            .args(arguments)
            .arg(folder)
            .status()
            .expect("the machine does its part");
        assert!(status.success(), "run this test as root: it mounts {arguments:?}");
        Self(folder.to_owned())
    }

    /// Mounts it again with other options.
    pub(crate) fn again(&self, options: &str) {
        let status = Command::new("mount")
            .args(["-o", options])
            .arg(&self.0)
            .status()
            .expect("the machine does its part");
        assert!(status.success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: whoever still has a file open there keeps it until they end.
        let _status = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
