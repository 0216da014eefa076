//! `/sign-in` and `/sign-out`

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, header},
};

use super::browser::{Browser, signed_in};
use crate::support::{PASSWORD, TestApp};

const COOKIE: &str = "__Host-gatepost-default";
const BROWSER: &str = "__Host-gatepost_browser";

#[tokio::test]
async fn one_signs_in_with_an_address_or_a_user_name_and_stays_signed_in() {
    let app = TestApp::with(
        "[[realm]]\nname = \"default\"\n[[realm.user]]\nemail = \"ada@example.com\"\nusername = \"ada\"\n\
         password = \"the engine weaves algebra\"\n",
    )
    .await;
    for username in ["ada@example.com", " ADA@example.com ", "ada"] {
        let browser = Browser::new(&app);
        let answer = browser.sign_in(username).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account/profile"), "{username}");
        assert_eq!(browser.get("/account/profile").await.status, 200);
        assert_eq!(browser.get("/sign-in").await.location(), "/account/profile");
    }
}

/// LG-01: text, status, headers, length and cookies are the same whatever is wrong.
#[tokio::test]
async fn lg_01_a_refused_sign_in_says_one_thing_whatever_the_cause() {
    let app = TestApp::with(
        "[[realm]]\nname = \"default\"\nrequire_verified_email = true\n[[realm.user]]\nemail = \"ada@example.com\"\n\
         email_verified = true\npassword = \"the engine weaves algebra\"\n[[realm.user]]\nemail = \"off@example.com\"\n\
         email_verified = true\npassword = \"the engine weaves algebra\"\n[[realm.user]]\nemail = \"new@example.com\"\n\
         password = \"the engine weaves algebra\"\n[[realm.user]]\nemail = \"adm@example.com\"\nemail_verified = true\n\
         password = \"the engine weaves algebra\"\nroles = [\"realm-admin\"]\n",
    )
    .await;
    let admin = app.sign_in("adm@example.com").await;
    let off = app.sign_in("off@example.com").await;
    let disable = Some(serde_json::json!({"disabled": true}));
    let path = format!("/api/v1/admin/users/{}", off.id);
    assert_eq!(app.ask(&admin, Method::PATCH, &path, disable).await.status, 200);

    let mut answers = Vec::new();
    for (username, password) in [
        ("ada@example.com", "another than hers is"),
        ("off@example.com", PASSWORD),
        ("new@example.com", PASSWORD),
        ("eve@example.com", PASSWORD),
        ("no address", PASSWORD),
    ] {
        let browser = Browser::new(&app);
        let answer = browser.submit("/sign-in", &[("username", username), ("password", password)]).await;
        assert_eq!(browser.cookie(COOKIE), None, "{username}");
        // The name that was typed stands in its field; everything else must be the same.
        let html = answer.html().replace(&format!("value=\"{username}\""), "value=\"\"");
        let csrf = answer.hidden("csrf").unwrap();
        let mut headers: Vec<_> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
        headers.sort();
        let challenge = answer.between("challenge&#34;:&#34;", "&#34;").unwrap();
        answers.push((answer.status, headers, html.replace(&csrf, "").replace(&challenge, "")));
    }
    assert_eq!(answers[0].0, 403);
    assert!(answers[0].2.contains("We couldn’t sign you in with those details."));
    for answer in &answers[1..] {
        assert_eq!(answer, &answers[0]);
    }
    let long = "x".repeat(20_000);
    let answer =
        Browser::new(&app).submit("/sign-in", &[("username", "ada@example.com"), ("password", &long)]).await;
    assert_eq!(answer.status, 403, "too long to be checked");
}

#[tokio::test]
async fn what_was_typed_is_kept_but_the_password() {
    let app = TestApp::new().await;
    let browser = Browser::new(&app);
    let fields = [("username", "ada@example.com"), ("password", "hunter2 hunter2"), ("remember", "1")];
    let html = browser.submit("/sign-in", &fields).await.html();
    assert!(html.contains("value=\"ada@example.com\"") && html.contains("value=\"1\" checked"));
    assert!(!html.contains("hunter2"));
    assert!(html.contains("<title>Error: Sign in"));
    assert!(html.contains("autofocus aria-invalid=\"true\" aria-describedby=\"password-error\""));
    let empty = browser.submit("/sign-in", &[("username", ""), ("password", "")]).await;
    assert_eq!(empty.status, 422);
    let html = empty.html();
    assert!(html.contains("Type your e-mail or username.") && html.contains("Type your password."));
}

