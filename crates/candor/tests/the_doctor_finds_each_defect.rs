//! Each row of `candor doctor` that the other file leaves out, on a machine or an installation in which exactly this is
//! wrong: mount namespaces, small disks and other clocks, not words put into the program's mouth.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use sys::NetNamespace;
use tempfile::TempDir;
use world::{Mount, Provider, candor, stderr, stdout};

const NO_VPN: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nenabled = false\n";
const KERNEL: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\npath = \"kernel\"\n";
const AUTO: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\n";
const BACKUP_LINE: &str = "sudo candor backup --out /var/backups/candor    (daily, for example from a timer)";
const CLOCK_LINE: &str = "sudo timedatectl set-ntp true    (then: timedatectl status)";

/// An installation that nothing runs on.
struct Installation {
    folder: TempDir,
    namespace: NetNamespace,
}

impl Installation {
    fn new(configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("candor.toml"), configuration).expect("the folder can be written");
        Self {
            folder,
            namespace: world::namespace(),
        }
    }

    /// The doctor's rows on this machine after a script has changed a copy of its mounts.
    fn after(&self, script: &str) -> Rows {
        let whole = format!("{script}\nexec \"$0\" doctor --json");
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--uts", "--propagation", "private", "sh", "-ec", &whole])
            .arg(candor());
        self.rows(command)
    }

    /// The doctor's rows by another clock.
    fn at(&self, when: &str) -> Rows {
        let mut command = Command::new("env");
        command
            .args(another_clock(when))
            .arg(candor())
            .args(["doctor", "--json"]);
        self.rows(command)
    }

    fn rows(&self, mut command: Command) -> Rows {
        command.current_dir(self.folder.path());
        let output = self.namespace.run(|| command.output()).unwrap().unwrap();
        Rows::of(&output)
    }
}

/// As faketime(1) does, without its process in between.
fn another_clock(when: &str) -> [String; 3] {
    [
        "LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1".to_owned(),
        format!("FAKETIME={when}"),
        "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
    ]
}

/// What a doctor said.
#[derive(Debug)]
struct Rows {
    rows: Vec<Value>,
    code: Option<i32>,
}

impl Rows {
    fn of(output: &Output) -> Self {
        let all: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(output)));
        Self {
            rows: all["rows"].as_array().expect("there are rows").clone(),
            code: output.status.code(),
        }
    }

    /// The one row of a topic is this, the line to paste to the letter; one that is bad makes the exit code 1.
    fn has(&self, topic: &str, state: &str, found: &str, line: &str) {
        let of_topic: Vec<&Value> = self.rows.iter().filter(|row| row["topic"] == topic).collect();
        let [row] = of_topic.as_slice() else {
            panic!("{topic}: {of_topic:?}");
        };
        let words = row["found"].as_str().expect("a text");
        assert!(row["state"] == state && words.contains(found), "{row}");
        let wanted = if line.is_empty() { Value::Null } else { json!(line) };
        assert_eq!(row["remedy"], wanted, "{row}");
        if state == "bad" {
            assert_eq!(self.code, Some(1));
        }
    }
}

/// Takes files out of a folder, for the mounts of this process alone.
fn without(folder: &str, name: &str) -> String {
    format!(
        "mount -t tmpfs none /mnt; mkdir /mnt/upper /mnt/work\n\
         mount -t overlay overlay -o lowerdir={folder},upperdir=/mnt/upper,workdir=/mnt/work {folder}\nrm {folder}/{name}"
    )
}

#[test]
fn a_machine_without_the_tunnel_device() {
    let gone = "mount -t tmpfs none /dev/net";
    let line = "sudo modprobe tun    (in a container: docker run --device /dev/net/tun --cap-add NET_ADMIN ...)";
    let missing = "missing: the tunnel device /dev/net/tun";
    Installation::new(KERNEL)
        .after(gone)
        .has("tunnel", "bad", missing, line);
    let words = "it lacks the tunnel device /dev/net/tun";
    Installation::new(AUTO).after(gone).has("tunnel", "look", words, line);
    Installation::new(AUTO)
        .after("true")
        .has("tunnel", "good", "the kernel forwards", "");
}

#[test]
fn a_machine_without_nft() {
    let (gone, line) = (without("/usr/sbin", "nft"), "sudo apt install nftables");
    Installation::new(KERNEL)
        .after(&gone)
        .has("tunnel", "bad", "missing: the program nft", line);
    Installation::new(AUTO)
        .after(&gone)
        .has("tunnel", "look", "it lacks the program nft", line);
}

