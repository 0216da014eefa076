//! `/api/v1/me/password`

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;

use crate::{
    App, accounts,
    api::Password,
    http::{Json, Now, Problem, SignedIn, Where, problem::ProblemDocument},
    realm::InRealm,
};

/// A change of password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    current_password: Password,
    new_password: Password,
    /// Revokes every API key of the account as well: for a password that others may know.
    #[serde(default)]
    revoke_api_keys: bool,
}

/// Change the password
///
/// Ends every other session of the account. API keys stay unless they are to be revoked.
#[utoipa::path(
    post, path = "/api/v1/me/password", tag = "Account", operation_id = "change_password",
    request_body = PasswordChange, security(("bearer" = [])),
    responses(
        (status = 204, description = "Changed; every other session has ended"),
        (status = 401, description = "`unauthenticated`, `invalid_token`, or `reauthentication_required`: the account has a second factor, and the session has shown none", body = ProblemDocument),
        (status = 403, description = "`wrong_password`, or `not_for_applications`: to revoke API keys", body = ProblemDocument),
        (status = 409, description = "`changed`: the password was changed elsewhere meanwhile", body = ProblemDocument),
        (status = 422, description = "`weak_password`", body = ProblemDocument),
        (status = 429, description = "`too_many_attempts`", body = ProblemDocument),
        (status = 503, description = "`busy` or `password_unchecked`", body = ProblemDocument),
    )
)]
pub(super) async fn change(
    realm: InRealm,
    caller: SignedIn,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<PasswordChange>,
) -> Result<StatusCode, Problem> {
    if body.revoke_api_keys {
        caller.deals_with_keys()?;
    }
    let current = body.current_password.spelled().map_err(|_| Problem::WrongPassword)?;
    let new = body.new_password.accept(realm.settings(), &accounts::words(&caller.user))?;
    accounts::change_password(&app, &realm, &caller, (&current, &new), body.revoke_api_keys, origin, now)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
