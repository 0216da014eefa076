//! Signing in by mail in a browser: a link for the one that asked, and a code (LG-18).

use std::time::Duration;

use super::{
    sign_in::{BY_MAIL, code},
    verified,
};
use crate::{
    mfa::set_up,
    oauth::relying_party as rp,
    pages::browser::Browser,
    support::{PASSWORD, TestApp},
};

const ADA: &str = "ada@example.com";
const SESSION: &str = "__Host-gatepost-default";

/// Asks in a browser, and returns the page that waits for the code.
async fn ask(browser: &Browser<'_>, page: &str, email: &str) -> crate::support::Answer {
    let sent = browser.submit(page, &[("username", email)]).await;
    assert!(sent.location().starts_with("/sign-in/email/sent?sent="), "{}", sent.location());
    browser.get(sent.location()).await
}

async fn type_code(
    browser: &Browser<'_>,
    page: &crate::support::Answer,
    typed: &str,
) -> crate::support::Answer {
    let sent = page.hidden("sent").unwrap();
    browser.fill(page, &[("sent", &sent), ("code", typed)]).await
}

#[tokio::test]
async fn lg_18_a_link_signs_in_where_it_was_asked_for_and_by_its_button() {
    let app = TestApp::with(BY_MAIL).await;
    verified(&app, ADA).await;
    let browser = Browser::new(&app);
    let sign_in = browser.get("/sign-in").await;
    assert!(sign_in.html().contains("<a href=\"/sign-in/email\">Sign in by e-mail"), "{}", sign_in.html());
    ask(&browser, "/sign-in/email", ADA).await;
    let path = app.link(ADA).await;
    assert!(path.starts_with("/sign-in/email/open?token=gp_el_"), "{path}");
    // Whoever is talked into opening it elsewhere is signed in nowhere, and uses nothing up; nor do programs that check mail.
    let elsewhere = Browser::new(&app);
    elsewhere.get("/sign-in").await;
    let refused = elsewhere.get(&path).await;
    assert_eq!(refused.status, 403);
    assert!(refused.html().contains("in the browser where you started"), "{}", refused.html());
    let token = path.split_once("token=").unwrap().1;
    let csrf = elsewhere.get("/sign-in").await.hidden("csrf").unwrap();
    let forced = elsewhere.post("/sign-in/email/open", &[("csrf", &csrf), ("token", token)]).await;
    assert_eq!((forced.status.as_u16(), elsewhere.cookie(SESSION)), (403, None));
    for _ in 0..3 {
        let page = browser.get(&path).await;
        assert!(page.html().contains("Sign in to default?") && page.html().contains("ada@<wbr>"));
    }
    assert_eq!(browser.cookie(SESSION), None, "opening it does nothing");
    let forged = browser.post("/sign-in/email/open", &[("csrf", "forged"), ("token", token)]).await;
    assert_eq!((forged.status.as_u16(), browser.cookie(SESSION)), (403, None));
    let page = browser.get(&path).await;
    let done = browser.fill(&page, &[("token", &page.hidden("token").unwrap())]).await;
    assert_eq!(done.location(), "/account/profile");
    assert!(browser.cookie(SESSION).is_some());
    let again = browser.get(&path).await;
    assert_eq!(again.status, 400);
    assert!(again.html().contains("This link doesn’t work any more"));
}

#[tokio::test]
async fn a_code_goes_on_to_what_the_sign_in_was_for() {
    let file = rp::REALM.replacen("name = \"default\"", "name = \"default\"\nemail_sign_in = true", 1);
    let app = TestApp::with(&file).await;
    let browser = Browser::new(&app);
    let page = rp::open(&browser, &rp::asking()).await;
    let way = page.between("<a href=\"/sign-in/email", "\"").expect("a way by mail");
    let sent = ask(&browser, &format!("/sign-in/email{way}"), ADA).await;
    assert!(sent.header("content-security-policy").unwrap().contains("form-action 'self' https:"));
    for (typed, wrong) in [("", "Type the 8 digits."), ("12345", "Type the one in the newest message.")] {
        let answer = type_code(&browser, &sent, typed).await;
        assert_eq!(answer.status, 422, "{typed}");
        assert!(answer.html().contains(wrong) && answer.html().contains("aria-invalid"), "{typed}");
    }
    let done = type_code(&browser, &sent, &code(&app, ADA).await).await;
    let mut done = rp::follow(&browser, done).await;
    if done.status == 200 {
        done = rp::approve(&browser, &done).await;
    }
    let answer = rp::redeem(&app, &rp::returned(&done)["code"]).await;
    assert_eq!(crate::mfa::claims(&answer.text("id_token"))["amr"], serde_json::json!(["otp"]));
}

