//! Codes that are sent as text messages: six digits, each for one thing and once.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::{PendingSignIn, PhoneNumber};
use crate::{Entropy, RealmId, SecretDigest, SessionId, UserId};

/// How many digits a code has.
const DIGITS: usize = 6;

/// How long a code is good.
pub const SMS_CODE_TTL: Duration = Duration::from_mins(5);

/// How often a code may be tried.
pub const TRIES_OF_ONE_SMS_CODE: u32 = 5;

/// A code that is sent.
pub struct SmsCode(Zeroizing<[u8; DIGITS]>);

impl SmsCode {
    /// A fresh one, each as likely as any other.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        const CODES: u32 = 1_000_000;
        const EVEN: u32 = u32::MAX - u32::MAX % CODES;
        let mut bytes = Zeroizing::new([0; 4]);
        loop {
            entropy.fill(bytes.as_mut());
            let number = u32::from_be_bytes(*bytes);
            if number < EVEN {
                let text = Zeroizing::new(format!("{:0DIGITS$}", number % CODES));
                let mut digits = Zeroizing::new([0; DIGITS]);
                digits.copy_from_slice(text.as_bytes());
                return Self(digits);
            }
        }
    }

    /// The digits. For the message and nothing else.
    pub fn reveal(&self) -> &str {
        std::str::from_utf8(self.0.as_ref()).unwrap_or_default()
    }
}

impl fmt::Debug for SmsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmsCode(…)")
    }
}

/// The text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code is six digits")]
pub struct NoSmsCode;

/// As people type it: in groups or without, and only the digits 0 to 9 are digits.
impl FromStr for SmsCode {
    type Err = NoSmsCode;

    fn from_str(text: &str) -> Result<Self, NoSmsCode> {
        let mut digits = Zeroizing::new([0; DIGITS]);
        let mut typed = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '‐' | '–' | '—'));
        for digit in digits.iter_mut() {
            let c = typed.next().filter(char::is_ascii_digit).ok_or(NoSmsCode)?;
            *digit = u8::try_from(c).map_err(|_| NoSmsCode)?;
        }
        if typed.next().is_some() { Err(NoSmsCode) } else { Ok(Self(digits)) }
    }
}

/// What a code is sent for, and good for alone: one that was asked for in one sign-in is nothing in another.
#[derive(Clone, Copy)]
pub enum SentFor<'a> {
    /// A number is set up in this session.
    SetUp(SessionId),
    /// The second step of this sign-in.
    SignIn(&'a PendingSignIn),
    /// Whoever is signed in in this session proves once more who they are.
    Session(SessionId),
}

impl SentFor<'_> {
    /// What the code is kept under.
    pub fn key(self) -> SecretDigest {
        let text = match self {
            Self::SetUp(session) => format!("code to set up a number in {session}"),
            Self::SignIn(pending) => format!("code for sign-in {}", pending.id),
            Self::Session(session) => format!("code for {session}"),
        };
        SecretDigest::of(text.as_bytes())
    }

    /// As it stands in the audit trail.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SetUp(_) => "set_up",
            Self::SignIn(_) => "sign_in",
            Self::Session(_) => "session",
        }
    }
}

/// Why there is no code to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsCodeOver {
    /// None was sent, or it is too old, was used, or another was sent in its place.
    Expired,
    /// It was tried too often.
    Tried,
}

impl SmsCodeOver {
    /// For the audit trail.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Tried => "tried_too_often",
        }
    }
}

/// The key under which codes are stored. Made by [`MasterKey::sms_code_key`](crate::MasterKey::sms_code_key): a code of six digits
/// would be found from a plain hash at once, and whoever has the database alone does not have the key.
#[derive(Clone)]
pub struct SmsCodeKey(hmac::Key);

