//! What people are shown: the form they sent, and when to send it again.

use axum::http::{Method, header};

use super::{FILE, LIMITED, from, guess};
use crate::{
    pages::browser::{Browser, signed_in},
    support::{Answer, PASSWORD, TestApp},
};

async fn in_language(browser: &Browser<'_>, language: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    browser.get(&format!("{path}?language={language}")).await;
    browser.submit(path, fields).await
}

#[tokio::test]
async fn rl_04_the_sign_in_page_keeps_the_form_and_says_to_wait_in_every_language() {
    let app = TestApp::with(FILE).await;
    let browser = Browser::new(&app);
    let fields = [("username", "ada@example.com"), ("password", "a guess at it all"), ("remember", "1")];
    for _ in 0..5 {
        assert_eq!(browser.submit("/sign-in", &fields).await.status, 403);
    }
    for (language, said) in [
        ("en", "<b>Too many tries.</b> Wait a few minutes, then try again."),
        ("de", "<b>Zu viele Versuche.</b> Warten Sie ein paar Minuten"),
        ("ar", "<b>محاولات كثيرة جدًا.</b>"),
    ] {
        let answer = in_language(&browser, language, "/sign-in", &fields).await;
        assert_eq!(answer.status, 429);
        let html = answer.html();
        assert!(html.contains(said), "{html}");
        assert!(
            html.contains("value=\"ada@example.com\"")
                && html.contains("name=\"remember\" value=\"1\" checked")
        );
        assert!(!html.contains("a guess at it all"));
        assert_eq!(answer.header("retry-after"), Some("180"));
        assert_eq!(answer.header("ratelimit"), Some("\"sign-in-account\";r=0;t=180"));
    }
    // The API counted with it.
    assert_eq!(guess(&app, "192.0.2.1", "ada").await, LIMITED);
}

#[tokio::test]
async fn rl_04_the_sign_up_page_keeps_the_form() {
    let app = TestApp::with(FILE).await;
    for number in 0..30 {
        assert_eq!(app.register(&format!("user{number}@example.com")).await.status, 201);
    }
    let fields = [("name", "Eve"), ("username", "eve@example.com"), ("password", PASSWORD)];
    let answer = Browser::new(&app).submit("/sign-up", &fields).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("120")));
    let html = answer.html();
    assert!(
        html.contains("Too many tries.")
            && html.contains("value=\"eve@example.com\"")
            && html.contains("value=\"Eve\"")
    );
    assert!(!html.contains(PASSWORD));
}

#[tokio::test]
async fn rl_04_the_password_page_says_to_wait() {
    let app = TestApp::with(FILE).await;
    let browser = signed_in(&app, "eve@example.com").await;
    let fields = [("current_password", "a guess at it all"), ("new_password", "another that she thought of")];
    for _ in 0..5 {
        assert_eq!(browser.submit("/account/password", &fields).await.status, 422);
    }
    let answer = browser.submit("/account/password", &fields).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("180")));
    assert!(answer.html().contains("Too many tries."));
    // Neither door of the same session has more.
    let fields = [("current_password", PASSWORD), ("new_password", "another that she thought of")];
    assert_eq!(browser.submit("/account/password", &fields).await.status, 429);
}

#[tokio::test]
async fn rl_04_the_page_for_another_address_keeps_it_and_says_to_wait() {
    let app = TestApp::with(FILE).await;
    let browser = signed_in(&app, "eve@example.com").await;
    for number in 0..5 {
        let asked = browser.submit("/account/email", &[("email", &*format!("u{number}@example.com"))]).await;
        assert_eq!(asked.location(), "/account/profile");
        app.advance(std::time::Duration::from_secs(31));
    }
    let answer = browser.submit("/account/email", &[("email", "more@example.com")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("565")));
    assert_eq!(answer.header("ratelimit"), Some("\"message-account\";r=0;t=565"));
    let html = answer.html();
    assert!(html.contains("<b>Too many tries.</b>") && html.contains("value=\"more@example.com\""), "{html}");
}

/// A page that is not a form of its own is told as an error page, with the same headers.
#[tokio::test]
async fn rl_04_what_is_no_form_is_an_error_page_with_the_headers() {
    let app = TestApp::with(FILE).await;
    for _ in 0..5 {
        guess(&app, "192.0.2.1", "ada").await;
    }
    let request = Browser::new(&app)
        .request(Method::POST, "/sign-in")
        .header(header::CONTENT_TYPE, "text/plain")
        .body(axum::body::Body::from("x"))
        .unwrap();
    // What cannot be read is not counted.
    assert_eq!(app.send(from("192.0.2.1", request)).await.status, 400);
}
