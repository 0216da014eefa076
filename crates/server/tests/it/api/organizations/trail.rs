//! What the audit trail tells of organizations.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{found, join, remove, set_roles, sign_in, world};
use crate::support::{Person, TestApp};

async fn details(app: &TestApp, admin: &Person, event: &str) -> Vec<Value> {
    let path = format!("/api/v1/admin/audit?event={event}");
    let listed = app.ask(admin, Method::GET, &path, None).await.json();
    listed["events"].as_array().unwrap().iter().map(|event| event["detail"].clone()).collect()
}

#[tokio::test]
async fn the_trail_tells_which_roles_were_given_and_taken() {
    let app = world().await;
    let admin = app.admin().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let bob = join(&app, &ada, &acme, "bob", json!(["reader"])).await;
    set_roles(&app, &ada, &acme, &bob, json!(["reader", "editor"])).await;
    remove(&app, &ada, &acme, &bob).await;
    for (event, member, expected) in [
        ("member-invited", "roles", "reader"),
        ("member-added", "roles", "reader"),
        ("member-roles-changed", "before", "reader"),
        ("member-roles-changed", "after", "editor reader"),
        ("member-removed", "roles", "editor reader"),
    ] {
        let told = details(&app, &admin, event).await;
        assert!(told.iter().any(|detail| detail[member] == expected), "{event} {member}: {told:?}");
    }
    let body = json!({"email": "new@example.com", "roles": ["editor"]});
    app.ask(&admin, Method::POST, "/api/v1/admin/users", Some(body)).await;
    let told = details(&app, &admin, "user-created").await;
    assert!(told.iter().any(|detail| detail["roles"] == "editor"), "{told:?}");
}

/// AD-01: what was refused is in the trail, once a minute however often it is tried.
#[tokio::test]
async fn ad_01_refusals_are_kept_once_a_minute() {
    let app = world().await;
    let admin = app.admin().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let bob = join(&app, &ada, &acme, "bob", json!(["manager"])).await;
    let rename = async || app.ask(&bob, Method::PATCH, &acme, Some(json!({"name": "Bobs"}))).await.brief();
    for expected in [1, 2] {
        for _ in 0..3 {
            assert_eq!(rename().await, "403 missing_permission");
            assert_eq!(app.ask(&bob, Method::DELETE, &acme, None).await.brief(), "403 missing_permission");
            assert_eq!(remove(&app, &bob, &acme, &ada).await.brief(), "403 beyond_rights");
        }
        for (event, reason) in [
            ("organization-change-refused", "missing_permission"),
            ("member-change-refused", "beyond_rights"),
        ] {
            let kept = details(&app, &admin, event).await;
            assert_eq!(kept.len(), expected, "{event}");
            assert_eq!(kept[0]["reason"], reason);
            assert!(acme.ends_with(kept[0]["organization"].as_str().unwrap()));
        }
        app.advance(Duration::from_mins(1));
    }
    assert_eq!(app.ask(&ada, Method::GET, &acme, None).await.json()["name"], "acme");
}
