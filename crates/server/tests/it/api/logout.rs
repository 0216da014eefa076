use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn signing_out_ends_this_session_at_once() {
    let app = TestApp::new().await;
    let phone = app.person("ada@example.com").await;
    let laptop = app.sign_in("ada@example.com").await;
    let out = app.ask(&phone, Method::POST, "/api/v1/logout", Some(json!({}))).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert_eq!(app.ask(&phone, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    assert_eq!(app.refresh(&phone.refresh_token).await.brief(), "401 invalid_refresh_token");
    assert_eq!(app.ask(&laptop, Method::GET, "/api/v1/me", None).await.status, StatusCode::OK);
    assert_eq!(app.refresh(&laptop.refresh_token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session() {
    let app = TestApp::new().await;
    let phone = app.person("ada@example.com").await;
    let laptop = app.sign_in("ada@example.com").await;
    let grace = app.person("grace@example.com").await;
    let out = app.ask(&phone, Method::POST, "/api/v1/logout", Some(json!({"everywhere": true}))).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    for device in [&phone, &laptop] {
        assert_eq!(app.ask(device, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
        assert_eq!(app.refresh(&device.refresh_token).await.brief(), "401 invalid_refresh_token");
    }
    assert_eq!(app.ask(&grace, Method::GET, "/api/v1/me", None).await.status, StatusCode::OK);
    app.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(app.login("ada@example.com").await.status, StatusCode::OK, "and one may sign in again");
}

/// RT-05: whatever the order, nothing minted survives the sign-out.
#[tokio::test]
async fn rt_05_a_refresh_that_races_with_a_sign_out_leaves_nothing_alive() {
    let app = TestApp::new().await;
    app.register("ada@example.com").await;
    for _ in 0..20 {
        let ada = app.sign_in("ada@example.com").await;
        let out = app.ask(&ada, Method::POST, "/api/v1/logout", Some(json!({})));
        let (refreshed, out) = futures_util::future::join(app.refresh(&ada.refresh_token), out).await;
        assert_eq!(out.status, StatusCode::NO_CONTENT);
        if refreshed.status == StatusCode::OK {
            let next = refreshed.text("refresh_token");
            assert_eq!(app.refresh(&next).await.brief(), "401 invalid_refresh_token");
        }
    }
}
