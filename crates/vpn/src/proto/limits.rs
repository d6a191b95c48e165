//! Every number of the engine, with its unit and where it comes from.

use std::time::Duration;

// ---- the paper, section 6.1 "Preliminaries" -------------------------------------------------

/// Messages after which a fresh handshake is wanted.
pub const REKEY_AFTER_MESSAGES: u64 = 1 << 60;
/// Messages after which a key pair is no longer used, in either direction.
pub const REJECT_AFTER_MESSAGES: u64 = u64::MAX - (1 << 13);
/// Age at which the side that initiated wants a fresh handshake.
pub const REKEY_AFTER_TIME: Duration = Duration::from_secs(120);
/// Age at which a key pair is no longer used, and is zeroised.
pub const REJECT_AFTER_TIME: Duration = Duration::from_secs(180);
/// How long one attempt at a handshake goes on being repeated.
pub const REKEY_ATTEMPT_TIME: Duration = Duration::from_secs(90);
/// Pause between two initiations to one device.
pub const REKEY_TIMEOUT: Duration = Duration::from_secs(5);
/// Silence after received data that is answered with an empty packet.
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// All ephemeral state is gone this long after the last session: 3 × `REJECT_AFTER_TIME`
/// (the paper, section 6.3).
pub const ZEROISE_AFTER_TIME: Duration = Duration::from_secs(3 * 180);
/// Age of a received cookie beyond which it is not used any more, and lifetime of our own secret
/// (the paper, section 5.4.7).
pub const COOKIE_SECRET_TIME: Duration = Duration::from_secs(120);
/// A cookie that would expire on the way is not used: 5 s of latency, as Linux does.
pub const COOKIE_LATENCY: Duration = Duration::from_secs(5);

// ---- sizes on the wire, the paper, section 5.4 ----------------------------------------------

/// Length of a handshake initiation in bytes.
pub const INITIATION_LEN: usize = 148;
/// Length of a handshake response in bytes.
pub const RESPONSE_LEN: usize = 92;
/// Length of a cookie reply in bytes.
pub const COOKIE_REPLY_LEN: usize = 64;
/// Bytes before the sealed packet in a data message.
pub const DATA_HEADER_LEN: usize = 16;
/// Bytes of a ChaCha20-Poly1305 or XChaCha20-Poly1305 tag.
pub const TAG_LEN: usize = 16;
/// Bytes that a data message adds to a padded packet.
pub const OVERHEAD_LEN: usize = DATA_HEADER_LEN + TAG_LEN;
/// Inner packets are padded to a multiple of this many bytes (the paper, section 5.4.6).
pub const PADDING_MULTIPLE: usize = 16;

// ---- chosen here ----------------------------------------------------------------------------

/// Packets that may arrive late, as in Linux (RFC 6479 describes the method).
pub const REPLAY_WINDOW_PACKETS: u64 = 8192;
/// Largest random delay added to a repeated initiation: a third of a second, as in Linux, so that
/// two sides that started together do not collide again.
pub const REKEY_JITTER_MILLISECONDS: u32 = 333;
/// Shortest time between two initiations accepted from one device: a fiftieth of a second, as in Linux.
pub const INITIATION_INTERVAL: Duration = Duration::from_millis(20);
/// Packets that wait for one handshake. A guess: the first flight of a page load; Linux keeps 128.
pub const STAGED_PACKETS: usize = 32;
/// Bytes of packets that wait for handshakes, over all devices. A guess.
pub const STAGED_BYTES: usize = 4 << 20;
/// Handshake and cookie messages waiting for `poll_transmit`. The driver polls after each call, so
/// this bounds a timer tick only. A guess.
pub const OUTBOX_MESSAGES: usize = 1024;
/// Events waiting for `poll_event`; the oldest gives way. A guess.
pub const EVENTS: usize = 4096;
/// Share of the second's handshake budget that is left when the engine starts to ask for cookies:
/// one half, so that the rest is for those who can receive at the address they claim.
pub const UNDER_LOAD_SHARE: u32 = 2;
/// How long the engine asks for cookies after the budget last ran low, as in Linux.
pub const UNDER_LOAD_TIME: Duration = Duration::from_secs(1);
/// Handshakes per second from one source while under load, as in Linux.
pub const SOURCE_PER_SECOND: u32 = 20;
/// Handshakes in one go from one source while under load, as in Linux.
pub const SOURCE_BURST: u32 = 5;
/// Cookie replies in one second. One costs about as much as ten packets that are dropped (measured
/// in `tests/locked_worker/crowd.rs`), so a flood must not buy as many as it likes.
pub const COOKIE_REPLIES_PER_SECOND: u32 = 4000;
/// Cookie replies in one second for the sources that share a place in the table: a device asks every
/// five seconds, so this is for a hundred of them behind one address.
pub const SOURCE_COOKIE_REPLIES_PER_SECOND: u8 = 20;
/// Places in that table, a power of two. A guess: a device shares its place with one source of an
/// attack in a thousand.
pub const COOKIE_REPLY_PLACES: usize = 1024;
/// Sources remembered while under load. A source has proved that it receives at its address, so
/// an attacker must own this many networks. A guess.
pub const SOURCES: usize = 16_384;
/// Datagrams larger than this are not WireGuard's: the largest UDP payload (RFC 768).
pub const DATAGRAM_LEN: usize = 65_507;
/// IPv6 extension headers that are walked before the packet is refused. A guess; real traffic
/// carries at most two (RFC 9098 tells why more are dropped elsewhere too).
pub const EXTENSION_HEADERS: usize = 8;
