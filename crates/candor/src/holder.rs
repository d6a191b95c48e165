//! Who has a port, as far as this user may know (`proc(5)`: `/proc/PID/net/tcp`, `/proc/PID/fd`).

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::MetadataExt as _;

/// The kind of port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Transport {
    /// A listening TCP socket.
    Tcp,
    /// A bound UDP socket.
    Udp,
}

/// `TCP_LISTEN` (`net/tcp_states.h`), as the table prints it.
const LISTENING: &str = "0A";

/// In words: the process that has the port, or that it cannot be known, or nobody.
pub(crate) fn of(transport: Transport, port: u16) -> Option<String> {
    let sockets = sockets(transport, port);
    if sockets.is_empty() {
        return None;
    }
    let holder = processes().find(|process| {
        sockets
            .iter()
            .any(|socket| has_open(process, &format!("socket:[{socket}]")))
    });
    Some(match holder {
        Some(process) => format!("process {process}{}", name(&process)),
        None => "a process of another user; `sudo ss -lntup` names it".to_owned(),
    })
}

/// The text for an address that could not be bound.
pub(crate) fn taken(transport: Transport, address: SocketAddr) -> String {
    match of(transport, address.port()) {
        Some(holder) => format!("the port is taken by {holder}"),
        None if address.port() < 1024 => "ports below 1024 need root, or the right CAP_NET_BIND_SERVICE".to_owned(),
        None if address.ip() != Ipv4Addr::UNSPECIFIED => "is the address one of this machine's?".to_owned(),
        None => "another program may have had it a moment ago".to_owned(),
    }
}

/// Inodes of the sockets on a port, in this thread's network namespace.
fn sockets(transport: Transport, port: u16) -> Vec<u64> {
    let tables = match transport {
        Transport::Tcp => ["tcp", "tcp6"],
        Transport::Udp => ["udp", "udp6"],
    };
    let rows = tables
        .map(|table| fs::read_to_string(format!("/proc/thread-self/net/{table}")).unwrap_or_default())
        .join("\n");
    rows.lines().filter_map(|row| socket(row, transport, port)).collect()
}

/// Columns: number, local address and port in hexadecimal, remote, state, …; the tenth is the inode.
fn socket(row: &str, transport: Transport, port: u16) -> Option<u64> {
    let columns: Vec<&str> = row.split_whitespace().collect();
    let (_, local) = columns.get(1)?.rsplit_once(':')?;
    let state = *columns.get(3)?;
    let ours = u16::from_str_radix(local, 16).ok()? == port && (transport == Transport::Udp || state == LISTENING);
    ours.then(|| columns.get(9)?.parse().ok()).flatten()
}

fn processes() -> impl Iterator<Item = String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
}

fn has_open(process: &str, wanted: &str) -> bool {
    let descriptors = fs::read_dir(format!("/proc/{process}/fd"))
        .into_iter()
        .flatten()
        .flatten();
    descriptors
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(|target| target.as_os_str() == wanted)
}

/// ` (nginx)`: what the process calls itself, without what a terminal could stumble over.
fn name(process: &str) -> String {
    let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    let plain: String = name
        .trim_end()
        .chars()
        .filter(|letter| letter.is_ascii_graphic())
        .collect();
    let owner = fs::metadata(format!("/proc/{process}")).map(|process| process.uid());
    match (plain.is_empty(), owner) {
        (true, _) => String::new(),
        (false, Ok(0)) => format!(" ({plain}, of root)"),
        (false, Ok(user)) => format!(" ({plain}, of user {user})"),
        (false, Err(_)) => format!(" ({plain})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_listener_is_found_and_a_free_port_is_nobodys() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let holder = of(Transport::Tcp, port).unwrap();
        assert!(
            holder.starts_with(&format!("process {} (", std::process::id())),
            "{holder}"
        );
        assert_eq!(of(Transport::Udp, port), None);
        drop(listener);
        assert_eq!(of(Transport::Tcp, port), None);
    }
}
