//! A tunnel of one's own: the engine between a tunnel device and two sockets, configured at run
//! time by requests of [`crate::uapi`], on a thread of its own.
//!
//! What it never does: it opens no file, and has no part in the provider's worker.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sys::channel::{self, Received};
use sys::poll::Interest;
use sys::{Channel, LinkName, Poller, Tun, UdpSocket};
use zeroize::Zeroizing;

use super::carrier::{Carrier, TunBroken};
use super::clock::{Clock, since_1970, wall};
use crate::proto::{
    Addressing, Config, DeviceConfig, Engine, Own, Path, Prefix, PresharedKey, PrivateKey, PublicKey, SeededRng, Seen,
};
use crate::uapi::{AllowedChange, Change, DeviceChange, DeviceView, Errno, Request, View};

/// Longest inner packet, whatever the device's MTU becomes: the longest that IP knows.
const INNER_BYTES: usize = 65_535;
/// How often the MTU is looked at. It changes when somebody changes it, once.
const LOOK_AT_MTU: Duration = Duration::from_secs(1);

const BELL: u64 = 0;
const TUNNEL: u64 = 1;
/// Sockets have this token and the following.
const SOCKETS: u64 = 2;

/// What a request came to.
pub enum Answer {
    /// To [`Request::Get`].
    View(Box<View>),
    /// To [`Request::Set`].
    Done(Errno),
}

/// Why a tunnel could not start.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// The kernel refused something.
    #[error(transparent)]
    Kernel(#[from] sys::Error),
}

type Asked = (Request, Sender<Answer>);

/// A running tunnel. Dropping it takes it down.
pub struct OwnTunnel {
    control: Control,
    thread: Option<JoinHandle<()>>,
}

/// Where requests go. Every clone speaks to the same tunnel.
#[derive(Clone)]
pub struct Control {
    requests: Sender<Asked>,
    bell: std::sync::Arc<Channel>,
}

impl OwnTunnel {
    /// Starts on a tunnel device that the caller made, without a key and without devices. `ended`
    /// is called when the device is gone.
    ///
    /// # Errors
    /// [`OwnError`].
    pub fn start(name: LinkName, tun: Tun, ended: impl FnOnce() + Send + 'static) -> Result<Self, OwnError> {
        let (near, far) = channel::pair()?;
        let poller = Poller::new()?;
        poller.add(far.as_fd(), BELL, Interest::Read)?;
        poller.add(tun.as_fd(), TUNNEL, Interest::Read)?;
        let (requests, asked) = mpsc::channel();
        let mut tunnel = Running {
            carrier: Carrier::new(tun, Vec::new(), INNER_BYTES)?,
            clock: Clock::start()?,
            poller,
            bell: far,
            asked,
            engine: None,
            private_key: None,
            devices: BTreeMap::new(),
            owners: BTreeMap::new(),
            listen_port: 0,
            fwmark: 0,
            looked_at_mtu: None,
            name,
        };
        tunnel.listen(0)?;
        let thread = thread::Builder::new()
            .name("tunnel".to_owned())
            .spawn(move || {
                tunnel.carry();
                ended();
            })
            .map_err(|source| sys::Error::Kernel {
                doing: "start the tunnel's thread",
                source,
            })?;
        Ok(Self {
            control: Control {
                requests,
                bell: std::sync::Arc::new(near),
            },
            thread: Some(thread),
        })
    }

    /// Where requests go.
    pub fn control(&self) -> Control {
        self.control.clone()
    }
}

impl Drop for OwnTunnel {
    fn drop(&mut self) {
        // The loop ends at a message that is not the bell's.
        let _told = self.control.bell.send(b"end");
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been told already.
            let _ended = thread.join();
        }
    }
}

impl Control {
    /// Asks and waits for the answer; `None` when the tunnel is gone.
    pub fn ask(&self, request: Request) -> Option<Answer> {
        let (reply, answer) = mpsc::channel();
        self.requests.send((request, reply)).ok()?;
        // A bell that cannot be rung is ringing already.
        let _rung = self.bell.send(b"!");
        answer.recv().ok()
    }
}

