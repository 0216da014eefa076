//! Roles.

use super::{
    ALREADY_EXISTS, FAILED_PRECONDITION, INVALID_ARGUMENT, NOT_FOUND, REALM, UNIMPLEMENTED, administering,
    far, organization_id, told, user_id,
    wire::{Fields, Message, message},
};
use crate::support::TestApp;

fn names(roles: &[Fields]) -> Vec<String> {
    roles.iter().map(|role| role.text(&[2])).collect()
}

#[tokio::test]
async fn a_role_is_made_for_organizations_changed_and_removed() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let ask = async |method: &str, message: Message| {
        caller.call(&format!("roles.RolesService/{method}"), message).await
    };
    let create = async |role: Message| ask("CreateRole", message().within(2, role)).await;
    let writer = || {
        message()
            .text(2, "writer")
            .text(3, "Writer")
            .text(4, "Writes")
            .text(8, "reader")
            .text(9, "notes:write")
    };
    let made = create(writer()).await.unwrap();
    assert_eq!(
        (made.text(&[1, 1]), made.text(&[1, 2]), made.text(&[1, 8])),
        ("writer".into(), "writer".into(), "reader".into())
    );
    assert_eq!((made.text(&[1, 9, 2]), made.text(&[1, 9, 6])), ("notes:write".into(), "writer".into()));
    create(writer()).await.unwrap_err().is(ALREADY_EXISTS, "role_exists");
    for wrong in [
        message().text(2, "no role"),
        message().text(2, "other").text(9, "no permission"),
        message().text(2, "other").text(8, "nobody"),
        message().text(2, "other").text(3, "a\u{0}b"),
        message().text(2, "other").text(4, &"x".repeat(501)),
        message().text(2, "realm-admin"),
    ] {
        create(wrong).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    }
    // An organization can give it.
    let (acme, bob) = (organization_id(&app, "acme").await, user_id(&app, "bob@example.com").await);
    let member =
        message().text(1, &acme).text(3, &bob).within(2, message().within(4, message().text(2, "writer")));
    let joined = caller.call("users.UserService/CreateMembership", member).await.unwrap();
    assert_eq!(joined.each(1)[0].each(7)[0].texts(15), ["notes:read", "notes:write"]);
    assert_eq!(joined.text(&[1, 7, 4, 3]), "Writer", "as it is shown");
    let listed = ask("ListRoles", message()).await.unwrap();
    assert_eq!(names(&listed.each(1)), ["editor", "reader", "writer", "owner"]);
    assert_eq!(ask("GetRole", message().text(2, "writer")).await.unwrap(), made);
    ask("GetRole", message().text(2, "nobody")).await.unwrap_err().is(NOT_FOUND, "not_found");
    let update =
        message().text(2, "writer").within(3, message().text(7, "notes:delete").text(7, "notes:write"));
    let changed = ask("UpdateRole", update).await.unwrap();
    assert_eq!(names(&changed.each(1)[0].each(9)), ["notes:delete", "notes:write"]);
    assert_eq!(
        (changed.text(&[1, 8]), changed.text(&[1, 3]), changed.text(&[1, 4])),
        ("reader".into(), "Writer".into(), "Writes".into()),
        "what was not sent stays"
    );
    let shown = message().text(2, "writer").within(3, message().text(1, "Author").text(2, ""));
    let shown = ask("UpdateRole", shown).await.unwrap();
    assert_eq!((shown.text(&[1, 3]), shown.text(&[1, 4])), ("Author".into(), String::new()));
    let nobody = message().text(2, "nobody").within(3, message());
    ask("UpdateRole", nobody).await.unwrap_err().is(NOT_FOUND, "not_found");
    let delete = async |name: &str| ask("DeleteRole", message().text(2, name)).await;
    delete("writer").await.unwrap_err().is(FAILED_PRECONDITION, "role_in_use");
    let reassigned = message().text(2, "writer").text(4, "editor");
    ask("DeleteRole", reassigned).await.unwrap_err().is(UNIMPLEMENTED, "unimplemented");
    let leave = message().text(1, &acme).text(2, &bob);
    caller.call("users.UserService/DeleteMembership", leave).await.unwrap();
    delete("writer").await.unwrap();
    delete("writer").await.unwrap_err().is(NOT_FOUND, "not_found");
    delete("reader").await.unwrap_err().is(FAILED_PRECONDITION, "role_in_use");
    assert_eq!(
        told(&app).await,
        [
            "member-added",
            "member-removed",
            "realm-updated",
            "realm-updated",
            "roles-changed",
            "roles-changed",
            "roles-changed",
            "roles-changed"
        ]
    );
}