#[test]
fn a_user_without_the_right_to_configure_the_network() {
    let installation = Installation::new(KERNEL);
    let mut command = Command::new("setpriv");
    command
        .args(["--bounding-set=-net_admin", "--inh-caps=-all"])
        .arg(candor())
        .args(["doctor", "--json"]);
    let line = "sudo setcap cap_net_admin+ep \"$(command -v candor)\"    (or run the program with sudo)";
    installation.rows(command).has("tunnel", "bad", "CAP_NET_ADMIN", line);
}

#[test]
fn a_kernel_without_seccomp_filters() {
    let rows = Installation::new(NO_VPN).after("mount --bind /dev/null /proc/sys/kernel/seccomp/actions_avail");
    let line = "use a kernel with CONFIG_SECCOMP_FILTER=y: grep Seccomp /proc/self/status";
    rows.has(
        "confinement",
        "bad",
        "missing: seccomp filters in the running kernel",
        line,
    );
}

#[test]
fn swap_in_the_clear() {
    let list = |area: &str| {
        format!(
            "mount -t tmpfs none /mnt; printf 'Filename Type Size Used Priority\\n{area} partition 1024 0 -2\\n' >/mnt/swaps\n\
             mount --bind /mnt/swaps /proc/swaps"
        )
    };
    let line = "sudo swapoff -a    (and take it out of /etc/fstab, or encrypt it)";
    Installation::new(NO_VPN).after(&list("/dev/sda2")).has(
        "swap",
        "look",
        "on at /dev/sda2: keys and addresses",
        line,
    );
    for area in ["/dev/dm-1", "/dev/zram0"] {
        Installation::new(NO_VPN)
            .after(&list(area))
            .has("swap", "good", "none that would write", "");
    }
}

#[test]
fn a_disk_that_is_nearly_full() {
    let installation = Installation::new(NO_VPN);
    let data = installation.folder.path().join("candor-data");
    fs::create_dir(&data).unwrap();
    let line = "df -h candor-data; du -sh candor-data";
    let disk = Mount::disk(&data, "60m");
    installation.after("true").has(
        "disk",
        "bad",
        "60.0 MiB free of 60.0 MiB at candor-data: members will be refused soon",
        line,
    );
    disk.again("remount,size=900m");
    installation
        .after("true")
        .has("disk", "look", "900.0 MiB free of 900.0 MiB at candor-data", line);
    disk.again("remount,size=1200m");
    installation
        .after("true")
        .has("disk", "good", "1.2 GiB free of 1.2 GiB", "");
}

#[test]
fn a_clock_that_is_years_or_a_day_behind() {
    let provider = Provider::start(NO_VPN);
    provider.join("ada@example.org", "three small words");
    let (folder, namespace, _) = provider.stop();
    let installation = Installation { folder, namespace };
    let rows = installation.at("@2025-06-01 12:00:00");
    rows.has(
        "clock",
        "bad",
        "it shows a time before 2026: what is kept would end years late",
        CLOCK_LINE,
    );
    let rows = installation.at("-1d");
    rows.has(
        "clock",
        "bad",
        "s behind the newest data: what is kept ends that much later",
        CLOCK_LINE,
    );
    let rows = installation.at("-0d");
    assert!(
        rows.rows
            .iter()
            .all(|row| row["topic"] != "clock" || row["state"] != "bad"),
        "{rows:?}"
    );
}

#[test]
fn a_backup_that_is_too_old_to_restore_anything() {
    let provider = Provider::start(NO_VPN);
    let installation = |(folder, namespace, _): (TempDir, NetNamespace, String)| Installation { folder, namespace };
    let made = provider.beside(&["backup", "--out", "backups"], "");
    assert!(made.status.success(), "{}", stderr(&made));
    let installation = installation(provider.stop());
    installation
        .at("-0d")
        .has("backup", "good", "the newest is less than an hour old", "");
    installation
        .at("+6d")
        .has("backup", "good", "the newest is 6 days old", "");
    let words = "the newest is 8 days old: its keys must be deleted by now, so it restores nothing";
    installation.at("+8d").has("backup", "bad", words, BACKUP_LINE);
}

