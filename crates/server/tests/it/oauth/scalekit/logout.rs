//! `/oidc/logout`, with and without a hint.

use super::{HOME, REALM, asking, refresh, rp, tokens};
use crate::{pages::browser::Browser, support::TestApp};

fn logout(pairs: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("/oidc/logout?{query}")
}

async fn is_signed_in(browser: &Browser<'_>) -> bool {
    browser.get("/account/profile").await.status == 200
}

#[tokio::test]
async fn with_the_id_token_of_the_session_the_person_is_not_asked() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    let answer = tokens(&browser, &asking()).await;
    let hint = answer.text("id_token");
    // An ID token that has expired still says whose session it was.
    app.advance(std::time::Duration::from_secs(1_000));
    let path = logout(&[("id_token_hint", &hint), ("post_logout_redirect_uri", HOME), ("state", "a&b")]);
    assert_eq!(browser.get(&path).await.location(), "http://localhost:8000?state=a%26b");
    assert!(!is_signed_in(&browser).await);
    assert_eq!(rp::error(&refresh(&app, &answer.text("refresh_token")).await), "400 invalid_grant");
}

/// The vendor's example sends no hint, and the page of seed applications has none once its cookie has expired.
#[tokio::test]
async fn without_one_the_person_is_asked_and_then_sent_back() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    let page = browser.get(&logout(&[("post_logout_redirect_uri", HOME), ("state", "x")])).await;
    assert_eq!((page.status.as_u16(), page.header("location")), (200, None));
    assert!(page.html().contains("logout-confirm"));
    let policy = page.header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("form-action 'self' https: http://localhost:*"), "{policy}");
    assert!(is_signed_in(&browser).await, "until they say so");
    let done = browser.fill(&page, &[]).await;
    assert_eq!(done.location(), "http://localhost:8000?state=x");
    assert!(!is_signed_in(&browser).await);
    let again = browser.get(&logout(&[("post_logout_redirect_uri", HOME)])).await;
    assert_eq!(again.location(), HOME, "nobody is signed in any more");
}

#[tokio::test]
async fn a_form_that_was_open_for_too_long_is_shown_once_more() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    let page = browser.get(&logout(&[("post_logout_redirect_uri", HOME)])).await;
    let flow = page.hidden("flow").unwrap();
    let stale = browser.post("/sign-out", &[("flow", &flow), ("csrf", "x")]).await;
    assert_eq!(stale.status, 403);
    assert!(is_signed_in(&browser).await);
    assert_eq!(browser.fill(&stale, &[]).await.location(), HOME);
}

#[tokio::test]
async fn lo_01_nobody_is_sent_to_an_address_of_nobody() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    for bad in ["http://localhost:8000/", "http://localhost:8001", "https://evil.test", "javascript:alert(1)"]
    {
        let answer = browser.get(&logout(&[("post_logout_redirect_uri", bad)])).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (400, None), "{bad}");
    }
    // One that another kind of client registered is not sent to without a hint.
    let answer = browser.get(&logout(&[("post_logout_redirect_uri", "https://app.test/bye")])).await;
    assert_eq!(answer.status, 400);
    let named = [("client_id", "web"), ("post_logout_redirect_uri", "https://app.test/bye")];
    let page = browser.get(&logout(&named)).await;
    assert_eq!((page.status.as_u16(), page.hidden("flow")), (200, None));
    assert!(is_signed_in(&browser).await);
}

/// What leads back is sealed, so that no form of another site has it, and no flow of another kind does it.
#[tokio::test]
async fn lo_01_the_form_leads_nowhere_that_it_was_not_made_for() {
    let app = TestApp::with(REALM).await;
    let (browser, other) = (rp::ada(&app).await, rp::ada(&app).await);
    let of_other = other.get(&logout(&[("post_logout_redirect_uri", HOME)])).await.hidden("flow").unwrap();
    app.advance(std::time::Duration::from_mins(1));
    let anew = asking().with("prompt", "login");
    let sign_in = rp::open(&browser, &anew).await.hidden("flow").unwrap();
    for flow in [of_other.as_str(), sign_in.as_str(), "garbage"] {
        let page = browser.get("/sign-out").await;
        let csrf = page.hidden("csrf").unwrap();
        let done = browser.post("/sign-out", &[("csrf", &csrf), ("flow", flow)]).await;
        assert_eq!(done.location(), "/sign-out", "{flow}");
        browser.sign_in("ada").await;
    }
}

#[tokio::test]
async fn an_address_that_two_clients_registered_says_not_whose_it_is() {
    let file = REALM.replace("https://other.test/bye", HOME);
    let app = TestApp::with(&file).await;
    let browser = rp::ada(&app).await;
    assert_eq!(browser.get(&logout(&[("post_logout_redirect_uri", HOME)])).await.status, 400);
    let named = [("client_id", "skc_app"), ("post_logout_redirect_uri", HOME)];
    let page = browser.get(&logout(&named)).await;
    assert_eq!(browser.fill(&page, &[]).await.location(), HOME);
}
