//! Requests nobody should send: each gets a 4xx and nothing falls over.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use serde_json::json;

use crate::support::{Answer, PASSWORD, TestApp};

async fn body(app: &TestApp, content_type: &str, body: impl Into<Body>) -> Answer {
    let request =
        Request::builder().method(Method::POST).uri("/api/v1/login").header("content-type", content_type);
    app.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn ij_06_bodies_that_are_not_what_they_should_be() {
    let app = TestApp::new().await;
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let deep_member = format!(r#"{{"email":{}}}"#, "[".repeat(5_000));
    let twice = format!(r#"{{"email":"a@b.test","email":"c@d.test","password":"{PASSWORD}"}}"#);
    let big = format!(r#"{{"email":{},"password":"{PASSWORD}"}}"#, "9".repeat(400));
    let polluting = format!(r#"{{"email":"a@b.test","password":"{PASSWORD}","__proto__":{{"admin":true}}}}"#);
    for (content_type, bytes, expected) in [
        ("application/json", b"".to_vec(), "400 invalid_body"),
        ("application/json", b"{".to_vec(), "400 invalid_body"),
        ("application/json", b"null".to_vec(), "400 invalid_body"),
        ("application/json", br#" ["ada@example.com", null, "x"]"#.to_vec(), "400 invalid_body"),
        ("application/json", b"\xff\xfe{\x00}\x00".to_vec(), "400 invalid_body"),
        ("application/json", b"{\"email\":\"\xff\",\"password\":\"x\"}".to_vec(), "400 invalid_body"),
        ("application/json", b"{\"email\":\"\\ud800\",\"password\":\"x\"}".to_vec(), "400 invalid_body"),
        ("application/json", b"\xef\xbb\xbf{}".to_vec(), "400 invalid_body"),
        ("application/json", b"{\"email\":1e999,\"password\":\"x\"}".to_vec(), "400 invalid_body"),
        ("application/json", deep.into_bytes(), "413 body_too_large"),
        ("application/json", deep_member.into_bytes(), "400 invalid_body"),
        ("application/json", twice.into_bytes(), "400 invalid_body"),
        ("application/json", vec![b' '; 64 * 1024 + 1], "413 body_too_large"),
        ("application/json", b"{} {}".to_vec(), "400 invalid_body"),
        ("application/json", format!("[{}1]", "1,".repeat(30_000)).into_bytes(), "400 invalid_body"),
        ("application/json", big.into_bytes(), "400 invalid_body"),
        ("application/json", polluting.into_bytes(), "400 invalid_body"),
        ("text/plain", b"{}".to_vec(), "415 unsupported_media_type"),
        ("application/x-www-form-urlencoded", b"email=a&password=b".to_vec(), "415 unsupported_media_type"),
        ("multipart/form-data", b"".to_vec(), "415 unsupported_media_type"),
        ("", b"{}".to_vec(), "415 unsupported_media_type"),
    ] {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
        assert_eq!(body(&app, content_type, bytes).await.brief(), expected, "{content_type} {shown}");
    }
}

#[tokio::test]
async fn ij_01_nul_and_invisible_characters_reach_no_column() {
    let app = TestApp::new().await;
    for (member, value) in [
        ("email", "a\0@example.com"),
        ("email", "a@example.com\r\nbcc: all@example.com"),
        ("username", "a\0b"),
        ("name", "\0"),
        ("name", "a\u{202e}b"),
    ] {
        let mut body = json!({"email": "a@example.com", "password": PASSWORD});
        body[member] = value.into();
        assert_eq!(app.post("/api/v1/register", body).await.brief(), "422 invalid_field", "{member}");
    }
    // In a password every character counts, and none is dropped.
    let odd = "seven\0teen is a prime";
    let body = json!({"email": "odd@example.com", "password": odd});
    assert_eq!(app.post("/api/v1/register", body.clone()).await.status, StatusCode::CREATED);
    assert_eq!(app.post("/api/v1/login", body).await.status, StatusCode::OK);
    let cut = json!({"email": "odd@example.com", "password": "seven"});
    assert_eq!(app.post("/api/v1/login", cut).await.brief(), "401 invalid_credentials");
}

/// LG-06: the last byte of a long password counts, and too long is refused before any work.
#[tokio::test]
async fn lg_06_long_passwords_are_whole_or_refused() {
    let app = TestApp::new().await;
    for length in [64, 71, 72, 73, 128, 1_000] {
        let words = "amber willow canyon thimble orbit ";
        let password: String = words.chars().cycle().take(length - 1).chain(['X']).collect();
        let email = format!("p{length}@example.com");
        let made = app.post("/api/v1/register", json!({"email": email, "password": password})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{length} {made:?}");
        let other = password[..length - 1].to_owned() + "Y";
        let answer = app.post("/api/v1/login", json!({"email": email, "password": other})).await;
        assert_eq!(answer.brief(), "401 invalid_credentials", "{length}");
    }
    let long = json!({"email": "long@example.com", "password": "ab ".repeat(1_000)});
    assert_eq!(app.post("/api/v1/register", long).await.brief(), "422 weak_password");
}

#[tokio::test]
async fn two_credentials_or_another_scheme_are_no_credential() {
    let app = TestApp::new().await;
    let ada = app.person("ada@example.com").await;
    let ask = |headers: Vec<String>| {
        let mut request = Request::builder().uri("/api/v1/me");
        for value in headers {
            request = request.header("authorization", value);
        }
        app.send(request.body(Body::empty()).unwrap())
    };
    let good = format!("Bearer {}", ada.access_token);
    assert_eq!(ask(vec![good.clone()]).await.status, StatusCode::OK);
    assert_eq!(ask(vec![good.replace("Bearer", "bearer")]).await.status, StatusCode::OK);
    assert_eq!(ask(vec![good.clone(), good.clone()]).await.brief(), "401 invalid_token");
    assert_eq!(ask(vec![good.clone(), "Bearer x".into()]).await.brief(), "401 invalid_token");
    assert_eq!(ask(vec![format!("Bearer {good}")]).await.brief(), "401 invalid_token");
    assert_eq!(ask(vec![format!("{good} ")]).await.brief(), "401 invalid_token");
    assert_eq!(ask(vec![good.replace("Bearer", "Basic")]).await.brief(), "401 unauthenticated");
    assert_eq!(ask(vec![ada.refresh_token.clone()]).await.brief(), "401 unauthenticated");
    assert_eq!(ask(vec![format!("Bearer {}", ada.refresh_token)]).await.brief(), "401 invalid_token");
    assert_eq!(
        app.get(&format!("/api/v1/me?access_token={}", ada.access_token)).await.brief(),
        "401 unauthenticated"
    );
}

#[tokio::test]
async fn paths_and_methods_are_exact() {
    let app = TestApp::new().await;
    let ada = app.person("ada@example.com").await;
    for path in [
        "/api/v1/me/",
        "//api/v1/me",
        "/api/v1//me",
        "/API/v1/me",
        "/api/v1/me;x",
        "/api/v1/%6de",
        "/api/v1/../v1/me",
        "/api/v1/me%2e",
    ] {
        assert_eq!(app.ask(&ada, Method::GET, path, None).await.brief(), "404 not_found", "{path}");
    }
    // OPTIONS is what browsers ask before they call from another origin.
    for method in [Method::PUT, Method::TRACE, Method::CONNECT] {
        let answer = app.ask(&ada, method.clone(), "/api/v1/me", None).await;
        assert!(answer.status.is_client_error(), "{method} {answer:?}");
    }
    assert_eq!(
        app.ask(&ada, Method::DELETE, "/api/v1/me/email", None).await.brief(),
        "405 method_not_allowed"
    );
    let overridden = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/me/sessions")
        .header("x-http-method-override", "DELETE")
        .header("authorization", format!("Bearer {}", ada.access_token))
        .body(Body::empty())
        .unwrap();
    assert_eq!(app.send(overridden).await.brief(), "405 method_not_allowed");
}

/// HT-04: a proxy in front may believe the other one.
#[tokio::test]
async fn ht_04_two_hosts_and_what_is_no_host_are_refused() {
    let app = TestApp::new().await;
    for path in ["/.well-known/jwks.json", "/api/v1/me", "/r/acme/keys", "/health/live"] {
        let request = Request::builder().uri(path).header("host", "a.test").header("host", "b.test");
        assert_eq!(
            app.send(request.body(Body::empty()).unwrap()).await.brief(),
            "400 invalid_host",
            "{path}"
        );
        for host in ["a.test/b", "a.test, b.test", "user@a.test", "a\u{e9}.test", "a.test#b"] {
            let request = Request::builder().uri(path).header("host", host).body(Body::empty()).unwrap();
            assert_eq!(app.send(request).await.brief(), "400 invalid_host", "{path} {host}");
        }
    }
}

/// HT-05: what a proxy is said to have been asked changes neither an address nor a cookie.
#[tokio::test]
async fn ht_05_forged_headers_of_a_proxy_change_no_link_and_no_cookie() {
    let app = TestApp::new().await;
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-port", "1"),
        ("x-forwarded-prefix", "/evil.example"),
        ("forwarded", "host=evil.example;proto=http"),
        ("x-original-url", "/evil.example"),
        ("x-rewrite-url", "/evil.example"),
    ] {
        for path in ["/.well-known/openid-configuration", "/sign-in", "/account/profile"] {
            let plain = Request::get(path).header("host", "127.0.0.1:8400").header("accept", "text/html,*/*");
            let forged = plain.header(name, value).body(Body::empty()).unwrap();
            let answer = app.send(forged).await;
            assert!(!String::from_utf8_lossy(&answer.body).contains("evil.example"), "{name} {path}");
            for (header, value) in &answer.headers {
                let value = value.to_str().unwrap();
                assert!(!value.contains("evil.example"), "{name} {path}: {header}");
                assert!(header != "set-cookie" || value.contains("; Secure"), "{name} {path}: {value}");
            }
        }
    }
}
