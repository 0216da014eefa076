//! F-25: SIGTERM lets what has begun finish; a second one does not wait.

use std::net::SocketAddr;

use axum::http::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use crate::support::{
    Certificate, DEADLINE, Http, Invocation, PASSWORD, Protocol, Server, gatepost, login, register,
};

/// Hashes that take some ten milliseconds, so that a hundred of them are still under way when the signal comes.
const DEAR_HASHES: [(&str, &str); 3] = [
    ("GATEPOST_PASSWORDS__MEMORY_KIB", "8192"),
    ("GATEPOST_PASSWORDS__PASSES", "2"),
    ("GATEPOST_PASSWORDS__WAIT_BUDGET", "60s"),
];

fn serve(folder: &tempfile::TempDir) -> Invocation {
    gatepost("serve --listen 127.0.0.1:0 --public-url http://127.0.0.1:8400")
        .data(folder.path())
        .envs(DEAR_HASHES)
}

/// A sign-in of which the server has read the head and waits for the body: it said `100 Continue`.
async fn begun_sign_in(address: SocketAddr, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1/login HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

async fn whole_answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    tokio::time::timeout(DEADLINE, stream.read_to_string(&mut text))
        .await
        .expect("an answer in time")
        .unwrap();
    text
}

/// The refresh token in the text of an answer.
fn refresh_token(answer: &str) -> String {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    body["refresh_token"].as_str().unwrap().to_owned()
}

async fn refused(address: SocketAddr) -> bool {
    TcpStream::connect(address).await.is_err()
}

