//! Devices: what connects to the VPN.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use plan::act::Show;
use plan::field::{DeviceKey, DeviceLabel, DevicePsk};
use plan::purpose::Service;
use plan::{DeviceId, MemberId, Permit, Personal, Shown};
use store::{Limit, Op, Rows, Run, Select, Store, StoreError};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::accounts::Accounts;
use crate::serving::apart;
use crate::statements::{DEVICE_FITS, DEVICE_OF, DEVICE_STAYS, DEVICES, DEVICES_OF, REMOVE_DEVICE};
use crate::tables::Device;

/// The longest label of a device, in characters.
pub const LABEL_LIMIT_CHARACTERS: usize = 40;

/// A WireGuard key as people see it: 44 characters of base 64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyText(pub [u8; 32]);

const BASE_64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl fmt::Display for KeyText {
    /// Base 64 with padding (RFC 4648, section 4).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.chunks(3) {
            let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
            for place in 0..4 {
                let digit = BASE_64[(word >> (18 - 6 * place) & 63) as usize];
                write!(f, "{}", if place <= chunk.len() { char::from(digit) } else { '=' })?;
            }
        }
        Ok(())
    }
}

/// A text that is not a WireGuard key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a WireGuard key is 44 characters of base 64 and ends with =")]
pub struct NotAKey;

impl FromStr for KeyText {
    type Err = NotAKey;
    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let text = text.trim();
        let digits = text
            .strip_suffix('=')
            .filter(|digits| digits.len() == 43)
            .ok_or(NotAKey)?;
        let mut bits: u32 = 0;
        let mut count = 0;
        let mut bytes = Vec::with_capacity(33);
        for digit in digits.bytes() {
            let value = BASE_64.iter().position(|known| *known == digit).ok_or(NotAKey)?;
            bits = bits << 6 | u32::try_from(value).map_err(|_| NotAKey)?;
            count += 6;
            if count >= 8 {
                count -= 8;
                bytes.push((bits >> count & 255) as u8);
            }
        }
        if bits & ((1 << count) - 1) != 0 {
            return Err(NotAKey);
        }
        bytes.try_into().map(KeyText).map_err(|_| NotAKey)
    }
}

/// What the VPN is told.
pub enum DeviceChange {
    /// A device may connect.
    Added {
        /// Which.
        device: DeviceId,
        /// Whose.
        member: MemberId,
        /// Its public key.
        public_key: [u8; 32],
        /// Its preshared key.
        psk: Zeroizing<[u8; 32]>,
    },
    /// A device may not connect any more.
    Removed {
        /// Which.
        device: DeviceId,
    },
    /// A member was erased: no device of theirs may connect, nor one that is told of later.
    MemberRemoved {
        /// Who.
        member: MemberId,
    },
}

/// A device as its member sees it.
pub struct DeviceView {
    /// Which.
    pub id: DeviceId,
    /// What the member calls it.
    pub label: Shown,
    /// Its public key in base 64.
    pub public_key: KeyText,
}

/// A device that was just added; the preshared key is shown once.
pub struct NewDevice {
    /// Which.
    pub id: DeviceId,
    /// The preshared key.
    pub psk: KeyText,
}

/// Why a device was not added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DeviceError {
    /// The label is empty or too long.
    #[error("a label has 1 to {LABEL_LIMIT_CHARACTERS} characters; give the device a name that you will recognise")]
    Label,
    /// The key is used already.
    #[error("this public key belongs to a device already; make a new key pair for each device")]
    KeyTaken,
    /// The key is all zeros: nobody's.
    #[error("this public key is empty; make a key pair first")]
    EmptyKey,
    /// The tariff allows no more.
    #[error("your tariff allows {0} devices; remove one first")]
    TooMany(u32),
    /// There is no such device.
    #[error("there is no such device; it may have been removed already")]
    NoSuchDevice,
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

fn parse_label(typed: &str) -> Result<String, DeviceError> {
    let label = typed.trim();
    if label.is_empty() || label.chars().count() > LABEL_LIMIT_CHARACTERS || label.chars().any(char::is_control) {
        return Err(DeviceError::Label);
    }
    Ok(label.to_owned())
}

