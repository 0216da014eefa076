//! `/v1/auth/mfa/sms`: codes as text messages, for the account and at its sign-in.

use axum::{extract::State, http::StatusCode, response::Response};
use gatepost_domain::{Timestamp, mfa::PendingSignIn};
use serde::Deserialize;
use serde_json::json;

use super::{
    Refusal,
    envelope::Said,
    login::finish,
    mfa::{check_password, wrong},
    reverify::{fresh, is_fresh},
    sent::{Body, In, MaybeBody},
};
use crate::{
    App,
    api::Password,
    http::{Now, Problem, SignedIn, Where},
    mfa,
    realm::InRealm,
    session::{self, Shown},
    sms::{self, SmsSent},
};

/// What is said of them before a number is set up.
const RISK: &str = "Text messages are the weakest second factor: whoever takes over the number, or has the code read out to them, \
                    signs in with it. A passkey or an authenticator app is safer.";

/// As long as an account waits for another, in seconds.
const PAUSE: u64 = 30;

/// The risk, and what to choose in their place.
pub async fn risk_warning(In(_): In<SignedIn>, In(realm): In<InRealm>) -> Result<Said, Refusal> {
    let allowed = sms::sender(&realm).is_ok();
    Ok(Said::ok(json!({
        "warning": RISK,
        "recommended_methods": ["webauthn", "totp"],
        "sms_allowed": allowed,
        "recommendedMethods": ["webauthn", "totp"],
        "smsAllowed": allowed,
    })))
}

fn sent(sent: &SmsSent) -> Said {
    Said::ok(json!({
        "message": "The code is on its way. It is good for five minutes.",
        "success": true,
        "phone_number": sent.to,
        "verification_required": true,
        "phoneNumber": sent.to,
        "verificationRequired": true,
    }))
}

/// A number, and whether its owner has read what is said of text messages.
#[derive(Deserialize)]
pub struct SetUp {
    #[serde(alias = "phoneNumber")]
    phone_number: String,
    #[serde(default, alias = "acceptRisk")]
    accept_risk: Option<bool>,
}

/// Sends a code to a number that is to count once it was confirmed.
pub async fn set_up(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<SetUp>,
) -> Result<Said, Refusal> {
    // Its libraries send nothing of it.
    if body.accept_risk == Some(false) {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "RISK_NOT_ACCEPTED", RISK));
    }
    sms::sender(&realm)?;
    let number = body.phone_number.parse().map_err(Problem::from)?;
    let begun = mfa::begin_sms(&app, &realm, &caller, &number, origin, now).await;
    Ok(sent(&fresh(&app, &caller, begun).await?))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Resend {
    mfa_session_id: Option<String>,
}

/// Sends a code: for a sign-in that waits; or to whoever is signed in, to the number that they are setting up, or that they have.
pub async fn send(
    caller: Result<In<SignedIn>, Refusal>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    MaybeBody(body): MaybeBody<Resend>,
) -> Result<Said, Refusal> {
    if let Some(id) = &body.mfa_session_id {
        let pending = session::open_pending(&app, &realm, id, now).ok_or(Problem::InvalidPendingSignIn)?;
        let answer = session::send_sms_at_sign_in(&app, &realm, &pending, &origin, now).await?;
        return Ok(sent(&answer));
    }
    let In(caller) = caller?;
    let answer = match mfa::pending_sms(&app, &caller, now).await? {
        Some(number) => {
            let begun = mfa::begin_sms(&app, &realm, &caller, &number, origin, now).await;
            fresh(&app, &caller, begun).await?
        }
        None => mfa::send_sms(&app, &realm, &caller, origin, now).await?,
    };
    Ok(sent(&answer))
}

#[derive(Deserialize)]
pub struct Confirmation {
    code: String,
}

/// Confirms the number that was set up in this session, and gives the codes to write down that came with it.
pub async fn confirm(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Confirmation>,
) -> Result<Said, Refusal> {
    let codes = match mfa::confirm_sms(&app, &realm, &caller, &body.code, origin, now).await {
        Err(Problem::InvalidCode) => return Err(wrong()),
        other => fresh(&app, &caller, other).await?.unwrap_or_default(),
    };
    let codes: Vec<String> = mfa::shown(&codes).iter().map(|code| code.as_str().to_owned()).collect();
    Ok(Said::ok(json!({
        "message": "Codes are sent to the number from now on.",
        "success": true,
        "backup_codes": codes,
        "backupCodes": codes,
    })))
}

/// The second step.
#[derive(Deserialize)]
pub struct SecondStep {
    mfa_session_id: String,
    code: String,
    #[serde(default, alias = "trustDevice", alias = "remember_device")]
    trust_device: bool,
}

/// Ends a sign-in that waits, by the code that was sent for it.
pub async fn second(
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<SecondStep>,
) -> Result<Response, Refusal> {
    let (shown, origin) = (Shown::SmsCode(&body.code), origin.trusting(body.trust_device));
    finish((&app, &realm), &body.mfa_session_id, shown, &origin, now).await
}

/// What may come beside a fresh sign-in with every factor, which is asked for whatever comes.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Proof {
    code: Option<String>,
    password: Option<Password>,
}

/// Removes the number.
pub async fn disable(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    MaybeBody(body): MaybeBody<Proof>,
) -> Result<Said, Refusal> {
    if mfa::overview(&app, realm.id(), caller.user.id).await?.sms().is_none() {
        return Err(Problem::NoPhoneNumber.into());
    }
    is_fresh(&app, &caller, now).await?;
    match (&body.code, &body.password) {
        (Some(code), None) => {
            mfa::check_code(&app, &caller, code, origin.clone(), now).await?;
        }
        (None, Some(password)) => check_password(&app, &realm, &caller, password, &origin, now).await?,
        (None, None) => {}
        (Some(_), Some(_)) => return Err(Refusal::invalid("Send `code`, `password`, or neither.")),
    }
    mfa::remove_sms(&app, &realm, &caller, origin, now).await?;
    Ok(Said::ok(json!({"message": "Codes are sent to the number no more.", "success": true})))
}

/// What became of the code of a sign-in that waits.
pub(super) struct AtSignIn {
    /// Where it was sent.
    pub(super) to: Option<String>,
    /// After so many seconds it may be asked for, where it was not sent.
    pub(super) retry_after: Option<u64>,
}

/// What a sign-in that waits is told of its code. Where there is no other factor it was sent: the libraries of this contract have no call
/// that asks for it. What was not sent can be asked for.
pub(super) async fn at_sign_in(
    app: &App,
    realm: &InRealm,
    (pending, methods): (&PendingSignIn, &[&str]),
    origin: &Where,
    now: Timestamp,
) -> Result<Option<AtSignIn>, Refusal> {
    if !methods.contains(&"sms") || methods.iter().any(|method| ["totp", "webauthn"].contains(method)) {
        return Ok(None);
    }
    match session::send_sms_at_sign_in(app, realm, pending, origin, now).await {
        Ok(sent) => Ok(Some(AtSignIn { to: Some(sent.to), retry_after: None })),
        Err(Problem::Limited(limited)) => {
            Ok(Some(AtSignIn { to: None, retry_after: Some(limited.wait().as_secs().max(1)) }))
        }
        Err(Problem::TooManyAttempts { retry_after }) => {
            Ok(Some(AtSignIn { to: None, retry_after: Some(retry_after.as_secs().max(1)) }))
        }
        Err(Problem::SmsNotSent) => Ok(Some(AtSignIn { to: None, retry_after: Some(PAUSE) })),
        Err(other) => Err(other.into()),
    }
}
