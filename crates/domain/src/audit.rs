//! What happened, to be kept: every security-relevant act is an event.

mod actor;
mod history;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ClientId, EventId, RealmId, SessionId, Timestamp, UserId};

pub use actor::{Actor, NoSuchActor};

macro_rules! events {
    ($(#[doc = $doc:literal] $variant:ident = $name:literal,)+) => {
        /// What happened. The names are stable: they are stored, exported and searched for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Event { $(#[doc = $doc] $variant,)+ }

        impl Event {
            /// Every event there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name, in kebab case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// One sentence that says what happened.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc.trim_ascii(),)+ }
            }
        }
    };
}

events! {
    /// Somebody made an account.
    UserRegistered = "user-registered",
    /// An administrator or a file made a user.
    UserCreated = "user-created",
    /// Users are being imported from a file: written with the first of them.
    UserImportBegun = "user-import-begun",
    /// Users were imported from a file: how many were made, were there already, and were refused.
    UsersImported = "users-imported",
    /// Profile columns changed.
    UserUpdated = "user-updated",
    /// A user can no longer sign in.
    UserDisabled = "user-disabled",
    /// A user can sign in again.
    UserEnabled = "user-enabled",
    /// A user asked to delete their account, and a link was mailed.
    AccountDeletionRequested = "account-deletion-requested",
    /// A user and everything of theirs is gone.
    UserDeleted = "user-deleted",
    /// A user was given other roles.
    UserRolesChanged = "user-roles-changed",
    /// A user proved to read mail at an address.
    EmailVerified = "email-verified",
    /// A user asked for another address, which they have to confirm.
    EmailChangeRequested = "email-change-requested",
    /// A user confirmed another address, and the account has it.
    EmailChanged = "email-changed",
    /// The account was given back the address it had, by a link mailed there; everybody was signed out and the password removed.
    EmailChangeUndone = "email-change-undone",
    /// Somebody asked to recover an account, and a link was mailed.
    RecoveryRequested = "recovery-requested",
    /// A user set a new password by a link that was mailed.
    AccountRecovered = "account-recovered",
    /// Somebody asked to sign in by mail, and a letter was sent.
    EmailSignInRequested = "email-sign-in-requested",
    /// A user signed in.
    SignedIn = "signed-in",
    /// Somebody tried to sign in and was refused.
    SignInRefused = "sign-in-refused",
    /// Somebody tried something more often than it may be tried.
    AttemptRefused = "attempt-refused",
    /// A user signed out of one session.
    SignedOut = "signed-out",
    /// A user signed out of every session.
    SignedOutEverywhere = "signed-out-everywhere",
    /// A session was ended, not by signing out of it.
    SessionRevoked = "session-revoked",
    /// A password was set or changed.
    PasswordChanged = "password-changed",
    /// A change of password was refused.
    PasswordChangeRefused = "password-change-refused",
    /// A user set up a second factor.
    SecondFactorAdded = "second-factor-added",
    /// A user removed a second factor.
    SecondFactorRemoved = "second-factor-removed",
    /// Somebody with the right password did not have the second factor, or tried too often.
    SecondFactorRefused = "second-factor-refused",
    /// A passkey was refused whose count did not go up: there may be a copy of it.
    PasskeyCountRefused = "passkey-count-refused",
    /// A code was sent to a user's telephone, or to one that is being set up.
    SmsSent = "sms-sent",
    /// The sender of text messages did not take a code, and the code is no good.
    SmsNotSent = "sms-not-sent",
    /// A user gave a passkey another name.
    PasskeyRenamed = "passkey-renamed",
    /// A user said that they are not to be asked for a second factor on a device for a while.
    DeviceTrusted = "device-trusted",
    /// A user is asked for a second factor on every device again.
    TrustedDevicesForgotten = "trusted-devices-forgotten",
    /// A user signed in with a recovery code, which is spent.
    RecoveryCodeUsed = "recovery-code-used",
    /// A user was given new recovery codes; the old ones are no good.
    RecoveryCodesCreated = "recovery-codes-created",
    /// An administrator removed a user's second factors and recovery codes.
    SecondFactorsReset = "second-factors-reset",
    /// An account of a provider was connected: it signs in to the user's from now on.
    IdentityConnected = "identity-connected",
    /// An account of a provider was disconnected.
    IdentityDisconnected = "identity-disconnected",
    /// A user was given the token that a provider gave for its API.
    ProviderTokenGiven = "provider-token-given",
    /// The token that a provider gave for its API was renewed there.
    ProviderTokenRenewed = "provider-token-renewed",
    /// An administrator began to act in the place of a user.
    ImpersonationBegun = "impersonation-begun",
    /// An administrator ended it.
    ImpersonationEnded = "impersonation-ended",
    /// An administrator was not let act in the place of a user.
    ImpersonationRefused = "impersonation-refused",
    /// Somebody was the first to prove the address of an account: what it was signed in to with before was taken away.
    AccountTakenOver = "account-taken-over",
    /// A refresh token was used that had been exchanged before: the grant was ended.
    RefreshTokenReused = "refresh-token-reused",
    /// A user agreed to what a client asked for.
    ConsentGiven = "consent-given",
    /// A user did not agree to what a client asked for.
    ConsentRefused = "consent-refused",
    /// A user connected a device that cannot show a page.
    DeviceConnected = "device-connected",
    /// A user did not connect a device.
    DeviceRefused = "device-refused",
    /// Somebody typed a code that no device waits with, or more codes than there may be.
    UserCodeRefused = "user-code-refused",
    /// A client was given a grant.
    GrantBegun = "grant-begun",
    /// An authorization code was used that had been redeemed before: the grant was ended.
    CodeReused = "code-reused",
    /// A client exchanged a user's token for one of its own.
    TokenExchanged = "token-exchanged",
    /// A grant was ended.
    GrantRevoked = "grant-revoked",
    /// A user took back what they had let a client do.
    ConsentWithdrawn = "consent-withdrawn",
    /// A realm was made.
    RealmCreated = "realm-created",
    /// A realm's settings changed.
    RealmUpdated = "realm-updated",
    /// A realm and everything in it is gone.
    RealmDeleted = "realm-deleted",
    /// A provider that people may sign in by was declared.
    ProviderCreated = "provider-created",
    /// What is set of a provider changed.
    ProviderUpdated = "provider-updated",
    /// A client was made.
    ClientCreated = "client-created",
    /// A client registered itself, or was described by a document for the first time.
    ClientRegistered = "client-registered",
    /// Somebody tried to register a client without the right to, or too often.
    ClientRegistrationRefused = "client-registration-refused",
    /// An initial access token was made.
    InitialAccessTokenCreated = "initial-access-token-created",
    /// An initial access token was taken back.
    InitialAccessTokenRevoked = "initial-access-token-revoked",
    /// A client changed.
    ClientUpdated = "client-updated",
    /// A client is gone.
    ClientDeleted = "client-deleted",
    /// Somebody did not prove to be the client they named.
    ClientRefused = "client-refused",
    /// A realm's roles changed.
    RolesChanged = "roles-changed",
    /// An API key was made.
    ApiKeyCreated = "api-key-created",
    /// An API key was given a successor.
    ApiKeyRotated = "api-key-rotated",
    /// An API key was given another name.
    ApiKeyRenamed = "api-key-renamed",
    /// An API key was revoked.
    ApiKeyRevoked = "api-key-revoked",
    /// An organization was made.
    OrganizationCreated = "organization-created",
    /// An organization was given another name or slug.
    OrganizationUpdated = "organization-updated",
    /// An organization with its members, teams and invitations is gone.
    OrganizationDeleted = "organization-deleted",
    /// Somebody tried to change or delete an organization beyond their own rights.
    OrganizationChangeRefused = "organization-change-refused",
    /// A session's tokens speak of another organization, or of none.
    OrganizationSwitched = "organization-switched",
    /// Somebody was invited into an organization.
    MemberInvited = "member-invited",
    /// An invitation was taken back, or declined by whoever was invited.
    InvitationRevoked = "invitation-revoked",
    /// A user joined an organization.
    MemberAdded = "member-added",
    /// A member was given other roles in an organization.
    MemberRolesChanged = "member-roles-changed",
    /// A user left an organization, and its teams, or was removed from it.
    MemberRemoved = "member-removed",
    /// Somebody tried to change members of an organization beyond their own rights.
    MemberChangeRefused = "member-change-refused",
    /// An organization was given a team.
    TeamCreated = "team-created",
    /// A team was given another name.
    TeamUpdated = "team-updated",
    /// A team is gone; its members stay in the organization.
    TeamDeleted = "team-deleted",
    /// A member of an organization joined a team of it.
    TeamMemberAdded = "team-member-added",
    /// A member of an organization left a team of it, or was removed from it.
    TeamMemberRemoved = "team-member-removed",
    /// The oldest events were deleted, for the realm keeps them no longer.
    AuditTrimmed = "audit-trimmed",
    /// A signing key was made.
    SigningKeyCreated = "signing-key-created",
    /// A signing key that waited for its time was made to sign at once.
    SigningKeyAdvanced = "signing-key-advanced",
    /// The secret that applications of a realm know was shown by command.
    SigningKeyRevealed = "signing-key-revealed",
    /// A signing key was withdrawn.
    SigningKeyWithdrawn = "signing-key-withdrawn",
    /// A retired signing key was deleted.
    SigningKeyDeleted = "signing-key-deleted",
    /// A webhook was made.
    WebhookCreated = "webhook-created",
    /// A webhook was changed, turned on or off, or given another secret.
    WebhookUpdated = "webhook-updated",
    /// A webhook is gone, and what waited for it.
    WebhookDeleted = "webhook-deleted",
    /// Somebody had a webhook sent a message that only says that it arrives.
    WebhookTested = "webhook-tested",
    /// Somebody had messages sent to a webhook once more.
    WebhookReplayed = "webhook-replayed",
    /// A webhook was turned off: it answered that it is gone, or nothing arrived there for days.
    WebhookDisabled = "webhook-disabled",
    /// An interceptor refused a sign-in, an account, an invitation or a token, or did not answer.
    InterceptorRefused = "interceptor-refused",
    /// An interceptor did not answer, and what it was asked about happened all the same.
    InterceptorUnanswered = "interceptor-unanswered",
    /// The interceptors of a realm have another secret.
    InterceptorSecretReplaced = "interceptor-secret-replaced",
    /// The sender of text messages has another secret.
    SmsSecretReplaced = "sms-secret-replaced",
    /// The master key was replaced.
    MasterKeyRotated = "master-key-rotated",
    /// A token was minted by command.
    TokenMinted = "token-minted",
}

