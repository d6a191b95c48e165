//! The sockets of members' flows. The one place of this crate where a connection is opened.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use sys::Ways;
use sys::outbound::{Carries, Cause, Cutting, Loose, Refused, Stream};
use sys::poll::Ready;
use sys::ways::Way;

use crate::proto::connector::{Connector, Ended, FlowId, Kind, Refusal};

/// Turns that one connection has before the others have theirs. Guess.
const TURNS: usize = 8;
/// Datagrams taken from one socket before the others have their turn; edge-triggered, so the rest is asked for again.
const DRAIN_DATAGRAMS: usize = 64;

/// The sockets, by flow.
#[derive(Default)]
pub(super) struct Sockets(BTreeMap<FlowId, Socket>);

enum Socket {
    Connecting(Stream),
    Open(Open),
    Loose { socket: Loose, cutting: Cutting },
}

struct Open {
    stream: Stream,
    /// Nothing said that a read would block since it last could.
    is_readable: bool,
    is_writable: bool,
    /// What the member will still send has been told to the destination: nothing.
    is_finished: bool,
    /// The destination has finished or broken off.
    is_over: bool,
}

/// A datagram of a member's.
pub(super) struct Sending<'s> {
    pub(super) flow: FlowId,
    pub(super) kind: Kind,
    pub(super) is_first: bool,
    pub(super) to: SocketAddr,
    pub(super) payload: &'s [u8],
    pub(super) is_whole: bool,
}

impl Sockets {
    /// Begins to connect. `true` when there is a socket to wait for.
    pub(super) fn connect(&mut self, flow: FlowId, to: SocketAddr, ways: &Ways, core: &mut Connector) -> bool {
        if let Some(refusal) = refusal(ways, to) {
            core.refused(flow, Some(refusal));
            return false;
        }
        match Stream::connect(to) {
            Ok(stream) => {
                self.0.insert(flow, Socket::Connecting(stream));
                true
            }
            Err(error) => {
                core.refused(flow, told(&error));
                false
            }
        }
    }

    /// Sends a datagram. `true` when there is a new socket to wait for.
    pub(super) fn send(&mut self, sending: &Sending<'_>, ways: &Ways, core: &mut Connector) -> bool {
        let Sending { flow, to, payload, .. } = *sending;
        if sending.is_first
            && let Some(refusal) = refusal(ways, to)
        {
            core.forbid(flow, to, payload, refusal);
            return false;
        }
        let is_new = !self.0.contains_key(&flow);
        if is_new && !self.open(sending) {
            core.forbid(flow, to, payload, Refusal::NoWay);
            return false;
        }
        let Some(Socket::Loose { socket, cutting }) = self.0.get_mut(&flow) else {
            return is_new;
        };
        let wanted = if sending.is_whole {
            Cutting::Forbidden
        } else {
            Cutting::Allowed
        };
        if (*cutting != wanted || is_new) && socket.cutting(wanted).is_ok() {
            *cutting = wanted;
        }
        // The first try may only tell what became of an earlier datagram (`socket(7)`, `SO_ERROR`).
        if socket.send(payload, to).is_err() && !tell_refused(flow, socket, core, Some((to, payload))) {
            let _lost = socket.send(payload, to);
        }
        is_new
    }

    /// `false` when the kernel gives no socket.
    fn open(&mut self, sending: &Sending<'_>) -> bool {
        let carries = match sending.kind {
            Kind::Datagrams => Carries::Datagrams,
            Kind::Echoes => Carries::Echoes,
        };
        let opened = Loose::open(carries, sending.to.is_ipv4());
        if let Ok(socket) = opened {
            let cutting = Cutting::Allowed;
            self.0.insert(sending.flow, Socket::Loose { socket, cutting });
            return true;
        }
        false
    }

    pub(super) fn descriptor(&self, flow: FlowId) -> Option<BorrowedFd<'_>> {
        self.0.get(&flow).map(|socket| match socket {
            Socket::Connecting(stream) => stream.as_fd(),
            Socket::Open(open) => open.stream.as_fd(),
            Socket::Loose { socket, .. } => socket.as_fd(),
        })
    }

    /// Something happened to a socket. `true` when its flow has something to do, see [`Sockets::carry`].
    pub(super) fn woke(
        &mut self,
        flow: FlowId,
        event: Ready,
        core: &mut Connector,
        buffer: &mut [u8],
        now: Instant,
    ) -> bool {
        match self.0.get_mut(&flow) {
            None => false,
            Some(Socket::Loose { socket, .. }) => receive_all(flow, socket, core, buffer),
            Some(Socket::Open(open)) => {
                open.is_readable |= event.readable || event.closed;
                open.is_writable |= event.writable;
                open.notice_break(flow, core);
                true
            }
            Some(Socket::Connecting(stream)) => match stream.outcome() {
                Ok(()) if event.writable => {
                    core.connected(flow, now);
                    if let Some(Socket::Connecting(stream)) = self.0.remove(&flow) {
                        let open = Open {
                            stream,
                            is_readable: true,
                            is_writable: true,
                            is_finished: false,
                            is_over: false,
                        };
                        self.0.insert(flow, Socket::Open(open));
                    }
                    true
                }
                Ok(()) => false,
                Err(error) => {
                    core.refused(flow, told(&error));
                    false
                }
            },
        }
    }

    /// Carries bytes both ways. `true` when there is more to do at once.
    pub(super) fn carry(&mut self, flow: FlowId, core: &mut Connector, buffer: &mut [u8], now: Instant) -> bool {
        let open = match self.0.get_mut(&flow) {
            Some(Socket::Open(open)) => open,
            Some(Socket::Loose { socket, .. }) => return receive_all(flow, socket, core, buffer),
            Some(Socket::Connecting(_)) | None => {
                core.attend(flow, now);
                return false;
            }
        };
        let mut moved = true;
        for _ in 0..TURNS {
            moved = open.upwards(flow, core) | open.downwards(flow, core);
            core.attend(flow, now);
            if !moved {
                break;
            }
        }
        moved
    }

    /// Closes the socket of a flow that has ended.
    pub(super) fn close(&mut self, ended: Ended) {
        match self.0.remove(&ended.flow) {
            Some(Socket::Open(open)) if ended.is_broken => open.stream.reset(),
            Some(Socket::Connecting(stream)) => stream.reset(),
            Some(Socket::Open(_) | Socket::Loose { .. }) | None => {}
        }
    }
}

