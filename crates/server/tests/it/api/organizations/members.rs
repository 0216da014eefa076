//! Members, their roles, and who may change them.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{events, found, invite, join, remove, set_roles, sign_in, world};

#[tokio::test]
async fn members_are_listed_given_roles_and_removed() {
    let app = world().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let bob = join(&app, &ada, &acme, "bob", json!(["reader"])).await;
    let listed = app.ask(&bob, Method::GET, &format!("{acme}/members"), None).await.json();
    let roles = |listed: &Value, email: &str| {
        let member = listed["members"].as_array().unwrap().iter().find(|member| member["email"] == email);
        member.map(|member| member["roles"].clone())
    };
    assert_eq!(roles(&listed, "ada@example.com"), Some(json!(["owner"])));
    assert_eq!(roles(&listed, "bob@example.com"), Some(json!(["reader"])));

    let changed = set_roles(&app, &ada, &acme, &bob, json!(["editor", "biller", "editor"])).await;
    assert_eq!(changed.json()["roles"], json!(["biller", "editor"]), "{changed:?}");
    let unknown = set_roles(&app, &ada, &acme, &bob, json!(["edtor"])).await;
    assert_eq!(unknown.brief(), "422 invalid_field");
    assert!(unknown.text("detail").contains("did you mean editor?"), "{unknown:?}");
    let realm = set_roles(&app, &ada, &acme, &bob, json!(["realm-admin"])).await;
    assert_eq!(realm.brief(), "422 invalid_field", "the realm is not hers to give");

    let one = app.ask(&ada, Method::GET, &format!("{acme}/members?limit=1"), None).await.json();
    let cursor = one["next_cursor"].as_str().unwrap();
    let other =
        app.ask(&ada, Method::GET, &format!("{acme}/members?limit=1&cursor={cursor}"), None).await.json();
    assert_ne!(one["members"][0]["user_id"], other["members"][0]["user_id"]);

    assert_eq!(remove(&app, &ada, &acme, &bob).await.status, StatusCode::NO_CONTENT);
    assert_eq!(remove(&app, &ada, &acme, &bob).await.brief(), "404 not_found");
    assert_eq!(app.ask(&bob, Method::GET, &acme, None).await.brief(), "404 not_found");
    assert_eq!(
        set_roles(&app, &ada, &acme, &bob, json!([])).await.brief(),
        "404 not_found",
        "she invites him"
    );
}

