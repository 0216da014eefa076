use axum::http::Method;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{active, found, join, member_id, own_id, set_active, signed_in, world};
use crate::mfa::trail;

/// TN-02: and whoever is removed is in none.
#[tokio::test]
async fn an_organization_is_active_in_one_session_until_another_is() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let (acme, beta) = (found(&ada, "acme").await, found(&ada, "beta").await);
    let other = signed_in(&app, "ada").await;
    assert_eq!((active(&ada).await, active(&other).await), (json!(beta), Value::Null));
    let switch = async |body: Value| ada.post("/organization/set-active", body).await;
    let answer = switch(json!({"organizationId": acme})).await;
    assert_eq!((&answer.json()["id"], &answer.json()["slug"]), (&json!(acme), &json!("acme")));
    assert!(answer.header("set-auth-token").is_some());
    assert_eq!((active(&ada).await, active(&other).await), (json!(acme), Value::Null));
    assert_eq!(switch(json!({"organizationSlug": "beta"})).await.json()["id"], json!(beta));
    assert_eq!(switch(json!({})).await.json()["id"], json!(beta), "as it is");
    let token = ada.get("/get-session").await.header("set-auth-jwt").unwrap().to_owned();
    let claims = BASE64URL_NOPAD.decode(token.split('.').nth(1).unwrap().as_bytes()).unwrap();
    assert!(!String::from_utf8(claims).unwrap().contains("rganization"), "tokens speak of the user alone");
    assert_eq!(switch(json!({"organizationId": null})).await.json(), Value::Null);
    assert_eq!(active(&ada).await, Value::Null);
    assert_eq!(
        (switch(json!({"organizationId": null})).await.json(), switch(json!({})).await.json()),
        (Value::Null, Value::Null)
    );
    assert_eq!(switch(json!({"organizationId": 1})).await.brief(), "400 VALIDATION_ERROR");

    // One that is somebody else's is answered as one that is not there, and what is active stays.
    let bob = join(&ada, &acme, "bob", "member").await;
    let missing = set_active(&bob, json!("org_00000000000000000000000000")).await;
    assert_eq!(missing.brief(), "403 USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
    for body in [
        json!({"organizationId": beta}),
        json!({"organizationSlug": "beta"}),
        json!({"organizationSlug": "nope"}),
        json!({"organizationId": "x"}),
    ] {
        assert_eq!(bob.post("/organization/set-active", body).await.body, missing.body);
    }
    assert_eq!(active(&bob).await, json!(acme));
    let body = json!({"memberIdOrEmail": "bob@example.com", "organizationId": acme});
    assert_eq!(ada.post("/organization/remove-member", body).await.status, 200);
    assert_eq!(active(&bob).await, Value::Null);
    assert_eq!(bob.get("/organization/get-active-member").await.brief(), "400 MEMBER_NOT_FOUND");

    let admin = app.admin().await;
    let switched = trail(&app, &admin, "organization-switched").await;
    assert!(switched.len() >= 5 && switched[0]["session"].is_string(), "{switched:?}");
}

#[tokio::test]
async fn a_member_sees_their_own_roles_and_those_of_others() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    assert_eq!(ada.get("/organization/get-active-member").await.brief(), "400 NO_ACTIVE_ORGANIZATION");
    assert_eq!(ada.get("/organization/get-active-member-role").await.brief(), "400 NO_ACTIVE_ORGANIZATION");
    let acme = found(&ada, "acme").await;
    let bob = join(&ada, &acme, "bob", "editor").await;
    let member = bob.get("/organization/get-active-member").await.json();
    let user = own_id(&bob).await;
    assert_eq!(member["id"], json!(member_id(&bob, &acme).await));
    assert_eq!(
        (&member["organizationId"], &member["userId"], &member["role"]),
        (&json!(acme), &json!(user), &json!("editor"))
    );
    assert_eq!(member["user"], json!({"id": user, "name": "bob", "email": "bob@example.com"}));
    let role = async |client: &super::Client<'_>, query: &str| {
        client.get(&format!("/organization/get-active-member-role{query}")).await
    };
    assert_eq!(role(&ada, "").await.json(), json!({"role": "owner"}));
    assert_eq!(role(&bob, &format!("?userId={}", own_id(&ada).await)).await.json(), json!({"role": "owner"}));
    assert_eq!(
        role(&ada, &format!("?organizationSlug=acme&userId={user}")).await.json(),
        json!({"role": "editor"})
    );
    let eve = signed_in(&app, "eve").await;
    let refused = "403 YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION";
    assert_eq!(role(&ada, &format!("?userId={}", own_id(&eve).await)).await.brief(), refused);
    assert_eq!(role(&ada, "?userId=nobody").await.brief(), refused);
    assert_eq!(role(&eve, &format!("?organizationId={acme}")).await.brief(), refused);
    assert_eq!(role(&eve, "?organizationSlug=acme").await.brief(), refused);
}

