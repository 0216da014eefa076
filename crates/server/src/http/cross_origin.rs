//! What browser applications of other origins may call: the API and the endpoints of clients, for the origins that the realm
//! names (`allowed_origins`), and never with cookies, but where a wire contract has them. Pages are for nobody but their own origin.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::Request,
    http::{
        HeaderName, HeaderValue, Method,
        header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, ORIGIN, RETRY_AFTER, VARY, WWW_AUTHENTICATE},
        request::Parts,
    },
    response::Response,
};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tower_http::cors::{AllowOrigin, CorsLayer, ResponseFuture};

use super::observe::REQUEST_ID;
use crate::{
    limits::{RATE_LIMIT, RATE_LIMIT_POLICY},
    realm::InRealm,
};

/// How long a browser remembers the answer to its preflight. Whether it may read an answer is said with each answer.
const REMEMBERED: Duration = Duration::from_mins(10);

/// What an answer depends on, as the rules themselves say it where they are asked.
const VARIES: &str = "origin, access-control-request-method, access-control-request-headers";

/// The layer around the routes that programs call. A request without `Origin` comes from no page of another origin, and pays
/// nothing for those that do but the `Vary` of its answer.
pub fn layer() -> CrossOrigin {
    layer_with(&[])
}

/// The same where requests have more headers.
pub fn layer_with(headers: &[HeaderName]) -> CrossOrigin {
    CrossOrigin(Arc::new(rules(headers)))
}

/// The same for a contract whose cookies go with what a page asks: its endpoints look at the origin themselves. `read` are the headers
/// of the contract that a page may read.
pub fn layer_with_cookies(read: impl IntoIterator<Item = HeaderName>) -> CrossOrigin {
    let read: Vec<HeaderName> =
        [RETRY_AFTER, REQUEST_ID, RATE_LIMIT, RATE_LIMIT_POLICY].into_iter().chain(read).collect();
    CrossOrigin(Arc::new(rules(&[]).allow_credentials(true).expose_headers(read)))
}

fn rules(more: &[HeaderName]) -> CorsLayer {
    let headers = [AUTHORIZATION, CONTENT_TYPE, IF_MATCH, HeaderName::from_static("dpop")];
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_allowed))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(headers.into_iter().chain(more.iter().cloned()).collect::<Vec<_>>())
        .expose_headers([
            ETAG,
            RETRY_AFTER,
            WWW_AUTHENTICATE,
            REQUEST_ID,
            RATE_LIMIT,
            RATE_LIMIT_POLICY,
            HeaderName::from_static("dpop-nonce"),
        ])
        .max_age(REMEMBERED)
}

/// See [`layer`].
#[derive(Clone)]
pub struct CrossOrigin(Arc<CorsLayer>);

impl<S> Layer<S> for CrossOrigin {
    type Service = CrossingOrigin<S>;

    fn layer(&self, inner: S) -> CrossingOrigin<S> {
        CrossingOrigin { rules: self.clone(), inner }
    }
}

/// The service of [`CrossOrigin`].
#[derive(Clone)]
pub struct CrossingOrigin<S> {
    rules: CrossOrigin,
    inner: S,
}

impl<S> Service<Request> for CrossingOrigin<S>
where
    S: Service<Request, Response = Response> + Clone,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Crossing<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Crossing<S::Future> {
        if request.headers().contains_key(ORIGIN) || request.method() == Method::OPTIONS {
            // The one that is ready is called, and its clone stays.
            let stays = self.inner.clone();
            let ready = std::mem::replace(&mut self.inner, stays);
            return Crossing::Other { answer: self.rules.0.layer(ready).call(request) };
        }
        Crossing::None { answer: self.inner.call(request) }
    }
}

pin_project! {
    /// The answer on its way.
    #[project = At]
    pub enum Crossing<F> {
        None { #[pin] answer: F },
        Other { #[pin] answer: ResponseFuture<F> },
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for Crossing<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            At::None { answer } => answer.poll(context).map_ok(|mut response| {
                response.headers_mut().append(VARY, HeaderValue::from_static(VARIES));
                response
            }),
            At::Other { answer } => answer.poll(context),
        }
    }
}

/// Compared whole and to the byte: a suffix or a pattern would let in `https://app.example.com.evil.test`.
fn is_allowed(origin: &HeaderValue, request: &Parts) -> bool {
    let Some(realm) = request.extensions.get::<InRealm>() else { return false };
    realm.settings().allowed_origins.iter().any(|allowed| allowed.as_str().as_bytes() == origin.as_bytes())
}
