//! `/api-keys`

use axum::http::Method;
use serde_json::json;

use super::{ADA, brief, get, login, person, post, someone};
use crate::support::{PASSWORD, Person, TestApp};

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
    let prefix = json["key"]["key_prefix"].as_str().unwrap();
    assert!(
        full.starts_with(prefix) && prefix.len() > "gp_key_".len(),
        "keys are told apart by it: {prefix}"
    );
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

async fn make(app: &TestApp, who: &Person, body: serde_json::Value) -> String {
    let made = post(app, who, "/api-keys", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["key"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_gets_another_name_and_nothing_else() {
    let app = world().await;
    let (ada, eve) = (person(&app, ADA).await, person(&app, "eve@example.com").await);
    let path = format!("/api-keys/{}", make(&app, &ada, json!({"name": "ci", "scopes": ["ci"]})).await);
    let rename = async |who: &Person, path: &str, body| app.ask(who, Method::PATCH, path, Some(body)).await;
    let body =
        json!({"name": "nightly", "description": null, "realm_id": "default", "device_fingerprint": "x"});
    let renamed = rename(&ada, &path, body).await.json();
    assert_eq!((&renamed["key"]["name"], &renamed["key"]["scopes"]), (&json!("nightly"), &json!(["ci"])));
    for body in [
        json!({}),
        json!({"name": null}),
        json!({"name": ""}),
        json!({"name": 7}),
        json!({"name": "x", "scopes": ["ci"]}),
        json!({"name": "x", "expires_at": "2030-01-01T00:00:00Z"}),
        json!({"name": "x", "expiresAt": "2030-01-01T00:00:00Z"}),
        json!({"name": "x", "ip_restrictions": ["192.0.2.0/24"]}),
        json!({"name": "x", "description": "of no use"}),
        json!({"status": "revoked"}),
    ] {
        assert_eq!(brief(&rename(&ada, &path, body.clone()).await), "400 INVALID_REQUEST", "{body}");
    }
    assert_eq!(get(&app, &ada, &path).await.json()["key"]["name"], json!("nightly"));
    for (who, path) in [(&eve, &*path), (&ada, "/api-keys/x")] {
        let answer = rename(who, path, json!({"name": "hers"})).await;
        assert_eq!(brief(&answer), "404 API_KEY_NOT_FOUND", "{path}");
    }
    let nobody =
        app.send(crate::support::request(Method::PATCH, &path, None, Some(json!({"name": "x"})))).await;
    assert_eq!(brief(&nobody), "401 UNAUTHORIZED");
}

/// However many are over: only what is good is shown.
#[tokio::test]
async fn keys_that_are_over_are_not_listed() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let end = app.clock.now().plus(std::time::Duration::from_mins(1));
    let over = make(&app, &ada, json!({"name": "old", "scopes": ["ci"], "expires_at": end})).await;
    app.advance(std::time::Duration::from_mins(2));
    let good = make(&app, &ada, json!({"name": "new", "scopes": ["ci"]})).await;
    let listed = get(&app, &ada, "/api-keys").await.json();
    assert_eq!((&listed["total"], &listed["keys"][0]["id"]), (&json!(1), &json!(good)));
    assert_eq!(brief(&get(&app, &ada, &format!("/api-keys/{over}")).await), "404 API_KEY_NOT_FOUND");
}

#[tokio::test]
async fn an_administrator_revokes_a_key_by_its_id_alone() {
    let app = TestApp::with(&format!(
        "[[realm]]\nname = \"default\"\nprofile = \"zalt\"\napi_key_scopes = [\"ci\"]\n\
         [[realm.user]]\nemail = \"root@example.com\"\npassword = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n\
         [[realm]]\nname = \"acme\"\nprofile = \"zalt\"\napi_key_scopes = [\"ci\"]\n"
    ))
    .await;
    let root = someone(&login(&app, "root@example.com").await);
    let ada = person(&app, ADA).await;
    let id = make(&app, &ada, json!({"name": "ci", "scopes": ["ci"]})).await;
    let path = format!("/admin/realms/default/api-keys/{id}");
    assert_eq!(brief(&app.ask(&ada, Method::DELETE, &path, None).await), "403 FORBIDDEN");
    let elsewhere = path.replace("default", "acme");
    assert_eq!(brief(&app.ask(&root, Method::DELETE, &elsewhere, None).await), "404 REALM_NOT_FOUND");
    for nobody in ["x", "key_00000000000000000000000000"] {
        let path = format!("/admin/realms/default/api-keys/{nobody}");
        assert_eq!(
            brief(&app.ask(&root, Method::DELETE, &path, None).await),
            "404 API_KEY_NOT_FOUND",
            "{nobody}"
        );
    }
    let nobody = app.send(crate::support::request(Method::DELETE, &path, None, None)).await;
    assert_eq!(brief(&nobody), "401 UNAUTHORIZED");
    assert_eq!(app.ask(&root, Method::DELETE, &path, None).await.status, 200);
    assert_eq!(brief(&app.ask(&root, Method::DELETE, &path, None).await), "404 API_KEY_NOT_FOUND");
    assert_eq!(get(&app, &ada, "/api-keys").await.json()["total"], json!(0));
    let trail = get(&app, &root, "/api/v1/admin/audit?event=api-key-revoked").await.json();
    assert_eq!(trail["events"][0]["actor"], json!(format!("user:{}", root.id)));
    assert_eq!(trail["events"][0]["user"], json!(ada.id));

    // One of an organization too.
    let body = json!({"name": "Analytical", "slug": "analytical"});
    let organization = post(&app, &ada, "/api/v1/organizations", body).await.text("id");
    let keys = format!("/api/v1/organizations/{organization}/api-keys");
    let made = post(&app, &ada, &keys, json!({"name": "ci", "scopes": ["ci"]})).await.text("id");
    let path = format!("/admin/realms/default/api-keys/{made}");
    assert_eq!(app.ask(&root, Method::DELETE, &path, None).await.status, 200);
    assert_eq!(get(&app, &ada, &keys).await.json()["api_keys"], json!([]));
}
