//! What goes by mail.

use serde_json::json;

use super::{ADA, brief, get, login, person, post, world};

#[tokio::test]
async fn a_lost_password_is_set_anew_by_what_was_mailed() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    for (ask, confirm) in [
        ("/password/reset", "/password/reset/confirm"),
        ("/v1/auth/password-reset/request", "/v1/auth/password-reset/confirm"),
    ] {
        let asked = app.post(ask, json!({"email": ADA})).await;
        let unknown = app.post(ask, json!({"email": "nobody@example.com", "realm_id": "default"})).await;
        assert_eq!((asked.status.as_u16(), &asked.body), (200, &unknown.body), "LG-01");
        let token = app.token(ADA).await;
        let weak = json!({"token": token, "new_password": "short"});
        assert_eq!(brief(&app.post(confirm, weak).await), "400 WEAK_PASSWORD");
        let body = json!({"token": token, "new_password": "the loom weaves flowers and leaves"});
        let done = app.post(confirm, body.clone()).await;
        assert_eq!(done.json()["sessions_invalidated"], json!(true), "{done:?}");
        assert_eq!(brief(&app.post(confirm, body).await), "400 INVALID_TOKEN", "once");
        app.advance(std::time::Duration::from_mins(2));
    }
    assert_eq!(brief(&get(&app, &ada, "/me").await), "401 INVALID_TOKEN");
    assert_eq!(brief(&login(&app, ADA).await), "401 INVALID_CREDENTIALS");
    let new = json!({"email": ADA, "password": "the loom weaves flowers and leaves"});
    assert_eq!(app.post("/login", new).await.status, 200);
    assert_eq!(brief(&app.post("/password/reset", json!({"email": "nobody"})).await), "400 INVALID_EMAIL");
}

#[tokio::test]
async fn an_address_is_confirmed_by_what_was_mailed() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let first = app.token(ADA).await;
    app.advance(std::time::Duration::from_mins(2));
    let sent = post(&app, &ada, "/v1/auth/verify-email/send", json!({})).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    let token = app.token(ADA).await;
    assert_ne!(token, first);
    let confirm = async |body| app.post("/v1/auth/verify-email/confirm", body).await;
    assert_eq!(brief(&confirm(json!({"code": "123456"})).await), "400 INVALID_CODE");
    assert_eq!(brief(&confirm(json!({})).await), "400 INVALID_REQUEST");
    // Under either name, with a token beside it or without.
    let done = post(&app, &ada, "/v1/auth/verify-email/confirm", json!({"code": token})).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(brief(&confirm(json!({"token": token})).await), "400 INVALID_CODE", "once");
    assert_eq!(get(&app, &ada, "/me").await.json()["user"]["email_verified"], json!(true));
    let again = post(&app, &ada, "/v1/auth/verify-email/send", json!({})).await;
    assert_eq!(brief(&again), "400 ALREADY_VERIFIED");
}

/// RL: letters are counted here as at every other door.
#[tokio::test]
async fn rl_nobody_fills_a_mailbox_through_this_door() {
    let app = world().await;
    person(&app, ADA).await;
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(brief(&app.post("/password/reset", json!({"email": ADA})).await));
        app.advance(std::time::Duration::from_secs(61));
    }
    assert!(answers.contains(&"429 RATE_LIMITED".to_owned()), "{answers:?}");
    assert!(app.subjects(ADA).await.len() <= 6);
    assert_eq!(app.login(ADA).await.status, 200);
}