/// A device as it was configured, and what engines before the present one saw of it.
struct Known {
    config: DeviceConfig,
    allowed: BTreeSet<Prefix>,
    before: Seen,
}

struct Running {
    name: LinkName,
    carrier: Carrier,
    clock: Clock,
    poller: Poller,
    bell: Channel,
    asked: Receiver<Asked>,
    /// None without a private key.
    engine: Option<Engine<Own>>,
    private_key: Option<PrivateKey>,
    devices: BTreeMap<PublicKey, Known>,
    owners: BTreeMap<Prefix, PublicKey>,
    listen_port: u16,
    fwmark: u32,
    looked_at_mtu: Option<Instant>,
}

impl Running {
    fn carry(&mut self) {
        let mut ready = Vec::new();
        loop {
            if self.poller.wait(&mut ready, self.pause()).is_err() {
                return;
            }
            let now = self.clock.now();
            for event in &ready {
                let carried = match event.token {
                    BELL if self.is_told_to_end() => return,
                    BELL => {
                        self.heed(now);
                        Ok(())
                    }
                    TUNNEL => self.carry_out(now),
                    token => self.carry_in(token, now),
                };
                // A device that is switched off takes no packets, and may be switched on again.
                if carried.is_err() && self.name.index().is_err() {
                    return;
                }
            }
            if let Some(engine) = &mut self.engine {
                engine.handle_timeout(now);
                self.carrier.send_waiting(engine);
                while engine.poll_event().is_some() {}
                engine.drain_usage().for_each(drop);
            }
        }
    }

    fn pause(&self) -> Option<Duration> {
        let deadline = self.engine.as_ref()?.poll_timeout()?;
        Some(deadline.saturating_duration_since(self.clock.now()))
    }

    fn carry_out(&mut self, now: Instant) -> Result<(), TunBroken> {
        self.look_at_mtu(now);
        match &mut self.engine {
            Some(engine) => self.carrier.carry_out(engine, now),
            None => self.carrier.discard_out(),
        }
    }

    fn carry_in(&mut self, token: u64, now: Instant) -> Result<(), TunBroken> {
        let socket = usize::try_from(token - SOCKETS).unwrap_or(usize::MAX);
        match &mut self.engine {
            Some(engine) => self.carrier.carry_in(socket, engine, now),
            None => {
                self.carrier.discard_in(socket);
                Ok(())
            }
        }
    }

    fn look_at_mtu(&mut self, now: Instant) {
        if self.looked_at_mtu.is_some_and(|last| now < last + LOOK_AT_MTU) {
            return;
        }
        self.looked_at_mtu = Some(now);
        if let (Some(engine), Ok(mtu)) = (&mut self.engine, self.name.mtu_bytes()) {
            engine.set_mtu(usize::try_from(mtu).unwrap_or(INNER_BYTES));
        }
    }

    fn is_told_to_end(&self) -> bool {
        let mut word = [0; 8];
        loop {
            match self.bell.receive(&mut word) {
                Ok(Received::Message(1)) => {}
                Ok(Received::Message(_) | Received::Closed) => return true,
                Err(_) => return false,
            }
        }
    }

    fn heed(&mut self, now: Instant) {
        while let Ok((request, reply)) = self.asked.try_recv() {
            let answer = match request {
                Request::Get => Answer::View(Box::new(self.view(now))),
                Request::Set(change) => Answer::Done(match self.change(*change, now) {
                    Ok(()) => Errno::None,
                    Err(errno) => errno,
                }),
            };
            // Who asked may have gone.
            let _heard = reply.send(answer);
        }
    }

    // ---- changes ------------------------------------------------------------------------------------

