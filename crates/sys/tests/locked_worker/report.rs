//! What the kernel says of a locked worker from outside.

use crate::Test;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Duration;
use sys::channel::{self, Received};
use sys::lockdown::{Descriptor, Gap, Kind};
use sys::poll::{Interest, Poller};
use sys::worker::inherited;
use sys::{Allowed, Channel, Identity, Spawn, UdpSocket};

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
    ]
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
    assert_eq!(report.descriptors, expected);
    assert_eq!(environment(worker.process()), b"");
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
