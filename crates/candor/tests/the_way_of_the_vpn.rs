//! `path` under [vpn] does what `docs/configuration.md` says of it, for root and for somebody without rights, with and without a
//! tunnel device; and whoever cannot have what was asked for is told what is missing and what gives it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};

use tempfile::TempDir;
use world::{Provider, candor, machine};

/// "nobody" of every distribution.
const NOBODY: u32 = 65_534;
/// Root in a mount namespace of its own, in which there is no tunnel device.
const WITHOUT_DEVICE: [&str; 5] = [
    "unshare",
    "--mount",
    "sh",
    "-c",
    "mount -t tmpfs none /dev/net && exec \"$0\" \"$@\"",
];

fn folder(path: Option<&str>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line = path.map(|path| format!("path = \"{path}\"\n")).unwrap_or_default();
    let configuration = format!("[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\n{line}");
    fs::write(folder.path().join("candor.toml"), configuration).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn as_root(path: Option<&str>) -> Provider {
    Provider::start_in(folder(path), world::namespace(), &[])
}

fn as_nobody(path: Option<&str>) -> Provider {
    let folder = folder(path);
    // Where nobody may run it from.
    let copy = folder.path().join("candor");
    fs::copy(candor(), &copy).unwrap();
    for owned in [folder.path(), &folder.path().join("candor.toml"), &copy] {
        chown(owned, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let way = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    // As `way PROGRAM ARGUMENTS`, with the copy in the place of the program.
    let other = ["sh", "-c", "shift 0; exec ./candor \"$@\""];
    Provider::start_through(&[&way[..], &other[..]].concat(), folder, world::namespace(), &[])
}

/// The kernel forwards: device, rules, and no second worker.
fn kernel_forwards(provider: &Provider) {
    let said = provider.said();
    assert!(said.contains("running; devices connect to localhost"), "{said}");
    assert!(
        said.contains("the kernel forwards; `path = \"user\"` under [vpn]"),
        "{said}"
    );
    assert_eq!(traces(provider), (true, true));
    assert_eq!(roles(provider), ["vpn"]);
}

/// A confined process opens connections: no device, no rules.
fn in_user_space(provider: &Provider, because: &[&str]) {
    let said = provider.said();
    assert!(said.contains("running; devices connect to localhost"), "{said}");
    for words in because {
        assert!(said.contains(words), "{words:?} was not said:\n{said}");
    }
    assert_eq!(traces(provider), (false, false));
    assert_eq!(roles(provider), ["connector", "vpn"]);
}

/// No VPN, and the site works.
fn no_vpn(provider: &Provider, because: &[&str]) {
    let said = provider.said();
    for words in because {
        assert!(said.contains(words), "{words:?} was not said:\n{said}");
    }
    assert!(!said.contains("running; devices connect to"), "{said}");
    assert_eq!(traces(provider), (false, false));
    assert_eq!(roles(provider), Vec::<String>::new());
    let health = provider.curl(&["http://localhost:8080/health"]);
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
}

/// Whether there are a device and rules.
fn traces(provider: &Provider) -> (bool, bool) {
    let links = machine(&provider.namespace, "ip", &["-o", "link"]);
    let rules = machine(&provider.namespace, "/usr/sbin/nft", &["list", "tables"]);
    (links.contains("candor0"), rules.contains("candor"))
}

/// The provider's confined processes, by what they do.
fn roles(provider: &Provider) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parent = format!("PPid:\t{}", provider.process());
    let mut roles: Vec<String> = numbers
        .filter_map(|process| {
            let read = |file: &str| fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
            let (status, line) = (read("status"), read("cmdline"));
            let words: Vec<&str> = line.split('\0').collect();
            let at = words.iter().position(|word| *word == "worker")?;
            (status.lines().any(|row| row == parent)).then(|| words[at + 1].to_owned())
        })
        .collect();
    roles.sort();
    roles
}

#[test]
fn with_rights_the_kernel_forwards_unless_the_configuration_says_otherwise() {
    kernel_forwards(&as_root(None));
    kernel_forwards(&as_root(Some("auto")));
    kernel_forwards(&as_root(Some("kernel")));
    in_user_space(
        &as_root(Some("user")),
        &["in user space, as candor.toml says; `path = \"auto\"` under [vpn] lets the kernel forward"],
    );
}

#[test]
fn without_rights_members_flows_end_in_user_space_unless_the_kernel_was_asked_for() {
    let right = "the right to configure the network (CAP_NET_ADMIN)";
    let line = "sudo setcap cap_net_admin+ep \"$(command -v candor)\"    (or run the program with sudo)";
    for path in [None, Some("auto")] {
        in_user_space(&as_nobody(path), &["in user space; for the kernel's way", right, line]);
    }
    in_user_space(&as_nobody(Some("user")), &["in user space, as candor.toml says"]);
    no_vpn(
        &as_nobody(Some("kernel")),
        &[&format!("not running: {right}"), line, "`path = \"user\"` under [vpn]"],
    );
}

#[test]
fn without_a_tunnel_device_members_flows_end_in_user_space_unless_the_kernel_was_asked_for() {
    let start = |path| Provider::start_through(&WITHOUT_DEVICE, folder(path), world::namespace(), &[]);
    let device = "the tunnel device /dev/net/tun";
    let line = "sudo modprobe tun    (in a container: docker run --device /dev/net/tun";
    for path in [None, Some("auto")] {
        in_user_space(
            &start(path),
            &[
                "in user space; for the kernel's way",
                &format!("it lacks {device}"),
                line,
            ],
        );
    }
    in_user_space(&start(Some("user")), &["in user space, as candor.toml says"]);
    no_vpn(
        &start(Some("kernel")),
        &[&format!("not running: {device}"), line, "`path = \"user\"` under [vpn]"],
    );
}
