//! How messages are put together and taken apart, for both conversations: bytes, bounds, and fields that both have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use sys::channel::MESSAGE_BYTES;
use zeroize::{Zeroize, Zeroizing};

use super::{Lock, SECONDS};
use crate::proto::{Internal, Prefix, Shared, Translation};

/// Bytes of a network: its family, its address, and how many bits count.
pub(super) const PREFIX_LEN: usize = 1 + 16 + 1;

/// Not a message of this program's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a message between parent and worker")]
pub struct Malformed;

/// Builds one message. It never grows, so no copy of a key is left behind in freed memory.
pub(super) struct Writer(pub(super) Zeroizing<Vec<u8>>);

impl Writer {
    pub(super) fn new(kind: u8, capacity: usize) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(capacity + 1));
        bytes.push(kind);
        Self(bytes)
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn u8(&mut self, number: u8) {
        self.bytes(&[number]);
    }

    pub(super) fn u16(&mut self, number: u16) {
        self.bytes(&number.to_le_bytes());
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.bytes(&number.to_le_bytes());
    }

    pub(super) fn u64(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    pub(super) fn shared(&mut self, shared: Shared) {
        self.bytes(&shared.v4.octets());
        self.bytes(&shared.v6.octets());
    }

    pub(super) fn internals(&mut self, addresses: &[Internal]) {
        for internal in addresses {
            self.bytes(&internal.v4.octets());
            self.bytes(&internal.v6.octets());
        }
    }

    pub(super) fn translation(&mut self, translation: Translation) {
        let Translation {
            shared,
            pool_v4,
            pool_v4_len,
            pool_v6,
            reserved,
        } = translation;
        self.shared(shared);
        self.bytes(&pool_v4.octets());
        self.u8(pool_v4_len);
        self.bytes(&pool_v6.octets());
        self.u32(reserved);
    }

    pub(super) fn identity(&mut self, identity: Option<sys::Identity>) {
        let (chosen, user, group) = identity.map_or((0, 0, 0), |identity| (1, identity.user, identity.group));
        self.u8(chosen);
        self.u32(user);
        self.u32(group);
    }

    pub(super) fn prefixes(&mut self, prefixes: &[Prefix]) {
        for prefix in prefixes {
            let (is_v6, octets) = match prefix.address() {
                IpAddr::V4(address) => (false, address.to_ipv6_compatible().octets()),
                IpAddr::V6(address) => (true, address.octets()),
            };
            self.u8(is_v6.into());
            self.bytes(&octets);
            self.u8(prefix.len());
        }
    }

    pub(super) fn lock(&mut self, lock: &Lock) {
        self.u8(lock.landlock_abi);
        for fact in [lock.no_tcp, lock.scoped, lock.bounding_set_emptied, lock.memory_pinned] {
            self.u8(fact.into());
        }
        self.u32(lock.filter_instructions);
    }

    pub(super) fn seconds(&mut self, time: Duration) {
        self.u16(u16::try_from(time.as_secs()).unwrap_or(u16::MAX));
    }
}

/// Takes one message apart from the front.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(message: &'a [u8]) -> Result<Self, Malformed> {
        if message.len() > MESSAGE_BYTES {
            return Err(Malformed);
        }
        Ok(Self(message))
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.bytes::<1>().map(|[octet]| octet)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        self.bytes().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.bytes().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        self.bytes().map(u64::from_le_bytes)
    }

    pub(super) fn flag(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    pub(super) fn seconds(&mut self) -> Result<Duration, Malformed> {
        bounded(self.u16()?, SECONDS).map(|seconds| Duration::from_secs(seconds.into()))
    }

    pub(super) fn shared(&mut self) -> Result<Shared, Malformed> {
        Ok(Shared {
            v4: Ipv4Addr::from(self.bytes::<4>()?),
            v6: Ipv6Addr::from(self.bytes::<16>()?),
        })
    }

    pub(super) fn internals(&mut self) -> Result<Vec<Internal>, Malformed> {
        self.list(|pair| {
            let Shared { v4, v6 } = pair.shared()?;
            Ok(Internal { v4, v6 })
        })
    }

    pub(super) fn translation(&mut self) -> Result<Translation, Malformed> {
        Ok(Translation {
            shared: self.shared()?,
            pool_v4: Ipv4Addr::from(self.bytes::<4>()?),
            pool_v4_len: self.u8()?,
            pool_v6: Ipv6Addr::from(self.bytes::<16>()?),
            reserved: self.u32()?,
        })
    }

    pub(super) fn identity(&mut self) -> Result<Option<sys::Identity>, Malformed> {
        match (self.flag()?, self.u32()?, self.u32()?) {
            (false, 0, 0) => Ok(None),
            (true, user, group) => Ok(Some(sys::Identity { user, group })),
            (false, _, _) => Err(Malformed),
        }
    }

    /// To the end of the message.
    pub(super) fn prefixes(&mut self, most: usize) -> Result<Vec<Prefix>, Malformed> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let prefixes = self.list(Self::prefix)?;
        if prefixes.len() > most {
            Err(Malformed)
        } else {
            Ok(prefixes)
        }
    }

    fn prefix(&mut self) -> Result<Prefix, Malformed> {
        let (is_v6, octets, len) = (self.flag()?, self.bytes::<16>()?, self.u8()?);
        let address = match (is_v6, octets) {
            (true, octets) => IpAddr::from(octets),
            (false, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]) => IpAddr::from([a, b, c, d]),
            (false, _) => return Err(Malformed),
        };
        // Bits that do not count are 0.
        let prefix = Prefix::new(address, len).filter(|prefix| prefix.address() == address);
        prefix.ok_or(Malformed)
    }

    pub(super) fn lock(&mut self) -> Result<Lock, Malformed> {
        Ok(Lock {
            landlock_abi: self.u8()?,
            no_tcp: self.flag()?,
            scoped: self.flag()?,
            bounding_set_emptied: self.flag()?,
            memory_pinned: self.flag()?,
            filter_instructions: self.u32()?,
        })
    }

    /// One entry or more, to the end of the message.
    pub(super) fn list<T>(
        &mut self,
        mut entry: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let mut entries = vec![entry(self)?];
        while !self.0.is_empty() {
            entries.push(entry(self)?);
        }
        Ok(entries)
    }

    pub(super) fn end<T>(self, decoded: T) -> Result<T, Malformed> {
        if self.0.is_empty() { Ok(decoded) } else { Err(Malformed) }
    }
}

pub(super) fn bounded<T: PartialOrd>(value: T, bounds: std::ops::RangeInclusive<T>) -> Result<T, Malformed> {
    if bounds.contains(&value) {
        Ok(value)
    } else {
        Err(Malformed)
    }
}

/// Room for one message; it holds keys, and is wiped after each and when dropped.
pub struct Room(Zeroizing<Vec<u8>>);

impl Default for Room {
    fn default() -> Self {
        Self(Zeroizing::new(vec![0; MESSAGE_BYTES]))
    }
}

impl Room {
    /// The whole room, for [`sys::Channel::receive`].
    pub fn bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Reads the message of `length` bytes that lies in the room with `decode`, and wipes it.
    ///
    /// # Errors
    /// [`Malformed`], as from `decode`.
    pub fn take<T>(
        &mut self,
        length: usize,
        decode: impl FnOnce(&[u8]) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        let message = self.0.get_mut(..length).ok_or(Malformed)?;
        let decoded = decode(message);
        message.zeroize();
        decoded
    }
}
