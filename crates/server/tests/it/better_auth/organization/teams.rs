use std::time::Duration;

use serde_json::{Value, json};

use super::{Client, accept, active, found, invite, join, own_id, set_active, signed_in, world};
use crate::{mfa::trail, support::TestApp};

/// The same realm with teams.
async fn divided() -> TestApp {
    let app = world().await;
    app.apply("[[realm]]\nname = \"default\"\nteams = true\n").await;
    app
}

async fn teams(client: &Client<'_>) -> Vec<Value> {
    client.get("/organization/list-teams").await.json().as_array().unwrap().clone()
}

fn id(team: &Value) -> String {
    team["id"].as_str().unwrap().to_owned()
}

/// Makes another team, later than what is there: that is the order in which they are listed.
async fn make(client: &Client<'_>, name: &str) -> String {
    client.app.advance(Duration::from_millis(1));
    let made = client.post("/organization/create-team", json!({"name": name})).await;
    assert_eq!(made.status, 200, "{made:?}");
    made.text("id")
}

/// The team that is active in the session.
async fn active_team(client: &Client<'_>) -> Value {
    client.get("/get-session").await.json()["session"]["activeTeamId"].clone()
}

async fn put(by: &Client<'_>, team: &str, user: &str) -> String {
    by.post("/organization/add-team-member", json!({"teamId": team, "userId": user})).await.brief()
}

async fn take(by: &Client<'_>, team: &str, user: &str) -> String {
    by.post("/organization/remove-team-member", json!({"teamId": team, "userId": user})).await.brief()
}

#[tokio::test]
async fn an_organization_has_teams_from_its_beginning() {
    let app = divided().await;
    let ada = signed_in(&app, "ada").await;
    assert_eq!(ada.get("/organization/list-teams").await.brief(), "400 NO_ACTIVE_ORGANIZATION");
    assert_eq!(
        ada.post("/organization/create-team", json!({"name": "X"})).await.brief(),
        "400 NO_ACTIVE_ORGANIZATION"
    );
    let acme = found(&ada, "acme").await;
    let first = teams(&ada).await;
    let expected = json!([{
        "id": first[0]["id"], "name": "acme", "organizationId": acme,
        "createdAt": "2027-01-15T08:00:00.000Z", "updatedAt": "2027-01-15T08:00:00.000Z",
    }]);
    assert_eq!(json!(first), expected, "one of its name");
    assert_eq!(active_team(&ada).await, first[0]["id"]);

    app.advance(Duration::from_millis(1));
    let made = ada.post("/organization/create-team", json!({"name": "Engines"})).await.json();
    assert_eq!((&made["name"], &made["organizationId"]), (&json!("Engines"), &json!(acme)));
    assert_eq!(json!(teams(&ada).await), json!([first[0], made]));
    let whole = ada.get("/organization/get-full-organization").await.json();
    assert_eq!(whole["teams"], json!([first[0], made]));
    for (body, refused) in [
        (json!({}), "400 VALIDATION_ERROR"),
        (json!({"name": 1}), "400 VALIDATION_ERROR"),
        (json!({"name": ""}), "400 VALIDATION_ERROR"),
        (json!({"name": "x".repeat(300)}), "400 VALIDATION_ERROR"),
        (
            json!({"name": "X", "organizationId": "x"}),
            "403 YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION",
        ),
    ] {
        assert_eq!(ada.post("/organization/create-team", body.clone()).await.brief(), refused, "{body}");
    }

    let bob = join(&ada, &acme, "bob", "admin").await;
    assert_eq!(make(&bob, "Looms").await.len(), 30);
    let cleo = join(&ada, &acme, "cleo", "editor").await;
    assert_eq!(teams(&cleo).await.len(), 3, "every member sees them");
    assert_eq!(
        cleo.post("/organization/create-team", json!({"name": "Mine"})).await.brief(),
        "403 YOU_ARE_NOT_ALLOWED_TO_CREATE_TEAMS_IN_THIS_ORGANIZATION"
    );
    let asked = json!({"permissions": {"team": ["create", "update", "delete"]}});
    for (client, may) in [(&ada, true), (&bob, true), (&cleo, false)] {
        let answer = client.post("/organization/has-permission", asked.clone()).await.json();
        assert_eq!(answer["success"], json!(may));
    }
    let stays = json!({"name": "Beta", "slug": "beta", "keepCurrentActiveOrganization": true});
    ada.post("/organization/create", stays).await;
    assert_eq!((active(&ada).await, active_team(&ada).await), (json!(acme), first[0]["id"].clone()));
    let admin = app.admin().await;
    let told = trail(&app, &admin, "team-created").await;
    for team in [&made["id"], &first[0]["id"]] {
        assert!(told.iter().any(|event| event["detail"]["team"] == *team), "{told:?}");
    }
    let told = trail(&app, &admin, "team-member-added").await;
    assert!(told.iter().any(|event| event["detail"]["team"] == first[0]["id"]), "{told:?}");
}

