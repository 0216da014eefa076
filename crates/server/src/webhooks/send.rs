//! One message is signed and sent.

use axum::http::{HeaderMap, HeaderValue};
use gatepost_domain::{
    SealBroken, Timestamp, Webhook,
    webhook::{Answer, Delivery},
};

use super::secret;
use crate::App;

/// A message that was sent, and what came of it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The message, as it is to be kept.
    pub tried: Delivery,
    /// What was answered.
    pub answer: Answer,
}

/// Signs a message and sends it. Each try is signed anew, for a receiver refuses what was signed long ago; the id and the document stay.
pub async fn send(app: &App, webhook: &Webhook, message: &Delivery, now: Timestamp) -> Sent {
    let answer = match headers(app, webhook, message, now) {
        Ok(headers) => app.outgoing().deliver(&webhook.url, headers, message.body.clone()).await,
        Err(error) => {
            tracing::error!(%error, webhook.id = %webhook.id, "the secret of a webhook cannot be read; give it another");
            Answer::SecretUnreadable
        }
    };
    let mut jitter = [0; 4];
    app.entropy().fill(&mut jitter);
    // The time it took is no part of the pause that begins.
    let tried = message.tried(answer, u32::from_le_bytes(jitter), app.clock().now());
    Sent { tried, answer }
}

fn headers(
    app: &App,
    webhook: &Webhook,
    message: &Delivery,
    now: Timestamp,
) -> Result<HeaderMap, SealBroken> {
    let (id, at) = (message.id.to_string(), now.unix_seconds());
    let mut signatures = Vec::new();
    for sealed in std::iter::once(webhook.sealed_secret.as_slice()).chain(webhook.also_signs(now)) {
        signatures.push(secret::open(app, webhook, sealed)?.sign(&id, at, message.body.as_bytes()));
    }
    let mut headers = HeaderMap::new();
    // Letters, digits and signs that a header may have, all of them.
    for (name, value) in [("webhook-id", id), ("webhook-signature", signatures.join(" "))] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers.insert("webhook-timestamp", at.into());
    Ok(headers)
}
