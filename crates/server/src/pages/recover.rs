//! `/recover`: a lost password.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use gatepost_domain::{EmailAddress, LinkPurpose, User, password::Policy};

use super::{
    Form, error,
    frame::{Frame, View},
    html::{Html, address, say},
    link,
    mail_sent::{self, For, Sent},
    query,
    sign_in::login_of,
    sign_up::weakness,
};
use crate::{
    App, accounts,
    browser::Flow,
    http::{Problem, Where},
};

#[derive(Template)]
#[template(path = "pages/recover.html")]
struct RecoverPage<'a> {
    v: View,
    problem: Option<&'static str>,
    flow: Option<&'a str>,
    email: &'a str,
    error: Option<&'static str>,
    remembered: Html,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Asked,
    Empty,
    Refused,
    Stale,
}

fn page(frame: Frame, flow: Option<(&Flow, &str)>, email: &str, why: Why) -> Response {
    let frame = frame.of(flow);
    let w = frame.words();
    let sealed = flow.map(|(_, sealed)| sealed);
    let query = sealed.map(|sealed| format!("?flow={sealed}")).unwrap_or_default();
    let mut view = frame.view(w.recover_title);
    view.wrong = why != Why::Asked;
    let page = RecoverPage {
        problem: (why == Why::Stale).then_some(w.stale),
        flow: sealed,
        email,
        error: match why {
            Why::Empty => Some(w.type_email),
            Why::Refused => Some(w.email_incomplete),
            Why::Asked | Why::Stale => None,
        },
        remembered: say(w.remembered).link(frame.path(&format!("/sign-in{query}"))).html(),
        v: view,
    };
    let status = match why {
        Why::Asked => StatusCode::OK,
        Why::Stale => StatusCode::FORBIDDEN,
        Why::Empty | Why::Refused => StatusCode::UNPROCESSABLE_ENTITY,
    };
    frame.answer(status, &page, None)
}

pub(super) async fn show(State(app): State<App>, uri: Uri, frame: Frame) -> Response {
    let query = query(&uri);
    let sealed = query.get("flow").map(String::as_str);
    let Ok(flow) = frame.flow(&app, sealed) else { return error::flow_lost(&frame) };
    page(frame, flow.as_ref().zip(sealed), "", Why::Asked)
}

pub(super) async fn submit(
    State(app): State<App>,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let sealed = form.get("flow");
    let Ok(flow) = frame.flow(&app, sealed) else { return Ok(error::flow_lost(&frame)) };
    let flow = flow.as_ref().zip(sealed);
    let typed = form.text("username");
    if frame.browser.check_csrf(&app, &frame.realm, form.get("csrf")).is_err() {
        return Ok(page(frame, flow, typed, Why::Stale));
    }
    let Ok(email) = typed.parse::<EmailAddress>() else {
        let why = if typed.is_empty() { Why::Empty } else { Why::Refused };
        return Ok(page(frame, flow, typed, why));
    };
    let frame = frame.of(flow);
    ask(&app, &frame, email.clone(), origin).await?;
    Ok(Sent::new(email, sealed, frame.now).go(&app, &frame, For::Recover))
}

async fn ask(app: &App, frame: &Frame, email: EmailAddress, origin: Where) -> Result<(), Problem> {
    let origin = origin.reading(frame.language());
    accounts::ask_to_recover(app, &frame.realm, email, &origin, frame.now).await
}

/// `/recover/sent`
pub(super) async fn sent(State(app): State<App>, uri: Uri, frame: Frame) -> Response {
    mail_sent::show(&app, &frame, For::Recover, &uri)
}

pub(super) async fn send_again(
    State(app): State<App>,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let asking = async |email| ask(&app, &frame, email, origin).await;
    mail_sent::again(&app, &frame, For::Recover, &form, asking).await
}

#[derive(Template)]
#[template(path = "pages/new_password.html")]
struct NewPasswordPage<'a> {
    v: View,
    lead: Html,
    problem: Option<&'static str>,
    token: &'a str,
    login: &'a str,
    min: u32,
    hint: Html,
    error: Option<Html>,
}

fn choose(frame: &Frame, user: &User, token: &str, stale: bool, error: Option<Html>) -> Response {
    let w = frame.words();
    let mut view = frame.view(w.choose_password_title);
    view.wrong = stale || error.is_some();
    let status = match (&error, stale) {
        (_, true) => StatusCode::FORBIDDEN,
        (Some(_), false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, false) => StatusCode::OK,
    };
    let (min, login) = (policy(frame).min_length(), login_of(user));
    let page = NewPasswordPage {
        v: view,
        lead: say(w.choose_password_lead).put_html("email", &address(login)).html(),
        problem: stale.then_some(w.stale),
        token,
        login,
        min,
        hint: say(w.password_hint).put("min", min).html(),
        error,
    };
    frame.answer(status, &page, None)
}

fn policy(frame: &Frame) -> Policy {
    Policy::of(frame.realm.settings().password)
}

/// `/recover/confirm`: the link.
pub(super) async fn open(State(app): State<App>, uri: Uri, frame: Frame) -> Result<Response, Problem> {
    let token = query(&uri).remove("token").unwrap_or_default();
    match accounts::opened(&app, &frame.realm, &token, &[LinkPurpose::Recover], frame.now).await {
        Ok((_, user)) => Ok(choose(&frame, &user, &token, false, None)),
        Err(problem) => link::refused(&frame, problem, "/recover"),
    }
}

pub(super) async fn confirm(
    State(app): State<App>,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (realm, now) = (Arc::clone(&frame.realm), frame.now);
    let token = form.get("token").unwrap_or_default();
    let user = match accounts::opened(&app, &realm, token, &[LinkPurpose::Recover], now).await {
        Ok((_, user)) => user,
        Err(problem) => return link::refused(&frame, problem, "/recover"),
    };
    if frame.browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return Ok(choose(&frame, &user, token, true, None));
    }
    let new = form.get("new_password").unwrap_or_default();
    let new = match policy(&frame).accept(new, &accounts::words(&user)) {
        Ok(new) => new,
        Err(weak) => return Ok(choose(&frame, &user, token, false, Some(weakness(&frame, weak)))),
    };
    let origin = origin.reading(frame.language());
    match accounts::recover(&app, &realm, token, &new, false, origin, now).await {
        Ok(_) => {
            let w = frame.words();
            let what = say(w.recovered_what).link(frame.path("/sign-in"));
            Ok(frame.message(StatusCode::OK, &say(w.recovered_title), &what))
        }
        Err(Problem::WeakPassword(weak)) => {
            Ok(choose(&frame, &user, token, false, Some(weakness(&frame, weak))))
        }
        Err(problem) => link::refused(&frame, problem, "/recover"),
    }
}
