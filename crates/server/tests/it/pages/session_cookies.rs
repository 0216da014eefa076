//! Cookies of browsers that are signed in.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, header},
};

use super::browser::{Browser, signed_in};
use crate::support::{PASSWORD, TestApp, person};

const COOKIE: &str = "__Host-gatepost-default";

/// SE-03: no cookie from before a sign-in is good after it.
#[tokio::test]
async fn se_03_every_sign_in_makes_another_cookie_and_the_one_before_is_worth_nothing() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "ada@example.com").await;
    let first = browser.cookie(COOKIE).unwrap();
    let answer =
        browser.submit("/sign-in?other=1", &[("username", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303);
    let second = browser.cookie(COOKIE).unwrap();
    assert_ne!(first, second);
    assert_eq!(browser.get("/account/profile").await.status, 200);
    browser.cookies.lock().unwrap().insert(COOKIE.into(), first);
    let answer = browser.get("/account/profile").await;
    assert_eq!(answer.status, 303, "the first cookie");
    // It is one session: what applications hold in it lives on.
    browser.cookies.lock().unwrap().insert(COOKIE.into(), second);
    let sessions = browser.get("/account/sessions").await.html();
    assert_eq!(sessions.matches("This device").count(), 1);
    assert!(!sessions.contains("name=\"id\""), "{sessions}");
}

/// SE-04, SE-05: a cookie is a MAC; nothing in it can be changed, guessed or read.
#[tokio::test]
async fn se_04_a_changed_or_invented_session_cookie_signs_nobody_in() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "ada@example.com").await;
    let good = browser.cookie(COOKIE).unwrap();
    let changed = format!("{}{}", &good[..good.len() - 1], if good.ends_with('A') { 'B' } else { 'A' });
    for bad in ["", "x", "ada@example.com", &good[1..], &changed, &good.repeat(100), "%00"] {
        browser.cookies.lock().unwrap().insert(COOKIE.into(), bad.to_owned());
        assert_eq!(browser.get("/account/profile").await.status, 303, "{bad}");
    }
    let html = Browser { cookies: browser.cookies, ..Browser::new(&app) }.get("/sign-in").await.html();
    assert!(!html.contains("gp_st_"));
}

/// SE-08: one browser, signed in to two realms. The cookie of the one is nothing in the other, neither to come in nor to sign
/// out, and naming somebody else's session in the form ends one's own.
#[tokio::test]
async fn se_08_the_cookie_of_one_account_neither_opens_nor_ends_another() {
    let app = TestApp::with("[[realm]]\nname = \"acme\"\n[[realm]]\nname = \"other\"\n").await;
    let account = serde_json::json!({"email": "ada@example.com", "password": PASSWORD});
    for realm in ["acme", "other"] {
        let path = format!("/r/{realm}/api/v1/register");
        assert_eq!(app.post(&path, account.clone()).await.status, 201);
    }
    let acme = Browser::of_realm(&app, "/r/acme");
    acme.sign_in("ada@example.com").await;
    let other = Browser {
        cookies: std::mem::take(&mut *acme.cookies.lock().unwrap()).into(),
        ..Browser::of_realm(&app, "/r/other")
    };
    other.sign_in("ada@example.com").await;
    let both = other;
    assert_eq!(both.get("/r/acme/account/profile").await.status, 200);
    assert_eq!(both.get("/r/other/account/profile").await.status, 200);

    let (of_acme, of_other) = ("__Host-gatepost-acme", "__Host-gatepost-other");
    let (first, second) = (both.cookie(of_acme).unwrap(), both.cookie(of_other).unwrap());
    both.cookies.lock().unwrap().insert(of_other.into(), first.clone());
    assert_eq!(both.get("/r/other/account/profile").await.status, 303, "the session of another realm");
    let page = both.get("/r/acme/sign-out").await;
    both.post("/r/other/sign-out", &[("csrf", &page.hidden("csrf").unwrap()), ("everywhere", "1")]).await;
    both.cookies.lock().unwrap().extend([(of_acme.into(), first), (of_other.into(), second)]);
    assert_eq!(both.get("/r/acme/account/profile").await.status, 200);
    assert_eq!(both.get("/r/other/account/profile").await.status, 200);

    let adas = person(&app.post("/r/acme/api/v1/login", account).await);
    let session = app.ask(&adas, Method::GET, "/r/acme/api/v1/me/sessions", None).await.json();
    let named = session["sessions"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(both.submit("/r/other/sign-out", &[("id", &named), ("session", &named)]).await.status, 303);
    assert_eq!(both.get("/r/acme/account/profile").await.status, 200);
    assert_eq!(both.get("/r/other/account/profile").await.status, 303);
}

/// SE-02: of two cookies of one name neither counts.
#[tokio::test]
async fn se_02_two_cookies_of_one_name_are_none() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "ada@example.com").await;
    let good = browser.cookie(COOKIE).unwrap();
    for twice in [format!("{COOKIE}={good}; {COOKIE}={good}"), format!("{COOKIE}=x; {COOKIE}={good}")] {
        let request = axum::http::Request::get("/account/profile")
            .header(header::HOST, "127.0.0.1:8400")
            .header(header::COOKIE, &twice)
            .body(Body::empty())
            .unwrap();
        assert_eq!(app.send(request).await.status, 303, "{twice}");
    }
}

