//! Accounts elsewhere are connected and disconnected by whoever is signed in.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::{ADA, TRUSTED, ada, choose, grace, identities, sign_in, trail, who, world};
use crate::{
    pages::browser::{Browser, signed_in},
    support::{Authenticator, PASSWORD, TestApp},
};

const SECURITY: &str = "/account/security";

/// Connects Acme's account of that subject in a browser: what one sees at the end.
async fn connect(
    browser: &Browser<'_>,
    provider: &super::Provider,
    claims: &serde_json::Value,
) -> crate::support::Answer {
    let url = choose(browser, SECURITY, "connect-acme").await;
    browser.get(&provider.sends_back(&url, claims, browser.app.clock.now().unix_seconds())).await
}

async fn signed_in_as_ada(app: &TestApp) -> Browser<'_> {
    let browser = Browser::new(app);
    assert_eq!(browser.sign_in(ADA).await.status, 303);
    browser
}

#[tokio::test]
async fn an_account_elsewhere_is_connected_and_disconnected_on_the_page() {
    // Not even trusted: whoever is signed in here and there has proved both.
    let (app, provider) = world("", "").await;
    let browser = signed_in_as_ada(&app).await;
    let claims = json!({ "sub": "ada-1", "email": "ada@elsewhere.test" });
    assert_eq!(connect(&browser, &provider, &claims).await.location(), SECURITY);
    let page = browser.get(SECURITY).await;
    assert!(page.html().contains("The account is connected") && page.html().contains("ada@<wbr>elsewhere"));
    assert!(!page.html().contains("connect-acme"), "one of each is enough to offer");
    let other = Browser::new(&app);
    assert_eq!(sign_in(&other, &provider, &claims).await.status, 303);
    assert_eq!(who(&other).await.as_deref(), Some(ADA));
    assert!(
        app.subjects(ADA).await.iter().any(|subject| subject.contains("new way")),
        "{:?}",
        app.subjects(ADA).await
    );
    let csrf = page.hidden("csrf").unwrap();
    let id = page.between("name=\"disconnect\" value=\"", "\"").unwrap();
    let gone = browser.post("/account/identities", &[("csrf", &csrf), ("disconnect", &id)]).await;
    assert_eq!(gone.location(), SECURITY);
    assert!(browser.get(SECURITY).await.html().contains("no longer signs you in"));
    assert!(identities(&app, ADA).await.is_empty());
    assert_eq!(sign_in(&Browser::new(&app), &provider, &claims).await.status, 303, "somebody new");
    assert_eq!(trail(&app, "identity-disconnected").await.len(), 1);
}

#[tokio::test]
async fn so_06_what_is_connected_with_one_account_does_not_move_to_another() {
    let (app, provider) = world("", TRUSTED).await;
    let ada_browser = signed_in_as_ada(&app).await;
    assert_eq!(connect(&ada_browser, &provider, &ada(&json!({}))).await.status, 303);
    let eve = signed_in(&app, "eve@example.com").await;
    let answer = connect(&eve, &provider, &ada(&json!({}))).await;
    assert!(
        answer.status == 403 && answer.html().contains("connected with another account"),
        "{}",
        answer.html()
    );
    assert_eq!(identities(&app, ADA).await.len(), 1);
    assert!(identities(&app, "eve@example.com").await.is_empty());
    // Connecting again what is one's own changes nothing.
    let (csrf, id) = {
        let page = ada_browser.get(SECURITY).await;
        (page.hidden("csrf").unwrap(), page.between("name=\"disconnect\" value=\"", "\"").unwrap())
    };
    // By the API: another's is not there, and no member says whose it is.
    let stranger = app.sign_in("eve@example.com").await;
    let path = format!("/api/v1/me/identities/{id}");
    assert_eq!(app.ask(&stranger, Method::DELETE, &path, None).await.brief(), "404 not_found");
    for method in [Method::PATCH, Method::PUT, Method::POST] {
        let body = json!({ "user_id": stranger.id });
        assert_eq!(app.ask(&stranger, method, &path, Some(body)).await.status, 405);
    }
    // Another's form, or one without the field, disconnects nothing.
    for csrf in ["", "x", &eve.get(SECURITY).await.hidden("csrf").unwrap()] {
        let answer = ada_browser.post("/account/identities", &[("csrf", csrf), ("disconnect", &id)]).await;
        assert_eq!(answer.status, 403);
    }
    let theirs = eve.get(SECURITY).await.hidden("csrf").unwrap();
    eve.post("/account/identities", &[("csrf", &theirs), ("disconnect", &id)]).await;
    assert_eq!(identities(&app, ADA).await.len(), 1);
    let gone = ada_browser.post("/account/identities", &[("csrf", &csrf), ("disconnect", &id)]).await;
    assert_eq!(gone.location(), SECURITY);
    assert!(identities(&app, ADA).await.is_empty());
}

