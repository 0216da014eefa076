//! `/v1/auth/mfa`: second factors of the signed-in account.

use axum::{extract::State, http::StatusCode};
use data_encoding::BASE64;
use gatepost_domain::{
    Timestamp,
    audit::Event,
    mfa::{FactorKind, PhoneNumber},
};
use gatepost_store::recovery_codes::RecoveryCodes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    login::called,
    reverify::{fresh, is_fresh},
    sent::{Body, In, MaybeBody},
};
use crate::{
    App, accounts,
    api::Password,
    http::{Now, Problem, SignedIn, Where},
    mfa::{self, BegunBy, Overview},
    realm::InRealm,
};

/// Fewer are left than somebody should have.
pub(super) const FEW: u64 = 3;

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct SetUp {
    method: Option<String>,
}

/// Begins to set an authenticator app up. It counts when its first code was confirmed; the codes to write down come then.
pub async fn set_up(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    MaybeBody(body): MaybeBody<SetUp>,
) -> Result<Said, Refusal> {
    if body.method.is_some_and(|method| method != "totp") {
        return Err(Refusal::invalid("`method` is `totp`; passkeys and numbers have their own endpoints."));
    }
    if mfa::overview(&app, realm.id(), caller.user.id).await?.totp().is_some() {
        let message = "The account has an authenticator app. Disable it first.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "MFA_ALREADY_ENABLED", message));
    }
    let begun = mfa::begin_totp(&app, &realm, &caller, origin, now).await;
    let set_up = fresh(&app, &caller, begun).await?;
    let picture = format!("data:image/svg+xml;base64,{}", BASE64.encode(mfa::svg(&set_up.uri)?.as_bytes()));
    let (secret, uri) = (set_up.secret.as_str(), set_up.uri.as_str());
    Ok(Said::ok(json!({
        "message": "Scan the picture, and confirm with the first code.",
        "secret": secret,
        "otpauth_url": uri,
        "otpauthUrl": uri,
        "qr_code": picture,
        "qrCode": picture,
        "backup_codes": [],
        "backupCodes": [],
    })))
}

#[derive(Deserialize)]
pub struct Confirmation {
    code: String,
    secret: Option<String>,
}

pub(super) fn wrong() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "INVALID_CODE", "The code is not right.")
}

/// Confirms it, and gives the codes to write down that came with it.
pub(super) async fn confirmed(
    (app, realm, caller): (&App, &InRealm, &SignedIn),
    code: &str,
    origin: Where,
    now: Timestamp,
) -> Result<Vec<String>, Refusal> {
    let codes = match mfa::confirm_totp(app, realm, caller, code, origin, now).await {
        Err(Problem::InvalidCode) => return Err(wrong()),
        other => fresh(app, caller, other).await?.unwrap_or_default(),
    };
    Ok(mfa::shown(&codes).iter().map(|code| code.as_str().to_owned()).collect())
}

/// Confirms the app that was set up in this session, by its first code.
pub async fn confirm(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Confirmation>,
) -> Result<Said, Refusal> {
    if let Some(echoed) = &body.secret {
        let by = BegunBy::Session(caller.session.id);
        let pending = mfa::pending_totp(&app, &realm, &caller.user, by, now).await?;
        if pending.is_none_or(|pending| pending.secret.as_str() != echoed) {
            return Err(wrong());
        }
    }
    let codes = confirmed((&app, &realm, &caller), &body.code, origin, now).await?;
    Ok(Said::ok(json!({
        "message": "The app counts from now on.",
        "success": true,
        "backup_codes": codes,
        "backupCodes": codes,
    })))
}

/// What allows it, beside a fresh sign-in: a code, or the password.
#[derive(Deserialize)]
pub struct Proof {
    code: Option<String>,
    password: Option<Password>,
}

/// Removes the authenticator app. A fresh sign-in with a second factor is asked for first, so that no code is used up in vain.
pub async fn disable(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Proof>,
) -> Result<Said, Refusal> {
    if mfa::overview(&app, realm.id(), caller.user.id).await?.totp().is_none() {
        return Err(Problem::NoSecondFactor.into());
    }
    is_fresh(&app, &caller, now).await?;
    match (&body.code, &body.password) {
        (Some(code), None) => {
            mfa::check_code(&app, &caller, code, origin.clone(), now).await?;
        }
        (None, Some(password)) => check_password(&app, &realm, &caller, password, &origin, now).await?,
        _ => return Err(Refusal::invalid("Send either `code` or `password`.")),
    }
    mfa::remove_totp(&app, &realm, &caller, origin, now).await?;
    Ok(Said::ok(json!({"message": "The app is asked for no more.", "success": true})))
}

pub(super) async fn check_password(
    app: &App,
    realm: &InRealm,
    caller: &SignedIn,
    password: &Password,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    let password = password.spelled().map_err(|_| Problem::WrongPassword)?;
    accounts::check_password(app, realm, (caller, &password), Event::SignInRefused, origin, now)
        .await
        .map(|_| ())
}

/// What the account has set up.
pub async fn status(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    Ok(Said::ok(shown(&mfa::overview(&app, realm.id(), caller.user.id).await?)))
}

/// What an account has set up, as its owner and whoever administers it see it.
pub(super) fn shown(overview: &Overview) -> Value {
    let mut methods: Vec<&str> = overview.factors.iter().map(|factor| called(factor.kind.name())).collect();
    methods.dedup();
    let (enabled, left) = (overview.has_factor(), overview.codes.left);
    let has = |kind| overview.factors.iter().any(|factor| factor.kind == kind);
    let number = overview.phone_number.as_ref().map(PhoneNumber::masked);
    json!({
        "enabled": enabled,
        "methods": methods,
        "totp_enabled": has(FactorKind::Totp),
        "webauthn_enabled": has(FactorKind::Passkey),
        "sms_enabled": has(FactorKind::Sms),
        "phone_number": number,
        "backup_codes_remaining": left,
        "mfaEnabled": enabled,
        "totpEnabled": has(FactorKind::Totp),
        "webauthnEnabled": has(FactorKind::Passkey),
        "smsEnabled": has(FactorKind::Sms),
        "phoneNumber": number,
        "backupCodesRemaining": left,
    })
}

#[derive(Deserialize)]
pub struct ByPassword {
    password: Password,
}

/// New codes to write down, in place of those before.
pub async fn new_backup_codes(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<ByPassword>,
) -> Result<Said, Refusal> {
    is_fresh(&app, &caller, now).await?;
    check_password(&app, &realm, &caller, &body.password, &origin, now).await?;
    let codes = mfa::shown(&mfa::new_recovery_codes(&app, &caller, origin, now).await?);
    let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    Ok(Said::ok(json!({
        "message": "New backup codes. Those before are no good any more.",
        "backup_codes": codes,
        "backupCodes": codes,
        "warning": "They are shown this once.",
    })))
}

/// How many of them are left.
pub async fn count_backup_codes(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let overview = mfa::overview(&app, realm.id(), caller.user.id).await?;
    Ok(Said::ok(counted(&overview.codes, overview.has_factor())))
}

fn counted(codes: &RecoveryCodes, has_factor: bool) -> Value {
    let few = has_factor && codes.left < FEW;
    json!({
        "remaining_codes": codes.left,
        "total_codes": codes.total,
        "warning": few.then_some("Few backup codes are left."),
        "should_regenerate": few,
        "remainingCodes": codes.left,
        "totalCodes": codes.total,
        "shouldRegenerate": few,
    })
}
