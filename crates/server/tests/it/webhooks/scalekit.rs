//! A receiver that was written for Scalekit: told by its names, in its documents, signed as any other.

use axum::http::Method;
use gatepost_jose::webhook::{Headers, Secret, Verifier};
use serde_json::{Value, json};

use super::{HOOKS, Hook, Receiver, World, types};
use crate::support::TestApp;

impl World {
    /// A receiver written for Scalekit, told of everything it can be told of.
    async fn of_scalekit(events: &[&str]) -> Self {
        let app = TestApp::new().await;
        let admin = app.admin().await;
        let receiver = Receiver::new().await;
        let body = json!({"url": receiver.url("/hook"), "events": events, "form": "scalekit"});
        let made = app.ask(&admin, Method::POST, HOOKS, Some(body)).await;
        assert_eq!((made.status.as_u16(), made.text("form").as_str()), (201, "scalekit"), "{made:?}");
        let hook = Hook { id: made.text("id"), secret: made.text("secret") };
        Self { app, admin, receiver, hook }
    }
}

#[tokio::test]
async fn an_account_is_told_in_the_document_of_scalekit_and_verified_as_any_message() {
    let world = World::of_scalekit(&["user.created"]).await;
    let body = json!({"email": "ada@example.com", "name": "Ada Lovelace", "email_verified": true});
    let ada = world.ask(Method::POST, "/api/v1/admin/users", Some(body)).await;
    assert_eq!(ada.status, 201, "{ada:?}");
    world.send().await;
    let message = world.receiver.take().remove(0);
    let told = message.json();
    let now = world.app.clock.now();
    let realm = told["environment_id"].as_str().unwrap();
    assert!(realm.starts_with("rlm_"), "{told}");
    assert_eq!(
        told,
        json!({
            "spec_version": "1", "id": message.header("webhook-id"), "object": "User", "environment_id": realm,
            "occurred_at": now, "organization_id": null, "type": "user.created",
            "data": { "user": {
                "id": ada.text("id"), "email": "ada@example.com", "external_id": null,
                "create_time": now, "update_time": now,
                "user_profile": {
                    "id": ada.text("id"), "name": "Ada Lovelace", "preferred_username": "", "email_verified": true,
                },
            } },
        })
    );
    let headers = Headers {
        id: Some(message.header("webhook-id")),
        timestamp: Some(message.header("webhook-timestamp")),
        signature: Some(message.header("webhook-signature")),
    };
    let verifier = Verifier::new([world.hook.secret.parse::<Secret>().unwrap()]);
    assert!(verifier.verify(headers, &message.body, now.unix_seconds()).is_ok());
}

#[tokio::test]
async fn events_have_the_names_of_scalekit_and_those_without_one_are_not_sent() {
    let world = World::of_scalekit(&["*"]).await;
    let ada = world.app.person("ada@example.com").await;
    assert_eq!(types(&world.told().await), ["user.created", "user.login"]);
    let changed =
        json!({"current_password": crate::support::PASSWORD, "new_password": "another-password-of-ada"});
    let changed = world.app.ask(&ada, Method::POST, "/api/v1/me/password", Some(changed)).await;
    assert!(changed.status.is_success(), "{changed:?}");
    assert!(world.told().await.is_empty(), "there is no name for it there");
    let body = json!({"slug": "acme", "name": "Acme"});
    let acme = world.app.ask(&ada, Method::POST, "/api/v1/organizations", Some(body)).await;
    assert_eq!(acme.status, 201, "{acme:?}");
    let told = world.told().await;
    let made: Vec<&Value> = told.iter().filter(|one| one["type"] == "organization.created").collect();
    assert_eq!(
        (&made[0]["object"], &made[0]["organization_id"]),
        (&json!("Organization"), &json!(acme.text("id")))
    );
    assert_eq!(
        (&made[0]["data"]["id"], &made[0]["data"]["display_name"]),
        (&json!(acme.text("id")), &json!("Acme"))
    );
    assert_eq!(world.app.ask(&ada, Method::POST, "/api/v1/logout", Some(json!({}))).await.status, 204);
    let told = world.told().await;
    assert_eq!((types(&told), &told[0]["data"]["user"]["id"]), (vec!["user.logout"], &json!(ada.id)));
    // It says that it arrives, as any other.
    world.test().await;
    let told = world.told().await;
    assert_eq!((types(&told), &told[0]["data"]), (vec!["webhook.test"], &json!({})));
}

#[tokio::test]
async fn a_role_is_told_by_its_name_and_with_what_it_extends() {
    let world = World::of_scalekit(&["role.created", "role.deleted"]).await;
    for (name, inherits) in [("reader", json!([])), ("editor", json!(["reader"]))] {
        let body = json!({"permissions": ["notes:read"], "inherits": inherits});
        let path = format!("/api/v1/admin/roles/{name}");
        assert_eq!(world.ask(Method::PUT, &path, Some(body)).await.status, 201);
    }
    assert_eq!(world.ask(Method::DELETE, "/api/v1/admin/roles/editor", None).await.status, 204);
    let told = world.told().await;
    assert_eq!(types(&told), ["role.created", "role.created", "role.deleted"]);
    assert_eq!((&told[1]["object"], &told[1]["organization_id"]), (&json!("Role"), &Value::Null));
    assert_eq!(
        told[1]["data"],
        json!({
            "id": "editor", "name": "editor", "display_name": "editor", "description": "", "extends": "reader",
        })
    );
    assert_eq!(told[2]["data"], json!({"id": "editor", "name": "editor"}));
}

#[tokio::test]
async fn an_event_without_a_name_there_is_refused_when_chosen() {
    let world = World::of_scalekit(&["user.created"]).await;
    let make = async |form: &str, events: Value| {
        let body = json!({"url": "https://app.test/hook", "events": events, "form": form});
        world.ask(Method::POST, HOOKS, Some(body)).await
    };
    let refused = make("scalekit", json!(["user.created", "mfa.enabled"])).await;
    assert_eq!(refused.brief(), "422 invalid_field");
    assert!(refused.text("detail").contains("mfa.enabled"), "{refused:?}");
    assert_eq!(make("standard", json!(["mfa.enabled"])).await.status, 201);
    assert_eq!(make("levitated", json!(["*"])).await.brief(), "422 invalid_field");
    let changed = world.of_hook(Method::PATCH, "", Some(json!({"events": ["password.changed"]}))).await;
    assert_eq!(changed.brief(), "422 invalid_field");
    let changed = world.of_hook(Method::PATCH, "", Some(json!({"events": ["member.joined"]}))).await;
    assert_eq!(changed.json()["events"], json!(["member.joined"]));
}
