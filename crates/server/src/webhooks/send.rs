//! One message is signed and sent.

use axum::http::{HeaderMap, HeaderValue};
use gatepost_domain::{
    SealBroken, Timestamp, Webhook,
    webhook::{Answer, Delivery, Form, scalekit, zalt},
};
use gatepost_jose::webhook::sign_for_zalt;

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
    let written = match webhook.form {
        Form::Standard => signed(app, webhook, message, message.body.clone(), now),
        Form::Scalekit => signed(app, webhook, message, scalekit::body(message), now),
        Form::Zalt => for_zalt(app, webhook, message, now),
    };
    let answer = match written {
        Ok((headers, body)) => app.outgoing().deliver(&webhook.url, headers, body).await,
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

/// Letters, digits and signs that a header may have, all of them.
fn headers<const N: usize>(named: [(&'static str, String); N]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in named {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// After Standard Webhooks.
fn signed(
    app: &App,
    webhook: &Webhook,
    message: &Delivery,
    body: String,
    now: Timestamp,
) -> Result<(HeaderMap, String), SealBroken> {
    let (id, at) = (message.id.to_string(), now.unix_seconds());
    let mut signatures = Vec::new();
    for sealed in std::iter::once(webhook.sealed_secret.as_slice()).chain(webhook.also_signs(now)) {
        signatures.push(secret::open(app, webhook, sealed)?.sign(&id, at, body.as_bytes()));
    }
    let headers = headers([
        ("webhook-id", id),
        ("webhook-signature", signatures.join(" ")),
        ("webhook-timestamp", at.to_string()),
    ]);
    Ok((headers, body))
}

/// Some receivers read one header, and some the other three. There is room for one signature: it is by the newest secret.
fn for_zalt(
    app: &App,
    webhook: &Webhook,
    message: &Delivery,
    now: Timestamp,
) -> Result<(HeaderMap, String), SealBroken> {
    let (at, body) = (now.unix_seconds(), zalt::body(message));
    let secret = secret::open(app, webhook, &webhook.sealed_secret)?.reveal();
    let signature = sign_for_zalt(&secret, at, body.as_bytes());
    let headers = headers([
        ("zalt-signature", format!("t={at},v1={signature}")),
        ("x-zalt-signature", signature),
        ("x-zalt-timestamp", at.to_string()),
        ("x-zalt-delivery-id", message.id.to_string()),
    ]);
    Ok((headers, body))
}
