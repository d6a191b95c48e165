//! Random secrets that are given out once: session tokens and recovery codes.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes of randomness in a session token.
const TOKEN_BYTES: usize = 32;
/// Bytes of randomness in a recovery code: 100 bits are shown, 20 characters of 5 bits.
const CODE_CHARACTERS: usize = 20;
/// Crockford's base 32: no I, L, O, U, so that a code can be read aloud.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

macro_rules! tokens {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; TOKEN_BYTES]);

        impl $name {
            /// From random bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; TOKEN_BYTES]) -> Self {
                Self(bytes)
            }

            /// SHA-256 of the token.
            #[must_use]
            pub fn hash(&self) -> [u8; 32] {
                let hash = digest(&SHA256, &self.0);
                hash.as_ref().try_into().expect("SHA-256 gives 32 bytes")
            }

            fn digits(&self) -> String {
                self.0.iter().map(|byte| format!("{byte:02x}")).collect()
            }
        }

        impl FromStr for $name {
            type Err = NotAToken;
            fn from_str(text: &str) -> Result<Self, NotAToken> {
                let text = text.strip_prefix(Self::PREFIX).ok_or(NotAToken)?;
                // As it was given out, and no other way: small letters.
                let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                if text.len() != 2 * TOKEN_BYTES || !text.bytes().all(is_digit) {
                    return Err(NotAToken);
                }
                let mut bytes = [0; TOKEN_BYTES];
                for (index, byte) in bytes.iter_mut().enumerate() {
                    *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| NotAToken)?;
                }
                Ok(Self(bytes))
            }
        }
    )*};
}

tokens! {
    /// The random number in a sign-in cookie. Only its hash is stored.
    SessionToken
    /// The random number that a member's program shows. Only its hash is stored.
    AccessToken
}

impl SessionToken {
    const PREFIX: &'static str = "";

    /// The token as a cookie's value: 64 hexadecimal digits.
    #[must_use]
    pub fn to_cookie(&self) -> String {
        self.digits()
    }
}

impl AccessToken {
    /// What such a token begins with, so that programs which search for leaked secrets recognise it.
    const PREFIX: &'static str = "candor_";

    /// The token as a program sends it: `candor_` and 64 hexadecimal digits.
    #[must_use]
    pub fn to_bearer(&self) -> String {
        format!("{}{}", Self::PREFIX, self.digits())
    }
}

/// A text that is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAToken;

/// What lets a member in who forgot the password, or somebody who was invited; shown once.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// From random bytes.
    #[must_use]
    pub fn from_random(bytes: &[u8; CODE_CHARACTERS]) -> Self {
        Self(
            bytes
                .iter()
                .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
                .collect(),
        )
    }

    /// From what somebody typed: hyphens, spaces and case do not matter, and letters that look like digits are read as
    /// such.
    #[must_use]
    pub fn from_typed(typed: &str) -> Self {
        let read = |character: char| match character.to_ascii_uppercase() {
            'O' => Some('0'),
            'I' | 'L' => Some('1'),
            ' ' | '-' => None,
            other => Some(other),
        };
        Self(typed.chars().filter_map(read).take(2 * CODE_CHARACTERS).collect())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// SHA-256 of the code: with 100 random bits nobody finds it by trying.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let hash = digest(&SHA256, self.as_bytes());
        hash.as_ref().try_into().expect("SHA-256 gives 32 bytes")
    }
}

impl fmt::Display for RecoveryCode {
    /// Groups of five, with hyphens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, character) in self.0.chars().enumerate() {
            if index > 0 && index % 5 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{character}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_cookie() {
        let token = SessionToken::from_bytes([0xa7; TOKEN_BYTES]);
        assert!(token.to_cookie().parse() == Ok(token));
        for text in ["", "zz", &"+f".repeat(32), &"aB".repeat(32), &"ä".repeat(32)] {
            assert!(text.parse::<SessionToken>() == Err(NotAToken), "{text}");
        }
    }

    #[test]
    fn a_recovery_code_is_read_as_people_type_it() {
        let code = RecoveryCode::from_random(&[
            0, 1, 2, 31, 40, 255, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
        ]);
        let printed = code.to_string();
        let typed = RecoveryCode::from_typed(&printed.to_lowercase().replace('0', "o").replace('-', " "));
        assert_eq!(code.as_bytes(), typed.as_bytes());
    }
}
