//! One listener: HTTP/1.1 and HTTP/2, in clear (h2c too) or over TLS, with a shutdown that finishes what it began.

mod listen;
pub mod metrics;
pub mod others;
mod patience;
mod tls;

use std::{convert::Infallible, future::Future, net::SocketAddr, pin::pin, time::Duration};

use axum::{body::Body, response::Response};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};

use patience::{Counter, Watched};

pub use listen::{ListenError, Listener};
pub use tls::TlsFiles;

/// How long a client may take to agree on TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The most a request head may take, in bytes: an access token of 16 KiB and room for the rest.
const HEAD_LIMIT: usize = 64 * 1024;

/// A service that is always ready and always answers: axum's router, or what stands before it.
pub trait Answers:
    tower::Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send + 'static
{
}

impl<S> Answers for S where
    S: tower::Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send + 'static
{
}

/// Serves until `shutdown` resolves, then gives requests under way up to `grace` to finish.
///
/// Returns whether all of them did.
pub async fn run<S>(
    listener: Listener,
    service: impl Fn(SocketAddr) -> S,
    shutdown: impl Future<Output = ()>,
    grace: Duration,
) -> bool
where
    S: Answers,
    S::Future: Send,
{
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    let (stopping, _) = watch::channel(());
    loop {
        let (stream, peer, place) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let service = service(peer);
        let watcher = graceful.watcher();
        let tls = listener.tls();
        let mut stopping = stopping.subscribe();
        tokio::spawn(async move {
            let _place = place;
            let Some(tls) = tls else { return connection(stream, service, watcher).await };
            let accepted = tokio::select! {
                accepted = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)) => accepted,
                // Nothing was asked on it yet, so nothing is lost; and a silent client does not hold up the end.
                _ = stopping.changed() => return,
            };
            match accepted {
                Ok(Ok(stream)) => connection(stream, service, watcher).await,
                Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
                Err(_) => tracing::debug!("TLS handshake took too long"),
            }
        });
    }
    drop(listener);
    stopping.send_replace(());
    tokio::time::timeout(grace, graceful.shutdown()).await.is_ok()
}

async fn connection<T, S>(stream: T, service: S, watcher: hyper_util::server::graceful::Watcher)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Answers,
    S::Future: Send,
{
    let counter = Counter::default();
    let stream = Watched::new(stream, counter.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        counter.count(service.clone().call(request.map(Body::new)))
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().header_read_timeout(None).max_buf_size(HEAD_LIMIT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(256)
        .max_header_list_size(32 * 1024)
        .keep_alive_interval(Duration::from_secs(20));
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(error = %error, "connection ended early");
    }
}
