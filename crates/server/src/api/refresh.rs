//! `POST /api/v1/refresh`: the next pair of tokens.

use axum::extract::State;
use serde::Deserialize;

use super::TokenAnswer;
use crate::{
    App,
    http::{Json, Now, Problem, problem::ProblemDocument},
    realm::InRealm,
    session,
};

/// The body of a refresh.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Refresh {
    /// As received from sign-in or the last refresh.
    refresh_token: RefreshTokenText,
}

/// A refresh token in a body: never shown.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(value_type = String)]
pub(super) struct RefreshTokenText(String);

impl std::fmt::Debug for RefreshTokenText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshTokenText(…)")
    }
}

/// Exchange a refresh token for the next pair of tokens
///
/// A refresh token is good once. Repeating the request within the realm's grace (10 s) returns the same successor, so
/// a lost answer or two tabs do no harm; using an older one ends the sign-in it belongs to.
#[utoipa::path(
    post, path = "/api/v1/refresh", tag = "Sign in", operation_id = "refresh", request_body = Refresh,
    responses(
        (status = 200, description = "The next pair of tokens", body = TokenAnswer),
        (status = 401, description = "`invalid_refresh_token`", body = ProblemDocument),
    )
)]
pub(super) async fn refresh(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    Json(body): Json<Refresh>,
) -> Result<Json<TokenAnswer>, Problem> {
    Ok(Json(session::refresh(&app, &realm, &body.refresh_token.0, now).await?.tokens))
}
