use axum::http::StatusCode;
use serde_json::json;

use super::{ADA, Client, ada};
use crate::support::{PASSWORD, TestApp};

const REALM: &str = "[[realm]]\nname = \"default\"\nallowed_origins = [\"https://app.example.com\"]\n";
const NEW: &str = "another engine weaves";

#[tokio::test]
async fn a_lost_password_is_set_anew_on_the_page_of_the_application() {
    let app = TestApp::with(REALM).await;
    let client = ada(&app).await;
    let fresh = Client::new(&app);
    let page = "https://app.example.com/reset?from=mail";
    let ask = async |email: &str| {
        let body = json!({"email": email, "redirectTo": page});
        let answer = fresh.ask(axum::http::Method::POST, "/request-password-reset", Some(body), &[]).await;
        assert_eq!(answer.json()["status"], true, "{answer:?}");
        answer.body
    };
    // LG-01: the same for an address that nobody has.
    assert_eq!(ask(ADA).await, ask("nobody@example.com").await);
    let link = app.link(ADA).await;
    let path = link.strip_prefix("/api/auth").expect("the link leads here").to_owned();
    assert!(path.starts_with("/reset-password/gp_pr_"), "{path}");
    // LG-10: whoever looks at mail may open it as often as they like.
    let mut token = String::new();
    for _ in 0..2 {
        let opened = fresh.get(&path).await;
        assert_eq!(opened.status, StatusCode::FOUND, "{opened:?}");
        let target = opened.header("location").unwrap();
        token =
            target.strip_prefix(&format!("{page}&token=")).unwrap_or_else(|| panic!("{target}")).to_owned();
    }
    let reset = async |token: &str, password: &str| {
        fresh.post("/reset-password", json!({"newPassword": password, "token": token})).await
    };
    assert_eq!(reset(&token, "short").await.brief(), "400 PASSWORD_TOO_SHORT");
    assert_eq!(reset("bad", NEW).await.brief(), "400 INVALID_TOKEN");
    assert_eq!(fresh.post("/reset-password", json!({"newPassword": NEW})).await.brief(), "400 INVALID_TOKEN");
    assert_eq!(reset(&token, NEW).await.json(), json!({"status": true}));
    assert_eq!(reset(&token, NEW).await.brief(), "400 INVALID_TOKEN", "once");
    assert_eq!(client.email().await, None, "every session has ended");
    let over = fresh.get(&path).await;
    assert_eq!(over.header("location"), Some("https://app.example.com/reset?from=mail&error=INVALID_TOKEN"));
    let body = json!({"email": ADA, "password": NEW});
    assert_eq!(fresh.post("/sign-in/email", body).await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_a_page_of_the_application_the_link_leads_to_ours() {
    let app = TestApp::new().await;
    ada(&app).await;
    let fresh = Client::new(&app);
    fresh.post("/request-password-reset", json!({"email": ADA})).await;
    let link = app.link(ADA).await;
    assert!(link.starts_with("/recover/confirm?token="), "{link}");
    let missing = fresh.get("/reset-password/x").await;
    assert_eq!(
        missing.text("message"),
        "[query.callbackURL] Invalid input: expected string, received undefined"
    );
    let away = fresh.get("/reset-password/x?callbackURL=/reset").await;
    assert_eq!(away.header("location"), Some("http://127.0.0.1:8400/reset?error=INVALID_TOKEN"));
}

/// LG-12: a letter alone does not open an account with a second factor.
#[tokio::test]
async fn lg_12_a_new_password_by_mail_does_not_take_the_place_of_the_second_factor() {
    let app = TestApp::new().await;
    let who = app.person(ADA).await;
    // Proven, so that the factors stay.
    let token = app.token(ADA).await;
    app.post("/api/v1/verify-email", json!({"token": token})).await;
    crate::mfa::set_up(&app, &who).await;
    let client = Client::new(&app);
    client.post("/request-password-reset", json!({"email": ADA})).await;
    let token = app.token(ADA).await;
    let reset = client.post("/reset-password", json!({"newPassword": NEW, "token": token})).await;
    assert_eq!(reset.json(), json!({"status": true}), "{reset:?}");
    let answer = client.post("/sign-in/email", json!({"email": ADA, "password": NEW})).await;
    assert_eq!(answer.json()["twoFactorRedirect"], true);
}

#[tokio::test]
async fn an_address_is_verified_by_the_token_of_a_link() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    let ask = async |email: &str| client.post("/send-verification-email", json!({"email": email})).await;
    assert_eq!(ask("other@example.com").await.brief(), "400 EMAIL_MISMATCH");
    app.mail_to(ADA).await;
    app.advance(std::time::Duration::from_mins(1));
    assert_eq!(ask(ADA).await.json(), json!({"status": true}));
    let link = app.link(ADA).await;
    assert!(link.starts_with("/verify-email?token="), "a page that asks first: {link}");
    let token = app.token(ADA).await;

    assert_eq!(client.get("/verify-email").await.brief(), "400 VALIDATION_ERROR");
    assert_eq!(client.get("/verify-email?token=bad").await.brief(), "401 INVALID_TOKEN");
    let away = client.get("/verify-email?token=bad&callbackURL=/x").await;
    assert_eq!((away.status.as_u16(), away.header("location")), (302, Some("/x?error=INVALID_TOKEN")));
    let done = client.get(&format!("/verify-email?token={token}")).await;
    assert_eq!(done.json(), json!({"status": true, "user": null}));
    assert_eq!(client.get("/get-session").await.json()["user"]["emailVerified"], true);
    assert_eq!(ask(ADA).await.brief(), "400 EMAIL_ALREADY_VERIFIED");

    // LG-01: whoever is not signed in learns nothing of the address.
    let stranger = Client::new(&app);
    for email in [ADA, "nobody@example.com"] {
        let answer = stranger.post("/send-verification-email", json!({"email": email})).await;
        assert_eq!(answer.json(), json!({"status": true}), "{email}");
    }
    let body = json!({"email": ADA, "password": PASSWORD});
    assert_eq!(stranger.post("/sign-in/email", body).await.status, 200);
}
