//! What the realm says of second factors.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::{ADA, begin, claims, codes, confirm, half, recover, second, set_up, sign_in, with_app};
use crate::{
    oauth::relying_party as rp,
    pages::browser::Browser,
    support::{Authenticator, PASSWORD, TestApp, person},
};

const STEP: Duration = Duration::from_secs(30);

fn realm(mfa: &str) -> String {
    format!("[[realm]]\nname = \"default\"\nmfa = \"{mfa}\"\n")
}

#[tokio::test]
async fn mf_07_where_a_second_factor_is_required_it_is_set_up_before_anything_else() {
    let app = TestApp::with(&realm("required")).await;
    app.register(ADA).await;
    let first = app.login(ADA).await;
    assert_eq!(
        (first.brief().as_str(), &first.json()["methods"]),
        ("403 mfa_setup_required", &json!(["passkey", "totp"]))
    );
    let token = first.text("mfa_token");
    // A code before an app, or of one that was replaced, is none.
    assert_eq!(second(&app, &token, "123456").await.brief(), "401 invalid_mfa_token");
    assert_eq!(recover(&app, &token, "AAAA-AAAA").await.brief(), "401 invalid_mfa_token");
    let set_up = async || app.post("/api/v1/login/mfa/totp", json!({"mfa_token": token})).await;
    let before = Authenticator::of(&set_up().await.text("secret"));
    let phone = Authenticator::of(&set_up().await.text("secret"));
    assert_eq!(second(&app, &token, &before.code(&app)).await.brief(), "403 invalid_code");
    assert_eq!(app.login(ADA).await.brief(), "403 mfa_setup_required", "begun is not done");
    let answer = second(&app, &token, &phone.code(&app)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(claims(&answer.text("access_token"))["amr"], json!(["pwd", "otp", "mfa"]));
    assert_eq!(codes(&answer).len(), 10);
    // From then on it is as with everybody who has one; the token is used up, and adds no second app.
    assert_eq!(set_up().await.brief(), "401 invalid_mfa_token");
    let ada = sign_in(&app, ADA, &phone).await;
    assert_eq!(
        app.ask(&ada, Method::DELETE, "/api/v1/me/mfa/totp", None).await.brief(),
        "409 last_second_factor"
    );
    assert_eq!(recover(&app, &half(&app, ADA).await, &codes(&answer)[0]).await.status, 200);
}

/// Two who know the password: whoever is first sets it up, and the other is asked for it.
#[tokio::test]
async fn mf_07_a_set_up_at_sign_in_does_not_overtake_one_that_was_finished() {
    let app = TestApp::with(&realm("required")).await;
    app.register(ADA).await;
    let (one, other) = (app.login(ADA).await.text("mfa_token"), app.login(ADA).await.text("mfa_token"));
    let begin = async |token: &str| {
        let answer = app.post("/api/v1/login/mfa/totp", json!({"mfa_token": token})).await;
        Authenticator::of(&answer.text("secret"))
    };
    let phone = begin(&one).await;
    assert_eq!(second(&app, &one, &phone.code(&app)).await.status, 200);
    let late = app.post("/api/v1/login/mfa/totp", json!({"mfa_token": other})).await;
    assert_eq!(late.brief(), "401 invalid_mfa_token");
    assert_eq!(
        second(&app, &other, &phone.code(&app)).await.brief(),
        "403 invalid_code",
        "it is asked for, once"
    );
}

#[tokio::test]
async fn mf_07_no_page_leads_around_the_set_up() {
    let file = rp::REALM.replacen("name = \"default\"", "name = \"default\"\nmfa = \"required\"", 1);
    let app = TestApp::with(&file).await;
    let browser = Browser::new(&app);
    let page = rp::open(&browser, &rp::asking()).await;
    let step = browser.fill(&page, &[("username", ADA), ("password", PASSWORD)]).await.location().to_owned();
    let shown = browser.get(&format!("{step}&method=totp")).await;
    assert!(
        shown.html().contains("asks for a second step") && shown.html().contains("<svg viewBox="),
        "{}",
        shown.html()
    );
    assert!(!shown.html().contains("Not now"));
    // Back, away, and straight to where one wanted to get.
    for path in ["/account/profile", "/account/totp", &step.replacen("/sign-in/mfa", "/oauth/authorize", 1)] {
        let answer = rp::follow(&browser, browser.get(path).await).await;
        assert!(answer.html().contains("id=\"login-submit\""), "{path}");
    }
    let wrong = browser.fill(&shown, &[("code", "000000")]).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(
        wrong.between("id=\"totp-key\">", "<"),
        shown.between("id=\"totp-key\">", "<"),
        "the same picture"
    );
    let key = shown.between("id=\"totp-key\">", "<").unwrap().replace(' ', "");
    let phone = Authenticator::of(&key);
    let codes = browser.fill(&wrong, &[("code", &phone.code(&app))]).await;
    assert_eq!(codes.status, 200, "{}", codes.html());
    assert_eq!(codes.html().matches("<li>").count(), 10, "{}", codes.html());
    let flow = codes.hidden("flow").unwrap();
    let answer = rp::follow(
        &browser,
        browser.get(&format!("/account/recovery-codes/saved?flow={flow}&saved=1")).await,
    )
    .await;
    let answer = rp::approve(&browser, &answer).await;
    let answer = rp::redeem(&app, &rp::returned(&answer)["code"]).await;
    assert_eq!(claims(&answer.text("id_token"))["acr"], "2", "and on to what it was for");
}

/// Also whoever has just made an account is not in before that.
#[tokio::test]
async fn mf_07_a_new_account_sets_it_up_at_once() {
    let app = TestApp::with(&realm("required")).await;
    let browser = Browser::new(&app);
    let fields = [("name", "Ada"), ("username", ADA), ("password", PASSWORD)];
    let answer = browser.submit("/sign-up", &fields).await;
    assert!(answer.location().starts_with("/sign-in/mfa?flow="), "{}", answer.html());
    assert_eq!(browser.cookie("__Host-gatepost-default"), None);
}

#[tokio::test]
async fn where_second_factors_are_off_none_is_added_and_those_there_are_are_asked_for() {
    let app = TestApp::new().await;
    let (_, phone, _) = with_app(&app, ADA).await;
    let eve = app.person("eve@example.com").await;
    app.apply(&realm("off")).await;
    assert_eq!(
        app.ask(&eve, Method::POST, "/api/v1/me/mfa/totp", None).await.brief(),
        "403 second_factors_off"
    );
    assert_eq!(confirm(&app, &eve, "123456").await.brief(), "403 second_factors_off");
    assert_eq!(app.login("eve@example.com").await.status, 200);
    let ada = sign_in(&app, ADA, &phone).await;
    // Another phone is no other factor.
    let moved = begin(&app, &ada).await;
    app.advance(STEP);
    assert_eq!(confirm(&app, &ada, &moved.code(&app)).await.status, 200);
}

#[tokio::test]
async fn an_administrator_says_what_is_asked_of_the_realm() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (phone, _) = set_up(&app, &admin).await;
    let admin = sign_in(&app, "admin@example.com", &phone).await;
    let answer = app
        .ask(&admin, Method::PATCH, "/api/v1/admin/realm", Some(json!({"settings": {"mfa": "required"}})))
        .await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["settings"]["mfa"]),
        (200, &json!("required")),
        "{answer:?}"
    );
    app.register(ADA).await;
    assert_eq!(app.login(ADA).await.brief(), "403 mfa_setup_required");
    app.advance(STEP);
    let again = second(&app, &half(&app, "admin@example.com").await, &phone.code(&app)).await;
    assert_eq!(person(&again).id, admin.id);
}
