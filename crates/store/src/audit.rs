//! The audit trail. It is appended to, read, and never changed; its oldest part is deleted where a realm says so.

use std::time::Duration;

use gatepost_domain::audit::{Actor, Event, Record};
use gatepost_domain::{ClientId, EventId, RealmId, Timestamp, UserId, webhook};

use crate::value::{FromRow, Param, Row, from_json, to_json};
use crate::{Error, Tx, webhooks};

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

macro_rules! insert_record {
    ($rest:literal) => {
        concat!(
            "INSERT INTO audit (realm_id, id, at, event, actor, user_id, session_id, client_id, address, request_id, detail)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ",
            $rest
        )
    };
}

/// Adds a record, and queues what webhooks are to be told of it. Called after the change that it tells of, in the same transaction:
/// they are told how things are then.
pub async fn append(tx: &mut Tx, record: &Record) -> Result<(), Error> {
    const PLAIN: &str = insert_record!("");
    // Whether anybody wants to know is asked with the record itself: exactly, in its transaction, and without another trip to the
    // database where nobody does.
    const ASKING: &str = insert_record!(
        "RETURNING EXISTS (SELECT 1 FROM webhooks w WHERE w.realm_id = $1 AND w.state = 'on'
            AND (w.events = '*' OR w.events LIKE $12))"
    );
    let (actor, address, detail) =
        (record.actor.to_string(), record.address.map(|a| a.to_string()), to_json(&record.detail)?);
    let mut params: Vec<Param<'_>> = vec![
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
    let Some(told) = webhook::Event::told_by(record) else {
        return tx.execute(PLAIN, &params).await.map(|_| ());
    };
    let pattern = webhooks::pattern(told);
    params.push(pattern.as_str().into());
    let wanted = tx.optional::<(bool,)>(ASKING, &params).await?;
    if wanted == Some((true,)) { webhooks::tell(tx, record, told).await } else { Ok(()) }
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

/// Reads records, with one condition more in front of the others: the one that an index answers. The conditions of a filter
/// hold each for itself where it is not given, and no index can be used for what may not hold.
macro_rules! select_records {
    ($before:literal, $leading:literal) => {
        concat!(
            $before,
            "SELECT realm_id, id, at, event, actor, user_id, session_id, client_id, address, request_id, detail
            FROM audit WHERE realm_id = $1 AND id < $2 AND id >= $3 ",
            $leading,
            " AND (CAST($4 AS BIGINT) IS NULL OR at >= $4) AND (CAST($5 AS BIGINT) IS NULL OR at < $5)
            AND (CAST($6 AS TEXT) IS NULL OR event = $6) AND (CAST($7 AS TEXT) IS NULL OR actor = $7)
            AND (CAST($8 AS BYTEA) IS NULL OR user_id = $8)
            AND (CAST($9 AS BOOLEAN) IS NULL OR (event LIKE '%-refused' OR event LIKE '%-reused') = $9)
            ORDER BY id DESC LIMIT $10"
        )
    };
}

/// The same for each index there is, after the given words.
macro_rules! statements {
    ($before:literal) => {
        Statements {
            all: select_records!($before, ""),
            user: select_records!($before, "AND user_id = $8"),
            actor: select_records!($before, "AND actor = $7"),
            event: select_records!($before, "AND event = $6"),
            outcome: select_records!($before, "AND (event LIKE '%-refused' OR event LIKE '%-reused') = $9"),
        }
    };
}

struct Statements {
    all: &'static str,
    user: &'static str,
    actor: &'static str,
    event: &'static str,
    outcome: &'static str,
}

const READ: Statements = statements!("");

impl Statements {
    /// The one that reads the least: what one user met with is less than what one did, and that less than all of a kind.
    fn fitting(&self, filter: &RecordFilter) -> &'static str {
        match filter {
            RecordFilter { user: Some(_), .. } => self.user,
            RecordFilter { actor: Some(_), .. } => self.actor,
            RecordFilter { event: Some(_), .. } => self.event,
            RecordFilter { refused: Some(_), .. } => self.outcome,
            RecordFilter { .. } => self.all,
        }
    }
}

