//! `candor wg`: the engine as a WireGuard of one's own, which `wg(8)` and `wg-quick(8)` configure.
//!
//! ```text
//!   wg, wg-quick ── /var/run/wireguard/IFNAME.sock ── vpn::uapi ── vpn::driver::own ── TUN, UDP
//! ```
//!
//! Here endpoints and times of handshakes are told to whoever may open the socket, as `wg show` expects: it is one's own
//! tunnel. The provider's worker is another type of engine, which does not know them.

use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Context as _;
use sys::{LinkName, Tun, TunOptions};
use tokio::signal::unix::{SignalKind, signal};
use vpn::driver::own::{Answer, Control, OwnTunnel};
use vpn::uapi::{Errno, LINE_BYTES, Reader, write_errno, write_view};
use zeroize::Zeroizing;

use crate::cli::WgArgs;
use crate::say;

/// Where `wg(8)` looks for sockets.
const FOLDER: &str = "/var/run/wireguard";
/// The MTU at first: 1500 less IPv6, UDP, header and tag. `wg-quick` sets its own.
const MTU_BYTES: u32 = 1420;
/// Conversations at one time. A guess: `wg` has one.
const CONVERSATIONS: usize = 16;

/// Starts in the background and returns when the interface and its socket are there; with `--foreground`, serves until
/// it is ended.
///
/// # Errors
/// The message says what is missing.
pub(crate) async fn wg(arguments: WgArgs) -> anyhow::Result<()> {
    let name = LinkName::new(&arguments.interface)?;
    if arguments.detached {
        sys::process::begin_session()?;
        return serve(&name).await;
    }
    if arguments.foreground {
        return serve(&name).await;
    }
    start_in_background(&name)
}

/// Starts this program again and waits for its first line, which says that it is ready.
fn start_in_background(name: &LinkName) -> anyhow::Result<()> {
    let mut child = Command::new("/proc/self/exe")
        .arg0("candor")
        .args(["wg", "--detached", name.as_str()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .current_dir("/")
        .spawn()
        .context("the program could not be started again in the background")?;
    let mut ready = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output)
            .read_line(&mut ready)
            .context("the background process could not be heard")?;
    }
    if !ready.is_empty() {
        return Ok(());
    }
    let mut why = String::new();
    if let Some(mut errors) = child.stderr.take() {
        errors
            .read_to_string(&mut why)
            .context("the background process could not be heard")?;
    }
    child.wait().context("the background process could not be waited for")?;
    let why = why.trim();
    let why = why.strip_prefix("candor: ").unwrap_or(why);
    anyhow::bail!(
        "{}",
        if why.is_empty() {
            "the background process ended without a word"
        } else {
            why
        }
    )
}

async fn serve(name: &LinkName) -> anyhow::Result<()> {
    let mut asked_to_end = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let socket = ControlSocket::bind(name)?;
    let tun = Tun::create(&TunOptions {
        name: name.clone(),
        mtu_bytes: MTU_BYTES,
        queue_packets: sys::tun::QUEUE_PACKETS,
        addresses: Vec::new(),
        routes: Vec::new(),
    })?;
    let (end, ended) = tokio::sync::oneshot::channel();
    let tunnel = OwnTunnel::start(name.clone(), tun, move || {
        // Whoever waits may have been asked to end.
        let _heard = end.send(());
    })?;
    let control = tunnel.control();
    let listener = socket
        .listener
        .try_clone()
        .context("the control socket could not be shared")?;
    thread::Builder::new()
        .name("control".to_owned())
        .spawn(move || attend(&listener, &control))
        .context("the control thread could not be started")?;
    say::answer(format_args!(
        "{0} is there; wg(8) configures it, ip link delete dev {0} ends it",
        name.as_str()
    ));
    tokio::select! {
        _ = ended => {}
        _ = asked_to_end.recv() => {}
        _ = interrupted.recv() => {}
    }
    drop((socket, tunnel));
    Ok(())
}

/// The socket of one interface, for its owner alone. Dropped, its file is gone.
struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    fn bind(name: &LinkName) -> anyhow::Result<Self> {
        let failed = || format!("the control socket in {FOLDER} could not be made; candor wg runs as root");
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(FOLDER)
            .with_context(failed)?;
        let path = Path::new(FOLDER).join(format!("{}.sock", name.as_str()));
        anyhow::ensure!(
            UnixStream::connect(&path).is_err(),
            "{} is served by another program; end that one or choose another name",
            name.as_str()
        );
        // Made where nobody else can reach it, so that it is never open to others, and then moved; a file that a killed
        // program left is replaced.
        let closed = Path::new(FOLDER).join(format!(".{}.{}", name.as_str(), std::process::id()));
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&closed)
            .with_context(failed)?;
        let inside = closed.join("socket");
        let bound = UnixListener::bind(&inside).and_then(|listener| {
            std::fs::set_permissions(&inside, std::fs::Permissions::from_mode(0o600))?;
            std::fs::rename(&inside, &path)?;
            Ok(listener)
        });
        let _removed = std::fs::remove_dir_all(&closed);
        Ok(Self {
            listener: bound.with_context(failed)?,
            path,
        })
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // wg-quick may have removed it already.
        let _removed = std::fs::remove_file(&self.path);
    }
}

fn attend(listener: &UnixListener, control: &Control) {
    let conversations = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let Ok(stream) = stream else { return };
        if conversations.fetch_add(1, Ordering::AcqRel) >= CONVERSATIONS {
            conversations.fetch_sub(1, Ordering::AcqRel);
            continue;
        }
        let (control, conversations) = (control.clone(), Arc::clone(&conversations));
        let conversation = thread::Builder::new().spawn(move || {
            // Whoever asked has gone: nothing is to be done.
            let _gone = converse(&stream, &control);
            conversations.fetch_sub(1, Ordering::AcqRel);
        });
        if conversation.is_err() {
            return;
        }
    }
}

/// Requests and answers until the other side closes.
fn converse(stream: &UnixStream, control: &Control) -> io::Result<()> {
    let mut input = BufReader::new(stream);
    let mut reader = Reader::default();
    let mut line = Zeroizing::new(Vec::with_capacity(LINE_BYTES + 2));
    loop {
        line.clear();
        let limit = u64::try_from(LINE_BYTES + 2).unwrap_or(u64::MAX);
        if input.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let Some(request) = reader.line(text) else {
            continue;
        };
        let mut output = BufWriter::new(stream);
        let errno = match request.map(|request| control.ask(request)) {
            Ok(Some(Answer::View(view))) => {
                write_view(&view, &mut output)?;
                Errno::None
            }
            Ok(Some(Answer::Done(errno))) => errno,
            Ok(None) => Errno::Io,
            Err(errno) => errno,
        };
        write_errno(errno, &mut output)?;
        output.flush()?;
    }
}
