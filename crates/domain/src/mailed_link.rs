//! Links that are mailed: they prove that somebody reads mail at an address.
//!
//! A link is derived, not stored: a prefix that says what it is for, and base64url(purpose ‖ id ‖ HMAC-SHA256(purpose ‖ id)) under a
//! key of the master key. Neither the database nor a message that waits to be sent holds anything that could be opened, and one
//! that is made up is refused without either. What the row of a link says decides whether it is still good: using it deletes the
//! row, in one statement.

mod code;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

use crate::{EmailAddress, MailedLinkId, RealmId, SecretDigest, Timestamp, UserId, derived_token};

pub use code::{MailedCode, NoMailedCode};

/// How long after one message of a kind the next is sent to the same account: whoever asks again at once gets no second.
pub const INTERVAL: Duration = Duration::from_secs(30);

/// How long one may take from asking to sign in by mail to doing so.
pub const SIGN_IN_TTL: Duration = Duration::from_mins(10);

/// How many codes may be tried for one letter.
pub const CODE_TRIES: u32 = 5;

/// What the codes that are tried for one letter are counted under, whether there is such a letter or not.
pub fn code_tries(id: MailedLinkId) -> SecretDigest {
    SecretDigest::of(format!("codes of mailed link {id}").as_bytes())
}

/// What opening a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkPurpose {
    /// Proves that the user reads mail at the address of the account.
    VerifyEmail,
    /// Proves the same of the address that the account is to have.
    ChangeEmail,
    /// Gives the account back the address it had.
    UndoEmail,
    /// Sets a new password.
    Recover,
    /// Signs in, in the browser that asked for it.
    SignIn,
    /// Deletes the account, in the session that asked for it.
    DeleteAccount,
}

/// The text names no purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no link is mailed for this")]
pub struct NoSuchPurpose;

impl LinkPurpose {
    /// Every purpose there is.
    pub const ALL: [Self; 6] = [
        Self::VerifyEmail,
        Self::ChangeEmail,
        Self::UndoEmail,
        Self::Recover,
        Self::SignIn,
        Self::DeleteAccount,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::ChangeEmail => "change-email",
            Self::UndoEmail => "undo-email",
            Self::Recover => "recover",
            Self::SignIn => "sign-in",
            Self::DeleteAccount => "delete-account",
        }
    }

    /// What every link of the purpose starts with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::VerifyEmail => "gp_ev_",
            Self::ChangeEmail => "gp_ec_",
            Self::UndoEmail => "gp_eu_",
            Self::Recover => "gp_pr_",
            Self::SignIn => "gp_el_",
            Self::DeleteAccount => "gp_ed_",
        }
    }

    const fn byte(self) -> u8 {
        match self {
            Self::VerifyEmail => 1,
            Self::ChangeEmail => 2,
            Self::UndoEmail => 3,
            Self::Recover => 4,
            Self::SignIn => 5,
            Self::DeleteAccount => 6,
        }
    }

    /// How long a link is good. One that opens the account is for now; one that takes back what somebody else may have done waits for
    /// people who are on holiday.
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::SignIn | Self::DeleteAccount => SIGN_IN_TTL,
            Self::Recover => Duration::from_mins(30),
            Self::VerifyEmail | Self::ChangeEmail => Duration::from_hours(24),
            Self::UndoEmail => Duration::from_hours(24 * 7),
        }
    }

    /// Whether a newer link of the purpose ends the ones before. Not so what takes back a change: whoever changes the address twice
    /// must not get rid of the first owner. Nor what is good for whoever asked alone: whoever asks in their own browser must not end what
    /// the owner asked for in theirs.
    pub const fn ends_older(self) -> bool {
        !matches!(self, Self::UndoEmail | Self::SignIn | Self::DeleteAccount)
    }
}

impl FromStr for LinkPurpose {
    type Err = NoSuchPurpose;

    fn from_str(text: &str) -> Result<Self, NoSuchPurpose> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == text).ok_or(NoSuchPurpose)
    }
}

/// A link as it is kept: everything but the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailedLink {
    /// The id.
    pub id: MailedLinkId,
    /// The realm.
    pub realm: RealmId,
    /// Whose account it is about.
    pub user: UserId,
    /// What it does.
    pub purpose: LinkPurpose,
    /// The address it is mailed to, and the only one it says anything about.
    pub email: EmailAddress,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it is refused.
    pub expires_at: Timestamp,
    /// Who asked for it, where it is good for them alone.
    pub asked: Option<AskedSignIn>,
}

/// Who asked for what was mailed, where that is good for them alone: to sign in, and whatever else a code stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedSignIn {
    /// A digest of what only that browser or program has (LG-18).
    #[serde(with = "digest_as_text")]
    pub by: SecretDigest,
    /// What a sign-in is for, sealed for the browser. A program has no use for a link, and is sent a code alone.
    pub flow: Option<String>,
    /// Whether the person wants to stay signed in.
    pub remembered: bool,
}

