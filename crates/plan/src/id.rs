//! Typed ids, all in one place. An id is random: it says nothing about the person.

use std::fmt;
use std::str::FromStr;

/// Why a text is not an id: it must be 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseIdError;

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id is 32 hexadecimal digits")
    }
}

impl std::error::Error for ParseIdError {}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name([u8; 16]);

        impl $name {
            /// From 16 random bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }
            /// The 16 bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                if text.len() != 32 || !text.is_ascii() {
                    return Err(ParseIdError);
                }
                let mut bytes = [0; 16];
                for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
                    let digits = std::str::from_utf8(pair).map_err(|_| ParseIdError)?;
                    if !pair.iter().all(u8::is_ascii_hexdigit) {
                        return Err(ParseIdError);
                    }
                    *byte = u8::from_str_radix(digits, 16).map_err(|_| ParseIdError)?;
                }
                Ok(Self(bytes))
            }
        }
    )*};
}

ids! {
    /// The person (or the day of a log) that a datum is about; has one data key.
    SubjectId
    /// A customer.
    MemberId
    /// A thing of a member's that connects.
    DeviceId
    /// A signed-in browser.
    SessionId
    /// One line of a log.
    VisitId
    /// An access token of a member's program.
    TokenId
    /// An invitation to join.
    InvitationId
}

impl From<MemberId> for SubjectId {
    fn from(member: MemberId) -> Self {
        Self(member.0)
    }
}

/// A number that a worker knows an account by; given out anew at every start and never stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountSlot(pub u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_printing_and_reading() {
        let id = MemberId::from_bytes([0xa5; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn a_text_that_is_not_an_id_is_refused() {
        for text in [
            "",
            "a5",
            "+5+5+5+5+5+5+5+5+5+5+5+5+5+5+5+5",
            "é5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a",
        ] {
            assert_eq!(text.parse::<MemberId>(), Err(ParseIdError), "{text}");
        }
    }
}
