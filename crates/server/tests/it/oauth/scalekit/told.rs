//! What applications written for Scalekit are told, and asked.

use axum::http::Method;
use serde_json::json;

use crate::{
    interceptors::Judge,
    support::{PASSWORD, TestApp},
    webhooks::Receiver,
};

#[tokio::test]
async fn a_receiver_that_was_written_for_it_is_told_by_its_names() {
    let (app, receiver) = (TestApp::new().await, Receiver::new().await);
    let (admin, ada) = (app.admin().await, app.person("ada@example.com").await);
    let acme = json!({"slug": "acme", "name": "Acme"});
    let acme = app.ask(&ada, Method::POST, "/api/v1/organizations", Some(acme)).await.text("id");
    let hook = json!({"url": receiver.url("/hook"), "events": ["member.joined"], "form": "scalekit"});
    assert_eq!(app.ask(&admin, Method::POST, "/api/v1/admin/webhooks", Some(hook)).await.status, 201);
    let bob = app.person("bob@example.com").await;
    let path = format!("/api/v1/admin/organizations/{acme}/members/{}", bob.id);
    let joined = app.ask(&admin, Method::PUT, &path, Some(json!({"roles": ["owner"]}))).await;
    assert!(joined.status.is_success(), "{joined:?}");
    app.app.send_webhooks().await.unwrap();
    let told = receiver.take().remove(0).json();
    assert_eq!(
        (&told["spec_version"], &told["type"], &told["object"]),
        (&json!("1"), &json!("user.organization_membership_created"), &json!("OrgMembershipEvent"))
    );
    assert_eq!((&told["organization_id"], &told["data"]["organization"]["id"]), (&json!(acme), &json!(acme)));
    let user = &told["data"]["user"];
    assert_eq!((&user["id"], &user["email"]), (&json!(bob.id), &json!("bob@example.com")));
    assert_eq!(
        user["membership"],
        json!({
            "organization_id": acme, "name": "Acme", "display_name": "Acme", "membership_status": "ACTIVE",
            "roles": [{"id": "owner", "name": "owner"}],
        })
    );
}

#[tokio::test]
async fn an_interceptor_that_was_written_for_it_is_asked_and_answers() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    judge.sit(&app, "pre_signup").await;
    judge.says(200, &json!({"decision": "DENY", "error": {"message": "Only acme.com."}}));
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let denied = app.post("/api/v1/register", body.clone()).await;
    assert_eq!(
        (denied.brief().as_str(), denied.text("detail").as_str()),
        ("403 interceptor_denied", "Only acme.com.")
    );
    let asked = judge.asked().remove(0);
    assert_eq!(asked["trigger_point"], "PRE_SIGNUP");
    let context = &asked["interceptor_context"];
    assert_eq!(context["user_email"], "ada@example.com");
    assert!(
        context["environment_id"].as_str().unwrap().starts_with("rlm_")
            && context["triggered_at"].is_string()
    );
    // What more there is in an answer is left aside.
    let membership =
        json!({"create_organization_membership": {"external_organization_id": "acme", "roles": ["owner"]}});
    judge.says(200, &json!({"decision": "ALLOW", "response": membership}));
    assert_eq!(app.post("/api/v1/register", body).await.status, 201);
}
