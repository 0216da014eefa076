//! `/oidc/logout` (OpenID Connect RP-Initiated Logout 1.0)

use std::time::Duration;

use crate::{pages::browser::Browser, support::TestApp};

use super::relying_party::{self as rp, REALM, ada, asking};

fn logout(pairs: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("/oidc/logout?{query}")
}

async fn id_token(browser: &Browser<'_>) -> String {
    rp::redeem(browser.app, &rp::code(browser, &asking()).await).await.text("id_token")
}

async fn is_signed_in(browser: &Browser<'_>) -> bool {
    browser.get("/account/profile").await.status == 200
}

const BYE: &str = "https://app.test/bye";

#[tokio::test]
async fn a_client_that_shows_an_id_token_of_the_session_ends_it_and_gets_the_browser_back() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let hint = id_token(&browser).await;
    // An ID token that has expired still says whose session it was.
    app.advance(Duration::from_secs(1_000));
    let path = logout(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE), ("state", "a&b")]);
    let answer = browser.get(&path).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "https://app.test/bye?state=a%26b"));
    assert!(!is_signed_in(&browser).await);
    assert_eq!(
        rp::returned(&browser.get(&asking().with("prompt", "none").path()).await)["error"],
        "login_required"
    );
    let answer = browser.get(&logout(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)])).await;
    assert_eq!(answer.location(), BYE, "nobody is signed in any more");
}

#[tokio::test]
async fn lo_01_nobody_is_sent_where_no_client_is_known_to_want_it() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let hint = id_token(&browser).await;
    for bad in [
        "https://app.test/bye/",
        "https://app.test/bye?x=1",
        "https://app.test/cb",
        "https://evil.test/bye",
        "javascript:alert(1)",
    ] {
        let answer =
            browser.get(&logout(&[("id_token_hint", &hint), ("post_logout_redirect_uri", bad)])).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (400, None), "{bad}");
    }
    let (header, rest) = hint.split_once('.').unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", rest.split('.').next().unwrap());
    let forged = format!("{header}.{rest}x");
    let access = rp::redeem(&app, &rp::code(&browser, &asking()).await).await.text("access_token");
    for bad in [unsigned, forged, access, "x".to_owned()] {
        let answer =
            browser.get(&logout(&[("id_token_hint", &bad), ("post_logout_redirect_uri", BYE)])).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (400, None));
    }
    let other =
        logout(&[("id_token_hint", &hint), ("client_id", "house"), ("post_logout_redirect_uri", BYE)]);
    assert_eq!(browser.get(&other).await.status, 400, "of another client");
    assert!(is_signed_in(&browser).await);
}

#[tokio::test]
async fn lo_01_without_a_hint_of_this_session_the_person_is_asked() {
    let app = TestApp::with(REALM).await;
    let (browser, elsewhere) = (ada(&app).await, ada(&app).await);
    let hint = id_token(&elsewhere).await;
    for path in [
        logout(&[]),
        logout(&[("state", "x")]),
        logout(&[("client_id", "web"), ("post_logout_redirect_uri", BYE)]),
        logout(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)]),
    ] {
        let page = browser.get(&path).await;
        assert_eq!((page.status.as_u16(), page.header("location")), (200, None), "{path}");
        assert!(page.html().contains("logout-confirm"));
    }
    assert!(is_signed_in(&browser).await && is_signed_in(&elsewhere).await);
    let page = browser.get(&logout(&[])).await;
    let done = rp::follow(&browser, browser.fill(&page, &[]).await).await;
    assert_eq!(done.status, 200);
    assert!(!is_signed_in(&browser).await);
}
