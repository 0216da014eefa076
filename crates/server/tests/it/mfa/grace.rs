//! MF-07: how long somebody without a second factor goes on where one is required, and that nothing they do makes it longer.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{ADA, claims, set_up};
use crate::{
    oauth::relying_party as rp,
    pages::browser::Browser,
    support::{PASSWORD, TestApp, person},
};

const DAY: Duration = Duration::from_hours(24);

fn realm(settings: &str) -> String {
    format!("[[realm]]\nname = \"default\"\n{settings}\n")
}

const REQUIRED: &str = "mfa = \"required\"\nmfa_grace = \"7d\"";

/// The moment as the API writes it.
fn in_days(app: &TestApp, days: u32) -> Value {
    json!(app.clock.now().plus(DAY * days))
}

#[tokio::test]
async fn an_account_from_before_goes_on_for_the_grace_and_not_a_moment_longer() {
    let app = TestApp::with(&realm("mfa = \"optional\"\nmfa_grace = \"7d\"")).await;
    app.register(ADA).await;
    assert_eq!(app.login(ADA).await.json().get("mfa_setup_required_by"), None, "it is not required");
    app.advance(DAY * 30);
    app.apply(&realm(REQUIRED)).await;
    let until = in_days(&app, 7);
    let ada = app.login(ADA).await;
    assert_eq!((ada.status.as_u16(), &ada.json()["mfa_setup_required_by"]), (200, &until));
    assert_eq!(claims(&ada.text("access_token"))["amr"], json!(["pwd"]));
    let shown = app.ask(&person(&ada), Method::GET, "/api/v1/me/mfa", None).await.json();
    assert_eq!((&shown["policy"], &shown["setup_required_by"]), (&json!("required"), &until));
    app.advance(Duration::from_secs(7 * 24 * 60 * 60 - 1));
    assert_eq!(app.login(ADA).await.json()["mfa_setup_required_by"], until);
    app.advance(Duration::from_secs(1));
    assert_eq!(app.login(ADA).await.brief(), "403 mfa_setup_required");
    // What was begun in time goes on, as it does where there is no grace.
    assert_eq!(app.refresh(&ada.text("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn an_account_that_is_made_later_has_the_grace_from_then() {
    let app = TestApp::with(&realm(REQUIRED)).await;
    app.advance(DAY * 30);
    app.register(ADA).await;
    assert_eq!(app.login(ADA).await.json()["mfa_setup_required_by"], in_days(&app, 7));
    app.advance(DAY * 7);
    assert_eq!(app.login(ADA).await.brief(), "403 mfa_setup_required");
}

#[tokio::test]
async fn whoever_sets_one_up_in_time_is_asked_for_it_at_once() {
    let app = TestApp::with(&realm(REQUIRED)).await;
    let ada = app.person(ADA).await;
    let (phone, _) = set_up(&app, &ada).await;
    let shown = app.ask(&ada, Method::GET, "/api/v1/me/mfa", None).await.json();
    assert_eq!(shown.get("setup_required_by"), None);
    let again = super::sign_in(&app, ADA, &phone).await;
    assert_eq!(
        app.ask(&again, Method::DELETE, "/api/v1/me/mfa/totp", None).await.brief(),
        "409 last_second_factor",
        "and it is not taken away for the rest of the grace"
    );
}

/// Whoever has the password signs in, changes what there is to change, and loses the account on the day it was to be.
#[tokio::test]
async fn mf_07_nothing_makes_the_grace_longer() {
    let app = TestApp::with(&realm(REQUIRED)).await;
    app.register(ADA).await;
    let until = in_days(&app, 7);
    app.advance(DAY * 3);
    let ada = app.sign_in(ADA).await;
    // The same file once more, and another setting in it.
    app.apply(&realm(REQUIRED)).await;
    app.apply(&realm(&format!("{REQUIRED}\nregistration = \"closed\""))).await;
    let body = json!({"name": "Ada Lovelace"});
    assert_eq!(app.ask(&ada, Method::PATCH, "/api/v1/me", Some(body)).await.status, 200);
    let body = json!({"current_password": PASSWORD, "new_password": "another engine, another algebra"});
    assert_eq!(app.ask(&ada, Method::POST, "/api/v1/me/password", Some(body)).await.status, 204);
    let login = async || {
        let body = json!({"email": ADA, "password": "another engine, another algebra"});
        app.post("/api/v1/login", body).await
    };
    assert_eq!(login().await.json()["mfa_setup_required_by"], until);
    // An app that is set up, and never confirmed, is none.
    let fresh = person(&login().await);
    assert_eq!(app.ask(&fresh, Method::POST, "/api/v1/me/mfa/totp", None).await.status, 200);
    assert_eq!(login().await.json()["mfa_setup_required_by"], until);
    app.advance(DAY * 4);
    assert_eq!(login().await.brief(), "403 mfa_setup_required");
}

/// It begins anew where it was not required in between: whoever administers the realm has said so.
#[tokio::test]
async fn the_grace_counts_from_when_it_became_required() {
    let app = TestApp::with(&realm("mfa = \"required\"")).await;
    app.register(ADA).await;
    assert_eq!(app.login(ADA).await.brief(), "403 mfa_setup_required", "no grace unless it is said");
    app.advance(DAY * 3);
    // A grace that comes later is of the same beginning.
    app.apply(&realm(REQUIRED)).await;
    assert_eq!(app.login(ADA).await.json()["mfa_setup_required_by"], in_days(&app, 4));
    app.advance(DAY * 4);
    assert_eq!(app.login(ADA).await.brief(), "403 mfa_setup_required");
    app.apply(&realm("mfa = \"optional\"")).await;
    assert_eq!(app.login(ADA).await.status, 200);
    app.apply(&realm(REQUIRED)).await;
    assert_eq!(app.login(ADA).await.json()["mfa_setup_required_by"], in_days(&app, 7));
}

#[tokio::test]
async fn a_grace_without_end_is_refused() {
    let app = TestApp::new().await;
    let refused = app.refused(&realm("mfa = \"required\"\nmfa_grace = \"91d\"")).await;
    assert!(refused.contains("mfa_grace") && refused.contains("90 days"), "{refused}");
    app.apply(&realm("mfa = \"required\"\nmfa_grace = \"90d\"")).await;
}

/// Applications that take the password themselves have no page to offer something on.
#[tokio::test]
async fn an_application_that_takes_passwords_is_let_in_for_the_grace() {
    let file = rp::REALM
        .replacen("name = \"default\"", &format!("name = \"default\"\npassword_grant = true\n{REQUIRED}"), 1)
        .replacen("skip_consent = true", "skip_consent = true\ngrants = [\"password\"]", 1);
    let app = TestApp::with(&file).await;
    let ask = async || {
        let form = [("grant_type", "password"), ("username", ADA), ("password", PASSWORD)];
        rp::token(&app, Some(("house", "a-secret-of-the-house-app-0123456789")), &form).await
    };
    assert_eq!(ask().await.status, 200);
    app.advance(DAY * 7);
    assert_eq!(rp::error(&ask().await), "400 invalid_grant");
}

#[tokio::test]
async fn on_the_page_one_says_later_until_the_day_and_comes_to_where_one_wanted() {
    let file = rp::REALM.replacen("name = \"default\"", &format!("name = \"default\"\n{REQUIRED}"), 1);
    let app = TestApp::with(&file).await;
    let browser = Browser::new(&app);
    let page = rp::open(&browser, &rp::asking()).await;
    let step = browser.fill(&page, &[("username", ADA), ("password", PASSWORD)]).await.location().to_owned();
    let shown = browser.get(&step).await;
    // 1_800_000_000 is 2027-01-15 08:00.
    assert!(shown.html().contains("asks for a second step from"), "{}", shown.html());
    assert!(shown.html().contains("22 January 2027"), "{}", shown.html());
    for language in ["de", "ar"] {
        let page = browser.get(&format!("{step}&language={language}")).await.html();
        assert!(page.contains("2027") && page.contains("id=\"mfa-later\""), "{page}");
    }
    browser.get(&format!("{step}&language=en")).await;
    assert_eq!(browser.cookie("__Host-gatepost-default"), None, "nobody is signed in before they said so");
    let app_page = browser.get(&format!("{step}&method=totp")).await;
    assert!(app_page.html().contains("id=\"mfa-later\"") && app_page.html().contains("<svg viewBox="));
    let (flow, csrf) = (shown.hidden("flow").unwrap(), shown.hidden("csrf").unwrap());
    let forged = browser.post("/sign-in/mfa", &[("flow", &flow), ("act", "later"), ("csrf", "x")]).await;
    assert_eq!(forged.status, 403);
    let on = browser.post("/sign-in/mfa", &[("flow", &flow), ("csrf", &csrf), ("act", "later")]).await;
    let consent = rp::follow(&browser, on).await;
    let back = rp::approve(&browser, &consent).await;
    let tokens = rp::redeem(&app, &rp::returned(&back)["code"]).await;
    assert_eq!(claims(&tokens.text("id_token"))["acr"], "1", "as it is");
    let security = browser.get("/account/security").await.html();
    assert!(security.contains("22 January 2027"), "{security}");
}

/// The page was open when the grace ended.
#[tokio::test]
async fn mf_07_later_is_over_when_the_grace_is() {
    let app = TestApp::with(&realm(REQUIRED)).await;
    app.register(ADA).await;
    app.advance(Duration::from_mins(7 * 24 * 60 - 5));
    let browser = Browser::new(&app);
    let step = browser.sign_in(ADA).await.location().to_owned();
    let page = browser.get(&step).await;
    assert!(page.html().contains("id=\"mfa-later\""));
    app.advance(Duration::from_mins(5));
    let late = browser.fill(&page, &[("act", "later")]).await;
    assert!(late.html().contains("This sign-in is over."), "{}", late.html());
    assert_eq!(browser.cookie("__Host-gatepost-default"), None);
    let step = browser.sign_in(ADA).await.location().to_owned();
    let page = browser.get(&step).await;
    assert!(page.html().contains("Set one up to go on.") && !page.html().contains("mfa-later"));
    // Nor does the address of the form lead around it.
    let around = browser.fill(&page, &[("act", "later")]).await;
    assert!(around.html().contains("This sign-in is over."), "{}", around.html());
    assert_eq!(browser.cookie("__Host-gatepost-default"), None);
}

/// Also whoever has just made an account is offered it.
#[tokio::test]
async fn a_new_account_is_offered_a_factor_and_may_wait() {
    let app = TestApp::with(&realm(REQUIRED)).await;
    let browser = Browser::new(&app);
    let fields = [("name", "Ada"), ("username", ADA), ("password", PASSWORD)];
    let step = browser.submit("/sign-up", &fields).await.location().to_owned();
    assert!(step.starts_with("/sign-in/mfa?flow="), "{step}");
    let page = browser.get(&step).await;
    assert_eq!(browser.fill(&page, &[("act", "later")]).await.location(), "/account/profile");
    assert!(browser.cookie("__Host-gatepost-default").is_some());
}