/// The link too, in another window of the same browser.
#[tokio::test]
async fn a_link_goes_on_to_what_the_sign_in_was_for_and_asks_for_the_second_step() {
    let file = rp::REALM.replacen("name = \"default\"", "name = \"default\"\nemail_sign_in = true", 1);
    let app = TestApp::with(&file).await;
    let (phone, _) = set_up(&app, &app.sign_in(ADA).await).await;
    app.advance(Duration::from_secs(30));
    let browser = Browser::new(&app);
    let page = rp::open(&browser, &rp::asking()).await;
    let way = page.between("<a href=\"/sign-in/email", "\"").expect("a way by mail");
    ask(&browser, &format!("/sign-in/email{way}"), ADA).await;
    let page = browser.get(&app.link(ADA).await).await;
    let step = browser.fill(&page, &[("token", &page.hidden("token").unwrap())]).await;
    assert!(step.location().starts_with("/sign-in/mfa?flow="), "{}", step.location());
    assert_eq!(browser.cookie(SESSION), None, "half is nothing");
    let done = browser.submit(step.location(), &[("code", &phone.code(&app))]).await;
    let done = rp::follow(&browser, done).await;
    assert!(done.html().contains("consent-approve") || rp::returned(&done).contains_key("code"));
}

#[tokio::test]
async fn another_letter_ends_the_one_before_and_few_codes_are_looked_at() {
    let app = TestApp::with(BY_MAIL).await;
    verified(&app, ADA).await;
    let browser = Browser::new(&app);
    let first = ask(&browser, "/sign-in/email", ADA).await;
    let (old_code, old_link) = (code(&app, ADA).await, app.link(ADA).await);
    let again = browser.fill(&first, &[("sent", &first.hidden("sent").unwrap()), ("again", "1")]).await;
    let second = browser.get(again.location()).await;
    assert!(second.html().contains("another message is on its way"), "{}", second.html());
    let new_code = code(&app, ADA).await;
    assert_ne!(old_code, new_code);
    assert_eq!(type_code(&browser, &second, &old_code).await.status, 422);
    assert_eq!(browser.get(&old_link).await.status, 400);
    for _ in 0..3 {
        assert_eq!(type_code(&browser, &second, "0000 0001").await.status, 422);
    }
    let fifth = type_code(&browser, &second, "0000 0001").await;
    assert_eq!(fifth.status, 403, "no other is looked at");
    assert!(fifth.html().contains("That code has run out."), "{}", fifth.html());
    let over = type_code(&browser, &second, &new_code).await;
    assert_eq!(over.status, 403);
    assert!(over.html().contains("That code has run out."), "{}", over.html());
}

#[tokio::test]
async fn lg_01_the_pages_say_the_same_whosever_the_address_is() {
    let app = TestApp::with(BY_MAIL).await;
    verified(&app, "known@example.com").await;
    let mut seen = Vec::new();
    for email in ["known@example.com", "stray@example.com"] {
        let browser = Browser::new(&app);
        let page = ask(&browser, "/sign-in/email", email).await;
        app.mail_to(email).await;
        let wrong = type_code(&browser, &page, "0000 0001").await;
        let name = email.split('@').next().unwrap();
        let plain = |answer: &crate::support::Answer| {
            let html = answer.html().replace(name, "…");
            let csrf = answer.hidden("csrf").unwrap();
            let sent = answer.hidden("sent").unwrap();
            (
                answer.status,
                html.replace(&csrf, "…").replace(&sent, "…").split("sent=").next().map(str::to_owned),
            )
        };
        seen.push((plain(&page), plain(&wrong)));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn what_was_sealed_for_one_browser_signs_in_in_no_other() {
    let app = TestApp::with(BY_MAIL).await;
    verified(&app, ADA).await;
    let (browser, other) = (Browser::new(&app), Browser::new(&app));
    let page = ask(&browser, "/sign-in/email", ADA).await;
    let csrf = other.get("/sign-in").await.hidden("csrf").unwrap();
    let sent = page.hidden("sent").unwrap();
    let mails = code(&app, ADA).await;
    let fields = [("csrf", csrf.as_str()), ("sent", &sent), ("code", &mails)];
    assert_eq!(other.post("/sign-in/email/sent", &fields).await.location(), "/sign-in/email");
    assert_eq!(other.cookie(SESSION), None);
    assert_eq!(type_code(&browser, &page, &mails).await.location(), "/account/profile");
}

#[tokio::test]
async fn where_the_realm_has_it_not_no_page_speaks_of_it() {
    let app = TestApp::new().await;
    verified(&app, ADA).await;
    let browser = Browser::new(&app);
    assert!(!browser.get("/sign-in").await.html().contains("/sign-in/email"));
    assert_eq!(browser.get("/sign-in/email").await.location(), "/sign-in");
    let answer = browser.submit("/sign-in", &[("username", ADA), ("password", PASSWORD)]).await;
    assert_eq!(answer.location(), "/account/profile");
}
