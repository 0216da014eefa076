//! A key becomes a token.

use std::time::Duration;

use gatepost_domain::{
    Scopes, SecretDigest, Timestamp, User,
    api_key::{self, ApiKey, KeyOwner, Limits},
};
use gatepost_store::{api_keys, users};

use crate::{
    App,
    http::Problem,
    realm::Snapshot,
    signing::{self, Program},
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
/// says why.
///
/// The token names no session, so it opens nothing of our own: a key changes no password and makes no key.
pub async fn exchange(
    app: &App,
    realm: &Snapshot,
    text: &str,
    now: Timestamp,
) -> Result<Option<Exchanged>, Problem> {
    let Some((key, user)) = find(app, realm, text, now).await? else {
        return Ok(None);
    };
    let limits =
        Limits { rights: &realm.roles().rights(&user.roles), words: &realm.settings().api_key_scopes };
    let (scopes, permissions) = limits.usable(&key.scopes);
    let id = key.id.to_string();
    let program = Program {
        subject: user.id.to_string(),
        client: &id,
        key: Some(key.id),
        scopes: &scopes,
        permissions: &permissions,
        audience: realm.audience(),
    };
    let lifetime = match key.expires_at {
        Some(end) => LIFETIME.min(Duration::from_secs(end.since(now).as_secs())),
        None => LIFETIME,
    };
    let access_token = signing::issue_for_program(realm, program, lifetime, app.entropy(), now)?;
    if key.is_due_for_touch(now) {
        note_use(app, &key, now).await;
    }
    Ok(Some(Exchanged { access_token, expires_in: lifetime.as_secs(), scopes }))
}

async fn find(
    app: &App,
    realm: &Snapshot,
    text: &str,
    now: Timestamp,
) -> Result<Option<(ApiKey, User)>, Problem> {
    let refused = |why: &'static str| {
        tracing::debug!(reason = why, "API key refused");
        Ok(None)
    };
    // What is mistyped or made up never reaches the database.
    let Some(id) = api_key::id_of(text) else { return refused("shape or checksum") };
    let realm = realm.id();
    let found = app
        .db()
        .read("find an API key", move |tx| {
            Box::pin(async move {
                let Some(key) = api_keys::find(tx, realm, id).await? else { return Ok(None) };
                let owner = match key.owner {
                    KeyOwner::User(user) => users::find(tx, realm, user).await?,
                    // Nobody can make such a key yet.
                    KeyOwner::Organization(_) | KeyOwner::Client(_) => None,
                };
                Ok::<_, gatepost_store::Error>(Some((key, owner)))
            })
        })
        .await?;
    let Some((key, owner)) = found else { return refused("unknown") };
    if key.digest != SecretDigest::of(text.as_bytes()) {
        return refused("another secret");
    }
    if !key.is_live(now) {
        return refused("revoked or expired");
    }
    match owner {
        Some(user) if !user.is_disabled() => Ok(Some((key, user))),
        Some(_) => refused("its owner is disabled"),
        None => refused("it has no owner"),
    }
}

/// A key is not refused because its use could not be noted.
async fn note_use(app: &App, key: &ApiKey, now: Timestamp) {
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
