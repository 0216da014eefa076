//! `/api/v1/me/activity`

use axum::extract::State;
use gatepost_domain::{EventId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    accounts::{self, Act},
    http::{Json, Problem, Query, SignedIn, page::Limit, problem::ProblemDocument},
};

/// Which part of the history to show.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ActivityListing {
    /// How many at the most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Limit,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<EventId>,
}

/// Something that happened to the account.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Activity)]
struct ActView {
    #[schema(example = "evt_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    id: String,
    #[schema(value_type = String)]
    at: Timestamp,
    /// What happened: a name of the audit trail.
    #[schema(example = "signed-in")]
    event: &'static str,
    /// Who did it: `you`, `unknown` (somebody who had not proved who they are), `application`, `administrator` or `system`.
    #[schema(example = "you")]
    by: &'static str,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// How one signed in, where it was not a password: `passkey`, `email`, `provider`.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// The second factor that was used, added or removed: `totp`, `recovery_code`, `passkey`.
    #[serde(skip_serializing_if = "Option::is_none")]
    factor: Option<String>,
    /// Nobody was asked for a second factor, because the device is trusted. Left out where it is not so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    on_trusted_device: bool,
}

impl From<Act> for ActView {
    fn from(act: Act) -> Self {
        Self {
            id: act.id.to_string(),
            at: act.at,
            event: act.event.name(),
            by: act.by.name(),
            address: act.address.map(|address| address.to_string()),
            method: act.method,
            factor: act.factor,
            on_trusted_device: act.excused,
        }
    }
}

/// One page of the account's history, the newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ActivityPage {
    activity: Vec<ActView>,
    /// Present when there may be more. A page can hold fewer than `limit` all the same.
    next_cursor: Option<String>,
}

/// Show what happened to the account
///
/// Sign-ins and those that were refused, changes of address, password and second factors, recoveries, applications and API keys: the
/// newest first, for as long as the realm keeps its audit trail.
#[utoipa::path(
    get, path = "/api/v1/me/activity", tag = "Account", operation_id = "list_my_activity", params(ActivityListing),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "One page", body = ActivityPage),
        (status = 400, description = "`invalid_query`", body = ProblemDocument),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    caller: SignedIn,
    State(app): State<App>,
    Query(listing): Query<ActivityListing>,
) -> Result<Json<ActivityPage>, Problem> {
    let (whose, limit) = ((caller.user.realm, caller.user.id), listing.limit.get() as usize);
    let found = accounts::history(&app, whose, listing.cursor, limit).await?;
    let next_cursor = found.next.map(|id| id.to_string());
    Ok(Json(ActivityPage { activity: found.acts.into_iter().map(ActView::from).collect(), next_cursor }))
}
