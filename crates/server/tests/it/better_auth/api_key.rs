use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use serde_json::{Value, json};

use super::{ADA, Client};
use crate::support::{Answer, PASSWORD, TestApp};

/// A realm in which Ada may write notes, and every key may carry a word.
fn file(words: &str) -> String {
    format!(
        "[[realm]]\nname = \"default\"\naudience = [\"notes-api\"]\napi_key_scopes = [{words}]\n\
        [[realm.role]]\nname = \"editor\"\npermissions = [\"notes:read\", \"notes:write\"]\n\
        [[realm.user]]\nemail = \"{ADA}\"\npassword = \"{PASSWORD}\"\nroles = [\"editor\"]\n\
        [[realm.user]]\nemail = \"eve@example.com\"\npassword = \"{PASSWORD}\"\n"
    )
}

async fn signed_in<'a>(app: &'a TestApp, email: &str) -> Client<'a> {
    let client = Client::new(app);
    client.sign_in(email).await;
    client
}

fn notes() -> Value {
    json!({"notes": ["read", "write"]})
}

async fn make(client: &Client<'_>, body: Value) -> Answer {
    let answer = client.post("/api-key/create", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer
}

/// The scopes of what a key is exchanged for; `None`: it is refused.
async fn exchanged(app: &TestApp, key: &str) -> Option<String> {
    let body = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange\
         &subject_token_type=urn:gatepost:params:oauth:token-type:api-key&subject_token={key}"
    );
    let request = Request::post("/oauth/token").header("host", "127.0.0.1:8400");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = app.send(request.body(Body::from(body)).unwrap()).await;
    (answer.status == 200).then(|| answer.text("scope"))
}

#[tokio::test]
async fn a_key_is_made_within_the_rights_of_its_owner() {
    let app = TestApp::with(&file("")).await;
    let client = signed_in(&app, ADA).await;
    let body = json!({"name": "ci", "expiresIn": 86_400, "permissions": notes(), "metadata": null});
    let made = client.post("/api-key/create", body).await;
    assert_eq!(made.status, StatusCode::OK, "{made:?}");
    let user = client.get("/get-session").await.json()["user"]["id"].clone();
    let (key, made) = (made.text("key"), made.json());
    assert_eq!((&made["name"], &made["referenceId"], &made["enabled"]), (&json!("ci"), &user, &json!(true)));
    assert_eq!((&made["permissions"], &made["configId"]), (&notes(), &json!("default")));
    assert_eq!(made["expiresAt"], "2027-01-16T08:00:00.000Z");
    let start = made["start"].as_str().unwrap();
    assert!(key.starts_with(made["prefix"].as_str().unwrap()) && key.starts_with(start));
    let body = json!({"name": "another", "expiresIn": 86_400, "permissions": notes()});
    let another = client.post("/api-key/create", body).await.text("start");
    assert_ne!(another, start, "they are told apart");
    for nothing in ["remaining", "refillAmount", "rateLimitMax", "metadata", "lastRequest"] {
        assert_eq!(made[nothing], Value::Null, "{nothing}");
    }
    assert_eq!(made["rateLimitEnabled"], false);
    assert_eq!(exchanged(&app, &key).await.as_deref(), Some("notes:read notes:write"));
    app.advance(Duration::from_hours(24));
    assert_eq!(exchanged(&app, &key).await, None, "it is over");

    let client = signed_in(&app, ADA).await;
    // AK-04: no more than its owner may do, and nothing that nobody named.
    for (body, code) in [
        (json!({}), "400 VALIDATION_ERROR"),
        (json!({"permissions": {}}), "400 VALIDATION_ERROR"),
        (json!({"permissions": {"notes": []}}), "400 VALIDATION_ERROR"),
        (json!({"permissions": {"users": ["write"]}}), "400 VALIDATION_ERROR"),
        (json!({"permissions": {"notes": ["*"]}}), "400 VALIDATION_ERROR"),
        (json!({"permissions": {"Not a name": ["read"]}}), "400 VALIDATION_ERROR"),
        (json!({"permissions": ["notes:read"]}), "400 VALIDATION_ERROR"),
        (json!({"permissions": notes(), "expiresIn": 0}), "400 VALIDATION_ERROR"),
        (json!({"permissions": notes(), "expiresIn": "soon"}), "400 VALIDATION_ERROR"),
        (json!({"permissions": notes(), "expiresIn": 1.5}), "400 VALIDATION_ERROR"),
        (json!({"permissions": notes(), "prefix": "acme_"}), "400 VALIDATION_ERROR"),
        (json!({"permissions": notes(), "configId": "other"}), "400 VALIDATION_ERROR"),
        (json!({"permissions": notes(), "organizationId": "org_x"}), "400 VALIDATION_ERROR"),
        (json!({"permissions": notes(), "remaining": 5}), "400 SERVER_ONLY_PROPERTY"),
        (json!({"permissions": notes(), "refillAmount": 5}), "400 SERVER_ONLY_PROPERTY"),
        (json!({"permissions": notes(), "rateLimitEnabled": true}), "400 SERVER_ONLY_PROPERTY"),
        (json!({"permissions": notes(), "metadata": {"team": "blue"}}), "400 METADATA_DISABLED"),
        (json!({"permissions": notes(), "name": "x".repeat(201)}), "400 INVALID_NAME_LENGTH"),
    ] {
        let answer = client.post("/api-key/create", body.clone()).await;
        assert_eq!(answer.brief(), code, "{body}: {answer:?}");
    }
    assert_eq!(client.get("/api-key/list").await.json(), json!({"apiKeys": [], "total": 0}));
}

