//! The primitives of the paper, section 5.4: HASH, MAC, HMAC, KDF, DH, AEAD, XAEAD.
//!
//! X25519 and ChaCha20-Poly1305 come from AWS-LC; BLAKE2s and XChaCha20-Poly1305, which it does not
//! export, from RustCrypto: both are off the packet path.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, UnparsedPublicKey, X25519};
use blake2::digest::consts::U16;
use blake2::digest::{FixedOutput, KeyInit as _, Update};
use blake2::{Blake2s256, Blake2sMac, Digest};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::AeadInOut;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::key::PublicKey;
use super::limits::TAG_LEN;

pub(crate) type Key = Zeroizing<[u8; 32]>;

/// Something did not authenticate, or a shared secret was zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Invalid;

/// HASH: BLAKE2s with 32 bytes of output over the concatenation of `parts` (RFC 7693).
pub(crate) fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut state = Blake2s256::default();
    for part in parts {
        Digest::update(&mut state, part);
    }
    Digest::finalize(state).into()
}

/// MAC: keyed BLAKE2s with 16 bytes of output.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut state = Blake2sMac::<U16>::new_from_slice(key).expect("keys here have 16 or 32 bytes, both allowed");
    for part in parts {
        Update::update(&mut state, part);
    }
    state.finalize_fixed().into()
}

/// HMAC with BLAKE2s as the hash (RFC 2104); `key` is never longer than a block here.
fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> Key {
    const BLOCK_LEN: usize = 64;
    let mut inner_pad = Zeroizing::new([0x36u8; BLOCK_LEN]);
    let mut outer_pad = Zeroizing::new([0x5cu8; BLOCK_LEN]);
    for (at, byte) in key.iter().enumerate() {
        inner_pad[at] ^= byte;
        outer_pad[at] ^= byte;
    }
    let mut state = Blake2s256::default();
    Digest::update(&mut state, &inner_pad[..]);
    for part in parts {
        Digest::update(&mut state, part);
    }
    let inner = Zeroizing::new(<[u8; 32]>::from(Digest::finalize(state)));
    Zeroizing::new(hash(&[&outer_pad[..], &inner[..]]))
}

/// KDF with one output: HKDF (RFC 5869) with `key` as salt.
pub(crate) fn kdf1(key: &[u8; 32], input: &[u8]) -> Key {
    let secret = hmac(key, &[input]);
    hmac(&secret, &[&[1]])
}

/// KDF with two outputs.
pub(crate) fn kdf2(key: &[u8; 32], input: &[u8]) -> (Key, Key) {
    let secret = hmac(key, &[input]);
    let first = hmac(&secret, &[&[1]]);
    let second = hmac(&secret, &[&first[..], &[2]]);
    (first, second)
}

/// KDF with three outputs.
pub(crate) fn kdf3(key: &[u8; 32], input: &[u8]) -> (Key, Key, Key) {
    let secret = hmac(key, &[input]);
    let first = hmac(&secret, &[&[1]]);
    let second = hmac(&secret, &[&first[..], &[2]]);
    let third = hmac(&secret, &[&second[..], &[3]]);
    (first, second, third)
}

/// Equality whose duration does not tell where two tags differ.
pub(crate) fn tags_equal(one: &[u8; 16], other: &[u8; 16]) -> bool {
    bool::from(one.ct_eq(other))
}

/// An X25519 private key ready for use; AWS-LC wipes it when freed.
pub(crate) struct Secret {
    key: agreement::PrivateKey,
    public: PublicKey,
}

impl Secret {
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Self {
        let key =
            agreement::PrivateKey::from_private_key(&X25519, bytes).expect("any 32 bytes are an X25519 private key");
        let computed = key
            .compute_public_key()
            .expect("every X25519 private key has a public key");
        let public = computed.as_ref().try_into().expect("an X25519 public key has 32 bytes");
        Self {
            key,
            public: PublicKey::from_bytes(public),
        }
    }

