//! Attack JWT-18: what an issuer, or somebody in its place, may answer when it is asked for its keys.

use std::time::Duration;

use gatepost_guard::{Error, Guard, Refusal};
use gatepost_jose::SigningKey;
use serde_json::json;

use crate::support::*;

const MINUTES: i64 = 60;
const HOURS: i64 = 60 * MINUTES;

fn good(key: &SigningKey, issuer: &TestIssuer) -> String {
    token(key, &claims(&issuer.url, json!({ "exp": NOW + 100 * HOURS })))
}

/// Every way a key set can be wrong, and a word that the refusal must contain.
fn hostile_key_sets(elsewhere: &TestIssuer) -> Vec<(&'static str, Reply, &'static str)> {
    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
    let one = key("same").public_jwk().unwrap();
    let other = key("same").public_jwk().unwrap();
    let mut private = json!(one);
    private["d"] = json!("AAAA");
    let many: Vec<_> = (0..10_000).map(|at| json!({ "kty": "EC", "kid": at.to_string() })).collect();
    let huge = vec![b' '; 10 << 20];
    let mut endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    endless.extend_from_slice(&huge);
    let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {}/.well-known/jwks.json", elsewhere.url);
    let by_name = redirect.replace("127.0.0.1", "localhost");
    let to_file = "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd";
    vec![
        (
            "HTML",
            Reply::raw("HTTP/1.1 200 OK\r\nContent-Type: text/html", b"<html>sign in</html>"),
            "refused",
        ),
        ("10 MB", Reply::raw(OK, &huge), "1048576 bytes"),
        ("10 MB without a length", Reply::Raw(endless), "1048576 bytes"),
        ("slow drip", Reply::Drip, "did not answer within 300 ms"),
        ("redirect to another host", Reply::raw(&redirect, b""), "302"),
        ("redirect to the same host by another name", Reply::raw(&by_name, b""), "302"),
        ("redirect to a file", Reply::raw(to_file, b""), "302"),
        ("500", Reply::raw("HTTP/1.1 500 Internal Server Error", b"{}"), "500"),
        ("204", Reply::raw("HTTP/1.1 204 No Content", b""), "204"),
        ("no HTTP", Reply::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()), "cannot be reached"),
        (
            "cut short",
            Reply::Raw(format!("{OK}\r\nContent-Length: 1000\r\n\r\n{{").into_bytes()),
            "cannot be reached",
        ),
        (
            "compressed",
            Reply::raw(&format!("{OK}\r\nContent-Encoding: gzip"), b"\x1f\x8b\x08\0\0\0\0\0"),
            "refused",
        ),
        ("duplicate kid", Reply::Json(json!({ "keys": [one, other] })), "same kid"),
        ("private key", Reply::Json(json!({ "keys": [private] })), "private"),
        ("symmetric key", Reply::Json(json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] })), "private"),
        ("10,000 keys", Reply::Json(json!({ "keys": many })), "more than"),
        ("no keys", Reply::Json(json!({ "keys": [] })), "no usable key"),
        ("not a set", Reply::Json(json!({})), "refused"),
    ]
}

/// Attack JWT-18, at the start: a clear error, and no guard.
#[tokio::test]
async fn jwt_18_a_hostile_key_set_is_an_error_at_the_start() {
    let key = key("k1");
    let elsewhere = TestIssuer::start(&[&key]).await;
    for (name, reply, says) in hostile_key_sets(&elsewhere) {
        let issuer = TestIssuer::start(&[&key]).await;
        issuer.answer_keys(reply);
        let started =
            Guard::builder().audience(AUDIENCE).issuer(&issuer.url).time_limit(Duration::from_millis(300));
        let error = started.discover().await.expect_err(name).to_string();
        assert!(error.contains(says) && error.contains(&issuer.url), "{name}: {error}");
        assert!(!error.contains("AAAA") && !error.contains('\n'), "{name}: {error}");
    }
    assert_eq!(elsewhere.questions(), 0, "no redirect to another host is followed");
}

/// Attack JWT-18, later: the last good set stays until its maximum age, and then nothing is believed.
#[tokio::test]
async fn jwt_18_the_last_good_keys_are_kept_while_the_issuer_misbehaves() {
    let key = key("k1");
    let elsewhere = TestIssuer::start(&[&key]).await;
    for (name, reply, _) in hostile_key_sets(&elsewhere) {
        let issuer = TestIssuer::start(&[&key]).await;
        let clock = TestClock::new();
        let guard = clock
            .builder()
            .issuer(&issuer.url)
            .time_limit(Duration::from_millis(300))
            .discover()
            .await
            .unwrap();
        let fine = good(&key, &issuer);
        issuer.answer_keys(reply);
        // Asks for an unknown key, and so waits for the fetch that fails.
        clock.advance(11 * MINUTES);
        let stranger = good(&crate::support::key("k9"), &issuer);
        assert_eq!(guard.verify(&stranger).await.err(), Some(Refusal::Invalid), "{name}");
        assert_eq!(issuer.fetches(), 2, "{name}");
        assert!(guard.verify(&fine).await.is_ok(), "{name}: the last good set is kept");
        clock.advance(25 * HOURS);
        let refused = guard.verify(&fine).await.err();
        assert!(matches!(refused, Some(Refusal::Unavailable { retry_after: 1..=30 })), "{name}: {refused:?}");
    }
}

#[tokio::test]
async fn jwt_18_a_redirect_on_the_same_host_is_followed() {
    let issuer = TestIssuer::start(&[]).await;
    issuer.answer_keys(Reply::raw(
        &format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {}/moved", issuer.url),
        b"",
    ));
    assert!(Guard::discover(&issuer.url, AUDIENCE).await.is_ok());
}

/// Attack JWT-18: what discovery may name.
#[tokio::test]
async fn jwt_18_hostile_discovery_documents_are_errors() {
    let key = key("k1");
    let elsewhere = TestIssuer::start(&[&key]).await;
    let issuer = TestIssuer::start(&[&key]).await;
    let document = |issuer: &str, jwks: &str| Reply::Json(json!({ "issuer": issuer, "jwks_uri": jwks }));
    let url = issuer.url.clone();
    for (reply, says) in [
        (document(&elsewhere.url, &format!("{url}/.well-known/jwks.json")), "calls itself"),
        (document(&format!("{url}/"), &format!("{url}/.well-known/jwks.json")), "calls itself"),
        (document(&url, "file:///etc/passwd"), "https"),
        (document(&url, "http://keys.example.com/jwks.json"), "https"),
        (document(&url, "/jwks.json"), "absolute"),
        (document(&"x\n".repeat(100_000), &url), "calls itself"),
        (document(&url, &"x\n".repeat(100_000)), "absolute"),
        (Reply::Json(json!({ "issuer": url })), "jwks_uri"),
        (Reply::raw("HTTP/1.1 200 OK", b"<html>"), "not a discovery document"),
        (Reply::raw("HTTP/1.1 404 Not Found", b""), "404"),
    ] {
        issuer.answer_discovery(reply);
        let error = Guard::discover(&url, AUDIENCE).await.unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
        assert!(error.len() < 1000 && !error.contains('\n'), "what others write is cut short: {error}");
    }
    assert_eq!((issuer.fetches(), elsewhere.questions()), (0, 0));
}

#[tokio::test]
async fn jwt_18_a_tls_failure_is_an_error() {
    let issuer = TestIssuer::start(&[&key("k1")]).await;
    let error = Guard::discover(issuer.url.replace("http:", "https:"), AUDIENCE).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}
