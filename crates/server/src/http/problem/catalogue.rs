//! Every problem once, for the reference.

use std::time::Duration;

use axum::http::StatusCode;
use gatepost_domain::{passkey::PasskeyRefused, password::TooWeak};

use super::Problem;

impl Problem {
    /// Code, status and remedy of every kind of problem, once each.
    pub fn catalogue() -> Vec<(&'static str, StatusCode, String)> {
        use gatepost_store::{Error, Outage};
        let every = [
            Self::Unauthenticated,
            Self::InvalidToken { expired: false, check: "signature" },
            Self::WrongCredential,
            Self::InvalidCredentials,
            Self::MfaRequired,
            Self::MfaSetUpRequired,
            Self::SecondFactorNeeded,
            Self::SecondFactorMissing,
            Self::InvalidPendingSignIn,
            Self::InvalidCode,
            Self::SmsCodeExpired,
            Self::SmsCodeSpent,
            Self::SmsOff,
            Self::TrustedDevicesOff,
            Self::SmsNotSent,
            Self::NoPhoneNumber,
            Self::InvalidPhone,
            Self::ReauthenticationRequired,
            Self::SecondFactorsOff,
            Self::LastSecondFactor,
            Self::NoSecondFactor,
            Self::EmailSignInOff,
            Self::NoSetUp,
            Self::LastWayIn,
            Self::InvalidPasskey(PasskeyRefused::Signature),
            Self::PasskeyExists,
            Self::PasskeysUnavailable,
            Self::IdentityTaken,
            Self::IdentityRefused,
            Self::ProviderTokenOver,
            Self::ProviderUnanswered,
            Self::ProviderBusy,
            Self::InvalidRefreshToken,
            Self::WrongPassword,
            Self::MissingRole,
            Self::ClientMayNot { right: "users:write".to_owned() },
            Self::MissingScope,
            Self::NotForApplications,
            Self::NotFound,
            Self::InvalidHost,
            Self::MethodNotAllowed,
            Self::PageForPeople,
            Self::EmailTaken,
            Self::UsernameTaken,
            Self::Changed,
            Self::ChangedMeanwhile,
            Self::NoTag,
            Self::InvalidPrecondition,
            Self::AlreadyRotated,
            Self::LastAdministrator,
            Self::OwnAccount,
            Self::AccountDeletionOff,
            Self::MissingPermission,
            Self::BeyondRights,
            Self::ExternalIdTaken,
            Self::SlugTaken,
            Self::LastOwner,
            Self::TeamsOff,
            Self::LastTeam,
            Self::AlreadyMember,
            Self::AlreadyInvited,
            Self::InvalidInvitation,
            Self::InvalidLink,
            Self::RoleExists,
            Self::PermissionExists,
            Self::RoleBuiltIn,
            Self::RoleInUse { by: "There are users who have it".to_owned() },
            Self::TooMany { what: "API keys", most: 100 },
            Self::TooManyAttempts { retry_after: Duration::from_mins(10) },
            Self::TokenTooLarge,
            Self::RegistrationClosed,
            Self::EmailUnverified,
            Self::InterceptorDenied { message: None },
            Self::InterceptorUnanswered,
            Self::InvalidField { field: "email", reason: "what is wrong with it".into() },
            Self::ClientExists,
            Self::NoSecret,
            Self::LastSecret,
            Self::WebhookOff,
            Self::WeakPassword(TooWeak::TooShort { min: 12 }),
            Self::InvalidBody { detail: "What is wrong, and where.".to_owned() },
            Self::InvalidQuery { detail: "What is wrong.".to_owned() },
            Self::UnsupportedMediaType,
            Self::BodyTooLarge,
            Self::PasswordUnchecked { retry_after: Duration::from_mins(1) },
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
}
