//! What an authenticator signs, so that what it signed is of now and for us.
//!
//! A challenge is derived, not stored: 32 random bytes, the moment, and a MAC over both, the realm and what it is for, under a key of
//! the master key. So every process can check it, anybody may ask for one without a row being made, and it carries with it whom it was
//! made for. That it was used is what is written down, by the one statement that lets it be used once.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::{constant_time, hmac};

use super::PasskeyRefused;
use crate::{Entropy, RealmId, SecretDigest, SessionId, Timestamp, UserId};

/// How long somebody may take to find their key.
pub const CHALLENGE_TTL: Duration = Duration::from_mins(15);

const RANDOM: usize = 32;
const MOMENT: usize = 8;
const MAC: usize = 32;
const WHOLE: usize = RANDOM + MOMENT + MAC;

/// What a challenge is for, and for whom. It is good for nothing and nobody else (WA-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// A passkey is made for an account, in a session.
    Register(UserId, SessionId),
    /// Somebody signs in who has not said who they are.
    SignIn,
    /// The second step of a sign-in that waits for it: the id of a [`PendingSignIn`](crate::mfa::PendingSignIn).
    SecondStep(&'a str),
    /// A passkey is made for an account, in a sign-in that waits for it.
    SetUp(&'a str),
}

/// A challenge of ours.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    bytes: Box<[u8]>,
    expires_at: Timestamp,
}

/// The key that makes and checks challenges. Made by [`MasterKey::passkey_challenge_key`](crate::MasterKey::passkey_challenge_key).
#[derive(Clone)]
pub struct ChallengeKey(hmac::Key);

impl ChallengeKey {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// A fresh one.
    pub fn begin(
        &self,
        realm: RealmId,
        purpose: Purpose<'_>,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Challenge {
        let mut bytes = [0; WHOLE];
        entropy.fill(&mut bytes[..RANDOM]);
        bytes[RANDOM..RANDOM + MOMENT].copy_from_slice(&now.micros().to_be_bytes());
        let mac = self.mac(realm, purpose, &bytes[..RANDOM + MOMENT]);
        bytes[RANDOM + MOMENT..].copy_from_slice(mac.as_ref());
        Challenge { bytes: bytes.into(), expires_at: now.plus(CHALLENGE_TTL) }
    }

    /// The challenge that somebody signed, if it is one of ours for this, and not too old.
    pub fn open(
        &self,
        realm: RealmId,
        purpose: Purpose<'_>,
        signed: &[u8],
        now: Timestamp,
    ) -> Result<Challenge, PasskeyRefused> {
        let bytes: [u8; WHOLE] = signed.try_into().map_err(|_| PasskeyRefused::Challenge)?;
        let (body, mac) = bytes.split_at(RANDOM + MOMENT);
        let ours = self.mac(realm, purpose, body);
        constant_time::verify_slices_are_equal(ours.as_ref(), mac).map_err(|_| PasskeyRefused::Challenge)?;
        let moment = body[RANDOM..].try_into().map_err(|_| PasskeyRefused::Challenge)?;
        let begun_at = Timestamp::from_micros(i64::from_be_bytes(moment));
        let expires_at = begun_at.plus(CHALLENGE_TTL);
        if now >= expires_at {
            return Err(PasskeyRefused::Expired);
        }
        Ok(Challenge { bytes: bytes.into(), expires_at })
    }

    /// Every part has its length, or an end of its own: no two purposes read alike.
    fn mac(&self, realm: RealmId, purpose: Purpose<'_>, body: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(realm.as_bytes());
        context.update(body);
        match purpose {
            Purpose::Register(user, session) => {
                context.update(b"r");
                context.update(user.as_bytes());
                context.update(session.as_bytes());
            }
            Purpose::SignIn => context.update(b"s"),
            Purpose::SecondStep(sign_in) => {
                context.update(b"2");
                context.update(sign_in.as_bytes());
            }
            Purpose::SetUp(sign_in) => {
                context.update(b"n");
                context.update(sign_in.as_bytes());
            }
        }
        context.sign()
    }
}

impl Challenge {
    /// One that somebody else made.
    #[cfg(test)]
    pub(in crate::passkey) fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.into(), expires_at: Timestamp::from_micros(i64::MAX) }
    }

    /// What the authenticator signs.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What is written down when it was used.
    pub fn spent(&self) -> SecretDigest {
        SecretDigest::of(&[b"passkey challenge ".as_slice(), &self.bytes].concat())
    }

    /// From when it is refused, used or not.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge(…)")
    }
}

impl fmt::Debug for ChallengeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChallengeKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MasterKey, entropy::testing::Counting};

    #[test]
    fn wa_01_a_challenge_is_of_one_realm_and_purpose_and_of_now() {
        let (key, entropy) = (MasterKey::from_bytes([1; 32]).passkey_challenge_key(), Counting::default());
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        let purposes = [
            Purpose::Register(UserId::MIN, SessionId::MIN),
            Purpose::Register(UserId::MAX, SessionId::MIN),
            Purpose::Register(UserId::MIN, SessionId::MAX),
            Purpose::SignIn,
            Purpose::SecondStep("one"),
            Purpose::SecondStep("two"),
        ];
        for purpose in purposes {
            let made = key.begin(RealmId::MIN, purpose, now, &entropy);
            let open = |realm, purpose, at| key.open(realm, purpose, made.as_bytes(), at);
            assert_eq!(open(RealmId::MIN, purpose, now), Ok(made.clone()));
            assert_eq!(open(RealmId::MAX, purpose, now), Err(PasskeyRefused::Challenge), "another realm");
            for other in purposes.into_iter().filter(|other| *other != purpose) {
                assert_eq!(
                    open(RealmId::MIN, other, now),
                    Err(PasskeyRefused::Challenge),
                    "{purpose:?} {other:?}"
                );
            }
            assert_eq!(open(RealmId::MIN, purpose, made.expires_at()), Err(PasskeyRefused::Expired));
            let other = MasterKey::from_bytes([2; 32]).passkey_challenge_key();
            assert!(other.open(RealmId::MIN, purpose, made.as_bytes(), now).is_err(), "another installation");
            for at in 0..WHOLE {
                let mut changed = made.as_bytes().to_vec();
                changed[at] ^= 1;
                assert!(key.open(RealmId::MIN, purpose, &changed, now).is_err(), "byte {at}");
            }
            assert!(key.open(RealmId::MIN, purpose, &made.as_bytes()[1..], now).is_err());
        }
        let again = key.begin(RealmId::MIN, Purpose::SignIn, now, &entropy);
        let once_more = key.begin(RealmId::MIN, Purpose::SignIn, now, &entropy);
        assert!(again != once_more && again.spent() != once_more.spent());
        assert_eq!(format!("{again:?} {key:?}"), "Challenge(…) ChallengeKey(…)");
    }
}
