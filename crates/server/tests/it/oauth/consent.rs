//! What people agree to.

use crate::{pages::browser::Browser, support::TestApp};

use super::relying_party::{self as rp, REALM, ada, asking, open, returned};

#[tokio::test]
async fn oa_21_what_is_asked_for_later_is_asked_about() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    rp::code(&browser, &asking()).await;
    for (scope, asked) in [
        ("openid", false),
        ("email openid", false),
        ("openid email profile", true),
        ("openid offline_access", true),
        ("openid notes:read", true),
    ] {
        let answer = open(&browser, &asking().with("scope", scope)).await;
        assert_eq!(answer.status == 200, asked, "{scope}");
    }
    let answer = open(&browser, &asking().with("prompt", "consent")).await;
    assert!(
        rp::approve(&browser, &answer).await.location().contains("code="),
        "asked once, and then not again"
    );
    // One's own application asks nobody.
    let house = asking().with("client_id", "house").with("redirect_uri", "https://house.test/cb");
    assert!(returned(&open(&browser, &house).await).contains_key("code"));
    // A program on the device is asked about each time: another one could be behind it.
    let native = asking().with("client_id", "native").with("redirect_uri", "http://127.0.0.1:1234/cb");
    rp::code(&browser, &native).await;
    assert_eq!(open(&browser, &native).await.status, 200);
}

#[tokio::test]
async fn who_does_not_agree_gives_nothing_and_the_client_learns_it() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let page = open(&browser, &asking()).await;
    let answer = browser.fill(&page, &[("decision", "deny")]).await;
    assert_eq!(returned(&answer)["error"], "access_denied");
    assert_eq!(open(&browser, &asking()).await.status, 200, "nothing was kept");
    let page = open(&browser, &asking()).await;
    assert_eq!(browser.fill(&page, &[("decision", "maybe")]).await.status, 200, "asked again");
}

#[tokio::test]
async fn oa_13_nobody_agrees_for_somebody_else() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let page = open(&browser, &asking()).await;
    let flow = page.hidden("flow").unwrap();
    for csrf in ["", "x", &page.hidden("csrf").unwrap()[1..]] {
        let fields = [("csrf", csrf), ("flow", flow.as_str()), ("decision", "approve")];
        let again = browser.post("/consent", &fields).await;
        assert_eq!(again.status, 403, "{csrf}");
        // In another language it is about the same request.
        let link = format!("href=\"/consent?flow={flow}&#38;language=de\"");
        assert!(again.html().contains(&link), "{}", again.html());
    }
    let stranger = Browser::new(&app);
    let fields = [("flow", flow.as_str()), ("decision", "approve")];
    assert!(stranger.fill(&stranger.get("/sign-in").await, &fields).await.status != 303);
    assert_eq!(open(&browser, &asking()).await.status, 200, "nothing was agreed to");
}

#[tokio::test]
async fn new_scopes_are_marked_and_the_application_can_be_removed() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let tokens = rp::redeem(&app, &rp::code(&browser, &asking()).await).await;
    let page = open(&browser, &asking().with("scope", "openid email notes:read")).await;
    assert!(page.html().contains("notes:read") && page.html().contains("class=\"tag"), "{}", page.html());
    let applications = browser.get("/account/applications").await;
    assert!(applications.html().contains("Web app"), "{}", applications.html());
    let removed = browser.fill(&applications, &[("client", "web")]).await;
    assert_eq!(removed.status, 303, "{}", removed.html());
    assert_eq!(rp::userinfo(&app, &tokens.text("access_token")).await.status, 401);
    assert_eq!(open(&browser, &asking()).await.status, 200, "asked again");
}

/// OA-18: what one person agreed to in a browser is nothing that the next one in it has agreed to.
#[tokio::test]
async fn oa_18_whoever_signs_in_next_is_asked_anew() {
    let app = TestApp::with(REALM).await;
    app.register("bob@example.com").await;
    let browser = ada(&app).await;
    let page = open(&browser, &asking()).await;
    let approved = browser.fill(&page, &[("decision", "approve")]).await;
    let address = approved.location().to_owned();
    assert!(address.starts_with("/oauth/authorize?flow="), "{address}");
    assert!(returned(&browser.get(&address).await).contains_key("code"), "it is Ada's");
    browser.submit("/sign-out", &[]).await;
    assert_eq!(browser.sign_in("bob@example.com").await.status, 303);
    let asked = rp::follow(&browser, browser.get(&address).await).await;
    assert!(asked.status == 200 && asked.html().contains("consent-approve"), "{}", asked.html());
}
