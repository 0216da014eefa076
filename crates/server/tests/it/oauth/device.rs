//! Devices that cannot show a page (RFC 8628), and the people who connect them.

mod page;

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::json;

use crate::{
    pages::browser::Browser,
    support::{Answer, PASSWORD, TestApp},
};

use super::{
    dpop,
    proof_key::Key,
    relying_party::{ada, claims, error, token, userinfo},
};

const REALM: &str = r#"
[[realm]]
name = "default"
audience = ["notes-api", "files-api"]
[[realm.role]]
name = "reader"
permissions = ["notes:read"]
[[realm.client]]
id = "tv"
public = true
name = "Television <3"
grants = ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]
scopes = ["openid", "email", "offline_access", "notes:read"]
[[realm.client]]
id = "box"
secret = "a-secret-of-the-box-app-0123456789"
grants = ["urn:ietf:params:oauth:grant-type:device_code"]
scopes = ["openid"]
skip_consent = true
[[realm.client]]
id = "web"
public = true
scopes = ["openid"]
[[realm.user]]
email = "ada@example.com"
name = "Ada Lovelace"
password = "the engine weaves algebra"
email_verified = true
roles = ["reader"]
[[realm.user]]
email = "eve@example.com"
password = "the engine weaves algebra"
[[realm]]
name = "other"
[[realm.client]]
id = "tv"
public = true
grants = ["urn:ietf:params:oauth:grant-type:device_code"]
scopes = ["openid"]
[[realm.user]]
email = "ada@example.com"
password = "the engine weaves algebra"
"#;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn begin_at(app: &TestApp, path: &str, form: &str) -> Answer {
    let request = Request::post(path)
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    app.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

