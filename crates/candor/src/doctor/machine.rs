//! The machine: kernel, rights, clock, memory.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sys::missing::Capabilities;
use sys::{Machine, Missing};

use super::{Row, Subject};
use crate::config::VpnPath;
use crate::prove::worker_of;

/// 1 January 2026: no clock that is right shows less.
const EARLIEST: Duration = Duration::from_secs(1_767_225_600);
/// Clocks that are kept in step differ by less.
const SLACK: Duration = Duration::from_secs(120);

pub(super) fn rows(subject: &Subject) -> Vec<Row> {
    let mut rows = vec![confinement()];
    if subject.config.vpn.enabled {
        rows.push(tunnel(subject));
        rows.push(forwarding(subject));
        rows.extend(pings(subject));
    }
    rows.push(clock(subject));
    rows.push(swap());
    rows.push(core_dumps(subject));
    rows
}

/// The user that a process acts as; nothing when it is gone.
pub(super) fn user_of(process: u32) -> Option<u32> {
    status_row(process, "Uid:")?.split_whitespace().nth(1)?.parse().ok()
}

fn status_row(process: u32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .map(str::to_owned)
}

fn confinement() -> Row {
    let abi = Machine::look().map_or(0, |machine| machine.landlock_abi);
    let seccomp = fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail").unwrap_or_default();
    if abi < 1 {
        return missing("confinement", Missing::Landlock);
    }
    if !seccomp.contains("kill_process") {
        return missing("confinement", Missing::Seccomp);
    }
    Row::good(
        "confinement",
        format!("Landlock ABI {abi} and seccomp: workers can be locked"),
    )
}

fn missing(topic: &'static str, missing: Missing) -> Row {
    Row::bad(
        topic,
        format!("missing: {}; {}", missing.what(), missing.why()),
        missing.line(),
    )
}

fn tunnel(subject: &Subject) -> Row {
    const TOPIC: &str = "tunnel";
    let Ok(mut machine) = Machine::look() else {
        return Row::unknown(TOPIC, "this process cannot look at itself", "sudo candor doctor");
    };
    let chosen = subject.config.vpn.path;
    if chosen == VpnPath::User {
        return Row::good(
            TOPIC,
            "in user space, as `path` under [vpn] says: it needs nothing of this machine",
        );
    }
    // What the running instance may do counts, not what this command may.
    if let Some(running) = &subject.running {
        let rights = status_row(running.pid, "CapEff:").and_then(|row| u64::from_str_radix(row.trim(), 16).ok());
        machine.capabilities = Capabilities(rights.unwrap_or_default());
    }
    let lacks = machine.missing_for_tunnel().into_iter().next();
    match (lacks, chosen, in_user_space(subject)) {
        // Workers need it whoever forwards.
        (Some(Missing::Landlock), ..) => missing(TOPIC, Missing::Landlock),
        (None, _, Some(true)) => Row::look(
            TOPIC,
            "in user space, though this machine has what the kernel's way needs, which is faster",
            "sudo systemctl restart candor    (the start says who forwards)",
        ),
        (None, ..) => Row::good(
            TOPIC,
            "/dev/net/tun, nft and the right CAP_NET_ADMIN are there: the kernel forwards",
        ),
        (Some(lacking), VpnPath::Kernel, _) => missing(TOPIC, lacking),
        (Some(lacking), VpnPath::Auto, Some(true)) => Row::look(
            TOPIC,
            format!(
                "in user space; for the kernel's way, which is faster, this machine lacks {}",
                lacking.what()
            ),
            lacking.line(),
        ),
        (Some(lacking), VpnPath::Auto, _) => Row::look(
            TOPIC,
            format!(
                "a start by this user forwards in user space; for the kernel's way, which is faster, it lacks {}",
                lacking.what()
            ),
            lacking.line(),
        ),
        (Some(lacking), VpnPath::User, _) => missing(TOPIC, lacking),
    }
}

/// Whether the running instance forwards in user space; `None` where none runs.
fn in_user_space(subject: &Subject) -> Option<bool> {
    let running = subject.running.as_ref()?;
    Some(worker_of(running.pid, "connector").is_some())
}