impl Event {
    /// Whether it tells of something that was tried and refused.
    pub fn is_refusal(self) -> bool {
        self.name().ends_with("-refused") || self.name().ends_with("-reused")
    }
}

/// The text names no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no audit event has this name")]
pub struct NoSuchEvent;

impl FromStr for Event {
    type Err = NoSuchEvent;

    fn from_str(text: &str) -> Result<Self, NoSuchEvent> {
        Self::ALL.iter().copied().find(|event| event.name() == text).ok_or(NoSuchEvent)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! as_text {
    ($($name:ident),+) => { $(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::name::parse_text(deserializer)
            }
        }
    )+ };
}
as_text!(Event, Actor);

/// One line of the audit trail: who, what, whom, from where, in which request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The id; later events have later ids.
    pub id: EventId,
    /// The realm.
    pub realm: RealmId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
    /// Who did it.
    pub actor: Actor,
    /// To whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// In which session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// With which client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// In which request, as in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What else is worth knowing: a reason code, a key id, names of changed columns. Never a secret, never an
    /// e-mail address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<String, String>,
}

impl Record {
    /// A record with only what every record has.
    pub fn new(id: EventId, realm: RealmId, at: Timestamp, event: Event, actor: Actor) -> Self {
        Self {
            id,
            realm,
            at,
            event,
            actor,
            user: None,
            session: None,
            client: None,
            address: None,
            request_id: None,
            detail: BTreeMap::new(),
        }
    }

