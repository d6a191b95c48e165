//! What only the engine of a tunnel of one's own can tell and do.

use std::time::Instant;

use super::super::key::PublicKey;
use super::super::rng::Rng;
use super::super::tai64n::Tai64N;
use super::super::witness::{Own, Seen};
use super::{Config, ConfigError, DeviceId, Engine};

impl Engine<Own> {
    /// Starts without devices, as [`Engine::new`] does.
    ///
    /// # Errors
    /// Those of [`Engine::new`].
    pub fn for_own_use(
        config: Config,
        rng: Box<dyn Rng + Send>,
        now: Instant,
        wall: Tai64N,
    ) -> Result<Self, ConfigError> {
        Self::open(config, rng, now, wall)
    }

    /// What is known of a device, `None` if there is no such device.
    pub fn seen(&self, public_key: &PublicKey) -> Option<Seen> {
        let DeviceId(id) = self.device(public_key)?;
        let device = self.devices.get(id as usize)?.as_ref()?;
        let path = device.hot.as_deref().and_then(|hot| hot.path).or(device.endpoint);
        Some(Seen {
            endpoint: path.map(|path| path.remote),
            ..self.witness.seen(DeviceId(id))
        })
    }

    /// The tunnel device's MTU has changed: padding follows.
    pub fn set_mtu(&mut self, mtu: usize) {
        self.mtu = mtu;
    }
}
