//! Every number of the connector.

use std::time::Duration;

/// TCP connections at one time, of everybody. Beyond, and beyond [`MAPPINGS`], the address that has most gives up its
/// oldest, half-open ones first. With full buffers each holds [`UP_BYTES`] and [`DOWN_BYTES`]: 768 MiB in
/// all; pages that were never filled are never taken. A guess.
pub const STREAMS: usize = 2048;
/// Mappings of UDP ports and echo identifiers at one time, of everybody. Guess.
pub const MAPPINGS: usize = 4096;
/// Connections and mappings of one internal address at one time: a browser with a hundred tabs has fewer. Guess.
pub const FLOWS_OF_ADDRESS: usize = 512;
/// Bytes that wait for the destination, for each connection: 20 Mb/s at 50 ms. Guess.
pub const UP_BYTES: usize = 128 * 1024;
/// Bytes that wait for the member, for each connection: 40 Mb/s at 50 ms. Guess.
pub const DOWN_BYTES: usize = 256 * 1024;
/// Destinations that one mapping may be answered by. Guess.
pub const REMOTES_OF_MAPPING: usize = 256;
/// Packets that wait for the tunnel. TCP does not send beyond, datagrams beyond are lost. Guess.
pub const WAITING_PACKETS: usize = 512;

/// Time that a destination has to accept a connection: what Linux waits for with three repetitions (tcp(7), 1+2+4+8 s)
/// and twice that.
pub const CONNECTING: Duration = Duration::from_secs(30);
/// RFC 5382, REQ-5: "the value of the established connection idle-timeout MUST NOT be less than 2 hours 4 minutes".
pub const ESTABLISHED: Duration = Duration::from_secs(2 * 3600 + 4 * 60);
/// The same: "the value of the transitory connection idle-timeout MUST NOT be less than 4 minutes".
pub const CLOSING: Duration = Duration::from_secs(4 * 60);
/// Time without an acknowledgement after which a member counts as gone from a connection. Guess.
pub const UNACKNOWLEDGED: Duration = Duration::from_secs(120);
/// Time that a member has to take what came before a reset of the destination's; then it hears of the reset. Guess.
pub const BROKEN: Duration = Duration::from_secs(10);
/// RFC 4787, REQ-5: "A NAT UDP mapping timer MUST NOT expire in less than two minutes".
pub const DATAGRAMS: Duration = Duration::from_secs(120);
/// RFC 5508, REQ-1: "An ICMP Query session timer MUST NOT expire in less than 60 seconds".
pub const ECHOES: Duration = Duration::from_secs(60);

/// Datagrams that wait for their missing pieces, of everybody. Beyond, the address that has most gives up its oldest. Guess.
pub const INCOMPLETE: usize = 64;
/// Pieces of one datagram: 64 KiB in packets of 576 bytes are 119.
pub const PIECES: usize = 128;
/// Time for all pieces to arrive: what Linux gives them (`ipfrag_time`).
pub const PIECES_WITHIN: Duration = Duration::from_secs(30);
/// Headers between the IPv6 header and the transport that are looked through. Guess.
pub const EXTENSION_HEADERS: usize = 8;
/// How much of a packet an ICMP error quotes: RFC 1812, section 4.3.2.3 (576 in all) and RFC 4443, section 2.4 (1280 in
/// all), less the headers.
pub const QUOTED_V4: usize = 576 - 20 - 8;
/// See [`QUOTED_V4`].
pub const QUOTED_V6: usize = 1280 - 40 - 8;
