//! Second factors: the second step of a sign-in, by a code of the authenticator app, one that is sent as a text message, or one that was
//! written down; the app set up and removed.

use axum::http::StatusCode;
use gatepost_domain::{
    PasswordHash,
    audit::Event,
    mfa::{First, TrustedDevice},
    password::Password,
};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    asked::{Answer, Asked},
    caller::{Caller, Person},
    cookies::Name,
    refusal::Refusal,
    view::UserView,
};
use crate::{
    accounts,
    http::{Problem, SignedIn as Known},
    limits::Attempt,
    mfa::{self, BegunBy},
    session::{self, Proven, Shown, SignIn},
};

/// A sign-in that came to its end.
#[derive(Serialize)]
struct SignedIn {
    token: String,
    user: UserView,
}

/// A code of the authenticator app: at a sign-in that waits for it, or the first of one that is set up.
pub(super) async fn by_totp(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (code, trust) = (fields.text("code"), fields.flag("trustDevice"));
    fields.done()?;
    if asked.cookie(Name::TwoFactor).is_none()
        && let Some(caller) = asked.caller().await?
    {
        return confirm(asked, caller, &code).await;
    }
    finish(asked, Shown::Code(&code), trust).await
}

/// A recovery code.
pub(super) async fn by_backup_code(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (code, trust) = (fields.text("code"), fields.flag("trustDevice"));
    fields.done()?;
    finish(asked, Shown::RecoveryCode(&code), trust).await
}

/// Sends a code to the number of the account, for the sign-in that waits.
pub(super) async fn send_otp(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    // Said where the code is shown.
    let _trust = fields.flag("trustDevice");
    fields.done()?;
    let (app, realm) = (asked.app.clone(), asked.realm.clone());
    let sealed = asked.cookie(Name::TwoFactor).unwrap_or_default();
    let pending = session::open_pending(&app, &realm, &sealed, asked.now);
    let Some(pending) = pending else { return Err(Problem::InvalidPendingSignIn.into()) };
    session::send_sms_at_sign_in(&app, &realm, &pending, &asked.origin, asked.now).await.map_err(unsent)?;
    Ok(asked.json(&json!({"status": true})))
}

/// The code that was sent.
pub(super) async fn by_otp(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (code, trust) = (fields.text("code"), fields.flag("trustDevice"));
    fields.done()?;
    finish(asked, Shown::SmsCode(&code), trust).await
}

/// Why no code was sent.
fn unsent(problem: Problem) -> Refusal {
    match problem {
        Problem::SmsOff | Problem::NoPhoneNumber => {
            let message =
                "No code can be sent: the realm has no sender of text messages, or the account no number.";
            Refusal::new(StatusCode::BAD_REQUEST, "OTP_NOT_CONFIGURED", message)
        }
        other => other.into(),
    }
}

async fn finish(mut asked: Asked, shown: Shown<'_>, trust: Option<bool>) -> Answer {
    let sealed = asked.cookie(Name::TwoFactor).unwrap_or_default();
    let pending = session::open_pending(&asked.app, &asked.realm, &sealed, asked.now);
    let Some(pending) = pending else { return Err(Problem::InvalidPendingSignIn.into()) };
    let remembered = pending.remembered;
    asked.origin = asked.origin.clone().trusting(trust == Some(true));
    let (app, realm) = (asked.app.clone(), asked.realm.clone());
    let proven = session::prove_second(&app, &realm, pending, shown, &asked.origin, asked.now).await?;
    let (user, second) = (proven.user.clone(), proven.second.clone());
    let begun = match asked.begin(proven, remembered, false).await {
        Ok(Some(begun)) => begun,
        // Disabled since the password was right, or the password is another.
        Ok(None) | Err(Problem::InvalidCredentials) => return Err(Problem::InvalidPendingSignIn.into()),
        Err(problem) => return Err(told(problem, shown)),
    };
    asked.set(Name::TwoFactor, "", Some(0));
    let device = second.as_ref().and_then(|second| second.trusts());
    let cookie =
        |device: &TrustedDevice| session::trust(&app, &realm, (&user, device), &asked.origin, asked.now);
    let trusted = device.map(cookie).and_then(|cookie| cookie.header());
    asked.set_ours(trusted);
    let (token, user) = begun;
    Ok(asked.json(&SignedIn { token, user }))
}

/// The app that was begun in this session counts from now on, and the session goes on under another token.
async fn confirm(mut asked: Asked, caller: Caller, code: &str) -> Answer {
    let (app, realm, origin) = (&asked.app, &asked.realm, asked.origin.clone());
    mfa::confirm_totp_with_codes(app, realm, &caller.known, code, origin, asked.now).await?;
    let token = renew(&mut asked, &caller.known).await?;
    let person = Person::of(&asked.app, caller.user()).await?;
    Ok(asked.json(&SignedIn { token, user: UserView::new(caller.user(), &person) }))
}

/// Gives a session whose user has shown more, or less is asked of, another token.
async fn renew(asked: &mut Asked, known: &Known) -> Result<String, Refusal> {
    let renewed = session::renew_cookie(&asked.app, &known.session, asked.now).await?;
    let session = renewed.ok_or_else(Refusal::unauthorized)?;
    asked.keep(&session);
    Ok(asked.token_of(&session))
}

/// What an app is told, and the codes to write down.
#[derive(Serialize)]
struct Begun<'a> {
    method: &'static str,
    #[serde(rename = "totpURI")]
    totp_uri: &'a str,
    #[serde(rename = "backupCodes")]
    backup_codes: Vec<Zeroizing<String>>,
}

