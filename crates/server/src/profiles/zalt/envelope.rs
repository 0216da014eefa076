//! What every answer of this front door has.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    http::{
        HeaderValue, StatusCode, Uri,
        header::{CACHE_CONTROL, CONTENT_TYPE, X_FRAME_OPTIONS},
    },
    response::{IntoResponse, Response},
};
use gatepost_jose::json;
use pin_project_lite::pin_project;
use serde::Serialize;
use tower::{Layer, Service};

use super::Refusal;
use crate::{
    App,
    http::{Problem, observe::RequestId},
};

/// The layer that puts the envelope around refusals.
#[derive(Clone)]
pub struct Envelope(App);

impl Envelope {
    pub fn of(app: &App) -> Self {
        Self(app.clone())
    }
}

impl<S> Layer<S> for Envelope {
    type Service = Enveloped<S>;

    fn layer(&self, inner: S) -> Enveloped<S> {
        Enveloped { envelope: self.clone(), inner }
    }
}

/// The service of [`Envelope`].
#[derive(Clone)]
pub struct Enveloped<S> {
    envelope: Envelope,
    inner: S,
}

impl<S: Service<Request, Response = Response>> Service<Request> for Enveloped<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Enveloping<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Enveloping<S::Future> {
        let (id, uri) = (request.extensions().get().copied(), request.uri().clone());
        Enveloping { answer: self.inner.call(request), envelope: self.envelope.clone(), id, uri }
    }
}

pin_project! {
    /// The answer on its way.
    pub struct Enveloping<F> {
        #[pin]
        answer: F,
        envelope: Envelope,
        id: Option<RequestId>,
        uri: Uri,
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for Enveloping<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.answer.poll(context).map_ok(|mut response| {
            if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
                let id = this.id.map(|id| id.to_string());
                response = refusal.answer(this.uri.path(), id.as_deref(), this.envelope.0.clock().now());
            }
            response.headers_mut().insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
            response
        })
    }
}

/// A success: its members, and all of them once more under `data`, for programs of either generation.
pub struct Said(StatusCode, Result<Vec<u8>, serde_json::Error>);

impl Said {
    /// With `200`. The members are those of an object.
    pub fn ok(members: impl Serialize) -> Self {
        Self(StatusCode::OK, twice(&members))
    }

    /// With `201`.
    pub fn created(members: impl Serialize) -> Self {
        Self(StatusCode::CREATED, twice(&members))
    }

    /// With `200`, and one object more: as a member of that name, and what is in it under `data` too, where programs of the older generation
    /// look for it. No name is in both.
    pub fn naming(members: impl Serialize, name: &str, object: &impl Serialize) -> Self {
        Self(StatusCode::OK, naming(&members, name, object))
    }
}

/// An object as `{first…,"data":{first…}}`.
fn twice(members: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    Ok(within(&json::to_vec(members)?, b"{}"))
}

/// The same, with a named object more, whose own members are under `data` too. It is long, and written once.
fn naming(
    members: &impl Serialize,
    name: &str,
    object: &impl Serialize,
) -> Result<Vec<u8>, serde_json::Error> {
    let (members, name) = (json::to_vec(members)?, json::to_vec(name)?);
    let object = json::to_vec(object)?;
    let members = [b"{", inside(&members), comma(&members), &name, b":", &object, b"}"].concat();
    Ok(within(&members, &object))
}

/// Two objects as `{first…,"data":{second…,first…}}`.
fn within(first: &[u8], second: &[u8]) -> Vec<u8> {
    let between = if inside(first).is_empty() { b"" } else { comma(second) };
    let (comma, first, second) = (comma(first), inside(first), inside(second));
    [b"{", first, comma, b"\"data\":{", second, between, first, b"}}\n"].concat()
}

/// The members of an object that is written.
fn inside(object: &[u8]) -> &[u8] {
    object.get(1..object.len() - 1).unwrap_or_default()
}

/// What stands after the members of an object, if it has any.
fn comma(object: &[u8]) -> &'static [u8] {
    if inside(object).is_empty() { b"" } else { b"," }
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

    use super::{naming, twice};

    #[test]
    fn every_member_is_there_once_more_under_data() {
        let text = |members| String::from_utf8(twice(&members).unwrap()).unwrap();
        assert_eq!(
            text(json!({"a": "}", "b": {}})),
            "{\"a\":\"}\",\"b\":{},\"data\":{\"a\":\"}\",\"b\":{}}}\n"
        );
        assert_eq!(text(json!({})), "{\"data\":{}}\n");
    }

    #[test]
    fn an_object_is_under_its_name_and_open_under_data() {
        let text = |members, object| String::from_utf8(naming(&members, "user", &object).unwrap()).unwrap();
        assert_eq!(
            text(json!({"a": 1}), json!({"c": 1})),
            "{\"a\":1,\"user\":{\"c\":1},\"data\":{\"c\":1,\"a\":1,\"user\":{\"c\":1}}}\n"
        );
        assert_eq!(
            text(json!({}), json!({"c": 1})),
            "{\"user\":{\"c\":1},\"data\":{\"c\":1,\"user\":{\"c\":1}}}\n"
        );
        assert_eq!(text(json!({}), json!({})), "{\"user\":{},\"data\":{\"user\":{}}}\n");
    }
}
