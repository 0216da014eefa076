use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};

use super::{ADA, COOKIE, Client, OURS, ada};
use crate::support::{Answer, PASSWORD, TestApp};

const APP: &str = "https://app.example.com";
const REALM: &str = "[[realm]]\nname = \"default\"\nallowed_origins = [\"https://app.example.com\"]\n";

async fn change(client: &Client<'_>, headers: &[(&str, &str)]) -> String {
    client.ask(Method::POST, "/update-user", Some(json!({"name": "Mallory"})), headers).await.brief()
}

/// SE-10: with a cookie, only from a page that is trusted; compared whole.
#[tokio::test]
async fn se_10_a_cookie_counts_only_from_a_page_that_is_trusted() {
    let app = TestApp::with(REALM).await;
    let client = ada(&app).await;
    for page in [OURS, APP] {
        assert_eq!(change(&client, &[("origin", page)]).await, "200", "{page}");
        let referer = format!("{page}/settings?x=y");
        assert_eq!(change(&client, &[("referer", &referer)]).await, "200", "{referer}");
    }
    assert_eq!(change(&client, &[("origin", "null"), ("sec-fetch-site", "same-origin")]).await, "200");
    for nothing in [&[][..], &[("origin", "null")], &[("origin", "null"), ("sec-fetch-site", "cross-site")]] {
        assert_eq!(change(&client, nothing).await, "403 MISSING_OR_NULL_ORIGIN", "{nothing:?}");
    }
    for page in [
        "https://evil.test",
        "https://app.example.com.evil.test",
        "https://evil.test/https://app.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://user@app.example.com",
        "https:\\\\app.example.com",
        "//app.example.com",
        "/",
        "app.example.com",
        "javascript:alert(1)",
        // The origin of a `blob:` is that of what is in it.
        "blob:https://app.example.com/3f1c7e0a-7c5b-4e7e-9f0b-2d6a4f5b8c9d",
        "blob:http://127.0.0.1:8400/3f1c7e0a-7c5b-4e7e-9f0b-2d6a4f5b8c9d",
        "filesystem:https://app.example.com/temporary/x",
    ] {
        assert_eq!(change(&client, &[("origin", page)]).await, "403 INVALID_ORIGIN", "{page}");
        assert_eq!(change(&client, &[("referer", page)]).await, "403 INVALID_ORIGIN", "{page}");
    }
    // Whoever sends no cookie is no browser's page, and a bearer token is no cookie.
    let token = client.get("/get-session").await.json()["session"]["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    assert_eq!(change(&Client::new(&app), &[("authorization", &bearer)]).await, "200");
    // Reading is for everybody who has the cookie: no page of another origin sees the answer.
    assert_eq!(
        client.ask(Method::GET, "/get-session", None, &[("origin", "https://evil.test")]).await.status,
        200
    );
}

/// SE-10: nobody is signed in to an account of another's choice.
#[tokio::test]
async fn se_10_a_page_that_nobody_trusts_signs_nobody_in() {
    let app = TestApp::with(REALM).await;
    app.register(ADA).await;
    let ask = async |headers: &[(&str, &str)]| {
        let body = json!({"email": ADA, "password": PASSWORD});
        Client::new(&app).ask(Method::POST, "/sign-in/email", Some(body), headers).await.brief()
    };
    for good in [
        &[][..],
        &[("origin", APP)],
        &[("referer", "https://app.example.com/x")],
        &[("origin", APP), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")],
    ] {
        assert_eq!(ask(good).await, "200", "{good:?}");
    }
    assert_eq!(ask(&[("origin", "https://evil.test")]).await, "403 INVALID_ORIGIN");
    assert_eq!(ask(&[("referer", "https://evil.test/x")]).await, "403 INVALID_ORIGIN");
    assert_eq!(ask(&[("sec-fetch-mode", "cors")]).await, "403 MISSING_OR_NULL_ORIGIN");
    let form = [("origin", APP), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
    assert_eq!(ask(&form).await, "403 CROSS_SITE_NAVIGATION_LOGIN_BLOCKED");
}

/// OA-16: nobody is sent to where nobody should be sent.
#[tokio::test]
async fn oa_16_people_are_sent_to_pages_that_are_trusted() {
    let app = TestApp::with(REALM).await;
    app.register(ADA).await;
    let client = Client::new(&app);
    let ask = async |member: &str, target: Value| {
        let body = json!({"email": ADA, "password": PASSWORD, member: target});
        client.ask(Method::POST, "/sign-in/email", Some(body), &[("origin", APP)]).await.brief()
    };
    for target in ["/home", "https://app.example.com/in?x=y", ""] {
        assert_eq!(ask("callbackURL", json!(target)).await, "200", "{target}");
    }
    for (member, code) in [
        ("callbackURL", "403 INVALID_CALLBACK_URL"),
        ("redirectTo", "403 INVALID_REDIRECT_URL"),
        ("errorCallbackURL", "403 INVALID_ERROR_CALLBACK_URL"),
        ("newUserCallbackURL", "403 INVALID_NEW_USER_CALLBACK_URL"),
    ] {
        for target in [
            "https://evil.test",
            "//evil.test",
            "/\\evil.test",
            "/%2fevil.test",
            "\\\\evil.test",
            "https://app.example.com@evil.test",
            "javascript:alert(1)",
            "data:text/html,x",
            "evil.test",
            "blob:https://app.example.com/3f1c7e0a-7c5b-4e7e-9f0b-2d6a4f5b8c9d",
            "/a//evil.test",
            "/a/../..//evil.test",
            "/%2e%2e//evil.test",
            "/.%2E/evil.test",
            "/a/..",
            "/a\\evil.test",
        ] {
            assert_eq!(ask(member, json!(target)).await, code, "{member} {target}");
        }
        assert_eq!(ask(member, json!(7)).await, "400", "{member}");
    }
    let link = client.get("/reset-password/x?callbackURL=https://evil.test").await;
    assert_eq!(link.brief(), "403 INVALID_CALLBACK_URL");
    let link = client.get("/verify-email?token=x&callbackURL=//evil.test").await;
    assert_eq!(link.brief(), "403 INVALID_CALLBACK_URL");
}

/// SE-09: a page of an origin that the realm names reads the answer, with cookies; no other does.
#[tokio::test]
async fn se_09_pages_that_the_realm_names_read_answers_with_cookies() {
    let app = TestApp::with(REALM).await;
    let client = ada(&app).await;
    let ask = async |origin: &str| -> Answer {
        client.ask(Method::GET, "/get-session", None, &[("origin", origin)]).await
    };
    let answer = ask(APP).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    let exposed: Vec<_> = answer.headers.get_all("access-control-expose-headers").iter().collect();
    assert!(format!("{exposed:?}").contains("set-auth-jwt"), "{exposed:?}");
    for other in ["https://evil.test", "null", "https://app.example.com.evil.test"] {
        assert!(ask(other).await.header("access-control-allow-origin").is_none(), "{other}");
    }
    let preflight = Request::builder()
        .method(Method::OPTIONS)
        .uri("/api/auth/sign-in/email")
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::ORIGIN, APP)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type")
        .body(Body::empty())
        .unwrap();
    let answer = app.send(preflight).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
}

/// Every malformed body gets the envelope of the contract.
#[tokio::test]
async fn bodies_that_are_none_are_refused_in_the_envelope_of_the_contract() {
    let app = TestApp::new().await;
    let ask = async |content_type: &str, body: Vec<u8>| {
        let request = Request::post("/api/auth/sign-in/email")
            .header(header::HOST, "127.0.0.1:8400")
            .header(header::CONTENT_TYPE, content_type)
            .body(Body::from(body));
        let answer = app.send(request.unwrap()).await;
        assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
        assert!(answer.json()["message"].is_string(), "{answer:?}");
        answer.brief()
    };
    let json = "application/json";
    assert_eq!(ask(json, b"{".to_vec()).await, "400 BAD_REQUEST");
    assert_eq!(ask(json, br#"{"email":"a","email":"b"}"#.to_vec()).await, "400 BAD_REQUEST");
    assert_eq!(ask(json, vec![0xff]).await, "400 BAD_REQUEST");
    for whole in ["[]", "null", "7", "\"x\"", ""] {
        assert_eq!(ask(json, whole.into()).await, "400 VALIDATION_ERROR", "{whole}");
    }
    assert_eq!(ask("text/plain", b"x".to_vec()).await, "415 UNSUPPORTED_MEDIA_TYPE");
    assert_eq!(ask(json, vec![b' '; 70_000]).await, "413 PAYLOAD_TOO_LARGE");
    // A form without a script may sign in.
    app.register(ADA).await;
    let form = format!("email=ada%40example.com&password={}", PASSWORD.replace(' ', "+"));
    let request = Request::post("/api/auth/sign-in/email")
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, OURS)
        .body(Body::from(form));
    let answer = app.send(request.unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(super::attributes(&answer, COOKIE).is_some());
}
