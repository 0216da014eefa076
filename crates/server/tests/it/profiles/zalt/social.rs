//! `/auth/social`

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};

use super::{ADA, brief, get, post, someone};
use crate::{
    pages::browser::Browser,
    social::{Provider, parameters},
    support::{Answer, Authenticator, PASSWORD, TestApp},
};

const HOME: &str = "https://app.example.com/auth/callback?from=gatepost";
const ASK: &str = "/auth/social/google/authorize";
const EXCHANGE: &str = "/auth/social/google/callback";

fn realm(provider: &Provider, of_provider: &str) -> String {
    format!(
        r#"
[[realm]]
name = "default"
profile = "zalt"
allowed_origins = ["https://app.example.com"]
[[realm.user]]
email = "{ADA}"
name = "Ada Lovelace"
password = "{PASSWORD}"
email_verified = true
[[realm.provider]]
id = "google"
name = "Google"
issuer = "{0}"
client_id = "ours"
client_secret = "a secret of ours"
trust_email = true
{of_provider}
[[realm]]
name = "acme"
profile = "zalt"
allowed_origins = ["https://app.example.com"]
[[realm.provider]]
id = "google"
name = "Google"
issuer = "{0}"
client_id = "ours"
client_secret = "a secret of ours"
trust_email = true
"#,
        provider.address
    )
}

async fn world(of_provider: &str) -> (TestApp, Provider) {
    let provider = Provider::new().await;
    let app = TestApp::with(&realm(&provider, of_provider)).await;
    (app, provider)
}

fn hers() -> Value {
    json!({"sub": "ada-1", "email": ADA, "email_verified": true, "name": "Ada L."})
}

fn graces() -> Value {
    json!({"sub": "grace-1", "email": "grace@example.com", "email_verified": true, "name": "Grace Hopper"})
}

