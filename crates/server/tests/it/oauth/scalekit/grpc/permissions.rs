//! Permissions.

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
