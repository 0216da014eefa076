//! Devices that get a session, connected by whoever types their code.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{ADA, Client, ada, bearer};
use crate::support::{Answer, PASSWORD, TestApp};

const REALM: &str = r#"
[[realm]]
name = "default"
[[realm.client]]
id = "tv"
public = true
skip_consent = true
grants = ["urn:ietf:params:oauth:grant-type:device_code"]
scopes = ["account", "openid", "email"]
[[realm.client]]
id = "radio"
public = true
skip_consent = true
grants = ["urn:ietf:params:oauth:grant-type:device_code"]
scopes = ["account", "openid"]
[[realm.client]]
id = "theirs"
public = true
grants = ["urn:ietf:params:oauth:grant-type:device_code"]
scopes = ["account", "openid", "roles"]
[[realm.client]]
id = "box"
secret = "another-secret-of-the-box-0123456789"
skip_consent = true
grants = ["urn:ietf:params:oauth:grant-type:device_code"]
scopes = ["account", "openid"]
[[realm.client]]
id = "less"
public = true
grants = ["urn:ietf:params:oauth:grant-type:device_code"]
scopes = ["openid"]
[[realm.client]]
id = "secret"
secret = "a-secret-of-the-box-app-0123456789"
grants = ["urn:ietf:params:oauth:grant-type:device_code"]
scopes = ["account"]
[[realm.client]]
id = "web"
public = true
scopes = ["account"]
[[realm]]
name = "other"
"#;
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn said(answer: &Answer) -> String {
    format!("{} {}", answer.status.as_u16(), answer.json()["error"].as_str().unwrap_or("?"))
}

