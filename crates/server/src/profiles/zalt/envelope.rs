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
use serde::Serialize;

use super::Refusal;
use crate::{
    App,
    http::{Problem, observe::RequestId},
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
pub struct Said(StatusCode, Result<Vec<u8>, serde_json::Error>);

impl Said {
    /// With `200`. The members are those of an object.
    pub fn ok(members: impl Serialize) -> Self {
        Self(StatusCode::OK, serde_json::to_vec(&members))
    }

    /// With `201`.
    pub fn created(members: impl Serialize) -> Self {
        Self(StatusCode::CREATED, serde_json::to_vec(&members))
    }
}

/// An object with all of its members once more under `data`.
fn twice(members: &[u8]) -> Vec<u8> {
    let within = members.strip_suffix(b"}").unwrap_or(members);
    let between: &[u8] = if within == b"{" { b"\"data\":" } else { b",\"data\":" };
    [within, between, members, b"}\n"].concat()
}

impl IntoResponse for Said {
    fn into_response(self) -> Response {
        let Self(status, members) = self;
        match members {
            Ok(members) => {
                let headers = [
                    (CONTENT_TYPE, HeaderValue::from_static("application/json")),
                    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
                ];
                (status, headers, twice(&members)).into_response()
            }
            Err(error) => Refusal::from(Problem::internal(error)).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::twice;

    #[test]
    fn every_member_is_there_once_more_under_data() {
        let text = |members: &str| String::from_utf8(twice(members.as_bytes())).unwrap();
        assert_eq!(
            text(r#"{"a":"}","b":{}}"#),
            r#"{"a":"}","b":{},"data":{"a":"}","b":{}}}"#.to_owned() + "\n"
        );
        assert_eq!(text("{}"), "{\"data\":{}}\n");
    }
}