#[tokio::test]
async fn so_06_what_one_began_to_connect_is_not_connected_with_whoever_is_signed_in_later() {
    let (app, provider) = world("", TRUSTED).await;
    let browser = signed_in(&app, "eve@example.com").await;
    let link = browser.get(SECURITY).await.link("connect-acme");
    let url = choose(&browser, SECURITY, "connect-acme").await;
    let now = app.clock.now().unix_seconds();
    let back = provider.sends_back(&url, &json!({ "sub": "eve-1", "email": "eve@elsewhere.test" }), now);
    // The same browser, and Ada in it: she would have Eve's way in.
    browser.submit("/sign-in?other=1", &[("username", ADA), ("password", crate::support::PASSWORD)]).await;
    assert_eq!(who(&browser).await.as_deref(), Some(ADA));
    assert_eq!(browser.get(&back).await.status, 400);
    assert_eq!(browser.get(&link).await.location(), SECURITY, "nor is the link of use");
    assert!(identities(&app, ADA).await.is_empty());
    assert!(identities(&app, "eve@example.com").await.is_empty());
}

#[tokio::test]
async fn so_06_the_last_way_in_stays() {
    let (app, provider) = world("", TRUSTED).await;
    let browser = Browser::new(&app);
    assert_eq!(sign_in(&browser, &provider, &grace()).await.status, 303);
    let page = browser.get(SECURITY).await;
    assert!(page.html().contains("id=\"password-set\"") && !page.html().contains("/account/password"));
    let (csrf, id) =
        (page.hidden("csrf").unwrap(), page.between("name=\"disconnect\" value=\"", "\"").unwrap());
    let fields = [("csrf", csrf.as_str()), ("disconnect", id.as_str())];
    let answer = browser.post("/account/identities", &fields).await;
    assert!(
        answer.status == 403 && answer.problem().contains("your only way to sign in"),
        "{}",
        answer.html()
    );
    // With a password it goes.
    browser.submit("/recover", &[("username", "grace@example.com")]).await;
    let token = app.token("grace@example.com").await;
    let body = json!({ "token": token, "new_password": crate::support::PASSWORD });
    assert_eq!(app.post("/api/v1/recover/confirm", body).await.status, 204);
    let person = app.sign_in("grace@example.com").await;
    let path = format!("/api/v1/me/identities/{id}");
    assert_eq!(app.ask(&person, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(app.ask(&person, Method::DELETE, &path, None).await.brief(), "404 not_found");
}

#[tokio::test]
async fn so_06_only_whoever_has_just_proved_everything_connects_and_disconnects() {
    let (app, provider) = world("", TRUSTED).await;
    let browser = signed_in_as_ada(&app).await;
    assert_eq!(connect(&browser, &provider, &ada(&json!({}))).await.status, 303);
    let page = browser.get(SECURITY).await;
    let (csrf, id) =
        (page.hidden("csrf").unwrap(), page.between("name=\"disconnect\" value=\"", "\"").unwrap());
    let person = app.sign_in(ADA).await;
    app.advance(Duration::from_mins(11));
    let answer = browser.post("/account/identities", &[("csrf", &csrf), ("disconnect", &id)]).await;
    assert!(answer.location().starts_with("/sign-in?flow="), "{}", answer.location());
    let path = format!("/api/v1/me/identities/{id}");
    let answer = app.ask(&person, Method::DELETE, &path, None).await;
    assert_eq!(answer.brief(), "401 reauthentication_required");
    // A second factor that was set up since, in another session, has to be shown, too.
    let (person, elsewhere) = (app.sign_in(ADA).await, app.sign_in(ADA).await);
    let begun = app.ask(&elsewhere, Method::POST, "/api/v1/me/mfa/totp", None).await;
    let phone = Authenticator::of(&begun.text("secret"));
    let code = json!({ "code": phone.code(&app) });
    let confirm = "/api/v1/me/mfa/totp/confirm";
    assert_eq!(app.ask(&elsewhere, Method::POST, confirm, Some(code)).await.status, 200);
    let answer = app.ask(&person, Method::DELETE, &path, None).await;
    assert_eq!(answer.brief(), "401 reauthentication_required");
    let eve = signed_in(&app, "eve@example.com").await;
    let link = eve.get(SECURITY).await.link("connect-acme");
    app.advance(Duration::from_mins(11));
    assert!(eve.get(&link).await.location().starts_with("/sign-in?flow="));
}

#[tokio::test]
async fn lg_13_a_change_of_address_that_is_taken_back_disconnects_what_the_thief_connected() {
    let (app, provider) = world("", "").await;
    let claims = json!({ "sub": "thief-1", "email": "thief@elsewhere.test" });
    let thief = signed_in_as_ada(&app).await;
    assert_eq!(connect(&thief, &provider, &claims).await.location(), SECURITY);
    let program = app.sign_in(ADA).await;
    let address = json!({ "email": "thief@example.com" });
    assert_eq!(app.ask(&program, Method::POST, "/api/v1/me/email", Some(address)).await.status, 202);
    let confirmed = json!({ "token": app.token("thief@example.com").await });
    assert_eq!(app.post("/api/v1/verify-email", confirmed).await.status, 200);
    let undo = json!({ "token": app.token(ADA).await });
    assert_eq!(app.post("/api/v1/undo-email", undo).await.status, 204);
    let recovered = json!({ "token": app.token(ADA).await, "new_password": PASSWORD });
    assert_eq!(app.post("/api/v1/recover/confirm", recovered).await.status, 204);
    assert!(identities(&app, ADA).await.is_empty());
    let anew = Browser::new(&app);
    sign_in(&anew, &provider, &claims).await;
    assert_ne!(who(&anew).await.as_deref(), Some(ADA));
}
