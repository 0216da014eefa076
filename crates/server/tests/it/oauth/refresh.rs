//! `grant_type=refresh_token`

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use crate::{
    pages::browser::Browser,
    support::{Answer, TestApp},
};

use super::relying_party::{self as rp, REALM, ada, asking, claims, error, refresh, userinfo};

async fn begun(app: &TestApp, scope: &str) -> Answer {
    let browser = ada(app).await;
    begun_in(&browser, scope).await
}

async fn begun_in(browser: &Browser<'_>, scope: &str) -> Answer {
    let code = rp::code(browser, &asking().with("scope", scope)).await;
    let answer = rp::redeem(browser.app, &code).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

#[tokio::test]
async fn a_client_goes_on_with_its_newest_refresh_token() {
    let app = TestApp::with(REALM).await;
    let first = begun(&app, "openid email notes:read").await;
    app.advance(Duration::from_mins(10));
    let second = refresh(&app, &first.text("refresh_token"), &[]).await;
    assert_eq!(second.status, 200, "{second:?}");
    let (id, before) = (claims(&second.text("id_token")), claims(&first.text("id_token")));
    assert_eq!(
        (&id["sub"], &id["auth_time"], &id["sid"]),
        (&before["sub"], &before["auth_time"], &before["sid"])
    );
    assert!(id.get("nonce").is_none() && id["iat"] == 1_800_000_600);
    assert_eq!(second.text("scope"), "openid email notes:read");
    assert_ne!(second.text("refresh_token"), first.text("refresh_token"));
    assert_eq!(userinfo(&app, &second.text("access_token")).await.status, 200);
}

#[tokio::test]
async fn rt_01_a_refresh_token_used_twice_ends_the_grant_and_no_other() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let (one, other) = (begun_in(&browser, "openid").await, begun_in(&browser, "openid").await);
    let next = refresh(&app, &one.text("refresh_token"), &[]).await;
    app.advance(Duration::from_secs(11));
    assert_eq!(error(&refresh(&app, &one.text("refresh_token"), &[]).await), "400 invalid_grant");
    assert_eq!(error(&refresh(&app, &next.text("refresh_token"), &[]).await), "400 invalid_grant");
    assert_eq!(userinfo(&app, &next.text("access_token")).await.status, 401);
    assert_eq!(userinfo(&app, &other.text("access_token")).await.status, 200);
    assert_eq!(browser.get("/account/profile").await.status, 200, "the person stays signed in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rt_02_fifty_at_once_get_one_successor() {
    let app = TestApp::with(REALM).await;
    let first = begun(&app, "openid").await.text("refresh_token");
    let answers = futures_util::future::join_all((0..50).map(|_| refresh(&app, &first, &[]))).await;
    let mut tokens: Vec<_> = answers.iter().map(|answer| answer.text("refresh_token")).collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
}

#[tokio::test]
async fn rt_06_a_refresh_token_is_its_clients() {
    let app = TestApp::with(REALM).await;
    let first = begun(&app, "openid").await.text("refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", first.as_str())];
    let house = Some(("house", "a-secret-of-the-house-app-0123456789"));
    assert_eq!(error(&rp::token(&app, house, &form).await), "400 invalid_grant");
    assert_eq!(error(&rp::token(&app, None, &form).await), "401 invalid_client");
    let native = [form.as_slice(), &[("client_id", "native")]].concat();
    assert_eq!(error(&rp::token(&app, None, &native).await), "400 invalid_grant");
    assert_eq!(app.refresh(&first).await.status, 401, "the server's own API is another client");
    let theirs = app.sign_in("ada@example.com").await.refresh_token;
    assert_eq!(error(&refresh(&app, &theirs, &[]).await), "400 invalid_grant");
    assert_eq!(refresh(&app, &first, &[]).await.status, 200, "nobody ended it");
}

#[tokio::test]
async fn rt_07_a_refresh_gives_no_more_than_was_agreed_on() {
    let app = TestApp::with(REALM).await;
    let first = begun(&app, "openid email notes:read").await.text("refresh_token");
    for wider in ["openid profile", "notes:write", "notes:*", "openid  email\u{a0}"] {
        assert_eq!(error(&refresh(&app, &first, &[("scope", wider)]).await), "400 invalid_scope", "{wider}");
    }
    assert_eq!(error(&refresh(&app, &first, &[("resource", "other")]).await), "400 invalid_target");
    let less = refresh(&app, &first, &[("scope", "notes:read"), ("resource", "notes-api")]).await;
    assert_eq!((less.text("scope").as_str(), less.json().get("id_token")), ("notes:read", None));
    assert_eq!(claims(&less.text("access_token"))["aud"], "notes-api");
    let all = refresh(&app, &less.text("refresh_token"), &[]).await;
    assert_eq!(all.text("scope"), "openid email notes:read", "less was asked for once");
}