/// SE-01: in every answer that sets one.
#[tokio::test]
async fn se_01_every_cookie_is_host_bound_secure_and_out_of_reach() {
    let app = TestApp::new().await;
    app.register("ada@example.com").await;
    let browser = Browser::new(&app);
    let fields = [("username", "ada@example.com"), ("password", PASSWORD), ("remember", "1")];
    let answers = [
        browser.get("/sign-in?language=de").await,
        browser.submit("/sign-in", &fields).await,
        browser.submit("/account/profile", &[("name", "Ada")]).await,
        browser.submit("/sign-out", &[]).await,
    ];
    let mut seen = 0;
    for set in answers.iter().flat_map(|answer| answer.headers.get_all(header::SET_COOKIE)) {
        let set = set.to_str().unwrap();
        assert!(set.starts_with("__Host-") && !set.contains("Domain"), "{set}");
        assert!(set.contains("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{set}");
        seen += 1;
    }
    assert_eq!(seen, 6, "browser, language, device, session, notice, and the session taken away");
}

/// SE-06: a browser that is not remembered is signed in for a day at most; one that is, for as long as the realm says.
#[tokio::test]
async fn se_06_a_session_ends_by_itself() {
    let app = TestApp::new().await;
    let forgotten = signed_in(&app, "ada@example.com").await;
    let remembered = Browser::new(&app);
    let fields = [("username", "ada@example.com"), ("password", PASSWORD), ("remember", "1")];
    let answer = remembered.submit("/sign-in", &fields).await;
    let set = answer.headers.get_all(header::SET_COOKIE).iter().next_back().unwrap().to_str().unwrap();
    assert!(set.ends_with("; Max-Age=7776000"), "{set}");
    app.advance(Duration::from_hours(24));
    assert_eq!(forgotten.get("/account/profile").await.status, 303);
    for _ in 0..3 {
        app.advance(Duration::from_hours(24 * 25));
        assert_eq!(remembered.get("/account/profile").await.status, 200);
    }
    app.advance(Duration::from_hours(24 * 25));
    assert_eq!(remembered.get("/account/profile").await.status, 303, "after 90 days");
}

/// SE-07, LO-04: the next request of the browser is refused.
#[tokio::test]
async fn se_07_what_ends_a_session_elsewhere_ends_it_here() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let browser = signed_in(&app, "ada@example.com").await;
    let ada = app.sign_in("ada@example.com").await;
    let ended = app.ask(&ada, Method::DELETE, "/api/v1/me/sessions", None).await;
    assert!(ended.status.is_success(), "{ended:?}");
    assert_eq!(browser.get("/account/profile").await.status, 303);
    app.advance(Duration::from_secs(1));
    assert_eq!(browser.sign_in("ada@example.com").await.status, 303);
    assert_eq!(browser.get("/account/profile").await.status, 200);
    let disable = Some(serde_json::json!({"disabled": true}));
    app.ask(&admin, Method::PATCH, &format!("/api/v1/admin/users/{}", ada.id), disable).await;
    assert_eq!(browser.get("/account/profile").await.status, 303);
}

/// SE-03, OA-18: a planted session cookie is one's own or none.
#[tokio::test]
async fn oa_18_a_cookie_of_an_attacker_does_not_become_that_of_the_victim() {
    let app = TestApp::new().await;
    let attacker = signed_in(&app, "eve@example.com").await;
    app.register("ada@example.com").await;
    let planted = attacker.cookie(COOKIE).unwrap();
    let victim = Browser::new(&app);
    victim.cookies.lock().unwrap().insert(COOKIE.into(), planted.clone());
    let fields = [("username", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(victim.submit("/sign-in?other=1", &fields).await.status, 303);
    assert_ne!(victim.cookie(COOKIE).unwrap(), planted);
    assert_eq!(
        attacker.get("/account/profile").await.status,
        303,
        "the attacker is signed out, and not signed in as Ada"
    );
}

/// SE-05: what opens a session is long, stands in no page and no address, and is on no disk.
#[tokio::test]
async fn se_05_a_session_cookie_is_kept_by_its_browser_alone() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "ada@example.com").await;
    let cookie = browser.cookie(COOKIE).unwrap();
    let secret = cookie.strip_prefix("gp_st_").unwrap();
    // The id of the session, how often it changed, and a MAC of 32 bytes.
    let bytes = data_encoding::BASE64URL_NOPAD.decode(secret.as_bytes()).unwrap();
    assert!(bytes.len() >= 16 + 32, "{} bytes", bytes.len());
    for path in ["/account/profile", "/account/sessions", "/account/applications", "/sign-out", "/sign-in"] {
        let answer = browser.get(path).await;
        assert!(!answer.html().contains(secret), "{path}");
        assert!(answer.headers.get("location").is_none_or(|to| !to.to_str().unwrap().contains(secret)));
    }
    let (text, mac) = (secret.as_bytes(), &bytes[bytes.len() - 32..]);
    let mut files = 0;
    for entry in std::fs::read_dir(app.data_dir()).unwrap() {
        let file = std::fs::read(entry.unwrap().path()).unwrap();
        files += 1;
        for kept in [text, mac] {
            assert!(!file.windows(kept.len()).any(|window| window == kept));
        }
    }
    assert!(files >= 1, "nothing was looked at");
}
