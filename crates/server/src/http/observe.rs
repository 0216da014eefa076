//! What is seen of every request: an id, a log line when something is wrong, and the metrics.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use metrics::{counter, histogram};

/// The header that carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Identifies one request in the logs, the audit trail and the `x-request-id` header.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// Unique within a process, and across processes with overwhelming likelihood. Not a secret.
    fn next() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // A bijection of the count: two requests never share an id, and ids do not tell how many there were.
        let mixed = foldhash::fast::FixedState::with_seed(u64::from(std::process::id()));
        let id = std::hash::BuildHasher::hash_one(&mixed, count);
        let text = format!("{id:016x}");
        Self(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("unknown")))
    }

    /// The text of the header.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// The route a request was answered by, told by the inner router to the outer layer.
#[derive(Clone)]
pub(crate) struct Route(pub(crate) MatchedPath);

/// Why a request was refused or failed; carried by the response, written to the log, never sent.
#[derive(Clone)]
pub(crate) struct Cause {
    pub(crate) code: &'static str,
    pub(crate) text: std::sync::Arc<str>,
}

/// Gives the request its id, counts it, and logs what the answer does not say.
pub async fn observe(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = RequestId::next();
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    let mut response = next.run(request).await;
    let status = response.status();
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id.0.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));

    let route = response.extensions().get::<Route>().map_or("-", |route| route.0.as_str()).to_owned();
    if let Some(cause) = response.extensions().get::<Cause>() {
        let (code, reason) = (cause.code, &*cause.text);
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            tracing::error!(request.id = id.as_str(), %method, route, status = status.as_u16(), code, reason, "request failed");
        } else if status.is_server_error() {
            tracing::warn!(request.id = id.as_str(), %method, route, status = status.as_u16(), code, reason, "request turned away");
        } else {
            tracing::debug!(request.id = id.as_str(), %method, route, status = status.as_u16(), code, reason, "request refused");
        }
    } else {
        tracing::debug!(request.id = id.as_str(), %method, route, status = status.as_u16(), "request answered");
    }
    let elapsed = began.elapsed().as_secs_f64();
    counter!("gatepost_http_requests_total", "route" => route.clone(), "status" => status_class(status))
        .increment(1);
    histogram!("gatepost_http_request_seconds", "route" => route).record(elapsed);
    response
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
