//! Devices on which a second factor is not asked for (MF-05).

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};

use super::{ADA, claims, half, set_up, sign_in, trail, with_app};
use crate::{
    oauth::relying_party as rp,
    pages::browser::Browser,
    support::{Answer, Authenticator, PASSWORD, TestApp, person},
};

pub const TRUST: &str = "[[realm]]\nname = \"default\"\ntrusted_device_ttl = \"30d\"\n";
const OFF: &str = "[[realm]]\nname = \"default\"\ntrusted_device_ttl = \"0s\"\n";
pub const COOKIE: &str = "__Host-gatepost_trust-default";
pub const SESSION: &str = "__Host-gatepost-default";
pub const STEP: Duration = Duration::from_secs(30);
pub const DAY: Duration = Duration::from_hours(24);

/// A realm that trusts devices, with clients and Ada.
pub fn with_clients() -> String {
    rp::REALM.replacen("name = \"default\"", "name = \"default\"\ntrusted_device_ttl = \"30d\"", 1)
}

/// Signs in in two steps, on a device that is to be trusted.
pub async fn trusted<'a>(app: &'a TestApp, email: &str, phone: &Authenticator) -> Browser<'a> {
    let browser = Browser::new(app);
    trust(&browser, email, phone).await;
    browser
}

pub async fn trust(browser: &Browser<'_>, email: &str, phone: &Authenticator) {
    browser.app.advance(STEP);
    let step = browser.sign_in(email).await;
    let page = browser.get(step.location()).await;
    assert!(page.html().contains("Don’t ask again on this device for "), "{}", page.html());
    let again = browser.fill(&page, &[("code", "000"), ("trust", "1")]).await;
    assert!(
        again.html().contains("name=\"trust\" value=\"1\" checked"),
        "the box stays ticked: {}",
        again.html()
    );
    let done = browser.fill(&page, &[("code", &phone.code(browser.app)), ("trust", "1")]).await;
    assert_eq!(done.location(), "/account/profile");
    assert!(browser.cookie(COOKIE).is_some());
}

/// Signs in by the password, with nobody signed in before.
pub async fn anew(browser: &Browser<'_>, email: &str, password: &str) -> String {
    browser.cookies.lock().unwrap().remove(SESSION);
    let answer = browser.submit("/sign-in", &[("username", email), ("password", password)]).await;
    answer.location().split('?').next().unwrap().to_owned()
}

#[tokio::test]
async fn mf_05_on_a_trusted_device_the_password_is_enough_for_a_while_and_told_truly() {
    let app = TestApp::with(&with_clients()).await;
    let (phone, _) = set_up(&app, &app.sign_in(ADA).await).await;
    let browser = trusted(&app, ADA, &phone).await;
    assert_eq!(anew(&browser, ADA, PASSWORD).await, "/account/profile");
    let code = rp::code(&browser, &rp::asking()).await;
    let said = claims(&rp::redeem(&app, &code).await.text("id_token"));
    assert_eq!((&said["acr"], &said["amr"]), (&json!("1"), &json!(["pwd"])), "one factor was shown");
    app.advance(DAY * 30);
    assert_eq!(anew(&browser, ADA, PASSWORD).await, "/sign-in/mfa");
}

