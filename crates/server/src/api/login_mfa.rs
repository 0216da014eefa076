//! `POST /api/v1/login/mfa`: the second step of a sign-in.

use axum::extract::State;
use gatepost_domain::mfa::Missing;
use serde::{Deserialize, Serialize};

use super::{
    login::{CookieHeader, SignedInAnswer, cookie, known},
    mfa_view::{CodeSent, TotpSetup, revealed},
    passkey_view::PasskeyOptions,
};
use crate::{
    App,
    http::{Json, Now, Problem, Where, problem::ProblemDocument},
    passkeys::{self, AuthenticationResponse, RegistrationResponse},
    realm::InRealm,
    session::{self, Finished, Shown, TrustCookie},
};

/// The second step: the token of the first, and one of a code, a code that was sent, a recovery code, a passkey and a new passkey.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecondStep {
    /// As `/api/v1/login` gave it.
    mfa_token: String,
    /// Six digits of the authenticator app; of one that was just set up, the first. Where there is no app, those that
    /// `/api/v1/login/mfa/sms` sent.
    #[schema(example = "287082")]
    code: Option<String>,
    /// Six digits that `/api/v1/login/mfa/sms` sent, in place of `code`.
    #[schema(example = "402956")]
    sms_code: Option<String>,
    /// A recovery code, in place of `code`. It is spent.
    #[schema(example = "4KMQ-7TWX")]
    recovery_code: Option<String>,
    /// A passkey, in place of `code`: what the browser answered to the options of `/api/v1/login/mfa/passkey`.
    passkey: Option<AuthenticationResponse>,
    /// A passkey that was made just now, where one has to be set up: what the browser answered to the options of
    /// `/api/v1/login/mfa/passkey/new`.
    new_passkey: Option<RegistrationResponse>,
    /// Asks for no second factor on this device for a while, where the realm has that (`trusted_device_ttl`): the answer sets a cookie.
    #[serde(default)]
    trust_device: bool,
}

/// A sign-in with two factors.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SecondStepAnswer {
    #[serde(flatten)]
    signed_in: SignedInAnswer,
    /// How many recovery codes are left; present when one was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes_left: Option<u64>,
    /// New recovery codes, shown this once; present when a factor was set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes: Option<Vec<String>>,
}

/// Sign in: second step
///
/// Starts the session that `/api/v1/login` did not. Each code is good once; a token may be tried five times, and an account ten times
/// an hour.
#[utoipa::path(
    post, path = "/api/v1/login/mfa", tag = "Sign in", operation_id = "login_mfa", request_body = SecondStep,
    responses(
        (status = 200, description = "Tokens, and whose they are", body = SecondStepAnswer),
        (status = 401, description = "`invalid_mfa_token`: sign in again", body = ProblemDocument),
        (status = 403, description = "`invalid_code`, `sms_code_expired`, `sms_code_spent`, `invalid_passkey` or `interceptor_denied`", body = ProblemDocument),
        (status = 409, description = "`passkey_exists` or `passkeys_unavailable`", body = ProblemDocument),
        (status = 429, description = "`too_many_attempts`", body = ProblemDocument),
        (status = 503, description = "`interceptor_unanswered`", body = ProblemDocument),
    )
)]
pub(super) async fn second(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<SecondStep>,
) -> Result<(CookieHeader, CookieHeader, Json<SecondStepAnswer>), Problem> {
    let shown = match (&body.code, &body.sms_code, &body.recovery_code, &body.passkey, &body.new_passkey) {
        (Some(code), None, None, None, None) => Shown::Code(code),
        (None, Some(code), None, None, None) => Shown::SmsCode(code),
        (None, None, Some(code), None, None) => Shown::RecoveryCode(code),
        (None, None, None, Some(sent), None) => Shown::Passkey(sent),
        (None, None, None, None, Some(sent)) => Shown::NewPasskey(sent),
        _ => {
            return Err(Problem::InvalidBody {
                detail: "give one of `code`, `sms_code`, `recovery_code`, `passkey` and `new_passkey`".into(),
            });
        }
    };
    let origin = origin.trusting(body.trust_device);
    let pending = session::open_pending(&app, &realm, &body.mfa_token, now);
    let pending = pending.ok_or(Problem::InvalidPendingSignIn)?;
    let Finished { begun, second, recovery_codes_left, trusted } =
        session::finish(&app, &realm, pending, shown, &origin, now).await?;
    let codes = second.as_ref().map(|second| second.codes()).unwrap_or_default();
    let device = known(begun.device.as_ref())?;
    let trusted = cookie(trusted.as_ref(), TrustCookie::header)?;
    let answer = SecondStepAnswer {
        signed_in: SignedInAnswer::new(begun),
        recovery_codes_left,
        recovery_codes: (!codes.is_empty()).then(|| revealed(codes)),
    };
    Ok((device, trusted, Json(answer)))
}

/// Set-up at sign-in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetUpAtSignIn {
    /// As `/api/v1/login` gave it with `mfa_setup_required`.
    mfa_token: String,
}

