//! `/api/v1/admin/clients`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{Client, ClientId, ClientSettings, Secret, Timestamp, lifetime};
use gatepost_store::clients as stored;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    App,
    accounts::{Who, field},
    clients::{self, Made},
    http::{
        Admin, IfMatch, Json, Now, PathId, PathIdIf, Problem, Query, Shown, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    realm::InRealm,
};

/// An OAuth client, without its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Client)]
pub struct ClientView {
    /// The `client_id`.
    #[schema(example = "web")]
    id: String,
    /// It can keep no secret, and has none.
    public: bool,
    /// How it came to be: `managed`, or by itself: `open`, `initial_access_token` or `document`.
    #[schema(value_type = String, example = "managed")]
    origin: &'static str,
    #[schema(value_type = String)]
    created_at: Timestamp,
    #[schema(value_type = String)]
    updated_at: Timestamp,
    /// With the names of the declarative file.
    #[schema(value_type = Object)]
    settings: ClientSettings,
}

impl From<&Client> for ClientView {
    fn from(client: &Client) -> Self {
        Self {
            id: client.id.to_string(),
            public: client.is_public(),
            origin: client.origin.as_str(),
            created_at: client.created_at,
            updated_at: client.updated_at,
            settings: client.settings.clone(),
        }
    }
}

impl ClientView {
    /// For a table of `gatepost client list`.
    pub fn row(&self) -> Vec<String> {
        let name =
            self.settings.name.as_ref().map_or_else(|| "-".to_owned(), |name| name.as_str().to_owned());
        let kind = if self.public { "public" } else { "confidential" }.to_owned();
        vec![self.id.clone(), name, kind, self.settings.scopes.to_string()]
    }
}

/// Which clients to list.
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
    cursor: Option<ClientId>,
}

/// One page of clients, by id.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ClientPage {
    clients: Vec<ClientView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// List clients
#[utoipa::path(
    get, path = "/api/v1/admin/clients", tag = "Administration", operation_id = "list_clients", params(Listing),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "One page", body = ClientPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    _admin: Admin,
    realm: InRealm,
    State(app): State<App>,
    Query(listing): Query<Listing>,
) -> Result<Json<ClientPage>, Problem> {
    let (realm, limit) = (realm.id(), listing.limit);
    let found = app
        .db()
        .read("list clients", move |tx| {
            let cursor = listing.cursor.clone();
            Box::pin(async move { stored::list(tx, realm, cursor.as_ref(), limit.and_one()).await })
        })
        .await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    Ok(Json(ClientPage { clients: found.iter().map(ClientView::from).collect(), next_cursor }))
}

/// Show a client
#[utoipa::path(
    get, path = "/api/v1/admin/clients/{id}", tag = "Administration", operation_id = "get_client",
    security(("bearer" = [])), params(("id" = String, Path, description = "The `client_id`")),
    responses(
        (status = 200, description = "The client", body = ClientView, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn show(
    _admin: Admin,
    realm: InRealm,
    PathId(id): PathId<ClientId>,
    State(app): State<App>,
) -> Result<Shown<ClientView>, Problem> {
    let found = clients::find(&app, realm.id(), id).await?.ok_or(Problem::NotFound)?;
    Ok(Shown::new(&found, ClientView::from(&found)))
}

/// A client, and its new secret if it was given one.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ClientAndSecret {
    #[serde(flatten)]
    client: ClientView,
    /// Shown this once; only its digest is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "gp_cs_…")]
    secret: Option<String>,
}

fn shown(made: &Made) -> Shown<ClientAndSecret> {
    let secret = made.secret.as_ref().map(Secret::reveal).map(str::to_owned);
    Shown::new(&made.client, ClientAndSecret { client: ClientView::from(&made.client), secret })
}

/// A client to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClient {
    /// The `client_id`: 1 to 64 of `A-Z`, `a-z`, `0-9`, `.`, `_` and `-`.
    #[schema(example = "web")]
    id: String,
    /// With the names of the declarative file; those that are not named have their defaults.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"name": "Web app", "redirect_uris": ["https://app.example.com/callback"]}))]
    settings: Map<String, Value>,
}

