//! A key becomes a token.

use std::time::Duration;

use gatepost_domain::{Scopes, Timestamp, TokenFormat, api_key::ApiKey};
use gatepost_store::api_keys;

use super::resolve::{Resolved, resolve};
use crate::{
    App,
    http::Problem,
    realm::Snapshot,
    signing::{self, Audience, Program},
};

/// How long the token lives. A key that is revoked is good for no longer than this at an API without the revocation feed.
const LIFETIME: Duration = Duration::from_mins(1);

/// What a key was exchanged for.
#[derive(Debug)]
pub struct Exchanged {
    /// The access token.
    pub access_token: String,
    /// How many seconds it lives.
    pub expires_in: u64,
    /// The scopes of the key that are left of it today.
    pub scopes: Scopes,
}

/// Exchanges an API key for a short access token that says what the key may do now. `None`: no good key, and the log
/// says why. The token is for `audience`, which the caller has found to be the realm's.
///
/// The token names no session, so it opens nothing of our own: a key changes no password and makes no key.
pub async fn exchange(
    app: &App,
    realm: &Snapshot,
    text: &str,
    audience: Audience,
    now: Timestamp,
) -> Result<Option<Exchanged>, Problem> {
    let Ok(resolved) = resolve(app, realm, text, now).await? else {
        return Ok(None);
    };
    let exchanged = token_of(app, realm, &resolved, audience, now)?;
    note_use(app, &resolved.key, now).await;
    Ok(Some(exchanged))
}

/// What a good key is exchanged for.
pub(crate) fn token_of(
    app: &App,
    realm: &Snapshot,
    resolved: &Resolved,
    audience: Audience,
    now: Timestamp,
) -> Result<Exchanged, Problem> {
    let key = &resolved.key;
    let id = key.id.to_string();
    let program = Program {
        bound_to: None,
        subject: resolved.subject.clone(),
        client: &id,
        key: Some(key.id),
        organization: resolved.organization,
        scopes: &resolved.scopes,
        permissions: &resolved.permissions,
        audience,
        format: TokenFormat::Standard,
    };
    let lifetime = match key.expires_at {
        Some(end) => LIFETIME.min(Duration::from_secs(end.since(now).as_secs())),
        None => LIFETIME,
    };
    let access_token = signing::issue_for_program(realm, program, lifetime, app.entropy(), now)?;
    Ok(Exchanged { access_token, expires_in: lifetime.as_secs(), scopes: resolved.scopes.clone() })
}

/// Notes that a key was used, once a minute. It is not refused because that could not be noted.
pub async fn note_use(app: &App, key: &ApiKey, now: Timestamp) {
    if !key.is_due_for_touch(now) {
        return;
    }
    let (realm, id) = (key.realm, key.id);
    let noted = app
        .db()
        .write_one("note the use of an API key", move |tx| {
            Box::pin(async move { api_keys::touch(tx, realm, id, now).await })
        })
        .await;
    if let Err(error) = noted {
        tracing::warn!(key.id = %id, %error, "the use of an API key could not be noted");
    }
}
