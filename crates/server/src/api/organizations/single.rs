//! `/api/v1/organizations/{id}`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::OrganizationId;

use super::view::{MyOrganization, OrganizationChange, OrganizationView, SetUpBy};
use crate::{
    App,
    accounts::Who,
    http::{Entitled, IfMatch, Json, Now, PathId, PathIdIf, Problem, Shown, Where, problem::ProblemDocument},
    organizations::{self, By},
    realm::InRealm,
};

/// Show an organization
#[utoipa::path(
    get, path = "/api/v1/organizations/{id}", tag = "Organizations", operation_id = "get_organization",
    security(("bearer" = [])), params(("id" = String, Path, description = "As listed")),
    responses(
        (status = 200, description = "The organization, and the caller's roles in it", body = MyOrganization, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 404, description = "`not_found`: none the caller belongs to", body = ProblemDocument),
    )
)]
pub(super) async fn show(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathId(id): PathId<OrganizationId>,
    State(app): State<App>,
) -> Result<Shown<MyOrganization>, Problem> {
    let found = organizations::find_of(&app, realm.id(), id, caller.user.id).await?;
    let by = SetUpBy::of(&app, &realm, &caller.user, std::slice::from_ref(&found)).await?;
    Ok(Shown::new(&found.0, MyOrganization::new(&found, &by)))
}

/// Change an organization
///
/// For its owners. Whoever changes `mfa` must have shown a second factor in this session, so that nobody locks themself out.
#[utoipa::path(
    patch, path = "/api/v1/organizations/{id}", tag = "Organizations", operation_id = "change_organization",
    request_body = OrganizationChange, security(("bearer" = [])),
    params(("id" = String, Path, description = "As listed"), IfMatch),
    responses(
        (status = 200, description = "The organization as it is now", body = OrganizationView, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`missing_permission` or `mfa_setup_required`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`slug_taken`", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn change(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathIdIf(id, states): PathIdIf<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<OrganizationChange>,
) -> Result<Shown<OrganizationView>, Problem> {
    let change = body.parse()?;
    let acting = (Who::themselves(&caller, origin).meaning(states), By::member(&caller, &realm, now));
    let changed = organizations::change(&app, &realm, id, change, acting, now).await?;
    Ok(Shown::new(&changed, OrganizationView::from(&changed)))
}

/// Delete an organization
///
/// For its owners. Members, teams and invitations go with it; accounts stay.
#[utoipa::path(
    delete, path = "/api/v1/organizations/{id}", tag = "Organizations", operation_id = "delete_organization",
    security(("bearer" = [])), params(("id" = String, Path, description = "As listed"), IfMatch),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`missing_permission` or `mfa_setup_required`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
    )
)]
pub(super) async fn delete(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathIdIf(id, states): PathIdIf<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let acting = (Who::themselves(&caller, origin).meaning(states), By::member(&caller, &realm, now));
    organizations::delete(&app, &realm, id, acting, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
