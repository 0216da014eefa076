//! `/api/v1/organizations/{id}/members`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{OrganizationId, UserId};

use super::view::{MemberChange, MemberListing, MemberPage, MemberView};
use crate::{
    App,
    accounts::Who,
    http::{Entitled, Json, Now, PathId, PathIds, Problem, Query, Where, problem::ProblemDocument},
    organizations::{self, By},
    realm::InRealm,
};

/// List the members of an organization
///
/// For every member. Who of them has no second factor (`mfa`) is for owners, and for members with the permission `organization:manage`.
#[utoipa::path(
    get, path = "/api/v1/organizations/{id}/members", tag = "Organizations", operation_id = "list_members",
    security(("bearer" = [])), params(("id" = String, Path, description = "The organization"), MemberListing),
    responses(
        (status = 200, description = "One page", body = MemberPage),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`mfa_setup_required`, or with `mfa` `missing_permission`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathId(id): PathId<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    Query(listing): Query<MemberListing>,
) -> Result<Json<MemberPage>, Problem> {
    let (by, limit) = (By::member(&caller, &realm, now), listing.limit());
    let (which, cursor) = (listing.has_factor(), listing.cursor);
    let found = organizations::list_members(&app, &realm, id, by, which, cursor, limit.and_one()).await?;
    Ok(Json(MemberPage::cut(found, limit)))
}

/// Give a member other roles
///
/// For owners, and for members with the permission `organization:manage`, who give and take only what they may do
/// themselves.
#[utoipa::path(
    patch, path = "/api/v1/organizations/{id}/members/{user_id}", tag = "Organizations", operation_id = "change_member",
    request_body = MemberChange, security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization"), ("user_id" = String, Path, description = "As listed")),
    responses(
        (status = 200, description = "The member as it is now", body = MemberView),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`missing_permission` or `beyond_rights`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`last_owner`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn change(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathIds(id, user): PathIds<OrganizationId, UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<MemberChange>,
) -> Result<Json<MemberView>, Problem> {
    let roles = organizations::roles(&realm, &body.roles)?;
    let acting = (Who::themselves(&caller, origin), By::member(&caller, &realm, now));
    let member = organizations::set_member(&app, &realm, (id, user), roles, acting, now).await?;
    Ok(Json(MemberView::new(&member)))
}

/// Remove a member, or leave
///
/// Everybody may leave, but for the last owner. To remove somebody else takes what it takes to change their roles.
#[utoipa::path(
    delete, path = "/api/v1/organizations/{id}/members/{user_id}", tag = "Organizations", operation_id = "remove_member",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization"), ("user_id" = String, Path, description = "As listed")),
    responses(
        (status = 204, description = "No member any more"),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`missing_permission` or `beyond_rights`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`last_owner`", body = ProblemDocument),
    )
)]
pub(super) async fn remove(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathIds(id, user): PathIds<OrganizationId, UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let acting = (Who::themselves(&caller, origin), By::member(&caller, &realm, now));
    organizations::remove_member(&app, &realm, (id, user), acting, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
