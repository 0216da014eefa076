use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn people_see_and_change_their_own_account() {
    let app = TestApp::new().await;
    let ada = app.person("ada@example.com").await;
    let change = json!({"name": "Ada King", "username": "ada"});
    let changed = app.ask(&ada, Method::PATCH, "/api/v1/me", Some(change)).await;
    assert_eq!((changed.status, changed.text("name")), (StatusCode::OK, "Ada King".to_owned()));
    let cleared = app.ask(&ada, Method::PATCH, "/api/v1/me", Some(json!({"name": null}))).await;
    assert!(cleared.json()["name"].is_null());
    assert_eq!(cleared.text("username"), "ada", "what is left out stays");
    assert_eq!(app.ask(&ada, Method::GET, "/api/v1/me", None).await.json(), cleared.json());
}

#[tokio::test]
async fn a_credential_is_needed_and_a_bad_one_is_said_to_be_bad() {
    let app = TestApp::new().await;
    let nothing = app.get("/api/v1/me").await;
    assert_eq!(nothing.brief(), "401 unauthenticated");
    assert_eq!(nothing.header("www-authenticate"), Some("Bearer"));
    let ada = app.person("ada@example.com").await;
    app.advance(std::time::Duration::from_secs(931));
    let expired = app.ask(&ada, Method::GET, "/api/v1/me", None).await;
    assert_eq!(expired.brief(), "401 invalid_token");
    assert_eq!(
        expired.header("www-authenticate"),
        Some(r#"Bearer error="invalid_token", error_description="The access token expired""#)
    );
}

#[tokio::test]
async fn a_password_change_ends_every_other_session() {
    let app = TestApp::new().await;
    let phone = app.person("ada@example.com").await;
    let laptop = app.sign_in("ada@example.com").await;
    let new = "a difference of engines";
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    let path = "/api/v1/me/password";
    let wrong = app.ask(&laptop, Method::POST, path, Some(change("not the password", new))).await;
    assert_eq!(wrong.brief(), "403 wrong_password");
    let weak = app.ask(&laptop, Method::POST, path, Some(change(PASSWORD, "password1234"))).await;
    assert_eq!(weak.brief(), "422 weak_password");
    let done = app.ask(&laptop, Method::POST, path, Some(change(PASSWORD, new))).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    assert_eq!(app.ask(&laptop, Method::GET, "/api/v1/me", None).await.status, StatusCode::OK);
    assert_eq!(app.ask(&phone, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    assert_eq!(app.refresh(&phone.refresh_token).await.brief(), "401 invalid_refresh_token");
    assert_eq!(app.login("ada@example.com").await.brief(), "401 invalid_credentials");
    let body = json!({"email": "ada@example.com", "password": new});
    assert_eq!(app.post("/api/v1/login", body).await.status, StatusCode::OK);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_the_others() {
    let app = TestApp::new().await;
    let phone = app.person("ada@example.com").await;
    let laptop = app.sign_in("ada@example.com").await;
    let tablet = app.sign_in("ada@example.com").await;
    let grace = app.person("grace@example.com").await;
    let list = app.ask(&laptop, Method::GET, "/api/v1/me/sessions", None).await.json();
    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions.iter().filter(|session| session["current"] == true).count(), 1);

    let theirs = app.ask(&grace, Method::GET, "/api/v1/me/sessions", None).await.json();
    let path = format!("/api/v1/me/sessions/{}", theirs["sessions"][0]["id"].as_str().unwrap());
    let foreign = app.ask(&laptop, Method::DELETE, &path, None).await;
    let missing =
        app.ask(&laptop, Method::DELETE, "/api/v1/me/sessions/ses_00000000000000000000000000", None).await;
    let garbled = app.ask(&laptop, Method::DELETE, "/api/v1/me/sessions/x", None).await;
    assert_eq!((foreign.brief(), &foreign.body), (missing.brief(), &missing.body));
    assert_eq!(garbled.brief(), "404 not_found");

    let mine = app.ask(&phone, Method::GET, "/api/v1/me/sessions", None).await.json();
    let current =
        mine["sessions"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    let path = format!("/api/v1/me/sessions/{}", current["id"].as_str().unwrap());
    assert_eq!(app.ask(&laptop, Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.ask(&laptop, Method::DELETE, &path, None).await.brief(), "404 not_found");
    assert_eq!(app.ask(&phone, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");

    assert_eq!(
        app.ask(&laptop, Method::DELETE, "/api/v1/me/sessions", None).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(app.ask(&tablet, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    assert_eq!(app.ask(&laptop, Method::GET, "/api/v1/me", None).await.status, StatusCode::OK);
    assert_eq!(app.ask(&grace, Method::GET, "/api/v1/me", None).await.status, StatusCode::OK);
}
