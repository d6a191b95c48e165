//! Lines become a request.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use zeroize::Zeroizing;

use super::{AllowedChange, Change, DeviceChange, ENTRIES, Errno, LINE_BYTES, Request};
use crate::proto::{Prefix, PresharedKey, PrivateKey, PublicKey};

/// A request that is being read, line by line. After each request it begins anew.
#[derive(Default)]
pub struct Reader {
    state: State,
    entries: usize,
}

#[derive(Default)]
enum State {
    /// No line of a request has come.
    #[default]
    Waiting,
    Getting,
    Setting(Box<Change>),
    /// The rest of the request is skipped, so that the next begins where it should.
    Wrong,
}

/// A line that says nothing that the protocol knows.
struct Wrong;

impl Reader {
    /// Takes one line, without its newline. The empty line ends a request and brings it out; a
    /// wrong request comes out as the error to answer with, and nothing of it counts.
    pub fn line(&mut self, line: &[u8]) -> Option<Result<Request, Errno>> {
        if line.is_empty() {
            self.entries = 0;
            return match std::mem::take(&mut self.state) {
                // Between requests an empty line says nothing.
                State::Waiting => None,
                State::Getting => Some(Ok(Request::Get)),
                State::Setting(change) => Some(Ok(Request::Set(change))),
                State::Wrong => Some(Err(Errno::Invalid)),
            };
        }
        if self.take(line).is_err() {
            self.state = State::Wrong;
        }
        None
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Wrong> {
        if line.len() > LINE_BYTES {
            return Err(Wrong);
        }
        let line = str::from_utf8(line).map_err(|_| Wrong)?;
        let (key, value) = line.split_once('=').ok_or(Wrong)?;
        match &mut self.state {
            State::Waiting => {
                self.state = match (key, value) {
                    ("get", "1") => State::Getting,
                    ("set", "1") => State::Setting(Box::default()),
                    _ => State::Wrong,
                };
                Ok(())
            }
            State::Getting => Err(Wrong),
            State::Wrong => Ok(()),
            State::Setting(change) => {
                if matches!(key, "public_key" | "allowed_ip") {
                    self.entries += 1;
                }
                if self.entries > ENTRIES {
                    return Err(Wrong);
                }
                match change.devices.last_mut() {
                    Some(device) if key != "public_key" => of_device(device, key, value),
                    Some(_) | None => of_interface(change, key, value),
                }
            }
        }
    }
}

fn of_interface(change: &mut Change, key: &str, value: &str) -> Result<(), Wrong> {
    match key {
        "private_key" => change.private_key = Some(PrivateKey::from_bytes(*hex(value)?)),
        "listen_port" => change.listen_port = Some(number(value)?),
        // "may be 0 to clear"; some write it as hexadecimal.
        "fwmark" => {
            change.fwmark = Some(match value.strip_prefix("0x") {
                Some(digits) => u32::from_str_radix(digits, 16).map_err(|_| Wrong)?,
                None => number(value)?,
            });
        }
        "replace_peers" => change.replace_devices = is_true(value)?,
        "public_key" => change.devices.push(DeviceChange {
            public_key: PublicKey::from_bytes(*hex(value)?),
            remove: false,
            update_only: false,
            preshared_key: None,
            endpoint: None,
            keepalive_seconds: None,
            replace_allowed: false,
            allowed: Vec::new(),
        }),
        _ => return Err(Wrong),
    }
    Ok(())
}

fn of_device(device: &mut DeviceChange, key: &str, value: &str) -> Result<(), Wrong> {
    match key {
        "remove" => device.remove = is_true(value)?,
        "update_only" => device.update_only = is_true(value)?,
        "preshared_key" => device.preshared_key = Some(PresharedKey::from_bytes(*hex(value)?)),
        "endpoint" => {
            let endpoint = SocketAddr::from_str(value).map_err(|_| Wrong)?;
            // Nobody can be reached at port zero.
            device.endpoint = Some(endpoint).filter(|endpoint| endpoint.port() != 0);
            device.endpoint.ok_or(Wrong)?;
        }
        "persistent_keepalive_interval" => device.keepalive_seconds = Some(number(value)?),
        "replace_allowed_ips" => {
            device.replace_allowed = is_true(value)?;
            device.allowed.clear();
        }
        "allowed_ip" => device.allowed.push(match value.strip_prefix('-') {
            Some(taken) => AllowedChange::Take(prefix(taken)?),
            None => AllowedChange::Give(prefix(value)?),
        }),
        // "protocol_version … should be 1".
        "protocol_version" if value == "1" => {}
        _ => return Err(Wrong),
    }
    Ok(())
}

fn is_true(value: &str) -> Result<bool, Wrong> {
    if value == "true" { Ok(true) } else { Err(Wrong) }
}

/// Digits alone: `from_str` would take a sign as well.
fn number<N: FromStr>(value: &str) -> Result<N, Wrong> {
    let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain {
        value.parse().map_err(|_| Wrong)
    } else {
        Err(Wrong)
    }
}

fn prefix(value: &str) -> Result<Prefix, Wrong> {
    let (address, len) = value.split_once('/').ok_or(Wrong)?;
    let address = IpAddr::from_str(address).map_err(|_| Wrong)?;
    Prefix::new(address, number(len)?).ok_or(Wrong)
}

/// "lowercase hex-encoded"; capitals are taken too.
fn hex(value: &str) -> Result<Zeroizing<[u8; 32]>, Wrong> {
    let digits = value.as_bytes();
    let mut key = Zeroizing::new([0; 32]);
    if digits.len() != 2 * key.len() {
        return Err(Wrong);
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(Wrong);
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "b85996fecc9c7f1fc6d2572a76eda11d59bcd20be8e543b15ce4bd85a8e75a33";

    fn read(text: &str) -> Vec<Result<Request, Errno>> {
        let mut reader = Reader::default();
        text.split('\n')
            .filter_map(|line| reader.line(line.as_bytes()))
            .collect()
    }

    fn change(text: &str) -> Option<Change> {
        match read(&format!("set=1\n{text}\n\n")).pop() {
            Some(Ok(Request::Set(change))) => Some(*change),
            _ => None,
        }
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let text = format!(
            "private_key=e84b5a6d2717c1003a13b431570353dbaca9146cf150c5f8575680feba52027a\nfwmark=0\nlisten_port=12912\n\
             replace_peers=true\npublic_key={KEY}\npreshared_key={KEY}\nreplace_allowed_ips=true\nallowed_ip=192.168.4.4/32\n\
             endpoint=[abcd:23::33%2]:51820\npublic_key={KEY}\npersistent_keepalive_interval=111\nendpoint=182.122.22.19:3233\n\
             public_key={KEY}\nremove=true"
        );
        // The zone is Linux's number of an interface.
        let read = change(&text).unwrap();
        assert!(read.replace_devices && read.devices.len() == 3);
        assert_eq!((read.fwmark, read.listen_port), (Some(0), Some(12912)));
        assert_eq!(read.devices[0].endpoint, Some("[abcd:23::33%2]:51820".parse().unwrap()));
        assert!(read.devices[0].replace_allowed && read.devices[0].allowed.len() == 1);
        assert_eq!(read.devices[1].keepalive_seconds, Some(111));
        assert!(read.devices[2].remove);
    }

    #[test]
    fn what_the_protocol_does_not_know_is_refused_whole_and_the_next_request_counts() {
        for wrong in [
            "private_key=00",
            "listen_port=65536",
            "listen_port=+1",
            "listen_port=",
            "replace_peers=1",
            "endpoint=1.2.3.4:5",
            "unknown=1",
            "nonsense",
            &format!("public_key={KEY}\nendpoint=example.org:1"),
            &format!("public_key={KEY}\nendpoint=1.2.3.4:0"),
            &format!("public_key={KEY}\nallowed_ip=10.0.0.0/33"),
            &format!("public_key={KEY}\nallowed_ip=10.0.0.0"),
            &format!("public_key={KEY}\nprotocol_version=2"),
            &format!("public_key={KEY}\nlisten_port=1"),
            &format!("public_key={}g", &KEY[1..]),
        ] {
            let requests = read(&format!("set=1\nfwmark=7\n{wrong}\nlisten_port=1\n\nget=1\n\n"));
            assert!(
                matches!(requests[..], [Err(Errno::Invalid), Ok(Request::Get)]),
                "{wrong}"
            );
        }
        assert!(matches!(read("get=2\n\n")[..], [Err(Errno::Invalid)]));
        assert!(matches!(read("get=1\nprivate_key=1\n\n")[..], [Err(Errno::Invalid)]));
        assert!(read("\n\n\n").is_empty());
    }

    #[test]
    fn limits_hold_to_the_line() {
        let mut long = vec![b'a'; LINE_BYTES + 1];
        long[3] = b'=';
        let mut reader = Reader::default();
        assert!(reader.line(b"set=1").is_none() && reader.line(&long).is_none());
        assert!(matches!(reader.line(b""), Some(Err(Errno::Invalid))));
        for (entries, is_taken) in [(ENTRIES, true), (ENTRIES + 1, false)] {
            let mut reader = Reader::default();
            reader.line(b"set=1");
            reader.line(format!("public_key={KEY}").as_bytes());
            for _ in 1..entries {
                reader.line(b"allowed_ip=10.0.0.0/8");
            }
            assert_eq!(matches!(reader.line(b""), Some(Ok(_))), is_taken);
        }
    }

    #[test]
    fn a_prefix_may_be_taken_away() {
        let read = change(&format!(
            "public_key={KEY}\nallowed_ip=10.0.0.1/8\nallowed_ip=-fd00::/8"
        ))
        .unwrap();
        let prefix = |text: &str, len| Prefix::new(text.parse().unwrap(), len).unwrap();
        let expected = [
            AllowedChange::Give(prefix("10.0.0.0", 8)),
            AllowedChange::Take(prefix("fd00::", 8)),
        ];
        assert!(read.devices[0].allowed == expected);
    }
}
