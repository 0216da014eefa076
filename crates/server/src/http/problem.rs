//! Problem documents (RFC 9457): what a caller may know, and what to do about it.

mod answer;

use std::{borrow::Cow, fmt::Write as _, time::Duration};

use axum::http::StatusCode;
use gatepost_domain::password::TooWeak;

use super::observe::Cause;
use crate::passwords::PoolError;

pub use answer::ProblemDocument;

/// Every way the JSON API says no.
///
/// Codes are stable. A refused sign-in says one thing whatever the reason; causes go to the log with the request's id.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Nothing was presented.
    #[error("no credential was sent")]
    Unauthenticated,
    /// An access token was presented and refused.
    #[error("the access token was refused")]
    InvalidToken {
        /// It had expired; every other reason stays in the log.
        expired: bool,
    },
    /// Sign-in refused: unknown user, wrong password, disabled account.
    #[error("sign-in refused")]
    InvalidCredentials,
    /// A refresh token was refused.
    #[error("the refresh token was refused")]
    InvalidRefreshToken,
    /// The current password given for a change is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// Signed in, but without the right to do this.
    #[error("the caller lacks a role")]
    MissingRole,
    /// No such thing here, or none the caller may know of.
    #[error("not found")]
    NotFound,
    /// No `Host`, more than one, or what could be none: which realm would it be for?
    #[error("the host is not clear")]
    InvalidHost,
    /// The path exists, the method does not.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// Another account has this address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Another account has this user name.
    #[error("the user name is taken")]
    UsernameTaken,
    /// Somebody else changed it in between.
    #[error("changed in between")]
    Changed,
    /// The last administrator of a realm can be neither disabled, demoted nor deleted.
    #[error("the last administrator")]
    LastAdministrator,
    /// A role that is given to somebody, or that another role inherits, stays.
    #[error("the role is in use: {by}")]
    RoleInUse {
        /// By what.
        by: String,
    },
    /// The owner has as many as there may be.
    #[error("too many {what}")]
    TooMany {
        /// Of what, in the plural.
        what: &'static str,
        /// How many there may be.
        most: u64,
    },
    /// The realm takes no registrations.
    #[error("registration is closed")]
    RegistrationClosed,
    /// The realm asks for a proven address before sign-in.
    #[error("the e-mail address is not verified")]
    EmailUnverified,
    /// A field does not hold what it should.
    #[error("field {field}: {reason}")]
    InvalidField {
        /// The member's name.
        field: &'static str,
        /// What is wrong and what would be right; never the value.
        reason: Cow<'static, str>,
    },
    /// The password does not meet the realm's policy.
    #[error("weak password: {0}")]
    WeakPassword(TooWeak),
    /// The body is not the JSON this endpoint takes.
    #[error("invalid body: {detail}")]
    InvalidBody {
        /// Where and why; never a value.
        detail: String,
    },
    /// The query is not what this endpoint takes.
    #[error("invalid query: {detail}")]
    InvalidQuery {
        /// Where and why.
        detail: String,
    },
    /// Another content type than JSON.
    #[error("unsupported media type")]
    UnsupportedMediaType,
    /// More than 64 KiB.
    #[error("body too large")]
    BodyTooLarge,
    /// The hashing pool is full.
    #[error("busy")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The database cannot be reached, or cannot write.
    #[error("the store is unavailable")]
    Unavailable(#[source] gatepost_store::Error),
    /// Something that should not happen did.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Problem {
    /// Wraps an unexpected failure; the caller learns only the request's id.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// The stable code, the status, the title and the remedy.
    fn face(&self) -> (&'static str, StatusCode, &'static str, Cow<'static, str>) {
        use StatusCode as S;
        let fixed = |code, status, title, detail: &'static str| (code, status, title, Cow::Borrowed(detail));
        match self {
            Self::Unauthenticated => fixed(
                "unauthenticated",
                S::UNAUTHORIZED,
                "Sign in first",
                "Send `Authorization: Bearer <access token>`.",
            ),
            Self::InvalidToken { expired: true } => fixed(
                "invalid_token",
                S::UNAUTHORIZED,
                "Access token refused",
                "The access token expired. Refresh it, or sign in again.",
            ),
            Self::InvalidToken { expired: false } => fixed(
                "invalid_token",
                S::UNAUTHORIZED,
                "Access token refused",
                "The access token was refused. Sign in again.",
            ),
            Self::InvalidCredentials => fixed(
                "invalid_credentials",
                S::UNAUTHORIZED,
                "Sign-in refused",
                "The account or the password is not right.",
            ),
            Self::InvalidRefreshToken => fixed(
                "invalid_refresh_token",
                S::UNAUTHORIZED,
                "Refresh token refused",
                "The refresh token is not good any more. Sign in again.",
            ),
            Self::WrongPassword => fixed(
                "wrong_password",
                S::FORBIDDEN,
                "Current password is wrong",
                "Give the present password in `current_password`.",
            ),
            Self::MissingRole => fixed(
                "missing_role",
                S::FORBIDDEN,
                "Not allowed",
                "This needs the role `realm-admin` in this realm.",
            ),
            Self::NotFound => {
                fixed("not_found", S::NOT_FOUND, "Not found", "There is nothing here under this address.")
            }
            Self::InvalidHost => fixed(
                "invalid_host",
                S::BAD_REQUEST,
                "The host is not clear",
                "Send one `Host` header with the name of a host (RFC 9112 section 3.2).",
            ),
            Self::MethodNotAllowed => fixed(
                "method_not_allowed",
                S::METHOD_NOT_ALLOWED,
                "Method not allowed",
                "This address takes other methods; see /docs.",
            ),
            Self::EmailTaken => fixed(
                "email_taken",
                S::CONFLICT,
                "E-mail address is taken",
                "Sign in, or use another address.",
            ),
            Self::UsernameTaken => {
                fixed("username_taken", S::CONFLICT, "User name is taken", "Choose another user name.")
            }
            Self::Changed => fixed(
                "changed",
                S::CONFLICT,
                "Changed in between",
                "Somebody changed this since you read it. Read it again, then repeat your change.",
            ),
            Self::LastAdministrator => fixed(
                "last_administrator",
                S::CONFLICT,
                "Last administrator",
                "Give another user the role `realm-admin` first.",
            ),
            Self::RoleInUse { by } => (
                "role_in_use",
                S::CONFLICT,
                "The role is in use",
                format!("{by}. Take it from there first.").into(),
            ),
            Self::TooMany { what, most } => (
                "too_many",
                S::CONFLICT,
                "There are too many",
                format!("There may be {most} {what} at a time. Remove one first.").into(),
            ),
            Self::RegistrationClosed => fixed(
                "registration_closed",
                S::FORBIDDEN,
                "Registration is closed",
                "Ask an administrator of this realm for an account.",
            ),
            Self::EmailUnverified => fixed(
                "email_unverified",
                S::FORBIDDEN,
                "E-mail address is not verified",
                "This realm lets only verified addresses sign in. Ask an administrator to verify yours.",
            ),
            Self::InvalidField { field, reason } => (
                "invalid_field",
                S::UNPROCESSABLE_ENTITY,
                "A field is not right",
                format!("`{field}`: {reason}{}", if reason.ends_with('?') { "" } else { "." }).into(),
            ),
            Self::WeakPassword(weak) => (
                "weak_password",
                S::UNPROCESSABLE_ENTITY,
                "Password is not accepted",
                format!("Choose another password: {weak}.").into(),
            ),
            Self::InvalidBody { detail } => {
                ("invalid_body", S::BAD_REQUEST, "Body is not right", detail.clone().into())
            }
            Self::InvalidQuery { detail } => {
                ("invalid_query", S::BAD_REQUEST, "Query is not right", detail.clone().into())
            }
            Self::UnsupportedMediaType => fixed(
                "unsupported_media_type",
                S::UNSUPPORTED_MEDIA_TYPE,
                "Send JSON",
                "Send the body as JSON with `Content-Type: application/json`.",
            ),
            Self::BodyTooLarge => fixed(
                "body_too_large",
                S::PAYLOAD_TOO_LARGE,
                "Body is too large",
                "A body may have up to 64 KiB.",
            ),
            Self::Busy { .. } => fixed(
                "busy",
                S::SERVICE_UNAVAILABLE,
                "Too many sign-ins at once",
                "Try again after the time in `Retry-After`.",
            ),
            Self::Unavailable(gatepost_store::Error::StorageFull) => fixed(
                "storage_full",
                S::SERVICE_UNAVAILABLE,
                "Storage is full",
                "Nothing can be written until the operator makes room. Signed-in users are not affected.",
            ),
            Self::Unavailable(_) => fixed(
                "unavailable",
                S::SERVICE_UNAVAILABLE,
                "Not available right now",
                "The service cannot answer at the moment. Try again after the time in `Retry-After`.",
            ),
            Self::Internal(_) => fixed(
                "internal",
                S::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side",
                "Report the value of the `x-request-id` header.",
            ),
        }
    }

    /// Code, status and remedy of every kind of problem, once each.
    pub fn catalogue() -> Vec<(&'static str, StatusCode, String)> {
        use gatepost_store::{Error, Outage};
        let every = [
            Self::Unauthenticated,
            Self::InvalidToken { expired: false },
            Self::InvalidCredentials,
            Self::InvalidRefreshToken,
            Self::WrongPassword,
            Self::MissingRole,
            Self::NotFound,
            Self::InvalidHost,
            Self::MethodNotAllowed,
            Self::EmailTaken,
            Self::UsernameTaken,
            Self::Changed,
            Self::LastAdministrator,
            Self::RoleInUse { by: "There are users who have it".to_owned() },
            Self::TooMany { what: "API keys", most: 100 },
            Self::RegistrationClosed,
            Self::EmailUnverified,
            Self::InvalidField { field: "email", reason: "what is wrong with it".into() },
            Self::WeakPassword(TooWeak::TooShort { min: 12 }),
            Self::InvalidBody { detail: "What is wrong, and where.".to_owned() },
            Self::InvalidQuery { detail: "What is wrong.".to_owned() },
            Self::UnsupportedMediaType,
            Self::BodyTooLarge,
            Self::Busy { retry_after: Duration::from_secs(1) },
            Self::Unavailable(Error::StorageFull),
            Self::Unavailable(Error::Unavailable(Outage::NoConnection)),
            Self::internal("a cause that stays in the log"),
        ];
        every
            .iter()
            .map(|problem| {
                let (code, status, _, detail) = problem.face();
                (code, status, detail.into_owned())
            })
            .collect()
    }

    /// The stable code, as in `code` and at the end of `type`.
    pub fn code(&self) -> &'static str {
        self.face().0
    }

    /// What an operator at the command line is told: the causes, or what is wrong and the remedy.
    pub fn reason(&self) -> String {
        match self {
            Self::Internal(_) | Self::Unavailable(_) => self.cause().text.to_string(),
            Self::EmailTaken => {
                "another user of the realm has this e-mail address; choose another".to_owned()
            }
            Self::UsernameTaken => "another user of the realm has this user name; choose another".to_owned(),
            Self::LastAdministrator => {
                "the last administrator of the realm must stay; give another user the role realm-admin first"
                    .to_owned()
            }
            Self::InvalidField { field, reason } => format!("{field}: {reason}"),
            other => other.face().3.into_owned(),
        }
    }

    /// What the log says, with the causes the caller does not see.
    fn cause(&self) -> Cause {
        let text = match self {
            Self::Internal(cause) => chain(cause.as_ref()),
            Self::Unavailable(cause) => chain(cause),
            // What the caller wrote stays out of the log: it may be an address or a secret in the wrong place.
            Self::InvalidBody { .. } | Self::InvalidQuery { .. } => String::from("see the answer"),
            other => other.to_string(),
        };
        Cause { code: self.code(), text: text.into() }
    }

    /// The challenge of a 401 (RFC 6750 section 3).
    fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Unauthenticated => Some("Bearer"),
            Self::InvalidToken { expired: true } => {
                Some(r#"Bearer error="invalid_token", error_description="The access token expired""#)
            }
            Self::InvalidToken { expired: false } => {
                Some(r#"Bearer error="invalid_token", error_description="The access token is not valid""#)
            }
            _ => None,
        }
    }
}

/// An error and its sources, on one line. A source that its error has told already is not told again.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let told = cause.to_string();
        if !text.contains(&told) {
            let _ = write!(text, ": {told}");
        }
        source = cause.source();
    }
    text
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Busy(busy) => Self::Busy { retry_after: busy.retry_after },
            PoolError::Closed => Self::Busy { retry_after: Duration::from_secs(1) },
            PoolError::Unusable(cause) => Self::internal(cause),
        }
    }
}

impl From<gatepost_store::Error> for Problem {
    fn from(error: gatepost_store::Error) -> Self {
        use gatepost_store::{Constraint, Error};
        match error {
            Error::Conflict(Constraint::UserEmail) => Self::EmailTaken,
            Error::Conflict(Constraint::UserUsername) => Self::UsernameTaken,
            Error::Unavailable(_) | Error::StorageFull | Error::ReadOnly | Error::Disk(_) => {
                Self::Unavailable(error)
            }
            Error::Conflict(_) | Error::Broken(_) => Self::internal(error),
        }
    }
}
