//! The Debian package: what is in it, what installing and purging it does, and that the program in it starts. It is
//! installed into a copy of this machine's files that is written to memory, so the machine keeps what it has.

mod world;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;
use world::{candor, repository, stderr, stdout};

/// Made once; the debug program without what debuggers need, packed quickly.
fn package() -> &'static Path {
    static PACKAGE: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = PACKAGE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("the machine does its part");
        let built = Command::new(repository().join("packaging/build-deb"))
            .arg("--program")
            .arg(candor())
            .arg("--out")
            .arg(folder.path())
            .env("CANDOR_DEB_COMPRESSION", "-Zgzip -z1")
            .output()
            .expect("the machine does its part");
        assert!(built.status.success(), "{}", stderr(&built));
        let path = PathBuf::from(stdout(&built).trim());
        (folder, path)
    });
    path
}

fn dpkg_deb(arguments: &[&str]) -> String {
    let output = Command::new("dpkg-deb")
        .args(arguments)
        .output()
        .expect("the machine does its part");
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn the_package_has_what_it_should_and_nothing_else() {
    let file = package().display().to_string();
    let listing = dpkg_deb(&["--contents", &file]);
    let files: Vec<(&str, &str, &str)> = listing
        .lines()
        .filter(|line| !line.starts_with('d'))
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            (words[0], words[1], words[5])
        })
        .collect();
    for (mode, owner, name) in &files {
        assert_eq!(*owner, "root/root", "{name}");
        let wanted = if *name == "./usr/bin/candor" {
            "-rwxr-xr-x"
        } else {
            "-rw-r--r--"
        };
        assert_eq!(*mode, wanted, "{name}");
    }
    let mut names: Vec<&str> = files.iter().map(|(_, _, name)| name.trim_start_matches("./")).collect();
    names.retain(|name| !name.starts_with("usr/share/doc/candor/policies/"));
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "etc/candor/candor.toml",
            "lib/systemd/system/candor.service",
            "usr/bin/candor",
            "usr/lib/sysusers.d/candor.conf",
            "usr/lib/tmpfiles.d/candor.conf",
            "usr/share/doc/candor/README.md",
            "usr/share/doc/candor/SECURITY.md",
            "usr/share/doc/candor/changelog.gz",
            "usr/share/doc/candor/configuration.md",
            "usr/share/doc/candor/copyright",
            "usr/share/doc/candor/install.md",
        ]
    );
    assert_eq!(
        dpkg_deb(&["--info", &file, "conffiles"]).trim(),
        "/etc/candor/candor.toml"
    );
    let control = dpkg_deb(&["--field", &file]);
    assert!(
        control.contains("Package: candor\n") && control.contains("nftables"),
        "{control}"
    );
    assert!(
        control.contains(&format!("Version: {}\n", env!("CARGO_PKG_VERSION"))),
        "{control}"
    );
}

#[test]
fn the_unit_is_right_and_exposes_little() {
    let root = tempfile::tempdir().unwrap();
    dpkg_deb(&[
        "--extract",
        &package().display().to_string(),
        &root.path().display().to_string(),
    ]);
    let unit = root
        .path()
        .join("lib/systemd/system/candor.service")
        .display()
        .to_string();
    let judged = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=25", &unit])
        .output()
        .unwrap();
    assert!(judged.status.success(), "{}\n{}", stdout(&judged), stderr(&judged));
    // The unit names the program where the package puts it, so this looks from inside such a machine.
    let verified = installed("systemd-analyze verify --man=no /lib/systemd/system/candor.service");
    assert!(verified.status.success(), "{}", stderr(&verified));
    assert!(!stderr(&verified).contains("candor.service"), "{}", stderr(&verified));
}

