//! `POST /auth/token` and `POST /auth/token/refresh`

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header::SET_COOKIE},
    response::Response,
};
use gatepost_domain::{Timestamp, User};
use gatepost_store::grants::{Ends, Exchanged, RefreshRefused};

use super::{
    scopes::{asked, listed, narrowed},
    user::subject,
};
use crate::{
    App,
    http::{Now, Problem, Where},
    profiles::fastapi::{Login, Pair, Params, PasswordForm, Refusal, Said, Shell, answer, open_shell, pair},
    realm::{InRealm, Snapshot},
    session::{self, Held, Identifier},
};

/// The pair of a session that has just begun.
pub fn pair_of(app: &App, realm: &Snapshot, held: &Held, now: Timestamp) -> Result<Pair, Problem> {
    let Held { user, session, grant, .. } = held;
    let scopes = Some(listed(&grant.scopes));
    pair(app, realm, Said { subject: &subject(user.id), session, grant, scopes }, now)
}

/// What makes the device known.
pub fn device_cookie(held: &Held) -> Option<HeaderValue> {
    held.device.as_ref().and_then(session::DeviceCookie::header)
}

/// Signs in with what the form asks for, as far as the user may have it.
pub async fn sign_in(
    app: &App,
    realm: &Snapshot,
    form: &PasswordForm,
    origin: &Where,
    now: Timestamp,
) -> Result<Login, Problem> {
    let who = (Identifier::Email(&form.username), form.password()?);
    let wanted = asked(&form.scope);
    let scopes = |user: &User| Ok(narrowed(&wanted, user, realm.roles()));
    Login::with_password(app, realm, who, scopes, origin, now).await
}

pub async fn token(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    form: PasswordForm,
) -> Result<Response, Refusal> {
    let Login::In(held) = sign_in(&app, &realm, &form, &origin, now).await? else {
        return Err(Refusal::unauthorized("Incorrect username or password"));
    };
    let mut response = answer(StatusCode::OK, &pair_of(&app, &realm, &held, now)?);
    if let Some(cookie) = device_cookie(&held) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

pub async fn refresh(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    params: Params,
) -> Result<Response, Refusal> {
    let refused = |detail| Refusal::new(StatusCode::UNAUTHORIZED, detail);
    let sent = params.required("refresh_token")?;
    let token = match open_shell(&realm, sent, now) {
        Shell::Refresh { token, .. } => token,
        Shell::AnotherKind => return Err(refused("Not a refresh token")),
        Shell::Refused => return Err(refused("Invalid refresh token")),
    };
    // The scopes stay, as far as the user may still have them.
    let next = |exchanged: &Exchanged| -> Result<Pair, Problem> {
        let Exchanged { grant, session, user, .. } = exchanged;
        let scopes = Some(listed(&narrowed(&grant.scopes, user, realm.roles())));
        pair(&app, &realm, Said { subject: &subject(user.id), session, grant, scopes }, now)
    };
    match session::refresh_with(&app, &realm, &token, Ends::EverySession, next, now).await? {
        Ok(pair) => Ok(answer(StatusCode::OK, &pair)),
        Err(RefreshRefused::Unknown | RefreshRefused::OtherClient | RefreshRefused::Expired) => {
            Err(refused("Invalid refresh token"))
        }
        Err(reason) => {
            if reason == RefreshRefused::Reused {
                // Whoever was signed in is told elsewhere, too.
                app.sign_outs().notify_one();
            }
            Err(refused("Token revoked"))
        }
    }
}

/// The one value of a header, where it is there once.
pub fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?.to_str().ok()?;
    all.next().is_none().then_some(first)
}