#[tokio::test]
async fn a_role_inherits_until_its_base_is_taken_away() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let ask = async |method: &str, message: Message| {
        caller.call(&format!("roles.RolesService/{method}"), message).await
    };
    let dependents = ask("ListDependentRoles", message().text(1, "reader")).await.unwrap();
    assert_eq!(names(&dependents.each(1)), ["editor"]);
    let reader = ask("GetRole", message().text(2, "reader")).await.unwrap();
    assert_eq!(reader.number(&[1, 10]), 1);
    ask("DeleteRoleBase", message().text(1, "editor")).await.unwrap();
    assert!(ask("ListDependentRoles", message().text(1, "reader")).await.unwrap().each(1).is_empty());
    for method in ["ListDependentRoles", "DeleteRoleBase"] {
        ask(method, message().text(1, "nobody")).await.unwrap_err().is(NOT_FOUND, "not_found");
    }
}

#[tokio::test]
async fn what_organizations_give_is_shown() {
    let one_of_the_realm = REALM.replace(
        "[[realm.client]]\nid = \"reading\"",
        "[[realm.role]]\nname = \"auditor\"\n[[realm.client]]\nid = \"reading\"",
    );
    let app = TestApp::with(&one_of_the_realm).await;
    let caller = administering(&app).await;
    let ask = async |method: &str, message: Message| {
        caller.call(&format!("roles.RolesService/{method}"), message).await
    };
    let acme = organization_id(&app, "acme").await;
    let listed = ask("ListOrganizationRoles", message().text(1, &acme)).await.unwrap();
    assert_eq!(names(&listed.each(1)), ["editor", "reader", "owner"]);
    let found = ask("GetOrganizationRole", message().text(1, &acme).text(2, "editor")).await.unwrap();
    assert_eq!(found.text(&[1, 2]), "editor");
    let get = ask("GetOrganizationRole", message().text(1, &acme).text(2, "auditor")).await;
    get.unwrap_err().is(NOT_FOUND, "not_found");
    let far = far(&app).await;
    ask("ListOrganizationRoles", message().text(1, &far)).await.unwrap_err().is(NOT_FOUND, "not_found");
    let get = ask("GetOrganizationRole", message().text(1, &far).text(2, "editor")).await;
    get.unwrap_err().is(NOT_FOUND, "not_found");
}

#[tokio::test]
async fn the_members_with_a_role_are_counted() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let ask = async |method: &str, message: Message| {
        caller.call(&format!("roles.RolesService/{method}"), message).await
    };
    let acme = organization_id(&app, "acme").await;
    for (role, count) in [("editor", 1), ("owner", 1), ("reader", 0)] {
        let all = ask("GetRoleUsersCount", message().text(2, role)).await.unwrap();
        let there =
            ask("GetOrganizationRoleUsersCount", message().text(1, &acme).text(2, role)).await.unwrap();
        assert_eq!((all.number(&[1]), there.number(&[1])), (count, count), "{role}");
    }
    ask("GetRoleUsersCount", message().text(2, "nobody")).await.unwrap_err().is(NOT_FOUND, "not_found");
    let far = message().text(1, &far(&app).await).text(2, "editor");
    ask("GetOrganizationRoleUsersCount", far).await.unwrap_err().is(NOT_FOUND, "not_found");
}
