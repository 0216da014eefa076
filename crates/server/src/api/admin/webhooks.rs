//! `/api/v1/admin/webhooks`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{
    DisplayName, EventId, Timestamp, WebUri, Webhook, WebhookId, lifetime,
    webhook::{Events, Form},
};
use gatepost_jose::webhook::Secret;
use serde::{Deserialize, Serialize};

use crate::{
    App,
    accounts::{Who, field, given},
    http::{
        Admin, IfMatch, Json, Now, PathId, PathIdIf, Problem, Query, Shown, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    realm::InRealm,
    webhooks::{self, Change, Made, Wanted},
};

/// Somebody who is told of what happens in the realm, without the secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookView {
    #[schema(value_type = String, example = "whk_06fj5k2m8nqv3w1t7x9y4z0abc")]
    id: WebhookId,
    /// Where messages are sent.
    #[schema(example = "https://app.example.com/hooks/auth")]
    url: String,
    /// What it is for.
    name: Option<String>,
    /// Of what it is told; `*` is everything.
    #[schema(example = json!(["user.created", "user.deleted"]))]
    events: Vec<&'static str>,
    /// How it is told: `standard`, or `zalt` or `scalekit` for a receiver that was written for one of these.
    #[schema(value_type = String, example = "standard")]
    form: &'static str,
    /// `on`; `off`, by somebody; `gone`, for it answered 410; or `failing`, for nothing arrived there for three days.
    #[schema(value_type = String, example = "on")]
    state: &'static str,
    /// Until when messages are signed with the secret before, too.
    #[schema(value_type = Option<String>)]
    previous_secret_until: Option<Timestamp>,
    #[schema(value_type = String)]
    created_at: Timestamp,
    #[schema(value_type = String)]
    updated_at: Timestamp,
}

impl From<&Webhook> for WebhookView {
    fn from(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url.to_string(),
            name: webhook.name.as_ref().map(|name| name.as_str().to_owned()),
            events: webhook.events.names(),
            form: webhook.form.name(),
            state: webhook.state.name(),
            previous_secret_until: webhook.previous_secret.as_ref().map(|(_, until)| *until),
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
        }
    }
}

impl WebhookView {
    /// For a table of `gatepost webhook`.
    pub fn row(&self) -> Vec<String> {
        let name = self.name.clone().unwrap_or_else(|| "-".to_owned());
        let (state, form) = (self.state.to_owned(), self.form.to_owned());
        vec![self.id.to_string(), state, form, name, self.url.clone(), self.events.join(" ")]
    }
}

/// A webhook, and its secret if it was given one.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookAndSecret {
    #[serde(flatten)]
    webhook: WebhookView,
    /// What messages are signed with. Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_…")]
    secret: Option<String>,
}

impl From<&Made> for WebhookAndSecret {
    fn from(made: &Made) -> Self {
        Self {
            webhook: (&made.webhook).into(),
            secret: made.secret.as_ref().map(|secret| secret.as_str().to_owned()),
        }
    }
}

fn shown(made: &Made) -> Shown<WebhookAndSecret> {
    Shown::new(&made.webhook, made.into())
}

/// Which webhooks to list.
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
    cursor: Option<WebhookId>,
}

/// One page of webhooks, in the order they were made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct WebhookPage {
    webhooks: Vec<WebhookView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// List webhooks
#[utoipa::path(
    get, path = "/api/v1/admin/webhooks", tag = "Administration", operation_id = "list_webhooks", params(Listing),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "One page", body = WebhookPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    _admin: Admin,
    realm: InRealm,
    State(app): State<App>,
    Query(listing): Query<Listing>,
) -> Result<Json<WebhookPage>, Problem> {
    let limit = listing.limit;
    let found = webhooks::list(&app, realm.id(), listing.cursor, limit.and_one()).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    Ok(Json(WebhookPage { webhooks: found.iter().map(WebhookView::from).collect(), next_cursor }))
}

