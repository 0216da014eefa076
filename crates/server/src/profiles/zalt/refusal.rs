//! What this front door says when it says no.

mod of_client;
mod said;

use std::borrow::Cow;

use axum::{
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use gatepost_domain::{Timestamp, password::TooWeak};
use serde_json::{Map, Value, json};

use self::said::said;
use crate::{
    http::{Problem, body, observe::Cause},
    limits::Limited,
};

/// A refusal, as applications of Zalt read it. The envelope around it is put on its way out ([`super::envelope`]).
#[derive(Clone)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    /// What else stands in `error`.
    more: Box<Map<String, Value>>,
    headers: Box<HeaderMap>,
    cause: Option<Cause>,
    limited: Option<Box<Limited>>,
}

/// Where the contract has flat refusals.
const FLAT: [&str; 2] = ["/v1/admin/organizations", "/v1/admin/roles"];

/// What is left, and until when, as this contract calls it.
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

impl Refusal {
    /// With nothing to go with it.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            more: Box::default(),
            headers: Box::default(),
            cause: None,
            limited: None,
        }
    }

    /// The body or a parameter is not what this endpoint takes.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", message)
    }

    /// With what a program may want to know.
    #[must_use]
    pub fn with(mut self, member: &str, value: Value) -> Self {
        self.more.insert(member.to_owned(), value);
        self
    }

    /// The same under another code, where this endpoint has its own for one.
    #[must_use]
    pub fn instead_of(mut self, code: &str, other: &'static str) -> Self {
        if self.code == code {
            self.code = other;
        }
        self
    }

    /// The same in other words, where this endpoint knows what to do next.
    #[must_use]
    pub fn saying(mut self, message: &'static str) -> Self {
        self.message = message.into();
        self
    }

    /// The envelope of most endpoints.
    fn envelope(&self, request_id: Option<&str>, now: Timestamp) -> Map<String, Value> {
        let mut error = Map::from_iter([
            ("code".to_owned(), json!(self.code)),
            ("message".to_owned(), json!(self.message)),
        ]);
        let details = self.more.get("details").cloned();
        error.extend((*self.more).clone());
        error.insert("timestamp".to_owned(), json!(now));
        error.insert("request_id".to_owned(), json!(request_id));
        let mut envelope = Map::from_iter([("error".to_owned(), Value::Object(error))]);
        // Some read what is wrong with a password here, and some there.
        if self.code == COMPROMISED
            && let Some(details) = details
        {
            envelope.insert("details".to_owned(), details);
        }
        envelope
    }

    /// The envelope of those that have another: flat, with a few codes.
    fn flat(&self) -> Map<String, Value> {
        let code = match self.status {
            StatusCode::UNAUTHORIZED => "UNAUTHORIZED",
            StatusCode::FORBIDDEN => "FORBIDDEN",
            StatusCode::NOT_FOUND => "NOT_FOUND",
            status if status.is_server_error() => "INTERNAL_ERROR",
            _ => "BAD_REQUEST",
        };
        Map::from_iter([("error".to_owned(), json!(self.message)), ("code".to_owned(), json!(code))])
    }

    /// With the envelope of a path.
    pub fn answer(self, path: &str, request_id: Option<&str>, now: Timestamp) -> Response {
        let is_flat = FLAT
            .iter()
            .any(|flat| path.strip_prefix(flat).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
        let envelope = if is_flat { self.flat() } else { self.envelope(request_id, now) };
        // Text and numbers always serialise.
        let body = body::document(&envelope).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.extend(*self.headers);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(axum::http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(limited) = self.limited {
            let reset = now.plus(limited.wait()).unix_seconds();
            headers.insert(LIMIT, limited.rule.limit().quota.most().into());
            headers.insert(REMAINING, HeaderValue::from_static("0"));
            headers.insert(RESET, reset.into());
        }
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

/// Carried to where the envelope is put around it.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

const COMPROMISED: &str = "PASSWORD_COMPROMISED";

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let (status, code, message) = said(&problem);
        let mut refusal = Self::new(status, code, message);
        match &problem {
            Problem::WeakPassword(TooWeak::Breached { times }) => {
                let details = json!({"breach_count": times, "recommendation": "Choose another password."});
                refusal = refusal.with("details", details);
            }
            Problem::WeakPassword(weak) => {
                refusal = refusal.with("details", json!({"errors": [format!("{weak}.")]}));
            }
            Problem::InvalidField { field, .. } => refusal = refusal.with("details", json!({"field": field})),
            Problem::ReauthenticationRequired | Problem::SecondFactorNeeded => {
                refusal = refusal.with("required_level", json!("mfa"));
            }
            Problem::Limited(limited) => refusal.limited = Some(Box::new(*limited)),
            _ => {}
        }
        let (parts, _) = problem.into_response().into_parts();
        refusal.cause = parts.extensions.get::<Cause>().cloned();
        refusal.headers = Box::new(parts.headers);
        refusal.headers.remove(CONTENT_TYPE);
        refusal.headers.remove(CONTENT_LENGTH);
        if status == StatusCode::TOO_MANY_REQUESTS {
            let seconds =
                refusal.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
            refusal = refusal.with("details", json!({"retry_after": seconds}));
        }
        refusal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_another_only_where_the_endpoint_has_its_own() {
        let taken = Refusal::from(Problem::EmailTaken).instead_of("USER_EXISTS", "CONFLICT");
        assert_eq!((taken.code, taken.status), ("CONFLICT", StatusCode::CONFLICT));
        assert_eq!(taken.instead_of("USER_EXISTS", "NOT_FOUND").code, "CONFLICT");
    }

    #[test]
    fn what_stays_in_the_log_is_not_said() {
        let answer = Refusal::from(Problem::internal("the password is hunter2")).answer(
            "/login",
            None,
            Timestamp::from_micros(0),
        );
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let cause = answer.extensions().get::<Cause>().unwrap();
        assert_eq!((cause.code, &*cause.text), ("internal", "the password is hunter2"));
    }
}
