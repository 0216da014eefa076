//! `/api/v1/organizations`, and what tokens say of one.

mod administration;
mod invitations;
mod invited;
mod keys;
mod members;
mod teams;
mod tenants;
mod tokens;
mod trail;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Person, TestApp};

const ORGANIZATIONS: &str = "/api/v1/organizations";

/// A realm with roles, and people whose addresses are verified.
async fn world() -> TestApp {
    let realm = "[[realm]]\nname = \"default\"\naudience = [\"notes-api\"]\norganization_roles = [\"manager\", \"biller\"]\n\
        api_key_scopes = [\"ci\"]\n\
        [[realm.role]]\nname = \"manager\"\npermissions = [\"organization:manage\"]\ninherits = [\"editor\"]\n\
        [[realm.role]]\nname = \"editor\"\npermissions = [\"notes:*\"]\ninherits = [\"reader\"]\n\
        [[realm.role]]\nname = \"reader\"\npermissions = [\"notes:read\"]\n\
        [[realm.role]]\nname = \"biller\"\npermissions = [\"billing:read\"]\n";
    let people = ["ada", "bob", "cleo", "eve"].map(|name| {
        format!(
            "[[realm.user]]\nemail = \"{name}@example.com\"\nemail_verified = true\npassword = \"{PASSWORD}\"\n"
        )
    });
    TestApp::with(&format!("{realm}{}", people.concat())).await
}

async fn sign_in(app: &TestApp, name: &str) -> Person {
    app.sign_in(&format!("{name}@example.com")).await
}

/// Makes an organization and returns its path.
async fn found(app: &TestApp, owner: &Person, slug: &str) -> String {
    let made = app.ask(owner, Method::POST, ORGANIZATIONS, Some(json!({"name": slug, "slug": slug}))).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    format!("{ORGANIZATIONS}/{}", made.text("id"))
}

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

async fn invite(app: &TestApp, by: &Person, organization: &str, email: &str, roles: Value) -> Answer {
    let body = json!({"email": email, "roles": roles});
    app.ask(by, Method::POST, &format!("{organization}/invitations"), Some(body)).await
}

async fn accept(app: &TestApp, person: &Person, token: &str) -> Answer {
    app.ask(person, Method::POST, "/api/v1/invitations/accept", Some(json!({"token": token}))).await
}

/// Invites somebody of [`world`] and lets them accept.
async fn join(app: &TestApp, by: &Person, organization: &str, name: &str, roles: Value) -> Person {
    let person = sign_in(app, name).await;
    let invited = invite(app, by, organization, &format!("{name}@example.com"), roles).await;
    assert_eq!(invited.status, StatusCode::CREATED, "{invited:?}");
    let joined = accept(app, &person, &invited.text("token")).await;
    assert_eq!(joined.status, StatusCode::OK, "{joined:?}");
    person
}

async fn set_roles(app: &TestApp, by: &Person, organization: &str, whom: &Person, roles: Value) -> Answer {
    let path = format!("{organization}/members/{}", whom.id);
    app.ask(by, Method::PATCH, &path, Some(json!({"roles": roles}))).await
}

async fn remove(app: &TestApp, by: &Person, organization: &str, whom: &Person) -> Answer {
    app.ask(by, Method::DELETE, &format!("{organization}/members/{}", whom.id), None).await
}

