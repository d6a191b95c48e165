//! Listening: plain HTTP on this machine alone, TLS for everybody else, and a stop that lets open requests finish. Who
//! connects and asks for nothing is let go.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::holder::{self, Transport};
use crate::seats::Seats;

/// How long a client may take for its TLS handshake, until its first request, and for a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may stay open between two requests. Guess: somebody reads a page.
const IDLE: Duration = Duration::from_secs(60);
/// How long a connection may be busy without a pause: a large export over a slow line. Guess. The requests themselves
/// have a shorter limit in the portal.
const BUSY: Duration = Duration::from_secs(600);
/// Bytes that somebody who still reads an answer takes within [`IDLE`]; much more than the pings of HTTP/2. Guess.
const PROGRESS_BYTES: u64 = 16 * 1024;
/// How often an HTTP/2 client is asked whether it is still there, and how long it may take to answer. Guess.
const HTTP2_PING: Duration = Duration::from_secs(20);
/// How long open requests may take to finish at a stop.
const DRAIN: Duration = Duration::from_secs(5);
/// How long to wait when the kernel has no descriptor for a new connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Listens on an address; `key` is the key of the configuration that says which. Ports below 1024 need root's rights,
/// so this comes before they are given up.
///
/// # Errors
/// The address is taken, by whom as far as it can be known, or not this machine's.
pub(crate) fn bind(address: SocketAddr, key: &str) -> anyhow::Result<std::net::TcpListener> {
    let bound = std::net::TcpListener::bind(address).and_then(|socket| {
        socket.set_nonblocking(true)?;
        Ok(socket)
    });
    bound.with_context(|| {
        format!(
            "the site cannot listen on {address}: {}; choose another with `{key}` under [site] in candor.toml",
            holder::taken(Transport::Tcp, address)
        )
    })
}

/// A listener and how it speaks.
pub(crate) struct Listener {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    seats: Arc<Seats>,
    patience: Patience,
}

/// How long is waited for a client.
#[derive(Clone, Copy)]
struct Patience {
    first: Duration,
    idle: Duration,
    busy: Duration,
    drain: Duration,
}

const PATIENCE: Patience = Patience {
    first: HEAD_TIMEOUT,
    idle: IDLE,
    busy: BUSY,
    drain: DRAIN,
};

impl Listener {
    /// Speaks TLS, or plain HTTP without it, on what was bound.
    ///
    /// # Errors
    /// The runtime does not take the socket.
    pub(crate) fn new(socket: std::net::TcpListener, tls: Option<Arc<ServerConfig>>) -> anyhow::Result<Self> {
        let socket = TcpListener::from_std(socket).context("the runtime does not take a socket")?;
        Ok(Self {
            socket,
            tls: tls.map(TlsAcceptor::from),
            seats: Seats::new(),
            patience: PATIENCE,
        })
    }

