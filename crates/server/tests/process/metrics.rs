//! `--metrics-listen`

use std::net::SocketAddr;

use crate::support::{CHEAP_HASHES, Http, Protocol, Server, gatepost, login, sign_up};

/// Where the figures are, as the log says.
fn metrics_of(server: &Server) -> SocketAddr {
    let line = server.stderr.wait_for("metrics on http://").unwrap();
    let (_, rest) = line.split_once("metrics on http://").unwrap();
    rest.trim_end_matches("/metrics").parse().unwrap()
}

/// The value of the one line that begins with `series`.
fn value(text: &str, series: &str) -> f64 {
    let line = text
        .lines()
        .find(|line| line.starts_with(series))
        .unwrap_or_else(|| panic!("no {series} in:\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ht_06_requests_are_counted_on_a_listener_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let server = gatepost("serve --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0")
        .data(folder.path())
        .envs(CHEAP_HASHES)
        .serve();
    let mut http = server.http();
    let tokens = sign_up(&mut http, "ada@metrics.test").await;
    for _ in 0..3 {
        http.get_as("/api/v1/me", &tokens.access).await.unwrap();
    }
    http.get("/api/v1/me").await.unwrap();
    // Paths nobody has must not make a series each.
    for number in 0..50 {
        http.get(&format!("/nothing/{number}?token=abc")).await.unwrap();
    }
    let mut metrics = Http::new(metrics_of(&server), Protocol::Http1);
    let answer = metrics.get("/metrics").await.unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain; version=0.0.4"));
    let text = answer.text();
    let requests = "gatepost_http_requests_total";
    assert!(
        (value(text, &format!("{requests}{{route=\"/api/v1/me\",status=\"2xx\"}}")) - 3.0).abs() < 0.1,
        "{text}"
    );
    assert!(
        (value(text, &format!("{requests}{{route=\"/api/v1/me\",status=\"4xx\"}}")) - 1.0).abs() < 0.1,
        "{text}"
    );
    assert!(
        (value(text, &format!("{requests}{{route=\"/api/v1/login\",status=\"2xx\"}}")) - 1.0).abs() < 0.1,
        "{text}"
    );
    assert!(value(text, "gatepost_http_request_seconds_count{route=\"/api/v1/me\"}") > 3.5, "{text}");
    assert!(!text.contains("nothing") && !text.contains("abc"), "{text}");
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, number) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("gatepost_") && number.parse::<f64>().is_ok(), "{line}");
    }

    // Each listener has its own, and nothing else.
    assert_eq!(server.get("/metrics").await.status, 404);
    assert_eq!(metrics.get("/").await.unwrap().status, 404);
    assert_eq!(metrics.get("/.well-known/jwks.json").await.unwrap().status, 404);
    assert_eq!(login(&mut metrics, "ada@metrics.test").await.unwrap().status, 404);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_flag_there_are_no_figures_to_be_had() {
    let folder = tempfile::tempdir().unwrap();
    let server = gatepost("serve --listen 127.0.0.1:0").data(folder.path()).serve();
    assert_eq!(server.get("/metrics").await.status, 404);
    assert!(!server.stderr.text().contains("metrics"));
    server.stop();
}
