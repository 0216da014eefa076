//! `/account/password`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use gatepost_domain::{
    User,
    password::{Password, Policy},
};

use super::{Form, Frame, prove_anew, see};
use crate::{
    App, accounts,
    browser::BrowserSession,
    http::{Now, Problem, Where},
    limits::Limited,
    pages::{
        error::too_often,
        frame::{Person, View},
        html::{Html, say},
        notice::Notice,
        sign_in::login_of,
        sign_up::weakness,
    },
    session,
};

#[derive(Template)]
#[template(path = "pages/account/password.html")]
struct PasswordPage<'a> {
    v: View,
    tab: &'static str,
    person: Person,
    problem: Option<Html>,
    told: Option<&'static str>,
    login: &'a str,
    current_error: Option<&'static str>,
    new_error: Option<Html>,
    focus_current: bool,
    focus_new: bool,
    min: u32,
    hint: Html,
}

#[derive(Default)]
struct Wrong {
    stale: bool,
    too_often: Option<Limited>,
    current: Option<&'static str>,
    new: Option<Html>,
}

fn page(frame: &Frame, user: &User, wrong: Wrong) -> Response {
    let w = frame.words();
    let status = match &wrong {
        Wrong { stale: true, .. } => StatusCode::FORBIDDEN,
        Wrong { too_often: Some(_), .. } => StatusCode::TOO_MANY_REQUESTS,
        Wrong { current: None, new: None, .. } => StatusCode::OK,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut view = frame.view(w.password);
    view.wrong = status != StatusCode::OK;
    let min = policy(frame).min_length();
    let page = PasswordPage {
        v: view,
        tab: "security",
        person: Person::of(user),
        problem: wrong
            .stale
            .then(|| say(w.stale).html())
            .or_else(|| wrong.too_often.map(|limited| too_often(w, limited))),
        told: frame.told(),
        login: login_of(user),
        focus_current: wrong.current.is_some(),
        focus_new: wrong.current.is_none() && wrong.new.is_some(),
        current_error: wrong.current,
        new_error: wrong.new,
        min,
        hint: say(w.password_hint).put("min", min).html(),
    };
    let mut response = frame.answer(status, &page, None);
    if let Some(limited) = wrong.too_often {
        limited.tell(response.headers_mut());
    }
    response
}

fn policy(frame: &Frame) -> Policy {
    Policy::of(frame.realm.settings().password)
}

pub(super) async fn show(signed_in: BrowserSession, frame: Frame) -> Response {
    page(&frame, &signed_in.user, Wrong::default())
}

pub(super) async fn submit(
    State(app): State<App>,
    Now(now): Now,
    signed_in: BrowserSession,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (user, w) = (&signed_in.user, frame.words());
    if frame.browser.check_csrf(&app, &frame.realm, form.get("csrf")).is_err() {
        return Ok(page(&frame, user, Wrong { stale: true, ..Wrong::default() }));
    }
    let (current, new) = (form.get("current_password"), form.get("new_password").unwrap_or_default());
    let accepted = policy(&frame).accept(new, &accounts::words(user));
    let current = current.filter(|text| !text.is_empty());
    let (current, new) = match (current, accepted) {
        (Some(current), Ok(new)) => (current, new),
        (current, accepted) => {
            let wrong = Wrong {
                current: current.is_none().then_some(w.type_password),
                new: accepted.err().map(|weak| weakness(&frame, weak)),
                ..Wrong::default()
            };
            return Ok(page(&frame, user, wrong));
        }
    };
    let refused = || Wrong { current: Some(w.password_wrong), ..Wrong::default() };
    let Ok(current) = Password::to_verify(current) else { return Ok(page(&frame, user, refused())) };
    let caller = signed_in.caller();
    match accounts::change_password(&app, &frame.realm, &caller, (&current, &new), false, origin, now).await {
        Err(Problem::WrongPassword) => return Ok(page(&frame, user, refused())),
        Err(Problem::ReauthenticationRequired) => return Ok(prove_anew(&frame, "/account/password")),
        Err(Problem::WeakPassword(weak)) => {
            let new = Some(weakness(&frame, weak));
            return Ok(page(&frame, user, Wrong { new, ..Wrong::default() }));
        }
        Err(Problem::Limited(limited)) => {
            return Ok(page(&frame, user, Wrong { too_often: Some(limited), ..Wrong::default() }));
        }
        other => other?,
    }
    // Who knew the old password may have had this cookie too.
    if let Some(session) = session::renew_cookie(&app, &signed_in.session, now).await? {
        frame.browser.keep_on(&app, &frame.realm, &session, now);
    }
    frame.tell(Notice::PasswordChanged);
    Ok(see(&frame.browser, "/account/password"))
}
