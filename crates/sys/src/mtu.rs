//! How long a packet an interface takes, which its owner may change at any time.

use crate::netlink::LinkName;
use crate::{Error, kernel};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

impl LinkName {
    /// The interface's MTU in bytes, in the calling thread's network namespace (`netdevice(7)`,
    /// `SIOCGIFMTU`).
    ///
    /// # Errors
    /// There is no such interface.
    pub fn mtu_bytes(&self) -> Result<u32, Error> {
        // SAFETY: socket(2) takes three numbers and returns a descriptor of ours.
        let number = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
        let number = kernel::done("open a socket to ask for the MTU", number)?;
        // SAFETY: socket(2) just returned the number and nobody else holds it.
        let socket = unsafe { OwnedFd::from_raw_fd(number) };
        // SAFETY: netdevice(7): struct ifreq is a name and a union of plain numbers; all zeroes is valid.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (slot, byte) in request.ifr_name.iter_mut().zip(self.as_str().bytes()) {
            *slot = byte as libc::c_char;
        }
        // SAFETY: ioctl(2) with SIOCGIFMTU reads the name and writes one int of one struct ifreq.
        let answer = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFMTU, &mut request) };
        kernel::done("ask for the MTU", answer)?;
        // SAFETY: netdevice(7): SIOCGIFMTU has just written ifr_mtu.
        let mtu = unsafe { request.ifr_ifru.ifru_mtu };
        u32::try_from(mtu).map_err(|_| Error::Proc("the interface's MTU"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_takes_long_packets_and_an_unknown_link_none() {
        assert!(LinkName::new("lo").unwrap().mtu_bytes().unwrap() >= 1280);
        assert!(LinkName::new("not-there").unwrap().mtu_bytes().is_err());
    }
}
