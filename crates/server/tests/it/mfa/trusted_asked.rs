//! What a trusted device is good for, and what asks for the second factor there all the same (MF-05).

use std::time::Duration;

use serde_json::json;

use super::{
    ADA, claims, set_up,
    trusted::{COOKIE, DAY, SESSION, STEP, TRUST, anew, trusted, with_clients},
};
use crate::{
    mail::sign_in as by_mail,
    oauth::relying_party as rp,
    pages::browser::Browser,
    support::{Answer, PASSWORD, TestApp},
};

const BOTH: [(&str, &str); 2] = [("username", ADA), ("password", PASSWORD)];

/// A client's requests that one factor does not do for, of whoever has two.
const ASKS_FOR_MORE: [(&str, &str); 5] =
    [("acr_values", "2"), ("acr_values", "mfa"), ("prompt", "login"), ("max_age", "3600"), ("max_age", "0")];

#[tokio::test]
async fn mf_05_a_client_that_asks_for_more_gets_it_on_a_trusted_device_too() {
    let app = TestApp::with(&with_clients()).await;
    let (phone, _) = set_up(&app, &app.sign_in(ADA).await).await;
    let browser = trusted(&app, ADA, &phone).await;
    let granted = async |step: Answer, asked: &str| {
        assert!(step.location().starts_with("/sign-in/mfa?flow="), "{asked}: {}", step.location());
        app.advance(STEP);
        let done = browser.submit(step.location(), &[("code", &phone.code(&app))]).await;
        let mut done = rp::follow(&browser, done).await;
        if done.status == 200 {
            done = rp::approve(&browser, &done).await;
        }
        let said = claims(&rp::redeem(&app, &rp::returned(&done)["code"]).await.text("id_token"));
        assert_eq!((&said["acr"], &said["amr"]), (&json!("2"), &json!(["pwd", "otp", "mfa"])), "{asked}");
    };
    for (name, value) in ASKS_FOR_MORE {
        let (asking, asked) = (rp::asking().with(name, value), format!("{name}={value}"));
        // Nobody is signed in: both steps at once.
        browser.cookies.lock().unwrap().remove(SESSION);
        let page = rp::open(&browser, &asking).await;
        granted(browser.fill(&page, &BOTH).await, &asked).await;
        // Somebody is, with one factor.
        assert_eq!(anew(&browser, ADA, PASSWORD).await, "/account/profile");
        app.advance(Duration::from_secs(1));
        let page = rp::open(&browser, &asking).await;
        granted(browser.fill(&page, &BOTH).await, &asked).await;
        // And whoever signs in with one in another window, when the request is under way, has come no further.
        browser.cookies.lock().unwrap().remove(SESSION);
        let begun = browser.get(&asking.path()).await.location().to_owned();
        let (_, flow) = begun.split_once("?flow=").unwrap();
        app.advance(Duration::from_secs(1));
        assert_eq!(anew(&browser, ADA, PASSWORD).await, "/account/profile");
        let page = rp::follow(&browser, browser.get(&format!("/oauth/authorize?flow={flow}")).await).await;
        assert!(page.html().contains("name=\"password\""), "{asked}: {}", page.html());
        granted(browser.fill(&page, &BOTH).await, &asked).await;
        // Silently there is nothing for a session of one factor.
        if name != "prompt" {
            assert_eq!(anew(&browser, ADA, PASSWORD).await, "/account/profile");
            let silent = browser.get(&asking.with("prompt", "none").path()).await;
            let error = rp::returned(&silent)["error"].clone();
            assert_eq!(error, "login_required", "{asked}");
        }
    }
    // A client that asks for none of it is content with one factor, which it is told.
    browser.cookies.lock().unwrap().remove(SESSION);
    let page = rp::open(&browser, &rp::asking()).await;
    let done = rp::follow(&browser, browser.fill(&page, &BOTH).await).await;
    let said = claims(&rp::redeem(&app, &rp::returned(&done)["code"]).await.text("id_token"));
    assert_eq!((&said["acr"], &said["amr"]), (&json!("1"), &json!(["pwd"])));
    // And what changes how one signs in is not.
    let page = browser.get("/account/totp").await;
    let step = browser.submit(page.location(), &BOTH).await;
    assert!(step.location().starts_with("/sign-in/mfa?flow="), "{}", step.location());
}

