//! `POST /token` and `POST /token/refresh`

use axum::{
    extract::State,
    http::{StatusCode, header::SET_COOKIE},
    response::Response,
};
use gatepost_domain::{Scopes, Timestamp, User};
use gatepost_store::grants::{Ends, Exchanged};

use super::{caller::find, user::subject};
use crate::{
    App,
    http::{Now, Problem, Where},
    profiles::fastapi::{
        Login, Pair, Params, PasswordForm, Refusal, Said, Shell, answer, identifier, open_shell, pair,
    },
    realm::{InRealm, Snapshot},
    session::{self, FIRST_PARTY_SCOPES, Held},
};

/// The pair of a session that has just begun, with the cookie by which the device is known.
pub fn begun(app: &App, realm: &Snapshot, held: &Held, now: Timestamp) -> Result<Response, Problem> {
    let Held { user, session, grant, device } = held;
    let said = Said { subject: &subject(user), session, grant, scopes: None };
    let mut response = answer(StatusCode::OK, &pair(app, realm, said, now)?);
    if let Some(cookie) = device.as_ref().and_then(session::DeviceCookie::header) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// What a sign-in holds: everything, as one at our own API.
pub fn everything(_: &User) -> Result<Scopes, Problem> {
    FIRST_PARTY_SCOPES.parse().map_err(Problem::internal)
}

pub async fn token(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    form: PasswordForm,
) -> Result<Response, Refusal> {
    let who = (identifier(&form.username), form.password()?);
    match Login::with_password(&app, &realm, who, everything, &origin, now).await? {
        Login::In(held) => Ok(begun(&app, &realm, &held, now)?),
        Login::Wrong => Err(Refusal::unauthorized("Incorrect username or password")),
        Login::Inactive => Err(Refusal::new(StatusCode::BAD_REQUEST, "Inactive user")),
    }
}

pub async fn refresh(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    params: Params,
) -> Result<Response, Refusal> {
    let sent = params.required("refresh_token")?;
    let (token, whose) = match open_shell(&realm, sent, now) {
        Shell::Refresh { token, subject } => (token, subject),
        Shell::AnotherKind => return Err(Refusal::new(StatusCode::UNAUTHORIZED, "Invalid token type")),
        Shell::Refused => return Err(Refusal::unauthorized("Could not validate credentials")),
    };
    let next = |exchanged: &Exchanged| -> Result<Pair, Problem> {
        let Exchanged { grant, session, user, .. } = exchanged;
        pair(&app, &realm, Said { subject: &subject(user), session, grant, scopes: None }, now)
    };
    if let Ok(pair) = session::refresh_with(&app, &realm, &token, Ends::Session, next, now).await? {
        return Ok(answer(StatusCode::OK, &pair));
    }
    // Which of the two the contract tells apart; whoever asks has shown a token of ours.
    match find(&app, &realm, &whose).await? {
        Some(user) if !user.is_disabled() => Err(Refusal::unauthorized("Could not validate credentials")),
        _ => Err(Refusal::new(StatusCode::UNAUTHORIZED, "User not found or inactive")),
    }
}
