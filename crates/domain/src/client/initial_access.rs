//! Initial access tokens (RFC 7591 section 1.2): who has one may register so many clients, for so long.

use std::time::Duration;

use crate::{
    DisplayName, Entropy, InitialAccessTokenId, RealmId, Secret, SecretDigest, Timestamp, numbered_secret,
};

/// What every initial access token starts with.
pub const PREFIX: &str = "gp_iat_";
/// How long one is good unless something else is asked for.
pub const LIFETIME: Duration = Duration::from_hours(24);
/// How long one may be good.
pub const LONGEST: Duration = Duration::from_hours(24 * 365);
/// How many clients may be registered with one.
pub const MOST_USES: u32 = 1_000;

/// An initial access token as it is kept: everything but the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitialAccessToken {
    /// The id. It is part of the secret, so that one is found without comparing secrets.
    pub id: InitialAccessTokenId,
    /// The realm.
    pub realm: RealmId,
    /// What it is for, in the words of whoever made it.
    pub name: Option<DisplayName>,
    /// SHA-256 of the whole secret.
    pub digest: SecretDigest,
    /// How many clients may be registered with it.
    pub uses: u32,
    /// How many were.
    pub used: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it is refused.
    pub expires_at: Timestamp,
}

impl InitialAccessToken {
    /// Whether a client may still be registered with it.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.used < self.uses && now < self.expires_at
    }
}

/// Makes the secret: the one text that is shown once.
pub fn generate(id: InitialAccessTokenId, entropy: &dyn Entropy) -> Secret {
    numbered_secret::generate(PREFIX, id.as_bytes(), entropy)
}

/// The id in a secret, if the text can be one. Made-up ones end here, without the database.
pub fn id_of(text: &str) -> Option<InitialAccessTokenId> {
    numbered_secret::id_of(PREFIX, text).map(InitialAccessTokenId::from_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::testing::Counting;

    #[test]
    fn a_token_is_read_back_as_its_id_and_is_open_until_it_is_used_up_or_expires() {
        let (id, now) = (InitialAccessTokenId::from_bytes([0xa5; 16]), Timestamp::from_unix_seconds(1));
        let secret = generate(id, &Counting::default());
        assert_eq!((id_of(secret.reveal()), id_of("gp_iat_0")), (Some(id), None));
        let open = InitialAccessToken {
            id,
            realm: RealmId::MIN,
            name: None,
            digest: secret.digest(),
            uses: 2,
            used: 1,
            created_at: now,
            expires_at: now.plus(LIFETIME),
        };
        assert!(open.is_open(now) && !open.is_open(open.expires_at));
        assert!(!InitialAccessToken { used: 2, ..open }.is_open(now));
    }
}
