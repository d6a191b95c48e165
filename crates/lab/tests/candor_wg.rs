//! `candor wg` beside other programs: both roles, both families, and everything that `wg` and `wg-quick` do with it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

use std::fs;
use std::path::Path;
use std::process::Command;

use lab::world::provider::{binary, signal};
use lab::world::until;
use lab::world::wireguard::{Cable, Program, Side, speak, wg_text};

const LEFT: &str = "10.77.0.1:51820";
const RIGHT: &str = "10.77.0.2:51820";

fn carries(caller: Program, called: Program, outside: &str) {
    let cable = Cable::lay();
    let [caller, called] = cable.tunnel(caller, called, outside);
    assert!(caller.ping("10.88.0.2", 3) && called.ping("fd88::1", 3));
    for v6 in [false, true] {
        caller.echo(&called, v6, 4 << 20);
        called.echo(&caller, v6, 4 << 20);
    }
    for side in [&caller, &called] {
        assert_ne!(side.shown("latest-handshakes"), ["0"]);
        let endpoint = side.shown("endpoints").remove(0);
        assert!(endpoint.ends_with(":51820"), "{endpoint}");
        let moved: Vec<u64> = side
            .shown("transfer")
            .iter()
            .map(|bytes| bytes.parse().unwrap())
            .collect();
        assert!(moved.iter().all(|bytes| *bytes > 16 << 20), "{moved:?}");
    }
    measured(&caller, &called);
}

/// A second of iperf3 each way.
fn measured(client: &Side<'_>, server: &Side<'_>) {
    let mut listen = Command::new("iperf3");
    listen
        .args(["-s", "-B", "10.88.0.2"])
        .stdout(std::process::Stdio::null());
    let mut serving = server.run(move || listen.spawn()).unwrap();
    for reverse in [false, true] {
        until("iperf3 has measured", || {
            let mut run = Command::new("iperf3");
            run.args(["-c", "10.88.0.2", "-t", "1"]).args(reverse.then_some("-R"));
            client.run(move || run.output()).unwrap().status.success().then_some(())
        });
    }
    serving.kill().unwrap();
    serving.wait().unwrap();
}

#[test]
fn it_calls_wireguard_go() {
    carries(Program::Candor, Program::WireGuardGo, RIGHT);
}

#[test]
fn wireguard_go_calls_it() {
    carries(Program::WireGuardGo, Program::Candor, "[fd77::2]:51820");
}

#[test]
fn it_calls_boringtun() {
    carries(Program::Candor, Program::BoringTun, RIGHT);
}

#[test]
fn boringtun_calls_it() {
    carries(Program::BoringTun, Program::Candor, RIGHT);
}

#[test]
fn it_calls_itself_over_ipv6() {
    carries(Program::Candor, Program::Candor, "[fd77::2]:51820");
}

/// The first check of the kernel's own test suite (`tools/testing/selftests/wireguard/netns.sh`), to the byte.
#[test]
fn every_byte_of_a_handshake_and_ten_pings_is_counted() {
    let cable = Cable::lay();
    let [left, right] = cable.tunnel(Program::Candor, Program::Candor, RIGHT);
    assert!(left.ping("10.88.0.2", 10));
    // A session's first packet waits for its handshake; a keepalive may come on top.
    let transfer = |side: &Side<'_>| -> Vec<u64> {
        side.shown("transfer")
            .iter()
            .map(|bytes| bytes.parse().unwrap())
            .collect()
    };
    let (at_left, at_right) = (transfer(&left), transfer(&right));
    let with_keepalive = |bytes: u64| bytes == 148 + 10 * 128 || bytes == 148 + 10 * 128 + 32;
    assert!(at_left[0] == 92 + 10 * 128 && with_keepalive(at_left[1]), "{at_left:?}");
    assert!(
        at_right[1] == 92 + 10 * 128 && with_keepalive(at_right[0]),
        "{at_right:?}"
    );
}

