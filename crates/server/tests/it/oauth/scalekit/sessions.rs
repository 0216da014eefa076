//! Signing in, and how long it lasts.

use std::time::Duration;

use super::{CALLBACK, REALM, asking, refresh, rp, tokens};
use crate::{pages::browser::Browser, support::TestApp};

#[tokio::test]
async fn a_confidential_client_needs_neither_state_nor_challenge() {
    let app = TestApp::with(REALM).await;
    let browser = Browser::new(&app);
    let page = rp::open(&browser, &asking()).await;
    assert!(page.html().contains("login-submit"), "{}", page.html());
    let answer = browser.fill(&page, &[("username", "ada"), ("password", "the engine weaves algebra")]).await;
    let returned = rp::returned(&rp::follow(&browser, answer).await);
    assert!(returned.contains_key("code") && !returned.contains_key("state"), "{returned:?}");
}

#[tokio::test]
async fn another_redirect_uri_is_told_the_person_and_nobody_else() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    for bad in
        ["http://localhost:8000/auth/callback/", "http://localhost:8001/auth/callback", "https://evil.test/"]
    {
        let answer = browser.get(&asking().with("redirect_uri", bad).path()).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (400, None), "{bad}");
    }
    assert_eq!(
        rp::returned(&browser.get(&asking().with("scope", "admin").path()).await)["error"],
        "invalid_scope"
    );
    assert!(CALLBACK.starts_with("http://localhost"));
}

/// `offline_access` gives a refresh token, and no more: whoever signs out has ended it.
#[tokio::test]
async fn lo_04_a_refresh_token_ends_with_the_browsers_session() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    let first = tokens(&browser, &asking()).await;
    let (access, id_token) = (rp::claims(&first.text("access_token")), rp::claims(&first.text("id_token")));
    assert_eq!(access["sid"], id_token["sid"], "there is one session");
    let next = refresh(&app, &first.text("refresh_token")).await.text("refresh_token");
    let out = browser.submit("/sign-out", &[]).await;
    assert_eq!(out.status, 303);
    assert_eq!(rp::error(&refresh(&app, &next).await), "400 invalid_grant");
}

#[tokio::test]
async fn lo_04_a_session_that_was_revoked_refreshes_nothing() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    let first = tokens(&browser, &asking()).await;
    let session = rp::claims(&first.text("access_token"))["sid"].as_str().unwrap().to_owned();
    let ada = app.sign_in("ada@example.com").await;
    let path = format!("/api/v1/me/sessions/{session}");
    assert_eq!(app.ask(&ada, axum::http::Method::DELETE, &path, None).await.status, 204);
    assert_eq!(rp::error(&refresh(&app, &first.text("refresh_token")).await), "400 invalid_grant");
}

#[tokio::test]
async fn rt_11_two_refreshes_at_once_bring_the_same_within_the_grace() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    let first = tokens(&browser, &asking()).await.text("refresh_token");
    let (one, two) = tokio::join!(refresh(&app, &first), refresh(&app, &first));
    assert_eq!(one.text("refresh_token"), two.text("refresh_token"));
    app.advance(Duration::from_mins(1));
    assert_eq!(rp::error(&refresh(&app, &first).await), "400 invalid_grant");
    assert_eq!(rp::error(&refresh(&app, &one.text("refresh_token")).await), "400 invalid_grant");
}
