//! What holds at every endpoint.

use axum::http::Method;
use serde_json::{Value, json};

use super::{Client, found, own_id, signed_in, world};
use crate::support::{PASSWORD, TestApp};

/// The same of teams, where the realm has them.
fn endpoints_of_teams(organization: &str, team: &str, user: &str) -> Vec<(Method, String, Option<Value>)> {
    let get = |path: &str| (Method::GET, format!("/organization/{path}"), None);
    let post = |path: &str, body: Value| (Method::POST, format!("/organization/{path}"), Some(body));
    let who = json!({"organizationId": organization, "teamId": team, "userId": user});
    vec![
        get(&format!("list-teams?organizationId={organization}")),
        get(&format!("list-user-teams?organizationId={organization}&userId={user}")),
        get(&format!("list-user-teams?organizationId={organization}")),
        get(&format!("list-team-members?teamId={team}")),
        post("create-team", json!({"organizationId": organization, "name": "X"})),
        post("update-team", json!({"teamId": team, "data": {"organizationId": organization, "name": "X"}})),
        post("remove-team", json!({"organizationId": organization, "teamId": team})),
        post("set-active-team", json!({"teamId": team})),
        post("add-team-member", who.clone()),
        post("remove-team-member", who),
    ]
}

/// TN-01, TN-04: as with organizations.
#[tokio::test]
async fn tn_01_a_team_of_another_organization_or_realm_is_not_there() {
    let app = world().await;
    app.apply("[[realm]]\nname = \"default\"\nteams = true\n").await;
    let ada = signed_in(&app, "ada").await;
    let (acme, user) = (found(&ada, "acme").await, own_id(&ada).await);
    let team = ada.get("/organization/list-teams").await.json()[0]["id"].as_str().unwrap().to_owned();
    let nobody = Client::new(&app);
    app.apply(&format!(
        "[[realm]]\nname = \"other\"\nteams = true\n[[realm.user]]\nemail = \"bob@example.com\"\nemail_verified = true\npassword = \"{PASSWORD}\"\n"
    ))
    .await;
    let namesake = Client::under(&app, "/r/other");
    namesake.sign_in("bob@example.com").await;
    // With an organization of his own, which is active.
    found(&namesake, "bobs").await;
    let eve = signed_in(&app, "eve").await;
    found(&eve, "eves").await;
    let made_up = endpoints_of_teams(
        "org_00000000000000000000000000",
        "tea_00000000000000000000000000",
        "usr_00000000000000000000000000",
    );
    let real = endpoints_of_teams(&acme, &team, &user);
    for ((method, path, body), (_, nowhere, missing)) in real.into_iter().zip(made_up) {
        let answer = nobody.ask(method.clone(), &path, body.clone(), &[]).await;
        assert_eq!(answer.brief(), "401 UNAUTHORIZED", "{method} {path}");
        for stranger in [&namesake, &eve] {
            let origin = [("origin", super::super::OURS)];
            let here = stranger.ask(method.clone(), &path, body.clone(), &origin).await;
            let nowhere = stranger.ask(method.clone(), &nowhere, missing.clone(), &origin).await;
            assert!(here.status.is_client_error(), "{path}: {here:?}");
            assert_eq!((here.status, here.body), (nowhere.status, nowhere.body), "{path}");
        }
    }
    let listed = ada.get("/organization/list-teams").await.json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["name"]), (1, &json!("acme")));
}

fn endpoints(organization: &str, member: &str, invitation: &str) -> Vec<(Method, String, Option<Value>)> {
    let get = |path: &str| (Method::GET, format!("/organization/{path}"), None);
    let post = |path: &str, body: Value| (Method::POST, format!("/organization/{path}"), Some(body));
    let query = format!("?organizationId={organization}");
    vec![
        get("list"),
        get(&format!("get-organization{query}")),
        get(&format!("get-full-organization{query}")),
        get(&format!("get-invitation?id={invitation}")),
        get(&format!("list-invitations{query}")),
        get(&format!("list-members{query}")),
        get("get-active-member"),
        get(&format!("get-active-member-role{query}")),
        post("create", json!({"name": "X", "slug": "x-y"})),
        post("check-slug", json!({"slug": "x-y"})),
        post("set-active", json!({"organizationId": organization})),
        post("update", json!({"organizationId": organization, "data": {"name": "X"}})),
        post("delete", json!({"organizationId": organization})),
        post(
            "invite-member",
            json!({"organizationId": organization, "email": "x@example.com", "role": "member"}),
        ),
        post("accept-invitation", json!({"invitationId": invitation})),
        post("reject-invitation", json!({"invitationId": invitation})),
        post("cancel-invitation", json!({"invitationId": invitation})),
        post(
            "has-permission",
            json!({"organizationId": organization, "permissions": {"member": ["create"]}}),
        ),
        post("remove-member", json!({"organizationId": organization, "memberIdOrEmail": member})),
        post(
            "update-member-role",
            json!({"organizationId": organization, "memberId": member, "role": "member"}),
        ),
        post("leave", json!({"organizationId": organization})),
    ]
}

