//! `/api/v1/invitations`: what one is invited to

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{Invitation, InvitationId, Organization};
use serde::{Deserialize, Serialize};

use super::{
    invitations::InvitationView,
    view::{MyOrganization, SetUpBy},
};
use crate::{
    App,
    accounts::Who,
    http::{
        Entitled, Json, Now, Problem, Query, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    organizations::{self, Presented},
    realm::{InRealm, Snapshot},
};

/// Where an invitation leads.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Destination {
    #[schema(example = "org_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    id: String,
    #[schema(example = "analytical")]
    slug: String,
    #[schema(example = "Analytical Engines")]
    name: String,
}

/// An open invitation of one's own, and the organization that it leads to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct MyInvitation {
    #[serde(flatten)]
    invitation: InvitationView,
    organization: Destination,
}

impl MyInvitation {
    fn new(realm: &Snapshot, (invitation, organization): &(Invitation, Organization)) -> Self {
        let (id, slug) = (organization.id.to_string(), organization.slug.to_string());
        let name = organization.name.as_str().to_owned();
        Self {
            invitation: InvitationView::new(realm, invitation),
            organization: Destination { id, slug, name },
        }
    }
}

/// Which of one's invitations to list.
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

/// One page of one's open invitations, in the order they were made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct MyInvitationPage {
    invitations: Vec<MyInvitation>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// List what one is invited to
///
/// The open invitations of the account's address, if that is verified; otherwise none.
#[utoipa::path(
    get, path = "/api/v1/invitations", tag = "Organizations", operation_id = "list_my_invitations", params(Listing),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "One page", body = MyInvitationPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    Entitled(caller): Entitled,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    Query(listing): Query<Listing>,
) -> Result<Json<MyInvitationPage>, Problem> {
    let limit = listing.limit;
    let part = (listing.cursor, limit.and_one());
    let found = organizations::list_invitations_to(&app, &caller.user, part, now).await?;
    let (found, next_cursor) = page::cut(found, limit, |(last, _)| last.id.to_string());
    let invitations = found.iter().map(|found| MyInvitation::new(&realm, found)).collect();
    Ok(Json(MyInvitationPage { invitations, next_cursor }))
}

/// What one was invited with: the token of the letter, or the id as listed. One of them.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acceptance {
    #[schema(example = "gp_inv_…")]
    token: Option<String>,
    #[schema(example = "inv_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    id: Option<String>,
}

impl Acceptance {
    fn presented(&self) -> Result<Presented<'_>, Problem> {
        match (&self.token, &self.id) {
            (Some(token), None) => Ok(Presented::Secret(token)),
            (None, Some(id)) => id.parse().map(Presented::Id).map_err(|_| Problem::InvalidInvitation),
            _ => Err(Problem::InvalidBody { detail: "give either token or id".to_owned() }),
        }
    }
}

/// Accept an invitation
///
/// For the account whose verified address was invited. To anybody else it is as unknown as one that does not exist.
#[utoipa::path(
    post, path = "/api/v1/invitations/accept", tag = "Organizations", operation_id = "accept_invitation",
    request_body = Acceptance, security(("bearer" = [])),
    responses(
        (status = 200, description = "The organization one belongs to now", body = MyOrganization),
        (status = 400, description = "`invalid_invitation` or `invalid_body`", body = ProblemDocument),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 409, description = "`already_member`", body = ProblemDocument),
    )
)]
pub(super) async fn accept(
    Entitled(caller): Entitled,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<Acceptance>,
) -> Result<Json<MyOrganization>, Problem> {
    let who = Who::themselves(&caller, origin);
    let joined = organizations::accept(&app, &realm, &caller.user, body.presented()?, who, now).await?;
    let by = SetUpBy::of(&app, &realm, &caller.user, std::slice::from_ref(&joined)).await?;
    Ok(Json(MyOrganization::new(&joined, &by)))
}

/// Decline an invitation
///
/// For whoever could accept it. Nobody can accept it any more; whoever invited sees that it is not open.
#[utoipa::path(
    post, path = "/api/v1/invitations/decline", tag = "Organizations", operation_id = "decline_invitation",
    request_body = Acceptance, security(("bearer" = [])),
    responses(
        (status = 204, description = "It is closed"),
        (status = 400, description = "`invalid_invitation` or `invalid_body`", body = ProblemDocument),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
    )
)]
pub(super) async fn decline(
    Entitled(caller): Entitled,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<Acceptance>,
) -> Result<StatusCode, Problem> {
    let who = Who::themselves(&caller, origin);
    organizations::decline(&app, &caller.user, body.presented()?, who, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
