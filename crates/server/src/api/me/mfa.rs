//! `/api/v1/me/mfa`

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    api::mfa_view::{MfaView, NewRecoveryCodes, RecoveryCodesView, TotpSetup, revealed},
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

/// An authenticator app that counts.
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
