//! Pages of a link that deletes an account (LG-10): opening it changes nothing.

use axum::{http::StatusCode, response::Response};
use gatepost_domain::EmailAddress;
use url::Url;

use super::{
    frame::Frame,
    html::{address, say},
    link::{self, Confirm},
};

/// The page of a link that deletes an account, in the session that asked for it: its button posts the token to `action`, a path of the
/// realm, and what follows leads to `target`.
pub fn deletion_link(
    frame: &Frame,
    (email, token): (&EmailAddress, &str),
    (action, target): (&str, &Url),
    stale: bool,
) -> Response {
    let w = frame.words();
    let email = address(email.as_str());
    let lead = say(w.delete_lead).put("realm", frame.realm_name()).put_html("email", &email);
    let confirm = Confirm { heading: say(w.delete_title), lead, action, token, button: w.delete_go, stale };
    link::confirm_at(frame, &confirm, target)
}

/// Why such a link does nothing elsewhere; `on` is where the application is.
pub fn deletion_opened_elsewhere(frame: &Frame, on: &Url) -> Response {
    let w = frame.words();
    let what = say(w.delete_elsewhere).link(on.to_string());
    frame.message(StatusCode::FORBIDDEN, &say(w.elsewhere_title), &what)
}
