//! What messages are signed with, kept under the master key.

use gatepost_domain::{RealmId, SealBroken, Webhook, WebhookId};
use gatepost_jose::webhook::Secret;

use crate::App;

/// What it is sealed for.
const PURPOSE: &str = "webhook-secret";

/// A fresh secret of 256 bits.
#[expect(clippy::expect_used, reason = "32 bytes are within what a secret has")]
pub(crate) fn fresh(app: &App) -> Secret {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    app.entropy().fill(bytes.as_mut());
    Secret::from_bytes(bytes.as_ref()).expect("a secret of 32 bytes")
}

/// The secret under the master key.
pub(super) fn seal(app: &App, realm: RealmId, id: WebhookId, secret: &Secret) -> Vec<u8> {
    app.master_key().seal(PURPOSE, &context(realm, id), secret.as_bytes(), app.entropy())
}

/// The secret itself.
pub(super) fn open(app: &App, webhook: &Webhook, sealed: &[u8]) -> Result<Secret, SealBroken> {
    let opened = app.master_key().open(PURPOSE, &context(webhook.realm, webhook.id), sealed)?;
    Secret::from_bytes(&opened).map_err(|_| SealBroken::Damaged)
}

fn context(realm: RealmId, id: WebhookId) -> Vec<u8> {
    [realm.as_bytes().as_slice(), id.as_bytes()].concat()
}