#[tokio::test]
async fn mf_05_a_device_is_connected_with_both_factors_where_its_client_says_how_lately() {
    let tv = "[[realm.client]]\nid = \"tv\"\npublic = true\nname = \"Television\"\nscopes = [\"openid\"]
        grants = [\"urn:ietf:params:oauth:grant-type:device_code\"]\ndefault_max_age = 3600\n";
    let app =
        TestApp::with(&with_clients().replacen("[[realm.user]]", &format!("{tv}[[realm.user]]"), 1)).await;
    let (phone, _) = set_up(&app, &app.sign_in(ADA).await).await;
    let browser = trusted(&app, ADA, &phone).await;
    assert_eq!(anew(&browser, ADA, PASSWORD).await, "/account/profile");
    let device = rp::waiting(&app, "tv").await.text("user_code");
    let asked = browser.submit("/device", &[("user_code", &device)]).await;
    assert!(asked.location().starts_with("/sign-in?flow="), "{}", asked.location());
    let step = browser.submit(asked.location(), &BOTH).await;
    assert!(step.location().starts_with("/sign-in/mfa?flow="), "{}", step.location());
    app.advance(STEP);
    let back = browser.submit(step.location(), &[("code", &phone.code(&app))]).await;
    assert!(back.location().starts_with("/device?user_code="), "{}", back.location());
    let shown = browser.submit("/device", &[("user_code", &device)]).await;
    assert!(shown.html().contains("Television"), "{}", shown.html());
}

/// Sets the cookie of a trusted device into a browser of nothing else.
fn copied<'a>(from: &Browser<'a>) -> Browser<'a> {
    let other = Browser::new(from.app);
    other.cookies.lock().unwrap().insert(COOKIE.to_owned(), from.cookie(COOKIE).unwrap());
    other
}

#[tokio::test]
async fn mf_05_a_letter_is_enough_on_a_trusted_device_as_a_password_is() {
    let app = TestApp::with(&TRUST.replace("trusted", "email_sign_in = true\ntrusted")).await;
    assert_eq!(app.register(ADA).await.status, 201);
    let token = app.token(ADA).await;
    assert_eq!(app.post("/api/v1/verify-email", json!({"token": token})).await.status, 200);
    let (phone, _) = set_up(&app, &app.sign_in(ADA).await).await;
    let browser = copied(&trusted(&app, ADA, &phone).await);
    let typed = async |browser: &Browser<'_>| {
        let sent = browser.submit("/sign-in/email", &[("username", ADA)]).await;
        let page = browser.get(sent.location()).await;
        let code = by_mail::code(&app, ADA).await;
        browser.fill(&page, &[("sent", &page.hidden("sent").unwrap()), ("code", &code)]).await
    };
    assert_eq!(typed(&browser).await.location(), "/account/profile");
    assert!(typed(&Browser::new(&app)).await.location().starts_with("/sign-in/mfa?flow="));
    let activity = browser.get("/account/activity").await.html();
    assert!(activity.contains("Signed in by e-mail <span class=\"tag\">Trusted device"), "{activity}");
    // A program too, unless it says otherwise.
    for (asks, answered) in [(false, "200"), (true, "403 mfa_required")] {
        app.advance(DAY / 8);
        let body = json!({"email_token": by_mail::ask(&app, ADA).await, "code": by_mail::code(&app, ADA).await,
            "ask_second_factor": asks});
        let cookie = format!("{COOKIE}={}", browser.cookie(COOKIE).unwrap());
        let answer = super::trusted::post(&app, "/api/v1/login/email/confirm", Some(&cookie), body).await;
        assert_eq!(answer.brief(), answered, "{answer:?}");
    }
}

/// The page of the password asks for the password alone: it neither makes the second factor that was shown once count as shown just
/// now, nor is it there for a session that has shown none.
#[tokio::test]
async fn mf_06_a_new_password_on_the_page_opens_nothing_that_takes_the_second_factor() {
    const NEW: &str = "another engine weaves algebra";
    let app = TestApp::with(&with_clients()).await;
    let (phone, _) = set_up(&app, &app.sign_in(ADA).await).await;
    let browser = trusted(&app, ADA, &phone).await;
    let excused = copied(&browser);
    assert_eq!(anew(&excused, ADA, PASSWORD).await, "/account/profile");
    let change = [("current_password", PASSWORD), ("new_password", NEW)];
    let refused = excused.submit("/account/password", &change).await;
    assert!(refused.location().starts_with("/sign-in?flow="), "{}", refused.location());
    app.advance(Duration::from_mins(11));
    let changed = browser.submit("/account/password", &change).await;
    assert_eq!(changed.location(), "/account/password", "it was not changed before");
    assert_eq!(browser.get("/account/password").await.status, 200, "the session goes on");
    let remove = browser.get("/account/totp").await;
    assert!(remove.location().starts_with("/sign-in?flow="), "{}", remove.location());
}
