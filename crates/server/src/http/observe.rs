//! What is seen of every request: an id, a log line when something is wrong, and the metrics.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    extract::MatchedPath,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use metrics::{SharedString, counter, histogram};

/// The header that carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Identifies one request in the logs, the audit trail and the `x-request-id` header.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// Unique within a process, and across processes with overwhelming likelihood. Not a secret.
    fn next() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        // Seeded by the system once a process: a process id would repeat in every container.
        static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let id = SEED.hash_one(COUNT.fetch_add(1, Ordering::Relaxed));
        Self(HeaderValue::try_from(format!("{id:016x}")).unwrap_or(HeaderValue::from_static("unknown")))
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

/// A request from its arrival to its answer.
pub struct Seen {
    /// Its id.
    pub id: RequestId,
    began: Instant,
    method: Method,
}

impl Seen {
    /// A request has arrived.
    pub fn now(method: &Method) -> Self {
        Self { id: RequestId::next(), began: Instant::now(), method: method.clone() }
    }

    /// Puts the id into the answer, counts the request, and logs what the answer does not say. `route` where it is known
    /// without the answer.
    pub fn answered(self, mut response: Response, route: Option<&'static str>) -> Response {
        let Self { id, began, method } = self;
        let status = response.status();
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        let route: SharedString = match (route, response.extensions().get::<Route>()) {
            (Some(route), _) => route.into(),
            (None, Some(route)) => route.0.as_str().to_owned().into(),
            (None, None) => "-".into(),
        };
        let class = status_class(status);
        if let Some(cause) = response.extensions().get::<Cause>() {
            let (id, route, status_code, code, reason) =
                (id.as_str(), &*route, status.as_u16(), cause.code, &*cause.text);
            if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
                tracing::error!(request.id = id, %method, route, status = status_code, code, reason, "request failed");
            } else if status.is_server_error() {
                tracing::warn!(request.id = id, %method, route, status = status_code, code, reason, "request turned away");
            } else {
                tracing::debug!(request.id = id, %method, route, status = status_code, code, reason, "request refused");
            }
        } else {
            tracing::debug!(request.id = id.as_str(), %method, route = &*route, status = status.as_u16(), "request answered");
        }
        response.headers_mut().insert(REQUEST_ID, id.0);
        counter!("gatepost_http_requests_total", "route" => route.clone(), "status" => class).increment(1);
        histogram!("gatepost_http_request_seconds", "route" => route).record(began.elapsed().as_secs_f64());
        response
    }
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
