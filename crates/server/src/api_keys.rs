//! API keys: made, listed, rotated, revoked, and exchanged for the token an API can verify.

mod dealing;
mod exchange;
mod operator;
mod resolve;
mod revoke_all;

use std::time::Duration;

use gatepost_domain::{
    ApiKeyId, DisplayName, OutboxId, RealmId, Scopes, Secret, Timestamp, UserId,
    api_key::{self, ApiKey, KeyOwner, Limits},
    audit::Event,
    outbox::{Message, Revocation},
};
use gatepost_store::{Tx, api_keys, audit, outbox};

use crate::{
    App,
    accounts::{Who, field},
    http::Problem,
    realm::Snapshot,
};

pub use dealing::Dealing;
use dealing::{Allowed, May};
pub(crate) use exchange::token_of;
pub use exchange::{exchange, note_use};
pub use operator::{list_of, of, revoke_any};
pub use resolve::{KeyRefused, Resolved, resolve, resolve_id};
pub use revoke_all::revoke_all;
pub(crate) use revoke_all::revoke_because;

/// The most keys an owner has at a time.
const MOST: u64 = 100;
/// As many are read together where all are asked for.
const PAGE: u32 = 200;
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

/// Makes a key. The secret is in the answer and nowhere else.
///
/// Its scopes must be within what whoever makes it may do now, in the realm or in the organization; what its owner may not do
/// any more later, the key may not either.
pub async fn create(
    app: &App,
    realm: &Snapshot,
    dealing: Dealing,
    wish: Wish,
    now: Timestamp,
) -> Result<(ApiKey, Secret), Problem> {
    let id = ApiKeyId::new(now, app.entropy());
    let secret = api_key::generate(id, app.entropy());
    let key = ApiKey {
        id,
        realm: realm.id(),
        owner: dealing.owner.clone(),
        name: wish.name,
        scopes: wish.scopes,
        digest: secret.digest(),
        created_by: Some(dealing.user),
        created_at: now,
        expires_at: wish.expires_at,
        last_used_at: None,
        revoked_at: None,
        successor: None,
    };
    let record = dealing.record(app, Event::ApiKeyCreated, realm.id(), now);
    let record = record.with("key", id.to_string()).with("scopes", key.scopes.to_string());
    let (stored, allowed) = (key.clone(), Allowed::of(realm));
    app.db()
        .write("make an API key", move |tx| {
            let (key, record) = (stored.clone(), record.clone());
            let (dealing, allowed) = (dealing.clone(), allowed.clone());
            Box::pin(async move {
                let may = dealing.may_make(tx, &allowed, now).await?;
                may_have_another(tx, &key, &may, &allowed, now).await?;
                api_keys::create(tx, &key).await?;
                audit::append(tx, &record).await?;
                Ok::<_, Problem>(())
            })
        })
        .await?;
    Ok((key, secret))
}

/// The keys of the owner, as many as `limit`, after the given one.
pub async fn list(
    app: &App,
    realm: &Snapshot,
    dealing: Dealing,
    (after, limit): (Option<ApiKeyId>, u32),
    now: Timestamp,
) -> Result<Vec<ApiKey>, Problem> {
    let allowed = Allowed::of(realm);
    app.db()
        .read("list API keys", move |tx| {
            let (dealing, allowed) = (dealing.clone(), allowed.clone());
            Box::pin(async move {
                dealing.still_may(tx, &allowed, now).await?;
                Ok(api_keys::list(tx, allowed.realm, &dealing.owner, after, limit).await?)
            })
        })
        .await
}

/// Every key of the owner that is good now, in the order they were made. Those that are over are passed by, however many they are.
pub async fn list_good(
    app: &App,
    realm: &Snapshot,
    dealing: Dealing,
    now: Timestamp,
) -> Result<Vec<ApiKey>, Problem> {
    let (mut good, mut after) = (Vec::new(), None);
    loop {
        let page = list(app, realm, dealing.clone(), (after, PAGE), now).await?;
        let is_last = page.len() < PAGE as usize;
        after = page.last().map(|key| key.id);
        good.extend(page.into_iter().filter(|key| key.is_live(now)));
        if is_last {
            return Ok(good);
        }
    }
}

/// One of the owner's keys.
pub async fn find(
    app: &App,
    realm: &Snapshot,
    dealing: Dealing,
    id: ApiKeyId,
    now: Timestamp,
) -> Result<ApiKey, Problem> {
    let allowed = Allowed::of(realm);
    app.db()
        .read("find an API key", move |tx| {
            let (dealing, allowed) = (dealing.clone(), allowed.clone());
            Box::pin(async move {
                dealing.still_may(tx, &allowed, now).await?;
                owned(tx, allowed.realm, &dealing.owner, id, now).await
            })
        })
        .await
}