#[tokio::test]
async fn mf_05_another_users_trust_another_realms_and_a_forged_one_are_worth_nothing() {
    let file = format!("{TRUST}[[realm]]\nname = \"other\"\ntrusted_device_ttl = \"30d\"\n");
    let app = TestApp::with(&file).await;
    let ((_, hers, _), (_, his, _)) = (with_app(&app, ADA).await, with_app(&app, "bob@example.com").await);
    let browser = trusted(&app, ADA, &hers).await;
    // Bob at Ada's device, and somewhere else with a copy of her cookie.
    assert_eq!(anew(&browser, "bob@example.com", PASSWORD).await, "/sign-in/mfa");
    let cookie = browser.cookie(COOKIE).unwrap();
    let copied = Browser::new(&app);
    copied.cookies.lock().unwrap().insert(COOKIE.to_owned(), cookie.clone());
    assert_eq!(anew(&copied, "bob@example.com", PASSWORD).await, "/sign-in/mfa");
    for forged in ["", "AAAA", &cookie[..cookie.len() - 2], &format!("{cookie}AA")] {
        copied.cookies.lock().unwrap().insert(COOKIE.to_owned(), forged.to_owned());
        assert_eq!(anew(&copied, ADA, PASSWORD).await, "/sign-in/mfa", "{forged}");
    }
    // Each for themselves on one device.
    trust(&browser, "bob@example.com", &his).await;
    for email in [ADA, "bob@example.com"] {
        assert_eq!(anew(&browser, email, PASSWORD).await, "/account/profile", "{email}");
    }
    // Her namesake in another realm.
    let register = json!({"email": ADA, "password": PASSWORD});
    assert_eq!(app.post("/r/other/api/v1/register", register.clone()).await.status, 201);
    let there = person(&app.post("/r/other/api/v1/login", register).await);
    let begun = app.ask(&there, Method::POST, "/r/other/api/v1/me/mfa/totp", None).await;
    let phone = Authenticator::of(&begun.text("secret"));
    let body = json!({"code": phone.code(&app)});
    let confirmed = app.ask(&there, Method::POST, "/r/other/api/v1/me/mfa/totp/confirm", Some(body)).await;
    assert_eq!(confirmed.status, 200);
    let other = Browser::of_realm(&app, "/r/other");
    other
        .cookies
        .lock()
        .unwrap()
        .insert("__Host-gatepost_trust-other".to_owned(), browser.cookie(COOKIE).unwrap());
    assert!(other.sign_in(ADA).await.location().starts_with("/r/other/sign-in/mfa"));
}

