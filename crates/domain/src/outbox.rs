//! Effects that wait to be carried out: rows written in the transaction that causes them, sent by a job.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{
    ApiKeyId, AskedSignIn, ClientId, EmailAddress, GrantId, InvitationId, LinkPurpose, MailedLinkId,
    OrganizationId, OutboxId, RealmId, SessionId, Timestamp, UserId,
};

/// A message with its place in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The id; later messages have later ids.
    pub id: OutboxId,
    /// The realm.
    pub realm: RealmId,
    /// When it was queued.
    pub at: Timestamp,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// The message.
    pub message: Message,
}

/// What is to be sent, at least once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Message {
    /// For everybody who verifies tokens.
    Revocation(Revocation),
    /// For a person.
    Mail(Mail),
    /// For a client whose user was signed out.
    Logout(Logout),
}

impl Message {
    /// The stable name of the kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Revocation(_) => "revocation",
            Self::Mail(_) => "mail",
            Self::Logout(_) => "logout",
        }
    }
}

/// That a user is not signed in any more, told the client behind the scenes (OpenID Connect Back-Channel Logout 1.0).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logout {
    /// The client.
    pub client: ClientId,
    /// Who was signed out.
    pub user: UserId,
    /// The session of the browser that has ended.
    pub session: SessionId,
}

/// What is no longer good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Revocation {
    /// Tokens of some of a user's sessions.
    Sessions {
        /// The sessions.
        sessions: Vec<SessionId>,
        /// Whose they were.
        user: UserId,
    },
    /// Tokens of a user issued before a moment.
    User {
        /// The user.
        user: UserId,
        /// Nothing issued before is good.
        not_before: Timestamp,
    },
    /// Tokens of one client in a session.
    Grant {
        /// The grant.
        grant: GrantId,
        /// The session it belonged to.
        session: SessionId,
        /// Whose it was.
        user: UserId,
    },
    /// Tokens of an API key, and the key itself.
    ApiKey {
        /// The key.
        key: ApiKeyId,
    },
    /// Tokens signed with a key.
    Key {
        /// The key id.
        kid: String,
    },
    /// Tokens that speak of an organization that is gone.
    Organization {
        /// The organization.
        organization: OrganizationId,
    },
    /// Tokens that state a user's roles as they were, in the realm or in an organization.
    Roles {
        /// The user.
        user: UserId,
        /// Nothing issued before states the present roles.
        not_before: Timestamp,
    },
}

/// A letter to a person.
///
/// The row holds no link that could be opened: those of [`MailedLink`](crate::MailedLink) are derived from the master key when the
/// letter is written, and the secret of an invitation is sealed under it. `Debug` hides everything but the kind.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// In which language (RFC 5646).
    pub language: String,
    /// Where the application that it was asked for at goes on with the link, in place of our own page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<String>,
    /// What it says.
    #[serde(flatten)]
    pub letter: Letter,
}

/// What a letter says. Names and what else may change meanwhile is read when it is written.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Letter {
    /// Somebody typed an address and asked for a link. Whether it is anybody's is found out when the letter is written, so that who
    /// asks learns nothing: neither by the answer nor by how long it takes.
    Asked {
        /// For what.
        purpose: LinkPurpose,
        /// As it was typed. The link goes to the address as stored.
        email: EmailAddress,
        /// From where it was asked.
        address: Option<IpAddr>,
        /// In which request.
        request: Option<String>,
        /// To sign in: which link, and who asked for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sign_in: Option<(MailedLinkId, AskedSignIn)>,
    },
    /// A link, to the address it is about.
    Link {
        /// Which.
        link: MailedLinkId,
    },
    /// Somebody wanted to make an account with an address that has one.
    AccountExists {
        /// Whose.
        user: UserId,
    },
    /// An invitation into an organization, to the address that is invited.
    Invitation {
        /// Which.
        invitation: InvitationId,
        /// Its secret, sealed under the master key.
        sealed: String,
    },
    /// Something happened to the account that its owner should know of.
    Notice {
        /// Whose.
        user: UserId,
        /// The address of the account before it happened.
        to: EmailAddress,
        /// What.
        notice: Notice,
        /// When.
        at: Timestamp,
        /// From where.
        address: Option<IpAddr>,
        /// With what: what a browser or program calls itself.
        device: Option<String>,
    },
}