#[tokio::test]
async fn a_team_is_given_another_name_and_deleted() {
    let app = divided().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let first = id(&teams(&ada).await[0]);
    let team = make(&ada, "Engines").await;
    let update = async |client: &Client<'_>, team: &str, data: Value| {
        client.post("/organization/update-team", json!({"teamId": team, "data": data})).await
    };
    app.advance(Duration::from_mins(1));
    let renamed = update(&ada, &team, json!({"name": "Looms"})).await.json();
    assert_eq!(
        (&renamed["name"], &renamed["updatedAt"]),
        (&json!("Looms"), &json!("2027-01-15T08:01:00.001Z"))
    );
    assert_eq!(update(&ada, &team, json!({})).await.json(), renamed, "as it is");
    let cleo = join(&ada, &acme, "cleo", "editor").await;
    let eve = signed_in(&app, "eve").await;
    let within = json!({"name": "X", "organizationId": acme});
    for (client, team, data, refused) in [
        (&cleo, team.as_str(), json!({"name": "X"}), "403 YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM"),
        (&cleo, &team, json!({}), "403 YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM"),
        (&eve, &team, within.clone(), "403 YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM"),
        (&eve, &team, json!({"name": "X"}), "400 NO_ACTIVE_ORGANIZATION"),
        (&ada, "x", json!({"name": "X"}), "400 TEAM_NOT_FOUND"),
        (&ada, "tea_00000000000000000000000000", json!({"name": "X"}), "400 TEAM_NOT_FOUND"),
        (&ada, &team, json!({"name": ""}), "400 VALIDATION_ERROR"),
        (&ada, &team, json!(null), "400 VALIDATION_ERROR"),
    ] {
        assert_eq!(update(client, team, data.clone()).await.brief(), refused, "{data}");
    }

    let too_long = update(&ada, &team, json!({"name": "x".repeat(300)})).await;
    assert!(too_long.text("message").starts_with("[body.data.name] "), "{too_long:?}");

    let remove = async |client: &Client<'_>, team: &str, organization: Value| {
        let mut body = json!({"teamId": team});
        if organization.is_string() {
            body["organizationId"] = organization;
        }
        client.post("/organization/remove-team", body).await
    };
    for (client, team, organization, refused) in [
        (&cleo, team.as_str(), Value::Null, "403 YOU_ARE_NOT_ALLOWED_TO_DELETE_TEAMS_IN_THIS_ORGANIZATION"),
        (&eve, &team, json!(acme), "403 YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM"),
        (&eve, &team, Value::Null, "400 NO_ACTIVE_ORGANIZATION"),
        (&ada, "x", Value::Null, "400 TEAM_NOT_FOUND"),
        (&ada, &first, Value::Null, "403 YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM"),
    ] {
        assert_eq!(remove(client, team, organization).await.brief(), refused, "{team}");
    }
    // Whoever is invited into it is invited without, and nobody leaves the organization with it.
    let body = json!({"email": "dora@example.com", "role": "member", "teamId": [team, first]});
    let invited = ada.post("/organization/invite-member", body).await.json();
    assert_eq!(invited["teamId"], json!(format!("{team},{first}")));
    assert_eq!(put(&ada, &team, &own_id(&cleo).await).await, "200");
    assert_eq!(
        remove(&ada, &team, Value::Null).await.json(),
        json!({"message": "Team removed successfully."})
    );
    assert_eq!(remove(&ada, &team, Value::Null).await.brief(), "400 TEAM_NOT_FOUND");
    let listed = ada.get("/organization/list-invitations").await.json();
    assert_eq!(listed[0]["teamId"], json!(first));
    assert_eq!(teams(&cleo).await.len(), 1);
    ada.post("/organization/set-active-team", json!({"teamId": null})).await;
    assert_eq!(remove(&ada, &first, Value::Null).await.brief(), "400 UNABLE_TO_REMOVE_LAST_TEAM");

    let admin = app.admin().await;
    for (event, how_many) in [("team-updated", 1), ("team-deleted", 1), ("organization-change-refused", 1)] {
        assert_eq!(trail(&app, &admin, event).await.len(), how_many, "{event}");
    }
}