/// An installation whose word about itself names another process.
fn run_by(process: u32) -> Installation {
    let provider = Provider::start(NO_VPN);
    let running = fs::read_to_string(provider.data().join("running.json")).unwrap();
    let (folder, namespace, _) = provider.stop();
    let mut running: Value = serde_json::from_str(&running).unwrap();
    running["pid"] = json!(process);
    fs::write(folder.path().join("candor-data/running.json"), running.to_string()).unwrap();
    Installation { folder, namespace }
}

#[test]
fn an_instance_of_which_a_core_dump_would_be_made_and_one_of_root() {
    // A program as an ordinary user that says nothing about dumps, as an old version was.
    let mut other = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "sleep", "600"])
        .spawn()
        .unwrap();
    world::until("another user's process", || {
        fs::metadata(format!("/proc/{}/environ", other.id())).is_ok_and(|found| found.uid() == 65534)
    });
    let rows = run_by(other.id()).after("true");
    let line = "sudo systemctl restart candor    (this version lets no dump be made; an older one seems to run)";
    rows.has("core dumps", "bad", "would be written to a file if it crashed", line);
    other.kill().unwrap();
    other.wait().unwrap();

    let mut roots = Command::new("sleep").arg("600").spawn().unwrap();
    let line = "move the data folder to /var/lib/candor and name it as `data` in candor.toml";
    run_by(roots.id())
        .after("true")
        .has("instance", "bad", "runs as root", line);
    roots.kill().unwrap();
    roots.wait().unwrap();
}

#[test]
fn files_of_another_owner_than_their_folder_and_the_line_mends_it() {
    let provider = Provider::start(NO_VPN);
    let (folder, namespace, _) = provider.stop();
    let data = folder.path().join("candor-data");
    let owner = fs::metadata(&data).unwrap();
    chown(data.join("keys.db"), Some(4321), Some(4321)).unwrap();
    let installation = Installation { folder, namespace };
    let line = format!("sudo chown -R {}:{} candor-data", owner.uid(), owner.gid());
    installation.after("true").has(
        "file modes",
        "bad",
        "candor-data/keys.db have another owner than their folder",
        &line,
    );
    pasted(installation.folder.path(), &line);
    installation
        .after("true")
        .has("file modes", "good", "is its owner's alone", "");

    fs::write(data.join("backup.json"), "{}").unwrap();
    chown(data.join("backup.json"), Some(owner.uid()), Some(owner.gid())).unwrap();
    fs::set_permissions(
        data.join("backup.json"),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    let line = "sudo chmod -R go= candor-data";
    installation
        .after("true")
        .has("file modes", "bad", "others may read candor-data/backup.json", line);
    pasted(installation.folder.path(), line);
    installation
        .after("true")
        .has("file modes", "good", "is its owner's alone", "");
}

/// Does what the doctor's line says; this is root already.
fn pasted(folder: &Path, line: &str) {
    let line = line
        .split("    (")
        .next()
        .expect("a text has a beginning")
        .replace("sudo ", "");
    let done = Command::new("sh")
        .args(["-ec", &line])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{line}: {}{}", stdout(&done), stderr(&done));
}

#[test]
fn pings_that_the_kernel_refuses_and_the_line_lets_them_pass() {
    let provider = Provider::start(&format!("{AUTO}path = \"user\"\n"));
    let rows = || Rows::of(&provider.beside(&["doctor", "--json"], ""));
    world::machine(
        &provider.namespace,
        "sh",
        &["-c", "echo 1 0 >/proc/sys/net/ipv4/ping_group_range"],
    );
    let line = "sudo sysctl -w net.ipv4.ping_group_range='0 2147483647'";
    rows().has("pings", "look", "members' pings are refused", line);
    world::machine(&provider.namespace, "sh", &["-ec", &line.replace("sudo ", "")]);
    rows().has("pings", "good", "members' pings pass", "");
    rows().has("tunnel", "good", "in user space, as `path` under [vpn] says", "");
    rows().has("forwarding", "good", "not needed", "");
}

#[test]
fn a_name_that_was_never_written() {
    let installation = Installation::new("[vpn]\nenabled = false\n");
    let rows = installation.after("hostname machine-of-mine");
    let line = "write names = [\"vpn.example.org\"] under [site] in candor.toml";
    let words = "the site has no name but this machine's own, machine-of-mine";
    rows.has("name", "look", words, line);
}
