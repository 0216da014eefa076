//! Tokens to order, a router to send them to, and an issuer on a real socket that can be told to misbehave.

use std::io::Write;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use gatepost_guard::{Builder, Guard, KeySet, Refusal, User};
use gatepost_jose::{Algorithm, JwkSet, SigningKey, jwt};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::ServiceExt;

/// The moment at which tests happen.
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const AUDIENCE: &str = "notes-api";
pub(crate) const ISSUER: &str = "https://auth.example.com";

/// A clock that tests move.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NOW)))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    /// A builder that reads this clock.
    pub(crate) fn builder(&self) -> Builder {
        let clock = self.clone();
        Guard::builder().audience(AUDIENCE).clock(move || clock.now())
    }
}

pub(crate) fn key(kid: &str) -> SigningKey {
    SigningKey::generate(Algorithm::ES256).unwrap().with_kid(kid)
}

/// The claims of a good token of `issuer` for an hour, with `more` on top (`null` removes).
#[expect(clippy::needless_pass_by_value, reason = "callers write a literal")]
pub(crate) fn claims(issuer: &str, more: Value) -> Value {
    let mut claims = json!({
        "iss": issuer, "sub": "usr_ada", "aud": AUDIENCE, "exp": NOW + 3600, "iat": NOW, "jti": "one", "client_id": "web",
    });
    for (name, value) in more.as_object().cloned().unwrap_or_default() {
        claims[name] = value;
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

pub(crate) fn token(key: &SigningKey, claims: &Value) -> String {
    jwt::sign("at+jwt", claims, key).unwrap()
}

/// An offline guard at `NOW`, and the key whose tokens it accepts.
pub(crate) fn offline() -> (Guard, SigningKey) {
    let key = key("k1");
    let keys = KeySet::new([key.verifying_key()]).unwrap();
    let guard = TestClock::new().builder().issuer_with_keys(ISSUER, keys).discover_later().unwrap();
    (guard, key)
}

/// Whom `guard` takes a token with these claims for.
pub(crate) async fn user(more: Value) -> User {
    let (guard, key) = offline();
    guard.verify(&token(&key, &claims(ISSUER, more))).await.unwrap()
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn challenge(&self) -> Option<&str> {
        self.headers.get("www-authenticate").map(|value| value.to_str().unwrap())
    }

    /// The problem's code, which its type ends in.
    pub(crate) fn code(&self) -> String {
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        let code = problem["code"].as_str().unwrap();
        assert_eq!(problem["type"], format!("urn:gatepost:problem:{code}"));
        code.to_owned()
    }
}

pub(crate) async fn send(app: &Router, request: Request<Body>) -> Answer {
    let answer = app.clone().oneshot(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: head.status, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// `GET path` with these `Authorization` headers.
pub(crate) async fn get(app: &Router, path: &str, authorization: &[&str]) -> Answer {
    let mut request = Request::builder().uri(path);
    for value in authorization {
        request = request.header("authorization", *value);
    }
    send(app, request.body(Body::empty()).unwrap()).await
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// What the issuer does with a question.
#[derive(Clone)]
pub(crate) enum Reply {
    Json(Value),
    /// Status line, headers and body as they go over the wire.
    Raw(Vec<u8>),
    /// A good head, then a byte now and then, for ever.
    Drip,
    /// Nothing until the gate opens, then the JSON.
    Gated(watch::Receiver<bool>, Value),
}

impl Reply {
    pub(crate) fn raw(head: &str, body: &[u8]) -> Self {
        let mut bytes = Vec::new();
        write!(bytes, "{head}\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
        bytes.extend_from_slice(body);
        Self::Raw(bytes)
    }
}

/// An issuer on 127.0.0.1, port 0, that answers as told and counts.
pub(crate) struct TestIssuer {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    discovery: Mutex<Reply>,
    keys: Mutex<Reply>,
    exchange: Mutex<Reply>,
    discoveries: AtomicUsize,
    fetches: AtomicUsize,
    exchanges: AtomicUsize,
    /// The head of the last question.
    asked: Mutex<String>,
    /// The form of the last exchange.
    form: Mutex<String>,
}

impl TestIssuer {
    pub(crate) async fn start(keys: &[&SigningKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let discovery = json!({
            "issuer": url, "jwks_uri": format!("{url}/.well-known/jwks.json"), "token_endpoint": format!("{url}/oauth/token"),
        });
        let shared = Arc::new(Shared {
            discovery: Mutex::new(Reply::Json(discovery)),
            keys: Mutex::new(Reply::Json(jwks(keys))),
            exchange: Mutex::new(refusing("invalid_request")),
            discoveries: AtomicUsize::default(),
            fetches: AtomicUsize::default(),
            exchanges: AtomicUsize::default(),
            asked: Mutex::default(),
            form: Mutex::default(),
        });
        let serving = shared.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, serving.clone()));
            }
        });
        Self { url, shared }
    }

    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        self.answer_keys(Reply::Json(jwks(keys)));
    }

    pub(crate) fn answer_keys(&self, reply: Reply) {
        *self.shared.keys.lock().unwrap() = reply;
    }

    pub(crate) fn answer_discovery(&self, reply: Reply) {
        *self.shared.discovery.lock().unwrap() = reply;
    }

    pub(crate) fn answer_exchange(&self, reply: Reply) {
        *self.shared.exchange.lock().unwrap() = reply;
    }

    /// Answers every exchange with a token of these claims.
    pub(crate) fn grant(&self, key: &SigningKey, claims: &Value) {
        self.answer_exchange(Reply::Json(json!({ "access_token": token(key, claims), "expires_in": 60 })));
    }

    /// How often something was to be exchanged.
    pub(crate) fn exchanges(&self) -> usize {
        self.shared.exchanges.load(Ordering::SeqCst)
    }

    /// The form of the last exchange, parameter by parameter.
    pub(crate) fn last_form(&self) -> Vec<(String, String)> {
        let form = self.shared.form.lock().unwrap();
        url::form_urlencoded::parse(form.as_bytes()).into_owned().collect()
    }

    /// How often the key set was asked for.
    pub(crate) fn fetches(&self) -> usize {
        self.shared.fetches.load(Ordering::SeqCst)
    }

    /// How often anything was asked for.
    pub(crate) fn questions(&self) -> usize {
        self.fetches() + self.shared.discoveries.load(Ordering::SeqCst)
    }

    pub(crate) fn last_question(&self) -> String {
        self.shared.asked.lock().unwrap().clone()
    }
}

pub(crate) fn jwks(keys: &[&SigningKey]) -> Value {
    json!(JwkSet { keys: keys.iter().map(|key| key.public_jwk().unwrap()).collect() })
}

/// A refusal of RFC 6749 section 5.2.
pub(crate) fn refusing(error: &str) -> Reply {
    Reply::raw("HTTP/1.1 400 Bad Request", json!({ "error": error }).to_string().as_bytes())
}

/// The first byte of a client that speaks TLS (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 22;

async fn serve(mut socket: TcpStream, shared: Arc<Shared>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if socket.read(&mut byte).await.unwrap_or(0) == 0 {
            return;
        }
        if head.is_empty() && byte[0] == TLS_HANDSHAKE {
            let _ = socket.write_all(b"this is not TLS").await;
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let reply = if head.starts_with("GET /.well-known/openid-configuration ") {
        shared.discoveries.fetch_add(1, Ordering::SeqCst);
        shared.discovery.lock().unwrap().clone()
    } else if head.starts_with("GET /.well-known/jwks.json ") || head.starts_with("GET /moved ") {
        shared.fetches.fetch_add(1, Ordering::SeqCst);
        // A redirect of the key set to `/moved` ends here, and not in a circle.
        let moved = head.starts_with("GET /moved ");
        let reply = shared.keys.lock().unwrap().clone();
        match reply {
            Reply::Raw(_) if moved => Reply::Json(jwks(&[&key("moved")])),
            reply => reply,
        }
    } else if head.starts_with("POST /oauth/token ") {
        let length =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut form = vec![0; length.unwrap_or_default()];
        if socket.read_exact(&mut form).await.is_err() {
            return;
        }
        shared.exchanges.fetch_add(1, Ordering::SeqCst);
        *shared.form.lock().unwrap() = String::from_utf8(form).unwrap();
        shared.exchange.lock().unwrap().clone()
    } else {
        Reply::raw("HTTP/1.1 404 Not Found", b"")
    };
    *shared.asked.lock().unwrap() = head;
    let json =
        |value: &Value| Reply::raw("HTTP/1.1 200 OK\r\nConnection: close", value.to_string().as_bytes());
    let bytes = match reply {
        Reply::Raw(bytes) => bytes,
        Reply::Json(value) => wire(json(&value)),
        Reply::Gated(mut gate, value) => {
            let _ = gate.wait_for(|open| *open).await;
            wire(json(&value))
        }
        Reply::Drip => {
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").await;
            let mut beat = tokio::time::interval(Duration::from_millis(5));
            while socket.write_all(b" ").await.is_ok() {
                beat.tick().await;
            }
            return;
        }
    };
    let _ = socket.write_all(&bytes).await;
    let _ = socket.shutdown().await;
}

fn wire(reply: Reply) -> Vec<u8> {
    match reply {
        Reply::Raw(bytes) => bytes,
        _ => unreachable!("only raw replies are bytes"),
    }
}

/// Asks until the guard says `wanted`: for what happens in the background.
pub(crate) async fn until(guard: &Guard, token: &str, wanted: Result<(), Refusal>) {
    let asking = async {
        while guard.verify(token).await.map(drop) != wanted {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), asking)
        .await
        .unwrap_or_else(|_| panic!("never {wanted:?}"));
}

/// Collects what is logged, at every level.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Collects until the guard it returns is dropped, in this thread.
    pub(crate) fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    /// What was logged since the last time.
    pub(crate) fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
