//! What this front door says when it says no.

mod of_client;

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

use crate::{
    http::{Problem, body, caller::IMPERSONATION, observe::Cause},
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

/// With one mark at its end: a hint may be a question.
fn sentence(text: &str) -> String {
    format!("{text}{}", if text.ends_with('?') { "" } else { "." })
}

type Said = (StatusCode, &'static str, Cow<'static, str>);

/// Status, code and message of every problem there is.
fn said(problem: &Problem) -> Said {
    use Problem as P;
    use StatusCode as S;
    let fixed = |status, code, message: &'static str| (status, code, Cow::Borrowed(message));
    let forbidden = |message| fixed(S::FORBIDDEN, "FORBIDDEN", message);
    let conflict = |message| fixed(S::CONFLICT, "CONFLICT", message);
    match problem {
        P::Unauthenticated | P::WrongCredential => {
            fixed(S::UNAUTHORIZED, "UNAUTHORIZED", "Send an access token: Authorization: Bearer …")
        }
        P::InvalidToken { check: IMPERSONATION, .. } => fixed(
            S::FORBIDDEN,
            "IMPERSONATION_RESTRICTED",
            "This is not done in the place of somebody else. End the impersonation first.",
        ),
        P::InvalidToken { expired: true, .. } => {
            fixed(S::UNAUTHORIZED, "TOKEN_EXPIRED", "The access token expired. Refresh it.")
        }
        P::InvalidToken { expired: false, .. } => {
            fixed(S::UNAUTHORIZED, "INVALID_TOKEN", "The access token was refused. Sign in again.")
        }
        P::InvalidCredentials => {
            fixed(S::UNAUTHORIZED, "INVALID_CREDENTIALS", "The address or the password is not right.")
        }
        P::MfaRequired => fixed(S::FORBIDDEN, "MFA_REQUIRED", "A second factor is needed."),
        P::MfaSetUpRequired | P::SecondFactorMissing => {
            fixed(S::FORBIDDEN, "MFA_SETUP_REQUIRED", "Set up a second factor first.")
        }
        P::SecondFactorNeeded | P::ReauthenticationRequired => fixed(
            S::FORBIDDEN,
            "REVERIFICATION_REQUIRED",
            "This takes a sign-in of the last ten minutes, with a second factor where the account has one. Sign in again, or prove it at /reverify.",
        ),
        P::InvalidPendingSignIn => {
            fixed(S::UNAUTHORIZED, "MFA_SESSION_EXPIRED", "This sign-in is over. Sign in again.")
        }
        P::InvalidCode => fixed(S::UNAUTHORIZED, "INVALID_MFA_CODE", "The code is not right."),
        P::SmsCodeExpired => fixed(
            S::BAD_REQUEST,
            "CODE_EXPIRED",
            "No code is waiting: it is good for five minutes, and once. Ask for another.",
        ),
        P::SmsCodeSpent => {
            fixed(S::BAD_REQUEST, "MAX_ATTEMPTS_EXCEEDED", "The code was tried five times. Ask for another.")
        }
        P::SmsOff => fixed(S::FORBIDDEN, "SMS_NOT_ALLOWED", "This realm sends no text messages."),
        P::SmsNotSent => fixed(
            S::SERVICE_UNAVAILABLE,
            "SMS_SEND_FAILED",
            "The message was not sent. Try again after the time in Retry-After.",
        ),
        P::NoPhoneNumber => {
            fixed(S::BAD_REQUEST, "MFA_NOT_ENABLED", "The account has no telephone number to send a code to.")
        }
        P::InvalidPhone => fixed(
            S::BAD_REQUEST,
            "INVALID_PHONE",
            "Write the number with + and the country first, as in +4915112345678.",
        ),
        P::SecondFactorsOff => forbidden("This realm takes no new second factors."),
        P::LastSecondFactor => {
            forbidden("The realm, or an organization of the account, asks for a second factor.")
        }
        P::NoSecondFactor => fixed(S::BAD_REQUEST, "MFA_NOT_ENABLED", "The account has no second factor."),
        P::EmailSignInOff => forbidden("This realm signs nobody in by mail."),
        P::NoSetUp => fixed(
            S::BAD_REQUEST,
            "INVALID_CODE",
            "Nothing is being set up in this session. Begin with the set-up.",
        ),
        P::LastWayIn => conflict("Nobody could sign in to the account without it."),
        P::InvalidPasskey(_) => fixed(S::BAD_REQUEST, "VERIFICATION_FAILED", "The passkey was refused."),
        P::PasskeyExists => fixed(S::CONFLICT, "CREDENTIAL_EXISTS", "The passkey is there already."),
        P::PasskeysUnavailable => fixed(
            S::BAD_REQUEST,
            "WEBAUTHN_UNAVAILABLE",
            "Passkeys need https and a domain name, and the URL of this realm has neither.",
        ),
        P::IdentityTaken => conflict("It signs in to another account here."),
        P::IdentityRefused => forbidden("The realm takes accounts of other domains only from this provider."),
        P::InvalidRefreshToken => {
            fixed(S::UNAUTHORIZED, "INVALID_TOKEN", "The refresh token was refused. Sign in again.")
        }
        P::WrongPassword => fixed(S::UNAUTHORIZED, "INVALID_PASSWORD", "The present password is not right."),
        P::MissingRole
        | P::ClientMayNot { .. }
        | P::MissingScope
        | P::NotForApplications
        | P::MissingPermission
        | P::BeyondRights => forbidden("The account may not do this."),
        P::NotFound | P::PageForPeople => fixed(S::NOT_FOUND, "NOT_FOUND", "There is no such thing here."),
        P::InvalidHost => {
            fixed(S::BAD_REQUEST, "INVALID_REQUEST", "Send one Host header with the name of a host.")
        }
        P::MethodNotAllowed => {
            fixed(S::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "This address takes other methods.")
        }
        P::EmailTaken => fixed(S::CONFLICT, "USER_EXISTS", "There is an account with this address."),
        P::UsernameTaken => fixed(S::CONFLICT, "USER_EXISTS", "There is an account with this user name."),
        P::Changed => conflict("Somebody changed this in between. Read it again."),
        P::ChangedMeanwhile | P::NoTag => {
            fixed(S::PRECONDITION_FAILED, "CONFLICT", "This is not as If-Match says it should be.")
        }
        P::InvalidPrecondition => fixed(S::BAD_REQUEST, "INVALID_REQUEST", "If-Match cannot be read."),
        P::AlreadyRotated => conflict("This key has a successor."),
        P::LastAdministrator => conflict("The last administrator of the realm stays."),
        P::AccountDeletionOff => forbidden("Nobody deletes their own account in this realm."),
        P::OwnAccount => conflict("Nobody deletes the account they are signed in to."),
        P::SlugTaken => conflict("Another organization has this slug."),
        P::LastOwner => conflict("The last owner of an organization stays."),
        P::AlreadyMember => conflict("The account belongs to the organization already."),
        P::AlreadyInvited => conflict("The address has an open invitation."),
        P::InvalidInvitation => fixed(
            S::BAD_REQUEST,
            "INVITATION_NOT_FOUND",
            "The invitation is not good, or not for this account.",
        ),
        P::InvalidLink => fixed(
            S::BAD_REQUEST,
            "INVALID_TOKEN",
            "What was mailed is not good any more: it was used, replaced, or is too old. Ask for another.",
        ),
        P::RoleExists | P::RoleBuiltIn | P::RoleInUse { .. } => {
            conflict("The role cannot be changed like that.")
        }
        P::TooMany { what, most } => {
            (S::CONFLICT, "CONFLICT", format!("There may be {most} {what} at a time.").into())
        }
        P::TooManyAttempts { .. } | P::Limited(_) => {
            fixed(S::TOO_MANY_REQUESTS, "RATE_LIMITED", "Tried too often. Wait as long as Retry-After says.")
        }
        P::TokenTooLarge => conflict("What the account may do does not fit into a token."),
        P::RegistrationClosed => {
            fixed(S::FORBIDDEN, "REGISTRATION_CLOSED", "Nobody registers here by themselves.")
        }
        P::EmailUnverified => fixed(
            S::FORBIDDEN,
            "EMAIL_NOT_VERIFIED",
            "Confirm the address first, by the link that was mailed to it.",
        ),
        P::InterceptorDenied { message } => (
            S::FORBIDDEN,
            "FORBIDDEN",
            message
                .clone()
                .map_or(Cow::Borrowed("Whoever runs this realm does not let this happen."), Cow::Owned),
        ),
        P::InvalidField { field: "email", reason } => {
            (S::BAD_REQUEST, "INVALID_EMAIL", sentence(reason).into())
        }
        P::InvalidField { field, reason } => {
            (S::BAD_REQUEST, "INVALID_REQUEST", format!("{field}: {}", sentence(reason)).into())
        }
        P::InvalidSetting(refused) => {
            (S::BAD_REQUEST, "INVALID_REQUEST", sentence(&refused.to_string()).into())
        }
        P::NoSecret => conflict("There is no secret."),
        P::PermissionExists => conflict("The permission is there."),
        P::LastSecret => conflict("It is the only secret."),
        P::ExternalIdTaken => conflict("The external id is taken."),
        P::ClientExists => conflict("There is one with this id."),
        P::WebhookOff => conflict("The webhook is off. Turn it on first."),
        P::WeakPassword(TooWeak::Breached { .. }) => {
            fixed(S::BAD_REQUEST, COMPROMISED, "The password is known from accounts that were broken into.")
        }
        P::WeakPassword(weak) => {
            (S::BAD_REQUEST, "INVALID_PASSWORD", format!("Choose another password: {weak}.").into())
        }
        P::InvalidBody { detail } | P::InvalidQuery { detail } => {
            (S::BAD_REQUEST, "INVALID_REQUEST", detail.clone().into())
        }
        P::UnsupportedMediaType => fixed(
            S::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "Send the body as JSON, with Content-Type: application/json.",
        ),
        P::BodyTooLarge => fixed(S::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "A body may have up to 64 KiB."),
        P::PasswordUnchecked { .. } | P::Busy { .. } | P::Unavailable(_) | P::InterceptorUnanswered => fixed(
            S::SERVICE_UNAVAILABLE,
            "SERVICE_UNAVAILABLE",
            "Not at the moment. Try again after the time in Retry-After.",
        ),
        P::Internal(_) => fixed(
            S::INTERNAL_SERVER_ERROR,
            "INTERNAL_ERROR",
            "Something went wrong on our side. Report the request_id.",
        ),
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
