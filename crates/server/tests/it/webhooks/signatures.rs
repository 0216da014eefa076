//! WH-01: what is sent is signed, and verified with the code that is published for receivers.

use std::time::Duration;

use axum::http::Method;
use gatepost_jose::webhook::{Headers, Secret, Verifier};
use serde_json::json;

use super::{World, receiver::Received};

fn verified(secrets: &[&str], message: &Received, now: i64) -> Result<String, String> {
    let secrets: Vec<Secret> = secrets.iter().map(|secret| secret.parse().unwrap()).collect();
    let headers = Headers {
        id: Some(message.header("webhook-id")),
        timestamp: Some(message.header("webhook-timestamp")),
        signature: Some(message.header("webhook-signature")),
    };
    let verified = Verifier::new(secrets).verify(headers, &message.body, now);
    verified.map(str::to_owned).map_err(|refused| refused.to_string())
}

#[tokio::test]
async fn wh_01_a_message_is_signed_at_each_try_and_its_id_and_document_stay() {
    let world = World::new().await;
    let id = world.test().await;
    world.receiver.says(400);
    world.send().await;
    let first = world.receiver.take().remove(0);
    world.app.advance(Duration::from_secs(6));
    world.receiver.says(200);
    world.send().await;
    let second = world.receiver.take().remove(0);
    let now = world.app.clock.now().unix_seconds();
    assert_eq!((first.header("webhook-id"), second.header("webhook-id")), (id.as_str(), id.as_str()));
    assert_eq!(first.body, second.body);
    assert_ne!(first.header("webhook-signature"), second.header("webhook-signature"));
    assert_eq!(second.header("webhook-timestamp"), now.to_string());
    assert_eq!(second.header("content-type"), "application/json");
    assert!(second.header("user-agent").starts_with("gatepost/"));
    assert_eq!(second.path, "/hook");
    for message in [&first, &second] {
        assert_eq!(verified(&[&world.hook.secret], message, now), Ok(id.clone()));
        assert!(verified(&["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"], message, now).is_err());
        // Replayed, by somebody who saw it.
        assert!(verified(&[&world.hook.secret], message, now + 400).is_err());
    }
    let body = second.json();
    assert_eq!((&body["id"], &body["type"], &body["data"]), (&json!(id), &json!("webhook.test"), &json!({})));
}

#[tokio::test]
async fn wh_01_while_a_secret_is_replaced_either_verifies() {
    let world = World::new().await;
    let rotated = world.of_hook(Method::POST, "/secret", Some(json!({"overlap": "1h"}))).await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    let new = rotated.text("secret");
    assert_ne!(new, world.hook.secret);
    let send = async || {
        world.test().await;
        world.send().await;
        (world.receiver.take().remove(0), world.app.clock.now().unix_seconds())
    };
    let (message, now) = send().await;
    assert_eq!(message.header("webhook-signature").split(' ').count(), 2);
    for secret in [&new, &world.hook.secret] {
        assert!(verified(&[secret], &message, now).is_ok());
    }
    world.app.advance(Duration::from_mins(59));
    assert!(verified(&[&world.hook.secret], &send().await.0, world.app.clock.now().unix_seconds()).is_ok());
    world.app.advance(Duration::from_mins(1));
    let (message, now) = send().await;
    assert_eq!(message.header("webhook-signature").split(' ').count(), 1);
    assert!(verified(&[&new], &message, now).is_ok());
    assert!(verified(&[&world.hook.secret], &message, now).is_err());
    // One that leaked signs nothing more.
    let rotated = world.of_hook(Method::POST, "/secret", Some(json!({"overlap": "0s"}))).await;
    let (message, now) = send().await;
    assert!(
        verified(&[&rotated.text("secret")], &message, now).is_ok()
            && verified(&[&new], &message, now).is_err()
    );
}

#[tokio::test]
async fn where_a_message_has_one_signature_no_secret_signs_beside_another() {
    let world = World::new().await;
    let wanted = json!({"url": world.receiver.url("/zalt"), "events": ["user.created"], "form": "zalt"});
    let made = world.app.ask(&world.admin, Method::POST, "/api/v1/admin/webhooks", Some(wanted)).await;
    let path = format!("/api/v1/admin/webhooks/{}/secret", made.text("id"));
    let rotate = async |body| world.app.ask(&world.admin, Method::POST, &path, Some(body)).await;
    let refused = rotate(json!({"overlap": "1h"})).await;
    assert_eq!(refused.brief(), "422 invalid_field");
    assert!(refused.text("detail").contains("give 0s, or leave it out"), "{refused:?}");
    for body in [json!({"overlap": "0s"}), json!({})] {
        let rotated = rotate(body).await;
        assert_eq!((rotated.status.as_u16(), &rotated.json()["previous_secret_until"]), (200, &json!(null)));
    }
    // The form of all others signs for a day where nothing is said.
    let rotated = world.of_hook(Method::POST, "/secret", Some(json!({}))).await;
    assert!(rotated.json()["previous_secret_until"].is_string(), "{rotated:?}");
}
