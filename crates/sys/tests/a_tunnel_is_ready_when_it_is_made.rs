//! A tunnel device is named, sized, addressed, routed and up, as the `ip` program sees it, although
//! `ip` did not make it. Needs root.

#![allow(clippy::unwrap_used)]

use std::process::Command;
use sys::{Error, LinkName, NetNamespace, Range, Tun, TunOptions};

fn range(text: &str, prefix: u8) -> Range {
    Range::new(text.parse().unwrap(), prefix).unwrap()
}

fn options() -> TunOptions {
    TunOptions {
        name: LinkName::new("candor0").unwrap(),
        mtu_bytes: 1408,
        queue_packets: 750,
        addresses: vec![range("fd00:64::1", 64), range("100.64.0.1", 10)],
        routes: vec![range("192.0.2.0", 24), range("2001:db8::", 32)],
    }
}

fn ip(arguments: &[&str]) -> String {
    let output = Command::new("ip")
        .args(arguments)
        .output()
        .expect("sudo apt install iproute2");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_device_has_what_was_asked_and_speaks_only_for_us() {
    let namespace = NetNamespace::create().expect("run this test as root");
    namespace
        .run(|| {
            let tun = Tun::create(&options()).unwrap();
            let seen = ip(&["address", "show", "dev", "candor0"]);
            for part in [",UP", "mtu 1408", "qlen 750", "100.64.0.1/10", "fd00:64::1/64"] {
                assert!(seen.contains(part), "{part} in {seen}");
            }
            assert!(
                !seen.contains("fe80"),
                "no link-local address, hence no solicitations: {seen}"
            );
            assert!(!seen.contains("tentative"), "usable at once: {seen}");
            assert!(ip(&["route"]).contains("192.0.2.0/24 dev candor0"));
            assert!(ip(&["-6", "route"]).contains("2001:db8::/32 dev candor0"));
            let again = Tun::create(&options()).unwrap_err();
            assert!(matches!(&again, Error::TunBusy(name) if name == "candor0"), "{again}");
            drop(tun);
            assert_eq!(
                ip(&["address", "show", "dev", "candor0"]),
                "",
                "gone with its descriptor"
            );
        })
        .unwrap();
}

#[test]
fn a_packet_that_is_not_ip_is_refused_and_the_next_one_is_not() {
    let namespace = NetNamespace::create().expect("run this test as root");
    namespace
        .run(|| {
            let tun = Tun::create(&options()).unwrap();
            assert_eq!(
                tun.send(&[0xff; 40]).unwrap_err().kind(),
                std::io::ErrorKind::InvalidInput
            );
            let mut header = [0u8; 20];
            header[0] = 0x45;
            tun.send(&header).unwrap();
        })
        .unwrap();
}
