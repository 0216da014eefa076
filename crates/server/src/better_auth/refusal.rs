//! How Better Auth says no: `{"message","code"}`, sometimes without the code.

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use gatepost_domain::password::TooWeak;
use serde::Serialize;

use crate::http::{Problem, body};

/// As `Retry-After`, under the name that the client reads.
pub(super) const X_RETRY_AFTER: HeaderName = HeaderName::from_static("x-retry-after");

/// A request that is refused.
pub(super) struct Refusal(Box<Response>);

/// What the client is given.
#[derive(Serialize)]
struct Envelope<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
}

#[derive(Serialize)]
struct OAuthEnvelope<'a> {
    error: &'a str,
    error_description: &'a str,
}

impl Refusal {
    /// With a code that clients switch on.
    pub(super) fn new(status: StatusCode, code: &str, message: &str) -> Self {
        Self(Box::new(written(status.into_response(), Some(code), message)))
    }

    /// Where the contract has no code.
    pub(super) fn without_code(status: StatusCode, message: &str) -> Self {
        Self(Box::new(written(status.into_response(), None, message)))
    }

    /// As OAuth has it (RFC 6749 section 5.2), where the contract does.
    pub(super) fn oauth(status: StatusCode, error: &str, description: &str) -> Self {
        let document = OAuthEnvelope { error, error_description: description };
        Self(Box::new(with_body(status.into_response(), &document)))
    }

    /// Where the contract says nothing at all.
    pub(super) fn without_body(status: StatusCode) -> Self {
        Self(Box::new((status, [(CACHE_CONTROL, HeaderValue::from_static("no-store"))]).into_response()))
    }

    /// One of too many tries, with a code of its own.
    #[must_use]
    pub(super) fn coded(self, code: &str) -> Self {
        let message = "Tried too often. Try again after the time in Retry-After.";
        Self(Box::new(written(*self.0, Some(code), message)))
    }

    /// Nobody is signed in.
    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Sign in first.")
    }
}

fn written(response: Response, code: Option<&str>, message: &str) -> Response {
    with_body(response, &Envelope { message, code })
}

fn with_body(mut response: Response, document: &impl Serialize) -> Response {
    // Two texts always serialise.
    *response.body_mut() = body::document(document).unwrap_or_default().into();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Applications show the message to people, who see no header.
fn too_many(wait: Duration) -> Cow<'static, str> {
    format!("Too many requests. Try again in {} seconds.", wait.as_secs().max(1)).into()
}

impl From<Problem> for Refusal {
    /// What the contract has a code for gets that; everything else keeps its own, in the spelling of the contract.
    fn from(problem: Problem) -> Self {
        let document = problem.document();
        let status = StatusCode::from_u16(document.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let message = Cow::Owned(document.detail().to_owned());
        let own = problem.code().to_ascii_uppercase();
        let code = |code: &'static str| Some(Cow::Borrowed(code));
        let (bad, no) = (StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED);
        let (status, code, message): (_, Option<Cow<'_, str>>, Cow<'_, str>) = match &problem {
            Problem::InvalidCredentials => (no, code("INVALID_EMAIL_OR_PASSWORD"), message),
            Problem::EmailUnverified => (
                StatusCode::FORBIDDEN,
                code("EMAIL_NOT_VERIFIED"),
                "The e-mail address is not verified. Open the link that was mailed to it.".into(),
            ),
            Problem::Unauthenticated | Problem::InvalidToken { .. } => {
                (no, code("UNAUTHORIZED"), "Sign in first.".into())
            }
            Problem::WrongPassword => (bad, code("INVALID_PASSWORD"), "The password is wrong.".into()),
            Problem::WeakPassword(TooWeak::TooShort { .. }) => (bad, code("PASSWORD_TOO_SHORT"), message),
            Problem::WeakPassword(TooWeak::TooLong) => (bad, code("PASSWORD_TOO_LONG"), message),
            Problem::WeakPassword(_) => (bad, code("PASSWORD_COMPROMISED"), message),
            Problem::EmailTaken => {
                (StatusCode::UNPROCESSABLE_ENTITY, code("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"), message)
            }
            Problem::UsernameTaken => (bad, code("USERNAME_IS_ALREADY_TAKEN"), message),
            Problem::RegistrationClosed => (bad, code("EMAIL_PASSWORD_SIGN_UP_DISABLED"), message),
            Problem::InvalidLink => (bad, code("INVALID_TOKEN"), message),
            Problem::ReauthenticationRequired | Problem::SecondFactorNeeded => (
                StatusCode::FORBIDDEN,
                code("SESSION_NOT_FRESH"),
                "Sign in again, with every factor you have.".into(),
            ),
            Problem::InvalidPendingSignIn => (
                no,
                code("INVALID_TWO_FACTOR_COOKIE"),
                "The sign-in that waits for a second factor is over. Sign in again.".into(),
            ),
            Problem::SecondFactorMissing => {
                (StatusCode::FORBIDDEN, code("TWO_FACTOR_SETUP_REQUIRED"), message)
            }
            Problem::NoSetUp => (bad, code("TOTP_NOT_ENABLED"), message),
            Problem::InvalidCode => (
                no,
                code("INVALID_CODE"),
                "The code is not right. Each is good once, and the newest alone.".into(),
            ),
            Problem::SmsCodeExpired => (bad, code("OTP_HAS_EXPIRED"), message),
            Problem::SmsCodeSpent => (bad, code("TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE"), message),
            Problem::InvalidField { field: "username", reason } => {
                (bad, code("INVALID_USERNAME"), reason.to_string().into())
            }
            Problem::InvalidField { field, reason } => {
                (bad, code("VALIDATION_ERROR"), format!("[body.{field}] {reason}").into())
            }
            Problem::TooManyAttempts { retry_after } => (status, None, too_many(*retry_after)),
            Problem::Limited(limited) => (status, None, too_many(limited.wait())),
            _ => (status, Some(own.into()), message),
        };
        let mut response = problem.into_response();
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.remove(WWW_AUTHENTICATE);
        if let Some(wait) = headers.get(RETRY_AFTER).cloned().filter(|_| status == 429) {
            headers.insert(X_RETRY_AFTER, wait);
        }
        Self(Box::new(written(response, code.as_deref(), &message)))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        *self.0
    }
}
