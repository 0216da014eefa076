//! What is answered in place of what was asked for.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{
        HeaderValue, StatusCode,
        header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use gatepost_jose::json;
use serde::Serialize;

use super::invalid::{Invalid, Invalids};
use crate::http::Problem;

/// A request that is not done.
#[derive(Debug)]
pub enum Refusal {
    /// For a reason that the contract has words for.
    Told {
        /// The status.
        status: StatusCode,
        /// The words.
        detail: Cow<'static, str>,
        /// What a 401 asks for, where it says so.
        challenge: Option<Cow<'static, str>>,
    },
    /// Something is wrong with the request.
    Invalid(Invalids),
    /// For a reason of ours.
    Problem(Problem),
}

impl Refusal {
    /// With these words.
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Told { status, detail: detail.into(), challenge: None }
    }

    /// A 401 that asks for a token.
    pub fn unauthorized(detail: &'static str) -> Self {
        Self::asking(detail, "Bearer")
    }

    /// A 401 that asks for something.
    pub fn asking(detail: &'static str, challenge: impl Into<Cow<'static, str>>) -> Self {
        let (status, challenge) = (StatusCode::UNAUTHORIZED, Some(challenge.into()));
        Self::Told { status, detail: detail.into(), challenge }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Invalids> for Refusal {
    fn from(invalids: Invalids) -> Self {
        Self::Invalid(invalids)
    }
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(Invalids::of(invalid))
    }
}

/// What every refusal is.
#[derive(Serialize)]
struct Detail<T> {
    detail: T,
}

/// A document as FastAPI writes it: compact, without a charset.
pub fn answer(status: StatusCode, document: &impl Serialize) -> Response {
    match json::to_vec(document) {
        Ok(bytes) => {
            let headers = [
                (CONTENT_TYPE, HeaderValue::from_static("application/json")),
                (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ];
            (status, headers, bytes).into_response()
        }
        Err(error) => Refusal::Problem(Problem::internal(error)).into_response(),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Told { status, detail, challenge } => {
                let mut response = answer(status, &Detail { detail });
                // Words of ours and of the contract.
                if let Some(challenge) = challenge.and_then(|text| HeaderValue::try_from(&*text).ok()) {
                    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                }
                response
            }
            Self::Invalid(invalids) => answer(StatusCode::UNPROCESSABLE_ENTITY, &Detail { detail: invalids }),
            Self::Problem(problem) => of_problem(problem),
        }
    }
}

/// Ours in their envelope. The headers stay, and what the log is told.
fn of_problem(problem: Problem) -> Response {
    let detail = match &problem {
        Problem::NotFound => "Not Found".into(),
        Problem::MethodNotAllowed => "Method Not Allowed".into(),
        Problem::Unauthenticated => "Not authenticated".into(),
        Problem::Internal(_) => "Internal Server Error".into(),
        other => other.told(),
    };
    let body = serde_json::to_vec(&Detail { detail }).unwrap_or_default();
    let mut response = problem.into_response();
    *response.body_mut() = Body::from(body);
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A path that leads nowhere.
pub async fn not_found() -> Refusal {
    Refusal::Problem(Problem::NotFound)
}

/// A path that leads somewhere, and a method that does not. `first` is the method that the application declares first at the path.
pub fn not_allowed(first: &'static str) -> Response {
    let mut response = Refusal::Problem(Problem::MethodNotAllowed).into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(first));
    response
}