/// Show a webhook
#[utoipa::path(
    get, path = "/api/v1/admin/webhooks/{id}", tag = "Administration", operation_id = "get_webhook",
    security(("bearer" = [])), params(("id" = String, Path)),
    responses(
        (status = 200, description = "The webhook", body = WebhookView, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn show(
    _admin: Admin,
    realm: InRealm,
    PathId(id): PathId<WebhookId>,
    State(app): State<App>,
) -> Result<Shown<WebhookView>, Problem> {
    let found = webhooks::find(&app, realm.id(), id).await?;
    Ok(Shown::new(&found, WebhookView::from(&found)))
}

/// A webhook to be made.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWebhook {
    /// Where messages are sent: an `https` URL of the public internet.
    #[schema(example = "https://app.example.com/hooks/auth")]
    url: String,
    /// What it is for.
    #[schema(nullable = false, example = "The ledger")]
    name: Option<String>,
    /// Of what it is told; `["*"]` for everything, also what a later release tells of.
    #[schema(example = json!(["user.created", "user.deleted"]))]
    events: Vec<String>,
    /// How it is told: `standard` unless given; `zalt` or `scalekit` for a receiver that was written for one of these. It stays.
    #[schema(nullable = false, example = "standard")]
    form: Option<String>,
    /// What messages are signed with: `whsec_` and base64 of 24 to 64 bytes, for a receiver that has one already. A fresh one unless
    /// given.
    #[schema(nullable = false)]
    secret: Option<String>,
}

fn url(text: &str) -> Result<WebUri, Problem> {
    text.parse().map_err(|refused| field("url", refused))
}

fn name(text: &str) -> Result<DisplayName, Problem> {
    text.parse().map_err(|refused| field("name", refused))
}

fn events(names: &[String]) -> Result<Events, Problem> {
    Events::choose(names.iter().map(String::as_str)).map_err(|refused| field("events", refused))
}

/// Make a webhook
///
/// From now on it is sent a signed message for each of its events. The secret to verify them with is shown this once.
#[utoipa::path(
    post, path = "/api/v1/admin/webhooks", tag = "Administration", operation_id = "create_webhook",
    request_body = NewWebhook, security(("bearer" = [])),
    responses(
        (status = 201, description = "The webhook and its secret", body = WebhookAndSecret, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 409, description = "`too_many`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn create(
    Admin(admin): Admin,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<NewWebhook>,
) -> Result<(StatusCode, Shown<WebhookAndSecret>), Problem> {
    let secret = body.secret.as_deref().map(str::parse::<Secret>).transpose();
    let form = body.form.as_deref().map(str::parse::<Form>).transpose();
    let wanted = Wanted {
        url: url(&body.url)?,
        name: body.name.as_deref().map(name).transpose()?,
        events: events(&body.events)?,
        form: form.map_err(|refused| field("form", refused))?.unwrap_or_default(),
        secret: secret.map_err(|refused| field("secret", refused))?,
    };
    let made = webhooks::create(&app, realm.id(), wanted, Who::administrator(&admin, origin), now).await?;
    Ok((StatusCode::CREATED, shown(&made)))
}

/// What is to be different. What is absent stays.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookChange {
    #[schema(nullable = false)]
    url: Option<String>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    #[schema(nullable = false)]
    events: Option<Vec<String>>,
    /// Whether it is told at all. What waited while it was off is sent when it is turned on; what happened meanwhile is not.
    #[schema(nullable = false)]
    enabled: Option<bool>,
}

/// Change a webhook
#[utoipa::path(
    patch, path = "/api/v1/admin/webhooks/{id}", tag = "Administration", operation_id = "change_webhook",
    request_body = WebhookChange, security(("bearer" = [])), params(("id" = String, Path), IfMatch),
    responses(
        (status = 200, description = "The webhook", body = WebhookView, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn change(
    Admin(admin): Admin,
    realm: InRealm,
    PathIdIf(id, states): PathIdIf<WebhookId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<WebhookChange>,
) -> Result<Shown<WebhookView>, Problem> {
    let change = Change {
        url: body.url.as_deref().map(url).transpose()?,
        name: body.name.map(|text| text.as_deref().map(name).transpose()).transpose()?,
        events: body.events.as_deref().map(events).transpose()?,
        enabled: body.enabled,
    };
    let who = Who::administrator(&admin, origin).meaning(states);
    let changed = webhooks::update(&app, realm.id(), id, change, who, now).await?;
    Ok(Shown::new(&changed, WebhookView::from(&changed)))
}

/// Remove a webhook
///
/// What waits for it is not sent any more, and what became of its messages is forgotten.
#[utoipa::path(
    delete, path = "/api/v1/admin/webhooks/{id}", tag = "Administration", operation_id = "remove_webhook",
    security(("bearer" = [])), params(("id" = String, Path), IfMatch),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
    )
)]
pub(super) async fn remove(
    Admin(admin): Admin,
    realm: InRealm,
    PathIdIf(id, states): PathIdIf<WebhookId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let who = Who::administrator(&admin, origin).meaning(states);
    webhooks::delete(&app, realm.id(), id, who, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How the secret of a webhook is replaced.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookSecretRotation {
    /// How long messages are signed with the secret before, too: `24h` unless given, `0s` for one that leaked, `30d` at most. A webhook of
    /// the form `zalt` has room for one signature: `0s` is all it takes.
    #[schema(nullable = false, example = "24h")]
    overlap: Option<String>,
}

/// Replace the secret of a webhook
///
/// The answer shows the new one, this once. While the overlap lasts each message has a signature by either, so that the receiver can
/// be changed in the meantime.
#[utoipa::path(
    post, path = "/api/v1/admin/webhooks/{id}/secret", tag = "Administration", operation_id = "rotate_webhook_secret",
    request_body = WebhookSecretRotation, security(("bearer" = [])), params(("id" = String, Path), IfMatch),
    responses(
        (status = 200, description = "The webhook and its secret", body = WebhookAndSecret),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn rotate_secret(
    Admin(admin): Admin,
    realm: InRealm,
    PathIdIf(id, states): PathIdIf<WebhookId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<WebhookSecretRotation>,
) -> Result<Shown<WebhookAndSecret>, Problem> {
    let overlap = body.overlap.as_deref().map(lifetime::parse).transpose();
    let overlap = overlap.map_err(|refused| field("overlap", refused))?;
    let who = Who::administrator(&admin, origin).meaning(states);
    Ok(shown(&webhooks::rotate_secret(&app, realm.id(), id, overlap, who, now).await?))
}

/// A message that was queued.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct QueuedMessage {
    /// Its id: what the receiver finds in `webhook-id`.
    #[schema(value_type = String, example = "evt_06fj5k2m8nqv3w1t7x9y4z0abc")]
    id: EventId,
}

/// Test a webhook
///
/// Sends it a message `webhook.test`, whatever it chose. What became of that is among its messages.
#[utoipa::path(
    post, path = "/api/v1/admin/webhooks/{id}/test", tag = "Administration", operation_id = "test_webhook",
    security(("bearer" = [])), params(("id" = String, Path)),
    responses(
        (status = 202, description = "Queued", body = QueuedMessage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`webhook_off`", body = ProblemDocument),
    )
)]
pub(super) async fn test(
    Admin(admin): Admin,
    realm: InRealm,
    PathId(id): PathId<WebhookId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<(StatusCode, Json<QueuedMessage>), Problem> {
    let message = webhooks::test(&app, realm.id(), id, Who::administrator(&admin, origin), now).await?;
    Ok((StatusCode::ACCEPTED, Json(QueuedMessage { id: message })))
}
