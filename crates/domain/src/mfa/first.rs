//! What somebody proves first at a sign-in.

use serde::{Deserialize, Serialize};

use super::Method;
use crate::{EmailAddress, IdentityId, PasswordHash, SecretDigest, passkey::ShownPasskey};

/// What somebody proved first, and what must still be so when their session begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum First {
    /// A password: the hash that it was checked against.
    Password(PasswordHash),
    /// A passkey of theirs, to which they proved who they are: two factors at once.
    Passkey(ShownPasskey),
    /// That they read mail at the address of the account.
    Email(EmailAddress),
    /// An account elsewhere that is connected to theirs.
    Identity(IdentityId),
}

impl First {
    /// The password's hash, if it was one.
    pub const fn password(&self) -> Option<&PasswordHash> {
        match self {
            Self::Password(hash) => Some(hash),
            Self::Passkey(_) | Self::Email(_) | Self::Identity(_) => None,
        }
    }

    /// How somebody proved to be the user, from here on: `amr` (RFC 8176). `mfa` says that there were two factors; the word for the
    /// second stands before it, where the registry has one.
    ///
    /// What was mailed is a password for once: `otp`. The registry has no word for what another provider says; `fed` is the one in use for
    /// it.
    pub fn methods(&self, second: Option<Method>) -> Vec<String> {
        let first = match self {
            Self::Password(_) => "pwd",
            Self::Email(_) => "otp",
            Self::Identity(_) => "fed",
            Self::Passkey(shown) => return [shown.held.method(), "user", "mfa"].map(str::to_owned).into(),
        };
        let rest: &[&str] = match second {
            None => &[],
            Some(Method::Totp) => &["otp", "mfa"],
            Some(Method::RecoveryCode) => &["mfa"],
            Some(Method::Sms) => &["sms", "mfa"],
            Some(Method::Passkey(held)) => &[held.method(), "user", "mfa"],
        };
        let rest = rest.iter().copied().filter(|word| *word != first);
        std::iter::once(first).chain(rest).map(str::to_owned).collect()
    }
}

/// What a sign-in that waits for its second factor remembers of the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingFirst {
    /// A digest of the password's hash: a change of password ends the sign-in.
    Password(String),
    /// A passkey, after which nothing is missing: such a sign-in waits for nothing.
    Passkey,
    /// The address: a change of it ends the sign-in.
    Email(EmailAddress),
    /// The account elsewhere: taking it away ends the sign-in.
    Identity(IdentityId),
}

impl PendingFirst {
    /// What is to be remembered.
    pub fn of(first: &First) -> Self {
        match first {
            First::Password(hash) => Self::Password(digest_of(hash)),
            First::Passkey(_) => Self::Passkey,
            First::Email(email) => Self::Email(email.clone()),
            First::Identity(id) => Self::Identity(*id),
        }
    }

    /// Whether this is it, still.
    pub fn is(&self, first: &First) -> bool {
        *self == Self::of(first)
    }
}

fn digest_of(hash: &PasswordHash) -> String {
    data_encoding::BASE64URL_NOPAD.encode(SecretDigest::of(hash.as_str().as_bytes()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mfa::is_multi_factor, passkey::Held};

    fn password(text: &str) -> First {
        First::Password(PasswordHash::new(text))
    }

    fn email(text: &str) -> First {
        First::Email(text.parse().unwrap())
    }

    #[test]
    fn the_methods_are_words_of_the_registry_or_known() {
        // RFC 8176 section 2, and the word that federated sign-ins have elsewhere.
        let known = [
            "face", "fpt", "geo", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pwd", "rba", "retina",
            "sc", "sms", "swk", "tel", "user", "vbm", "wia", "fed",
        ];
        let passkeys = [Held::Device, Held::Synced].map(|held| Some(Method::Passkey(held)));
        let methods = [None, Some(Method::Totp), Some(Method::RecoveryCode), Some(Method::Sms)];
        for first in [password("x"), email("ada@example.com"), First::Identity(IdentityId::MIN)] {
            for method in methods.into_iter().chain(passkeys) {
                let amr = first.methods(method);
                assert!(amr.iter().all(|word| known.contains(&word.as_str())), "{amr:?}");
                assert_eq!(is_multi_factor(&amr), method.is_some());
            }
        }
        assert_eq!(email("ada@example.com").methods(None), ["otp"]);
        assert_eq!(email("ada@example.com").methods(Some(Method::Totp)), ["otp", "mfa"]);
        assert_eq!(First::Identity(IdentityId::MIN).methods(None), ["fed"]);
        assert_eq!(password("x").methods(Some(Method::Sms)), ["pwd", "sms", "mfa"]);
        assert_eq!(password("x").methods(Some(Method::Passkey(Held::Device))), ["pwd", "hwk", "user", "mfa"]);
        let alone = First::Passkey(ShownPasskey::sample(Held::Synced));
        assert_eq!(alone.methods(None), ["swk", "user", "mfa"]);
        assert!(is_multi_factor(&alone.methods(None)));
    }

    #[test]
    fn what_was_remembered_is_that_and_nothing_else() {
        let pending = PendingFirst::of(&password("$argon2id$one"));
        assert!(pending.is(&password("$argon2id$one")) && !pending.is(&password("$argon2id$two")));
        assert!(!pending.is(&First::Passkey(ShownPasskey::sample(Held::Device))));
        assert!(!pending.is(&email("ada@example.com")));
        assert!(!pending.is(&First::Identity(IdentityId::MIN)));
        assert!(!format!("{pending:?}").contains("argon2id"));
        let pending = PendingFirst::of(&email("ada@example.com"));
        assert!(pending.is(&email("ada@example.com")) && !pending.is(&email("bob@example.com")));
        let pending = PendingFirst::of(&First::Identity(IdentityId::MIN));
        assert!(
            pending.is(&First::Identity(IdentityId::MIN)) && !pending.is(&First::Identity(IdentityId::MAX))
        );
    }
}
