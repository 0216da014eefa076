//! `/api/v1/organizations/{id}/teams`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{OrganizationId, Team, TeamId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    accounts::Who,
    http::{
        Entitled, Json, Now, PathId, PathIds, Problem, Query, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    organizations::{self, By, teams},
    realm::InRealm,
};

/// A part of an organization, in which some of its members work together. It gives them no right: what somebody may do is in their
/// roles.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Team)]
pub(super) struct TeamView {
    #[schema(example = "tea_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    id: String,
    #[schema(example = "org_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    organization_id: String,
    #[schema(example = "Engines")]
    name: String,
    #[schema(value_type = String)]
    created_at: Timestamp,
    #[schema(value_type = String)]
    updated_at: Timestamp,
}

impl From<&Team> for TeamView {
    fn from(team: &Team) -> Self {
        Self {
            id: team.id.to_string(),
            organization_id: team.organization.to_string(),
            name: team.name.as_str().to_owned(),
            created_at: team.created_at,
            updated_at: team.updated_at,
        }
    }
}

/// Which teams to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct TeamListing {
    /// How many at the most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Limit,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<TeamId>,
}

impl TeamListing {
    /// After which, and how many: one more than the page holds.
    pub(in crate::api) fn page(&self) -> (Option<TeamId>, u32) {
        (self.cursor, self.limit.and_one())
    }
}

/// One page of teams, in the order they were made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::api) struct TeamPage {
    teams: Vec<TeamView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

impl TeamPage {
    /// Of one more than a page holds.
    pub(in crate::api) fn cut(found: Vec<Team>, listing: &TeamListing) -> Self {
        let (found, next_cursor) = page::cut(found, listing.limit, |last| last.id.to_string());
        Self { teams: found.iter().map(TeamView::from).collect(), next_cursor }
    }
}

/// List the teams of an organization
///
/// For every member.
#[utoipa::path(
    get, path = "/api/v1/organizations/{id}/teams", tag = "Organizations", operation_id = "list_teams",
    security(("bearer" = [])), params(("id" = String, Path, description = "The organization"), TeamListing),
    responses(
        (status = 200, description = "One page", body = TeamPage),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`teams_off` or `mfa_setup_required`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathId(id): PathId<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    Query(listing): Query<TeamListing>,
) -> Result<Json<TeamPage>, Problem> {
    let by = By::member(&caller, &realm, now);
    let found = teams::list(&app, &realm, id, by, listing.page()).await?;
    Ok(Json(TeamPage::cut(found, &listing)))
}

/// The name of a team.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamName {
    /// Two teams may have the same.
    #[schema(example = "Engines")]
    name: String,
}

/// Make a team
///
/// For owners, and for members with the permission `organization:manage`. Nobody is in it yet. An organization has up to 1000.
#[utoipa::path(
    post, path = "/api/v1/organizations/{id}/teams", tag = "Organizations", operation_id = "create_team",
    request_body = TeamName, security(("bearer" = [])), params(("id" = String, Path, description = "The organization")),
    responses(
        (status = 201, description = "The team", body = TeamView),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`teams_off`, `missing_permission` or `mfa_setup_required`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`too_many`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn create(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathId(id): PathId<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<TeamName>,
) -> Result<(StatusCode, Json<TeamView>), Problem> {
    let name = organizations::name(&body.name)?;
    let acting = (Who::themselves(&caller, origin), By::member(&caller, &realm, now));
    let made = teams::make(&app, &realm, id, name, acting, now).await?;
    Ok((StatusCode::CREATED, Json(TeamView::from(&made))))
}

/// Show a team
#[utoipa::path(
    get, path = "/api/v1/organizations/{id}/teams/{team_id}", tag = "Organizations", operation_id = "get_team",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization"), ("team_id" = String, Path, description = "As listed")),
    responses(
        (status = 200, description = "The team", body = TeamView),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`teams_off` or `mfa_setup_required`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn show(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathIds(id, team): PathIds<OrganizationId, TeamId>,
    Now(now): Now,
    State(app): State<App>,
) -> Result<Json<TeamView>, Problem> {
    let by = By::member(&caller, &realm, now);
    let found = teams::find(&app, &realm, team, (Some(id), by)).await?;
    Ok(Json(TeamView::from(&found)))
}

/// Give a team another name
///
/// For owners, and for members with the permission `organization:manage`.
#[utoipa::path(
    patch, path = "/api/v1/organizations/{id}/teams/{team_id}", tag = "Organizations", operation_id = "rename_team",
    request_body = TeamName, security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization"), ("team_id" = String, Path, description = "As listed")),
    responses(
        (status = 200, description = "The team as it is now", body = TeamView),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`teams_off`, `missing_permission` or `mfa_setup_required`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn rename(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathIds(id, team): PathIds<OrganizationId, TeamId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<TeamName>,
) -> Result<Json<TeamView>, Problem> {
    let name = organizations::name(&body.name)?;
    let acting = (Who::themselves(&caller, origin), By::member(&caller, &realm, now));
    let renamed = teams::change(&app, &realm, (id, team), Some(name), acting, now).await?;
    Ok(Json(TeamView::from(&renamed)))
}

/// Delete a team
///
/// For owners, and for members with the permission `organization:manage`. Those who are in it stay in the organization. The last team of
/// an organization stays.
#[utoipa::path(
    delete, path = "/api/v1/organizations/{id}/teams/{team_id}", tag = "Organizations", operation_id = "delete_team",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization"), ("team_id" = String, Path, description = "As listed")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`teams_off`, `missing_permission` or `mfa_setup_required`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`last_team`", body = ProblemDocument),
    )
)]
pub(super) async fn delete(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathIds(id, team): PathIds<OrganizationId, TeamId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let acting = (Who::themselves(&caller, origin), By::member(&caller, &realm, now));
    teams::remove(&app, &realm, (id, team), acting, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