/// Runs a script on a copy of this machine on which the package is installed.
fn installed(script: &str) -> Output {
    let copied = tempfile::tempdir().expect("the machine does its part");
    let whole = format!(
        "set -e\nmount -t tmpfs none {here}\nmkdir {here}/changed {here}/work {here}/root\n\
         mount -t overlay overlay -o lowerdir=/,upperdir={here}/changed,workdir={here}/work {here}/root\n\
         mount -t proc none {here}/root/proc\nmount --bind /dev {here}/root/dev\n\
         cp {package} {here}/root/root/candor.deb\n\
         exec chroot {here}/root sh -ec 'export DEBIAN_FRONTEND=noninteractive\n\
         dpkg --install --force-depends /root/candor.deb >/root/dpkg.log 2>&1 || {{ cat /root/dpkg.log >&2; exit 9; }}\n{script}'",
        here = copied.path().display(),
        package = package().display(),
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--propagation", "private", "sh", "-c", &whole]);
    command.output().expect("unshare is part of every Debian")
}

#[test]
fn installing_makes_a_user_a_folder_and_a_key_and_starts_nothing() {
    let output = installed(
        "getent passwd candor\nstat -c \"%n %U %G %a %s\" /etc/candor /etc/candor/* /var/lib/candor\ncat /root/dpkg.log\n\
         ps ax -o args | grep -c \"^candor serve\" || true",
    );
    let said = stdout(&output);
    assert!(output.status.success(), "{said}\n{}", stderr(&output));
    assert!(said.contains("/usr/sbin/nologin"), "{said}");
    for line in [
        "/etc/candor root candor 750",
        "/etc/candor/candor.toml root candor 640",
        "/etc/candor/wrapping.key root root 600 32",
        "/var/lib/candor candor candor 700",
        "candor is installed and not started",
    ] {
        assert!(said.contains(line), "{line:?} is not in:\n{said}");
    }
}

#[test]
fn the_installed_program_passes_its_check_and_serves_as_its_user() {
    let output = installed(
        "ip link set lo up\nsetpriv --reuid candor --regid candor --clear-groups candor serve --check --config /etc/candor/candor.toml\n\
         cd /var/lib/candor\nmkdir /run/candor-credentials\n\
         cp /etc/candor/wrapping.key /run/candor-credentials/candor.key\n\
         export CREDENTIALS_DIRECTORY=/run/candor-credentials\n\
         candor serve --config /etc/candor/candor.toml >/root/said 2>&1 &\n\
         program=$!\n\
         for turn in $(seq 600); do grep -q \"started in\" /root/said && break; sleep 0.1; done\n\
         cat /root/said\ncurl --silent http://localhost:8080/health\n\
         echo user $(stat -c %U /proc/$program) key beside the data $(ls /var/lib/candor | grep -c wrapping.key)\n\
         kill $program\nwait $program\necho ended $?",
    );
    let said = stdout(&output);
    assert!(output.status.success(), "{said}\n{}", stderr(&output));
    for words in [
        "fit together",
        "started in",
        "\nok\n",
        "user candor key beside the data 0",
        "user candor (",
        "ended 0",
    ] {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
}

#[test]
fn a_second_installation_keeps_key_and_configuration_and_purging_keeps_members_data() {
    let output = installed(
        "sha256sum /etc/candor/wrapping.key >/root/key\necho \"# mine\" >>/etc/candor/candor.toml\n\
         install -m 0600 -o candor /dev/null /var/lib/candor/candor.db\n\
         dpkg --install --force-depends --force-confdef /root/candor.deb >/dev/null\n\
         sha256sum --check /root/key\ngrep mine /etc/candor/candor.toml\n\
         dpkg --purge candor\ntest ! -e /usr/bin/candor\ntest ! -e /etc/candor/candor.toml\n\
         test -e /var/lib/candor/candor.db\nsha256sum --check /root/key",
    );
    let said = stdout(&output);
    assert!(output.status.success(), "{said}\n{}", stderr(&output));
    assert!(
        said.contains("# mine") && said.matches("wrapping.key: OK").count() == 2,
        "{said}"
    );
    assert!(said.contains("To delete both for good"), "{said}");
}

#[test]
fn lintian_finds_no_error_that_is_not_explained() {
    let output = Command::new("lintian")
        // No manual page yet; a package that is not in Debian's archive closes no bug of it; the certificate library and
        // SQLite are part of the program, as Cargo.lock pins them.
        .args([
            "--suppress-tags",
            "embedded-library,initial-upload-closes-no-bugs,no-manual-page",
            "--allow-root",
            "--no-tag-display-limit",
        ])
        .arg(package())
        .output()
        .expect("lintian is installed by ./test packages");
    let errors: Vec<String> = stdout(&output)
        .lines()
        .filter(|line| line.starts_with("E: "))
        .map(str::to_owned)
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}
