//! MF-05, MF-08: the level that was reached holds at every door, and no door leads around it.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::{ADA, claims, set_up, sign_in, trail};
use crate::{
    oauth::relying_party::{self as rp, REALM, asking, returned},
    pages::browser::Browser,
    support::{Authenticator, PASSWORD, Person, TestApp},
};

const STEP: Duration = Duration::from_secs(30);

async fn world() -> (TestApp, Person, Authenticator) {
    let file = REALM.replacen("name = \"default\"", "name = \"default\"\npassword_grant = true", 1).replacen(
        "skip_consent = true",
        "skip_consent = true\ngrants = [\"password\", \"authorization_code\", \"refresh_token\"]",
        1,
    );
    let app = TestApp::with(&file).await;
    let ada = app.sign_in(ADA).await;
    let (phone, _) = set_up(&app, &app.sign_in(ADA).await).await;
    (app, ada, phone)
}

/// Both steps in a browser.
async fn two_steps<'a>(app: &'a TestApp, phone: &Authenticator) -> Browser<'a> {
    app.advance(STEP);
    let browser = Browser::new(app);
    let step = browser.sign_in(ADA).await.location().to_owned();
    let answer = browser.submit(&step, &[("code", &phone.code(app))]).await;
    assert_eq!(answer.status, 303, "{}", answer.html());
    browser
}

#[tokio::test]
async fn mf_05_a_refresh_keeps_the_level_and_raises_none() {
    let (app, before, phone) = world().await;
    let two = sign_in(&app, ADA, &phone).await;
    for (person, amr) in [(two, json!(["pwd", "otp", "mfa"])), (before, json!(["pwd"]))] {
        let refreshed = app.refresh(&person.refresh_token).await;
        assert_eq!(claims(&refreshed.text("access_token"))["amr"], amr);
    }
}

/// RFC 6749 section 4.3 has no second step: nobody gets around it there, and nobody learns that the password was right.
#[tokio::test]
async fn mf_05_an_application_that_takes_passwords_gets_around_nothing() {
    let (app, _, _) = world().await;
    let house = Some(("house", "a-secret-of-the-house-app-0123456789"));
    let ask = async |password: &str| {
        rp::token(&app, house, &[("grant_type", "password"), ("username", ADA), ("password", password)]).await
    };
    let (right, wrong) = (ask(PASSWORD).await, ask("not the password").await);
    assert_eq!(rp::error(&right), "400 invalid_grant");
    assert_eq!(right.body, wrong.body);
    app.register("bob@example.com").await;
    let bob = [("grant_type", "password"), ("username", "bob@example.com"), ("password", PASSWORD)];
    assert_eq!(rp::token(&app, house, &bob).await.status, 200, "who has none is not asked");
    let required = "[[realm]]\nname = \"default\"\nmfa = \"required\"\npassword_grant = true\n";
    app.apply(required).await;
    assert_eq!(
        rp::error(&rp::token(&app, house, &bob).await),
        "400 invalid_grant",
        "and where all must have one"
    );
}

#[tokio::test]
async fn mf_05_a_client_gets_the_level_of_the_browser_in_which_it_asked() {
    let (app, _, phone) = world().await;
    let browser = two_steps(&app, &phone).await;
    let scopes = "openid email offline_access";
    let code = rp::code(&browser, &asking().with("scope", scopes).with("prompt", "consent")).await;
    let answer = rp::redeem(&app, &code).await;
    let said = claims(&answer.text("id_token"));
    assert_eq!((&said["acr"], &said["amr"]), (&json!("2"), &json!(["pwd", "otp", "mfa"])));
    // Also what goes on while the person is away.
    app.advance(Duration::from_hours(1));
    let refreshed = rp::refresh(&app, &answer.text("refresh_token"), &[]).await;
    assert_eq!(claims(&refreshed.text("access_token"))["amr"], json!(["pwd", "otp", "mfa"]));
    assert_eq!(claims(&refreshed.text("id_token"))["acr"], "2");
}

