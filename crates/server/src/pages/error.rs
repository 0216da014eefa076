//! Pages that say no: what happened, then what to do; codes for developers below.

use std::time::Duration;

use askama::Template;
use axum::{
    http::{StatusCode, header::RETRY_AFTER},
    response::Response,
};

use super::{
    frame::{Frame, View},
    html::{Html, moment, say},
    words::Words,
};
use crate::{
    http::problem::SaidToPerson,
    limits::{Limited, RATE_LIMIT, RATE_LIMIT_POLICY},
};

/// What people may be told to wait for as "a few minutes".
const SOON: Duration = Duration::from_mins(10);

#[derive(Template)]
#[template(path = "pages/error.html")]
struct ErrorPage<'a> {
    v: View,
    what: Html,
    code: &'a str,
    rule: &'a str,
    request: &'a str,
    at: String,
    time: String,
}

fn page(
    frame: &Frame,
    status: StatusCode,
    title: &'static str,
    what: Html,
    (code, rule): (&str, &str),
) -> Response {
    let mut view = frame.view(say(title).put("realm", frame.realm_name()).plain());
    view.wrong = true;
    let page = ErrorPage {
        time: moment(view.w, frame.now),
        at: frame.now.to_string(),
        request: frame.request(),
        v: view,
        what,
        code,
        rule,
    };
    frame.answer(status, &page, None)
}

/// A request of an application that cannot be answered, and not be told to the application either (RFC 6749 section 4.1.2.1).
/// `code` is for programs, `rule` tells the developer in English what would be right; never a value that was sent.
pub fn error(frame: &Frame, status: StatusCode, code: &str, rule: &str) -> Response {
    let words = frame.words();
    page(frame, status, words.refused_title, say(words.refused_client).html(), (code, rule))
}

/// A flow that cannot be opened: too old, or begun in another browser.
pub fn flow_lost(frame: &Frame) -> Response {
    let words = frame.words();
    let rule = "A sign-in is good for an hour, and in the browser it was begun in.";
    page(frame, StatusCode::BAD_REQUEST, words.flow_title, say(words.flow_what).html(), ("flow_lost", rule))
}

/// What is said above a form that was sent too often.
pub(super) fn too_often(words: &Words, limited: Limited) -> Html {
    try_again(words, limited.wait())
}

/// The same, where it is known how long to wait.
pub(super) fn try_again(words: &Words, wait: Duration) -> Html {
    say(if wait > SOON { words.tried_often_later } else { words.tried_often_soon }).html()
}

/// A problem as a page, with its status and the headers that say when to try again.
pub(super) fn of_problem(frame: &Frame, problem: &Response) -> Response {
    let words = frame.words();
    let status = problem.status();
    let after = problem.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let later = after.is_some_and(|seconds| Duration::from_secs(seconds) > SOON);
    let (title, what) = match status {
        StatusCode::NOT_FOUND => (words.not_found_title, words.not_found_what),
        StatusCode::TOO_MANY_REQUESTS if later => (words.often_title, words.often_later),
        StatusCode::TOO_MANY_REQUESTS => (words.often_title, words.often_soon),
        StatusCode::SERVICE_UNAVAILABLE => (words.busy_title, words.busy_what),
        status if status.is_server_error() => (words.broken_title, words.broken_what),
        _ => (words.refused_title, words.refused_request),
    };
    let cause = problem.extensions().get::<crate::http::observe::Cause>().cloned();
    let code = cause.as_ref().map_or("error", |cause| cause.code);
    let what = match problem.extensions().get::<SaidToPerson>() {
        Some(SaidToPerson(text)) => say("{text}").put("text", text).html(),
        None => say(what).link(frame.path("/account/profile")).html(),
    };
    let mut response = page(frame, status, title, what, (code, ""));
    for name in [RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY] {
        if let Some(value) = problem.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    if let Some(cause) = cause {
        response.extensions_mut().insert(cause);
    }
    response
}
