//! `GET /login/google` and `GET /auth/google`

use axum::{
    extract::State,
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse as _, Response},
};

use super::token::{begun, everything};
use crate::{
    App,
    browser::Browser,
    http::{Now, Where},
    profiles::fastapi::{self, Door, Params, Refusal},
    realm::InRealm,
};

const DOOR: Door = Door { begin: "/login/google", back: "/auth/google", more: &[] };

pub async fn go(
    realm: InRealm,
    browser: Browser,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Response, Refusal> {
    let url = fastapi::go(&app, &realm, &browser, &DOOR, &origin, now).await?;
    Ok((StatusCode::FOUND, [(LOCATION, url)]).into_response())
}

pub async fn back(
    realm: InRealm,
    browser: Browser,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    params: Params,
) -> Result<Response, Refusal> {
    let held = fastapi::back(&app, &realm, &browser, (&DOOR, &params), everything, &origin, now).await?;
    Ok(begun(&app, &realm, &held, now)?)
}
