//! Better Auth's protocol, `/api/auth`: applications written for it work after changing a URL.
//!
//! Thin: what is asked is read here and answered in the words of the contract, and what happens is what happens for every door. The
//! session an application holds is a session of ours; only the token that names it is of another shape (decision 0033).

mod account;
mod admin;
mod api_key;
mod asked;
mod caller;
mod cookies;
mod deletion;
mod device;
mod email_otp;
mod endpoints;
mod fields;
mod magic_link;
mod mailed;
mod multi_session;
mod organization;
mod origins;
mod passkey;
mod provider_tokens;
mod recovery;
mod refusal;
mod session;
mod sign_in;
mod sign_up;
mod social;
mod targets;
mod token;
mod two_factor;
mod view;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{Method, StatusCode},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::{
    App,
    http::{Gate, body, cross_origin},
    pages,
    realm::{InRealm, Snapshot},
    router::TellRoute,
};

pub use endpoints::guide;
pub(crate) use token::{Issued, KNOWN as KNOWN_TOKENS};

/// Where it is in every realm.
const BASE: &str = "/api/auth";

/// Every endpoint. What is none is answered as the contract has it: nothing at all.
pub fn routes(app: &App) -> Router<App> {
    let mut opened = Router::new();
    for endpoint in endpoints::OPENED {
        opened = opened.route(endpoint.path, (endpoint.route)());
    }
    let mut routes = opened.layer(from_fn_with_state(app.clone(), pages::around));
    for endpoint in endpoints::SERVED {
        routes = routes.route(endpoint.path, (endpoint.route)());
    }
    let read = [cookies::SET_AUTH_TOKEN, cookies::SET_AUTH_JWT, refusal::X_RETRY_AFTER];
    let layers =
        (Gate(if_on), TellRoute, cross_origin::layer_with_cookies(read), DefaultBodyLimit::max(body::LIMIT));
    let routes = routes.fallback(async || nothing()).method_not_allowed_fallback(async || nothing());
    Router::new().nest(BASE, routes.layer(layers))
}

/// Where the realm does not have it, there is nothing. Nor is there for HEAD: a link does what it is for when it is opened, and a
/// program that only looks whether it leads anywhere would use it up.
fn if_on(request: &mut Request) -> Option<Response> {
    let is_on = request.extensions().get::<InRealm>().is_some_and(|realm| realm.settings().better_auth);
    if is_on && request.method() != Method::HEAD { None } else { Some(nothing()) }
}

fn nothing() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// The parameter that says where an application goes on.
pub const CALLBACK: &str = "callbackURL";

/// The link of a letter by which an application goes on: looking at it uses nothing up.
pub fn reset_link(realm: &Snapshot, token: &str, page: &str) -> String {
    let page = utf8_percent_encode(page, NON_ALPHANUMERIC);
    realm.url(&format!("{BASE}/reset-password/{token}?{CALLBACK}={page}"))
}

/// The link of a letter to our own page that confirms an address, which leads to the application's then.
pub fn verified_link(realm: &Snapshot, token: &str, page: &str) -> String {
    let page = utf8_percent_encode(page, NON_ALPHANUMERIC);
    realm.url(&format!("/verify-email?token={token}&{CALLBACK}={page}"))
}

/// The link of a letter that signs in at an application; `targets` is the query that it asked with.
pub fn magic_link(realm: &Snapshot, token: &str, targets: &str) -> String {
    realm.url(&format!("{BASE}{}?token={token}&{targets}", magic_link::VERIFY))
}

/// The link of a letter that deletes an account; `targets` is the query that it was asked for with.
pub fn deletion_link(realm: &Snapshot, token: &str, targets: &str) -> String {
    let targets = if targets.is_empty() { String::new() } else { format!("&{targets}") };
    realm.url(&format!("{BASE}{}?token={token}{targets}", deletion::CALLBACK))
}

/// A page of an origin that the realm names (`allowed_origins`), by its whole address.
pub fn page_of_named_origin(realm: &Snapshot, page: &str) -> Option<Url> {
    origins::is_of_named_origin(realm, page).then(|| Url::parse(page).ok()).flatten()
}

/// Where an application goes on that the realm trusts.
pub fn leads_to(realm: &Snapshot, page: &str) -> Option<Url> {
    origins::may_be_sent_to(realm, page).then(|| origins::whole(realm, page)).flatten()
}
