//! `/api/v1/verify-email` and `/api/v1/undo-email`: what links to addresses do.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;

use super::UserView;
use crate::{
    App, accounts,
    http::{Json, Now, Problem, Where, problem::ProblemDocument},
    realm::InRealm,
};

/// What was mailed.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MailedToken {
    /// What stands behind `token=` in the link.
    #[schema(example = "gp_ev_…")]
    token: String,
}

/// Confirm an address
///
/// By the link that was mailed to it: the address of a new account, or the one that an account is to have. An account has that from
/// then on; the address before is told, and can take it back for 7 days.
#[utoipa::path(
    post, path = "/api/v1/verify-email", tag = "Sign in", operation_id = "verify_email", request_body = MailedToken,
    responses(
        (status = 200, description = "The account", body = UserView),
        (status = 400, description = "`invalid_link`", body = ProblemDocument),
        (status = 409, description = "`email_taken`: another account has the address by now", body = ProblemDocument),
    )
)]
pub(super) async fn verify(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<MailedToken>,
) -> Result<Json<UserView>, Problem> {
    let user = accounts::confirm_email(&app, &realm, &body.token, origin, now).await?;
    Ok(Json(UserView::from(&user)))
}

/// Which address is to be proven.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Unverified {
    /// The address of the account, however it is spelled.
    #[schema(example = "ada@example.com")]
    email: String,
}

/// Ask for another link to confirm an address
///
/// Mailed if the address is that of an account and not confirmed. The answer is the same whether it is or not. A link is good for 24
/// hours; a newer one ends the older.
#[utoipa::path(
    post, path = "/api/v1/verify-email/resend", tag = "Sign in", operation_id = "resend_verification",
    request_body = Unverified,
    responses(
        (status = 202, description = "If the address can be used here, a message is on its way"),
        (status = 422, description = "`invalid_field`: what was sent is no address", body = ProblemDocument),
        (status = 429, description = "`too_many_attempts`", body = ProblemDocument),
    )
)]
pub(super) async fn resend(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<Unverified>,
) -> Result<StatusCode, Problem> {
    let email = accounts::email(&body.email)?;
    accounts::count_mail(&app, &realm, &email, &origin, now).await?;
    accounts::ask_to_verify(&app, &realm, email, &origin, now).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Take back a change of address
///
/// By the link that was mailed to the address before. The account gets that again; its password is removed, every session, API key
/// and everything that applications hold ends, and a link to choose a new password is mailed to the address.
#[utoipa::path(
    post, path = "/api/v1/undo-email", tag = "Sign in", operation_id = "undo_email_change", request_body = MailedToken,
    responses(
        (status = 204, description = "The account has the address again"),
        (status = 400, description = "`invalid_link`", body = ProblemDocument),
        (status = 409, description = "`email_taken`: another account has the address by now", body = ProblemDocument),
    )
)]
pub(super) async fn undo(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<MailedToken>,
) -> Result<StatusCode, Problem> {
    accounts::undo_email_change(&app, &realm, &body.token, origin, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
