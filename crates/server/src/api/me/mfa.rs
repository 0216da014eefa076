//! `/api/v1/me/mfa`

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    api::mfa_view::{CodeSent, MfaView, NewRecoveryCodes, RecoveryCodesView, TotpSetup, revealed},
    http::{Json, Now, Problem, SignedIn, Where, problem::ProblemDocument},
    mfa,
    realm::InRealm,
};

/// Show the account's second factors
#[utoipa::path(
    get, path = "/api/v1/me/mfa", tag = "Second factors", operation_id = "get_my_mfa", security(("bearer" = [])),
    responses(
        (status = 200, description = "What was set up", body = MfaView),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
    )
)]
pub(super) async fn show(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
) -> Result<Json<MfaView>, Problem> {
    Ok(Json(MfaView::of(&app, &realm, &caller.user, now).await?))
}

/// Begin to set up an authenticator app
///
/// Takes a sign-in of the last ten minutes, with a second factor where the account has one. The app counts when a code of it was
/// confirmed; one that counts already stays until then. Of several that are begun the last can be confirmed, within an hour, in the
/// session that began it.
#[utoipa::path(
    post, path = "/api/v1/me/mfa/totp", tag = "Second factors", operation_id = "begin_totp", security(("bearer" = [])),
    responses(
        (status = 200, description = "What the app is told", body = TotpSetup),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`second_factors_off` or `not_for_applications`", body = ProblemDocument),
    )
)]
pub(super) async fn begin_totp(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Json<TotpSetup>, Problem> {
    let set_up = mfa::begin_totp(&app, &realm, &caller, origin, now).await?;
    Ok(Json(TotpSetup::new(&set_up)?))
}

/// The first code of an app.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmation {
    /// Six digits.
    #[schema(example = "287082")]
    code: String,
}

/// A second factor that counts.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Confirmed {
    /// New recovery codes, shown this once; present when there were none left.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes: Option<Vec<String>>,
}

/// Confirm an authenticator app
///
/// In the session that began to set it up; to any other it is as if nothing had been begun. From now on its codes are asked for at every
/// sign-in, and no longer those of an app before it.
#[utoipa::path(
    post, path = "/api/v1/me/mfa/totp/confirm", tag = "Second factors", operation_id = "confirm_totp",
    request_body = Confirmation, security(("bearer" = [])),
    responses(
        (status = 200, description = "The app counts", body = Confirmed),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`invalid_code`, `second_factors_off` or `not_for_applications`", body = ProblemDocument),
        (status = 409, description = "`no_setup`", body = ProblemDocument),
    )
)]
pub(super) async fn confirm_totp(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<Confirmation>,
) -> Result<Json<Confirmed>, Problem> {
    let codes = mfa::confirm_totp(&app, &realm, &caller, &body.code, origin, now).await?;
    Ok(Json(Confirmed { recovery_codes: codes.map(|codes| revealed(&codes)) }))
}

/// Remove the authenticator app
///
/// Takes a sign-in of the last ten minutes with a second factor. With the last factor the recovery codes go too.
#[utoipa::path(
    delete, path = "/api/v1/me/mfa/totp", tag = "Second factors", operation_id = "remove_totp", security(("bearer" = [])),
    responses(
        (status = 204, description = "It is asked for no more"),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`not_for_applications`", body = ProblemDocument),
        (status = 404, description = "`not_found`: there is none", body = ProblemDocument),
        (status = 409, description = "`last_second_factor`", body = ProblemDocument),
    )
)]
pub(super) async fn remove_totp(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    mfa::remove_totp(&app, &realm, &caller, origin, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A telephone number.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NumberToConfirm {
    /// With `+` and the country first: 8 to 15 digits (E.164). Spaces, dots, dashes and parentheses are left out.
    #[schema(example = "+49 151 12345678")]
    phone_number: String,
}

/// Begin to set up a phone number
///
/// Sends a code to it, as a text message. Takes a sign-in of the last ten minutes, with a second factor where the account has one. The number
/// counts when the code was confirmed, within five minutes, in the session that began it; one that counts already stays until then.
///
/// Text messages are the weakest of the second factors: who takes over the number, or has a person read the code out, has the code. An
/// app is better, and a passkey is better than either.
#[utoipa::path(
    post, path = "/api/v1/me/mfa/sms", tag = "Second factors", operation_id = "begin_sms",
    request_body = NumberToConfirm, security(("bearer" = [])),
    responses(
        (status = 200, description = "The code is on its way", body = CodeSent),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`sms_off`, `second_factors_off` or `not_for_applications`", body = ProblemDocument),
        (status = 422, description = "`invalid_phone`", body = ProblemDocument),
        (status = 429, description = "`too_many_attempts`: a code every 30 seconds, and five an hour for an account and for a number", body = ProblemDocument),
        (status = 503, description = "`sms_not_sent`", body = ProblemDocument),
    )
)]
pub(super) async fn begin_sms(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<NumberToConfirm>,
) -> Result<Json<CodeSent>, Problem> {
    let sent = mfa::begin_sms(&app, &realm, &caller, &body.phone_number.parse()?, origin, now).await?;
    Ok(Json(CodeSent::new(sent, now)))
}

