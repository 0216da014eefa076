//! `DELETE /api/v1/me`

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use crate::support::{PASSWORD, Person, TestApp};

const DELETES: &str = "[[realm]]\nname = \"default\"\naccount_deletion = true\n";
const ADA: &str = "ada@example.com";

async fn delete(app: &TestApp, who: &Person) -> String {
    app.ask(who, Method::DELETE, "/api/v1/me", None).await.brief()
}

#[tokio::test]
async fn people_delete_their_own_account_where_the_realm_lets_them() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let ada = app.person(ADA).await;
    assert_eq!(delete(&app, &ada).await, "403 account_deletion_off");
    app.apply(DELETES).await;
    let old = app.sign_in(ADA).await;
    app.advance(Duration::from_mins(11));
    assert_eq!(delete(&app, &old).await, "401 reauthentication_required");
    let ada = app.sign_in(ADA).await;
    assert_eq!(delete(&app, &ada).await, "204");
    assert_eq!(app.ask(&ada, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    assert_eq!(app.login(ADA).await.brief(), "401 invalid_credentials");
    let trail = app.ask(&admin, Method::GET, "/api/v1/admin/audit?event=user-deleted", None).await;
    let told = &trail.json()["events"][0];
    assert_eq!(
        (&told["user"], &told["actor"]),
        (&json!(ada.id), &json!(format!("user:{}", ada.id))),
        "{told}"
    );
}

/// MF-04: with everything that the account asks for.
#[tokio::test]
async fn mf_04_deleting_an_account_takes_every_factor() {
    let app = TestApp::with(DELETES).await;
    let ada = app.person(ADA).await;
    let other = app.sign_in(ADA).await;
    let (phone, _) = crate::mfa::set_up(&app, &ada).await;
    assert_eq!(delete(&app, &other).await, "401 reauthentication_required");
    let both = crate::mfa::sign_in(&app, ADA, &phone).await;
    assert_eq!(delete(&app, &both).await, "204");
}

#[tokio::test]
async fn ad_02_the_last_administrator_and_the_last_owner_stay() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bob = format!(
        "[[realm.user]]\nemail = \"bob@example.com\"\nemail_verified = true\npassword = \"{PASSWORD}\"\n"
    );
    app.apply(&format!("{DELETES}{bob}")).await;
    assert_eq!(delete(&app, &admin).await, "409 last_administrator");
    let ada = app.person(ADA).await;
    let acme = json!({"name": "Acme", "slug": "acme"});
    let acme = app.ask(&ada, Method::POST, "/api/v1/organizations", Some(acme)).await.text("id");
    let path = format!("/api/v1/organizations/{acme}/invitations");
    let invited = json!({"email": "bob@example.com", "roles": []});
    let token = app.ask(&ada, Method::POST, &path, Some(invited)).await.text("token");
    let bob = app.sign_in("bob@example.com").await;
    let accept = json!({"token": token});
    let joined = app.ask(&bob, Method::POST, "/api/v1/invitations/accept", Some(accept)).await;
    assert_eq!(joined.status, 200, "{joined:?}");
    assert_eq!(delete(&app, &ada).await, "409 last_owner");
    assert_eq!(delete(&app, &bob).await, "204", "who owns nothing goes");
    assert_eq!(delete(&app, &ada).await, "204", "and the organization with its only member");
    let path = format!("/api/v1/admin/organizations/{acme}");
    assert_eq!(app.ask(&admin, Method::GET, &path, None).await.status, 404);
}
