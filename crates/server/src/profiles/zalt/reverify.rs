//! `/reverify`: whoever is signed in proves once more who they are, for what asks for a sign-in of a moment ago.

use axum::extract::State;
use gatepost_domain::{Timestamp, mfa::Level};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    sent::{Body, In},
    webauthn::{read, told},
};
use crate::{
    App,
    api::Password,
    http::{Now, Problem, Query, SignedIn, Where},
    mfa,
    passkeys::{self, AuthenticationResponse},
    realm::InRealm,
    session::{self, Proved},
};

/// What this contract calls how far somebody has proved who they are, the least first: more is enough for less.
const LEVELS: [&str; 3] = ["password", "mfa", "webauthn"];

/// What stands for a passkey in `amr` (RFC 8176).
const PASSKEYS: [&str; 2] = ["hwk", "swk"];

/// A code that comes alone.
const PASSWORD_FIRST: &str = "Show the password first, at /reverify/password, and then the code.";

/// A refusal for want of a fresh sign-in says what makes it one: a second factor only where the account has one.
pub(super) async fn fresh<T>(app: &App, caller: &SignedIn, done: Result<T, Problem>) -> Result<T, Refusal> {
    match done {
        Err(Problem::ReauthenticationRequired) => {
            let level = if mfa::has_factor(app, &caller.user).await? { LEVELS[1] } else { LEVELS[0] };
            Err(Refusal::from(Problem::ReauthenticationRequired).with("required_level", json!(level)))
        }
        done => Ok(done?),
    }
}

/// Whether the caller's sign-in is fresh enough to change how the account is signed in to.
pub(super) async fn is_fresh(app: &App, caller: &SignedIn, now: Timestamp) -> Result<(), Refusal> {
    fresh(app, caller, mfa::check_may_change(app, caller, now).await).await
}

fn level(proved: Proved, by_passkey: bool) -> &'static str {
    match proved.level {
        Level::One => LEVELS[0],
        Level::Two if by_passkey => LEVELS[2],
        Level::Two => LEVELS[1],
    }
}

fn view(proved: Proved, level: &str, method: &str) -> Value {
    json!({
        "level": level,
        "method": method,
        "verified_at": proved.at,
        "expires_at": proved.until,
        "verifiedAt": proved.at,
        "expiresAt": proved.until,
    })
}

fn done(proved: Proved, level: &str, method: &str) -> Said {
    Said::ok(json!({
        "message": "Proved once more.",
        "success": true,
        "reverification": view(proved, level, method),
    }))
}

/// The password.
#[derive(Deserialize)]
pub struct ByPassword {
    password: Password,
}

/// Shows the password. Where the account has a second factor, what asks for one goes on asking until that is shown, too.
pub async fn password(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<ByPassword>,
) -> Result<Said, Refusal> {
    let password = body.password.spelled().map_err(|_| Problem::WrongPassword)?;
    let proved = session::show_password(&app, &realm, &caller, &password, &origin, now).await?;
    Ok(done(proved, LEVELS[0], "password"))
}

/// A code of the app, or one that was written down. With the method `sms`, and where there is no app, one that was sent in this session.
#[derive(Deserialize)]
pub struct ByCode {
    code: String,
    method: Option<String>,
}

/// Shows a code, after the password.
pub async fn code(
    In(caller): In<SignedIn>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<ByCode>,
) -> Result<Said, Refusal> {
    let shown = if body.method.as_deref() == Some("sms") {
        session::show_sms_code(&app, &caller, &body.code, &origin, now).await
    } else {
        session::show_code(&app, &caller, &body.code, &origin, now).await
    };
    match shown {
        Err(Problem::ReauthenticationRequired) => {
            let refusal = Refusal::from(Problem::ReauthenticationRequired).saying(PASSWORD_FIRST);
            Err(refusal.with("required_level", json!(LEVELS[0])))
        }
        shown => Ok(done(shown?, LEVELS[1], "mfa")),
    }
}

/// What a browser is told that shows a passkey.
pub async fn challenge(
    In(_): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    Ok(told(passkeys::to_sign_in(&app, &realm, now)?))
}

/// What a browser answered. The challenge is in there, too.
#[derive(Deserialize)]
pub struct ByPasskey {
    credential: Value,
}

/// Shows a passkey, which is both at once.
pub async fn passkey(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<ByPasskey>,
) -> Result<Said, Refusal> {
    let sent: AuthenticationResponse = read(body.credential)?;
    let proved = session::show_passkey(&app, &realm, &caller, &sent, &origin, now).await?;
    Ok(done(proved, LEVELS[2], "webauthn"))
}

/// For what it is asked.
#[derive(Deserialize)]
pub struct Asked {
    level: Option<String>,
}

/// How fresh the sign-in is, and whether that is enough.
pub async fn status(
    In(caller): In<SignedIn>,
    Now(now): Now,
    State(app): State<App>,
    In(Query(asked)): In<Query<Asked>>,
) -> Result<Said, Refusal> {
    let rank = |level: &str| LEVELS.iter().position(|known| *known == level);
    let required = asked.level.as_deref().unwrap_or(LEVELS[0]);
    let needed = rank(required)
        .ok_or_else(|| Refusal::invalid(format!("`level` is one of {}.", LEVELS.join(", "))))?;
    let proved = session::proved_last(&app, &caller, now).await?;
    let by_passkey = caller.session.amr.iter().any(|word| PASSKEYS.contains(&word.as_str()));
    let level = level(proved, by_passkey);
    let is_valid = proved.is_fresh(now);
    let satisfies = is_valid && rank(level).is_some_and(|had| had >= needed);
    Ok(Said::ok(json!({
        "has_reverification": is_valid,
        "is_valid": is_valid,
        "reverification": is_valid.then(|| view(proved, level, level)),
        "required_level": required,
        "satisfies_required": satisfies,
        "hasReverification": is_valid,
        "isValid": is_valid,
        "requiredLevel": required,
        "satisfiesRequired": satisfies,
    })))
}