/// The events of the default realm since its beginning.
async fn events(app: &TestApp) -> Vec<String> {
    let admin = app.admin().await;
    let listed = app.ask(&admin, Method::GET, "/api/v1/admin/audit?limit=100", None).await.json();
    let events = listed["events"].as_array().unwrap_or_else(|| panic!("{listed}")).iter();
    events.map(|event| event["event"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_organization_is_made_shown_renamed_and_deleted_by_its_owner() {
    let app = world().await;
    let (ada, bob) = (sign_in(&app, "ada").await, sign_in(&app, "bob").await);
    let acme = found(&app, &ada, "acme").await;
    let shown = app.ask(&ada, Method::GET, &acme, None).await.json();
    assert_eq!(
        (&shown["slug"], &shown["name"], &shown["roles"]),
        (&json!("acme"), &json!("acme"), &json!(["owner"]))
    );
    let listed = app.ask(&ada, Method::GET, ORGANIZATIONS, None).await.json();
    assert_eq!(listed["organizations"][0]["id"], id_of(&acme));
    assert_eq!(app.ask(&bob, Method::GET, ORGANIZATIONS, None).await.json()["organizations"], json!([]));

    let body = json!({"name": "Acme Ltd", "slug": "acme-ltd"});
    let renamed = app.ask(&ada, Method::PATCH, &acme, Some(body)).await;
    assert_eq!((renamed.text("name"), renamed.text("slug")), ("Acme Ltd".into(), "acme-ltd".into()));
    found(&app, &bob, "acme").await;
    let taken = app.ask(&ada, Method::PATCH, &acme, Some(json!({"slug": "acme"}))).await;
    assert_eq!(taken.brief(), "409 slug_taken");
    for (body, expected) in [
        (json!({"name": "x", "slug": "acme"}), "409 slug_taken"),
        (json!({"name": "x", "slug": "Acme"}), "422 invalid_field"),
        (json!({"name": "x", "slug": "a"}), "422 invalid_field"),
        (json!({"name": "", "slug": "fine"}), "422 invalid_field"),
        (json!({"name": "x", "slug": "fine", "owner": ada.id}), "400 invalid_body"),
        (json!({"name": "x"}), "400 invalid_body"),
    ] {
        assert_eq!(
            app.ask(&bob, Method::POST, ORGANIZATIONS, Some(body.clone())).await.brief(),
            expected,
            "{body}"
        );
    }

    assert_eq!(app.ask(&ada, Method::DELETE, &acme, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.ask(&ada, Method::GET, &acme, None).await.brief(), "404 not_found");
    let events = events(&app).await;
    for event in ["organization-created", "organization-updated", "organization-deleted"] {
        assert!(events.iter().any(|known| known == event), "{event} in {events:?}");
    }
}

#[tokio::test]
async fn a_logo_and_metadata_are_kept_by_owners_and_seen_by_members() {
    let app = world().await;
    let (ada, eve) = (sign_in(&app, "ada").await, sign_in(&app, "eve").await);
    let logo = "https://acme.test/logo.png";
    let body =
        json!({"name": "Acme", "slug": "acme", "logo_url": logo, "metadata": {"plan": "pro", "seats": 5}});
    let made = app.ask(&ada, Method::POST, ORGANIZATIONS, Some(body)).await.json();
    assert_eq!((&made["logo_url"], &made["metadata"]), (&json!(logo), &json!({"plan": "pro", "seats": 5})));
    let acme = format!("{ORGANIZATIONS}/{}", made["id"].as_str().unwrap());
    let bob = join(&app, &ada, &acme, "bob", json!(["manager"])).await;
    let seen = app.ask(&bob, Method::GET, &acme, None).await.json();
    assert_eq!((&seen["logo_url"], &seen["metadata"]), (&made["logo_url"], &made["metadata"]));
    let admin = app.admin().await;
    let seen = app.ask(&admin, Method::GET, &acme.replace("/v1/", "/v1/admin/"), None).await.json();
    assert_eq!((&seen["logo_url"], &seen["metadata"]), (&made["logo_url"], &made["metadata"]));

    let change = async |person: &Person, body: Value| app.ask(person, Method::PATCH, &acme, Some(body)).await;
    let renamed = change(&ada, json!({"name": "Acme Ltd"})).await.json();
    assert_eq!(
        (&renamed["logo_url"], &renamed["metadata"]),
        (&made["logo_url"], &made["metadata"]),
        "they stay"
    );
    let replaced = change(&ada, json!({"logo_url": null, "metadata": {"seats": 6}})).await.json();
    assert_eq!((replaced.get("logo_url"), &replaced["metadata"]), (None, &json!({"seats": 6})));
    assert_eq!(change(&ada, json!({"metadata": null})).await.json().get("metadata"), None);
    for wrong in [
        json!({"logo_url": "data:image/png;base64,AAAA"}),
        json!({"logo_url": "javascript:alert(1)"}),
        json!({"metadata": {"a": "x".repeat(4096)}}),
    ] {
        assert_eq!(change(&ada, wrong.clone()).await.brief(), "422 invalid_field", "{wrong}");
    }
    assert_eq!(change(&bob, json!({"metadata": {"plan": "mine"}})).await.brief(), "403 missing_permission");
    assert_eq!(change(&eve, json!({"logo_url": null})).await.brief(), "404 not_found");
}

#[tokio::test]
async fn one_owns_a_hundred_organizations_at_the_most_and_lists_them_in_pages() {
    let app = world().await;
    let ada = sign_in(&app, "ada").await;
    for n in 0..100 {
        found(&app, &ada, &format!("acme-{n}")).await;
    }
    let body = json!({"name": "x", "slug": "one-more"});
    assert_eq!(app.ask(&ada, Method::POST, ORGANIZATIONS, Some(body)).await.brief(), "409 too_many");
    // Nor do others make her an owner of more.
    let bob = sign_in(&app, "bob").await;
    let (one, other) = (found(&app, &bob, "bobs").await, found(&app, &bob, "bobs-too").await);
    let owner = invite(&app, &bob, &one, "ada@example.com", json!(["owner"])).await.text("token");
    assert_eq!(accept(&app, &ada, &owner).await.brief(), "409 too_many");
    let member = invite(&app, &bob, &other, "ada@example.com", json!([])).await.text("token");
    assert_eq!(accept(&app, &ada, &member).await.status, StatusCode::OK);
    assert_eq!(set_roles(&app, &bob, &other, &ada, json!(["owner"])).await.brief(), "409 too_many");
    assert_eq!(remove(&app, &bob, &other, &ada).await.status, StatusCode::NO_CONTENT);

    let page = async |query: &str| {
        app.ask(&ada, Method::GET, &format!("{ORGANIZATIONS}?{query}"), None).await.json()
    };
    let first = page("limit=60").await;
    let second = page(&format!("limit=60&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    let count = |page: &Value| page["organizations"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second)), (60, 40));
    // AD-03: a listing is bounded whatever is asked for.
    for bad in ["limit=0", "limit=101", "limit=-1", "sort=roles", "cursor=x"] {
        assert_eq!(page(bad).await["code"], "invalid_query", "{bad}");
    }
}

/// The last owner goes only with the organization.
#[tokio::test]
async fn an_account_that_is_the_last_owner_is_deleted_only_if_nobody_else_belongs() {
    let app = world().await;
    let ada = sign_in(&app, "ada").await;
    let (acme, alone) = (found(&app, &ada, "acme").await, found(&app, &ada, "alone").await);
    let bob = join(&app, &ada, &acme, "bob", json!(["editor"])).await;
    let admin = app.admin().await;
    let account = format!("/api/v1/admin/users/{}", ada.id);
    assert_eq!(app.ask(&admin, Method::DELETE, &account, None).await.brief(), "409 last_owner");
    let any = |path: &str| path.replace("/v1/", "/v1/admin/");
    assert_eq!(
        app.ask(&admin, Method::GET, &any(&alone), None).await.status,
        StatusCode::OK,
        "nothing was deleted"
    );

    set_roles(&app, &ada, &acme, &bob, json!(["owner"])).await;
    assert_eq!(app.ask(&admin, Method::DELETE, &account, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.ask(&admin, Method::GET, &any(&alone), None).await.brief(), "404 not_found");
    let members = app.ask(&bob, Method::GET, &format!("{acme}/members"), None).await.json();
    assert_eq!(members["members"].as_array().unwrap().len(), 1);
}

/// Somebody who must be stopped is stopped, whatever they own; an administrator finds a new owner afterwards.
#[tokio::test]
async fn an_account_that_is_the_last_owner_is_disabled_and_the_trail_says_what_it_leaves() {
    let app = world().await;
    let ada = sign_in(&app, "ada").await;
    let (acme, _alone) = (found(&app, &ada, "acme").await, found(&app, &ada, "alone").await);
    let bob = join(&app, &ada, &acme, "bob", json!(["editor"])).await;
    let admin = app.admin().await;
    let account = format!("/api/v1/admin/users/{}", ada.id);
    let disabled = app.ask(&admin, Method::PATCH, &account, Some(json!({"disabled": true}))).await;
    assert_eq!(disabled.status, StatusCode::OK, "{disabled:?}");
    let trail = app.ask(&admin, Method::GET, "/api/v1/admin/audit?event=user-disabled", None).await.json();
    let left = trail["events"][0]["detail"]["last_owner_of"].as_str().unwrap();
    assert!(acme.ends_with(left), "only the one that others belong to: {trail}");
    let member = format!("{}/members/{}", acme.replace("/v1/", "/v1/admin/"), bob.id);
    let owner = app.ask(&admin, Method::PUT, &member, Some(json!({"roles": ["owner"]}))).await;
    assert_eq!(owner.status, StatusCode::OK, "{owner:?}");
    assert_eq!(
        app.ask(&bob, Method::PATCH, &acme, Some(json!({"name": "Bobs"}))).await.status,
        StatusCode::OK
    );
}
