//! `/api-keys`

use axum::http::Method;
use serde_json::json;

use super::{ADA, brief, get, person, post};
use crate::support::TestApp;

async fn world() -> TestApp {
    TestApp::with("[[realm]]\nname = \"default\"\nprofile = \"zalt\"\napi_key_scopes = [\"ci\"]\n").await
}

#[tokio::test]
async fn a_key_is_made_shown_once_listed_and_revoked() {
    let app = world().await;
    let (ada, eve) = (person(&app, ADA).await, person(&app, "eve@example.com").await);
    let end = app.clock.now().plus(std::time::Duration::from_hours(24));
    let made =
        post(&app, &ada, "/api-keys", json!({"name": "ci", "scopes": ["ci"], "expires_at": end})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let json = made.json();
    let full = json["full_key"].as_str().unwrap();
    assert!(full.starts_with(json["key"]["key_prefix"].as_str().unwrap()));
    assert_eq!((&json["key"]["status"], &json["key"]["expires_at"]), (&json!("active"), &json!(end)));
    let id = json["key"]["id"].as_str().unwrap();

    let listed = get(&app, &ada, "/api-keys").await;
    assert_eq!((&listed.json()["total"], &listed.json()["keys"][0]["id"]), (&json!(1), &json!(id)));
    assert!(!String::from_utf8_lossy(&listed.body).contains(full));
    let path = format!("/api-keys/{id}");
    assert_eq!(get(&app, &ada, &path).await.json()["key"]["scopes"], json!(["ci"]));
    assert_eq!(get(&app, &eve, "/api-keys").await.json()["total"], json!(0));
    for (who, path) in [(&eve, &*path), (&ada, "/api-keys/x")] {
        for method in [Method::GET, Method::DELETE] {
            let answer = app.ask(who, method, path, None).await;
            assert_eq!(brief(&answer), "404 API_KEY_NOT_FOUND", "{path}");
        }
    }
    // What opens no account does not open this one.
    let by_key = app.send(crate::support::request(Method::GET, "/me", Some(full), None)).await;
    assert_eq!(brief(&by_key), "401 UNAUTHORIZED");
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.status, 200);
    assert_eq!(brief(&app.ask(&ada, Method::DELETE, &path, None).await), "404 API_KEY_NOT_FOUND");
    assert_eq!(get(&app, &ada, "/api-keys").await.json()["keys"], json!([]));
}

/// AK: a key has no more than its owner, and says nothing that is not kept.
#[tokio::test]
async fn what_no_key_can_be_is_refused() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    for body in [
        json!({"name": "ci"}),
        json!({"name": "ci", "scopes": []}),
        json!({"name": "ci", "scopes": ["settings:write"]}),
        json!({"name": "ci", "scopes": ["account"]}),
        json!({"name": "", "scopes": ["ci"]}),
        json!({"name": "ci", "scopes": ["ci"], "ip_restrictions": ["192.0.2.0/24"]}),
        json!({"name": "ci", "scopes": ["ci"], "expires_at": "2000-01-01T00:00:00Z"}),
        json!({"name": "ci", "scopes": ["ci"], "expires_at": "tomorrow"}),
    ] {
        let answer = post(&app, &ada, "/api-keys", body.clone()).await;
        assert_eq!(brief(&answer), "400 INVALID_REQUEST", "{body}: {answer:?}");
    }
    assert_eq!(get(&app, &ada, "/api-keys").await.json()["total"], json!(0));
}
