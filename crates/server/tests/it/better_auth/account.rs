use axum::http::Method;
use serde_json::json;

use super::{ADA, COOKIE, Client, ada, attributes, bearer};
use crate::{
    mfa::trail,
    support::{PASSWORD, TestApp},
};

#[tokio::test]
async fn a_name_a_picture_and_a_user_name_are_changed() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    let change = async |body| client.post("/update-user", body).await;
    let answer = change(json!({"name": "Ada L", "image": "https://x.test/a.png", "username": "Ada"})).await;
    assert_eq!(answer.json(), json!({"status": true}));
    assert!(attributes(&answer, COOKIE).is_some());
    let user = async || client.get("/get-session").await.json()["user"].clone();
    let seen = user().await;
    assert_eq!(
        (&seen["name"], &seen["image"], &seen["username"]),
        (&json!("Ada L"), &json!("https://x.test/a.png"), &json!("ada"))
    );
    assert_eq!(change(json!({"name": "", "image": null})).await.status, 200);
    let seen = user().await;
    assert_eq!((&seen["name"], seen.get("image")), (&json!(""), None));

    assert_eq!(change(json!({})).await.brief(), "400");
    assert_eq!(change(json!({"role": "admin"})).await.brief(), "400", "nothing that is one's own to change");
    assert_eq!(change(json!({"email": "b@example.com"})).await.brief(), "400 EMAIL_CAN_NOT_BE_UPDATED");
    assert_eq!(change(json!({"name": 5})).await.brief(), "400 VALIDATION_ERROR");
    assert_eq!(change(json!({"image": "x".repeat(401)})).await.brief(), "400 VALIDATION_ERROR");
    assert_eq!(change(json!({"username": "a@b"})).await.brief(), "400 INVALID_USERNAME");
}

/// LG-03: at `verify-password` too, and the owner sees it.
#[tokio::test]
async fn a_password_is_verified_and_wrong_ones_are_counted() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let client = ada(&app).await;
    let ask = async |password: &str| client.post("/verify-password", json!({"password": password})).await;
    assert_eq!(ask(PASSWORD).await.json(), json!({"status": true}));
    for _ in 0..5 {
        assert_eq!(ask("wrong").await.brief(), "400 INVALID_PASSWORD");
    }
    assert_eq!(ask(PASSWORD).await.status, 429);
    assert_eq!(trail(&app, &admin, "sign-in-refused").await.len(), 5);
}

#[tokio::test]
async fn another_password_ends_every_other_session() {
    let app = TestApp::new().await;
    let (client, other) = (ada(&app).await, Client::new(&app));
    let token = client.get("/get-session").await.json()["session"]["token"].as_str().unwrap().to_owned();
    other.sign_in(ADA).await;
    let change = async |current: &str, new: &str, revoke: bool| {
        let body = json!({"currentPassword": current, "newPassword": new, "revokeOtherSessions": revoke});
        client.post("/change-password", body).await
    };
    let new = "another engine weaves";
    assert_eq!(change("wrong", new, false).await.brief(), "400 INVALID_PASSWORD");
    assert_eq!(change(PASSWORD, "short", false).await.brief(), "400 PASSWORD_TOO_SHORT");
    let changed = change(PASSWORD, new, false).await;
    assert_eq!((&changed.json()["token"], &changed.json()["user"]["email"]), (&json!(null), &json!(ADA)));
    assert_eq!(other.email().await, None, "also where that was not asked for");
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    // SE-03: asked for, the session goes on under another token, and the one before is of nobody.
    let changed = change(new, PASSWORD, true).await;
    let fresh = changed.text("token");
    assert_ne!(fresh, token);
    assert_eq!((bearer(&app, &token).await, bearer(&app, &fresh).await.as_deref()), (None, Some(ADA)));
    assert_eq!(client.email().await.as_deref(), Some(ADA), "the cookie is the new one");
}

/// The password alone, in a session that has shown no more, changes nothing of an account with a second factor.
#[tokio::test]
async fn mf_06_a_session_without_the_second_factor_changes_no_password() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    let native = app.sign_in(ADA).await;
    crate::mfa::set_up(&app, &native).await;
    let body = json!({"currentPassword": PASSWORD, "newPassword": "another engine weaves"});
    assert_eq!(client.post("/change-password", body).await.brief(), "403 SESSION_NOT_FRESH");
}

#[tokio::test]
async fn another_address_counts_once_its_link_was_opened() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    let ask = async |email: &str| client.post("/change-email", json!({"newEmail": email})).await;
    assert_eq!(ask("nope").await.text("message"), "[body.newEmail] Invalid email address");
    assert_eq!(ask("ADA@example.com").await.brief(), "400");
    assert_eq!(ask("new@example.com").await.json(), json!({"status": true}));
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    let token = app.token("new@example.com").await;
    // A program that looks whether a link leads anywhere uses nothing up.
    let path = format!("/api/auth/verify-email?token={token}");
    let looked = app.send(crate::support::request(axum::http::Method::HEAD, &path, None, None)).await;
    assert_eq!(looked.status, 404);
    let done = client.get(&format!("/verify-email?token={token}")).await;
    assert_eq!(
        (&done.json()["status"], &done.json()["user"]["email"]),
        (&json!(true), &json!("new@example.com"))
    );
    assert_eq!(client.email().await.as_deref(), Some("new@example.com"));
    // It takes a sign-in of a moment ago, whatever the contract takes.
    app.advance(std::time::Duration::from_mins(10));
    assert_eq!(ask("late@example.com").await.brief(), "403 SESSION_NOT_FRESH");
}

#[tokio::test]
async fn the_ways_in_are_listed() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    let listed = client.get("/list-accounts").await.json();
    let id = client.get("/get-session").await.json()["user"]["id"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["providerId"], "credential");
    assert_eq!((&listed[0]["accountId"], &listed[0]["userId"]), (&id, &id));
    assert_eq!(listed[0]["scopes"], json!([]));
}

/// Whoever is disabled is signed out at once.
#[tokio::test]
async fn se_07_whoever_is_disabled_has_no_session() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let client = ada(&app).await;
    let id = client.get("/get-session").await.json()["user"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/admin/users/{id}");
    app.ask(&admin, Method::PATCH, &path, Some(json!({"disabled": true}))).await;
    assert_eq!(client.email().await, None);
    let body = json!({"email": ADA, "password": PASSWORD});
    assert_eq!(client.post("/sign-in/email", body).await.brief(), "401 INVALID_EMAIL_OR_PASSWORD");
}
