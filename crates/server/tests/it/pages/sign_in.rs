//! `/sign-in` and `/sign-out`

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, header},
};

use super::browser::{Browser, signed_in};
use crate::support::{PASSWORD, TestApp, person};

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
