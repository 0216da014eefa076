//! What holds at every door holds at these.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{Method, Request, header::CONTENT_TYPE},
};
use hyper::body::{Frame, SizeHint};
use serde_json::json;

use super::{ask, form};
use crate::support::{PASSWORD, TestApp};

fn realm(profile: &str, more: &str) -> String {
    format!(
        r#"
[[realm]]
name = "default"
profile = "{profile}"
{more}
[[realm.user]]
username = "ada"
email = "ada@example.com"
password = "{PASSWORD}"
[[realm.user]]
email = "chief@example.com"
password = "{PASSWORD}"
roles = ["realm-admin"]
"#
    )
}

const PROFILES: [(&str, &str, &str); 2] =
    [("runbook", "/token", "ada"), ("module04", "/auth/token", "ada@example.com")];

const WRONG: &str = r#"401 {"detail":"Incorrect username or password"} Bearer"#;

/// MF-04: a contract that knows one step is no way round a second.
#[tokio::test]
async fn mf_04_an_account_with_a_second_factor_is_not_signed_in_by_a_password_alone() {
    for (profile, path, name) in PROFILES {
        let app = TestApp::with(&realm(profile, "")).await;
        let fields = [("username", name), ("password", PASSWORD)];
        assert_eq!(form(&app, path, &fields, &[]).await.status, 200);
        let ada = app.sign_in("ada@example.com").await;
        app.add_passkey(&ada, &mut crate::support::SoftPasskey::es256()).await;
        assert_eq!(form(&app, path, &fields, &[]).await.with_challenge(), WRONG, "{profile}");
        if profile == "module04" {
            assert_eq!(
                form(&app, "/auth/login", &fields, &[]).await.whole(),
                r#"401 {"detail":"Unauthorized"}"#
            );
        }
        // It is in the trail as a sign-in that was refused, and counts as one that was wrong.
        for _ in 0..4 {
            form(&app, path, &fields, &[]).await;
        }
        let limited = form(&app, path, &fields, &[]).await;
        assert_eq!(limited.status, 429, "{profile}: {limited:?}");
        // The same where the realm asks for one that nobody has yet.
        let strict = TestApp::with(&realm(profile, "mfa = \"required\"")).await;
        assert_eq!(form(&strict, path, &fields, &[]).await.with_challenge(), WRONG, "{profile}");
    }
}

/// LG-03: wrong passwords are counted here as at every door.
#[tokio::test]
async fn lg_03_wrong_passwords_are_counted_and_told_in_the_envelope_of_the_contract() {
    for (profile, path, name) in PROFILES {
        let app = TestApp::with(&realm(profile, "")).await;
        let wrong = [("username", name), ("password", "not the password")];
        for _ in 0..5 {
            assert_eq!(form(&app, path, &wrong, &[]).await.with_challenge(), WRONG, "{profile}");
        }
        let limited = form(&app, path, &[("username", name), ("password", PASSWORD)], &[]).await;
        assert_eq!(
            (limited.status.as_u16(), limited.json()["detail"].is_string()),
            (429, true),
            "{limited:?}"
        );
        assert_eq!(limited.header("content-type"), Some("application/json"));
        assert!(limited.header("retry-after").is_some() && limited.header("ratelimit").is_some());
        // The account is closed to guesses at the native door, too: there is one count.
        let native =
            app.post("/api/v1/login", json!({"email": "ada@example.com", "password": PASSWORD})).await;
        assert_eq!(native.status, 429, "{profile}");
    }
}

/// LG-01: an account that there is not answers as one that there is.
#[tokio::test]
async fn lg_01_nobody_learns_which_accounts_there_are() {
    for (profile, path, name) in PROFILES {
        let app = TestApp::with(&realm(profile, "")).await;
        let nobody = name.replace("ada", "nobody");
        for who in [name, nobody.as_str(), "", "a b", &"x".repeat(2_000)] {
            let answer = form(&app, path, &[("username", who), ("password", "not the password")], &[]).await;
            let expected = if who.is_empty() { 422 } else { 401 };
            assert_eq!(answer.status, expected, "{profile}: {who}");
        }
        let long = "p".repeat(10_000);
        assert_eq!(
            form(&app, path, &[("username", name), ("password", &long)], &[]).await.with_challenge(),
            WRONG
        );
    }
}

/// A page of another origin asks first, and FastAPI's documentation pages among them.
#[tokio::test]
async fn pages_of_origins_that_the_realm_names_may_ask() {
    let app = TestApp::with(&realm("runbook", "allowed_origins = [\"https://app.example.com\"]")).await;
    let preflight = [
        ("origin", "https://app.example.com"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type,x-requested-with"),
    ];
    let told = ask(&app, Method::OPTIONS, "/token", &preflight).await;
    assert_eq!(told.status, 200, "{told:?}");
    assert_eq!(told.header("access-control-allow-origin"), Some("https://app.example.com"));
    let allowed = told.header("access-control-allow-headers").unwrap();
    assert!(["authorization", "content-type", "x-requested-with"].iter().all(|name| allowed.contains(name)));
    let other = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
    assert_eq!(
        ask(&app, Method::OPTIONS, "/token", &other).await.header("access-control-allow-origin"),
        None
    );
}

/// One server serves every profile at once, each under its own prefix.
#[tokio::test]
async fn one_server_serves_several_profiles() {
    let file = ["runbook", "module04", "native"]
        .map(|profile| format!("[[realm]]\nname = \"{profile}-realm\"\nprofile = \"{profile}\"\n"))
        .concat();
    let app = TestApp::with(&file).await;
    for (path, runbook, module04, native) in [
        ("/token", 405, 404, 404),
        ("/auth/token", 404, 405, 404),
        ("/users/me", 401, 401, 404),
        ("/health", 200, 404, 404),
        ("/.well-known/openid-configuration", 200, 200, 200),
        ("/api/v1/me", 401, 401, 401),
    ] {
        for (realm, expected) in [("runbook", runbook), ("module04", module04), ("native", native)] {
            let answer = app.get(&format!("/r/{realm}-realm{path}")).await;
            assert_eq!(answer.status, expected, "{realm} {path}");
        }
    }
}

/// A body that is announced, and never sent.
struct Announced;

impl HttpBody for Announced {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(99_999_999)
    }
}

/// RI-06 in spirit: whoever announces too much is told so at once, and nobody waits for the rest.
#[tokio::test]
async fn a_body_that_is_announced_as_too_large_is_not_waited_for_at_any_door() {
    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json";
    let file = ["runbook", "module04", "zalt", "native"]
        .map(|profile| format!("[[realm]]\nname = \"{profile}\"\nprofile = \"{profile}\"\n"))
        .concat();
    let app = TestApp::with(&file).await;
    for (path, kind, status) in [
        ("/r/runbook/register", JSON, 413),
        ("/r/runbook/token", FORM, 413),
        ("/r/module04/auth/token", FORM, 413),
        ("/r/zalt/login", JSON, 413),
        ("/r/native/api/v1/login", JSON, 413),
        ("/r/native/api/auth/sign-in/email", JSON, 413),
        ("/r/native/oauth/token", FORM, 400),
        ("/r/native/oauth/authorize", FORM, 400),
    ] {
        let request = Request::post(path).header("host", "127.0.0.1:8400").header(CONTENT_TYPE, kind);
        let asked = app.send(request.body(Body::new(Announced)).unwrap());
        let answer = tokio::time::timeout(std::time::Duration::from_secs(5), asked).await;
        assert_eq!(answer.expect(path).status, status, "{path}");
    }
}