    pub(crate) fn public(&self) -> PublicKey {
        self.public
    }

    /// DH. A zero result, which a small-order point forces, is refused: RFC 7748, section 6.1 allows
    /// the check, and the Noise specification (section 12.1) leaves it to the application.
    pub(crate) fn agree(&self, other: &PublicKey) -> Result<Key, Invalid> {
        let other = UnparsedPublicKey::new(&X25519, other.as_bytes());
        let shared = agreement::agree(&self.key, other, Invalid, |bytes| {
            let mut shared = Zeroizing::new([0; 32]);
            if bytes.len() != shared.len() {
                return Err(Invalid);
            }
            shared.copy_from_slice(bytes);
            Ok(shared)
        })?;
        if bool::from(shared.ct_eq(&[0; 32])) {
            return Err(Invalid);
        }
        Ok(shared)
    }
}

/// A ChaCha20-Poly1305 key for many packets (RFC 8439); AWS-LC wipes it when freed.
pub(crate) struct PacketKey(LessSafeKey);

impl PacketKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let unbound = UnboundKey::new(&CHACHA20_POLY1305, key).expect("the key has 32 bytes");
        Self(LessSafeKey::new(unbound))
    }

    /// AEAD: seals `text` where it lies and returns the tag.
    pub(crate) fn seal(&self, counter: u64, additional: &[u8], text: &mut [u8]) -> [u8; TAG_LEN] {
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce(counter), Aad::from(additional), text)
            .expect("no packet comes near the cipher's limit of 256 GiB");
        tag.as_ref().try_into().expect("a Poly1305 tag has 16 bytes")
    }

    /// Opens `sealed`, text and tag, where it lies; the text is the front part.
    pub(crate) fn open<'a>(
        &self,
        counter: u64,
        additional: &[u8],
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], Invalid> {
        self.0
            .open_in_place(nonce(counter), Aad::from(additional), sealed)
            .map_err(|_| Invalid)
    }
}

/// "32 bits of zeros followed by the 64-bit little-endian value of counter."
fn nonce(counter: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&counter.to_le_bytes());
    Nonce::assume_unique_for_key(bytes)
}

/// XAEAD: seals the 16 bytes of a cookie (draft-irtf-cfrg-xchacha-03).
pub(crate) fn seal_cookie(key: &[u8; 32], nonce: &[u8; 24], additional: &[u8], cookie: &[u8; 16]) -> [u8; 32] {
    let mut sealed = [0; 32];
    sealed[..16].copy_from_slice(cookie);
    let (text, tag) = sealed.split_at_mut(16);
    let computed = XChaCha20Poly1305::new(key.into())
        .encrypt_inout_detached(nonce.into(), additional, text.into())
        .expect("16 bytes are below the cipher's limit");
    tag.copy_from_slice(&computed);
    sealed
}

