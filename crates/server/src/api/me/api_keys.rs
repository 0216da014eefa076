//! `/api/v1/me/api-keys`

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{ApiKeyId, Secret, Timestamp, User, api_key::ApiKey};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    accounts::Who,
    api_keys::{self, OVERLAP, Wish},
    http::{
        Json, Now, PathId, Problem, Query, SignedIn, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    realm::InRealm,
};

/// An API key, without its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ApiKey)]
pub struct KeyView {
    #[schema(example = "key_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    id: String,
    #[schema(example = "ci")]
    name: String,
    /// What it may be used for, as far as its owner may.
    #[schema(example = json!(["notes:read"]))]
    scopes: Vec<String>,
    #[schema(value_type = String)]
    created_at: Timestamp,
    /// From when it is refused.
    #[schema(value_type = Option<String>)]
    expires_at: Option<Timestamp>,
    /// When it was last used, to the minute or so.
    #[schema(value_type = Option<String>)]
    last_used_at: Option<Timestamp>,
}

impl From<&ApiKey> for KeyView {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.as_str().to_owned(),
            scopes: key.scopes.iter().map(ToString::to_string).collect(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        }
    }
}

impl KeyView {
    /// For a table of `gatepost api-key list`.
    pub fn row(&self) -> Vec<String> {
        let moment = |moment: Option<Timestamp>| moment.map_or_else(|| "-".to_owned(), |at| at.to_string());
        let (used, end) = (moment(self.last_used_at), moment(self.expires_at));
        vec![self.id.clone(), self.name.clone(), self.scopes.join(" "), used, end]
    }
}

/// A key that was just made. The only answer that holds the key itself.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct FreshKey {
    /// The key. It is shown this once: keep it where secrets are kept.
    #[schema(example = "gp_key_…")]
    key: String,
    #[serde(flatten)]
    view: KeyView,
}

impl FreshKey {
    fn show((key, secret): &(ApiKey, Secret)) -> Json<Self> {
        Json(Self { key: secret.reveal().to_owned(), view: key.into() })
    }
}

/// Which keys to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeyListing {
    /// How many at the most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Limit,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<ApiKeyId>,
}

/// One page of keys, in the order they were made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct KeyPage {
    api_keys: Vec<KeyView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

impl KeyListing {
    /// The page of a user's keys that is asked for.
    pub async fn page(&self, app: &App, owner: &User) -> Result<KeyPage, Problem> {
        let limit = self.limit;
        let found = api_keys::list(app, owner, self.cursor, limit.and_one()).await?;
        let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
        Ok(KeyPage { api_keys: found.iter().map(KeyView::from).collect(), next_cursor })
    }
}

/// List the account's API keys
#[utoipa::path(
    get, path = "/api/v1/me/api-keys", tag = "API keys", operation_id = "list_api_keys", params(KeyListing),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "One page of keys that were not revoked", body = KeyPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    caller: SignedIn,
    State(app): State<App>,
    Query(listing): Query<KeyListing>,
) -> Result<Json<KeyPage>, Problem> {
    Ok(Json(listing.page(&app, &caller.user).await?))
}

/// A key to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    /// What it is for, in your words.
    #[schema(example = "ci")]
    name: String,
    /// What it may be used for; at least one. A scope that is a permission (`notes:read`) must be one of yours.
    #[schema(example = json!(["notes:read"]))]
    scopes: Vec<String>,
    /// Seconds until it is refused; it stays until it is revoked unless given.
    #[schema(example = 7_776_000)]
    expires_in: Option<u32>,
}

/// Make an API key
///
/// The key itself is in the answer and is never shown again.
#[utoipa::path(
    post, path = "/api/v1/me/api-keys", tag = "API keys", operation_id = "create_api_key", request_body = NewKey,
    security(("bearer" = [])),
    responses(
        (status = 201, description = "The key, shown this once", body = FreshKey),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 409, description = "`too_many`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`: among others a scope beyond your own rights", body = ProblemDocument),
    )
)]
pub(super) async fn create(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<NewKey>,
) -> Result<(StatusCode, Json<FreshKey>), Problem> {
    let expires_in = body.expires_in.map(|seconds| Duration::from_secs(seconds.into()));
    let wish = Wish::parse(&body.name, &body.scopes, expires_in, now)?;
    let who = Who::themselves(&caller, origin);
    let made = api_keys::create(&app, &realm, &caller.user, wish, who, now).await?;
    Ok((StatusCode::CREATED, FreshKey::show(&made)))
}

/// How a key is to be replaced.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    /// How long the old key goes on beside the new one; a day unless given, 31 days at most, 0 ends it at once.
    #[schema(example = 86_400)]
    overlap_seconds: Option<u32>,
}

/// Replace an API key
///
/// The successor has the same name and scopes, and lives as long as the old key was made for.
#[utoipa::path(
    post, path = "/api/v1/me/api-keys/{id}/rotate", tag = "API keys", operation_id = "rotate_api_key",
    request_body = Rotation, security(("bearer" = [])), params(("id" = String, Path, description = "As listed")),
    responses(
        (status = 201, description = "The successor, shown this once", body = FreshKey),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 404, description = "`not_found`: no live key of this account has the id", body = ProblemDocument),
        (status = 409, description = "`already_rotated`: it has a successor", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn rotate(
    caller: SignedIn,
    realm: InRealm,
    PathId(id): PathId<ApiKeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<Rotation>,
) -> Result<(StatusCode, Json<FreshKey>), Problem> {
    let overlap = body.overlap_seconds.map_or(OVERLAP, |seconds| Duration::from_secs(seconds.into()));
    let who = Who::themselves(&caller, origin);
    let made = api_keys::rotate(&app, &realm, &caller.user, id, overlap, who, now).await?;
    Ok((StatusCode::CREATED, FreshKey::show(&made)))
}

/// Revoke an API key
#[utoipa::path(
    delete, path = "/api/v1/me/api-keys/{id}", tag = "API keys", operation_id = "revoke_api_key",
    security(("bearer" = [])), params(("id" = String, Path, description = "As listed")),
    responses(
        (status = 204, description = "The key is refused from now on"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 404, description = "`not_found`: no live key of this account has the id", body = ProblemDocument),
    )
)]
pub(super) async fn revoke(
    caller: SignedIn,
    PathId(id): PathId<ApiKeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let who = Who::themselves(&caller, origin);
    api_keys::revoke(&app, caller.user.realm, caller.user.id, id, who, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
