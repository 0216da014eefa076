//! What is told, of whom, and in which order.

use axum::http::Method;
use serde_json::{Value, json};

use super::{World, make, receiver::nowhere, types};
use crate::{
    mfa,
    support::{PASSWORD, Person, TestApp, person},
};

async fn one(world: &World) -> Value {
    let told = world.told().await;
    assert_eq!(told.len(), 1, "{told:?}");
    told.into_iter().next().unwrap()
}

#[tokio::test]
async fn an_account_is_told_of_as_it_is_after_each_change() {
    let world = World::told_of(&["user.created", "user.updated", "user.deleted"]).await;
    let ada = world.app.person("ada@example.com").await;
    let made = one(&world).await;
    assert_eq!((&made["type"], &made["data"]["user"]["id"]), (&json!("user.created"), &json!(ada.id)));
    assert_eq!(made["data"]["user"]["email"], "ada@example.com");
    assert_eq!(made["timestamp"], world.app.clock.now().to_string());
    let path = format!("/api/v1/admin/users/{}", ada.id);
    for (change, member, value) in [
        (json!({"name": "Ada Lovelace"}), "name", json!("Ada Lovelace")),
        (json!({"username": "ada"}), "username", json!("ada")),
        (json!({"email": "ada@other.test"}), "email", json!("ada@other.test")),
        (json!({"email_verified": true}), "email_verified", json!(true)),
        (json!({"roles": ["realm-admin"]}), "roles", json!(["realm-admin"])),
        (json!({"disabled": true}), "disabled", json!(true)),
        (json!({"disabled": false}), "disabled", json!(false)),
    ] {
        assert_eq!(world.ask(Method::PATCH, &path, Some(change.clone())).await.status, 200, "{change}");
        let told = one(&world).await;
        assert_eq!(
            (&told["type"], &told["data"]["user"][member]),
            (&json!("user.updated"), &value),
            "{told}"
        );
    }
    assert_eq!(world.ask(Method::DELETE, &path, None).await.status, 204);
    let gone = one(&world).await;
    assert_eq!((&gone["type"], &gone["data"]), (&json!("user.deleted"), &json!({"user": {"id": ada.id}})));
}

#[tokio::test]
async fn an_address_that_is_confirmed_is_told_as_confirmed() {
    let world = World::told_of(&["user.updated"]).await;
    let ada = world.app.person("ada@example.com").await;
    let token = world.app.token("ada@example.com").await;
    let confirmed = world.app.post("/api/v1/verify-email", json!({"token": token})).await;
    assert!(confirmed.status.is_success(), "{confirmed:?}");
    assert_eq!(one(&world).await["data"]["user"]["email_verified"], true);
    let body = json!({"email": "ada@new.test"});
    let asked = world.app.ask(&ada, Method::POST, "/api/v1/me/email", Some(body)).await;
    assert!(asked.status.is_success(), "{asked:?}");
    assert!(world.told().await.is_empty(), "asked for is not done");
    let token = world.app.token("ada@new.test").await;
    world.app.post("/api/v1/verify-email", json!({"token": token})).await;
    assert_eq!(one(&world).await["data"]["user"]["email"], "ada@new.test");
}

#[tokio::test]
async fn sessions_are_told_of_when_they_begin_and_when_they_end() {
    let world = World::told_of(&["session.created", "session.revoked", "password.changed"]).await;
    let ada = world.app.person("ada@example.com").await;
    let begun = one(&world).await;
    assert_eq!((&begun["type"], &begun["data"]["user"]["id"]), (&json!("session.created"), &json!(ada.id)));
    assert_eq!(world.app.ask(&ada, Method::POST, "/api/v1/logout", Some(json!({}))).await.status, 204);
    let ended = one(&world).await;
    assert_eq!(
        (&ended["type"], &ended["data"]["session"]),
        (&json!("session.revoked"), &begun["data"]["session"])
    );
    let (here, _there) =
        (world.app.sign_in("ada@example.com").await, world.app.sign_in("ada@example.com").await);
    let both = world.told().await;
    assert_eq!(types(&both), ["session.created", "session.created"]);
    let change = json!({"current_password": PASSWORD, "new_password": "the loom weaves flowers"});
    let changed = world.app.ask(&here, Method::POST, "/api/v1/me/password", Some(change)).await;
    assert!(changed.status.is_success(), "{changed:?}");
    assert_eq!(types(&world.told().await), ["password.changed"]);
    let path = format!("/api/v1/admin/users/{}/sessions", ada.id);
    assert_eq!(world.ask(Method::DELETE, &path, None).await.status, 204);
    let ended = one(&world).await;
    assert_eq!((&ended["type"], &ended["data"]["all_sessions"]), (&json!("session.revoked"), &json!(true)));
    assert!(world.app.login("ada@example.com").await.status.is_client_error());
    assert!(world.told().await.is_empty(), "what was refused is told to nobody");
}