    /// Serves until `stop` says so.
    pub(crate) async fn serve(self, router: Router, mut stop: watch::Receiver<bool>) {
        let patience = self.patience;
        let transport = if self.tls.is_some() {
            portal::Transport::Tls
        } else {
            portal::Transport::Plaintext
        };
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let next = async {
                let free = self.seats.free().await;
                (free, self.socket.accept().await)
            };
            let (free, accepted) = tokio::select! {
                next = next => next,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let Ok((stream, peer)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let Some(seat) = self.seats.take(free, peer.ip()) else {
                // Its network has more than its share; nothing is kept of it.
                continue;
            };
            while connections.try_join_next().is_some() {}
            let (router, tls, stop) = (router.clone(), self.tls.clone(), stop.clone());
            connections.spawn(async move {
                let peer = ConnectInfo(canonical(peer));
                let router = router.layer(axum::Extension(peer)).layer(axum::Extension(transport));
                match tls {
                    None => converse(stream, router, stop, patience).await,
                    Some(tls) => shake_hands(&tls, stream, router, stop, patience).await,
                }
                drop(seat);
            });
        }
        // What is still open after the drain is ended with the process.
        let finish = async { while connections.join_next().await.is_some() {} };
        let _drained = tokio::time::timeout(DRAIN, finish).await;
    }
}

/// An IPv4 address that came through a dual-stack socket, as IPv4.
fn canonical(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}

async fn shake_hands(
    tls: &TlsAcceptor,
    stream: TcpStream,
    router: Router,
    stop: watch::Receiver<bool>,
    patience: Patience,
) {
    // A handshake that fails or takes too long is the client's business; nothing is kept of it.
    if let Ok(Ok(stream)) = tokio::time::timeout(HEAD_TIMEOUT, tls.accept(stream)).await {
        converse(stream, router, stop, patience).await;
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    mut stop: watch::Receiver<bool>,
    patience: Patience,
) {
    let pulse = Arc::new(Pulse::new());
    let asked = Arc::clone(&pulse);
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let busy = asked.begin();
        let answer = router.clone().oneshot(request.map(Body::new));
        async move { Ok::<_, std::convert::Infallible>(answer.await?.map(|body| Answer { body, _busy: busy })) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HTTP2_PING)
        .keep_alive_timeout(HTTP2_PING)
        .max_concurrent_streams(32);
    let stream = Counted {
        stream,
        pulse: Arc::clone(&pulse),
    };
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    loop {
        tokio::select! {
            // A connection that breaks is the client's business; nothing is kept of it.
            _broken = connection.as_mut() => return,
            _ = stop.wait_for(|stop| *stop) => break,
            // The connection may have come to life meanwhile.
            () = tokio::time::sleep_until(pulse.ends_at(patience)) => {
                if pulse.is_over(patience) {
                    break;
                }
            }
        }
    }
    connection.as_mut().graceful_shutdown();
    let _broken = tokio::time::timeout(patience.drain, connection).await;
}

/// Whether a connection is used. Hyper's own limits begin with a request's first byte, and a client that says which
/// version it speaks, or nothing at all, has none.
struct Pulse(Mutex<Beat>);

struct Beat {
    /// Requests whose answers have not left.
    open: usize,
    has_asked: bool,
    /// When it fell silent, or the first of the open requests came.
    since: Instant,
    /// Bytes that left since then, or since that was looked at.
    written: u64,
}

impl Pulse {
    fn new() -> Self {
        Self(Mutex::new(Beat {
            open: 0,
            has_asked: false,
            since: Instant::now(),
            written: 0,
        }))
    }

    fn change(&self, change: impl FnOnce(&mut Beat)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn begin(self: &Arc<Self>) -> Busy {
        self.change(|beat| {
            if beat.open == 0 {
                beat.since = Instant::now();
            }
            beat.open += 1;
            beat.has_asked = true;
        });
        Busy(Arc::clone(self))
    }

    fn wrote(&self, written: &Poll<std::io::Result<usize>>) {
        if let Poll::Ready(Ok(count)) = written {
            self.change(|beat| beat.written = beat.written.saturating_add(*count as u64));
        }
    }

    /// Whether its time is over. An answer that is still being read gives it more.
    fn is_over(&self, patience: Patience) -> bool {
        let ends_at = self.ends_at(patience);
        let mut is_over = ends_at <= Instant::now();
        self.change(|beat| {
            if is_over && beat.open == 0 && beat.written >= PROGRESS_BYTES {
                beat.since = Instant::now();
                is_over = false;
            }
            beat.written = 0;
        });
        is_over
    }

    fn ends_at(&self, patience: Patience) -> Instant {
        let beat = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        beat.since
            + match (beat.open, beat.has_asked) {
                (0, false) => patience.first,
                (0, true) => patience.idle,
                (_, _) => patience.busy,
            }
    }
}

/// A stream that notes what leaves: an answer may be on its way long after its last piece was handed over.
struct Counted<S> {
    stream: S,
    pulse: Arc<Pulse>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.pulse.wrote(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.pulse.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A request whose answer has not left.
struct Busy(Arc<Pulse>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.change(|beat| {
            beat.open -= 1;
            if beat.open == 0 {
                beat.since = Instant::now();
            }
        });
    }
}

/// An answer's body, with the word that it is under way.
struct Answer {
    body: Body,
    _busy: Busy,
}

impl hyper::body::Body for Answer {
    type Data = <Body as hyper::body::Body>::Data;
    type Error = <Body as hyper::body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const SHORT: Patience = Patience {
        first: Duration::from_millis(200),
        idle: Duration::from_millis(400),
        busy: Duration::from_secs(2),
        drain: Duration::from_millis(100),
    };
    const LARGE: usize = 8 << 20;
    /// Much more than any of [`SHORT`], on a busy machine.
    const END: Duration = Duration::from_secs(20);
    /// The preface of HTTP/2 and an empty SETTINGS frame (RFC 9113, sections 3.4 and 6.5).
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

    fn router() -> Router {
        let large = || async { Body::from(vec![0; LARGE]) };
        Router::new()
            .route("/", get(async || "hello"))
            .route("/large", get(large))
    }

    /// Says this, and is let go within [`END`] although it stays.
    async fn is_let_go(says: &[u8]) -> Duration {
        let (mut client, server) = tokio::io::duplex(64 * 1024);
        let (_stop, stopping) = watch::channel(false);
        let begun = Instant::now();
        client.write_all(says).await.unwrap();
        let ended = tokio::time::timeout(END, converse(server, router(), stopping, SHORT)).await;
        assert!(ended.is_ok(), "still connected");
        begun.elapsed()
    }

    #[tokio::test]
    async fn who_says_nothing_or_only_a_preface_is_let_go() {
        is_let_go(b"").await;
        is_let_go(b"PRI * HT").await;
        is_let_go(PREFACE).await;
        is_let_go(b"GET / HTTP/1.1\r\nhost: ").await;
    }

    #[tokio::test]
    async fn who_has_asked_may_stay_for_longer_but_not_for_ever() {
        let stayed = is_let_go(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        assert!(stayed >= SHORT.idle, "{stayed:?}");
        // The answer is never read to its end.
        is_let_go(b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    }

    #[tokio::test]
    async fn who_reads_slowly_gets_the_whole_answer() {
        let (mut client, server) = tokio::io::duplex(64 * 1024);
        let (_stop, stopping) = watch::channel(false);
        let serving = tokio::spawn(converse(server, router(), stopping, SHORT));
        let request = b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n";
        client.write_all(request).await.unwrap();
        let (mut chunk, mut read, begun) = (vec![0; 64 * 1024], 0, Instant::now());
        while read < LARGE {
            let count = client.read(&mut chunk).await.unwrap();
            assert!(count > 0, "cut off after {read} bytes");
            read += count;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(begun.elapsed() > SHORT.idle * 2, "slow");
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn silent_clients_do_not_close_the_site() {
        let socket = bind("127.0.0.1:0".parse().unwrap(), "local_port").unwrap();
        let address = socket.local_addr().unwrap();
        let mut listener = Listener::new(socket, None).unwrap();
        listener.seats = Seats::with(2);
        listener.patience = SHORT;
        let (_stop, stopping) = watch::channel(false);
        let serving = tokio::spawn(listener.serve(router(), stopping));
        let _silent = [
            TcpStream::connect(address).await.unwrap(),
            TcpStream::connect(address).await.unwrap(),
        ];
        let asks = async {
            let mut client = TcpStream::connect(address).await.unwrap();
            let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
            client.write_all(request).await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with("hello"), "{answer}");
        };
        tokio::time::timeout(END, asks).await.expect("nobody else got in");
        serving.abort();
    }
}
