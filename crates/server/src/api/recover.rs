//! `/api/v1/recover`: an account whose password is lost.

use axum::{extract::State, http::StatusCode};
use gatepost_domain::LinkPurpose;
use serde::Deserialize;

use super::Password;
use crate::{
    App, accounts,
    http::{Json, Now, Problem, Where, problem::ProblemDocument},
    realm::InRealm,
};

/// Whom a link is to be mailed to.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Recovery {
    /// The address of the account, however it is spelled.
    #[schema(example = "ada@example.com")]
    email: String,
}

/// Ask for a new password
///
/// A link to choose one is mailed if the address is that of an account. The answer is the same whether it is or not, and so is the
/// time it takes. A link is good for 30 minutes; a newer one ends the older.
#[utoipa::path(
    post, path = "/api/v1/recover", tag = "Sign in", operation_id = "recover", request_body = Recovery,
    responses(
        (status = 202, description = "If the address can be used here, a message is on its way"),
        (status = 422, description = "`invalid_field`: what was sent is no address", body = ProblemDocument),
        (status = 429, description = "`too_many_attempts`", body = ProblemDocument),
    )
)]
pub(super) async fn recover(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<Recovery>,
) -> Result<StatusCode, Problem> {
    accounts::ask_to_recover(&app, &realm, accounts::email(&body.email)?, &origin, now).await?;
    Ok(StatusCode::ACCEPTED)
}

/// A new password, and what allows to set it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecoveryConfirmation {
    /// What stands behind `token=` in the link that was mailed.
    #[schema(example = "gp_pr_…")]
    token: String,
    /// At least as long as the realm asks for (12 characters), and not one that many people use.
    new_password: Password,
    /// Revokes every API key of the account as well: for an account that others may have had.
    #[serde(default)]
    revoke_api_keys: bool,
}

/// Set a new password by a mailed link
///
/// Ends every session of the account and everything that applications hold, and signs nobody in: sign in with the new password
/// afterwards, and with the second factor where the account has one. The link proves the address; where that was not proven before,
/// API keys end too, for whoever made the account may have been another.
#[utoipa::path(
    post, path = "/api/v1/recover/confirm", tag = "Sign in", operation_id = "confirm_recovery",
    request_body = RecoveryConfirmation,
    responses(
        (status = 204, description = "The password is set; every session has ended"),
        (status = 400, description = "`invalid_link`", body = ProblemDocument),
        (status = 422, description = "`weak_password`", body = ProblemDocument),
        (status = 429, description = "`too_many_attempts`: too many that were known from elsewhere", body = ProblemDocument),
        (status = 503, description = "`busy` or `password_unchecked`", body = ProblemDocument),
    )
)]
pub(super) async fn confirm(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<RecoveryConfirmation>,
) -> Result<StatusCode, Problem> {
    let (_, user) = accounts::opened(&app, &realm, &body.token, &[LinkPurpose::Recover], now).await?;
    let new = body.new_password.accept(realm.settings(), &accounts::words(&user))?;
    accounts::recover(&app, &realm, &body.token, &new, body.revoke_api_keys, origin, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
