use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ADA, COOKIE, Client, ada, attributes, bearer};
use crate::support::TestApp;

const CLEARED: [&str; 3] = [COOKIE, "better-auth.session_data", "better-auth.dont_remember"];

#[tokio::test]
async fn nobody_has_no_session_and_that_is_no_error() {
    let app = TestApp::new().await;
    let answer = Client::new(&app).get("/get-session").await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, Value::Null));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        (answer.header("cache-control"), answer.header("pragma")),
        (Some("no-store"), Some("no-cache"))
    );
    assert!(answer.header("set-auth-jwt").is_none());

    let client = ada(&app).await;
    let answer = client.get("/get-session").await;
    let (session, user) = (&answer.json()["session"], &answer.json()["user"]);
    assert_eq!(session["userId"], user["id"]);
    assert_eq!((&session["ipAddress"], &session["userAgent"]), (&json!(""), &json!("")));
    assert_eq!(session["createdAt"], "2027-01-15T08:00:00.000Z");
    assert_eq!(bearer(&app, session["token"].as_str().unwrap()).await.as_deref(), Some(ADA));
}

#[tokio::test]
async fn a_session_is_asked_for_with_get() {
    let app = TestApp::new().await;
    let answer = Client::new(&app).post("/get-session", json!({})).await;
    assert_eq!(answer.brief(), "405 METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED");
}

/// Issue 6: what `list-sessions` shows is a handle.
#[tokio::test]
async fn what_is_listed_revokes_and_does_not_authenticate() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    app.advance(std::time::Duration::from_secs(1));
    let other = Client::new(&app);
    let token = other.sign_in(ADA).await.text("token");
    let listed = client.get("/list-sessions").await.json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 2);
    for session in listed {
        let handle = session["token"].as_str().unwrap();
        assert_eq!(bearer(&app, handle).await, None, "{handle}");
        // Nor in the place of the token in what is signed.
        let signed = client.cookie(COOKIE).unwrap();
        let signed = format!("{handle}.{}", signed.split_once('.').unwrap().1);
        assert_eq!(bearer(&app, &signed).await, None, "{signed}");
    }
    let this = client.get("/get-session").await.json()["session"]["id"].clone();
    assert_eq!(listed[0]["id"], this, "the oldest first, and each under its id");

    let revoke = async |named: &Value| client.post("/revoke-session", json!({"token": named})).await.json();
    assert_eq!(revoke(&json!("nobody's")).await, json!({"status": true}));
    assert_eq!(other.email().await.as_deref(), Some(ADA));
    assert_eq!(revoke(&listed[1]["token"]).await, json!({"status": true}));
    assert_eq!((other.email().await, bearer(&app, &token).await), (None, None));
    // The token names it, too.
    let token = other.sign_in(ADA).await.text("token");
    revoke(&json!(token)).await;
    assert_eq!(other.email().await, None);
    let own = client.post("/revoke-session", json!({"token": this})).await;
    assert!(CLEARED.iter().all(|name| attributes(&own, name).unwrap().starts_with("Max-Age=0;")));
    assert_eq!(client.email().await, None);
}

/// TN-01: a handle of somebody else is of no use, and says nothing.
#[tokio::test]
async fn tn_01_nobody_ends_the_session_of_another() {
    let app = TestApp::new().await;
    let (hers, eve) = (ada(&app).await, Client::new(&app));
    eve.sign_up("eve@example.com").await;
    let handle = hers.get("/list-sessions").await.json()[0]["token"].clone();
    let answer = eve.post("/revoke-session", json!({"token": handle})).await;
    assert_eq!(answer.json(), json!({"status": true}));
    assert_eq!(hers.email().await.as_deref(), Some(ADA));
}

#[tokio::test]
async fn a_session_older_than_a_day_does_not_see_the_others() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    app.advance(std::time::Duration::from_hours(24));
    assert_eq!(client.get("/list-sessions").await.brief(), "403 SESSION_NOT_FRESH");
}

#[tokio::test]
async fn every_session_ends_and_this_one_too() {
    let app = TestApp::new().await;
    let (client, other) = (ada(&app).await, Client::new(&app));
    other.sign_in(ADA).await;
    let native = app.sign_in(ADA).await;
    let answer = client.post("/revoke-sessions", json!({})).await;
    assert_eq!(answer.json(), json!({"status": true}));
    assert_eq!((client.email().await, other.email().await), (None, None));
    let me = app.ask(&native, Method::GET, "/api/v1/me", None).await;
    assert_eq!(me.brief(), "401 invalid_token", "whichever door it came through");
}

#[tokio::test]
async fn every_other_session_ends() {
    let app = TestApp::new().await;
    let (client, other) = (ada(&app).await, Client::new(&app));
    other.sign_in(ADA).await;
    // As the client sends it, with no body at all.
    let headers = [("origin", super::OURS)];
    let answer = client.ask(Method::POST, "/revoke-other-sessions", None, &headers).await;
    assert_eq!(answer.json(), json!({"status": true}));
    assert_eq!((client.email().await.as_deref(), other.email().await), (Some(ADA), None));
}

#[tokio::test]
async fn signing_out_ends_the_session_and_clears_its_cookies() {
    let app = TestApp::new().await;
    let client = Client::new(&app);
    let token = client.sign_up(ADA).await.text("token");
    for _ in 0..2 {
        let answer = client.post("/sign-out", json!({})).await;
        assert_eq!(answer.json(), json!({"success": true}), "also of nobody");
        for name in CLEARED {
            assert!(attributes(&answer, name).unwrap().starts_with("Max-Age=0;"), "{name}");
        }
        assert_eq!(bearer(&app, &token).await, None);
    }
    // SE-07: and so does a session that another door ends.
    let token = client.sign_in(ADA).await.text("token");
    let native = app.sign_in(ADA).await;
    app.ask(&native, Method::DELETE, "/api/v1/me/sessions", None).await;
    assert_eq!(bearer(&app, &token).await, None);
}

#[tokio::test]
async fn nobody_is_refused_where_somebody_is_asked_for() {
    let app = TestApp::new().await;
    let client = Client::new(&app);
    for (method, path, body) in [
        (Method::GET, "/token", None),
        (Method::GET, "/list-sessions", None),
        (Method::GET, "/list-accounts", None),
        (Method::POST, "/revoke-session", Some(json!({"token": "x"}))),
        (Method::POST, "/revoke-sessions", Some(json!({}))),
        (Method::POST, "/revoke-other-sessions", Some(json!({}))),
        (Method::POST, "/update-user", Some(json!({"name": "x"}))),
        (Method::POST, "/verify-password", Some(json!({"password": "x"}))),
        (Method::POST, "/change-password", Some(json!({"currentPassword": "x", "newPassword": "x"}))),
        (Method::POST, "/change-email", Some(json!({"newEmail": "a@example.com"}))),
    ] {
        for headers in [&[][..], &[("authorization", "Bearer garbage")], &[("authorization", "Basic x")]] {
            let answer = client.ask(method.clone(), path, body.clone(), headers).await;
            assert_eq!(answer.brief(), "401 UNAUTHORIZED", "{method} {path}");
        }
    }
}