/// What the owner of an account should know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Notice {
    /// A sign-in from a device that was not seen before.
    NewDevice,
    /// Another password.
    PasswordChanged,
    /// Another address, set by an administrator.
    EmailChanged,
    /// Another user name.
    UsernameChanged,
    /// Another way to prove who one is.
    FactorAdded(Factor),
    /// One way less.
    FactorRemoved(Factor),
    /// Every second factor at once, and the recovery codes with them, for somebody who has lost them.
    SecondFactorsReset {
        /// An authenticator app was among them.
        authenticator_app: bool,
        /// And so many passkeys.
        passkeys: u32,
        /// A telephone number was among them.
        #[serde(default)]
        phone_number: bool,
    },
    /// New recovery codes in place of the old ones.
    RecoveryCodesMade,
    /// A sign-in with a recovery code.
    RecoveryCodeUsed {
        /// How many are left.
        left: u64,
    },
    /// The address was proven for the first time, and what the account was signed in to with before is gone.
    AccountTakenOver,
}

/// A way to prove who one is, beside the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Factor {
    /// A passkey.
    Passkey,
    /// An app that shows codes.
    AuthenticatorApp,
    /// Recovery codes.
    RecoveryCodes,
    /// An account elsewhere that signs in.
    Identity,
    /// A telephone number that codes are sent to.
    PhoneNumber,
}

impl Letter {
    /// The stable name of the kind, for metrics and logs.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Asked { .. } => "asked",
            Self::Link { .. } => "link",
            Self::AccountExists { .. } => "account-exists",
            Self::Invitation { .. } => "invitation",
            Self::Notice { .. } => "notice",
        }
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("letter", &self.letter).finish_non_exhaustive()
    }
}

/// How long to wait after the `attempts`-th failure: 2 s, 4 s, 8 s, … an hour at most.
pub fn back_off(attempts: u32) -> std::time::Duration {
    std::time::Duration::from_secs(1_u64 << attempts.clamp(1, 12)).min(std::time::Duration::from_hours(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_back_and_name_their_kind() {
        let at = Timestamp::from_unix_seconds(1_800_000_000);
        let mail = |letter| {
            Message::Mail(Mail { language: "de".into(), back: Some("https://example.com".into()), letter })
        };
        let to = || "ada@example.com".parse().unwrap();
        for message in [
            Message::Revocation(Revocation::Sessions { sessions: vec![SessionId::MIN], user: UserId::MIN }),
            Message::Revocation(Revocation::User { user: UserId::MIN, not_before: at }),
            Message::Revocation(Revocation::Grant {
                grant: GrantId::MIN,
                session: SessionId::MIN,
                user: UserId::MIN,
            }),
            Message::Revocation(Revocation::Key { kid: "k1".into() }),
            Message::Revocation(Revocation::Organization { organization: OrganizationId::MIN }),
            Message::Revocation(Revocation::Roles { user: UserId::MIN, not_before: at }),
            mail(Letter::Asked {
                purpose: LinkPurpose::Recover,
                email: to(),
                address: Some([127, 0, 0, 1].into()),
                request: Some("r".into()),
                sign_in: None,
            }),
            mail(Letter::Asked {
                purpose: LinkPurpose::SignIn,
                email: to(),
                address: None,
                request: None,
                sign_in: Some((
                    MailedLinkId::MAX,
                    AskedSignIn {
                        by: crate::SecretDigest::of(b"a browser"),
                        flow: Some("ada@example.com".into()),
                        remembered: true,
                    },
                )),
            }),
            mail(Letter::Link { link: MailedLinkId::MAX }),
            mail(Letter::AccountExists { user: UserId::MIN }),
            mail(Letter::Invitation { invitation: InvitationId::MIN, sealed: "ada@example.com".into() }),
            mail(Letter::Notice {
                user: UserId::MIN,
                to: to(),
                notice: Notice::FactorAdded(Factor::Passkey),
                at,
                address: None,
                device: Some("ada@example.com".into()),
            }),
            mail(Letter::Notice {
                user: UserId::MIN,
                to: to(),
                notice: Notice::RecoveryCodeUsed { left: 9 },
                at,
                address: None,
                device: None,
            }),
        ] {
            let json = serde_json::to_string(&message).unwrap();
            assert!(json.contains(&format!("\"kind\":\"{}\"", message.kind())), "{json}");
            assert_eq!(serde_json::from_str::<Message>(&json).unwrap(), message);
            assert!(!format!("{message:?}").contains("example.com"));
        }
    }

    #[test]
    fn waiting_grows_and_is_bounded() {
        assert_eq!((back_off(0).as_secs(), back_off(1).as_secs(), back_off(3).as_secs()), (2, 2, 8));
        assert_eq!(back_off(u32::MAX).as_secs(), 3_600);
    }
}
