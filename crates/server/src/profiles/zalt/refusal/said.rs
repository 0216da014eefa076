//! What each problem is called in this contract.

use std::borrow::Cow;

use axum::http::StatusCode;
use gatepost_domain::password::TooWeak;

use super::COMPROMISED;
use crate::http::{Problem, caller::IMPERSONATION};

/// With one mark at its end: a hint may be a question.
fn sentence(text: &str) -> String {
    format!("{text}{}", if text.ends_with('?') { "" } else { "." })
}

/// Status, code and message.
type Said = (StatusCode, &'static str, Cow<'static, str>);

/// Status, code and message of every problem there is.
pub(super) fn said(problem: &Problem) -> Said {
    use Problem as P;
    use StatusCode as S;
    let fixed = |status, code, message: &'static str| (status, code, Cow::Borrowed(message));
    let forbidden = |message| fixed(S::FORBIDDEN, "FORBIDDEN", message);
    let conflict = |message| fixed(S::CONFLICT, "CONFLICT", message);
    match problem {
        P::Unauthenticated => {
            fixed(S::UNAUTHORIZED, "UNAUTHORIZED", "Send an access token: Authorization: Bearer …")
        }
        P::WrongCredential => fixed(
            S::UNAUTHORIZED,
            "UNAUTHORIZED",
            "An API key opens no account. Sign in, and send the access token.",
        ),
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
        P::TrustedDevicesOff => fixed(
            S::FORBIDDEN,
            "FORBIDDEN",
            "This realm trusts no devices. Have its setting trusted_device_ttl say for how long one is trusted.",
        ),
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
        P::ProviderTokenOver => conflict("What the provider gave is over."),
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
        P::TeamsOff => forbidden("Organizations have no teams in this realm."),
        P::LastTeam => conflict("The last team of an organization stays."),
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
        P::PasswordUnchecked { .. }
        | P::Busy { .. }
        | P::Unavailable(_)
        | P::InterceptorUnanswered
        | P::ProviderUnanswered
        | P::ProviderBusy => fixed(
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