fn query(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// What the application is given: where to send the browser, as the browser asks for it, and what it keeps.
async fn asked(app: &TestApp) -> (String, String) {
    let answer = app.get(&format!("{ASK}?{}", query(&[("redirect_url", HOME)]))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        (&answer.json()["url"], &answer.json()["data"]["auth_url"]),
        (&json!(answer.text("url")), &json!(answer.text("url")))
    );
    let url = answer.text("url");
    (url.strip_prefix("http://127.0.0.1:8400").unwrap().to_owned(), answer.text("state"))
}

/// Where the browser is at the end, and what the application kept.
async fn back(browser: &Browser<'_>, provider: &Provider, claims: &Value) -> (String, String) {
    let (go, state) = asked(browser.app).await;
    let sent = browser.get(&go).await;
    assert_eq!(sent.status, 303, "{sent:?}");
    let path = provider.sends_back(sent.location(), claims, browser.app.clock.now().unix_seconds());
    assert!(path.starts_with("/v1/auth/social/google/callback?"), "{path}");
    let answer = browser.get(&path).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    (answer.location().to_owned(), state)
}

/// The code that the browser has at the end.
async fn code(app: &TestApp, provider: &Provider, claims: &Value) -> (String, String) {
    let (location, state) = back(&Browser::new(app), provider, claims).await;
    assert!(location.starts_with(&format!("{HOME}&code=")), "{location}");
    (parameters(&location)["code"].clone(), state)
}

async fn exchange(app: &TestApp, path: &str, code: &str, state: &str) -> Answer {
    app.post(path, json!({"code": code, "state": state})).await
}

#[tokio::test]
async fn somebody_signs_in_by_a_provider_back_at_the_application() {
    let (app, provider) = world("").await;
    // "/v1/auth/social/{provider}/authorize" and "/auth/social/{provider}/callback" are where they come by.
    let (code_of_ada, state) = code(&app, &provider, &hers()).await;
    let done = exchange(&app, EXCHANGE, &code_of_ada, &state).await;
    assert_eq!((done.status.as_u16(), &done.json()["is_new_user"]), (200, &json!(false)), "{done:?}");
    let ada = someone(&done);
    assert_eq!(get(&app, &ada, "/me").await.json()["user"]["email"], json!(ADA));
    let data = done.json()["data"].clone();
    assert_eq!(data["access_token"], data["tokens"]["access_token"]);
    assert_eq!(data["refresh_token"], json!(ada.refresh_token));

    // Somebody who had no account; by the name of the proof key, too.
    let (code, state) = code(&app, &provider, &graces()).await;
    let done = app.post(EXCHANGE, json!({"code": code, "code_verifier": state})).await;
    assert_eq!(done.json()["is_new_user"], json!(true), "{done:?}");
    assert_eq!(done.json()["user"]["email"], json!("grace@example.com"));
}

/// OA-06 and OA-09: no token stands in an address, and the code is good once, for a minute, with the state, at its provider and in its
/// realm.
#[tokio::test]
async fn oa_06_the_code_is_good_once_for_a_minute_and_with_what_the_application_kept() {
    let (app, provider) = world("").await;
    let (location, state) = back(&Browser::new(&app), &provider, &hers()).await;
    assert!(
        !location.contains("token") && !location.contains("state") && !location.contains(&state),
        "{location}"
    );
    let good = parameters(&location)["code"].clone();
    let (_, other) = asked(&app).await;
    let cut = &good[..good.len() - 2];
    for (path, code, state) in [
        (EXCHANGE, good.as_str(), other.as_str()),
        (EXCHANGE, &good, ""),
        (EXCHANGE, cut, &state),
        (EXCHANGE, "", &state),
        ("/r/acme/auth/social/google/callback", &good, &state),
    ] {
        assert_eq!(
            brief(&exchange(&app, path, code, state).await),
            "400 INVALID_CODE",
            "{path} {code} {state}"
        );
    }
    assert_eq!(brief(&app.post(EXCHANGE, json!({"code": good})).await), "400 INVALID_REQUEST");
    let answers =
        tokio::join!(exchange(&app, EXCHANGE, &good, &state), exchange(&app, EXCHANGE, &good, &state));
    let mut told = [brief(&answers.0), brief(&answers.1)];
    told.sort();
    assert_eq!(told, ["200", "400 INVALID_CODE"]);
    let (late, state) = code(&app, &provider, &hers()).await;
    app.advance(Duration::from_mins(1));
    assert_eq!(brief(&exchange(&app, EXCHANGE, &late, &state).await), "400 INVALID_CODE");
    // Signed out everywhere in between.
    let ada = someone(&app.post("/login", super::credentials(ADA)).await);
    let (before, state) = code(&app, &provider, &hers()).await;
    app.advance(Duration::from_secs(1));
    assert_eq!(post(&app, &ada, "/logout", json!({"logout_all": true})).await.status, 200);
    assert_eq!(brief(&exchange(&app, EXCHANGE, &before, &state).await), "400 INVALID_CODE");
}

/// OA-16: nobody is sent where the realm does not name, whichever way it is asked.
#[tokio::test]
async fn oa_16_people_come_back_to_origins_of_the_realm_alone() {
    let (app, _provider) = world("").await;
    let (go, _) = asked(&app).await;
    let challenge = parameters(&format!("http://127.0.0.1:8400{go}"))["code_challenge"].clone();
    let path = go.split('?').next().unwrap();
    let browser = Browser::new(&app);
    for evil in [
        "https://evil.test/",
        "https://app.example.com.evil.test/",
        "https://app.example.com@evil.test/",
        "http://app.example.com/",
        "//evil.test",
        "/account/profile",
        "javascript:alert(1)",
        "",
        // The server's own pages are none of the application: whatever is there shows a code that is for it.
        "http://127.0.0.1:8400",
        "http://127.0.0.1:8400/",
        "http://127.0.0.1:8400/account/profile",
        "http://127.0.0.1:8400/r/acme",
        "http://127.0.0.1:8400/r/acme/account/profile",
    ] {
        let asked = query(&[
            ("redirect_url", evil),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        for path in [path, ASK, &format!("/r/acme{ASK}")] {
            let answer = browser.get(&format!("{path}?{asked}")).await;
            assert_eq!(brief(&answer), "400 INVALID_REDIRECT_URL", "{path} {evil}");
        }
    }
    assert_eq!(brief(&app.get(ASK).await), "400 INVALID_REQUEST");
    // OA-05: without a proof key no code is made.
    for (challenge, method) in [("", "S256"), (&*challenge, "plain"), ("short", "S256")] {
        let asked = query(&[
            ("redirect_url", HOME),
            ("code_challenge", challenge),
            ("code_challenge_method", method),
        ]);
        assert_eq!(brief(&browser.get(&format!("{path}?{asked}")).await), "400 INVALID_REQUEST", "{asked}");
    }
    let bare = query(&[("redirect_url", HOME)]);
    assert_eq!(brief(&browser.get(&format!("{path}?{bare}")).await), "400 INVALID_REQUEST");
    for path in
        ["/auth/social/apple/authorize", "/v1/auth/social/apple/authorize", "/auth/social/x%20/authorize"]
    {
        assert_eq!(
            brief(&browser.get(&format!("{path}?{bare}")).await),
            "400 OAUTH_NOT_CONFIGURED",
            "{path}"
        );
    }
    assert_eq!(
        brief(&exchange(&app, "/auth/social/apple/callback", "x", "y").await),
        "400 OAUTH_NOT_CONFIGURED"
    );
}

/// SO-03: what comes back counts once, in the browser it was begun in, and at this door.
#[tokio::test]
async fn so_03_what_was_begun_elsewhere_signs_nobody_in() {
    let (app, provider) = world("").await;
    let (ada, eve) = (Browser::new(&app), Browser::new(&app));
    let (go, _) = asked(&app).await;
    let path = |location: &str| provider.sends_back(location, &hers(), app.clock.now().unix_seconds());
    let begun = path(eve.get(&go).await.location());
    ada.get(&go).await;
    assert_eq!(brief(&ada.get(&begun).await), "400 OAUTH_ERROR", "in another browser");
    assert!(eve.get(&begun).await.location().contains("code="));
    assert_eq!(brief(&eve.get(&begun).await), "400 OAUTH_ERROR", "once");
    for garbage in ["state=a&state=b", "state=garbage&code=x", "code=x", ""] {
        let answer = ada.get(&format!("/v1/auth/social/google/callback?{garbage}")).await;
        assert_eq!(brief(&answer), "400 OAUTH_ERROR", "{garbage}");
    }
    let page = ada.get("/sign-in").await;
    let on_pages = path(ada.get(&page.link("with-google")).await.location());
    let here = on_pages.replace("/sign-in/with/google/callback", "/v1/auth/social/google/callback");
    assert_eq!(brief(&ada.get(&here).await), "400 OAUTH_ERROR", "what was begun on the pages ends there");
}

#[tokio::test]
async fn what_a_provider_says_no_to_is_told_to_the_application() {
    let (app, provider) = world("create_accounts = false").await;
    let browser = Browser::new(&app);
    let (closed, _) = back(&browser, &provider, &graces()).await;
    assert_eq!(closed, format!("{HOME}&error=signup_disabled"));
    let (go, _) = asked(&app).await;
    let state = parameters(browser.get(&go).await.location())["state"].clone();
    let denied = query(&[("state", &state), ("error", "access_denied"), ("iss", &provider.address)]);
    let answer = browser.get(&format!("/v1/auth/social/google/callback?{denied}")).await;
    assert_eq!(answer.location(), format!("{HOME}&error=access_denied"));
    // Where the realm has taken the origin back meanwhile, nobody goes there.
    let (go, _) = asked(&app).await;
    let begun =
        provider.sends_back(browser.get(&go).await.location(), &hers(), app.clock.now().unix_seconds());
    app.apply("[[realm]]\nname = \"default\"\nallowed_origins = []\n").await;
    assert_eq!(brief(&browser.get(&begun).await), "400 OAUTH_ERROR");
}

/// MF-05: an account elsewhere is one factor.
#[tokio::test]
async fn mf_05_after_a_provider_the_second_factor_is_asked_for() {
    let (app, provider) = world("").await;
    let ada = someone(&app.post("/login", super::credentials(ADA)).await);
    let begun = post(&app, &ada, "/v1/auth/mfa/setup", json!({})).await;
    let phone = Authenticator::of(&begun.text("secret"));
    post(&app, &ada, "/v1/auth/mfa/verify", json!({"code": phone.code(&app)})).await;
    app.advance(Duration::from_mins(1));
    let (code, state) = code(&app, &provider, &hers()).await;
    let half = exchange(&app, EXCHANGE, &code, &state).await;
    assert_eq!((half.status.as_u16(), &half.json()["mfa_required"]), (200, &json!(true)), "{half:?}");
    assert_eq!((&half.json()["tokens"], &half.json()["access_token"]), (&Value::Null, &Value::Null));
    let body = json!({"mfa_session_id": half.text("mfa_session_id"), "code": phone.code(&app)});
    let done = app.post("/mfa/verify", body).await;
    assert_eq!(done.json()["user"]["email"], json!(ADA), "{done:?}");
}

/// At the root, a request says in its address which realm it is for.
#[tokio::test]
async fn the_realm_is_named_in_the_address() {
    let (app, provider) = world("").await;
    let asked = query(&[("realm_id", "acme"), ("redirect_url", HOME)]);
    let answer = app.get(&format!("{ASK}?{asked}")).await;
    let (url, state) = (answer.text("url"), answer.text("state"));
    assert!(url.starts_with("http://127.0.0.1:8400/r/acme/v1/auth/social/google/authorize?"), "{url}");
    // As a link of the contract names it, at the root.
    let challenge = parameters(&url)["code_challenge"].clone();
    let link = query(&[
        ("realm_id", "acme"),
        ("redirect_url", HOME),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    let browser = Browser::new(&app);
    let sent = browser.get(&format!("/v1/auth/social/google/authorize?{link}")).await;
    let back = parameters(sent.location())["redirect_uri"].clone();
    assert_eq!(back, "http://127.0.0.1:8400/r/acme/v1/auth/social/google/callback");
    let path = provider.sends_back(sent.location(), &hers(), app.clock.now().unix_seconds());
    let code = parameters(browser.get(&path).await.location())["code"].clone();
    assert_eq!(brief(&exchange(&app, EXCHANGE, &code, &state).await), "400 INVALID_CODE", "of another realm");
    let body = json!({"realm_id": "acme", "code": code, "state": state});
    assert_eq!(app.post(EXCHANGE, body).await.json()["user"]["realm_id"], json!("acme"));
    for (query, refused) in [
        ("realm_id=nowhere", "404 REALM_NOT_FOUND"),
        ("realm_id=acme&realm_id=acme", "400 INVALID_REQUEST"),
        ("realm_id=-", "400 INVALID_REALM"),
    ] {
        assert_eq!(brief(&app.get(&format!("{ASK}?{query}")).await), refused, "{query}");
    }
    let against = app.get(&format!("/r/default{ASK}?realm_id=acme")).await;
    assert_eq!(brief(&against), "404 REALM_NOT_FOUND");
}

/// Apple's form brings no cookies: the browser comes once more by itself.
#[tokio::test]
async fn a_provider_that_sends_people_back_by_a_form_is_answered() {
    let (app, _provider) = world("").await;
    let request = Request::builder()
        .method(Method::POST)
        .uri("/v1/auth/social/google/callback")
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::ORIGIN, "https://appleid.apple.com")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("code=a&state=b&other=c"));
    let answer = app.send(request.unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "?state=b&code=a"));
}
