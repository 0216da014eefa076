//! `/api/v1/admin/audit`

use std::collections::BTreeMap;

use axum::extract::State;
use gatepost_domain::{
    EventId, Timestamp, UserId,
    audit::{Actor, Event, Record},
};
use gatepost_store::audit::RecordFilter;
use serde::{Deserialize, Serialize};

use crate::{
    App, accounts,
    http::{
        Admin, Json, Problem, Query,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    realm::InRealm,
};

/// Which events to list. All given must fit.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// How many at the most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Limit,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<EventId>,
    /// Only what was done to this user.
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// Only what this one did: `user:…`, `client:…`, `operator`, `system` or `anonymous`.
    #[param(value_type = Option<String>)]
    actor: Option<Actor>,
    /// Only what was refused, or only what was done.
    #[param(inline)]
    result: Option<Outcome>,
    /// Only events of this name, as in `sign-in-refused`.
    #[param(value_type = Option<String>)]
    event: Option<Event>,
    /// Only from this moment on, RFC 3339.
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Only before this moment, RFC 3339.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
}

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Done,
    Refused,
}

/// Something that happened: who, what, whom, from where, in which request.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AuditEvent)]
struct EventView {
    #[schema(example = "evt_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    id: String,
    #[schema(value_type = String)]
    at: Timestamp,
    /// What happened; the names are stable.
    #[schema(example = "signed-in")]
    event: &'static str,
    /// Who did it: `user:…`, `client:…`, `operator`, `system` or `anonymous`.
    #[schema(example = "user:usr_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    actor: String,
    /// To whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// As in the log and in `x-request-id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// What else is worth knowing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    detail: BTreeMap<String, String>,
}

impl From<Record> for EventView {
    fn from(record: Record) -> Self {
        Self {
            id: record.id.to_string(),
            at: record.at,
            event: record.event.name(),
            actor: record.actor.to_string(),
            user: record.user.map(|user| user.to_string()),
            session: record.session.map(|session| session.to_string()),
            client: record.client.map(|client| client.to_string()),
            address: record.address.map(|address| address.to_string()),
            request_id: record.request_id,
            detail: record.detail,
        }
    }
}

/// One page of the audit trail, the newest event first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct EventPage {
    events: Vec<EventView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// Read the audit trail
///
/// Of this realm, the newest event first. `gatepost audit export` writes all of it as NDJSON.
#[utoipa::path(
    get, path = "/api/v1/admin/audit", tag = "Administration", operation_id = "list_audit_events", params(Listing),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "One page", body = EventPage),
        (status = 400, description = "`invalid_query`", body = ProblemDocument),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    _admin: Admin,
    realm: InRealm,
    State(app): State<App>,
    Query(listing): Query<Listing>,
) -> Result<Json<EventPage>, Problem> {
    let limit = listing.limit;
    let filter = RecordFilter {
        user: listing.user,
        actor: listing.actor,
        refused: listing.result.map(|result| result == Outcome::Refused),
        event: listing.event,
        since: listing.since,
        until: listing.until,
    };
    let found = accounts::trail(&app, realm.id(), filter, listing.cursor, limit.and_one()).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    Ok(Json(EventPage { events: found.into_iter().map(EventView::from).collect(), next_cursor }))
}
