//! Lost passwords.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::{NEW_PASSWORD, ask_to_recover, login_with, old_password, recover, verified};
use crate::support::{TestApp, request, send};

const KEYS: &str = "[[realm]]\nname = \"default\"\napi_key_scopes = [\"ci\"]\n";

#[tokio::test]
async fn a_new_password_is_set_and_everybody_signed_out() {
    let app = TestApp::with(KEYS).await;
    let ada = verified(&app, "ada@example.com").await;
    let key = json!({"name": "ci", "scopes": ["ci"]});
    assert_eq!(app.ask(&ada, Method::POST, "/api/v1/me/api-keys", Some(key)).await.status, 201);
    assert_eq!(ask_to_recover(&app, "ADA@example.com").await.status, 202);
    let token = app.token("ada@example.com").await;
    assert!(token.starts_with("gp_pr_"));
    app.advance(Duration::from_secs(1));
    assert_eq!(recover(&app, &token).await.status, 204);
    // LG-10: every session, every grant.
    assert_eq!(app.ask(&ada, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    assert_eq!(app.refresh(&ada.refresh_token).await.brief(), "401 invalid_refresh_token");
    assert_eq!(old_password(&app, "ada@example.com").await, "401 invalid_credentials");
    assert_eq!(login_with(&app, "ada@example.com", NEW_PASSWORD).await, "200");
    // Not the keys of an account that was proven: machines are not signed out by a forgotten password.
    let again =
        app.post("/api/v1/login", json!({"email": "ada@example.com", "password": NEW_PASSWORD})).await;
    let ada = crate::support::person(&again);
    let keys = app.ask(&ada, Method::GET, "/api/v1/me/api-keys", None).await;
    assert_eq!(keys.json()["api_keys"].as_array().unwrap().len(), 1, "{keys:?}");
    let subjects = app.subjects("ada@example.com").await;
    assert_eq!(subjects.last().map(String::as_str), Some("Your default password was changed"));
}

/// LG-12: recovery answers nothing that opens the account, so that a second factor is asked for as always.
#[tokio::test]
async fn lg_12_recovery_signs_nobody_in() {
    let app = TestApp::new().await;
    verified(&app, "ada@example.com").await;
    ask_to_recover(&app, "ada@example.com").await;
    let answer = recover(&app, &app.token("ada@example.com").await).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    assert_eq!(answer.header("set-cookie"), None);
}

/// LG-14: whoever made an account with the address of another loses it to that other.
#[tokio::test]
async fn lg_14_an_account_that_nobody_proved_is_taken_over_whole() {
    let app = TestApp::with(KEYS).await;
    let squatter = app.person("ada@example.com").await;
    let key = json!({"name": "back door", "scopes": ["ci"]});
    let key = app.ask(&squatter, Method::POST, "/api/v1/me/api-keys", Some(key)).await;
    assert_eq!(key.status, 201);
    ask_to_recover(&app, "ada@example.com").await;
    let token = app.token("ada@example.com").await;
    app.advance(Duration::from_secs(1));
    assert_eq!(recover(&app, &token).await.status, 204);
    assert_eq!(app.ask(&squatter, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    assert_eq!(old_password(&app, "ada@example.com").await, "401 invalid_credentials");
    let ada = app.post("/api/v1/login", json!({"email": "ada@example.com", "password": NEW_PASSWORD})).await;
    assert_eq!(ada.json()["user"]["email_verified"], json!(true));
    let keys = app.ask(&crate::support::person(&ada), Method::GET, "/api/v1/me/api-keys", None).await;
    assert_eq!(keys.json()["api_keys"], json!([]));
}

#[tokio::test]
async fn lg_10_a_link_is_good_once_for_half_an_hour_and_the_newest_alone() {
    let app = TestApp::new().await;
    verified(&app, "ada@example.com").await;
    ask_to_recover(&app, "ada@example.com").await;
    let first = app.token("ada@example.com").await;
    // Whoever asks again at once is sent nothing, so that nobody's mailbox is filled.
    ask_to_recover(&app, "ada@example.com").await;
    assert_eq!(app.token("ada@example.com").await, first);
    app.advance(Duration::from_secs(31));
    ask_to_recover(&app, "ada@example.com").await;
    let second = app.token("ada@example.com").await;
    assert_eq!(recover(&app, &first).await.brief(), "400 invalid_link", "a newer one was sent");
    app.advance(Duration::from_mins(30));
    assert_eq!(recover(&app, &second).await.brief(), "400 invalid_link", "it is too old");
    ask_to_recover(&app, "ada@example.com").await;
    let third = app.token("ada@example.com").await;
    // Looking at it, as mail scanners do, leaves it good.
    for _ in 0..3 {
        assert_eq!(app.get(&format!("/recover/confirm?token={third}")).await.status, 200);
    }
    let weak = app.post("/api/v1/recover/confirm", json!({"token": third, "new_password": "password"})).await;
    assert_eq!(weak.brief(), "422 weak_password");
    // A sign-in leaves it good: whoever knows the old password must not be able to keep the owner from choosing a new one.
    app.sign_in("ada@example.com").await;
    let at_once = futures_util::future::join_all((0..8).map(|_| recover(&app, &third))).await;
    let mut statuses: Vec<_> = at_once.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 400, 400, 400, 400, 400, 400, 400]);
}

#[tokio::test]
async fn lg_10_a_link_dies_with_what_it_was_about() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let ada = verified(&app, "ada@example.com").await;
    let fresh = async || {
        app.advance(Duration::from_secs(31));
        ask_to_recover(&app, "ada@example.com").await;
        app.token("ada@example.com").await
    };
    let patch = async |change: serde_json::Value| {
        let path = format!("/api/v1/admin/users/{}", ada.id);
        let answer = app.ask(&admin, Method::PATCH, &path, Some(change)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    let token = fresh().await;
    let body =
        json!({"current_password": crate::support::PASSWORD, "new_password": "another password entirely"});
    assert_eq!(app.ask(&ada, Method::POST, "/api/v1/me/password", Some(body)).await.status, 204);
    assert_eq!(recover(&app, &token).await.brief(), "400 invalid_link", "the password was changed");
    let token = fresh().await;
    patch(json!({"disabled": true})).await;
    patch(json!({"disabled": false})).await;
    assert_eq!(recover(&app, &token).await.brief(), "400 invalid_link", "the account was disabled");
    let token = fresh().await;
    patch(json!({"email": "countess@example.com"})).await;
    assert_eq!(recover(&app, &token).await.brief(), "400 invalid_link", "the address was changed");
    patch(json!({"email": "ada@example.com"})).await;
    assert_eq!(recover(&app, &token).await.brief(), "400 invalid_link", "and changed back");
    let token = fresh().await;
    let path = format!("/api/v1/admin/users/{}", ada.id);
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(recover(&app, &token).await.brief(), "400 invalid_link", "the account is gone");
}

#[tokio::test]
async fn lg_10_a_link_is_of_one_realm_and_one_kind() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\n[[realm]]\nname = \"other\"\n").await;
    verified(&app, "ada@example.com").await;
    ask_to_recover(&app, "ada@example.com").await;
    let token = app.token("ada@example.com").await;
    let body = json!({"token": token, "new_password": NEW_PASSWORD});
    assert_eq!(app.post("/r/other/api/v1/recover/confirm", body).await.brief(), "400 invalid_link");
    for path in ["/api/v1/verify-email", "/api/v1/undo-email"] {
        assert_eq!(app.post(path, json!({"token": token})).await.brief(), "400 invalid_link", "{path}");
    }
    for forged in
        ["", "gp_pr_", &token[..token.len() - 1], &format!("{token}A"), &token.replace("gp_pr_", "gp_ev_")]
    {
        assert_eq!(recover(&app, forged).await.brief(), "400 invalid_link", "{forged}");
    }
    assert_eq!(recover(&app, &token).await.status, 204);
}

/// What one process queues another sends; and what nobody can send waits.
#[tokio::test]
async fn mail_is_sent_from_the_queue_by_whichever_process_is_first() {
    let app = TestApp::new().await;
    let (other, router) = app.replica().await;
    let body = json!({"email": "ada@example.com", "password": crate::support::PASSWORD});
    send(&router, request(Method::POST, "/api/v1/register", None, Some(body))).await;
    assert!(
        other.kept_mail().is_empty() && app.app.kept_mail().is_empty(),
        "the request sends nothing itself"
    );
    let (here, there) = tokio::join!(app.app.send_mail(), other.send_mail());
    here.unwrap();
    there.unwrap();
    assert_eq!(app.app.kept_mail().len() + other.kept_mail().len(), 1, "once");
}
