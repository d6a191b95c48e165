//! Messages about packets (RFC 792, RFC 4443) and echoes.

use std::net::{IpAddr, SocketAddr};

use super::inner::{self, ICMP, ICMPV6, TCP, UDP};
use super::limits::{QUOTED_V4, QUOTED_V6};
use crate::proto::checksum::sum;
use crate::proto::packet::u16_at;

const ECHO_REPLY: u8 = 0;
const UNREACHABLE: u8 = 3;
const ECHO: u8 = 8;
const TIME_EXCEEDED: u8 = 11;
const UNREACHABLE_V6: u8 = 1;
const TOO_BIG_V6: u8 = 2;
const TIME_EXCEEDED_V6: u8 = 3;
const ECHO_V6: u8 = 128;
const ECHO_REPLY_V6: u8 = 129;
/// Type, code, checksum, identifier, sequence.
pub(crate) const ECHO_HEADER_LEN: usize = 8;
const HEADER_LEN: usize = 8;

/// Why a packet does not go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// There is no way to its destination.
    NoWay,
    /// Nobody answers at its destination.
    Silence,
    /// It may not go there.
    Forbidden,
    /// It is larger than the path takes, in bytes.
    TooLarge(u32),
    /// An ICMP message of this type and code came back.
    Told {
        /// Type.
        kind: u8,
        /// Code.
        code: u8,
    },
}

impl Refusal {
    /// Type, code, and the last word of the header.
    fn words(self, is_v4: bool) -> (u8, u8, u32) {
        match (self, is_v4) {
            // RFC 1812, section 5.2.7.1: 0 network, 1 host unreachable, 13 administratively prohibited.
            (Self::NoWay, true) => (UNREACHABLE, 0, 0),
            (Self::Silence, true) => (UNREACHABLE, 1, 0),
            (Self::Forbidden, true) => (UNREACHABLE, 13, 0),
            // RFC 1191, section 4: code 4, the MTU in the lower half.
            (Self::TooLarge(mtu), true) => (UNREACHABLE, 4, mtu.min(0xffff)),
            // RFC 4443, section 3.1: 0 no route, 1 prohibited, 3 address unreachable.
            (Self::NoWay, false) => (UNREACHABLE_V6, 0, 0),
            (Self::Silence, false) => (UNREACHABLE_V6, 3, 0),
            (Self::Forbidden, false) => (UNREACHABLE_V6, 1, 0),
            (Self::TooLarge(mtu), false) => (TOO_BIG_V6, 0, mtu),
            (Self::Told { kind, code }, _) => (kind, code, 0),
        }
    }

    /// Whether members may be told: of what comes from outside only what says that a packet did not arrive.
    fn is_tellable(self, is_v4: bool) -> bool {
        match self {
            Self::Told { kind, .. } if is_v4 => matches!(kind, UNREACHABLE | TIME_EXCEEDED),
            Self::Told { kind, .. } => matches!(kind, UNREACHABLE_V6 | TIME_EXCEEDED_V6),
            Self::NoWay | Self::Silence | Self::Forbidden | Self::TooLarge(_) => true,
        }
    }
}

/// A message to the sender of `packet`, from `teller`. `None` where there must be none: about another such message, about
/// a later piece (RFC 1122, section 3.2.2), or to nobody.
pub(crate) fn error(teller: IpAddr, packet: &[u8], refusal: Refusal) -> Option<Vec<u8>> {
    let about = inner::read(packet)?;
    let is_v4 = about.source.is_ipv4();
    let is_answerable = match about.protocol {
        TCP | UDP => true,
        ICMP => about.payload.first() == Some(&ECHO),
        ICMPV6 => about.payload.first() == Some(&ECHO_V6),
        _ => false,
    };
    let is_later = about.piece.is_some_and(|piece| piece.offset > 0);
    if !is_answerable || is_later || teller.is_ipv4() != is_v4 || !refusal.is_tellable(is_v4) {
        return None;
    }
    let (kind, code, word) = refusal.words(is_v4);
    let quoted = &packet[..packet.len().min(if is_v4 { QUOTED_V4 } else { QUOTED_V6 })];
    let mut message = Vec::with_capacity(HEADER_LEN + quoted.len());
    message.extend([kind, code, 0, 0]);
    message.extend(word.to_be_bytes());
    message.extend(quoted);
    Some(sealed(teller, about.source, message))
}

/// The echo that a member sent: its identifier, and the whole message.
pub(crate) fn read_echo(source: IpAddr, destination: IpAddr, protocol: u8, message: &[u8]) -> Option<u16> {
    let (kind, checksum) = match protocol {
        ICMP => (ECHO, sum(&[message])),
        ICMPV6 => (ECHO_V6, inner::transport_sum(source, destination, ICMPV6, message)),
        _ => return None,
    };
    let fits = (protocol == ICMP) == source.is_ipv4();
    let is_echo = message.len() >= ECHO_HEADER_LEN && message[0] == kind && message[1] == 0;
    (fits && is_echo && checksum == 0xffff).then(|| u16_at(message, 4))
}

/// An echo of a device's own.
pub(crate) fn ask(from: SocketAddr, to: IpAddr, payload: &[u8]) -> Vec<u8> {
    let kind = if to.is_ipv4() { ECHO } else { ECHO_V6 };
    let mut message = vec![kind, 0, 0, 0];
    message.extend(from.port().to_be_bytes());
    message.extend([0, 1]);
    message.extend(payload);
    sealed(from.ip(), to, message)
}

