//! `POST /api/v1/logout`: the end of this session, or of all.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;

use crate::{
    App,
    accounts::Who,
    http::{Json, Now, Problem, SignedIn, Where, problem::ProblemDocument},
    session,
};

/// The body of a sign-out.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Logout {
    /// End every session of the account, on every device.
    everywhere: bool,
    /// With `everywhere`: revoke every API key of the account as well.
    revoke_api_keys: bool,
}

/// Sign out
///
/// Ends the session of the access token, or every session of the account. Their refresh tokens are refused from then
/// on. Send `{}` to end only this one.
#[utoipa::path(
    post, path = "/api/v1/logout", tag = "Sign in", operation_id = "logout", request_body = Logout,
    security(("bearer" = [])),
    responses(
        (status = 204, description = "Signed out"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`not_for_applications`: to revoke API keys", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn logout(
    caller: SignedIn,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<Logout>,
) -> Result<StatusCode, Problem> {
    if body.revoke_api_keys {
        caller.deals_with_keys()?;
    }
    let which = match (body.everywhere, body.revoke_api_keys) {
        (true, with_keys) => session::Ended::All { with_keys },
        (false, false) => session::Ended::One(caller.session.id),
        (false, true) => {
            let reason = "API keys are revoked together with every session: send everywhere too".into();
            return Err(Problem::InvalidField { field: "revoke_api_keys", reason });
        }
    };
    let (user, who) = ((caller.user.realm, caller.user.id), Who::themselves(&caller, origin));
    session::end(&app, user, which, who, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
