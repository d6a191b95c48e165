//! Canaries: unique values that are planted in order to be searched for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Context as _;

/// A value that was planted, and every form in which it could have been kept.
pub(crate) struct Canary {
    /// What it stands for: `destination address`.
    pub(crate) name: &'static str,
    needles: Vec<Needle>,
}

/// Where a canary may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// Of the traffic: nowhere outside the worker and the named rows of the kernel.
    Traffic,
    /// Of the account: sealed at rest, gone after the erasure; its residue in the parent's memory is reported.
    Account,
}

/// One form of a canary: bytes to search for.
pub(crate) struct Needle {
    /// How it is written: `text`, `raw`.
    pub(crate) form: &'static str,
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
}

/// Random bytes of the operating system's generator.
///
/// # Errors
/// The operating system gives none.
pub(crate) fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)
        .ok()
        .context("the operating system gives no randomness")?;
    Ok(bytes)
}

/// 128 random bits in hexadecimal.
///
/// # Errors
/// As [`random`].
pub(crate) fn token() -> anyhow::Result<String> {
    Ok(hexadecimal(&random::<16>()?))
}

impl Canary {
    /// A text, searched for as it is, in UTF-16, and in base 64 and hexadecimal.
    pub(crate) fn text(name: &'static str, text: &str) -> Self {
        let mut needles = forms(text.as_bytes(), "text");
        let utf16 = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        needles.push(Needle {
            form: "UTF-16",
            bytes: utf16,
        });
        Self { name, needles }
    }

    /// An address. An IPv6 address carries enough randomness to be searched for as bytes; four bytes of IPv4 would be
    /// found by chance in any large memory, so an IPv4 address is searched for as text.
    pub(crate) fn address(name: &'static str, address: IpAddr) -> Self {
        let needles = match address {
            IpAddr::V4(address) => vec![Needle {
                form: "text",
                bytes: address.to_string().into_bytes(),
            }],
            IpAddr::V6(address) => {
                let mut needles = forms(&address.octets(), "raw");
                needles.push(Needle {
                    form: "text",
                    bytes: address.to_string().into_bytes(),
                });
                let groups: Vec<String> = address.segments().iter().map(|group| format!("{group:04x}")).collect();
                needles.push(Needle {
                    form: "full text",
                    bytes: groups.join(":").into_bytes(),
                });
                needles
            }
        };
        Self { name, needles }
    }

    /// Every form to search for.
    pub(crate) fn needles(&self) -> &[Needle] {
        &self.needles
    }
}

/// An IPv6 address of the documentation network 3fff::/20 (RFC 9637) with 108 random bits: nobody's, and not private.
///
/// # Errors
/// As [`random`].
pub(crate) fn random_ipv6() -> anyhow::Result<Ipv6Addr> {
    let mut octets = random::<16>()?;
    [octets[0], octets[1], octets[2]] = [0x3f, 0xff, octets[2] & 0x0f];
    Ok(Ipv6Addr::from(octets))
}

/// An IPv4 address of the benchmarking network 198.18.0.0/15 (RFC 2544), whose last two bits are `10`.
///
/// # Errors
/// As [`random`].
pub(crate) fn random_ipv4() -> anyhow::Result<Ipv4Addr> {
    let [a, b, c] = random::<3>()?;
    Ok(Ipv4Addr::new(198, 18 | a & 1, b, c & 0xfc | 2))
}

/// An address of this machine alone, with 23 random bits (RFC 1122, section 3.2.1.3): never its usual ones.
///
/// # Errors
/// As [`random`].
pub(crate) fn random_loopback() -> anyhow::Result<Ipv4Addr> {
    let [a, b, c] = random::<3>()?;
    Ok(Ipv4Addr::new(127, a | 128, b, c & 0xfc | 2))
}

fn forms(bytes: &[u8], form: &'static str) -> Vec<Needle> {
    let hex = hexadecimal(bytes);
    let mut needles = vec![
        Needle {
            form,
            bytes: bytes.to_vec(),
        },
        Needle {
            form: "hexadecimal",
            bytes: hex.to_uppercase().into_bytes(),
        },
        Needle {
            form: "hexadecimal",
            bytes: hex.into_bytes(),
        },
    ];
    // Base 64 looks different at each of three alignments; the digits that depend on neighbours are left out.
    for shift in 0..3 {
        let mut padded = vec![0; shift];
        padded.extend_from_slice(bytes);
        let digits = base64(&padded);
        let from = [0, 2, 3][shift];
        let to = padded.len() * 8 / 6;
        needles.push(Needle {
            form: "base 64",
            bytes: digits[from..to].to_vec(),
        });
    }
    needles
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut digits = Vec::with_capacity(bytes.len() * 8 / 6 + 1);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 6 {
            count -= 6;
            digits.push(DIGITS[(bits >> count & 63) as usize]);
        }
    }
    digits
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forms in which a canary is found.
    fn found(canary: &Canary, bytes: &[u8]) -> Vec<&'static str> {
        let is_in = |needle: &&Needle| bytes.windows(needle.bytes.len()).any(|window| window == needle.bytes);
        canary
            .needles()
            .iter()
            .filter(is_in)
            .map(|needle| needle.form)
            .collect()
    }

    #[test]
    fn a_text_is_found_in_every_form_and_at_every_alignment() {
        let canary = Canary::text("t", "canary-4f1d9c");
        for shift in 0..5 {
            let mut place = vec![b'x'; shift];
            place.extend_from_slice(b"canary-4f1d9c and more");
            assert_eq!(found(&canary, &place), ["text"]);
            assert_eq!(found(&canary, &base64(&place)), ["base 64"], "shift {shift}");
            assert_eq!(found(&canary, hexadecimal(&place).as_bytes()), ["hexadecimal"]);
        }
        assert!(found(&canary, b"canary-4f1d9d").is_empty());
    }

    #[test]
    fn an_ipv6_address_is_found_as_bytes_and_as_text() {
        let address: Ipv6Addr = "fd12:3456:789a::42".parse().unwrap();
        let canary = Canary::address("a", address.into());
        assert_eq!(found(&canary, &[&[1, 2][..], &address.octets()].concat()), ["raw"]);
        assert_eq!(found(&canary, b"from fd12:3456:789a::42 port 1"), ["text"]);
        assert_eq!(
            found(&canary, b"fd12:3456:789a:0000:0000:0000:0000:0042"),
            ["full text"]
        );
    }

    #[test]
    fn an_ipv4_address_is_searched_for_as_text_alone() {
        let canary = Canary::address("a", "198.18.3.2".parse().unwrap());
        assert!(found(&canary, &[198, 18, 3, 2]).is_empty());
        assert_eq!(found(&canary, b"dst=198.18.3.2 "), ["text"]);
    }
}
