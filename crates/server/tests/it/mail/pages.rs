//! The pages around mail.

use std::time::Duration;

use super::{NEW_PASSWORD, VERIFIED, verified};
use crate::{
    pages::browser::{Browser, signed_in},
    support::{PASSWORD, TestApp},
};

#[tokio::test]
async fn one_signs_up_confirms_and_signs_in() {
    let app = TestApp::with(VERIFIED).await;
    let browser = Browser::new(&app);
    let asked = browser.get("/account/sessions").await;
    let page = browser.get(asked.location()).await;
    let link = page.between("<a href=\"/sign-up", "\"").unwrap();
    let page = browser.get(&format!("/sign-up{link}")).await;
    let fields = [("name", "Ada"), ("username", "ada@example.com"), ("password", PASSWORD)];
    let sent = browser.fill(&page, &fields).await;
    assert!(sent.location().starts_with("/verify-sent?sent="), "{}", sent.location());
    let sent = browser.get(sent.location()).await;
    assert!(
        sent.html().contains("Check your e-mail") && sent.html().contains("ada@<wbr>"),
        "{}",
        sent.html()
    );
    app.advance(Duration::from_secs(31));
    let again = browser.fill(&sent, &[("sent", &sent.hidden("sent").unwrap())]).await;
    let told = browser.get(again.location()).await;
    assert!(told.html().contains("another message is on its way"));
    assert_eq!(app.mail_to("ada@example.com").await.len(), 2);
    // The link is opened elsewhere.
    let (path, elsewhere) = (app.link("ada@example.com").await, Browser::new(&app));
    let page = elsewhere.get(&path).await;
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert!(
        !page.html().contains("src=\"http") && !page.html().contains("href=\"http"),
        "the link leaks nowhere"
    );
    let token = page.hidden("token").unwrap();
    let done = elsewhere.fill(&page, &[("token", &token)]).await;
    assert!(done.html().contains("Your e-mail is confirmed"), "{}", done.html());
    let again = elsewhere.get(&path).await;
    assert_eq!(again.status, 400);
    assert!(again.html().contains("This link doesn’t work any more"));
    // Back where it was begun, on to what it was for.
    let link = told.between("<a href=\"/sign-in", "\"").unwrap();
    let page = browser.get(&format!("/sign-in{link}")).await;
    let answer = browser.fill(&page, &[("username", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(answer.location(), "/account/sessions");
}

#[tokio::test]
async fn a_lost_password_is_replaced() {
    let app = TestApp::new().await;
    verified(&app, "ada@example.com").await;
    let browser = Browser::new(&app);
    let page = browser.get("/sign-in").await;
    assert!(page.html().contains("<a href=\"/recover\">Forgot your password?</a>"), "{}", page.html());
    for (typed, wrong) in
        [("", "Type your e-mail."), ("ada@", "looks incomplete"), ("ada", "looks incomplete")]
    {
        let answer = browser.submit("/recover", &[("username", typed)]).await;
        assert_eq!(answer.status, 422);
        assert!(answer.html().contains(wrong) && answer.html().contains("aria-invalid"), "{typed}");
    }
    let sent = browser.submit("/recover", &[("username", " Ada@example.com ")]).await;
    assert!(sent.location().starts_with("/recover/sent?sent="));
    let page = browser.get(sent.location()).await;
    assert!(page.html().contains("Check your e-mail"));
    let path = app.link("ada@example.com").await;
    let page = browser.get(&path).await;
    let token = page.hidden("token").unwrap();
    let weak = browser.fill(&page, &[("token", &token), ("new_password", "short")]).await;
    assert_eq!(weak.status, 422);
    let done = browser.fill(&weak, &[("token", &token), ("new_password", NEW_PASSWORD)]).await;
    assert!(done.html().contains("Your password is changed"), "{}", done.html());
    assert_eq!(browser.cookie("__Host-gatepost-default"), None, "nobody is signed in by it");
    assert_eq!(browser.get(&path).await.status, 400);
    let answer =
        browser.submit("/sign-in", &[("username", "ada@example.com"), ("password", NEW_PASSWORD)]).await;
    assert_eq!(answer.location(), "/account/profile");
}

#[tokio::test]
async fn what_was_sealed_for_one_browser_is_nothing_in_another() {
    let app = TestApp::new().await;
    let browser = Browser::new(&app);
    let sent = browser.submit("/recover", &[("username", "ada@example.com")]).await;
    let path = sent.location().to_owned();
    assert_eq!(Browser::new(&app).get(&path).await.location(), "/recover");
    app.advance(Duration::from_hours(1));
    assert_eq!(browser.get(&path).await.location(), "/recover", "and after an hour");
    assert_eq!(browser.get("/verify-sent").await.location(), "/sign-up");
}

#[tokio::test]
async fn an_address_is_proven_and_changed_in_the_account() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "ada@example.com").await;
    app.mail_to("ada@example.com").await;
    app.advance(Duration::from_secs(31));
    let profile = browser.get("/account/profile").await;
    assert!(profile.html().contains("Not verified"));
    let csrf = profile.hidden("csrf").unwrap();
    assert_eq!(browser.post("/account/email/verify", &[("csrf", "forged")]).await.status, 303);
    assert_eq!(
        browser.post("/account/email/verify", &[("csrf", &csrf)]).await.location(),
        "/account/profile"
    );
    assert!(browser.get("/account/profile").await.html().contains("A link is on its way."));
    assert_eq!(app.mail_to("ada@example.com").await.len(), 2);
    let path = app.link("ada@example.com").await;
    let page = browser.get(&path).await;
    let done = browser.fill(&page, &[("token", &page.hidden("token").unwrap())]).await;
    assert_eq!(done.location(), "/account/profile", "who is signed in stays there");
    assert!(browser.get("/account/profile").await.html().contains("Your e-mail is confirmed."));
    // Another address, long after signing in.
    app.advance(Duration::from_mins(10));
    let asked = browser.get("/account/email").await;
    let again = browser.get(asked.location()).await;
    assert!(again.html().contains("Confirm that it’s you"), "{}", again.html());
    let back = browser.fill(&again, &[("username", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(back.location(), "/account/email");
    for (typed, wrong) in
        [("", "Type your e-mail."), ("ada", "incomplete"), ("ADA@example.com", "has this address already")]
    {
        let answer = browser.submit("/account/email", &[("email", typed)]).await;
        assert_eq!(answer.status, 422, "{typed}");
        assert!(answer.html().contains(wrong), "{typed}");
    }
    assert_eq!(
        browser.submit("/account/email", &[("email", "new@example.com")]).await.location(),
        "/account/profile"
    );
    let profile = browser.get("/account/profile").await.html();
    assert!(profile.contains("id=\"email-awaited\"") && profile.contains("new@<wbr>"), "{profile}");
    assert_eq!(browser.submit("/account/email", &[("email", "third@example.com")]).await.status, 429);
    let path = app.link("new@example.com").await;
    let page = browser.get(&path).await;
    browser.fill(&page, &[("token", &page.hidden("token").unwrap())]).await;
    let profile = browser.get("/account/profile").await.html();
    assert!(profile.contains("new@<wbr>") && !profile.contains("email-awaited"), "{profile}");
    // The old address takes it back, from any browser.
    let elsewhere = Browser::new(&app);
    let page = elsewhere.get(&app.link("ada@example.com").await).await;
    assert!(page.html().contains("Take the change back?"));
    let done = elsewhere.fill(&page, &[("token", &page.hidden("token").unwrap())]).await;
    assert!(done.html().contains("The change is taken back"), "{}", done.html());
    assert_eq!(browser.get("/account/profile").await.status, 303, "everybody is signed out");
}

#[tokio::test]
async fn mail_that_is_kept_can_be_read_and_only_there() {
    let app = TestApp::new().await;
    let browser = Browser::new(&app);
    assert!(browser.get("/dev/mail").await.html().contains("No mail yet"));
    app.register("ada@example.com").await;
    app.mail_to("ada@example.com").await;
    let list = browser.get("/dev/mail").await;
    assert!(list.html().contains("href=\"/dev/mail/1\"") && list.html().contains("ada@example.com"));
    let shown = browser.get("/dev/mail/1").await;
    let link = app.mail_to("ada@example.com").await[0].link().unwrap().to_owned();
    assert!(shown.html().contains(&link), "{}", shown.html());
    let html = browser.get("/dev/mail/1/html").await;
    assert!(html.header("content-security-policy").unwrap().contains("sandbox "));
    assert!(html.html().contains("Confirm my e-mail"));
    for path in ["/dev/mail/2", "/dev/mail/x", "/dev/mail/1/text"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    let silent = app.without_mail().await;
    for path in ["/dev/mail", "/dev/mail/1", "/dev/mail/1/html"] {
        let request = browser.request(axum::http::Method::GET, path).body(axum::body::Body::empty()).unwrap();
        assert_eq!(crate::support::send(&silent, request).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn without_mail_no_page_promises_any() {
    let app = TestApp::new().await;
    let silent = app.without_mail().await;
    let browser = Browser::new(&app);
    let request =
        browser.request(axum::http::Method::GET, "/sign-in").body(axum::body::Body::empty()).unwrap();
    let page = crate::support::send(&silent, request).await;
    assert!(!page.html().contains("/recover"));
}