/// AK-01 (CVE-2025-61928): a key is made for oneself, whoever is named.
#[tokio::test]
async fn ak_01_nobody_makes_a_key_for_another() {
    let app = TestApp::with(&file("\"reports\"")).await;
    let (ada, eve) = (signed_in(&app, ADA).await, signed_in(&app, "eve@example.com").await);
    let id = ada.get("/get-session").await.json()["user"]["id"].clone();
    let body = json!({"userId": id, "permissions": notes()});
    for client in [&Client::new(&app), &eve] {
        let answer = client.post("/api-key/create", body.clone()).await;
        assert_eq!(answer.brief(), "401 UNAUTHORIZED_SESSION");
    }
    let nobody = Client::new(&app);
    assert_eq!(nobody.post("/api-key/create", json!({})).await.brief(), "401 UNAUTHORIZED_SESSION");
    assert_eq!(
        nobody.post("/api-key/update", json!({"keyId": "x"})).await.brief(),
        "401 UNAUTHORIZED_SESSION"
    );
    assert_eq!(nobody.post("/api-key/delete", json!({"keyId": "x"})).await.brief(), "401 UNAUTHORIZED");
    assert_eq!(nobody.get("/api-key/list").await.brief(), "401 UNAUTHORIZED");
    assert_eq!(nobody.get("/api-key/get?id=x").await.brief(), "401 UNAUTHORIZED");
    assert_eq!(ada.get("/api-key/list").await.json()["total"], 0);

    // A key of hers is none of another's.
    let key = make(&ada, json!({"permissions": notes()})).await;
    let (id, key) = (key.text("id"), key.text("key"));
    for (path, body) in [("update", json!({"keyId": id, "name": "mine"})), ("delete", json!({"keyId": id}))] {
        assert_eq!(eve.post(&format!("/api-key/{path}"), body).await.brief(), "404 KEY_NOT_FOUND", "{path}");
    }
    assert_eq!(eve.get(&format!("/api-key/get?id={id}")).await.brief(), "404 KEY_NOT_FOUND");
    let named = json!({"keyId": id, "name": "x", "userId": "usr_00000000000000000000000000"});
    assert_eq!(ada.post("/api-key/update", named).await.brief(), "401 UNAUTHORIZED_SESSION");
    assert!(exchanged(&app, &key).await.is_some());
}

/// What the realm lets every key carry is what a key of which nothing is said carries.
#[tokio::test]
async fn a_key_of_which_nothing_is_said_carries_words_and_no_permission() {
    let app = TestApp::with(&file("\"reports\"")).await;
    let client = signed_in(&app, "eve@example.com").await;
    let made = make(&client, json!({})).await;
    assert_eq!((&made.json()["permissions"], &made.json()["name"]), (&Value::Null, &json!("API key")));
    assert_eq!(exchanged(&app, &made.text("key")).await.as_deref(), Some("reports"));
}

