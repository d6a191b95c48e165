//! Who may be connected to the site: so many in all, and so many of one network, lest one client shuts the others out.
//! Held in memory for as long as the connection is open, as a hash under a random seed of this process.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections that are open at once; more wait in the kernel's queue. Guess: each costs some 100 KiB.
const ALL: usize = 2048;
/// Of one IPv4 address, or of one /64 of IPv6, which is one household. A browser opens six at most; behind one address of
/// a mobile carrier there may be twenty of them. Guess.
const OF_NETWORK: u32 = 128;
/// Of one /48 of IPv6, which is what one customer may get (RFC 6177). Guess: a quarter of all.
const OF_SITE: u32 = 512;

/// The seats of one listener.
pub(crate) struct Seats {
    all: Arc<Semaphore>,
    seed: RandomState,
    /// By hashed network.
    taken: Mutex<HashMap<u64, u32>>,
}

impl Seats {
    pub(crate) fn new() -> Arc<Self> {
        Self::with(ALL)
    }

    pub(crate) fn with(all: usize) -> Arc<Self> {
        Arc::new(Self {
            all: Arc::new(Semaphore::new(all)),
            seed: RandomState::new(),
            taken: Mutex::new(HashMap::new()),
        })
    }

    /// Waits until one seat of all is free.
    pub(crate) async fn free(&self) -> OwnedSemaphorePermit {
        let free = Arc::clone(&self.all).acquire_owned().await;
        free.expect("the semaphore is never closed")
    }

    /// Seats a client, unless its network has its share already. This machine has no share: a proxy that speaks for
    /// everybody connects from here.
    pub(crate) fn take(self: &Arc<Self>, free: OwnedSemaphorePermit, peer: IpAddr) -> Option<Seat> {
        let shares: Vec<(u64, u32)> = networks(peer)
            .map(|(network, share)| (self.seed.hash_one(network), share))
            .collect();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |(network, share): &(u64, u32)| taken.get(network).is_some_and(|count| count >= share);
        if shares.iter().any(is_full) {
            return None;
        }
        for (network, _) in &shares {
            *taken.entry(*network).or_default() += 1;
        }
        Some(Seat {
            of: Arc::clone(self),
            networks: shares.into_iter().map(|(network, _)| network).collect(),
            _free: free,
        })
    }
}

/// A connection that is open.
pub(crate) struct Seat {
    of: Arc<Seats>,
    networks: Vec<u64>,
    _free: OwnedSemaphorePermit,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.of.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for network in &self.networks {
            if let Entry::Occupied(mut count) = taken.entry(*network) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
    }
}

/// The networks that an address counts for, as prefixes with their lengths, and their shares.
fn networks(peer: IpAddr) -> impl Iterator<Item = ((u128, u8), u32)> {
    let peer = peer.to_canonical();
    let cut = |address: Ipv6Addr, len: u8| (address.to_bits() >> (128 - len), len);
    let [network, site] = match peer {
        _ if peer.is_loopback() => [None, None],
        IpAddr::V4(address) => [Some(((u128::from(address.to_bits()), 32), OF_NETWORK)), None],
        IpAddr::V6(address) => [Some((cut(address, 64), OF_NETWORK)), Some((cut(address, 48), OF_SITE))],
    };
    network.into_iter().chain(site)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(seats: &Arc<Seats>, peer: &str) -> Option<Seat> {
        let free = Arc::clone(&seats.all).try_acquire_owned().unwrap();
        seats.take(free, peer.parse().unwrap())
    }

    #[test]
    fn a_network_has_its_share_and_the_others_theirs() {
        let seats = Seats::new();
        let mut held: Vec<Seat> = (0..OF_NETWORK)
            .map(|_| take(&seats, "192.0.2.1").expect("within the share"))
            .collect();
        assert!(take(&seats, "192.0.2.1").is_none() && take(&seats, "::ffff:192.0.2.1").is_none());
        assert!(take(&seats, "192.0.2.2").is_some());
        held.pop();
        held.push(take(&seats, "192.0.2.1").expect("one has left"));
        drop(held);
        assert!(
            seats.taken.lock().unwrap().is_empty(),
            "nothing is left of who was here"
        );
        assert_eq!(seats.all.available_permits(), ALL);
    }

    #[test]
    fn a_household_of_ipv6_is_one_network_and_a_customer_a_larger_one() {
        let seats = Seats::new();
        let mut held = Vec::new();
        for host in 0..OF_NETWORK {
            held.push(take(&seats, &format!("2001:db8:0:1::{host:x}")).expect("within the share"));
        }
        assert!(take(&seats, "2001:db8:0:1:ffff::1").is_none());
        for index in 0..OF_SITE - OF_NETWORK {
            held.push(take(&seats, &format!("2001:db8:0:{:x}::1", index + 2)).expect("within the site's share"));
        }
        assert!(take(&seats, "2001:db8:0:ffff::1").is_none());
        assert!(take(&seats, "2001:db8:1::1").is_some());
    }

    #[test]
    fn a_proxy_on_this_machine_speaks_for_everybody() {
        let seats = Seats::new();
        for peer in ["127.0.0.1", "::1"] {
            let held: Vec<_> = (0..=OF_SITE).map_while(|_| take(&seats, peer)).collect();
            assert_eq!(held.len() as u32, OF_SITE + 1);
        }
    }
}
