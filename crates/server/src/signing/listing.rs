//! The keys of a realm, as an operator sees them.

use gatepost_domain::{
    SigningAlg, Timestamp,
    audit::{Actor, Event, Record},
    signing_key,
};
use gatepost_store::{audit, signing_keys};
use serde::Serialize;

use super::{policy, ring::unseal};
use crate::{App, http::Problem, realm::Snapshot};

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
    let alg = realm.settings().signing_alg;
    let view = |key: &signing_key::StoredKey| {
        let of_alg: Vec<_> = stored.iter().filter(|other| other.alg == key.alg).cloned().collect();
        let plan = signing_key::plan(&of_alg, &policy(realm.settings(), key.alg), now);
        let signs = [alg, alg.published()].contains(&key.alg);
        let state = if plan.signer.as_ref() == Some(&key.kid) && signs {
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

/// A secret that applications know, shown to an operator.
#[derive(Serialize)]
pub struct Revealed {
    /// As in the list of keys; it stands in no token.
    pub kid: String,
    /// `signing`, `next` or `retired`, as in the list of keys.
    pub state: &'static str,
    /// What applications put into their settings.
    pub secret: String,
    /// When it takes over.
    pub signs_from: Timestamp,
}

/// Shows the secrets that the realm shares with its applications, the newest last. That they were shown is in the audit trail, and
/// written before they are.
pub async fn reveal(app: &App, realm: &Snapshot) -> Result<Vec<Revealed>, Problem> {
    if realm.settings().signing_alg != SigningAlg::HS256 {
        return Ok(Vec::new());
    }
    let views = list(app, realm).await?;
    let (id, now) = (realm.id(), app.clock().now());
    let event = app.event_id(now);
    let record = Record::new(event, id, now, Event::SigningKeyRevealed, Actor::Operator);
    let stored = app.db().write("show the secrets that applications know", move |tx| {
        let record = record.clone();
        Box::pin(async move {
            let stored = signing_keys::list(tx, id).await?;
            let shared: Vec<_> = stored.into_iter().filter(|key| key.alg == SigningAlg::HS256).collect();
            if !shared.is_empty() {
                audit::append(tx, &record).await?;
            }
            Ok::<_, gatepost_store::Error>(shared)
        })
    });
    let mut revealed = Vec::new();
    for key in stored.await?.into_iter().filter(|key| key.withdrawn_at.is_none()) {
        let Some(view) = views.iter().find(|view| view.kid == key.kid) else { continue };
        let secret = unseal(&key, id, app.master_key()).map_err(Problem::internal)?;
        let secret = String::from_utf8(secret.to_bytes().to_vec()).map_err(Problem::internal)?;
        revealed.push(Revealed { kid: key.kid, state: view.state, secret, signs_from: key.signs_from });
    }
    Ok(revealed)
}