fn forwarding(subject: &Subject) -> Row {
    if in_user_space(subject) == Some(true) {
        return Row::good("forwarding", "not needed: members' flows end in user space");
    }
    let is_on = |key: &str| fs::read_to_string(format!("/proc/sys/{key}")).is_ok_and(|value| value.trim_end() == "1");
    let v4 = is_on("net/ipv4/ip_forward");
    let v6 = is_on("net/ipv6/conf/all/forwarding") || !std::path::Path::new("/proc/sys/net/ipv6").exists();
    match (&subject.running, v4 && v6) {
        (Some(_), true) => Row::good("forwarding", "on for IPv4 and IPv6"),
        (Some(_), false) => Row::bad(
            "forwarding",
            "something switched it off after candor switched it on: devices reach this machine and nothing behind it",
            "sudo sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1",
        ),
        (None, true) => Row::good("forwarding", "on already; candor leaves it so when it stops"),
        (None, false) => Row::good("forwarding", "off; candor switches it on while it runs"),
    }
}

/// In user space echoes leave through sockets that the kernel gives to some groups only (`icmp(7)`).
fn pings(subject: &Subject) -> Option<Row> {
    const TOPIC: &str = "pings";
    let group = subject.running.as_ref().and_then(|running| {
        let row = status_row(running.pid, "Gid:")?;
        row.split_whitespace().nth(1)?.parse::<u32>().ok()
    });
    let (true, Some(group)) = (in_user_space(subject) == Some(true), group) else {
        return None;
    };
    let range = fs::read_to_string("/proc/sys/net/ipv4/ping_group_range").unwrap_or_default();
    let bounds: Vec<u32> = range
        .split_whitespace()
        .filter_map(|bound| bound.parse().ok())
        .collect();
    Some(match bounds.as_slice() {
        [from, to] if (*from..=*to).contains(&group) => Row::good(TOPIC, "members' pings pass"),
        _ => Row::look(
            TOPIC,
            "members' pings are refused: the kernel gives no sockets for echoes to candor's group",
            "sudo sysctl -w net.ipv4.ping_group_range='0 2147483647'",
        ),
    })
}

fn clock(subject: &Subject) -> Row {
    const TOPIC: &str = "clock";
    const SET: &str = "sudo timedatectl set-ntp true    (then: timedatectl status)";
    let now = SystemTime::now();
    if now.duration_since(UNIX_EPOCH).unwrap_or_default() < EARLIEST {
        return Row::bad(
            TOPIC,
            "it shows a time before 2026: what is kept would end years late",
            SET,
        );
    }
    let newest = ["candor.db", "candor.db-wal"]
        .iter()
        .filter_map(|name| fs::metadata(subject.data().join(name)).ok()?.modified().ok())
        .max();
    if let Some(behind) = newest
        .and_then(|newest| newest.duration_since(now).ok())
        .filter(|behind| *behind > SLACK)
    {
        let found = format!(
            "it is {} s behind the newest data: what is kept ends that much later",
            behind.as_secs()
        );
        return Row::bad(TOPIC, found, SET);
    }
    match sys::time::is_kept_in_step() {
        Some(true) => Row::good(TOPIC, "kept in step with others"),
        Some(false) => Row::look(
            TOPIC,
            "nothing is known to keep it in step; what is kept ends by it",
            SET,
        ),
        None => Row::unknown(TOPIC, "the kernel does not say whether it is kept in step", SET),
    }
}

fn swap() -> Row {
    let areas: Vec<String> = fs::read_to_string("/proc/swaps")
        .unwrap_or_default()
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect();
    let in_the_clear: Vec<&String> = areas
        .iter()
        .filter(|area| {
            !area.starts_with("/dev/zram") && !area.starts_with("/dev/dm-") && !area.starts_with("/dev/mapper")
        })
        .collect();
    if in_the_clear.is_empty() {
        return Row::good("swap", "none that would write memory to a disk in the clear");
    }
    Row::look(
        "swap",
        format!(
            "on at {}: keys and addresses in the parent's memory may be written there (workers' memory is pinned)",
            in_the_clear
                .iter()
                .map(|area| area.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        ),
        "sudo swapoff -a    (and take it out of /etc/fstab, or encrypt it)",
    )
}

/// A process that is not to be dumped has root's files under `/proc/PID` (`proc(5)`, `PR_SET_DUMPABLE(2const)`).
fn core_dumps(subject: &Subject) -> Row {
    const TOPIC: &str = "core dumps";
    let dumped = subject.running.as_ref().and_then(|running| {
        let owner = fs::metadata(format!("/proc/{}/environ", running.pid)).ok()?.uid();
        Some(owner != 0)
    });
    match dumped {
        Some(true) => Row::bad(
            TOPIC,
            "the running instance's memory would be written to a file if it crashed",
            "sudo systemctl restart candor    (this version lets no dump be made; an older one seems to run)",
        ),
        Some(false) => Row::good(TOPIC, "the running instance lets none be made of its memory"),
        None => Row::good(TOPIC, "candor lets none be made of its memory"),
    }
}
