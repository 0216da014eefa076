//! Every refusal of the front door is in its envelope, and every answer has its headers.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use gatepost_domain::Timestamp;
use serde_json::{Value, json};

use super::{ADA, WORLD, brief, credentials, get, login, parts, person, register, with, world};
use crate::support::{Answer, PASSWORD, TestApp, request};

fn json_request(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path)
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap()
}

/// The whole envelope, and nothing but it.
fn check(answer: &Answer) {
    let json = answer.json();
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{answer:?}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
    let error = json["error"].as_object().unwrap_or_else(|| panic!("{answer:?}"));
    assert!(
        error["code"].as_str().is_some_and(|code| code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
    );
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()));
    assert!(error["timestamp"].as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok()), "{answer:?}");
    assert_eq!(error["request_id"].as_str(), answer.header("x-request-id"));
    let known = ["code", "message", "details", "timestamp", "request_id", "required_level"];
    assert!(error.keys().all(|key| known.contains(&key.as_str())), "{answer:?}");
}

#[tokio::test]
async fn every_refusal_is_in_the_envelope() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let cases: Vec<(Request<Body>, &str)> = vec![
        (json_request("/login", "{"), "400 INVALID_JSON"),
        (json_request("/login", "nonsense"), "400 INVALID_JSON"),
        (json_request("/login", ""), "400 INVALID_REQUEST"),
        (json_request("/login", "[]"), "400 INVALID_REQUEST"),
        (json_request("/login", "{}"), "400 INVALID_REQUEST"),
        (
            json_request("/login", r#"{"email":"a@b.test","email":"a@b.test","password":"x"}"#),
            "400 INVALID_REQUEST",
        ),
        (json_request("/login", r#"{"email":7,"password":"x"}"#), "400 INVALID_REQUEST"),
        (json_request("/login", r#"{"email":"nobody","password":"x"}"#), "400 INVALID_EMAIL"),
        (json_request("/login", vec![b'x'; 70_000]), "413 PAYLOAD_TOO_LARGE"),
        (json_request("/login", credentials("nobody@example.com").to_string()), "401 INVALID_CREDENTIALS"),
        (json_request("/refresh", r#"{"refresh_token":"garbage"}"#), "401 INVALID_TOKEN"),
        (
            json_request("/mfa/verify", r#"{"mfa_session_id":"garbage","code":"000000"}"#),
            "401 MFA_SESSION_EXPIRED",
        ),
        (json_request("/password/reset/confirm", r#"{"token":"x","new_password":"y"}"#), "400 INVALID_TOKEN"),
        (request(Method::GET, "/login", None, None), "405 METHOD_NOT_ALLOWED"),
        (request(Method::DELETE, "/me", None, None), "405 METHOD_NOT_ALLOWED"),
        (request(Method::GET, "/nothing/here", None, None), "404 NOT_FOUND"),
        (request(Method::POST, "/token", None, Some(json!({}))), "404 NOT_FOUND"),
        (request(Method::GET, "/me", None, None), "401 UNAUTHORIZED"),
        (request(Method::GET, "/me", Some("garbage"), None), "401 INVALID_TOKEN"),
        (request(Method::GET, "/me", Some("gp_key_garbage"), None), "401 UNAUTHORIZED"),
        (
            request(
                Method::POST,
                "/v1/auth/mfa/setup",
                Some(&ada.access_token),
                Some(json!({"method": "sms"})),
            ),
            "400 INVALID_REQUEST",
        ),
    ];
    for (request, expected) in cases {
        let asked = format!("{} {}", request.method(), request.uri());
        let answer = app.send(request).await;
        assert_eq!(brief(&answer), expected, "{asked}: {answer:?}");
        check(&answer);
    }
}

#[tokio::test]
async fn another_content_type_is_refused_before_anything_is_done() {
    let app = world().await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
        let request = Request::post("/register")
            .header(header::HOST, "127.0.0.1:8400")
            .header(header::CONTENT_TYPE, content_type)
            .body(Body::from(super::registration(ADA).to_string()))
            .unwrap();
        let answer = app.send(request).await;
        assert_eq!(brief(&answer), "415 UNSUPPORTED_MEDIA_TYPE", "{content_type}");
        check(&answer);
    }
    register(&app, ADA).await;
}

#[tokio::test]
async fn a_token_that_expired_is_told_from_one_that_is_wrong() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    app.advance(std::time::Duration::from_secs(900 + 31));
    let answer = get(&app, &ada, "/me").await;
    assert_eq!(brief(&answer), "401 TOKEN_EXPIRED");
    check(&answer);
}

#[tokio::test]
async fn whoever_tries_too_often_is_told_for_how_many_seconds_to_wait() {
    let app = world().await;
    register(&app, ADA).await;
    let wrong = json!({"email": ADA, "password": "not the password"});
    for _ in 0..5 {
        assert_eq!(brief(&app.post("/login", wrong.clone()).await), "401 INVALID_CREDENTIALS");
    }
    let answer = app.post("/login", wrong).await;
    assert_eq!(brief(&answer), "429 RATE_LIMITED");
    check(&answer);
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds > 0);
    assert_eq!(answer.json()["error"]["details"]["retry_after"], json!(seconds));
    assert_eq!(answer.header("x-ratelimit-limit"), Some("5"));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
    let reset: i64 = answer.header("x-ratelimit-reset").unwrap().parse().unwrap();
    assert_eq!(reset, app.clock.now().unix_seconds() + i64::try_from(seconds).unwrap());
}

#[tokio::test]
async fn registrations_are_limited_under_their_own_code() {
    let app = world().await;
    let mut last = None;
    for n in 0..31 {
        let body = json!({"email": format!("user{n}@example.com"), "password": PASSWORD});
        last = Some(app.post("/register", body).await);
    }
    let last = last.unwrap();
    assert_eq!(brief(&last), "429 RATE_LIMIT_EXCEEDED");
    check(&last);
}

#[tokio::test]
async fn a_path_of_another_front_door_is_not_there() {
    let app = world().await;
    for path in
        ["/token", "/token/refresh", "/auth/token", "/auth/login", "/admin/users", "/api-keys/rotate/x"]
    {
        let answer = app.post(path, json!({})).await;
        assert_eq!(brief(&answer), "404 NOT_FOUND", "{path}");
    }
    // And theirs are not where they do not speak this.
    for path in ["/register", "/login", "/refresh", "/mfa/verify"] {
        let answer = app.post(&format!("/r/plain{path}"), json!({})).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        assert!(answer.json()["error"]["code"].is_null(), "{path}: {answer:?}");
    }
}

/// What every realm has stays where it is.
#[tokio::test]
async fn the_native_api_and_the_pages_are_beside_it() {
    let app = world().await;
    register(&app, ADA).await;
    assert_eq!(app.login(ADA).await.status, 200);
    assert_eq!(app.get("/sign-in").await.status, 200);
    assert_eq!(brief(&app.get("/api/v1/nothing").await), "404 NOT_FOUND");
    assert_eq!(login(&app, ADA).await.status, 200);
}

#[tokio::test]
async fn the_server_says_that_it_is_healthy() {
    let app = world().await;
    let answer = app.get("/health").await;
    let json = answer.json();
    assert_eq!((answer.status.as_u16(), json["status"].as_str()), (200, Some("healthy")));
    assert!(json["version"].is_string());
    assert!(json["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok());
}

/// Browsers of the realm's applications may send its headers, and of nobody else's.
#[tokio::test]
async fn a_browser_application_of_another_origin_is_let_in_by_name() {
    let app = TestApp::with(&WORLD.replacen(
        "profile = \"zalt\"",
        "profile = \"zalt\"\nallowed_origins = [\"https://app.example.com\"]",
        1,
    ))
    .await;
    let preflight = |origin: &'static str| {
        let asks = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,x-api-key,x-realm-id,authorization"),
        ];
        with_owned(&app, asks)
    };
    let allowed = preflight("https://app.example.com").await;
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example.com"));
    let headers = allowed.header("access-control-allow-headers").unwrap().to_lowercase();
    assert!(headers.contains("x-api-key") && headers.contains("x-realm-id"), "{headers}");
    assert_eq!(preflight("https://evil.example").await.header("access-control-allow-origin"), None);
    // A refusal can be read, too.
    let origin = [("origin", "https://app.example.com")];
    let refused = with(&app, Method::POST, "/login", &origin, Some(json!({}))).await;
    assert_eq!(brief(&refused), "400 INVALID_REQUEST");
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(refused.header("access-control-allow-credentials"), None);
}

async fn with_owned(app: &TestApp, headers: [(&str, &str); 3]) -> Answer {
    with(app, Method::OPTIONS, "/login", &headers, None).await
}

/// Programs of one generation read `data` alone.
#[tokio::test]
async fn every_success_has_its_members_once_more_under_data() {
    let app = world().await;
    let answer = register(&app, ADA).await;
    let mut json = answer.json();
    let data = json.as_object_mut().unwrap().remove("data").unwrap();
    assert_eq!(data, json);
    let (_, claims) = parts(data["tokens"]["access_token"].as_str().unwrap());
    assert_eq!(claims["email"], Value::from(ADA));
}

/// LG-16: what nobody may say of themselves is passed over.
#[tokio::test]
async fn lg_16_a_registration_gives_itself_nothing() {
    let app = world().await;
    let mut body = super::registration(ADA);
    for (member, value) in [
        ("role", json!("admin")),
        ("roles", json!(["admin"])),
        ("is_admin", json!(true)),
        ("email_verified", json!(true)),
        ("status", json!("active")),
        ("id", json!("usr_1")),
        ("created_at", json!("2000-01-01T00:00:00Z")),
        ("mfa_enabled", json!(true)),
        ("tenants", json!([{}])),
        ("password_hash", json!("x")),
        ("permissions", json!(["*"])),
    ] {
        body[member] = value;
    }
    let answer = app.post("/register", body).await;
    let user = &answer.json()["user"];
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(
        (&user["email_verified"], &user["roles"], &user["tenants"], &user["mfa_enabled"]),
        (&json!(false), &json!([]), &json!([]), &json!(false))
    );
    let (_, claims) = parts(answer.json()["tokens"]["access_token"].as_str().unwrap());
    assert_eq!(claims["roles"], json!([]), "{claims}");
}
