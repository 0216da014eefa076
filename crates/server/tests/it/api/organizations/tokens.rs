//! Switching the active organization, and exchanging a token for another.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use gatepost_jose::{Claims, KeySet, Verifier};
use serde_json::{Value, json};

use super::{found, id_of, join, remove, set_roles, sign_in, world};
use crate::support::{Answer, Person, TestApp};

const EXCHANGE: &str = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange\
    &subject_token_type=urn:ietf:params:oauth:token-type:access_token";

async fn switch(app: &TestApp, person: &Person, organization: Value) -> Answer {
    app.ask(person, Method::POST, "/api/v1/me/organization", Some(json!({"organization": organization})))
        .await
}

/// What an API learns of the caller, as it would verify it.
async fn claims(app: &TestApp, answer: &Answer) -> Arc<Claims> {
    let keys = KeySet::parse(&app.get("/.well-known/jwks.json").await.body).unwrap();
    let verifier = Verifier::new("http://127.0.0.1:8400", "notes-api", keys);
    verifier.verify(&answer.text("access_token"), app.clock.now().unix_seconds()).unwrap()
}

pub(super) fn form(path: &str, body: String) -> Request<Body> {
    let request = Request::builder().method(Method::POST).uri(path).header("host", "127.0.0.1:8400");
    request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body)).unwrap()
}

async fn exchange(app: &TestApp, token: &str, organization: &str, more: &str) -> Answer {
    let body = format!("{EXCHANGE}&subject_token={token}&organization_id={organization}{more}");
    app.send(form("/oauth/token", body)).await
}

/// `400 invalid_request`, or only the status.
fn brief(answer: &Answer) -> String {
    match answer.json()["error"].as_str() {
        Some(error) => format!("{} {error}", answer.status.as_u16()),
        None => answer.status.as_u16().to_string(),
    }
}

/// TN-02: the active organization is kept with the session, for as long as its user belongs there.
#[tokio::test]
async fn tn_02_a_switch_stays_until_the_membership_ends() {
    let app = world().await;
    let admin = app.admin().await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let cleo = join(&app, &ada, &acme, "cleo", json!(["editor"])).await;
    let account = format!("/api/v1/admin/users/{}", cleo.id);
    app.ask(&admin, Method::PATCH, &account, Some(json!({"roles": ["biller"]}))).await;

    let switched = switch(&app, &cleo, json!(id_of(&acme))).await;
    assert_eq!(switched.status, StatusCode::OK, "{switched:?}");
    let there = claims(&app, &switched).await;
    assert_eq!(there.organization(), Some(id_of(&acme)));
    assert!(there.has_role("editor") && there.has_role("reader") && !there.has_role("biller"));
    assert!(there.has_permission("notes:write") && !there.has_permission("billing:read"));
    // It still opens the own account, and the session is the same.
    let as_member = Person { access_token: switched.text("access_token"), ..cleo.clone() };
    assert_eq!(app.ask(&as_member, Method::GET, "/api/v1/me", None).await.status, StatusCode::OK);

    let refreshed = app.refresh(&cleo.refresh_token).await;
    assert_eq!(claims(&app, &refreshed).await.organization(), Some(id_of(&acme)));
    // Other roles count with the next token; another session of the same user is in no organization.
    set_roles(&app, &ada, &acme, &cleo, json!(["reader"])).await;
    let refreshed = app.refresh(&refreshed.text("refresh_token")).await;
    let there = claims(&app, &refreshed).await;
    assert!(there.has_role("reader") && !there.has_permission("notes:write"));
    assert_eq!(claims(&app, &app.login("cleo@example.com").await).await.organization(), None);

    remove(&app, &ada, &acme, &cleo).await;
    let refreshed = app.refresh(&refreshed.text("refresh_token")).await;
    let outside = claims(&app, &refreshed).await;
    assert_eq!(outside.organization(), None);
    assert!(
        outside.has_role("biller") && outside.has_permission("billing:read") && !outside.has_role("reader")
    );
}

