use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn anybody_makes_an_account_and_signs_in_with_it() {
    let app = TestApp::new().await;
    let made = app.post(
        "/api/v1/register",
        json!({"email": "Ada@Example.com", "username": "ada", "name": "Ada Lovelace", "password": PASSWORD}),
    );
    let made = made.await;
    assert_eq!(made.status, StatusCode::CREATED);
    let user = made.json();
    assert_eq!(user["email"], "Ada@Example.com");
    assert_eq!(user["email_verified"], false);
    assert_eq!(user["roles"], json!([]));
    assert!(user["id"].as_str().unwrap().starts_with("usr_"));
    for identifier in [json!({"email": "ada@example.com"}), json!({"username": "ADA"})] {
        let mut body = identifier;
        body["password"] = PASSWORD.into();
        assert_eq!(app.post("/api/v1/login", body).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn an_address_or_a_user_name_belongs_to_one_account() {
    let app = TestApp::new().await;
    app.person("ada@example.com").await;
    assert_eq!(app.register("ADA@example.com").await.brief(), "409 email_taken");
    let named = |email: &str| json!({"email": email, "username": "countess", "password": PASSWORD});
    assert_eq!(app.post("/api/v1/register", named("a@example.com")).await.brief(), "201");
    assert_eq!(app.post("/api/v1/register", named("b@example.com")).await.brief(), "409 username_taken");
}

#[tokio::test]
async fn of_many_simultaneous_registrations_of_one_address_one_wins() {
    let app = TestApp::new().await;
    let all = (0..16).map(|_| app.register("ada@example.com"));
    let answers = futures_util::future::join_all(all).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.brief() == "409 email_taken").count(), 15);
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_named() {
    let app = TestApp::new().await;
    for (body, expected) in [
        (json!({"email": "ada", "password": PASSWORD}), "422 invalid_field"),
        (json!({"email": "ada@example.com", "username": "a b", "password": PASSWORD}), "422 invalid_field"),
        (json!({"email": "ada@example.com", "password": "short"}), "422 weak_password"),
        (json!({"email": "ada@example.com", "password": "ada@example.com"}), "422 weak_password"),
        (json!({"email": "ada@example.com"}), "400 invalid_body"),
        (json!({"password": PASSWORD}), "400 invalid_body"),
        (json!(["ada@example.com"]), "400 invalid_body"),
    ] {
        let answer = app.post("/api/v1/register", body).await;
        assert_eq!(answer.brief(), expected, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
}

/// LG-16: nobody gives themselves rights by naming columns.
#[tokio::test]
async fn lg_16_columns_cannot_be_assigned() {
    let app = TestApp::new().await;
    let columns = [
        "role",
        "roles",
        "is_admin",
        "email_verified",
        "org_id",
        "realm",
        "realm_id",
        "id",
        "created_at",
        "updated_at",
        "password_hash",
        "mfa",
        "disabled_at",
        "not_before",
        "version",
        "email_key",
    ];
    for column in columns {
        let mut body = json!({"email": "eve@example.com", "password": PASSWORD});
        body[column] = json!("realm-admin");
        assert_eq!(app.post("/api/v1/register", body).await.brief(), "400 invalid_body", "{column}");
    }
    let eve = app.person("eve@example.com").await;
    for column in columns {
        let answer = app.ask(&eve, Method::PATCH, "/api/v1/me", Some(json!({column: "realm-admin"}))).await;
        assert_eq!(answer.brief(), "400 invalid_body", "{column}");
    }
}

#[tokio::test]
async fn a_realm_may_be_closed() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nregistration = \"closed\"\n").await;
    assert_eq!(app.register("ada@example.com").await.brief(), "403 registration_closed");
    app.apply("[[realm]]\nname = \"default\"\nregistration = \"invited\"\n").await;
    assert_eq!(app.register("ada@example.com").await.brief(), "403 registration_closed");
    app.apply("[[realm]]\nname = \"default\"\nregistration = \"open\"\n").await;
    assert_eq!(app.register("ada@example.com").await.brief(), "201");
}
