//! Permissions.

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    ALREADY_EXISTS, INVALID_ARGUMENT, NOT_FOUND, REALM, administering, told,
    wire::{Fields, Message, message},
};
use crate::support::TestApp;

fn names(answer: &Fields) -> Vec<String> {
    answer.each(1).iter().map(|permission| permission.text(&[2])).collect()
}

#[tokio::test]
async fn permissions_are_those_that_roles_have() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let ask = async |method: &str, message: Message| {
        caller.call(&format!("roles.RolesService/{method}"), message).await
    };
    let first = ask("ListPermissions", message().number(2, 1)).await.unwrap();
    assert_eq!(names(&first), ["notes:read"]);
    let second = ask("ListPermissions", message().number(2, 1).text(1, &first.text(&[3]))).await.unwrap();
    assert_eq!((names(&second), second.text(&[3])), (vec!["notes:write".to_owned()], String::new()));
    let found = ask("GetPermission", message().text(1, "notes:read")).await.unwrap();
    assert_eq!((found.text(&[1, 1]), found.text(&[1, 2])), ("notes:read".into(), "notes:read".into()));
    for unknown in ["notes:delete", "garbage"] {
        ask("GetPermission", message().text(1, unknown)).await.unwrap_err().is(NOT_FOUND, "not_found");
    }
}

#[tokio::test]
async fn permissions_are_added_to_a_role_and_taken() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let ask = async |method: &str, message: Message| {
        caller.call(&format!("roles.RolesService/{method}"), message).await
    };
    let add = async |role: &str, name: &str| {
        ask("AddPermissionsToRole", message().text(1, role).text(2, name)).await
    };
    assert_eq!(names(&add("editor", "notes:share").await.unwrap()), ["notes:write", "notes:share"]);
    assert_eq!(names(&add("editor", "notes:share").await.unwrap()).len(), 2, "each once");
    add("editor", "no permission").await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    add("nobody", "notes:share").await.unwrap_err().is(NOT_FOUND, "not_found");
    let own = ask("ListRolePermissions", message().text(1, "editor")).await.unwrap();
    assert_eq!(names(&own), ["notes:write", "notes:share"]);
    let all = ask("ListEffectiveRolePermissions", message().text(1, "editor")).await.unwrap();
    assert_eq!(names(&all), ["notes:read", "notes:share", "notes:write"]);
    let remove =
        async |name: &str| ask("RemovePermissionFromRole", message().text(1, "editor").text(2, name)).await;
    remove("notes:share").await.unwrap();
    remove("notes:share").await.unwrap_err().is(NOT_FOUND, "not_found");
    let own = ask("ListRolePermissions", message().text(1, "editor")).await.unwrap();
    assert_eq!(names(&own), ["notes:write"]);
    for method in ["ListRolePermissions", "ListEffectiveRolePermissions"] {
        ask(method, message().text(1, "nobody")).await.unwrap_err().is(NOT_FOUND, "not_found");
    }
    assert_eq!(told(&app).await, ["roles-changed", "roles-changed"]);
}

