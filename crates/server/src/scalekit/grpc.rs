//! Scalekit's gRPC interface, on the listener of everything else: a call is a POST over HTTP/2 with a message in the body, and says in
//! trailers how it went.
//!
//! Thin: a client of the realm calls, by its own token and as far as its setting `administers` goes, and what happens is what happens for
//! an administrator. Methods are a list, and not services that are generated: each is a function of a message, so that one piece of code
//! reads and answers all of them.

mod call;
mod endpoints;
mod refusal;

use std::{any::Any, future::Future, pin::Pin};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderValue, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
    routing::post,
};
use bytes::{Buf as _, BufMut as _};
use http_body_util::Full;
use prost::Message;
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    server::{Grpc, UnaryService},
};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    App,
    http::{Problem, body},
    router::TellRoute,
};

pub(super) use call::{Call, given, id, not_kept, page};
pub(super) use endpoints::{missing, served};
pub(super) use refusal::{Answer, Refusal};

use endpoints::{Method, SERVED};

/// What the path of every method begins with.
const PACKAGE: &str = "/scalekit.v1.";

/// Every method that is served.
pub fn routes() -> Router<App> {
    let mut routes = Router::new();
    for method in SERVED {
        let call = move |State(app): State<App>, request: Request| answer(method, app, request);
        routes = routes.route(method.path, post(call));
    }
    around(routes)
}

/// What every call has around it: its name for the metrics, a limit, and an answer of gRPC's own where a method panics.
fn around<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    let panicked =
        |_: Box<dyn Any + Send>| Refusal::from(Problem::internal("a method panicked")).into_response();
    routes.layer(CatchPanicLayer::custom(panicked)).layer((TellRoute, DefaultBodyLimit::max(body::LIMIT)))
}

/// The answer to a call of a method that is not served: also of a service that no release of the vendor has yet.
pub fn unserved(request: &Request) -> Option<Response> {
    let method = request.uri().path().strip_prefix(PACKAGE)?;
    is_call(request.headers()).then(|| Refusal::Unimplemented(endpoints::instead_of(method)).into_response())
}

/// `application/grpc`, with or without the encoding of messages.
fn is_call(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    matches!(content_type, Some(b"application/grpc" | b"application/grpc+proto"))
}

async fn answer(method: &'static Method, app: App, request: Request) -> Response {
    if !is_call(request.headers()) {
        return Problem::UnsupportedMediaType.into_response();
    }
    // Who calls is known before anything of the body is read.
    let (mut parts, body) = request.into_parts();
    let call = match Call::of(&mut parts, &app, method.needs).await {
        Ok(call) => call,
        Err(refusal) => return refusal.into_response(),
    };
    // A message, with its length before it.
    let bytes = match body::read(body).await {
        Ok(bytes) => bytes,
        Err(unread) => return Refusal::from(Problem::from(unread)).into_response(),
    };
    let asked = Asked { method, call: Some(call) };
    let request = Request::from_parts(parts, Full::new(bytes));
    let response = Grpc::new(Plain).max_decoding_message_size(body::LIMIT).unary(asked, request).await;
    refusal::told(response.map(Body::new))
}

/// A method, and who calls it.
struct Asked {
    method: &'static Method,
    /// Until it is called.
    call: Option<Call>,
}

impl UnaryService<Bytes> for Asked {
    type Response = Vec<u8>;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<Vec<u8>>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let (method, call) = (self.method, self.call.take());
        Box::pin(async move {
            let call = call.ok_or_else(|| Refusal::from(Problem::internal("a call was answered twice")))?;
            let bytes = (method.handler)(call, request.into_inner()).await?;
            Ok(tonic::Response::new(bytes))
        })
    }
}

/// Calls a method with the message that it takes.
async fn handled<Q, A, F>(method: fn(Call, Q) -> F, call: Call, message: Bytes) -> Result<Vec<u8>, Refusal>
where
    Q: Message + Default,
    A: Message,
    F: Future<Output = Answer<A>>,
{
    let asked = Q::decode(message).map_err(|_| Problem::InvalidBody {
        detail: "The message is not the one that this method takes.".to_owned(),
    })?;
    Ok(method(call, asked).await?.encode_to_vec())
}

/// Messages as they are: what is in them is for each method.
struct Plain;

impl Codec for Plain {
    type Encode = Vec<u8>;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&message);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_method_that_panics_is_answered_as_any_other() {
        let panics = post(async || -> StatusCode { panic!("on purpose") });
        let router: Router = around(Router::new().route("/x", panics));
        let answer = router.oneshot(Request::post("/x").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.headers()["grpc-status"], "13");
        let told = answer.headers()["grpc-message"].to_str().unwrap();
        assert!(!told.contains("purpose"), "{told}");
    }
}
