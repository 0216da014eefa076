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
mod endpoints;
mod fields;
mod origins;
mod passkey;
mod recovery;
mod refusal;
mod session;
mod sign_in;
mod sign_up;
mod token;
mod two_factor;
mod view;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    App,
    http::{body, cross_origin},
    realm::Snapshot,
    router::TellRoute,
};

pub use endpoints::guide;

/// Where it is in every realm.
const BASE: &str = "/api/auth";

/// Every endpoint. What is none is answered as the contract has it: nothing at all.
pub fn routes() -> Router<App> {
    let mut routes = Router::new();
    for endpoint in endpoints::SERVED {
        routes = routes.route(endpoint.path, (endpoint.route)());
    }
    let read = [cookies::SET_AUTH_TOKEN, cookies::SET_AUTH_JWT, refusal::X_RETRY_AFTER];
    let layers = (TellRoute, cross_origin::layer_with_cookies(read), DefaultBodyLimit::max(body::LIMIT));
    let routes = routes.fallback(nothing).method_not_allowed_fallback(nothing).layer(layers);
    Router::new().nest(BASE, routes)
}

async fn nothing() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// The link of a letter by which an application goes on: looking at it uses nothing up.
pub fn reset_link(realm: &Snapshot, token: &str, page: &str) -> String {
    let page = utf8_percent_encode(page, NON_ALPHANUMERIC);
    realm.url(&format!("{BASE}/reset-password/{token}?callbackURL={page}"))
}
