//! `/oauth/revoke` (RFC 7009).

use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::json;

use crate::support::{Answer, TestApp};

const FILE: &str = r#"
[[realm]]
name = "default"
audience = ["notes-api"]
[[realm.client]]
id = "spa"
public = true
[[realm.client]]
id = "web"
secret = "a secret of thirty-two characters, 1"
token_endpoint_auth_method = "client_secret_post"
grants = ["authorization_code", "refresh_token", "client_credentials"]
scopes = ["notes:read"]
"#;
const WEB: &str = "client_id=web&client_secret=a+secret+of+thirty-two+characters%2C+1";

async fn post(app: &TestApp, path: &str, form: &str) -> Answer {
    let request = Request::post(path)
        .header("host", "127.0.0.1:8400")
        .header("content-type", "application/x-www-form-urlencoded");
    app.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

async fn revoke(app: &TestApp, client: &str, token: &str) -> String {
    let answer = post(app, "/oauth/revoke", &format!("{client}&token={token}")).await;
    match answer.json()["error"].as_str() {
        Some(error) => format!("{} {error}", answer.status.as_u16()),
        None => format!("{} {}", answer.status.as_u16(), String::from_utf8_lossy(&answer.body)),
    }
}

/// Whether a token of any kind is good.
async fn active(app: &TestApp, token: &str) -> bool {
    post(app, "/oauth/introspect", &format!("{WEB}&token={token}")).await.json()["active"] == json!(true)
}

#[tokio::test]
async fn rv_01_another_clients_token_is_left_alone_and_an_unknown_one_is_no_error() {
    let app = TestApp::with(FILE).await;
    let ada = app.person("ada@example.com").await;
    app.execute("UPDATE grants SET client_id = 'spa'").await;
    for token in ["nothing", "gp_rt_forged", "a.b.c", ada.access_token.as_str(), ada.refresh_token.as_str()] {
        assert_eq!(revoke(&app, WEB, token).await, "200 ", "{token}");
    }
    assert!(active(&app, &ada.refresh_token).await, "nothing of another client ended");
    // Its own: what a public client holds is all it can show.
    assert_eq!(revoke(&app, "client_id=spa", &ada.refresh_token).await, "200 ");
    assert!(!active(&app, &ada.refresh_token).await);
    assert_eq!(revoke(&app, "client_id=spa", &ada.refresh_token).await, "200 ", "twice is no error");

    let admin = app.admin().await;
    let trail = app.ask(&admin, Method::GET, "/api/v1/admin/audit?event=grant-revoked", None).await.json();
    let events = trail["events"].as_array().unwrap();
    assert_eq!((events.len(), &events[0]["actor"]), (1, &json!("client:spa")), "{trail}");
    assert_eq!(events[0]["user"], json!(ada.id));
}

#[tokio::test]
async fn rv_01_who_does_not_prove_to_be_the_client_revokes_nothing() {
    let app = TestApp::with(FILE).await;
    let ada = app.person("ada@example.com").await;
    app.execute("UPDATE grants SET client_id = 'web'").await;
    for client in ["client_id=web", "client_id=web&client_secret=x", "client_id=nobody", "x=y"] {
        assert_eq!(revoke(&app, client, &ada.refresh_token).await, "401 invalid_client", "{client}");
    }
    assert!(active(&app, &ada.refresh_token).await);
    let missing = post(&app, "/oauth/revoke", WEB).await;
    assert_eq!((missing.status.as_u16(), missing.text("error").as_str()), (400, "invalid_request"));
    assert_eq!(revoke(&app, WEB, &ada.refresh_token).await, "200 ");
    assert!(!active(&app, &ada.refresh_token).await);
}

#[tokio::test]
async fn what_belongs_to_no_grant_is_said_to_end_by_itself() {
    let app = TestApp::with(FILE).await;
    let own = post(&app, "/oauth/token", &format!("{WEB}&grant_type=client_credentials")).await;
    assert_eq!(revoke(&app, WEB, &own.text("access_token")).await, "400 unsupported_token_type");
    assert_eq!(revoke(&app, WEB, "gp_key_x").await, "400 unsupported_token_type");
}

/// RV-01: "not revoked" must never look like "revoked" (CVE-2020-15223).
#[tokio::test]
async fn rv_01_a_failing_store_is_an_error_and_not_200() {
    let app = TestApp::with(FILE).await;
    let ada = app.person("ada@example.com").await;
    app.execute("UPDATE grants SET client_id = 'web'").await;
    app.execute("ALTER TABLE outbox RENAME TO elsewhere").await;
    let answer = post(&app, "/oauth/revoke", &format!("{WEB}&token={}", ada.refresh_token)).await;
    assert!(answer.status.is_server_error(), "{answer:?}");
    app.execute("ALTER TABLE elsewhere RENAME TO outbox").await;
    assert!(active(&app, &ada.refresh_token).await, "and it is not half done");
}
