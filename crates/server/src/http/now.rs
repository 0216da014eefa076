//! The time of a request, read once.

use axum::{extract::FromRequestParts, http::request::Parts};
use gatepost_domain::Timestamp;

use crate::App;

/// When the request arrived. Everything below the handler takes the value, so one request has one time.
#[derive(Clone, Copy, Debug)]
pub struct Now(pub Timestamp);

impl FromRequestParts<App> for Now {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(app.clock().now()))
    }
}
