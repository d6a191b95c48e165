//! Passwords: Argon2id in a bounded pool.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use thiserror::Error;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// The shortest password that is accepted, in characters. Source: NIST SP 800-63B-4, section 3.1.1.2 (8 with a second
/// factor, 15 without); 10 is a guess between the two, with a rate limit beside it.
pub const PASSWORD_MINIMUM_CHARACTERS: usize = 10;
/// The longest, in characters, so that hashing one stays bounded.
pub const PASSWORD_MAXIMUM_CHARACTERS: usize = 1000;
/// What is hashed at most: UTF-8 has at most four bytes for a character (RFC 3629, section 3).
const SECRET_MAXIMUM_BYTES: usize = 4 * PASSWORD_MAXIMUM_CHARACTERS;
/// Memory of one hash in KiB, passes and lanes. Source: OWASP Password Storage Cheat Sheet.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes that are computed at once; the others wait, so that a flood of sign-ins cannot take every core.
const HASHES_AT_ONCE: usize = 2;
/// Hashes that wait or run at most; beyond it a sign-in is refused.
const HASHES_QUEUED: usize = 64;

/// Why a password that somebody chose is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// It is too short.
    #[error("the password is too short; take at least {PASSWORD_MINIMUM_CHARACTERS} characters, a few words will do")]
    Short,
    /// It is too long.
    #[error("the password is too long; take at most {PASSWORD_MAXIMUM_CHARACTERS} characters")]
    Long,
}

/// Whether somebody may choose this password.
pub(crate) fn check_new(password: &str) -> Result<(), PasswordError> {
    match password.chars().count() {
        0..PASSWORD_MINIMUM_CHARACTERS => Err(PasswordError::Short),
        PASSWORD_MINIMUM_CHARACTERS..=PASSWORD_MAXIMUM_CHARACTERS => Ok(()),
        _ => Err(PasswordError::Long),
    }
}

/// Why a password was not hashed or compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HashError {
    /// Too many at once.
    Busy,
    /// The secret is longer than any that can have been chosen.
    TooLong,
}

/// The bounded pool.
#[derive(Clone)]
pub(crate) struct Hasher {
    queue: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        Self {
            queue: Arc::new(Semaphore::new(HASHES_QUEUED)),
            running: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
        }
    }

    /// The PHC string of a secret under a random salt.
    pub(crate) async fn hash(&self, secret: &[u8], salt: [u8; 16]) -> Result<String, HashError> {
        let secret = Zeroizing::new(secret.to_vec());
        self.work(secret, move |secret| {
            let hash = argon2()
                .hash_password_with_salt(secret, &salt)
                .expect("the parameters and the salt are in range");
            hash.to_string()
        })
        .await
    }

    /// A key of 32 bytes that is as slow to compute as a password's hash, the same for the same secret and salt: what a
    /// secret is found by that stands alone.
    pub(crate) async fn derive(&self, secret: &[u8], salt: Zeroizing<[u8; 32]>) -> Result<[u8; 32], HashError> {
        let secret = Zeroizing::new(secret.to_vec());
        self.work(secret, move |secret| {
            let mut key = [0; 32];
            argon2()
                .hash_password_into(secret, salt.as_slice(), &mut key)
                .expect("the parameters and the salt are in range");
            key
        })
        .await
    }

    /// Whether a secret has this hash. Without a hash the same work is done for nothing, so that the time does not
    /// tell whether there is an account.
    pub(crate) async fn fits(&self, secret: &[u8], hash: Option<String>) -> Result<bool, HashError> {
        let secret = Zeroizing::new(secret.to_vec());
        self.work(secret, move |secret| match hash {
            Some(hash) => argon2().verify_password(secret, hash.as_str()).is_ok(),
            None => {
                let wasted = argon2().hash_password_with_salt(secret, &[0; 16]);
                wasted.is_err()
            }
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        secret: Zeroizing<Vec<u8>>,
        work: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Result<T, HashError> {
        if secret.len() > SECRET_MAXIMUM_BYTES {
            return Err(HashError::TooLong);
        }
        let _place = self.queue.try_acquire().map_err(|_| HashError::Busy)?;
        let turn = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|_| HashError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&secret);
            drop(turn);
            result
        });
        done.await.map_err(|_| HashError::Busy)
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the constants are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let hasher = Hasher::new();
        let hash = hasher.hash(b"correct horse", [3; 16]).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(hasher.fits(b"correct horse", Some(hash.clone())).await, Ok(true));
        assert_eq!(hasher.fits(b"battery staple", Some(hash)).await, Ok(false));
        assert_eq!(hasher.fits(b"anything", None).await, Ok(false));
    }

    #[tokio::test]
    async fn what_is_hashed_has_4000_bytes_at_most() {
        let hasher = Hasher::new();
        assert_eq!(hasher.fits(&[b'a'; 4001], None).await, Err(HashError::TooLong));
        assert_eq!(hasher.fits(&[b'a'; 4000], None).await, Ok(false));
    }

    #[tokio::test]
    async fn a_password_has_10_to_1000_characters_and_the_longest_can_be_hashed() {
        for (characters, verdict) in [
            (9, Err(PasswordError::Short)),
            (10, Ok(())),
            (1000, Ok(())),
            (1001, Err(PasswordError::Long)),
        ] {
            assert_eq!(check_new(&"🔑".repeat(characters)), verdict, "{characters}");
        }
        let longest = "🔑".repeat(PASSWORD_MAXIMUM_CHARACTERS);
        assert!(Hasher::new().hash(longest.as_bytes(), [3; 16]).await.is_ok());
    }
}
