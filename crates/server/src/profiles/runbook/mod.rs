//! The profile `runbook`: what the application of the FastAPI authentication runbook answers.
//!
//! Usernames are the `sub` of its tokens, users have numbers, and three roles stand above one another. Everything is done by what the
//! native API calls; here it is read and rendered.

mod admin;
mod caller;
mod data;
mod endpoints;
mod google;
mod me;
mod register;
mod token;
mod user;

use axum::{
    Router,
    middleware::from_fn,
    routing::{get, post, put},
};

pub use endpoints::ENDPOINTS;

use super::fastapi::{answer, not_allowed, not_found};
use crate::{App, browser};

/// The routes of the profile. `first` methods are those that the application declares first at a path: it names no other in `Allow`.
pub fn routes() -> Router<App> {
    let pages = Router::new()
        .route("/login/google", get(google::go).fallback(|| async { not_allowed("GET") }))
        .route("/auth/google", get(google::back).fallback(|| async { not_allowed("GET") }))
        .layer(from_fn(browser::remember));
    Router::new()
        .route("/register", post(register::register).fallback(|| async { not_allowed("POST") }))
        .route("/token", post(token::token).fallback(|| async { not_allowed("POST") }))
        .route("/token/refresh", post(token::refresh).fallback(|| async { not_allowed("POST") }))
        .route("/users/me", get(me::show).put(me::change).fallback(|| async { not_allowed("GET") }))
        .route("/admin/users", get(admin::list).fallback(|| async { not_allowed("GET") }))
        .route(
            "/admin/users/{user_id}",
            axum::routing::delete(admin::delete).fallback(|| async { not_allowed("DELETE") }),
        )
        .route("/admin/users/{user_id}/role", put(admin::set_role).fallback(|| async { not_allowed("PUT") }))
        .route("/health", get(health).fallback(|| async { not_allowed("GET") }))
        .route("/api/data", get(data::show).fallback(|| async { not_allowed("GET") }))
        .merge(pages)
        .fallback(not_found)
}

async fn health() -> axum::response::Response {
    answer(axum::http::StatusCode::OK, &serde_json::json!({ "status": "healthy" }))
}
