//! What a guard adds to an axum route, with a token seen before: `cargo run --release -p gatepost-guard --example overhead`.
//!
//! First in process (nanoseconds a request, best of many rounds), then over HTTP on loopback (each form interleaved with the
//! open route, median of the ratios). Linux only: it reads the kernel's account of a thread. With a path, such as `/user`, it
//! sends one round to that route and prints nothing: for callgrind.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement prints, and stops when it cannot go on"
)]
#![expect(clippy::cast_precision_loss, reason = "counts of a few millions")]

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use gatepost_guard::{Algorithm, Claims, CurrentUser, Guard, KeySet, Require, SignedIn, permission, role};
use gatepost_jose::{SigningKey, jwt};
use http::Request;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::ServiceExt;

role!(Admin = "admin");
permission!(WriteNotes = "notes:write");

#[derive(serde::Deserialize)]
struct Plan {
    name: String,
}

const ISSUER: &str = "https://auth.example.com";
const FORMS: [&str; 6] = ["/user", "/optional", "/require", "/three", "/claims", "/layer"];
const ROUNDS: usize = 40;
const REQUESTS: usize = 5_000;
const CONNECTIONS: usize = 32;
const PAIRS: usize = 41;
const PAIR: Duration = Duration::from_millis(150);

fn app(guard: Guard) -> Router {
    let layer = Router::new().route("/layer", get(async || "ok")).route_layer(guard.require::<SignedIn>());
    Router::new()
        .route("/open", get(async || "ok"))
        .route("/user", get(async |user: CurrentUser| if user.id.is_empty() { "" } else { "ok" }))
        .route("/optional", get(async |user: Option<CurrentUser>| if user.is_none() { "" } else { "ok" }))
        .route("/require", get(async |_: Require<(Admin, WriteNotes)>| "ok"))
        .route("/three", get(async |_: CurrentUser, _: Require<Admin>, _: Require<WriteNotes>| "ok"))
        .route(
            "/claims",
            get(async |Claims(plan): Claims<Plan>| if plan.name.is_empty() { "" } else { "ok" }),
        )
        .merge(layer)
        .with_state(guard)
}

fn main() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let guard = Guard::from_keys(ISSUER, "notes-api", KeySet::new([key.verifying_key()]).unwrap());
    let claims = serde_json::json!({
        "iss": ISSUER, "sub": "usr_01h455vb4pex5vsknk084sn02q", "aud": "notes-api", "client_id": "web",
        "jti": "01h455vb4pex5vsknk084sn02q", "sid": "ses_01h455vb4pex5vsknk084sn02q", "iat": 1_700_000_000,
        "exp": 9_000_000_000_i64, "scope": "notes profile email", "realm_id": "acme", "email": "ada@example.com",
        "email_verified": true, "name": "Ada Lovelace", "roles": ["admin", "member"], "permissions": ["notes:*", "users:read"],
    });
    let token = jwt::sign("at+jwt", &claims, &key).unwrap();
    println!("token of {} bytes", token.len());
    let authorization = format!("Bearer {token}");
    let app = app(guard);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    if let Some(path) = std::env::args().nth(1) {
        runtime.block_on(round(&app, &path, &authorization));
        return;
    }
    runtime.block_on(in_process(&app, &authorization));
    over_http(app, &authorization);
}

async fn in_process(app: &Router, authorization: &str) {
    let mut open = 0.0;
    println!(
        "in process, best of {ROUNDS} rounds of {REQUESTS} requests, the Authorization header on all of them"
    );
    for path in ["/open"].into_iter().chain(FORMS) {
        let mut best = f64::MAX;
        for _ in 0..ROUNDS {
            let took = round(app, path, authorization).await;
            best = best.min(took.as_nanos() as f64 / REQUESTS as f64);
        }
        if path == "/open" {
            open = best;
        }
        println!("  {path:<10} {best:>7.0} ns  {:>+6.0}", best - open);
    }
}