/// TN-02: a team is active with its organization alone.
#[tokio::test]
async fn a_team_is_active_in_one_session_until_another_is() {
    let app = divided().await;
    let ada = signed_in(&app, "ada").await;
    let switch =
        async |client: &Client<'_>, body: Value| client.post("/organization/set-active-team", body).await;
    assert_eq!(switch(&ada, json!({})).await.json(), Value::Null);
    assert_eq!(switch(&ada, json!({"teamId": null})).await.json(), Value::Null);
    let nowhere = json!({"teamId": "tea_00000000000000000000000000"});
    assert_eq!(switch(&ada, nowhere).await.brief(), "400 NO_ACTIVE_ORGANIZATION");
    let acme = found(&ada, "acme").await;
    let first = id(&teams(&ada).await[0]);
    let other = signed_in(&app, "ada").await;
    assert_eq!(active_team(&other).await, Value::Null);
    let engines = make(&ada, "Engines").await;
    let refused = switch(&ada, json!({"teamId": engines})).await;
    assert_eq!(refused.brief(), "403 USER_IS_NOT_A_MEMBER_OF_THE_TEAM", "she is not in it");
    assert_eq!(active_team(&ada).await, json!(first), "and it stays as it was");
    assert_eq!(put(&ada, &engines, &own_id(&ada).await).await, "200");
    let switched = switch(&ada, json!({"teamId": engines})).await;
    assert_eq!(switched.json()["name"], json!("Engines"));
    assert!(switched.header("set-auth-token").is_some());
    assert_eq!((active_team(&ada).await, active_team(&other).await), (json!(engines), Value::Null));
    assert_eq!(switch(&ada, json!({})).await.json()["id"], json!(engines), "as it is");
    for body in [json!({"teamId": "x"}), json!({"teamId": "tea_00000000000000000000000000"})] {
        assert_eq!(switch(&ada, body).await.brief(), "400 TEAM_NOT_FOUND");
    }
    assert_eq!(switch(&ada, json!({"teamId": 1})).await.brief(), "400 VALIDATION_ERROR");

    // With another organization no team of this one is active, and none of that one can be made so from here.
    let beta = found(&ada, "beta").await;
    let of_beta = active_team(&ada).await;
    assert!(of_beta.is_string() && of_beta != json!(engines));
    assert_eq!(switch(&ada, json!({"teamId": engines})).await.brief(), "400 TEAM_NOT_FOUND");
    set_active(&ada, json!(acme)).await;
    assert_eq!(active_team(&ada).await, Value::Null, "it is {of_beta} that was made active last");
    switch(&ada, json!({"teamId": engines})).await;
    set_active(&ada, json!(beta)).await;
    assert_eq!(active_team(&ada).await, Value::Null);
    set_active(&ada, json!(acme)).await;
    assert_eq!(active_team(&ada).await, json!(engines), "with its organization");
    assert_eq!(take(&ada, &engines, &own_id(&ada).await).await, "200");
    assert_eq!(active_team(&ada).await, Value::Null, "whoever was taken out is in none");
    switch(&ada, json!({"teamId": first})).await;
    assert_eq!(switch(&ada, json!({"teamId": null})).await.json(), Value::Null);
    assert_eq!((active(&ada).await, active_team(&ada).await), (json!(acme), Value::Null));
    set_active(&ada, json!(beta)).await;
    assert_eq!(active_team(&ada).await, Value::Null);
    // Off again, nothing of teams is told.
    switch(&ada, json!({"teamId": of_beta})).await;
    app.apply("[[realm]]\nname = \"default\"\nteams = false\n").await;
    assert_eq!((active(&ada).await, active_team(&ada).await), (json!(beta), Value::Null));
    assert!(ada.get("/organization/get-full-organization").await.json().get("teams").is_none());
}

