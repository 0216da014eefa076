//! The keys of a realm, as an operator sees them.

use gatepost_domain::{Timestamp, signing_key};
use gatepost_store::signing_keys;
use serde::Serialize;

use super::policy;
use crate::{App, realm::Snapshot};

/// A signing key, without anything that signs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SigningKey)]
pub struct KeyView {
    /// As in the header of a token.
    pub kid: String,
    #[schema(example = "ES256")]
    pub alg: String,
    /// `signing`; `next`: published, and not signing yet; `retired`: published for the tokens it signed; `withdrawn`.
    #[schema(example = "signing")]
    pub state: &'static str,
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[schema(value_type = String)]
    pub signs_from: Timestamp,
}

/// Every key of the realm, of all algorithms, the oldest of each first.
pub async fn list(app: &App, realm: &Snapshot) -> Result<Vec<KeyView>, gatepost_store::Error> {
    let (id, now) = (realm.id(), app.clock().now());
    let stored = app
        .db()
        .read("list signing keys", move |tx| Box::pin(async move { signing_keys::list(tx, id).await }))
        .await?;
    let policy = policy(realm.settings());
    let view = |key: &signing_key::StoredKey| {
        let of_alg: Vec<_> = stored.iter().filter(|other| other.alg == key.alg).cloned().collect();
        let plan = signing_key::plan(&of_alg, &policy, now);
        let state = if plan.signer.as_ref() == Some(&key.kid) && key.alg == realm.settings().signing_alg {
            "signing"
        } else if key.signs_from > now && plan.published.contains(&key.kid) {
            "next"
        } else if plan.published.contains(&key.kid) {
            "retired"
        } else {
            "withdrawn"
        };
        KeyView {
            kid: key.kid.clone(),
            alg: key.alg.to_string(),
            state,
            created_at: key.created_at,
            signs_from: key.signs_from,
        }
    };
    Ok(stored.iter().map(view).collect())
}