/// Whoever is asked once more who they are is asked for both.
#[tokio::test]
async fn mf_05_a_fresh_sign_in_is_one_with_both_factors() {
    let (app, _, phone) = world().await;
    let browser = two_steps(&app, &phone).await;
    app.advance(Duration::from_hours(1));
    for asking in [asking().with("prompt", "login"), asking().with("max_age", "60")] {
        app.advance(STEP * 3);
        let page = rp::open(&browser, &asking).await;
        assert!(page.html().contains("Confirm that it’s you"), "{}", page.html());
        let step = browser.fill(&page, &[("username", ADA), ("password", PASSWORD)]).await;
        assert!(step.location().starts_with("/sign-in/mfa?flow="), "{}", step.location());
        // Not even with the session of before does the flow go on without it.
        let skipped = step.location().replacen("/sign-in/mfa", "/oauth/authorize", 1);
        let answer = rp::follow(&browser, browser.get(&skipped).await).await;
        assert!(answer.html().contains("Confirm that it’s you"));
        let code_page = browser.get(step.location()).await;
        let mut done =
            rp::follow(&browser, browser.fill(&code_page, &[("code", &phone.code(&app))]).await).await;
        if done.status == 200 {
            done = rp::approve(&browser, &done).await;
        }
        let answer = rp::redeem(&app, &returned(&done)["code"]).await;
        assert_eq!(claims(&answer.text("id_token"))["amr"], json!(["pwd", "otp", "mfa"]));
    }
}

/// A level that is demanded is reached or not issued; one that is wished for is reached where it can be, and said truly where not.
#[tokio::test]
async fn mf_08_a_level_that_is_asked_for_is_reached_or_not_claimed() {
    let app = TestApp::with(REALM).await;
    let demand = asking().with("claims", r#"{"id_token":{"acr":{"essential":true,"values":["2"]}}}"#);
    let wish = asking().with("acr_values", "mfa");
    let browser = rp::ada(&app).await;
    // Without a second factor.
    assert_eq!(returned(&rp::open(&browser, &demand).await)["error"], "unmet_authentication_requirements");
    let answer = rp::redeem(&app, &rp::code(&browser, &wish).await).await;
    assert_eq!(claims(&answer.text("id_token"))["acr"], "1");
    // With one that was set up since.
    let ada = app.sign_in(ADA).await;
    let (phone, _) = set_up(&app, &ada).await;
    let silent = returned(&rp::open(&browser, &demand.clone().with("prompt", "none")).await);
    assert_eq!(silent["error"], "login_required");
    for asking in [demand, wish] {
        app.advance(STEP);
        let page = rp::open(&browser, &asking).await;
        assert!(page.html().contains("Confirm that it’s you"), "{}", page.html());
        let step = browser.fill(&page, &[("username", ADA), ("password", PASSWORD)]).await;
        let code_page = browser.get(step.location()).await;
        let done = rp::follow(&browser, browser.fill(&code_page, &[("code", &phone.code(&app))]).await).await;
        let answer = rp::redeem(&app, &returned(&done)["code"]).await;
        assert_eq!(claims(&answer.text("id_token"))["acr"], "2");
        // Once reached, nobody is asked again; then as if it had never been.
        assert!(returned(&rp::open(&browser, &asking).await).contains_key("code"));
        app.execute("UPDATE sessions SET amr = 'pwd'").await;
    }
}

/// Nobody is asked again and again for a level that there is not.
#[tokio::test]
async fn mf_08_a_level_that_there_is_not_is_refused_or_passed_over() {
    let (app, _, phone) = world().await;
    let browser = two_steps(&app, &phone).await;
    let wish = asking().with("acr_values", "9");
    let answer = rp::redeem(&app, &rp::code(&browser, &wish).await).await;
    assert_eq!(claims(&answer.text("id_token"))["acr"], "2");
    let demand = asking().with("claims", r#"{"id_token":{"acr":{"essential":true,"value":"9"}}}"#);
    assert_eq!(returned(&rp::open(&browser, &demand).await)["error"], "unmet_authentication_requirements");
}

/// An administrator's reset is the way back in for whoever lost everything, and is written down.
#[tokio::test]
async fn mf_05_an_administrator_resets_what_was_lost_and_ends_every_session() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (ada, phone, _) = super::with_app(&app, ADA).await;
    let two = sign_in(&app, ADA, &phone).await;
    let path = format!("/api/v1/admin/users/{}/mfa", ada.id);
    let seen = app.ask(&admin, Method::GET, &path, None).await.json();
    assert_eq!((&seen["factors"][0]["kind"], &seen["recovery_codes"]["left"]), (&json!("totp"), &json!(10)));
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.brief(), "403 missing_role");
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, 204);
    for person in [&ada, &two] {
        assert_eq!(app.ask(person, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    }
    let again = app.sign_in(ADA).await;
    let view = app.ask(&again, Method::GET, "/api/v1/me/mfa", None).await.json();
    assert_eq!((&view["factors"], &view["recovery_codes"]["total"]), (&json!([]), &json!(0)));
    let told = trail(&app, &admin, "second-factors-reset").await;
    assert_eq!(
        (told.len(), &told[0]["user"], &told[0]["detail"]["kinds"]),
        (1, &json!(ada.id), &json!("totp"))
    );
    // Once more does nothing, and ends nothing.
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(app.ask(&again, Method::GET, "/api/v1/me", None).await.status, 200);
}