    fn change(&mut self, change: Change, now: Instant) -> Result<(), Errno> {
        if let Some(port) = change.listen_port {
            self.listen(port).map_err(|error| match error {
                sys::Error::Kernel { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse => {
                    Errno::AddressInUse
                }
                _ => Errno::NotPermitted,
            })?;
        }
        if let Some(mark) = change.fwmark {
            self.carrier.mark(mark).map_err(|_| Errno::NotPermitted)?;
            self.fwmark = mark;
        }
        if let Some(key) = change.private_key {
            self.become_somebody(key, now)?;
        }
        if change.replace_devices {
            for key in self.devices.keys().copied().collect::<Vec<_>>() {
                self.remove(&key);
            }
        }
        for device in change.devices {
            self.change_device(device, now);
        }
        Ok(())
    }

    /// Binds both families to one port; a machine without IPv6 has one.
    fn listen(&mut self, port: u16) -> Result<(), sys::Error> {
        if port != 0 && port == self.listen_port {
            return Ok(());
        }
        let four = UdpSocket::bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port))?;
        let port = four.local_address()?.port();
        let six = UdpSocket::bind(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port));
        let sockets: Vec<UdpSocket> = match six {
            Ok(six) => vec![four, six],
            Err(sys::Error::Kernel { source, .. }) if source.kind() == std::io::ErrorKind::AddrInUse => {
                return Err(sys::Error::Kernel {
                    doing: "bind the UDP port",
                    source,
                });
            }
            Err(_) => vec![four],
        };
        for (token, socket) in (SOCKETS..).zip(&sockets) {
            self.poller.add(socket.as_fd(), token, Interest::Read)?;
        }
        // The old ones leave the set when they close.
        self.carrier.replace_sockets(sockets)?;
        self.carrier.mark(self.fwmark)?;
        self.listen_port = port;
        Ok(())
    }

    /// Another private key ends every session, and begins with a new engine.
    fn become_somebody(&mut self, key: PrivateKey, now: Instant) -> Result<(), Errno> {
        if self
            .private_key
            .as_ref()
            .is_some_and(|present| present.as_bytes() == key.as_bytes())
        {
            return Ok(());
        }
        self.remember();
        self.engine = None;
        self.private_key = None;
        if key.as_bytes() == &[0; 32] {
            return Ok(());
        }
        let mut seed = Zeroizing::new([0; 32]);
        sys::time::fill_entropy(&mut *seed).map_err(|_| Errno::Io)?;
        let config = Config {
            mtu: self
                .name
                .mtu_bytes()
                .ok()
                .and_then(|mtu| usize::try_from(mtu).ok())
                .unwrap_or(1420),
            ..Config::new(key.clone())
        };
        let engine = Engine::for_own_use(config, Box::new(SeededRng::new(*seed)), now, wall());
        self.engine = Some(engine.map_err(|_| Errno::Invalid)?);
        self.private_key = Some(key);
        for public_key in self.devices.keys().copied().collect::<Vec<_>>() {
            self.put(&public_key, now);
        }
        Ok(())
    }

    /// Takes over what the engine has seen, before it goes.
    fn remember(&mut self) {
        let Some(engine) = &self.engine else { return };
        for (key, known) in &mut self.devices {
            known.before = sum(known.before, engine.seen(key).unwrap_or_default());
            known.config.endpoint = known.before.endpoint.map(Path::to).or(known.config.endpoint);
        }
    }

    fn change_device(&mut self, change: DeviceChange, now: Instant) {
        let key = change.public_key;
        if change.remove {
            self.remove(&key);
            return;
        }
        if change.update_only && !self.devices.contains_key(&key) {
            return;
        }
        let seen = self.engine.as_ref().and_then(|engine| engine.seen(&key));
        let known = self.devices.entry(key).or_insert_with(|| Known {
            config: DeviceConfig {
                public_key: key,
                preshared_key: PresharedKey::none(),
                slot: 0,
                keepalive_seconds: None,
                endpoint: None,
                addressing: Addressing::Allowed(Vec::new()),
            },
            allowed: BTreeSet::new(),
            before: Seen::default(),
        });
        if let Some(preshared_key) = change.preshared_key {
            known.config.preshared_key = preshared_key;
        }
        if let Some(seconds) = change.keepalive_seconds {
            known.config.keepalive_seconds = Some(seconds).filter(|seconds| *seconds != 0);
        }
        // Without a word about it, the device stays where it was last.
        let endpoint = change.endpoint.or(seen.and_then(|seen| seen.endpoint));
        known.config.endpoint = endpoint.map(Path::to).or(known.config.endpoint);
        if change.replace_allowed {
            for prefix in std::mem::take(&mut known.allowed) {
                self.owners.remove(&prefix);
            }
        }
        for allowed in change.allowed {
            match allowed {
                AllowedChange::Give(prefix) => self.give(prefix, key, now),
                AllowedChange::Take(prefix) => self.take(prefix, key),
            }
        }
        self.put(&key, now);
    }

    /// "If the allowed IP is already assigned to another peer, it moves."
    fn give(&mut self, prefix: Prefix, to: PublicKey, now: Instant) {
        let from = self.owners.insert(prefix, to).filter(|from| *from != to);
        if let Some(from) = from {
            if let Some(known) = self.devices.get_mut(&from) {
                known.allowed.remove(&prefix);
            }
            self.put(&from, now);
        }
        if let Some(known) = self.devices.get_mut(&to) {
            known.allowed.insert(prefix);
        }
    }

    fn take(&mut self, prefix: Prefix, from: PublicKey) {
        if self.owners.get(&prefix) == Some(&from) {
            self.owners.remove(&prefix);
        }
        if let Some(known) = self.devices.get_mut(&from) {
            known.allowed.remove(&prefix);
        }
    }

    fn remove(&mut self, key: &PublicKey) {
        if let Some(known) = self.devices.remove(key) {
            for prefix in known.allowed {
                self.owners.remove(&prefix);
            }
        }
        if let Some(engine) = &mut self.engine {
            engine.remove_device(key);
        }
    }

    /// Tells the engine of a device as it is now.
    fn put(&mut self, key: &PublicKey, now: Instant) {
        let (Some(engine), Some(known)) = (&mut self.engine, self.devices.get_mut(key)) else {
            return;
        };
        if let Some(endpoint) = engine.seen(key).and_then(|seen| seen.endpoint)
            && known.config.endpoint.is_none()
        {
            known.config.endpoint = Some(Path::to(endpoint));
        }
        known.config.addressing = Addressing::Allowed(known.allowed.iter().copied().collect());
        // A device with our own key can never connect; nothing else can be wrong with one.
        let _put = engine.put_device(known.config.clone(), now);
    }

    // ---- answers ------------------------------------------------------------------------------------

    fn view(&self, now: Instant) -> View {
        let since_1970 = since_1970();
        let devices = self.devices.iter().map(|(key, known)| {
            let present = self.engine.as_ref().and_then(|engine| engine.seen(key));
            let seen = sum(known.before, present.unwrap_or_default());
            DeviceView {
                public_key: *key,
                preshared_key: known.config.preshared_key.clone(),
                endpoint: seen.endpoint.or(known.config.endpoint.map(|path| path.remote)),
                handshake: seen
                    .handshake
                    .map(|at| since_1970.saturating_sub(now.saturating_duration_since(at))),
                received: seen.received,
                sent: seen.sent,
                keepalive_seconds: known.config.keepalive_seconds.unwrap_or_default(),
                allowed: known.allowed.iter().copied().collect(),
            }
        });
        View {
            private_key: self.private_key.clone(),
            listen_port: self.listen_port,
            fwmark: self.fwmark,
            devices: devices.collect(),
        }
    }
}

fn sum(before: Seen, present: Seen) -> Seen {
    Seen {
        endpoint: present.endpoint.or(before.endpoint),
        handshake: present.handshake.or(before.handshake),
        received: before.received + present.received,
        sent: before.sent + present.sent,
    }
}
