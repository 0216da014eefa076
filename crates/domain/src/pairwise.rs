//! Pairwise subjects: each sector knows a user by another `sub` (OpenID Connect Core section 8.1).

use std::fmt;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

use crate::{Client, SubjectType, UserId};

/// The key that makes pairwise subjects. Made by [`MasterKey::pairwise_key`](crate::MasterKey::pairwise_key).
#[derive(Clone)]
pub struct PairwiseKey(hmac::Key);

impl PairwiseKey {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// What a client calls a user, if that is not the user's id: HMAC-SHA256 over realm, user and sector, in base64url. It is the
    /// same for all clients of a sector, and tells nothing of the user.
    pub fn subject(&self, client: &Client, user: UserId) -> Option<String> {
        if client.settings.subject_type == SubjectType::Public {
            return None;
        }
        // Without a host the client is a sector of its own; no host has a space.
        let sector = client.settings.sector().unwrap_or_else(|| format!("client {}", client.id));
        let mut mac = hmac::Context::with_key(&self.0);
        // Two ids of fixed length, and then the rest.
        mac.update(client.realm.as_bytes());
        mac.update(user.as_bytes());
        mac.update(sector.as_bytes());
        Some(BASE64URL_NOPAD.encode(mac.sign().as_ref()))
    }
}

impl fmt::Debug for PairwiseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairwiseKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientSettings, MasterKey, RealmId, Timestamp};
    use serde_json::json;

    fn client(id: &str, settings: &serde_json::Value) -> Client {
        let now = Timestamp::from_unix_seconds(0);
        let settings = ClientSettings::default().with(settings.as_object().unwrap()).unwrap();
        Client {
            id: id.parse().unwrap(),
            realm: RealmId::MIN,
            secret: None,
            previous_secret: None,
            sealed_secret: None,
            origin: crate::ClientOrigin::Managed,
            settings,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    #[test]
    fn a_user_is_one_within_a_sector_and_nobody_outside() {
        let key = MasterKey::from_bytes([1; 32]).pairwise_key();
        let pairwise =
            |id: &str, uri: &str| client(id, &json!({ "subject_type": "pairwise", "redirect_uris": [uri] }));
        let of = |client: &Client| key.subject(client, UserId::MIN);
        let first = of(&pairwise("a", "https://a.test/cb"));
        assert_eq!(first.as_ref().map(String::len), Some(43));
        assert_eq!(first, of(&pairwise("b", "https://a.test/other")), "one sector");
        assert_ne!(first, of(&pairwise("a", "https://b.test/cb")), "another sector");
        assert_ne!(first, key.subject(&pairwise("a", "https://a.test/cb"), UserId::MAX));
        let elsewhere = Client { realm: RealmId::MAX, ..pairwise("a", "https://a.test/cb") };
        assert_ne!(first, of(&elsewhere), "another realm");
        let other = MasterKey::from_bytes([2; 32]).pairwise_key();
        assert_ne!(first, other.subject(&pairwise("a", "https://a.test/cb"), UserId::MIN));
        assert_eq!(of(&client("a", &json!({ "redirect_uris": ["https://a.test/cb"] }))), None, "public");
        // Without a host, each by itself; and not that of a host of the same name.
        let alone = |id: &str| of(&client(id, &json!({ "subject_type": "pairwise" })));
        assert_ne!(alone("a.test"), alone("b.test"));
        assert_ne!(alone("a.test"), first);
    }
}
