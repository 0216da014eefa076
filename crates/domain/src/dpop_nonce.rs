//! Nonces for proofs of possession (RFC 9449 section 8): what a client cannot have known long before it asks.

use std::fmt;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

use crate::{RealmId, Timestamp};

/// A new nonce comes after so many seconds, and the one before stays good as long again.
const WINDOW: i64 = 120;
/// Bytes of the MAC that are told.
const LENGTH: usize = 16;

/// The key that makes nonces. Made by [`MasterKey::dpop_nonce_key`](crate::MasterKey::dpop_nonce_key).
///
/// Nothing is kept: a nonce is a MAC over the realm and the two minutes it is made in, so that every process of an installation
/// knows those of all.
#[derive(Clone)]
pub struct DpopNonceKey(hmac::Key);

impl DpopNonceKey {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// The nonces that are good now: the one to give, and the one before.
    pub fn good(&self, realm: RealmId, now: Timestamp) -> [String; 2] {
        let window = now.unix_seconds().div_euclid(WINDOW);
        [window, window - 1].map(|window| {
            let mut mac = hmac::Context::with_key(&self.0);
            mac.update(realm.as_bytes());
            mac.update(&window.to_be_bytes());
            let tag = mac.sign();
            BASE64URL_NOPAD.encode(tag.as_ref().get(..LENGTH).unwrap_or_default())
        })
    }
}

impl fmt::Debug for DpopNonceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DpopNonceKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKey;

    #[test]
    fn jwt_14_a_nonce_is_good_for_two_to_four_minutes_in_its_realm() {
        let key = MasterKey::from_bytes([1; 32]).dpop_nonce_key();
        let good = |seconds| key.good(RealmId::MIN, Timestamp::from_unix_seconds(seconds));
        let [given, before] = good(1_800_000_000);
        assert_ne!(given, before);
        assert_eq!(given.len(), 22);
        assert_eq!(good(1_800_000_119)[0], given, "one window");
        assert!(good(1_800_000_120)[0] != given && good(1_800_000_239).contains(&given));
        assert!(!good(1_800_000_240).contains(&given));
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        assert!(!key.good(RealmId::MAX, now).contains(&given), "another realm");
        assert!(!MasterKey::from_bytes([2; 32]).dpop_nonce_key().good(RealmId::MIN, now).contains(&given));
    }
}
