//! What the kernel says of a locked worker from outside.

use crate::Test;
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Command, ExitCode};
use std::time::Duration;
use sys::channel::{self, Received};
use sys::lockdown::{Descriptor, Gap, Kind};
use sys::missing::Capabilities;
use sys::nft::{Applied, TunnelRules};
use sys::poll::{Interest, Poller};
use sys::sysctl::Restore;
use sys::worker::{Ended, inherited};
use sys::{Allowed, Channel, Identity, LinkName, NetNamespace, Spawn, UdpSocket};

const NOBODY: Identity = Identity {
    user: 65534,
    group: 65534,
};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        (
            "the_kernel_reports_a_locked_worker_as_locked".into(),
            Box::new(|| inspect(true)),
        ),
        (
            "the_kernel_reports_an_unlocked_worker_with_its_gaps".into(),
            Box::new(|| inspect(false)),
        ),
        (
            "a_parent_that_stepped_down_keeps_the_network_and_starts_locked_workers".into(),
            Box::new(a_parent_steps_down),
        ),
    ]
}

fn a_parent_steps_down() {
    let output = Command::new("/proc/self/exe")
        .args(["worker", "stepped-down"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// In a process of its own: the life of a parent, in a namespace of its own.
pub(crate) fn stepped_down() -> ExitCode {
    let own = NetNamespace::create().unwrap();
    // Threads would keep their rights: the first thread itself moves.
    // SAFETY: setns(2) takes a descriptor that is kept open and a flag.
    assert_eq!(unsafe { libc::setns(own.as_fd().as_raw_fd(), libc::CLONE_NEWNET) }, 0);
    let rules = TunnelRules {
        name: LinkName::new("down").unwrap(),
        tun: LinkName::new("candor0").unwrap(),
        inside: Vec::new(),
        services: Vec::new(),
        refused: Vec::new(),
        private: Vec::new(),
        excepted: Vec::new(),
    };
    let mut settings = Restore::new();
    settings.set("net/ipv4/ip_forward", "1").unwrap();
    let applied = Applied::load(&rules).unwrap();
    sys::privilege::step_down(NOBODY).unwrap();

    let report = sys::read_lockdown(std::process::id()).unwrap();
    assert_eq!(report.users, [NOBODY.user; 4]);
    let kept = Capabilities::effective().unwrap();
    assert!(kept.net_admin() && kept.0.count_ones() == 1, "{kept:?}");
    std::fs::File::open("/etc/shadow").expect_err("the passwords are out of reach");
    assert!(report.capabilities.iter().all(|set| *set == kept));

    let (_near, far) = channel::pair().unwrap();
    let mut worker = Spawn::again(&["worker", "lasting"]).give(far.as_fd()).start().unwrap();
    assert_eq!(worker.wait().unwrap(), Ended::Exited(0));
    drop(settings);
    assert_eq!(std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap(), "0\n");
    drop(applied);
    let output = Command::new("/usr/sbin/nft")
        .args(["list", "ruleset"])
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    ExitCode::SUCCESS
}

fn inspect(locked: bool) {
    let (near, far) = channel::pair().unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    // Open here, and not given: it may not be there.
    let _secret = std::fs::File::open("/etc/hostname").unwrap();
    let worker = Spawn::again(&["worker", "inspect"])
        .give(far.as_fd())
        .give(udp.as_fd())
        .start()
        .unwrap();
    near.send(if locked { b"1" } else { b"0" }).unwrap();
    let poller = Poller::new().unwrap();
    poller.add(near.as_fd(), 0, Interest::Read).unwrap();
    poller.wait(&mut Vec::new(), Some(Duration::from_secs(20))).unwrap();
    assert_eq!(near.receive(&mut [0; 8]).unwrap(), Received::Message(1));

    let report = sys::read_lockdown(worker.process()).unwrap();
    let kinds = [Kind::Null, Kind::Null, Kind::Null, Kind::Unix, Kind::Udp, Kind::Epoll];
    let expected: Vec<Descriptor> = kinds
        .into_iter()
        .zip(0..)
        .map(|(kind, number)| Descriptor { number, kind })
        .collect();
    assert_eq!(report.descriptors, Some(expected));
    assert_eq!(environment(worker.process()), b"");
    assert_eq!(session(worker.process()), worker.process(), "no terminal reaches it");
    if locked {
        assert_eq!(report.gaps(), []);
        assert_eq!((report.seccomp_mode, report.no_new_privileges), (2, true));
        assert_eq!(report.users, [NOBODY.user; 4]);
        assert_eq!(report.groups, [NOBODY.group; 4]);
        assert_eq!(report.threads, 1);
        assert_eq!(report.descriptor_limit, Some(6));
        assert!(
            report.capabilities.iter().all(|set| set.is_empty()),
            "the bounding set too"
        );
    } else {
        let gaps = report.gaps();
        for gap in [
            Gap::NoFilter,
            Gap::NewPrivileges,
            Gap::Capabilities("CapEff"),
            Gap::FileSize,
        ] {
            assert!(gaps.contains(&gap), "{gap:?} in {gaps:?}");
        }
    }
}

/// Field 6 of `/proc/PID/stat` (`proc(5)`); the name in field 2 has no space.
fn session(process: u32) -> u32 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    stat.split(' ').nth(5).unwrap().parse().unwrap()
}

/// The worker was given no environment, in which an operator's secrets may lie.
fn environment(process: u32) -> Vec<u8> {
    std::fs::read(format!("/proc/{process}/environ")).unwrap()
}

/// In the worker: locks itself when it is told to, says that it is ready, waits.
pub(crate) fn worker() -> ExitCode {
    let mut given = inherited(2).unwrap().into_iter();
    let (channel, udp) = (Channel::adopt(given.next().unwrap()), given.next().unwrap());
    let poller = Poller::new().unwrap();
    poller.add(channel.as_fd(), 0, Interest::Read).unwrap();
    let mut ready = Vec::new();
    poller.wait(&mut ready, None).unwrap();
    let mut word = [0; 1];
    channel.receive(&mut word).unwrap();
    if word == *b"1" {
        let allowed = Allowed::new()
            .channel(channel.as_fd())
            .udp(udp.as_fd())
            .poller(poller.as_fd())
            .identity(NOBODY);
        sys::confine(&allowed).unwrap();
    }
    channel.send(&[1]).unwrap();
    poller.wait(&mut ready, None).unwrap();
    ExitCode::SUCCESS
}
