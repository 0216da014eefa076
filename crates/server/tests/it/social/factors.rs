//! A provider is one factor: what the realm and the account ask for comes after it.

use axum::http::Method;
use serde_json::json;

use super::{ADA, TRUSTED, ada, grace, realm, sign_in, trail, who, world};
use crate::{
    pages::browser::Browser,
    support::{Authenticator, TestApp},
};

async fn with_app(app: &TestApp, email: &str) -> Authenticator {
    let person = app.sign_in(email).await;
    let begun = app.ask(&person, Method::POST, "/api/v1/me/mfa/totp", None).await;
    let phone = Authenticator::of(&begun.text("secret"));
    let code = json!({ "code": phone.code(app) });
    assert_eq!(app.ask(&person, Method::POST, "/api/v1/me/mfa/totp/confirm", Some(code)).await.status, 200);
    phone
}

#[tokio::test]
async fn mf_05_a_provider_does_not_stand_for_the_second_factor() {
    let (app, provider) = world("", TRUSTED).await;
    let phone = with_app(&app, ADA).await;
    let browser = Browser::new(&app);
    let answer = sign_in(&browser, &provider, &ada(&json!({ "amr": ["pwd", "mfa"], "acr": "2" }))).await;
    assert!(answer.location().starts_with("/sign-in/mfa?flow="), "{}", answer.location());
    assert_eq!(who(&browser).await, None, "half a sign-in opens nothing");
    let page = browser.get(answer.location()).await;
    assert_eq!(browser.fill(&page, &[("code", "000000")]).await.status, 422);
    app.advance(std::time::Duration::from_secs(30));
    let code = phone.code(&app);
    let done = browser.fill(&page, &[("code", &code)]).await;
    assert_eq!(done.location(), "/account/profile");
    assert_eq!(who(&browser).await.as_deref(), Some(ADA));
    let signed_in = trail(&app, "signed-in").await;
    let ours = signed_in.iter().find(|event| event["detail"]["identity"].is_string()).unwrap();
    assert_eq!(ours["detail"]["second_factor"], "totp");
}

#[tokio::test]
async fn mf_05_where_a_second_factor_is_required_somebody_new_sets_one_up_first() {
    let (app, provider) = world("mfa = \"required\"", TRUSTED).await;
    let browser = Browser::new(&app);
    let answer = sign_in(&browser, &provider, &grace()).await;
    assert!(answer.location().starts_with("/sign-in/mfa?flow="), "{}", answer.location());
    assert_eq!(who(&browser).await, None);
    let page = browser.get(&format!("{}&method=totp", answer.location())).await;
    let key = page.between("id=\"totp-key\">", "<").unwrap().replace(' ', "");
    let code = Authenticator::of(&key).code(&app);
    let codes = browser.fill(&page, &[("code", &code)]).await;
    assert!(codes.html().contains("recovery"), "{}", codes.html());
    assert_eq!(who(&browser).await.as_deref(), Some("grace@example.com"));
}

#[tokio::test]
async fn mf_05_half_a_sign_in_by_a_provider_ends_when_it_is_disconnected_or_turned_off() {
    let (app, provider) = world("", TRUSTED).await;
    assert_eq!(sign_in(&Browser::new(&app), &provider, &ada(&json!({}))).await.status, 303);
    let phone = with_app(&app, ADA).await;
    let half = async || {
        let browser = Browser::new(&app);
        let answer = sign_in(&browser, &provider, &ada(&json!({}))).await;
        let page = browser.get(answer.location()).await;
        (browser, page)
    };
    let over = async |browser: &Browser<'_>, page: &crate::support::Answer| {
        app.advance(std::time::Duration::from_secs(30));
        let answer = browser.fill(page, &[("code", &phone.code(&app))]).await;
        assert!(answer.status == 403 && answer.html().contains("This sign-in is over."), "{}", answer.html());
        assert_eq!(who(browser).await, None);
    };
    let (browser, page) = half().await;
    app.apply(&realm(&provider, "", "trust_email = true\nenabled = false")).await;
    over(&browser, &page).await;
    app.apply(&realm(&provider, "", TRUSTED)).await;
    // Everything of the account ends: also what was half done.
    let (browser, page) = half().await;
    let admin = app.admin().await;
    let id = super::users(&app).await[0]["id"].as_str().unwrap().to_owned();
    app.advance(std::time::Duration::from_secs(1));
    let path = format!("/api/v1/admin/users/{id}/sessions");
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, 204);
    over(&browser, &page).await;
    // And when it is disconnected.
    let (browser, page) = half().await;
    app.execute("DELETE FROM identities").await;
    over(&browser, &page).await;
}

#[tokio::test]
async fn mf_05_on_a_trusted_device_a_provider_is_enough_unless_more_is_asked_for() {
    let (app, provider) = world("trusted_device_ttl = \"30d\"", TRUSTED).await;
    let phone = with_app(&app, ADA).await;
    let browser = Browser::new(&app);
    let signs_in = async || sign_in(&browser, &provider, &ada(&json!({}))).await;
    let page = browser.get(signs_in().await.location()).await;
    app.advance(std::time::Duration::from_secs(30));
    let done = browser.fill(&page, &[("code", &phone.code(&app)), ("trust", "1")]).await;
    assert_eq!(done.location(), "/account/profile");
    browser.cookies.lock().unwrap().remove("__Host-gatepost-default");
    assert_eq!(signs_in().await.location(), "/account/profile");
    let history = browser.get("/account/activity").await.html();
    for part in ["Account connected", "Signed in with a connected account <span class=\"tag\">Trusted device"]
    {
        assert!(history.contains(part), "{part}: {history}");
    }
    // What changes how one signs in takes both.
    let proves = browser.get("/account/totp").await.location().to_owned();
    let url = super::choose(&browser, &proves, "with-acme").await;
    let now = app.clock.now().unix_seconds();
    let back = browser.get(&provider.sends_back(&url, &ada(&json!({ "auth_time": now })), now)).await;
    assert!(back.location().starts_with("/sign-in/mfa?flow="), "{}", back.location());
}
