//! `/users/me`

use axum::{
    extract::{FromRequest as _, FromRequestParts as _, Request, State},
    http::StatusCode,
    response::Response,
};
use gatepost_domain::{EmailAddress, Timestamp};
use gatepost_store::users::Login;

use super::{caller::Caller, register::field, user::UserResponse};
use crate::{
    App,
    accounts::{self, Change, Who},
    http::{Now, Problem, SignedIn, Where},
    limits::{self, Rule},
    mfa,
    profiles::fastapi::{Body, Invalids, Refusal, answer, email},
    realm::{InRealm, Snapshot},
};

pub async fn show(caller: Caller, realm: InRealm, State(app): State<App>) -> Result<Response, Refusal> {
    let number = caller.number(&app).await?;
    Ok(answer(StatusCode::OK, &UserResponse::new(&caller.who.user, number, realm.roles())))
}

/// A body that is no JSON is told before anything is asked of whoever sent it, as by the original.
pub async fn change(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let body = Body::from_request(Request::from_parts(parts.clone(), body), &app).await?;
    let Caller { who: caller, .. } = Caller::from_request_parts(&mut parts, &app).await?;
    let body = body.object()?;
    let mut invalids = Invalids::default();
    let name = invalids.note(body.optional("full_name")).flatten();
    let address = body
        .optional("email")
        .and_then(|text| text.map(|text| email::read(&["body", "email"], &text)).transpose());
    let address = invalids.note(address).flatten();
    invalids.check()?;
    let address = address.filter(|address| caller.user.email.as_ref() != Some(address));
    // What is empty is none.
    let name = name.map(|name| Change::new().name(Some(Some(name).filter(|name| !name.is_empty()))));
    let change = name.transpose().map_err(field)?;
    if let Some(address) = address {
        new_address(&app, &realm, &caller, address, &origin, now).await?;
    }
    let mut user = accounts::find(&app, realm.id(), caller.user.id).await?;
    if let Some(change) = change {
        let who = Who::themselves(&caller, origin);
        user = accounts::change(&app, realm.id(), user.id, change, who, now).await?;
    }
    let number = accounts::number(&app, realm.id(), user.id).await?;
    Ok(answer(StatusCode::OK, &UserResponse::new(&user, number, realm.roles())))
}

/// Another address, for somebody who has signed in of late: who holds a token is not to take the account. Where mail is sent it is to be
/// confirmed by a link, and until then the account has the one it had; where none is, it is changed at once, and proves nothing.
async fn new_address(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    address: EmailAddress,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Refusal> {
    let in_use = || Refusal::new(StatusCode::BAD_REQUEST, "Email already in use");
    // Where addresses are to be proven, nobody learns whose there are.
    let is_secret = realm.settings().require_verified_email && app.mailer().is_on();
    let login = Login::Email(address.clone());
    if let Err(not_now) = mfa::check_may_change(app, caller, now).await {
        return Err(told(not_now));
    }
    // Whether there is an account with an address is told as often here as by registering.
    limits::attempt(app, realm, (Rule::Register, origin.neighbourhood()), origin, now)?;
    if !is_secret && accounts::find_by_login(app, realm.id(), login).await?.is_some() {
        return Err(in_use());
    }
    let asked = if app.mailer().is_on() {
        accounts::ask_to_change_email(app, realm, caller, address, origin.clone(), now).await
    } else {
        let change =
            Change::new().email(Some(Some(address.as_str().to_owned())))?.email_verified(Some(false));
        let who = Who::themselves(caller, origin.clone());
        accounts::change(app, realm.id(), caller.user.id, change, who, now).await.map(|_| ())
    };
    match asked {
        Ok(()) => Ok(()),
        Err(Problem::EmailTaken) => Err(in_use()),
        Err(other) => Err(told(other)),
    }
}

fn told(problem: Problem) -> Refusal {
    match problem {
        Problem::ReauthenticationRequired => Refusal::unauthorized("Could not validate credentials"),
        other => other.into(),
    }
}