#[tokio::test]
async fn a_switch_to_none_and_to_what_one_does_not_belong_to() {
    let app = world().await;
    let (ada, eve) = (sign_in(&app, "ada").await, sign_in(&app, "eve").await);
    let (acme, other) = (found(&app, &ada, "acme").await, found(&app, &eve, "other").await);
    let owner = claims(&app, &switch(&app, &ada, json!(id_of(&acme))).await).await;
    assert!(owner.has_role("owner") && owner.permissions().is_empty());
    let missing = switch(&app, &ada, json!("org_00000000000000000000000000")).await;
    assert_eq!(missing.brief(), "404 not_found");
    for id in [id_of(&other), "usr_00000000000000000000000000", "acme", ""] {
        assert_eq!(switch(&app, &ada, json!(id)).await.body, missing.body, "{id}");
    }
    assert_eq!(
        claims(&app, &app.refresh(&ada.refresh_token).await).await.organization(),
        Some(id_of(&acme)),
        "a refused switch changes nothing"
    );
    let none = claims(&app, &switch(&app, &ada, Value::Null).await).await;
    assert!(none.organization().is_none() && !none.has_role("owner"));
    let answer = app.ask(&ada, Method::POST, "/api/v1/me/organization", Some(json!({}))).await;
    assert_eq!(answer.brief(), "400 invalid_body");

    // AD-01: everybody may own an organization, so a role of that name adds to it only where the realm says so.
    for (named, adds) in [("", false), ("organization_roles = [\"owner\"]\n", true)] {
        app.apply(&format!(
            "[[realm]]\nname = \"default\"\n{named}[[realm.role]]\nname = \"owner\"\npermissions = [\"notes:delete\"]\n",
        ))
        .await;
        let owner = claims(&app, &switch(&app, &ada, json!(id_of(&acme))).await).await;
        assert_eq!((owner.has_role("owner"), owner.has_permission("notes:delete")), (true, adds));
    }
    // The organization goes, and with it what tokens say of it.
    app.ask(&ada, Method::DELETE, &acme, None).await;
    let again = app.sign_in("ada@example.com").await;
    assert_eq!(switch(&app, &again, json!(id_of(&acme))).await.body, missing.body);
}

