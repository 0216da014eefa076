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

/// OA-21, UI-01: a claim that is asked for by name goes with its scope: the person is asked about that, and a client without it gets
/// none of it.
#[tokio::test]
async fn ui_01_claims_by_name_are_agreed_to_like_their_scopes() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    rp::code(&browser, &asking().with("scope", "openid")).await;
    let claims = r#"{"userinfo":{"email":null},"id_token":{"phone_number":null}}"#;
    let with_claims = asking().with("scope", "openid").with("claims", claims);
    let silent = open(&browser, &with_claims.clone().with("prompt", "none")).await;
    assert_eq!(returned(&silent)["error"], "consent_required");
    let page = open(&browser, &with_claims).await;
    assert!(page.html().contains("See your e-mail address"), "{}", page.html());
    assert!(page.html().contains("See your phone number"), "{}", page.html());
    let answer = rp::approve(&browser, &page).await;
    let tokens = rp::redeem(&app, &returned(&answer)["code"]).await;
    assert_eq!(tokens.text("scope"), "openid");
    assert_eq!(rp::userinfo(&app, &tokens.text("access_token")).await.text("email"), "ada@example.com");
    assert!(returned(&open(&browser, &with_claims.with("prompt", "none")).await).contains_key("code"));

    let without = REALM.replacen("\"profile\", \"email\", \"address\", \"phone\", ", "", 1);
    let app = TestApp::with(&without).await;
    let browser = ada(&app).await;
    let claims = r#"{"userinfo":{"email":null,"name":null},"id_token":{"email":null}}"#;
    let code = rp::code(&browser, &asking().with("scope", "openid").with("claims", claims)).await;
    let tokens = rp::redeem(&app, &code).await;
    assert!(rp::claims(&tokens.text("id_token")).get("email").is_none());
    let told = rp::userinfo(&app, &tokens.text("access_token")).await.json();
    assert_eq!(told.as_object().unwrap().keys().collect::<Vec<_>>(), ["sub"], "{told}");
}

/// OA-21: what was agreed to in a flow and taken back since is asked about again.
#[tokio::test]
async fn oa_21_a_flow_does_not_outlive_its_consent() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let page = open(&browser, &asking()).await;
    let flow = page.hidden("flow").unwrap();
    let onward = browser.fill(&page, &[("decision", "approve")]).await;
    assert_eq!(onward.status, 303);
    let onward = onward.location().to_owned();
    assert!(onward.contains("flow=") && !onward.contains(&flow), "{onward}");
    assert!(returned(&browser.get(&onward).await).contains_key("code"));
    browser.submit("/account/applications", &[("client", "web")]).await;
    let again = rp::follow(&browser, browser.get(&onward).await).await;
    assert!(again.html().contains("consent-approve"), "{}", again.html());
}

/// OA-21: a program on the device is asked about also where it is one's own.
#[tokio::test]
async fn oa_21_a_public_client_on_a_device_is_never_silent() {
    let own = REALM.replacen("id = \"native\"\n", "id = \"native\"\nskip_consent = true\n", 1);
    let app = TestApp::with(&own).await;
    let browser = ada(&app).await;
    let native = asking().with("client_id", "native").with("redirect_uri", "http://127.0.0.1:1234/cb");
    let native = native.with("scope", "openid");
    for _ in 0..2 {
        let silent = open(&browser, &native.clone().with("prompt", "none")).await;
        assert_eq!(returned(&silent)["error"], "consent_required");
        rp::code(&browser, &native).await;
    }
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
