//! `POST /api/v1/login`: a session and its first pair of tokens.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, header::SET_COOKIE},
};
use serde::{Deserialize, Serialize};

use super::{Password, TokenAnswer, UserView};
use crate::{
    App,
    http::{Json, Now, Problem, Where, problem::ProblemDocument},
    realm::InRealm,
    session,
};

/// The body of a sign-in: a password, and either an address or a user name.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    /// The address, however it is spelled. Either this or `username`.
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    /// The user name. Either this or `email`.
    #[schema(example = "ada")]
    username: Option<String>,
    /// As it was set; every character counts.
    password: Password,
}

/// A sign-in that worked.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct SignedInAnswer {
    #[serde(flatten)]
    tokens: TokenAnswer,
    user: UserView,
}

/// Sign in with a password
///
/// Starts a session and returns its first pair of tokens. An unknown account, a wrong password and a disabled account
/// are answered alike, after the same work, and a few wrong passwords are all that is looked at: then the answer is 429 until the time
/// in `Retry-After`. Whoever sends the cookie back that a sign-in sets is counted apart, so that nobody else can keep them out.
#[utoipa::path(
    post, path = "/api/v1/login", tag = "Sign in", operation_id = "login",
    request_body(content = Login, example = json!({"email": "ada@example.com", "password": "the engine weaves algebra"})),
    responses(
        (status = 200, description = "Tokens, and whose they are", body = SignedInAnswer),
        (status = 401, description = "`invalid_credentials`", body = ProblemDocument),
        (status = 403, description = "`email_unverified`", body = ProblemDocument),
        (status = 429, description = "`too_many_attempts`", body = ProblemDocument),
        (status = 503, description = "`busy`", body = ProblemDocument),
    )
)]
pub(super) async fn login(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<Login>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<SignedInAnswer>), Problem> {
    let identifier = match (&body.email, &body.username) {
        (Some(email), None) => session::Identifier::Email(email),
        (None, Some(username)) => session::Identifier::Username(username),
        _ => {
            return Err(Problem::InvalidBody { detail: "give either `email` or `username`".into() });
        }
    };
    let password = body.password.spelled().map_err(|_| Problem::InvalidCredentials)?;
    let begun = session::sign_in(&app, &realm, identifier, password, origin, now).await?;
    let cookie = begun.device.header().ok_or_else(|| Problem::internal("a cookie is no header"))?;
    let answer = SignedInAnswer { user: UserView::from(&begun.user), tokens: begun.tokens };
    Ok(([(SET_COOKIE, cookie)], Json(answer)))
}
