//! What a passkey must not outlive, and what gets around nothing.

use axum::http::Method;
use serde_json::json;

use super::{ADA, claims};
use crate::{
    oauth::relying_party::{self as rp, REALM, asking},
    pages::browser::Browser,
    support::{PASSWORD, SoftPasskey, TestApp},
};

const NEW: &str = "another engine weaves algebra";

/// LG-14: whoever made an account with somebody else's address has no way left into it once its owner has proven the address.
#[tokio::test]
async fn lg_14_a_passkey_from_before_the_address_was_proven_ends_with_a_recovery() {
    let app = TestApp::new().await;
    let (_, squatters, _) = app.person_with_passkey(ADA).await;
    assert_eq!(app.post("/api/v1/recover", json!({"email": ADA})).await.status, 202);
    let token = app.token(ADA).await;
    let body = json!({"token": token, "new_password": NEW});
    let answer = app.post("/api/v1/recover/confirm", body).await;
    assert!(answer.status.is_success(), "{answer:?}");
    assert_eq!(app.show_passkey(&squatters).await.brief(), "403 invalid_passkey");

    // Whoever has proven the address keeps theirs: a lost password takes no factor away (LG-12).
    let answer = app.post("/api/v1/login", json!({"email": ADA, "password": NEW})).await;
    let owner = crate::support::person(&answer);
    let mut key = SoftPasskey::es256();
    app.add_passkey(&owner, &mut key).await;
    assert_eq!(app.post("/api/v1/recover", json!({"email": ADA})).await.status, 202);
    let body = json!({"token": app.token(ADA).await, "new_password": PASSWORD});
    assert!(app.post("/api/v1/recover/confirm", body).await.status.is_success());
    assert_eq!(app.login(ADA).await.brief(), "403 mfa_required");
    assert_eq!(app.show_passkey(&key).await.status, 200);
}

/// LG-13: taking a change of address back leaves nobody a way in but by mail.
#[tokio::test]
async fn lg_13_a_passkey_ends_when_a_change_of_address_is_taken_back() {
    let app = TestApp::new().await;
    let ada = app.person(ADA).await;
    let token = app.token(ADA).await;
    assert_eq!(app.post("/api/v1/verify-email", json!({"token": token})).await.status, 200);
    let mut thiefs = SoftPasskey::es256();
    app.add_passkey(&ada, &mut thiefs).await;
    let thief = app.sign_in_with(&thiefs).await;
    let asked =
        app.ask(&thief, Method::POST, "/api/v1/me/email", Some(json!({"email": "thief@example.com"}))).await;
    assert!(asked.status.is_success(), "{asked:?}");
    let confirm = app.token("thief@example.com").await;
    assert_eq!(app.post("/api/v1/verify-email", json!({"token": confirm})).await.status, 200);
    let undo = app.token(ADA).await;
    let answer = app.post("/api/v1/undo-email", json!({"token": undo})).await;
    assert!(answer.status.is_success(), "{answer:?}");
    assert_eq!(app.show_passkey(&thiefs).await.brief(), "403 invalid_passkey");
}

/// MF-05, MF-08: what an application is told of a passkey is true, and a level that is asked for is reached with one.
#[tokio::test]
async fn mf_05_mf_08_a_client_gets_the_level_of_the_passkey() {
    let app = TestApp::with(REALM).await;
    let ada = app.sign_in(ADA).await;
    let mut key = SoftPasskey::es256();
    app.add_passkey(&ada, &mut key).await;
    let browser = Browser::new(&app);
    super::pages::sign_in_with(&browser, &key).await;
    let code = rp::code(&browser, &asking().with("acr_values", "2").with("prompt", "consent")).await;
    let answer = rp::redeem(&app, &code).await;
    let said = claims(&answer.text("id_token"));
    assert_eq!((&said["acr"], &said["amr"]), (&json!("2"), &json!(["hwk", "user", "mfa"])));
}