#[test]
fn what_wg_sets_wg_shows() {
    let cable = Cable::lay();
    let side = Side::start(&cable.left, Program::Candor, 1);
    let (one, two) = (
        wg_text(&["pubkey"], &wg_text(&["genkey"], "")),
        wg_text(&["pubkey"], &wg_text(&["genkey"], "")),
    );
    let name = side.interface.as_str();
    side.wg(&[
        "set",
        name,
        "fwmark",
        "0x1234",
        "peer",
        &one,
        "endpoint",
        "[fd77::2]:9",
        "persistent-keepalive",
        "25",
    ]);
    side.wg(&["set", name, "peer", &one, "allowed-ips", "10.0.0.0/8,fd00::/8"]);
    assert_eq!(side.wg(&["show", name, "fwmark"]).trim(), "0x1234");
    assert_eq!(side.wg(&["show", name, "private-key"]).trim(), side.private);
    assert_eq!(side.wg(&["show", name, "public-key"]).trim(), side.public());
    assert_eq!(side.shown("endpoints"), ["[fd77::2]:9"]);
    assert_eq!(side.shown("persistent-keepalive"), ["25"]);
    // A prefix moves to whoever was given it last.
    side.wg(&["set", name, "peer", &two, "allowed-ips", "10.0.0.0/8"]);
    let allowed = side.wg(&["show", name, "allowed-ips"]);
    let line = |key: &str| allowed.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    assert_eq!(line(&one), format!("{one}\tfd00::/8"));
    assert_eq!(line(&two), format!("{two}\t10.0.0.0/8"));
    // The whole configuration survives the way out and in again.
    let shown = side.wg(&["showconf", name]);
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &shown).unwrap();
    side.wg(&["setconf", name, file.path().to_str().unwrap()]);
    assert_eq!(side.wg(&["showconf", name]), shown);
    side.wg(&["set", name, "peer", &one, "remove", "peer", &two, "remove"]);
    assert_eq!(side.wg(&["show", name, "peers"]), "");
    // Another port; one that is taken is refused and the old one stays.
    side.wg(&["set", name, "listen-port", "4711"]);
    let _taken = side.run(|| std::net::UdpSocket::bind("0.0.0.0:4712")).unwrap();
    let refused = side.try_wg(&["set", name, "listen-port", "4712"]);
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("in use"),
        "{refused:?}"
    );
    assert_eq!(side.wg(&["show", name, "listen-port"]).trim(), "4711");
}

#[test]
fn what_nobody_should_say_is_answered_with_a_number() {
    let cable = Cable::lay();
    let side = Side::start(&cable.left, Program::Candor, 1);
    let socket = side.socket();
    for (asked, answered) in [
        ("set=1\nlisten_port=70000\n\n", "errno=-22\n\n"),
        ("set=1\nnonsense\n\n", "errno=-22\n\n"),
        ("get=7\n\n", "errno=-22\n\n"),
        ("set=1\n\n", "errno=0\n\n"),
        ("set=1\npublic_key=", ""), // Cut off in the middle: nothing is changed.
    ] {
        if answered.is_empty() {
            use std::io::Write as _;
            std::os::unix::net::UnixStream::connect(&socket)
                .unwrap()
                .write_all(asked.as_bytes())
                .unwrap();
        } else {
            assert_eq!(speak(&socket, asked), answered, "{asked:?}");
        }
    }
    // A device that is to be updated only, and is not there.
    let unknown = format!("set=1\npublic_key={}\nupdate_only=true\n\n", "ab".repeat(32));
    assert_eq!(speak(&socket, &unknown), "errno=0\n\n");
    assert!(!speak(&socket, "get=1\n\n").contains("public_key"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&socket).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "the socket tells the private key");
}

#[test]
fn it_ends_with_its_interface_and_its_interface_with_it() {
    let cable = Cable::lay();
    for by_signal in [true, false] {
        let mut side = Side::start(&cable.left, Program::Candor, 1);
        match by_signal {
            true => signal(side.child.id(), "TERM"),
            false => side.ip(&["link", "delete", "dev", &side.interface.clone()]),
        }
        let status = until("it ends", || side.child.try_wait().unwrap());
        assert!(status.success());
        assert!(!side.socket().exists());
        let link = side
            .run(|| {
                Command::new("ip")
                    .args(["link", "show", "dev", &side.interface])
                    .output()
            })
            .unwrap();
        assert!(!link.status.success(), "the interface is gone");
    }
}

