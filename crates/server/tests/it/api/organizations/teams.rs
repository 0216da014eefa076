//! Teams of an organization, natively.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{ORGANIZATIONS, accept, found, id_of, join, remove, sign_in, world};
use crate::support::{Answer, Person, TestApp};

async fn divided() -> TestApp {
    let app = world().await;
    app.apply("[[realm]]\nname = \"default\"\nteams = true\n").await;
    app
}

async fn make(app: &TestApp, by: &Person, organization: &str, name: &str) -> Answer {
    // Later than what is there: that is the order in which they are listed.
    app.advance(Duration::from_millis(1));
    app.ask(by, Method::POST, &format!("{organization}/teams"), Some(json!({"name": name}))).await
}

async fn names(app: &TestApp, by: &Person, path: &str) -> Vec<String> {
    let answer = app.ask(by, Method::GET, path, None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let listed = answer.json();
    listed["teams"].as_array().unwrap().iter().map(|team| team["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_organization_is_divided_into_teams() {
    let app = divided().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let list = format!("{acme}/teams");
    assert_eq!(names(&app, &ada, &list).await, ["acme"], "from its beginning");
    let made = make(&app, &ada, &acme, "Engines").await;
    assert_eq!(made.status, 201, "{made:?}");
    let team = format!("{list}/{}", made.text("id"));
    assert_eq!(made.json()["organization_id"], json!(id_of(&acme)));
    assert_eq!(app.ask(&ada, Method::GET, &team, None).await.json(), made.json());
    let renamed = app.ask(&ada, Method::PATCH, &team, Some(json!({"name": "Looms"}))).await;
    assert_eq!((renamed.status.as_u16(), renamed.text("name").as_str()), (200, "Looms"));
    for (method, path, body, refused) in [
        (Method::POST, &list, json!({"name": ""}), "422 invalid_field"),
        (Method::POST, &list, json!({"title": "X"}), "400 invalid_body"),
        (Method::PATCH, &team, json!({"name": "x".repeat(300)}), "422 invalid_field"),
    ] {
        assert_eq!(app.ask(&ada, method, path, Some(body)).await.brief(), refused);
    }
    let first = app.ask(&ada, Method::GET, &format!("{list}?limit=1"), None).await.json();
    let rest = format!("{list}?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(names(&app, &ada, &rest).await, ["Looms"], "in pages");

    // Who is in it.
    let bob = join(&app, &ada, &acme, "bob", json!(["reader"])).await;
    let member = format!("{team}/members/{}", bob.id);
    let added = app.ask(&ada, Method::PUT, &member, None).await;
    assert_eq!((added.status.as_u16(), added.text("user_id")), (200, bob.id.clone()));
    assert_eq!(app.ask(&ada, Method::PUT, &member, None).await.json(), added.json(), "once");
    let members = app.ask(&bob, Method::GET, &format!("{team}/members"), None).await.json();
    assert_eq!(members["members"], json!([added.json()]));
    assert_eq!(names(&app, &bob, "/api/v1/me/teams").await, ["Looms"]);
    assert_eq!(app.ask(&ada, Method::DELETE, &member, None).await.status, 204);
    assert_eq!(app.ask(&ada, Method::DELETE, &member, None).await.brief(), "404 not_found");
    assert_eq!(app.ask(&ada, Method::PUT, &member, None).await.status, 200);
    remove(&app, &ada, &acme, &bob).await;
    let members = app.ask(&ada, Method::GET, &format!("{team}/members"), None).await.json();
    assert_eq!(members["members"], json!([]), "whoever leaves the organization leaves the team");

    let first = format!(
        "{list}/{}",
        app.ask(&ada, Method::GET, &list, None).await.json()["teams"][0]["id"].as_str().unwrap()
    );
    assert_eq!(app.ask(&ada, Method::DELETE, &team, None).await.status, 204);
    assert_eq!(app.ask(&ada, Method::GET, &team, None).await.brief(), "404 not_found");
    assert_eq!(app.ask(&ada, Method::DELETE, &first, None).await.brief(), "409 last_team");
}

/// AD-01
#[tokio::test]
async fn ad_01_teams_are_made_and_filled_by_those_who_manage_members() {
    let app = divided().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let team = format!("{acme}/teams/{}", make(&app, &ada, &acme, "Engines").await.text("id"));
    let bob = join(&app, &ada, &acme, "bob", json!(["manager"])).await;
    let cleo = join(&app, &ada, &acme, "cleo", json!(["editor"])).await;
    let eve = sign_in(&app, "eve").await;
    let member = |person: &Person| format!("{team}/members/{}", person.id);
    let rename = Some(json!({"name": "X"}));
    for (method, path, body) in [
        (Method::POST, format!("{acme}/teams"), rename.clone()),
        (Method::PATCH, team.clone(), rename),
        (Method::PUT, member(&cleo), None),
        (Method::DELETE, member(&cleo), None),
        (Method::DELETE, team.clone(), None),
    ] {
        let ask = async |person: &Person| app.ask(person, method.clone(), &path, body.clone()).await.brief();
        assert_eq!(ask(&cleo).await, "403 missing_permission", "{method} {path}");
        assert_eq!(ask(&eve).await, "404 not_found", "{method} {path}");
        let good = ask(&bob).await;
        assert!(good.starts_with("20"), "{method} {path}: {good}");
    }
    for path in [format!("{acme}/teams"), team.clone(), format!("{team}/members")] {
        assert_eq!(app.ask(&eve, Method::GET, &path, None).await.brief(), "404 not_found", "{path}");
    }
    // A team of one organization is none of another, whoever owns both.
    let beta = found(&app, &ada, "beta").await;
    let theirs = make(&app, &ada, &acme, "Looms").await.text("id");
    for (method, path) in [
        (Method::GET, format!("{beta}/teams/{theirs}")),
        (Method::GET, format!("{beta}/teams/{theirs}/members")),
        (Method::PUT, format!("{beta}/teams/{theirs}/members/{}", ada.id)),
        (Method::DELETE, format!("{beta}/teams/{theirs}/members/{}", ada.id)),
        (Method::DELETE, format!("{beta}/teams/{theirs}")),
        (Method::PUT, format!("{acme}/teams/{theirs}/members/{}", eve.id)),
    ] {
        assert_eq!(
            app.ask(&ada, method.clone(), &path, None).await.brief(),
            "404 not_found",
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn an_invitation_leads_into_teams() {
    let app = divided().await;
    let ada = sign_in(&app, "ada").await;
    let (acme, beta) = (found(&app, &ada, "acme").await, found(&app, &ada, "beta").await);
    let engines = make(&app, &ada, &acme, "Engines").await.text("id");
    let elsewhere = make(&app, &ada, &beta, "Looms").await.text("id");
    let into = async |teams: Value| {
        let body = json!({"email": "bob@example.com", "roles": [], "teams": teams});
        app.ask(&ada, Method::POST, &format!("{acme}/invitations"), Some(body)).await
    };
    for (teams, refused) in [
        (json!([elsewhere]), "422 invalid_field"),
        (json!(["tea_00000000000000000000000000"]), "422 invalid_field"),
        (json!(["Engines"]), "422 invalid_field"),
        (json!(engines), "400 invalid_body"),
    ] {
        assert_eq!(into(teams.clone()).await.brief(), refused, "{teams}");
    }
    let many: Vec<String> = (0..101).map(|n| format!("tea_00000000000000000000000{n:03}")).collect();
    let refused = into(json!(many)).await;
    assert!(refused.text("detail").contains("at most 100"), "{refused:?}");
    let invited = into(json!(vec![&engines; 200])).await;
    assert_eq!(invited.json()["teams"], json!([engines]), "each once");
    let bob = sign_in(&app, "bob").await;
    assert_eq!(accept(&app, &bob, &invited.text("token")).await.status, 200);
    assert_eq!(names(&app, &bob, "/api/v1/me/teams").await, ["Engines"]);
}

#[tokio::test]
async fn where_the_realm_has_no_teams_nobody_makes_any() {
    let app = world().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let team = format!("{acme}/teams/tea_00000000000000000000000000");
    for (method, path, body) in [
        (Method::GET, "/api/v1/me/teams".to_owned(), None),
        (Method::GET, format!("{acme}/teams"), None),
        (Method::POST, format!("{acme}/teams"), Some(json!({"name": "X"}))),
        (Method::GET, team.clone(), None),
        (Method::PATCH, team.clone(), Some(json!({"name": "X"}))),
        (Method::DELETE, team.clone(), None),
        (Method::GET, format!("{team}/members"), None),
        (Method::PUT, format!("{team}/members/{}", ada.id), None),
        (Method::DELETE, format!("{team}/members/{}", ada.id), None),
        (
            Method::POST,
            format!("{acme}/invitations"),
            Some(json!({"email": "x@example.com", "roles": [], "teams": ["tea_00000000000000000000000000"]})),
        ),
    ] {
        assert_eq!(
            app.ask(&ada, method.clone(), &path, body).await.brief(),
            "403 teams_off",
            "{method} {path}"
        );
    }
    app.apply("[[realm]]\nname = \"default\"\nteams = true\n").await;
    assert_eq!(names(&app, &ada, &format!("{acme}/teams")).await, [] as [&str; 0], "it was made before");
    assert_eq!(make(&app, &ada, &acme, "First").await.status, 201);
    assert!(acme.starts_with(ORGANIZATIONS));
}
