//! Invitations.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{accept, found, id_of, invite, join, remove, set_roles, sign_in, world};
use crate::support::{PASSWORD, Person, TestApp};

/// Somebody who knows the id and guesses the rest.
struct Guess;

impl gatepost_domain::Entropy for Guess {
    fn fill(&self, out: &mut [u8]) {
        out.fill(7);
    }
}

#[tokio::test]
async fn an_invitation_is_shown_once_listed_accepted_once_and_taken_back() {
    let app = world().await;
    let (ada, bob) = (sign_in(&app, "ada").await, sign_in(&app, "bob").await);
    let acme = found(&app, &ada, "acme").await;
    let invitations = format!("{acme}/invitations");
    let invited = invite(&app, &ada, &acme, "Bob@Example.com", json!(["editor"])).await;
    let token = invited.text("token");
    assert!(token.starts_with("gp_inv_"), "{token}");
    assert_eq!(invited.header("cache-control"), Some("no-store"));
    let listed = app.ask(&ada, Method::GET, &invitations, None).await;
    assert_eq!(listed.json()["invitations"][0]["id"], invited.json()["id"]);
    assert_eq!(listed.json()["invitations"][0]["invited_by"], ada.id.as_str());
    assert!(!String::from_utf8_lossy(&listed.body).contains(&token[33..]), "kept as a digest");
    assert_eq!(invite(&app, &ada, &acme, "bob@example.com", json!([])).await.brief(), "409 already_invited");

    let joined = accept(&app, &bob, &token).await;
    assert_eq!((joined.text("slug"), &joined.json()["roles"]), ("acme".into(), &json!(["editor"])));
    assert_eq!(accept(&app, &bob, &token).await.brief(), "400 invalid_invitation", "once");
    assert_eq!(invite(&app, &ada, &acme, "bob@example.com", json!([])).await.brief(), "409 already_member");
    assert_eq!(app.ask(&ada, Method::GET, &invitations, None).await.json()["invitations"], json!([]));

    let other = invite(&app, &ada, &acme, "cleo@example.com", json!([])).await;
    let path = format!("{invitations}/{}", other.text("id"));
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.brief(), "404 not_found");
    let cleo = sign_in(&app, "cleo").await;
    assert_eq!(accept(&app, &cleo, &other.text("token")).await.brief(), "400 invalid_invitation");
    for bad in
        [json!({"email": "nonsense", "roles": []}), json!({"email": "x@example.com", "roles": ["nope"]})]
    {
        assert_eq!(app.ask(&ada, Method::POST, &invitations, Some(bad)).await.brief(), "422 invalid_field");
    }
}

