//! The pages of second factors, without script.

use std::time::Duration;

use super::{ADA, set_up, sign_in, with_app};
use crate::{
    pages::browser::{Browser, signed_in},
    support::{Answer, Authenticator, PASSWORD, TestApp},
};

const STEP: Duration = Duration::from_secs(30);

fn shown_codes(page: &Answer) -> Vec<String> {
    let list = page.between("id=\"codes\"", "</ul>").unwrap_or_else(|| panic!("no codes: {}", page.html()));
    list.split("<li>").skip(1).map(|item| item.split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_person_sets_an_app_up_signs_in_with_it_and_with_a_recovery_code() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, ADA).await;
    let security = browser.get("/account/security").await;
    assert!(security.html().contains("aria-current=\"page\">Security"), "{}", security.html());
    assert_eq!(browser.fill(&security, &[("act", "begin")]).await.location(), "/account/totp");
    let picture = browser.get("/account/totp").await;
    let key = picture.between("id=\"totp-key\">", "<").unwrap();
    assert_eq!(key.split(' ').map(str::len).collect::<Vec<_>>(), [4; 8]);
    assert_eq!(
        browser.get("/account/totp").await.between("id=\"totp-key\">", "<").unwrap(),
        key,
        "looked at again"
    );
    let phone = Authenticator::of(&key.replace(' ', ""));
    for (code, text) in [("", "Type the 6 digits."), ("000000", "Type the newest one")] {
        let answer = browser.fill(&picture, &[("code", code)]).await;
        assert_eq!(answer.status, 422);
        assert!(answer.html().contains(text) && answer.html().contains("<title>Error:"), "{}", answer.html());
    }
    let page = browser.fill(&picture, &[("code", &phone.code(&app))]).await;
    let codes = shown_codes(&page);
    assert_eq!((page.status.as_u16(), codes.len()), (200, 10));
    assert!(
        page.html().contains("href=\"data:text/plain") && !page.html().contains("language="),
        "they are shown once"
    );
    assert_eq!(browser.get("/account/recovery-codes/saved?saved=1").await.location(), "/account/security");
    let security = browser.get("/account/security").await.html();
    assert!(
        security.contains("The authenticator app is on.") && security.contains("10 of 10 left"),
        "{security}"
    );

    let other = Browser::new(&app);
    app.advance(STEP);
    let step = other.sign_in(ADA).await.location().to_owned();
    let asked = other.get(&step).await;
    let spaced = phone.code(&app);
    let (left, right) = spaced.split_at(3);
    assert_eq!(other.fill(&asked, &[("code", "123")]).await.status, 422);
    let answer = other.fill(&asked, &[("code", &format!("{left} {right}"))]).await;
    assert_eq!(answer.location(), "/account/profile");
    assert_eq!(other.get("/account/profile").await.status, 200);

    let third = Browser::new(&app);
    let step = third.sign_in(ADA).await.location().to_owned();
    let asked = third.get(&format!("{step}&method=recovery_code")).await;
    assert!(asked.html().contains("name=\"recovery_code\""), "{}", asked.html());
    assert_eq!(third.fill(&asked, &[("recovery_code", "AAAA-AAAA")]).await.status, 422);
    let answer = third.fill(&asked, &[("recovery_code", &codes[0])]).await;
    assert_eq!(answer.location(), "/account/profile");
    assert!(third.get("/account/security").await.html().contains("9 of 10 left"));
}

#[tokio::test]
async fn a_page_that_changes_how_one_signs_in_asks_first_who_one_is() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, ADA).await;
    app.advance(Duration::from_mins(10));
    let csrf = browser.get("/account/security").await.hidden("csrf").unwrap();
    for answer in [
        browser.get("/account/totp").await,
        browser.post("/account/totp", &[("csrf", &csrf), ("act", "begin")]).await,
        browser.post("/account/totp", &[("csrf", &csrf), ("act", "remove")]).await,
        browser.get("/account/recovery-codes").await,
        browser.post("/account/recovery-codes", &[("csrf", &csrf)]).await,
    ] {
        assert!(answer.location().starts_with("/sign-in?flow="), "{}", answer.location());
    }
    let again = browser.get(browser.get("/account/totp").await.location()).await;
    assert!(again.html().contains("Confirm that it’s you"));
    let answer = browser.fill(&again, &[("username", ADA), ("password", PASSWORD)]).await;
    assert_eq!(answer.location(), "/account/totp");
    assert!(browser.get("/account/totp").await.html().contains("id=\"totp-begin\""));
}

