//! An app that is being set up is of the session, or of the sign-in, that began it: whoever has the password too is shown its key
//! nowhere, makes it count nowhere, and has nobody confirm theirs.

use axum::http::Method;
use serde_json::json;

use super::{ADA, begin, confirm, second, sign_in};
use crate::{
    pages::browser::Browser,
    support::{Answer, Authenticator, Person, TestApp},
};

const REQUIRED: &str = "[[realm]]\nname = \"default\"\nmfa = \"required\"\n";

/// How many second factors somebody has.
async fn factors(app: &TestApp, who: &Person) -> usize {
    let view = app.ask(who, Method::GET, "/api/v1/me/mfa", None).await.json();
    view["factors"].as_array().unwrap().len()
}

/// The key that a page shows.
fn key(page: &Answer) -> Option<String> {
    page.between("id=\"totp-key\">", "<").map(|key| key.replace(' ', ""))
}

async fn waiting(app: &TestApp) -> String {
    app.login(ADA).await.text("mfa_token")
}

async fn begin_at_sign_in(app: &TestApp, token: &str) -> Authenticator {
    let answer = app.post("/api/v1/login/mfa/totp", json!({"mfa_token": token})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    Authenticator::of(&answer.text("secret"))
}

#[tokio::test]
async fn mf_06_an_app_that_is_being_set_up_is_of_the_session_that_began_it() {
    let app = TestApp::new().await;
    let (owner, thief) = (app.person(ADA).await, app.sign_in(ADA).await);
    // What the thief put there is not there for the owner, and does not count by the owner's word.
    let planted = begin(&app, &thief).await;
    assert_eq!(confirm(&app, &owner, &planted.code(&app)).await.brief(), "409 no_setup");
    // What the owner began is the owner's, and the one before is gone.
    let phone = begin(&app, &owner).await;
    for code in [planted.code(&app), phone.code(&app)] {
        assert_eq!(confirm(&app, &thief, &code).await.brief(), "409 no_setup");
    }
    assert_eq!(confirm(&app, &owner, &planted.code(&app)).await.brief(), "403 invalid_code");
    assert_eq!(factors(&app, &owner).await, 0);
    assert_eq!(confirm(&app, &owner, &phone.code(&app)).await.status, 200);
    // It is kept for whoever signs in from now on.
    sign_in(&app, ADA, &phone).await;
}

/// A token that was refreshed is of the same session.
#[tokio::test]
async fn what_was_begun_is_confirmed_with_any_token_of_the_session() {
    let app = TestApp::new().await;
    let ada = app.person(ADA).await;
    let phone = begin(&app, &ada).await;
    let refreshed = app.refresh(&ada.refresh_token).await;
    let ada = Person { access_token: refreshed.text("access_token"), ..ada };
    assert_eq!(confirm(&app, &ada, &phone.code(&app)).await.status, 200);
}

/// One begins, the other begins, the one confirms: refused, by the code of either.
#[tokio::test]
async fn mf_06_of_two_sessions_that_begin_the_first_is_told_to_begin_again() {
    let app = TestApp::new().await;
    let (one, other) = (app.person(ADA).await, app.sign_in(ADA).await);
    let (first, last) = (begin(&app, &one).await, begin(&app, &other).await);
    for code in [first.code(&app), last.code(&app)] {
        assert_eq!(confirm(&app, &one, &code).await.brief(), "409 no_setup");
    }
    let again = begin(&app, &one).await;
    assert_eq!(confirm(&app, &other, &last.code(&app)).await.brief(), "409 no_setup");
    assert_eq!(confirm(&app, &one, &again.code(&app)).await.status, 200);
}

#[tokio::test]
async fn mf_07_an_app_that_is_set_up_at_sign_in_is_of_that_sign_in() {
    let app = TestApp::with(REQUIRED).await;
    app.register(ADA).await;
    let (owner, thief) = (waiting(&app).await, waiting(&app).await);
    let planted = begin_at_sign_in(&app, &thief).await;
    assert_eq!(second(&app, &owner, &planted.code(&app)).await.brief(), "401 invalid_mfa_token");
    let phone = begin_at_sign_in(&app, &owner).await;
    for code in [planted.code(&app), phone.code(&app)] {
        assert_eq!(second(&app, &thief, &code).await.brief(), "401 invalid_mfa_token");
    }
    assert_eq!(app.login(ADA).await.brief(), "403 mfa_setup_required", "nothing counts yet");
    assert_eq!(second(&app, &owner, &phone.code(&app)).await.status, 200);
    sign_in(&app, ADA, &phone).await;
}

/// What a sign-in began is nothing to a session of the account, and the other way around: where a factor is only offered there are both.
#[tokio::test]
async fn mf_06_what_a_sign_in_began_is_of_no_session() {
    let app = TestApp::new().await;
    let ada = app.person(ADA).await;
    app.apply(REQUIRED).await;
    let token = waiting(&app).await;
    let at_sign_in = begin_at_sign_in(&app, &token).await;
    assert_eq!(confirm(&app, &ada, &at_sign_in.code(&app)).await.brief(), "409 no_setup");
    let in_session = begin(&app, &ada).await;
    assert_eq!(second(&app, &token, &in_session.code(&app)).await.brief(), "401 invalid_mfa_token");
    assert_eq!(second(&app, &token, &at_sign_in.code(&app)).await.brief(), "401 invalid_mfa_token");
    assert_eq!(confirm(&app, &ada, &in_session.code(&app)).await.status, 200);
}

#[tokio::test]
async fn mf_06_the_account_shows_no_key_that_another_browser_began() {
    let app = TestApp::new().await;
    app.register(ADA).await;
    let (owner, thief) = (Browser::new(&app), Browser::new(&app));
    for browser in [&owner, &thief] {
        assert_eq!(browser.sign_in(ADA).await.location(), "/account/profile");
    }
    thief.submit("/account/security", &[("act", "begin")]).await;
    let planted = key(&thief.get("/account/totp").await).unwrap();
    let page = owner.get("/account/totp").await;
    assert!(key(&page).is_none() && page.html().contains("id=\"totp-begin\""), "{}", page.html());
    assert_eq!(owner.fill(&page, &[("act", "begin")]).await.location(), "/account/totp");
    let picture = owner.get("/account/totp").await;
    let shown = key(&picture).unwrap();
    assert_ne!(shown, planted);
    assert_eq!(key(&thief.get("/account/totp").await), None);
    let done = owner.fill(&picture, &[("code", &Authenticator::of(&shown).code(&app))]).await;
    assert!(done.html().contains("id=\"codes\""), "{}", done.html());
}

/// Whose picture is gone is told to begin again, and what they had scanned does not count.
#[tokio::test]
async fn mf_07_a_sign_in_shows_no_key_that_another_began() {
    let app = TestApp::with(REQUIRED).await;
    app.register(ADA).await;
    let (owner, thief) = (Browser::new(&app), Browser::new(&app));
    let step = owner.sign_in(ADA).await.location().to_owned();
    let picture = owner.get(&format!("{step}&method=totp")).await;
    let shown = Authenticator::of(&key(&picture).unwrap());
    let thiefs = thief.sign_in(ADA).await.location().to_owned();
    let thiefs = thief.get(&format!("{thiefs}&method=totp")).await;
    let planted = key(&thiefs).unwrap();
    let again = owner.get(&format!("{step}&method=totp")).await;
    let confirmed = owner.fill(&picture, &[("code", &shown.code(&app))]).await;
    for answer in [again, confirmed] {
        assert!(answer.html().contains("This sign-in is over."), "{}", answer.html());
        assert!(!answer.html().contains(&planted) && key(&answer).is_none());
    }
    assert_eq!(owner.cookie("__Host-gatepost-default"), None);
    // Again, and the thief's is gone in turn.
    let step = owner.sign_in(ADA).await.location().to_owned();
    let picture = owner.get(&format!("{step}&method=totp")).await;
    let code = Authenticator::of(&planted).code(&app);
    let late = thief.fill(&thiefs, &[("code", &code)]).await;
    assert!(late.html().contains("This sign-in is over."), "{}", late.html());
    let phone = Authenticator::of(&key(&picture).unwrap());
    let done = owner.fill(&picture, &[("code", &phone.code(&app))]).await;
    assert!(done.html().contains("id=\"codes\""), "{}", done.html());
}
