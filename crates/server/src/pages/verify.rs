//! `/verify-email`, `/verify-sent` and `/undo-email`: links to addresses.

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse as _, Redirect, Response},
};
use gatepost_domain::{EmailAddress, LinkPurpose, MailedLink};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::{
    Form,
    frame::Frame,
    html::{address, say},
    link::{self, Confirm},
    mail_sent::{self, For},
    notice::Notice,
    query, see,
};
use crate::{
    App, accounts, better_auth,
    browser::BrowserSession,
    http::{Problem, Where},
};

/// `/verify-sent`
pub(super) async fn sent(State(app): State<App>, uri: Uri, frame: Frame) -> Response {
    mail_sent::show(&app, &frame, For::Verify, &uri)
}

pub(super) async fn send_again(
    State(app): State<App>,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (realm, origin, now) = (&frame.realm, origin.reading(frame.language()), frame.now);
    let ask = async |email: EmailAddress| {
        accounts::count_mail(&app, realm, &email, &origin, now).await?;
        accounts::ask_to_verify(&app, realm, email, &origin, now).await
    };
    mail_sent::again(&app, &frame, For::Verify, &form, ask).await
}

/// Where the application goes on that had the link sent, as its address says; if the realm trusts it still.
fn target(uri: &Uri, frame: &Frame) -> Option<(String, Url)> {
    let back = query(uri).remove(better_auth::CALLBACK)?;
    let target = better_auth::leads_to(&frame.realm, &back)?;
    Some((back, target))
}

fn ask(
    frame: &Frame,
    (found, token): (&MailedLink, &str),
    target: Option<&(String, Url)>,
    stale: bool,
) -> Response {
    let w = frame.words();
    let email = address(found.email.as_str());
    let (heading, lead, action, button) = match found.purpose {
        LinkPurpose::UndoEmail => (w.undo_title, w.undo_lead, "/undo-email", w.undo_go),
        _ => (w.verify_title, w.verify_lead, "/verify-email", w.verify_go),
    };
    let lead = say(lead).put("realm", frame.realm_name()).put_html("email", &email);
    let confirm = Confirm { heading: say(heading), lead, action, token, button, stale };
    let target = target.filter(|_| found.purpose != LinkPurpose::UndoEmail);
    let Some((back, target)) = target else { return link::confirm(frame, &confirm) };
    let back = utf8_percent_encode(back, NON_ALPHANUMERIC);
    let action = format!("{action}?{}={back}", better_auth::CALLBACK);
    link::confirm_at(frame, &Confirm { action: &action, ..confirm }, target)
}

/// Where another link is asked for: whoever is signed in sees there what is to be confirmed.
const ASK: &str = "/account/profile";

async fn open(app: &App, uri: &Uri, frame: &Frame, purposes: &[LinkPurpose]) -> Result<Response, Problem> {
    let token = query(uri).remove("token").unwrap_or_default();
    match accounts::opened(app, &frame.realm, &token, purposes, frame.now).await {
        Ok((found, _)) => Ok(ask(frame, (&found, &token), target(uri, frame).as_ref(), false)),
        Err(problem) => link::refused(frame, problem, ASK),
    }
}

/// `/verify-email`: the link.
pub(super) async fn show(State(app): State<App>, uri: Uri, frame: Frame) -> Result<Response, Problem> {
    open(&app, &uri, &frame, &accounts::CONFIRMING).await
}

pub(super) async fn submit(
    State(app): State<App>,
    signed_in: Option<BrowserSession>,
    origin: Where,
    uri: Uri,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let token = form.get("token").unwrap_or_default();
    let target = target(&uri, &frame);
    if frame.browser.check_csrf(&app, &frame.realm, form.get("csrf")).is_err() {
        let opened = accounts::opened(&app, &frame.realm, token, &accounts::CONFIRMING, frame.now).await;
        return opened
            .map(|(found, _)| ask(&frame, (&found, token), target.as_ref(), true))
            .or_else(|problem| link::refused(&frame, problem, ASK));
    }
    let origin = origin.reading(frame.language());
    let user = match accounts::confirm_email(&app, &frame.realm, token, origin, frame.now).await {
        Ok(user) => user,
        Err(problem) => return link::refused(&frame, problem, ASK),
    };
    if let Some((_, target)) = target {
        return Ok(Redirect::to(target.as_str()).into_response());
    }
    if signed_in.is_some_and(|signed_in| signed_in.user.id == user.id) {
        frame.tell(Notice::EmailConfirmed);
        return Ok(see(&frame.browser, "/account/profile"));
    }
    let w = frame.words();
    let what = say(w.verified_what).link(frame.path("/sign-in"));
    Ok(frame.message(StatusCode::OK, &say(w.verified_title), &what))
}

/// `/undo-email`: the link.
pub(super) async fn show_undo(State(app): State<App>, uri: Uri, frame: Frame) -> Result<Response, Problem> {
    open(&app, &uri, &frame, &[LinkPurpose::UndoEmail]).await
}

pub(super) async fn undo(
    State(app): State<App>,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let token = form.get("token").unwrap_or_default();
    if frame.browser.check_csrf(&app, &frame.realm, form.get("csrf")).is_err() {
        let opened = accounts::opened(&app, &frame.realm, token, &[LinkPurpose::UndoEmail], frame.now).await;
        return opened
            .map(|(found, _)| ask(&frame, (&found, token), None, true))
            .or_else(|problem| link::refused(&frame, problem, "/recover"));
    }
    let origin = origin.reading(frame.language());
    match accounts::undo_email_change(&app, &frame.realm, token, origin, frame.now).await {
        Ok(user) => {
            let w = frame.words();
            let email = user.email.as_ref().map(|email| address(email.as_str())).unwrap_or_default();
            let what = say(w.undone_what).put_html("email", &email);
            Ok(frame.message(StatusCode::OK, &say(w.undone_title), &what))
        }
        Err(problem) => link::refused(&frame, problem, "/recover"),
    }
}