pub(crate) struct Devices {
    rows: Rows<Device>,
    pub(crate) one: Select<(DeviceId, MemberId), Device>,
    of: Select<(MemberId,), Device>,
    all: Select<(), Device>,
    /// Whether a new device is within what the tariff allows.
    fits: Run<(DeviceId, MemberId, Limit)>,
    /// Whether a device is still there.
    stays: Run<(DeviceId, MemberId)>,
    remove: Run<(DeviceId, MemberId)>,
    show_label: Permit<DeviceLabel, Show>,
    show_key: Permit<DeviceKey, Show>,
    serve_key: Permit<DeviceKey, Service>,
    serve_psk: Permit<DevicePsk, Service>,
}

impl Devices {
    /// `None` when the policy declares no devices.
    pub(crate) fn of(store: &Store) -> Option<Self> {
        Some(Self {
            rows: store.rows()?,
            one: store.select(&DEVICE_OF)?,
            of: store.select(&DEVICES_OF)?,
            all: store.select(&DEVICES)?,
            fits: store.run(&DEVICE_FITS)?,
            stays: store.run(&DEVICE_STAYS)?,
            remove: store.run(&REMOVE_DEVICE)?,
            show_label: store.plan().permit().ok()?,
            show_key: store.plan().permit().ok()?,
            serve_key: store.plan().permit().ok()?,
            serve_psk: store.plan().permit().ok()?,
        })
    }

    pub(crate) async fn list(&self, store: &Store, member: MemberId) -> Result<Vec<DeviceView>, StoreError> {
        let devices = store.read_rows(&self.of, (member,)).await?;
        Ok(devices
            .iter()
            .map(|device| DeviceView {
                id: device.id,
                label: device.label.show(&self.show_label),
                public_key: KeyText(*device.public_key.open(&self.show_key)),
            })
            .collect())
    }

    /// A new device and the changes that store it, of which the last is refused when there are more than `limit`.
    async fn prepare(
        &self,
        store: &Store,
        member: MemberId,
        label: &str,
        public_key: KeyText,
        limit: u32,
    ) -> Result<(Device, Vec<Op>), DeviceError> {
        let label = parse_label(label)?;
        if public_key.0 == [0; 32] {
            return Err(DeviceError::EmptyKey);
        }
        let subject = store.subject(member).await?;
        let device = Device {
            id: DeviceId::from_bytes(store.random()),
            member,
            label: Personal::new(label),
            public_key: Personal::new(public_key.0),
            psk: Personal::new(store.random()),
        };
        let fits = self.fits.with((device.id, member, Limit(limit)));
        let ops = vec![self.rows.insert(&subject, &device)?, fits];
        Ok((device, ops))
    }

    pub(crate) async fn ids(&self, store: &Store, member: MemberId) -> Result<Vec<DeviceId>, StoreError> {
        Ok(store
            .read_rows(&self.of, (member,))
            .await?
            .iter()
            .map(|device| device.id)
            .collect())
    }

    pub(crate) async fn all(&self, store: &Store) -> Result<Vec<DeviceChange>, StoreError> {
        Ok(store
            .read_rows(&self.all, ())
            .await?
            .iter()
            .map(|device| self.added(device))
            .collect())
    }

    fn added(&self, device: &Device) -> DeviceChange {
        DeviceChange::Added {
            device: device.id,
            member: device.member,
            public_key: *device.public_key.open(&self.serve_key),
            psk: Zeroizing::new(*device.psk.open(&self.serve_psk)),
        }
    }
}

impl Accounts {
    /// The member's devices; none where the policy declares none.
    ///
    /// # Errors
    /// Database errors.
    pub async fn devices(&self, member: MemberId) -> Result<Vec<DeviceView>, StoreError> {
        match &self.devices {
            Some(devices) => devices.list(&self.store, member).await,
            None => Ok(Vec::new()),
        }
    }

