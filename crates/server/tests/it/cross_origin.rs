//! SE-09, SE-10: what other origins may read of what the server answers, and what they can make a browser send.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};

use serde_json::json;

use crate::{
    pages::browser::signed_in,
    support::{Answer, PASSWORD, TestApp},
};

const APP: &str = "https://app.example.com";
const REALMS: &str = r#"
[[realm]]
name = "acme"
allowed_origins = ["https://app.example.com", "http://localhost:3000"]

[[realm]]
name = "other"
allowed_origins = ["https://other.example.com"]
"#;

async fn from(app: &TestApp, origin: &str, method: Method, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    app.send(request.header("host", "127.0.0.1:8400").header("origin", origin).body(Body::empty()).unwrap())
        .await
}

async fn preflight(app: &TestApp, origin: &str, path: &str) -> Answer {
    let request = Request::builder().method(Method::OPTIONS).uri(path).header("host", "127.0.0.1:8400");
    let request = request.header("origin", origin).header("access-control-request-method", "POST");
    let request = request.header("access-control-request-headers", "authorization,content-type");
    app.send(request.body(Body::empty()).unwrap()).await
}

fn varies_with_origin(answer: &Answer) -> bool {
    answer
        .header("vary")
        .is_some_and(|vary| vary.split(',').any(|name| name.trim().eq_ignore_ascii_case("origin")))
}

/// Every route that programs call, on the way to a refusal, too: an application has to read why.
#[tokio::test]
async fn se_09_a_named_origin_may_call_everything_that_programs_call() {
    let app = TestApp::with(REALMS).await;
    let api = app.get("/openapi.json").await.json();
    let mut routes = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        let path = format!("/r/acme{}", path.replace(['{', '}'], ""));
        let asked = preflight(&app, APP, &path).await;
        assert!(asked.status.is_success(), "{path}: {}", asked.status);
        assert_eq!(asked.header("access-control-allow-origin"), Some(APP), "{path}");
        assert_eq!(asked.header("access-control-allow-methods"), Some("GET,POST,PUT,PATCH,DELETE"));
        assert_eq!(
            asked.header("access-control-allow-headers"),
            Some("authorization,content-type,if-match,dpop")
        );
        assert_eq!(asked.header("access-control-max-age"), Some("600"));
        for method in item.as_object().unwrap().keys() {
            let answer = from(&app, APP, method.to_uppercase().parse().unwrap(), &path).await;
            assert_eq!(answer.header("access-control-allow-origin"), Some(APP), "{method} {path}");
            assert!(
                answer
                    .header("access-control-expose-headers")
                    .is_some_and(|told| told.contains("www-authenticate"))
            );
            assert!(varies_with_origin(&answer), "{method} {path}");
            // Nothing here is answered by a cookie.
            assert_eq!(answer.header("access-control-allow-credentials"), None, "{method} {path}");
            routes += 1;
        }
    }
    assert!(routes >= 50, "the walk found only {routes} routes");
}

#[tokio::test]
async fn se_09_an_origin_that_is_not_named_reads_nothing() {
    let app = TestApp::with(REALMS).await;
    for origin in [
        "https://evil.test",
        "null",
        "*",
        "https://app.example.com.evil.test",
        "https://evilapp.example.com",
        "https://appXexample.com",
        "https://app.example.com:8443",
        "http://app.example.com",
        "https://APP.example.com",
        "https://app.example.com/",
        "https://app.example.com https://evil.test",
        "https://other.example.com",
    ] {
        for path in ["/r/acme/api/v1/me", "/r/acme/oauth/token", "/r/acme/oauth/userinfo"] {
            for answer in [preflight(&app, origin, path).await, from(&app, origin, Method::POST, path).await]
            {
                assert_eq!(answer.header("access-control-allow-origin"), None, "{origin} {path}");
                // What a cache keeps for one origin is not given to another.
                assert!(varies_with_origin(&answer), "{origin} {path}");
            }
        }
    }
    // The default realm names nobody.
    assert_eq!(from(&app, APP, Method::GET, "/api/v1/me").await.header("access-control-allow-origin"), None);
}

/// Pages go by the cookie of a browser; no other origin reads them, named or not. Public documents are for everybody.
#[tokio::test]
async fn se_09_pages_are_read_by_no_other_origin_and_documents_by_all() {
    let app = TestApp::with(REALMS).await;
    for path in ["/sign-in", "/sign-up", "/account/profile", "/oauth/authorize", "/oidc/logout", "/device"] {
        for answer in [
            preflight(&app, APP, &format!("/r/acme{path}")).await,
            from(&app, APP, Method::GET, &format!("/r/acme{path}")).await,
        ] {
            assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
        }
    }
    for path in ["/.well-known/openid-configuration", "/.well-known/jwks.json"] {
        let answer = from(&app, "https://anybody.test", Method::GET, &format!("/r/acme{path}")).await;
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (StatusCode::OK, Some("*"))
        );
    }
}

/// SE-10: what another site makes a browser send opens nothing of the API: it takes no cookie, and no body that a form can have.
#[tokio::test]
async fn se_10_a_form_of_another_site_reaches_nothing() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "ada@example.com").await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Mallory"}).to_string();
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    {
        for origin in [None, Some("null"), Some("https://evil.example")] {
            for (method, path, expected) in [
                (Method::POST, "/api/v1/login", "415 unsupported_media_type"),
                (Method::POST, "/api/v1/register", "415 unsupported_media_type"),
                (Method::POST, "/api/v1/refresh", "415 unsupported_media_type"),
                (Method::POST, "/api/v1/me/password", "401 unauthenticated"),
                (Method::PATCH, "/api/v1/me", "401 unauthenticated"),
                (Method::POST, "/api/v1/logout", "401 unauthenticated"),
                (Method::POST, "/api/v1/me/api-keys", "401 unauthenticated"),
                (Method::POST, "/api/v1/admin/users", "401 unauthenticated"),
            ] {
                let mut request = browser.request(method, path).header("content-type", content_type);
                if let Some(origin) = origin {
                    request = request.header("origin", origin);
                }
                let answer = browser.send(request.body(Body::from(body.clone())).unwrap()).await;
                assert_eq!(answer.brief(), expected, "{path} {content_type} {origin:?}");
                assert!(answer.headers.get("set-cookie").is_none(), "{path}");
            }
        }
    }
    // The method is that of the request, whatever a header or a field says.
    let overriding = browser
        .request(Method::POST, "/account/sessions")
        .header("x-http-method-override", "GET")
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(browser.send(overriding.body(Body::from("_method=GET")).unwrap()).await.status, 403);
}