/// What came back of an echo: its identifier and payload.
pub(crate) fn read_answer<'m>(about: &inner::Inner<'m>) -> Option<(u16, &'m [u8])> {
    let (kind, checksum) = match about.protocol {
        ICMP => (ECHO_REPLY, sum(&[about.payload])),
        ICMPV6 => (
            ECHO_REPLY_V6,
            inner::transport_sum(about.source, about.destination, ICMPV6, about.payload),
        ),
        _ => return None,
    };
    let is_answer = about.payload.len() >= ECHO_HEADER_LEN && about.payload[0] == kind && checksum == 0xffff;
    is_answer.then(|| (u16_at(about.payload, 4), &about.payload[ECHO_HEADER_LEN..]))
}

/// An answer that came to us, as the member's own: with the identifier that the member chose. `None` if it is none.
pub(crate) fn answer(source: IpAddr, member: SocketAddr, message: &[u8]) -> Option<Vec<u8>> {
    let kind = if source.is_ipv4() { ECHO_REPLY } else { ECHO_REPLY_V6 };
    if message.len() < ECHO_HEADER_LEN || message[0] != kind || source.is_ipv4() != member.is_ipv4() {
        return None;
    }
    let mut message = message.to_vec();
    message[4..6].copy_from_slice(&member.port().to_be_bytes());
    Some(sealed(source, member.ip(), message))
}

/// Our own answer to an echo to us.
pub(crate) fn own_answer(us: IpAddr, member: IpAddr, echo: &[u8]) -> Vec<u8> {
    let mut message = echo.to_vec();
    message[0] = if us.is_ipv4() { ECHO_REPLY } else { ECHO_REPLY_V6 };
    sealed(us, member, message)
}

/// The echo that a member sent, as it was, from what the kernel gave back of it.
pub(crate) fn echo_again(member: SocketAddr, destination: IpAddr, message: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    if message.len() >= ECHO_HEADER_LEN {
        message[4..6].copy_from_slice(&member.port().to_be_bytes());
    }
    sealed(member.ip(), destination, message)
}

/// Computes the checksum and puts the packet around.
fn sealed(source: IpAddr, destination: IpAddr, mut message: Vec<u8>) -> Vec<u8> {
    let protocol = if source.is_ipv4() { ICMP } else { ICMPV6 };
    if message.len() >= 4 {
        message[2..4].copy_from_slice(&[0, 0]);
        let checksum = match protocol {
            ICMP => !sum(&[&message]),
            _ => !inner::transport_sum(source, destination, ICMPV6, &message),
        };
        message[2..4].copy_from_slice(&checksum.to_be_bytes());
    }
    inner::packet(source, destination, protocol, &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 66, 0, 1));

    #[test]
    fn an_error_quotes_the_packet_and_goes_to_its_sender() {
        let (member, far) = ("100.64.1.1".parse().unwrap(), "192.0.2.1".parse().unwrap());
        let about = inner::packet(member, far, UDP, &inner::udp((member, 5), (far, 6), &[7; 1000]));
        let error = error(GATEWAY, &about, Refusal::TooLarge(1400)).unwrap();
        let told = inner::read(&error).unwrap();
        assert!(told.source == GATEWAY && told.destination == member && told.protocol == ICMP);
        assert_eq!(sum(&[told.payload]), 0xffff);
        assert_eq!(told.payload[..2], [3, 4]);
        assert_eq!(u16_at(told.payload, 6), 1400);
        assert_eq!(told.payload[8..], about[..QUOTED_V4]);
        assert!(error.len() <= 576);
    }

    #[test]
    fn there_is_no_error_about_an_error_nor_about_a_later_piece() {
        let (member, far) = ("100.64.1.1".parse().unwrap(), "192.0.2.1".parse().unwrap());
        let about = inner::packet(member, far, UDP, &inner::udp((member, 5), (far, 6), &[7; 40]));
        let first = error(GATEWAY, &about, Refusal::NoWay).unwrap();
        assert!(error(GATEWAY, &first, Refusal::NoWay).is_none());
        let pieces = inner::packets(member, far, UDP, &[0; 3000], 1420, 1);
        assert!(error(GATEWAY, &pieces[0], Refusal::NoWay).is_some());
        assert!(error(GATEWAY, &pieces[1], Refusal::NoWay).is_none());
        assert!(
            error(GATEWAY, &about, Refusal::Told { kind: 5, code: 0 }).is_none(),
            "no redirect"
        );
    }

    #[test]
    fn an_echo_comes_back_with_the_members_identifier() {
        for (member, far) in [("100.64.1.1", "192.0.2.1"), ("fd66::5", "2001:db8::1")] {
            let (member, far): (IpAddr, IpAddr) = (member.parse().unwrap(), far.parse().unwrap());
            let kind = if member.is_ipv4() { ECHO } else { ECHO_V6 };
            let echo = sealed(member, far, vec![kind, 0, 0, 0, 0x12, 0x34, 0, 1, 9, 9, 9]);
            let read = inner::read(&echo).unwrap();
            assert_eq!(read_echo(member, far, read.protocol, read.payload), Some(0x1234));
            let mut broken = read.payload.to_vec();
            broken[9] ^= 1;
            assert_eq!(read_echo(member, far, read.protocol, &broken), None);
            let reply = if member.is_ipv4() { ECHO_REPLY } else { ECHO_REPLY_V6 };
            let back = [reply, 0, 0, 0, 0, 77, 0, 1, 9, 9, 9];
            let answer = answer(far, SocketAddr::new(member, 0x1234), &back).unwrap();
            let answer = inner::read(&answer).unwrap();
            assert_eq!(u16_at(answer.payload, 4), 0x1234);
            assert!(answer.source == far && answer.destination == member);
        }
    }
}
