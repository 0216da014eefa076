//! Problem documents (RFC 9457): what a caller may know, and what to do about it.

mod answer;
mod catalogue;
mod face;

use std::{borrow::Cow, fmt::Write as _, time::Duration};

use gatepost_domain::{
    SettingRefused,
    mfa::{PhoneNumberRefused, sms::SmsCodeOver},
    passkey::PasskeyRefused,
    password::TooWeak,
};

use super::observe::Cause;
use crate::{limits::Limited, passwords::PoolError};

pub use answer::ProblemDocument;
pub(crate) use answer::SaidToPerson;

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
    #[error("the access token was refused: {check}")]
    InvalidToken {
        /// It had expired; every other reason stays in the log.
        expired: bool,
        /// Which check refused it, for the log.
        check: &'static str,
    },
    /// An API key where a person is asked for. Whether it is good was not looked at.
    #[error("an API key where a person is asked for")]
    WrongCredential,
    /// Sign-in refused: unknown user, wrong password, disabled account.
    #[error("sign-in refused")]
    InvalidCredentials,
    /// The password was right, and a second factor is asked for.
    #[error("a second factor is asked for")]
    MfaRequired,
    /// The password was right, and the realm asks for a second factor that the account does not have.
    #[error("a second factor has to be set up")]
    MfaSetUpRequired,
    /// An organization asks for a second factor, which the account has and the session has not shown.
    #[error("an organization asks for a second factor that was not shown")]
    SecondFactorNeeded,
    /// An organization asks for a second factor, and the account has none.
    #[error("an organization asks for a second factor, and there is none")]
    SecondFactorMissing,
    /// What says that a password was right is not good any more, or never was.
    #[error("the sign-in that waits for a second factor is over")]
    InvalidPendingSignIn,
    /// A code that is not right.
    #[error("the code is wrong")]
    InvalidCode,
    /// No code that was sent waits to be shown.
    #[error("no code that was sent is waiting")]
    SmsCodeExpired,
    /// The code that was sent was tried as often as it may be.
    #[error("the code that was sent was tried too often")]
    SmsCodeSpent,
    /// Nobody sends text messages for the realm.
    #[error("the realm sends no text messages")]
    SmsOff,
    /// The realm trusts no devices.
    #[error("the realm trusts no devices")]
    TrustedDevicesOff,
    /// Whoever sends text messages for the realm did not take one.
    #[error("the text message was not sent")]
    SmsNotSent,
    /// The account has no number that a code could be sent to.
    #[error("the account has no phone number")]
    NoPhoneNumber,
    /// The text is no telephone number.
    #[error("no phone number")]
    InvalidPhone,
    /// The caller has to prove anew who they are.
    #[error("the sign-in is not fresh, or lacks a factor")]
    ReauthenticationRequired,
    /// The realm wants no new second factors.
    #[error("the realm wants no second factors")]
    SecondFactorsOff,
    /// The last second factor stays where the realm requires one.
    #[error("the last second factor")]
    LastSecondFactor,
    /// What stands in for a second factor, where there is none.
    #[error("no second factor")]
    NoSecondFactor,
    /// Nobody signs in by mail in the realm.
    #[error("nobody signs in by mail in the realm")]
    EmailSignInOff,
    /// Nothing is being set up.
    #[error("nothing is being set up")]
    NoSetUp,
    /// The last way to sign in to an account stays.
    #[error("the last way in")]
    LastWayIn,
    /// A passkey that is not good here. Why is for the log.
    #[error("the passkey was refused: {0}")]
    InvalidPasskey(PasskeyRefused),
    /// An account of the realm has the passkey.
    #[error("the passkey is known already")]
    PasskeyExists,
    /// The address of the realm is none that passkeys are made for.
    #[error("passkeys need https and a domain name")]
    PasskeysUnavailable,
    /// An account elsewhere that signs in to another account here.
    #[error("the account elsewhere is connected with another account")]
    IdentityTaken,
    /// An account elsewhere that the provider's settings do not let in.
    #[error("the provider is limited to other accounts")]
    IdentityRefused,
    /// What a provider gave is over, and it gives no more for it.
    #[error("what the provider gave is over")]
    ProviderTokenOver,
    /// A provider did not answer, or not as it should.
    #[error("the provider could not be asked")]
    ProviderUnanswered,
    /// Many wait to ask a provider about one account there.
    #[error("many wait to ask the provider about the account")]
    ProviderBusy,
    /// A refresh token was refused.
    #[error("the refresh token was refused")]
    InvalidRefreshToken,
    /// The current password given for a change is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// Signed in, but without the right to do this.
    #[error("the caller lacks a role")]
    MissingRole,
    /// A client that was not given this to administer.
    #[error("the client does not administer {right}")]
    ClientMayNot {
        /// What it would need.
        right: String,
    },
    /// An application whose person did not let it have what they may do.
    #[error("the application lacks the scope roles")]
    MissingScope,
    /// An application, where the person themselves is asked for.
    #[error("this is not for applications")]
    NotForApplications,
    /// No such thing here, or none the caller may know of.
    #[error("not found")]
    NotFound,
    /// No `Host`, more than one, or what could be none: which realm would it be for?
    #[error("the host is not clear")]
    InvalidHost,
    /// The path exists, the method does not.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// A program asks a page, which is for people.
    #[error("a page is asked in JSON")]
    PageForPeople,
    /// Another account has this address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Another account has this user name.
    #[error("the user name is taken")]
    UsernameTaken,
    /// Somebody else changed it in between.
    #[error("changed in between")]
    Changed,
    /// Somebody else changed it since the state the change is meant for.
    #[error("changed since it was read")]
    ChangedMeanwhile,
    /// The header `If-Match` where nothing has a tag.
    #[error("there is no tag to match")]
    NoTag,
    /// The header `If-Match` holds no tags.
    #[error("the precondition cannot be read")]
    InvalidPrecondition,
    /// The API key has a successor already.
    #[error("the API key was rotated before")]
    AlreadyRotated,
    /// The last administrator of a realm can be neither disabled, demoted nor deleted.
    #[error("the last administrator")]
    LastAdministrator,
    /// The realm lets nobody delete their own account.
    #[error("nobody deletes their own account")]
    AccountDeletionOff,
    /// Administrators do not delete their own account.
    #[error("the caller's own account")]
    OwnAccount,
    /// The caller's roles in the organization do not allow this.
    #[error("the caller lacks a permission in the organization")]
    MissingPermission,
    /// Giving or taking more than the caller may do in the organization.
    #[error("beyond the caller's rights in the organization")]
    BeyondRights,
    /// Another user, or another organization, of the realm has the external id.
    #[error("the external id is taken")]
    ExternalIdTaken,
    /// Another organization of the realm has the slug.
    #[error("the slug is taken")]
    SlugTaken,
    /// The last owner of an organization can neither leave, be demoted, removed nor deleted.
    #[error("the last owner")]
    LastOwner,
    /// The realm divides its organizations into no teams.
    #[error("there are no teams")]
    TeamsOff,
    /// The last team of an organization stays.
    #[error("the last team")]
    LastTeam,
    /// The user belongs to the organization already.
    #[error("already a member")]
    AlreadyMember,
    /// The address has an open invitation into the organization.
    #[error("already invited")]
    AlreadyInvited,
    /// An invitation was refused: unknown, used, taken back, expired, or for somebody else.
    #[error("the invitation was refused")]
    InvalidInvitation,
    /// A mailed link was refused: unknown, used, replaced, expired, or about an address the account has no more.
    #[error("the mailed link was refused")]
    InvalidLink,
    /// The realm has a role of this name.
    #[error("the role exists")]
    RoleExists,
    /// The realm has this permission written down.
    #[error("the permission exists")]
    PermissionExists,
    /// A role that the realm's profile brings stays.
    #[error("the role is built in")]
    RoleBuiltIn,
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
    /// Something was tried more often than it may be.
    #[error("too many attempts")]
    TooManyAttempts {
        /// When to try again.
        retry_after: Duration,
    },
    /// The same, counted by one of the rules of [`limits`](crate::limits).
    #[error("tried too often: {name}", name = .0.rule.name())]
    Limited(Limited),
    /// An access token would be longer than a verifier takes.
    #[error("the access token would be longer than 16 KiB")]
    TokenTooLarge,
    /// The realm takes no registrations.
    #[error("registration is closed")]
    RegistrationClosed,
    /// The realm asks for a proven address before sign-in.
    #[error("the e-mail address is not verified")]
    EmailUnverified,
    /// An interceptor does not let it happen.
    #[error("an interceptor refused it")]
    InterceptorDenied {
        /// What it says to the person.
        message: Option<String>,
    },
    /// An interceptor did not say whether it may happen.
    #[error("an interceptor did not answer")]
    InterceptorUnanswered,
    /// A field does not hold what it should.
    #[error("field {field}: {reason}")]
    InvalidField {
        /// The member's name.
        field: &'static str,
        /// What is wrong and what would be right; never the value.
        reason: Cow<'static, str>,
    },
    /// A setting of a realm or a client does not hold what it should, or does not go with another.
    #[error("setting {0}")]
    InvalidSetting(#[from] SettingRefused),
    /// The client has no secret that could be replaced.
    #[error("the client has no secret")]
    NoSecret,
    /// The only secret of a client stays.
    #[error("the only secret of the client")]
    LastSecret,
    /// The webhook is off, and is sent nothing.
    #[error("the webhook is off")]
    WebhookOff,
    /// The realm has a client of this id.
    #[error("the client exists")]
    ClientExists,
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
    /// Whether a new password is known from elsewhere could not be asked, and the operator wants it known.
    #[error("the password could not be looked up")]
    PasswordUnchecked {
        /// When to try again.
        retry_after: Duration,
    },
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
            Self::SlugTaken => "another organization of the realm has this slug; choose another".to_owned(),
            Self::LastOwner => {
                "the last owner of an organization must stay; make another member an owner first, or \
                                delete the organization"
                    .to_owned()
            }
            Self::InvalidField { field, reason } => format!("{field}: {reason}"),
            Self::InvalidSetting(refused) => refused.to_string(),
            Self::ClientExists => {
                "the realm has a client of this id; choose another, or update it".to_owned()
            }
            other => other.face().3.into_owned(),
        }
    }

    /// What the log says, with the causes the caller does not see.
    pub(crate) fn cause(&self) -> Cause {
        let text = match self {
            Self::Internal(cause) => chain(cause.as_ref()),
            Self::Unavailable(cause) => chain(cause),
            // What the caller wrote stays out of the log: it may be an address or a secret in the wrong place.
            Self::InvalidBody { .. } | Self::InvalidQuery { .. } => String::from("see the answer"),
            other => other.to_string(),
        };
        Cause { code: self.code(), text: text.into() }
    }

    /// The challenge of a 401, and of an application that would need another scope (RFC 6750 section 3).
    fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Unauthenticated | Self::WrongCredential => Some("Bearer"),
            // RFC 9470 section 3.
            Self::ReauthenticationRequired => Some(
                r#"Bearer error="insufficient_user_authentication", error_description="Sign in again, with every factor you have", max_age=600"#,
            ),
            Self::SecondFactorNeeded => Some(
                r#"Bearer error="insufficient_user_authentication", error_description="Sign in again, with a second factor", acr_values="2""#,
            ),
            Self::InvalidToken { expired: true, .. } => {
                Some(r#"Bearer error="invalid_token", error_description="The access token expired""#)
            }
            Self::InvalidToken { expired: false, .. } => {
                Some(r#"Bearer error="invalid_token", error_description="The access token is not valid""#)
            }
            Self::MissingScope => Some(r#"Bearer error="insufficient_scope", scope="account roles""#),
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
            Error::Conflict(Constraint::OrganizationSlug) => Self::SlugTaken,
            Error::Conflict(Constraint::ExternalId) => Self::ExternalIdTaken,
            Error::Conflict(Constraint::Member) => Self::AlreadyMember,
            Error::Conflict(Constraint::OpenInvitation) => Self::AlreadyInvited,
            Error::Unavailable(_) | Error::StorageFull | Error::ReadOnly | Error::Disk(_) => {
                Self::Unavailable(error)
            }
            Error::Conflict(_) | Error::Broken(_) => Self::internal(error),
        }
    }
}

impl From<SmsCodeOver> for Problem {
    fn from(over: SmsCodeOver) -> Self {
        match over {
            SmsCodeOver::Expired => Self::SmsCodeExpired,
            SmsCodeOver::Tried => Self::SmsCodeSpent,
        }
    }
}

impl From<PhoneNumberRefused> for Problem {
    fn from(_: PhoneNumberRefused) -> Self {
        Self::InvalidPhone
    }
}
