//! Adding, changing and removing devices.

use std::time::{Duration, Instant};

use super::super::device::{self, Addressing, Device, DeviceConfig, DeviceId};
use super::super::key::{PrivateKey, PublicKey};
use super::super::translate::Translation;
use super::super::witness::Witness;
use super::{Engine, Event, take_usage};

/// An engine as the configuration has it.
pub struct Config {
    /// Our static key.
    pub private_key: PrivateKey,
    /// Largest inner packet in bytes; padding never exceeds it.
    pub mtu: usize,
    /// Handshakes that the machine may do in one second.
    pub handshakes_per_second: u32,
    /// One inner address for everybody, if any device is [`Addressing::Shared`].
    pub translation: Option<Translation>,
    /// A device without a configured endpoint, and every internal address, is forgotten this long
    /// after its last packet. Sessions live no longer than that, so nothing is lost by it.
    pub forget_after: Duration,
    /// While a device is away, the timestamp of its last handshake is kept to this precision only:
    /// zero keeps it exact. A coarse one would let an initiation of the same period be replayed,
    /// which costs one handshake and gains no session (the paper, section 5.1).
    pub floor_granularity: Duration,
}

impl Config {
    /// The usual numbers: MTU 1420 (1500 less IPv6, UDP, header and tag), a thousand handshakes per
    /// second (a guess: a fifth of what one core can do), 180 s, one day.
    pub fn new(private_key: PrivateKey) -> Self {
        Self {
            private_key,
            mtu: 1420,
            handshakes_per_second: 1000,
            translation: None,
            forget_after: Duration::from_secs(180),
            floor_granularity: Duration::from_secs(86_400),
        }
    }
}

/// The operator's mistakes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConfigError {
    /// The pools of internal addresses cannot be drawn from.
    #[error(
        "the address pools do not fit: IPv4 takes a network of /8 to /28 with at most a quarter \
         reserved, IPv6 a /64"
    )]
    Translation,
    /// A device shares the inner address, but the engine has no pools.
    #[error("a device shares the inner address, but no address pools are configured")]
    NoTranslation,
    /// A device has the engine's own public key.
    #[error("a device has this machine's own public key")]
    OwnKey,
    /// A prefix belongs to another device.
    #[error("an allowed address belongs to another device already")]
    PrefixTaken,
    /// There are as many devices as an id can name.
    #[error("there is no room for another device")]
    Full,
}

impl<W: Witness> Engine<W> {
    /// Adds a device, or changes the one that has this key. A running session stays; a new
    /// preshared key counts from the next handshake on.
    ///
    /// # Errors
    /// Nothing has changed when there is one.
    pub fn put_device(&mut self, config: DeviceConfig, now: Instant) -> Result<DeviceId, ConfigError> {
        let now = self.advance(now);
        let known = self.by_key.get(&config.public_key).copied();
        self.check(&config, known)?;
        let id = match known {
            Some(id) => {
                self.change(id, config);
                id
            }
            None => {
                let id = self.add(config)?;
                self.recall(id);
                id
            }
        };
        self.begin_keepalive(id, now);
        Ok(DeviceId(id))
    }

    /// Removes a device and everything about it, at once. Its bytes stay until the next drain.
    pub fn remove_device(&mut self, public_key: &PublicKey) -> Option<DeviceId> {
        let id = self.by_key.remove(public_key)?;
        self.forget(id);
        let mut device = self.devices[id as usize].take()?;
        self.remove_prefixes(&device.addressing);
        self.usage_of_removed.extend(take_usage(&mut device));
        self.metered.retain(|metered| *metered != id);
        self.vacant.push(id);
        self.witness.removed(DeviceId(id));
        Some(DeviceId(id))
    }

    /// The device that has this key.
    pub fn device(&self, public_key: &PublicKey) -> Option<DeviceId> {
        self.by_key.get(public_key).copied().map(DeviceId)
    }

    /// Devices that are configured.
    pub fn device_count(&self) -> usize {
        self.by_key.len()
    }

