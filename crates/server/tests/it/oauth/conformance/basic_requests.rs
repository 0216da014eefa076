//! `oidcc-basic-certification-test-plan`: requests that are unusual, wrong, or sent otherwise.

use axum::{
    body::Body,
    http::{Method, Request, header},
};

use crate::{pages::browser::Browser, support::TestApp};

use super::super::relying_party::{self as rp, Asking, REALM, ada, asking, returned, userinfo};

/// Asks, agrees, redeems.
async fn succeeds(asking: Asking) {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let answer = rp::redeem(&app, &rp::code(&browser, &asking).await).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn oidcc_response_type_missing() {
    let app = TestApp::with(REALM).await;
    let answer = Browser::new(&app).get(&asking().without("response_type").path()).await;
    assert_eq!(returned(&answer)["error"], "invalid_request");
}

/// Skipped by the suite: `none` is not offered.
#[tokio::test]
async fn oidcc_idtoken_unsigned() {
    let app = TestApp::new().await;
    let offered = app.get("/.well-known/openid-configuration").await.json();
    let algs = offered["id_token_signing_alg_values_supported"].as_array().unwrap().clone();
    assert!(algs.iter().all(|alg| alg != "none") && algs.iter().any(|alg| alg == "RS256"));
}

async fn by_post(in_body: bool) {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let tokens = rp::redeem(&app, &rp::code(&browser, &asking()).await).await;
    let mut request = Request::builder().method(Method::POST).uri("/oauth/userinfo");
    let token = tokens.text("access_token");
    let body = if in_body {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        format!("access_token={token}")
    } else {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        String::new()
    };
    let told = app.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.json()["sub"], rp::claims(&tokens.text("id_token"))["sub"]);
}

#[tokio::test]
async fn oidcc_userinfo_post_header() {
    by_post(false).await;
}

#[tokio::test]
async fn oidcc_userinfo_post_body() {
    by_post(true).await;
}

#[tokio::test]
async fn oidcc_prompt_none_not_logged_in() {
    let app = TestApp::with(REALM).await;
    let answer = Browser::new(&app).get(&asking().with("prompt", "none").path()).await;
    assert_eq!(returned(&answer)["error"], "login_required");
}

#[tokio::test]
async fn oidcc_ensure_request_with_unknown_parameter_succeeds() {
    succeeds(asking().with("extra", "foobar")).await;
}

#[tokio::test]
async fn oidcc_login_hint() {
    let app = TestApp::with(REALM).await;
    let browser = Browser::new(&app);
    let page = rp::open(&browser, &asking().with("login_hint", "ada@example.com")).await;
    assert!(page.html().contains("value=\"ada@example.com\""), "{}", page.html());
    let answer = browser.fill(&page, &[("username", "ada"), ("password", crate::support::PASSWORD)]).await;
    let page = rp::follow(&browser, answer).await;
    rp::approve(&browser, &page).await;
}

#[tokio::test]
async fn oidcc_ui_locales() {
    let app = TestApp::with(REALM).await;
    let page = rp::open(&Browser::new(&app), &asking().with("ui_locales", "de fr")).await;
    assert!(page.html().contains("lang=\"de\""));
    succeeds(asking().with("ui_locales", "se")).await;
}

#[tokio::test]
async fn oidcc_claims_locales() {
    succeeds(asking().with("claims_locales", "se")).await;
}

#[tokio::test]
async fn oidcc_ensure_request_with_acr_values_succeeds() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let answer = rp::redeem(&app, &rp::code(&browser, &asking().with("acr_values", "1 2")).await).await;
    assert_eq!(rp::claims(&answer.text("id_token"))["acr"], "1");
}

#[tokio::test]
async fn oidcc_ensure_registered_redirect_uri() {
    let app = TestApp::with(REALM).await;
    let answer = ada(&app).await.get(&asking().with("redirect_uri", "https://app.test/cb/x").path()).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (400, None));
}

#[tokio::test]
async fn oidcc_ensure_post_request_succeeds() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    rp::code(&browser, &asking()).await;
    let asking = asking();
    let pairs: Vec<_> = asking.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let code = returned(&browser.post("/oauth/authorize", &pairs).await)["code"].clone();
    let answer = rp::redeem(&app, &code).await;
    assert_eq!(userinfo(&app, &answer.text("access_token")).await.status, 200);
}
