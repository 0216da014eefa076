//! A problem as it goes over the wire.

use std::borrow::Cow;

use axum::{
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::Problem;
use crate::http::body;

/// The wire form.
#[derive(Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Identifies the kind of problem; ends in `code`.
    #[schema(example = "urn:gatepost:problem:not_found")]
    r#type: String,
    /// The same for every occurrence.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong here, and what to do.
    detail: Cow<'static, str>,
    /// The stable code to switch on.
    code: &'static str,
}

impl ProblemDocument {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What is wrong here, and what to do.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

/// What somebody else says to the person, for a page to show: text.
#[derive(Clone)]
pub(crate) struct SaidToPerson(pub(crate) String);

impl Problem {
    /// What is wrong, and what to do, in a sentence.
    pub fn told(&self) -> Cow<'static, str> {
        self.face().3
    }

    /// What the caller is told. What stays in the log is logged where it is answered with.
    pub fn document(&self) -> ProblemDocument {
        let (code, status, title, detail) = self.face();
        ProblemDocument {
            r#type: format!("urn:gatepost:problem:{code}"),
            title,
            status: status.as_u16(),
            detail,
            code,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, document) = (self.face().1, self.document());
        // A struct of strings and a number always serialises.
        let body = body::document(&document).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        let seconds = match &self {
            Self::Busy { retry_after }
            | Self::PasswordUnchecked { retry_after }
            | Self::TooManyAttempts { retry_after } => Some(retry_after.as_secs().max(1)),
            Self::Unavailable(_) => Some(1),
            Self::InterceptorUnanswered | Self::ProviderUnanswered | Self::ProviderBusy => Some(5),
            Self::SmsNotSent => Some(30),
            _ => None,
        };
        if let Some(seconds) = seconds {
            headers.insert::<HeaderName>(RETRY_AFTER, seconds.into());
        }
        if let Self::Limited(limited) = &self {
            limited.tell(response.headers_mut());
        }
        if let Self::InterceptorDenied { message: Some(message) } = &self {
            response.extensions_mut().insert(SaidToPerson(message.clone()));
        }
        response.extensions_mut().insert(self.cause());
        response
    }
}
