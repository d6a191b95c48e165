//! A PostgreSQL server for the tests of one process: made when the first test asks, ended with the process, whatever
//! ends it. Run by root, it is another user's: PostgreSQL refuses to run as root.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// The user of Debian's package.
const USER: &str = "postgres";
/// A server that was just made answers within this time, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(120);

/// Makes a cluster, runs the server, and ends it when standard input ends: when the process of the tests is gone.
const SCRIPT: &str = r#"
set -eu
umask 077
cd "$1"
"$2/initdb" --no-sync --pgdata="$1/data" --encoding=UTF8 --locale=C.UTF-8 --auth=trust --username=candor >"$1/initdb" 2>&1
serve() {
    "$2/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c shared_buffers=32MB -c max_connections=300 \
        -c deadlock_timeout=200ms -c wal_recycle=off >>"$1/log" 2>&1 &
    echo $! >"$1/pid"
}
serve "$@"
# Each line asks for the server to be started again; the end of input, for its end. A new server refuses to start as
# long as children of the old one live.
while read -r _; do
    until "$2/pg_isready" --quiet --username=candor --host="$1"; do
        kill -0 "$(cat "$1/pid")" 2>/dev/null || serve "$@"
        sleep 0.05
    done
done
kill -INT "$(cat "$1/pid")" 2>/dev/null || true
wait || true
cd /
rm -rf "$1"
"#;

/// A running server.
pub(crate) struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    /// The server lives as long as this process holds the other end of its input.
    keeper: Mutex<Child>,
    made: AtomicU32,
}

impl Cluster {
    /// The server of this process.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server of its own, for tests that break it.
    pub(crate) fn start() -> Self {
        let programs = programs();
        let folder = folder();
        let mut keeper = as_user();
        keeper.args(["sh", "-c", SCRIPT, "sh"]).arg(&folder).arg(&programs);
        let keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let keeper = keeper.spawn().expect("a shell can be started");
        let cluster = Self {
            folder,
            programs,
            keeper: Mutex::new(keeper),
            made: AtomicU32::new(0),
        };
        cluster.wait_until_it_answers();
        cluster
    }

    /// Where its files and its socket are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it wrote into its log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).expect("the server writes a log")
    }

    /// A new empty database; its name.
    pub(crate) fn new_database(&self) -> String {
        let name = format!("d{}", self.made.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// The URL of a database, as a configuration has it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?user=candor&host={}", self.folder.display())
    }

    /// Runs SQL with PostgreSQL's own client; the rows, fields divided by `|`.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let done = self.psql(database, sql).expect("psql can be started");
        let complaint = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{sql}: {complaint}\n{}", self.log());
        String::from_utf8(done.stdout).expect("psql answers in UTF-8")
    }

    /// Runs a file of SQL with PostgreSQL's own client, which stops at the first error.
    pub(crate) fn run_file(&self, database: &str, file: &Path) {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args([
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--username=candor",
            "--host",
        ]);
        psql.arg(&self.folder).args(["--dbname", database, "--file"]).arg(file);
        let done = psql.output().expect("psql can be started");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Ends the server without a farewell and starts it again, as after a power failure.
    pub(crate) fn crash(&self) {
        let pid = fs::read_to_string(self.folder.join("pid")).expect("the server's number is there");
        let killed = Command::new("kill").args(["-KILL", pid.trim()]).status();
        assert!(killed.expect("kill can be started").success());
        let mut keeper = self.keeper.lock().expect("nobody panicked with the keeper in hand");
        let input = keeper.stdin.as_mut().expect("the keeper listens");
        input.write_all(b"again\n").expect("the keeper listens");
        self.wait_until_it_answers();
    }

    fn psql(&self, database: &str, sql: &str) -> io::Result<Output> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args([
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--username=candor",
            "--host",
        ]);
        psql.arg(&self.folder)
            .args(["--dbname", database, "--command", sql])
            .output()
    }

    fn wait_until_it_answers(&self) {
        let began = Instant::now();
        while !self
            .psql("postgres", "SELECT 1")
            .is_ok_and(|done| done.status.success())
        {
            let text = |name| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
            assert!(
                began.elapsed() < PATIENCE,
                "the server does not answer: {}{}",
                text("initdb"),
                text("log")
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let Ok(keeper) = self.keeper.get_mut() else { return };
        drop(keeper.stdin.take());
        // The folder is gone when this returns.
        let _ended = keeper.wait();
    }
}

/// The newest version's programs.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed: ./test packages");
    let newest = versions.filter_map(Result::ok).max_by_key(|version| {
        let number = version.file_name().to_string_lossy().parse::<u32>();
        number.unwrap_or(0)
    });
    newest
        .expect("PostgreSQL is installed: ./test packages")
        .path()
        .join("bin")
}

fn is_root() -> bool {
    number_of(&["-u"]) == 0
}

fn number_of(arguments: &[&str]) -> u32 {
    let id = Command::new("id").args(arguments).output().expect("id can be started");
    let text = String::from_utf8_lossy(&id.stdout).into_owned();
    text.trim()
        .parse()
        .unwrap_or_else(|_| panic!("there is no user {USER}: ./test packages"))
}

/// The beginning of a command that runs as an ordinary user.
fn as_user() -> Command {
    if !is_root() {
        return Command::new("env");
    }
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid",
        USER,
        "--regid",
        USER,
        "--clear-groups",
        "--inh-caps=-all",
        "--",
    ]);
    command
}

/// A new folder of that user's; its path is short, for a socket lies in it.
fn folder() -> PathBuf {
    // In memory where there is room: a few hundred databases are made and forgotten.
    let room = Command::new("df")
        .args(["--output=avail", "--block-size=1G", "/dev/shm"])
        .output();
    let room = room
        .map(|df| String::from_utf8_lossy(&df.stdout).into_owned())
        .unwrap_or_default();
    let gigabytes = room.lines().last().and_then(|line| line.trim().parse::<u64>().ok());
    let parent = if gigabytes.is_some_and(|gigabytes| gigabytes >= 4) {
        "/dev/shm"
    } else {
        "/tmp"
    };
    let made = Command::new("mktemp")
        .args(["--directory", "--tmpdir", "candor-pg.XXXXXX"])
        .env("TMPDIR", parent)
        .output();
    let made = made.expect("mktemp can be started");
    let path = PathBuf::from(String::from_utf8_lossy(&made.stdout).trim());
    // Others reach the socket; everything else in it is its user's alone.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o711)).expect("the folder is ours");
    if is_root() {
        let (user, group) = (number_of(&["-u", USER]), number_of(&["-g", USER]));
        chown(&path, Some(user), Some(group)).expect("root may give a folder away");
    }
    path
}
