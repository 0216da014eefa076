//! `/account/email`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use gatepost_domain::{EmailAddress, User};

use super::{Form, Frame, or_prove_anew, prove_anew, see};
use crate::{
    App, accounts,
    browser::BrowserSession,
    http::{Problem, Where},
    limits::Limited,
    mfa,
    pages::{
        error::too_often,
        frame::{Person, View},
        html::{Html, say},
        notice::Notice,
    },
};

const HERE: &str = "/account/email";

#[derive(Template)]
#[template(path = "pages/account/email.html")]
struct EmailPage<'a> {
    v: View,
    tab: &'static str,
    person: Person,
    problem: Option<Html>,
    email: &'a str,
    error: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Asked,
    Empty,
    Refused,
    Same,
    Often,
    TooOften(Limited),
    Stale,
}

fn page(frame: &Frame, user: &User, email: &str, why: Why) -> Response {
    let w = frame.words();
    let mut view = frame.view(w.change_email_title);
    view.wrong = why != Why::Asked;
    let page = EmailPage {
        v: view,
        tab: "profile",
        person: Person::of(user),
        problem: match why {
            Why::Stale => Some(say(w.stale).html()),
            Why::Often => Some(say(w.email_often).html()),
            Why::TooOften(limited) => Some(too_often(w, limited)),
            _ => None,
        },
        email,
        error: match why {
            Why::Empty => Some(w.type_email),
            Why::Refused => Some(w.email_incomplete),
            Why::Same => Some(w.email_same),
            Why::Asked | Why::Often | Why::TooOften(_) | Why::Stale => None,
        },
    };
    let status = match why {
        Why::Asked => StatusCode::OK,
        Why::Stale => StatusCode::FORBIDDEN,
        Why::Often | Why::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
        Why::Empty | Why::Refused | Why::Same => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut response = frame.answer(status, &page, None);
    if let Why::TooOften(limited) = why {
        limited.tell(response.headers_mut());
    }
    response
}

pub(super) async fn show(
    State(app): State<App>,
    signed_in: BrowserSession,
    frame: Frame,
) -> Result<Response, Problem> {
    let fresh = mfa::check_may_change(&app, &signed_in.caller(), frame.now).await;
    match or_prove_anew(&frame, HERE, fresh) {
        Ok(fresh) => fresh.map(|()| page(&frame, &signed_in.user, "", Why::Asked)),
        Err(elsewhere) => Ok(elsewhere),
    }
}

pub(super) async fn submit(
    State(app): State<App>,
    signed_in: BrowserSession,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (user, typed) = (&signed_in.user, form.text("email"));
    if frame.browser.check_csrf(&app, &frame.realm, form.get("csrf")).is_err() {
        return Ok(page(&frame, user, typed, Why::Stale));
    }
    let Ok(email) = typed.parse::<EmailAddress>() else {
        let why = if typed.is_empty() { Why::Empty } else { Why::Refused };
        return Ok(page(&frame, user, typed, why));
    };
    let origin = origin.reading(frame.language());
    match accounts::ask_to_change_email(&app, &frame.realm, &signed_in.caller(), email, origin, frame.now)
        .await
    {
        Ok(()) => {
            frame.tell(Notice::LinkSent);
            Ok(see(&frame.browser, "/account/profile"))
        }
        Err(Problem::ReauthenticationRequired) => Ok(prove_anew(&frame, HERE)),
        Err(Problem::InvalidField { .. }) => Ok(page(&frame, user, typed, Why::Same)),
        Err(Problem::TooManyAttempts { .. }) => Ok(page(&frame, user, typed, Why::Often)),
        Err(Problem::Limited(limited)) => Ok(page(&frame, user, typed, Why::TooOften(limited))),
        Err(other) => Err(other),
    }
}

/// Sends a link to prove the address that the account has.
pub(super) async fn verify(
    State(app): State<App>,
    signed_in: BrowserSession,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    if frame.browser.check_csrf(&app, &frame.realm, form.get("csrf")).is_ok() {
        let origin = origin.reading(frame.language());
        accounts::verify_ones_own(&app, &frame.realm, &signed_in.user, &origin, frame.now).await?;
        frame.tell(Notice::LinkSent);
    }
    Ok(see(&frame.browser, "/account/profile"))
}