    fn check(&self, config: &DeviceConfig, known: Option<u32>) -> Result<(), ConfigError> {
        if config.public_key == self.identity.public() {
            return Err(ConfigError::OwnKey);
        }
        match &config.addressing {
            Addressing::Shared if self.translator.is_none() => Err(ConfigError::NoTranslation),
            Addressing::Shared => Ok(()),
            Addressing::Allowed(prefixes) => {
                let is_taken = prefixes.iter().any(|prefix| {
                    let owner = self.allowed.owner_of(prefix);
                    owner.is_some() && owner != known
                });
                if is_taken {
                    return Err(ConfigError::PrefixTaken);
                }
                Ok(())
            }
        }
    }

    fn add(&mut self, config: DeviceConfig) -> Result<u32, ConfigError> {
        let id = match self.vacant.pop() {
            Some(id) => id,
            None => {
                let id = u32::try_from(self.devices.len()).map_err(|_| ConfigError::Full)?;
                if id == u32::MAX {
                    return Err(ConfigError::Full);
                }
                self.devices.push(None);
                id
            }
        };
        self.by_key.insert(config.public_key, id);
        self.insert_prefixes(&config.addressing, id);
        self.devices[id as usize] = Some(Device::new(config));
        Ok(id)
    }

    fn change(&mut self, id: u32, config: DeviceConfig) {
        let Some(device) = self.device_mut(id) else {
            return;
        };
        let before = std::mem::replace(&mut device.addressing, config.addressing.clone());
        // Bytes used so far belong to the account as it was.
        let usage = if device.slot == config.slot {
            None
        } else {
            take_usage(device)
        };
        device.slot = config.slot;
        if !device.preshared_key.equals(&config.preshared_key) {
            device.preshared_key = config.preshared_key;
        }
        device.keepalive = device::keepalive(config.keepalive_seconds);
        device.endpoint = config.endpoint;
        if let Some(hot) = device.hot.as_deref_mut() {
            hot.path = config.endpoint.or(hot.path);
            hot.persistent_at = None;
        }
        if usage.is_some() {
            self.metered.retain(|metered| *metered != id);
            self.usage_of_removed.extend(usage);
        }
        if before != config.addressing {
            self.remove_prefixes(&before);
            self.insert_prefixes(&config.addressing, id);
            self.free_internal(id);
        }
    }

    /// A device that we know how to reach, and shall keep reachable, is called at once.
    fn begin_keepalive(&mut self, id: u32, now: Instant) {
        let Some(device) = self.device_mut(id) else {
            return;
        };
        let is_called = device.keepalive.is_some() && device.endpoint.is_some();
        if is_called && let Some(hot) = self.wake(id, now) {
            hot.persistent_at = Some(now);
        }
        self.reschedule(id);
    }

    fn insert_prefixes(&mut self, addressing: &Addressing, id: u32) {
        if let Addressing::Allowed(prefixes) = addressing {
            for prefix in prefixes {
                self.allowed.insert(*prefix, id);
            }
        }
    }

    fn remove_prefixes(&mut self, addressing: &Addressing) {
        if let Addressing::Allowed(prefixes) = addressing {
            for prefix in prefixes {
                self.allowed.remove(prefix);
            }
        }
    }

    /// Takes the session's internal address back.
    pub(super) fn free_internal(&mut self, id: u32) {
        self.strike(id);
        let Some(internal) = self.hot_mut(id).and_then(|hot| hot.internal.take()) else {
            return;
        };
        if let Some(translator) = &mut self.translator {
            translator.release(&internal);
        }
        self.freed.push_back(internal);
    }

    /// Drops everything about a device's stay: keys, path, waiting packets, internal address.
    pub(super) fn forget(&mut self, id: u32) {
        self.free_internal(id);
        let granularity = self.floor_granularity;
        let Some(device) = self.devices.get_mut(id as usize).and_then(Option::as_mut) else {
            return;
        };
        let Some(mut hot) = device.hot.take() else {
            return;
        };
        device.floor = device.floor.coarsened_to(granularity);
        hot.release_indices(&mut self.indices);
        self.deadlines.forget(id, hot.queued);
        self.staged_bytes -= hot.staged.iter().map(|packet| packet.len()).sum::<usize>();
        self.active -= 1;
        if hot.is_ready {
            self.ready.retain(|ready| *ready != id);
        }
        self.push_event(Event::Forgotten(DeviceId(id)));
    }
}
