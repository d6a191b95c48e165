//! The other end of a tunnel: one device that calls one server. For the demonstration and for
//! `prove`, which need a member that is nobody.

use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sys::poll::Interest;
use sys::{Channel, Poller, Tun, UdpSocket, channel};
use zeroize::Zeroizing;

use super::carrier::Carrier;
use super::clock::{Clock, wall};
use crate::proto::{
    Addressing, Config, ConfigError, DeviceConfig, Engine, Path, Prefix, PresharedKey, PrivateKey, PublicKey, SeededRng,
};

const STOP: u64 = 0;
const TUNNEL: u64 = 1;
const SOCKET: u64 = 2;

/// What a device's configuration file says.
pub struct ClientOptions {
    /// The device's key.
    pub private_key: PrivateKey,
    /// The server's key.
    pub server: PublicKey,
    /// The key that both know.
    pub preshared_key: PresharedKey,
    /// Where the server listens.
    pub endpoint: SocketAddr,
    /// Largest inner packet in bytes.
    pub mtu_bytes: u16,
    /// Destinations that the server takes, `0.0.0.0/0` and `::/0` as a rule.
    pub allowed: Vec<Prefix>,
    /// Call at once and then this often, in seconds; `None`: call when there is something to send.
    pub keepalive_seconds: Option<u16>,
}

/// Why a client could not start.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The kernel refused something.
    #[error("the client could not start: {0}")]
    Kernel(#[from] sys::Error),
    /// The options contradict each other.
    #[error("the client's configuration cannot be used: {0}")]
    Configuration(#[from] ConfigError),
}

/// A running client on a thread of its own. Dropping it stops it.
pub struct Client {
    stop: Option<Channel>,
    thread: Option<JoinHandle<()>>,
}

impl Client {
    /// Starts with a tunnel device and a socket that the caller opened, in whichever network
    /// namespace they are.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn start(options: ClientOptions, tun: Tun, socket: UdpSocket) -> Result<Self, ClientError> {
        let (near, far) = channel::pair()?;
        let clock = Clock::start()?;
        let mut seed = Zeroizing::new([0; 32]);
        sys::time::fill_entropy(&mut *seed)?;
        let config = Config {
            mtu: options.mtu_bytes.into(),
            ..Config::new(options.private_key)
        };
        let now = clock.now();
        let mut engine = Engine::new(config, Box::new(SeededRng::new(*seed)), now, wall())?;
        let server = DeviceConfig {
            public_key: options.server,
            preshared_key: options.preshared_key,
            slot: 0,
            keepalive_seconds: options.keepalive_seconds,
            endpoint: Some(Path::to(options.endpoint)),
            addressing: Addressing::Allowed(options.allowed),
        };
        engine.put_device(server, now)?;
        let poller = Poller::new()?;
        poller.add(far.as_fd(), STOP, Interest::Read)?;
        poller.add(tun.as_fd(), TUNNEL, Interest::Read)?;
        poller.add(socket.as_fd(), SOCKET, Interest::Read)?;
        let carrier = Carrier::new(tun, vec![socket], options.mtu_bytes.into())?;
        let thread = thread::spawn(move || {
            // The channel's other end is kept open for as long as the set waits for it.
            carry(&poller, engine, carrier, &clock);
            drop(far);
        });
        Ok(Self {
            stop: Some(near),
            thread: Some(thread),
        })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been told already.
            let _ = thread.join();
        }
    }
}

fn carry(poller: &Poller, mut engine: Engine, mut carrier: Carrier, clock: &Clock) {
    let mut ready = Vec::new();
    let mut is_stopped = false;
    while !is_stopped {
        carrier.send_waiting(&mut engine);
        // What happened to whom is of no interest here.
        while engine.poll_event().is_some() {}
        engine.drain_usage().for_each(drop);
        let pause = engine
            .poll_timeout()
            .map(|deadline| deadline.saturating_duration_since(clock.now()));
        is_stopped = poller
            .wait(&mut ready, pause.map(|pause| pause.min(Duration::from_secs(1))))
            .is_err();
        let now = clock.now();
        for event in &ready {
            let carried = match event.token {
                STOP => {
                    is_stopped = true;
                    Ok(())
                }
                TUNNEL => carrier.carry_out(&mut engine, now),
                _ => carrier.carry_in(0, &mut engine, now),
            };
            is_stopped |= carried.is_err();
        }
        engine.handle_timeout(now);
    }
}
