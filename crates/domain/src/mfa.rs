//! Second factors: what a person proves beside their password, and how often that may be tried.

mod first;
mod phone_number;
mod policy;
pub mod recovery_code;
pub mod sms;
pub mod totp;
mod trusted_device;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{SecretDigest, Timestamp, UserId, passkey::Held};

pub use first::{First, PendingFirst};
pub use phone_number::{PhoneNumber, PhoneNumberRefused};
pub use policy::{Demand, Level, Missing, Offer, OrganizationMfa, OrganizationMfaRefused, missing};
pub use trusted_device::TrustedDevice;

/// What somebody can have set up as a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// An authenticator app that makes codes of the time (RFC 6238).
    Totp,
    /// A passkey, which is also good without a password.
    Passkey,
    /// A telephone number that codes are sent to.
    Sms,
}

impl FactorKind {
    /// As it stands in JSON and in the audit trail.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::Sms => "sms",
        }
    }
}

impl fmt::Display for FactorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A second factor that somebody has set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// What it is.
    pub kind: FactorKind,
    /// Since when it counts.
    pub added_at: Timestamp,
    /// When somebody last signed in with it.
    pub last_used_at: Option<Timestamp>,
}

/// Whether a session that was begun by these methods had two factors.
pub fn is_multi_factor(amr: &[String]) -> bool {
    amr.iter().any(|method| method == "mfa")
}

/// What somebody shows as second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// A code of the authenticator app.
    Totp,
    /// One of the codes that were written down.
    RecoveryCode,
    /// A passkey.
    Passkey(Held),
    /// A code that was sent as a text message.
    Sms,
}

impl Method {
    /// As it stands in JSON and in the audit trail.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::Passkey(_) => "passkey",
            Self::Sms => "sms",
        }
    }

    /// What the tries of a user are counted under, each way for itself: whoever uses up the tries of one does not keep the user from
    /// the other. Codes of six digits are one way, whether an app shows them or a message brings them: else there were twice as many
    /// guesses.
    pub fn tries_of(self, user: UserId, window: &Tries) -> SecretDigest {
        let way = if self == Self::Sms { Self::Totp } else { self };
        SecretDigest::of(format!("{} of {user} in {} s", way.name(), window.window.as_secs()).as_bytes())
    }
}

/// How often something may be tried in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// How often.
    pub most: u32,
    /// The time, from the first try on.
    pub window: Duration,
}

/// How often a user's second factor may be tried and be wrong, however many sign-ins are begun for it. Three of a million codes are
/// good at any time: whoever knows the password and uses this up all year finds one with a chance of one in thirty.
pub const TRIES: [Tries; 2] = [
    Tries { most: 10, window: Duration::from_hours(1) },
    Tries { most: 30, window: Duration::from_hours(24) },
];

/// How often it may be tried in one sign-in.
pub const TRIES_OF_ONE_SIGN_IN: u32 = 5;

/// How long after the first step the second factor may come.
pub const PENDING_TTL: Duration = Duration::from_mins(10);

/// The same for somebody who has to set one up first.
pub const PENDING_SET_UP_TTL: Duration = Duration::from_mins(30);

/// How long ago somebody may have signed in who changes their second factors.
pub const FRESH: Duration = Duration::from_mins(10);

/// Whether a session may change how its user signs in: its user has just proved to be the user, by two factors if they have two.
pub fn may_change(amr: &[String], authenticated_at: Timestamp, has_factor: bool, now: Timestamp) -> bool {
    now.since(authenticated_at) < FRESH && (!has_factor || is_multi_factor(amr))
}

/// A sign-in whose first step was right, and that waits for the rest. It is good for nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSignIn {
    /// What its tries are counted under, and by what it is used up: random.
    pub id: String,
    /// Whose it is.
    pub user: UserId,
    /// What was proved first.
    pub first: PendingFirst,
    /// Whether the person wants to stay signed in, in a browser.
    pub remembered: bool,
    /// When that was.
    pub proven_at: Timestamp,
    /// From when it is refused.
    pub expires_at: Timestamp,
}

impl PendingSignIn {
    /// What its tries are counted under.
    pub fn tries(&self) -> SecretDigest {
        SecretDigest::of(format!("second factor of sign-in {}", self.id).as_bytes())
    }

    /// What is written down when it was used up.
    pub fn spent(&self) -> SecretDigest {
        SecretDigest::of(format!("sign-in {}", self.id).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PasswordHash;

    #[test]
    fn mf_06_factors_are_changed_by_whoever_has_just_proved_all_there_is_to_prove() {
        let at = Timestamp::from_unix_seconds(1_800_000_000);
        let methods = |second| First::Password(PasswordHash::new("x")).methods(second);
        let (one, two) = (methods(None), methods(Some(Method::Totp)));
        let last = at.plus(FRESH).minus(Duration::from_secs(1));
        assert!(may_change(&one, at, false, last) && may_change(&two, at, true, last));
        assert!(!may_change(&one, at, true, at), "only one of the two");
        assert!(!may_change(&two, at, true, at.plus(FRESH)), "too long ago");
        assert!(may_change(&methods(Some(Method::RecoveryCode)), at, true, at));
    }

    #[test]
    fn mf_02_each_way_is_counted_for_itself_and_for_each_user() {
        let [hour, day] = TRIES;
        let digests = [
            Method::Totp.tries_of(UserId::MIN, &hour),
            Method::Totp.tries_of(UserId::MIN, &day),
            Method::Totp.tries_of(UserId::MAX, &hour),
            Method::RecoveryCode.tries_of(UserId::MIN, &hour),
        ];
        for (n, digest) in digests.iter().enumerate() {
            assert!(!digests[..n].contains(digest), "{n}");
        }
        assert_eq!(Method::Sms.tries_of(UserId::MIN, &hour), digests[0], "six digits are six digits");
    }
}
