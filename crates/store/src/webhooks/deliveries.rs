//! Messages for webhooks: taken when they are due, and kept for a while.

use gatepost_domain::webhook::{Answer, Delivery, DeliveryState};
use gatepost_domain::{EventId, RealmId, Timestamp, WebhookId};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

impl FromRow for Delivery {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        let (realm, webhook, id, event) = (row.take()?, row.take()?, row.take()?, row.parse()?);
        let subject: Vec<u8> = row.take()?;
        let subject = subject.try_into().map_err(|_| Error::broken("webhook_deliveries.subject"))?;
        let (body, created_at, due_at) = (row.take()?, row.take()?, row.take_optional()?);
        let (attempts, failures) = (row.take()?, row.take()?);
        let (tried_at, answer): (Option<Timestamp>, Option<Answer>) =
            (row.take_optional()?, row.parse_optional()?);
        let last = tried_at.zip(answer);
        Ok(Self { realm, webhook, id, event, subject, body, created_at, due_at, attempts, failures, last })
    }
}

macro_rules! select_deliveries {
    ($rest:literal) => {
        concat!(
            "SELECT d.realm_id, d.webhook_id, d.id, d.event, d.subject, d.body, d.created_at, d.due_at, d.attempts,
                d.failures, d.tried_at, d.answer FROM webhook_deliveries d ",
            $rest
        )
    };
}

/// A webhook and its realm.
struct Whose(RealmId, WebhookId);

impl FromRow for Whose {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self(row.take()?, row.take()?))
    }
}

/// The webhooks that are on and have a message due, of every realm: at most `limit`, in the order they were made, after the given one.
/// However much waits for one of them, that is a few steps through an index.
pub async fn waiting(
    tx: &mut Tx,
    after: Option<WebhookId>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<(RealmId, WebhookId)>, Error> {
    // From one webhook that something waits for to the next: neither database does that by itself for DISTINCT.
    const SQL: &str = "WITH RECURSIVE waiting (webhook_id) AS (
            SELECT (SELECT d.webhook_id FROM webhook_deliveries d
                WHERE d.due_at IS NOT NULL AND d.webhook_id > $1 ORDER BY d.webhook_id LIMIT 1)
            UNION ALL
            SELECT (SELECT d.webhook_id FROM webhook_deliveries d
                WHERE d.due_at IS NOT NULL AND d.webhook_id > w.webhook_id ORDER BY d.webhook_id LIMIT 1)
            FROM waiting w WHERE w.webhook_id IS NOT NULL)
        SELECT e.realm_id, e.id FROM waiting w JOIN webhooks e ON e.id = w.webhook_id
        WHERE e.state = 'on' AND EXISTS (SELECT 1 FROM webhook_deliveries d
            WHERE d.webhook_id = w.webhook_id AND d.due_at IS NOT NULL AND d.due_at <= $2)
        ORDER BY e.id LIMIT $3";
    let after = after.unwrap_or(WebhookId::MIN);
    let params = [(&after).into(), now.into(), limit.into()];
    let found: Vec<Whose> = tx.all(SQL, &params).await?;
    Ok(found.into_iter().map(|Whose(realm, webhook)| (realm, webhook)).collect())
}

