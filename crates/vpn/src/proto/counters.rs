//! What happened, as numbers. A bad packet is counted and the batch goes on.

/// How often each thing happened since the start. Sums over all devices; nothing in here belongs
/// to anybody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Sessions that were confirmed by both sides.
    pub sessions: u64,
    /// Handshake initiations that were answered.
    pub initiations_answered: u64,
    /// Handshake initiations that were sent.
    pub initiations_sent: u64,
    /// Cookie replies that were sent because of load.
    pub cookie_replies_sent: u64,
    /// Cookie replies that were not sent, because too many were asked for.
    pub cookie_replies_withheld: u64,
    /// Cookie replies that were received and kept.
    pub cookie_replies_accepted: u64,
    /// Empty packets received.
    pub keepalives: u64,
    /// Devices that authenticated from another address than before.
    pub roamed: u64,

    /// Datagrams of a length that no message has.
    pub wrong_length: u64,
    /// Datagrams of a type that does not exist, or with reserved bits set.
    pub wrong_kind: u64,
    /// Handshake messages whose first MAC is wrong.
    pub wrong_mac1: u64,
    /// Handshakes from a key that is no device of ours.
    pub unknown_device: u64,
    /// Handshake messages that did not authenticate, or forced a zero secret.
    pub handshake_refused: u64,
    /// Initiations whose timestamp is not newer than the last one.
    pub stale_timestamp: u64,
    /// Initiations that came too soon after the last one.
    pub too_frequent: u64,
    /// Handshakes beyond what one source may ask for under load.
    pub source_over_budget: u64,
    /// Handshakes beyond what the machine may do in one second.
    pub over_budget: u64,
    /// Cookie replies for nothing that we sent, or not authentic.
    pub cookie_reply_refused: u64,

    /// Messages for an index that is not in use.
    pub unknown_index: u64,
    /// Data under a key pair that is too old.
    pub expired_session: u64,
    /// Data that did not authenticate.
    pub not_authentic: u64,
    /// Data whose counter was seen or is too old.
    pub replayed: u64,

    /// Inner packets that are no IPv4 or IPv6 packet.
    pub malformed_packet: u64,
    /// Inner packets whose source is not the device's.
    pub wrong_source: u64,
    /// Inner packets for another device's internal address.
    pub blocked_destination: u64,
    /// Inner packets that cannot be rewritten.
    pub untranslatable: u64,
    /// Inner packets whose datagram was marked on the way and whose sender understands no marks.
    pub congested: u64,
    /// Sessions that found no free internal address.
    pub addresses_exhausted: u64,

    /// Packets for no device.
    pub no_device: u64,
    /// Packets for a device whose address is not known.
    pub no_endpoint: u64,
    /// Packets that were given up while waiting for a handshake.
    pub staged_dropped: u64,
    /// Messages for which the caller's buffer was too small.
    pub buffer_too_small: u64,
    /// Handshake messages beyond the bound of those waiting.
    pub outbox_full: u64,
    /// Events that nobody fetched in time.
    pub events_lost: u64,
}
