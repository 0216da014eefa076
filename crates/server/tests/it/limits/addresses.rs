//! RL-01: whose address a request came from, in sessions, in the audit trail and in the limits.

use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::json;

use super::{FILE, LIMITED, WRONG, from, login_with};
use crate::support::{PASSWORD, TestApp, person};

fn forwarded(value: &str, mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().insert("x-forwarded-for", value.parse().unwrap());
    from("10.0.0.1", request)
}

/// Behind a proxy that is trusted.
async fn behind_a_proxy() -> TestApp {
    TestApp::with_settings(FILE, &[("GATEPOST_SERVER__TRUSTED_PROXIES", "10.0.0.0/8")]).await
}

#[tokio::test]
async fn rl_01_sessions_and_the_audit_trail_have_the_address_that_a_trusted_proxy_tells() {
    let app = behind_a_proxy().await;
    let asked = forwarded("1.1.1.1, 2001:DB8:1:2:0:0:0:9", login_with("admin@example.com", PASSWORD));
    let admin = person(&app.send(asked).await);
    let sessions = app.ask(&admin, Method::GET, "/api/v1/me/sessions", None).await.json();
    assert_eq!(sessions["sessions"][0]["address"], "2001:db8:1:2::9", "{sessions}");
    let trail = app.ask(&admin, Method::GET, "/api/v1/admin/audit?event=signed-in", None).await.json();
    assert_eq!(trail["events"][0]["address"], "2001:db8:1:2::9");
}

#[tokio::test]
async fn rl_01_the_limit_is_that_of_the_client_and_not_of_the_proxy() {
    let app = behind_a_proxy().await;
    let guess = async |peer: &str, name: &str| {
        app.send(forwarded(peer, login_with(name, "a guess at it all"))).await.brief()
    };
    for number in 0..20 {
        // What somebody wrote there themselves changes nothing.
        let line = format!("203.0.113.{number}, 198.51.100.7:{}", 1_000 + number);
        assert_eq!(guess(&line, &format!("user{number}@example.com")).await, WRONG);
    }
    assert_eq!(guess("198.51.100.7", "ada").await, LIMITED);
    assert_eq!(guess("::ffff:198.51.100.7", "ada").await, LIMITED);
    assert_eq!(guess("198.51.100.8", "ada").await, WRONG);
    // What cannot be read counts as the proxy's own, and is limited too.
    for number in 0..20 {
        assert_eq!(guess("a", &format!("other{number}@example.com")).await, WRONG);
    }
    assert_eq!(guess("b", "ada").await, LIMITED);
}

#[tokio::test]
async fn rl_01_without_a_trusted_proxy_no_header_counts() {
    let app = TestApp::with(FILE).await;
    for number in 0..21 {
        let mut asked = login_with(&format!("user{number}@example.com"), "a guess at it all");
        for name in ["x-forwarded-for", "x-real-ip", "cf-connecting-ip", "true-client-ip", "x-client-ip"] {
            asked.headers_mut().insert(name, format!("203.0.113.{number}").parse().unwrap());
        }
        asked.headers_mut().insert("forwarded", format!("for=203.0.113.{number}").parse().unwrap());
        let expected = if number < 20 { WRONG } else { LIMITED };
        assert_eq!(app.send(from("192.0.2.1", asked)).await.brief(), expected, "{number}");
    }
    let body = json!({"email": "eve@example.com", "password": PASSWORD});
    let asked = crate::support::request(Method::POST, "/api/v1/register", None, Some(body));
    assert_eq!(app.send(from("192.0.2.1", asked)).await.status, 201, "what is limited is signing in");
}