#[tokio::test]
async fn rt_08_what_was_taken_back_is_in_no_later_token() {
    let app = TestApp::with(REALM).await;
    let admin = app.admin().await;
    let first = begun(&app, "openid email notes:read").await;
    let ada = claims(&first.text("access_token"))["sub"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/admin/users/{ada}");
    let changed = app.ask(&admin, Method::PATCH, &path, Some(json!({"roles": []}))).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let second = refresh(&app, &first.text("refresh_token"), &[]).await;
    assert_eq!(second.text("scope"), "openid email");
    assert!(claims(&second.text("access_token")).get("permissions").is_none());
    let disabled = app.ask(&admin, Method::PATCH, &path, Some(json!({"disabled": true}))).await;
    assert_eq!(disabled.status, 200, "{disabled:?}");
    assert_eq!(error(&refresh(&app, &second.text("refresh_token"), &[]).await), "400 invalid_grant");
    assert_eq!(userinfo(&app, &second.text("access_token")).await.status, 401);
}

#[tokio::test]
async fn lo_04_after_a_sign_out_nothing_of_the_session_goes_on() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let first = begun_in(&browser, "openid").await;
    browser.submit("/sign-out", &[]).await;
    assert_eq!(error(&refresh(&app, &first.text("refresh_token"), &[]).await), "400 invalid_grant");
    assert_eq!(userinfo(&app, &first.text("access_token")).await.status, 401);
}

/// OpenID Connect Core section 11.
#[tokio::test]
async fn what_goes_on_offline_ends_when_the_person_signs_out_everywhere() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let first = begun_in(&browser, "openid offline_access").await;
    let (access, id) = (claims(&first.text("access_token")), claims(&first.text("id_token")));
    assert_ne!(access["sid"], id["sid"], "it has a session of its own");
    browser.submit("/sign-out", &[]).await;
    let second = refresh(&app, &first.text("refresh_token"), &[]).await;
    assert_eq!(second.status, 200, "{second:?}");
    assert_eq!(claims(&second.text("id_token"))["sid"], id["sid"]);
    let person = app.sign_in("ada@example.com").await;
    app.ask(&person, Method::POST, "/api/v1/logout", Some(json!({"everywhere": true}))).await;
    assert_eq!(error(&refresh(&app, &second.text("refresh_token"), &[]).await), "400 invalid_grant");
}

/// RT-07, RT-08: whoever agreed to one permission agreed to no other, whatever is left of it.
#[tokio::test]
async fn rt_08_fewer_scopes_are_never_more_rights() {
    let with_roles = |roles: &str| {
        let roles = REALM.replacen("roles = [\"reader\"]", &format!("roles = [{roles}]"), 1);
        format!("{roles}[[realm.role]]\nname = \"auditor\"\npermissions = [\"audit:read\"]\n")
    };
    let app = TestApp::with(&with_roles("\"reader\", \"auditor\"")).await;
    let first = begun(&app, "openid notes:read").await;
    let permissions = |answer: &Answer| claims(&answer.text("access_token")).get("permissions").cloned();
    assert_eq!(permissions(&first), Some(json!(["notes:read"])));
    let word = refresh(&app, &first.text("refresh_token"), &[("scope", "openid")]).await;
    assert_eq!((word.text("scope").as_str(), permissions(&word)), ("openid", None));
    // The role that gave it is taken.
    app.apply(&with_roles("\"auditor\"")).await;
    let less = refresh(&app, &word.text("refresh_token"), &[]).await;
    assert_eq!((less.text("scope").as_str(), permissions(&less)), ("openid", None));
    // The client may not ask for it any more.
    app.apply(&with_roles("\"reader\", \"auditor\"").replacen(
        "\"notes:read\", \"notes:write\"",
        "\"notes:write\"",
        1,
    ))
    .await;
    let other = refresh(&app, &less.text("refresh_token"), &[]).await;
    assert_eq!((other.text("scope").as_str(), permissions(&other)), ("openid", None));
}