#[tokio::test]
async fn a_member_may_what_the_native_api_lets_them() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let (bob, cleo) = (join(&ada, &acme, "bob", "admin").await, join(&ada, &acme, "cleo", "member").await);
    let may = async |client: &super::Client<'_>, permissions: Value| {
        let answer = client.post("/organization/has-permission", json!({"permissions": permissions})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"].clone()),
            (200, Value::Null),
            "{answer:?}"
        );
        answer.json()["success"].as_bool().unwrap()
    };
    let manage = json!({"member": ["create", "update", "delete"], "invitation": ["create", "cancel"]});
    let own = json!({"organization": ["update", "delete"]});
    assert_eq!((may(&ada, manage.clone()).await, may(&ada, own.clone()).await), (true, true));
    assert_eq!((may(&bob, manage.clone()).await, may(&bob, own.clone()).await), (true, false));
    assert_eq!((may(&cleo, manage.clone()).await, may(&cleo, own).await), (false, false));
    // An application's own resources are the permissions of the realm's roles.
    let write = json!({"notes": ["write"]});
    assert_eq!((may(&ada, write.clone()).await, may(&bob, write).await), (false, true));
    for nothing in [json!({}), json!({"member": []}), json!({"team": ["create"]}), json!({"ac": ["read"]})] {
        assert!(!may(&ada, nothing.clone()).await, "{nothing}");
    }
    let ask = async |body: Value| ada.post("/organization/has-permission", body).await;
    assert_eq!(
        ask(json!({"permission": {"member": ["create"]}})).await.json()["success"],
        true,
        "as it was called before"
    );
    for bad in [
        json!({}),
        json!({"permissions": []}),
        json!({"permissions": {"member": "create"}}),
        json!({"permissions": {"member": [1]}}),
        json!({"permissions": {}, "permission": {}}),
    ] {
        assert_eq!(ask(bad.clone()).await.brief(), "400 VALIDATION_ERROR", "{bad}");
    }
    let eve = signed_in(&app, "eve").await;
    let ask = async |body: Value| eve.post("/organization/has-permission", body).await;
    assert_eq!(ask(json!({"permissions": manage})).await.brief(), "400 NO_ACTIVE_ORGANIZATION");
    let foreign = ask(json!({"permissions": manage, "organizationId": acme})).await;
    assert_eq!(foreign.brief(), "401 USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
    let missing = json!({"permissions": manage, "organizationId": "org_00000000000000000000000000"});
    assert_eq!(ask(missing).await.body, foreign.body);
}

/// An organization that asks for a second factor is closed to a session that has shown none, at this door too.
#[tokio::test]
async fn mf_05_nobody_acts_without_the_second_factor_that_an_organization_asks_for() {
    let app = world().await;
    let native = app.sign_in("ada@example.com").await;
    crate::mfa::set_up(&app, &native).await;
    let body = json!({"name": "Acme", "slug": "acme"});
    let made = app.ask(&native, Method::POST, "/api/v1/organizations", Some(body)).await;
    let acme = made.text("id");
    let path = format!("/api/v1/organizations/{acme}");
    let body = json!({"email": "bob@example.com", "roles": ["admin"]});
    let invited = app.ask(&native, Method::POST, &format!("{path}/invitations"), Some(body)).await.text("id");
    let asks = app.ask(&native, Method::PATCH, &path, Some(json!({"mfa": "required"}))).await;
    assert_eq!(asks.status, 200, "{asks:?}");
    let bob = signed_in(&app, "bob").await;
    let joined = super::accept(&bob, &invited).await;
    assert_eq!(
        (joined.status.as_u16(), active(&bob).await),
        (200, Value::Null),
        "a member who does not act there yet"
    );
    let listed = bob.get("/organization/list").await.json();
    assert_eq!(listed[0]["id"], json!(acme), "its name is seen");
    let closed = "403 TWO_FACTOR_SETUP_REQUIRED";
    assert_eq!(set_active(&bob, json!(acme)).await.brief(), closed);
    let query = format!("?organizationId={acme}");
    for get in ["get-full-organization", "list-members", "list-invitations", "get-active-member-role"] {
        assert_eq!(bob.get(&format!("/organization/{get}{query}")).await.brief(), closed, "{get}");
    }
    for (post, mut body) in [
        ("has-permission", json!({"permissions": {"member": ["create"]}})),
        ("invite-member", json!({"email": "eve@example.com", "role": "member"})),
        ("remove-member", json!({"memberIdOrEmail": "ada@example.com"})),
        ("update-member-role", json!({"memberId": format!("{acme}.{}", native.id), "role": "member"})),
        ("update", json!({"data": {"name": "Mine"}})),
    ] {
        body["organizationId"] = json!(acme);
        assert_eq!(bob.post(&format!("/organization/{post}"), body).await.brief(), closed, "{post}");
    }
    // With an app that the session has not shown it is asked for.
    let theirs = app.sign_in("bob@example.com").await;
    crate::mfa::set_up(&app, &theirs).await;
    assert_eq!(set_active(&bob, json!(acme)).await.brief(), "403 SESSION_NOT_FRESH");
    // Whoever is kept out leaves all the same.
    assert_eq!(bob.post("/organization/leave", json!({"organizationId": acme})).await.status, 200);
}