async fn begin(device: &Client<'_>) -> Value {
    let answer = device.post("/device/code", json!({"client_id": "tv", "scope": "openid"})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn poll(device: &Client<'_>, code: &Value) -> Answer {
    let body = json!({"grant_type": GRANT, "device_code": code["device_code"], "client_id": "tv"});
    device.post("/device/token", body).await
}

/// OA-22, CA-01: a session is everything, so a client that was agreed to for less gets none, and neither does one that has not proven who
/// it is, at whichever door the code was asked for.
#[tokio::test]
async fn oa_22_a_code_for_less_than_everything_is_none_here() {
    let app = TestApp::with(REALM).await;
    ada(&app).await;
    let (device, person) = (Client::new(&app), Client::new(&app));
    assert_eq!(person.post("/sign-in/email", json!({"email": ADA, "password": PASSWORD})).await.status, 200);
    let asked = device.post("/device/code", json!({"client_id": "theirs", "scope": "openid"})).await;
    assert_eq!(said(&asked), "400 unauthorized_client");
    let basic =
        format!("Basic {}", data_encoding::BASE64.encode(b"box:another-secret-of-the-box-0123456789"));
    for (client, authorization) in [("theirs", None), ("box", Some(basic.as_str()))] {
        let mut request = axum::http::Request::post("/oauth/device")
            .header("host", "127.0.0.1:8400")
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let form =
            if client == "theirs" { "client_id=theirs&scope=account+openid" } else { "scope=account+openid" };
        let code = app.send(request.body(axum::body::Body::from(form)).unwrap()).await;
        assert_eq!(code.status, 200, "{code:?}");
        let typed = code.text("user_code");
        assert_eq!(person.get(&format!("/device?user_code={typed}")).await.status, 200);
        let approved = person.post("/device/approve", json!({"userCode": typed})).await;
        assert_eq!(approved.status, 200, "{approved:?}");
        let body =
            json!({"grant_type": GRANT, "device_code": code.json()["device_code"], "client_id": client});
        assert_eq!(said(&device.post("/device/token", body).await), "400 invalid_grant", "{client}");
    }
}

#[tokio::test]
async fn a_device_is_connected_by_whoever_typed_its_code() {
    let app = TestApp::with(REALM).await;
    let (person, device) = (ada(&app).await, Client::new(&app));
    let asked = device.post("/device/code", json!({"client_id": "tv", "scope": "openid"})).await;
    let code = asked.json();
    assert_eq!(
        (&code["verification_uri"], &code["expires_in"], &code["interval"]),
        (&json!("http://127.0.0.1:8400/device"), &json!(600), &json!(5)),
        "{asked:?}"
    );
    assert_eq!(asked.header("pragma"), Some("no-cache"));
    let poll = async || {
        let body = json!({"grant_type": GRANT, "device_code": code["device_code"], "client_id": "tv"});
        device.post("/device/token", body).await
    };
    assert_eq!(said(&poll().await), "400 authorization_pending");
    assert_eq!(said(&poll().await), "400 slow_down");
    let typed = code["user_code"].as_str().unwrap();
    let show = async |who: &Client<'_>| who.get(&format!("/device?user_code={typed}")).await;
    let approve = async |who: &Client<'_>| who.post("/device/approve", json!({"userCode": typed})).await;
    // OA-20: nobody who is signed out finds out anything, and a code that was not shown in a session is not decided on in it.
    assert_eq!(said(&show(&device).await), "401 unauthorized");
    assert_eq!(said(&approve(&device).await), "401 unauthorized");
    assert_eq!(said(&approve(&person).await), "400 invalid_request");
    let shown = show(&person).await.json();
    let expected =
        json!({"user_code": typed, "status": "pending", "client_id": "tv", "scope": "openid account"});
    assert_eq!(shown, expected);
    let eve = Client::new(&app);
    eve.sign_up("eve@example.com").await;
    assert_eq!(said(&approve(&eve).await), "400 invalid_request");
    assert_eq!(approve(&person).await.json(), json!({"success": true}));
    assert_eq!(said(&approve(&person).await), "400 invalid_request", "it was decided on");

    app.advance(Duration::from_secs(20));
    let given = poll().await;
    assert_eq!(
        (&given.json()["token_type"], &given.json()["scope"]),
        (&json!("Bearer"), &json!("openid account")),
        "{given:?}"
    );
    let token = given.text("access_token");
    assert_eq!(bearer(&app, &token).await.as_deref(), Some(ADA));
    // It is a session of its own, which outlives that of the browser.
    person.post("/sign-out", json!({})).await;
    assert_eq!(bearer(&app, &token).await.as_deref(), Some(ADA));
    // OA-06: a code that is used twice ends what it began.
    assert_eq!(said(&poll().await), "400 invalid_grant");
    assert_eq!(bearer(&app, &token).await, None);
}

#[tokio::test]
async fn a_device_is_asked_about_before_it_gets_a_session() {
    let (app, judge) = (TestApp::with(REALM).await, crate::interceptors::Judge::new().await);
    let (person, device) = (ada(&app).await, Client::new(&app));
    let code = begin(&device).await;
    let typed = code["user_code"].as_str().unwrap();
    assert_eq!(person.get(&format!("/device?user_code={typed}")).await.status, 200);
    assert_eq!(person.post("/device/approve", json!({"userCode": typed})).await.status, 200);
    judge.sit(&app, "pre_session_creation").await;
    judge.denies("Not on a television.");
    let refused = poll(&device, &code).await;
    let told = (refused.status.as_u16(), refused.text("message"));
    assert_eq!(told, (403, "Not on a television.".to_owned()), "{refused:?}");
    assert_eq!(judge.asked()[0]["interceptor_context"]["user_email"], ADA);
    judge.allows();
    app.advance(Duration::from_secs(20));
    let given = poll(&device, &code).await;
    assert_eq!(bearer(&app, &given.text("access_token")).await.as_deref(), Some(ADA));
}

#[tokio::test]
async fn a_device_that_is_refused_gets_nothing() {
    let app = TestApp::with(REALM).await;
    let (person, device) = (ada(&app).await, Client::new(&app));
    let code = begin(&device).await;
    let typed = code["user_code"].as_str().unwrap();
    let deny = async || person.post("/device/deny", json!({"userCode": typed})).await;
    assert_eq!(said(&deny().await), "400 invalid_request");
    person.get(&format!("/device?user_code={typed}")).await;
    assert_eq!(deny().await.json(), json!({"success": true}));
    assert_eq!(said(&poll(&device, &code).await), "400 access_denied");
    let late = begin(&device).await;
    app.advance(Duration::from_mins(10));
    assert_eq!(said(&poll(&device, &late).await), "400 expired_token");
}

#[tokio::test]
async fn only_clients_that_may_have_the_whole_account_ask_for_it() {
    let app = TestApp::with(REALM).await;
    let device = Client::new(&app);
    for (client, scope, refused) in [
        ("less", None, "400 invalid_scope"),
        ("tv", Some("notes:read"), "400 invalid_scope"),
        ("web", None, "400 unauthorized_client"),
        ("secret", None, "400 invalid_client"),
        ("nobody", None, "400 invalid_client"),
    ] {
        let mut body = json!({"client_id": client});
        if let Some(scope) = scope {
            body["scope"] = json!(scope);
        }
        let answer = device.post("/device/code", body).await;
        assert_eq!(said(&answer), refused, "{client}");
    }
    let there = Client::under(&app, "/r/other");
    let answer = there.post("/device/code", json!({"client_id": "tv"})).await;
    assert_eq!(said(&answer), "400 invalid_client", "a client of another realm");
    assert_eq!(said(&device.post("/device/code", json!({})).await), "400 invalid_request");
    let bound = json!({"client_id": "tv", "user_id": "usr_00000000000000000000000000"});
    assert_eq!(said(&device.post("/device/code", bound).await), "400 invalid_request");
    assert_eq!(device.post("/device/token", json!({})).await.brief(), "400 VALIDATION_ERROR");

    // OA-07: what was given to one client is of no use to another, and what is less than the account gives no session.
    let (person, code) = (ada(&app).await, begin(&device).await);
    let typed = code["user_code"].as_str().unwrap();
    person.get(&format!("/device?user_code={typed}")).await;
    person.post("/device/approve", json!({"userCode": typed})).await;
    for (client, code) in [("radio", &code["device_code"]), ("tv", &json!("gp_dc_forged"))] {
        let body = json!({"grant_type": GRANT, "device_code": code, "client_id": client});
        assert_eq!(said(&device.post("/device/token", body).await), "400 invalid_grant", "{client}");
    }
    let request = axum::http::Request::post("/oauth/device")
        .header("host", "127.0.0.1:8400")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from("client_id=less&scope=openid"));
    let native = app.send(request.unwrap()).await.json();
    let typed = native["user_code"].as_str().unwrap();
    person.get(&format!("/device?user_code={typed}")).await;
    assert_eq!(person.post("/device/approve", json!({"userCode": typed})).await.status, 200);
    let body = json!({"grant_type": GRANT, "device_code": native["device_code"], "client_id": "less"});
    assert_eq!(said(&device.post("/device/token", body).await), "400 invalid_grant");
}

/// OA-06: whichever door a code is used at, and then at which.
#[tokio::test]
async fn oa_06_a_code_that_is_used_at_both_doors_ends_what_it_began() {
    let app = TestApp::with(REALM).await;
    let (person, device) = (ada(&app).await, Client::new(&app));
    let redeem = async |code: &Value| {
        let form =
            format!("grant_type={GRANT}&client_id=tv&device_code={}", code["device_code"].as_str().unwrap());
        let request = axum::http::Request::post("/oauth/token")
            .header("host", "127.0.0.1:8400")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(axum::body::Body::from(form));
        app.send(request.unwrap()).await
    };
    let connected = async || {
        let code = begin(&device).await;
        let typed = code["user_code"].as_str().unwrap();
        person.get(&format!("/device?user_code={typed}")).await;
        person.post("/device/approve", json!({"userCode": typed})).await;
        code
    };
    let code = connected().await;
    let token = poll(&device, &code).await.text("access_token");
    assert_eq!(said(&redeem(&code).await), "400 invalid_grant");
    assert_eq!(bearer(&app, &token).await, None);

    let code = connected().await;
    let token = redeem(&code).await.text("access_token");
    let me = async || {
        let headers = axum::http::Request::get("/api/v1/me")
            .header("host", "127.0.0.1:8400")
            .header("authorization", format!("Bearer {token}"));
        app.send(headers.body(axum::body::Body::empty()).unwrap()).await.status.as_u16()
    };
    assert_eq!(me().await, 200);
    assert_eq!(said(&poll(&device, &code).await), "400 invalid_grant");
    assert_eq!(me().await, 401);
}

/// TN-04: what waits in one realm is nothing in another.
#[tokio::test]
async fn tn_04_a_device_of_one_realm_is_unknown_in_another() {
    let app = TestApp::with(REALM).await;
    let code = begin(&Client::new(&app)).await;
    let there = Client::under(&app, "/r/other");
    there.sign_up(ADA).await;
    let shown = there.get(&format!("/device?user_code={}", code["user_code"].as_str().unwrap())).await;
    assert_eq!(said(&shown), "400 invalid_request");
    assert_eq!(said(&poll(&there, &code).await), "400 invalid_grant");
}

/// What takes a sign-in of a moment ago takes it of the person themselves.
#[tokio::test]
async fn the_session_of_a_device_is_no_sign_in_of_a_moment_ago() {
    let app = TestApp::with(REALM).await;
    let (person, device) = (ada(&app).await, Client::new(&app));
    let code = begin(&device).await;
    let typed = code["user_code"].as_str().unwrap();
    person.get(&format!("/device?user_code={typed}")).await;
    person.post("/device/approve", json!({"userCode": typed})).await;
    let token = poll(&device, &code).await.text("access_token");
    let headers = [("authorization", format!("Bearer {token}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let body = json!({"newEmail": "lovelace@example.com"});
    let refused = device.ask(Method::POST, "/change-email", Some(body), &headers).await;
    assert_eq!(refused.brief(), "403 SESSION_NOT_FRESH");
    let body = json!({"password": PASSWORD});
    let proved = device.ask(Method::POST, "/two-factor/enable", Some(body), &headers).await;
    assert_eq!(proved.status, 200, "the password makes it one: {proved:?}");
}

/// RFC 8628 section 5.1: few codes can be tried, together with those on the page.
#[tokio::test]
async fn oa_20_few_codes_can_be_tried() {
    let app = TestApp::with(REALM).await;
    let person = ada(&app).await;
    for _ in 0..20 {
        assert_eq!(said(&person.get("/device?user_code=BBBBBBBB").await), "400 invalid_request");
    }
    assert_eq!(person.get("/device?user_code=BBBBBBBB").await.status, 429);
}

/// OA-20, SE-10: a page of another site has nobody's browser take a code, so that its owner could not decide on it any more.
#[tokio::test]
async fn oa_20_a_code_is_not_taken_for_a_page_of_another_site() {
    let named = "name = \"default\"\nallowed_origins = [\"https://app.example.com\"]";
    let app = TestApp::with(&REALM.replacen("name = \"default\"", named, 1)).await;
    let (eve, device) = (Client::new(&app), Client::new(&app));
    eve.sign_up("eve@example.com").await;
    let person = ada(&app).await;
    let typed = begin(&device).await["user_code"].as_str().unwrap().to_owned();
    let path = format!("/device?user_code={typed}");
    let show = async |who: &Client<'_>, headers: &[(&str, &str)]| {
        who.ask(Method::GET, &path, None, headers).await.brief()
    };
    let (evil, app_page) = ("https://evil.test", "https://app.example.com");
    for (headers, code) in [
        (&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")][..], "MISSING_OR_NULL_ORIGIN"),
        (
            &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
            "MISSING_OR_NULL_ORIGIN",
        ),
        (&[("sec-fetch-site", "same-site")], "MISSING_OR_NULL_ORIGIN"),
        (&[("sec-fetch-site", "cross-site"), ("origin", evil)], "INVALID_ORIGIN"),
        (&[("sec-fetch-site", "cross-site"), ("referer", "https://evil.test/x")], "INVALID_ORIGIN"),
        (&[("sec-fetch-site", "other")], "MISSING_OR_NULL_ORIGIN"),
        (&[("origin", evil)], "INVALID_ORIGIN"),
        (&[("origin", "null")], "MISSING_OR_NULL_ORIGIN"),
        (&[("referer", "https://evil.test/x")], "INVALID_ORIGIN"),
    ] {
        assert_eq!(show(&eve, headers).await, format!("403 {code}"), "{headers:?}");
    }
    // Nothing was taken: whoever holds the device decides. A page of the realm's, or of an origin that it names, asks for them.
    for headers in [
        &[][..],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", app_page)],
        &[("sec-fetch-site", "same-site"), ("referer", "https://app.example.com/device")],
        &[("referer", "http://127.0.0.1:8400/device")],
    ] {
        assert_eq!(show(&person, headers).await, "200", "{headers:?}");
    }
    let approved = person.post("/device/approve", json!({"userCode": typed})).await;
    assert_eq!(approved.json(), json!({"success": true}));
}
