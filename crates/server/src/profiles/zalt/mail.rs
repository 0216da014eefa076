//! What goes by mail: a lost password, an address that is to be confirmed.

use axum::{extract::State, http::StatusCode};
use gatepost_domain::LinkPurpose;
use serde::Deserialize;
use serde_json::json;

use super::{
    Refusal,
    envelope::Said,
    sent::{Body, In},
};
use crate::{
    App, accounts,
    api::Password,
    http::{Now, Problem, SignedIn, Where},
    realm::InRealm,
};

#[derive(Deserialize)]
pub struct Lost {
    email: String,
}

/// Mails a link to choose a new password, if the address is that of an account. The answer is the same whether it is or not.
pub async fn ask_to_reset(
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Lost>,
) -> Result<Said, Refusal> {
    accounts::ask_to_recover(&app, &realm, accounts::email(&body.email)?, &origin, now).await?;
    Ok(Said::ok(json!({"message": "If an account has this address, a message is on its way to it."})))
}

/// A new password, and what allows to set it.
#[derive(Deserialize)]
pub struct Reset {
    token: String,
    new_password: Option<Password>,
    #[serde(rename = "newPassword")]
    new: Option<Password>,
}

/// Sets a new password by what was mailed, ends every session, and signs nobody in.
pub async fn reset(
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Reset>,
) -> Result<Said, Refusal> {
    let new = body.new_password.or(body.new).ok_or_else(|| Refusal::invalid("Send `new_password`."))?;
    let (_, user) = accounts::opened(&app, &realm, &body.token, &[LinkPurpose::Recover], now).await?;
    let weak = |problem: Problem| Refusal::from(problem).instead_of("INVALID_PASSWORD", "WEAK_PASSWORD");
    let new = new.accept(realm.settings(), &accounts::words(&user)).map_err(weak)?;
    accounts::recover(&app, &realm, &body.token, &new, false, origin, now).await?;
    Ok(Said::ok(json!({
        "message": "The password is set. Sign in with it.",
        "sessions_invalidated": true,
    })))
}

/// Mails a link to confirm the address of the account.
pub async fn ask_to_verify(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    if caller.user.email_verified {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "ALREADY_VERIFIED", "The address is confirmed."));
    }
    if !app.mailer().is_on() || caller.user.email.is_none() {
        let message = "No message can be sent: there is no mail here, or the account has no address.";
        return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "EMAIL_SEND_FAILED", message));
    }
    accounts::verify_ones_own(&app, &realm, &caller.user, &origin, now).await?;
    Ok(Said::ok(json!({"message": "A message is on its way."})))
}

/// What was mailed, under either name.
#[derive(Deserialize)]
pub struct Mailed {
    token: Option<String>,
    code: Option<String>,
}

/// Confirms an address by what was mailed to it.
pub async fn verify(
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Mailed>,
) -> Result<Said, Refusal> {
    let token = body.token.or(body.code).ok_or_else(|| Refusal::invalid("Send `token`."))?;
    let confirmed = accounts::confirm_email(&app, &realm, token.trim(), origin, now).await;
    confirmed.map_err(|problem| Refusal::from(problem).instead_of("INVALID_TOKEN", "INVALID_CODE"))?;
    Ok(Said::ok(json!({"message": "The address is confirmed.", "email_verified": true})))
}
