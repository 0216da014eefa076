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
        Self(StatusCode::OK, twice(&members, &Nothing {}))
    }

    /// With `201`.
    pub fn created(members: impl Serialize) -> Self {
        Self(StatusCode::CREATED, twice(&members, &Nothing {}))
    }

    /// With `200`, and more under `data` than the members: what programs of the older generation look for there. No name is in both.
    pub fn with_in_data(members: impl Serialize, more: &impl Serialize) -> Self {
        Self(StatusCode::OK, twice(&members, more))
    }
}

#[derive(Serialize)]
struct Nothing {}

/// Two objects as `{first…,"data":{second…,first…}}`.
fn twice(first: &impl Serialize, second: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let (first, second) = (serde_json::to_vec(first)?, serde_json::to_vec(second)?);
    let inside = |object: &[u8]| object.get(1..object.len() - 1).unwrap_or_default().to_vec();
    let (first, second) = (inside(&first), inside(&second));
    let comma = |is_needed: bool| if is_needed { b",".as_slice() } else { b"" };
    let has_first = !first.is_empty();
    let between = comma(has_first && !second.is_empty());
    Ok([b"{", &first[..], comma(has_first), b"\"data\":{", &second, between, &first, b"}}\n"].concat())
}

impl IntoResponse for Said {
    fn into_response(self) -> Response {
        let Self(status, document) = self;
        match document {
            Ok(document) => {
                let headers = [
                    (CONTENT_TYPE, HeaderValue::from_static("application/json")),
                    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
                ];
                (status, headers, document).into_response()
            }
            Err(error) => Refusal::from(Problem::internal(error)).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::twice;

    #[test]
    fn every_member_is_there_once_more_under_data() {
        let text = |first, second| String::from_utf8(twice(&first, &second).unwrap()).unwrap();
        let some = || json!({"a": "}", "b": {}});
        assert_eq!(text(some(), json!({})), "{\"a\":\"}\",\"b\":{},\"data\":{\"a\":\"}\",\"b\":{}}}\n");
        assert_eq!(
            text(some(), json!({"c": 1})),
            "{\"a\":\"}\",\"b\":{},\"data\":{\"c\":1,\"a\":\"}\",\"b\":{}}}\n"
        );
        assert_eq!(text(json!({}), json!({"c": 1})), "{\"data\":{\"c\":1}}\n");
        assert_eq!(text(json!({}), json!({})), "{\"data\":{}}\n");
    }
}
