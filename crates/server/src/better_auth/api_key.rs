//! API keys of whoever is signed in. What the contract holds of a key and ours have not is refused when it is asked for, and shown as
//! nothing otherwise.

use std::cmp::Ordering;

use axum::http::StatusCode;
use gatepost_domain::{
    ApiKeyId, DisplayName, Timestamp,
    api_key::{self, ApiKey, KeyOwner, PREFIX, permission_of},
};
use serde_json::{Value, json};

use super::{
    asked::{Answer, Asked},
    caller::Caller,
    fields::{Fields, Permissions},
    refusal::Refusal,
};
use crate::{
    accounts::field,
    api_keys::{self, Dealing, Wish},
    http::Problem,
};

/// What a key is called that nobody named.
const NAMELESS: &str = "API key";

const SERVER_ONLY_PROPERTY: &str = "SERVER_ONLY_PROPERTY";

/// What only the server of an application could say in the contract, and nobody can here.
const SERVER_ONLY: [&str; 6] = [
    "remaining",
    "refillAmount",
    "refillInterval",
    "rateLimitEnabled",
    "rateLimitTimeWindow",
    "rateLimitMax",
];

/// A key as the contract shows it.
fn view(key: &ApiKey) -> Value {
    let owner = match &key.owner {
        KeyOwner::User(user) => user.to_string(),
        KeyOwner::Organization(organization) => organization.to_string(),
        KeyOwner::Client(client) => client.to_string(),
    };
    json!({
        "id": key.id,
        "configId": "default",
        "name": key.name.as_str(),
        "start": api_key::start(&key.id),
        "prefix": PREFIX,
        "referenceId": owner,
        "enabled": true,
        "rateLimitEnabled": false,
        "rateLimitTimeWindow": null,
        "rateLimitMax": null,
        "requestCount": 0,
        "remaining": null,
        "lastRequest": key.last_used_at.map(Timestamp::to_millis),
        "refillInterval": null,
        "refillAmount": null,
        "lastRefillAt": null,
        "expiresAt": key.expires_at.map(Timestamp::to_millis),
        "permissions": permissions(key),
        "metadata": null,
        "createdAt": key.created_at.to_millis(),
        "updatedAt": updated(key).to_millis(),
    })
}

/// Its scopes that are permissions. One that is a word is none, and has no place in the contract.
fn permissions(key: &ApiKey) -> Option<Permissions> {
    let mut permissions = Permissions::new();
    for permission in key.scopes.iter().filter_map(permission_of) {
        if let Some((resource, action)) = permission.as_str().split_once(':') {
            permissions.entry(resource.to_owned()).or_default().push(action.to_owned());
        }
    }
    Some(permissions).filter(|permissions| !permissions.is_empty())
}

fn updated(key: &ApiKey) -> Timestamp {
    key.last_used_at.unwrap_or(key.created_at)
}

/// The scopes that permissions stand for: `{"notes": ["read"]}` is `notes:read`.
fn scopes(permissions: &Permissions) -> Vec<String> {
    let named = |(resource, actions): (&String, &Vec<String>)| {
        actions.iter().map(|action| format!("{resource}:{action}")).collect::<Vec<_>>()
    };
    permissions.iter().flat_map(named).collect()
}

fn own(asked: &Asked, caller: &Caller) -> Dealing {
    Dealing::with_those_of_user(caller.user().id, caller.who(asked))
}

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "KEY_NOT_FOUND", "The account has no such key.")
}

/// What is wrong, in the words of the contract.
fn told(problem: Problem) -> Refusal {
    match problem {
        Problem::NotFound => not_found(),
        Problem::InvalidField { field: "scopes", reason } => {
            Problem::InvalidField { field: "permissions", reason }.into()
        }
        Problem::InvalidField { field: "name", reason } => {
            Refusal::new(StatusCode::BAD_REQUEST, "INVALID_NAME_LENGTH", &reason)
        }
        other => other.into(),
    }
}

fn nobody() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "UNAUTHORIZED_SESSION",
        "Sign in first: a key is made for oneself.",
    )
}

/// Reads what no key here has. Asked for, it would be believed and not be there.
fn check_absent(fields: &mut Fields) -> Result<(), Refusal> {
    if fields.optional_text("configId").is_some_and(|id| id != "default") {
        fields.refuse("configId", "There is one kind of keys: default");
    }
    fields.without("prefix", &format!("Every key begins with {PREFIX}"));
    fields.without("organizationId", "Keys of organizations are made at /api/v1/organizations");
    if SERVER_ONLY.iter().any(|name| fields.says(name)) {
        let message = "Keys have no limits of their own, and their uses are not counted.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, SERVER_ONLY_PROPERTY, message));
    }
    if fields.says("metadata") {
        let message = "Nothing else is kept of a key than its name.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "METADATA_DISABLED", message));
    }
    Ok(())
}

/// Makes a key. It is shown this once.
///
/// Here whoever makes it says what it may be used for, out of what they may do themselves. A key of which nothing is said carries the words
/// that the realm lets every key carry, and no permission.
pub(super) async fn create(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let name = fields.optional_text("name").filter(|name| !name.is_empty());
    let (lives, wanted) = (fields.seconds("expiresIn"), fields.permissions("permissions"));
    let for_another = fields.says("userId");
    let refused = check_absent(&mut fields);
    fields.done()?;
    refused?;
    // AK-01: a key is made for oneself, whoever else is named.
    let Some(caller) = asked.caller().await?.filter(|_| !for_another) else { return Err(nobody()) };
    let words = &asked.realm.settings().api_key_scopes;
    if wanted.is_none() && words.is_empty() {
        let message = "[body.permissions] Say what the key may be used for, as in {\"notes\":[\"read\"]}: \
                       the realm names nothing that every key may carry (api_key_scopes)";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message));
    }
    let scopes = wanted.as_ref().map_or_else(|| words.iter().map(ToString::to_string).collect(), scopes);
    let wish = Wish::parse(name.as_deref().unwrap_or(NAMELESS), &scopes, lives, asked.now).map_err(told)?;
    let (app, realm) = (&asked.app, &asked.realm);
    let (key, secret) =
        api_keys::create(app, realm, own(&asked, &caller), wish, asked.now).await.map_err(told)?;
    let mut shown = view(&key);
    shown["key"] = json!(secret.reveal());
    Ok(asked.json(&shown))
}

