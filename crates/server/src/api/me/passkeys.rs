//! `/api/v1/me/passkeys`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{DisplayName, NameRefused, PasskeyId};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    api::{
        mfa_view::revealed,
        passkey_view::{PasskeyOptions, PasskeyView},
    },
    http::{Json, Now, PathId, Problem, SignedIn, Where, problem::ProblemDocument},
    passkeys::{self, RegistrationResponse},
    realm::InRealm,
};

/// The passkeys of an account.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Passkeys {
    /// The oldest first.
    passkeys: Vec<PasskeyView>,
}

/// List the account's passkeys
#[utoipa::path(
    get, path = "/api/v1/me/passkeys", tag = "Passkeys", operation_id = "list_passkeys", security(("bearer" = [])),
    responses(
        (status = 200, description = "All of them: there may be 20", body = Passkeys),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
    )
)]
pub(super) async fn list(caller: SignedIn, State(app): State<App>) -> Result<Json<Passkeys>, Problem> {
    let found = passkeys::list(&app, caller.user.realm, caller.user.id).await?;
    Ok(Json(Passkeys { passkeys: found.iter().map(PasskeyView::from).collect() }))
}

/// Begin to add a passkey
///
/// What the browser is told that makes it: `navigator.credentials.create()`. Takes a sign-in of the last ten minutes, with a second
/// factor where the account has one.
#[utoipa::path(
    post, path = "/api/v1/me/passkeys/options", tag = "Passkeys", operation_id = "begin_passkey", security(("bearer" = [])),
    responses(
        (status = 200, description = "Options for this account and session", body = PasskeyOptions),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`second_factors_off` or `not_for_applications`", body = ProblemDocument),
        (status = 409, description = "`too_many` or `passkeys_unavailable`", body = ProblemDocument),
    )
)]
pub(super) async fn begin(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Json<PasskeyOptions>, Problem> {
    Ok(Json(passkeys::begin(&app, &realm, &caller, origin, now).await?.into()))
}

/// A passkey that the browser has made.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPasskey {
    /// What the browser answered: `credential.toJSON()`.
    credential: RegistrationResponse,
    /// What to call it. Left out: what its authenticator is called, where that is known.
    #[schema(example = "The blue key")]
    name: Option<String>,
}

/// A passkey that was added.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AddedPasskey {
    passkey: PasskeyView,
    /// New recovery codes, shown this once; present when there were none left.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes: Option<Vec<String>>,
}

fn name(text: &str) -> Result<DisplayName, Problem> {
    text.parse().map_err(|refused: NameRefused| Problem::InvalidField {
        field: "name",
        reason: refused.to_string().into(),
    })
}

/// Add a passkey
///
/// From now on it signs in alone, and after a password it is asked for as a second factor.
#[utoipa::path(
    post, path = "/api/v1/me/passkeys", tag = "Passkeys", operation_id = "add_passkey", request_body = NewPasskey,
    security(("bearer" = [])),
    responses(
        (status = 201, description = "It is added", body = AddedPasskey),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`invalid_passkey`, `second_factors_off` or `not_for_applications`", body = ProblemDocument),
        (status = 409, description = "`passkey_exists`, `too_many` or `passkeys_unavailable`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn add(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<NewPasskey>,
) -> Result<(StatusCode, Json<AddedPasskey>), Problem> {
    let name = body.name.as_deref().map(name).transpose()?;
    let added = passkeys::finish(&app, &realm, &caller, (&body.credential, name), origin, now).await?;
    let recovery_codes = added.codes.map(|codes| revealed(&codes));
    Ok((StatusCode::CREATED, Json(AddedPasskey { passkey: (&added.passkey).into(), recovery_codes })))
}

/// What may be changed of a passkey.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasskeyChange {
    /// What to call it.
    #[schema(example = "The blue key")]
    name: String,
}

/// Rename a passkey
#[utoipa::path(
    patch, path = "/api/v1/me/passkeys/{id}", tag = "Passkeys", operation_id = "rename_passkey", request_body = PasskeyChange,
    security(("bearer" = [])), params(("id" = String, Path, description = "As listed")),
    responses(
        (status = 204, description = "It has the name"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`not_for_applications`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn rename(
    caller: SignedIn,
    PathId(id): PathId<PasskeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<PasskeyChange>,
) -> Result<StatusCode, Problem> {
    passkeys::rename(&app, &caller, (id, name(&body.name)?), origin, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a passkey
///
/// It signs in no more. Takes a sign-in of the last ten minutes with a second factor. With the last factor the recovery codes go too.
#[utoipa::path(
    delete, path = "/api/v1/me/passkeys/{id}", tag = "Passkeys", operation_id = "remove_passkey", security(("bearer" = [])),
    params(("id" = String, Path, description = "As listed")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`not_for_applications`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`last_second_factor` or `last_way_in`", body = ProblemDocument),
    )
)]
pub(super) async fn remove(
    caller: SignedIn,
    realm: InRealm,
    PathId(id): PathId<PasskeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    passkeys::remove(&app, &realm, &caller, id, origin, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
