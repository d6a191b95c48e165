//! A device's side of the tunnel for the tour and the proof: a member's configuration, carried out in
//! user space.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use account::KeyText;
use anyhow::Context as _;
use sys::{NetNamespace, UdpSocket};
use vpn::driver::client::ClientOptions;
use vpn::driver::inside::{self, Inside};
use vpn::proto::{Prefix, PresharedKey, PrivateKey, PublicKey};

use crate::member::KeyPair;

/// Seconds between keepalives; the first one makes the device call at once.
const KEEPALIVE_SECONDS: u16 = 25;

/// What the devices page gives to a device.
#[derive(Clone)]
pub(crate) struct Configuration {
    private: KeyText,
    server: KeyText,
    psk: KeyText,
    addresses: Vec<IpAddr>,
    mtu: u16,
    endpoint: SocketAddr,
}

impl Configuration {
    /// Reads a wg-quick configuration; the private key comes from `keys`, and `endpoint` replaces the file's.
    ///
    /// # Errors
    /// A line that is needed is missing or is not what it should be.
    pub(crate) fn parse(text: &str, keys: &KeyPair, endpoint: SocketAddr) -> anyhow::Result<Self> {
        let value = |name: &str| {
            let mut pairs = text.lines().filter_map(|line| line.split_once('='));
            let found = pairs
                .find(|(key, _)| key.trim() == name)
                .map(|(_, value)| value.trim().to_owned());
            found.with_context(|| format!("the configuration has no line {name}"))
        };
        let key = |name: &str| {
            value(name)?
                .parse::<KeyText>()
                .with_context(|| format!("{name} in the configuration is no key"))
        };
        let addresses = value("Address")?;
        let addresses = addresses.split(',').map(|address| {
            let (address, _) = address.trim().split_once('/').unwrap_or((address.trim(), ""));
            address
                .parse()
                .with_context(|| format!("{address} in the configuration is no address"))
        });
        Ok(Self {
            private: keys.private,
            server: key("PublicKey")?,
            psk: key("PresharedKey")?,
            addresses: addresses.collect::<anyhow::Result<_>>()?,
            mtu: value("MTU")?.parse().context("MTU in the configuration is no number")?,
            endpoint,
        })
    }
}

/// A device that is connected, and what its programs do; dropped, it disconnects.
pub(crate) struct Client {
    _carrying: vpn::driver::client::Client,
    pub(crate) inside: Inside,
}

impl Client {
    /// Connects from an address of a namespace, or of this one. There is no tunnel device, so it needs no right.
    ///
    /// # Errors
    /// The kernel refuses; the message says what is missing.
    pub(crate) fn start(
        namespace: Option<&NetNamespace>,
        from: IpAddr,
        configuration: &Configuration,
    ) -> anyhow::Result<Self> {
        let bind = || UdpSocket::bind(SocketAddr::new(from, 0));
        let socket = match namespace {
            Some(namespace) => namespace.run(bind)??,
            None => bind()?,
        };
        let everything = [
            Prefix::new(Ipv4Addr::UNSPECIFIED.into(), 0).context("0.0.0.0/0 is a prefix")?,
            Prefix::new(Ipv6Addr::UNSPECIFIED.into(), 0).context("::/0 is a prefix")?,
        ];
        let options = ClientOptions {
            private_key: PrivateKey::from_bytes(configuration.private.0),
            server: PublicKey::from_bytes(configuration.server.0),
            preshared_key: PresharedKey::from_bytes(configuration.psk.0),
            endpoint: configuration.endpoint,
            mtu_bytes: configuration.mtu,
            allowed: everything.to_vec(),
            keepalive_seconds: Some(KEEPALIVE_SECONDS),
        };
        let (inside, tunnel) = inside::pair(configuration.addresses.clone(), configuration.mtu)?;
        Ok(Self {
            _carrying: vpn::driver::client::Client::start(options, tunnel, socket)?,
            inside,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_of_the_devices_page_is_read() {
        let keys = KeyPair::generate().unwrap();
        let text = format!(
            "[Interface]\nPrivateKey = (yours)\nAddress = 10.66.0.2/32, fd66::2/128\nMTU = 1420\n\n[Peer]\nPublicKey = {0}\n\
             PresharedKey = {0}\nAllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = vpn.example.org:51820\n",
            keys.public
        );
        let endpoint = "[::1]:1".parse().unwrap();
        let configuration = Configuration::parse(&text, &keys, endpoint).unwrap();
        assert_eq!(
            configuration.addresses,
            ["10.66.0.2".parse::<IpAddr>().unwrap(), "fd66::2".parse().unwrap()]
        );
        assert_eq!((configuration.mtu, configuration.endpoint), (1420, endpoint));
        let error = Configuration::parse("[Interface]\n", &keys, endpoint).err().unwrap();
        assert!(error.to_string().contains("no line"), "{error}");
    }
}
