//! WH-05: nothing that opens anything is in a message.

use axum::http::Method;
use serde_json::json;

use super::World;
use crate::{mfa, support::PASSWORD};

#[tokio::test]
async fn wh_05_no_message_holds_a_secret_or_a_token() {
    let world = World::new().await;
    let mut secrets = vec![PASSWORD.to_owned(), world.hook.secret.clone()];
    let ada = world.app.person("ada@example.com").await;
    secrets.extend([
        ada.access_token.clone(),
        ada.refresh_token.clone(),
        world.app.token("ada@example.com").await,
    ]);
    let as_ada = async |path: &str, body| world.app.ask(&ada, Method::POST, path, Some(body)).await;
    let acme = as_ada("/api/v1/organizations", json!({"name": "Acme", "slug": "acme"})).await.text("id");
    let invited = json!({"email": "new@example.com", "roles": []});
    let invitation = as_ada(&format!("/api/v1/organizations/{acme}/invitations"), invited).await;
    secrets.push(invitation.text("token"));
    let (_, codes) = mfa::set_up(&world.app, &ada).await;
    secrets.extend(codes);
    world.app.post("/api/v1/recover", json!({"email": "ada@example.com"})).await;
    secrets.push(world.app.token("ada@example.com").await);
    let recovered = json!({"token": secrets.last().unwrap(), "new_password": "the loom weaves flowers"});
    let recovered = world.app.post("/api/v1/recover/confirm", recovered).await;
    assert_eq!(recovered.status, 204, "{recovered:?}");
    secrets.push("the loom weaves flowers".to_owned());
    let rotated = world.of_hook(Method::POST, "/secret", Some(json!({}))).await;
    secrets.push(rotated.text("secret"));
    world.test().await;

    world.send().await;
    let told = world.receiver.take();
    assert!(told.len() > 8, "{}", told.len());
    for message in &told {
        let text = format!("{:?}{}", message.headers, String::from_utf8_lossy(&message.body));
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} in {text}");
        }
        // Hashes, and whatever begins as our secrets do.
        for mark in ["$argon2", "whsec_", "gp_", "eyJ"] {
            assert!(!text.contains(mark), "{mark} in {text}");
        }
    }
}
