//! Effects that wait: written in the transaction that causes them, carried out by a job, at least once.

use std::time::Duration;

use gatepost_domain::outbox::{Message, Queued, back_off};
use gatepost_domain::{OutboxId, RealmId, Timestamp};

use crate::value::{FromRow, Row, from_json, to_json};
use crate::{Error, Tx};

impl FromRow for Queued {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.take()?,
            at: row.take()?,
            attempts: row.take()?,
            message: from_json(&row.take::<String>()?)?,
        })
    }
}

/// Queues a message, due at once.
pub async fn queue(
    tx: &mut Tx,
    id: OutboxId,
    realm: RealmId,
    message: &Message,
    now: Timestamp,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO outbox (realm_id, id, kind, body, created_at, due_at, attempts)
        VALUES ($1, $2, $3, $4, $5, $6, 0)";
    let body = to_json(message)?;
    let params =
        [(&realm).into(), (&id).into(), message.kind().into(), body.as_str().into(), now.into(), now.into()];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// Whether a message of a kind is due.
pub async fn is_due(tx: &mut Tx, kind: &str, now: Timestamp) -> Result<bool, Error> {
    const SQL: &str = "SELECT CAST(1 AS BIGINT) FROM outbox WHERE due_at <= $2 AND kind = $1 LIMIT 1";
    Ok(tx.optional::<(i64,)>(SQL, &[kind.into(), now.into()]).await?.is_some())
}

/// Takes at most `limit` messages of a kind that are due, for as long as `lease`: if they are not
/// [`done`] or [`failed`] by then, somebody else takes them. No message is taken twice meanwhile. One statement.
pub async fn claim_due(
    tx: &mut Tx,
    kind: &str,
    limit: u32,
    lease: Duration,
    now: Timestamp,
) -> Result<Vec<Queued>, Error> {
    // A row another claimer changed first is looked at again, and is no longer due.
    const SQL: &str = "UPDATE outbox SET due_at = $3, attempts = attempts + 1
        WHERE due_at <= $2 AND (realm_id, id) IN (SELECT o.realm_id, o.id FROM outbox o
            WHERE o.due_at <= $2 AND o.kind = $1 ORDER BY o.due_at, o.id LIMIT $4)
        RETURNING realm_id, id, created_at, attempts, body";
    let params = [kind.into(), now.into(), now.plus(lease).into(), limit.into()];
    let mut claimed: Vec<Queued> = tx.all(SQL, &params).await?;
    claimed.sort_by_key(|queued| queued.id);
    Ok(claimed)
}

/// Forgets a message that was carried out. False: it was taken by somebody else meanwhile, and will be repeated.
/// One statement.
pub async fn done(tx: &mut Tx, queued: &Queued) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM outbox WHERE realm_id = $1 AND id = $2 AND attempts = $3";
    let params = [(&queued.realm).into(), (&queued.id).into(), queued.attempts.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Puts a message back that could not be carried out, due after a pause that grows with the attempts. False: it was
/// taken by somebody else meanwhile. One statement.
pub async fn failed(tx: &mut Tx, queued: &Queued, now: Timestamp) -> Result<bool, Error> {
    const SQL: &str = "UPDATE outbox SET due_at = $4 WHERE realm_id = $1 AND id = $2 AND attempts = $3";
    let due = now.plus(back_off(queued.attempts));
    let params = [(&queued.realm).into(), (&queued.id).into(), queued.attempts.into(), due.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// How many messages wait, due or not.
pub async fn count(tx: &mut Tx) -> Result<u64, Error> {
    const SQL: &str = "SELECT COUNT(*) FROM outbox";
    Ok(tx.optional::<(u64,)>(SQL, &[]).await?.map_or(0, |(count,)| count))
}