/// Opens a sealed cookie.
pub(crate) fn open_cookie(
    key: &[u8; 32],
    nonce: &[u8; 24],
    additional: &[u8],
    sealed: &[u8; 32],
) -> Result<[u8; 16], Invalid> {
    let mut cookie = [0; 16];
    cookie.copy_from_slice(&sealed[..16]);
    let tag: [u8; 16] = sealed[16..].try_into().expect("32 less 16");
    XChaCha20Poly1305::new(key.into())
        .decrypt_inout_detached(nonce.into(), additional, cookie.as_mut_slice().into(), (&tag).into())
        .map_err(|_| Invalid)?;
    Ok(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    fn array<const N: usize>(text: &str) -> [u8; N] {
        hex(text).try_into().unwrap()
    }

    #[test]
    fn rfc_7693_appendix_b_blake2s_of_abc() {
        assert_eq!(
            hash(&[b"a", b"bc"]),
            array("508C5E8C327C14E2E1A72BA34EEB452F37458B209ED63A294D999B4C86675982")
        );
    }

    #[test]
    fn blake2s_keyed_reference_vector() {
        // blake2-kat: key 00..1f, empty input and input 00; 32 bytes of output, so HASH's size.
        use blake2::digest::consts::U32;
        let key: Vec<u8> = (0..32).collect();
        let digest = Blake2sMac::<U32>::new_from_slice(&key).unwrap().finalize_fixed();
        assert_eq!(
            <[u8; 32]>::from(digest),
            array("48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49")
        );
    }

    #[test]
    fn rfc_7748_section_6_1_diffie_hellman() {
        let alice = Secret::from_bytes(&array(
            "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
        ));
        let bob = Secret::from_bytes(&array(
            "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
        ));
        assert_eq!(
            alice.public().as_bytes(),
            &array("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        );
        assert_eq!(
            bob.public().as_bytes(),
            &array("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
        );
        let shared = array("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
        assert_eq!(*alice.agree(&bob.public()).unwrap(), shared);
        assert_eq!(*bob.agree(&alice.public()).unwrap(), shared);
    }

    #[test]
    fn rfc_8439_appendix_a_5_open() {
        // The one published vector whose nonce has WireGuard's shape, 32 zero bits first, is
        // appendix A.5: 00 00 00 00 01 02 03 04 05 06 07 08.
        let key = PacketKey::new(&array(
            "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0",
        ));
        let counter = u64::from_le_bytes([1, 2, 3, 4, 5, 6, 7, 8]);
        let additional = hex("f33388860000000000004e91");
        let mut sealed = hex(
            "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e
             382d26b0bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd
             60f982b1ff37c8559797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c76
             7b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a
             0d072b04b3564eea1b422273f548271a0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a67276
             27097a1049e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b0270
             9b
             eead9d67890cbb22392336fea1851f38",
        );
        let copy = sealed.clone();
        let text = key.open(counter, &additional, &mut sealed).unwrap();
        assert!(text.starts_with(b"Internet-Drafts are draft documents valid for a maximum of six"));
        let mut text = text.to_vec();
        let tag = key.seal(counter, &additional, &mut text);
        assert_eq!([&text[..], &tag].concat(), copy);
        let mut forged = copy;
        forged[0] ^= 1;
        assert_eq!(key.open(counter, &additional, &mut forged), Err(Invalid));
    }

    #[test]
    fn a_sealed_cookie_opens_with_the_same_key_nonce_and_data_only() {
        let (key, nonce, cookie) = ([1; 32], [2; 24], [3; 16]);
        let sealed = seal_cookie(&key, &nonce, b"mac", &cookie);
        assert_eq!(open_cookie(&key, &nonce, b"mac", &sealed), Ok(cookie));
        assert!(open_cookie(&[0; 32], &nonce, b"mac", &sealed).is_err());
        assert!(open_cookie(&key, &[0; 24], b"mac", &sealed).is_err());
        assert!(open_cookie(&key, &nonce, b"other", &sealed).is_err());
    }

    #[test]
    fn draft_irtf_cfrg_xchacha_03_appendix_a_3_1() {
        // The draft's text is longer than a cookie, so this is its first block and, below, the
        // whole of it through the same crate.
        let key: [u8; 32] = array("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
        let nonce: [u8; 24] = array("404142434445464748494a4b4c4d4e4f5051525354555657");
        let additional = hex("50515253c0c1c2c3c4c5c6c7");
        let mut text = *b"Ladies and Gentlemen of the class of '99: If I could offer you \
            only one tip for the future, sunscreen would be it.";
        let first: [u8; 16] = text[..16].try_into().unwrap();
        let sealed = seal_cookie(&key, &nonce, &additional, &first);
        assert_eq!(sealed[..16], hex("bd6d179d3e83d43b9576579493c0e939")[..]);
        let tag = XChaCha20Poly1305::new((&key).into())
            .encrypt_inout_detached((&nonce).into(), &additional, text.as_mut_slice().into())
            .unwrap();
        assert_eq!(tag[..], hex("c0875924c1c7987947deafd8780acf49")[..]);
    }
}
