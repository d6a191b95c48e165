//! Two machines on one cable, each with a WireGuard program that `wg(8)` configures: ours or another's.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use sys::netlink::Netlink;
use sys::{LinkName, NetNamespace, Range};

use super::provider::binary;
use super::{random, until};

/// The port on which tunnels listen.
pub const PORT: u16 = 51_820;

/// A WireGuard program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Program {
    /// `candor wg`.
    Candor,
    /// Debian's.
    WireGuardGo,
    /// Cloudflare's, which `./test packages` installs.
    BoringTun,
}

impl Program {
    pub(super) fn command(self, interface: &str) -> Command {
        let mut command = match self {
            Self::Candor => {
                let mut command = Command::new(binary());
                command.args(["wg", "--foreground", interface]);
                command
            }
            Self::WireGuardGo => {
                let mut command = Command::new("wireguard-go");
                command.args(["--foreground", interface]).env("LOG_LEVEL", "silent");
                command
            }
            Self::BoringTun => {
                let mut command = Command::new(tool("boringtun-cli"));
                command.args([
                    "--foreground",
                    "--disable-drop-privileges",
                    "--verbosity",
                    "error",
                    interface,
                ]);
                command
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// A program that `./test packages` installs from crates.io.
pub fn tool(name: &str) -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    let path = cache.unwrap_or_default().join("candor-tools/bin").join(name);
    assert!(path.exists(), "{} is not there: ./test packages", path.display());
    path
}

/// Two namespaces and a cable: 10.77.0.1 and fd77::1 on the left, .2 and ::2 on the right.
pub struct Cable {
    /// Machine 1.
    pub left: NetNamespace,
    /// Machine 2.
    pub right: NetNamespace,
}

impl Cable {
    /// Lays it.
    pub fn lay() -> Self {
        super::require_root();
        let (left, right) = (
            NetNamespace::create().expect("a namespace"),
            NetNamespace::create().expect("a namespace"),
        );
        let name = LinkName::new("wire").expect("a plain name");
        left.connect(&name, &right, &name).expect("a cable");
        for (namespace, host) in [(&left, 1), (&right, 2)] {
            namespace
                .run(|| add(&name, &format!("10.77.0.{host}"), 24))
                .expect("in the namespace");
            namespace
                .run(|| add(&name, &format!("fd77::{host}"), 64))
                .expect("in the namespace");
        }
        Self { left, right }
    }

    /// A program on each side, with keys, a preshared key and addresses, and `caller` knowing where the other is.
    pub fn tunnel(&self, left: Program, right: Program, outside: &str) -> [Side<'_>; 2] {
        let sides = [Side::start(&self.left, left, 1), Side::start(&self.right, right, 2)];
        let psk = wg_text(&["genpsk"], "");
        sides[0].peer(&sides[1], &psk, Some(outside));
        sides[1].peer(&sides[0], &psk, None);
        sides.iter().for_each(Side::bring_up);
        sides
    }
}

/// One end of a tunnel; its program is ended when it is dropped.
pub struct Side<'a> {
    /// Where it is.
    pub namespace: &'a NetNamespace,
    /// The tunnel device.
    pub interface: String,
    /// Its program.
    pub child: Child,
    /// Its private key, as text.
    pub private: String,
    number: u8,
}

impl<'a> Side<'a> {
    /// Starts a program; machine `number` has 10.88.0.N and fd88::N in the tunnel.
    pub fn start(namespace: &'a NetNamespace, program: Program, number: u8) -> Self {
        // The control socket is a file that all namespaces share, so names are unique on the machine.
        let interface = format!("lab{:08x}", u32::from_le_bytes(random()));
        let mut command = program.command(&interface);
        let child = namespace
            .run(move || command.spawn())
            .expect("in the namespace")
            .unwrap_or_else(|error| panic!("{program:?} does not start: {error}"));
        let side = Self {
            namespace,
            interface,
            child,
            private: wg_text(&["genkey"], ""),
            number,
        };
        let socket = side.socket();
        until("a control socket", || socket.exists().then_some(()));
        // wireguard-go makes the file a moment before it listens.
        until("an answer", || {
            side.try_wg(&["show", &side.interface]).status.success().then_some(())
        });
        let key = file(&side.private);
        side.wg(&[
            "set",
            &side.interface,
            "listen-port",
            &PORT.to_string(),
            "private-key",
            path(&key),
        ]);
        side
    }

    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        PathBuf::from(format!("/var/run/wireguard/{}.sock", self.interface))
    }

    /// The public key.
    pub fn public(&self) -> String {
        wg_text(&["pubkey"], &self.private)
    }

    /// Lets another side in; `at` is where it is, if that is to be known.
    pub fn peer(&self, other: &Side<'_>, psk: &str, at: Option<&str>) {
        let (public, psk) = (other.public(), file(psk));
        let allowed = format!("10.88.0.{0}/32,fd88::{0}/128", other.number);
        let mut arguments = vec![
            "set",
            &self.interface,
            "peer",
            &public,
            "preshared-key",
            path(&psk),
            "allowed-ips",
            &allowed,
        ];
        if let Some(at) = at {
            arguments.extend(["endpoint", at]);
        }
        self.wg(&arguments);
    }

    fn bring_up(&self) {
        let up = || {
            self.ip(&["link", "set", "dev", &self.interface, "mtu", "1420", "up"]);
            self.ip(&[
                "address",
                "add",
                &format!("10.88.0.{}/24", self.number),
                "dev",
                &self.interface,
            ]);
            self.ip(&[
                "address",
                "add",
                &format!("fd88::{}/64", self.number),
                "nodad",
                "dev",
                &self.interface,
            ]);
        };
        up();
    }

    /// Runs `ip(8)` here.
    pub fn ip(&self, arguments: &[&str]) {
        let status = self.run(|| Command::new("ip").args(arguments).status());
        assert!(status.expect("ip runs").success(), "ip {arguments:?}");
    }

    /// Does something in the namespace.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.namespace.run(work).expect("in the namespace")
    }

