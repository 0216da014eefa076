//! What is seen of every request: an id, a log line when something is wrong, and the metrics.

use std::{
    fmt,
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

use super::figures;

/// The header that carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Identifies one request in the logs, the audit trail and the `x-request-id` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(u64);

impl RequestId {
    /// Unique within a process, and across processes with overwhelming likelihood. Not a secret.
    pub(crate) fn next() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        // Seeded by the system once a process: a process id would repeat in every container.
        static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self(SEED.hash_one(COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Sixteen hexadecimal digits.
    fn digits(self) -> [u8; 16] {
        let mut digits = [0; 16];
        data_encoding::HEXLOWER.encode_mut(&self.0.to_be_bytes(), &mut digits);
        digits
    }

    fn header(self) -> HeaderValue {
        HeaderValue::from_bytes(&self.digits()).unwrap_or(HeaderValue::from_static("unknown"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
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
        headers.insert(REQUEST_ID, id.header());
        let route = match (route, response.extensions().get::<Route>()) {
            (Some(route), _) => route,
            (None, Some(route)) => route.0.as_str(),
            (None, None) => "-",
        };
        if let Some(cause) = response.extensions().get::<Cause>() {
            let (status_code, code, reason) = (status.as_u16(), cause.code, &*cause.text);
            if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
                tracing::error!(request.id = %id, %method, route, status = status_code, code, reason, "request failed");
            } else if status.is_server_error() {
                tracing::warn!(request.id = %id, %method, route, status = status_code, code, reason, "request turned away");
            } else {
                tracing::debug!(request.id = %id, %method, route, status = status_code, code, reason, "request refused");
            }
        } else {
            tracing::debug!(request.id = %id, %method, route, status = status.as_u16(), "request answered");
        }
        figures::count(route, status, began);
        response
    }
}
