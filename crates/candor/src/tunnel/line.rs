//! The parent's end of the channel to one worker.

use std::io;

use sys::Channel;
use sys::channel::Received;
use tokio::io::unix::AsyncFd;
use vpn::handover::{FromWorker, Malformed, Room, ToWorker};

/// The channel, and room for one message.
pub(super) struct Line {
    channel: AsyncFd<Channel>,
    room: Room,
}

/// Why nothing more can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// The worker closed its end: it ended.
    Closed,
    /// The worker sent what is no message.
    Malformed,
}

impl Line {
    pub(super) fn new(channel: Channel) -> io::Result<Self> {
        // tokio marks `new` since a descriptor could be closed under it; `Channel` owns its own and never gives it away.
        #[expect(
            deprecated,
            reason = "what replaces it is `unsafe`, and the reason for that does not apply here"
        )]
        let channel = AsyncFd::new(channel)?;
        Ok(Self {
            channel,
            room: Room::default(),
        })
    }

    /// Sends one message, when the worker has room for it.
    pub(super) async fn send(&self, message: &ToWorker) -> Result<(), Broken> {
        self.send_bytes(&message.encode()).await
    }

    /// The next message. Nothing is lost when this is dropped before it is done.
    pub(super) async fn receive(&mut self) -> Result<FromWorker, Broken> {
        self.receive_as(FromWorker::decode).await
    }

    /// Sends an encoded message of any list.
    pub(super) async fn send_bytes(&self, bytes: &[u8]) -> Result<(), Broken> {
        loop {
            let mut ready = self.channel.writable().await.map_err(|_| Broken::Closed)?;
            match ready.try_io(|channel| channel.get_ref().send(bytes)) {
                Ok(sent) => return sent.map_err(|_| Broken::Closed),
                Err(_would_block) => {}
            }
        }
    }

    /// The next message of the list that `decode` reads.
    pub(super) async fn receive_as<T>(&mut self, decode: fn(&[u8]) -> Result<T, Malformed>) -> Result<T, Broken> {
        loop {
            let mut ready = self.channel.readable().await.map_err(|_| Broken::Closed)?;
            let room = self.room.bytes();
            match ready.try_io(|channel| channel.get_ref().receive(room)) {
                Ok(Ok(Received::Message(length))) => {
                    return self.room.take(length, decode).map_err(|_| Broken::Malformed);
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => return Err(Broken::Malformed),
                Ok(Ok(Received::Closed) | Err(_)) => return Err(Broken::Closed),
                Err(_would_block) => {}
            }
        }
    }
}