    /// Runs `wg(8)` here and gives what it printed.
    pub fn wg(&self, arguments: &[&str]) -> String {
        let output = self.try_wg(arguments);
        assert!(
            output.status.success(),
            "wg {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The same, when it may fail.
    pub fn try_wg(&self, arguments: &[&str]) -> Output {
        self.run(|| Command::new("wg").args(arguments).output())
            .expect("wg runs")
    }

    /// One column of `wg show`.
    pub fn shown(&self, what: &str) -> Vec<String> {
        let text = self.wg(&["show", &self.interface, what]);
        text.split_whitespace().skip(1).map(str::to_owned).collect()
    }

    /// Pings the other end of the tunnel.
    pub fn ping(&self, host: &str, count: u8) -> bool {
        let output = self.run(|| {
            Command::new("ping")
                .args(["-q", "-W", "5", "-i", "0.02", "-c", &count.to_string(), host])
                .output()
        });
        output.expect("ping runs").status.success()
    }

    /// Bytes there and back through the tunnel over TCP, compared.
    pub fn echo(&self, other: &Side<'_>, v6: bool, bytes: usize) {
        let address: IpAddr = other.inner(v6);
        let listener = other.run(|| TcpListener::bind((address, 0))).expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let served = std::thread::spawn(move || {
            let (stream, _) = listener.accept()?;
            std::io::copy(&mut stream.try_clone()?, &mut &stream)?;
            stream.shutdown(std::net::Shutdown::Write)
        });
        let stream = self
            .run(|| TcpStream::connect(SocketAddr::new(address, port)))
            .expect("a connection");
        let mut writer = stream.try_clone().expect("a second handle");
        let block: Vec<u8> = (0..bytes).map(|place| (place / 7 % 251) as u8).collect();
        let sent = block.clone();
        let sender = std::thread::spawn(move || {
            writer.write_all(&sent)?;
            writer.shutdown(std::net::Shutdown::Write)
        });
        let mut back = Vec::with_capacity(bytes);
        (&stream).read_to_end(&mut back).expect("bytes come back");
        assert!(
            back == block,
            "{} of {} bytes came back, or other ones",
            back.len(),
            block.len()
        );
        sender.join().expect("the sender").expect("sent");
        served.join().expect("the server").expect("served");
    }

    /// The address in the tunnel.
    pub fn inner(&self, v6: bool) -> IpAddr {
        let text = if v6 {
            format!("fd88::{}", self.number)
        } else {
            format!("10.88.0.{}", self.number)
        };
        text.parse().expect("an address")
    }
}

impl Drop for Side<'_> {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
        let _removed = std::fs::remove_file(self.socket());
    }
}

/// Asks the control socket in its own language and gives the whole answer.
pub fn speak(socket: &Path, text: &str) -> String {
    let mut stream = std::os::unix::net::UnixStream::connect(socket).expect("the control socket");
    stream.write_all(text.as_bytes()).expect("the request is sent");
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\n\n") && stream.read(&mut byte).expect("an answer") == 1 {
        answer.push(byte[0]);
    }
    String::from_utf8(answer).expect("text")
}

/// What `wg` makes of a text, without the last newline.
pub fn wg_text(arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("wg")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("wg runs");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(input.as_bytes())
        .expect("the input is sent");
    let output = child.wait_with_output().expect("wg ends");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), text).expect("the text is written");
    file
}

fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().expect("a plain path")
}

fn add(link: &LinkName, address: &str, prefix: u8) {
    let range = Range::new(address.parse().expect("an address"), prefix).expect("a prefix that fits");
    let netlink = Netlink::open().expect("netlink");
    netlink
        .add_address(link.index().expect("the link"), range)
        .expect("an address");
}
