//! The four messages on the wire (the paper, section 5.4). Lengths are exact, reserved bytes zero.

use super::limits::{COOKIE_REPLY_LEN, DATA_HEADER_LEN, INITIATION_LEN, RESPONSE_LEN, TAG_LEN};

pub(crate) const INITIATION: u32 = 1;
pub(crate) const RESPONSE: u32 = 2;
pub(crate) const COOKIE_REPLY: u32 = 3;
pub(crate) const DATA: u32 = 4;

/// The four messages, told apart by their first four bytes: the type, and three reserved zeros.
pub(crate) enum Message<'a> {
    Initiation(&'a mut [u8; INITIATION_LEN]),
    Response(&'a mut [u8; RESPONSE_LEN]),
    CookieReply(&'a mut [u8; COOKIE_REPLY_LEN]),
    /// Header and sealed packet, at least a header and a tag.
    Data(&'a mut [u8]),
}

/// Why a datagram is no message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Malformed {
    Length,
    Kind,
}

pub(crate) fn parse(datagram: &mut [u8]) -> Result<Message<'_>, Malformed> {
    let Some(&kind) = datagram.first_chunk::<4>() else {
        return Err(Malformed::Length);
    };
    let wrong_length = |_| Malformed::Length;
    match u32::from_le_bytes(kind) {
        INITIATION => datagram.try_into().map(Message::Initiation).map_err(wrong_length),
        RESPONSE => datagram.try_into().map(Message::Response).map_err(wrong_length),
        COOKIE_REPLY => datagram.try_into().map(Message::CookieReply).map_err(wrong_length),
        DATA if datagram.len() >= DATA_HEADER_LEN + TAG_LEN => Ok(Message::Data(datagram)),
        DATA => Err(Malformed::Length),
        _ => Err(Malformed::Kind),
    }
}

/// The part of `message` at `at`, for offsets that the message's length makes certain.
pub(crate) fn part<const N: usize>(message: &[u8], at: usize) -> [u8; N] {
    message[at..at + N].try_into().expect("the slice has N bytes")
}

pub(crate) fn index(message: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(part(message, at))
}

pub(crate) fn counter(message: &[u8]) -> u64 {
    u64::from_le_bytes(part(message, 8))
}

/// Writes the header of a data message.
pub(crate) fn write_data_header(out: &mut [u8], receiver: u32, counter: u64) {
    out[..4].copy_from_slice(&DATA.to_le_bytes());
    out[4..8].copy_from_slice(&receiver.to_le_bytes());
    out[8..DATA_HEADER_LEN].copy_from_slice(&counter.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parses(kind: u32, len: usize) -> Result<(), Malformed> {
        let mut bytes = vec![0; len];
        let head = kind.to_le_bytes();
        let front = head.len().min(len);
        bytes[..front].copy_from_slice(&head[..front]);
        parse(&mut bytes).map(|_| ())
    }

    #[test]
    fn lengths_are_exact() {
        for (kind, len) in [(INITIATION, 148), (RESPONSE, 92), (COOKIE_REPLY, 64)] {
            assert_eq!(parses(kind, len - 1), Err(Malformed::Length));
            assert_eq!(parses(kind, len), Ok(()));
            assert_eq!(parses(kind, len + 1), Err(Malformed::Length));
        }
        assert_eq!(parses(DATA, 31), Err(Malformed::Length));
        assert_eq!(parses(DATA, 32), Ok(()));
        for len in 0..4 {
            assert_eq!(parses(DATA, len), Err(Malformed::Length));
        }
    }

    #[test]
    fn reserved_bytes_are_zero() {
        assert_eq!(parses(INITIATION | 1 << 8, 148), Err(Malformed::Kind));
        assert_eq!(parses(0, 148), Err(Malformed::Kind));
        assert_eq!(parses(5, 148), Err(Malformed::Kind));
    }
}