/// Make a client
///
/// It is given a secret, shown this once, unless its `token_endpoint_auth_method` is `private_key_jwt` or `none`.
#[utoipa::path(
    post, path = "/api/v1/admin/clients", tag = "Administration", operation_id = "create_client",
    request_body = NewClient, security(("bearer" = [])),
    responses(
        (status = 201, description = "The client", body = ClientAndSecret, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 409, description = "`client_exists`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`: it names the setting and what would do", body = ProblemDocument),
    )
)]
pub(super) async fn create(
    Admin(admin): Admin,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<NewClient>,
) -> Result<(StatusCode, Shown<ClientAndSecret>), Problem> {
    let id = body.id.parse().map_err(|refused| field("id", refused))?;
    let settings = ClientSettings::default().with(&body.settings)?;
    let who = Who::administrator(&admin, origin);
    let made = clients::create(&app, realm.id(), id, settings, who, now).await?;
    Ok((StatusCode::CREATED, shown(&made)))
}

/// What is to be different.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientChange {
    /// The settings that change; `null` for the default.
    #[schema(value_type = Object, example = json!({"require_pushed_authorization_requests": true}))]
    settings: Map<String, Value>,
}

/// Change a client
///
/// Only the settings that are named. A client that from now on proves itself with a secret is given one; one that does so no
/// longer loses it.
#[utoipa::path(
    patch, path = "/api/v1/admin/clients/{id}", tag = "Administration", operation_id = "change_client",
    request_body = ClientChange, security(("bearer" = [])),
    params(("id" = String, Path, description = "The `client_id`"), IfMatch),
    responses(
        (status = 200, description = "The client", body = ClientAndSecret, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`: it names the setting and what would do", body = ProblemDocument),
    )
)]
pub(super) async fn change(
    Admin(admin): Admin,
    realm: InRealm,
    PathIdIf(id, states): PathIdIf<ClientId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<ClientChange>,
) -> Result<Shown<ClientAndSecret>, Problem> {
    let who = Who::administrator(&admin, origin).meaning(states);
    Ok(shown(&clients::update(&app, realm.id(), id, body.settings, who, now).await?))
}

/// Remove a client
///
/// With its grants and API keys.
#[utoipa::path(
    delete, path = "/api/v1/admin/clients/{id}", tag = "Administration", operation_id = "remove_client",
    security(("bearer" = [])), params(("id" = String, Path, description = "The `client_id`"), IfMatch),
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
    PathIdIf(id, states): PathIdIf<ClientId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let who = Who::administrator(&admin, origin).meaning(states);
    clients::delete(&app, realm.id(), id, who, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a secret is replaced.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretRotation {
    /// How long the secret before stays good: `24h` unless given, `0s` for one that leaked, `30d` at most.
    #[schema(nullable = false, example = "24h")]
    overlap: Option<String>,
}

/// Replace a client's secret
///
/// The answer shows the new one, this once. Both are good while the overlap lasts; with `client_secret_jwt` only the new one.
#[utoipa::path(
    post, path = "/api/v1/admin/clients/{id}/secret", tag = "Administration", operation_id = "rotate_client_secret",
    request_body = SecretRotation, security(("bearer" = [])),
    params(("id" = String, Path, description = "The `client_id`"), IfMatch),
    responses(
        (status = 200, description = "The client and its secret", body = ClientAndSecret),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`no_secret`", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn rotate_secret(
    Admin(admin): Admin,
    realm: InRealm,
    PathIdIf(id, states): PathIdIf<ClientId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<SecretRotation>,
) -> Result<Shown<ClientAndSecret>, Problem> {
    let overlap = lifetime::parse(body.overlap.as_deref().unwrap_or("24h"));
    let overlap = overlap.map_err(|refused| field("overlap", refused))?;
    let who = Who::administrator(&admin, origin).meaning(states);
    Ok(shown(&clients::rotate_secret(&app, realm.id(), id, overlap, who, now).await?))
}
