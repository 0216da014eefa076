//! `/api/v1/me/organization`

use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::{
    App,
    accounts::Who,
    http::{Json, Now, Problem, SignedIn, Where, problem::ProblemDocument},
    organizations,
    realm::InRealm,
};

/// Which organization to be in.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Switch {
    /// One of yours; `null` for none.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true, example = "org_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    organization: Option<String>,
}

/// An access token in place of the one the request was made with. The refresh token stays.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AccessToken)]
pub(super) struct Switched {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until it expires.
    #[schema(example = 900)]
    expires_in: u64,
}

/// Switch the active organization
///
/// Tokens of this session say from now on what the account is in that organization (`org_id`, `roles`, `permissions`), in
/// place of what it is in the realm, for as long as it belongs there.
#[utoipa::path(
    post, path = "/api/v1/me/organization", tag = "Organizations", operation_id = "switch_organization",
    request_body = Switch, security(("bearer" = [])),
    responses(
        (status = 200, description = "An access token that says so", body = Switched),
        (status = 401, description = "`unauthenticated` or `invalid_token`; `reauthentication_required`: the organization asks for a second factor that this session has not shown", body = ProblemDocument),
        (status = 403, description = "`not_for_applications`: they exchange their token; `mfa_setup_required`: the organization asks for a second factor, and the account has none", body = ProblemDocument),
        (status = 404, description = "`not_found`: none the account belongs to", body = ProblemDocument),
    )
)]
pub(super) async fn switch(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<Switch>,
) -> Result<Json<Switched>, Problem> {
    // A session of our own sign-in has one; an application exchanges its token.
    if caller.grant.is_some() {
        return Err(Problem::NotForApplications);
    }
    let organization = body.organization.map(|id| id.parse().map_err(|_| Problem::NotFound)).transpose()?;
    let who = Who::themselves(&caller, origin);
    let (access_token, expires_in) =
        organizations::switch(&app, &realm, &caller, organization, who, now).await?;
    Ok(Json(Switched { access_token, token_type: "Bearer", expires_in }))
}
