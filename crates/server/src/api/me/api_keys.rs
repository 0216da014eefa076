//! `/api/v1/me/api-keys`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::ApiKeyId;

use crate::{
    App,
    accounts::Who,
    api::key_view::{FreshKey, KeyListing, KeyPage, NewKey, Rotation},
    api_keys::{self, Dealing},
    http::{Json, KeyOwner, Now, PathId, Problem, Query, SignedIn, Where, problem::ProblemDocument},
    realm::InRealm,
};

fn own(caller: &SignedIn, origin: Where) -> Dealing {
    Dealing::with_those_of_user(caller.user.id, Who::themselves(caller, origin))
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
    KeyOwner(caller): KeyOwner,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Query(listing): Query<KeyListing>,
) -> Result<Json<KeyPage>, Problem> {
    listing.page(&app, &realm, own(&caller, origin), now).await
}

/// Make an API key
///
/// The key itself is in the answer and is never shown again.
#[utoipa::path(
    post, path = "/api/v1/me/api-keys", tag = "API keys", operation_id = "create_api_key", request_body = NewKey,
    security(("bearer" = [])),
    responses(
        (status = 201, description = "The key, shown this once", body = FreshKey),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 409, description = "`too_many`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`: among others a scope beyond your own rights", body = ProblemDocument),
    )
)]
pub(super) async fn create(
    KeyOwner(caller): KeyOwner,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<NewKey>,
) -> Result<(StatusCode, Json<FreshKey>), Problem> {
    let made = api_keys::create(&app, &realm, own(&caller, origin), body.parse(now)?, now).await?;
    Ok((StatusCode::CREATED, FreshKey::show(&made)))
}

/// Replace an API key
///
/// The successor has the same name and scopes, and lives as long as the old key was made for.
#[utoipa::path(
    post, path = "/api/v1/me/api-keys/{id}/rotate", tag = "API keys", operation_id = "rotate_api_key",
    request_body = Rotation, security(("bearer" = [])), params(("id" = String, Path, description = "As listed")),
    responses(
        (status = 201, description = "The successor, shown this once", body = FreshKey),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 404, description = "`not_found`: no live key of this account has the id", body = ProblemDocument),
        (status = 409, description = "`already_rotated`: it has a successor", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn rotate(
    KeyOwner(caller): KeyOwner,
    realm: InRealm,
    PathId(id): PathId<ApiKeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<Rotation>,
) -> Result<(StatusCode, Json<FreshKey>), Problem> {
    let made = api_keys::rotate(&app, &realm, own(&caller, origin), id, body.overlap(), now).await?;
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
    KeyOwner(caller): KeyOwner,
    realm: InRealm,
    PathId(id): PathId<ApiKeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    api_keys::revoke(&app, &realm, own(&caller, origin), id, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