#[tokio::test]
async fn second_factors_are_told_of_from_the_first_to_the_last() {
    let world = World::told_of(&["mfa.enabled", "mfa.disabled"]).await;
    let ada = world.app.person("ada@example.com").await;
    mfa::set_up(&world.app, &ada).await;
    let told = one(&world).await;
    assert_eq!((&told["type"], &told["data"]["user"]["mfa"]), (&json!("mfa.enabled"), &json!(true)));
    let path = format!("/api/v1/admin/users/{}/mfa", ada.id);
    assert_eq!(world.ask(Method::DELETE, &path, None).await.status, 204);
    let told = one(&world).await;
    assert_eq!((&told["type"], &told["data"]["user"]["mfa"]), (&json!("mfa.disabled"), &json!(false)));
}

#[tokio::test]
async fn roles_are_told_of_as_they_are_after_each_change() {
    let world = World::told_of(&["role.created", "role.updated", "role.deleted"]).await;
    let role = |permissions: Value| json!({"permissions": permissions, "inherits": []});
    let path = "/api/v1/admin/roles/editor";
    assert_eq!(world.ask(Method::PUT, path, Some(role(json!(["notes:read"])))).await.status, 201);
    let told = one(&world).await;
    let expected = json!({
        "name": "editor", "permissions": ["notes:read"], "inherits": [], "display_name": null, "description": null,
    });
    assert_eq!((&told["type"], &told["data"]), (&json!("role.created"), &json!({"role": expected})));
    assert!(world.ask(Method::PUT, path, Some(role(json!(["notes:read"])))).await.status.is_success());
    assert!(world.told().await.is_empty(), "nothing changed");
    assert!(world.ask(Method::PUT, path, Some(role(json!(["notes:*"])))).await.status.is_success());
    let told = one(&world).await;
    assert_eq!(
        (&told["type"], &told["data"]["role"]["permissions"]),
        (&json!("role.updated"), &json!(["notes:*"]))
    );
    assert_eq!(world.ask(Method::DELETE, path, None).await.status, 204);
    let told = one(&world).await;
    assert_eq!(
        (&told["type"], &told["data"]),
        (&json!("role.deleted"), &json!({"role": {"name": "editor"}}))
    );
}

#[tokio::test]
async fn an_organization_is_told_of_with_its_members() {
    let world = World::told_of(&[
        "organization.created",
        "organization.updated",
        "organization.deleted",
        "member.invited",
        "member.joined",
        "member.updated",
        "member.removed",
    ])
    .await;
    let (ada, bob) = (world.app.person("ada@example.com").await, world.app.person("bob@example.com").await);
    let acme = json!({"name": "Acme", "slug": "acme"});
    let made = world.app.ask(&ada, Method::POST, "/api/v1/organizations", Some(acme)).await;
    let id = made.text("id");
    let told = one(&world).await;
    assert_eq!(
        (&told["type"], &told["data"]["organization"]["slug"]),
        (&json!("organization.created"), &json!("acme"))
    );
    let organization = format!("/api/v1/organizations/{id}");
    let as_ada = async |method: Method, below: &str, body: Value| {
        let answer = world.app.ask(&ada, method, &format!("{organization}{below}"), Some(body)).await;
        assert!(answer.status.is_success(), "{answer:?}");
        answer
    };
    as_ada(Method::PATCH, "", json!({"name": "Acme Ltd"})).await;
    let told = one(&world).await;
    assert_eq!(
        (&told["type"], &told["data"]["organization"]["name"]),
        (&json!("organization.updated"), &json!("Acme Ltd"))
    );
    let invitation =
        as_ada(Method::POST, "/invitations", json!({"email": "new@example.com", "roles": ["owner"]})).await;
    let told = one(&world).await;
    assert_eq!(told["type"], "member.invited");
    assert_eq!(told["data"]["invitation"]["id"], invitation.json()["id"]);
    assert_eq!(told["data"]["invitation"]["email"], "new@example.com");
    assert_eq!(told["data"]["organization"]["id"], json!(id));
    let member = format!("/api/v1/admin/organizations/{id}/members/{}", bob.id);
    for (roles, event) in [(json!([]), "member.joined"), (json!(["owner"]), "member.updated")] {
        let put = world.ask(Method::PUT, &member, Some(json!({"roles": roles}))).await;
        assert!(put.status.is_success(), "{put:?}");
        let told = one(&world).await;
        assert_eq!((&told["type"], &told["data"]["roles"]), (&json!(event), &roles));
        assert_eq!(told["data"]["user"]["email"], "bob@example.com");
    }
    assert_eq!(world.ask(Method::DELETE, &member, None).await.status, 204);
    assert_eq!(one(&world).await["type"], "member.removed");
    as_ada(Method::DELETE, "", json!({})).await;
    let told = one(&world).await;
    assert_eq!(
        (&told["type"], &told["data"]),
        (&json!("organization.deleted"), &json!({"organization": {"id": id}}))
    );
}

