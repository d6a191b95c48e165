//! Somebody on the path: hands datagrams on, remembers them, and says things of its own.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{Outside, PORT, Place, random};

/// Datagrams that are remembered.
const REMEMBERED: usize = 2000;
/// Port on which the device finds the one on the path.
const RELAY: u16 = 40_000;

/// One on the path between a device and the provider, in the device's place. It hands on until dropped.
pub struct Relay {
    to_provider: Arc<UdpSocket>,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    provider: SocketAddr,
}

impl Relay {
    /// Stands between the device and the provider.
    pub fn start(place: &Place) -> Self {
        let provider = SocketAddr::new(place.provider(Outside::V4), PORT);
        let bind = |port: u16| {
            place
                .namespace
                .run(|| UdpSocket::bind(("0.0.0.0", port)))
                .expect("in the place")
                .expect("a port")
        };
        let (to_device, to_provider) = (Arc::new(bind(RELAY)), Arc::new(bind(0)));
        for socket in [&to_device, &to_provider] {
            socket
                .set_read_timeout(Some(Duration::from_millis(100)))
                .expect("a timeout");
        }
        let (seen, ended) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let device = Arc::new(Mutex::new(None));
        let up = {
            let (device, seen, ended) = (Arc::clone(&device), Arc::clone(&seen), Arc::clone(&ended));
            let (from, to) = (Arc::clone(&to_device), Arc::clone(&to_provider));
            thread::spawn(move || {
                each(&from, &ended, |datagram, source| {
                    *device.lock().unwrap_or_else(PoisonError::into_inner) = Some(source);
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    if seen.len() < REMEMBERED {
                        seen.push(datagram.to_vec());
                    }
                    // A lost datagram is a lost datagram.
                    let _sent = to.send_to(datagram, provider);
                });
            })
        };
        let down = {
            let ended = Arc::clone(&ended);
            let (from, to) = (Arc::clone(&to_provider), to_device);
            thread::spawn(move || {
                each(&from, &ended, |datagram, _| {
                    if let Some(device) = *device.lock().unwrap_or_else(PoisonError::into_inner) {
                        let _sent = to.send_to(datagram, device);
                    }
                });
            })
        };
        Self {
            to_provider,
            seen,
            ended,
            threads: vec![up, down],
            provider,
        }
    }

    /// Where the device finds it.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], RELAY))
    }

    /// Sends, from the same address as the device's datagrams, `count` of those seen: again, cut short, and with one
    /// bit changed.
    pub fn harass(&self, count: usize) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for _ in 0..count.min(seen.len()) {
            let draw = usize::from(u16::from_le_bytes(random()));
            let datagram = &seen[draw % seen.len()];
            let mut changed = datagram.clone();
            changed[draw % datagram.len()] ^= 1 << (draw % 8);
            for hostile in [datagram.as_slice(), &datagram[..draw % datagram.len()], &changed] {
                // The socket's buffer may be full; then there is enough already.
                let _sent = self.to_provider.send_to(hostile, self.provider);
            }
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A panic of that thread has been told already.
            let _joined = thread.join();
        }
    }
}

fn each(socket: &UdpSocket, ended: &AtomicBool, mut hand_on: impl FnMut(&[u8], SocketAddr)) {
    let mut buffer = vec![0; 65_536];
    while !ended.load(Ordering::Relaxed) {
        if let Ok((length, source)) = socket.recv_from(&mut buffer) {
            hand_on(&buffer[..length], source);
        }
    }
}