/// OA-15.
#[tokio::test]
async fn oa_15_a_password_is_never_sent_on() {
    let app = TestApp::new().await;
    app.register("ada@example.com").await;
    let browser = Browser::new(&app);
    assert_eq!(browser.sign_in("ada@example.com").await.status, 303);
    assert_eq!(browser.submit("/sign-out", &[]).await.status, 303);
}

#[tokio::test]
async fn another_person_in_the_same_browser_ends_the_session_before() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "ada@example.com").await;
    let adas = browser.cookie(COOKIE).unwrap();
    app.register("bob@example.com").await;
    let answer =
        browser.submit("/sign-in?other=1", &[("username", "bob@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303);
    assert!(browser.get("/account/profile").await.html().contains("bob@"));
    browser.cookies.lock().unwrap().insert(COOKIE.into(), adas);
    assert_eq!(browser.get("/account/profile").await.status, 303);
}

#[tokio::test]
async fn whoever_must_sign_in_first_comes_back_to_the_page() {
    let app = TestApp::new().await;
    app.register("ada@example.com").await;
    let browser = Browser::new(&app);
    let asked = browser.get("/account/sessions").await;
    assert!(asked.location().starts_with("/sign-in?flow="));
    let page = browser.get(asked.location()).await;
    let wrong = browser.fill(&page, &[("username", "ada@example.com"), ("password", "wrong password")]).await;
    assert_eq!(wrong.status, 403);
    let answer = browser.fill(&wrong, &[("username", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(answer.location(), "/account/sessions");
}

/// OA-18: what was begun in one browser leads nowhere in another.
#[tokio::test]
async fn oa_18_a_flow_of_another_browser_or_too_old_is_not_continued() {
    let app = TestApp::new().await;
    app.register("ada@example.com").await;
    let attacker = Browser::new(&app);
    let link = attacker.get("/account/sessions").await.location().to_owned();
    let victim = Browser::new(&app);
    let answer = victim.get(&link).await;
    assert_eq!(
        (answer.status.as_u16(), answer.between("id=\"error-code\">", "<").as_deref()),
        (400, Some("flow_lost"))
    );
    let flow = link.split_once("flow=").unwrap().1;
    let page = victim.get("/sign-in").await;
    let fields = [("flow", flow), ("username", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(victim.fill(&page, &fields).await.status, 400);
    assert_eq!(victim.cookie(COOKIE), None);
    // Nor a changed one, nor one that is too old.
    assert_eq!(attacker.get(&link).await.status, 200);
    assert_eq!(attacker.get(&format!("{link}A")).await.status, 400);
    app.advance(Duration::from_hours(1));
    assert_eq!(attacker.get(&link).await.status, 400);
}

/// OA-13, SE-10: a form counts only from a page of ours, in the browser it was shown in.
#[tokio::test]
async fn oa_13_a_form_of_another_site_or_browser_is_refused() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "ada@example.com").await;
    let other = signed_in(&app, "bob@example.com").await;
    let theirs = other.get("/sign-out").await.hidden("csrf").unwrap();
    let ours = browser.get("/sign-out").await.hidden("csrf").unwrap();
    for path in
        ["/sign-out", "/account/profile", "/account/password", "/account/sessions", "/account/applications"]
    {
        for fields in
            [vec![], vec![("csrf", "")], vec![("csrf", theirs.as_str())], vec![("csrf", &ours[1..])]]
        {
            let answer = browser.post(path, &fields).await;
            assert_eq!(answer.status, 403, "{path} {fields:?}");
            assert!(answer.html().contains("This page was open for a long time."), "{path}");
        }
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "http://127.0.0.1:8400.evil.example"),
        ] {
            let request = browser
                .request(Method::POST, path)
                .header(name, value)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(format!("csrf={ours}")))
                .unwrap();
            assert_eq!(browser.send(request).await.status, 403, "{path} {name} {value}");
        }
        let json = browser
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "text/plain")
            .body(Body::from(format!("csrf={ours}")))
            .unwrap();
        assert!(browser.send(json).await.status.is_client_error(), "{path}");
    }
    assert_eq!(browser.get("/account/profile").await.status, 200, "still signed in");
    // A browser that does not say where a form is from is believed when the field is right.
    let request = browser
        .request(Method::POST, "/sign-out")
        .header("origin", "null")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("csrf={ours}")))
        .unwrap();
    assert_eq!(browser.send(request).await.status, 303);
}

