//! The clients of organizations.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use super::{
    Caller, FAILED_PRECONDITION, INVALID_ARGUMENT, NOT_FOUND, REALM, UNAUTHENTICATED, administering, far,
    organization_id, own_token, token_request, told,
    wire::{Fields, Message, message},
};
use crate::{oauth::relying_party as rp, support::TestApp};

const HOST: &str = "127.0.0.1:8400";

async fn ask(caller: &Caller<'_>, method: &str, message: Message) -> super::Answered {
    caller.call(&format!("clients.ClientService/{method}"), message).await
}

/// A client of Acme: the organization, the client and its secret.
async fn made(caller: &Caller<'_>) -> (String, String, String) {
    let acme = organization_id(caller.app, "acme").await;
    let client = message().text(1, "Export").text(3, "notes:read").text(3, "reports").text(4, "notes-api");
    let made =
        ask(caller, "CreateOrganizationClient", message().text(1, &acme).within(2, client)).await.unwrap();
    (acme, made.text(&[1, 1]), made.text(&[2]))
}

#[tokio::test]
async fn the_tokens_of_an_organizations_client_speak_of_it() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let (acme, id, secret) = made(&caller).await;
    assert!(id.starts_with("m2morg_"), "{id}");
    let claims = rp::claims(&own_token(&app, HOST, &id, &secret).await);
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(id), &json!(id)));
    assert_eq!((&claims["oid"], &claims["org_id"]), (&json!(acme), &json!(acme)));
    assert_eq!(
        (&claims["scopes"], &claims["aud"]),
        (&json!(["notes:read", "reports"]), &json!([id, "notes-api"]))
    );
    let within = message().text(1, &acme).text(2, &id);
    let found = ask(&caller, "GetOrganizationClient", within).await.unwrap();
    let shown = |found: &Fields| (found.text(&[1, 1]), found.text(&[1, 3]), found.text(&[1, 5]));
    assert_eq!(shown(&found), (id.clone(), "Export".into(), acme.clone()));
    assert_eq!(found.each(1)[0].texts(8), ["notes:read", "reports"]);
    let listed = ask(&caller, "ListOrganizationClients", message().text(1, &acme)).await.unwrap();
    assert_eq!((listed.each(3).len(), listed.text(&[3, 1])), (1, id.clone()));
    // It administers nothing.
    let own = own_token(&app, HOST, &id, &secret).await;
    let refused = Caller::with(&app, &[&own]).call("users.UserService/ListUsers", message()).await;
    refused.unwrap_err().is(UNAUTHENTICATED, "invalid_token");
    // Nor are the realm's own clients an organization's.
    for (organization, client) in
        [(acme.as_str(), "administering"), (&far(&app).await, id.as_str()), (&acme, "nobody")]
    {
        let within = message().text(1, organization).text(2, client);
        let refused = ask(&caller, "GetOrganizationClient", within).await;
        refused.unwrap_err().is(NOT_FOUND, "not_found");
    }
    let far = far(&app).await;
    let client = message().text(1, &far).within(2, message().text(1, "Export"));
    ask(&caller, "CreateOrganizationClient", client).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    ask(&caller, "ListOrganizationClients", message().text(1, &far))
        .await
        .unwrap_err()
        .is(NOT_FOUND, "not_found");
    for wrong in [
        message().text(3, "no \"scope\""),
        message().text(2, "What it is for"),
        message().within(5, message().text(1, "plan").text(2, "free")),
        message().number(6, 60),
    ] {
        let wrong = message().text(1, &acme).within(2, wrong);
        ask(&caller, "CreateOrganizationClient", wrong)
            .await
            .unwrap_err()
            .is(INVALID_ARGUMENT, "invalid_field");
    }
    assert_eq!(told(&app).await, ["client-created"]);
}

#[tokio::test]
async fn an_organizations_client_is_changed_and_deleted() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let (acme, id, secret) = made(&caller).await;
    let update = async |client: &str, change: Message| {
        let asked = message().text(1, &acme).text(2, client).within(3, change);
        ask(&caller, "UpdateOrganizationClient", asked).await
    };
    let changed = update(&id, message().text(1, "Nightly export").text(3, "reports")).await.unwrap();
    assert_eq!(
        (changed.text(&[1, 3]), changed.each(1)[0].texts(8)),
        ("Nightly export".into(), vec!["reports".to_owned()])
    );
    assert_eq!(changed.each(1)[0].texts(9), ["notes-api"], "what was not sent stays");
    let claims = rp::claims(&own_token(&app, HOST, &id, &secret).await);
    assert_eq!(claims["scopes"], json!(["reports"]));
    update("administering", message().text(1, "Mallory")).await.unwrap_err().is(NOT_FOUND, "not_found");
    update(&id, message().text(2, "What it is for")).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    let delete = async |client: &str| {
        ask(&caller, "DeleteOrganizationClient", message().text(1, &acme).text(2, client)).await
    };
    delete("administering").await.unwrap_err().is(NOT_FOUND, "not_found");
    delete(&id).await.unwrap();
    delete(&id).await.unwrap_err().is(NOT_FOUND, "not_found");
    assert_eq!(app.send(token_request(HOST, &id, &secret)).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(told(&app).await, ["client-created", "client-deleted", "client-updated"]);
}

#[tokio::test]
async fn a_secret_is_replaced_and_the_old_one_taken() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let (acme, id, first) = made(&caller).await;
    let within = || message().text(1, &acme).text(2, &id);
    let secrets = async || {
        let found = ask(&caller, "GetOrganizationClient", within()).await.unwrap();
        found.each(1)[0].each(2).iter().map(|secret| secret.text(&[1])).collect::<Vec<_>>()
    };
    let good = async |secret: &str| app.send(token_request(HOST, &id, secret)).await.status == StatusCode::OK;
    let old = secrets().await;
    let delete =
        async |name: &str| ask(&caller, "DeleteOrganizationClientSecret", within().text(3, name)).await;
    delete(&old[0]).await.unwrap_err().is(FAILED_PRECONDITION, "last_secret");
    let fresh = ask(&caller, "CreateOrganizationClientSecret", within()).await.unwrap();
    let (second, name) = (fresh.text(&[1]), fresh.text(&[2, 1]));
    assert_eq!(secrets().await, [name.clone(), old[0].clone()]);
    assert!(good(&first).await && good(&second).await, "both, until one is taken");
    delete("sec_garbage").await.unwrap_err().is(NOT_FOUND, "not_found");
    delete(&old[0]).await.unwrap();
    assert!(!good(&first).await && good(&second).await);
    // Of two, the newer can be taken as well.
    let third = ask(&caller, "CreateOrganizationClientSecret", within()).await.unwrap();
    delete(&third.text(&[2, 1])).await.unwrap();
    assert!(good(&second).await && !good(&third.text(&[1])).await);
    assert_eq!(secrets().await, [name]);
    // One that nobody takes ends by itself.
    ask(&caller, "CreateOrganizationClientSecret", within()).await.unwrap();
    app.advance(Duration::from_hours(24 * 31));
    assert!(!good(&second).await);
    for method in ["CreateOrganizationClientSecret", "DeleteOrganizationClientSecret"] {
        let other = message().text(1, &acme).text(2, "administering").text(3, "sec_x");
        let caller = administering(&app).await;
        ask(&caller, method, other).await.unwrap_err().is(NOT_FOUND, "not_found");
    }
}
