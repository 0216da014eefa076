//! Users.

use super::{
    ALREADY_EXISTS, Caller, INVALID_ARGUMENT, NOT_FOUND, REALM, administering, far, organization_id, told,
    user_id,
    wire::{Message, message},
};
use crate::support::TestApp;

/// An account to be made in an organization.
fn grace(organization: &str) -> Message {
    let profile = message()
        .text(2, "Grace")
        .text(3, "Hopper")
        .text(5, "en")
        .text(7, "+15550100")
        .text(11, "https://x.test/g.png");
    let membership = message().within(4, message().text(2, "editor"));
    let user = message().text(5, "grace@example.com").within(7, membership).within(8, profile);
    message().text(1, organization).within(2, user).number(3, 1)
}

#[tokio::test]
async fn a_user_is_made_and_belongs_to_the_organization() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let acme = organization_id(&app, "acme").await;
    let create = "users.UserService/CreateUserAndMembership";
    let made = caller.call(create, grace(&acme)).await.unwrap();
    let id = made.text(&[1, 1]);
    assert!(id.starts_with("usr_"), "{id}");
    let found = caller.call("users.UserService/GetUser", message().text(1, &id)).await.unwrap();
    assert_eq!(found, made, "as it was answered");
    let (text, user) = (|path: &[u32]| found.text(path), found.each(1).remove(0));
    assert_eq!(text(&[1, 5]), "grace@example.com");
    assert!(!text(&[1, 2]).is_empty(), "environment_id: the realm");
    assert_eq!(user.number(&[3, 1]), 1_800_000_000, "create_time, in seconds");
    assert_eq!((text(&[1, 7, 1]), text(&[1, 7, 4, 2])), (acme.clone(), "editor".to_owned()));
    assert_eq!(user.number(&[7, 3]), 1, "active");
    assert_eq!(user.each(7)[0].texts(15), ["notes:read", "notes:write"]);
    assert_eq!(
        (text(&[1, 8, 2]), text(&[1, 8, 3]), text(&[1, 8, 4])),
        ("Grace".into(), "Hopper".into(), "Grace Hopper".into())
    );
    assert_eq!(
        (text(&[1, 8, 5]), text(&[1, 8, 7]), text(&[1, 8, 14])),
        ("en".into(), "+15550100".into(), "https://x.test/g.png".into())
    );
    assert_eq!(user.number(&[8, 6]), 0, "nobody proved the address yet");
    assert_eq!(told(&app).await, ["member-added", "user-created"]);
    caller.call(create, grace(&acme)).await.unwrap_err().is(ALREADY_EXISTS, "email_taken");
    for (wrong, code, word) in [
        (grace(&far(&app).await), NOT_FOUND, "not_found"),
        (grace("org_garbage"), NOT_FOUND, "not_found"),
        (grace(""), INVALID_ARGUMENT, "invalid_field"),
        (message().text(1, &acme), INVALID_ARGUMENT, "invalid_field"),
        (
            message().text(1, &acme).within(2, message().text(5, "no address")),
            INVALID_ARGUMENT,
            "invalid_field",
        ),
    ] {
        caller.call(create, wrong).await.unwrap_err().is(code, word);
    }
    let unknown =
        message().text(5, "joan@example.com").within(7, message().within(4, message().text(2, "boss")));
    let refused = caller.call(create, message().text(1, &acme).within(2, unknown)).await.unwrap_err();
    refused.is(INVALID_ARGUMENT, "invalid_field");
    let listed = caller.call("users.UserService/SearchUsers", message().text(1, "joan")).await.unwrap();
    assert!(listed.each(3).is_empty(), "no account that belongs nowhere is left");
}

#[tokio::test]
async fn a_user_is_known_by_the_id_of_this_realm() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let get = "users.UserService/GetUser";
    let other = "usr_01jd3v6d7qk4r8x2m5n9p0t1wz";
    for unknown in [other, "usr_garbage", "ada@example.com"] {
        caller.call(get, message().text(1, unknown)).await.unwrap_err().is(NOT_FOUND, "not_found");
    }
    caller.call(get, message()).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    caller.call(get, message().text(2, "theirs")).await.unwrap_err().is(NOT_FOUND, "not_found");
}

#[tokio::test]
async fn users_are_listed_in_pages_and_searched() {
    let app = TestApp::with(REALM).await;
    let reading = Caller::of(&app, "reading").await;
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let asked = message().number(1, 2).text(2, &token);
        let page = reading.call("users.UserService/ListUsers", asked).await.unwrap();
        found.extend(page.each(1).iter().map(|user| user.text(&[5])));
        token = page.text(&[2]);
        if token.is_empty() {
            break;
        }
    }
    found.sort_unstable();
    assert_eq!(found, ["ada@example.com", "bob@example.com", "root@example.com"]);
    let wrong = message().number(1, 2).text(2, "garbage");
    reading
        .call("users.UserService/ListUsers", wrong)
        .await
        .unwrap_err()
        .is(INVALID_ARGUMENT, "invalid_field");
    let many = reading.call("users.UserService/ListUsers", message().number(1, 100_000)).await.unwrap();
    assert_eq!(many.each(1).len(), 3);
    let search = async |query: &str| {
        let asked = message().text(1, query);
        reading
            .call("users.UserService/SearchUsers", asked)
            .await
            .map(|page| page.each(3).iter().map(|user| user.text(&[5])).collect::<Vec<_>>())
    };
    assert_eq!(search("ada").await.unwrap(), ["ada@example.com"]);
    assert_eq!(search("").await.unwrap().len(), 3);
    search(&"x".repeat(201)).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_query");
}

