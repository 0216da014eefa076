//! `/openapi.json`, and `/docs` to read it.

mod description;
mod page;

use axum::{
    Router,
    body::Bytes,
    http::{HeaderName, HeaderValue, header},
    routing::get,
};
use utoipa::openapi::OpenApi;

use crate::App;

pub use description::describe;

/// The page runs no script and loads nothing from elsewhere.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The description as JSON and as a page.
pub fn routes(description: OpenApi) -> Router<App> {
    let description = describe(description);
    let json = Bytes::from(description.to_pretty_json().unwrap_or_default());
    let html = Bytes::from(page::render(&description));
    let answer = |kind: &'static str, body: Bytes| {
        let headers: [(HeaderName, HeaderValue); 3] = [
            (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        move || async move { (headers, body) }
    };
    Router::new()
        .route("/openapi.json", get(answer("application/json", json)))
        .route("/docs", get(answer("text/html; charset=utf-8", html)))
        .route(
            "/docs/style.css",
            get(answer("text/css; charset=utf-8", Bytes::from_static(page::STYLE.as_bytes()))),
        )
}
