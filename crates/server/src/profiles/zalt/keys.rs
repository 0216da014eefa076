//! `/api-keys`: keys of the signed-in account.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{
    ApiKeyId, DisplayName, Timestamp,
    api_key::{self, ApiKey},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Refusal,
    envelope::Said,
    sent::{Body, Id, In},
};
use crate::{
    App,
    accounts::{Who, field},
    api_keys::{self, Dealing, Wish},
    http::{Admin, KeyOwner, Now, Problem, SignedIn, Where},
    realm::InRealm,
};

pub(super) fn view(key: &ApiKey) -> Value {
    let scopes: Vec<String> = key.scopes.iter().map(ToString::to_string).collect();
    let start = api_key::start(&key.id);
    json!({
        "id": key.id,
        "name": key.name.as_str(),
        "description": null,
        "key_prefix": start,
        "scopes": scopes,
        "status": "active",
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "keyPrefix": start,
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

/// What is missing, in the words of the contract.
fn missing<T>(dealt: Result<T, Problem>) -> Result<T, Refusal> {
    match dealt {
        Err(Problem::NotFound) => Err(not_found()),
        other => Ok(other?),
    }
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

/// Those that are good.
pub async fn list(
    In(KeyOwner(caller)): In<KeyOwner>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let found = api_keys::list_good(&app, &realm, own(&caller, origin), now).await?;
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
    let id = id.ok_or_else(not_found)?;
    let found = missing(api_keys::find(&app, &realm, own(&caller, origin), id, now).await)?;
    Ok(Said::ok(json!({"key": view(&found)})))
}

/// What is said of a key beside its name, or of the request.
const PASSED_OVER: [&str; 2] = ["realm_id", "device_fingerprint"];

/// Gives one another name. Nothing else of a key changes: what it may do, and for how long, is said when it is made.
pub async fn rename(
    In(KeyOwner(caller)): In<KeyOwner>,
    In(realm): In<InRealm>,
    Id(id): Id<ApiKeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Map<String, Value>>,
) -> Result<Said, Refusal> {
    let id = id.ok_or_else(not_found)?;
    let mut name = None;
    for (member, value) in body.iter().filter(|(_, value)| !value.is_null()) {
        match (&**member, value) {
            ("name", Value::String(text)) => name = Some(text),
            ("name", _) => return Err(Refusal::invalid("`name` has the wrong type: expected a string")),
            (other, _) if PASSED_OVER.contains(&other) => {}
            // Without what it is called: that is anybody's text.
            _ => {
                return Err(Refusal::invalid(
                    "Of a key only its `name` changes: make another, and revoke this one.",
                ));
            }
        }
    }
    let name = name.ok_or_else(|| Refusal::invalid("There is nothing to change: send `name`."))?;
    let name: DisplayName = name.parse().map_err(|refused| field("name", refused))?;
    let renamed = api_keys::rename(&app, &realm, own(&caller, origin), (id, name), now).await;
    Ok(Said::ok(json!({"message": "Changed.", "key": view(&missing(renamed)?)})))
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
    missing(api_keys::revoke(&app, &realm, own(&caller, origin), id, now).await)?;
    Ok(Said::ok(json!({"message": "The key is refused from now on.", "id": id})))
}

/// Ends a key of a user or of an organization for good, for whoever administers the realm.
pub async fn revoke_any(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<ApiKeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let none = || Refusal::new(StatusCode::NOT_FOUND, "API_KEY_NOT_FOUND", "The realm has no such key.");
    let id = id.ok_or_else(none)?;
    let by = (admin.user.id, Who::administrator(&admin, origin));
    match api_keys::revoke_in_realm(&app, &realm, by, id, now).await {
        Err(Problem::NotFound) => return Err(none()),
        other => other?,
    }
    Ok(Said::ok(json!({"message": "The key is refused from now on.", "id": id})))
}
