//! The audit trail. It is appended to, read, and never changed; its oldest part is deleted where a realm says so.

use gatepost_domain::audit::{Actor, Event, Record};
use gatepost_domain::{ClientId, EventId, RealmId, Timestamp, UserId};

use crate::value::{FromRow, Row, from_json, to_json};
use crate::{Error, Tx};

impl FromRow for Record {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.take()?,
            at: row.take()?,
            event: row.parse()?,
            actor: row.parse()?,
            user: row.take_optional()?,
            session: row.take_optional()?,
            client: row.parse_optional()?,
            address: row.parse_optional()?,
            request_id: row.take_optional()?,
            detail: from_json(&row.take::<String>()?)?,
        })
    }
}

/// Adds a record.
pub async fn append(tx: &mut Tx, record: &Record) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO audit (realm_id, id, at, event, actor, user_id, session_id, client_id, address, request_id, detail)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let (actor, address, detail) =
        (record.actor.to_string(), record.address.map(|a| a.to_string()), to_json(&record.detail)?);
    let params = [
        (&record.realm).into(),
        (&record.id).into(),
        record.at.into(),
        record.event.name().into(),
        actor.as_str().into(),
        record.user.as_ref().into(),
        record.session.as_ref().into(),
        record.client.as_ref().map(ClientId::as_str).into(),
        address.as_deref().into(),
        record.request_id.as_deref().into(),
        detail.as_str().into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// Which records to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// Those about one user.
    pub user: Option<UserId>,
    /// Those of what one did.
    pub actor: Option<Actor>,
    /// Those of something refused ([`Event::is_refusal`]), or the others.
    pub refused: Option<bool>,
    /// Those of one kind.
    pub event: Option<Event>,
    /// Those from this moment on.
    pub since: Option<Timestamp>,
    /// Those before this moment.
    pub until: Option<Timestamp>,
}

/// At most `limit` records, the newest first, older than the given one.
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    filter: &RecordFilter,
    before: Option<EventId>,
    limit: u32,
) -> Result<Vec<Record>, Error> {
    macro_rules! sql {
        ($user:literal) => {
            concat!(
                "SELECT realm_id, id, at, event, actor, user_id, session_id, client_id, address, request_id, detail
                FROM audit WHERE realm_id = $1 AND id < $2
                AND (CAST($3 AS TEXT) IS NULL OR event = $3) AND (CAST($4 AS BIGINT) IS NULL OR at >= $4)
                AND (CAST($6 AS BIGINT) IS NULL OR at < $6) AND (CAST($7 AS TEXT) IS NULL OR actor = $7)
                AND (CAST($8 AS BOOLEAN) IS NULL OR (event LIKE '%-refused' OR event LIKE '%-reused') = $8) ",
                $user, " ORDER BY id DESC LIMIT $5"
            )
        };
    }
    const OF_ALL: &str = sql!("");
    const OF_ONE: &str = sql!("AND user_id = $9");
    let before = before.unwrap_or(EventId::MAX);
    let actor = filter.actor.as_ref().map(ToString::to_string);
    let mut params = vec![
        (&realm).into(),
        (&before).into(),
        filter.event.map(Event::name).into(),
        filter.since.into(),
        limit.into(),
        filter.until.into(),
        actor.as_deref().into(),
        filter.refused.into(),
    ];
    match &filter.user {
        None => tx.all(OF_ALL, &params).await,
        Some(user) => {
            params.push(user.into());
            tx.all(OF_ONE, &params).await
        }
    }
}

/// Deletes at most `limit` records of before the moment, the oldest first. Returns how many; call it again until that is less
/// than `limit`. One statement.
pub async fn delete_before(tx: &mut Tx, realm: RealmId, before: Timestamp, limit: u32) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM audit WHERE realm_id = $1 AND id IN
        (SELECT a.id FROM audit a WHERE a.realm_id = $1 AND a.id < $2 ORDER BY a.id LIMIT $3)";
    let first_kept = EventId::first_at(before);
    tx.execute(SQL, &[(&realm).into(), (&first_kept).into(), limit.into()]).await
}