#[tokio::test]
async fn keys_are_listed_in_the_order_that_is_asked_for() {
    let app = TestApp::with(&file("\"reports\"")).await;
    let client = signed_in(&app, ADA).await;
    for name in ["b", "c", "a"] {
        make(&client, json!({"name": name, "expiresIn": 60})).await;
        app.advance(Duration::from_secs(1));
    }
    let names = async |query: &str| {
        let answer = client.get(&format!("/api-key/list{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {answer:?}");
        let keys = answer.json()["apiKeys"].as_array().unwrap().clone();
        assert!(keys.iter().all(|key| key.get("key").is_none()), "shown once");
        keys.iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["b", "c", "a"]);
    assert_eq!(names("?sortBy=name").await, ["a", "b", "c"]);
    assert_eq!(names("?sortBy=createdAt&sortDirection=desc").await, ["a", "c", "b"]);
    assert_eq!(names("?sortBy=expiresAt&limit=1&offset=1").await, ["c"]);
    assert_eq!(names("?limit=0").await, [""; 0]);
    let page = client.get("/api-key/list?limit=2&offset=2").await.json();
    assert_eq!((&page["total"], &page["limit"], &page["offset"]), (&json!(3), &json!(2), &json!(2)));
    for query in
        ["?limit=x", "?offset=-1", "?sortBy=key", "?sortDirection=up", "?organizationId=x", "?configId=x"]
    {
        let refused = client.get(&format!("/api-key/list{query}")).await;
        assert_eq!(refused.brief(), "400 VALIDATION_ERROR", "{query}");
    }
    app.advance(Duration::from_mins(1));
    assert_eq!(names("").await, [""; 0], "those that are over are none");
}

#[tokio::test]
async fn a_key_is_shown_renamed_and_deleted() {
    let app = TestApp::with(&file("")).await;
    let client = signed_in(&app, ADA).await;
    let made = make(&client, json!({"name": "ci", "permissions": notes()})).await;
    let (id, key) = (made.text("id"), made.text("key"));
    let shown = client.get(&format!("/api-key/get?id={id}")).await.json();
    assert_eq!((&shown["name"], &shown["permissions"]), (&json!("ci"), &notes()));
    assert!(shown.get("key").is_none(), "{shown}");
    assert!(exchanged(&app, &key).await.is_some());
    let shown = client.get(&format!("/api-key/get?id={id}")).await.json();
    assert_eq!(shown["lastRequest"], "2027-01-15T08:00:00.000Z");
    let renamed =
        client.post("/api-key/update", json!({"keyId": id, "name": "deploy", "enabled": true})).await;
    assert_eq!((&renamed.json()["name"], &renamed.json()["id"]), (&json!("deploy"), &json!(id)));
    for (change, code) in [
        (json!({}), "400 NO_VALUES_TO_UPDATE"),
        (json!({"enabled": false}), "400 VALIDATION_ERROR"),
        (json!({"expiresIn": null}), "400 VALIDATION_ERROR"),
        (json!({"permissions": {"notes": ["read"]}}), "400 SERVER_ONLY_PROPERTY"),
        (json!({"metadata": {"a": 1}}), "400 METADATA_DISABLED"),
        (json!({"remaining": 3}), "400 SERVER_ONLY_PROPERTY"),
        (json!({"name": ""}), "400 INVALID_NAME_LENGTH"),
        (json!({"name": "x", "keyId": "key_nobodys"}), "404 KEY_NOT_FOUND"),
    ] {
        let mut body = json!({"keyId": id});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(client.post("/api-key/update", body).await.brief(), code, "{change}");
    }
    let as_it_is = client.post("/api-key/update", json!({"keyId": id, "enabled": true})).await;
    assert_eq!(as_it_is.json()["name"], "deploy");
    let deleted = client.post("/api-key/delete", json!({"keyId": id})).await;
    assert_eq!(deleted.json(), json!({"success": true}));
    assert_eq!(exchanged(&app, &key).await, None);
    assert_eq!(client.post("/api-key/delete", json!({"keyId": id})).await.brief(), "404 KEY_NOT_FOUND");
    assert_eq!(client.get(&format!("/api-key/get?id={id}")).await.brief(), "404 KEY_NOT_FOUND");
    let renamed = client.post("/api-key/update", json!({"keyId": id, "name": "x"})).await;
    assert_eq!(renamed.brief(), "404 KEY_NOT_FOUND");

    let admin = app.admin().await;
    for event in ["api-key-created", "api-key-renamed", "api-key-revoked"] {
        let path = format!("/api/v1/admin/audit?event={event}");
        let trail = app.ask(&admin, Method::GET, &path, None).await.json();
        assert_eq!(trail["events"][0]["detail"]["key"], json!(id), "{event}");
    }
}