/// AD-01: nobody gives or takes more than they have, edits who is above them, or leaves an organization without an owner.
#[tokio::test]
async fn ad_01_nobody_rises_above_their_own_rights() {
    let app = world().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let bob = join(&app, &ada, &acme, "bob", json!(["manager"])).await;
    let cleo = join(&app, &ada, &acme, "cleo", json!(["reader"])).await;

    // A member without the right manages nobody, not even themselves.
    for whom in [&ada, &bob, &cleo] {
        assert_eq!(
            set_roles(&app, &cleo, &acme, whom, json!(["reader"])).await.brief(),
            "403 missing_permission"
        );
    }
    assert_eq!(remove(&app, &cleo, &acme, &bob).await.brief(), "403 missing_permission");
    assert_eq!(
        invite(&app, &cleo, &acme, "x@example.com", json!([])).await.brief(),
        "403 missing_permission"
    );
    let invitations = format!("{acme}/invitations");
    assert_eq!(app.ask(&cleo, Method::GET, &invitations, None).await.brief(), "403 missing_permission");

    // Who manages gives what they have, to those below them, and no more.
    assert_eq!(set_roles(&app, &bob, &acme, &cleo, json!(["editor"])).await.status, StatusCode::OK);
    for beyond in ["owner", "biller"] {
        assert_eq!(
            set_roles(&app, &bob, &acme, &cleo, json!([beyond])).await.brief(),
            "403 beyond_rights",
            "{beyond}"
        );
        assert_eq!(
            set_roles(&app, &bob, &acme, &bob, json!(["manager", beyond])).await.brief(),
            "403 beyond_rights"
        );
        assert_eq!(
            invite(&app, &bob, &acme, "x@example.com", json!([beyond])).await.brief(),
            "403 beyond_rights"
        );
    }
    assert_eq!(set_roles(&app, &bob, &acme, &ada, json!([])).await.brief(), "403 beyond_rights");
    assert_eq!(remove(&app, &bob, &acme, &ada).await.brief(), "403 beyond_rights");
    set_roles(&app, &ada, &acme, &cleo, json!(["biller"])).await;
    for roles in [json!([]), json!(["reader"]), json!(["biller", "reader"])] {
        assert_eq!(
            set_roles(&app, &bob, &acme, &cleo, roles).await.brief(),
            "403 beyond_rights",
            "not his to take"
        );
    }
    assert_eq!(remove(&app, &bob, &acme, &cleo).await.brief(), "403 beyond_rights");
    for (method, body) in [(Method::PATCH, Some(json!({"name": "Bobs"}))), (Method::DELETE, None)] {
        assert_eq!(app.ask(&bob, method, &acme, body).await.brief(), "403 missing_permission");
    }
    // One who was demoted manages nobody any more, and what they invited is taken back.
    assert_eq!(
        invite(&app, &bob, &acme, "x@example.com", json!(["reader"])).await.status,
        StatusCode::CREATED
    );
    set_roles(&app, &ada, &acme, &bob, json!(["editor"])).await;
    assert_eq!(
        set_roles(&app, &bob, &acme, &bob, json!(["manager"])).await.brief(),
        "403 missing_permission"
    );
    assert_eq!(app.ask(&ada, Method::GET, &invitations, None).await.json()["invitations"], json!([]));

    // The last owner stays one.
    assert_eq!(set_roles(&app, &ada, &acme, &ada, json!(["manager"])).await.brief(), "409 last_owner");
    assert_eq!(remove(&app, &ada, &acme, &ada).await.brief(), "409 last_owner");
    set_roles(&app, &ada, &acme, &bob, json!(["owner"])).await;
    assert_eq!(remove(&app, &ada, &acme, &ada).await.status, StatusCode::NO_CONTENT);
    assert_eq!(remove(&app, &bob, &acme, &bob).await.brief(), "409 last_owner");

    let events = events(&app).await;
    let refused = events.iter().filter(|event| *event == "member-change-refused").count();
    assert_eq!(refused, 2, "of each of the two who tried, within one minute: {events:?}");
    for event in ["member-added", "member-roles-changed", "member-removed", "member-invited"] {
        assert!(events.iter().any(|known| known == event), "{event}");
    }
}

#[tokio::test]
async fn everybody_but_the_last_owner_may_leave() {
    let app = world().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let cleo = join(&app, &ada, &acme, "cleo", json!([])).await;
    assert_eq!(remove(&app, &cleo, &acme, &cleo).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.ask(&cleo, Method::GET, &acme, None).await.brief(), "404 not_found");
}

/// AD-02: two owners who demote and remove each other at once leave one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ad_02_two_owners_who_turn_on_each_other_leave_one() {
    let app = world().await;
    // One is invited more often than anybody is sent letters.
    app.apply("[[realm]]\nname = \"default\"\nrate_limits = \"off\"\n").await;
    let (ada, bob) = (sign_in(&app, "ada").await, sign_in(&app, "bob").await);
    for round in 0..8 {
        let acme = found(&app, &ada, &format!("acme-{round}")).await;
        let invited = invite(&app, &ada, &acme, "bob@example.com", json!(["owner"])).await;
        super::accept(&app, &bob, &invited.text("token")).await;
        let (first, second) = tokio::join!(
            async {
                if round % 2 == 0 {
                    set_roles(&app, &ada, &acme, &bob, json!(["reader"])).await
                } else {
                    remove(&app, &ada, &acme, &bob).await
                }
            },
            set_roles(&app, &bob, &acme, &ada, json!(["reader"])),
        );
        let done = [first.status, second.status].into_iter().filter(StatusCode::is_success).count();
        assert_eq!(done, 1, "round {round}: {first:?} {second:?}");
    }
}