/// At most `limit` messages for a webhook that are due, those that were due first before the others.
pub async fn due(
    tx: &mut Tx,
    realm: RealmId,
    webhook: WebhookId,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Delivery>, Error> {
    const SQL: &str = select_deliveries!(
        "WHERE d.realm_id = $1 AND d.webhook_id = $2 AND d.due_at IS NOT NULL AND d.due_at <= $3
        ORDER BY d.due_at, d.created_at, d.id LIMIT $4"
    );
    tx.all(SQL, &[(&realm).into(), (&webhook).into(), now.into(), limit.into()]).await
}

/// Keeps what came of a try, as [`Delivery::tried`] has it. False: somebody else has tried meanwhile, and kept theirs. One statement.
pub async fn settle(tx: &mut Tx, tried: &Delivery) -> Result<bool, Error> {
    const SQL: &str = "UPDATE webhook_deliveries
        SET state = $4, due_at = $5, attempts = $6, failures = $7, tried_at = $8, answer = $9
        WHERE realm_id = $1 AND webhook_id = $2 AND id = $3 AND due_at IS NOT NULL AND attempts = $6 - 1";
    let (tried_at, answer) = tried.last.unzip();
    let answer = answer.map(|answer| answer.to_string());
    let params = [
        (&tried.realm).into(),
        (&tried.webhook).into(),
        (&tried.id).into(),
        tried.state().name().into(),
        tried.due_at.into(),
        tried.attempts.into(),
        tried.failures.into(),
        tried_at.into(),
        answer.as_deref().into(),
    ];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Whether a message arrived since a moment. It may look through all that arrived before.
pub async fn any_delivered_since(
    tx: &mut Tx,
    realm: RealmId,
    webhook: WebhookId,
    since: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "SELECT CAST(1 AS BIGINT) FROM webhook_deliveries
        WHERE realm_id = $1 AND webhook_id = $2 AND state = 'delivered' AND tried_at >= $3 LIMIT 1";
    let found = tx.optional::<(i64,)>(SQL, &[(&realm).into(), (&webhook).into(), since.into()]).await?;
    Ok(found.is_some())
}

/// One message for a webhook. One point read.
pub async fn find_delivery(
    tx: &mut Tx,
    realm: RealmId,
    webhook: WebhookId,
    id: EventId,
) -> Result<Option<Delivery>, Error> {
    const SQL: &str = select_deliveries!("WHERE d.realm_id = $1 AND d.webhook_id = $2 AND d.id = $3");
    tx.optional(SQL, &[(&realm).into(), (&webhook).into(), (&id).into()]).await
}

/// At most `limit` messages for a webhook, the newest first, older than the given one; with `state`, those of which that has become.
pub async fn list_deliveries(
    tx: &mut Tx,
    (realm, webhook): (RealmId, WebhookId),
    state: Option<DeliveryState>,
    before: Option<EventId>,
    limit: u32,
) -> Result<Vec<Delivery>, Error> {
    const SQL: &str = select_deliveries!(
        "WHERE d.realm_id = $1 AND d.webhook_id = $2 AND d.id < $3 AND (CAST($4 AS TEXT) IS NULL OR d.state = $4)
        ORDER BY d.id DESC LIMIT $5"
    );
    let before = before.unwrap_or(EventId::MAX);
    let params = [
        (&realm).into(),
        (&webhook).into(),
        (&before).into(),
        state.map(DeliveryState::name).into(),
        limit.into(),
    ];
    tx.all(SQL, &params).await
}

/// Has a message sent once more that is not tried any more, whatever became of it. False: there is none such.
pub async fn replay(
    tx: &mut Tx,
    realm: RealmId,
    webhook: WebhookId,
    id: EventId,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str =
        "UPDATE webhook_deliveries SET state = 'waiting', due_at = $4, attempts = 0, failures = 0
        WHERE realm_id = $1 AND webhook_id = $2 AND id = $3 AND due_at IS NULL";
    let params = [(&realm).into(), (&webhook).into(), (&id).into(), now.into()];
    let again = tx.execute(SQL, &params).await? == 1;
    if again {
        tx.rings();
    }
    Ok(again)
}

/// Has every message sent once more that did not arrive and was queued since a moment: at most `limit`, the oldest first. How many.
pub async fn replay_dead(
    tx: &mut Tx,
    (realm, webhook): (RealmId, WebhookId),
    since: Timestamp,
    limit: u32,
    now: Timestamp,
) -> Result<u64, Error> {
    const SQL: &str = "UPDATE webhook_deliveries SET state = 'waiting', due_at = $4, attempts = 0, failures = 0
        WHERE realm_id = $1 AND webhook_id = $2 AND id IN (SELECT d.id FROM webhook_deliveries d
            WHERE d.realm_id = $1 AND d.webhook_id = $2 AND d.id >= $3 AND d.state = 'dead' ORDER BY d.id LIMIT $5)";
    let first = EventId::first_at(since);
    let params = [(&realm).into(), (&webhook).into(), (&first).into(), now.into(), limit.into()];
    let again = tx.execute(SQL, &params).await?;
    if again > 0 {
        tx.rings();
    }
    Ok(again)
}

/// Deletes at most `limit` messages of a realm from before a moment, whatever has become of them: what still waits then, waits for a
/// webhook that is off. Returns how many; call it again until that is less than `limit`. One statement.
pub async fn delete_old(tx: &mut Tx, realm: RealmId, before: Timestamp, limit: u32) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM webhook_deliveries WHERE realm_id = $1 AND (webhook_id, id) IN
        (SELECT d.webhook_id, d.id FROM webhook_deliveries d WHERE d.realm_id = $1 AND d.id < $2
        ORDER BY d.id LIMIT $3)";
    let first_kept = EventId::first_at(before);
    tx.execute(SQL, &[(&realm).into(), (&first_kept).into(), limit.into()]).await
}