#[tokio::test]
async fn members_are_put_into_teams_and_taken_out() {
    let app = divided().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let (bob, cleo) = (join(&ada, &acme, "bob", "admin").await, join(&ada, &acme, "cleo", "editor").await);
    let eve = signed_in(&app, "eve").await;
    let engines = make(&ada, "Engines").await;
    let (of_ada, of_bob, of_cleo, of_eve) =
        (own_id(&ada).await, own_id(&bob).await, own_id(&cleo).await, own_id(&eve).await);
    let added =
        bob.post("/organization/add-team-member", json!({"teamId": engines, "userId": of_cleo})).await;
    let expected = json!({
        "id": format!("{engines}.{of_cleo}"), "teamId": engines, "userId": of_cleo, "createdAt": "2027-01-15T08:00:00.001Z",
    });
    assert_eq!(added.json(), expected);
    app.advance(Duration::from_mins(1));
    let again =
        ada.post("/organization/add-team-member", json!({"teamId": engines, "userId": of_cleo})).await;
    assert_eq!(again.json(), expected, "once");
    let members = async |client: &Client<'_>, query: &str| {
        client.get(&format!("/organization/list-team-members{query}")).await
    };
    let of_engines = format!("?teamId={engines}");
    assert_eq!(members(&cleo, &of_engines).await.json(), json!([expected]));
    for (client, query, refused) in [
        (&ada, of_engines.as_str(), "400 USER_IS_NOT_A_MEMBER_OF_THE_TEAM"),
        (&eve, &of_engines, "400 TEAM_NOT_FOUND"),
        (&cleo, "?teamId=x", "400 TEAM_NOT_FOUND"),
        (&cleo, "", "400 YOU_DO_NOT_HAVE_AN_ACTIVE_TEAM"),
    ] {
        assert_eq!(members(client, query).await.brief(), refused, "{query}");
    }
    assert_eq!(put(&ada, &engines, &of_ada).await, "200");
    assert_eq!(members(&ada, &of_engines).await.json().as_array().unwrap().len(), 2);
    cleo.post("/organization/set-active-team", json!({"teamId": engines})).await;
    assert_eq!(members(&cleo, "").await.json().as_array().unwrap().len(), 2, "of the active one");

    let nobody = "usr_00000000000000000000000000";
    let nowhere = "tea_00000000000000000000000000";
    for (by, team, user, refused) in [
        (&cleo, engines.as_str(), of_bob.as_str(), "403 YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER"),
        (&ada, &engines, &of_eve, "400 USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"),
        (&ada, &engines, nobody, "400 USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"),
        (&ada, &engines, "x", "400 USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"),
        (&ada, nowhere, &of_bob, "400 TEAM_NOT_FOUND"),
        (&ada, "x", &of_bob, "400 TEAM_NOT_FOUND"),
        (&eve, &engines, &of_eve, "400 NO_ACTIVE_ORGANIZATION"),
    ] {
        assert_eq!(put(by, team, user).await, refused, "{team} {user}");
    }
    let outside = json!({"teamId": engines, "userId": of_eve, "organizationId": acme});
    assert_eq!(
        eve.post("/organization/add-team-member", outside).await.brief(),
        "400 USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"
    );
    for (by, team, user, refused) in [
        (&cleo, engines.as_str(), of_ada.as_str(), "403 YOU_ARE_NOT_ALLOWED_TO_REMOVE_A_TEAM_MEMBER"),
        (&cleo, &engines, &of_cleo, "403 YOU_ARE_NOT_ALLOWED_TO_REMOVE_A_TEAM_MEMBER"),
        (&ada, &engines, &of_eve, "400 USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"),
        (&ada, nowhere, &of_cleo, "400 TEAM_NOT_FOUND"),
        (&ada, &engines, &of_bob, "400 USER_IS_NOT_A_MEMBER_OF_THE_TEAM"),
    ] {
        assert_eq!(take(by, team, user).await, refused, "{team} {user}");
    }
    let body = json!({"teamId": engines, "userId": of_cleo});
    let taken = bob.post("/organization/remove-team-member", body).await;
    assert_eq!(taken.json(), json!({"message": "Team member removed successfully."}));
    assert_eq!(members(&ada, &of_engines).await.json().as_array().unwrap().len(), 1);
    assert_eq!(active_team(&cleo).await, Value::Null);

    // Whoever leaves the organization is in no team of it, also once they come back.
    assert_eq!(put(&ada, &engines, &of_cleo).await, "200");
    cleo.post("/organization/leave", json!({"organizationId": acme})).await;
    join(&ada, &acme, "cleo", "editor").await;
    assert_eq!(members(&ada, &of_engines).await.json().as_array().unwrap().len(), 1);

    let admin = app.admin().await;
    for (event, user, how_many) in [("team-member-added", &of_cleo, 2), ("team-member-removed", &of_cleo, 1)]
    {
        let told = trail(&app, &admin, event).await;
        let of_them =
            told.iter().filter(|event| event["user"] == **user && event["detail"]["team"] == engines);
        assert_eq!(of_them.count(), how_many, "{event}: {told:?}");
    }
}

