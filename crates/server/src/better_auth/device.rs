//! Devices that cannot show a sign-in page (`device-authorization`): over the device flow of the realm's clients (RFC 8628).
//!
//! What a device gets here is a session, so what the person is asked for is the whole account: the client has to be one that may have the
//! scope `account`. A code is decided on in the session that it was shown in, and by nobody else.

use axum::http::{HeaderValue, StatusCode, header::PRAGMA};
use serde::Serialize;
use serde_json::json;

use super::{
    asked::{Answer, Asked},
    caller::{Caller, expiry},
    refusal::Refusal,
};
use crate::{
    grants::{self, DeviceRefused},
    http::Problem,
    oauth::{
        OAuthError,
        device::{self, consent},
    },
};

/// Where a device asks.
pub(super) const CODE: &str = "/device/code";

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn bad(error: &str, description: &str) -> Refusal {
    Refusal::oauth(StatusCode::BAD_REQUEST, error, description)
}

fn told(refused: OAuthError) -> Refusal {
    match refused.told() {
        Ok((status, error, description)) => Refusal::oauth(status, error, description),
        Err(problem) => problem.into(),
    }
}

fn unknown() -> Refusal {
    bad(
        "invalid_request",
        "No device waits with this code in your session. Ask for it with GET /device first.",
    )
}

/// Codes for a device and for the person.
pub(super) async fn code(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (client, user) = (fields.text("client_id"), given(fields.optional_text("user_id")));
    let scope = given(fields.optional_text("scope"));
    fields.done_or(|wrong| bad("invalid_request", wrong))?;
    if user.is_some() {
        return Err(bad("invalid_request", "A code is for whoever types it: leave user_id out."));
    }
    let (app, realm) = (&asked.app, &asked.realm);
    let begun =
        device::begin_for_application(app, realm, (client, scope.as_deref()), &asked.origin, asked.now);
    let begun = begun.await.map_err(told)?;
    let mut response = asked.json(&begun);
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    Ok(response)
}

#[derive(Serialize)]
struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
}

/// The token of a session, once the device is connected.
pub(super) async fn token(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let grant_type = fields.text("grant_type");
    let (code, client) = (fields.text("device_code"), fields.text("client_id"));
    fields.done()?;
    if grant_type != GRANT_TYPE {
        return Err(bad("invalid_request", "grant_type is that of device codes (RFC 8628)."));
    }
    let (app, realm) = (&asked.app, &asked.realm);
    let begun = grants::connect_application(app, realm, (&client, &code), &asked.origin, asked.now).await?;
    let (session, scopes) = begun.map_err(|refused| match refused {
        DeviceRefused::Pending => told(OAuthError::AuthorizationPending),
        DeviceRefused::SlowDown => told(OAuthError::SlowDown),
        DeviceRefused::Denied => told(OAuthError::AccessDenied),
        DeviceRefused::Expired => told(OAuthError::ExpiredToken),
        DeviceRefused::Grant(_) => told(OAuthError::InvalidGrant),
    })?;
    let tokens = Tokens {
        access_token: asked.token_of(&session),
        token_type: "Bearer",
        expires_in: expiry(&session).since(asked.now).as_secs(),
        scope: scopes.to_string(),
    };
    let mut response = asked.json(&tokens);
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    Ok(response)
}

async fn signed_in(asked: &mut Asked) -> Result<Caller, Refusal> {
    let nobody = || Refusal::oauth(StatusCode::UNAUTHORIZED, "unauthorized", "Sign in first.");
    asked.caller().await?.ok_or_else(nobody)
}

/// What waits with a code: from then on this session alone can decide. A page of another site cannot have a browser take a code so.
pub(super) async fn show(mut asked: Asked) -> Answer {
    asked.check_opened()?;
    let mut query = asked.query();
    let code = query.text("user_code");
    query.done()?;
    let caller = signed_in(&mut asked).await?;
    let (app, realm, origin) = (&asked.app, &asked.realm, &asked.origin);
    let waits = consent::find(app, realm, &caller.known, &code, origin, asked.now).await?;
    let waits = waits.ok_or_else(|| bad("invalid_request", "No device waits with this code."))?;
    let scope = waits.device.details.scopes.to_string();
    let client = waits.client.id.as_str().to_owned();
    Ok(asked.json(&json!({"user_code": code, "status": "pending", "client_id": client, "scope": scope})))
}

/// Connects the device.
pub(super) async fn approve(asked: Asked) -> Answer {
    decide(asked, true).await
}

/// Refuses it.
pub(super) async fn deny(asked: Asked) -> Answer {
    decide(asked, false).await
}

async fn decide(mut asked: Asked, approved: bool) -> Answer {
    let mut fields = asked.body();
    let code = fields.text("userCode");
    fields.done()?;
    let caller = signed_in(&mut asked).await?;
    let (app, realm, origin, now) = (&asked.app, &asked.realm, &asked.origin, asked.now);
    let waits = consent::shown(app, realm, &caller.known, &code, now).await?.ok_or_else(unknown)?;
    if approved && consent::has_to_prove_anew(app, &waits, &caller.known, now).await? {
        return Err(Problem::ReauthenticationRequired.into());
    }
    if !consent::decide(app, &caller.known, waits.user_code, approved, origin, now).await? {
        return Err(unknown());
    }
    Ok(asked.json(&json!({"success": true})))
}
