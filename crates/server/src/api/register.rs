//! `POST /api/v1/register`: a new account.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;

use super::{Password, UserView};
use crate::{
    App, accounts,
    http::{Json, Now, Problem, Where, problem::ProblemDocument},
    realm::InRealm,
};

/// The body of a registration.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Registration {
    /// The address to sign in with.
    #[schema(example = "ada@example.com")]
    email: String,
    /// At least as long as the realm asks for (12 characters), and not one that many people use.
    password: Password,
    /// Another name to sign in with.
    #[schema(example = "ada")]
    username: Option<String>,
    /// The name to show.
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
}

/// Make an account
///
/// Open only where the realm's `registration` is `open`. The account has no roles. A link to confirm the address is mailed to it. Sign
/// in afterwards to get tokens.
///
/// Where only confirmed addresses sign in (`require_verified_email`), an address that has an account is answered as any other, and
/// its owner is told by mail.
#[utoipa::path(
    post, path = "/api/v1/register", tag = "Sign in", operation_id = "register", request_body = Registration,
    responses(
        (status = 201, description = "The account", body = UserView),
        (status = 403, description = "`registration_closed` or `interceptor_denied`", body = ProblemDocument),
        (status = 409, description = "`email_taken` or `username_taken`", body = ProblemDocument),
        (status = 422, description = "`invalid_field` or `weak_password`", body = ProblemDocument),
        (status = 429, description = "`too_many_attempts`", body = ProblemDocument),
        (status = 503, description = "`busy`, `password_unchecked` or `interceptor_unanswered`", body = ProblemDocument),
    )
)]
pub(super) async fn register(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<Registration>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    accounts::check_registration_open(&realm)?;
    let profile =
        accounts::Profile::parse(Some(&body.email), body.username.as_deref(), body.name.as_deref())?;
    let (user, _) = accounts::sign_up(&app, &realm, profile, body.password.text(), &origin, now).await?;
    Ok((StatusCode::CREATED, Json(UserView::from(&user))))
}