impl Open {
    /// From the member to the destination. `true` when something moved.
    fn upwards(&mut self, flow: FlowId, core: &mut Connector) -> bool {
        let mut moved = false;
        while self.is_writable && !self.is_finished {
            let stream = &self.stream;
            let written = core.take(flow, |bytes| match stream.write(bytes) {
                Ok(count) => (count, Ok(())),
                Err(error) => (0, Err(error)),
            });
            match written {
                None => {
                    if core.is_drained(flow) {
                        // The destination may have gone already: then reading says so.
                        let _gone = self.stream.finish();
                        self.is_finished = true;
                    }
                    break;
                }
                Some(Ok(())) => moved = true,
                Some(Err(error)) => match error.kind() {
                    io::ErrorKind::WouldBlock => self.is_writable = false,
                    io::ErrorKind::Interrupted => {}
                    _ => {
                        self.is_finished = true;
                        // What it sent before it broke off still waits here; that it did, was said just now and once.
                        self.is_readable = true;
                        while self.downwards(flow, core) && !self.is_over {}
                        self.is_over = true;
                        core.reset(flow);
                    }
                },
            }
        }
        moved
    }

    /// A destination that has finished may still break off: then there is nothing to read that would say so.
    fn notice_break(&mut self, flow: FlowId, core: &mut Connector) {
        if self.is_over && !self.is_finished && self.stream.outcome().is_err() {
            self.is_finished = true;
            core.reset(flow);
        }
    }

    /// From the destination to the member. `true` when something moved.
    fn downwards(&mut self, flow: FlowId, core: &mut Connector) -> bool {
        if !self.is_readable || self.is_over {
            return false;
        }
        let stream = &self.stream;
        let read = core.fill(flow, |room| match stream.read(room) {
            Ok(count) => (count, Ok(count)),
            Err(error) => (0, Err(error)),
        });
        match read {
            // No room: the member's acknowledgements make some.
            None => false,
            Some(Ok(0)) => {
                core.finish(flow);
                self.is_over = true;
                self.notice_break(flow, core);
                true
            }
            Some(Ok(_)) => true,
            Some(Err(error)) => match error.kind() {
                io::ErrorKind::WouldBlock => {
                    self.is_readable = false;
                    false
                }
                io::ErrorKind::Interrupted => true,
                _ => {
                    core.reset(flow);
                    self.is_over = true;
                    true
                }
            },
        }
    }
}

/// Datagrams, answers and errors that wait. `true` when there may be more.
fn receive_all(flow: FlowId, socket: &Loose, core: &mut Connector, buffer: &mut [u8]) -> bool {
    for _ in 0..DRAIN_DATAGRAMS {
        match socket.receive(buffer) {
            Ok((length, from)) => core.handle_answer(flow, from, &buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tell_refused(flow, socket, core, None);
                return false;
            }
            Err(_) => {
                tell_refused(flow, socket, core, None);
            }
        }
    }
    true
}

/// Tells the member what did not arrive. `false` when there was nothing to tell. `tried` is the datagram that was just
/// refused: where this machine says so itself, Linux gives back neither its port nor its payload (`ip_local_error`).
fn tell_refused(flow: FlowId, socket: &Loose, core: &mut Connector, tried: Option<(SocketAddr, &[u8])>) -> bool {
    let mut quoted = [0; crate::proto::connector::limits::QUOTED_V6];
    let mut has_told = false;
    for _ in 0..DRAIN_DATAGRAMS {
        let Some(Refused {
            destination,
            length,
            offender,
            cause,
        }) = socket.refused(&mut quoted)
        else {
            break;
        };
        let refusal = match cause {
            Cause::Icmp { kind, code } => Refusal::Told { kind, code },
            Cause::TooLarge { mtu } => Refusal::TooLarge(mtu),
            Cause::NoWay => Refusal::Silence,
        };
        match tried.filter(|(to, _)| offender.is_none() && to.ip() == destination.ip()) {
            Some((to, payload)) => core.handle_refusal(flow, to, payload, None, refusal),
            None => core.handle_refusal(flow, destination, &quoted[..length], offender, refusal),
        }
        has_told = true;
    }
    has_told
}

/// Why nothing may be sent there, before anything is: this machine's own addresses above all.
fn refusal(ways: &Ways, to: SocketAddr) -> Option<Refusal> {
    match ways.to(to.ip()) {
        Ok(Way::Elsewhere) => None,
        Ok(Way::Nowhere) => Some(Refusal::NoWay),
        Ok(Way::Here) | Err(_) => Some(Refusal::Forbidden),
    }
}

/// What a member is told of a connection that does not come about; `None`: what TCP says.
fn told(error: &io::Error) -> Option<Refusal> {
    match error.kind() {
        io::ErrorKind::NetworkUnreachable => Some(Refusal::NoWay),
        io::ErrorKind::HostUnreachable | io::ErrorKind::TimedOut => Some(Refusal::Silence),
        io::ErrorKind::PermissionDenied => Some(Refusal::Forbidden),
        _ => None,
    }
}
