//! What the registration endpoint says when it says no (RFC 7591 section 3.2.2, RFC 6750 section 3).

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    clients::registration::RegistrationRefused,
    http::{Problem, body::document, observe::Cause},
};

/// RFC 7591 section 3.2.2.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = RegistrationError)]
pub(super) struct RegistrationErrorDocument {
    /// Stable; for programs.
    #[schema(value_type = String, example = "invalid_client_metadata")]
    error: &'static str,
    /// For people.
    error_description: String,
}

/// A refused request to the registration endpoint.
#[derive(Debug)]
pub struct RegistrationError(pub(super) RegistrationRefused);

impl<R: Into<RegistrationRefused>> From<R> for RegistrationError {
    fn from(refused: R) -> Self {
        Self(refused.into())
    }
}

impl RegistrationError {
    /// What the body says that is no registration.
    pub(super) fn unread(problem: Problem) -> Self {
        let reason = match problem {
            Problem::UnsupportedMediaType => "send application/json".into(),
            Problem::BodyTooLarge => "it may have up to 64 KiB".into(),
            Problem::InvalidBody { detail } => detail,
            other => return Self(other.into()),
        };
        let refused = gatepost_domain::SettingRefused { member: "body".into(), reason: reason.into() };
        Self(refused.into())
    }
}

impl IntoResponse for RegistrationError {
    fn into_response(self) -> Response {
        let (status, error, error_description, challenge) = match self.0 {
            RegistrationRefused::Closed => (
                StatusCode::FORBIDDEN,
                "access_denied",
                "This realm registers no clients; ask whoever manages it for one.".to_owned(),
                None,
            ),
            RegistrationRefused::Full => (
                StatusCode::FORBIDDEN,
                "access_denied",
                "This realm takes no more clients that register themselves; ask whoever manages it.".to_owned(),
                None,
            ),
            RegistrationRefused::TokenMissing => (
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "Send a token: `Authorization: Bearer`, and the initial access token, or for a client the registration access token."
                    .to_owned(),
                Some("Bearer"),
            ),
            RegistrationRefused::Token => (
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "The token is not good here, or not any more.".to_owned(),
                Some("Bearer error=\"invalid_token\""),
            ),
            RegistrationRefused::Metadata(refused) => {
                let error = match refused.member.as_ref() {
                    "redirect_uris" => "invalid_redirect_uri",
                    _ => "invalid_client_metadata",
                };
                let reason = refused.reason.trim_end_matches('.');
                (StatusCode::BAD_REQUEST, error, format!("`{}`: {reason}.", refused.member), None)
            }
            RegistrationRefused::Failed(problem) => return problem.into_response(),
        };
        let cause = Cause { code: error, text: error_description.clone().into() };
        // Two strings always serialise.
        let body = document(&RegistrationErrorDocument { error, error_description }).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = challenge {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response.extensions_mut().insert(cause);
        response
    }
}