/// So many requests to one route, their making and their dropping not counted.
async fn round(app: &Router, path: &str, authorization: &str) -> Duration {
    let request =
        || Request::builder().uri(path).header("authorization", authorization).body(Body::empty()).unwrap();
    let requests: Vec<_> = (0..REQUESTS).map(|_| request()).collect();
    let started = Instant::now();
    for request in requests {
        let answer = app.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        drop(answer.into_body().collect().await.unwrap());
    }
    started.elapsed()
}

/// The server on one thread, all clients on another. The ratio is of the server thread's CPU time a request, which is what bounds
/// its requests a second; the clock on the wall would measure what else the machine does.
fn over_http(app: Router, authorization: &str) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        tell.send(std::fs::read_link("/proc/thread-self").unwrap()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), app).await.unwrap();
        });
    });
    let accounts = std::path::Path::new("/proc").join(told.recv().unwrap()).join("schedstat");
    let server = Server { address, accounts };
    println!("over HTTP, {CONNECTIONS} connections, {PAIRS} interleaved pairs of {} ms", PAIR.as_millis());
    // The open route against itself first: what the machine's noise alone does to these figures.
    for path in ["/open"].into_iter().chain(FORMS) {
        let mut pairs: Vec<(f64, f64)> = (0..PAIRS)
            .map(|_| {
                let (guarded, open) = (server.load(path, authorization), server.load("/open", authorization));
                (open.cpu / guarded.cpu, guarded.per_second / open.per_second)
            })
            .collect();
        pairs.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (low, high) = (pairs[PAIRS / 4].0, pairs[PAIRS - 1 - PAIRS / 4].0);
        let cpu = pairs[PAIRS / 2].0;
        pairs.sort_by(|one, other| one.1.total_cmp(&other.1));
        let wall = pairs[PAIRS / 2].1;
        println!(
            "  {path:<10} guarded / open {cpu:.3} (quartiles {low:.3} to {high:.3}); by the clock on the wall {wall:.3}"
        );
    }
    let open = server.load("/open", authorization);
    println!(
        "  /open      {:.1} µs of server CPU a request, {:.0} requests/s",
        open.cpu / 1000.0,
        open.per_second
    );
}

struct Server {
    address: std::net::SocketAddr,
    /// Where the kernel writes how long the server's thread ran, in nanoseconds.
    accounts: std::path::PathBuf,
}

struct Load {
    cpu: f64,
    per_second: f64,
}

impl Server {
    fn ran(&self) -> f64 {
        let accounts = std::fs::read_to_string(&self.accounts).unwrap();
        accounts.split(' ').next().unwrap().parse().unwrap()
    }

    fn load(&self, path: &str, authorization: &str) -> Load {
        let address = self.address;
        let question =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: {authorization}\r\n\r\n");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (ran, started) = (self.ran(), Instant::now());
        let answers = runtime.block_on(async move {
            let clients: Vec<_> = (0..CONNECTIONS)
                .map(|_| {
                    let question = question.clone();
                    tokio::spawn(async move {
                        let mut socket = TcpStream::connect(address).await.unwrap();
                        socket.set_nodelay(true).unwrap();
                        let (mut answers, mut buffer) = (0_usize, [0; 1024]);
                        while started.elapsed() < PAIR {
                            socket.write_all(question.as_bytes()).await.unwrap();
                            // The answer is a few hundred bytes: one read, one answer.
                            let length = socket.read(&mut buffer).await.unwrap();
                            assert!(
                                buffer[..length].starts_with(b"HTTP/1.1 200")
                                    && buffer[..length].ends_with(b"ok")
                            );
                            answers += 1;
                        }
                        answers
                    })
                })
                .collect();
            let mut answers = 0;
            for client in clients {
                answers += client.await.unwrap();
            }
            answers as f64
        });
        Load { cpu: (self.ran() - ran) / answers, per_second: answers / started.elapsed().as_secs_f64() }
    }
}
