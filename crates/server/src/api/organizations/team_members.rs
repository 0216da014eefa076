//! `/api/v1/organizations/{id}/teams/{team_id}/members`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{OrganizationId, TeamId, TeamMember, Timestamp, User, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    accounts::Who,
    http::{
        Entitled, Json, Now, PathIds, Problem, Query, ThreePathIds, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    organizations::{By, teams},
    realm::InRealm,
};

/// Somebody who is in a team.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = TeamMember)]
pub(super) struct TeamMemberView {
    #[schema(example = "usr_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    user_id: String,
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    #[schema(example = "ada")]
    username: Option<String>,
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
    /// Since when they are in the team.
    #[schema(value_type = String)]
    created_at: Timestamp,
}

impl TeamMemberView {
    fn new((member, user): &(TeamMember, User)) -> Self {
        Self {
            user_id: user.id.to_string(),
            email: user.email.as_ref().map(|email| email.as_str().to_owned()),
            username: user.username.as_ref().map(|username| username.as_str().to_owned()),
            name: user.name.as_ref().map(|name| name.as_str().to_owned()),
            created_at: member.created_at,
        }
    }
}

/// Which of those who are in a team to list.
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
    cursor: Option<UserId>,
}

/// One page of those who are in a team, in the order their accounts were made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct TeamMemberPage {
    members: Vec<TeamMemberView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// List who is in a team
///
/// For every member of the organization.
#[utoipa::path(
    get, path = "/api/v1/organizations/{id}/teams/{team_id}/members", tag = "Organizations",
    operation_id = "list_team_members", security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization"), ("team_id" = String, Path, description = "The team"), Listing),
    responses(
        (status = 200, description = "One page", body = TeamMemberPage),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`teams_off` or `mfa_setup_required`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathIds(id, team): PathIds<OrganizationId, TeamId>,
    Now(now): Now,
    State(app): State<App>,
    Query(listing): Query<Listing>,
) -> Result<Json<TeamMemberPage>, Problem> {
    let (by, page) = (By::member(&caller, &realm, now), (listing.cursor, listing.limit.and_one()));
    let found = teams::list_members(&app, &realm, (id, team), by, page).await?;
    let (found, next_cursor) = page::cut(found, listing.limit, |(_, user)| user.id.to_string());
    Ok(Json(TeamMemberPage { members: found.iter().map(TeamMemberView::new).collect(), next_cursor }))
}

/// Put a member into a team
///
/// For owners, and for members with the permission `organization:manage`. Who is in it already stays in it. Up to 1000 are in a team.
#[utoipa::path(
    put, path = "/api/v1/organizations/{id}/teams/{team_id}/members/{user_id}", tag = "Organizations",
    operation_id = "add_team_member", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The organization"), ("team_id" = String, Path, description = "The team"),
        ("user_id" = String, Path, description = "A member of the organization"),
    ),
    responses(
        (status = 200, description = "In the team", body = TeamMemberView),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`teams_off`, `missing_permission` or `mfa_setup_required`", body = ProblemDocument),
        (status = 404, description = "`not_found`: no such team, or no such member of the organization", body = ProblemDocument),
        (status = 409, description = "`too_many`", body = ProblemDocument),
    )
)]
pub(super) async fn add(
    Entitled(caller): Entitled,
    realm: InRealm,
    ThreePathIds(id, team, user): ThreePathIds<OrganizationId, TeamId, UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Json<TeamMemberView>, Problem> {
    let acting = (Who::themselves(&caller, origin), By::member(&caller, &realm, now));
    let member = teams::add(&app, &realm, (id, team, user), acting, now).await?;
    Ok(Json(TeamMemberView::new(&member)))
}

/// Take somebody out of a team
///
/// For owners, and for members with the permission `organization:manage`. They stay in the organization.
#[utoipa::path(
    delete, path = "/api/v1/organizations/{id}/teams/{team_id}/members/{user_id}", tag = "Organizations",
    operation_id = "remove_team_member", security(("bearer" = [])),
    params(
        ("id" = String, Path, description = "The organization"), ("team_id" = String, Path, description = "The team"),
        ("user_id" = String, Path, description = "As listed"),
    ),
    responses(
        (status = 204, description = "Not in the team any more"),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`teams_off`, `missing_permission` or `mfa_setup_required`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn remove(
    Entitled(caller): Entitled,
    realm: InRealm,
    ThreePathIds(id, team, user): ThreePathIds<OrganizationId, TeamId, UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let acting = (Who::themselves(&caller, origin), By::member(&caller, &realm, now));
    teams::remove_member(&app, &realm, (id, team, user), acting, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