/// WH-04: what concerns one goes out in the order in which it happened, whoever else is told of meanwhile.
#[tokio::test]
async fn wh_04_messages_of_one_account_arrive_in_order_and_each_once() {
    let world = World::told_of(&["user.created", "user.updated"]).await;
    let people = [world.app.person("ada@example.com").await, world.app.person("bob@example.com").await];
    for number in 0..20 {
        for one in &people {
            let body = Some(json!({"name": format!("Number {number}")}));
            let path = format!("/api/v1/admin/users/{}", one.id);
            assert_eq!(world.ask(Method::PATCH, &path, body).await.status, 200);
        }
        world.app.advance(std::time::Duration::from_millis(2));
    }
    // Two replicas at once: the work is done once.
    let (replica, _) = world.app.replica().await;
    let (here, there) = tokio::join!(world.app.app.send_webhooks(), replica.send_webhooks());
    here.unwrap();
    there.unwrap();
    let told = world.told().await;
    for one in &people {
        let of_one = told.iter().filter(|body| body["data"]["user"]["id"] == json!(one.id));
        let names: Vec<_> =
            of_one.map(|body| body["data"]["user"]["name"].as_str().unwrap_or("-").to_owned()).collect();
        let expected: Vec<_> =
            std::iter::once("-".to_owned()).chain((0..20).map(|number| format!("Number {number}"))).collect();
        assert_eq!(names, expected);
    }
    let mut ids: Vec<_> = told.iter().map(|body| body["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 42);
}

/// TN-05, WH-05: nobody is told of another realm.
#[tokio::test]
async fn wh_05_of_another_realm_nothing_is_told() {
    let world = World::new().await;
    world
        .app
        .apply(&format!(
            "[[realm]]\nname = \"other\"\n[[realm.user]]\nemail = \"admin@example.com\"\npassword = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n"
        ))
        .await;
    world.told().await;
    let in_other = async |path: &str, body: Value| world.app.post(&format!("/r/other{path}"), body).await;
    in_other("/api/v1/register", json!({"email": "eve@example.com", "password": PASSWORD})).await;
    let boss: Person =
        person(&in_other("/api/v1/login", json!({"email": "admin@example.com", "password": PASSWORD})).await);
    assert!(world.told().await.is_empty());
    // And a webhook there of nothing here.
    let path = "/r/other/api/v1/admin/webhooks";
    let body = json!({"url": world.receiver.url("/other"), "events": ["*"]});
    assert_eq!(world.app.ask(&boss, Method::POST, path, Some(body)).await.status, 201);
    world.told().await;
    world.app.register("ada@example.com").await;
    let realm_id = |told: &[Value]| told.iter().map(|body| body["realm_id"].clone()).collect::<Vec<_>>();
    world.send().await;
    let here = world.receiver.take();
    assert!(here.iter().all(|message| message.path == "/hook") && here.len() == 1, "{here:?}");
    in_other("/api/v1/register", json!({"email": "ada@example.com", "password": PASSWORD})).await;
    world.send().await;
    let there = world.receiver.take();
    assert!(there.iter().all(|message| message.path == "/other") && there.len() == 1, "{there:?}");
    assert_ne!(realm_id(&[here[0].json()]), realm_id(&[there[0].json()]));
}

#[tokio::test]
async fn whoever_is_declared_in_a_file_is_told_of_too() {
    let world = World::told_of(&["user.created", "organization.created", "member.joined"]).await;
    world
        .app
        .apply(
            "[[realm]]\nname = \"default\"\n[[realm.user]]\nemail = \"ada@example.com\"\n[[realm.organization]]\nslug = \"acme\"\n\
             name = \"Acme\"\nmembers = [{ user = \"ada@example.com\", roles = [\"owner\"] }]\n",
        )
        .await;
    let told = world.told().await;
    let mut kinds = types(&told);
    kinds.sort_unstable();
    assert_eq!(kinds, ["member.joined", "organization.created", "user.created"]);
}

/// What nobody chose is not even kept.
#[tokio::test]
async fn a_realm_without_webhooks_keeps_nothing() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.person("ada@example.com").await;
    let hook = make(&app, &admin, &nowhere().await, &["user.deleted"]).await;
    app.person("bob@example.com").await;
    let path = format!("{}/{}/deliveries", super::HOOKS, hook.id);
    assert_eq!(app.ask(&admin, Method::GET, &path, None).await.json()["deliveries"], json!([]));
}
