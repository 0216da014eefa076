//! `/api/v1/me/teams`

use axum::extract::State;

use crate::{
    App,
    api::organizations::{TeamListing, TeamPage},
    http::{Entitled, Json, Problem, Query, problem::ProblemDocument},
    organizations::teams,
    realm::InRealm,
};

/// List the teams one is in
///
/// Of every organization one belongs to.
#[utoipa::path(
    get, path = "/api/v1/me/teams", tag = "Organizations", operation_id = "list_my_teams", params(TeamListing),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "One page", body = TeamPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`teams_off`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    Entitled(caller): Entitled,
    realm: InRealm,
    State(app): State<App>,
    Query(listing): Query<TeamListing>,
) -> Result<Json<TeamPage>, Problem> {
    let found = teams::list_of(&app, &realm, (caller.user.id, None), listing.page()).await?;
    Ok(Json(TeamPage::cut(found, &listing)))
}
