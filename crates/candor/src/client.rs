//! A device's side of the tunnel for the tour and the proof: a member's configuration, carried out in a namespace.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use account::KeyText;
use anyhow::Context as _;
use sys::{LinkName, NetNamespace, Range, Tun, TunOptions, UdpSocket};
use vpn::driver::client::ClientOptions;
use vpn::proto::{Prefix, PresharedKey, PrivateKey, PublicKey};

use crate::member::KeyPair;

/// The name of the tunnel device in the namespace.
const INTERFACE: &str = "tunnel";
const QUEUE_PACKETS: u32 = 1000;
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

/// A device that is connected; dropped, it disconnects.
pub(crate) struct Client(vpn::driver::client::Client);

impl Client {
    /// Connects in a namespace; `through` is what goes through the tunnel.
    ///
    /// # Errors
    /// The kernel refuses; the message says what is missing.
    pub(crate) fn start(
        namespace: &NetNamespace,
        configuration: &Configuration,
        through: &[IpAddr],
    ) -> anyhow::Result<Self> {
        let (tun, socket) = namespace.run(|| open(configuration, through))??;
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
        Ok(Self(vpn::driver::client::Client::start(options, tun, socket)?))
    }

    /// Disconnects.
    pub(crate) fn stop(self) {
        drop(self.0);
    }
}

fn open(configuration: &Configuration, through: &[IpAddr]) -> anyhow::Result<(Tun, UdpSocket)> {
    let whole = |address: &IpAddr| Range::new(*address, if address.is_ipv4() { 32 } else { 128 });
    let tun = Tun::create(&TunOptions {
        name: LinkName::new(INTERFACE)?,
        mtu_bytes: configuration.mtu.into(),
        queue_packets: QUEUE_PACKETS,
        addresses: configuration.addresses.iter().map(whole).collect::<Result<_, _>>()?,
        routes: through.iter().map(whole).collect::<Result<_, _>>()?,
    })?;
    let any: IpAddr = if configuration.endpoint.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    Ok((tun, UdpSocket::bind(SocketAddr::new(any, 0))?))
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
