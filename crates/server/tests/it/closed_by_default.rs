//! AZ-03: every route of the API is closed to nobody unless it is written down here as public.

use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::json;

use crate::support::{TestApp, request};

/// At the token endpoint what is exchanged, or the client's secret, is in the body.
/// What was mailed proves who one is. At the second step of a sign-in it is the token of the first.
pub const PUBLIC: [&str; 18] = [
    "POST /api/v1/register",
    "POST /api/v1/login",
    "POST /api/v1/login/email",
    "POST /api/v1/login/email/confirm",
    "POST /api/v1/login/mfa",
    "POST /api/v1/login/mfa/totp",
    "POST /api/v1/login/mfa/sms",
    "POST /api/v1/login/mfa/passkey",
    "POST /api/v1/login/mfa/passkey/new",
    "POST /api/v1/login/passkey",
    "POST /api/v1/login/passkey/options",
    "POST /api/v1/refresh",
    "POST /api/v1/recover",
    "POST /api/v1/recover/confirm",
    "POST /api/v1/verify-email",
    "POST /api/v1/verify-email/resend",
    "POST /api/v1/undo-email",
    "POST /oauth/token",
];

#[tokio::test]
async fn az_03_every_other_route_refuses_nobody_and_garbage() {
    let app = TestApp::new().await;
    let api = app.get("/openapi.json").await.json();
    let mut closed = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let route = format!("{method} {path}");
            let path = filled(path, "usr_00000000000000000000000000");
            let ask = |token: Option<&str>| app.send(request(method.clone(), &path, token, Some(json!({}))));
            if PUBLIC.contains(&route.as_str()) {
                assert_ne!(
                    ask(None).await.status,
                    401,
                    "{route} is not public any more: take it off the list"
                );
                continue;
            }
            closed += 1;
            if path == "/oauth/userinfo" {
                for (token, challenge) in
                    [(None, "Bearer"), (Some("garbage"), "Bearer error=\"invalid_token\"")]
                {
                    let answer = ask(token).await;
                    assert_eq!(answer.status, 401, "{route}");
                    assert!(
                        answer.header("www-authenticate").is_some_and(|told| told.starts_with(challenge))
                    );
                }
                continue;
            }
            // Registration is closed unless the realm opens it, and each client manages itself alone.
            if path.starts_with("/oauth/register") {
                for token in [None, Some("garbage")] {
                    let expected = if path == "/oauth/register" { 403 } else { 401 };
                    assert_eq!(ask(token).await.status, expected, "{route}");
                }
                continue;
            }
            if path.starts_with("/oauth/") {
                let answer = app.send(form(&path)).await;
                assert_eq!(
                    (answer.status.as_u16(), answer.text("error")),
                    (401, "invalid_client".into()),
                    "{route}"
                );
                continue;
            }
            assert_eq!(ask(None).await.brief(), "401 unauthenticated", "{route}");
            assert_eq!(ask(Some("garbage")).await.brief(), "401 invalid_token", "{route}");
        }
    }
    assert!(closed >= 12, "the walk found only {closed} closed routes");
}

/// A form of a client that says nothing of itself.
fn form(path: &str) -> Request<Body> {
    let form = "application/x-www-form-urlencoded";
    Request::post(path)
        .header("host", "127.0.0.1:8400")
        .header("content-type", form)
        .body(Body::empty())
        .unwrap()
}

/// The path with `id` for every parameter.
pub fn filled(path: &str, id: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { id } else { part }).collect::<Vec<_>>().join("/")
}

/// Administration takes the role, on every route.
#[tokio::test]
async fn every_administration_route_takes_the_role() {
    let app = TestApp::new().await;
    let eve = app.person("eve@example.com").await;
    let api = app.get("/openapi.json").await.json();
    let paths = api["paths"].as_object().unwrap().iter().filter(|(path, _)| path.contains("/admin/"));
    let mut seen = 0;
    for (path, item) in paths {
        for method in item.as_object().unwrap().keys() {
            let path = filled(path, &eve.id);
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = app.ask(&eve, method.clone(), &path, Some(json!({}))).await;
            assert_eq!(answer.brief(), "403 missing_role", "{method} {path}");
            seen += 1;
        }
    }
    assert!(seen >= 5);
}