#[test]
fn an_interface_that_is_switched_off_may_be_switched_on_again() {
    let cable = Cable::lay();
    let [left, right] = cable.tunnel(Program::WireGuardGo, Program::Candor, RIGHT);
    assert!(left.ping("10.88.0.2", 1));
    right.ip(&["link", "set", "dev", &right.interface, "down"]);
    // More packets than errors in a row that would end the provider's worker.
    left.run(|| {
        Command::new("ping")
            .args(["-q", "-f", "-c", "600", "-W", "1", "10.88.0.2"])
            .output()
    })
    .unwrap();
    right.ip(&["link", "set", "dev", &right.interface, "up"]);
    assert!(left.ping("10.88.0.2", 1));
}

#[test]
fn wg_quick_takes_it_up_and_down() {
    let cable = Cable::lay();
    let other = Side::start(&cable.right, Program::WireGuardGo, 2);
    let folder = tempfile::tempdir().unwrap();
    let name = format!("lq{:08x}", u32::from_le_bytes(lab::world::random()));
    let private = wg_text(&["genkey"], "");
    let configuration = folder.path().join(format!("{name}.conf"));
    // All traffic: wg-quick marks the tunnel's own datagrams, and they must not go into the tunnel.
    fs::write(
        &configuration,
        format!(
            "[Interface]\nPrivateKey = {private}\nAddress = 10.88.0.1/24, fd88::1/64\nMTU = 1380\n\n[Peer]\nPublicKey = {}\n\
             AllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = {RIGHT}\nPersistentKeepalive = 25\n",
            other.public()
        ),
    )
    .unwrap();
    let public = wg_text(&["pubkey"], &private);
    other.wg(&[
        "set",
        &other.interface,
        "peer",
        &public,
        "allowed-ips",
        "10.88.0.1/32,fd88::1/128",
    ]);
    other.ip(&["link", "set", "dev", &other.interface, "up"]);
    other.ip(&["address", "add", "10.88.0.2/24", "dev", &other.interface]);
    let quick = |word: &str| {
        let mut command = Command::new("wg-quick");
        let wrapper = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contrib/candor-wg");
        command
            .arg(word)
            .arg(&configuration)
            .env("WG_QUICK_USERSPACE_IMPLEMENTATION", wrapper)
            .env("CANDOR", binary());
        let output = cable.left.run(move || command.output()).unwrap().unwrap();
        assert!(
            output.status.success(),
            "wg-quick {word}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    quick("up");
    let socket = format!("/var/run/wireguard/{name}.sock");
    assert!(Path::new(&socket).exists());
    let ping = |host: &str| {
        let mut command = Command::new("ping");
        command.args(["-q", "-W", "5", "-c", "2", host]);
        cable
            .left
            .run(move || command.output())
            .unwrap()
            .unwrap()
            .status
            .success()
    };
    assert!(
        ping("10.88.0.2"),
        "through the tunnel, by the default route that wg-quick made"
    );
    assert_ne!(other.shown("latest-handshakes"), ["0"]);
    assert_eq!(
        other.shown("endpoints"),
        [LEFT.replace(":51820", &format!(":{}", port_of(&socket)))]
    );
    quick("down");
    until("the background process has gone", || {
        (!Path::new(&socket).exists()).then_some(())
    });
    assert!(!speaks(&socket));
}

fn port_of(socket: &str) -> String {
    let view = speak(Path::new(socket), "get=1\n\n");
    view.lines()
        .find_map(|line| line.strip_prefix("listen_port="))
        .unwrap()
        .to_owned()
}

fn speaks(socket: &str) -> bool {
    std::os::unix::net::UnixStream::connect(socket).is_ok()
}

#[test]
fn a_second_one_of_the_same_name_is_refused_in_words() {
    let cable = Cable::lay();
    let side = Side::start(&cable.left, Program::Candor, 1);
    let again = side
        .run(|| Command::new(binary()).args(["wg", &side.interface]).output())
        .unwrap();
    let why = String::from_utf8_lossy(&again.stderr);
    assert!(
        !again.status.success() && why.contains("served by another program"),
        "{why}"
    );
    assert!(
        side.try_wg(&["show", &side.interface]).status.success(),
        "the first is unharmed"
    );
}
