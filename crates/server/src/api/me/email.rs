//! `/api/v1/me/email`

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;

use crate::{
    App, accounts,
    http::{Json, Now, Problem, SignedIn, Where, problem::ProblemDocument},
    realm::InRealm,
};

/// The address that the account is to have.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailChange {
    /// A link is mailed to it.
    #[schema(example = "ada@new.example.com")]
    email: String,
}

/// Change the address
///
/// Takes a sign-in of the last ten minutes. A link is mailed to the new address; when it is opened the account has that address, and
/// the one before is told. Until then nothing changes, and a newer request ends the older. The answer is the same if another account
/// has the address: its owner is told by mail.
#[utoipa::path(
    post, path = "/api/v1/me/email", tag = "Account", operation_id = "change_email", request_body = EmailChange,
    security(("bearer" = [])),
    responses(
        (status = 202, description = "A link is on its way to the new address"),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`not_for_applications`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
        (status = 429, description = "`too_many_attempts`: one was asked for a moment ago, or too many were", body = ProblemDocument),
    )
)]
pub(super) async fn change(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<EmailChange>,
) -> Result<StatusCode, Problem> {
    let email = accounts::email(&body.email)?;
    accounts::ask_to_change_email(&app, &realm, &caller, email, origin, now).await?;
    Ok(StatusCode::ACCEPTED)
}
