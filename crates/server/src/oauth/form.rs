//! Forms: what clients send to the endpoints of RFC 6749.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};

use super::OAuthError;
use crate::http::body::{self, Unread};

/// What may be there more than once: a token may be for several.
const REPEATED: [&str; 2] = ["audience", "resource"];

/// No request needs more, and whether one is there twice is looked for among them all.
const MOST: usize = 64;

/// The parameters of a request. Each comes once (RFC 6749 section 3.2) but those that name who a token is for, and only in
/// the body.
pub struct Form(Vec<(String, String)>);

/// A form with the headers it came with, which are taken from the request and not copied.
pub(super) struct Sent {
    pub(super) headers: HeaderMap,
    pub(super) form: Form,
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = OAuthError;

    async fn from_request(request: Request, _: &S) -> Result<Self, OAuthError> {
        let mut request = checked(request)?;
        let headers = std::mem::take(request.headers_mut());
        Ok(Self { headers, form: Form::read(request).await? })
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = OAuthError;

    async fn from_request(request: Request, _: &S) -> Result<Self, OAuthError> {
        Self::read(checked(request)?).await
    }
}

/// A request that has a form in its body, as its header says, and nothing in its address.
fn checked(request: Request) -> Result<Request, OAuthError> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or("").split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(OAuthError::InvalidRequest("Send the parameters as application/x-www-form-urlencoded."));
    }
    if request.uri().query().is_some() {
        return Err(OAuthError::InvalidRequest("Send the parameters in the body, not in the address."));
    }
    Ok(request)
}

impl Form {
    async fn read(request: Request) -> Result<Self, OAuthError> {
        let body = body::read(request.into_body()).await.map_err(Unread::sentence);
        Self::parse(&body.map_err(OAuthError::InvalidRequest)?)
    }

    /// Reads what is form-encoded, in a body or in an address.
    pub fn parse(encoded: &[u8]) -> Result<Self, OAuthError> {
        if std::str::from_utf8(encoded).is_err() {
            return Err(OAuthError::InvalidRequest("The parameters are not UTF-8."));
        }
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (number, (name, value)) in url::form_urlencoded::parse(encoded).enumerate() {
            if number == MOST {
                return Err(OAuthError::InvalidRequest("There are more than 64 parameters."));
            }
            let again = parameters.iter().any(|(known, _)| *known == name);
            if again && !REPEATED.contains(&name.as_ref()) {
                return Err(OAuthError::InvalidRequest("A parameter is there twice."));
            }
            // A parameter without a value is one that is not there (RFC 6749 section 3.1).
            if !value.is_empty() {
                parameters.push((name.into_owned(), value.into_owned()));
            }
        }
        Ok(Self(parameters))
    }

    /// Parameters that were read before.
    pub fn of(parameters: Vec<(String, String)>) -> Self {
        Self(parameters)
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All parameters, in order.
    pub(super) fn all(&self) -> &[(String, String)] {
        &self.0
    }

    /// Whom the token is to be for: every `audience` (RFC 8693 section 2.1) and `resource` (RFC 8707 section 2).
    pub(super) fn targets(&self) -> Vec<&str> {
        let named = self.0.iter().filter(|(name, _)| REPEATED.contains(&name.as_str()));
        named.map(|(_, value)| value.as_str()).collect()
    }
}
