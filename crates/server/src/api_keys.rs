//! API keys: made, listed, rotated, revoked, and exchanged for the token an API can verify.

mod exchange;
mod resolve;
mod revoke_all;

use std::time::Duration;

use gatepost_domain::{
    ApiKeyId, DisplayName, OutboxId, RealmId, Scopes, Secret, Timestamp, User,
    api_key::{self, ApiKey, KeyOwner, Limits},
    audit::Event,
    outbox::{Message, Revocation},
    role::RoleGraph,
};
use gatepost_store::{Tx, api_keys, audit, outbox, users};

use crate::{
    App,
    accounts::{Who, field},
    http::Problem,
    realm::Snapshot,
};

pub use exchange::{exchange, note_use};
pub use resolve::{resolve, resolve_id};
pub use revoke_all::revoke_all;
pub(crate) use revoke_all::revoke_because;

/// The most keys an owner has at a time.
const MOST: u64 = 100;
/// How long a key goes on beside its successor unless told otherwise.
pub const OVERLAP: Duration = Duration::from_hours(24);
/// The longest that may be: a successor that is not in use after a month will not be.
const LONGEST_OVERLAP: Duration = Duration::from_hours(24 * 31);

/// What a new key is asked to be.
#[derive(Clone, Debug)]
pub struct Wish {
    name: DisplayName,
    scopes: Scopes,
    expires_at: Option<Timestamp>,
}

impl Wish {
    /// Reads it out of a request. A key without scopes would be one for everything, and is refused.
    pub fn parse(
        name: &str,
        scopes: &[String],
        expires_in: Option<Duration>,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let scopes: Scopes = scopes
            .iter()
            .map(|scope| scope.parse())
            .collect::<Result<_, _>>()
            .map_err(|refused| field("scopes", refused))?;
        if scopes.is_empty() {
            let reason = "name at least one: what the key is to be used for, as in notes:read".into();
            return Err(Problem::InvalidField { field: "scopes", reason });
        }
        if let Some(ours) = scopes.iter().find(|scope| scope.is_personal()) {
            let reason = format!("{ours} is for people who sign in, and not for keys").into();
            return Err(Problem::InvalidField { field: "scopes", reason });
        }
        if expires_in.is_some_and(|span| span.is_zero()) {
            let reason = "a key lives a second at least; leave it out for one that stays until it is revoked";
            return Err(Problem::InvalidField { field: "expires_in", reason: reason.into() });
        }
        Ok(Self {
            name: name.parse().map_err(|refused| field("name", refused))?,
            scopes,
            expires_at: expires_in.map(|span| now.plus(span)),
        })
    }
}

/// Makes a key of a user. The secret is in the answer and nowhere else.
///
/// Its scopes must be within what the user may do now; what the user may not do any more later, the key may not either.
pub async fn create(
    app: &App,
    realm: &Snapshot,
    user: &User,
    wish: Wish,
    who: Who,
    now: Timestamp,
) -> Result<(ApiKey, Secret), Problem> {
    let id = ApiKeyId::new(now, app.entropy());
    let secret = api_key::generate(id, app.entropy());
    let key = ApiKey {
        id,
        realm: user.realm,
        owner: KeyOwner::User(user.id),
        name: wish.name,
        scopes: wish.scopes,
        digest: secret.digest(),
        created_by: Some(user.id),
        created_at: now,
        expires_at: wish.expires_at,
        last_used_at: None,
        revoked_at: None,
        successor: None,
    };
    let record = who.record(app, Event::ApiKeyCreated, user.realm, user.id, now);
    let record = record.with("key", id.to_string()).with("scopes", key.scopes.to_string());
    let stored = key.clone();
    let allowed = Allowed::of(realm);
    app.db()
        .write("make an API key", move |tx| {
            let (key, record, who, allowed) = (stored.clone(), record.clone(), who.clone(), allowed.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                may_have_another(tx, &key, &allowed, now).await?;
                api_keys::create(tx, &key).await?;
                audit::append(tx, &record).await?;
                Ok::<_, Problem>(())
            })
        })
        .await?;
    Ok((key, secret))
}

/// The keys of a user, as many as `limit`, after the given one.
pub async fn list(
    app: &App,
    user: &User,
    after: Option<ApiKeyId>,
    limit: u32,
) -> Result<Vec<ApiKey>, Problem> {
    let (realm, owner) = (user.realm, KeyOwner::User(user.id));
    let found = app
        .db()
        .read("list API keys", move |tx| {
            let owner = owner.clone();
            Box::pin(async move { api_keys::list(tx, realm, &owner, after, limit).await })
        })
        .await?;
    Ok(found)
}