/// AD-02: of two owners one leaves while the other's account is deleted, or while the other is demoted by an administrator.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ad_02_an_owner_who_leaves_while_the_other_goes_otherwise_leaves_one() {
    let app = world().await;
    let admin = app.admin().await;
    let ada = sign_in(&app, "ada").await;
    for round in 0..6 {
        let acme = found(&app, &ada, &format!("acme-{round}")).await;
        let name = format!("owner{round}@example.com");
        let other = app.person(&name).await;
        let member = format!("{}/members/{}", acme.replace("/v1/", "/v1/admin/"), other.id);
        app.ask(&admin, Method::PUT, &member, Some(json!({"roles": ["owner"]}))).await;
        let account = format!("/api/v1/admin/users/{}", other.id);
        let (first, second) = tokio::join!(remove(&app, &ada, &acme, &ada), async {
            if round % 2 == 0 {
                app.ask(&admin, Method::DELETE, &account, None).await
            } else {
                app.ask(&admin, Method::PUT, &member, Some(json!({"roles": []}))).await
            }
        });
        let members = format!("{}/members", acme.replace("/v1/", "/v1/admin/"));
        let left = app.ask(&admin, Method::GET, &members, None).await;
        // Whoever is alone in it and is deleted takes the organization along.
        if left.status != StatusCode::NOT_FOUND {
            let left = left.json()["members"].clone();
            let owners = left.as_array().unwrap().iter().filter(|member| member["roles"] == json!(["owner"]));
            assert_eq!(owners.count(), 1, "round {round}: {first:?} {second:?} {left}");
        }
    }
}

/// A role that a member has, or an open invitation gives, stays.
#[tokio::test]
async fn a_role_in_use_in_an_organization_is_not_removed() {
    let app = world().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let cleo = join(&app, &ada, &acme, "cleo", json!(["biller"])).await;
    let admin = app.admin().await;
    let role = "/api/v1/admin/roles/biller";
    let refused = app.ask(&admin, Method::DELETE, role, None).await;
    assert_eq!(refused.brief(), "409 role_in_use");
    remove(&app, &ada, &acme, &cleo).await;
    let invited = invite(&app, &ada, &acme, "x@example.com", json!(["biller"])).await.text("id");
    assert_eq!(app.ask(&admin, Method::DELETE, role, None).await.brief(), "409 role_in_use");
    app.ask(&ada, Method::DELETE, &format!("{acme}/invitations/{invited}"), None).await;
    // What the realm lets organizations give goes from there first: the name must not come back with other rights.
    let refused = app.ask(&admin, Method::DELETE, role, None).await;
    assert!(refused.text("detail").contains("organization_roles"), "{refused:?}");
    app.apply("[[realm]]\nname = \"default\"\norganization_roles = []\n").await;
    assert_eq!(app.ask(&admin, Method::DELETE, role, None).await.status, StatusCode::NO_CONTENT);
}

/// AD-01: whoever makes an organization owns it, but gives themselves nothing there that the realm does not let organizations
/// give.
#[tokio::test]
async fn ad_01_an_owner_gives_no_role_that_is_not_for_organizations() {
    let app = world().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let declare = async |roles: &str| {
        app.apply(&format!(
            "[[realm]]\nname = \"default\"\norganization_roles = [{roles}]\n\
            [[realm.role]]\nname = \"support\"\npermissions = [\"users:write\"]\n"
        ))
        .await
    };
    declare("\"biller\"").await;
    let refused = set_roles(&app, &ada, &acme, &ada, json!(["owner", "support"])).await;
    assert_eq!(refused.brief(), "422 invalid_field");
    assert!(refused.text("detail").contains("organization_roles"), "{refused:?}");
    assert_eq!(
        invite(&app, &ada, &acme, "x@example.com", json!(["support"])).await.brief(),
        "422 invalid_field"
    );
    assert_eq!(set_roles(&app, &ada, &acme, &ada, json!(["owner", "biller"])).await.status, StatusCode::OK);

    // What organizations may not give any more says nothing in any token.
    let switch = async || {
        let body = json!({"organization": super::id_of(&acme)});
        let answer = app.ask(&ada, Method::POST, "/api/v1/me/organization", Some(body)).await;
        let token = answer.text("access_token");
        let token = gatepost_jose::dangerous_decode_without_verifying(&token).unwrap();
        serde_json::from_str::<Value>(token.payload()).unwrap()
    };
    let claims = switch().await;
    assert_eq!(
        (&claims["roles"], &claims["permissions"]),
        (&json!(["biller", "owner"]), &json!(["billing:read"]))
    );
    declare("").await;
    let claims = switch().await;
    assert_eq!((&claims["roles"], &claims["permissions"]), (&json!(["owner"]), &Value::Null));
}
