//! Striking freed addresses from the kernel's connection table, on a thread of its own: the kernel walks its whole
//! table for each.

use std::net::IpAddr;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use sys::{Conntrack, Error};
use vpn::proto::Internal;

/// Where freed addresses go. The thread ends when this is dropped.
pub(super) struct Striker(Sender<Vec<Internal>>);

impl Striker {
    pub(super) fn start() -> Result<Self, Error> {
        let table = Conntrack::open()?;
        let (freed, arriving) = channel::<Vec<Internal>>();
        thread::spawn(move || {
            for batch in arriving {
                for internal in batch {
                    for address in [IpAddr::V4(internal.v4), IpAddr::V6(internal.v6)] {
                        // Older kernels cannot; there the flows end by their timeouts.
                        let _ = table.strike_source(address);
                    }
                }
            }
        });
        Ok(Self(freed))
    }

    pub(super) fn strike(&self, freed: Vec<Internal>) {
        // The thread lives for as long as this sender.
        let _sent = self.0.send(freed);
    }
}
