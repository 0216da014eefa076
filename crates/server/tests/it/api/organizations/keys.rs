//! `/api/v1/organizations/{id}/api-keys`: keys that stand for an organization and not for who made them.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use gatepost_jose::{Claims, KeySet, Verifier};
use serde_json::{Value, json};

use super::tokens::form;
use super::{found, id_of, join, remove, set_roles, sign_in, world};
use crate::support::{Answer, Person, TestApp};

const EXCHANGE: &str = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange\
    &subject_token_type=urn:gatepost:params:oauth:token-type:api-key";

async fn make(app: &TestApp, by: &Person, organization: &str, scopes: Value) -> Answer {
    let body = json!({"name": "ci", "scopes": scopes});
    app.ask(by, Method::POST, &format!("{organization}/api-keys"), Some(body)).await
}

async fn exchange(app: &TestApp, key: &str) -> Answer {
    app.send(form("/oauth/token", format!("{EXCHANGE}&subject_token={key}"))).await
}

/// What an API learns of the caller, as it would verify it.
async fn claims(app: &TestApp, key: &str) -> Arc<Claims> {
    let answer = exchange(app, key).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let keys = KeySet::parse(&app.get("/.well-known/jwks.json").await.body).unwrap();
    let verifier = Verifier::new("http://127.0.0.1:8400", "notes-api", keys);
    verifier.verify(&answer.text("access_token"), app.clock.now().unix_seconds()).unwrap()
}

/// An organization of Ada's in which Bob is a manager.
async fn acme() -> (TestApp, Person, String, Person) {
    let app = world().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let bob = join(&app, &ada, &acme, "bob", json!(["manager"])).await;
    (app, ada, acme, bob)
}

#[tokio::test]
async fn a_key_stands_for_its_organization() {
    let (app, ada, acme, bob) = acme().await;
    let made = make(&app, &bob, &acme, json!(["notes:write", "ci"])).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(made.text("created_by"), bob.id);
    let claims = claims(&app, &made.text("key")).await;
    assert_eq!((claims.subject(), claims.organization()), (id_of(&acme), Some(id_of(&acme))));
    assert_eq!((claims.client_id(), claims.api_key()), (Some(&*made.text("id")), Some(&*made.text("id"))));
    assert!(claims.has_permission("notes:write") && !claims.has_permission("notes:read"));
    assert!(claims.roles().is_empty() && claims.session_id().is_none() && claims.has_scope("ci"));

    let listed = app.ask(&ada, Method::GET, &format!("{acme}/api-keys"), None).await.json();
    assert_eq!(listed["api_keys"][0]["id"], made.json()["id"]);
    assert_ne!(listed["api_keys"][0]["last_used_at"], Value::Null);
    assert_eq!(app.ask(&bob, Method::GET, "/api/v1/me/api-keys", None).await.json()["api_keys"], json!([]));

    let path = format!("{acme}/api-keys/{}", made.text("id"));
    let body = json!({"overlap_seconds": 0});
    let successor = app.ask(&bob, Method::POST, &format!("{path}/rotate"), Some(body)).await;
    assert_eq!(successor.status, StatusCode::CREATED, "{successor:?}");
    assert_eq!(exchange(&app, &made.text("key")).await.status, StatusCode::BAD_REQUEST);
    let path = format!("{acme}/api-keys/{}", successor.text("id"));
    assert_eq!(exchange(&app, &successor.text("key")).await.status, StatusCode::OK);
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(exchange(&app, &successor.text("key")).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.brief(), "404 not_found");
}

/// AK-01, AK-04: who manages makes keys, for what they may do there; and ends only what they could have made.
#[tokio::test]
async fn ak_04_a_key_of_an_organization_is_within_the_rights_of_who_makes_it() {
    let (app, ada, acme, bob) = acme().await;
    let cleo = join(&app, &ada, &acme, "cleo", json!(["biller"])).await;
    for (method, path) in [(Method::GET, "api-keys"), (Method::POST, "api-keys")] {
        let body = json!({"name": "ci", "scopes": ["billing:read"]});
        let answer = app.ask(&cleo, method, &format!("{acme}/{path}"), Some(body)).await;
        assert_eq!(answer.brief(), "403 missing_permission");
    }
    for beyond in ["billing:read", "users:read", "admin", "openid"] {
        assert_eq!(make(&app, &bob, &acme, json!([beyond])).await.brief(), "422 invalid_field", "{beyond}");
    }
    assert_eq!(
        make(&app, &ada, &acme, json!(["notes:read"])).await.brief(),
        "422 invalid_field",
        "only owning"
    );
    set_roles(&app, &ada, &acme, &ada, json!(["owner", "biller"])).await;
    let billing = make(&app, &ada, &acme, json!(["billing:read"])).await;
    assert_eq!(billing.status, StatusCode::CREATED, "{billing:?}");
    let path = format!("{acme}/api-keys/{}", billing.text("id"));
    assert_eq!(app.ask(&bob, Method::DELETE, &path, None).await.brief(), "403 beyond_rights");
    let rotate = format!("{path}/rotate");
    assert_eq!(app.ask(&bob, Method::POST, &rotate, Some(json!({}))).await.brief(), "422 invalid_field");
    let notes = make(&app, &bob, &acme, json!(["notes:read"])).await;
    let notes_path = format!("{acme}/api-keys/{}", notes.text("id"));
    for path in [&path, &notes_path] {
        assert_eq!(
            app.ask(&ada, Method::DELETE, path, None).await.status,
            StatusCode::NO_CONTENT,
            "an owner may"
        );
    }
}

