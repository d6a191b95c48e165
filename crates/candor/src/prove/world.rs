//! A device and a destination in namespaces of their own, on both sides of a running instance.
//!
//! ```text
//!   namespace "device"            this machine                 namespace "destination"
//!   smoltcp ◀─▶ engine ──veth──▶ candor's UDP port
//!                                candor0, nft or connector ─▶ veth ─▶ TCP and UDP echo
//! ```
//!
//! Where this process may not make namespaces, the device is on this machine, at an address of 127.0.0.0/8 drawn for it,
//! and nobody is at the destination: a member's traffic never ends on this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use anyhow::{Context as _, bail};
use sys::netlink::Netlink;
use sys::{LinkName, NetNamespace, Range};

use vpn::driver::inside::{Inside, Stream};

use super::canary::{Canary, random, random_ipv4, random_ipv6, random_loopback, token};
use crate::client::{Client, Configuration};
use crate::member::KeyPair;
use crate::tunnel::GATEWAY;

/// How long one step of the tour may take.
const PATIENCE: Duration = Duration::from_secs(15);
const ECHO_PORT: u16 = 7;
const DNS_PORT: u16 = 53;

/// The addresses of one cable: the machine's end and the far end.
#[derive(Clone, Copy)]
pub(crate) struct Cable {
    near_v4: Ipv4Addr,
    near_v6: Ipv6Addr,
    pub(crate) far_v4: Ipv4Addr,
    pub(crate) far_v6: Ipv6Addr,
}

impl Cable {
    /// Random addresses: a /30 of the benchmarking network and a /127 of a random unique local one.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub(crate) fn draw() -> anyhow::Result<Self> {
        let (far_v4, far_v6) = (random_ipv4()?, random_ipv6()?);
        Ok(Self {
            near_v4: Ipv4Addr::from_bits(far_v4.to_bits() ^ 3),
            near_v6: Ipv6Addr::from_bits(far_v6.to_bits() ^ 1),
            far_v4,
            far_v6,
        })
    }

    /// The machine's end, where a device finds the provider.
    pub(crate) const fn near(&self) -> IpAddr {
        IpAddr::V6(self.near_v6)
    }

    /// Lays the cable between the present namespace and a new one, which it gives.
    ///
    /// # Errors
    /// The kernel refuses; the message says what is missing.
    pub(crate) fn lay(&self, near: &str, far: &str) -> anyhow::Result<NetNamespace> {
        let (near, far) = (LinkName::new(near)?, LinkName::new(far)?);
        // The end of a cable outlives its namespace for a moment, or an earlier run was killed.
        if let Ok(left) = near.index() {
            Netlink::open()?.remove_link(left)?;
        }
        let (here, there) = (NetNamespace::present()?, NetNamespace::create()?);
        here.connect(&near, &there, &far)?;
        self.address(&near, self.near_v4, self.near_v6)?;
        there.run(|| self.address(&far, self.far_v4, self.far_v6))??;
        Ok(there)
    }

    fn address(&self, link: &LinkName, v4: Ipv4Addr, v6: Ipv6Addr) -> anyhow::Result<()> {
        let (netlink, index) = (Netlink::open()?, link.index()?);
        netlink.add_address(index, Range::new(v4.into(), 30)?)?;
        netlink.add_address(index, Range::new(v6.into(), 127)?)?;
        Ok(())
    }
}

/// One tour of canaries through the tunnel.
pub(crate) struct Tour {
    way: Way,
    destination: [IpAddr; 2],
    name: String,
    payload: String,
    configuration: Configuration,
    standing: Option<Standing>,
}

/// Where the device and its destination are.
enum Way {
    /// Both in namespaces of their own: what is sent comes back.
    Laid { device: Cable, destination: Cable },
    /// The device on this machine, whose own addresses a member never reaches: what is sent to the provider's addresses in
    /// the tunnel comes back, and nobody is at the destination.
    Here(Ipv4Addr),
}

/// What stands while the machine is searched, so that flows are alive: dropped, it is gone.
struct Standing {
    _client: Client,
    _streams: Vec<Stream>,
    _namespaces: Vec<NetNamespace>,
}

impl Tour {
    /// Draws the canaries of a tour with this device; `is_laid`: this process may make namespaces and cables.
    ///
    /// # Errors
    /// The configuration is not one; the operating system gives no randomness.
    pub(crate) fn draw(configuration: &str, keys: &KeyPair, port: u16, is_laid: bool) -> anyhow::Result<Self> {
        let far = Cable::draw()?;
        let destination = [far.far_v6.into(), far.far_v4.into()];
        let (way, endpoint) = match is_laid {
            true => {
                let device = Cable::draw()?;
                let endpoint = device.near();
                let destination = far;
                (Way::Laid { device, destination }, endpoint)
            }
            false => (Way::Here(random_loopback()?), Ipv4Addr::LOCALHOST.into()),
        };
        Ok(Self {
            configuration: Configuration::parse(configuration, keys, SocketAddr::new(endpoint, port))?,
            way,
            destination,
            name: token()?,
            payload: random::<24>()?.iter().map(|byte| format!("{byte:02x}")).collect(),
            standing: None,
        })
    }

    /// What was planted in the traffic, in every form.
    pub(crate) fn canaries(&self) -> Vec<Canary> {
        let address = |name, address: IpAddr| Canary::address(name, address);
        let mut canaries = match &self.way {
            Way::Laid { device, .. } => vec![
                address("client address (IPv6)", device.far_v6.into()),
                address("client address (IPv4)", device.far_v4.into()),
            ],
            Way::Here(device) => vec![address("client address (IPv4)", (*device).into())],
        };
        let [v6, v4] = self.destination;
        canaries.extend([
            address("destination address (IPv6)", v6),
            address("destination address (IPv4)", v4),
            Canary::text("name asked for", &self.name),
            Canary::text("payload", &self.payload),
        ]);
        canaries
    }