#[tokio::test]
async fn an_app_is_moved_and_turned_off_on_its_page() {
    let app = TestApp::new().await;
    let (_, phone, old) = with_app(&app, ADA).await;
    let browser = Browser::new(&app);
    app.advance(STEP);
    let step = browser.sign_in(ADA).await.location().to_owned();
    browser.submit(&step, &[("code", &phone.code(&app))]).await;
    // New codes.
    let page = browser.submit("/account/recovery-codes", &[]).await;
    let new = shown_codes(&page);
    assert!(!new.contains(&old[0]));
    // Another phone.
    assert_eq!(browser.submit("/account/totp", &[("act", "begin")]).await.location(), "/account/totp");
    let picture = browser.get("/account/totp").await;
    let moved = Authenticator::of(&picture.between("id=\"totp-key\">", "<").unwrap().replace(' ', ""));
    let answer = browser.fill(&picture, &[("code", &moved.code(&app))]).await;
    assert_eq!(answer.location(), "/account/security", "the recovery codes stay");
    let manage = browser.get("/account/totp").await;
    assert!(manage.html().contains("id=\"totp-remove\""), "{}", manage.html());
    assert_eq!(browser.fill(&manage, &[("act", "remove")]).await.location(), "/account/security");
    assert!(browser.get("/account/security").await.html().contains("The authenticator app is off."));
    assert_eq!(app.login(ADA).await.status, 200);
    assert_eq!(browser.get("/account/recovery-codes").await.location(), "/account/security");
}

#[tokio::test]
async fn a_second_step_that_is_tried_too_often_begins_anew() {
    let app = TestApp::new().await;
    let (_, phone, _) = with_app(&app, ADA).await;
    app.advance(STEP);
    let browser = Browser::new(&app);
    let step = browser.sign_in(ADA).await.location().to_owned();
    let asked = browser.get(&step).await;
    for _ in 0..5 {
        browser.fill(&asked, &[("code", &phone.wrong(&app))]).await;
    }
    let answer = browser.fill(&asked, &[("code", &phone.code(&app))]).await;
    assert_eq!(answer.status, 403);
    assert!(answer.html().contains("This sign-in is over.") && answer.html().contains("action=\"/sign-in\""));
    let step =
        browser.fill(&answer, &[("username", ADA), ("password", PASSWORD)]).await.location().to_owned();
    let asked = browser.get(&step).await;
    for _ in 0..5 {
        browser.fill(&asked, &[("code", &phone.wrong(&app))]).await;
    }
    let step = browser.sign_in(ADA).await.location().to_owned();
    let answer = browser.submit(&step, &[("code", &phone.wrong(&app))]).await;
    assert_eq!(answer.status, 429, "ten in an hour");
    assert!(answer.html().contains("Try again later, or use another way."));
    app.advance(Duration::from_mins(10));
    let answer = browser.get(&step).await;
    assert!(answer.html().contains("This sign-in is over."), "{}", answer.html());
    assert_eq!(browser.get("/sign-in/mfa").await.location(), "/sign-in");
}

/// The form is of the browser; another site's is none.
#[tokio::test]
async fn oa_13_the_second_step_is_sent_from_a_page_of_ours() {
    let app = TestApp::new().await;
    let (_, phone, _) = with_app(&app, ADA).await;
    app.advance(STEP);
    let browser = Browser::new(&app);
    let step = browser.sign_in(ADA).await.location().to_owned();
    let flow = step.split_once("flow=").unwrap().1;
    let code = phone.code(&app);
    let answer = browser.post("/sign-in/mfa", &[("flow", flow), ("code", &code), ("csrf", "x")]).await;
    assert_eq!(answer.status, 403);
    assert!(answer.html().contains("This page was open for a long time."));
    let fresh = browser.fill(&answer, &[("code", &code)]).await;
    assert_eq!(fresh.location(), "/account/profile");
    // Where a second sign-in uses the same session, its cookie is new, and the level is that of both steps.
    let ada = sign_in(&app, ADA, &phone).await;
    assert!(!ada.access_token.is_empty());
}

#[tokio::test]
async fn the_pages_speak_every_language_and_show_names_as_text() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\ndisplay_name = \"<i>Tideline</i>\"\n").await;
    let ada = app.person(ADA).await;
    let (phone, _) = set_up(&app, &ada).await;
    app.advance(STEP);
    let browser = Browser::new(&app);
    let step = browser.sign_in(ADA).await.location().to_owned();
    for (language, title) in [("en", "Enter your code"), ("de", "Code eingeben"), ("ar", "أدخل الرمز")]
    {
        let page = browser.get(&format!("{step}&language={language}")).await.html();
        assert!(page.contains(title) && !page.contains("<i>Tideline"), "{page}");
    }
    let code = phone.code(&app);
    browser.submit(&step, &[("code", &code)]).await;
    for path in ["/account/security", "/account/totp", "/account/recovery-codes"] {
        for language in ["en", "de", "ar"] {
            let page = browser.get(&format!("{path}?language={language}")).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(
                page.html().contains(&format!("lang=\"{language}\"")) && !page.html().contains("<i>Tideline")
            );
        }
    }
}
