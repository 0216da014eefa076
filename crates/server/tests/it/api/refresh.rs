use std::{collections::HashSet, time::Duration};

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::support::{TestApp, request, send};

#[tokio::test]
async fn a_refresh_token_is_exchanged_for_the_next() {
    let app = TestApp::new().await;
    let ada = app.person("ada@example.com").await;
    let second = app.refresh(&ada.refresh_token).await;
    assert_eq!(second.status, StatusCode::OK);
    assert_ne!(second.text("refresh_token"), ada.refresh_token);
    assert_eq!(second.header("cache-control"), Some("no-store"));
    let third = app.refresh(&second.text("refresh_token")).await;
    assert_eq!(third.status, StatusCode::OK);
}

/// A client that lost the answer repeats the request: it gets the identical successor, and the chain goes on.
#[tokio::test]
async fn a_lost_answer_is_answered_again() {
    let app = TestApp::new().await;
    let ada = app.person("ada@example.com").await;
    let first = app.refresh(&ada.refresh_token).await;
    app.advance(Duration::from_secs(9));
    let again = app.refresh(&ada.refresh_token).await;
    assert_eq!(again.text("refresh_token"), first.text("refresh_token"));
    assert_eq!(app.refresh(&first.text("refresh_token")).await.status, StatusCode::OK);
}

/// RT-01, RFC 9700 section 4.14.2.
#[tokio::test]
async fn rt_01_reuse_after_the_grace_ends_the_whole_family() {
    let app = TestApp::new().await;
    let ada = app.person("ada@example.com").await;
    let second = app.refresh(&ada.refresh_token).await;
    app.advance(Duration::from_secs(11));
    assert_eq!(app.refresh(&ada.refresh_token).await.brief(), "401 invalid_refresh_token");
    assert_eq!(app.refresh(&second.text("refresh_token")).await.brief(), "401 invalid_refresh_token");
    // And the access tokens of the sign-in with it.
    let me = request(Method::GET, "/api/v1/me", Some(&second.text("access_token")), None);
    assert_eq!(app.send(me).await.brief(), "401 invalid_token");
}

/// RT-01 again: two generations back is reuse, however soon.
#[tokio::test]
async fn rt_03_an_older_token_is_reuse_even_within_the_grace() {
    let app = TestApp::new().await;
    let ada = app.person("ada@example.com").await;
    let second = app.refresh(&ada.refresh_token).await;
    let third = app.refresh(&second.text("refresh_token")).await;
    assert_eq!(app.refresh(&ada.refresh_token).await.brief(), "401 invalid_refresh_token");
    assert_eq!(app.refresh(&third.text("refresh_token")).await.brief(), "401 invalid_refresh_token");
}

/// RT-02: two replicas over one database, 64 simultaneous uses.
#[tokio::test]
async fn rt_02_simultaneous_uses_get_one_successor() {
    let app = TestApp::new().await;
    let (_other, replica) = app.replica().await;
    let ada = app.person("ada@example.com").await;
    let uses = (0..64).map(|index| {
        let router = if index % 2 == 0 { &app.router } else { &replica };
        let body = json!({"refresh_token": ada.refresh_token});
        send(router, request(Method::POST, "/api/v1/refresh", None, Some(body)))
    });
    let answers = futures_util::future::join_all(uses).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{answers:?}");
    let successors: HashSet<String> = answers.iter().map(|answer| answer.text("refresh_token")).collect();
    assert_eq!(successors.len(), 1);
}

/// RT-04: the state is durable.
#[tokio::test]
async fn rt_04_a_rotated_token_is_refused_after_a_restart() {
    let app = TestApp::new().await;
    let ada = app.person("ada@example.com").await;
    app.refresh(&ada.refresh_token).await;
    app.advance(Duration::from_mins(1));
    let (_other, replica) = app.replica().await;
    let body = json!({"refresh_token": ada.refresh_token});
    let answer = send(&replica, request(Method::POST, "/api/v1/refresh", None, Some(body))).await;
    assert_eq!(answer.brief(), "401 invalid_refresh_token");
}

#[tokio::test]
async fn nonsense_and_forgeries_are_refused_alike() {
    let app = TestApp::new().await;
    let ada = app.person("ada@example.com").await;
    let mut forged = ada.refresh_token.clone();
    let at = forged.len() - 10;
    let other = if forged.as_bytes()[at] == b'A' { "B" } else { "A" };
    forged.replace_range(at..=at, other);
    for token in ["", "gp_rt_", "x", &forged, &ada.access_token, &"A".repeat(10_000)] {
        assert_eq!(app.refresh(token).await.brief(), "401 invalid_refresh_token", "{token:.20}");
    }
    assert_eq!(
        app.refresh(&ada.refresh_token).await.status,
        StatusCode::OK,
        "the family is untouched by forgeries"
    );
}

/// RT-06: a refresh token is good in its own realm.
#[tokio::test]
async fn rt_06_another_realm_refuses_it() {
    let app = TestApp::with("[[realm]]\nname = \"acme\"\n").await;
    let ada = app.person("ada@example.com").await;
    let answer = app.post("/r/acme/api/v1/refresh", json!({"refresh_token": ada.refresh_token})).await;
    assert_eq!(answer.brief(), "401 invalid_refresh_token");
    assert_eq!(app.refresh(&ada.refresh_token).await.status, StatusCode::OK);
}

/// RT-09: a token in a URL would be logged.
#[tokio::test]
async fn rt_09_a_refresh_token_in_the_query_is_not_looked_at() {
    let app = TestApp::new().await;
    let ada = app.person("ada@example.com").await;
    let path = format!("/api/v1/refresh?refresh_token={}", ada.refresh_token);
    assert_eq!(app.post(&path, json!({})).await.brief(), "400 invalid_body");
}

#[tokio::test]
async fn an_unused_refresh_token_expires() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nrefresh_token_ttl = \"1h\"\n").await;
    let ada = app.person("ada@example.com").await;
    app.advance(Duration::from_secs(3_599));
    let second = app.refresh(&ada.refresh_token).await;
    assert_eq!(second.status, StatusCode::OK);
    app.advance(Duration::from_hours(1));
    assert_eq!(app.refresh(&second.text("refresh_token")).await.brief(), "401 invalid_refresh_token");
}

/// SE-06: whoever goes on refreshing stays signed in at our own API too, and an idle session ends everywhere.
#[tokio::test]
async fn se_06_a_session_in_use_does_not_end_by_being_idle() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nsession_idle_ttl = \"1h\"\n").await;
    let mut ada = app.person("ada@example.com").await;
    for _ in 0..20 {
        app.advance(Duration::from_mins(10));
        let answer = app.refresh(&ada.refresh_token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        (ada.access_token, ada.refresh_token) = (answer.text("access_token"), answer.text("refresh_token"));
        assert_eq!(app.ask(&ada, Method::GET, "/api/v1/me", None).await.status, 200);
    }
    app.advance(Duration::from_mins(61));
    assert_eq!(app.refresh(&ada.refresh_token).await.brief(), "401 invalid_refresh_token");
    assert_eq!(app.login("ada@example.com").await.status, 200);
}
