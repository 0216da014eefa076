//! `GET /api/data`: what a service shows its key for.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::json;

use crate::{
    App,
    http::Now,
    profiles::fastapi::{Key, Refusal, answer, api_key},
    realm::InRealm,
};

/// Any good key of the realm opens it: it tells a service that its key is good, and nothing else.
pub async fn show(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    match api_key(&app, &realm, &headers, now).await? {
        Key::Good(_) => Ok(answer(StatusCode::OK, &json!({ "data": "sensitive information" }))),
        Key::Wrong | Key::None => Err(Refusal::new(StatusCode::FORBIDDEN, "Invalid API Key")),
    }
}