/// At most `limit` records, the newest first, older than the given one. However long the trail is, each filter reads by an index,
/// and a span of time is a part of it.
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    filter: &RecordFilter,
    before: Option<EventId>,
    limit: u32,
) -> Result<Vec<Record>, Error> {
    list_by(&READ, tx, realm, filter, before, limit).await
}

async fn list_by<T: FromRow>(
    statements: &Statements,
    tx: &mut Tx,
    realm: RealmId,
    filter: &RecordFilter,
    before: Option<EventId>,
    limit: u32,
) -> Result<Vec<T>, Error> {
    // An id says to the millisecond when it was made.
    let end =
        filter.until.map_or(EventId::MAX, |until| EventId::first_at(until.plus(Duration::from_millis(1))));
    let before = before.unwrap_or(EventId::MAX).min(end);
    let first = filter.since.map_or(EventId::MIN, EventId::first_at);
    let actor = filter.actor.as_ref().map(ToString::to_string);
    let params = [
        (&realm).into(),
        (&before).into(),
        (&first).into(),
        filter.since.into(),
        filter.until.into(),
        filter.event.map(Event::name).into(),
        actor.as_deref().into(),
        filter.user.as_ref().into(),
        filter.refused.into(),
        limit.into(),
    ];
    tx.all(statements.fitting(filter), &params).await
}

/// Deletes at most `limit` records of before the moment, the oldest first. Returns how many; call it again until that is less
/// than `limit`. One statement.
pub async fn delete_before(tx: &mut Tx, realm: RealmId, before: Timestamp, limit: u32) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM audit WHERE realm_id = $1 AND id IN
        (SELECT a.id FROM audit a WHERE a.realm_id = $1 AND a.id < $2 ORDER BY a.id LIMIT $3)";
    let first_kept = EventId::first_at(before);
    tx.execute(SQL, &[(&realm).into(), (&first_kept).into(), limit.into()]).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Db, Location, Options};

    /// A line of SQLite's plan.
    struct Step(String);

    impl FromRow for Step {
        fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
            let (_id, _parent, _unused): (i64, i64, i64) = (row.take()?, row.take()?, row.take()?);
            Ok(Self(row.take()?))
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_filter_reads_by_an_index_and_in_its_order() {
        const PLANS: Statements = statements!("EXPLAIN QUERY PLAN ");
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("auth.db"));
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        let db = Db::open(&location, Options::new(now)).await.unwrap();
        let nothing = RecordFilter::default;
        for (filter, index) in [
            (nothing(), "PRIMARY KEY (realm_id=? AND id>? AND id<?)"),
            (RecordFilter { since: Some(now), ..nothing() }, "PRIMARY KEY (realm_id=? AND id>? AND id<?)"),
            (
                RecordFilter { user: Some(UserId::MIN), event: Some(Event::SignedIn), ..nothing() },
                "INDEX audit_user (realm_id=? AND user_id=? AND id>? AND id<?)",
            ),
            (
                RecordFilter { actor: Some(Actor::Operator), refused: Some(true), ..nothing() },
                "INDEX audit_actor (realm_id=? AND actor=? AND id>? AND id<?)",
            ),
            (
                RecordFilter { event: Some(Event::SignInRefused), until: Some(now), ..nothing() },
                "INDEX audit_event (realm_id=? AND event=? AND id>? AND id<?)",
            ),
            (
                RecordFilter { refused: Some(true), ..nothing() },
                "INDEX audit_outcome (realm_id=? AND <expr>=? AND id>? AND id<?)",
            ),
        ] {
            let asked = filter.clone();
            let steps: Vec<Step> = db
                .read("explain", move |tx| {
                    let filter = asked.clone();
                    Box::pin(async move { list_by(&PLANS, tx, RealmId::MIN, &filter, None, 50).await })
                })
                .await
                .unwrap();
            let steps: Vec<String> = steps.into_iter().map(|Step(text)| text).collect();
            assert_eq!(steps, [format!("SEARCH audit USING {index}")], "{filter:?}");
        }
    }
}
