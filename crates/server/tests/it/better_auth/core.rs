//! Deleting an account, and what is left of the core.

use axum::http::Method;
use serde_json::json;

use super::{ADA, COOKIE, Client, OURS, ada, bearer};
use crate::support::{PASSWORD, TestApp};

const DELETES: &str = "[[realm]]\nname = \"default\"\naccount_deletion = true\n";

#[tokio::test]
async fn an_account_is_deleted_by_its_owner() {
    let app = TestApp::with(DELETES).await;
    let client = Client::new(&app);
    let delete = async |body: serde_json::Value| client.post("/delete-user", body).await;
    assert_eq!(delete(json!({})).await.brief(), "401 UNAUTHORIZED");
    let token = client.sign_up(ADA).await.text("token");
    assert_eq!(delete(json!({"password": "wrong"})).await.brief(), "400 INVALID_PASSWORD");
    assert_eq!(delete(json!({"password": 7})).await.brief(), "400 VALIDATION_ERROR");
    assert_eq!(delete(json!({"token": "x"})).await.brief(), "404 INVALID_TOKEN");
    let evil = delete(json!({"password": PASSWORD, "callbackURL": "https://evil.test"})).await;
    assert_eq!(evil.brief(), "403 INVALID_CALLBACK_URL");
    // A sign-in that is no longer one of a moment ago; the password makes it one.
    app.advance(std::time::Duration::from_mins(11));
    assert_eq!(delete(json!({})).await.brief(), "400 SESSION_EXPIRED");
    let body = Some(json!({"password": PASSWORD}));
    let other = client.ask(Method::POST, "/delete-user", body, &[("origin", "https://evil.test")]).await;
    assert_eq!(other.brief(), "403 INVALID_ORIGIN");
    let done = delete(json!({"password": PASSWORD})).await;
    assert_eq!(done.json(), json!({"success": true, "message": "User deleted"}));
    assert_eq!((client.cookie(COOKIE), bearer(&app, &token).await), (None, None));
    let body = json!({"email": ADA, "password": PASSWORD});
    assert_eq!(client.post("/sign-in/email", body).await.brief(), "401 INVALID_EMAIL_OR_PASSWORD");
    // Just signed in, nothing more is asked for.
    client.sign_up(ADA).await;
    assert_eq!(delete(json!({})).await.status, 200);
}

/// MF-04: with a second factor the password alone is not enough.
#[tokio::test]
async fn mf_04_an_account_with_a_second_factor_is_not_deleted_by_its_password() {
    let app = TestApp::with(DELETES).await;
    let client = ada(&app).await;
    crate::mfa::set_up(&app, &app.sign_in(ADA).await).await;
    for body in [json!({}), json!({"password": PASSWORD})] {
        assert_eq!(client.post("/delete-user", body.clone()).await.brief(), "400 SESSION_EXPIRED", "{body}");
    }
    assert_eq!(client.email().await.as_deref(), Some(ADA));
}

#[tokio::test]
async fn nobody_deletes_their_account_where_the_realm_does_not_say_so_nor_the_last_administrator() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    let body = json!({"password": PASSWORD});
    assert_eq!(client.post("/delete-user", body.clone()).await.brief(), "404 ACCOUNT_DELETION_OFF");
    app.admin().await;
    app.apply(DELETES).await;
    let admin = Client::new(&app);
    admin.sign_in("admin@example.com").await;
    assert_eq!(admin.post("/delete-user", body).await.brief(), "409 LAST_ADMINISTRATOR");
    assert_eq!(admin.email().await.as_deref(), Some("admin@example.com"));
}

#[tokio::test]
async fn a_session_has_no_fields_to_update() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    for body in [json!({}), json!({"theme": "dark"})] {
        assert_eq!(client.post("/update-session", body).await.brief(), "400");
    }
    assert_eq!(client.post("/update-session", json!([])).await.brief(), "400 VALIDATION_ERROR");
    let nobody = Client::new(&app).post("/update-session", json!({"theme": "dark"})).await;
    assert_eq!(nobody.brief(), "401 UNAUTHORIZED");
}

#[tokio::test]
async fn the_key_of_an_app_is_shown_until_it_counts() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    let show = async |client: &Client<'_>| {
        client.post("/two-factor/get-totp-uri", json!({"password": PASSWORD})).await
    };
    assert_eq!(show(&Client::new(&app)).await.brief(), "401 UNAUTHORIZED");
    assert_eq!(show(&client).await.brief(), "400 TOTP_NOT_ENABLED");
    let begun = client.post("/two-factor/enable", json!({"password": PASSWORD})).await;
    let uri = begun.text("totpURI");
    assert_eq!(show(&client).await.json(), json!({"totpURI": uri}));
    let wrong = client.post("/two-factor/get-totp-uri", json!({"password": "wrong"})).await;
    assert_eq!(wrong.brief(), "400 INVALID_PASSWORD");
    // Not in another session of the same account: who is there may be somebody else.
    let other = Client::new(&app);
    other.sign_in(ADA).await;
    assert_eq!(show(&other).await.brief(), "400 TOTP_NOT_ENABLED");
    let secret = uri.split("secret=").nth(1).unwrap().split('&').next().unwrap();
    let phone = crate::support::Authenticator::of(secret);
    let done = client.post("/two-factor/verify-totp", json!({"code": phone.code(&app)})).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(show(&client).await.brief(), "400 TOTP_ALREADY_ENABLED");
}

#[tokio::test]
async fn a_realm_without_it_answers_nothing() {
    let app =
        TestApp::with("[[realm]]\nname = \"default\"\nbetter_auth = false\n[[realm]]\nname = \"other\"\n")
            .await;
    let client = Client::new(&app);
    let body = json!({"name": "Ada", "email": ADA, "password": PASSWORD});
    for (method, path, body) in [
        (Method::GET, "/ok", None),
        (Method::GET, "/jwks", None),
        (Method::GET, "/error", None),
        (Method::POST, "/sign-up/email", Some(body)),
        (Method::OPTIONS, "/ok", None),
    ] {
        let answer = client.ask(method, path, body, &[("origin", OURS)]).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (404, 0), "{path}");
    }
    assert_eq!(Client::under(&app, "/r/other").get("/ok").await.json(), json!({"ok": true}));
}