mod digest_as_text {
    use data_encoding::BASE64URL_NOPAD;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::SecretDigest;

    pub(super) fn serialize<S: Serializer>(digest: &SecretDigest, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(digest.as_bytes()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretDigest, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(D::Error::custom)?;
        bytes.try_into().map(SecretDigest::from_bytes).map_err(|_| D::Error::custom("a digest has 32 bytes"))
    }
}

impl MailedLink {
    /// One that is good from now on.
    pub fn begin(
        id: MailedLinkId,
        (realm, user): (RealmId, UserId),
        purpose: LinkPurpose,
        email: EmailAddress,
        now: Timestamp,
    ) -> Self {
        let expires_at = now.plus(purpose.lifetime());
        Self { id, realm, user, purpose, email, created_at: now, expires_at, asked: None }
    }

    /// The same, good for whoever asked for it alone, and by its code, which is good for no longer than one by which one signs in.
    #[must_use]
    pub fn asked(self, asked: AskedSignIn) -> Self {
        let expires_at = self.expires_at.min(self.created_at.plus(SIGN_IN_TTL));
        Self { asked: Some(asked), expires_at, ..self }
    }
}

const BODY: usize = 17;

/// The key that makes and checks mailed links. Made by [`MasterKey::link_mac_key`](crate::MasterKey::link_mac_key).
#[derive(Clone)]
pub struct LinkMac(hmac::Key);

impl LinkMac {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// What stands in the link.
    pub fn encode(&self, purpose: LinkPurpose, id: MailedLinkId) -> String {
        let mut body = [0; BODY];
        body[0] = purpose.byte();
        body[1..].copy_from_slice(id.as_bytes());
        derived_token::encode(purpose.prefix(), &self.0, &body)
    }

    /// The code that goes with a link, for whoever reads their mail elsewhere.
    pub fn code(&self, id: MailedLinkId) -> MailedCode {
        let mut body = b"sign-in code ".to_vec();
        body.extend_from_slice(id.as_bytes());
        MailedCode::of(hmac::sign(&self.0, &body).as_ref())
    }

    /// Reads what stands in a link of ours; `None` for anything else, without the database.
    pub fn decode(&self, text: &str) -> Option<(LinkPurpose, MailedLinkId)> {
        let purpose = LinkPurpose::ALL.into_iter().find(|purpose| text.starts_with(purpose.prefix()))?;
        let body: [u8; BODY] = derived_token::decode(purpose.prefix(), &self.0, text)?;
        let (byte, id) = body.split_first()?;
        // The prefix is what people see; what was signed is what counts.
        (*byte == purpose.byte()).then_some((purpose, MailedLinkId::from_bytes(id.try_into().ok()?)))
    }
}

impl fmt::Debug for LinkMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkMac(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKey;

    #[test]
    fn lg_10_a_link_is_read_back_and_does_what_it_was_made_for_only() {
        let mac = MasterKey::from_bytes([1; 32]).link_mac_key();
        for purpose in LinkPurpose::ALL {
            let text = mac.encode(purpose, MailedLinkId::MAX);
            assert_eq!(mac.decode(&text), Some((purpose, MailedLinkId::MAX)));
            assert_eq!(purpose.name().parse(), Ok(purpose));
            assert_eq!(MasterKey::from_bytes([2; 32]).link_mac_key().decode(&text), None);
            for other in LinkPurpose::ALL.into_iter().filter(|other| *other != purpose) {
                let renamed = text.replacen(purpose.prefix(), other.prefix(), 1);
                assert_eq!(mac.decode(&renamed), None, "{purpose:?} is no {other:?}");
            }
            for at in 0..text.len() {
                let mut changed = text.clone().into_bytes();
                changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
                assert_eq!(mac.decode(&String::from_utf8(changed).unwrap()), None, "letter {at}");
            }
        }
        assert_eq!("sign-out".parse::<LinkPurpose>(), Err(NoSuchPurpose));
    }

    #[test]
    fn lg_10_what_opens_the_account_is_good_for_half_an_hour_at_most() {
        assert!(LinkPurpose::Recover.lifetime() <= Duration::from_mins(30));
        assert!(LinkPurpose::SignIn.lifetime() <= Duration::from_mins(10));
        assert!(LinkPurpose::DeleteAccount.lifetime() <= crate::mfa::FRESH);
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        let to = "ada@example.com".parse().unwrap();
        let link =
            MailedLink::begin(MailedLinkId::MIN, (RealmId::MIN, UserId::MIN), LinkPurpose::Recover, to, now);
        assert_eq!(link.expires_at, now.plus(Duration::from_mins(30)));
        assert!(!LinkPurpose::UndoEmail.ends_older() && LinkPurpose::Recover.ends_older());
        // LG-18: by its code it is good for whoever asked, and for no longer than any code.
        let by = crate::SecretDigest::of(b"a browser");
        let code = link.asked(AskedSignIn { by, flow: None, remembered: false });
        assert_eq!(code.expires_at, now.plus(SIGN_IN_TTL));
    }
}