/// Begins to set an app up. The password makes the sign-in one of a moment ago; the app, and the codes, count once its first code was
/// verified.
pub(super) async fn enable(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (password, method) = (fields.password("password"), fields.optional_text("method"));
    let _issuer = fields.optional_text("issuer");
    fields.done()?;
    let caller = asked.signed_in().await?;
    if method.is_some_and(|method| method != "totp") {
        let message = "Set an authenticator app up here. A telephone number is set up at /account/security.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "OTP_NOT_CONFIGURED", message));
    }
    let hash = check(&asked, &caller, &password).await?;
    if mfa::overview(&asked.app, asked.realm.id(), caller.user().id).await?.totp().is_some() {
        return Err(shown_once());
    }
    let (app, realm, now) = (asked.app.clone(), asked.realm.clone(), asked.now);
    let known = prove_anew(&asked, &caller, hash).await?;
    asked.keep(&known.session);
    let origin = asked.origin.clone();
    let (set_up, codes) = mfa::begin_totp_with_codes(&app, &realm, &known, origin, now).await?;
    let backup_codes = mfa::shown(&codes);
    Ok(asked.json(&Begun { method: "totp", totp_uri: &set_up.uri, backup_codes }))
}

/// The key of an app is shown until it counts, and not after.
fn shown_once() -> Refusal {
    let message =
        "An authenticator app is set up already, and its key was shown once. Remove it to set up another.";
    Refusal::new(StatusCode::BAD_REQUEST, "TOTP_ALREADY_ENABLED", message)
}

/// Makes the session one of a sign-in of a moment ago, by the password. It has another token then, which is to be kept.
pub(super) async fn prove_anew(asked: &Asked, caller: &Caller, hash: PasswordHash) -> Result<Known, Problem> {
    let (user, held) = (caller.user().clone(), caller.session());
    let attempt = Attempt::unlimited(&asked.app, asked.now);
    let proven = Proven { user: user.clone(), first: First::Password(hash), second: None, attempt };
    let remembered = held.is_remembered(asked.realm.settings());
    let (app, realm, origin) = (&asked.app, &asked.realm, &asked.origin);
    let begun =
        session::sign_in_application(app, realm, proven, Some(held), remembered, origin, asked.now).await?;
    // Whoever has a second factor has to show it, which the contract has no way for here.
    let SignIn::Begun(session) = begun else { return Err(Problem::ReauthenticationRequired) };
    Ok(Known::themselves(user, session))
}

/// What the app that is being set up in this session is told, once more.
pub(super) async fn get_totp_uri(mut asked: Asked) -> Answer {
    let caller = with_password(&mut asked).await?;
    let (app, realm, user) = (&asked.app, &asked.realm, caller.user());
    let by = BegunBy::Session(caller.session().id);
    if let Some(set_up) = mfa::pending_totp(app, realm, user, by, asked.now).await? {
        return Ok(asked.json(&json!({"totpURI": set_up.uri.as_str()})));
    }
    if mfa::overview(app, realm.id(), user.id).await?.totp().is_some() {
        return Err(shown_once());
    }
    Err(missing_totp())
}

fn missing_totp() -> Refusal {
    let message = "No authenticator app is set up, or being set up in this session.";
    Refusal::new(StatusCode::BAD_REQUEST, "TOTP_NOT_ENABLED", message)
}

/// Removes the app. Beside the password it takes a sign-in of a moment ago with every factor, as on every door.
pub(super) async fn disable(mut asked: Asked) -> Answer {
    let caller = with_password(&mut asked).await?;
    let (app, realm, origin) = (&asked.app, &asked.realm, asked.origin.clone());
    mfa::remove_totp(app, realm, &caller.known, origin, asked.now).await.map_err(missing)?;
    renew(&mut asked, &caller.known).await?;
    Ok(asked.json(&json!({"status": true})))
}

/// Makes new recovery codes; it takes as much.
pub(super) async fn generate_backup_codes(mut asked: Asked) -> Answer {
    let caller = with_password(&mut asked).await?;
    let origin = asked.origin.clone();
    let codes = mfa::new_recovery_codes(&asked.app, &caller.known, origin, asked.now).await;
    let codes = mfa::shown(&codes.map_err(missing)?);
    Ok(asked.json(&json!({"status": true, "backupCodes": codes})))
}

async fn with_password(asked: &mut Asked) -> Result<Caller, Refusal> {
    let mut fields = asked.body();
    let password = fields.password("password");
    fields.done()?;
    let caller = asked.signed_in().await?;
    check(asked, &caller, &password).await?;
    Ok(caller)
}

pub(super) async fn check(asked: &Asked, caller: &Caller, password: &str) -> Result<PasswordHash, Problem> {
    let password = Password::to_verify(password).map_err(|_| Problem::WrongPassword)?;
    let (known, refused) = (&caller.known, Event::SignInRefused);
    accounts::check_password(&asked.app, &asked.realm, (known, &password), refused, &asked.origin, asked.now)
        .await
}

/// That there is nothing to remove, or to make codes for.
fn missing(problem: Problem) -> Refusal {
    match problem {
        Problem::NotFound | Problem::NoSecondFactor => {
            let message = "There is no second factor.";
            Refusal::new(StatusCode::BAD_REQUEST, "TWO_FACTOR_NOT_ENABLED", message)
        }
        other => other.into(),
    }
}

/// What is wrong with what was shown, in the words of the contract.
fn told(problem: Problem, shown: Shown<'_>) -> Refusal {
    match (&problem, shown) {
        (Problem::InvalidCode, Shown::RecoveryCode(_)) => {
            Refusal::new(StatusCode::UNAUTHORIZED, "INVALID_BACKUP_CODE", "The code is wrong, or was used.")
        }
        (Problem::TooManyAttempts { .. }, _) => Refusal::from(problem).coded("ACCOUNT_TEMPORARILY_LOCKED"),
        _ => problem.into(),
    }
}
