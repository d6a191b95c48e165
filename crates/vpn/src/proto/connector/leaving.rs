//! Packets that wait for the tunnel.

use std::collections::VecDeque;

use super::limits::WAITING_PACKETS;

/// Emptied buffers that are kept for the next packets.
const SPARE: usize = 64;

/// A queue with a bound. Buffers are used again, so that a packet costs no allocation.
#[derive(Default)]
pub(super) struct Leaving {
    packets: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
}

impl Leaving {
    pub(super) fn has_room(&self) -> bool {
        self.packets.len() < WAITING_PACKETS
    }

    /// A packet of `len` bytes, written in place. For whoever asked [`Leaving::has_room`], or answers one packet by one.
    pub(super) fn write<R>(&mut self, len: usize, write: impl FnOnce(&mut [u8]) -> R) -> R {
        let mut packet = self.spare.pop().unwrap_or_default();
        packet.resize(len, 0);
        let answer = write(&mut packet);
        if self.packets.len() < 2 * WAITING_PACKETS {
            self.packets.push_back(packet);
        }
        answer
    }

    /// A packet that may be lost, as any datagram.
    pub(super) fn push(&mut self, packet: Vec<u8>) {
        if self.has_room() && !packet.is_empty() {
            self.packets.push_back(packet);
        }
    }

    pub(super) fn first(&self) -> Option<&[u8]> {
        self.packets.front().map(Vec::as_slice)
    }

    pub(super) fn drop_first(&mut self) {
        if let Some(mut packet) = self.packets.pop_front()
            && self.spare.len() < SPARE
        {
            packet.clear();
            self.spare.push(packet);
        }
    }

    pub(super) fn clear(&mut self) {
        self.packets.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.packets.len()
    }
}
