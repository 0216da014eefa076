//! `/api/v1/organizations/{id}/api-keys`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{ApiKeyId, OrganizationId, Timestamp};

use crate::{
    App,
    accounts::Who,
    api::key_view::{FreshKey, KeyListing, KeyPage, NewKey, Rotation},
    api_keys::{self, Dealing},
    http::{Json, KeyOwner, Now, PathId, PathIds, Problem, Query, SignedIn, Where, problem::ProblemDocument},
    organizations::By,
    realm::InRealm,
};

fn those_of(
    organization: OrganizationId,
    caller: &SignedIn,
    realm: &InRealm,
    (origin, now): (Where, Timestamp),
) -> Dealing {
    let by = By::member(caller, realm, now);
    Dealing::with_those_of_organization(organization, (caller.user.id, by), Who::themselves(caller, origin))
}

/// List an organization's API keys
#[utoipa::path(
    get, path = "/api/v1/organizations/{id}/api-keys", tag = "Organizations",
    operation_id = "list_organization_api_keys", security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization"), KeyListing),
    responses(
        (status = 200, description = "One page of keys that were not revoked", body = KeyPage),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`missing_permission`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    KeyOwner(caller): KeyOwner,
    realm: InRealm,
    PathId(id): PathId<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Query(listing): Query<KeyListing>,
) -> Result<Json<KeyPage>, Problem> {
    listing.page(&app, &realm, those_of(id, &caller, &realm, (origin, now)), now).await
}

/// Make an API key of an organization
///
/// It stands for the organization and not for who makes it, and stays when they leave. The key itself is in the answer and is
/// never shown again.
#[utoipa::path(
    post, path = "/api/v1/organizations/{id}/api-keys", tag = "Organizations",
    operation_id = "create_organization_api_key", request_body = NewKey, security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization")),
    responses(
        (status = 201, description = "The key, shown this once", body = FreshKey),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`missing_permission`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`too_many`", body = ProblemDocument),
        (
            status = 422, body = ProblemDocument,
            description = "`invalid_field`: among others a scope beyond your own rights in the organization",
        ),
    )
)]
pub(super) async fn create(
    KeyOwner(caller): KeyOwner,
    realm: InRealm,
    PathId(id): PathId<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<NewKey>,
) -> Result<(StatusCode, Json<FreshKey>), Problem> {
    let dealing = those_of(id, &caller, &realm, (origin, now));
    let made = api_keys::create(&app, &realm, dealing, body.parse(now)?, now).await?;
    Ok((StatusCode::CREATED, FreshKey::show(&made)))
}

/// Replace an API key of an organization
///
/// The successor has the same name and scopes, which must be within your own rights there, and lives as long as the old key was
/// made for.
#[utoipa::path(
    post, path = "/api/v1/organizations/{id}/api-keys/{key_id}/rotate", tag = "Organizations",
    operation_id = "rotate_organization_api_key", request_body = Rotation, security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization"), ("key_id" = String, Path, description = "As listed")),
    responses(
        (status = 201, description = "The successor, shown this once", body = FreshKey),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`missing_permission`", body = ProblemDocument),
        (status = 404, description = "`not_found`: no live key of this organization has the id", body = ProblemDocument),
        (status = 409, description = "`already_rotated`: it has a successor", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn rotate(
    KeyOwner(caller): KeyOwner,
    realm: InRealm,
    PathIds(id, key): PathIds<OrganizationId, ApiKeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<Rotation>,
) -> Result<(StatusCode, Json<FreshKey>), Problem> {
    let dealing = those_of(id, &caller, &realm, (origin, now));
    let made = api_keys::rotate(&app, &realm, dealing, key, body.overlap(), now).await?;
    Ok((StatusCode::CREATED, FreshKey::show(&made)))
}

/// Revoke an API key of an organization
#[utoipa::path(
    delete, path = "/api/v1/organizations/{id}/api-keys/{key_id}", tag = "Organizations",
    operation_id = "revoke_organization_api_key", security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization"), ("key_id" = String, Path, description = "As listed")),
    responses(
        (status = 204, description = "The key is refused from now on"),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`missing_permission` or `beyond_rights`", body = ProblemDocument),
        (status = 404, description = "`not_found`: no live key of this organization has the id", body = ProblemDocument),
    )
)]
pub(super) async fn revoke(
    KeyOwner(caller): KeyOwner,
    realm: InRealm,
    PathIds(id, key): PathIds<OrganizationId, ApiKeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    api_keys::revoke(&app, &realm, those_of(id, &caller, &realm, (origin, now)), key, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
