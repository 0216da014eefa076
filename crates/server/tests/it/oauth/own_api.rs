//! The realm's own API, asked by an application that people let manage their account (`account`).

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp, request};

use super::relying_party::{self as rp, REALM, ada};

const HOUSE: (&str, &str) = ("house", "a-secret-of-the-house-app-0123456789");
const CALLBACK: &str = "https://house.test/cb";

/// What the application of the house gets for Ada.
async fn tokens(app: &TestApp) -> Answer {
    let browser = ada(app).await;
    let asking = rp::asking().with("client_id", HOUSE.0).with("redirect_uri", CALLBACK);
    let code = rp::code(&browser, &asking.with("scope", "openid account")).await;
    let redeemed = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", rp::VERIFIER),
    ];
    rp::token(app, Some(HOUSE), &redeemed).await
}

async fn me(app: &TestApp, token: &str) -> String {
    app.send(request(Method::GET, "/api/v1/me", Some(token), None)).await.brief()
}

async fn is_active(app: &TestApp, token: &str) -> Value {
    rp::post(app, "/oauth/introspect", ("web", rp::SECRET), &[("token", token)]).await.json()["active"]
        .clone()
}

/// RT-01, RV-01: at once, for reading and for writing.
#[tokio::test]
async fn rv_01_an_application_whose_authorization_was_revoked_manages_no_account() {
    let app = TestApp::with(REALM).await;
    let held = tokens(&app).await;
    let access = held.text("access_token");
    assert_eq!(me(&app, &access).await, "200");
    let refresh = held.text("refresh_token");
    assert_eq!(rp::post(&app, "/oauth/revoke", HOUSE, &[("token", &refresh)]).await.status, 200);
    assert_eq!(me(&app, &access).await, "401 invalid_token");
    let key = json!({"name": "kept", "scopes": ["notes:read"]});
    let made = app.send(request(Method::POST, "/api/v1/me/api-keys", Some(&access), Some(key))).await;
    assert_eq!(made.brief(), "401 invalid_token");
}

/// RT-01: who replays a refresh token ends what came of it, here too.
#[tokio::test]
async fn rt_01_a_replayed_refresh_token_ends_access_to_the_account() {
    let app = TestApp::with(REALM).await;
    let held = tokens(&app).await;
    let first = held.text("refresh_token");
    let refresh = async |token: &str| {
        rp::token(&app, Some(HOUSE), &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    };
    let second = refresh(&first).await;
    let third = refresh(&second.text("refresh_token")).await;
    assert_eq!(me(&app, &third.text("access_token")).await, "200");
    app.advance(std::time::Duration::from_secs(11));
    assert_eq!(rp::error(&refresh(&first).await), "400 invalid_grant");
    for answer in [&held, &second, &third] {
        assert_eq!(me(&app, &answer.text("access_token")).await, "401 invalid_token");
    }
}

/// OA-22: a right that the client has lost is lost with the next request.
#[tokio::test]
async fn oa_22_a_client_that_may_not_manage_accounts_any_more_does_not() {
    let app = TestApp::with(REALM).await;
    let admin = app.admin().await;
    let access = tokens(&app).await.text("access_token");
    let less = json!({"settings": {"scopes": ["openid"]}});
    assert_eq!(change(&app, &admin, Method::PATCH, Some(less)).await.status, 200);
    assert_eq!(me(&app, &access).await, "401 invalid_token");
}

async fn change(app: &TestApp, admin: &Person, method: Method, body: Option<Value>) -> Answer {
    app.ask(admin, method, "/api/v1/admin/clients/house", body).await
}

/// OA-07: what a client held goes with it, and another client of its name inherits nothing.
#[tokio::test]
async fn oa_07_a_deleted_client_leaves_nothing_to_the_next_of_its_name() {
    let app = TestApp::with(REALM).await;
    let admin = app.admin().await;
    let held = tokens(&app).await;
    let (access, refresh) = (held.text("access_token"), held.text("refresh_token"));
    assert_eq!(is_active(&app, &access).await, true);
    assert_eq!(change(&app, &admin, Method::DELETE, None).await.status, 204);
    assert_eq!(me(&app, &access).await, "401 invalid_token");
    app.apply(REALM).await;
    assert_eq!(me(&app, &access).await, "401 invalid_token");
    for token in [&access, &refresh] {
        assert_eq!(is_active(&app, token).await, false);
    }
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    assert_eq!(rp::error(&rp::token(&app, Some(HOUSE), &form).await), "400 invalid_grant");
}

/// OA-07: nor does a code that was not redeemed lead the next of its name to the person.
#[tokio::test]
async fn oa_07_a_code_of_a_deleted_client_is_nothing_to_the_next_of_its_name() {
    let app = TestApp::with(REALM).await;
    let admin = app.admin().await;
    let asking = rp::asking().with("client_id", HOUSE.0).with("redirect_uri", CALLBACK);
    let code = rp::code(&ada(&app).await, &asking.with("scope", "openid")).await;
    assert_eq!(change(&app, &admin, Method::DELETE, None).await.status, 204);
    app.advance(std::time::Duration::from_secs(1));
    app.apply(REALM).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", rp::VERIFIER),
    ];
    assert_eq!(rp::error(&rp::token(&app, Some(HOUSE), &form).await), "400 invalid_grant");
}

/// OA-22: a client that has scopes for permissions gets those it asks for; with fewer scopes it never gets more.
#[tokio::test]
async fn oa_22_asking_for_less_gives_no_more() {
    let editor = REALM.replace(
        "permissions = [\"notes:read\"]",
        "permissions = [\"notes:read\", \"notes:write\", \"files:read\"]",
    );
    let app = TestApp::with(&editor).await;
    let browser = ada(&app).await;
    for (scope, permissions) in [
        ("openid notes:read", json!(["notes:read"])),
        ("openid notes:read notes:write", json!(["notes:read", "notes:write"])),
        ("openid", Value::Null),
        ("openid email", Value::Null),
    ] {
        let code = rp::code(&browser, &rp::asking().with("scope", scope)).await;
        let access = rp::redeem(&app, &code).await.text("access_token");
        assert_eq!(rp::claims(&access)["permissions"], permissions, "{scope}");
    }
}
