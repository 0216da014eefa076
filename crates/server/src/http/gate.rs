//! What is decided about a request before its endpoint sees it, without a future of its own.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{extract::Request, response::Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

/// A layer that answers by itself where this has an answer. axum's own, for functions that wait, boxes a clone of all that is below it
/// for each request.
#[derive(Clone, Copy)]
pub struct Gate(pub fn(&mut Request) -> Option<Response>);

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { gate: *self, inner }
    }
}

/// The service of [`Gate`].
#[derive(Clone)]
pub struct Gated<S> {
    gate: Gate,
    inner: S,
}

impl<S: Service<Request, Response = Response>> Service<Request> for Gated<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Passing<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Passing<S::Future> {
        match (self.gate.0)(&mut request) {
            Some(response) => Passing::Shut { response: Some(response) },
            None => Passing::Open { answer: self.inner.call(request) },
        }
    }
}

pin_project! {
    /// The answer on its way.
    #[project = At]
    pub enum Passing<F> {
        Shut { response: Option<Response> },
        Open { #[pin] answer: F },
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for Passing<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            // Taken once: there is nothing more to come.
            At::Shut { response } => {
                response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
            }
            At::Open { answer } => answer.poll(context),
        }
    }
}
