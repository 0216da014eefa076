//! The listening socket.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_rustls::TlsAcceptor;

use super::tls::{TlsError, TlsFiles};

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another process has the port.
    #[error(
        "cannot listen on {0}: the address is in use; stop the other process or choose another with --listen"
    )]
    InUse(SocketAddr),
    /// A port below 1024 without the right to it.
    #[error("cannot listen on {0}: permission denied; choose a port above 1023 with --listen")]
    Denied(SocketAddr),
    /// The address is not one of this machine's.
    #[error("cannot listen on {0}: no network interface has this address; choose another with --listen")]
    NotOurs(SocketAddr),
    /// Anything else.
    #[error("cannot listen on {0}: {1}")]
    Other(SocketAddr, io::Error),
    /// The certificate or key.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A bound socket, and TLS if it was asked for.
pub struct Listener {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    address: SocketAddr,
    room: Arc<Semaphore>,
    warned: Mutex<Option<Instant>>,
}

/// Files the server itself needs open: databases, their journals, its own requests.
const OWN_FILES: u64 = 256;
/// More connections than this are for more than one machine.
const MOST_CONNECTIONS: u64 = 1 << 20;
/// How often to say that no connection can be taken.
const WARN_AGAIN: Duration = Duration::from_secs(10);

/// How many connections fit: as many as files may be open, less our own. The limit is raised as far as the system lets us,
/// for its usual soft limit of 1,024 is meant for programs that could not handle more.
fn room() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    let files = files.unwrap_or(MOST_CONNECTIONS).min(MOST_CONNECTIONS);
    usize::try_from(files.saturating_sub(OWN_FILES).max(16)).unwrap_or(16)
}

/// A connection's place; the next gets it when this is dropped.
pub(super) type Place = OwnedSemaphorePermit;

impl Listener {
    /// Binds `address`; port 0 takes a free one.
    pub async fn bind(address: SocketAddr, tls: Option<&TlsFiles>) -> Result<Self, ListenError> {
        let tls = tls.map(TlsFiles::acceptor).transpose()?;
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => ListenError::InUse(address),
            io::ErrorKind::PermissionDenied => ListenError::Denied(address),
            io::ErrorKind::AddrNotAvailable => ListenError::NotOurs(address),
            _ => ListenError::Other(address, error),
        };
        let tcp = TcpListener::bind(address).await.map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        Ok(Self { tcp, tls, address, room: Arc::new(Semaphore::new(room())), warned: Mutex::new(None) })
    }

    /// The address in use.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    pub(super) fn tls(&self) -> Option<TlsAcceptor> {
        self.tls.clone()
    }

    /// The next connection, when there is room for one. Failing to accept is waited out.
    pub(super) async fn accept(&self) -> (TcpStream, SocketAddr, Option<Place>) {
        if self.room.available_permits() == 0 {
            self.warn(&"as many are open as files may be; raise the limit on open files");
        }
        // Nobody closes the semaphore.
        let place = Arc::clone(&self.room).acquire_owned().await.ok();
        loop {
            match self.tcp.accept().await {
                Ok((stream, peer)) => {
                    // Answers are small and whole: waiting to fill a packet only adds delay.
                    let _ = stream.set_nodelay(true);
                    return (stream, peer, place);
                }
                Err(error) => {
                    self.warn(&error);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    /// Once in a while: whoever holds all connections must not fill the log as well.
    fn warn(&self, reason: &dyn std::fmt::Display) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_none_or(|at| at.elapsed() >= WARN_AGAIN) {
            *warned = Some(Instant::now());
            tracing::warn!(%reason, "no connection can be taken");
        }
    }
}
