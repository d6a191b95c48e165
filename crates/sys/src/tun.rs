//! The tunnel device (kernel `Documentation/networking/tuntap.rst`): one IP packet for each read
//! and write.
//!
//! Batched packets with a `virtio_net_hdr` in front (`IFF_VNET_HDR`) would be a second type beside
//! [`Tun`] with its own read and write; opening and configuring stay as they are.

use crate::missing::TUN_DEVICE;
use crate::netlink::{LinkChange, LinkIndex, LinkName, Netlink, Range};
use crate::{Error, Missing, kernel, sysctl};
use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;

/// Packets that the kernel keeps for us. Its own default is 500 (`drivers/net/tun.c`,
/// `TUN_READQ_SIZE`); a reader that is woken late loses what exceeds it. Guess: 1000.
pub const QUEUE_PACKETS: u32 = 1000;

/// How a tunnel device is set up.
#[derive(Debug, Clone)]
pub struct TunOptions {
    /// Name of the device.
    pub name: LinkName,
    /// Largest inner packet in bytes.
    pub mtu_bytes: u32,
    /// Packets that may wait for the reader, see [`QUEUE_PACKETS`].
    pub queue_packets: u32,
    /// Addresses of this end, with the length of the network that lies behind the device.
    pub addresses: Vec<Range>,
    /// Further ranges that lie behind the device.
    pub routes: Vec<Range>,
}

/// An open tunnel device, nonblocking. The device vanishes when the last descriptor closes.
#[derive(Debug)]
pub struct Tun {
    descriptor: OwnedFd,
}

impl Tun {
    /// Makes the device in the calling thread's network namespace, configures it and switches it on.
    pub fn create(options: &TunOptions) -> Result<Self, Error> {
        let tun = Self::attach(&options.name)?;
        let link = options.name.index()?;
        quieten(&options.name);
        let netlink = Netlink::open()?;
        netlink.change_link(
            link,
            LinkChange {
                mtu_bytes: Some(options.mtu_bytes),
                queue_packets: Some(options.queue_packets),
                up: true,
            },
        )?;
        add_addresses(&netlink, link, &options.addresses)?;
        for route in &options.routes {
            netlink.add_route(*route, None, link)?;
        }
        Ok(tun)
    }

    /// Takes over a descriptor that the parent opened with [`Tun::create`].
    pub fn adopt(descriptor: OwnedFd) -> Self {
        Self { descriptor }
    }

    /// Reads one packet. `WouldBlock` when none waits. A packet longer than the buffer is cut by
    /// the kernel, so the buffer is at least as long as the MTU.
    pub fn receive(&self, packet: &mut [u8]) -> io::Result<usize> {
        // SAFETY: read(2) writes at most packet.len() bytes to packet.
        kernel::count(unsafe { libc::read(self.descriptor.as_raw_fd(), packet.as_mut_ptr().cast(), packet.len()) })
    }

    /// Writes one packet. `InvalidInput` when the kernel does not take it for IP.
    pub fn send(&self, packet: &[u8]) -> io::Result<()> {
        // SAFETY: write(2) reads packet.len() bytes from packet.
        kernel::count(unsafe { libc::write(self.descriptor.as_raw_fd(), packet.as_ptr().cast(), packet.len()) })
            .map(|_| ())
    }

    /// Opens the clone device and binds it to a name (`ioctl(2)` with `TUNSETIFF`).
    fn attach(name: &LinkName) -> Result<Self, Error> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(TUN_DEVICE)
            .map_err(opening)?;
        let mut request = empty_request();
        for (slot, byte) in request.ifr_name.iter_mut().zip(name.as_str().bytes()) {
            *slot = byte as libc::c_char;
        }
        request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
        // SAFETY: ioctl(2) with TUNSETIFF reads and writes one struct ifreq (netdevice(7)).
        let answer = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &mut request) };
        match kernel::done("make the tunnel device", answer) {
            Ok(_) => Ok(Self {
                descriptor: file.into(),
            }),
            Err(Error::Kernel { source, .. }) if source.raw_os_error() == Some(libc::EPERM) => {
                Err(Missing::NetAdmin.into())
            }
            Err(Error::Kernel { source, .. }) if source.raw_os_error() == Some(libc::EBUSY) => {
                Err(Error::TunBusy(name.as_str().to_owned()))
            }
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Tun {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Tun {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl From<Tun> for OwnedFd {
    fn from(tun: Tun) -> Self {
        tun.descriptor
    }
}

/// IPv4 first: a machine without IPv6 then says so with its IPv4 in place.
fn add_addresses(netlink: &Netlink, link: LinkIndex, addresses: &[Range]) -> Result<(), Error> {
    let (four, six): (Vec<Range>, Vec<Range>) = addresses.iter().copied().partition(|range| range.address().is_ipv4());
    four.into_iter()
        .chain(six)
        .try_for_each(|range| netlink.add_address(link, range))
}

/// Keeps the kernel from sending packets of its own through the tunnel and from writing about
/// its packets. Best effort: a kernel without IPv6 has none of the first two files.
fn quieten(name: &LinkName) {
    // addr_gen_mode 1: no link-local address, hence no router solicitations (ip-sysctl.rst).
    for (family, key, value) in [
        ("ipv6", "addr_gen_mode", "1"),
        ("ipv6", "accept_ra", "0"),
        ("ipv4", "log_martians", "0"),
    ] {
        let _ = sysctl::write(&format!("net/{family}/conf/{}/{key}", name.as_str()), value);
    }
}

fn opening(source: io::Error) -> Error {
    match source.raw_os_error() {
        Some(libc::ENOENT | libc::ENODEV | libc::ENXIO) => Missing::TunDevice.into(),
        Some(libc::EACCES | libc::EPERM) => Missing::NetAdmin.into(),
        _ => Error::Kernel {
            doing: "open /dev/net/tun",
            source,
        },
    }
}

fn empty_request() -> libc::ifreq {
    // SAFETY: netdevice(7): struct ifreq is a name and a union of plain numbers; all zeroes is valid.
    unsafe { std::mem::zeroed() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_device_and_a_refused_one_name_what_is_missing() {
        let absent = opening(io::Error::from_raw_os_error(libc::ENOENT));
        assert!(matches!(absent, Error::Missing(Missing::TunDevice)));
        let refused = opening(io::Error::from_raw_os_error(libc::EACCES));
        assert!(refused.to_string().contains("setcap cap_net_admin"));
    }
}
