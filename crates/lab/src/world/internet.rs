//! What is out there: small servers in a namespace, and what a device does with them.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};
use sys::NetNamespace;

use super::{OUT, PATIENCE, add_address, cable, link, random_v6};

/// Sends back what it gets.
pub const ECHO: u16 = 7;
/// Sends as many bytes as asked for.
const SOURCE: u16 = 9000;
/// Answers with the hash of what it got.
const SINK: u16 = 9001;
/// Answers with the address that it sees.
const WHO: u16 = 9002;
/// Bytes that are sent at once.
const BLOCK_BYTES: usize = 1 << 17;

/// How long a connection may stand still that is interrupted: a device notices after fifteen seconds, and its attempts
/// may be lost.
pub const INTERRUPTION: Duration = Duration::from_secs(60);

/// The namespace of the servers.
pub struct Internet {
    /// Where they are.
    pub namespace: NetNamespace,
    /// An address of 128 random bits, to be searched for.
    pub canary: Ipv6Addr,
}

impl Internet {
    /// Lays the cable and starts the servers; they end with the test's process.
    pub(super) fn start(server: &NetNamespace) -> Self {
        let namespace = NetNamespace::create().expect("a namespace");
        cable(server, "out", &namespace, OUT);
        let canary = random_v6();
        namespace
            .run(|| add_address(&link("wire"), canary.into(), 127))
            .expect("in the Internet");
        let near = Ipv6Addr::from_bits(canary.to_bits() ^ 1);
        server
            .run(|| add_address(&link("out"), near.into(), 127))
            .expect("at the server");
        namespace.run(serve).expect("in the Internet");
        Self { namespace, canary }
    }
}

/// The Internet's address.
pub fn address(v6: bool) -> IpAddr {
    super::host(OUT, 2)[usize::from(v6)]
}

fn serve() {
    listen(ECHO, |stream| {
        io::copy(&mut stream.try_clone()?, &mut &stream).map(|_| ())
    });
    listen(SOURCE, |mut stream| {
        let mut asked = [0; 8];
        stream.read_exact(&mut asked)?;
        send_noise(&mut stream, u64::from_le_bytes(asked)).map(|_| ())
    });
    listen(SINK, |mut stream| {
        let hash = hash_all(&mut stream)?.1;
        stream.write_all(&hash)
    });
    listen(WHO, |mut stream| {
        let peer = stream.peer_addr()?;
        stream.write_all(peer.to_string().as_bytes())
    });
    // A socket for each: one for both would answer from an address of its own choice.
    for v6 in [false, true] {
        let socket = UdpSocket::bind((address(v6), ECHO)).expect("a free port");
        thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                // A sender that is gone is of no concern.
                let _sent = socket.send_to(&buffer[..length], from);
            }
        });
    }
}

fn listen(port: u16, serve: fn(TcpStream) -> io::Result<()>) {
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).expect("a free port");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A visitor that breaks off ends its own thread.
            thread::spawn(move || drop(serve(stream)));
        }
    });
}

/// Visits a server: connects with patience.
pub fn visit(at: IpAddr, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&SocketAddr::new(at, port), Duration::from_secs(10))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Sends `payload` and reads it back.
pub fn echo(at: IpAddr, payload: &[u8]) -> io::Result<()> {
    let mut stream = visit(at, ECHO)?;
    stream.write_all(payload)?;
    stream.shutdown(Shutdown::Write)?;
    let mut back = Vec::new();
    stream.read_to_end(&mut back)?;
    assert!(back == payload, "the payload came back changed");
    Ok(())
}

/// The address that a server sees.
pub fn who(at: IpAddr) -> io::Result<SocketAddr> {
    let mut text = String::new();
    visit(at, WHO)?.read_to_string(&mut text)?;
    let seen: SocketAddr = text.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    Ok(SocketAddr::new(seen.ip().to_canonical(), seen.port()))
}

/// Fetches so many bytes; says whether the hash is that of what was sent.
pub fn download(at: IpAddr, bytes: u64) -> io::Result<()> {
    let mut stream = visit(at, SOURCE)?;
    stream.write_all(&bytes.to_le_bytes())?;
    let (length, hash) = hash_all(&mut stream)?;
    assert_eq!(length, bytes, "the download is whole");
    let sent = send_noise(&mut io::sink(), bytes)?;
    assert!(hash == sent, "the download is intact");
    Ok(())
}

/// Fetches so many bytes over one connection, and does something when half of them are here; says whether the hash is
/// that of what was sent.
pub fn download_while(at: IpAddr, bytes: u64, halfway: impl FnOnce()) -> io::Result<()> {
    let mut stream = visit(at, SOURCE)?;
    stream.set_read_timeout(Some(INTERRUPTION))?;
    stream.write_all(&bytes.to_le_bytes())?;
    let (first, mut hash) = (bytes / 2, Sha256::new());
    hash_into(&mut hash, &mut (&stream).take(first))?;
    halfway();
    let rest = hash_into(&mut hash, &mut stream)?;
    assert_eq!(first + rest, bytes, "the download is whole");
    let sent = send_noise(&mut io::sink(), bytes)?;
    assert!(<[u8; 32]>::from(hash.finalize()) == sent, "the download is intact");
    Ok(())
}

/// Sends so many bytes; says whether the server's hash is that of what was sent.
pub fn upload(at: IpAddr, bytes: u64) -> io::Result<()> {
    let mut stream = visit(at, SINK)?;
    let sent = send_noise(&mut stream, bytes)?;
    stream.shutdown(Shutdown::Write)?;
    let mut hash = [0; 32];
    stream.read_exact(&mut hash)?;
    assert!(hash == sent, "the upload is intact");
    Ok(())
}

/// Writes bytes that look random, no two blocks alike, and gives their hash.
fn send_noise(to: &mut impl Write, bytes: u64) -> io::Result<[u8; 32]> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = vec![0; BLOCK_BYTES];
    for word in block.chunks_exact_mut(8) {
        // xorshift64 (G. Marsaglia, "Xorshift RNGs", 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        word.copy_from_slice(&state.to_le_bytes());
    }
    let mut hash = Sha256::new();
    let (mut left, mut number) = (bytes, 0_u64);
    while left > 0 {
        number += 1;
        block[..8].copy_from_slice(&number.to_le_bytes());
        let length = usize::try_from(left).map_or(block.len(), |left| left.min(block.len()));
        hash.update(&block[..length]);
        to.write_all(&block[..length])?;
        left -= length as u64;
    }
    Ok(hash.finalize().into())
}

fn hash_all(from: &mut impl Read) -> io::Result<(u64, [u8; 32])> {
    let mut hash = Sha256::new();
    let length = hash_into(&mut hash, from)?;
    Ok((length, hash.finalize().into()))
}

fn hash_into(hash: &mut Sha256, from: &mut impl Read) -> io::Result<u64> {
    let mut buffer = vec![0; BLOCK_BYTES];
    let mut length = 0;
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(length),
            read => {
                hash.update(&buffer[..read]);
                length += read as u64;
            }
        }
    }
}