/// CSRF of the sign-in itself: nobody is signed in as somebody else by a link or a form of another site.
#[tokio::test]
async fn oa_13_nobody_is_signed_in_by_another_site() {
    let app = TestApp::new().await;
    app.register("eve@example.com").await;
    let browser = Browser::new(&app);
    browser.get("/sign-in").await;
    let fields = [("username", "eve@example.com"), ("password", PASSWORD)];
    let answer = browser.post("/sign-in", &fields).await;
    assert_eq!((answer.status.as_u16(), browser.cookie(COOKIE)), (403, None));
    let page = browser.get("/sign-in").await;
    browser.cookies.lock().unwrap().remove(BROWSER);
    assert_eq!(browser.fill(&page, &fields).await.status, 403, "the cookie of the browser is missing");
}

#[tokio::test]
async fn signing_out_asks_first_and_can_end_every_session() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "ada@example.com").await;
    let elsewhere = Browser::new(&app);
    elsewhere.sign_in("ada@example.com").await;
    let page = browser.get("/sign-out").await;
    assert!(page.html().contains("id=\"logout-confirm\""));
    assert_eq!(browser.get("/account/profile").await.status, 200, "a link signs nobody out");
    assert_eq!(browser.fill(&page, &[]).await.location(), "/sign-out");
    assert_eq!(browser.cookie(COOKIE), None);
    assert!(browser.get("/sign-out").await.html().contains("You’re signed out"));
    assert_eq!(elsewhere.get("/account/profile").await.status, 200);
    elsewhere.submit("/sign-out", &[("everywhere", "1")]).await;
    let third = signed_in(&app, "bob@example.com").await;
    assert_eq!(third.get("/account/profile").await.status, 200, "nobody else is signed out");
}

/// Under its prefix everything of a realm stays there, and the sessions of two realms are apart.
#[tokio::test]
async fn under_a_prefix_every_link_form_and_redirect_keeps_it() {
    let app = TestApp::with(
        "[[realm]]\nname = \"default\"\n[[realm]]\nname = \"acme\"\n[[realm.user]]\nemail = \"ada@example.com\"\n\
         password = \"the engine weaves algebra\"\n",
    )
    .await;
    let browser = Browser::of_realm(&app, "/r/acme");
    let asked = browser.get("/r/acme/account/sessions").await;
    assert!(asked.location().starts_with("/r/acme/sign-in?flow="));
    let page = browser.get(asked.location()).await;
    let answer = browser.fill(&page, &[("username", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(answer.location(), "/r/acme/account/sessions");
    for path in
        ["/sign-in?other=1", "/sign-out", "/account/profile", "/account/password", "/account/sessions"]
    {
        let html = browser.get(&format!("/r/acme{path}")).await.html();
        for attribute in ["href=\"", "action=\"", "src=\""] {
            for link in html.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(link.starts_with("/r/acme/") || link.starts_with('#'), "{path}: {link}");
            }
        }
    }
    assert!(browser.cookie("__Host-gatepost-acme").is_some() && browser.cookie(COOKIE).is_none());
    // The cookie of one realm is nothing in another, under whatever name.
    let value = browser.cookie("__Host-gatepost-acme").unwrap();
    browser.cookies.lock().unwrap().insert(COOKIE.into(), value);
    assert_eq!(browser.get("/account/profile").await.status, 303);
}
