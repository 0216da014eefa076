//! What a refused caller gets to see: RFC 6750 challenges and RFC 9457 problem bodies.

use axum_core::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::dpop::{DpopRefusal, Schemes, proof_challenge};

/// Why a request was not let through. Answers with the status, the `WWW-Authenticate` challenge of RFC 6750 and an RFC 9457
/// body; to answer in another shape, take `Result<CurrentUser, Refusal>` and read [`status`](Self::status),
/// [`code`](Self::code) and [`www_authenticate`](Self::www_authenticate). To tell one from another, match [`reason`](Self::reason).
///
/// Refusals are coarse on purpose: an attacker learns nothing from them. Which check refused is in the log, at debug level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// No credential, or one of a scheme this guard does not speak. 401.
    Missing,
    /// A token that was good, and is past its `exp`. 401: the client refreshes and asks again.
    Expired,
    /// Anything else that is wrong with the credential: signature, issuer, audience, shape, two at once. 401.
    Invalid,
    /// The header `DPoP` has no proof that was made for this request and this token, just now and for the first time
    /// (RFC 9449 section 7.1). 401.
    InvalidProof,
    /// The sign-in is older than the route allows (RFC 9470). 401.
    Reauthenticate {
        /// How old a sign-in may be, in seconds.
        max_age: u64,
    },
    /// The route asks for a second factor, and this session was begun without one (RFC 9470). 401.
    SecondFactorMissing,
    /// The token lacks a scope. 403.
    InsufficientScope {
        /// The words the route asks for, separated by spaces.
        scope: &'static str,
    },
    /// The caller lacks a role. 403.
    MissingRole,
    /// The caller lacks a permission. 403.
    MissingPermission,
    /// The token was issued in another realm. 403.
    WrongRealm,
    /// The token is for no organization, for another than the route's, or for another than the request names. 403.
    OrganizationRequired,
    /// The route is for the other kind of [`Credential`](crate::Credential). 403.
    WrongCredential,
    /// A `rule!` said no. 403.
    Forbidden,
    /// A [`Resource`](crate::Resource) that is not there, or that hides. 404.
    NotFound,
    /// A [`Resource`](crate::Resource) that is there, and somebody else's. 403.
    NotYours,
    /// The route has no path parameters that could be the key of its [`Resource`](crate::Resource): a mistake in the
    /// application, which the log explains. 500.
    Misrouted,
    /// The issuer's keys were never fetched, or are older than the guard accepts. 503: nobody can be told apart now.
    Unavailable {
        /// When to try again, in seconds.
        retry_after: u64,
    },
    /// One of the others, by a guard that takes [tokens bound to a key](crate::Builder::dpop); [`reason`](Self::reason) tells which.
    Dpop(DpopRefusal),
}

/// The problem types, the same as the server's; the code is the last segment.
const PROBLEM_TYPES: &str = "urn:gatepost:problem:";

impl Refusal {
    /// The refusal without regard to the schemes that the guard takes tokens under: never [`Dpop`](Self::Dpop).
    #[must_use]
    pub const fn reason(&self) -> Self {
        match self {
            Self::Dpop(refusal) => refusal.reason(),
            other => *other,
        }
    }

    /// The same by a guard that takes tokens under these schemes.
    pub(crate) fn under(self, schemes: Schemes) -> Self {
        DpopRefusal::new(self, schemes).map_or(self, Self::Dpop)
    }

