//! Requests that say `If-Match` where nothing has a tag: what they ask for cannot be known to hold, so it must not be done (RFC
//! 9110 section 13.1.1).
//!
//! Which routes read the header is written in their description. The others are marked here, and whoever finds out who is asking
//! refuses them then: a stranger is told to sign in first (section 13.2.1). Routes for strangers change nothing that could have a
//! tag, and do not read the header (the same section).

use std::{collections::HashSet, sync::Arc};

use axum::{
    extract::{MatchedPath, Request},
    http::{Method, header::IF_MATCH, request::Parts},
};
use serde_json::Value;
use tower::{Layer, Service};

use super::Problem;

/// Marks requests with `If-Match` to routes that do not read it.
#[derive(Clone)]
pub struct MarkUntagged(Arc<HashSet<(Method, String)>>);

/// The route does not read `If-Match`, and the request has it.
#[derive(Clone, Copy)]
struct Untagged;

impl MarkUntagged {
    /// Where no route reads the header.
    pub fn all() -> Self {
        Self(Arc::default())
    }

    /// The routes that read the header are known by what is written of them.
    pub fn all_but(described: &Value) -> Self {
        let reads = |operation: &Value| {
            let mut parameters = operation["parameters"].as_array().into_iter().flatten();
            parameters.any(|parameter| parameter["name"] == "If-Match")
        };
        let routes = described["paths"].as_object().into_iter().flatten().flat_map(|(path, item)| {
            let methods = [
                (Method::PATCH, "patch"),
                (Method::PUT, "put"),
                (Method::POST, "post"),
                (Method::DELETE, "delete"),
            ];
            let reading = methods.into_iter().filter(|(_, name)| reads(&item[*name]));
            reading.map(|(method, _)| (method, path.clone())).collect::<Vec<_>>()
        });
        Self(Arc::new(routes.collect()))
    }

    fn reads(&self, method: &Method, route: Option<&MatchedPath>) -> bool {
        // What only looks is not held up.
        method.is_safe()
            || route.is_some_and(|route| self.0.contains(&(method.clone(), route.as_str().to_owned())))
    }
}

/// Refuses a request that was marked.
pub fn none_is_ignored(parts: &Parts) -> Result<(), Problem> {
    if parts.extensions.get::<Untagged>().is_some() { Err(Problem::NoTag) } else { Ok(()) }
}

impl<S> Layer<S> for MarkUntagged {
    type Service = MarkingUntagged<S>;

    fn layer(&self, inner: S) -> MarkingUntagged<S> {
        MarkingUntagged { routes: self.clone(), inner }
    }
}

/// The service of [`MarkUntagged`].
#[derive(Clone)]
pub struct MarkingUntagged<S> {
    routes: MarkUntagged,
    inner: S,
}

impl<S: Service<Request>> Service<Request> for MarkingUntagged<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> S::Future {
        if request.headers().contains_key(IF_MATCH)
            && !self.routes.reads(request.method(), request.extensions().get())
        {
            request.extensions_mut().insert(Untagged);
        }
        self.inner.call(request)
    }
}