/// TN-02: a good token and the name of an organization make a short token for that organization, for a member only.
#[tokio::test]
async fn tn_02_a_token_is_exchanged_for_one_of_an_organization_by_its_members_only() {
    let app = world().await;
    let (ada, eve) = (sign_in(&app, "ada").await, sign_in(&app, "eve").await);
    let (acme, other) = (found(&app, &ada, "acme").await, found(&app, &eve, "other").await);
    let cleo = join(&app, &ada, &acme, "cleo", json!(["editor"])).await;

    let answer = exchange(&app, &cleo.access_token, id_of(&acme), "").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!((&answer.json()["expires_in"], answer.text("token_type")), (&json!(60), "Bearer".into()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let (before, after) = (claims(&app, &app_answer(&cleo)).await, claims(&app, &answer).await);
    assert_eq!(after.organization(), Some(id_of(&acme)));
    assert!(after.has_role("editor") && after.has_permission("notes:write"));
    assert_eq!(before.scope(), Some("account openid profile email offline_access"));
    assert_eq!(after.scope(), Some("profile email"), "it does not open the account");
    assert_eq!(answer.text("scope"), "profile email");
    for claim in ["sub", "sid", "auth_time", "amr", "client_id", "iss"] {
        assert_eq!(after.get(claim), before.get(claim), "{claim}");
    }
    assert_ne!(after.token_id(), before.token_id());
    assert_eq!(after.get("aud"), Some(json!("notes-api")), "it is not for the realm itself");
    let short = Person { access_token: answer.text("access_token"), ..cleo.clone() };
    assert_eq!(app.ask(&short, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");

    for organization in [id_of(&other), "org_00000000000000000000000000", "acme"] {
        let refused = exchange(&app, &cleo.access_token, organization, "").await;
        assert_eq!(brief(&refused), "400 invalid_target", "{organization}");
    }
    assert_eq!(exchange(&app, &cleo.access_token, id_of(&acme), "&audience=notes-api").await.status, 200);
    let elsewhere = exchange(&app, &cleo.access_token, id_of(&acme), "&audience=billing-api").await;
    assert_eq!(brief(&elsewhere), "400 invalid_target");
    remove(&app, &ada, &acme, &cleo).await;
    assert_eq!(brief(&exchange(&app, &cleo.access_token, id_of(&acme), "").await), "400 invalid_target");
}

/// The answer of the sign-in, as far as `claims` needs it.
fn app_answer(person: &Person) -> Answer {
    let body = json!({"access_token": person.access_token}).to_string().into_bytes();
    Answer { status: StatusCode::OK, headers: axum::http::HeaderMap::default(), body }
}

#[tokio::test]
async fn what_is_no_good_token_of_a_live_session_is_not_exchanged() {
    let app = world().await;
    app.apply("[[realm]]\nname = \"other\"\naudience = [\"notes-api\"]\n").await;
    let ada = sign_in(&app, "ada").await;
    let acme = found(&app, &ada, "acme").await;
    let organization = id_of(&acme);
    let refused = async |token: &str| brief(&exchange(&app, token, organization, "").await);

    for garbage in ["x", "a.b.c", &ada.refresh_token, &ada.access_token[..ada.access_token.len() - 2]] {
        assert_eq!(refused(garbage).await, "400 invalid_request", "{garbage}");
    }
    let body = format!("{EXCHANGE}&subject_token={}&organization_id={organization}", ada.access_token);
    assert_eq!(brief(&app.send(form("/r/other/oauth/token", body.clone())).await), "400 invalid_request");
    for (bad, expected) in [
        // Without an organization it is a client's to exchange.
        (format!("{EXCHANGE}&subject_token={}", ada.access_token), "401 invalid_client"),
        (format!("{body}&scope=x"), "400 invalid_request"),
        (format!("{body}&resource=x"), "400 invalid_target"),
        (format!("{body}&actor_token=x"), "400 invalid_request"),
        (body.replace("token-type:access_token", "token-type:id_token"), "400 invalid_request"),
        (body.clone(), "200"),
    ] {
        assert_eq!(brief(&app.send(form("/oauth/token", bad.clone())).await), expected, "{bad}");
    }

    // A key, and what it was exchanged for.
    let key = json!({"name": "ci", "scopes": ["ci"]});
    let key = app.ask(&ada, Method::POST, "/api/v1/me/api-keys", Some(key)).await.text("key");
    let key_type = EXCHANGE.replace(
        "urn:ietf:params:oauth:token-type:access_token",
        "urn:gatepost:params:oauth:token-type:api-key",
    );
    let of_key =
        app.send(form("/oauth/token", format!("{key_type}&subject_token={key}"))).await.text("access_token");
    assert_eq!(refused(&of_key).await, "400 invalid_request");
    assert_eq!(refused(&key).await, "400 invalid_request");
    let body = format!("{key_type}&subject_token={key}&organization_id={organization}");
    assert_eq!(brief(&app.send(form("/oauth/token", body)).await), "400 invalid_request");

    // No chain of exchanges outlives the first token.
    app.advance(Duration::from_secs(15 * 60 - 40));
    let short = exchange(&app, &ada.access_token, organization, "").await;
    assert_eq!(short.json()["expires_in"], 40);
    app.advance(Duration::from_secs(30));
    let shorter = exchange(&app, &short.text("access_token"), organization, "").await;
    assert_eq!(shorter.json()["expires_in"], 10);
    app.advance(Duration::from_secs(10));
    assert_eq!(refused(&ada.access_token).await, "400 invalid_request", "no leeway here");
    assert_eq!(refused(&shorter.text("access_token")).await, "400 invalid_request");

    // The session has ended.
    let ada = sign_in(&app, "ada").await;
    assert_eq!(refused(&ada.access_token).await, "200");
    let admin = app.admin().await;
    let account = format!("/api/v1/admin/users/{}", ada.id);
    app.ask(&admin, Method::PATCH, &account, Some(json!({"disabled": true}))).await;
    assert_eq!(refused(&ada.access_token).await, "400 invalid_request");
}