/// TN-03: whose invitation it is not, learns nothing of it.
#[tokio::test]
async fn tn_03_an_invitation_is_for_one_verified_address_in_one_realm() {
    let app = world().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let invited = invite(&app, &ada, &acme, "new@example.com", json!(["editor"])).await;
    let token = invited.text("token");
    let made_up = gatepost_domain::invitation::generate(invited.text("id").parse().unwrap(), &Guess);
    let key = gatepost_domain::api_key::generate(gatepost_domain::ApiKeyId::MIN, &Guess);
    let eve = sign_in(&app, "eve").await;
    let refusal = accept(&app, &eve, &token).await;
    assert_eq!(refusal.brief(), "400 invalid_invitation");
    for nonsense in [made_up.reveal(), key.reveal(), "", "gp_inv_", &token[..70], &token.to_uppercase()] {
        assert_eq!(accept(&app, &eve, nonsense).await.body, refusal.body, "{nonsense}");
    }
    // Registered with the address, but it is not proven to be theirs.
    let squatter = app.person("new@example.com").await;
    assert_eq!(accept(&app, &squatter, &token).await.body, refusal.body);
    // The same address in another realm.
    app.apply(&format!(
        "[[realm]]\nname = \"other\"\n[[realm.user]]\nemail = \"new@example.com\"\nemail_verified = true\npassword = \"{}\"\n",
        crate::support::PASSWORD
    ))
    .await;
    let body = json!({"email": "new@example.com", "password": crate::support::PASSWORD});
    let namesake = crate::support::person(&app.post("/r/other/api/v1/login", body).await);
    let path = "/r/other/api/v1/invitations/accept";
    let answer = app.ask(&namesake, Method::POST, path, Some(json!({"token": token}))).await;
    assert_eq!(answer.body, refusal.body);

    let admin = app.admin().await;
    let account = format!("/api/v1/admin/users/{}", squatter.id);
    app.ask(&admin, Method::PATCH, &account, Some(json!({"email_verified": true}))).await;
    assert_eq!(accept(&app, &squatter, &token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_invitation_is_good_for_seven_days() {
    let app = world().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let token = invite(&app, &ada, &acme, "bob@example.com", json!([])).await.text("token");
    app.advance(Duration::from_hours(24 * 7));
    let (ada, bob) = (sign_in(&app, "ada").await, sign_in(&app, "bob").await);
    assert_eq!(accept(&app, &bob, &token).await.brief(), "400 invalid_invitation");
    let again = invite(&app, &ada, &acme, "bob@example.com", json!([])).await;
    assert_eq!(accept(&app, &bob, &again.text("token")).await.status, StatusCode::OK);
}

/// What somebody invited and nobody accepted goes with them, and so does everything with the organization.
#[tokio::test]
async fn an_invitation_ends_with_its_maker_and_its_organization() {
    let app = world().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let cleo = join(&app, &ada, &acme, "cleo", json!(["manager"])).await;
    let bob = sign_in(&app, "bob").await;
    let of_cleo = invite(&app, &cleo, &acme, "bob@example.com", json!(["manager"])).await.text("token");
    remove(&app, &ada, &acme, &cleo).await;
    assert_eq!(accept(&app, &bob, &of_cleo).await.brief(), "400 invalid_invitation");
    let of_ada = invite(&app, &ada, &acme, "bob@example.com", json!([])).await.text("token");
    app.ask(&ada, Method::DELETE, &acme, None).await;
    assert_eq!(accept(&app, &bob, &of_ada).await.brief(), "400 invalid_invitation");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_invitation_accepted_by_two_at_once_is_accepted_once() {
    let app = world().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let two: [Person; 2] = [sign_in(&app, "bob").await, sign_in(&app, "bob").await];
    let token = invite(&app, &ada, &acme, "bob@example.com", json!([])).await.text("token");
    let (first, second) = tokio::join!(accept(&app, &two[0], &token), accept(&app, &two[1], &token));
    let mut briefs = [first.brief(), second.brief()];
    briefs.sort_unstable();
    assert_eq!(briefs, ["200", "400 invalid_invitation"]);
    let members: Value = app.ask(&ada, Method::GET, &format!("{acme}/members"), None).await.json();
    assert_eq!(members["members"].as_array().unwrap().len(), 2);
}

/// AD-01: what somebody may not give any more, their older invitations do not give either.
#[tokio::test]
async fn ad_01_an_invitation_gives_no_more_than_its_inviter_could_give_now() {
    let app = world().await;
    let (ada, eve) = (sign_in(&app, "ada").await, sign_in(&app, "eve").await);
    let admin = app.admin().await;
    let acme = found(&app, &ada, "acme").await;
    let disable = Some(json!({"disabled": true}));
    for (round, fall) in ["demoted", "disabled", "deleted"].into_iter().enumerate() {
        let bob = join_as(&app, &ada, &acme, &format!("bob-{round}"), json!(["owner"])).await;
        let token = invite(&app, &bob, &acme, "eve@example.com", json!(["owner"])).await.text("token");
        let user = format!("/api/v1/admin/users/{}", bob.id);
        let fallen = match fall {
            "demoted" => set_roles(&app, &ada, &acme, &bob, json!(["manager"])).await,
            "disabled" => app.ask(&admin, Method::PATCH, &user, disable.clone()).await,
            _ => app.ask(&admin, Method::DELETE, &user, None).await,
        };
        assert!(fallen.status.is_success(), "{fall}: {fallen:?}");
        assert_eq!(accept(&app, &eve, &token).await.brief(), "400 invalid_invitation", "{fall}");
        let open = app.ask(&ada, Method::GET, &format!("{acme}/invitations"), None).await.json();
        for invitation in open["invitations"].as_array().unwrap() {
            let path = format!("{acme}/invitations/{}", invitation["id"].as_str().unwrap());
            assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.status, 204);
        }
    }
}

/// Whoever was removed does not come back by an invitation from before.
#[tokio::test]
async fn ad_01_an_older_invitation_does_not_bring_a_removed_member_back() {
    let app = world().await;
    let (ada, bob) = (sign_in(&app, "ada").await, sign_in(&app, "bob").await);
    let admin = app.admin().await;
    let acme = found(&app, &ada, "acme").await;
    let token = invite(&app, &ada, &acme, "bob@example.com", json!(["manager"])).await.text("token");
    let member = format!("/api/v1/admin/organizations/{}/members/{}", id_of(&acme), bob.id);
    assert_eq!(app.ask(&admin, Method::PUT, &member, Some(json!({"roles": []}))).await.status, 200);
    assert_eq!(remove(&app, &ada, &acme, &bob).await.status, 204);
    assert_eq!(accept(&app, &bob, &token).await.brief(), "400 invalid_invitation");
}

/// Makes somebody new, verified, and a member.
async fn join_as(app: &TestApp, by: &Person, organization: &str, name: &str, roles: Value) -> Person {
    let admin = app.admin().await;
    let email = format!("{name}@example.com");
    let body = json!({"email": email, "password": PASSWORD, "email_verified": true});
    assert_eq!(app.ask(&admin, Method::POST, "/api/v1/admin/users", Some(body)).await.status, 201);
    join(app, by, organization, name, roles).await
}
