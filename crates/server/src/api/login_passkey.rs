//! `POST /api/v1/login/passkey`: a session for whoever shows a passkey, and nothing else.

use axum::{extract::State, response::Response};
use serde::Deserialize;

use super::{
    login::{PendingAnswer, SignedInAnswer},
    passkey_view::PasskeyOptions,
};
use crate::{
    App,
    http::{Json, Now, Problem, Where, problem::ProblemDocument},
    passkeys::{self, AuthenticationResponse},
    realm::InRealm,
    session::{self, SignIn},
};

/// Sign in with a passkey: ask for one
///
/// What the browser is told: `navigator.credentials.get()`, also with `mediation: "conditional"`. Nobody is named, and the browser shows
/// what passkeys it knows. The answer is the same for everybody, but for the challenge.
#[utoipa::path(
    post, path = "/api/v1/login/passkey/options", tag = "Sign in", operation_id = "login_passkey_options",
    responses(
        (status = 200, description = "Options for one sign-in", body = PasskeyOptions),
        (status = 409, description = "`passkeys_unavailable`", body = ProblemDocument),
    )
)]
pub(super) async fn options(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
) -> Result<Json<PasskeyOptions>, Problem> {
    Ok(Json(passkeys::to_sign_in(&app, &realm, now)?.into()))
}

/// A passkey that the browser has asked for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasskeyLogin {
    /// What the browser answered: `credential.toJSON()`.
    credential: AuthenticationResponse,
}

/// Sign in with a passkey
///
/// Starts a session and returns its first pair of tokens. A passkey is two factors: no second step follows, and where the realm requires
/// a second factor it is one. One that nobody has, one that is somebody else's and one of a disabled account are refused alike; tries
/// are not counted, for nobody guesses a passkey.
#[utoipa::path(
    post, path = "/api/v1/login/passkey", tag = "Sign in", operation_id = "login_passkey", request_body = PasskeyLogin,
    responses(
        (status = 200, description = "Tokens, and whose they are", body = SignedInAnswer),
        (status = 403, description = "`invalid_passkey`, `email_unverified` or `interceptor_denied`", body = ProblemDocument),
        (status = 409, description = "`passkeys_unavailable`", body = ProblemDocument),
        (status = 503, description = "`interceptor_unanswered`", body = ProblemDocument),
    )
)]
pub(super) async fn login(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<PasskeyLogin>,
) -> Result<Response, Problem> {
    let proven = passkeys::prove(&app, &realm, &body.credential, &origin, now).await?;
    match session::sign_in(&app, &realm, proven, &origin, now).await? {
        SignIn::Begun(begun) => SignedInAnswer::response(begun),
        SignIn::Pending(pending, missing) => {
            PendingAnswer::response(&app, &realm, (&pending, missing), now).await
        }
    }
}
