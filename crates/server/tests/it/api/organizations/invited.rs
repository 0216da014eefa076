//! What somebody is invited to.

use axum::http::Method;
use serde_json::{Value, json};

use super::{found, id_of, invite, remove, sign_in, world};
use crate::support::{Answer, Person, TestApp};

async fn mine(app: &TestApp, person: &Person, query: &str) -> Value {
    let answer = app.ask(person, Method::GET, &format!("/api/v1/invitations{query}"), None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn answer(app: &TestApp, person: &Person, what: &str, body: Value) -> Answer {
    app.ask(person, Method::POST, &format!("/api/v1/invitations/{what}"), Some(body)).await
}

/// LG-15
#[tokio::test]
async fn lg_15_an_invitation_is_listed_to_its_verified_address_and_accepted_by_its_id() {
    let app = world().await;
    let (ada, bob, eve) =
        (sign_in(&app, "ada").await, sign_in(&app, "bob").await, sign_in(&app, "eve").await);
    let (acme, beta) = (found(&app, &ada, "acme").await, found(&app, &ada, "beta").await);
    let first = invite(&app, &ada, &acme, "Bob@example.com", json!(["editor"])).await;
    app.advance(std::time::Duration::from_secs(1));
    let second = invite(&app, &ada, &beta, "bob@example.com", json!([])).await.text("id");
    let id = first.text("id");
    let listed = mine(&app, &bob, "?limit=1").await;
    let mut expected = first.json();
    expected.as_object_mut().unwrap().remove("token");
    expected["organization"] = json!({"id": id_of(&acme), "slug": "acme", "name": "acme"});
    assert_eq!(listed["invitations"], json!([expected]), "and not what the letter holds");
    let rest = mine(&app, &bob, &format!("?cursor={}", listed["next_cursor"].as_str().unwrap())).await;
    assert_eq!((&rest["invitations"][0]["id"], &rest["next_cursor"]), (&json!(second), &Value::Null));
    assert_eq!(mine(&app, &eve, "").await["invitations"], json!([]));
    let squatter = app.person("new@example.com").await;
    let to_new = invite(&app, &ada, &acme, "new@example.com", json!([])).await.text("id");
    assert_eq!(mine(&app, &squatter, "").await["invitations"], json!([]), "not proven");

    let missing = answer(&app, &eve, "accept", json!({"id": "inv_00000000000000000000000000"})).await;
    assert_eq!(missing.brief(), "400 invalid_invitation");
    for (who, named) in [(&eve, id.as_str()), (&squatter, to_new.as_str()), (&eve, "x")] {
        for what in ["accept", "decline"] {
            assert_eq!(
                answer(&app, who, what, json!({"id": named})).await.body,
                missing.body,
                "{what} {named}"
            );
        }
    }
    for bad in [json!({}), json!({"id": id, "token": first.text("token")}), json!({"id": 1})] {
        assert_eq!(answer(&app, &bob, "accept", bad.clone()).await.brief(), "400 invalid_body", "{bad}");
    }
    let joined = answer(&app, &bob, "accept", json!({"id": id})).await;
    assert_eq!((joined.text("slug"), &joined.json()["roles"]), ("acme".into(), &json!(["editor"])));
    assert_eq!(answer(&app, &bob, "accept", json!({"id": id})).await.body, missing.body, "once");
    assert_eq!(answer(&app, &bob, "accept", json!({"token": first.text("token")})).await.body, missing.body);
    // AD-01: an id gives no more than the letter.
    assert_eq!(remove(&app, &ada, &acme, &bob).await.status, 204);
    assert_eq!(answer(&app, &bob, "accept", json!({"id": id})).await.body, missing.body);
}

#[tokio::test]
async fn an_invitation_is_declined_by_who_could_accept_it() {
    let app = world().await;
    let (ada, bob, eve) =
        (sign_in(&app, "ada").await, sign_in(&app, "bob").await, sign_in(&app, "eve").await);
    let acme = found(&app, &ada, "acme").await;
    for by_token in [false, true] {
        let invited = invite(&app, &ada, &acme, "bob@example.com", json!([])).await;
        let body = if by_token {
            json!({"token": invited.text("token")})
        } else {
            json!({"id": invited.text("id")})
        };
        assert_eq!(answer(&app, &eve, "decline", body.clone()).await.brief(), "400 invalid_invitation");
        assert_eq!(answer(&app, &bob, "decline", body.clone()).await.status, 204);
        assert_eq!(answer(&app, &bob, "decline", body.clone()).await.brief(), "400 invalid_invitation");
        assert_eq!(answer(&app, &bob, "accept", body).await.brief(), "400 invalid_invitation");
        let open = app.ask(&ada, Method::GET, &format!("{acme}/invitations"), None).await.json();
        assert_eq!(open["invitations"], json!([]));
    }
    let admin = app.admin().await;
    let told = crate::mfa::trail(&app, &admin, "invitation-revoked").await;
    assert_eq!(
        (told.len(), &told[0]["user"], &told[0]["detail"]["organization"]),
        (2, &json!(bob.id), &json!(id_of(&acme)))
    );
}
