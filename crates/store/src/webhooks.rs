//! Webhooks: who is told of what happens in a realm.

mod deliveries;
mod queue;

use gatepost_domain::{DisplayName, RealmId, Timestamp, Webhook, WebhookId, WebhookState};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

pub use deliveries::{
    any_delivered_since, delete_old, due, find_delivery, list_deliveries, replay, replay_dead, settle,
    waiting,
};
pub use queue::send;
pub(crate) use queue::{pattern, tell};

impl FromRow for Webhook {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        let (realm, id, name) = (row.take()?, row.take()?, row.parse_optional()?);
        let (url, events, form, state) = (row.parse()?, row.parse()?, row.parse()?, row.parse()?);
        let sealed_secret = row.take()?;
        let (previous, until): (Option<Vec<u8>>, Option<Timestamp>) =
            (row.take_optional()?, row.take_optional()?);
        Ok(Self {
            realm,
            id,
            name,
            url,
            events,
            form,
            state,
            sealed_secret,
            previous_secret: previous.zip(until),
            created_at: row.take()?,
            updated_at: row.take()?,
            version: row.take()?,
        })
    }
}

macro_rules! select_webhooks {
    ($rest:literal) => {
        concat!(
            "SELECT realm_id, id, name, url, events, form, state, sealed_secret, previous_secret, previous_until,
                created_at, updated_at, version FROM webhooks ",
            $rest
        )
    };
}

/// Keeps a webhook. `Conflict(Parent)`: no such realm.
pub async fn create(tx: &mut Tx, webhook: &Webhook) -> Result<(), Error> {
    const SQL: &str =
        "INSERT INTO webhooks (realm_id, id, name, url, events, state, sealed_secret, previous_secret,
            previous_until, created_at, updated_at, version, form)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let events = webhook.events.as_text();
    let (previous, until) = webhook.previous_secret.as_ref().map(|(sealed, until)| (sealed, *until)).unzip();
    let params = [
        (&webhook.realm).into(),
        (&webhook.id).into(),
        webhook.name.as_ref().map(DisplayName::as_str).into(),
        webhook.url.as_str().into(),
        events.as_str().into(),
        webhook.state.name().into(),
        webhook.sealed_secret.as_slice().into(),
        previous.map(Vec::as_slice).into(),
        until.into(),
        webhook.created_at.into(),
        webhook.updated_at.into(),
        webhook.version.into(),
        webhook.form.name().into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// The webhook of an id. One point read.
pub async fn find(tx: &mut Tx, realm: RealmId, id: WebhookId) -> Result<Option<Webhook>, Error> {
    const SQL: &str = select_webhooks!("WHERE realm_id = $1 AND id = $2");
    tx.optional(SQL, &[(&realm).into(), (&id).into()]).await
}

/// At most `limit` webhooks, in the order they were made, after the given one.
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    after: Option<WebhookId>,
    limit: u32,
) -> Result<Vec<Webhook>, Error> {
    const SQL: &str = select_webhooks!("WHERE realm_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    tx.all(SQL, &[(&realm).into(), (&after.unwrap_or(WebhookId::MIN)).into(), limit.into()]).await
}

/// How many the realm has.
pub async fn count(tx: &mut Tx, realm: RealmId) -> Result<u64, Error> {
    const SQL: &str = "SELECT COUNT(*) FROM webhooks WHERE realm_id = $1";
    Ok(tx.optional::<(u64,)>(SQL, &[(&realm).into()]).await?.map_or(0, |(count,)| count))
}

/// Keeps what a webhook is from now on, and returns it with its next version. `None`: it is gone, or of another version than this.
pub async fn update(tx: &mut Tx, webhook: &Webhook) -> Result<Option<Webhook>, Error> {
    const SQL: &str = "UPDATE webhooks SET name = $3, url = $4, events = $5, state = $6, sealed_secret = $7,
            previous_secret = $8, previous_until = $9, updated_at = $10, version = version + 1
        WHERE realm_id = $1 AND id = $2 AND version = $11
        RETURNING realm_id, id, name, url, events, form, state, sealed_secret, previous_secret, previous_until,
            created_at, updated_at, version";
    let events = webhook.events.as_text();
    let (previous, until) = webhook.previous_secret.as_ref().map(|(sealed, until)| (sealed, *until)).unzip();
    let params = [
        (&webhook.realm).into(),
        (&webhook.id).into(),
        webhook.name.as_ref().map(DisplayName::as_str).into(),
        webhook.url.as_str().into(),
        events.as_str().into(),
        webhook.state.name().into(),
        webhook.sealed_secret.as_slice().into(),
        previous.map(Vec::as_slice).into(),
        until.into(),
        webhook.updated_at.into(),
        webhook.version.into(),
    ];
    tx.optional(SQL, &params).await
}

/// Turns a webhook off for the reason that `state` is. False: it is not on. One statement.
pub async fn turn_off(
    tx: &mut Tx,
    realm: RealmId,
    id: WebhookId,
    state: WebhookState,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE webhooks SET state = $3, updated_at = $4, version = version + 1
        WHERE realm_id = $1 AND id = $2 AND state = 'on'";
    let params = [(&realm).into(), (&id).into(), state.name().into(), now.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Deletes a webhook, with every message for it. False: no such webhook. It is one statement for all messages, however many there are.
pub async fn delete(tx: &mut Tx, realm: RealmId, id: WebhookId) -> Result<bool, Error> {
    const DELIVERIES: &str = "DELETE FROM webhook_deliveries WHERE realm_id = $1 AND webhook_id = $2";
    const SQL: &str = "DELETE FROM webhooks WHERE realm_id = $1 AND id = $2";
    let params = [(&realm).into(), (&id).into()];
    tx.execute(DELIVERIES, &params).await?;
    Ok(tx.execute(SQL, &params).await? == 1)
}
