//! Recovery codes: written down while all is well, each good once.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::id::{read_base32_bytes, write_base32_bytes};
use crate::{Entropy, RealmId, SecretDigest, UserId, mfa::totp::Seed};

/// How many are made at a time.
pub const COUNT: usize = 10;

/// How many random bytes one has: 40 bits, of which few can be tried.
const BYTES: usize = 5;

/// A recovery code.
#[derive(PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<[u8; BYTES]>);

impl RecoveryCode {
    /// As many as are made at a time, no two alike.
    pub fn generate(entropy: &dyn Entropy) -> Vec<Self> {
        let mut codes: Vec<Self> = Vec::with_capacity(COUNT);
        while codes.len() < COUNT {
            let mut bytes = Zeroizing::new([0; BYTES]);
            entropy.fill(bytes.as_mut());
            let code = Self(bytes);
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        codes
    }

    /// As a person writes it down. For the one answer that shows it.
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(9));
        write_base32_bytes(self.0.as_ref(), &mut text);
        text.make_ascii_uppercase();
        text.insert(4, '-');
        text
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// The text is no recovery code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a recovery code is eight letters and digits")]
pub struct NoRecoveryCode;

/// As people type it: small or capital, with a dash, with spaces, or without; and what looks like another letter is that letter.
impl FromStr for RecoveryCode {
    type Err = NoRecoveryCode;

    fn from_str(text: &str) -> Result<Self, NoRecoveryCode> {
        let mut letters = Zeroizing::new([0; 8]);
        let mut typed = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '‐' | '–' | '—'));
        for letter in letters.iter_mut() {
            let c = typed.next().filter(char::is_ascii).ok_or(NoRecoveryCode)?;
            *letter = match c.to_ascii_lowercase() {
                'o' => b'0',
                'i' | 'l' => b'1',
                other => u8::try_from(other).map_err(|_| NoRecoveryCode)?,
            };
        }
        if typed.next().is_some() {
            return Err(NoRecoveryCode);
        }
        let bytes = read_base32_bytes(letters.as_ref()).ok_or(NoRecoveryCode)?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}

/// The key under which recovery codes are stored. Made by [`MasterKey::recovery_code_key`](crate::MasterKey::recovery_code_key): a
/// code of 40 bits could be found from a plain hash, and whoever has the database alone does not have the key.
#[derive(Clone)]
pub struct RecoveryCodeKey(hmac::Key);

impl RecoveryCodeKey {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// As many as are made at a time, for a user whose authenticator app is being set up: always the same for one seed, so that they can be
    /// shown before the app counts, and kept once it does. Whoever knows the seed alone does not know them.
    pub fn codes_with(&self, realm: RealmId, user: UserId, seed: &Seed) -> Vec<RecoveryCode> {
        let mut codes: Vec<RecoveryCode> = Vec::with_capacity(COUNT);
        let fresh = (0_u32..).map(|n| {
            let mut context = hmac::Context::with_key(&self.0);
            let number = n.to_be_bytes();
            let parts = [realm.as_bytes().as_slice(), user.as_bytes(), seed.reveal(), number.as_slice()];
            for part in std::iter::once(b"shown with a seed".as_slice()).chain(parts) {
                context.update(part);
            }
            let mut bytes = Zeroizing::new([0; BYTES]);
            bytes.copy_from_slice(&context.sign().as_ref()[..BYTES]);
            RecoveryCode(bytes)
        });
        for code in fresh {
            if !codes.contains(&code) {
                codes.push(code);
            }
            if codes.len() == COUNT {
                break;
            }
        }
        codes
    }

    /// What the database keeps of a user's code.
    pub fn digest(&self, realm: RealmId, user: UserId, code: &RecoveryCode) -> SecretDigest {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [realm.as_bytes().as_slice(), user.as_bytes(), code.0.as_ref()] {
            context.update(part);
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.sign().as_ref());
        SecretDigest::from_bytes(bytes)
    }
}

impl fmt::Debug for RecoveryCodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCodeKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKey;
    use crate::entropy::testing::Counting;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code: RecoveryCode = "4KMQ-71WX".parse().unwrap();
        assert_eq!(code.reveal().as_str(), "4KMQ-71WX");
        for same in ["4kmq71wx", " 4KMQ 71WX ", "4KMQ–7LWX", "4-k-m-q-7-I-w-x", "4kmq-7lwx"] {
            assert_eq!(same.parse::<RecoveryCode>().unwrap(), code, "{same}");
        }
        for other in ["", "4KMQ-71W", "4KMQ-71WXX", "4KMQ_71WX", "4KMQ-71WU", "٤KMQ-71WX", "4KMQ-71W\0"] {
            assert_eq!(other.parse::<RecoveryCode>(), Err(NoRecoveryCode), "{other}");
        }
    }

    #[test]
    fn mf_03_ten_codes_are_made_and_none_is_twice() {
        struct Same(std::sync::atomic::AtomicU8);
        impl Entropy for Same {
            fn fill(&self, out: &mut [u8]) {
                out.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) / 2);
            }
        }
        let codes = RecoveryCode::generate(&Same(std::sync::atomic::AtomicU8::new(0)));
        assert_eq!(codes.len(), COUNT);
        for (n, code) in codes.iter().enumerate() {
            assert!(!codes[..n].contains(code));
            assert_eq!(code.reveal().parse::<RecoveryCode>().unwrap(), *code);
        }
    }

    #[test]
    fn mf_03_codes_that_are_shown_with_a_seed_are_of_it_and_of_one_user_and_key() {
        let entropy = Counting::default();
        let (seed, other) = (Seed::generate(&entropy), Seed::generate(&entropy));
        let of = |master: u8, user, seed: &Seed| -> Vec<String> {
            let key = MasterKey::from_bytes([master; 32]).recovery_code_key();
            key.codes_with(RealmId::MIN, user, seed).iter().map(|code| code.reveal().to_string()).collect()
        };
        let codes = of(1, UserId::MIN, &seed);
        assert_eq!((codes.len(), &codes), (COUNT, &of(1, UserId::MIN, &seed)));
        for others in [of(2, UserId::MIN, &seed), of(1, UserId::MAX, &seed), of(1, UserId::MIN, &other)] {
            assert!(others.iter().all(|code| !codes.contains(code)));
        }
    }

    #[test]
    fn mf_03_what_is_stored_is_of_one_user_and_of_no_use_without_the_key() {
        let (one, two) = (MasterKey::from_bytes([1; 32]), MasterKey::from_bytes([2; 32]));
        let code = &RecoveryCode::generate(&Counting::default())[0];
        let digest = |master: &MasterKey, user| master.recovery_code_key().digest(RealmId::MIN, user, code);
        assert_eq!(digest(&one, UserId::MIN), digest(&one, UserId::MIN));
        assert_ne!(digest(&one, UserId::MIN), digest(&one, UserId::MAX));
        assert_ne!(digest(&one, UserId::MIN), digest(&two, UserId::MIN));
        assert_eq!(format!("{code:?} {:?}", one.recovery_code_key()), "RecoveryCode(…) RecoveryCodeKey(…)");
    }
}
