//! Pages that a mailed link opens. Opening one changes nothing, for programs that check mail open every link; its button does
//! (LG-10).

use askama::Template;
use axum::{http::StatusCode, response::Response};
use url::Url;

use super::{
    frame::{Frame, View},
    html::{Html, Sentence, say},
};
use crate::{
    browser::{Flow, Target},
    http::Problem,
};

#[derive(Template)]
#[template(path = "pages/confirm.html")]
struct ConfirmPage<'a> {
    v: View,
    heading: Html,
    lead: Html,
    problem: Option<&'static str>,
    action: String,
    token: &'a str,
    button: &'static str,
}

/// What a link does, and the button that does it.
pub(super) struct Confirm<'a> {
    pub(super) heading: Sentence,
    pub(super) lead: Sentence,
    /// Where the form goes: a path of the realm.
    pub(super) action: &'a str,
    pub(super) token: &'a str,
    pub(super) button: &'static str,
    /// The form was of a page that was open for too long: say so.
    pub(super) stale: bool,
}

pub(super) fn confirm(frame: &Frame, confirm: &Confirm<'_>) -> Response {
    confirm_to(frame, confirm, None)
}

/// The same for a link that goes on to what a flow is for.
pub(super) fn confirm_to(frame: &Frame, confirm: &Confirm<'_>, leads_to: Option<&Flow>) -> Response {
    let mut view = frame.view(confirm.heading.plain());
    view.wrong = confirm.stale;
    let page = ConfirmPage {
        problem: confirm.stale.then_some(view.w.stale),
        v: view,
        heading: confirm.heading.html(),
        lead: confirm.lead.html(),
        action: frame.path(confirm.action),
        token: confirm.token,
        button: confirm.button,
    };
    frame.answer(if confirm.stale { StatusCode::FORBIDDEN } else { StatusCode::OK }, &page, leads_to)
}

/// The same for a link that goes on at the application that had it sent, at an address that the realm trusts.
pub(super) fn confirm_at(frame: &Frame, link: &Confirm<'_>, target: &Url) -> Response {
    let here = Target::Page(String::new());
    let flow = Flow { returns_to: Some(target.to_string()), ..Flow::to(here, frame.now) };
    confirm_to(frame, link, Some(&flow))
}

/// Why a link does nothing. `ask` is where another is asked for.
pub(super) fn refused(frame: &Frame, problem: Problem, ask: &str) -> Result<Response, Problem> {
    let w = frame.words();
    match problem {
        Problem::InvalidLink => {
            let what = say(w.link_what).link(frame.path(ask));
            Ok(frame.message(StatusCode::BAD_REQUEST, &say(w.link_title), &what))
        }
        Problem::EmailTaken => {
            Ok(frame.message(StatusCode::CONFLICT, &say(w.refused_title), &say(w.link_taken)))
        }
        other => Err(other),
    }
}
