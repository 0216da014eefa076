//! `/oauth/userinfo`

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::json;

use crate::support::TestApp;

use super::relying_party::{self as rp, REALM, ada, asking, userinfo};

#[tokio::test]
async fn a_client_learns_what_its_scopes_stand_for() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let tokens = rp::redeem(&app, &rp::code(&browser, &asking()).await).await;
    let told = userinfo(&app, &tokens.text("access_token")).await;
    assert_eq!((told.status.as_u16(), told.header("cache-control")), (200, Some("no-store")));
    let sub = rp::claims(&tokens.text("id_token"))["sub"].clone();
    assert_eq!(told.json(), json!({"sub": sub, "email": "ada@example.com", "email_verified": true}));
    let tokens = rp::redeem(&app, &rp::code(&browser, &asking().with("scope", "openid profile")).await).await;
    let told = userinfo(&app, &tokens.text("access_token")).await.json();
    assert_eq!((&told["name"], &told["preferred_username"]), (&json!("Ada Lovelace"), &json!("ada")));
    assert!(told["email"].is_null() && told["updated_at"].is_i64());
    let claims = r#"{"userinfo":{"name":{"essential":true}},"id_token":{"email":null}}"#;
    let asking = asking().with("scope", "openid").with("claims", claims);
    let tokens = rp::redeem(&app, &rp::code(&browser, &asking).await).await;
    let told = userinfo(&app, &tokens.text("access_token")).await.json();
    assert_eq!(told, json!({"sub": sub, "name": "Ada Lovelace"}));
    assert_eq!(rp::claims(&tokens.text("id_token"))["email"], "ada@example.com");
}

#[tokio::test]
async fn ui_01_other_tokens_tell_nothing() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let tokens = rp::redeem(&app, &rp::code(&browser, &asking()).await).await;
    let challenge =
        |answer: &crate::support::Answer| answer.header("www-authenticate").unwrap_or("-").to_owned();
    for (token, status) in [
        (tokens.text("id_token"), 401),
        (tokens.text("refresh_token"), 401),
        (app.sign_in("ada@example.com").await.access_token, 401),
        ("x".to_owned(), 401),
    ] {
        let answer = userinfo(&app, &token).await;
        assert_eq!(answer.status, status);
        assert!(challenge(&answer).contains("invalid_token"), "{answer:?}");
    }
    let asking = asking().with("scope", "notes:read");
    let without = rp::redeem(&app, &rp::code(&browser, &asking).await).await;
    assert!(without.json().get("id_token").is_none());
    let answer = userinfo(&app, &without.text("access_token")).await;
    assert_eq!(answer.status, 403);
    assert!(challenge(&answer).contains("insufficient_scope"));
    let nobody = app.get("/oauth/userinfo").await;
    assert_eq!((nobody.status.as_u16(), challenge(&nobody).as_str()), (401, "Bearer"));
    let in_query = app.get(&format!("/oauth/userinfo?access_token={}", tokens.text("access_token"))).await;
    assert_eq!(in_query.status, 401);
    let other = app.get("/r/other/oauth/userinfo").await;
    assert_eq!(other.status, 404);
    let admin = app.admin().await;
    let sub = rp::claims(&tokens.text("id_token"))["sub"].as_str().unwrap().to_owned();
    app.ask(&admin, Method::DELETE, &format!("/api/v1/admin/users/{sub}"), None).await;
    assert_eq!(userinfo(&app, &tokens.text("access_token")).await.status, 401);
}

#[tokio::test]
async fn the_token_may_stand_in_a_form_but_once() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let token = rp::redeem(&app, &rp::code(&browser, &asking()).await).await.text("access_token");
    let post = async |in_header: bool, in_form: bool| {
        let mut request = Request::builder().method(Method::POST).uri("/oauth/userinfo");
        if in_header {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = if in_form { format!("access_token={token}") } else { String::new() };
        app.send(request.body(Body::from(body)).unwrap()).await.status.as_u16()
    };
    assert_eq!(post(true, false).await, 200);
    assert_eq!(post(false, true).await, 200);
    assert_eq!(post(true, true).await, 400);
    assert_eq!(post(false, false).await, 401);
}
