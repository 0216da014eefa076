//! What a path holds.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};

/// The last variable part of a path, decoded. What is no text is one sign that is none, as in Python.
#[derive(Debug)]
pub struct InPath(String);

impl InPath {
    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for InPath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let text = params.map_or_else(
            |_| "\u{fffd}".to_owned(),
            |params| params.iter().last().map_or_else(String::new, |(_, text)| text.to_owned()),
        );
        Ok(Self(text))
    }
}