#[tokio::test]
async fn what_becomes_of_rights_is_told_to_webhooks_with_how_it_is_shown() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let root = app.sign_in("root@example.com").await;
    let hook = json!({"url": "https://app.test/hook", "events": ["*"]});
    let hook = app.ask(&root, Method::POST, "/api/v1/admin/webhooks", Some(hook)).await;
    assert_eq!(hook.status, 201, "{hook:?}");
    let ask = async |method: &str, message: Message| {
        caller.call(&format!("roles.RolesService/{method}"), message).await.unwrap()
    };
    let named = |name: &str, what: &str| message().text(1, name).text(2, what);
    ask("CreatePermission", message().within(1, named("books:read", "Reads books"))).await;
    ask("UpdatePermission", message().text(1, "notes:write").within(3, named("notes:write", "Writes"))).await;
    ask("UpdatePermission", message().text(1, "notes:write").within(3, named("notes:write", "Writes notes")))
        .await;
    ask("DeletePermission", message().text(1, "notes:write")).await;
    let role = message().text(2, "writer").text(3, "Writer").text(4, "Writes").text(8, "reader");
    ask("CreateRole", message().within(2, role)).await;
    let change = message().text(1, "Author").text(7, "books:write");
    ask("UpdateRole", message().text(2, "writer").within(3, change)).await;
    ask("UpdateRole", message().text(2, "writer").within(3, message().text(2, "Writes books"))).await;
    ask("DeleteRole", message().text(2, "writer")).await;

    let path = format!("/api/v1/admin/webhooks/{}/deliveries", hook.text("id"));
    let listed = app.ask(&root, Method::GET, &path, None).await.json();
    let mut told = Vec::new();
    for one in listed["deliveries"].as_array().unwrap().iter().rev() {
        let path = format!("{path}/{}", one["id"].as_str().unwrap());
        let body = app.ask(&root, Method::GET, &path, None).await.json()["body"].clone();
        told.push((body["type"].as_str().unwrap().to_owned(), body["data"].clone()));
    }
    // What happened at one moment is listed by ids, which are in no order.
    told.sort_by_key(|(event, data)| (event.clone(), data.to_string()));
    let at = |n: usize| (told[n].0.as_str(), told[n].1.clone());
    let at_once = "2027-01-15T08:00:00Z";
    let permission = |name: &str, what: &str| {
        json!({"permission": {
            "name": name, "description": what, "created_at": at_once, "updated_at": at_once,
        }})
    };
    let role = |shown: &str, what: &str, permissions: Value| {
        json!({"role": {
            "name": "writer", "permissions": permissions, "inherits": ["reader"], "display_name": shown,
            "description": what,
        }})
    };
    assert_eq!(at(0), ("permission.created", permission("books:read", "Reads books")));
    assert_eq!(at(1), ("permission.created", permission("notes:write", "Writes")));
    let struck = json!({"permission": {"name": "notes:write"}, "taken_from": ["editor"]});
    assert_eq!(at(2), ("permission.deleted", struck));
    assert_eq!(at(3), ("permission.updated", permission("notes:write", "Writes notes")));
    assert_eq!(at(4), ("role.created", role("Writer", "Writes", json!([]))));
    assert_eq!(at(5), ("role.deleted", json!({"role": {"name": "writer"}})));
    assert_eq!(at(6), ("role.updated", role("Author", "Writes books", json!(["books:write"]))));
    assert_eq!(at(7), ("role.updated", role("Author", "Writes", json!(["books:write"]))));
    assert_eq!(told.len(), 8, "{told:?}");
}

#[tokio::test]
async fn a_permission_is_written_down_and_taken_from_every_role() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let ask = async |method: &str, message: Message| {
        caller.call(&format!("roles.RolesService/{method}"), message).await
    };
    let named = |name: &str, what: &str| message().text(1, name).text(2, what);
    let create = async |permission: Message| ask("CreatePermission", message().within(1, permission)).await;
    let made = create(named("books:read", "Reads books")).await.unwrap();
    assert_eq!(
        (made.text(&[1, 2]), made.text(&[1, 3]), made.number(&[1, 4, 1])),
        ("books:read".into(), "Reads books".into(), 1_800_000_000)
    );
    assert_eq!(ask("GetPermission", message().text(1, "books:read")).await.unwrap(), made);
    assert_eq!(
        names(&ask("ListPermissions", message()).await.unwrap()),
        ["books:read", "notes:read", "notes:write"]
    );
    create(named("books:read", "")).await.unwrap_err().is(ALREADY_EXISTS, "permission_exists");
    create(named("no permission", "")).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    create(named("books:write", &"x".repeat(501))).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    let update = async |name: &str, permission: Message| {
        ask("UpdatePermission", message().text(1, name).within(3, permission)).await
    };
    let changed = update("notes:write", named("notes:write", "Writes notes")).await.unwrap();
    assert_eq!(changed.text(&[1, 3]), "Writes notes");
    let of_role = ask("ListRolePermissions", message().text(1, "editor")).await.unwrap();
    assert_eq!(of_role.text(&[1, 3]), "Writes notes");
    update("notes:write", named("notes:scribble", ""))
        .await
        .unwrap_err()
        .is(INVALID_ARGUMENT, "invalid_field");
    update("notes:delete", named("notes:delete", "")).await.unwrap_err().is(NOT_FOUND, "not_found");
    let delete = async |name: &str| ask("DeletePermission", message().text(1, name)).await;
    delete("notes:write").await.unwrap();
    assert!(names(&ask("ListRolePermissions", message().text(1, "editor")).await.unwrap()).is_empty());
    delete("books:read").await.unwrap();
    delete("books:read").await.unwrap_err().is(NOT_FOUND, "not_found");
    assert_eq!(told(&app).await, ["roles-changed"; 4]);
}