    /// The HTTP status of the answer.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Missing
            | Self::Expired
            | Self::Invalid
            | Self::InvalidProof
            | Self::Reauthenticate { .. }
            | Self::SecondFactorMissing => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope { .. }
            | Self::MissingRole
            | Self::MissingPermission
            | Self::WrongRealm
            | Self::OrganizationRequired
            | Self::WrongCredential
            | Self::Forbidden
            | Self::NotYours => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Misrouted => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Dpop(refusal) => refusal.reason().status(),
        }
    }

    /// The stable name a client may compare: the problem's `code`, and the last segment of its `type`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "unauthenticated",
            Self::Expired | Self::Invalid => "invalid_token",
            Self::InvalidProof => "invalid_dpop_proof",
            Self::Reauthenticate { .. } | Self::SecondFactorMissing => "reauthentication_required",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::MissingRole => "missing_role",
            Self::MissingPermission => "missing_permission",
            Self::WrongRealm => "wrong_realm",
            Self::OrganizationRequired => "organization_required",
            Self::WrongCredential => "wrong_credential",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::NotYours => "not_yours",
            Self::Misrouted => "misrouted",
            Self::Unavailable { .. } => "issuer_unavailable",
            Self::Dpop(refusal) => refusal.reason().code(),
        }
    }

    /// One sentence for the person who reads the answer.
    pub const fn detail(&self) -> &'static str {
        match self {
            Self::Missing => "This needs an access token: send it as `Authorization: Bearer …`.",
            Self::Expired => "The access token expired. Refresh it and try again.",
            Self::Invalid => "The access token is not valid here.",
            Self::InvalidProof => {
                "The header DPoP needs a proof that was made for this request and token, just now and for the first time."
            }
            Self::Reauthenticate { .. } => "This needs a recent sign-in. Sign in again and retry.",
            Self::SecondFactorMissing => "This needs a second factor. Sign in again with one and retry.",
            Self::InsufficientScope { .. } => "The access token lacks a scope this needs.",
            Self::MissingRole => "You lack a role this needs.",
            Self::MissingPermission => "You lack a permission this needs.",
            Self::WrongRealm => "The access token belongs to another realm.",
            Self::OrganizationRequired => "This needs an access token for the organization it concerns.",
            Self::WrongCredential => "This is not for the kind of credential that was sent.",
            Self::Forbidden => "You may not do this.",
            Self::NotFound => "There is no such thing.",
            Self::NotYours => "This belongs to somebody else.",
            Self::Misrouted => "Something went wrong on our side.",
            Self::Unavailable { .. } => "Access tokens cannot be checked at the moment. Try again shortly.",
            Self::Dpop(refusal) if refusal.asks_for_proof() => {
                "This needs an access token that is bound to a key: send it as `Authorization: DPoP …`, with a proof."
            }
            Self::Dpop(refusal) => refusal.reason().detail(),
        }
    }

    /// The value of `WWW-Authenticate` (RFC 6750 section 3, RFC 9470 section 3, RFC 9449 section 7.1). `None`: another token would not help.
    pub fn www_authenticate(&self) -> Option<HeaderValue> {
        match self {
            Self::Missing => Some(HeaderValue::from_static("Bearer")),
            Self::Expired => Some(HeaderValue::from_static(
                r#"Bearer error="invalid_token", error_description="The access token expired""#,
            )),
            Self::Invalid => Some(HeaderValue::from_static(
                r#"Bearer error="invalid_token", error_description="The access token is not valid""#,
            )),
            Self::InvalidProof => HeaderValue::try_from(proof_challenge()).ok(),
            Self::Dpop(refusal) => {
                let bearer = refusal.reason().www_authenticate()?;
                HeaderValue::try_from(refusal.challenge(bearer.to_str().ok()?)).ok()
            }
            Self::Reauthenticate { max_age } => {
                let value = format!(r#"Bearer error="insufficient_user_authentication", max_age={max_age}"#);
                HeaderValue::try_from(value).ok()
            }
            Self::SecondFactorMissing => Some(HeaderValue::from_static(
                r#"Bearer error="insufficient_user_authentication", acr_values="mfa""#,
            )),
            Self::InsufficientScope { scope } => {
                HeaderValue::try_from(format!(r#"Bearer error="insufficient_scope", scope="{scope}""#)).ok()
            }
            Self::MissingRole
            | Self::MissingPermission
            | Self::WrongRealm
            | Self::OrganizationRequired
            | Self::WrongCredential
            | Self::Forbidden
            | Self::NotFound
            | Self::NotYours
            | Self::Misrouted
            | Self::Unavailable { .. } => None,
        }
    }

    /// Every header of the answer except those of its body.
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(challenge) = self.www_authenticate() {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Self::Unavailable { retry_after } = self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
        }
        headers
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.detail())
    }
}

impl std::error::Error for Refusal {}

/// The members of RFC 9457 section 3.1, and the code alone.
#[derive(serde::Serialize)]
struct Problem {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'static str,
    code: &'static str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let problem = Problem {
            r#type: format!("{PROBLEM_TYPES}{}", self.code()),
            title: status.canonical_reason().unwrap_or("Refused"),
            status: status.as_u16(),
            detail: self.detail(),
            code: self.code(),
        };
        let mut headers = self.headers();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        // A struct of strings and one number always serialises; an empty body would still carry status and challenge.
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        (status, headers, body).into_response()
    }
}
