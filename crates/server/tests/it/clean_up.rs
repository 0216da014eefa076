//! What the server deletes by itself.

use std::time::Duration;

use axum::http::Method;
use serde_json::Value;

use crate::support::{PASSWORD, Person, TestApp, person};

const DAY: Duration = Duration::from_hours(24);

fn realm(name: &str, retention: &str) -> String {
    format!(
        "[[realm]]\nname = \"{name}\"\n{retention}\n[[realm.user]]\nemail = \"boss@example.com\"\npassword = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n"
    )
}

async fn sign_in(app: &TestApp, prefix: &str) -> Person {
    let body = serde_json::json!({"email": "boss@example.com", "password": PASSWORD});
    person(&app.post(&format!("{prefix}/api/v1/login"), body).await)
}

async fn events(app: &TestApp, boss: &Person, prefix: &str) -> Vec<Value> {
    let listed = app.ask(boss, Method::GET, &format!("{prefix}/api/v1/admin/audit"), None).await.json();
    listed["events"].as_array().unwrap_or_else(|| panic!("{listed}")).clone()
}

#[tokio::test]
async fn the_audit_trail_is_kept_as_long_as_the_realm_says_and_else_for_ever() {
    let app = TestApp::with(&(realm("default", "audit_retention = \"2d\"") + &realm("acme", ""))).await;
    let begin = app.clock.now();
    app.clean_up().await;
    app.advance(DAY);
    let day_one = sign_in(&app, "").await;
    assert!(events(&app, &day_one, "").await.len() > 2, "nothing is older than two days");
    app.advance(DAY + DAY / 2);
    app.clean_up().await;
    let (boss, other) = (sign_in(&app, "").await, sign_in(&app, "/r/acme").await);
    let kept = events(&app, &boss, "").await;
    let mut names: Vec<&str> = kept.iter().map(|event| event["event"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["audit-trimmed", "signed-in", "signed-in", "signing-key-created"], "{kept:?}");
    let trimmed = kept.iter().find(|event| event["event"] == "audit-trimmed").unwrap();
    assert_eq!((trimmed["actor"].as_str(), trimmed["detail"]["before"].is_string()), (Some("system"), true));
    let theirs = events(&app, &other, "/r/acme").await;
    assert!(
        theirs.iter().any(|event| event["at"] == begin.to_string()),
        "the other realm keeps all: {theirs:?}"
    );
    // Nothing to delete, nothing to tell.
    app.clean_up().await;
    assert_eq!(events(&app, &boss, "").await, kept);
}

/// A session that ended long ago is forgotten, and one that lives is not.
#[tokio::test]
async fn what_lives_survives_a_clean_up() {
    let app = TestApp::with(&realm("default", "")).await;
    let boss = sign_in(&app, "").await;
    app.advance(DAY * 29);
    let refreshed = app.refresh(&boss.refresh_token).await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    app.advance(DAY * 20);
    app.clean_up().await;
    assert_eq!(app.refresh(&refreshed.text("refresh_token")).await.status, 200);
}
