//! `/openapi.json`, and `/docs` to read it.

mod description;
mod page;

use std::sync::LazyLock;

use axum::{
    Router,
    body::Bytes,
    http::{HeaderName, HeaderValue, StatusCode, header},
    routing::get,
};

use crate::{App, described, realm::InRealm};

pub use description::describe;

/// The page runs no script and loads nothing from elsewhere.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What `/openapi.json` and `/docs` say. Made when it is first asked for: what it is made of takes some MiB for a moment, and most
/// servers are never asked.
static DOCUMENTS: LazyLock<(Bytes, Box<str>)> =
    LazyLock::new(|| (Bytes::from(described::written()), page::render(&described::description()).into()));

/// The description as JSON and as a page.
pub fn routes() -> Router<App> {
    // The lines to copy are of the realm that is asked.
    let docs = async |realm: InRealm| {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        (headers, DOCUMENTS.1.replace(page::BASE, realm.issuer()))
    };
    let answer = |kind: &'static str, body: fn() -> Bytes| {
        let headers: [(HeaderName, HeaderValue); 3] = [
            (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        move || async move { (headers, body()) }
    };
    Router::new()
        .route("/openapi.json", get(answer("application/json", || DOCUMENTS.0.clone())))
        .route("/docs", get(docs))
        // Relative, so that it is right under a realm's prefix too.
        .route("/docs/", get(async || (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "../docs")])))
        .route(
            "/docs/style.css",
            get(answer("text/css; charset=utf-8", || Bytes::from_static(page::STYLE.as_bytes()))),
        )
}