async fn begin(app: &TestApp) -> Answer {
    let answer = begin_at(app, "/oauth/device", "client_id=tv&scope=openid+email+notes:read").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

async fn poll(app: &TestApp, device: &Answer) -> Answer {
    let code = device.text("device_code");
    token(app, None, &[("grant_type", GRANT), ("client_id", "tv"), ("device_code", &code)]).await
}

/// Types the code: the page that asks.
async fn typed(browser: &Browser<'_>, code: &str) -> Answer {
    browser.submit(&format!("{}/device", browser.base), &[("user_code", code)]).await
}

/// Decides on the page that asks.
async fn decide(browser: &Browser<'_>, page: &Answer, decision: &str) -> Answer {
    let code = page.hidden("user_code").unwrap_or_else(|| panic!("not asked: {}", page.html()));
    browser.fill(page, &[("user_code", &code), ("decision", decision)]).await
}

async fn approve(browser: &Browser<'_>, device: &Answer) {
    let page = typed(browser, &device.text("user_code")).await;
    let answer = decide(browser, &page, "approve").await;
    assert_eq!(answer.status, 200, "{}", answer.html());
    assert!(answer.html().contains("Your device is connected"), "{}", answer.html());
}

fn waits(app: &TestApp) {
    app.advance(Duration::from_secs(5));
}

#[tokio::test]
async fn a_device_is_connected_at_another_screen() {
    let app = TestApp::with(REALM).await;
    let device = begin(&app).await;
    assert_eq!(device.header("cache-control"), Some("no-store"));
    let user_code = device.text("user_code");
    assert_eq!(
        (device.json()["expires_in"].as_u64(), device.json()["interval"].as_u64()),
        (Some(600), Some(5))
    );
    assert_eq!(device.text("verification_uri"), "http://127.0.0.1:8400/device");
    assert_eq!(
        device.text("verification_uri_complete"),
        format!("http://127.0.0.1:8400/device?user_code={user_code}")
    );
    assert_eq!(error(&poll(&app, &device).await), "400 authorization_pending");
    let browser = ada(&app).await;
    let page = typed(&browser, &user_code.to_lowercase().replace('-', " ")).await;
    let html = page.html();
    for shown in ["Television &#60;3", "Ada Lovelace", "notes:read", &user_code] {
        assert!(html.contains(shown), "{shown}: {html}");
    }
    waits(&app);
    assert_eq!(error(&poll(&app, &device).await), "400 authorization_pending", "shown is not yet approved");
    decide(&browser, &page, "approve").await;
    let tokens = poll(&app, &device).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    assert_eq!(tokens.text("scope"), "openid email notes:read");
    let (access, id) = (claims(&tokens.text("access_token")), claims(&tokens.text("id_token")));
    assert_eq!((&access["client_id"], &access["permissions"]), (&json!("tv"), &json!(["notes:read"])));
    assert_eq!(access["aud"], json!(["notes-api", "files-api"]), "not the realm itself");
    assert_eq!((&id["aud"], &id["sub"]), (&json!("tv"), &access["sub"]));
    assert_eq!(id["auth_time"], 1_800_000_000);
    assert!(id["nonce"].is_null() && id["at_hash"].is_string());
    assert_eq!(userinfo(&app, &tokens.text("access_token")).await.json()["email"], "ada@example.com");
    let refresh = tokens.text("refresh_token");
    let form = [("grant_type", "refresh_token"), ("client_id", "tv"), ("refresh_token", refresh.as_str())];
    assert_eq!(token(&app, None, &form).await.status, 200);
    // It is among the applications, and taken back there.
    let applications = browser.get("/account/applications").await;
    assert!(applications.html().contains("Television"), "{}", applications.html());
    assert_eq!(browser.fill(&applications, &[("client", "tv")]).await.status, 303);
    assert_eq!(userinfo(&app, &tokens.text("access_token")).await.status, 401);
}

#[tokio::test]
async fn oa_20_a_device_that_asks_too_often_is_told_to_wait() {
    let app = TestApp::with(REALM).await;
    let device = begin(&app).await;
    let asked = async |seconds| {
        app.advance(Duration::from_secs(seconds));
        error(&poll(&app, &device).await)
    };
    assert_eq!(asked(0).await, "400 authorization_pending");
    assert_eq!(asked(5).await, "400 authorization_pending");
    assert_eq!(asked(2).await, "400 slow_down");
    assert_eq!(asked(5).await, "400 slow_down", "the interval is ten seconds now");
    assert_eq!(asked(15).await, "400 authorization_pending");
    approve(&ada(&app).await, &device).await;
    assert_eq!(asked(0).await, "200 -", "good news does not wait");
}

#[tokio::test]
async fn oa_20_who_says_no_is_believed() {
    let app = TestApp::with(REALM).await;
    let device = begin(&app).await;
    let browser = ada(&app).await;
    let page = typed(&browser, &device.text("user_code")).await;
    assert!(decide(&browser, &page, "maybe").await.html().contains("device-submit"), "asked again");
    let page = typed(&browser, &device.text("user_code")).await;
    assert!(decide(&browser, &page, "deny").await.html().contains("Nothing was connected"));
    assert_eq!(error(&poll(&app, &device).await), "400 access_denied");
    assert_eq!(decide(&browser, &page, "approve").await.status, 422, "once");
    assert_eq!(typed(&browser, &device.text("user_code")).await.status, 422);
    assert_eq!(error(&poll(&app, &device).await), "400 access_denied");
}

#[tokio::test]
async fn oa_20_a_code_is_good_for_ten_minutes() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let (late, idle) = (begin(&app).await, begin(&app).await);
    let page = typed(&browser, &late.text("user_code")).await;
    approve(&browser, &idle).await;
    app.advance(Duration::from_mins(10));
    assert_eq!(decide(&browser, &page, "approve").await.status, 422);
    assert_eq!(typed(&browser, &late.text("user_code")).await.status, 422);
    assert_eq!(error(&poll(&app, &late).await), "400 expired_token");
    assert_eq!(error(&poll(&app, &idle).await), "400 expired_token", "nobody came for the tokens");
    app.advance(Duration::from_hours(25));
    app.clean_up().await;
    assert_eq!(error(&poll(&app, &late).await), "400 invalid_grant", "forgotten");
}

#[tokio::test]
async fn oa_20_a_code_is_its_clients_and_its_realms() {
    let app = TestApp::with(REALM).await;
    let (device, browser) = (begin(&app).await, ada(&app).await);
    let other = Browser::of_realm(&app, "/r/other");
    assert_eq!(other.sign_in("ada@example.com").await.status, 303);
    assert_eq!(typed(&other, &device.text("user_code")).await.status, 422, "unknown there");
    let theirs = begin_at(&app, "/r/other/oauth/device", "client_id=tv").await;
    assert_eq!(theirs.text("verification_uri"), "http://127.0.0.1:8400/r/other/device");
    assert_eq!(typed(&browser, &theirs.text("user_code")).await.status, 422);
    assert_eq!(error(&poll(&app, &theirs).await), "400 invalid_grant");
    approve(&browser, &device).await;
    let code = device.text("device_code");
    let with = Some(("box", "a-secret-of-the-box-app-0123456789"));
    let form = [("grant_type", GRANT), ("device_code", code.as_str())];
    assert_eq!(error(&token(&app, with, &form).await), "400 invalid_grant", "another client's");
    assert_eq!(error(&token(&app, None, &form).await), "401 invalid_client");
    for changed in [format!("{code}A"), code.replace("gp_dc_", "gp_ac_"), "x".to_owned()] {
        let form = [("grant_type", GRANT), ("client_id", "tv"), ("device_code", changed.as_str())];
        assert_eq!(error(&token(&app, None, &form).await), "400 invalid_grant", "{changed}");
    }
    let form = [("grant_type", GRANT), ("client_id", "tv")];
    assert_eq!(error(&token(&app, None, &form).await), "400 invalid_request");
    assert_eq!(poll(&app, &device).await.status, 200, "and is still good");
}

