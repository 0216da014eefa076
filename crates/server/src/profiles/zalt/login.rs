//! `POST /login`, and what ends a sign-in that waits for a second factor.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use gatepost_domain::{
    Timestamp,
    mfa::{Missing, PendingSignIn, totp::Code},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    sent::{Body, In},
    sms::{self, AtSignIn},
    tasks, view,
};
use crate::{
    App, accounts,
    api::{Password, cookie, known_device},
    http::{Now, Problem, Where},
    mfa,
    realm::InRealm,
    session::{self, Begun, DeviceCookie, Finished, Proven, Shown, SignIn, TrustCookie},
};

#[derive(Deserialize)]
pub struct Login {
    email: String,
    password: Password,
}

/// Signs in with a password, or says what is missing.
pub async fn login(
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Login>,
) -> Result<Response, Refusal> {
    accounts::email(&body.email)?;
    let identifier = session::Identifier::Email(&body.email);
    let origin = origin.on_trusted_device(true);
    let password = body.password.spelled().map_err(|_| Problem::InvalidCredentials)?;
    let proven = session::prove(&app, &realm, identifier, password, &origin, now).await?;
    let (device, answer) = after_first(&app, &realm, proven, &origin, now).await?;
    Ok((known_device(device.as_ref())?, Said::ok(answer)).into_response())
}

/// What comes after the first step, whatever that was: the session, or what is missing. And what makes the device known.
pub(super) async fn after_first(
    app: &App,
    realm: &InRealm,
    proven: Proven,
    origin: &Where,
    now: Timestamp,
) -> Result<(Option<DeviceCookie>, Value), Refusal> {
    let user = proven.user.clone();
    match session::sign_in(app, realm, proven, origin, now).await? {
        SignIn::Begun(begun) => {
            let answer = signed_in(app, realm, &begun, now).await?;
            Ok((begun.device, answer))
        }
        SignIn::Pending(pending, missing) => {
            let mut answer = challenge(app, realm, (&pending, missing), origin, now).await?;
            answer["user"] = view::half(&user);
            Ok((None, answer))
        }
    }
}

/// A sign-in that worked.
pub(super) async fn signed_in(
    app: &App,
    realm: &InRealm,
    begun: &Begun,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let about = accounts::about(app, &begun.user).await?;
    let user = view::user(realm, &begun.user, &about, Some(now));
    let mut answer = view::with_tokens(json!({"message": "Signed in.", "user": user}), &begun.tokens);
    if let Some(by) = begun.set_up_by {
        answer["mfa_setup_required_by"] = json!(by);
        answer["session_tasks"] = json!([tasks::view(begun.session, now, Some(by))]);
        answer["has_blocking_tasks"] = json!(false);
    }
    Ok(answer)
}

/// What a factor is called in this contract.
pub(super) fn called(method: &str) -> &str {
    match method {
        "passkey" => "webauthn",
        "recovery_code" => "backup_code",
        other => other,
    }
}

/// What it takes to go on. Who has to set a factor up first is refused, with what that takes.
async fn challenge(
    app: &App,
    realm: &InRealm,
    (pending, missing): (&PendingSignIn, Missing),
    origin: &Where,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let id = session::seal_pending(app, realm, pending);
    let seconds = pending.expires_at.since(now).as_secs();
    if missing.is_set_up() {
        let allowed: Vec<&str> = mfa::kinds_to_set_up(realm).into_iter().map(called).collect();
        let details = json!({"allowed_methods": allowed, "mfa_session_id": id, "expires_in": seconds});
        return Err(Refusal::from(Problem::MfaSetUpRequired).with("details", details));
    }
    let methods = mfa::methods(app, realm, pending.user).await?;
    let methods: Vec<&str> = methods.into_iter().map(called).collect();
    let by_code = methods.iter().any(|method| ["totp", "sms"].contains(method));
    let passkey_alone = methods.contains(&"webauthn") && !by_code;
    let sent = sms::at_sign_in(app, realm, (pending, &methods), origin, now).await?;
    let mut answer = json!({
        "message": "A second factor is needed.",
        "mfa_required": true,
        "mfa_session_id": id,
        "mfa_methods": methods,
        "allowed_methods": methods,
        "mfa_expires_in": seconds,
        "expires_in": seconds,
        "webauthn_required": passkey_alone,
        "mfaRequired": true,
        "mfaSessionId": id,
        "mfaMethods": methods,
        "mfaExpiresIn": seconds,
        "webauthnRequired": passkey_alone,
    });
    if let Some(AtSignIn { to, retry_after }) = sent {
        for (names, value) in [
            (["sms_sent", "smsSent"], json!(to.is_some())),
            (["phone_number", "phoneNumber"], json!(to)),
            (["sms_retry_after", "smsRetryAfter"], json!(retry_after)),
        ] {
            for name in names {
                answer[name] = value.clone();
            }
        }
    }
    Ok(answer)
}

/// The second step.
#[derive(Deserialize)]
pub struct SecondStep {
    mfa_session_id: String,
    code: String,
    /// Asks for no second factor on this device for a while, where the realm has that.
    #[serde(default, alias = "trustDevice", alias = "remember_device")]
    trust_device: bool,
}

/// `POST /mfa/verify`: ends a sign-in that waits, by a code of the app, one that was sent, or one that was written down.
pub async fn second(
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<SecondStep>,
) -> Result<Response, Refusal> {
    // Six digits are of the app, or were sent where there is none; what is written down is longer.
    let shown = match body.code.parse::<Code>() {
        Ok(_) => Shown::Code(&body.code),
        Err(_) => Shown::RecoveryCode(&body.code),
    };
    let origin = origin.trusting(body.trust_device);
    finish((&app, &realm), &body.mfa_session_id, shown, &origin, now).await
}

/// Ends a sign-in that waits, by what is shown.
pub(super) async fn finish(
    (app, realm): (&App, &InRealm),
    id: &str,
    shown: Shown<'_>,
    origin: &Where,
    now: Timestamp,
) -> Result<Response, Refusal> {
    let pending = session::open_pending(app, realm, id, now).ok_or(Problem::InvalidPendingSignIn)?;
    let finished = session::finish(app, realm, pending, shown, origin, now).await?;
    let Finished { begun, second, recovery_codes_left, trusted } = finished;
    let mut answer = signed_in(app, realm, &begun, now).await?;
    answer["used_backup_code"] = json!(recovery_codes_left.is_some());
    if let Some(left) = recovery_codes_left {
        answer["remaining_backup_codes"] = json!(left);
        if left < super::mfa::FEW {
            answer["backup_codes_warning"] = json!("Few backup codes are left. Make new ones.");
        }
    }
    // Made with an app that was set up with this sign-in, and shown this once.
    let codes = second.as_ref().map(|second| mfa::shown(second.codes())).unwrap_or_default();
    if !codes.is_empty() {
        let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
        answer["backup_codes"] = json!(codes);
    }
    let trusted = cookie(trusted.as_ref(), TrustCookie::header)?;
    Ok((known_device(begun.device.as_ref())?, trusted, Said::ok(answer)).into_response())
}
