//! What an operator does with keys, whoever they belong to.

use gatepost_domain::{
    ApiKeyId, OutboxId, RealmId, Timestamp,
    api_key::{ApiKey, KeyOwner},
    audit::{Event, Record},
    outbox::{Message, Revocation},
};
use gatepost_store::{api_keys, audit, outbox};

use crate::{App, accounts::Who, http::Problem};

/// The keys of an owner that were not revoked, as many as `limit`.
pub async fn list_of(app: &App, realm: RealmId, owner: KeyOwner, limit: u32) -> Result<Vec<ApiKey>, Problem> {
    let found = app.db().read("list API keys", move |tx| {
        let owner = owner.clone();
        Box::pin(async move { api_keys::list(tx, realm, &owner, None, limit).await })
    });
    Ok(found.await?)
}

/// Ends a key for good, whoever it belongs to, and tells verifiers. `NotFound`: the realm has none of this id, or it was
/// revoked before.
pub async fn revoke_any(
    app: &App,
    realm: RealmId,
    id: ApiKeyId,
    who: Who,
    now: Timestamp,
) -> Result<(), Problem> {
    let (message, worker) = (OutboxId::new(now, app.entropy()), app.clone());
    app.db()
        .write("revoke an API key", move |tx| {
            let (who, app) = (who.clone(), worker.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let key = api_keys::find(tx, realm, id).await?.ok_or(Problem::NotFound)?;
                if !api_keys::revoke(tx, realm, id, now).await? {
                    return Err(Problem::NotFound);
                }
                outbox::queue(tx, message, realm, &Message::Revocation(Revocation::ApiKey { key: id }), now)
                    .await?;
                let record = of(&key, who.record_of_realm(&app, Event::ApiKeyRevoked, realm, now));
                audit::append(tx, &record).await?;
                Ok(())
            })
        })
        .await
}

/// The record, with whose key it is.
pub fn of(key: &ApiKey, record: Record) -> Record {
    let record = record.with("key", key.id.to_string());
    match &key.owner {
        KeyOwner::User(user) => record.user(*user),
        KeyOwner::Organization(organization) => record.with("organization", organization.to_string()),
        KeyOwner::Client(client) => record.client(client.clone()),
    }
}