#[tokio::test]
async fn what_is_known_of_a_user_is_changed() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let ada = user_id(&app, "ada@example.com").await;
    let update = async |user: Message| {
        caller.call("users.UserService/UpdateUser", message().text(1, &ada).within(3, user)).await
    };
    let profile =
        message().text(21, "Augusta").text(3, "King").text(4, "Ada King").text(10, "countess").text(12, "f");
    let changed = update(message().within(8, profile)).await.unwrap();
    let text = |path: &[u32]| changed.text(path);
    assert_eq!(
        (text(&[1, 8, 2]), text(&[1, 8, 21]), text(&[1, 8, 3])),
        ("Augusta".into(), "Augusta".into(), "King".into())
    );
    assert_eq!(
        (text(&[1, 8, 4]), text(&[1, 8, 12]), text(&[1, 8, 16])),
        ("Ada King".into(), "countess".into(), "f".into())
    );
    let cleared = update(message().within(8, message().text(3, ""))).await.unwrap();
    assert_eq!((cleared.text(&[1, 8, 3]), cleared.text(&[1, 8, 2])), (String::new(), "Augusta".into()));
    assert_eq!(told(&app).await, ["user-updated", "user-updated"]);
    let odd = message().within(8, message().entry(9, "shirt", "M"));
    update(odd).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    let taken = message().text(1, "usr_01jd3v6d7qk4r8x2m5n9p0t1wz").within(3, message());
    caller.call("users.UserService/UpdateUser", taken).await.unwrap_err().is(NOT_FOUND, "not_found");
}

#[tokio::test]
async fn a_user_is_found_by_what_it_is_called_elsewhere() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let acme = organization_id(&app, "acme").await;
    let user = message().text(5, "grace@example.com").text(6, "customer/7").entry(9, "plan", "free");
    let made = caller
        .call("users.UserService/CreateUserAndMembership", message().text(1, &acme).within(2, user))
        .await
        .unwrap();
    assert_eq!(
        (made.text(&[1, 6]), made.text(&[1, 9, 1]), made.text(&[1, 9, 2])),
        ("customer/7".into(), "plan".into(), "free".into())
    );
    let get = async |external_id: &str| {
        caller.call("users.UserService/GetUser", message().text(2, external_id)).await
    };
    assert_eq!(get("customer/7").await.unwrap(), made);
    let ada = user_id(&app, "ada@example.com").await;
    let update = async |user: Message| {
        caller.call("users.UserService/UpdateUser", message().text(1, &ada).within(3, user)).await
    };
    update(message().text(6, "customer/7")).await.unwrap_err().is(ALREADY_EXISTS, "external_id_taken");
    let changed =
        update(message().text(6, "customer/8").entry(9, "a", "b").entry(9, "c", "d")).await.unwrap();
    assert_eq!((changed.text(&[1, 6]), changed.each(1)[0].each(9).len()), ("customer/8".into(), 2));
    let less = update(message().entry(9, "a", "")).await.unwrap();
    assert_eq!((less.text(&[1, 6]), less.text(&[1, 9, 1])), ("customer/8".into(), "c".into()));
    update(message().text(6, "")).await.unwrap();
    for unknown in ["customer/8", "a\0b"] {
        get(unknown).await.unwrap_err().is(NOT_FOUND, "not_found");
    }
    update(message().text(6, &"x".repeat(501))).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    update(message().entry(9, "", "x")).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    let delete = message().text(2, "customer/7");
    caller.call("users.UserService/DeleteUser", delete).await.unwrap();
    get("customer/7").await.unwrap_err().is(NOT_FOUND, "not_found");
}

#[tokio::test]
async fn a_user_is_deleted_and_an_administrator_is_not() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let bob = user_id(&app, "bob@example.com").await;
    let delete = async |id: &str| caller.call("users.UserService/DeleteUser", message().text(1, id)).await;
    assert!(delete(&bob).await.unwrap().text(&[1]).is_empty(), "google.protobuf.Empty");
    delete(&bob).await.unwrap_err().is(NOT_FOUND, "not_found");
    assert_eq!(app.login("bob@example.com").await.brief(), "401 invalid_credentials");
    assert_eq!(told(&app).await, ["user-deleted"]);
    let root = user_id(&app, "root@example.com").await;
    assert!(delete(&root).await.is_err());
    app.sign_in("root@example.com").await;
}
