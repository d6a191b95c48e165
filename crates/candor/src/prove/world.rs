//! A device and a destination in namespaces of their own, on both sides of a running instance.
//!
//! ```text
//!   namespace "device"            this machine                 namespace "destination"
//!   tunnel ◀─▶ WireGuard ─veth─▶ candor's UDP port
//!                                candor0 ─▶ nft ─▶ veth ─────▶ TCP and UDP echo
//! ```

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use anyhow::{Context as _, bail};
use sys::netlink::Netlink;
use sys::{LinkName, NetNamespace, Range};

use super::canary::{Canary, random, random_ipv4, random_ipv6, token};
use crate::client::{Client, Configuration};
use crate::member::KeyPair;

/// How long one step of the tour may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long to wait between two tries of a first packet; the handshake takes a round trip.
const RETRY: Duration = Duration::from_millis(250);
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
    device: Cable,
    destination: Cable,
    name: String,
    payload: String,
    configuration: Configuration,
    standing: Option<Standing>,
}

/// What stands while the machine is searched, so that flows are alive: dropped, it is gone.
struct Standing {
    client: Client,
    streams: Vec<TcpStream>,
    _namespaces: [NetNamespace; 2],
}

impl Tour {
    /// Draws the canaries of a tour with this device.
    ///
    /// # Errors
    /// The configuration is not one; the operating system gives no randomness.
    pub(crate) fn draw(configuration: &str, keys: &KeyPair, port: u16) -> anyhow::Result<Self> {
        let (device, destination) = (Cable::draw()?, Cable::draw()?);
        let endpoint = SocketAddr::new(device.near(), port);
        Ok(Self {
            configuration: Configuration::parse(configuration, keys, endpoint)?,
            device,
            destination,
            name: token()?,
            payload: random::<24>()?.iter().map(|byte| format!("{byte:02x}")).collect(),
            standing: None,
        })
    }

    /// What was planted in the traffic, in every form.
    pub(crate) fn canaries(&self) -> Vec<Canary> {
        let address = |name, address: IpAddr| Canary::address(name, address);
        vec![
            address("client address (IPv6)", self.device.far_v6.into()),
            address("client address (IPv4)", self.device.far_v4.into()),
            address("destination address (IPv6)", self.destination.far_v6.into()),
            address("destination address (IPv4)", self.destination.far_v4.into()),
            Canary::text("name asked for", &self.name),
            Canary::text("payload", &self.payload),
        ]
    }

    /// What a careless line of code would write.
    pub(crate) fn leak(&self) -> String {
        format!("connect to {}\n", self.destination.far_v6)
    }

    /// Travels: over TCP with the payload and over UDP with the name, over IPv6 and IPv4. The flows stay open until
    /// [`Tour::end`]. Gives what was seen.
    ///
    /// # Errors
    /// A packet does not come back.
    pub(crate) fn travel(mut self) -> anyhow::Result<(Self, Vec<String>)> {
        let destination = self.destination.lay("cdrprove1", "wire")?;
        let device = self.device.lay("cdrprove0", "wire")?;
        let (v4, v6) = (IpAddr::V4(self.destination.far_v4), IpAddr::V6(self.destination.far_v6));
        destination.run(|| [v4, v6].into_iter().try_for_each(serve_echo))??;
        let client = Client::start(&device, &self.configuration, &[v4, v6])?;
        let visit = || -> anyhow::Result<Vec<TcpStream>> {
            let mut streams = Vec::new();
            for address in [v6, v4] {
                streams.push(echo_stream(
                    SocketAddr::new(address, ECHO_PORT),
                    self.payload.as_bytes(),
                )?);
                echo_datagram(SocketAddr::new(address, DNS_PORT), &question(&self.name))?;
            }
            Ok(streams)
        };
        let streams = device.run(visit)??;
        self.standing = Some(Standing {
            client,
            streams,
            _namespaces: [destination, device],
        });
        let sights =
            vec!["TCP with a payload and UDP with a question went there and came back, over IPv6 and IPv4".to_owned()];
        Ok((self, sights))
    }

    /// Ends the flows and takes the namespaces and their cables away.
    pub(crate) fn end(self) {
        if let Some(Standing { client, streams, .. }) = self.standing {
            drop(streams);
            client.stop();
        }
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

fn echo_stream(address: SocketAddr, payload: &[u8]) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)
        .with_context(|| format!("nothing came back from {address} through the tunnel"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(payload)?;
    let mut back = vec![0; payload.len()];
    stream.read_exact(&mut back).context("the payload did not come back")?;
    if back != payload {
        bail!("the payload came back changed");
    }
    Ok(stream)
}

fn echo_datagram(address: SocketAddr, question: &[u8]) -> anyhow::Result<()> {
    let any: IpAddr = if address.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.set_read_timeout(Some(RETRY))?;
    let mut buffer = [0; 512];
    let begun = std::time::Instant::now();
    while begun.elapsed() < PATIENCE {
        socket.send_to(question, address)?;
        if let Ok((length, _)) = socket.recv_from(&mut buffer)
            && buffer[..length] == *question
        {
            return Ok(());
        }
    }
    bail!("the question to {address} did not come back")
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
