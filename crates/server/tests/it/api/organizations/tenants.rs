//! One organization knows nothing of another.

use axum::http::Method;
use serde_json::json;

use super::{ORGANIZATIONS, found, id_of, invite, join, sign_in, world};
use crate::support::{PASSWORD, person};

/// TN-01, TN-05: whatever of an organization is asked for by who does not belong to it answers as if it were not there: on
/// every route, to the owner of another organization, to an administrator who is no member, and in another realm.
#[tokio::test]
async fn tn_01_nothing_of_an_organization_is_known_outside() {
    let app = world().await;
    let (ada, eve) = (sign_in(&app, "ada").await, sign_in(&app, "eve").await);
    let (acme, evil) = (found(&app, &ada, "acme").await, found(&app, &eve, "evil").await);
    let bob = join(&app, &ada, &acme, "bob", json!(["editor"])).await;
    let invited = invite(&app, &ada, &acme, "new@example.com", json!([])).await.text("id");
    let admin = app.admin().await;
    app.apply(&format!(
        "[[realm]]\nname = \"other\"\n[[realm.user]]\nemail = \"eve@example.com\"\npassword = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n"
    ))
    .await;
    let body = json!({"email": "eve@example.com", "password": PASSWORD});
    let foreign = person(&app.post("/r/other/api/v1/login", body).await);

    let (ours, missing) = (id_of(&acme), "org_00000000000000000000000000");
    let routes = |organization: &str| {
        let one = format!("{ORGANIZATIONS}/{organization}");
        [
            (Method::GET, one.clone(), None),
            (Method::PATCH, one.clone(), Some(json!({"name": "x"}))),
            (Method::DELETE, one.clone(), None),
            (Method::GET, format!("{one}/members"), None),
            (Method::PATCH, format!("{one}/members/{}", bob.id), Some(json!({"roles": []}))),
            (Method::DELETE, format!("{one}/members/{}", bob.id), None),
            (Method::DELETE, format!("{one}/members/{}", eve.id), None),
            (Method::GET, format!("{one}/invitations"), None),
            (
                Method::POST,
                format!("{one}/invitations"),
                Some(json!({"email": "x@example.com", "roles": []})),
            ),
            (Method::DELETE, format!("{one}/invitations/{invited}"), None),
        ]
    };
    for ((method, path, body), (_, nowhere, _)) in routes(ours).into_iter().zip(routes(missing)) {
        for outsider in [&eve, &admin] {
            let answer = app.ask(outsider, method.clone(), &path, body.clone()).await;
            let absent = app.ask(outsider, method.clone(), &nowhere, body.clone()).await;
            assert_eq!(
                (answer.brief(), &answer.body),
                ("404 not_found".into(), &absent.body),
                "{method} {path}"
            );
        }
        let answer = app.ask(&foreign, method.clone(), &format!("/r/other{path}"), body.clone()).await;
        assert_eq!(answer.brief(), "404 not_found", "{method} {path} in another realm");
        assert_eq!(app.ask(&foreign, method.clone(), &path, body).await.brief(), "401 invalid_token");
    }
    // Ids of one organization below another: neither members nor invitations are found there.
    for (method, path, body) in [
        (Method::PATCH, format!("{evil}/members/{}", bob.id), Some(json!({"roles": []}))),
        (Method::DELETE, format!("{evil}/members/{}", bob.id), None),
        (Method::DELETE, format!("{evil}/invitations/{invited}"), None),
    ] {
        assert_eq!(app.ask(&eve, method, &path, body).await.brief(), "404 not_found", "{path}");
    }
    // Administration of another realm.
    for (method, path, body) in [
        (Method::GET, format!("/r/other/api/v1/admin/organizations/{ours}"), None),
        (Method::DELETE, format!("/r/other/api/v1/admin/organizations/{ours}"), None),
        (Method::GET, format!("/r/other/api/v1/admin/organizations/{ours}/members"), None),
        (
            Method::PUT,
            format!("/r/other/api/v1/admin/organizations/{ours}/members/{}", foreign.id),
            Some(json!({"roles": ["owner"]})),
        ),
    ] {
        assert_eq!(app.ask(&foreign, method, &path, body).await.brief(), "404 not_found", "{path}");
    }
    let listed = app.ask(&foreign, Method::GET, "/r/other/api/v1/admin/organizations", None).await.json();
    assert_eq!(listed["organizations"], json!([]));
    // The other realm has its own slugs, and the same routes work there.
    let body = json!({"name": "Acme", "slug": "acme"});
    let namesake =
        app.ask(&foreign, Method::POST, &format!("/r/other{ORGANIZATIONS}"), Some(body)).await.text("id");
    let themselves = format!("/r/other{ORGANIZATIONS}/{namesake}/members/{}", foreign.id);
    assert_eq!(app.ask(&foreign, Method::DELETE, &themselves, None).await.brief(), "409 last_owner");
    let members = app.ask(&ada, Method::GET, &format!("{acme}/members"), None).await.json();
    assert_eq!(members["members"].as_array().unwrap().len(), 2, "all of it was in vain");
}

/// TN-03: a slug belongs to one organization of a realm at a time, and what an old one had does not pass to a new one.
#[tokio::test]
async fn tn_03_a_slug_taken_again_brings_nothing_of_the_old_organization() {
    let app = world().await;
    let (ada, eve) = (sign_in(&app, "ada").await, sign_in(&app, "eve").await);
    let acme = found(&app, &ada, "acme").await;
    let bob = join(&app, &ada, &acme, "bob", json!(["editor"])).await;
    app.ask(&ada, Method::DELETE, &acme, None).await;
    let again = found(&app, &eve, "acme").await;
    assert_ne!(acme, again);
    for former in [&ada, &bob] {
        assert_eq!(app.ask(former, Method::GET, &again, None).await.brief(), "404 not_found");
        assert_eq!(app.ask(former, Method::GET, &acme, None).await.brief(), "404 not_found");
    }
}
