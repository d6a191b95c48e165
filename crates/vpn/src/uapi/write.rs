//! Answers become text.

use std::io::{self, Write};

use zeroize::Zeroizing;

use super::{AllowedChange, Change, Errno, View};

/// Everything, device by device, without ever being one string.
///
/// # Errors
/// Those of the writer.
pub fn write_view(view: &View, out: &mut impl Write) -> io::Result<()> {
    if let Some(key) = &view.private_key {
        write_key(out, "private_key", key.as_bytes())?;
    }
    writeln!(out, "listen_port={}", view.listen_port)?;
    if view.fwmark != 0 {
        writeln!(out, "fwmark={}", view.fwmark)?;
    }
    for device in &view.devices {
        write_key(out, "public_key", device.public_key.as_bytes())?;
        write_key(out, "preshared_key", device.preshared_key.as_bytes())?;
        writeln!(out, "protocol_version=1")?;
        if let Some(endpoint) = device.endpoint {
            writeln!(out, "endpoint={endpoint}")?;
        }
        let handshake = device.handshake.unwrap_or_default();
        writeln!(out, "last_handshake_time_sec={}", handshake.as_secs())?;
        writeln!(out, "last_handshake_time_nsec={}", handshake.subsec_nanos())?;
        writeln!(out, "tx_bytes={}\nrx_bytes={}", device.sent, device.received)?;
        writeln!(out, "persistent_keepalive_interval={}", device.keepalive_seconds)?;
        for prefix in &device.allowed {
            writeln!(out, "allowed_ip={}/{}", prefix.address(), prefix.len())?;
        }
    }
    Ok(())
}

/// What ends every answer. The number is negative, as wireguard-go writes it and `wg(8)` reads it.
///
/// # Errors
/// Those of the writer.
pub fn write_errno(errno: Errno, out: &mut impl Write) -> io::Result<()> {
    write!(out, "errno={}\n\n", -i32::from(errno as u8))
}

fn write_key(out: &mut impl Write, name: &str, key: &[u8; 32]) -> io::Result<()> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Zeroizing::new([0; 64]);
    for (pair, byte) in text.chunks_exact_mut(2).zip(key) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 0xf)];
    }
    write!(out, "{name}=")?;
    out.write_all(&*text)?;
    writeln!(out)
}

/// A request as text; what the fuzz target compares.
pub(super) fn change(change: &Change) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _written = try_change(change, &mut out);
    out
}

fn try_change(change: &Change, out: &mut Vec<u8>) -> io::Result<()> {
    writeln!(out, "set=1")?;
    if let Some(key) = &change.private_key {
        write_key(out, "private_key", key.as_bytes())?;
    }
    if let Some(port) = change.listen_port {
        writeln!(out, "listen_port={port}")?;
    }
    if let Some(mark) = change.fwmark {
        writeln!(out, "fwmark={mark}")?;
    }
    if change.replace_devices {
        writeln!(out, "replace_peers=true")?;
    }
    for device in &change.devices {
        write_key(out, "public_key", device.public_key.as_bytes())?;
        for (is_so, line) in [(device.remove, "remove"), (device.update_only, "update_only")] {
            if is_so {
                writeln!(out, "{line}=true")?;
            }
        }
        if let Some(key) = &device.preshared_key {
            write_key(out, "preshared_key", key.as_bytes())?;
        }
        if let Some(endpoint) = device.endpoint {
            writeln!(out, "endpoint={endpoint}")?;
        }
        if let Some(seconds) = device.keepalive_seconds {
            writeln!(out, "persistent_keepalive_interval={seconds}")?;
        }
        if device.replace_allowed {
            writeln!(out, "replace_allowed_ips=true")?;
        }
        for allowed in &device.allowed {
            let (sign, prefix) = match allowed {
                AllowedChange::Give(prefix) => ("", prefix),
                AllowedChange::Take(prefix) => ("-", prefix),
            };
            writeln!(out, "allowed_ip={sign}{}/{}", prefix.address(), prefix.len())?;
        }
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::super::DeviceView;
    use super::*;
    use crate::proto::{Prefix, PresharedKey, PublicKey};
    use std::time::Duration;

    #[test]
    fn an_answer_is_what_wg_reads() {
        let view = View {
            private_key: None,
            listen_port: 51820,
            fwmark: 7,
            devices: vec![DeviceView {
                public_key: PublicKey::from_bytes([0xab; 32]),
                preshared_key: PresharedKey::none(),
                endpoint: Some("[2001:db8::1]:9".parse().unwrap()),
                handshake: Some(Duration::new(5, 6)),
                received: 92,
                sent: 148,
                keepalive_seconds: 25,
                allowed: vec![Prefix::new("10.0.0.1".parse().unwrap(), 8).unwrap()],
            }],
        };
        let mut out = Vec::new();
        write_view(&view, &mut out).unwrap();
        write_errno(Errno::Invalid, &mut out).unwrap();
        let expected = format!(
            "listen_port=51820\nfwmark=7\npublic_key={}\npreshared_key={}\nprotocol_version=1\nendpoint=[2001:db8::1]:9\n\
             last_handshake_time_sec=5\nlast_handshake_time_nsec=6\ntx_bytes=148\nrx_bytes=92\n\
             persistent_keepalive_interval=25\nallowed_ip=10.0.0.0/8\nerrno=-22\n\n",
            "ab".repeat(32),
            "00".repeat(32)
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