/// AK-04: a key outlives the membership of who made it, and has no more than organizations can give.
#[tokio::test]
async fn ak_04_a_key_stays_when_its_maker_leaves_and_goes_no_further_than_the_realm_lets_it() {
    let (app, ada, acme, bob) = acme().await;
    let key = make(&app, &bob, &acme, json!(["notes:read", "organization:manage", "ci"])).await;
    let path = format!("{acme}/api-keys/{}", key.text("id"));
    assert!(remove(&app, &ada, &acme, &bob).await.status.is_success());
    assert_eq!(app.ask(&bob, Method::DELETE, &path, None).await.brief(), "404 not_found");
    assert!(claims(&app, &key.text("key")).await.has_permission("notes:read"));

    app.apply("[[realm]]\nname = \"default\"\norganization_roles = [\"biller\"]\napi_key_scopes = []\n")
        .await;
    let answer = exchange(&app, &key.text("key")).await;
    assert_eq!((answer.status, answer.text("scope")), (StatusCode::OK, String::new()));
    assert!(claims(&app, &key.text("key")).await.permissions().is_empty());
    // It manages nothing, whatever its scopes are called: our own API takes people.
    let token = answer.text("access_token");
    let as_key = Person { access_token: token, ..ada.clone() };
    assert_eq!(app.ask(&as_key, Method::GET, &acme, None).await.brief(), "401 invalid_token");
}

/// AK-02, TN-01: a key ends with its organization, is found in no other, and is no key of a user.
#[tokio::test]
async fn ak_02_a_key_ends_with_its_organization() {
    let (app, ada, acme, bob) = acme().await;
    let eve = sign_in(&app, "eve").await;
    let evil = found(&app, &eve, "evil").await;
    let key = make(&app, &bob, &acme, json!(["ci"])).await;
    let (id, text) = (key.text("id"), key.text("key"));
    for (person, path) in [
        (&eve, format!("{acme}/api-keys/{id}")),
        (&eve, format!("{evil}/api-keys/{id}")),
        (&bob, format!("/api/v1/me/api-keys/{id}")),
    ] {
        assert_eq!(app.ask(person, Method::DELETE, &path, None).await.brief(), "404 not_found", "{path}");
        let rotate = format!("{path}/rotate");
        assert_eq!(app.ask(person, Method::POST, &rotate, Some(json!({}))).await.brief(), "404 not_found");
    }
    assert_eq!(make(&app, &eve, &acme, json!(["ci"])).await.brief(), "404 not_found");
    assert_eq!(exchange(&app, &text).await.status, StatusCode::OK);
    let body = format!("{EXCHANGE}&subject_token={text}");
    app.apply("[[realm]]\nname = \"other\"\n").await;
    assert_eq!(app.send(form("/r/other/oauth/token", body)).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(app.ask(&ada, Method::DELETE, &acme, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(exchange(&app, &text).await.status, StatusCode::BAD_REQUEST);
}

/// AK-02: somebody who is stopped has no key of an organization either, which outlives sessions and passwords.
#[tokio::test]
async fn ak_02_the_keys_that_somebody_made_end_when_they_are_stopped() {
    let (app, ada, acme, bob) = acme().await;
    let admin = app.admin().await;
    let of_bob = make(&app, &bob, &acme, json!(["notes:write"])).await.text("key");
    let of_ada = make(&app, &ada, &acme, json!(["ci"])).await;
    let body = Some(json!({"disabled": true}));
    let disabled = app.ask(&admin, Method::PATCH, &format!("/api/v1/admin/users/{}", bob.id), body).await;
    assert_eq!(disabled.status, StatusCode::OK, "{disabled:?}");
    assert_eq!(exchange(&app, &of_bob).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(exchange(&app, &of_ada.text("key")).await.status, StatusCode::OK, "another's stays");

    // An administrator of the realm sees and revokes what is left.
    let path = format!("/api/v1/admin/organizations/{}/api-keys", id_of(&acme));
    let listed = app.ask(&admin, Method::GET, &path, None).await.json();
    assert_eq!(listed["api_keys"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["api_keys"][0]["id"], of_ada.json()["id"]);
    let one = format!("{path}/{}", of_ada.text("id"));
    assert_eq!(app.ask(&ada, Method::DELETE, &one, None).await.brief(), "403 missing_role");
    assert_eq!(app.ask(&admin, Method::DELETE, &one, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(exchange(&app, &of_ada.text("key")).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(app.ask(&admin, Method::DELETE, &one, None).await.brief(), "404 not_found");
}
