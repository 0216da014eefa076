//! Receivers on loopback: one that behaves, and some that do not.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// One that keeps what arrives, and answers what it is told to.
pub struct Receiver {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Received>>>,
    says: Arc<Mutex<StatusCode>>,
    /// While somebody holds it, nothing is answered.
    pub held: Arc<tokio::sync::Mutex<()>>,
    pub arrived: Arc<Notify>,
}

impl Receiver {
    pub async fn new() -> Self {
        let receiver = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            got: Arc::default(),
            says: Arc::new(Mutex::new(StatusCode::NO_CONTENT)),
            held: Arc::default(),
            arrived: Arc::default(),
        };
        let (got, says) = (Arc::clone(&receiver.got), Arc::clone(&receiver.says));
        let (held, arrived) = (Arc::clone(&receiver.held), Arc::clone(&receiver.arrived));
        let router = Router::new().fallback(move |uri: axum::http::Uri, headers: HeaderMap, body: Bytes| {
            got.lock().unwrap().push(Received { path: uri.to_string(), headers, body });
            arrived.notify_one();
            let (says, held) = (Arc::clone(&says), Arc::clone(&held));
            async move {
                drop(held.lock().await);
                let status = *says.lock().unwrap();
                (status, [("location", "http://127.0.0.1:1/elsewhere")])
            }
        });
        let listener = TcpListener::bind(receiver.address).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, ..receiver }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn says(&self, status: u16) {
        *self.says.lock().unwrap() = StatusCode::from_u16(status).unwrap();
    }

    /// What arrived since the last time.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.got.lock().unwrap())
    }
}

/// One that does something else with each connection.
pub struct Strange {
    pub address: SocketAddr,
    pub connections: Arc<AtomicUsize>,
}

impl Strange {
    pub async fn new<F>(does: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(does(stream));
            }
        });
        Self { address, connections }
    }

    /// Takes the request and says nothing.
    pub async fn silent() -> Self {
        Self::new(|mut stream| async move {
            let mut bytes = [0; 1024];
            while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
        })
        .await
    }

    /// Answers with this, and then without end with that.
    pub async fn endless(head: &'static str, rest: &'static [u8]) -> (Self, Arc<AtomicUsize>) {
        let sent = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&sent);
        let strange = Self::new(move |mut stream| {
            let count = Arc::clone(&count);
            async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(rest).await.is_ok() {
                    count.fetch_add(rest.len(), Ordering::Relaxed);
                }
            }
        });
        (strange.await, sent)
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Where nobody listens.
pub async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/hook", listener.local_addr().unwrap())
}
