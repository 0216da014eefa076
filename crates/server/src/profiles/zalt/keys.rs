//! `/api-keys`: keys of the signed-in account.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{
    ApiKeyId, Timestamp,
    api_key::{ApiKey, PREFIX},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    sent::{Body, Id, In},
};
use crate::{
    App,
    accounts::Who,
    api_keys::{self, Dealing, Wish},
    http::{KeyOwner, Now, Problem, SignedIn, Where},
    realm::InRealm,
};

/// An account has no more.
pub(super) const MOST: u32 = 100;

pub(super) fn view(key: &ApiKey) -> Value {
    let scopes: Vec<String> = key.scopes.iter().map(ToString::to_string).collect();
    json!({
        "id": key.id,
        "name": key.name.as_str(),
        "description": null,
        "key_prefix": PREFIX,
        "scopes": scopes,
        "status": "active",
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "keyPrefix": PREFIX,
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "lastUsedAt": key.last_used_at,
    })
}

fn own(caller: &SignedIn, origin: Where) -> Dealing {
    Dealing::with_those_of_user(caller.user.id, Who::themselves(caller, origin))
}

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "API_KEY_NOT_FOUND", "The account has no such key.")
}

/// A key to be made.
#[derive(Deserialize)]
pub struct NewKey {
    name: String,
    #[serde(default)]
    scopes: Vec<String>,
    expires_at: Option<Timestamp>,
    #[serde(default)]
    ip_restrictions: Option<Vec<Value>>,
}

impl NewKey {
    fn wish(&self, now: Timestamp) -> Result<Wish, Refusal> {
        if self.ip_restrictions.as_ref().is_some_and(|ranges| !ranges.is_empty()) {
            return Err(Refusal::invalid("`ip_restrictions` are not kept: a key is good from everywhere."));
        }
        let lives = self.expires_at.map(|end| end.since(now));
        if lives.is_some_and(|lives| lives < Duration::from_secs(1)) {
            return Err(Refusal::invalid("`expires_at` has passed."));
        }
        Ok(Wish::parse(&self.name, &self.scopes, lives, now)?)
    }
}

/// Makes a key. It is shown this once.
pub async fn create(
    In(KeyOwner(caller)): In<KeyOwner>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<NewKey>,
) -> Result<Said, Refusal> {
    let wish = body.wish(now)?;
    let (key, secret) = api_keys::create(&app, &realm, own(&caller, origin), wish, now).await?;
    let full = secret.reveal();
    Ok(Said::created(json!({
        "message": "The key. It is shown this once.",
        "key": view(&key),
        "full_key": full,
        "fullKey": full,
    })))
}

async fn of(app: &App, realm: &InRealm, dealing: Dealing, now: Timestamp) -> Result<Vec<ApiKey>, Problem> {
    api_keys::list(app, realm, dealing, (None, MOST), now).await
}

/// Those that were not revoked.
pub async fn list(
    In(KeyOwner(caller)): In<KeyOwner>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let found = of(&app, &realm, own(&caller, origin), now).await?;
    let keys: Vec<Value> = found.iter().map(view).collect();
    Ok(Said::ok(json!({"total": keys.len(), "keys": keys})))
}

/// One of them.
pub async fn show(
    In(KeyOwner(caller)): In<KeyOwner>,
    In(realm): In<InRealm>,
    Id(id): Id<ApiKeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let found = of(&app, &realm, own(&caller, origin), now).await?;
    let found = found.into_iter().find(|key| Some(key.id) == id).ok_or_else(not_found)?;
    Ok(Said::ok(json!({"key": view(&found)})))
}

/// Ends one for good.
pub async fn revoke(
    In(KeyOwner(caller)): In<KeyOwner>,
    In(realm): In<InRealm>,
    Id(id): Id<ApiKeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let id = id.ok_or_else(not_found)?;
    match api_keys::revoke(&app, &realm, own(&caller, origin), id, now).await {
        Err(Problem::NotFound) => return Err(not_found()),
        other => other?,
    }
    Ok(Said::ok(json!({"message": "The key is refused from now on.", "id": id})))
}
