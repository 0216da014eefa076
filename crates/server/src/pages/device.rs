//! Connecting a device that cannot show these pages (RFC 8628 section 3.3).

use askama::Template;
use axum::{http::StatusCode, response::Response};
use gatepost_domain::{Scope, User};

use super::{
    consent::{Asked, Kind, in_words},
    frame::{Frame, Person, View},
    html::{Html, say},
};

#[derive(Template)]
#[template(path = "pages/device.html")]
struct CodePage<'a> {
    v: View,
    user_code: &'a str,
    problem: Option<&'static str>,
    warning: Html,
}

/// Why the code is asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedAgain {
    /// No device waits with the one that was typed.
    Unknown,
    /// The form was of a page that was open for too long, or somebody else has signed in since.
    Stale,
}

/// Asks for the code. `again`: why the one that was typed is shown again.
pub fn device_code(frame: &Frame, user_code: &str, again: Option<AskedAgain>) -> Response {
    let words = frame.words();
    let mut view = frame.view(words.device_title);
    view.wrong = again.is_some();
    let (problem, status) = match again {
        None => (None, StatusCode::OK),
        Some(AskedAgain::Unknown) => (Some(words.device_refused), StatusCode::UNPROCESSABLE_ENTITY),
        Some(AskedAgain::Stale) => (Some(words.stale), StatusCode::FORBIDDEN),
    };
    let page = CodePage { v: view, user_code, problem, warning: say(words.device_warning).html() };
    frame.answer(status, &page, None)
}

/// A device that waits to be connected.
pub struct DeviceRequest<'a> {
    /// What the application on it calls itself.
    pub client: &'a str,
    /// The code it shows, as people read it.
    pub user_code: &'a str,
    /// What it asks for.
    pub scopes: &'a [Scope],
    /// Whose account it is about.
    pub user: &'a User,
}

#[derive(Template)]
#[template(path = "pages/device_confirm.html")]
struct ConfirmPage<'a> {
    v: View,
    heading: Html,
    user_code: &'a str,
    person: Person,
    scopes: Vec<Asked>,
    warning: Html,
}

/// Asks whether the device may be connected (RFC 8628 section 5.4). The form goes to `/device/confirm` with `csrf`, `user_code`
/// and `decision`, which is `approve` or `deny`.
pub fn device_confirm(frame: &Frame, device: &DeviceRequest<'_>) -> Response {
    let words = frame.words();
    let heading = say(words.device_confirm_title).put("client", device.client);
    let scopes: Vec<_> = device.scopes.iter().map(|scope| (scope.clone(), false)).collect();
    let page = ConfirmPage {
        v: frame.view(heading.plain()),
        heading: heading.html(),
        user_code: device.user_code,
        person: Person::of(device.user),
        scopes: in_words(frame, &scopes),
        warning: say(words.device_warning).html(),
    };
    frame.answer(StatusCode::OK, &page, None)
}

#[derive(Template)]
#[template(path = "pages/message.html")]
struct OutcomePage {
    v: View,
    heading: Html,
    what: Html,
}

/// Says what became of it.
pub fn device_outcome(frame: &Frame, connected: bool) -> Response {
    let words = frame.words();
    let (heading, what) = if connected {
        (words.device_done_title, words.device_done_what)
    } else {
        (words.device_denied_title, words.device_denied_what)
    };
    let page = OutcomePage { v: frame.view(heading), heading: say(heading).html(), what: say(what).html() };
    frame.answer(StatusCode::OK, &page, None)
}
