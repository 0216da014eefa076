//! `/api/v1/organizations/{id}/invitations`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{Invitation, InvitationId, OrganizationId, Timestamp};
use serde::{Deserialize, Serialize};

use super::view::names;
use crate::{
    App,
    accounts::{self, Who},
    http::{
        Entitled, Json, Now, PathId, PathIds, Problem, Query, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    organizations::{self, By, WantedInvitation, teams},
    realm::{InRealm, Snapshot},
};

/// An open invitation, without its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Invitation)]
pub(super) struct InvitationView {
    #[schema(example = "inv_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    id: String,
    #[schema(example = "grace@example.com")]
    email: String,
    /// The roles it gives.
    #[schema(example = json!(["editor"]))]
    roles: Vec<String>,
    /// The teams it puts into, where the realm has teams.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["tea_01jd3v6d7qk4r8x2m5n9p0t1wz"]))]
    teams: Vec<String>,
    /// Who made it.
    #[schema(example = "usr_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    invited_by: Option<String>,
    #[schema(value_type = String)]
    created_at: Timestamp,
    /// From when it is refused.
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

impl InvitationView {
    pub(super) fn new(realm: &Snapshot, invitation: &Invitation) -> Self {
        let teams = invitation.teams.iter().filter(|_| realm.settings().teams);
        Self {
            id: invitation.id.to_string(),
            email: invitation.email.as_str().to_owned(),
            roles: names(&invitation.roles),
            teams: teams.map(ToString::to_string).collect(),
            invited_by: invitation.invited_by.map(|user| user.to_string()),
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        }
    }
}

/// An invitation that was just made. The only answer that holds its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct FreshInvitation {
    /// What the one who is invited accepts it with. It is shown this once.
    #[schema(example = "gp_inv_…")]
    token: String,
    #[serde(flatten)]
    view: InvitationView,
}

/// Which invitations to list.
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
    cursor: Option<InvitationId>,
}

/// One page of open invitations, in the order they were made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct InvitationPage {
    invitations: Vec<InvitationView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// List open invitations
#[utoipa::path(
    get, path = "/api/v1/organizations/{id}/invitations", tag = "Organizations", operation_id = "list_invitations",
    security(("bearer" = [])), params(("id" = String, Path, description = "The organization"), Listing),
    responses(
        (status = 200, description = "One page", body = InvitationPage),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`missing_permission`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathId(id): PathId<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    Query(listing): Query<Listing>,
) -> Result<Json<InvitationPage>, Problem> {
    let limit = listing.limit;
    let (by, page) = (By::member(&caller, &realm, now), (listing.cursor, limit.and_one()));
    let found = organizations::list_invitations(&app, &realm, id, by, page, now).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    let invitations = found.iter().map(|found| InvitationView::new(&realm, found)).collect();
    Ok(Json(InvitationPage { invitations, next_cursor }))
}

/// Somebody to be invited.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInvitation {
    /// Whoever has proven this address may accept.
    #[schema(example = "grace@example.com")]
    email: String,
    /// The roles to give: roles of the realm, and `owner`.
    #[schema(example = json!(["editor"]))]
    roles: Vec<String>,
    /// The teams to put into, by their ids: up to 100 of the organization.
    #[serde(default)]
    #[schema(max_items = 100, example = json!(["tea_01jd3v6d7qk4r8x2m5n9p0t1wz"]))]
    teams: Vec<String>,
}

/// Invite somebody
///
/// The invitation is mailed to the address. Where the server sends no mail, hand the token over. It is good once, for 7 days, for an
/// account with that address verified. What is mailed is counted, by who invites and by the address: one that is taken back and made
/// again is another letter.
#[utoipa::path(
    post, path = "/api/v1/organizations/{id}/invitations", tag = "Organizations", operation_id = "invite",
    request_body = NewInvitation, security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization")),
    responses(
        (status = 201, description = "The invitation; its token is shown this once", body = FreshInvitation),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`missing_permission`, `beyond_rights`, `interceptor_denied`, or with `teams` `teams_off`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`already_invited`, `already_member` or `too_many`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
        (status = 429, description = "`too_many_attempts`", body = ProblemDocument),
        (status = 503, description = "`interceptor_unanswered`", body = ProblemDocument),
    )
)]
pub(super) async fn invite(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathId(id): PathId<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<NewInvitation>,
) -> Result<(StatusCode, Json<FreshInvitation>), Problem> {
    let wish = WantedInvitation {
        email: accounts::email(&body.email)?,
        roles: organizations::roles(&realm, &body.roles)?,
        teams: teams::read(&body.teams)?,
    };
    let acting = (Who::themselves(&caller, origin), &caller);
    let (made, secret) = organizations::invite(&app, &realm, id, wish, acting, now).await?;
    let fresh =
        FreshInvitation { token: secret.reveal().to_owned(), view: InvitationView::new(&realm, &made) };
    Ok((StatusCode::CREATED, Json(fresh)))
}

/// Take an invitation back
#[utoipa::path(
    delete, path = "/api/v1/organizations/{id}/invitations/{invitation_id}", tag = "Organizations",
    operation_id = "revoke_invitation", security(("bearer" = [])),
    params(("id" = String, Path, description = "The organization"), ("invitation_id" = String, Path, description = "As listed")),
    responses(
        (status = 204, description = "Nobody can accept it any more"),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`missing_permission` or `beyond_rights`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn revoke(
    Entitled(caller): Entitled,
    realm: InRealm,
    PathIds(id, invitation): PathIds<OrganizationId, InvitationId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let acting = (Who::themselves(&caller, origin), By::member(&caller, &realm, now));
    organizations::revoke(&app, &realm, (id, invitation), acting, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