/// The API, with the cookies that it sets.
pub async fn post(app: &TestApp, path: &str, cookie: Option<&str>, body: Value) -> Answer {
    let mut request = Request::post(path)
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    app.send(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn mf_05_a_program_may_keep_the_cookie_and_ask_for_the_second_step_all_the_same() {
    let app = TestApp::with(TRUST).await;
    let (_, phone, _) = with_app(&app, ADA).await;
    app.advance(STEP);
    let body = json!({"mfa_token": half(&app, ADA).await, "code": phone.code(&app), "trust_device": true});
    let answer = app.post("/api/v1/login/mfa", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut cookies = answer.headers.get_all("set-cookie").iter().map(|set| set.to_str().unwrap());
    let cookie = cookies.rfind(|set| set.starts_with(COOKIE)).expect("a cookie");
    assert!(cookie.contains("; Max-Age=2592000") && cookie.contains("HttpOnly"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let login = json!({"email": ADA, "password": PASSWORD});
    let signed_in = post(&app, "/api/v1/login", Some(cookie), login.clone()).await;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    assert_eq!(claims(&signed_in.text("access_token"))["amr"], json!(["pwd"]));
    let person = person(&signed_in);
    let refused = app.ask(&person, Method::POST, "/api/v1/me/mfa/recovery-codes", None).await;
    assert_eq!(refused.brief(), "401 reauthentication_required", "it has one factor");
    let change = json!({"current_password": PASSWORD, "new_password": "another engine weaves algebra"});
    let refused = app.ask(&person, Method::POST, "/api/v1/me/password", Some(change)).await;
    assert_eq!(refused.brief(), "401 reauthentication_required", "nor does it put the owner out elsewhere");
    let both = json!({"email": ADA, "password": PASSWORD, "ask_second_factor": true});
    assert_eq!(post(&app, "/api/v1/login", Some(cookie), both).await.brief(), "403 mfa_required");
    assert_eq!(post(&app, "/api/v1/login", None, login.clone()).await.brief(), "403 mfa_required");
    let view = app.ask(&person, Method::GET, "/api/v1/me/mfa", None).await.json();
    assert_eq!(view["trusted_devices"], json!(1));
    // Where the realm trusts for less long, and where it takes it back, those too that are trusted already.
    app.advance(DAY * 2);
    for (ttl, answer) in [("3d", "200"), ("1d", "403 mfa_required")] {
        app.apply(&format!("[[realm]]\nname = \"default\"\ntrusted_device_ttl = \"{ttl}\"\n")).await;
        assert_eq!(post(&app, "/api/v1/login", Some(cookie), login.clone()).await.brief(), answer, "{ttl}");
    }
    app.apply(TRUST).await;
    assert_eq!(post(&app, "/api/v1/login", Some(cookie), login.clone()).await.status, 200);
    app.apply(OFF).await;
    assert_eq!(post(&app, "/api/v1/login", Some(cookie), login).await.brief(), "403 mfa_required");
}

#[tokio::test]
async fn trusted_devices_are_listed_and_forgotten_one_by_one() {
    const ALL: &str = "/api/v1/me/mfa/trusted-devices";
    let app = TestApp::with(TRUST).await;
    let ((_, hers, _), (_, his, _)) = (with_app(&app, ADA).await, with_app(&app, "bob@example.com").await);
    let (first, second) = (trusted(&app, ADA, &hers).await, trusted(&app, ADA, &hers).await);
    trusted(&app, "bob@example.com", &his).await;
    let signed_in = post(
        &app,
        "/api/v1/login",
        Some(&format!("{COOKIE}={}", first.cookie(COOKIE).unwrap())),
        json!({"email": ADA, "password": PASSWORD}),
    )
    .await;
    let ada = person(&signed_in);
    let mut request = crate::support::request(Method::GET, ALL, Some(&ada.access_token), None);
    let cookie = format!("{COOKIE}={}", first.cookie(COOKIE).unwrap());
    request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
    let all = app.send(request).await.json();
    let devices = all["trusted_devices"].as_array().unwrap();
    let current: Vec<&Value> = devices.iter().map(|device| &device["current"]).collect();
    assert_eq!(current, [&json!(false), &json!(true)], "the newest first: {all}");
    let page = app.ask(&ada, Method::GET, &format!("{ALL}?limit=1"), None).await.json();
    let next = format!("{ALL}?cursor={}", page["next_cursor"].as_str().unwrap());
    let rest = app.ask(&ada, Method::GET, &next, None).await.json();
    assert_eq!(rest["trusted_devices"][0]["id"], devices[1]["id"]);

    let admin = app.admin().await;
    let path = format!("{ALL}/{}", devices[1]["id"].as_str().unwrap());
    assert_eq!(
        app.ask(&admin, Method::DELETE, &path, None).await.brief(),
        "404 not_found",
        "of somebody else"
    );
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.brief(), "404 not_found");
    assert_eq!(anew(&first, ADA, PASSWORD).await, "/sign-in/mfa");
    assert_eq!(anew(&second, ADA, PASSWORD).await, "/account/profile", "that one alone");
    let forgotten = trail(&app, &admin, "trusted-devices-forgotten").await;
    assert_eq!(forgotten[0]["detail"]["device"], devices[1]["id"], "{forgotten:?}");
    app.apply(OFF).await;
    assert_eq!(app.ask(&ada, Method::GET, ALL, None).await.json()["trusted_devices"], json!([]));
}

/// Off is the end, by the file and by an administrator: who turns it on again trusts nobody by it.
#[tokio::test]
async fn mf_05_trust_that_was_turned_off_is_not_there_when_it_is_turned_on_again() {
    let app = TestApp::with(TRUST).await;
    let (_, phone, _) = with_app(&app, ADA).await;
    let admin = app.admin().await;
    app.apply(TRUST).await;
    let login = json!({"email": ADA, "password": PASSWORD});
    let by_file = async |file: &'static str| drop(app.apply(file).await);
    let by_api = async |file: &'static str| {
        let ttl = if file == OFF { "0s" } else { "30d" };
        let change = json!({"settings": {"trusted_device_ttl": ttl}});
        let answer = app.ask(&admin, Method::PATCH, "/api/v1/admin/realm", Some(change)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    for way in [true, false] {
        app.advance(STEP);
        let body =
            json!({"mfa_token": half(&app, ADA).await, "code": phone.code(&app), "trust_device": true});
        let answer = app.post("/api/v1/login/mfa", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let mut cookies = answer.headers.get_all("set-cookie").iter().map(|set| set.to_str().unwrap());
        let cookie =
            cookies.rfind(|set| set.starts_with(COOKIE)).unwrap().split(';').next().unwrap().to_owned();
        assert_eq!(post(&app, "/api/v1/login", Some(&cookie), login.clone()).await.status, 200);
        for file in [OFF, TRUST] {
            if way {
                by_file(file).await;
            } else {
                by_api(file).await;
            }
            let asked = post(&app, "/api/v1/login", Some(&cookie), login.clone()).await;
            assert_eq!(asked.brief(), "403 mfa_required", "{file}");
        }
    }
    // The trail says how many, where there were any: with the change itself.
    let changed = trail(&app, &admin, "realm-updated").await;
    let told = |event: &Value| event["detail"]["trusted_devices_forgotten"].clone();
    assert_eq!(changed.iter().map(told).filter(|told| *told == json!("1")).count(), 2, "{changed:?}");
}

/// MF-05: whoever did not say so at sign-in says it afterwards, as they would change how they sign in.
#[tokio::test]
async fn mf_05_the_device_of_a_fresh_sign_in_is_trusted_afterwards() {
    const HERE: &str = "/api/v1/me/mfa/trusted-devices";
    let app = TestApp::with(TRUST).await;
    let bob = app.person("bob@example.com").await;
    assert_eq!(app.ask(&bob, Method::POST, HERE, None).await.brief(), "409 no_second_factor");
    let (_, phone, _) = with_app(&app, ADA).await;
    let two_steps = async || {
        app.advance(STEP);
        let body = json!({"mfa_token": half(&app, ADA).await, "code": phone.code(&app)});
        person(&app.post("/api/v1/login/mfa", body).await)
    };
    let ada = two_steps().await;
    let answer = app.ask(&ada, Method::POST, HERE, None).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert!(cookie.starts_with(COOKIE), "{cookie}");
    let login = json!({"email": ADA, "password": PASSWORD});
    let excused = post(&app, "/api/v1/login", Some(&cookie), login.clone()).await;
    assert_eq!(excused.status, 200, "{excused:?}");
    assert_eq!(
        post(&app, "/api/v1/login", None, login.clone()).await.brief(),
        "403 mfa_required",
        "elsewhere"
    );

    // Trusted once more, it has a new row: a copy of the cookie from before is worth nothing.
    let mut request = crate::support::request(Method::POST, HERE, Some(&ada.access_token), None);
    request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
    let again = app.send(request).await;
    assert_eq!(again.status, 204, "{again:?}");
    assert_eq!(post(&app, "/api/v1/login", Some(&cookie), login.clone()).await.brief(), "403 mfa_required");

    let excused = person(&excused);
    assert_eq!(app.ask(&excused, Method::POST, HERE, None).await.brief(), "401 reauthentication_required");
    app.advance(Duration::from_mins(11));
    assert_eq!(app.ask(&ada, Method::POST, HERE, None).await.brief(), "401 reauthentication_required");
    assert_eq!(app.post(HERE, json!({})).await.brief(), "401 unauthenticated");
    let told = trail(&app, &app.admin().await, "device-trusted").await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|event| event["detail"]["device"].is_string()), "{told:?}");
    app.apply(OFF).await;
    let ada = two_steps().await;
    assert_eq!(app.ask(&ada, Method::POST, HERE, None).await.brief(), "403 trusted_devices_off");
}

#[tokio::test]
async fn where_the_realm_trusts_no_device_nobody_is_offered_it() {
    let app = TestApp::new().await;
    let (_, phone, _) = with_app(&app, ADA).await;
    app.advance(STEP);
    let browser = Browser::new(&app);
    let page = browser.get(browser.sign_in(ADA).await.location()).await;
    assert!(!page.html().contains("name=\"trust\""), "{}", page.html());
    browser.fill(&page, &[("code", &phone.code(&app)), ("trust", "1")]).await;
    assert_eq!(browser.cookie(COOKIE), None, "nor can one ask for it");
    app.advance(STEP);
    let body = json!({"mfa_token": half(&app, ADA).await, "code": phone.code(&app), "trust_device": true});
    let answer = app.post("/api/v1/login/mfa", body).await;
    assert!(answer.headers.get_all("set-cookie").iter().all(|set| !set.to_str().unwrap().contains("trust")));
}

#[tokio::test]
async fn mf_05_a_device_that_is_trusted_once_more_is_one_and_a_copy_of_before_is_worth_nothing() {
    let app = TestApp::with(TRUST).await;
    let (_, phone, _) = with_app(&app, ADA).await;
    let browser = trusted(&app, ADA, &phone).await;
    let copy = Browser::new(&app);
    copy.cookies.lock().unwrap().insert(COOKIE.to_owned(), browser.cookie(COOKIE).unwrap());
    assert_eq!(anew(&copy, ADA, PASSWORD).await, "/account/profile");
    app.advance(Duration::from_mins(11));
    let proves = browser.get("/account/totp").await.location().to_owned();
    let step = browser.submit(&proves, &[("username", ADA), ("password", PASSWORD)]).await;
    let page = browser.get(step.location()).await;
    browser.fill(&page, &[("code", &phone.code(&app)), ("trust", "1")]).await;
    assert!(browser.get("/account/security").await.html().contains("Devices: 1"));
    assert_eq!(anew(&copy, ADA, PASSWORD).await, "/sign-in/mfa");
    assert_eq!(anew(&browser, ADA, PASSWORD).await, "/account/profile");
}

#[tokio::test]
async fn the_account_shows_how_many_devices_are_trusted_and_trusts_none_again() {
    let app = TestApp::with(TRUST).await;
    let (_, phone, _) = with_app(&app, ADA).await;
    let browser = trusted(&app, ADA, &phone).await;
    let page = browser.get("/account/security").await;
    assert!(page.html().contains("Devices: 1"), "{}", page.html());
    let csrf = page.hidden("csrf").unwrap();
    browser.post("/account/trusted-devices", &[("csrf", "forged")]).await;
    assert!(browser.get("/account/security").await.html().contains("Devices: 1"));
    browser.post("/account/trusted-devices", &[("csrf", &csrf)]).await;
    let page = browser.get("/account/security").await.html();
    assert!(!page.contains("Devices: 1") && page.contains("on every device again"), "{page}");
    let history = browser.get("/account/activity").await.html();
    for part in ["No second step on this device for a while", "Second step asked for on every device again"] {
        assert!(history.contains(part), "{part}: {history}");
    }
    sign_in(&app, ADA, &phone).await;
    assert_eq!(anew(&browser, ADA, PASSWORD).await, "/sign-in/mfa");
}

/// A key goes on when the sign-in is over: whoever has a second factor has shown it, and no trusted device stands in for it.
#[tokio::test]
async fn mf_05_a_key_is_made_where_the_second_factor_was_shown() {
    const KEYS: &str = "/api/v1/me/api-keys";
    let app = TestApp::with(&format!("{TRUST}api_key_scopes = [\"notes\"]\n")).await;
    let key = json!({"name": "ci", "scopes": ["notes"]});
    let before = app.person(ADA).await;
    let made = app.ask(&before, Method::POST, KEYS, Some(key.clone())).await;
    assert_eq!(made.status, 201, "whoever has no second factor shows none: {made:?}");
    let rotate = format!("{KEYS}/{}/rotate", made.text("id"));
    let (phone, _) = set_up(&app, &app.sign_in(ADA).await).await;
    let browser = trusted(&app, ADA, &phone).await;
    let cookie = format!("{COOKIE}={}", browser.cookie(COOKIE).unwrap());
    let excused =
        post(&app, "/api/v1/login", Some(&cookie), json!({"email": ADA, "password": PASSWORD})).await;
    for who in [before, person(&excused)] {
        for (path, body) in [(KEYS, key.clone()), (&*rotate, json!({}))] {
            let refused = app.ask(&who, Method::POST, path, Some(body)).await;
            assert_eq!(refused.brief(), "401 reauthentication_required", "{path}");
        }
        assert_eq!(app.ask(&who, Method::GET, KEYS, None).await.status, 200, "they are listed, and revoked");
    }
    app.advance(STEP);
    let body = json!({"mfa_token": half(&app, ADA).await, "code": phone.code(&app)});
    let both = person(&app.post("/api/v1/login/mfa", body).await);
    assert_eq!(app.ask(&both, Method::POST, KEYS, Some(key)).await.status, 201);
}

/// AD-01: what an administrator makes may outlive their session, and undo a second factor.
#[tokio::test]
async fn ad_01_an_administrator_changes_something_where_their_second_factor_was_shown() {
    const USERS: &str = "/api/v1/admin/users";
    let app = TestApp::with(TRUST).await;
    let before = app.admin().await;
    app.apply(TRUST).await;
    let email = app.ask(&before, Method::GET, "/api/v1/me", None).await.text("email");
    let new = |name: &str| json!({"email": format!("{name}@example.com"), "password": PASSWORD});
    let made = app.ask(&before, Method::POST, USERS, Some(new("first"))).await;
    assert_eq!(made.status, 201, "whoever has no second factor shows none: {made:?}");
    let (phone, _) = set_up(&app, &app.sign_in(&email).await).await;
    let browser = trusted(&app, &email, &phone).await;
    let cookie = format!("{COOKIE}={}", browser.cookie(COOKIE).unwrap());
    let login = json!({"email": email, "password": PASSWORD});
    let excused = person(&post(&app, "/api/v1/login", Some(&cookie), login).await);
    let of_first = format!("{USERS}/{}", made.text("id"));
    for who in [before, excused] {
        assert_eq!(app.ask(&who, Method::GET, USERS, None).await.status, 200, "they may look");
        for (method, path, body) in [
            (Method::POST, USERS, Some(new("second"))),
            (Method::DELETE, &*of_first, None),
            (Method::PATCH, &*of_first, Some(json!({"roles": ["realm-admin"]}))),
            (Method::POST, "/api/v1/admin/initial-access-tokens", Some(json!({}))),
            (Method::POST, "/api/v1/admin/roles", Some(json!({"name": "x", "permissions": []}))),
            (Method::PATCH, "/api/v1/admin/realm", Some(json!({"settings": {"registration": "closed"}}))),
        ] {
            let refused = app.ask(&who, method.clone(), path, body).await;
            assert_eq!(refused.brief(), "401 reauthentication_required", "{method} {path}");
        }
    }
    app.advance(STEP);
    let token =
        app.post("/api/v1/login", json!({"email": email, "password": PASSWORD})).await.text("mfa_token");
    let both = app.post("/api/v1/login/mfa", json!({"mfa_token": token, "code": phone.code(&app)})).await;
    assert_eq!(app.ask(&person(&both), Method::POST, USERS, Some(new("third"))).await.status, 201);
}
