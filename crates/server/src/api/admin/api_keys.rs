//! `/api/v1/admin/users/{id}/api-keys`, `/api/v1/admin/organizations/{id}/api-keys`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{ApiKeyId, OrganizationId, UserId};

use crate::{
    App,
    accounts::Who,
    api::key_view::{KeyListing, KeyPage},
    api_keys::{self, Dealing},
    http::{Admin, Json, Now, PathId, PathIds, Problem, Query, Where, problem::ProblemDocument},
    realm::InRealm,
};

/// List a user's API keys
///
/// Without their secrets, which nobody can show.
#[utoipa::path(
    get, path = "/api/v1/admin/users/{id}/api-keys", tag = "Administration", operation_id = "admin_list_api_keys",
    security(("bearer" = [])), params(("id" = String, Path, description = "The user"), KeyListing),
    responses(
        (status = 200, description = "One page of keys that were not revoked", body = KeyPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    Admin(admin): Admin,
    realm: InRealm,
    PathId(user): PathId<UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Query(listing): Query<KeyListing>,
) -> Result<Json<KeyPage>, Problem> {
    let dealing = Dealing::with_those_of_user(user, Who::administrator(&admin, origin));
    listing.page(&app, &realm, dealing, now).await
}

/// Revoke every API key of a user
#[utoipa::path(
    delete, path = "/api/v1/admin/users/{id}/api-keys", tag = "Administration", operation_id = "admin_revoke_api_keys",
    security(("bearer" = [])), params(("id" = String, Path, description = "The user")),
    responses(
        (status = 204, description = "No key of the user is good any more"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn revoke_all(
    Admin(admin): Admin,
    realm: InRealm,
    PathId(user): PathId<UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    api_keys::revoke_all(&app, realm.id(), user, Who::administrator(&admin, origin), now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revoke an API key of a user
#[utoipa::path(
    delete, path = "/api/v1/admin/users/{id}/api-keys/{key_id}", tag = "Administration",
    operation_id = "admin_revoke_api_key", security(("bearer" = [])),
    params(("id" = String, Path, description = "The user"), ("key_id" = String, Path, description = "As listed")),
    responses(
        (status = 204, description = "The key is refused from now on"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`: no live key of this user has the id", body = ProblemDocument),
    )
)]
pub(super) async fn revoke(
    Admin(admin): Admin,
    realm: InRealm,
    PathIds(user, id): PathIds<UserId, ApiKeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let dealing = Dealing::with_those_of_user(user, Who::administrator(&admin, origin));
    api_keys::revoke(&app, &realm, dealing, id, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List an organization's API keys
///
/// Without their secrets, which nobody can show.
#[utoipa::path(
    get, path = "/api/v1/admin/organizations/{id}/api-keys", tag = "Administration",
    operation_id = "admin_list_organization_api_keys", security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization"), KeyListing),
    responses(
        (status = 200, description = "One page of keys that were not revoked", body = KeyPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn list_of_organization(
    Admin(admin): Admin,
    realm: InRealm,
    PathId(organization): PathId<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Query(listing): Query<KeyListing>,
) -> Result<Json<KeyPage>, Problem> {
    let who = Who::administrator(&admin, origin);
    listing.page(&app, &realm, Dealing::for_the_realm(organization, admin.user.id, who), now).await
}

/// Revoke an API key of an organization
#[utoipa::path(
    delete, path = "/api/v1/admin/organizations/{id}/api-keys/{key_id}", tag = "Administration",
    operation_id = "admin_revoke_organization_api_key", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The organization"),
        ("key_id" = String, Path, description = "As listed"),
    ),
    responses(
        (status = 204, description = "The key is refused from now on"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`: no live key of this organization has the id", body = ProblemDocument),
    )
)]
pub(super) async fn revoke_of_organization(
    Admin(admin): Admin,
    realm: InRealm,
    PathIds(organization, id): PathIds<OrganizationId, ApiKeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let who = Who::administrator(&admin, origin);
    let dealing = Dealing::for_the_realm(organization, admin.user.id, who);
    api_keys::revoke(&app, &realm, dealing, id, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
