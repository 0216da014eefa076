//! What users are in organizations.

use super::{
    ALREADY_EXISTS, FAILED_PRECONDITION, INVALID_ARGUMENT, NOT_FOUND, REALM, administering, far,
    organization_id, told, user_id,
    wire::{Message, message},
};
use crate::support::TestApp;

fn role(name: &str) -> Message {
    message().text(2, name)
}

#[tokio::test]
async fn members_are_listed_in_pages() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let (acme, bob) = (organization_id(&app, "acme").await, user_id(&app, "bob@example.com").await);
    let join = message().text(1, &acme).text(3, &bob).within(2, message());
    caller.call("users.UserService/CreateMembership", join).await.unwrap();
    let list = async |organization: &str, token: &str| {
        let asked = message().text(1, organization).number(2, 1).text(3, token);
        caller.call("users.UserService/ListOrganizationUsers", asked).await
    };
    let first = list(&acme, "").await.unwrap();
    let second = list(&acme, &first.text(&[1])).await.unwrap();
    assert_eq!(second.text(&[1]), "", "there are no more");
    let mut both = [first.text(&[3, 5]), second.text(&[3, 5])];
    both.sort_unstable();
    assert_eq!(both, ["ada@example.com", "bob@example.com"]);
    list(&far(&app).await, "").await.unwrap_err().is(NOT_FOUND, "not_found");
}

#[tokio::test]
async fn somebody_becomes_a_member_once() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let (acme, bob) = (organization_id(&app, "acme").await, user_id(&app, "bob@example.com").await);
    let create = async |organization: &str, user: &str, role: Message| {
        let asked =
            message().text(1, organization).text(3, user).within(2, message().within(4, role)).number(5, 1);
        caller.call("users.UserService/CreateMembership", asked).await
    };
    let made = create(&acme, &bob, role("editor")).await.unwrap();
    assert_eq!(
        (made.text(&[1, 1]), made.text(&[1, 7, 1]), made.text(&[1, 7, 4, 2])),
        (bob.clone(), acme.clone(), "editor".into())
    );
    assert_eq!(told(&app).await, ["member-added"]);
    create(&acme, &bob, role("owner")).await.unwrap_err().is(ALREADY_EXISTS, "already_member");
    create(&acme, "usr_01jd3v6d7qk4r8x2m5n9p0t1wz", role("editor"))
        .await
        .unwrap_err()
        .is(NOT_FOUND, "not_found");
    create(&far(&app).await, &bob, role("editor")).await.unwrap_err().is(NOT_FOUND, "not_found");
    let root = user_id(&app, "root@example.com").await;
    create(&acme, &root, role("realm-admin")).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    // A role can be named by its id, which is its name.
    let carol = app.person("carol@example.com").await.id;
    create(&acme, &carol, message().text(1, "editor")).await.unwrap();
}

#[tokio::test]
async fn a_member_is_given_other_roles() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let (acme, ada) = (organization_id(&app, "acme").await, user_id(&app, "ada@example.com").await);
    let update = async |user: &str, roles: &[&str]| {
        let roles = roles.iter().fold(message(), |all, name| all.within(4, role(name)));
        let asked = message().text(1, &acme).text(2, user).within(5, roles);
        caller.call("users.UserService/UpdateMembership", asked).await
    };
    let changed = update(&ada, &["owner"]).await.unwrap();
    assert_eq!(changed.each(1)[0].each(7)[0].each(4).len(), 1);
    assert_eq!(told(&app).await, ["member-roles-changed"]);
    update(&ada, &["editor"]).await.unwrap_err().is(FAILED_PRECONDITION, "last_owner");
    let bob = user_id(&app, "bob@example.com").await;
    update(&bob, &["editor"]).await.unwrap_err().is(NOT_FOUND, "not_found");
}

#[tokio::test]
async fn a_membership_ends_and_that_of_the_last_owner_does_not() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let (acme, bob) = (organization_id(&app, "acme").await, user_id(&app, "bob@example.com").await);
    let ada = user_id(&app, "ada@example.com").await;
    let join = message().text(1, &acme).text(3, &bob).within(2, message());
    caller.call("users.UserService/CreateMembership", join).await.unwrap();
    let delete = async |user: &str| {
        caller.call("users.UserService/DeleteMembership", message().text(1, &acme).text(2, user)).await
    };
    delete(&bob).await.unwrap();
    delete(&bob).await.unwrap_err().is(NOT_FOUND, "not_found");
    delete(&ada).await.unwrap_err().is(FAILED_PRECONDITION, "last_owner");
    assert_eq!(told(&app).await, ["member-added", "member-removed"]);
}

#[tokio::test]
async fn roles_are_added_and_taken_one_by_one() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let (acme, bob) = (organization_id(&app, "acme").await, user_id(&app, "bob@example.com").await);
    let join = message().text(1, &acme).text(3, &bob).within(2, message());
    caller.call("users.UserService/CreateMembership", join).await.unwrap();
    let within = || message().text(1, &acme).text(2, &bob);
    let names =
        |answer: &super::wire::Fields| answer.each(1).iter().map(|role| role.text(&[2])).collect::<Vec<_>>();
    let assign = async |name: &str| {
        let asked = within().within(3, message().text(2, name));
        caller.call("users.UserService/AssignUserRoles", asked).await
    };
    assert_eq!(names(&assign("editor").await.unwrap()), ["editor"]);
    assert_eq!(names(&assign("owner").await.unwrap()), ["editor", "owner"]);
    assert_eq!(names(&assign("editor").await.unwrap()).len(), 2, "each once");
    assign("boss").await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    let listed = caller.call("users.UserService/ListUserRoles", within()).await.unwrap();
    assert_eq!(names(&listed).len(), 2);
    let permissions = caller.call("users.UserService/ListUserPermissions", within()).await.unwrap();
    assert_eq!(names(&permissions), ["notes:read", "notes:write"]);
    let remove =
        async |name: &str| caller.call("users.UserService/RemoveUserRole", within().text(3, name)).await;
    remove("editor").await.unwrap();
    remove("editor").await.unwrap_err().is(NOT_FOUND, "not_found");
    assert_eq!(names(&caller.call("users.UserService/ListUserRoles", within()).await.unwrap()), ["owner"]);
    let stranger = message().text(1, &acme).text(2, &user_id(&app, "root@example.com").await);
    for method in ["ListUserRoles", "ListUserPermissions"] {
        let refused = caller.call(&format!("users.UserService/{method}"), stranger.clone()).await;
        refused.unwrap_err().is(NOT_FOUND, "not_found");
    }
    let carol = message().text(1, &acme).text(2, &app.person("carol@example.com").await.id);
    let refused = caller.call("users.UserService/AssignUserRoles", carol).await;
    refused.unwrap_err().is(NOT_FOUND, "not_found");
}