#[tokio::test]
async fn the_teams_of_a_user_are_listed() {
    let app = divided().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let cleo = join(&ada, &acme, "cleo", "editor").await;
    let engines = make(&ada, "Engines").await;
    assert_eq!(put(&ada, &engines, &own_id(&cleo).await).await, "200");
    let beta = found(&ada, "beta").await;
    let names = async |client: &Client<'_>, query: &str| {
        let answer = client.get(&format!("/organization/list-user-teams{query}")).await;
        let listed = answer.json();
        let Some(listed) = listed.as_array() else { return vec![answer.brief()] };
        listed.iter().map(|team| team["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&ada, "").await, ["acme", "beta"], "of every organization");
    assert_eq!(names(&ada, &format!("?organizationId={acme}")).await, ["acme"]);
    let (of_ada, of_cleo) = (own_id(&ada).await, own_id(&cleo).await);
    assert_eq!(names(&ada, &format!("?userId={of_ada}")).await, ["acme", "beta"]);
    assert_eq!(names(&ada, &format!("?userId={of_cleo}&organizationId={acme}")).await, ["Engines"]);
    let eve = signed_in(&app, "eve").await;
    for (client, query, refused) in [
        (&ada, format!("?userId={of_cleo}"), "400 USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"),
        (&ada, format!("?userId=x&organizationId={acme}"), "400 USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"),
        (
            &cleo,
            format!("?userId={of_ada}&organizationId={acme}"),
            "403 YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER",
        ),
        (&cleo, format!("?organizationId={beta}"), "403 YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"),
        (
            &eve,
            format!("?userId={of_cleo}&organizationId={acme}"),
            "403 YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION",
        ),
        (&eve, format!("?userId={of_cleo}"), "400 NO_ACTIVE_ORGANIZATION"),
    ] {
        assert_eq!(names(client, &query).await, [refused], "{query}");
    }
    assert_eq!(names(&eve, "").await, [] as [&str; 0]);
}

#[tokio::test]
async fn whoever_was_invited_into_a_team_is_in_it() {
    let app = divided().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let first = id(&teams(&ada).await[0]);
    let engines = make(&ada, "Engines").await;
    let into = async |name: &str, team: Value| {
        let email = format!("{name}@example.com");
        ada.post("/organization/invite-member", json!({"email": email, "role": "member", "teamId": team}))
            .await
    };
    for (team, refused) in [
        (json!("x"), "400 TEAM_NOT_FOUND"),
        (json!(["tea_00000000000000000000000000"]), "400 TEAM_NOT_FOUND"),
        (json!(format!("{first},{engines}")), "400 INVALID_TEAM_ID"),
        (json!(1), "400 VALIDATION_ERROR"),
        (json!([1]), "400 VALIDATION_ERROR"),
        (json!((0..101).map(|n| n.to_string()).collect::<Vec<_>>()), "400 VALIDATION_ERROR"),
    ] {
        assert_eq!(into("bob", team.clone()).await.brief(), refused, "{team}");
    }
    let beta = found(&ada, "beta").await;
    let of_beta = id(&teams(&ada).await[0]);
    set_active(&ada, json!(acme)).await;
    assert_eq!(into("bob", json!(of_beta)).await.brief(), "400 TEAM_NOT_FOUND", "of {beta}");

    let one = into("bob", json!(engines)).await.json();
    assert_eq!(one["teamId"], json!(engines));
    let bob = signed_in(&app, "bob").await;
    assert_eq!(bob.get("/organization/list-user-invitations").await.json()[0]["teamId"], json!(engines));
    let joined = accept(&bob, one["id"].as_str().unwrap()).await.json();
    assert_eq!(joined["invitation"]["teamId"], json!(engines));
    assert_eq!((active(&bob).await, active_team(&bob).await), (json!(acme), json!(engines)));
    let two = into("cleo", json!([engines, first, engines])).await.json();
    assert_eq!(two["teamId"], json!(format!("{engines},{first}")), "each once");
    let cleo = signed_in(&app, "cleo").await;
    accept(&cleo, two["id"].as_str().unwrap()).await;
    assert_eq!(active_team(&cleo).await, Value::Null, "which of the two is not said");
    let hers = cleo.get("/organization/list-user-teams").await.json();
    assert_eq!(hers.as_array().unwrap().len(), 2);
    let admin = app.admin().await;
    let told = trail(&app, &admin, "team-member-added").await;
    let of_cleo = own_id(&cleo).await;
    assert_eq!(told.iter().filter(|event| event["user"] == of_cleo).count(), 2, "{told:?}");

    // Once more, and nothing said of teams: into the same.
    let again = async |name: &str, body: Value| {
        let mut body = body;
        body["email"] = json!(format!("{name}@example.com"));
        body["role"] = json!("member");
        body["resend"] = json!(true);
        ada.post("/organization/invite-member", body).await.json()["teamId"].clone()
    };
    into("eve", json!(engines)).await;
    assert_eq!(again("eve", json!({})).await, json!(engines));
    assert_eq!(again("eve", json!({"teamId": first})).await, json!(first));
    let none = invite(&ada, &acme, "dora", "member").await;
    assert_eq!(none.json()["teamId"], Value::Null);
    let dora = signed_in(&app, "dora").await;
    accept(&dora, &none.text("id")).await;
    assert_eq!(active_team(&dora).await, Value::Null);
}
