//! What the API answers when it does not do what was asked.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatepost_guard::Refusal;
use serde_json::json;

/// An RFC 9457 problem, with the same `code` as in the guard's.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The guard's word.
    Refused(Refusal),
    BadNote(&'static str),
    TooLarge,
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code, detail) = match self {
            Self::Refused(refusal) => return refusal.into_response(),
            Self::BadNote(what) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_note", what),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The request is too large."),
            Self::Database(error) => {
                tracing::error!("the database failed: {error}");
                (StatusCode::INTERNAL_SERVER_ERROR, "broken", "Something went wrong on our side.")
            }
        };
        let problem = json!({
            "type": format!("urn:notes:problem:{code}"),
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": detail,
            "code": code,
        });
        (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(problem)).into_response()
    }
}