    /// Adds a device; the VPN learns of it unless the member is stopped.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub async fn add_device(
        &self,
        member: MemberId,
        label: String,
        public_key: KeyText,
    ) -> Result<NewDevice, DeviceError> {
        let devices = self.devices.as_ref().ok_or(DeviceError::NoSuchDevice)?;
        let limit = self.tariff(member).await?.devices;
        let (device, ops) = devices.prepare(&self.store, member, &label, public_key, limit).await?;
        let added = NewDevice {
            id: device.id,
            psk: KeyText(*device.psk.open(&devices.serve_psk)),
        };
        let (store, serving) = (self.store.clone(), Arc::clone(&self.serving));
        let (id, one, change) = (device.id, devices.one, devices.added(&device));
        apart(async move {
            match store.commit(ops).await {
                Err(StoreError::Taken) => return Err(DeviceError::KeyTaken),
                Err(StoreError::Gone) => return Err(DeviceError::TooMany(limit)),
                other => other?,
            };
            if serving.stopped(member).is_some() {
                return Ok(());
            }
            serving.tell(change);
            // Whoever stopped the member or removed the device before it was told of could not know of it.
            let is_gone = matches!(store.read_rows(&one, (id, member)).await.as_deref(), Ok([]));
            if is_gone || serving.stopped(member).is_some() {
                serving.tell(DeviceChange::Removed { device: id });
            }
            Ok(())
        })
        .await?;
        Ok(added)
    }

    /// Calls a device something else.
    ///
    /// # Errors
    /// [`DeviceError::Label`], [`DeviceError::NoSuchDevice`]; database errors.
    pub async fn rename_device(&self, member: MemberId, device: DeviceId, label: &str) -> Result<(), DeviceError> {
        let devices = self.devices.as_ref().ok_or(DeviceError::NoSuchDevice)?;
        let label = parse_label(label)?;
        let known = self.store.read_row(&devices.one, (device, member)).await?;
        let known = known.ok_or(DeviceError::NoSuchDevice)?;
        let subject = self.store.subject(member).await?;
        let renamed = Device {
            label: Personal::new(label),
            ..known
        };
        // Removed meanwhile, it must not come back by being written.
        let ops = vec![
            devices.stays.with((device, member)),
            devices.rows.upsert(&subject, &renamed)?,
        ];
        match self.store.commit(ops).await {
            Err(StoreError::Gone) => Err(DeviceError::NoSuchDevice),
            other => Ok(other.map(|_| ())?),
        }
    }

    /// Removes a device; it is disconnected.
    ///
    /// # Errors
    /// [`DeviceError::NoSuchDevice`]; database errors.
    pub async fn remove_device(&self, member: MemberId, device: DeviceId) -> Result<(), DeviceError> {
        let devices = self.devices.as_ref().ok_or(DeviceError::NoSuchDevice)?;
        let (store, serving) = (self.store.clone(), Arc::clone(&self.serving));
        let remove = devices.remove.with((device, member));
        apart(async move {
            match store.commit(vec![remove]).await {
                Err(StoreError::Gone) => return Err(DeviceError::NoSuchDevice),
                other => other?,
            };
            serving.tell(DeviceChange::Removed { device });
            Ok(())
        })
        .await
    }

    /// Every device that may connect now, for a worker that starts.
    ///
    /// # Errors
    /// Database errors.
    pub async fn all_devices(&self) -> Result<Vec<DeviceChange>, StoreError> {
        let Some(devices) = &self.devices else {
            return Ok(Vec::new());
        };
        let mut all = devices.all(&self.store).await?;
        all.retain(|change| match change {
            DeviceChange::Added { member, .. } => self.stopped(*member).is_none(),
            DeviceChange::Removed { .. } | DeviceChange::MemberRemoved { .. } => true,
        });
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_printing_and_reading() {
        let key = KeyText(std::array::from_fn(|index| (index * 37) as u8));
        assert!(key.to_string().parse() == Ok(key));
        assert_eq!(KeyText([0; 32]).to_string(), format!("{}=", "A".repeat(43)));
    }

    #[test]
    fn a_text_that_is_not_a_key_is_refused() {
        let ones = format!("{}B=", "A".repeat(42));
        for text in [
            "",
            "A",
            &"A".repeat(44),
            &format!("{}==", "A".repeat(42)),
            &format!("{}=", "é".repeat(43)),
            &ones,
        ] {
            assert!(text.parse::<KeyText>() == Err(NotAKey), "{text}");
        }
    }
}