/// A server at which one account signs in as often at once as it likes.
fn unlimited(folder: &tempfile::TempDir) -> Invocation {
    let file = folder.path().join("realm.toml");
    std::fs::write(&file, "[[realm]]\nname = \"default\"\nrate_limits = \"off\"\n").unwrap();
    serve(folder).arg("--apply").arg(file.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_a_hundred_requests_under_way_and_exits_0() {
    const UNDER_WAY: usize = 100;
    let folder = tempfile::tempdir().unwrap();
    let mut server = unlimited(&folder).serve();
    let address = server.address();
    assert_eq!(register(&mut server.http(), "ada@stop.test").await.unwrap().status, 201);
    let body = json!({ "email": "ada@stop.test", "password": PASSWORD }).to_string();

    let mut streams = Vec::new();
    for _ in 0..UNDER_WAY {
        streams.push(begun_sign_in(address, &body).await);
    }
    // Half of them hash or wait for it when the signal comes; the bodies of the others come after it.
    let (early, late) = streams.split_at_mut(UNDER_WAY / 2);
    for stream in early {
        stream.write_all(body.as_bytes()).await.unwrap();
    }
    server.terminate();
    server.stderr.wait_for("stopping").unwrap();
    for stream in late {
        stream.write_all(body.as_bytes()).await.unwrap();
    }
    let mut answers = JoinSet::new();
    for stream in streams {
        answers.spawn(whole_answer(stream));
    }
    let answers = answers.join_all().await;
    let finished = answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 200 OK\r\n")).count();
    let status = server.wait();
    println!(
        "FAULT F-25 in_flight={UNDER_WAY} finished={finished} dropped={} exit_code={:?}",
        UNDER_WAY - finished,
        status.code()
    );
    assert_eq!(
        finished,
        UNDER_WAY,
        "{:?}",
        answers.iter().find(|answer| !answer.starts_with("HTTP/1.1 200"))
    );
    assert!(
        answers.iter().all(|answer| answer.contains("\r\nconnection: close\r\n")),
        "clients are told to go"
    );
    assert!(status.success(), "{status}");
    assert!(refused(address).await);

    // What was answered is there after the next start.
    let server = serve(&folder).serve();
    let mut http = server.http();
    for answer in &answers {
        let again =
            http.post("/api/v1/refresh", json!({ "refresh_token": refresh_token(answer) })).await.unwrap();
        assert_eq!(again.status, 200, "{}", again.text());
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_the_streams_of_an_http_2_connection() {
    const STREAMS: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let mut server = unlimited(&folder).serve();
    assert_eq!(register(&mut server.http(), "ada@stop.test").await.unwrap().status, 201);
    let mut http = Http::new(server.address(), Protocol::H2c).connected().await;
    let body = json!({ "email": "ada@stop.test", "password": PASSWORD });
    let mut answers = JoinSet::new();
    for _ in 0..STREAMS {
        answers.spawn(http.begin("/api/v1/login", &body));
    }
    // Frames are read in order: with this answer the server has begun all that was sent before.
    assert_eq!(http.get("/health/live").await.unwrap().status, 200);
    server.interrupt();
    let answers = answers.join_all().await;
    let statuses: Vec<u16> = answers.into_iter().map(|answer| answer.unwrap().status).collect();
    assert_eq!(statuses, [200; STREAMS]);
    assert!(server.wait().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sigterm_does_not_wait() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = serve(&folder).serve();
    let mut http = server.http();
    assert_eq!(register(&mut http, "ada@stop.test").await.unwrap().status, 201);
    // Its body never comes.
    let stream = begun_sign_in(server.address(), "{}").await;
    server.terminate();
    server.stderr.wait_for("stopping").unwrap();
    server.terminate();
    let status = server.wait();
    assert_eq!(status.code(), Some(1));
    drop(stream);
    let server = serve(&folder).serve();
    assert_eq!(login(&mut server.http(), "ada@stop.test").await.unwrap().status, 200);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_ends_holds_up_the_shutdown_no_longer_than_the_grace() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = serve(&folder).env("GATEPOST_SERVER__SHUTDOWN_GRACE", "1s").serve();
    let stream = begun_sign_in(server.address(), "{}").await;
    server.terminate();
    assert!(server.wait().success());
    let said = server.stderr.text();
    assert!(said.contains("some requests did not finish within 1 s"), "{said}");
    drop(stream);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_do_not_hold_up_the_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&folder).serve();
    let (mut first, second) = (server.http(), TcpStream::connect(server.address()).await.unwrap());
    assert_eq!(first.call(Method::GET, "/health/live", None, None).await.unwrap().status, 200);
    let began = std::time::Instant::now();
    server.stop();
    // The grace is 20 s.
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    drop(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tls_client_that_says_nothing_does_not_hold_up_the_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = Certificate::make(folder.path(), "server");
    let tls = |call: Invocation| {
        let call = call.arg("--tls-cert").arg(certificate.file.to_str().unwrap());
        call.arg("--tls-key").arg(certificate.key_file.to_str().unwrap())
    };
    let server = tls(serve(&folder)).serve();
    let silent = TcpStream::connect(server.address()).await.unwrap();
    // Connections are accepted in turn: after this one the other was accepted too.
    let mut http = Http::new(server.address(), Protocol::Tls(certificate.connector(&[b"h2"])));
    assert_eq!(http.get("/health/live").await.unwrap().status, 200);
    let began = std::time::Instant::now();
    server.stop();
    assert!(began.elapsed().as_secs() < 8, "{:?}", began.elapsed());
    drop(silent);
}

/// Whatever it was asked to do, it ends at once, before and after it is ready.
#[test]
fn sigint_during_the_start_ends_it() {
    if ignores_sigint() {
        eprintln!("SKIPPED: SIGINT is ignored here, as it is in a job in the background of a script");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut server: Server = serve(&folder).start();
    server.interrupt();
    let status = server.wait();
    // Killed by the signal before it listens for it, or a clean end after.
    assert!(status.code().is_none_or(|code| code == 0), "{status}");
    let server = serve(&folder).serve();
    server.stop();
}

/// A program inherits what its parent ignores, until it listens for it itself.
fn ignores_sigint() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or_default();
    u64::from_str_radix(ignored.trim(), 16).is_ok_and(|signals| signals & 1 << 1 != 0)
}
