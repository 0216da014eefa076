//! `/api/v1/admin/webhooks/{id}/deliveries`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{EventId, Timestamp, WebhookId, webhook::DeliveryState};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    App,
    accounts::Who,
    http::{
        Admin, Json, Now, PathId, PathIds, Problem, Query, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    realm::InRealm,
    webhooks::{self, Message},
};

/// A message for a webhook, and what became of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = WebhookDelivery)]
pub struct DeliveryView {
    /// What the receiver finds in `webhook-id`; the event in the audit trail has the same.
    #[schema(value_type = String, example = "evt_06fj5k2m8nqv3w1t7x9y4z0abc")]
    id: EventId,
    #[schema(value_type = String, example = "user.created")]
    event: &'static str,
    /// `waiting`, `delivered`, or `dead`: it was tried ten times within three days, and did not arrive.
    #[schema(value_type = String, example = "delivered")]
    state: &'static str,
    /// When it happened.
    #[schema(value_type = String)]
    created_at: Timestamp,
    /// How often it was sent.
    attempts: u32,
    #[schema(value_type = Option<String>)]
    last_attempt_at: Option<Timestamp>,
    /// What came of it then: the status that was answered, or `too_slow`, `broken`, `no_connection`, `address_refused` or
    /// `secret_unreadable`.
    #[schema(example = "204")]
    last_answer: Option<String>,
    /// When it is sent next, as far as is known: not while its webhook is left alone, because it took nothing of late. `null`: not any
    /// more, or not while the webhook is off.
    #[schema(value_type = Option<String>)]
    next_attempt_at: Option<Timestamp>,
    /// The document that is sent. Only where one message is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    body: Option<Value>,
}

impl From<&Message> for DeliveryView {
    fn from(Message { delivery, next_attempt_at }: &Message) -> Self {
        Self {
            id: delivery.id,
            event: delivery.event.name(),
            state: delivery.state().name(),
            created_at: delivery.created_at,
            attempts: delivery.attempts,
            last_attempt_at: delivery.last.map(|(at, _)| at),
            last_answer: delivery.last.map(|(_, answer)| answer.to_string()),
            next_attempt_at: *next_attempt_at,
            body: None,
        }
    }
}

impl DeliveryView {
    /// For a table of `gatepost webhook deliveries`.
    pub fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.event.to_owned(),
            self.state.to_owned(),
            self.attempts.to_string(),
            self.last_answer.clone().unwrap_or_else(|| "-".to_owned()),
            self.created_at.to_string(),
        ]
    }
}

/// Which messages to list.
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
    /// Only those of which that has become.
    #[param(inline)]
    state: Option<Became>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Became {
    Waiting,
    Delivered,
    Dead,
}

impl From<Became> for DeliveryState {
    fn from(became: Became) -> Self {
        match became {
            Became::Waiting => Self::Waiting,
            Became::Delivered => Self::Delivered,
            Became::Dead => Self::Dead,
        }
    }
}

/// One page of messages, the newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct WebhookDeliveryPage {
    deliveries: Vec<DeliveryView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// List the deliveries to a webhook
///
/// Of the last 30 days.
#[utoipa::path(
    get, path = "/api/v1/admin/webhooks/{id}/deliveries", tag = "Administration", operation_id = "list_webhook_deliveries",
    security(("bearer" = [])), params(("id" = String, Path), Listing),
    responses(
        (status = 200, description = "One page", body = WebhookDeliveryPage),
        (status = 400, description = "`invalid_query`", body = ProblemDocument),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    _admin: Admin,
    realm: InRealm,
    PathId(id): PathId<WebhookId>,
    State(app): State<App>,
    Query(listing): Query<Listing>,
) -> Result<Json<WebhookDeliveryPage>, Problem> {
    let limit = listing.limit;
    let shown = webhooks::Shown {
        state: listing.state.map(DeliveryState::from),
        before: listing.cursor,
        limit: limit.and_one(),
    };
    let found = webhooks::deliveries(&app, (realm.id(), id), shown).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.delivery.id.to_string());
    Ok(Json(WebhookDeliveryPage { deliveries: found.iter().map(DeliveryView::from).collect(), next_cursor }))
}

/// Show a delivery to a webhook
///
/// With the document that is sent.
#[utoipa::path(
    get, path = "/api/v1/admin/webhooks/{id}/deliveries/{delivery_id}", tag = "Administration",
    operation_id = "get_webhook_delivery", security(("bearer" = [])),
    params(("id" = String, Path), ("delivery_id" = String, Path)),
    responses(
        (status = 200, description = "The message", body = DeliveryView),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn show(
    _admin: Admin,
    realm: InRealm,
    PathIds(id, message): PathIds<WebhookId, EventId>,
    State(app): State<App>,
) -> Result<Json<DeliveryView>, Problem> {
    let found = webhooks::delivery(&app, realm.id(), id, message).await?;
    let body = serde_json::from_str(&found.delivery.body).map_err(Problem::internal)?;
    Ok(Json(DeliveryView { body: Some(body), ..DeliveryView::from(&found) }))
}

/// Send a message once more
///
/// One that is not tried any more, whether it arrived or not, with the same id and the same document. One that waits is sent anyway,
/// and stays as it is.
#[utoipa::path(
    post, path = "/api/v1/admin/webhooks/{id}/deliveries/{delivery_id}/replay", tag = "Administration",
    operation_id = "replay_webhook_delivery", security(("bearer" = [])),
    params(("id" = String, Path), ("delivery_id" = String, Path)),
    responses(
        (status = 202, description = "It is sent once more"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn replay(
    Admin(admin): Admin,
    realm: InRealm,
    PathIds(id, message): PathIds<WebhookId, EventId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let who = Who::administrator(&admin, origin);
    webhooks::replay(&app, realm.id(), (id, message), who, now).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Which messages are sent once more.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookReplay {
    /// Those that were queued from this moment on, RFC 3339.
    #[schema(value_type = String, example = "2026-11-22T09:30:00Z")]
    since: Timestamp,
}

/// How many messages are sent once more.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct WebhookReplayed {
    replayed: u64,
}

/// Send all messages once more that did not arrive
///
/// Those that are `dead`, the oldest first.
#[utoipa::path(
    post, path = "/api/v1/admin/webhooks/{id}/replay", tag = "Administration", operation_id = "replay_webhook_deliveries",
    request_body = WebhookReplay, security(("bearer" = [])), params(("id" = String, Path)),
    responses(
        (status = 202, description = "They are sent once more", body = WebhookReplayed),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn replay_dead(
    Admin(admin): Admin,
    realm: InRealm,
    PathId(id): PathId<WebhookId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<WebhookReplay>,
) -> Result<(StatusCode, Json<WebhookReplayed>), Problem> {
    let who = Who::administrator(&admin, origin);
    let replayed = webhooks::replay_dead(&app, realm.id(), (id, body.since), who, now).await?;
    Ok((StatusCode::ACCEPTED, Json(WebhookReplayed { replayed })))
}
