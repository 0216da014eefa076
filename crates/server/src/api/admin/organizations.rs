//! `/api/v1/admin/organizations`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{OrganizationId, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    accounts::Who,
    api::organizations::{
        MemberChange, MemberListing, MemberPage, MemberView, OrganizationChange, OrganizationView,
    },
    http::{
        Admin, IfMatch, Json, Now, PathId, PathIdIf, PathIds, Problem, Query, Shown, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    organizations::{self, By},
    realm::InRealm,
};

/// Which organizations to list.
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
    cursor: Option<OrganizationId>,
    /// Only organizations whose slug contains this text.
    search: Option<String>,
}

/// One page of organizations, in the order they were made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct OrganizationPage {
    organizations: Vec<OrganizationView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// List organizations
#[utoipa::path(
    get, path = "/api/v1/admin/organizations", tag = "Administration", operation_id = "list_organizations",
    params(Listing), security(("bearer" = [])),
    responses(
        (status = 200, description = "One page", body = OrganizationPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    _admin: Admin,
    realm: InRealm,
    State(app): State<App>,
    Query(listing): Query<Listing>,
) -> Result<Json<OrganizationPage>, Problem> {
    page::searchable("search", listing.search.as_deref())?;
    let limit = listing.limit;
    let found =
        organizations::list(&app, realm.id(), listing.search, listing.cursor, limit.and_one()).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    Ok(Json(OrganizationPage {
        organizations: found.iter().map(OrganizationView::from).collect(),
        next_cursor,
    }))
}

/// Show any organization
#[utoipa::path(
    get, path = "/api/v1/admin/organizations/{id}", tag = "Administration", operation_id = "admin_get_organization",
    security(("bearer" = [])), params(("id" = String, Path, description = "As listed")),
    responses(
        (status = 200, description = "The organization", body = OrganizationView, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn show(
    _admin: Admin,
    realm: InRealm,
    PathId(id): PathId<OrganizationId>,
    State(app): State<App>,
) -> Result<Shown<OrganizationView>, Problem> {
    let found = organizations::find(&app, realm.id(), id).await?;
    Ok(Shown::new(&found, OrganizationView::from(&found)))
}

/// Change any organization
#[utoipa::path(
    patch, path = "/api/v1/admin/organizations/{id}", tag = "Administration", operation_id = "admin_change_organization",
    request_body = OrganizationChange, security(("bearer" = [])),
    params(("id" = String, Path, description = "As listed"), IfMatch),
    responses(
        (status = 200, description = "The organization as it is now", body = OrganizationView, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`slug_taken`", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn change(
    Admin(admin): Admin,
    realm: InRealm,
    PathIdIf(id, states): PathIdIf<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<OrganizationChange>,
) -> Result<Shown<OrganizationView>, Problem> {
    let acting = (Who::administrator(&admin, origin).meaning(states), By::Realm);
    let changed = organizations::change(&app, &realm, id, body.parse()?, acting, now).await?;
    Ok(Shown::new(&changed, OrganizationView::from(&changed)))
}

/// Delete any organization
#[utoipa::path(
    delete, path = "/api/v1/admin/organizations/{id}", tag = "Administration", operation_id = "admin_delete_organization",
    security(("bearer" = [])), params(("id" = String, Path, description = "As listed"), IfMatch),
    responses(
        (status = 204, description = "Deleted; accounts stay"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
    )
)]
pub(super) async fn delete(
    Admin(admin): Admin,
    realm: InRealm,
    PathIdIf(id, states): PathIdIf<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let acting = (Who::administrator(&admin, origin).meaning(states), By::Realm);
    organizations::delete(&app, &realm, id, acting, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the members of any organization
#[utoipa::path(
    get, path = "/api/v1/admin/organizations/{id}/members", tag = "Administration", operation_id = "admin_list_members",
    security(("bearer" = [])), params(("id" = String, Path, description = "The organization"), MemberListing),
    responses(
        (status = 200, description = "One page", body = MemberPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn members(
    _admin: Admin,
    realm: InRealm,
    PathId(id): PathId<OrganizationId>,
    State(app): State<App>,
    Query(listing): Query<MemberListing>,
) -> Result<Json<MemberPage>, Problem> {
    let limit = listing.limit();
    let (which, cursor) = (listing.has_factor(), listing.cursor);
    let found = organizations::list_members(&app, &realm, id, By::Realm, which, cursor, limit.and_one());
    let found = found.await?;
    Ok(Json(MemberPage::cut(found, limit)))
}

/// Make a user a member, or give a member other roles
#[utoipa::path(
    put, path = "/api/v1/admin/organizations/{id}/members/{user_id}", tag = "Administration",
    operation_id = "admin_put_member", request_body = MemberChange, security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization"), ("user_id" = String, Path, description = "The user")),
    responses(
        (status = 200, description = "The member as it is now", body = MemberView),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`: no such organization or user", body = ProblemDocument),
        (status = 409, description = "`last_owner`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn put_member(
    Admin(admin): Admin,
    realm: InRealm,
    PathIds(id, user): PathIds<OrganizationId, UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<MemberChange>,
) -> Result<Json<MemberView>, Problem> {
    let roles = organizations::roles(&realm, &body.roles)?;
    let acting = (Who::administrator(&admin, origin), By::Realm);
    let member = organizations::set_member(&app, &realm, (id, user), roles, acting, now).await?;
    Ok(Json(MemberView::new(&member)))
}

/// Remove a member of any organization
#[utoipa::path(
    delete, path = "/api/v1/admin/organizations/{id}/members/{user_id}", tag = "Administration",
    operation_id = "admin_remove_member", security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization"), ("user_id" = String, Path, description = "As listed")),
    responses(
        (status = 204, description = "No member any more"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`last_owner`", body = ProblemDocument),
    )
)]
pub(super) async fn remove_member(
    Admin(admin): Admin,
    realm: InRealm,
    PathIds(id, user): PathIds<OrganizationId, UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let acting = (Who::administrator(&admin, origin), By::Realm);
    organizations::remove_member(&app, &realm, (id, user), acting, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