/// Sign in: set up an authenticator app
///
/// For an account without a second factor, where the realm asks for one. The app counts, and the account is signed in, when its first
/// code was sent to `/api/v1/login/mfa` with the same token. Asked again, the key before is no good, also if another sign-in of the
/// account asks: then sign in again.
#[utoipa::path(
    post, path = "/api/v1/login/mfa/totp", tag = "Sign in", operation_id = "login_mfa_setup", request_body = SetUpAtSignIn,
    responses(
        (status = 200, description = "What the app is told", body = TotpSetup),
        (status = 401, description = "`invalid_mfa_token`: sign in again", body = ProblemDocument),
    )
)]
pub(super) async fn set_up(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    Json(body): Json<SetUpAtSignIn>,
) -> Result<Json<TotpSetup>, Problem> {
    let pending = session::open_pending(&app, &realm, &body.mfa_token, now);
    let pending = pending.ok_or(Problem::InvalidPendingSignIn)?;
    let set_up = session::begin_set_up(&app, &realm, &pending, now).await?;
    Ok(Json(TotpSetup::new(&set_up)?))
}

/// Sign in: set up a passkey
///
/// For an account without a second factor, where the realm asks for one: what the browser is told, `navigator.credentials.create()`. What
/// it answers goes to `/api/v1/login/mfa` as `new_passkey`; that keeps the passkey and signs in.
#[utoipa::path(
    post, path = "/api/v1/login/mfa/passkey/new", tag = "Sign in", operation_id = "login_mfa_new_passkey",
    request_body = SetUpAtSignIn,
    responses(
        (status = 200, description = "Options for this sign-in", body = PasskeyOptions),
        (status = 401, description = "`invalid_mfa_token`: sign in again", body = ProblemDocument),
        (status = 409, description = "`passkeys_unavailable`", body = ProblemDocument),
    )
)]
pub(super) async fn new_passkey(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    Json(body): Json<SetUpAtSignIn>,
) -> Result<Json<PasskeyOptions>, Problem> {
    let pending = session::open_pending(&app, &realm, &body.mfa_token, now);
    let pending = pending.ok_or(Problem::InvalidPendingSignIn)?;
    Ok(Json(session::begin_passkey_set_up(&app, &realm, &pending, now).await?.into()))
}

/// A sign-in that waits for a code.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SmsAtSignIn {
    /// As `/api/v1/login` gave it.
    mfa_token: String,
}

/// Sign in: have a code sent as second step
///
/// As a text message to the account's phone number, good for this sign-in and for five minutes; it goes to `/api/v1/login/mfa` as `sms_code`.
/// Another takes its place.
#[utoipa::path(
    post, path = "/api/v1/login/mfa/sms", tag = "Sign in", operation_id = "login_mfa_sms", request_body = SmsAtSignIn,
    responses(
        (status = 200, description = "The code is on its way", body = CodeSent),
        (status = 401, description = "`invalid_mfa_token`: sign in again", body = ProblemDocument),
        (status = 403, description = "`sms_off`", body = ProblemDocument),
        (status = 409, description = "`no_phone_number`: show another factor", body = ProblemDocument),
        (status = 429, description = "`too_many_attempts`: a code every 30 seconds, and five an hour for an account and for a number", body = ProblemDocument),
        (status = 503, description = "`sms_not_sent`", body = ProblemDocument),
    )
)]
pub(super) async fn send_sms(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<SmsAtSignIn>,
) -> Result<Json<CodeSent>, Problem> {
    let pending = session::open_pending(&app, &realm, &body.mfa_token, now);
    let pending = pending.ok_or(Problem::InvalidPendingSignIn)?;
    let sent = session::send_sms_at_sign_in(&app, &realm, &pending, &origin, now).await?;
    Ok(Json(CodeSent::new(sent, now)))
}

/// A sign-in that waits.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasskeyAtSignIn {
    /// As `/api/v1/login` gave it.
    mfa_token: String,
}

/// Sign in: ask for a passkey as second step
///
/// What the browser is told, with the account's passkeys: `navigator.credentials.get()`. What it answers goes to `/api/v1/login/mfa` as
/// `passkey`.
#[utoipa::path(
    post, path = "/api/v1/login/mfa/passkey", tag = "Sign in", operation_id = "login_mfa_passkey_options",
    request_body = PasskeyAtSignIn,
    responses(
        (status = 200, description = "Options for this sign-in", body = PasskeyOptions),
        (status = 401, description = "`invalid_mfa_token`: sign in again", body = ProblemDocument),
        (status = 409, description = "`passkeys_unavailable`", body = ProblemDocument),
    )
)]
pub(super) async fn passkey(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    Json(body): Json<PasskeyAtSignIn>,
) -> Result<Json<PasskeyOptions>, Problem> {
    let pending = session::open_pending(&app, &realm, &body.mfa_token, now);
    let pending = pending.ok_or(Problem::InvalidPendingSignIn)?;
    match session::what_is_missing(&app, &realm, &pending, now).await? {
        Some((_, Missing::Factor)) => {}
        _ => return Err(Problem::InvalidPendingSignIn),
    }
    Ok(Json(passkeys::to_sign_in_second(&app, &realm, &pending, now).await?.into()))
}