    /// What a careless line of code would write.
    pub(crate) fn leak(&self) -> String {
        format!("connect to {}\n", self.destination[0])
    }

    /// Whether what is sent to the destination comes back.
    pub(crate) const fn is_laid(&self) -> bool {
        matches!(self.way, Way::Laid { .. })
    }

    /// Travels, over IPv6 and IPv4. The flows stay open until [`Tour::end`]. Gives what was seen.
    ///
    /// # Errors
    /// A packet does not come back.
    pub(crate) fn travel(mut self) -> anyhow::Result<(Self, Vec<String>)> {
        let (standing, sights) = match &self.way {
            Way::Laid { device, destination } => {
                let far = destination.lay("cdrprove1", "wire")?;
                let near = device.lay("cdrprove0", "wire")?;
                let ends = self.destination;
                far.run(|| ends.into_iter().try_for_each(serve_echo))??;
                let mut client = Client::start(Some(&near), device.far_v6.into(), &self.configuration)?;
                let streams = self.there_and_back(&mut client.inside)?;
                let standing = Standing {
                    _client: client,
                    _streams: streams,
                    _namespaces: vec![far, near],
                };
                let sight = "TCP with a payload and UDP with a question went there and came back, over IPv6 and IPv4";
                (standing, vec![sight.to_owned()])
            }
            Way::Here(device) => {
                let mut client = Client::start(None, (*device).into(), &self.configuration)?;
                self.there(&mut client.inside)?;
                let standing = Standing {
                    _client: client,
                    _streams: Vec::new(),
                    _namespaces: Vec::new(),
                };
                let sights = [
                    "a device on this machine sent echoes with the payload to the provider's own addresses in the tunnel, \
                     and they came back, over IPv6 and IPv4",
                    "the question and the payload went on to addresses that nobody has",
                ];
                (standing, sights.map(str::to_owned).to_vec())
            }
        };
        self.standing = Some(standing);
        Ok((self, sights))
    }

    /// Over TCP with the payload and over UDP with the name.
    fn there_and_back(&self, inside: &mut Inside) -> anyhow::Result<Vec<Stream>> {
        let mut streams = Vec::new();
        for address in self.destination {
            let to = SocketAddr::new(address, ECHO_PORT);
            let nothing = || format!("nothing came back from {to} through the tunnel");
            let mut stream = inside.connect(to, PATIENCE).with_context(nothing)?;
            inside
                .write_all(&mut stream, self.payload.as_bytes(), PATIENCE)
                .with_context(nothing)?;
            let mut back = vec![0; self.payload.len()];
            let mut length = 0;
            while length < back.len() {
                match inside.read(&mut stream, &mut back[length..], PATIENCE) {
                    Ok(0) => bail!("the payload came back cut"),
                    Ok(more) => length += more,
                    Err(error) => return Err(error).context("the payload did not come back"),
                }
            }
            if back != self.payload.as_bytes() {
                bail!("the payload came back changed");
            }
            streams.push(stream);
            let to = SocketAddr::new(address, DNS_PORT);
            inside
                .echo_datagram(to, &question(&self.name), PATIENCE)
                .with_context(|| format!("the question to {to} did not come back"))?;
        }
        Ok(streams)
    }

    /// Echoes to the provider's own addresses, and datagrams to a destination where nobody is.
    fn there(&self, inside: &mut Inside) -> anyhow::Result<()> {
        for own in [IpAddr::V6(GATEWAY.v6), IpAddr::V4(GATEWAY.v4)] {
            inside
                .ping(own, self.payload.as_bytes(), PATIENCE)
                .with_context(|| format!("no echo came back from {own} in the tunnel"))?;
        }
        for address in self.destination {
            inside.tell(SocketAddr::new(address, DNS_PORT), &question(&self.name))?;
            inside.tell(SocketAddr::new(address, ECHO_PORT), self.payload.as_bytes())?;
        }
        Ok(())
    }

    /// Ends the flows and takes the namespaces and their cables away.
    pub(crate) fn end(self) {
        drop(self.standing);
    }
}

/// Echoes what TCP and UDP bring, on threads that end with their sockets' last use.
fn serve_echo(address: IpAddr) -> anyhow::Result<()> {
    let listener = TcpListener::bind((address, ECHO_PORT)).context("the destination cannot listen")?;
    let datagrams = UdpSocket::bind((address, DNS_PORT)).context("the destination cannot listen")?;
    datagrams.set_read_timeout(Some(PATIENCE))?;
    std::thread::spawn(move || {
        // One tour opens one stream to each address.
        if let Ok((mut stream, _)) = listener.accept() {
            let _ended = std::io::copy(&mut stream.try_clone()?, &mut stream);
        }
        anyhow::Ok(())
    });
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = datagrams.recv_from(&mut buffer) {
            if datagrams.send_to(&buffer[..length], from).is_err() {
                break;
            }
        }
    });
    Ok(())
}

/// A DNS question for the address of `name.canary.invalid` (RFC 1035, section 4.1).
fn question(name: &str) -> Vec<u8> {
    let mut message = vec![0x5a, 0x5a, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in [name, "canary", "invalid"] {
        message.push(u8::try_from(label.len()).expect("the labels are short"));
        message.extend_from_slice(label.as_bytes());
    }
    message.extend_from_slice(&[0, 0, 1, 0, 1]);
    message
}
