//! The roles that a realm's profile brings: those of the runbook are admin, user and viewer, each more than the next.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Person, TestApp};

const ROLES: &str = "/api/v1/admin/roles";

async fn runbook() -> (TestApp, Person) {
    let file = "[[realm]]\nname = \"default\"\nprofile = \"runbook\"\naudience = [\"notes-api\"]\n";
    let app = TestApp::with(file).await;
    let admin = app.admin().await;
    (app, admin)
}

async fn claims_of(app: &TestApp, email: &str) -> Value {
    let token = app.sign_in(email).await.access_token;
    let token = gatepost_jose::dangerous_decode_without_verifying(&token).unwrap();
    serde_json::from_str(token.payload()).unwrap()
}

#[tokio::test]
async fn a_realm_of_the_runbook_has_its_roles_and_they_inherit() {
    let (app, admin) = runbook().await;
    let listed = app.ask(&admin, Method::GET, ROLES, None).await.json();
    let inherits = |role: &str| {
        let roles = listed["roles"].as_array().unwrap();
        roles.iter().find(|one| one["name"] == role).unwrap()["inherits"].clone()
    };
    assert_eq!(listed["roles"].as_array().unwrap().len(), 3);
    assert_eq!(
        (inherits("admin"), inherits("user"), inherits("viewer")),
        (json!(["user"]), json!(["viewer"]), json!([]))
    );
    let ada = app.person("ada@example.com").await;
    for (role, expected) in [
        ("viewer", json!(["viewer"])),
        ("user", json!(["user", "viewer"])),
        ("admin", json!(["admin", "user", "viewer"])),
    ] {
        let given = app
            .ask(
                &admin,
                Method::PATCH,
                &format!("/api/v1/admin/users/{}", ada.id),
                Some(json!({"roles": [role]})),
            )
            .await;
        assert_eq!(given.status, 200, "{given:?}");
        assert_eq!(claims_of(&app, "ada@example.com").await["roles"], expected, "{role}");
    }
}

#[tokio::test]
async fn a_built_in_role_is_given_permissions_keeps_its_parents_and_is_not_removed() {
    let (app, admin) = runbook().await;
    let put = async |role: &str, body: Value| {
        app.ask(&admin, Method::PUT, &format!("{ROLES}/{role}"), Some(body)).await
    };
    let user = put("user", json!({"permissions": ["notes:write"]})).await;
    assert_eq!((user.status.as_u16(), user.json()["inherits"].clone()), (200, json!(["viewer"])));
    assert_eq!(put("auditor", json!({"inherits": ["viewer"]})).await.status, 201, "others build on them");
    let turned = put("viewer", json!({"inherits": ["admin"]})).await;
    assert_eq!(turned.brief(), "422 invalid_field");
    for role in ["admin", "user", "viewer"] {
        let removed = app.ask(&admin, Method::DELETE, &format!("{ROLES}/{role}"), None).await;
        assert_eq!(removed.brief(), "409 role_built_in", "{role}");
        let body = json!({ "name": role });
        assert_eq!(
            app.ask(&admin, Method::POST, ROLES, Some(body)).await.brief(),
            "409 role_exists",
            "{role}"
        );
    }
    let ada = app.person("ada@example.com").await;
    let path = format!("/api/v1/admin/users/{}", ada.id);
    app.ask(&admin, Method::PATCH, &path, Some(json!({"roles": ["admin"]}))).await;
    assert_eq!(claims_of(&app, "ada@example.com").await["permissions"], json!(["notes:write"]));
}
