//! Interceptors: somebody else says whether an account is made, a session begins or an invitation is sent.

mod administration;
mod answers;
mod doors;
mod judge;
mod whole;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp, person};
pub use judge::Judge;

const SESSION: &str = "pre_session_creation";
const SIGNUP: &str = "pre_signup";
const INVITATION: &str = "pre_user_invitation";

/// The native API on a denied request: the code, and what the person is told.
const DENIED: &str = "403 interceptor_denied";

/// An administrator who signed in before anybody was asked, and what the trail has of an event, the newest first.
async fn trail(app: &TestApp, admin: &crate::support::Person, event: &str) -> Vec<Value> {
    let path = format!("/api/v1/admin/audit?event={event}");
    let answer = app.ask(admin, Method::GET, &path, None).await;
    answer.json()["events"].as_array().unwrap_or_else(|| panic!("{answer:?}")).clone()
}

#[tokio::test]
async fn nobody_is_signed_in_whom_the_interceptor_refuses_and_the_trail_tells_it() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    let (admin, ada) = (app.admin().await, app.person("ada@example.com").await);
    judge.sit(&app, SESSION).await;
    judge.denies("Not <b>today</b>,\n Ada.");
    let answer = app.login("ada@example.com").await;
    assert_eq!(answer.brief(), DENIED);
    assert_eq!(answer.text("detail"), "Not <b>today</b>,  Ada.");
    assert!(answer.json().get("access_token").is_none() && answer.header("set-cookie").is_none());
    let told = trail(&app, &admin, "interceptor-refused").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&told[0]["user"], &told[0]["detail"]),
        (&json!(ada.id), &json!({"interceptor": SESSION, "answer": "deny"}))
    );
    let path = format!("/api/v1/admin/users/{}/sessions", ada.id);
    let sessions = app.ask(&admin, Method::GET, &path, None).await.json();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1, "the one from before: {sessions}");
    // Whoever is signed in stays so.
    assert_eq!(app.refresh(&ada.refresh_token).await.status, 200);
    judge.allows();
    assert_eq!(app.login("ada@example.com").await.status, 200);
    assert_eq!(judge.take().len(), 2);
}

#[tokio::test]
async fn it_is_asked_with_who_it_is_and_from_where_and_learns_no_secret() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    let ada = app.person("ada@example.com").await;
    judge.sit(&app, SESSION).await;
    assert_eq!(app.login("ada@example.com").await.status, 200);
    let asked = judge.asked().remove(0);
    let (now, realm) = (app.clock.now(), asked["interceptor_context"]["environment_id"].clone());
    assert!(realm.as_str().unwrap().starts_with("rlm_"));
    let user = &asked["data"]["user"];
    assert_eq!(
        asked,
        json!({
            "display_name": SESSION, "trigger_point": "PRE_SESSION_CREATION",
            "interceptor_context": {
                "environment_id": realm, "client_id": null, "user_id": ada.id, "user_email": "ada@example.com", "organization_id": null,
                "ip_address": null, "user_agent": null, "triggered_at": now,
            },
            "data": {
                "user": {
                    "id": ada.id, "email": "ada@example.com", "email_verified": false, "username": null,
                    "name": user["name"], "created_at": user["created_at"], "updated_at": user["updated_at"],
                },
                "amr": ["pwd"],
            },
        })
    );
    assert!(!asked.to_string().contains(PASSWORD));
}

#[tokio::test]
async fn no_account_is_made_that_the_interceptor_refuses() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    let admin = app.admin().await;
    app.person("bob@example.com").await;
    judge.sit(&app, SIGNUP).await;
    judge.denies("Only acme.com.");
    let answer = app.register("ada@example.com").await;
    assert_eq!((answer.brief().as_str(), answer.text("detail").as_str()), (DENIED, "Only acme.com."));
    // Whether there is such an account makes no difference.
    assert_eq!(app.register("bob@example.com").await.body, answer.body);
    let asked = judge.asked();
    assert_eq!(asked[0]["trigger_point"], "PRE_SIGNUP");
    assert_eq!(asked[0]["interceptor_context"]["user_email"], "ada@example.com");
    assert_eq!(asked[0]["data"]["signup"]["email"], "ada@example.com");
    assert!(asked.iter().all(|asked| asked["interceptor_context"]["user_id"].is_null()), "{asked:?}");
    let users = app.ask(&admin, Method::GET, "/api/v1/admin/users", None).await.json().to_string();
    assert!(!users.contains("ada@example.com"), "{users}");
    assert!(
        app.mail_to("ada@example.com").await.is_empty() && app.mail_to("bob@example.com").await.len() == 1
    );
    assert_eq!(trail(&app, &admin, "interceptor-refused").await[0]["detail"]["interceptor"], SIGNUP);
    // An administrator makes accounts as before.
    let made = json!({"email": "carl@example.com", "password": PASSWORD});
    assert_eq!(app.ask(&admin, Method::POST, "/api/v1/admin/users", Some(made)).await.status, 201);
    judge.allows();
    assert_eq!(app.register("ada@example.com").await.status, 201);
    assert_eq!(judge.take().len(), 1);
}

#[tokio::test]
async fn nobody_is_invited_whom_the_interceptor_refuses() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    let (admin, ada, bob) =
        (app.admin().await, app.person("ada@example.com").await, app.person("bob@example.com").await);
    let acme = app
        .ask(&ada, Method::POST, "/api/v1/organizations", Some(json!({"slug": "acme", "name": "Acme"})))
        .await;
    let path = format!("/api/v1/organizations/{}/invitations", acme.text("id"));
    let invite = async |by, email: &str| {
        app.ask(by, Method::POST, &path, Some(json!({"email": email, "roles": []}))).await
    };
    judge.sit(&app, INVITATION).await;
    judge.denies("No guests.");
    let answer = invite(&ada, "new@example.com").await;
    assert_eq!((answer.brief().as_str(), answer.text("detail").as_str()), (DENIED, "No guests."));
    let asked = judge.asked().remove(0);
    let context = &asked["interceptor_context"];
    assert_eq!(
        (&context["user_email"], &context["organization_id"]),
        (&json!("new@example.com"), &json!(acme.text("id")))
    );
    assert_eq!(asked["data"]["invited_by"]["id"], json!(ada.id));
    assert!(app.mail_to("new@example.com").await.is_empty());
    let open = app.ask(&ada, Method::GET, &path, None).await.json();
    assert_eq!(open["invitations"], json!([]), "{open}");
    assert_eq!(trail(&app, &admin, "interceptor-refused").await[0]["detail"]["interceptor"], INVITATION);
    // It is not asked about what would not happen.
    assert_eq!(invite(&bob, "new@example.com").await.status, 404);
    assert!(judge.take().is_empty());
    judge.allows();
    let made = invite(&ada, "new@example.com").await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!((judge.take().len(), app.mail_to("new@example.com").await.len()), (1, 1));
}

#[tokio::test]
async fn a_realm_without_it_asks_nobody() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    app.apply("[[realm]]\nname = \"other\"").await;
    judge.sit(&app, SESSION).await;
    judge.denies("No.");
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(app.post("/r/other/api/v1/register", body.clone()).await.status, 201);
    let answer = app.post("/r/other/api/v1/login", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!person(&answer).id.is_empty() && judge.take().is_empty());
}