#[tokio::test]
async fn oa_20_what_a_client_may_not_have_is_refused_at_once() {
    let app = TestApp::with(REALM).await;
    for (form, expected) in [
        ("client_id=web", "400 unauthorized_client"),
        ("client_id=nobody", "401 invalid_client"),
        ("client_id=box", "401 invalid_client"),
        ("", "401 invalid_client"),
        ("client_id=tv&scope=account", "400 invalid_scope"),
        ("client_id=tv&scope=openid+profile", "400 invalid_scope"),
        ("client_id=tv&resource=other-api", "400 invalid_target"),
        ("client_id=tv&scope=openid&scope=email", "400 invalid_request"),
    ] {
        assert_eq!(error(&begin_at(&app, "/oauth/device", form).await), expected, "{form}");
    }
    let device = begin(&app).await;
    let code = device.text("device_code");
    let form = [("grant_type", GRANT), ("client_id", "web"), ("device_code", code.as_str())];
    assert_eq!(error(&token(&app, None, &form).await), "400 unauthorized_client");
    let narrowed = begin_at(&app, "/oauth/device", "client_id=tv&scope=notes:read&resource=notes-api").await;
    approve(&ada(&app).await, &narrowed).await;
    let tokens = poll(&app, &narrowed).await;
    assert_eq!(claims(&tokens.text("access_token"))["aud"], "notes-api");
    assert!(tokens.json()["id_token"].is_null());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn oa_20_a_device_gets_tokens_once_and_a_second_use_ends_them() {
    let app = TestApp::with(REALM).await;
    let (device, browser) = (begin(&app).await, ada(&app).await);
    approve(&browser, &device).await;
    let answers = futures_util::future::join_all((0..30).map(|_| poll(&app, &device))).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1);
    assert!(answers.iter().all(|answer| answer.status == 200 || error(answer) == "400 invalid_grant"));
    assert_eq!(
        userinfo(&app, &won[0].text("access_token")).await.status,
        401,
        "one of them was not the device"
    );
}

#[tokio::test]
async fn oa_20_a_device_is_connected_while_its_person_is_signed_in_or_for_good() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let (gone, plain) = (begin(&app).await, begin(&app).await);
    let lasting = begin_at(&app, "/oauth/device", "client_id=tv&scope=openid+offline_access").await;
    for device in [&gone, &plain, &lasting] {
        approve(&browser, device).await;
    }
    let (plain, lasting) = (poll(&app, &plain).await, poll(&app, &lasting).await);
    assert_eq!(browser.submit("/sign-out", &[]).await.status, 303);
    assert_eq!(error(&poll(&app, &gone).await), "400 invalid_grant", "signed out before it came");
    let refresh = async |tokens: &Answer| {
        let text = tokens.text("refresh_token");
        let form = [("grant_type", "refresh_token"), ("client_id", "tv"), ("refresh_token", text.as_str())];
        error(&token(&app, None, &form).await)
    };
    assert_eq!(refresh(&plain).await, "400 invalid_grant");
    assert_eq!(refresh(&lasting).await, "200 -");
}

#[tokio::test]
async fn a_device_is_connected_by_whoever_signed_in_as_lately_as_its_client_takes() {
    for age in [60_u64, 0] {
        let app = TestApp::with(&REALM.replacen(
            "name = \"Television <3\"",
            &format!("name = \"Television <3\"\ndefault_max_age = {age}"),
            1,
        ))
        .await;
        let browser = ada(&app).await;
        app.advance(Duration::from_secs(61));
        let device = begin(&app).await;
        let code = device.text("user_code");
        let answer = typed(&browser, &code).await;
        assert!(answer.location().starts_with("/sign-in?flow="), "{age}: {answer:?}");
        // Signing in again comes back to the form with the code in it, and then the device is shown.
        let page = browser.get(answer.location()).await;
        let back = browser.fill(&page, &[("username", "ada@example.com"), ("password", PASSWORD)]).await;
        assert_eq!(back.location(), format!("/device?user_code={code}"), "{age}");
        let shown = typed(&browser, &code).await;
        assert!(shown.html().contains("Television"), "{age}");
        assert_eq!(decide(&browser, &shown, "approve").await.status, 200);
        assert_eq!(poll(&app, &device).await.status, 200, "{age}");
        // Nor is it enough that the page was opened in time.
        let other = begin(&app).await;
        app.advance(Duration::from_secs(1));
        let browser = ada(&app).await;
        let shown = typed(&browser, &other.text("user_code")).await;
        assert!(shown.html().contains("Television"), "signed in since the device asked");
    }
    let app = TestApp::with(&REALM.replacen(
        "name = \"Television <3\"",
        "name = \"Television <3\"\ndefault_max_age = 60",
        1,
    ))
    .await;
    let browser = ada(&app).await;
    app.advance(Duration::from_secs(1));
    let device = begin(&app).await;
    let shown = typed(&browser, &device.text("user_code")).await;
    app.advance(Duration::from_mins(1));
    let late = decide(&browser, &shown, "approve").await;
    assert!(late.location().starts_with("/sign-in?flow="), "{late:?}");
    assert_eq!(error(&poll(&app, &device).await), "400 authorization_pending");
    // Saying no needs no proof.
    assert_eq!(decide(&browser, &shown, "deny").await.status, 200);
    waits(&app);
    assert_eq!(error(&poll(&app, &device).await), "400 access_denied");
}