/// An organization with a member and an open invitation: their ids, and the token of its owner's session.
async fn acme(app: &TestApp) -> (String, String, String, String) {
    let ada = signed_in(app, "ada").await;
    let acme = found(&ada, "acme").await;
    let member = format!("{acme}.{}", own_id(&ada).await);
    let invitation = super::invite(&ada, &acme, "bob", "member").await.text("id");
    let token = ada.get("/get-session").await.json()["session"]["token"].as_str().unwrap().to_owned();
    (acme, member, invitation, token)
}

#[tokio::test]
async fn nobody_deals_with_organizations_who_is_not_signed_in() {
    let app = world().await;
    let (acme, member, invitation, _) = acme(&app).await;
    let nobody = Client::new(&app);
    for (method, path, body) in endpoints(&acme, &member, &invitation) {
        for headers in [&[][..], &[("authorization", "Bearer garbage")]] {
            let answer = nobody.ask(method.clone(), &path, body.clone(), headers).await;
            assert_eq!(answer.brief(), "401 UNAUTHORIZED", "{method} {path}");
        }
        if method == Method::POST {
            let answer = nobody.ask(method.clone(), &path, Some(json!([])), &[]).await;
            assert_eq!(answer.brief(), "400 VALIDATION_ERROR", "{path}: what is wrong is said first");
        }
    }
    assert_eq!(nobody.get("/organization/list-user-invitations").await.status, 400);
}

/// TN-01, TN-04: a session of one realm is none in another, and what is there is not seen from elsewhere.
#[tokio::test]
async fn tn_01_an_organization_of_another_realm_is_not_there() {
    let app = world().await;
    let (acme, member, invitation, token) = acme(&app).await;
    app.apply(&format!(
        "[[realm]]\nname = \"other\"\n[[realm.user]]\nemail = \"bob@example.com\"\nemail_verified = true\npassword = \"{PASSWORD}\"\n"
    ))
    .await;
    let namesake = Client::under(&app, "/r/other");
    namesake.sign_in("bob@example.com").await;
    let nobody = Client::under(&app, "/r/other");
    let foreign = format!("Bearer {token}");
    let strangers = endpoints(
        "org_00000000000000000000000000",
        "org_00000000000000000000000000.usr_00000000000000000000000000",
        "inv_00000000000000000000000000",
    );
    for ((method, path, body), (_, made_up, missing)) in
        endpoints(&acme, &member, &invitation).into_iter().zip(strangers)
    {
        let headers = [("authorization", foreign.as_str())];
        assert_eq!(
            nobody.ask(method.clone(), &path, body.clone(), &headers).await.brief(),
            "401 UNAUTHORIZED",
            "{path}"
        );
        if path.contains("create") || path.contains("check-slug") || path.ends_with("/list") {
            continue;
        }
        let origin = [("origin", super::super::OURS)];
        let here = namesake.ask(method.clone(), &path, body, &origin).await;
        let nowhere = namesake.ask(method, &made_up, missing, &origin).await;
        assert!(here.status.is_client_error(), "{path}: {here:?}");
        assert_eq!((here.status, here.body), (nowhere.status, nowhere.body), "{path}");
    }
    assert_eq!(namesake.get("/organization/list-user-invitations").await.json(), json!([]));
    assert_eq!(namesake.post("/organization/check-slug", json!({"slug": "acme"})).await.status, 200);
}

/// They are off in Better Auth too, unless switched on: teams here by the setting of that name.
#[tokio::test]
async fn there_are_no_teams_unless_switched_on_and_no_roles_of_an_organizations_own() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    found(&ada, "acme").await;
    for path in [
        "create-team",
        "update-team",
        "remove-team",
        "set-active-team",
        "add-team-member",
        "remove-team-member",
        "create-role",
        "update-role",
        "delete-role",
        "add-member",
    ] {
        let answer = ada.post(&format!("/organization/{path}"), json!({"name": "X"})).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (404, 0), "{path}");
    }
    for path in ["list-teams", "list-user-teams", "list-team-members", "list-roles", "get-role"] {
        let answer = ada.get(&format!("/organization/{path}")).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (404, 0), "{path}");
    }
}
