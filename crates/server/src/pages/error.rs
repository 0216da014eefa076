//! Pages that say no: what happened, then what to do; codes for developers below.

use askama::Template;
use axum::{http::StatusCode, response::Response};

use super::{
    frame::{Frame, View},
    html::{Html, moment, say},
};

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

/// A problem as a page, with its status and the headers that say when to try again.
pub(super) fn of_problem(frame: &Frame, problem: &Response) -> Response {
    use axum::http::header::RETRY_AFTER;
    let words = frame.words();
    let status = problem.status();
    let (title, what) = match status {
        StatusCode::NOT_FOUND => (words.not_found_title, words.not_found_what),
        StatusCode::TOO_MANY_REQUESTS => (words.often_title, words.often_what),
        StatusCode::SERVICE_UNAVAILABLE => (words.busy_title, words.busy_what),
        status if status.is_server_error() => (words.broken_title, words.broken_what),
        _ => (words.refused_title, words.refused_request),
    };
    let cause = problem.extensions().get::<crate::http::observe::Cause>().cloned();
    let code = cause.as_ref().map_or("error", |cause| cause.code);
    let what = say(what).link(frame.path("/account/profile")).html();
    let mut response = page(frame, status, title, what, (code, ""));
    if let Some(after) = problem.headers().get(RETRY_AFTER) {
        response.headers_mut().insert(RETRY_AFTER, after.clone());
    }
    if let Some(cause) = cause {
        response.extensions_mut().insert(cause);
    }
    response
}