#[tokio::test]
async fn oa_20_what_was_taken_back_does_not_come_by_a_device_that_waits() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let (first, second) = (begin(&app).await, begin(&app).await);
    approve(&browser, &first).await;
    approve(&browser, &second).await;
    assert_eq!(poll(&app, &first).await.status, 200);
    let applications = browser.get("/account/applications").await;
    assert_eq!(browser.fill(&applications, &[("client", "tv")]).await.status, 303);
    assert_eq!(error(&poll(&app, &second).await), "400 invalid_grant");
}

/// RFC 9449 section 5: the proof comes where the device asks for its tokens.
#[tokio::test]
async fn jwt_14_a_device_gets_tokens_that_are_bound_to_its_key() {
    let app = TestApp::with(REALM).await;
    let (key, other) = (Key::new(), Key::new());
    let device = begin(&app).await;
    let code = device.text("device_code");
    let ask = [("grant_type", GRANT), ("client_id", "tv"), ("device_code", code.as_str())];
    let waiting = dpop::post(&app, "/oauth/token", &[&key.at_token(&app)], &ask).await;
    assert_eq!(error(&waiting), "400 authorization_pending");
    approve(&ada(&app).await, &device).await;
    waits(&app);
    // A proof for something else gets nothing, and costs nothing.
    let elsewhere = key.proof(&app, "POST", "/oauth/device", None);
    assert_eq!(error(&dpop::post(&app, "/oauth/token", &[&elsewhere], &ask).await), "400 invalid_dpop_proof");
    let tokens = dpop::post(&app, "/oauth/token", &[&key.at_token(&app)], &ask).await;
    assert_eq!((tokens.status.as_u16(), &tokens.json()["token_type"]), (200, &json!("DPoP")), "{tokens:?}");
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    assert_eq!(claims(&access)["cnf"], json!({ "jkt": key.thumbprint() }));
    // As a bearer token it is refused, and with the proof of another key.
    let proof = |key: &Key| key.proof(&app, "GET", "/oauth/userinfo", Some(&access));
    assert_eq!(userinfo(&app, &access).await.status, 401);
    assert_eq!(dpop::about(&app, "DPoP", &access, &[&proof(&other)]).await.status, 401);
    assert_eq!(dpop::about(&app, "DPoP", &access, &[&proof(&key)]).await.json()["email"], "ada@example.com");
    // A device keeps no secret: its refresh token is bound to the key, too.
    let again = [("grant_type", "refresh_token"), ("client_id", "tv"), ("refresh_token", refresh.as_str())];
    assert_eq!(error(&dpop::post(&app, "/oauth/token", &[], &again).await), "400 invalid_grant");
    let stolen = dpop::post(&app, "/oauth/token", &[&other.at_token(&app)], &again).await;
    assert_eq!(error(&stolen), "400 invalid_grant");
    let next = dpop::post(&app, "/oauth/token", &[&key.at_token(&app)], &again).await;
    assert_eq!(claims(&next.text("access_token"))["cnf"], json!({ "jkt": key.thumbprint() }), "{next:?}");
}

#[tokio::test]
async fn a_device_whose_tokens_are_always_bound_must_prove_a_key() {
    let bound = "name = \"Television <3\"\ndpop_bound_access_tokens = true";
    let app = TestApp::with(&REALM.replacen("name = \"Television <3\"", bound, 1)).await;
    let device = begin(&app).await;
    approve(&ada(&app).await, &device).await;
    assert_eq!(error(&poll(&app, &device).await), "400 invalid_request");
    let code = device.text("device_code");
    let ask = [("grant_type", GRANT), ("client_id", "tv"), ("device_code", code.as_str())];
    assert_eq!(dpop::post(&app, "/oauth/token", &[&Key::new().at_token(&app)], &ask).await.status, 200);
}
