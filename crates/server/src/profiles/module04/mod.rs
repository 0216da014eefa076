//! The profile `module04`: what the fragments of module 04 come to as an application.
//!
//! Users are UUIDs, tokens carry scopes, a refresh token that is used twice ends every session of its user, keys come in `X-API-Key`, and
//! `X-Organization-ID` names an organization that whoever asks must belong to.

mod admin;
mod caller;
mod endpoints;
mod google;
mod keys;
mod login;
mod scopes;
mod token;
mod user;

use axum::{
    Router,
    middleware::from_fn,
    routing::{delete, get, post},
};

pub use endpoints::ENDPOINTS;

use super::fastapi::{not_allowed, not_found};
use crate::{App, browser};

/// The routes of the profile.
pub fn routes() -> Router<App> {
    let pages = Router::new()
        .route("/auth/google/login", get(google::go).fallback(|| async { not_allowed("GET") }))
        .route("/auth/google/callback", get(google::back).fallback(|| async { not_allowed("GET") }))
        .layer(from_fn(browser::remember));
    Router::new()
        .route("/auth/token", post(token::token).fallback(|| async { not_allowed("POST") }))
        .route("/auth/token/refresh", post(token::refresh).fallback(|| async { not_allowed("POST") }))
        .route("/auth/login", post(login::login).fallback(|| async { not_allowed("POST") }))
        .route("/users/me", get(user::me).fallback(|| async { not_allowed("GET") }))
        .route("/users/authenticated", get(user::authenticated).fallback(|| async { not_allowed("GET") }))
        .route("/admin/users", get(admin::list).fallback(|| async { not_allowed("GET") }))
        .route("/admin/users/{user_id}", delete(admin::delete).fallback(|| async { not_allowed("DELETE") }))
        .route("/api-keys/rotate/{key_id}", post(keys::rotate).fallback(|| async { not_allowed("POST") }))
        .merge(pages)
        .fallback(not_found)
}
