//! `/oauth/par` (RFC 9126).

use axum::{body::Body, http::Request};

use crate::support::{Answer, TestApp};

const FILE: &str = r#"
[[realm]]
name = "default"
audience = ["a", "b"]
[[realm.client]]
id = "spa"
public = true
redirect_uris = ["https://app.test/cb", "http://127.0.0.1/cb"]
scopes = ["openid"]
[[realm.client]]
id = "worker"
public = true
redirect_uris = ["https://app.test/cb"]
grants = []
"#;
const GOOD: &str = "client_id=spa&response_type=code&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&scope=openid&resource=a&resource=b&\
                    code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

async fn push(app: &TestApp, form: &str) -> Answer {
    let request = Request::post("/oauth/par")
        .header("host", "127.0.0.1:8400")
        .header("content-type", "application/x-www-form-urlencoded");
    app.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

#[tokio::test]
async fn a_request_is_kept_under_a_name_that_nobody_guesses() {
    let app = TestApp::with(FILE).await;
    let (first, second) = (push(&app, GOOD).await, push(&app, GOOD).await);
    assert_eq!((first.status.as_u16(), first.header("cache-control")), (201, Some("no-store")), "{first:?}");
    assert_eq!(first.json()["expires_in"], 90);
    let name = |answer: &Answer| {
        let uri = answer.text("request_uri");
        uri.strip_prefix("urn:ietf:params:oauth:request_uri:").unwrap().to_owned()
    };
    assert_ne!(name(&first), name(&second));
    assert!(name(&first).len() == 43, "256 bits");
    let native = GOOD.replace("https%3A%2F%2Fapp.test%2Fcb", "http%3A%2F%2F127.0.0.1%3A5000%2Fcb");
    assert_eq!(push(&app, &native).await.status, 201, "any port of loopback (RFC 8252)");
}

/// OA-19, the part of the endpoint that keeps requests.
#[tokio::test]
async fn oa_19_what_the_browser_would_be_refused_for_is_refused_to_the_client() {
    let app = TestApp::with(FILE).await;
    for (form, expected) in [
        (GOOD.replace("app.test", "evil.test"), "400 invalid_request"),
        (GOOD.replace("&redirect_uri=https%3A%2F%2Fapp.test%2Fcb", ""), "400 invalid_request"),
        (GOOD.replace("&response_type=code", ""), "400 invalid_request"),
        (format!("{GOOD}&scope=email"), "400 invalid_request"),
        (GOOD.replace("scope=openid", "scope=email"), "400 invalid_scope"),
        (GOOD.replace("resource=b", "resource=c"), "400 invalid_target"),
        (GOOD.replace("=S256", "=plain"), "400 invalid_request"),
        (GOOD.replace("=code&", "=token&"), "400 unsupported_response_type"),
        (format!("{GOOD}&response_mode=fragment"), "400 invalid_request"),
        (format!("{GOOD}&request=eyJhbGciOiJub25lIn0.e30."), "400 request_not_supported"),
        (format!("{GOOD}&request=x.y.z"), "400 invalid_request_object"),
        (format!("{GOOD}&request_uri=https%3A%2F%2F169.254.169.254%2F"), "400 invalid_request"),
        (GOOD.replace("client_id=spa", "client_id=worker"), "400 unauthorized_client"),
        (GOOD.replace("client_id=spa", "client_id=nobody"), "401 invalid_client"),
        (GOOD.replace("client_id=spa&", ""), "401 invalid_client"),
    ] {
        let answer = push(&app, &form).await;
        assert_eq!(format!("{} {}", answer.status.as_u16(), answer.text("error")), expected, "{form}");
    }
}
