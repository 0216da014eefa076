//! Services, providers, and what is nothing.

use axum::http::Method;
use serde_json::json;

use super::{REALM, chief, refresh, world};
use crate::{
    pages::browser::Browser,
    profiles::{ask, part, with},
    social::Provider,
    support::TestApp,
};

#[tokio::test]
async fn the_small_routes_answer_as_the_original_does() {
    let app = world().await;
    assert_eq!(app.get("/health").await.whole(), r#"200 {"status":"healthy"}"#);
    assert_eq!(app.get("/nope").await.whole(), r#"404 {"detail":"Not Found"}"#);
    for (method, path, first) in [
        (Method::GET, "/token", "POST"),
        (Method::PUT, "/register", "POST"),
        (Method::DELETE, "/users/me", "GET"),
        (Method::PATCH, "/admin/users", "GET"),
        (Method::GET, "/admin/users/1", "DELETE"),
        (Method::GET, "/admin/users/1/role", "PUT"),
        (Method::POST, "/health", "GET"),
        (Method::POST, "/auth/google", "GET"),
    ] {
        let answer = ask(&app, method.clone(), path, &[]).await;
        assert_eq!(answer.whole(), r#"405 {"detail":"Method Not Allowed"}"#, "{method} {path}");
        assert_eq!(answer.header("allow"), Some(first), "{method} {path}");
    }
    // What other profiles own is nothing here, and what this one owns is nothing elsewhere.
    for path in ["/auth/token", "/api-keys/rotate/x", "/login", "/mfa/verify"] {
        assert_eq!(app.get(path).await.whole(), r#"404 {"detail":"Not Found"}"#, "{path}");
    }
    let native = TestApp::new().await;
    for path in ["/token", "/users/me", "/health", "/api/data"] {
        assert_eq!(native.get(path).await.brief(), "404 not_found", "{path}");
    }
    // Under a prefix it is the same.
    let two = TestApp::with("[[realm]]\nname = \"books\"\nprofile = \"runbook\"\n").await;
    assert_eq!(two.get("/r/books/health").await.whole(), r#"200 {"status":"healthy"}"#);
    assert_eq!(two.get("/health").await.brief(), "404 not_found");
    // What is too large is refused in the same envelope.
    let large = two.post("/r/books/register", json!({"username": "x".repeat(70_000)})).await;
    assert_eq!((large.status.as_u16(), large.json()["detail"].is_string()), (413, true));
}

#[tokio::test]
async fn a_service_shows_its_key() {
    let app = world().await;
    let chief = chief(&app).await;
    let made = app
        .ask(&chief, Method::POST, "/api/v1/me/api-keys", Some(json!({"name": "ci", "scopes": ["ci"]})))
        .await;
    let key = made.text("key");
    let refused = r#"403 {"detail":"Invalid API Key"}"#;
    assert_eq!(app.get("/api/data").await.whole(), refused);
    for wrong in ["x", "", &format!("{key}x")] {
        assert_eq!(ask(&app, Method::GET, "/api/data", &[("x-api-key", wrong)]).await.whole(), refused);
    }
    let good = ask(&app, Method::GET, "/api/data", &[("x-api-key", &key)]).await;
    assert_eq!(good.whole(), r#"200 {"data":"sensitive information"}"#);
    let id = made.json()["api_key"]["id"].as_str().or(made.json()["id"].as_str()).map(str::to_owned).unwrap();
    app.ask(&chief, Method::DELETE, &format!("/api/v1/me/api-keys/{id}"), None).await;
    assert_eq!(ask(&app, Method::GET, "/api/data", &[("x-api-key", &key)]).await.whole(), refused);
}

#[tokio::test]
async fn a_provider_signs_in_and_the_tokens_come_as_json() {
    let provider = Provider::new().await;
    let app = TestApp::with(&format!(
        "{REALM}[[realm.provider]]\nid = \"google\"\nissuer = \"{}\"\nclient_id = \"ours\"\nclient_secret = \"a secret of ours\"\ntrust_email = true\n",
        provider.address
    ))
    .await;
    let browser = Browser::new(&app);
    let begun = browser.get("/login/google").await;
    assert_eq!(begun.status, 302, "{begun:?}");
    let url = begun.location().to_owned();
    assert!(url.contains("redirect_uri=http%3A%2F%2F127.0.0.1%3A8400%2Fauth%2Fgoogle&"), "{url}");
    let grace =
        json!({ "sub": "g1", "email": "grace@example.com", "email_verified": true, "name": "Grace Hopper" });
    let back = provider.sends_back(&url, &grace, app.clock.now().unix_seconds());
    assert!(back.starts_with("/auth/google?"), "{back}");
    // SO-03: in another browser it is the end of nothing, and here it is one once.
    assert_eq!(Browser::new(&app).get(&back).await.status, 400);
    let tokens = browser.get(&back).await;
    assert_eq!(
        (tokens.status.as_u16(), tokens.header("content-type")),
        (200, Some("application/json")),
        "{tokens:?}"
    );
    assert_eq!(browser.get(&back).await.status, 400);
    let access = tokens.text("access_token");
    assert_eq!(part(&access, 1)["sub"], "grace@example.com");
    let shown = with(&app, Method::GET, "/users/me", &access).await.json();
    assert_eq!(
        (&shown["email"], &shown["full_name"], &shown["role"]),
        (&json!("grace@example.com"), &json!("Grace Hopper"), &json!("user"))
    );
    assert_eq!(refresh(&app, &tokens.text("refresh_token")).await.status, 200);
    // What was begun at this door does not end at that of the pages.
    let url = browser.get("/login/google").await.location().to_owned();
    let back = provider.sends_back(&url, &grace, app.clock.now().unix_seconds());
    let (_, query) = back.split_once('?').unwrap();
    let elsewhere = browser.get(&format!("/sign-in/with/google/callback?{query}")).await;
    assert_ne!(elsewhere.status, 303, "{elsewhere:?}");
    assert_eq!(browser.get("/account/profile").await.status, 303, "nobody is signed in");
    // A realm without the provider has no such path.
    let without = world().await;
    assert_eq!(Browser::new(&without).get("/login/google").await.whole(), r#"404 {"detail":"Not Found"}"#);
}
