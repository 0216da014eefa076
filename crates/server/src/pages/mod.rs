//! The pages people see: sign in, sign up, sign out, consent, devices, their account, errors.
//!
//! Plain HTML that works without script. Every route that people open has [`around`] around it.

mod account;
mod assets;
mod by_mail;
mod consent;
mod deletion;
mod dev_mail;
mod device;
mod error;
mod form;
mod form_post;
mod frame;
pub(crate) mod html;
mod invitation;
mod link;
mod mail_sent;
mod notice;
mod passkey;
mod recover;
mod recovery_codes;
mod second_set_up;
mod second_step;
mod sign_in;
mod sign_out;
mod sign_up;
mod sms;
mod social;
#[cfg(test)]
mod specimens;
mod verify;
mod words;

use std::collections::HashMap;

use axum::{
    Router,
    extract::{FromRequestParts as _, Request, State},
    http::{HeaderMap, HeaderName, Method, header::ACCEPT, header::CONTENT_TYPE, request::Parts},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};

use crate::{
    App,
    browser::{self, Browser},
    http::Problem,
    realm::{InRealm, UnderPrefix},
};

pub use account::{browser_and_system, device_name};
pub use by_mail::{application_link, opened_elsewhere};
pub use consent::{Consent, Unchecked, consent};
pub use deletion::{deletion_link, deletion_opened_elsewhere};
pub use dev_mail::routes as dev_mail;
pub use device::{AskedAgain, DeviceRequest, device_code, device_confirm, device_outcome};
pub use error::{error, flow_lost};
pub(crate) use form::Form;
pub use form_post::form_post;
pub use frame::Frame;
#[cfg(test)]
pub use sign_out::{SignOut, sign_out as sign_out_page};
pub use sign_out::{ask as ask_to_sign_out, signed_out};
pub use social::{answer as provider_answer, come_back_by_form, to_provider};
pub use words::Language;

/// The pages that need [`around`] them.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/sign-in", get(sign_in::show).post(sign_in::submit))
        .route("/sign-in/email", get(by_mail::show).post(by_mail::submit))
        .route("/sign-in/email/sent", get(by_mail::sent).post(by_mail::code))
        .route("/sign-in/email/open", get(by_mail::open).post(by_mail::follow))
        .route("/sign-in/mfa", get(second_step::show).post(second_step::submit))
        .route("/sign-in/passkey", get(passkey::show).post(passkey::submit))
        .route("/sign-in/with/{provider}", get(social::show))
        .route("/sign-in/with/{provider}/callback", get(social::come_back).post(social::come_back_by_form))
        .route("/sign-up", get(sign_up::show).post(sign_up::submit))
        .route("/sign-out", get(sign_out::show).post(sign_out::submit))
        .route("/recover", get(recover::show).post(recover::submit))
        .route("/recover/sent", get(recover::sent).post(recover::send_again))
        .route("/recover/confirm", get(recover::open).post(recover::confirm))
        .route("/verify-sent", get(verify::sent).post(verify::send_again))
        .route("/verify-email", get(verify::show).post(verify::submit))
        .route("/undo-email", get(verify::show_undo).post(verify::undo))
        .route("/invitation", get(invitation::show).post(invitation::submit))
        .merge(account::routes())
        .route_layer(from_fn(to_people))
}

/// What pages load: public, and kept.
pub fn assets() -> Router<App> {
    assets::routes()
}

/// The layer around every route that people open: cookies and headers as in [`browser::remember`], and problems as pages, but to programs.
pub async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut kept = parts.clone();
    let response = browser::remember(Request::from_parts(parts, body), next).await;
    if is_problem(&response) && !speaks_json(&kept.headers) {
        as_page(&app, &mut kept, response).await
    } else {
        response
    }
}

/// A program that asks in JSON is told that people are answered here: it has the wrong address.
async fn to_people(request: Request, next: Next) -> Response {
    if speaks_json(request.headers()) {
        return Problem::PageForPeople.into_response();
    }
    next.run(request).await
}

/// A path that leads nowhere, told to people as a page and to programs as a problem.
pub async fn not_found(State(app): State<App>, request: Request) -> Response {
    let response = Problem::NotFound.into_response();
    if !wants_page(request.headers()) {
        return response;
    }
    let (mut parts, _) = request.into_parts();
    // Whoever types the name of the server looks for their account.
    if parts.method == Method::GET && parts.uri.path() == "/" {
        let base = parts.extensions.get::<UnderPrefix>().and(parts.extensions.get::<InRealm>());
        let base = base.map(|realm| format!("/r/{}", realm.name())).unwrap_or_default();
        return Redirect::to(&format!("{base}/account/profile")).into_response();
    }
    as_page(&app, &mut parts, response).await
}

fn wants_page(headers: &HeaderMap) -> bool {
    text(headers, ACCEPT).contains("text/html")
}

/// Whether a program sends JSON, which no form of a page does, or takes nothing else.
fn speaks_json(headers: &HeaderMap) -> bool {
    let takes = text(headers, ACCEPT);
    let takes_json_alone =
        takes.contains("application/json") && !takes.contains("text/html") && !takes.contains("*/*");
    text(headers, CONTENT_TYPE).starts_with("application/json") || takes_json_alone
}

fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn is_problem(response: &Response) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json")
}

/// The same answer with a page in place of the document.
async fn as_page(app: &App, parts: &mut Parts, response: Response) -> Response {
    parts.extensions.insert(browser::Jar::default());
    match Frame::from_request_parts(parts, app).await {
        Ok(frame) => error::of_problem(&frame, &response),
        Err(_) => response,
    }
}

/// The parameters of an address. Of a name that is there twice the first counts; nothing is decided by them but what is shown.
fn query(parts: &axum::http::Uri) -> HashMap<String, String> {
    let mut found = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(parts.query().unwrap_or_default().as_bytes()).take(32) {
        found.entry(name.into_owned()).or_insert_with(|| value.into_owned());
    }
    found
}

/// 303: the password that was just sent is not sent again (OA-15).
fn see(browser: &Browser, path: &str) -> Response {
    Redirect::to(&browser.path(path)).into_response()
}