impl SmsCodeKey {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// What the database keeps of a code: it is of this user, for this alone, and was sent to this number.
    pub fn digest(
        &self,
        (realm, user): (RealmId, UserId),
        key: &SecretDigest,
        number: &PhoneNumber,
        code: &SmsCode,
    ) -> SecretDigest {
        let mut context = hmac::Context::with_key(&self.0);
        let parts = [realm.as_bytes().as_slice(), user.as_bytes(), key.as_bytes(), code.0.as_ref()];
        // The number is the only part that is not as long as all others of its kind, and the last.
        for part in parts.into_iter().chain([number.as_str().as_bytes()]) {
            context.update(part);
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.sign().as_ref());
        SecretDigest::from_bytes(bytes)
    }
}

impl fmt::Debug for SmsCodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmsCodeKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::testing::Counting;
    use crate::mfa::PendingFirst;
    use crate::{MasterKey, Timestamp};

    fn pending(id: &str) -> PendingSignIn {
        PendingSignIn {
            id: id.to_owned(),
            user: UserId::MIN,
            first: PendingFirst::Passkey,
            remembered: false,
            proven_at: Timestamp::from_unix_seconds(0),
            expires_at: Timestamp::from_unix_seconds(600),
        }
    }

    #[test]
    fn a_code_is_six_digits_and_read_as_people_type_it() {
        let entropy = Counting::default();
        for _ in 0..1000 {
            let code = SmsCode::generate(&entropy);
            let shown = code.reveal();
            assert!(shown.len() == 6 && shown.bytes().all(|digit| digit.is_ascii_digit()), "{shown}");
            assert_eq!(format!("{code:?}"), "SmsCode(…)");
        }
        for text in ["012345", " 012 345 ", "012-345"] {
            assert_eq!(text.parse::<SmsCode>().unwrap().reveal(), "012345");
        }
        for text in ["", "12345", "1234567", "12345x", "١٢٣٤٥٦", "+12345", &"1".repeat(100_000)] {
            assert_eq!(text.parse::<SmsCode>().err(), Some(NoSmsCode));
        }
    }

    /// An entropy that gives what has no share first is asked again.
    #[test]
    fn every_code_is_as_likely_as_any_other() {
        struct Given(std::sync::Mutex<Vec<u32>>);
        impl Entropy for Given {
            fn fill(&self, out: &mut [u8]) {
                out.copy_from_slice(&self.0.lock().unwrap().remove(0).to_be_bytes());
            }
        }
        let given = Given(vec![u32::MAX, 4_294_000_000, 4_293_999_999].into());
        assert_eq!(SmsCode::generate(&given).reveal(), "999999");
        assert_eq!(SmsCode::generate(&Given(vec![7].into())).reveal(), "000007");
    }

    #[test]
    fn a_code_is_of_one_user_for_one_thing_and_one_number() {
        let (one, other) = (pending("one"), pending("other"));
        let all = [
            SentFor::SetUp(SessionId::MIN),
            SentFor::SetUp(SessionId::MAX),
            SentFor::Session(SessionId::MIN),
            SentFor::Session(SessionId::MAX),
            SentFor::SignIn(&one),
            SentFor::SignIn(&other),
        ];
        let key = MasterKey::from_bytes([1; 32]).sms_code_key();
        let (hers, his) = ("+4915112345678".parse().unwrap(), "+4915112345679".parse().unwrap());
        let owners = [(RealmId::MIN, UserId::MIN), (RealmId::MAX, UserId::MIN), (RealmId::MIN, UserId::MAX)];
        let mut digests = Vec::new();
        for sent_for in all {
            for owner in owners {
                for number in [&hers, &his] {
                    for code in ["123456", "123457"] {
                        digests.push(key.digest(owner, &sent_for.key(), number, &code.parse().unwrap()));
                    }
                }
            }
        }
        let other_key = MasterKey::from_bytes([2; 32]).sms_code_key();
        digests.push(other_key.digest(owners[0], &all[0].key(), &hers, &"123456".parse().unwrap()));
        for (n, digest) in digests.iter().enumerate() {
            assert!(!digests[..n].contains(digest), "{n}");
        }
        assert_eq!(format!("{key:?}"), "SmsCodeKey(…)");
    }
}
