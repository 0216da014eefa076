//! `/device`: a person connects a device (RFC 8628 section 3.3).
//!
//! Whoever sends somebody a code of their own device hopes that it is connected unread (section 5.4). So the code is never taken
//! from the address alone, the page names the application and the account before anything is connected, and it is asked each time,
//! also for what was agreed to before.

use std::sync::Arc;

use axum::{
    extract::State,
    http::Uri,
    response::{IntoResponse as _, Redirect, Response},
};
use gatepost_domain::{Scope, authorization::device::UserCode};

use super::consent::{self, Waits};
use crate::{
    App,
    browser::{BrowserSession, Flow, Target},
    clients,
    http::{Problem, Where},
    pages::{self, AskedAgain, DeviceRequest, Form, Frame},
};

/// The form, filled in by an address that has the code in it (RFC 8628 section 3.3.1) and sent by the person alone.
pub(super) async fn show(_: BrowserSession, frame: Frame, uri: Uri) -> Response {
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let given = query.into_iter().find(|(name, _)| name == "user_code");
    // What is no code is not worth showing.
    let code = given.and_then(|(_, text)| text.parse::<UserCode>().ok());
    pages::device_code(&frame, &code.map(|code| code.to_string()).unwrap_or_default(), None)
}

/// What was typed: shown with what it asks for, if a device waits with it.
pub(super) async fn typed(
    State(app): State<App>,
    origin: Where,
    frame: Frame,
    signed_in: BrowserSession,
    form: Form,
) -> Result<Response, Problem> {
    let (realm, browser, now) = (Arc::clone(&frame.realm), frame.browser.clone(), frame.now);
    let text = form.text("user_code");
    if browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return Ok(pages::device_code(&frame, text, Some(AskedAgain::Stale)));
    }
    let caller = signed_in.caller();
    let Some(waits) = consent::find(&app, &realm, &caller, text, &origin, now).await? else {
        return Ok(pages::device_code(&frame, text, Some(AskedAgain::Unknown)));
    };
    if consent::has_to_prove_anew(&app, &waits, &caller, now).await? {
        return Ok(signs_in_anew(&app, &frame, &waits));
    }
    let Waits { device, client, user_code } = waits;
    let scopes: Vec<Scope> = device.details.scopes.iter().cloned().collect();
    let request = DeviceRequest {
        client: clients::shown_name(&client),
        user_code: &user_code.to_string(),
        scopes: &scopes,
        user: &signed_in.user,
    };
    Ok(pages::device_confirm(&frame, &request))
}

/// What was decided. A code that this session was not shown connects nothing.
pub(super) async fn decided(
    State(app): State<App>,
    origin: Where,
    frame: Frame,
    signed_in: BrowserSession,
    form: Form,
) -> Result<Response, Problem> {
    let (realm, browser, now) = (Arc::clone(&frame.realm), frame.browser.clone(), frame.now);
    let text = form.text("user_code");
    // It may have been shown to whoever was signed in before: it is asked for afresh.
    if browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return Ok(pages::device_code(&frame, text, Some(AskedAgain::Stale)));
    }
    let approved = match form.get("decision") {
        Some("approve") => true,
        Some("deny") => false,
        _ => return Ok(pages::device_code(&frame, text, None)),
    };
    let unknown = || pages::device_code(&frame, text, Some(AskedAgain::Unknown));
    let caller = signed_in.caller();
    let Some(waits) = consent::shown(&app, &realm, &caller, text, now).await? else { return Ok(unknown()) };
    // The page may have been open for long.
    if approved && consent::has_to_prove_anew(&app, &waits, &caller, now).await? {
        return Ok(signs_in_anew(&app, &frame, &waits));
    }
    let decided = consent::decide(&app, &caller, waits.user_code, approved, &origin, now).await?;
    Ok(if decided { pages::device_outcome(&frame, approved) } else { unknown() })
}

/// The person proves anew who they are, and comes back to the form with the code in it.
fn signs_in_anew(app: &App, frame: &Frame, waits: &Waits) -> Response {
    let page = Target::Page(format!("/device?user_code={}", waits.user_code));
    let name = clients::shown_name(&waits.client).to_owned();
    let flow = Flow { fresh: true, client_name: Some(name), ..Flow::to(page, frame.now) };
    let sealed = flow.seal(app, &frame.realm, &frame.browser);
    Redirect::to(&frame.browser.path(&format!("/sign-in?flow={sealed}"))).into_response()
}