    /// To whom it was done.
    #[must_use]
    pub fn user(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// In which session it was done.
    #[must_use]
    pub fn session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    /// With which client it was done.
    #[must_use]
    pub fn client(mut self, client: ClientId) -> Self {
        self.client = Some(client);
        self
    }

    /// One more thing worth knowing.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_one_stable_kebab_case_name() {
        let mut names: Vec<_> = Event::ALL.iter().map(|event| event.name()).collect();
        for (event, name) in Event::ALL.iter().zip(&names) {
            assert_eq!(name.parse(), Ok(*event));
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Event::ALL.len());
        assert_eq!("user-invented".parse::<Event>(), Err(NoSuchEvent));
    }

    #[test]
    fn a_record_is_one_line_of_json_and_read_back() {
        let at = Timestamp::from_unix_seconds(1_800_000_000);
        let record = Record::new(EventId::MIN, RealmId::MIN, at, Event::SignedIn, Actor::User(UserId::MAX))
            .user(UserId::MAX)
            .session(SessionId::MIN)
            .client("web".parse().unwrap())
            .with("method", "pwd");
        let line = serde_json::to_string(&record).unwrap();
        assert!(line.contains(r#""event":"signed-in","actor":"user:usr_"#) && !line.contains('\n'), "{line}");
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record);
    }
}
