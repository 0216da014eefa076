//! What holds at the native door holds at this one.

use serde_json::json;

use super::{ADA, brief, credentials, person, register, world};
use crate::support::{PASSWORD, TestApp};

/// AZ-03: every endpoint asks who is calling, unless it is written down here as one that does not.
#[tokio::test]
async fn az_03_every_other_endpoint_refuses_nobody_and_garbage() {
    const PUBLIC: [&str; 21] = [
        "/auth/social/x/authorize",
        "/auth/social/x/callback",
        "/v1/auth/social/x/authorize",
        "/v1/auth/social/x/callback",
        "/machines/token",
        "/v1/auth/webauthn/authenticate",
        "/v1/auth/webauthn/authenticate/complete",
        "/v1/auth/webauthn/authenticate/options",
        "/v1/auth/webauthn/authenticate/verify",
        "/register",
        "/login",
        "/refresh",
        "/health",
        "/mfa/verify",
        "/v1/auth/mfa/login/verify",
        "/v1/auth/mfa/sms/login/verify",
        "/password/reset",
        "/password/reset/confirm",
        "/v1/auth/password-reset/request",
        "/v1/auth/password-reset/confirm",
        "/v1/auth/verify-email/confirm",
    ];
    let app = world().await;
    let mut closed = 0;
    for (method, path, _) in gatepost_server::testing::zalt_served() {
        let method: axum::http::Method = method.parse().unwrap();
        let path = path.split('/').map(|part| match part {
            "{realm}" => "default",
            part if part.starts_with('{') => "x",
            part => part,
        });
        let path = path.collect::<Vec<_>>().join("/");
        for token in [None, Some("garbage")] {
            let request = crate::support::request(method.clone(), &path, token, Some(json!({})));
            let answer = app.send(request).await;
            if PUBLIC.contains(&&*path) {
                assert_ne!(
                    answer.status, 401,
                    "{method} {path} is not public any more: take it off the list"
                );
                continue;
            }
            closed += 1;
            let is_flat = path.starts_with("/v1/admin/organizations") || path.starts_with("/v1/admin/roles");
            let expected = if token.is_some() && !is_flat { "401 INVALID_TOKEN" } else { "401 UNAUTHORIZED" };
            assert_eq!(brief(&answer), expected, "{method} {path}");
        }
    }
    assert!(closed >= 20);
}

/// What happened is in the audit trail as if it had happened there.
#[tokio::test]
async fn what_is_done_here_is_written_down_as_at_the_native_door() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    app.post("/login", json!({"email": ADA, "password": "not the password"})).await;
    app.post("/login", credentials(ADA)).await;
    super::post(&app, &ada, "/logout", json!({"logout_all": true})).await;
    app.apply(&format!(
        "[[realm]]\nname = \"default\"\n[[realm.user]]\nemail = \"root@example.com\"\npassword = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n"
    ))
    .await;
    let admin = app.sign_in("root@example.com").await;
    let trail = app.ask(&admin, axum::http::Method::GET, "/api/v1/admin/audit?limit=100", None).await.json();
    let events: Vec<&str> =
        trail["events"].as_array().unwrap().iter().filter_map(|event| event["event"].as_str()).collect();
    for event in ["user-registered", "signed-in", "sign-in-refused", "signed-out-everywhere"] {
        assert!(events.contains(&event), "{event}: {events:?}");
    }
}

/// No secret, password or token of a request is in the log, whatever it is answered with.
#[tokio::test]
async fn nothing_of_a_request_is_in_the_log() {
    let log = crate::support::Log::begin();
    let app: TestApp = world().await;
    register(&app, ADA).await;
    for (path, body) in [
        ("/login", json!({"email": ADA, "password": "hunter2-hunter2"})),
        ("/login", json!({"email": "hunter2-hunter2", "password": "hunter2-hunter2"})),
        ("/refresh", json!({"refresh_token": "hunter2-hunter2"})),
        ("/mfa/verify", json!({"mfa_session_id": "hunter2-hunter2", "code": "hunter2-hunter2"})),
        (
            "/register",
            json!({"email": "b@example.com", "password": "hunter2-hunter2", "realm_id": "hunter2-hunter2"}),
        ),
    ] {
        let answer = app.post(path, body).await;
        assert!(answer.status.is_client_error() || answer.status.is_success());
        assert!(!String::from_utf8_lossy(&answer.body).contains("hunter2"), "{answer:?}");
    }
    assert!(!log.take().contains("hunter2"));
}
