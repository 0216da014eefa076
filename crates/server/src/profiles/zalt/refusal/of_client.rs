//! What a program is told that gets no token.

use axum::{
    http::header::{CONTENT_LENGTH, CONTENT_TYPE},
    response::IntoResponse as _,
};

use super::Refusal;
use crate::{
    http::{Problem, observe::Cause},
    oauth::OAuthError,
};

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        let error = match error {
            OAuthError::Failed(problem) => return problem.into(),
            OAuthError::Limited(limited) => return Problem::Limited(limited).into(),
            of_request => of_request,
        };
        let code = match &error {
            OAuthError::InvalidClient => "INVALID_CLIENT",
            OAuthError::UnauthorizedClient => "UNAUTHORIZED_CLIENT",
            OAuthError::UnsupportedGrantType => "UNSUPPORTED_GRANT_TYPE",
            OAuthError::InvalidScope | OAuthError::TooManyScopes => "INVALID_SCOPE",
            OAuthError::InvalidTarget => "INVALID_TARGET",
            OAuthError::InvalidDpopProof => "INVALID_DPOP_PROOF",
            OAuthError::UseDpopNonce(_) => "USE_DPOP_NONCE",
            _ => "INVALID_REQUEST",
        };
        let message = error.description();
        let (parts, _) = error.into_response().into_parts();
        let mut refusal = Self::new(parts.status, code, message);
        refusal.cause = parts.extensions.get::<Cause>().cloned();
        refusal.headers = Box::new(parts.headers);
        refusal.headers.remove(CONTENT_TYPE);
        refusal.headers.remove(CONTENT_LENGTH);
        refusal
    }
}
