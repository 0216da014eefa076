//! `/sign-up`

use super::browser::{Browser, signed_in};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn one_makes_an_account_and_is_signed_in() {
    let app = TestApp::new().await;
    let browser = Browser::new(&app);
    let asked = browser.get("/account/sessions").await;
    let page = browser.get(asked.location()).await;
    let link = page.between("<a href=\"/sign-up", "\"").unwrap();
    let page = browser.get(&format!("/sign-up{link}")).await;
    let fields = [("name", "Ada Lovelace"), ("username", "ada@example.com"), ("password", PASSWORD)];
    let answer = browser.fill(&page, &fields).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account/sessions"));
    assert!(browser.get("/account/profile").await.html().contains("value=\"Ada Lovelace\""));
    let again = Browser::new(&app).submit("/sign-up", &fields).await;
    assert_eq!(again.status, 422);
    assert!(again.html().contains("This e-mail can’t be used for a new account."));
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_field() {
    let app = TestApp::new().await;
    for (fields, said) in [
        ([("name", ""), ("username", ""), ("password", "")], "Type your name."),
        ([("name", "Ada"), ("username", ""), ("password", PASSWORD)], "Type your e-mail."),
        ([("name", "Ada"), ("username", "ada@"), ("password", PASSWORD)], "That address looks incomplete."),
        (
            [("name", "Ada\u{202e}"), ("username", "a@b.test"), ("password", PASSWORD)],
            "That name can’t be used.",
        ),
        (
            [("name", "Ada"), ("username", "a@b.test"), ("password", "short")],
            "Use <bdi>12</bdi> characters or more.",
        ),
        (
            [("name", "Ada"), ("username", "a@b.test"), ("password", "password1234")],
            "Many people use this password.",
        ),
        (
            [("name", "Ada"), ("username", "a@b.test"), ("password", "abababababababab")],
            "This password repeats itself.",
        ),
        (
            [("name", "Ada Lovelace"), ("username", "a@b.test"), ("password", "adalovelace1")],
            "Leave your name",
        ),
    ] {
        let browser = Browser::new(&app);
        let answer = browser.submit("/sign-up", &fields).await;
        assert_eq!(answer.status, 422, "{said}");
        let html = answer.html();
        assert!(html.contains(said), "{said}: {html}");
        assert!(
            fields[2].1.is_empty() || !html.contains(&format!("\"{}\"", fields[2].1)),
            "the password is gone"
        );
        assert_eq!(browser.cookie("__Host-gatepost-default"), None);
    }
}

/// LG-17: refused on the page too, and the page has no form.
#[tokio::test]
async fn lg_17_a_realm_that_takes_no_registrations_takes_none_here() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nregistration = \"closed\"\n").await;
    let browser = Browser::new(&app);
    let page = browser.get("/sign-up").await;
    assert_eq!(page.status, 403);
    assert!(!page.html().contains("<form"));
    assert!(!browser.get("/sign-in").await.html().contains("Create an account"));
    let csrf = browser.get("/sign-in").await.hidden("csrf").unwrap();
    let fields =
        [("csrf", csrf.as_str()), ("name", "Ada"), ("username", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(browser.post("/sign-up", &fields).await.status, 403);
    assert_eq!(app.login("ada@example.com").await.brief(), "401 invalid_credentials");
}

/// LG-16: what the form does not ask for is not taken.
#[tokio::test]
async fn lg_16_a_form_sets_nothing_that_it_does_not_ask_for() {
    let app = TestApp::new().await;
    let browser = Browser::new(&app);
    let fields = [
        ("name", "Ada"),
        ("username", "ada@example.com"),
        ("password", PASSWORD),
        ("roles", "realm-admin"),
        ("email_verified", "true"),
        ("realm_id", "x"),
    ];
    assert_eq!(browser.submit("/sign-up", &fields).await.status, 303);
    assert!(browser.get("/account/profile").await.html().contains("Not verified"));
    let ada = app.sign_in("ada@example.com").await;
    let users = app.ask(&ada, axum::http::Method::GET, "/api/v1/admin/users", None).await;
    assert_eq!(users.brief(), "403 missing_role");
}

#[tokio::test]
async fn where_an_address_must_be_proven_nobody_is_signed_in_before() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nrequire_verified_email = true\n").await;
    let browser = Browser::new(&app);
    let fields = [("name", "Ada"), ("username", "ada@example.com"), ("password", PASSWORD)];
    let answer = browser.submit("/sign-up", &fields).await;
    assert!(answer.location().starts_with("/verify-sent?sent="));
    assert_eq!(browser.get("/account/profile").await.status, 303);
}

#[tokio::test]
async fn a_new_account_in_the_browser_of_another_person_ends_their_session() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "bob@example.com").await;
    let bobs = browser.cookie("__Host-gatepost-default").unwrap();
    let fields = [("name", "Ada"), ("username", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(browser.submit("/sign-up", &fields).await.status, 303);
    browser.cookies.lock().unwrap().insert("__Host-gatepost-default".into(), bobs);
    assert_eq!(browser.get("/account/profile").await.status, 303);
}
