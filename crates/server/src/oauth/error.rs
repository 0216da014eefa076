//! What the token endpoint says when it says no (RFC 6749 section 5.2).

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::dpop;
use crate::{
    http::{Problem, body::document, observe::Cause},
    limits::Limited,
};

/// A refused token request.
#[derive(Debug)]
pub enum OAuthError {
    /// A parameter is missing, repeated or wrong: the sentence says which. So is a subject token that is not good
    /// (RFC 8693 section 2.2.2).
    InvalidRequest(&'static str),
    /// The grant type is none that is answered here.
    UnsupportedGrantType,
    /// The client did not prove who it is: unknown, another secret, or none.
    InvalidClient,
    /// Code, refresh token or device code are not good here (any more); which of it is in the log.
    InvalidGrant,
    /// The client may not do this.
    UnauthorizedClient,
    /// Nothing is left of the scopes, or they are none.
    InvalidScope,
    /// The token for these scopes would be longer than a verifier takes.
    TooManyScopes,
    /// The token asked for would be for somebody it may not be for (RFC 8693 section 2.2.2).
    InvalidTarget,
    /// The organization asks for a second factor that the session has not shown: by the word that an API has for it (RFC 9470
    /// section 3).
    SecondFactorNeeded,
    /// Tokens of this kind cannot be revoked by themselves (RFC 7009 section 2.2.1).
    UnsupportedTokenType,
    /// No proof of possession where one is needed, or one that is not good here and now (RFC 9449 section 5).
    InvalidDpopProof,
    /// The proof of possession has not the nonce it needs, which is this one (RFC 9449 section 8).
    UseDpopNonce(String),
    /// An authorization request that is sent ahead would be refused in the browser: for this, and why (RFC 9126 section 2.3).
    AuthorizationRequest(&'static str, &'static str),
    /// Nobody has said yet whether the device may be connected (RFC 8628 section 3.5).
    AuthorizationPending,
    /// The same, and the device asks too often.
    SlowDown,
    /// Somebody said that the device may not be connected.
    AccessDenied,
    /// Nobody said so in time.
    ExpiredToken,
    /// Proofs or passwords that were wrong came too often. RFC 6749 has no code for it; the one of section 4.1.2.1 is the nearest.
    Limited(Limited),
    /// An interceptor does not let it happen. RFC 6749 has no code for it here; the one of section 4.1.2.1 is the nearest.
    Denied,
    /// Not the client's fault.
    Failed(Problem),
}

impl From<Problem> for OAuthError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::TokenTooLarge => Self::TooManyScopes,
            Problem::Limited(limited) => Self::Limited(limited),
            Problem::InterceptorDenied { .. } => Self::Denied,
            other => Self::Failed(other),
        }
    }
}

/// RFC 6749 section 5.2.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OAuthError)]
pub(super) struct OAuthErrorDocument {
    /// Stable; for programs.
    #[schema(example = "invalid_request")]
    error: &'static str,
    /// For people.
    error_description: &'static str,
}

impl OAuthError {
    /// The sentence that says what is wrong.
    pub fn description(&self) -> &'static str {
        self.names().map_or("The server cannot answer now.", |(_, description)| description)
    }

    /// As another contract's document says it; what is no fault of the request, as that says it. Status, `error`, `error_description`.
    pub(crate) fn told(self) -> Result<(StatusCode, &'static str, &'static str), Problem> {
        match (self.names(), self) {
            (_, Self::Failed(problem)) => Err(problem),
            (_, Self::Limited(limited)) => Err(Problem::Limited(limited)),
            (Some((error, description)), _) => Ok((StatusCode::BAD_REQUEST, error, description)),
            (None, _) => Err(Problem::internal("an error without a name")),
        }
    }

    /// What `error` and `error_description` are. `None`: it is no fault of the request.
    fn names(&self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::InvalidRequest(what) => ("invalid_request", *what),
            Self::UnsupportedGrantType => ("unsupported_grant_type", "This grant type is not answered here."),
            Self::InvalidClient => (
                "invalid_client",
                "The client is unknown, or did not prove itself in the way it is registered with.",
            ),
            Self::InvalidGrant => ("invalid_grant", "The code or token is not good here, or not any more."),
            Self::UnauthorizedClient => {
                ("unauthorized_client", "This client is public, or does not have this grant.")
            }
            Self::InvalidScope => ("invalid_scope", "The client has none of these scopes."),
            Self::TooManyScopes => (
                "invalid_scope",
                "The token for these scopes would be longer than 16 KiB; ask for fewer of them with scope.",
            ),
            Self::UnsupportedTokenType => {
                ("unsupported_token_type", "A token of this kind cannot be revoked; it ends by itself.")
            }
            Self::InvalidTarget => ("invalid_target", "No token is given for this audience or organization."),
            Self::SecondFactorNeeded => (
                "insufficient_user_authentication",
                "The organization asks for a second factor, which was not shown; send the person to sign in with acr_values=2.",
            ),
            Self::InvalidDpopProof => (
                "invalid_dpop_proof",
                "The header DPoP has no proof that was made for this request, just now and for the first time.",
            ),
            Self::UseDpopNonce(_) => (
                "use_dpop_nonce",
                "The proof in the header DPoP needs the nonce that this answer has in DPoP-Nonce.",
            ),
            Self::AuthorizationRequest(error, what) => (*error, *what),
            Self::AuthorizationPending => (
                "authorization_pending",
                "Nobody has connected the device yet; ask again after the interval.",
            ),
            Self::SlowDown => ("slow_down", "Wait five seconds longer, this time and each time after it."),
            Self::AccessDenied => ("access_denied", "The person did not connect the device."),
            Self::Denied => ("access_denied", "An interceptor of the realm does not let this happen."),
            Self::ExpiredToken => ("expired_token", "Nobody connected the device in time; begin anew."),
            Self::Limited(_) => (
                "temporarily_unavailable",
                "This was tried too often. Try again after the time in Retry-After.",
            ),
            Self::Failed(_) => return None,
        })
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let (mut nonce, mut limited, names) = (None, None, self.names());
        let (error, error_description) = match (names, self) {
            (Some(names), Self::UseDpopNonce(given)) => {
                nonce = Some(given);
                names
            }
            (Some(names), Self::Limited(by)) => {
                limited = Some(by);
                names
            }
            (Some(names), _) => names,
            // The status, `Retry-After` and the log are those of every other failure.
            (None, Self::Failed(problem)) => return problem.into_response(),
            (None, _) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        };
        let status = match error {
            _ if limited.is_some() => StatusCode::TOO_MANY_REQUESTS,
            "invalid_client" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        // Two strings always serialise.
        let body = document(&OAuthErrorDocument { error, error_description }).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"client\""));
        }
        if let Some(limited) = limited {
            limited.tell(headers);
        }
        if let Some(nonce) = nonce {
            dpop::tell(&mut response, &nonce);
        }
        response.extensions_mut().insert(Cause { code: error, text: error_description.into() });
        response
    }
}
