//! `GET /auth/google/login` and `GET /auth/google/callback`

use axum::{
    extract::State,
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse as _, Response},
};
use gatepost_domain::{Scopes, User};

use super::token::pair_of;
use crate::{
    App,
    browser::Browser,
    http::{Now, Where},
    profiles::fastapi::{self, Door, Params, Refusal, answer},
    realm::InRealm,
};

const DOOR: Door =
    Door { begin: "/auth/google/login", back: "/auth/google/callback", more: &[("access_type", "offline")] };

pub async fn go(
    realm: InRealm,
    browser: Browser,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Response, Refusal> {
    let url = fastapi::go(&app, &realm, &browser, &DOOR, &origin, now).await?;
    Ok((StatusCode::TEMPORARY_REDIRECT, [(LOCATION, url)]).into_response())
}

/// The tokens have no scopes, as in the original: a form asks for them, and this does not.
pub async fn back(
    realm: InRealm,
    browser: Browser,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    params: Params,
) -> Result<Response, Refusal> {
    // A provider that says no sends an error and no code.
    if params.get("error").is_none() {
        params.required("code")?;
    }
    let none = |_: &User| Ok(Scopes::default());
    let held = fastapi::back(&app, &realm, &browser, (&DOOR, &params), none, &origin, now).await?;
    Ok(answer(StatusCode::OK, &pair_of(&app, &realm, &held, now)?))
}
