//! Clients, made and changed over HTTP.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request},
};
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::support::TestApp;

const CLIENTS: &str = "/api/v1/admin/clients";

/// Whether the secret is the client's: `200` or `401`.
async fn tried(app: &TestApp, id: &str, secret: &str) -> u16 {
    let header = format!("Basic {}", BASE64.encode(format!("{id}:{secret}").as_bytes()));
    let request = Request::post("/oauth/token")
        .header("host", "127.0.0.1:8400")
        .header("authorization", header)
        .header("content-type", "application/x-www-form-urlencoded");
    app.send(request.body(Body::from("grant_type=client_credentials")).unwrap()).await.status.as_u16()
}

#[tokio::test]
async fn an_administrator_makes_changes_and_removes_a_client_and_the_trail_tells() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let ask =
        async |method: Method, path: &str, body: Option<Value>| app.ask(&admin, method, path, body).await;
    let settings = json!({ "grants": ["client_credentials"], "scopes": ["notes:read"], "contacts": ["ada@example.com"] });
    let body = json!({ "id": "worker", "settings": settings });
    let made = ask(Method::POST, CLIENTS, Some(body.clone())).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, Some("no-store")), "{made:?}");
    let secret = made.text("secret");
    assert_eq!(tried(&app, "worker", &secret).await, 200);
    assert_eq!(ask(Method::POST, CLIENTS, Some(body)).await.brief(), "409 client_exists");
    let worker = format!("{CLIENTS}/worker");
    let shown = ask(Method::GET, &worker, None).await;
    assert!(shown.header("etag").is_some() && shown.json().get("secret").is_none());

    let change = json!({ "settings": { "require_pushed_authorization_requests": true, "contacts": null } });
    let changed = ask(Method::PATCH, &worker, Some(change)).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.json()["settings"]["require_pushed_authorization_requests"], true);
    assert!(changed.json().get("secret").is_none(), "it keeps its own");
    assert_eq!(tried(&app, "worker", &secret).await, 200);
    // Who proves nothing any more has no secret, and cannot act on its own.
    let public = json!({ "settings": { "token_endpoint_auth_method": "none" } });
    let refused = ask(Method::PATCH, &worker, Some(public.clone())).await;
    assert!(refused.text("detail").starts_with("`grants`: a public client proves nothing"), "{refused:?}");
    let given = json!({ "settings": { "token_endpoint_auth_method": "none", "grants": null } });
    assert_eq!(ask(Method::PATCH, &worker, Some(given)).await.json()["public"], true);
    assert_eq!(
        ask(Method::POST, &format!("{worker}/secret"), Some(json!({}))).await.brief(),
        "409 no_secret"
    );
    assert_eq!(ask(Method::DELETE, &worker, None).await.status, 204);
    assert_eq!(ask(Method::GET, &worker, None).await.brief(), "404 not_found");

    let trail = ask(Method::GET, "/api/v1/admin/audit", None).await;
    let trail = String::from_utf8_lossy(&trail.body).into_owned();
    for told in [
        "client-created",
        "client-updated",
        "client-deleted",
        r#"\"require_pushed_authorization_requests\":false"#,
    ] {
        assert!(trail.contains(told), "{told}: {trail}");
    }
    assert!(!trail.contains(&secret) && !trail.contains("ada@example.com"), "neither secrets nor addresses");
}

#[tokio::test]
async fn ca_03_two_secrets_live_while_one_replaces_the_other() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let settings = json!({ "grants": ["client_credentials"], "scopes": ["notes:read"] });
    let body = json!({ "id": "worker", "settings": settings });
    let first = app.ask(&admin, Method::POST, CLIENTS, Some(body)).await.text("secret");
    let rotate = async |body: Value| {
        app.ask(&admin, Method::POST, &format!("{CLIENTS}/worker/secret"), Some(body)).await
    };
    let second = rotate(json!({ "overlap": "1h" })).await.text("secret");
    assert_eq!((tried(&app, "worker", &first).await, tried(&app, "worker", &second).await), (200, 200));
    app.advance(Duration::from_mins(61));
    assert_eq!((tried(&app, "worker", &first).await, tried(&app, "worker", &second).await), (401, 200));
    let admin = app.sign_in("admin@example.com").await;
    let rotate = async |body: Value| {
        app.ask(&admin, Method::POST, &format!("{CLIENTS}/worker/secret"), Some(body)).await
    };
    let third = rotate(json!({ "overlap": "0s" })).await.text("secret");
    assert_eq!((tried(&app, "worker", &second).await, tried(&app, "worker", &third).await), (401, 200));
    for wrong in [json!({ "overlap": "31d" }), json!({ "overlap": "soon" })] {
        assert_eq!(rotate(wrong).await.brief(), "422 invalid_field");
    }
}

/// The same for redirects, logout, logos and the rest: the rule is one, and `domain` tests it for every member.
#[tokio::test]
async fn oa_02_addresses_that_could_be_turned_against_people_are_refused() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for (name, value) in [
        ("redirect_uris", json!(["https://*.app.test/"])),
        ("redirect_uris", json!(["javascript:alert(1)"])),
        ("post_logout_redirect_uris", json!(["https://app.test/#x"])),
        ("logo_uri", json!("data:image/png;base64,AA")),
        ("policy_uri", json!("http://app.test/")),
        ("client_uri", json!("https://u:p@app.test/")),
        ("jwks", json!({ "keys": [{ "kty": "oct", "k": "AA" }] })),
        ("jwks", json!({ "keys": [{ "kty": "RSA", "n": "AA", "e": "AQAB" }] })),
    ] {
        let body = json!({ "id": "web", "settings": { name: value } });
        let refused = app.ask(&admin, Method::POST, CLIENTS, Some(body)).await;
        assert_eq!(refused.brief(), "422 invalid_field", "{name}");
        assert!(refused.text("detail").starts_with(&format!("`{name}`")), "{refused:?}");
    }
}
