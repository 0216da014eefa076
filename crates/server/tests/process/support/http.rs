//! A client with one connection.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::DEADLINE;

/// How to speak.
#[derive(Clone)]
pub(crate) enum Protocol {
    /// HTTP/1.1 in clear.
    Http1,
    /// HTTP/2 in clear, without asking first.
    H2c,
    /// TLS; the server chooses from what the connector offers.
    Tls(TlsConnector),
}

/// No answer: the connection was refused, broke, or said nothing in time.
#[derive(Debug)]
pub(crate) struct Gone;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) version: axum::http::Version,
    body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status and, of a problem document, the code.
    pub(crate) fn brief(&self) -> String {
        let code = serde_json::from_slice::<Value>(&self.body).ok();
        let code = code.as_ref().and_then(|document| document["code"].as_str());
        code.map_or_else(|| self.status.to_string(), |code| format!("{} {code}", self.status))
    }
}

/// A client that keeps one connection and makes a new one when it has gone.
pub(crate) struct Http {
    address: SocketAddr,
    protocol: Protocol,
    http1: Option<http1::SendRequest<Body>>,
    http2: Option<http2::SendRequest<Body>>,
    patient: bool,
}

impl Http {
    pub(crate) fn new(address: SocketAddr, protocol: Protocol) -> Self {
        Self { address, protocol, http1: None, http2: None, patient: false }
    }

    async fn connect(&mut self) -> Result<(), Gone> {
        let stream = TcpStream::connect(self.address).await.map_err(|_| Gone)?;
        stream.set_nodelay(true).map_err(|_| Gone)?;
        match &self.protocol {
            Protocol::Http1 => self.speak_http1(stream).await,
            Protocol::H2c => self.speak_http2(stream).await,
            Protocol::Tls(connector) => {
                let name = ServerName::try_from("localhost").unwrap();
                let stream = connector.connect(name, stream).await.map_err(|_| Gone)?;
                if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                    self.speak_http2(stream).await
                } else {
                    self.speak_http1(stream).await
                }
            }
        }
    }

    async fn speak_http1<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &mut self,
        stream: S,
    ) -> Result<(), Gone> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Gone)?;
        tokio::spawn(connection);
        self.http1 = Some(sender);
        Ok(())
    }

    async fn speak_http2<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &mut self,
        stream: S,
    ) -> Result<(), Gone> {
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(|_| Gone)?;
        tokio::spawn(connection);
        self.http2 = Some(sender);
        Ok(())
    }

    /// Repeats what was turned away with 503: a server on a busy machine may do that, and it may be repeated.
    pub(crate) fn patient(mut self) -> Self {
        self.patient = true;
        self
    }

    /// With its connection open.
    pub(crate) async fn connected(mut self) -> Self {
        self.connect().await.unwrap();
        self
    }

    /// Puts a request with a JSON body on the open HTTP/2 connection, at once; what comes back is the answer to wait for.
    pub(crate) fn begin(
        &mut self,
        path: &str,
        body: &Value,
    ) -> impl Future<Output = Result<Answer, Gone>> + use<> {
        let request = Request::post(format!("http://{}{path}", self.address))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.http2.as_mut().expect("an open HTTP/2 connection").send_request(request);
        async { read(answer.await.map_err(|_| Gone)?).await }
    }

    /// Sends one request and reads the whole answer. Nothing is sent twice.
    pub(crate) async fn send(&mut self, request: Request<Body>) -> Result<Answer, Gone> {
        timeout(DEADLINE, self.exchange(request)).await.unwrap_or(Err(Gone))
    }

    async fn exchange(&mut self, mut request: Request<Body>) -> Result<Answer, Gone> {
        let open = match (&self.http1, &self.http2) {
            (Some(sender), _) => !sender.is_closed(),
            (_, Some(sender)) => !sender.is_closed(),
            _ => false,
        };
        if !open {
            (self.http1, self.http2) = (None, None);
            self.connect().await?;
        }
        let answer = if let Some(sender) = &mut self.http2 {
            let whole = format!("http://{}{}", self.address, request.uri());
            *request.uri_mut() = whole.parse().unwrap();
            sender.ready().await.map_err(|_| Gone)?;
            sender.send_request(request).await.map_err(|_| Gone)?
        } else {
            let host = self.address.to_string().parse().unwrap();
            request.headers_mut().insert("host", host);
            let sender = self.http1.as_mut().ok_or(Gone)?;
            sender.ready().await.map_err(|_| Gone)?;
            sender.send_request(request).await.map_err(|_| Gone)?
        };
        read(answer).await
    }

    /// A request with a JSON body, or none, and an access token, or none.
    pub(crate) async fn call(
        &mut self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Result<Answer, Gone> {
        let began = Instant::now();
        loop {
            let mut request = Request::builder().method(method.clone()).uri(path);
            request = request.header("x-forwarded-for", somewhere().to_string());
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let body = match &body {
                None => Body::empty(),
                Some(value) => {
                    request = request.header("content-type", "application/json");
                    Body::from(value.to_string())
                }
            };
            let answer = self.send(request.body(body).unwrap()).await?;
            if !self.patient || answer.status != 503 {
                return Ok(answer);
            }
            assert!(began.elapsed() < DEADLINE, "turned away again and again: {}", answer.text());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer, Gone> {
        self.call(Method::GET, path, None, None).await
    }

    pub(crate) async fn get_as(&mut self, path: &str, token: &str) -> Result<Answer, Gone> {
        self.call(Method::GET, path, Some(token), None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Result<Answer, Gone> {
        self.call(Method::POST, path, None, Some(body)).await
    }

    pub(crate) async fn post_as(&mut self, path: &str, token: &str, body: Value) -> Result<Answer, Gone> {
        self.call(Method::POST, path, Some(token), Some(body)).await
    }

    /// Sends and expects an answer within `limit`.
    pub(crate) async fn post_within(&mut self, limit: Duration, path: &str, body: Value) -> Answer {
        timeout(limit, self.post(path, body)).await.expect("an answer in time").expect("an answer")
    }
}

/// An address that no other request came from: what is limited by address is tested elsewhere.
fn somewhere() -> Ipv4Addr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    Ipv4Addr::from_bits(0x0a00_0000 | NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn read(answer: Response<Incoming>) -> Result<Answer, Gone> {
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(|_| Gone)?.to_bytes();
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, version: head.version, body })
}