/// Makes a successor with the same name and scopes; the old key goes on for `overlap`, so that nobody is locked out
/// while the new one is put in place. A key is rotated once: who comes second is told so.
pub async fn rotate(
    app: &App,
    snapshot: &Snapshot,
    user: &User,
    id: ApiKeyId,
    overlap: Duration,
    who: Who,
    now: Timestamp,
) -> Result<(ApiKey, Secret), Problem> {
    if overlap > LONGEST_OVERLAP {
        let reason = "a key goes on beside its successor for 31 days at most".into();
        return Err(Problem::InvalidField { field: "overlap_seconds", reason });
    }
    let successor = ApiKeyId::new(now, app.entropy());
    let secret = api_key::generate(successor, app.entropy());
    let digest = secret.digest();
    let record = who.record(app, Event::ApiKeyRotated, user.realm, user.id, now);
    let record = record.with("key", id.to_string()).with("successor", successor.to_string());
    let (realm, owner, user) = (user.realm, KeyOwner::User(user.id), user.id);
    let allowed = Allowed::of(snapshot);
    let key = app
        .db()
        .write("rotate an API key", move |tx| {
            let (record, who, owner, allowed) = (record.clone(), who.clone(), owner.clone(), allowed.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let old = owned(tx, realm, &owner, id, now).await?;
                may_have_another(tx, &old, &allowed, now).await?;
                // A key that was made for a time gets a successor for the same time.
                let expires_at = old.expires_at.map(|end| now.plus(end.since(old.created_at)));
                let end = now.plus(overlap);
                if !api_keys::retire(tx, realm, id, successor, end).await? {
                    return Err(Problem::AlreadyRotated);
                }
                let key = ApiKey {
                    id: successor,
                    digest,
                    created_by: Some(user),
                    created_at: now,
                    expires_at,
                    last_used_at: None,
                    ..old
                };
                api_keys::create(tx, &key).await?;
                audit::append(tx, &record).await?;
                Ok::<_, Problem>(key)
            })
        })
        .await?;
    Ok((key, secret))
}

/// Ends a key of a user for good, and tells verifiers.
pub async fn revoke(
    app: &App,
    realm: RealmId,
    user: gatepost_domain::UserId,
    id: ApiKeyId,
    who: Who,
    now: Timestamp,
) -> Result<(), Problem> {
    let record = who.record(app, Event::ApiKeyRevoked, realm, user, now).with("key", id.to_string());
    let message = OutboxId::new(now, app.entropy());
    let owner = KeyOwner::User(user);
    app.db()
        .write("revoke an API key", move |tx| {
            let (record, who, owner) = (record.clone(), who.clone(), owner.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let key = owned(tx, realm, &owner, id, now).await?;
                api_keys::revoke(tx, realm, key.id, now).await?;
                let told = Message::Revocation(Revocation::ApiKey { key: key.id });
                outbox::queue(tx, message, realm, &told, now).await?;
                audit::append(tx, &record).await?;
                Ok(())
            })
        })
        .await
}

/// What the realm says of keys, for inside a transaction.
#[derive(Clone)]
struct Allowed {
    roles: RoleGraph,
    words: Scopes,
}

impl Allowed {
    fn of(realm: &Snapshot) -> Self {
        Self { roles: realm.roles().clone(), words: realm.settings().api_key_scopes.clone() }
    }
}

/// Whether the owner of this key may have one more like it now: within their rights, and their number.
async fn may_have_another(
    tx: &mut Tx,
    key: &ApiKey,
    allowed: &Allowed,
    now: Timestamp,
) -> Result<(), Problem> {
    let KeyOwner::User(owner) = key.owner else { return Err(Problem::NotFound) };
    let owner = users::find(tx, key.realm, owner).await?.ok_or(Problem::NotFound)?;
    let limits = Limits { rights: &allowed.roles.rights(&owner.roles), words: &allowed.words };
    limits.check(&key.scopes).map_err(|beyond| field("scopes", beyond))?;
    if api_keys::count(tx, key.realm, &key.owner, now).await? >= MOST {
        return Err(Problem::TooMany { what: "API keys", most: MOST });
    }
    Ok(())
}

/// The live key of this owner; another's is answered as missing.
async fn owned(
    tx: &mut Tx,
    realm: RealmId,
    owner: &KeyOwner,
    id: ApiKeyId,
    now: Timestamp,
) -> Result<ApiKey, Problem> {
    let found = api_keys::find(tx, realm, id).await?;
    found.filter(|key| key.owner == *owner && key.is_live(now)).ok_or(Problem::NotFound)
}
