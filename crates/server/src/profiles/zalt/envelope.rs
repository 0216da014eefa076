//! What every answer of this front door has.

use axum::{
    extract::{Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, X_FRAME_OPTIONS},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

use super::Refusal;
use crate::{
    App,
    http::{Problem, body, observe::RequestId},
};

/// Puts the envelope around refusals.
pub async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().map(ToString::to_string);
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        response = refusal.answer(&path, id.as_deref(), app.clock().now());
    }
    response.headers_mut().insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// A success: its members, and all of them once more under `data`, for programs of either generation.
pub struct Said(StatusCode, Map<String, Value>);

impl Said {
    /// With `200`.
    pub fn ok(members: Value) -> Self {
        Self::with(StatusCode::OK, members)
    }

    /// With `201`.
    pub fn created(members: Value) -> Self {
        Self::with(StatusCode::CREATED, members)
    }

    fn with(status: StatusCode, members: Value) -> Self {
        match members {
            Value::Object(members) => Self(status, members),
            other => Self(status, Map::from_iter([("value".to_owned(), other)])),
        }
    }
}

impl IntoResponse for Said {
    fn into_response(self) -> Response {
        let Self(status, mut members) = self;
        let copy = Value::Object(members.clone());
        members.insert("data".to_owned(), copy);
        match body::document(&members) {
            Ok(bytes) => {
                let headers = [
                    (CONTENT_TYPE, HeaderValue::from_static("application/json")),
                    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
                ];
                (status, headers, bytes).into_response()
            }
            Err(error) => Refusal::from(Problem::internal(error)).into_response(),
        }
    }
}