/// Makes a successor with the same name and scopes; the old key goes on for `overlap`, so that nobody is locked out
/// while the new one is put in place. A key is rotated once: who comes second is told so.
pub async fn rotate(
    app: &App,
    realm: &Snapshot,
    dealing: Dealing,
    id: ApiKeyId,
    overlap: Duration,
    now: Timestamp,
) -> Result<(ApiKey, Secret), Problem> {
    if overlap > LONGEST_OVERLAP {
        let reason = "a key goes on beside its successor for 31 days at most".into();
        return Err(Problem::InvalidField { field: "overlap_seconds", reason });
    }
    let successor = ApiKeyId::new(now, app.entropy());
    let secret = api_key::generate(successor, app.entropy());
    let digest = secret.digest();
    let record = dealing.record(app, Event::ApiKeyRotated, realm.id(), now);
    let record = record.with("key", id.to_string()).with("successor", successor.to_string());
    let allowed = Allowed::of(realm);
    let key = app
        .db()
        .write("rotate an API key", move |tx| {
            let (record, dealing, allowed) = (record.clone(), dealing.clone(), allowed.clone());
            Box::pin(async move {
                let realm = allowed.realm;
                let may = dealing.may_make(tx, &allowed, now).await?;
                let old = owned(tx, realm, &dealing.owner, id, now).await?;
                may_have_another(tx, &old, &may, &allowed, now).await?;
                // A key that was made for a time gets a successor for the same time.
                let expires_at = old.expires_at.map(|end| now.plus(end.since(old.created_at)));
                let end = now.plus(overlap);
                if !api_keys::retire(tx, realm, id, successor, end).await? {
                    return Err(Problem::AlreadyRotated);
                }
                let key = ApiKey {
                    id: successor,
                    digest,
                    created_by: Some(dealing.user),
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

/// Gives a live key another name.
pub async fn rename(
    app: &App,
    realm: &Snapshot,
    dealing: Dealing,
    (id, name): (ApiKeyId, DisplayName),
    now: Timestamp,
) -> Result<ApiKey, Problem> {
    let record = dealing.record(app, Event::ApiKeyRenamed, realm.id(), now).with("key", id.to_string());
    let allowed = Allowed::of(realm);
    app.db()
        .write("rename an API key", move |tx| {
            let (record, dealing, allowed) = (record.clone(), dealing.clone(), allowed.clone());
            let name = name.clone();
            Box::pin(async move {
                let realm = allowed.realm;
                dealing.still_may(tx, &allowed, now).await?;
                let key = owned(tx, realm, &dealing.owner, id, now).await?;
                if !api_keys::rename(tx, realm, id, &name).await? {
                    return Err(Problem::NotFound);
                }
                audit::append(tx, &record).await?;
                Ok(ApiKey { name, ..key })
            })
        })
        .await
}

/// Ends a key for good, and tells verifiers. In an organization, who does not own it takes only what they could give.
pub async fn revoke(
    app: &App,
    realm: &Snapshot,
    dealing: Dealing,
    id: ApiKeyId,
    now: Timestamp,
) -> Result<(), Problem> {
    let record = dealing.record(app, Event::ApiKeyRevoked, realm.id(), now).with("key", id.to_string());
    let (message, allowed) = (OutboxId::new(now, app.entropy()), Allowed::of(realm));
    app.db()
        .write("revoke an API key", move |tx| {
            let (record, dealing, allowed) = (record.clone(), dealing.clone(), allowed.clone());
            Box::pin(async move {
                let realm = allowed.realm;
                let may = dealing.still_may(tx, &allowed, now).await?;
                let key = owned(tx, realm, &dealing.owner, id, now).await?;
                // A word the realm dropped must not keep a key from being revoked.
                let limits = Limits { rights: &may.rights, words: &key.scopes };
                if !may.owns && limits.check(&key.scopes).is_err() {
                    return Err(Problem::BeyondRights);
                }
                api_keys::revoke(tx, realm, key.id, now).await?;
                let told = Message::Revocation(Revocation::ApiKey { key: key.id });
                outbox::queue(tx, message, realm, &told, now).await?;
                audit::append(tx, &record).await?;
                Ok(())
            })
        })
        .await
}

/// Ends a key of a user or of an organization for good, for an administrator who names nothing but the key. Those of clients are an
/// operator's alone, and answered as missing.
pub async fn revoke_in_realm(
    app: &App,
    realm: &Snapshot,
    (administrator, who): (UserId, Who),
    id: ApiKeyId,
    now: Timestamp,
) -> Result<(), Problem> {
    let realm_id = realm.id();
    let found = app
        .db()
        .read("find an API key", move |tx| Box::pin(async move { api_keys::find(tx, realm_id, id).await }));
    let dealing = match found.await?.ok_or(Problem::NotFound)?.owner {
        KeyOwner::User(user) => Dealing::with_those_of_user(user, who),
        KeyOwner::Organization(owner) => Dealing::for_the_realm(owner, administrator, who),
        KeyOwner::Client(_) => return Err(Problem::NotFound),
    };
    revoke(app, realm, dealing, id, now).await
}

/// Whether the owner of this key may have one more like it now: within the rights of who makes it, and their number.
async fn may_have_another(
    tx: &mut Tx,
    key: &ApiKey,
    may: &May<'_>,
    allowed: &Allowed,
    now: Timestamp,
) -> Result<(), Problem> {
    let limits = Limits { rights: &may.rights, words: &allowed.words };
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