/// Those that are good, in the order in which they were made.
async fn good(asked: &Asked, caller: &Caller) -> Result<Vec<ApiKey>, Problem> {
    api_keys::list_good(&asked.app, &asked.realm, own(asked, caller), asked.now).await
}

async fn one(asked: &Asked, caller: &Caller, id: ApiKeyId) -> Result<ApiKey, Refusal> {
    good(asked, caller).await?.into_iter().find(|key| key.id == id).ok_or_else(not_found)
}

fn by(field: &str, one: &ApiKey, other: &ApiKey) -> Ordering {
    match field {
        "name" => one.name.as_str().cmp(other.name.as_str()),
        "expiresAt" => one.expires_at.cmp(&other.expires_at),
        "lastRequest" => one.last_used_at.cmp(&other.last_used_at),
        "updatedAt" => updated(one).cmp(&updated(other)),
        _ => one.id.cmp(&other.id),
    }
}

/// Lists the keys of the account.
pub(super) async fn list(mut asked: Asked) -> Answer {
    const SORTED: [&str; 6] = ["id", "createdAt", "updatedAt", "name", "expiresAt", "lastRequest"];
    let mut fields = asked.query();
    let (limit, offset) = (fields.number("limit"), fields.number("offset"));
    let (sort, direction) = (fields.word("sortBy", &SORTED), fields.word("sortDirection", &["asc", "desc"]));
    let refused = check_absent(&mut fields);
    fields.done()?;
    refused?;
    let caller = asked.signed_in().await?;
    let mut found = good(&asked, &caller).await?;
    if let Some(sort) = sort {
        found.sort_by(|one, other| by(sort, one, other));
        if direction == Some("desc") {
            found.reverse();
        }
    }
    let (skipped, most) = (offset.unwrap_or(0) as usize, limit.map_or(usize::MAX, |limit| limit as usize));
    let shown: Vec<Value> = found.iter().skip(skipped).take(most).map(view).collect();
    let mut answer = json!({"apiKeys": shown, "total": found.len()});
    for (name, number) in [("limit", limit), ("offset", offset)] {
        if let Some(number) = number {
            answer[name] = json!(number);
        }
    }
    Ok(asked.json(&answer))
}

/// Shows one of them.
pub(super) async fn show(mut asked: Asked) -> Answer {
    let mut fields = asked.query();
    let id = fields.text("id");
    let refused = check_absent(&mut fields);
    fields.done()?;
    refused?;
    let caller = asked.signed_in().await?;
    let id: ApiKeyId = id.parse().map_err(|_| not_found())?;
    let key = one(&asked, &caller, id).await?;
    Ok(asked.json(&view(&key)))
}

/// Gives one another name. Nothing else of a key changes: what it may do, and for how long, is said when it is made.
pub(super) async fn update(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (id, name) = (fields.text("keyId"), fields.optional_text("name"));
    let (enabled, user) = (fields.flag("enabled"), fields.optional_text("userId"));
    if enabled == Some(false) {
        fields.refuse("enabled", "A key is not put aside. Delete it, and make another");
    }
    if fields.has("expiresIn") {
        fields.refuse("expiresIn", "A key lives as long as was said when it was made");
    }
    let permissions = fields.value("permissions");
    let refused = check_absent(&mut fields);
    fields.done()?;
    let caller = asked.caller().await?;
    let is_own = |caller: &Caller| user.is_none_or(|user| user == caller.user().id.to_string());
    let Some(caller) = caller.filter(is_own) else { return Err(nobody()) };
    refused?;
    if permissions.is_some() {
        let message = "A key may do what was said when it was made. Make another.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, SERVER_ONLY_PROPERTY, message));
    }
    let id: ApiKeyId = id.parse().map_err(|_| not_found())?;
    let dealing = own(&asked, &caller);
    let (app, realm) = (&asked.app, &asked.realm);
    let key = match (name, enabled) {
        (Some(name), _) => {
            let name: DisplayName = name.parse().map_err(|refused| told(field("name", refused)))?;
            api_keys::rename(app, realm, dealing, (id, name), asked.now).await.map_err(told)?
        }
        // As it is.
        (None, Some(_)) => one(&asked, &caller, id).await?,
        (None, None) => {
            one(&asked, &caller, id).await?;
            let message = "There is nothing to change: give a name.";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "NO_VALUES_TO_UPDATE", message));
        }
    };
    Ok(asked.json(&view(&key)))
}

/// Ends one for good.
pub(super) async fn delete(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let id = fields.text("keyId");
    let refused = check_absent(&mut fields);
    fields.done()?;
    refused?;
    let caller = asked.signed_in().await?;
    let id: ApiKeyId = id.parse().map_err(|_| not_found())?;
    let dealing = own(&asked, &caller);
    api_keys::revoke(&asked.app, &asked.realm, dealing, id, asked.now).await.map_err(told)?;
    Ok(asked.json(&json!({"success": true})))
}
