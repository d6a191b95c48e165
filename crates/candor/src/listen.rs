//! Listening: plain HTTP on this machine alone, TLS for everybody else, and a stop that lets open requests finish.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::holder::{self, Transport};

/// Connections that are open at once; more wait in the kernel's queue. Guess: each costs some 100 KiB.
const CONNECTIONS: usize = 2048;
/// How long a client may take for its TLS handshake or for a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
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
}

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
        })
    }

    /// Serves until `stop` says so.
    pub(crate) async fn serve(self, router: Router, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let transport = if self.tls.is_some() {
            portal::Transport::Tls
        } else {
            portal::Transport::Plaintext
        };
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let place = Arc::clone(&places)
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let Ok((stream, peer)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            while connections.try_join_next().is_some() {}
            let (router, tls, stop) = (router.clone(), self.tls.clone(), stop.clone());
            connections.spawn(async move {
                let peer = ConnectInfo(canonical(peer));
                let router = router.layer(axum::Extension(peer)).layer(axum::Extension(transport));
                match tls {
                    None => converse(stream, router, stop).await,
                    Some(tls) => shake_hands(&tls, stream, router, stop).await,
                }
                drop(place);
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

async fn shake_hands(tls: &TlsAcceptor, stream: TcpStream, router: Router, stop: watch::Receiver<bool>) {
    // A handshake that fails or takes too long is the client's business; nothing is kept of it.
    if let Ok(Ok(stream)) = tokio::time::timeout(HEAD_TIMEOUT, tls.accept(stream)).await {
        converse(stream, router, stop).await;
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        router.clone().oneshot(request.map(axum::body::Body::new))
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(32);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // A connection that breaks is the client's business; nothing is kept of it.
        _broken = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    let _broken = connection.await;
}
