//! `POST /api/v1/login`: a session and its first pair of tokens, or what is missing.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse, Response},
};
use gatepost_domain::{
    Timestamp,
    mfa::{Missing, PendingSignIn},
};
use serde::{Deserialize, Serialize};

use super::{Password, TokenAnswer, UserView};
use crate::{
    App,
    http::{Json, Now, Problem, Where, problem::ProblemDocument},
    mfa,
    realm::InRealm,
    session::{self, Begun, DeviceCookie, SignIn},
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
    /// Asks for a second factor also on a device that is trusted: for what takes a sign-in with one.
    #[serde(default)]
    ask_second_factor: bool,
}

/// A sign-in that worked.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SignedInAnswer {
    #[serde(flatten)]
    tokens: TokenAnswer,
    user: UserView,
    /// Until when the account may sign in without a second factor; present where the realm requires one and it has none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    mfa_setup_required_by: Option<Timestamp>,
}

impl SignedInAnswer {
    pub(super) fn new(begun: Begun) -> Self {
        let user = UserView::from(&begun.user);
        Self { tokens: begun.tokens, user, mfa_setup_required_by: begun.set_up_by }
    }

    /// With the cookie by which the device is known from now on.
    pub(super) fn response(begun: Begun) -> Result<Response, Problem> {
        Ok((known(begun.device.as_ref())?, Json(Self::new(begun))).into_response())
    }
}

/// What sets a cookie, if there is one.
pub(crate) type CookieHeader = AppendHeaders<Option<(HeaderName, HeaderValue)>>;

/// The header by which a device is known from now on.
pub(crate) fn known(device: Option<&DeviceCookie>) -> Result<CookieHeader, Problem> {
    cookie(device, DeviceCookie::header)
}

/// The header that sets a cookie, where there is one to set.
pub(crate) fn cookie<C>(
    set: Option<C>,
    header: impl FnOnce(C) -> Option<HeaderValue>,
) -> Result<CookieHeader, Problem> {
    let header = |set| header(set).ok_or_else(|| Problem::internal("a cookie is no header"));
    Ok(AppendHeaders(set.map(header).transpose()?.map(|header| (SET_COOKIE, header))))
}

/// A sign-in whose password was right, and that waits for a second factor: a problem document with what it takes to go on.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct PendingAnswer {
    #[serde(flatten)]
    problem: ProblemDocument,
    /// Says that the password was right. Good for `/api/v1/login/mfa` and nothing else, and for one sign-in.
    mfa_token: String,
    /// Seconds until it is refused.
    #[schema(example = 600)]
    expires_in: u64,
    /// What may be shown, or set up: `passkey`, `totp`, `sms`, `recovery_code`. A code for `sms` is sent by `/api/v1/login/mfa/sms`.
    #[schema(value_type = Vec<String>, example = json!(["totp", "recovery_code"]))]
    methods: Vec<&'static str>,
}

impl PendingAnswer {
    pub(super) async fn response(
        app: &App,
        realm: &InRealm,
        (pending, missing): (&PendingSignIn, Missing),
        now: Timestamp,
    ) -> Result<Response, Problem> {
        let (problem, methods) = match missing {
            Missing::SetUp | Missing::Offer(_) => (Problem::MfaSetUpRequired, mfa::kinds_to_set_up(realm)),
            Missing::Factor | Missing::Nothing => {
                (Problem::MfaRequired, mfa::methods(app, realm, pending.user).await?)
            }
        };
        let answer = Self {
            problem: problem.document(),
            mfa_token: session::seal_pending(app, realm, pending),
            expires_in: pending.expires_at.since(now).as_secs(),
            methods,
        };
        let body = serde_json::to_vec(&answer).map_err(Problem::internal)?;
        let mut response = problem.into_response();
        *response.body_mut() = body.into();
        Ok(response)
    }
}

/// Sign in with a password
///
/// Starts a session and returns its first pair of tokens. An unknown account, a wrong password and a disabled account
/// are answered alike, after the same work, and a few wrong passwords are all that is looked at: then the answer is 429 until the time
/// in `Retry-After`. Whoever sends the cookie back that a sign-in sets is counted apart, so that nobody else can keep them out.
///
/// Where the password is right and a second factor is asked for, there is no session yet: the answer is a problem with an
/// `mfa_token`, which goes on at `/api/v1/login/mfa`.
#[utoipa::path(
    post, path = "/api/v1/login", tag = "Sign in", operation_id = "login",
    request_body(content = Login, example = json!({"email": "ada@example.com", "password": "the engine weaves algebra"})),
    responses(
        (status = 200, description = "Tokens, and whose they are", body = SignedInAnswer),
        (status = 401, description = "`invalid_credentials`", body = ProblemDocument),
        (status = 403, description = "`mfa_required` or `mfa_setup_required`, with what it takes to go on; `email_unverified` or `interceptor_denied`, a problem without", body = PendingAnswer, content_type = "application/problem+json"),
        (status = 429, description = "`too_many_attempts`", body = ProblemDocument),
        (status = 503, description = "`busy` or `interceptor_unanswered`", body = ProblemDocument),
    )
)]
pub(super) async fn login(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<Login>,
) -> Result<Response, Problem> {
    let identifier = match (&body.email, &body.username) {
        (Some(email), None) => session::Identifier::Email(email),
        (None, Some(username)) => session::Identifier::Username(username),
        _ => {
            return Err(Problem::InvalidBody { detail: "give either `email` or `username`".into() });
        }
    };
    let origin = origin.on_trusted_device(!body.ask_second_factor);
    let password = body.password.spelled().map_err(|_| Problem::InvalidCredentials)?;
    let proven = session::prove(&app, &realm, identifier, password, &origin, now).await?;
    match session::sign_in(&app, &realm, proven, &origin, now).await? {
        SignIn::Begun(begun) => SignedInAnswer::response(begun),
        SignIn::Pending(pending, missing) => {
            PendingAnswer::response(&app, &realm, (&pending, missing), now).await
        }
    }
}