/// The code that was sent.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SmsConfirmation {
    /// Six digits.
    #[schema(example = "287082")]
    code: String,
}

/// Confirm a phone number
///
/// In the session that began to set it up. From now on codes are sent to it, and no longer to the one before.
#[utoipa::path(
    post, path = "/api/v1/me/mfa/sms/confirm", tag = "Second factors", operation_id = "confirm_sms",
    request_body = SmsConfirmation, security(("bearer" = [])),
    responses(
        (status = 200, description = "The number counts", body = Confirmed),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`invalid_code`, `sms_code_expired`, `sms_code_spent`, `sms_off`, `second_factors_off` or `not_for_applications`", body = ProblemDocument),
        (status = 429, description = "`too_many_attempts`", body = ProblemDocument),
    )
)]
pub(super) async fn confirm_sms(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<SmsConfirmation>,
) -> Result<Json<Confirmed>, Problem> {
    let codes = mfa::confirm_sms(&app, &realm, &caller, &body.code, origin, now).await?;
    Ok(Json(Confirmed { recovery_codes: codes.map(|codes| revealed(&codes)) }))
}

/// Remove the phone number
///
/// Takes a sign-in of the last ten minutes with a second factor. With the last factor the recovery codes go too.
#[utoipa::path(
    delete, path = "/api/v1/me/mfa/sms", tag = "Second factors", operation_id = "remove_sms", security(("bearer" = [])),
    responses(
        (status = 204, description = "Codes are sent to it no more"),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`not_for_applications`", body = ProblemDocument),
        (status = 404, description = "`not_found`: there is none", body = ProblemDocument),
        (status = 409, description = "`last_second_factor`", body = ProblemDocument),
    )
)]
pub(super) async fn remove_sms(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    mfa::remove_sms(&app, &realm, &caller, origin, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Count the recovery codes
#[utoipa::path(
    get, path = "/api/v1/me/mfa/recovery-codes", tag = "Second factors", operation_id = "count_recovery_codes",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "How many are left", body = RecoveryCodesView),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
    )
)]
pub(super) async fn count_recovery_codes(
    caller: SignedIn,
    realm: InRealm,
    State(app): State<App>,
) -> Result<Json<RecoveryCodesView>, Problem> {
    let overview = mfa::overview(&app, realm.id(), caller.user.id).await?;
    Ok(Json(overview.codes.into()))
}

/// Make new recovery codes
///
/// Ten, shown this once; those before are no good any more. Takes a sign-in of the last ten minutes with a second factor.
#[utoipa::path(
    post, path = "/api/v1/me/mfa/recovery-codes", tag = "Second factors", operation_id = "make_recovery_codes",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The codes", body = NewRecoveryCodes),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`not_for_applications`", body = ProblemDocument),
        (status = 409, description = "`no_second_factor`: set one up first", body = ProblemDocument),
    )
)]
pub(super) async fn make_recovery_codes(
    caller: SignedIn,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Json<NewRecoveryCodes>, Problem> {
    let codes = mfa::new_recovery_codes(&app, &caller, origin, now).await?;
    Ok(Json(NewRecoveryCodes::new(&codes)))
}
